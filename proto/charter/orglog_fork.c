/*
 * orglog_fork - two entries of one number in an organisation's log: which one counts, and what
 * stays of the other.
 *
 * What has lost is kept as rows in order of number and id. The lowest stays for ever (until a
 * bind), as it says where the fork began; of the others those that are not mended yet: the lowest,
 * and the lowest 16 that put out a node which the log has not. So what is kept follows from what
 * was seen, in whatever order.
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

/* False at the end, and when the row cannot be read. The caller releases *lost. */
static bool lost_row(struct txn *txn, struct walk *walk, struct orglog_entry *lost)
{
	if (!walk_next(walk))
		return false;
	if (orglog_entry_decode(lost, walk->value)) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	return true;
}

/* The node that both name, by index and key. */
static struct orglog_node *same_node(const struct orglog *log, const struct orglog_node *node)
{
	for (size_t i = 0; i < log->node_count; i++)
		if (log->nodes[i].index == node->index && id_eq(&log->nodes[i].sign, &node->sign))
			return &log->nodes[i];
	return NULL;
}

/* Whether a lost entry puts out a node that the log does not, or not so far. */
static bool lost_puts_out(const struct orglog *log, const struct orglog *lost)
{
	for (size_t i = 0; i < lost->node_count; i++) {
		const struct orglog_node *node = same_node(log, &lost->nodes[i]);
		if (node && lost->nodes[i].state > node->state)
			return true;
	}
	return false;
}

/* Whether it has a node as lost that the log has not: what that node has may be with others. */
static bool lost_has_loss(const struct orglog *log, const struct orglog *lost)
{
	for (size_t i = 0; i < lost->node_count; i++) {
		const struct orglog_node *node = same_node(log, &lost->nodes[i]);
		if (lost->nodes[i].state == ORGLOG_NODE_LOST &&
		    (!node || node->state != ORGLOG_NODE_LOST))
			return true;
	}
	return false;
}

static void node_put_out(struct orglog_node *node, uint8_t state, int64_t time_ms)
{
	if (state <= node->state)
		return;
	for (unsigned at = 0; at < ORGLOG_ROLE_COUNT; at++)
		if (orglog_has_role(node, (uint8_t)(1 << at)))
			node->left_ms[at] = time_ms > 0 ? time_ms : 1;
	node->state = state;
}

/* ---- which ones say something still ---- */

/* The entry of the log that first named its latest wrap key. */
static uint32_t wrap_number(const struct orglog *log)
{
	for (size_t i = 0; i < log->wrap_count; i++)
		if (id_eq(&log->wraps[i].pk, &log->wrap))
			return log->wraps[i].number;
	return 0;
}

static bool follows_chain(struct txn *txn, const struct orglog *log,
			  const struct orglog_entry *lost)
{
	struct orglog before;

	if (orglog_load_chain(txn, &log->id, lost->log.number - 1, &before))
		return false;
	bool follows = id_eq(&before.entry_id, &lost->previous);
	orglog_fini(&before);
	return follows;
}

/*
 * PROTOCOL: "A fork is mended when the log names a wrap key which an entry after the first of the
 * fork is the first to name, and has as retired or lost what the lost branch has so."
 * lowest: the number of the lowest entry that has lost.
 */
static bool is_mended(struct txn *txn, const struct orglog *log, const struct orglog_entry *lost,
		      uint32_t lowest)
{
	const uint32_t own = lost->log.number, named = wrap_number(log);
	uint32_t begin = lowest > 0 && lowest < own ? lowest : own;

	if (lost_puts_out(log, &lost->log) || named <= begin || named <= log->branch_loss_number)
		return false;
	/* Behind the lowest another fork may begin. */
	return named > own || !follows_chain(txn, log, lost);
}

static uint32_t lowest_number(struct txn *txn, const struct org_id *org)
{
	struct walk walk = walk_lost(txn, org);

	return walk_next(&walk) && walk.key.len == ID_LEN + 4 + ID_LEN
		       ? be32_get(walk.key.ptr + ID_LEN)
		       : 0;
}

/* The latest loss that the rows know of, beside what is known of those that went. */
static void losses_look(struct txn *txn, struct orglog *log)
{
	struct walk walk = walk_lost(txn, &log->id);
	struct orglog_entry lost;

	while (lost_row(txn, &walk, &lost)) {
		if (lost.log.number > log->branch_loss_number && lost_has_loss(log, &lost.log))
			log->branch_loss_number = lost.log.number;
		orglog_entry_fini(&lost);
	}
}

