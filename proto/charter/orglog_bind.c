/*
 * orglog_bind - where the charter says that an organisation's log goes on from, and by which root.
 *
 * The charter names an entry by its id alone. When that entry is in the log, the log is cut behind
 * it. When it is not, the way to it is gathered backwards: an entry proves itself by the id that is
 * wanted, and names the one before it, which is wanted next. So nobody can fill the store with
 * others, and what lies on the way is at most as long as a log.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/orglog_internal.h"

enum { BIND_LEN = 2 * ID_LEN };

static struct walk walk_rows(struct txn *txn, enum table table, const struct org_id *org)
{
	struct row_key prefix = key_orglog_prefix(org);

	return walk_begin(txn, table, row_key_bytes(&prefix));
}

static bool bind_row(struct txn *txn, struct walk *walk, struct orglog_bind *out)
{
	if (!walk_next(walk))
		return false;
	if (walk->value.len != BIND_LEN) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	memcpy(out->root.b, walk->value.ptr, ID_LEN);
	memcpy(out->entry_id.b, walk->value.ptr + ID_LEN, ID_LEN);
	return true;
}

static bool orglog_bind_has(struct txn *txn, const struct org_id *org,
			    const struct digest *entry_id, const struct sign_pk *root)
{
	struct walk walk = walk_rows(txn, TABLE_ORGLOG_BIND, org);
	struct orglog_bind bind;

	while (bind_row(txn, &walk, &bind))
		if (id_eq(&bind.entry_id, entry_id) && (!root || id_eq(&bind.root, root)))
			return true;
	return false;
}

/* ---- the way to an entry ---- */

/* What was gathered, by id. *entry is decoded, and borrows from the store. */
static bool row_find(struct txn *txn, const struct org_id *org, const struct digest *id,
		     struct orglog_entry *entry, struct bytes *whole)
{
	struct row_key key = key_orglog_path(org, id);

	if (txn_get(txn, TABLE_ORGLOG_PATH, row_key_bytes(&key), whole))
		return !orglog_entry_decode(entry, *whole);
	struct walk walk = walk_rows(txn, TABLE_ORGLOG_LOST, org);
	while (walk_next(&walk)) {
		if (orglog_entry_decode(entry, walk.value)) {
			txn_fail(txn, ERR_CORRUPT);
			return false;
		}
		*whole = walk.value;
		if (id_eq(&entry->log.entry_id, id))
			return true;
		orglog_entry_fini(entry);
	}
	return false;
}

/* Where the log has this entry; 0: nowhere. number: looked at alone, unless 0. */
static uint32_t chain_find(struct txn *txn, const struct org_id *org, const struct digest *id,
			   uint32_t number)
{
	const uint32_t latest = orglog_number(txn, org);
	uint32_t n = number ? number : latest;

	for (; n > 0 && n <= latest; n--) {
		struct orglog_entry entry;
		struct bytes whole;
		if (!orglog_entry(txn, org, n, &whole) || orglog_entry_decode(&entry, whole)) {
			txn_fail(txn, ERR_CORRUPT);
			return 0;
		}
		const bool found = id_eq(&entry.log.entry_id, id);
		orglog_entry_fini(&entry);
		if (found || number)
			return found ? n : 0;
	}
	return 0;
}

/* From the log to the entry bound: what is not in the log, the last first. */
struct way {
	uint32_t from; /* the entry of the log that it follows; 0: it does not reach it */
	struct digest ids[LIMIT_ORGLOG_NUMBER_MAX];
	size_t count;
	uint32_t number; /* of what is wanted next; 0: not known */
	struct digest wanted;
};

static void way_find(struct txn *txn, const struct org_id *org, const struct digest *id,
		     struct way *way)
{
	struct orglog_entry entry;
	struct bytes whole;

