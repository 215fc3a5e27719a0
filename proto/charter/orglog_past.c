/*
 * orglog_past - what the latest entry of a log does not show: wrap keys that were named before it,
 * since when a node is out of a role, the latest loss, and where the root was bound.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "proto/charter/orglog_internal.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"

enum { PAST_LEN_MAX = 128 * 1024, LEFT_COUNT_MAX = LIMIT_NODE_COUNT_MAX * ORGLOG_ROLE_COUNT };

/* PROTOCOL: "**leaving** until 26 hours after the time of that entry" */
static const int64_t leaving_ms = 26 * 3600 * (int64_t)1000;

/* ---- roles ---- */

static unsigned role_at(uint8_t role)
{
	unsigned at = 0;

	while (role > 1 && at < ORGLOG_ROLE_COUNT - 1) {
		role >>= 1;
		at++;
	}
	return at;
}

bool orglog_has_role(const struct orglog_node *node, uint8_t role)
{
	return node->state == ORGLOG_NODE_ACTIVE && (node->roles & role);
}

int64_t orglog_left_ms(const struct orglog_node *node, uint8_t role)
{
	return orglog_has_role(node, role) ? 0 : node->left_ms[role_at(role)];
}

bool orglog_is_leaving(const struct orglog_node *node, uint8_t role, int64_t now_ms)
{
	const int64_t left_ms = orglog_left_ms(node, role);

	return left_ms > 0 && left_ms > now_ms - leaving_ms;
}

int64_t orglog_kept_until_ms(const struct orglog_node *node)
{
	int64_t last_ms = 0;

	if (node->state == ORGLOG_NODE_ACTIVE)
		return INT64_MAX;
	for (unsigned at = 0; at < ORGLOG_ROLE_COUNT; at++)
		if (node->left_ms[at] > last_ms)
			last_ms = node->left_ms[at];
	return last_ms > 0 && last_ms < INT64_MAX - leaving_ms ? last_ms + leaving_ms : 0;
}

void orglog_bound(struct orglog *log, const struct orglog_bind *binds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!id_eq(&binds[i].entry_id, &log->entry_id))
			continue;
		log->bound_number = log->number;
		log->bound_root = binds[i].root;
	}
}

/* ---- wrap keys ---- */

/* PROTOCOL: "the first 8 bytes of `H("am1.wrapkey", the recipient's wrap public key)`" */
void orglog_wrap_id(uint8_t out[ORGLOG_WRAP_ID_LEN], const struct dh_pk *wrap)
{
	uint8_t hash[ID_LEN];

	hash_once(hash, "am1.wrapkey", id_bytes(wrap));
	memcpy(out, hash, ORGLOG_WRAP_ID_LEN);
}

/*
 * PROTOCOL: "A wrap key is **dead** when no entry of the log that counts names it, or the first
 * that does stands before an entry that makes a node lost, or beside or before one of another
 * branch that does."
 */
bool orglog_wrap_is_dead(const struct orglog *log, const uint8_t wrap_id[ORGLOG_WRAP_ID_LEN])
{
	uint8_t id[ORGLOG_WRAP_ID_LEN];

	for (size_t i = 0; i < log->wrap_count; i++) {
		const uint32_t number = log->wraps[i].number;
		orglog_wrap_id(id, &log->wraps[i].pk);
		if (!memcmp(id, wrap_id, ORGLOG_WRAP_ID_LEN))
			return number < log->loss_number || number <= log->branch_loss_number;
	}
	return true;
}

static void wraps_keep(struct orglog *next, const struct orglog *before)
{
	bool known = false;

	next->wraps = mem_new(before->wrap_count + 1, sizeof(*next->wraps));
	next->wrap_count = before->wrap_count;
	for (size_t i = 0; i < before->wrap_count; i++) {
		next->wraps[i] = before->wraps[i];
		known = known || id_eq(&before->wraps[i].pk, &next->wrap);
	}
	if (!known)
		next->wraps[next->wrap_count++] = (struct orglog_wrap){next->wrap, next->number};
}

/* ---- from entry to entry ---- */

static void node_follow(struct orglog_node *node, const struct orglog_node *old, int64_t time_ms)
{
	for (unsigned at = 0; at < ORGLOG_ROLE_COUNT; at++) {
		const uint8_t role = (uint8_t)(1 << at);
		node->left_ms[at] = old ? old->left_ms[at] : 0;
		if (orglog_has_role(node, role))
			node->left_ms[at] = 0;
		else if (old && orglog_has_role(old, role))
			node->left_ms[at] = time_ms > 0 ? time_ms : 1;
	}
}

