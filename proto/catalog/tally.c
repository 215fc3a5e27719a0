#include "proto/catalog/tally.h"

#include <string.h>

#include "proto/catalog/lookup.h"
#include "proto/ledger/held.h"
#include "proto/rights/current.h"

enum {
	TOUCHED_MAX = 512, /* in one turn */
	STEP_ROWS = 64,
	STEP_MS = 20,
	OWN_PAUSE_MS = 1000, /* peers say all the time what they hold */
	OWN_AGAIN_MS = 60 * 1000,
	ALL_AGAIN_MS = 60 * 60 * 1000,
	HOLDERS_MAX = 16, /* two copies are enough */
};

/* ---- one dataset ---- */

static unsigned own_flags(struct hub *hub, struct txn *txn, const struct catalog_entry *entry)
{
	struct catalog_holder holders[HOLDERS_MAX];
	const size_t count = catalog_holders(hub, txn, entry, holders, HOLDERS_MAX);
	unsigned flags = STANDING_FLAG(STANDING_OWN);

	if (catalog_copies(holders, count) < 2)
		flags |= STANDING_FLAG(STANDING_SINGLE);
	if (!entry->held && count == 0)
		flags |= STANDING_FLAG(STANDING_GONE);
	if (entry->damaged)
		flags |= STANDING_FLAG(STANDING_OWN_DAMAGED);
	return flags;
}

static bool is_sealed_name(struct hub *hub, struct txn *txn, const struct dataset_id *dataset)
{
	struct catalog_entry entry;
	struct lookup found;

	if (lookup_dataset(hub, txn, dataset, 0, &found))
		return false;
	lookup_entry(hub, txn, &found, true, &entry);
	const bool readable = entry.readable;
	catalog_entry_fini(&entry);
	return !readable;
}

bool tally_look(struct hub *hub, struct txn *txn, const struct dataset_id *dataset, unsigned *flags)
{
	struct ledger_version current;
	struct catalog_entry entry = {.dataset = *dataset};

	*flags = 0;
	if (current_find(hub, txn, dataset, 0, &current, NULL))
		return false;
	entry.number = current.number;
	entry.author = current.author;
	lookup_entry_held(txn, &entry);
	if (entry.held)
		*flags |= STANDING_FLAG(STANDING_HELD);
	if (entry.damaged)
		*flags |= STANDING_FLAG(STANDING_DAMAGED);
	if (current.tier == TIER_HIDDEN && is_sealed_name(hub, txn, dataset))
		*flags |= STANDING_FLAG(STANDING_HIDDEN);
	if (author_member(current.author) == author_member(hub->author))
		*flags |= own_flags(hub, txn, &entry);
	return true;
}

static void stands_again(struct hub *hub, struct txn *txn, const struct dataset_id *dataset)
{
	unsigned flags;

	if (tally_look(hub, txn, dataset, &flags))
		standing_put(txn, dataset, flags);
	else if (!txn_err(txn))
		standing_drop(txn, dataset);
}

/* ---- many ---- */

/* Changes with all that may change what is current, or may be read, anywhere. */
static uint64_t all_epoch(const struct hub *hub)
{
	return hub->wanted_epoch + hub->rights_epoch + hub->keys_epoch + hub->charter.number +
	       hub->author;
}

static void touched_take(struct hub *hub, struct txn *txn)
{
	struct dataset_id dataset;

	hub->tally->more = false;
	for (unsigned i = 0; standing_touched(txn, &dataset); i++) {
		stands_again(hub, txn, &dataset);
		hub->tally->more = i + 1 == TOUCHED_MAX;
		if (hub->tally->more)
			return;
	}
}

static void walk_go(struct tally_walk *walk, uint64_t epoch)
{
	walk->runs = true;
	walk->epoch = epoch;
	walk->at.len = 0;
}

/* Some of the rows of a table; false: that was the end. */
static bool tally_step(struct hub *hub, struct txn *txn, struct tally_walk *walk, enum table table,
		       struct bytes prefix)
{
	struct dataset_id dataset;
	struct walk rows =
		walk_begin_at(txn, table, prefix, row_key_bytes(&walk->at), walk->at.len == 0);

	for (unsigned i = 0; i < STEP_ROWS; i++) {
		if (!walk_next(&rows))
			return false;
		memcpy(walk->at.b, rows.key.ptr, rows.key.len);
		walk->at.len = rows.key.len;
		if (table == TABLE_PATH && rows.value.len == ID_LEN)
			memcpy(dataset.b, rows.value.ptr, ID_LEN);
		else if (table == TABLE_STANDING_OF && rows.key.len == 1 + ID_LEN)
			memcpy(dataset.b, rows.key.ptr + 1, ID_LEN);
		else
			continue;
		stands_again(hub, txn, &dataset);
	}
	return true;
}

static void walks_step(struct hub *hub, struct txn *txn)
{
	static const uint8_t own = STANDING_OWN;
	struct tally *tally = hub->tally;

	if (!tally->all.runs &&
	    (tally->all.epoch != all_epoch(hub) || hub->mono_ms >= tally->all.again_ms))
		walk_go(&tally->all, all_epoch(hub));
	if (!tally->own.runs && hub->mono_ms >= tally->own.again_ms)
		walk_go(&tally->own, hub->source_epoch);
	if (tally->all.runs && !tally_step(hub, txn, &tally->all, TABLE_PATH, bytes_of(NULL, 0))) {
		tally->all.runs = false;
		tally->all.again_ms = hub->mono_ms + hub_jitter(hub, ALL_AGAIN_MS);
	}
	if (tally->own.runs &&
	    !tally_step(hub, txn, &tally->own, TABLE_STANDING_OF, bytes_obj(&own))) {
		tally->own.runs = false;
		tally->own.again_ms = hub->mono_ms + OWN_AGAIN_MS;
	}
	tally->step_ms = hub->mono_ms + STEP_MS;
}

void tally_open(struct hub *hub, struct txn *txn)
{
	/* What was stopped half way is looked at again from the beginning. */
	*hub->tally = (struct tally){.more = txn_count(txn, TABLE_TOUCHED) > 0};
	walk_go(&hub->tally->all, all_epoch(hub));
}

/* Peers, or what they hold, have changed since the last look at the own ones. */
static void sources_follow(struct hub *hub)
{
	struct tally_walk *own = &hub->tally->own;

	if (own->runs || own->epoch == hub->source_epoch)
		return;
	own->epoch = hub->source_epoch;
	if (own->again_ms > hub->mono_ms + OWN_PAUSE_MS)
		own->again_ms = hub->mono_ms + OWN_PAUSE_MS;
}

static int64_t walks_wake(const struct hub *hub)
{
	const struct tally *tally = hub->tally;
	const int64_t again_ms = tally->all.again_ms < tally->own.again_ms ? tally->all.again_ms
									   : tally->own.again_ms;

	if (tally->all.runs || tally->own.runs || tally->all.epoch != all_epoch(hub) ||
	    again_ms < tally->step_ms)
		return tally->step_ms;
	return again_ms;
}

void tally_settle(struct hub *hub, struct txn *txn)
{
	touched_take(hub, txn);
	sources_follow(hub);
	if (hub->mono_ms >= walks_wake(hub))
		walks_step(hub, txn);
}

bool tally_rests(const struct hub *hub)
{
	const struct tally *tally = hub->tally;

	return !tally->more && !tally->all.runs && tally->all.epoch == all_epoch(hub);
}

int64_t tally_wake(const struct hub *hub)
{
	return hub->tally->more ? hub->mono_ms : walks_wake(hub);
}