	*way = (struct way){.wanted = *id};
	for (;;) {
		way->from = chain_find(txn, org, &way->wanted, way->number);
		if (way->from || way->count == LIMIT_ORGLOG_NUMBER_MAX ||
		    !row_find(txn, org, &way->wanted, &entry, &whole))
			return;
		const uint32_t number = entry.log.number;
		const bool fits = number > 1 && (!way->number || way->number == number);
		if (fits) {
			way->ids[way->count++] = way->wanted;
			way->wanted = entry.previous;
			way->number = number - 1;
		}
		orglog_entry_fini(&entry);
		if (!fits)
			return;
	}
}

/* ---- walking anew ---- */

/* Whether the entry may follow as far as roots go: by the one before, or by one bound to it. */
static bool root_follows(struct txn *txn, struct orglog *log, const struct orglog_entry *entry)
{
	if (orglog_bind_has(txn, &log->id, &log->entry_id, &entry->log.root)) {
		log->bound_number = log->number;
		log->bound_root = entry->log.root;
		return true;
	}
	return id_eq(&entry->log.root, &log->root);
}

void orglog_walk(struct txn *txn, const struct org_id *org, uint32_t number, struct orglog *log)
{
	orglog_init(log);
	while (log->number < number) {
		struct orglog_entry entry;
		struct bytes whole;
		if (!orglog_entry(txn, org, log->number + 1, &whole) ||
		    orglog_entry_decode(&entry, whole)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		if (log->number > 0 && !root_follows(txn, log, &entry)) {
			orglog_entry_fini(&entry);
			return;
		}
		if (log->number > 0) {
			entry.log.id = log->id;
			entry.log.first_root = log->first_root;
		}
		orglog_advance(log, &entry);
	}
}

/* The way goes on from there; false: it is not one that counts. */
static bool way_walk(struct txn *txn, const struct way *way, struct orglog *log)
{
	for (size_t i = way->count; i-- > 0;) {
		struct orglog_entry entry;
		struct bytes whole;
		if (!row_find(txn, &log->id, &way->ids[i], &entry, &whole))
			return false;
		const bool ok = root_follows(txn, log, &entry) && !orglog_follows(log, &entry);
		if (!ok) {
			orglog_entry_fini(&entry);
			return false;
		}
		orglog_advance(log, &entry);
	}
	return true;
}

/* ---- applying ---- */

static void chain_cut(struct txn *txn, const struct org_id *org, uint32_t number)
{
	for (uint32_t n = orglog_number(txn, org); n > number; n--) {
		struct row_key key = key_orglog(org, n);
		txn_del(txn, TABLE_ORGLOG, row_key_bytes(&key));
	}
}

static void way_store(struct txn *txn, const struct org_id *org, const struct way *way)
{
	struct buf copy;

	buf_init(&copy, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	for (size_t i = way->count; i-- > 0;) {
		struct orglog_entry entry;
		struct bytes whole;
		if (!row_find(txn, org, &way->ids[i], &entry, &whole)) {
			txn_fail(txn, ERR_CORRUPT);
			break;
		}
		buf_reset(&copy); /* what the store returns ends with the next write */
		buf_add(&copy, whole);
		struct row_key key = key_orglog(org, entry.log.number);
		orglog_entry_fini(&entry);
		txn_put(txn, TABLE_ORGLOG, row_key_bytes(&key), buf_bytes(&copy));
	}
	buf_fini(&copy);
}

static void rows_drop(struct txn *txn, enum table table, const struct org_id *org)
{
	struct walk walk = walk_rows(txn, table, org);

	while (walk_next(&walk)) {
		uint8_t key[KEY_LEN_MAX];
		const size_t len = walk.key.len;
		memcpy(key, walk.key.ptr, len);
		txn_del(txn, table, bytes_of(key, len));
	}
}

/*
 * PROTOCOL: "The entries up to one that is bound count for good and cannot be forked; those behind
 * it by an older root, and branches beside it, count for nothing any more"
 */
static void lost_drop(struct txn *txn, const struct orglog *log)
{
	struct walk walk = walk_rows(txn, TABLE_ORGLOG_LOST, &log->id);
	struct orglog_entry lost;

	while (walk_next(&walk) && !orglog_entry_decode(&lost, walk.value)) {
		struct row_key key = key_orglog_lost(&log->id, lost.log.number, &lost.log.entry_id);
		if (lost.log.number <= log->bound_number ||
		    !id_eq(&lost.log.root, orglog_root_next(log)))
			txn_del(txn, TABLE_ORGLOG_LOST, row_key_bytes(&key));
		orglog_entry_fini(&lost);
	}
}

/* What stands behind the entry bound, as far as it is by the root bound. */
static void rest_walk(struct txn *txn, struct orglog *log, uint32_t latest)
{
	while (log->number < latest) {
		struct orglog_entry entry;
		struct bytes whole;
		if (!orglog_entry(txn, &log->id, log->number + 1, &whole) ||
		    orglog_entry_decode(&entry, whole))
			return;
		if (!id_eq(&entry.log.root, orglog_root_next(log))) {
			orglog_entry_fini(&entry);
			return;
		}
		entry.log.id = log->id;
		entry.log.first_root = log->first_root;
		orglog_advance(log, &entry);
	}
}

/* False: this bind names what is not known here, or no way that counts leads there. */
static bool bind_apply(struct txn *txn, const struct org_id *org, const struct orglog_bind *bind,
		       struct orglog *log)
{
	struct way *way = mem_new(1, sizeof(*way));
	bool applied = false;

	way_find(txn, org, &bind->entry_id, way);
	if (way->from) {
		orglog_walk(txn, org, way->from, log);
		applied = log->number == way->from && way_walk(txn, way, log);
		if (!applied)
			orglog_fini(log);
	}
	if (applied) {
		log->bound_number = log->number;
		log->bound_root = bind->root;
		log->branch_loss_number = 0;
		way_store(txn, org, way);
		rest_walk(txn, log, way->count ? log->number : orglog_number(txn, org));
	}
	free(way);
	return applied;
}

/* True when another entry than before is the latest. */
static bool bind_settle(struct txn *txn, const struct org_id *org)
{
	struct walk walk = walk_rows(txn, TABLE_ORGLOG_BIND, org);
	struct orglog_bind *binds = NULL;
	size_t count = 0, at, cap = 0;
	struct orglog before, log;
	bool applied = false;

	if (orglog_load_chain(txn, org, orglog_number(txn, org), &before))
		return false;
	for (binds = mem_room(binds, 0, &cap, sizeof(*binds)); bind_row(txn, &walk, &binds[count]);)
		binds = mem_room(binds, ++count, &cap, sizeof(*binds));
	/* PROTOCOL: "Of several binds the last counts whose entry is known." */
	for (at = count; !applied && at > 0; at--)
		applied = bind_apply(txn, org, &binds[at - 1], &log);
	if (!applied) {
		orglog_walk(txn, org, before.number, &log);
		log.bound_number = 0;
		log.branch_loss_number = before.branch_loss_number;
	}
	free(binds);
	chain_cut(txn, org, log.number);
	orglog_past_put(txn, &log);
	if (applied && at + 1 == count)
		rows_drop(txn, TABLE_ORGLOG_PATH, org);
	lost_drop(txn, &log);
	orglog_lost_settle(txn, &log);
	const bool changed = !id_eq(&log.entry_id, &before.entry_id);
	orglog_fini(&before);
	orglog_fini(&log);
	return changed;
}

/* ---- what the charter says ---- */

static bool binds_same(struct txn *txn, const struct org_id *org, const struct orglog_bind *binds,
		       size_t count)
{
	struct walk walk = walk_rows(txn, TABLE_ORGLOG_BIND, org);
	struct orglog_bind known;
	size_t at = 0;

	while (bind_row(txn, &walk, &known)) {
		if (at == count || !id_eq(&known.root, &binds[at].root) ||
		    !id_eq(&known.entry_id, &binds[at].entry_id))
			return false;
		at++;
	}
	return at == count;
}

void orglog_bind(struct txn *txn, const struct org_id *org, const struct orglog_bind *binds,
		 size_t count, bool *changed)
{
	const bool same = binds_same(txn, org, binds, count);

	if (changed)
		*changed = false;
	if (same)
		return;
	rows_drop(txn, TABLE_ORGLOG_BIND, org);
	rows_drop(txn, TABLE_ORGLOG_PATH, org);
	for (size_t i = 0; i < count; i++) {
		struct row_key key = key_orglog(org, (uint32_t)i);
		uint8_t value[BIND_LEN];
		memcpy(value, binds[i].root.b, ID_LEN);
		memcpy(value + ID_LEN, binds[i].entry_id.b, ID_LEN);
		txn_put(txn, TABLE_ORGLOG_BIND, row_key_bytes(&key), bytes_obj(&value));
	}
	const bool other = bind_settle(txn, org);
	if (changed)
		*changed = other;
}

bool orglog_bind_reached(struct txn *txn, const struct orglog *log)
{
	if (!orglog_bind_has(txn, &log->id, &log->entry_id, NULL))
		return false;
	bind_settle(txn, &log->id);
	return true;
}

bool orglog_bound_next(struct txn *txn, struct org_id *org)
{
	struct row_key from = key_orglog(org, UINT32_MAX);
	struct walk walk = walk_begin_at(txn, TABLE_ORGLOG_BIND, bytes_of(NULL, 0),
					 row_key_bytes(&from), false);

	if (!walk_next(&walk) || walk.key.len != ID_LEN + 4)
		return false;
	memcpy(org->b, walk.key.ptr, ID_LEN);
	return true;
}

/* ---- the way to what is not here ---- */

static bool last_bind(struct txn *txn, const struct org_id *org, struct orglog_bind *out)
{
	struct row_key prefix = key_orglog_prefix(org);
	struct bytes key, value;

	if (!walk_last(txn, TABLE_ORGLOG_BIND, row_key_bytes(&prefix), &key, &value) ||
	    value.len != BIND_LEN)
		return false;
	memcpy(out->root.b, value.ptr, ID_LEN);
	memcpy(out->entry_id.b, value.ptr + ID_LEN, ID_LEN);
	return true;
}

bool orglog_bind_met(struct txn *txn, const struct org_id *org)
{
	struct orglog_bind bind;

	if (!last_bind(txn, org, &bind))
		return false;
	struct way *way = mem_new(1, sizeof(*way));
	way_find(txn, org, &bind.entry_id, way);
	const bool met = way->from > 0 && way->count > 0;
	free(way);
	return met && bind_settle(txn, org);
}

bool orglog_bind_wants(struct txn *txn, const struct org_id *org, struct digest *id,
		       uint32_t *number)
{
	struct orglog_bind bind;
	bool wants = false;

	if (!last_bind(txn, org, &bind) || orglog_number(txn, org) == 0)
		return false;
	struct way *way = mem_new(1, sizeof(*way));
	way_find(txn, org, &bind.entry_id, way);
	if (way->from == 0 && (way->number != 1 || way->count == 0)) {
		*id = way->wanted;
		*number = way->number;
		wants = true;
	}
	free(way);
	return wants;
}

bool orglog_bind_take(struct txn *txn, const struct org_id *org, struct bytes whole, bool *changed)
{
	struct orglog_entry entry;
	struct digest wanted;
	uint32_t number;
	bool taken = false;

	*changed = false;
	if (!orglog_bind_wants(txn, org, &wanted, &number) || orglog_entry_decode(&entry, whole))
		return false;
	if (id_eq(&entry.log.entry_id, &wanted) && entry.has_previous &&
	    (!number || number == entry.log.number)) {
		struct row_key key = key_orglog_path(org, &wanted);
		txn_put(txn, TABLE_ORGLOG_PATH, row_key_bytes(&key), whole);
		if (!orglog_bind_wants(txn, org, &wanted, &number))
			*changed = bind_settle(txn, org);
		taken = true;
	}
	orglog_entry_fini(&entry);
	return taken;
}