void orglog_past_follow(struct orglog *next, const struct orglog *before)
{
	wraps_keep(next, before);
	next->loss_number = before->loss_number;
	next->branch_loss_number = before->branch_loss_number;
	next->bound_number = before->bound_number;
	next->bound_root = before->bound_root;
	for (size_t i = 0; i < next->node_count; i++) {
		struct orglog_node *node = &next->nodes[i];
		const struct orglog_node *old = orglog_node(before, node->index);
		node_follow(node, old, next->time_ms);
		if (node->state == ORGLOG_NODE_LOST && (!old || old->state != ORGLOG_NODE_LOST))
			next->loss_number = next->number;
	}
}

/* ---- the row ---- */

static uint32_t left_count(const struct orglog *log)
{
	uint32_t count = 0;

	for (size_t i = 0; i < log->node_count * ORGLOG_ROLE_COUNT; i++)
		count += log->nodes[i / ORGLOG_ROLE_COUNT].left_ms[i % ORGLOG_ROLE_COUNT] > 0;
	return count;
}

void orglog_past_put(struct txn *txn, const struct orglog *log)
{
	struct row_key key = key_orglog_prefix(&log->id);
	struct buf row;

	buf_init(&row, PAST_LEN_MAX);
	out_array(&row, 6);
	out_uint(&row, log->loss_number);
	out_uint(&row, log->branch_loss_number);
	out_uint(&row, log->bound_number);
	out_fixed_or_nil(&row, log->bound_number ? log->bound_root.b : NULL, ID_LEN);
	out_array(&row, (uint32_t)log->wrap_count);
	for (size_t i = 0; i < log->wrap_count; i++) {
		out_array(&row, 2);
		out_uint(&row, log->wraps[i].number);
		out_fixed(&row, log->wraps[i].pk.b, ID_LEN);
	}
	out_array(&row, left_count(log));
	for (size_t i = 0; i < log->node_count * ORGLOG_ROLE_COUNT; i++) {
		const struct orglog_node *node = &log->nodes[i / ORGLOG_ROLE_COUNT];
		const unsigned at = (unsigned)(i % ORGLOG_ROLE_COUNT);
		if (node->left_ms[at] == 0)
			continue;
		out_array(&row, 3);
		out_uint(&row, node->index);
		out_uint(&row, at);
		out_uint(&row, (uint64_t)node->left_ms[at]);
	}
	txn_put_row(txn, TABLE_ORGLOG_PAST, &key, &row);
}

static void wraps_read(struct wire_in *w, struct orglog *log)
{
	const uint32_t count = wire_array(w, 0, LIMIT_ORGLOG_NUMBER_MAX);

	log->wraps = mem_new(count + 1, sizeof(*log->wraps));
	for (uint32_t i = 0; i < count && !w->err; i++) {
		struct orglog_wrap *wrap = &log->wraps[log->wrap_count];
		wire_array(w, 2, 2);
		wrap->number = (uint32_t)wire_uint(w, LIMIT_ORGLOG_NUMBER_MAX);
		wire_fixed(w, wrap->pk.b, ID_LEN);
		log->wrap_count += wrap->number <= log->number;
	}
}

static void left_read(struct wire_in *w, struct orglog *log)
{
	const uint32_t count = wire_array(w, 0, LEFT_COUNT_MAX);

	for (uint32_t i = 0; i < count && !w->err; i++) {
		wire_array(w, 3, 3);
		const uint8_t index = (uint8_t)wire_uint(w, UINT8_MAX);
		const unsigned at = (unsigned)wire_uint(w, ORGLOG_ROLE_COUNT - 1);
		const int64_t time_ms = (int64_t)wire_uint(w, INT64_MAX);
		for (size_t n = 0; n < log->node_count; n++)
			if (log->nodes[n].index == index)
				log->nodes[n].left_ms[at] = time_ms;
	}
}

enum err orglog_past_get(struct txn *txn, struct orglog *log)
{
	struct row_key key = key_orglog_prefix(&log->id);
	struct bytes value;

	if (!txn_get(txn, TABLE_ORGLOG_PAST, row_key_bytes(&key), &value)) {
		txn_fail(txn, ERR_CORRUPT);
		return txn_err(txn);
	}
	struct wire_in w = wire_in(value);
	wire_array(&w, 6, 6);
	log->loss_number = (uint32_t)wire_uint(&w, LIMIT_ORGLOG_NUMBER_MAX);
	log->branch_loss_number = (uint32_t)wire_uint(&w, LIMIT_ORGLOG_NUMBER_MAX);
	log->bound_number = (uint32_t)wire_uint(&w, LIMIT_ORGLOG_NUMBER_MAX);
	if (!wire_nil(&w))
		wire_fixed(&w, log->bound_root.b, ID_LEN);
	wraps_read(&w, log);
	left_read(&w, log);
	if (wire_end(&w))
		txn_fail(txn, ERR_CORRUPT);
	return txn_err(txn);
}
