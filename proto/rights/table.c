#include "proto/rights/table.h"

#include <string.h>

#include "crypto/hash.h"
#include "proto/rights/rights.h"
#include "proto/rights/world.h"

void table_prefix_hash(uint8_t out[TABLE_PREFIX_LEN], struct bytes prefix)
{
	struct hash hash;

	hash_init(&hash, "am1.prefix", NULL, TABLE_PREFIX_LEN);
	hash_add(&hash, prefix);
	hash_done(&hash, out, TABLE_PREFIX_LEN);
}

/* ---- what is indexed of one line ---- */

/*
 * A row of LINE: what has to be found again when the record is gone, as a body is not kept.
 * audience(32) parent(32, or zeros) time in LINE_WHEN(8) key in RIGHT, or nothing.
 */
enum { KEPT_LEN = ID_LEN + ID_LEN + 8 };

struct kept {
	struct org_id org;
	struct digest parent;
	int64_t when_ms;      /* 0: no row */
	struct row_key right; /* len 0: no row */
};

static bool kept_get(struct txn *txn, uint32_t issuer, const struct digest *id, struct kept *out)
{
	struct row_key key = key_line(issuer, id);
	struct bytes row;

	*out = (struct kept){.when_ms = 0};
	if (!txn_get(txn, TABLE_LINE, row_key_bytes(&key), &row))
		return false;
	if (row.len < KEPT_LEN || row.len - KEPT_LEN > KEY_LEN_MAX) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	memcpy(out->org.b, row.ptr, ID_LEN);
	memcpy(out->parent.b, row.ptr + ID_LEN, ID_LEN);
	out->when_ms = (int64_t)be64_get(row.ptr + 2 * ID_LEN);
	out->right.len = row.len - KEPT_LEN;
	memcpy(out->right.b, row.ptr + KEPT_LEN, out->right.len);
	return true;
}

static void kept_put(struct txn *txn, uint32_t issuer, const struct digest *id,
		     const struct kept *kept)
{
	struct row_key key = key_line(issuer, id);
	uint8_t row[KEPT_LEN + KEY_LEN_MAX];

	memcpy(row, kept->org.b, ID_LEN);
	memcpy(row + ID_LEN, kept->parent.b, ID_LEN);
	be64_put(row + 2 * ID_LEN, (uint64_t)kept->when_ms);
	memcpy(row + KEPT_LEN, kept->right.b, kept->right.len);
	txn_put(txn, TABLE_LINE, row_key_bytes(&key), bytes_of(row, KEPT_LEN + kept->right.len));
}

/* The rows by audience and by parent, which never change while there is a record. */
static void indexes_put(struct txn *txn, uint32_t issuer, const struct digest *id,
			const struct kept *kept, bool there)
{
	static const struct digest none;
	struct row_key to = key_line_of(kept->org.b, id), on = key_line_of(kept->parent.b, id);
	uint8_t value[4];

	be32_put(value, issuer);
	if (!there)
		txn_del(txn, TABLE_LINE_TO, row_key_bytes(&to));
	else
		txn_put(txn, TABLE_LINE_TO, row_key_bytes(&to), bytes_obj(&value));
	if (id_eq(&kept->parent, &none))
		return;
	if (!there)
		txn_del(txn, TABLE_LINE_ON, row_key_bytes(&on));
	else
		txn_put(txn, TABLE_LINE_ON, row_key_bytes(&on), bytes_obj(&value));
}

static void when_put(struct txn *txn, uint32_t issuer, const struct digest *id, int64_t before_ms,
		     int64_t now_ms)
{
	struct row_key before = key_line_when(before_ms, id), now = key_line_when(now_ms, id);
	uint8_t value[4];

	be32_put(value, issuer);
	if (before_ms)
		txn_del(txn, TABLE_LINE_WHEN, row_key_bytes(&before));
	if (now_ms)
		txn_put(txn, TABLE_LINE_WHEN, row_key_bytes(&now), bytes_obj(&value));
}

/* ---- rows of RIGHT ---- */

/* Whether a line has a row: it gives something, or gave something until its time was over. */
static bool has_row(const struct verdict *verdict)
{
	return verdict->fault == FAULT_NONE || verdict->fault == FAULT_EXPIRED;
}

/* In this order a look finds the best first. */
static struct row_key right_key(const struct verdict *verdict, const struct digest *id)
{
	uint8_t prefix[TABLE_PREFIX_LEN], rank[TABLE_RANK_LEN];

	table_prefix_hash(prefix, verdict->prefix);
	rank[0] = (uint8_t)(VERB_ADMIN - verdict->verb);
	rank[1] = (uint8_t)verdict->count;
	be64_put(rank + 2, ~(uint64_t)verdict->to_ms);
	return key_right(verdict->owner, &verdict->org, prefix, rank, id);
}

