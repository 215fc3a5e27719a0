/*
 * orglog_fork - two entries of one number in an organisation's log: which one counts, and what
 * stays of the other.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/orglog_internal.h"

static struct walk walk_lost(struct txn *txn, const struct org_id *org)
{
	struct row_key prefix = key_orglog_prefix(org);

	return walk_begin(txn, TABLE_ORGLOG_LOST, row_key_bytes(&prefix));
}

/* The node that both name, by index and key. */
static struct orglog_node *same_node(const struct orglog *log, const struct orglog_node *node)
{
	for (size_t i = 0; i < log->node_count; i++)
		if (log->nodes[i].index == node->index && id_eq(&log->nodes[i].sign, &node->sign))
			return &log->nodes[i];
	return NULL;
}

/* Whether a lost entry retires a node that the log has as active. */
static bool lost_retires(const struct orglog *log, const struct orglog *lost)
{
	for (size_t i = 0; i < lost->node_count; i++) {
		const struct orglog_node *node = same_node(log, &lost->nodes[i]);
		if (node && node->state == ORGLOG_NODE_ACTIVE &&
		    lost->nodes[i].state == ORGLOG_NODE_RETIRED)
			return true;
	}
	return false;
}

void orglog_lost_apply(struct txn *txn, struct orglog *log)
{
	struct walk walk = walk_lost(txn, &log->id);
	struct orglog_entry lost;

	while (walk_next(&walk)) {
		if (orglog_entry_decode(&lost, walk.value)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		for (size_t i = 0; i < lost.log.node_count; i++) {
			struct orglog_node *node = same_node(log, &lost.log.nodes[i]);
			if (node && lost.log.nodes[i].state == ORGLOG_NODE_RETIRED)
				node->state = ORGLOG_NODE_RETIRED;
		}
		orglog_entry_fini(&lost);
	}
}

/*
 * PROTOCOL: "A fork is settled by a later entry that names a wrap key which neither of the two
 * names, and retires what the lost one retires."
 */
static bool is_mended(struct txn *txn, const struct orglog *log, const struct orglog *lost)
{
	struct orglog won;

	if (log->number <= lost->number || lost_retires(log, lost) ||
	    id_eq(&log->wrap, &lost->wrap) || orglog_load_chain(txn, &log->id, lost->number, &won))
		return false;
	bool is = !id_eq(&log->wrap, &won.wrap);
	orglog_fini(&won);
	return is;
}

void orglog_lost_settle(struct txn *txn, const struct orglog *log)
{
	struct walk walk = walk_lost(txn, &log->id);
	struct orglog_entry lost;

	while (walk_next(&walk)) {
		if (orglog_entry_decode(&lost, walk.value)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		if (is_mended(txn, log, &lost.log)) {
			struct row_key key = key_orglog_lost(&log->id, &lost.log.entry_id);
			txn_del(txn, TABLE_ORGLOG_LOST, row_key_bytes(&key));
		}
		orglog_entry_fini(&lost);
	}
}

/*
 * PROTOCOL: "Of lost entries each node keeps the first one, and of those that retire a node which
 * the log has as active the 16 with the smallest ids". So all nodes come to keep the same ones.
 */
static bool lost_keep(struct txn *txn, const struct orglog *log, const struct orglog *lost,
		      struct bytes whole)
{
	struct row_key key = key_orglog_lost(&log->id, &lost->entry_id);
	struct walk walk = walk_lost(txn, &log->id);
	struct row_key last = {.len = 0};
	unsigned count = 0;

	if (txn_has(txn, TABLE_ORGLOG_LOST, row_key_bytes(&key)) || is_mended(txn, log, lost))
		return false;
	while (walk_next(&walk)) {
		count++;
		last.len = walk.key.len;
		memcpy(last.b, walk.key.ptr, walk.key.len);
	}
	if (count > 0 && !lost_retires(log, lost))
		return false;
	if (count >= LIMIT_ORGLOG_LOST_MAX) {
		if (bytes_cmp(row_key_bytes(&key), row_key_bytes(&last)) > 0)
			return false;
		txn_del(txn, TABLE_ORGLOG_LOST, row_key_bytes(&last));
	}
	txn_put(txn, TABLE_ORGLOG_LOST, row_key_bytes(&key), whole);
	return true;
}

/* Takes back what is stored from the entry's number on, and puts the entry there. */
static void chain_switch(struct txn *txn, uint32_t latest, const struct orglog *next,
			 struct bytes whole)
{
	struct buf copy;

	buf_init(&copy, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	for (uint32_t n = latest; n >= next->number; n--) {
		struct row_key key = key_orglog(&next->id, n);
		struct orglog_entry lost;
		struct bytes stored;
		if (!txn_get(txn, TABLE_ORGLOG, row_key_bytes(&key), &stored))
			break;
		buf_reset(&copy); /* what the store returns ends with the next write */
		buf_add(&copy, stored);
		if (n > next->number)
			txn_del(txn, TABLE_ORGLOG, row_key_bytes(&key));
		else
			txn_put(txn, TABLE_ORGLOG, row_key_bytes(&key), whole);
		if (orglog_entry_decode(&lost, buf_bytes(&copy))) {
			txn_fail(txn, ERR_CORRUPT);
			break;
		}
		lost_keep(txn, next, &lost.log, buf_bytes(&copy));
		orglog_entry_fini(&lost);
	}
	struct row_key was = key_orglog_lost(&next->id, &next->entry_id);
	txn_del(txn, TABLE_ORGLOG_LOST, row_key_bytes(&was));
	buf_fini(&copy);
}

/* Another entry of the root than the stored one, of the same number. */
static enum err rival_take(struct txn *txn, const struct orglog *log, struct orglog_entry *entry,
			   const struct digest *stored, struct bytes whole, bool *told)
{
	struct orglog before;
	enum err err = orglog_load_chain(txn, &log->id, entry->log.number - 1, &before);

	if (err)
		return err;
	err = orglog_follows(&before, entry);
	orglog_fini(&before);
	/*
	 * PROTOCOL: "Of two entries of one number that follow the same one the one with the smaller
	 * id counts, with what follows it".
	 */
	if (!err && memcmp(entry->log.entry_id.b, stored->b, ID_LEN) < 0) {
		chain_switch(txn, log->number, &entry->log, whole);
		*told = true;
		return txn_err(txn);
	}
	if (!err || err == ERR_AGAIN) /* further along a branch whose beginning is not known */
		*told = lost_keep(txn, log, &entry->log, whole);
	return err ? err : ERR_EXISTS;
}

enum err orglog_other_take(struct txn *txn, const struct orglog *log, struct bytes whole,
			   bool *told)
{
	struct orglog_entry entry;
	struct orglog stored;
	enum err err = orglog_entry_decode(&entry, whole);

	if (err)
		return err;
	struct row_key key = key_orglog_lost(&log->id, &entry.log.entry_id);
	bool known = entry.log.number < 2 || txn_has(txn, TABLE_ORGLOG_LOST, row_key_bytes(&key));
	err = known ? ERR_EXISTS : orglog_load_chain(txn, &log->id, entry.log.number, &stored);
	if (!err) {
		if (id_eq(&stored.entry_id, &entry.log.entry_id))
			err = ERR_EXISTS;
		else
			err = orglog_entry_own(log, &entry);
		if (!err)
			err = rival_take(txn, log, &entry, &stored.entry_id, whole, told);
		orglog_fini(&stored);
	}
	orglog_entry_fini(&entry);
	return err;
}

bool orglog_would_switch(struct txn *txn, const struct org_id *org, struct bytes whole)
{
	struct orglog_entry entry;
	struct orglog stored, before;
	bool would = false;

	if (orglog_entry_decode(&entry, whole))
		return false;
	if (entry.log.number > 1 && entry.log.number <= orglog_number(txn, org) &&
	    !orglog_load_chain(txn, org, entry.log.number - 1, &before)) {
		if (id_eq(&entry.previous, &before.entry_id) &&
		    !orglog_entry_own(&before, &entry) &&
		    !orglog_load_chain(txn, org, entry.log.number, &stored)) {
			would = memcmp(entry.log.entry_id.b, stored.entry_id.b, ID_LEN) < 0;
			orglog_fini(&stored);
		}
		orglog_fini(&before);
	}
	orglog_entry_fini(&entry);
	return would;
}

bool orglog_is_forked(struct txn *txn, const struct org_id *org)
{
	struct walk walk = walk_lost(txn, org);

	return walk_next(&walk);
}

/* Nodes that the lost entry has and the log lacks. */
static unsigned lost_nodes(struct txn *txn, const struct org_id *org, const struct orglog *lost)
{
	struct orglog log;
	unsigned count = 0;

	if (orglog_load(txn, org, &log))
		return 0;
	for (size_t i = 0; i < lost->node_count; i++)
		count += !same_node(&log, &lost->nodes[i]);
	orglog_fini(&log);
	return count;
}

bool orglog_lost_next(struct txn *txn, struct orglog_lost *at)
{
	struct row_key from = key_orglog_lost(&at->org, &at->id);
	struct walk walk = walk_begin_at(txn, TABLE_ORGLOG_LOST, bytes_of(NULL, 0),
					 row_key_bytes(&from), false);
	struct orglog_entry lost;

	if (!walk_next(&walk))
		return false;
	if (walk.key.len != 2 * ID_LEN || orglog_entry_decode(&lost, walk.value)) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	memcpy(at->org.b, walk.key.ptr, ID_LEN);
	at->id = lost.log.entry_id;
	at->number = lost.log.number;
	at->entry = walk.value;
	at->node_count = lost_nodes(txn, &at->org, &lost.log);
	orglog_entry_fini(&lost);
	return true;
}
