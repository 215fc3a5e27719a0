/*
 * steps - what the indexer asks the core, and what it makes of it.
 */
#include <string.h>

#include "node/base/clock.h"
#include "node/index/indexer_internal.h"
#include "proto/content/reader.h"
#include "store/chunks.h"

/* Of a manifest that is opened: so many pieces are more files than are listed. */
#define MANIFEST_PIECES_MAX 32

void step_reset(struct step *step)
{
	gathered_fini(&step->gathered);
	for (size_t i = 0; i < step->unlisted_count; i++)
		if (step->readable[i])
			reading_fini(&step->readings[i]);
	*step = (struct step){.kind = STEP_LOOK};
}

/* ---- on the core thread ---- */

static void readings_gather(struct step *step, struct hub *hub, struct txn *txn)
{
	char ignored[WHY_LEN];

	for (size_t i = 0; i < step->unlisted_count; i++) {
		const struct unlisted *at = &step->unlisted[i];
		struct reading *reading = &step->readings[i];

		if (catalog_read(hub, txn, at->place, at->number, reading, ignored))
			continue;
		step->readable[i] = id_eq(&reading->record, &at->record);
		if (!step->readable[i])
			reading_fini(reading);
	}
}

void step_gather(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct indexer *indexer = arg;
	struct step *step = &indexer->step;

	step->now_ms = now_ms;
	step->wanted_epoch = hub->wanted_epoch;
	step->charter_number = hub->charter.number;
	switch (step->kind) {
	case STEP_OPEN:
	case STEP_LOOK:
	case STEP_FORGET:
		break;
	case STEP_HEARD:
		for (size_t i = 0; i < step->heard_count; i++)
			gather_one(hub, txn, step->heard[i].stored, &step->heard[i].dataset,
				   &step->gathered);
		break;
	case STEP_PAGE:
		gather_page(hub, txn, &step->gathered);
		break;
	case STEP_LIST:
		readings_gather(step, hub, txn);
		break;
	}
}

/* ---- on a worker ---- */

static enum err step_manifest_read(struct reader *reader, const struct reading *reading,
				   struct db *db, struct packer *packer)
{
	struct txn *txn = txn_begin(db, false);
	struct index_entry entry;
	enum err err = ERR_OK;

	while (!err && reader_part_next(reader, &entry)) {
		struct bytes chunk;

		if (chunks_get(txn, &reading->dataset, &entry.addr, &chunk))
			err = reader_part_add(reader, packer, chunk);
		else
			err = txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	}
	txn_abort(txn);
	return err ? err : reader_manifest_done(reader);
}

static void list_one(struct indexer *indexer, size_t i)
{
	struct step *step = &indexer->step;
	const struct reading *reading = &step->readings[i];
	const struct unlisted *at = &step->unlisted[i];
	const struct manifest *manifest = NULL;
	struct reader *reader = NULL;

	if (step->readable[i] && reading->version.manifest_count <= MANIFEST_PIECES_MAX) {
		reader = reader_open(&reading->version, &reading->dataset, &reading->dataset_key);
		if (!step_manifest_read(reader, reading, indexer->node->db, indexer->packer))
			manifest = reader_manifest(reader);
	}
	store_list(&indexer->store, at, manifest, step->now_ms);
	reader_close(reader);
}

static void step_put(struct indexer *indexer)
{
	struct index_store *store = &indexer->store;
	struct step *step = &indexer->step;
	struct gathered *gathered = &step->gathered;

	if (step->begins)
		store_list_again(store);
	for (size_t i = 0; i < gathered->count; i++)
		store_put(store, &gathered->items[i], step->now_ms);
	if (step->kind == STEP_PAGE)
		store_clear(store, gathered->after, gathered->to, gathered->items, gathered->count);
	for (size_t i = 0; step->kind == STEP_LIST && i < step->unlisted_count; i++)
		list_one(indexer, i);
}

static bool store_is_lost(enum err err)
{
	return err == ERR_CORRUPT || err == ERR_ABSENT || err == ERR_MALFORMED;
}

void step_write(struct indexer *indexer)
{
	struct index_store *store = &indexer->store;
	struct step *step = &indexer->step;

	if (step->kind == STEP_OPEN) {
		if (store->path) /* it did not open before, as on a full disk */
			store_close(store);
		step->err = store_open(store, indexer->node->dir);
	} else if (!store_stands(store)) {
		step->remade = true;
	} else if (step->kind == STEP_FORGET) {
		step->err = store_forget(store);
		step->remade = store_is_lost(step->err);
	} else {
		store_begin(store);
		step_put(indexer);
		step->err = store_commit(store);
		step->remade = store_is_lost(step->err);
	}
	if (step->remade)
		step->err = store_remake(store);
	if (!step->err)
		indexer->unlisted_count = store_unlisted(store, indexer->unlisted, STEP_LIST_MAX);
}
