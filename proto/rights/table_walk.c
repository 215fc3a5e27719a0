/*
 * Walks over the rows of RIGHT, and the recount (table.h).
 */
#include <string.h>

#include "crypto/path.h"
#include "proto/rights/table.h"
#include "proto/rights/world.h"

enum { RIGHT_KEY_LEN = 4 + ID_LEN + TABLE_PREFIX_LEN + TABLE_RANK_LEN + ID_LEN };

/* ---- a namespace ---- */

struct table_walk table_walk(struct hub *hub, struct txn *txn, uint32_t owner,
			     const struct org_id *org)
{
	struct row_key prefix = org ? key_right_org(owner, org) : key_author(owner);

	return (struct table_walk){.hub = hub,
				   .txn = txn,
				   .walk = walk_begin(txn, TABLE_RIGHT, row_key_bytes(&prefix))};
}

void table_walk_above(struct table_walk *walk, struct bytes path)
{
	walk->above_count = 0;
	for (struct bytes at = path; at.len > 0 && walk->above_count < LIMIT_PATH_DEPTH_MAX;
	     at = path_parent(at))
		table_prefix_hash(walk->above[walk->above_count++], at);
}

static bool is_above(const struct table_walk *walk, const uint8_t *prefix)
{
	for (size_t i = 0; i < walk->above_count; i++)
		if (memcmp(walk->above[i], prefix, TABLE_PREFIX_LEN) == 0)
			return true;
	return walk->above_count == 0;
}

bool table_walk_next(struct table_walk *walk, struct verdict *out, bool *good)
{
	struct world world;
	struct digest id;

	world_begin(&world, walk->hub, walk->txn);
	while (walk_next(&walk->walk)) {
		if (walk->walk.key.len != RIGHT_KEY_LEN ||
		    !is_above(walk, walk->walk.key.ptr + 4 + ID_LEN))
			continue;
		memcpy(id.b, walk->walk.key.ptr + walk->walk.key.len - ID_LEN, ID_LEN);
		*good = verdict_of(&world.facts, &id, walk->hub->judge_ms, out);
		if (out->fault == FAULT_NONE || out->fault == FAULT_EXPIRED)
			return true;
	}
	return false;
}

/* ---- the recount ---- */

/* The three parts, in this order; the first byte of *at says which, the rest is a key. */
static const enum table parts[] = {TABLE_SLOT, TABLE_LINE, TABLE_RIGHT};
enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };

/* One row; true: it was wrong, and is not any more. */
static bool row_recount(struct hub *hub, struct txn *txn, enum table table, struct bytes key)
{
	struct world world;
	struct digest id;

	world_begin(&world, hub, txn);
	if (table == TABLE_SLOT && key.len == 1 + ID_LEN + 4) {
		memcpy(id.b, key.ptr + 1, ID_LEN);
		return table_line(hub, txn, METER_OWN,
				  author_member(be32_get(key.ptr + 1 + ID_LEN)), &id);
	}
	if (table == TABLE_LINE && key.len == 4 + ID_LEN) {
		uint32_t issuer = be32_get(key.ptr);
		memcpy(id.b, key.ptr + 4, ID_LEN);
		return world.facts.issuer(world.facts.arg, &id) != issuer &&
		       table_line(hub, txn, METER_OWN, issuer, &id);
	}
	if (table != TABLE_RIGHT || key.len <= ID_LEN)
		return false;
	memcpy(id.b, key.ptr + key.len - ID_LEN, ID_LEN);
	if (table_row_is(txn, world.facts.issuer(world.facts.arg, &id), &id, key))
		return false;
	struct row_key row = {.len = key.len};
	memcpy(row.b, key.ptr, key.len);
	txn_del(txn, TABLE_RIGHT, row_key_bytes(&row));
	hub->rights_epoch++;
	return true;
}

bool table_recount(struct hub *hub, struct txn *txn, struct row_key *at, uint64_t *lines,
		   uint64_t *faults)
{
	static const uint8_t lines_slot[1] = {RECORD_LINE};
	size_t part = at->len ? at->b[0] : 0;

	for (; part < PART_COUNT; part++, at->len = 0) {
		struct bytes prefix =
			parts[part] == TABLE_SLOT ? bytes_obj(&lines_slot) : bytes_of(NULL, 0);
		struct walk walk = at->len > 1
					   ? walk_begin_at(txn, parts[part], prefix,
							   bytes_of(at->b + 1, at->len - 1), false)
					   : walk_begin(txn, parts[part], prefix);
		while (*lines > 0 && walk_next(&walk)) {
			(*lines)--;
			at->b[0] = (uint8_t)part;
			memcpy(at->b + 1, walk.key.ptr, walk.key.len);
			at->len = 1 + walk.key.len;
			*faults += row_recount(hub, txn, parts[part], walk.key);
		}
		if (*lines == 0)
			return true;
	}
	return false;
}