void orglog_lost_apply(struct txn *txn, struct orglog *log)
{
	struct walk walk = walk_lost(txn, &log->id);
	struct orglog_entry lost;

	losses_look(txn, log);
	while (lost_row(txn, &walk, &lost)) {
		for (size_t i = 0; i < lost.log.node_count; i++) {
			struct orglog_node *node = same_node(log, &lost.log.nodes[i]);
			if (node)
				node_put_out(node, lost.log.nodes[i].state, lost.log.time_ms);
		}
		orglog_entry_fini(&lost);
	}
}

/* A row goes: what it knows of a loss stays known. */
static void lost_row_drop(struct txn *txn, struct orglog *log, const struct orglog_entry *lost,
			  uint32_t *loss)
{
	struct row_key key = key_orglog_lost(&log->id, lost->log.number, &lost->log.entry_id);

	if (lost->log.number > *loss && lost_has_loss(log, &lost->log))
		*loss = lost->log.number;
	txn_del(txn, TABLE_ORGLOG_LOST, row_key_bytes(&key));
}

void orglog_lost_settle(struct txn *txn, struct orglog *log)
{
	const uint32_t lowest = lowest_number(txn, &log->id), before = log->branch_loss_number;
	unsigned rows = 0, open = 0, out = 0;
	uint32_t loss = before;
	struct walk walk;
	struct orglog_entry lost;

	if (lowest == 0)
		return;
	losses_look(txn, log);
	walk = walk_lost(txn, &log->id);
	while (lost_row(txn, &walk, &lost)) {
		const bool mended = is_mended(txn, log, &lost, lowest);
		const bool puts_out = !mended && lost_puts_out(log, &lost.log);
		const bool stays = rows == 0 || (!mended && open == 0) ||
				   (puts_out && out < LIMIT_ORGLOG_LOST_MAX);
		rows++;
		open += !mended;
		out += puts_out;
		if (!stays)
			lost_row_drop(txn, log, &lost, &loss);
		orglog_entry_fini(&lost);
	}
	log->branch_loss_number = loss;
	if (loss != before)
		orglog_past_put(txn, log);
	losses_look(txn, log);
}

/*
 * *told: it says something that was not known. True: with it the log goes on from where the charter
 * binds its root.
 */
static bool lost_keep(struct txn *txn, struct orglog *log, const struct orglog_entry *lost,
		      struct bytes whole, bool *told)
{
	struct row_key key = key_orglog_lost(&log->id, lost->log.number, &lost->log.entry_id);

	txn_put(txn, TABLE_ORGLOG_LOST, row_key_bytes(&key), whole);
	const bool bound = orglog_bind_met(txn, &log->id);
	if (!bound)
		orglog_lost_settle(txn, log);
	*told = bound || (txn_has(txn, TABLE_ORGLOG_LOST, row_key_bytes(&key)) &&
			  !is_mended(txn, log, lost, lowest_number(txn, &log->id)));
	return bound;
}

/* ---- which one counts ---- */

/* Takes back what is stored from the entry's number on, and puts the entry there. */
static void chain_switch(struct txn *txn, const struct orglog *log, const struct orglog *next,
			 struct bytes whole)
{
	struct orglog now;
	struct buf copy;

	buf_init(&copy, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	for (uint32_t n = log->number; n >= next->number && !txn_err(txn); n--) {
		struct row_key key = key_orglog(&next->id, n);
		struct orglog_entry lost;
		struct bytes stored;
		if (!txn_get(txn, TABLE_ORGLOG, row_key_bytes(&key), &stored))
			break;
		buf_reset(&copy); /* what the store returns ends with the next write */
		buf_add(&copy, stored);
		if (orglog_entry_decode(&lost, buf_bytes(&copy))) {
			txn_fail(txn, ERR_CORRUPT);
			break;
		}
		struct row_key row = key_orglog_lost(&next->id, n, &lost.log.entry_id);
		txn_put(txn, TABLE_ORGLOG_LOST, row_key_bytes(&row), buf_bytes(&copy));
		txn_del(txn, TABLE_ORGLOG, row_key_bytes(&key));
		orglog_entry_fini(&lost);
	}
	buf_fini(&copy);
	struct row_key key = key_orglog(&next->id, next->number);
	struct row_key was = key_orglog_lost(&next->id, next->number, &next->entry_id);
	txn_put(txn, TABLE_ORGLOG, row_key_bytes(&key), whole);
	txn_del(txn, TABLE_ORGLOG_LOST, row_key_bytes(&was));
	orglog_walk(txn, &next->id, next->number, &now);
	if (now.number != next->number)
		txn_fail(txn, ERR_CORRUPT);
	if (!txn_err(txn)) {
		now.branch_loss_number = log->branch_loss_number;
		orglog_past_put(txn, &now);
		if (!orglog_bind_reached(txn, &now))
			orglog_lost_settle(txn, &now);
	}
	orglog_fini(&now);
}

/* Another entry of the root than the stored one, of the same number. */
static enum err rival_take(struct txn *txn, struct orglog *log, struct orglog_entry *entry,
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
		chain_switch(txn, log, &entry->log, whole);
		*told = true;
		return txn_err(txn);
	}
	/* ERR_AGAIN: further along a branch whose beginning is not known */
	if ((!err || err == ERR_AGAIN) && lost_keep(txn, log, entry, whole, told))
		return txn_err(txn);
	return err ? err : ERR_EXISTS;
}

