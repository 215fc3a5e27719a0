#include "proto/catalog/hidden.h"

#include <stdio.h>
#include <string.h>

#include "crypto/path.h"
#include "proto/catalog/lookup.h"
#include "proto/catalog/names.h"
#include "proto/catalog/withdrawal.h"

enum {
	STEP_ROWS = 1024, /* of all paths, most of which are not hidden */
	STEP_OPENED = 64, /* of those that are: each costs a look for its key, and an opening */
};

static void name_take(struct hub *hub, struct txn *txn, const struct dataset_id *dataset)
{
	struct catalog_entry entry;
	struct lookup found;

	if (lookup_dataset(hub, txn, dataset, 0, &found) || found.version.tier != TIER_HIDDEN)
		return;
	lookup_entry(hub, txn, &found, true, &entry);
	if (entry.readable)
		names_put(hub, txn, entry.description.path, dataset, &entry.record,
			  bytes_str(entry.stored));
	catalog_entry_fini(&entry);
}

void hidden_arrival(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	if (arrival->version.tier == TIER_HIDDEN)
		name_take(hub, txn, &arrival->news.dataset);
}

static void step_go(struct hidden *hidden, int step)
{
	hidden->step = step;
	hidden->at = (struct row_key){.len = 0};
}

/* What is written lies in another table, so the walk goes on. */
static bool paths_step(struct hub *hub, struct txn *txn)
{
	struct row_key *at = &hub->hidden->at;
	struct walk walk =
		walk_begin_at(txn, TABLE_PATH, bytes_of(NULL, 0), row_key_bytes(at), at->len == 0);
	unsigned opened = 0;

	for (unsigned i = 0; i < STEP_ROWS && opened < STEP_OPENED; i++) {
		struct dataset_id dataset;
		if (!walk_next(&walk))
			return false;
		memcpy(at->b, walk.key.ptr, walk.key.len);
		at->len = walk.key.len;
		if (walk.value.len != ID_LEN || !path_is_hidden(row_key_bytes(at)))
			continue;
		memcpy(dataset.b, walk.value.ptr, ID_LEN);
		name_take(hub, txn, &dataset);
		opened++;
	}
	return true;
}

/* ---- rows that no version bears out any more ---- */

/* A dataset that was renamed has another row for its current version. */
static bool row_is_past(struct hub *hub, struct txn *txn, const struct name_row *row)
{
	static const struct record_id drawn;
	char path[NAMES_PATH_LEN_MAX + 1];
	struct withdrawal_view view;
	struct catalog_entry entry;
	struct lookup found;

	if (id_eq(&row->record, &drawn))
		return false;
	if (lookup_dataset(hub, txn, &row->dataset, 0, &found)) {
		/*
		 * Withdrawn: whoever asks is told why, and the own one keeps its path when it is
		 * published again.
		 */
		struct bytes slug = bytes_str(hub->options.identity->slug);
		snprintf(path, sizeof(path), "%.*s", (int)row->path.len,
			 (const char *)row->path.ptr);
		return !bytes_eq(path_slug(row->path), slug) &&
		       !withdrawal_find(hub, txn, path, 0, &view);
	}
	if (id_eq(&found.record, &row->record))
		return false;
	lookup_entry(hub, txn, &found, true, &entry);
	bool opened = entry.readable;
	catalog_entry_fini(&entry);
	return opened;
}

/* False: that was the end. */
static bool names_step(struct hub *hub, struct txn *txn)
{
	struct row_key *at = &hub->hidden->at;
	struct walk walk =
		walk_begin_at(txn, TABLE_NAME, bytes_of(NULL, 0), row_key_bytes(at), at->len == 0);
	struct name_row row;

	for (unsigned i = 0; i < STEP_OPENED; i++) {
		if (!walk_next(&walk))
			return false;
		memcpy(at->b, walk.key.ptr, walk.key.len);
		at->len = walk.key.len;
		if (!names_row(&row, &walk) || row_is_past(hub, txn, &row))
			txn_del(txn, TABLE_NAME, row_key_bytes(at));
	}
	return true;
}

void hidden_settle(struct hub *hub, struct txn *txn)
{
	struct hidden *hidden = hub->hidden;

	if (hidden->step == HIDDEN_RESTS && hidden->epoch != hub->wanted_epoch) {
		hidden->epoch = hub->wanted_epoch;
		step_go(hidden, HIDDEN_PATHS);
	}
	if (hidden->step == HIDDEN_PATHS && !paths_step(hub, txn))
		step_go(hidden, HIDDEN_NAMES);
	else if (hidden->step == HIDDEN_NAMES && !names_step(hub, txn))
		step_go(hidden, HIDDEN_RESTS);
}

int64_t hidden_wake(const struct hub *hub)
{
	const struct hidden *hidden = hub->hidden;

	return hidden->step != HIDDEN_RESTS || hidden->epoch != hub->wanted_epoch ? hub->mono_ms
										  : INT64_MAX;
}