/* When the line is to be looked at again: when it begins, or when it ends. */
static int64_t next_date(const struct hub *hub, const struct verdict *verdict)
{
	if (verdict->fault == FAULT_NOT_YET)
		return verdict->from_ms;
	return verdict->fault == FAULT_NONE && verdict->to_ms > hub->judge_ms ? verdict->to_ms : 0;
}

static bool same_key(const struct row_key *a, const struct row_key *b)
{
	return bytes_eq(row_key_bytes(a), row_key_bytes(b));
}

/* owner: of the namespace; 0: not known any more. */
static void rights_changed(struct hub *hub, const struct org_id *org, uint32_t owner)
{
	hub->rights_epoch++;
	hub->granted_epoch += owner == 0 || owner == author_member(hub->author);
	if (id_eq(org, &hub->options.identity->org))
		hub->wanted_epoch++;
}

/* The last record of the line is gone. */
static bool line_forget(struct hub *hub, struct txn *txn, uint32_t issuer, const struct digest *id)
{
	struct row_key key = key_line(issuer, id);
	struct kept kept;

	if (!kept_get(txn, issuer, id, &kept))
		return false;
	if (kept.right.len)
		txn_del(txn, TABLE_RIGHT, row_key_bytes(&kept.right));
	when_put(txn, issuer, id, kept.when_ms, 0);
	indexes_put(txn, issuer, id, &kept, false);
	txn_del(txn, TABLE_LINE, row_key_bytes(&key));
	rights_changed(hub, &kept.org, 0);
	return true;
}

/* What its id covers, from whichever record there is: also of a node that may not grant. */
static bool line_any(struct hub *hub, struct txn *txn, const struct digest *id, struct kept *out)
{
	struct record_slot slot = line_slot(id);
	uint32_t author = ledger_slot_author(txn, record_slot_bytes(&slot));
	struct record record;
	struct line line;

	if (ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), author, &record) ||
	    line_get(&line, record.body))
		return false;
	*out = (struct kept){.org = line.org, .parent = line.parent};
	return true;
}

/* Brings the rows of a line that has a record to what the verdict says. */
static void line_index(struct hub *hub, struct txn *txn, uint32_t issuer, const struct digest *id,
		       const struct verdict *verdict, struct kept *kept)
{
	struct row_key right = {.len = 0};
	int64_t when_ms = next_date(hub, verdict);

	if (has_row(verdict))
		right = right_key(verdict, id);
	if (!same_key(&right, &kept->right)) {
		if (kept->right.len)
			txn_del(txn, TABLE_RIGHT, row_key_bytes(&kept->right));
		if (right.len)
			txn_put(txn, TABLE_RIGHT, row_key_bytes(&right), bytes_of("", 0));
	}
	if (when_ms != kept->when_ms)
		when_put(txn, issuer, id, kept->when_ms, when_ms);
	if (when_ms && when_ms < hub->rights->next_ms)
		hub->rights->next_ms = when_ms;
	kept->right = right;
	kept->when_ms = when_ms;
}

bool table_line(struct hub *hub, struct txn *txn, uint32_t payer, uint32_t issuer,
		const struct digest *id)
{
	struct world world;
	struct verdict verdict;
	struct kept kept, before;

	world_begin(&world, hub, txn);
	if (world.facts.issuer(world.facts.arg, id) != issuer) {
		if (!line_forget(hub, txn, issuer, id))
			return false;
		table_due(hub, txn, payer, TABLE_DUE_ON, id->b);
		return true;
	}
	bool known = kept_get(txn, issuer, id, &kept);
	before = kept;
	if (!known) {
		if (!line_any(hub, txn, id, &kept))
			return false;
		indexes_put(txn, issuer, id, &kept, true);
	}
	verdict_of(&world.facts, id, hub->judge_ms, &verdict);
	line_index(hub, txn, issuer, id, &verdict, &kept);
	bool changed =
		!known || !same_key(&kept.right, &before.right) || kept.when_ms != before.when_ms;
	if (changed) {
		kept_put(txn, issuer, id, &kept);
		rights_changed(hub, &kept.org, verdict.owner);
	}
	/*
	 * What rests on it may be another thing although this one is not; but nothing rests on a
	 * chain that is too long.
	 */
	if (verdict.fault != FAULT_DEPTH || verdict.count > 0)
		table_due(hub, txn, payer, TABLE_DUE_ON, id->b);
	return changed;
}

bool table_row_is(struct txn *txn, uint32_t issuer, const struct digest *id, struct bytes key)
{
	struct kept kept;

	return kept_get(txn, issuer, id, &kept) && bytes_eq(row_key_bytes(&kept.right), key);
}