enum err orglog_stray_take(struct txn *txn, struct orglog *log, struct bytes whole, bool *told)
{
	struct orglog_entry entry;
	bool bound = false;

	if (orglog_entry_decode(&entry, whole))
		return ERR_AGAIN;
	struct row_key key = key_orglog_lost(&log->id, entry.log.number, &entry.log.entry_id);
	if (entry.log.number == log->number + 1 && log->number > log->bound_number &&
	    (lost_puts_out(log, &entry.log) || lost_has_loss(log, &entry.log)) &&
	    !txn_has(txn, TABLE_ORGLOG_LOST, row_key_bytes(&key)) &&
	    !orglog_signature_check(&entry))
		bound = lost_keep(txn, log, &entry, whole, told);
	orglog_entry_fini(&entry);
	return bound ? txn_err(txn) : ERR_AGAIN;
}

enum err orglog_other_take(struct txn *txn, struct orglog *log, struct bytes whole, bool *told)
{
	struct orglog_entry entry;
	struct orglog stored;
	enum err err = orglog_entry_decode(&entry, whole);

	if (err)
		return err;
	struct row_key key = key_orglog_lost(&log->id, entry.log.number, &entry.log.entry_id);
	/* PROTOCOL: "The entries up to one that is bound count for good and cannot be forked" */
	bool known = entry.log.number < 2 || entry.log.number <= log->bound_number ||
		     txn_has(txn, TABLE_ORGLOG_LOST, row_key_bytes(&key));
	err = known ? ERR_EXISTS : orglog_load_chain(txn, &log->id, entry.log.number, &stored);
	if (!err) {
		if (id_eq(&stored.entry_id, &entry.log.entry_id))
			err = ERR_EXISTS;
		else
			err = orglog_signature_check(&entry);
		if (!err)
			err = rival_take(txn, log, &entry, &stored.entry_id, whole, told);
		orglog_fini(&stored);
	}
	orglog_entry_fini(&entry);
	return err;
}

/* ---- what others ask ---- */

/* Nodes that the lost entry has and the log lacks. */
static unsigned lost_nodes(const struct orglog *log, const struct orglog *lost)
{
	unsigned count = 0;

	for (size_t i = 0; i < lost->node_count; i++)
		count += !same_node(log, &lost->nodes[i]);
	return count;
}

/* False: the row is mended. */
static bool lost_show(struct txn *txn, struct orglog_lost *at, struct bytes whole)
{
	struct orglog_entry lost;
	struct orglog log;
	bool shown = false;

	if (orglog_entry_decode(&lost, whole)) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	at->id = lost.log.entry_id;
	at->number = lost.log.number;
	at->entry = whole;
	if (!orglog_load_chain(txn, &at->org, orglog_number(txn, &at->org), &log)) {
		losses_look(txn, &log);
		shown = !is_mended(txn, &log, &lost, lowest_number(txn, &at->org));
		at->node_count = lost_nodes(&log, &lost.log);
		orglog_fini(&log);
	}
	orglog_entry_fini(&lost);
	return shown;
}

bool orglog_is_forked(struct txn *txn, const struct org_id *org)
{
	struct walk walk = walk_lost(txn, org);
	struct orglog_lost at = {.org = *org};
	bool open = false;

	while (!open && walk_next(&walk))
		open = lost_show(txn, &at, walk.value);
	return open;
}

bool orglog_lost_next(struct txn *txn, struct orglog_lost *at)
{
	struct row_key from = key_orglog_lost(&at->org, at->number, &at->id);
	struct walk walk = walk_begin_at(txn, TABLE_ORGLOG_LOST, bytes_of(NULL, 0),
					 row_key_bytes(&from), false);

	while (walk_next(&walk)) {
		if (walk.key.len != ID_LEN + 4 + ID_LEN) {
			txn_fail(txn, ERR_CORRUPT);
			return false;
		}
		memcpy(at->org.b, walk.key.ptr, ID_LEN);
		if (lost_show(txn, at, walk.value))
			return true;
	}
	return false;
}
