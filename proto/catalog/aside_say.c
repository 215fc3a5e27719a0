#include "proto/catalog/aside_say.h"

#include <stdio.h>

#include "proto/catalog/lookup.h"
#include "proto/catalog/own_dataset.h"
#include "proto/catalog/siblings_internal.h"
#include "proto/catalog/unsigned.h"
#include "proto/content/pack.h"
#include "proto/ledger/aside.h"
#include "proto/ledger/held.h"
#include "proto/ledger/withdrawal_body.h"
#include "proto/rights/current.h"
#include "proto/transfer/fetch.h"
#include "store/chunks.h"

/* A record that is aside, and what stands in its slot. */
struct aside {
	uint64_t job;
	struct record record;
	struct version version; /* of RECORD_VERSION */
	struct version_id of;
	bool has_own;
	struct record own;
};

static enum err plain_say(struct hub *hub, struct txn *txn, const struct aside *aside)
{
	return ledger_append(&hub->ledger, txn, aside->record.kind, aside->record.slot,
			     aside->record.body, NULL, LEDGER_TELL);
}

/* ---- versions ---- */

/* The version is whole here, as it was. */
static void chunks_back(struct hub *hub, struct txn *txn, const struct aside *aside)
{
	char path[LIMIT_PATH_LEN_MAX + 1];
	struct index_sum sum;

	snprintf(path, sizeof(path), "%.*s", (int)aside->version.path.len,
		 (const char *)aside->version.path.ptr);
	if (!held_complete(txn, &aside->of) &&
	    held_index_staged(txn, aside->job, &aside->of, held_closed(&aside->version), &sum))
		fetch_held(hub, txn, &aside->of, path, sum.bytes, sum.count);
}

/* The highest number that a version of the dataset has, whoever has written it. */
static uint64_t number_last(struct hub *hub, struct txn *txn, const struct dataset_id *dataset)
{
	struct ledger_version own;
	struct lookup found;
	uint64_t last = 0;

	if (ledger_version_below(txn, dataset, hub->author, 0, &own))
		last = own.number;
	if (!lookup_dataset(hub, txn, dataset, 0, &found) && found.of.number > last)
		last = found.of.number;
	return last;
}

/* What was to be kept of the dataset holds, also for what has come back. */
static void keep_again(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		       const struct version *before, const struct version *now)
{
	struct own_dataset memory;
	struct digest same;

	if (!own_dataset_get(hub, txn, dataset, &memory))
		return;
	own_dataset_version(&same, before);
	if (id_eq(&same, &memory.version)) {
		own_dataset_version(&memory.version, now);
		own_dataset_put(hub, txn, dataset, &memory);
	}
	own_dataset_keep(hub, txn, &memory.keep, dataset, number_last(hub, txn, dataset));
	secret_wipe(&memory, sizeof(memory));
}

/* The manifest of the version that is aside, from the chunks here. */
static enum err manifest_open(struct txn *txn, const struct dataset_id *dataset,
			      struct packer *packer, struct reader *reader)
{
	struct index_entry entry;
	struct buf chunk;
	enum err err = ERR_OK;

	while (!err && reader_part_next(reader, &entry)) {
		buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
		err = chunks_read(txn, dataset, &entry.addr, &chunk);
		if (!err)
			err = reader_part_add(reader, packer, buf_bytes(&chunk));
		buf_fini(&chunk);
	}
	return err ? err : reader_manifest_done(reader);
}

/* Seals the manifest of the writer, and puts its chunks into the store. */
static enum err manifest_seal(struct hub *hub, struct txn *txn, const struct aside *aside,
			      struct packer *packer, struct writer *writer)
{
	struct piece *piece;
	enum err err = writer_finish(writer);

	while (!err && (piece = writer_take(writer))) {
		err = piece_seal(writer_sealer(writer), packer, hub->options.random, piece);
		if (!err) {
			chunks_put(txn, &aside->of.dataset, &piece->entry.addr,
				   buf_bytes(&piece->sealed));
			writer_accept(writer, piece);
		}
		piece_close(piece);
	}
	return err ? err : writer_err(writer);
}

/* The version under its new number is signed; it is whole here. */
static enum err next_sign(struct hub *hub, struct txn *txn, const struct aside *aside,
			  const struct version *version, const struct index *index)
{
	const struct version_id of = {aside->of.dataset, version->number, hub->author};
	char path[LIMIT_PATH_LEN_MAX + 1];
	struct index_sum sum;

	enum err err = own_dataset_sign(hub, txn, &of, version, NULL);
	if (!err) {
		snprintf(path, sizeof(path), "%.*s", (int)version->path.len,
			 (const char *)version->path.ptr);
		for (size_t i = 0; i < index_count(index); i++)
			held_index_put(txn, &of, index_at(index, i), held_closed(version));
		index_sum(index, &sum);
		fetch_held(hub, txn, &of, path, sum.bytes, sum.count);
		keep_again(hub, txn, &of.dataset, &aside->version, version);
	}
	return err;
}

/* All that is said of it stays, but for its number and what it comes after. */
static enum err next_make(struct hub *hub, struct txn *txn, const struct aside *aside,
			  const struct reading *reading, struct packer *packer,
			  struct reader *reader)
{
	const struct manifest *before = reader_manifest(reader);
	struct version version = reading->version;
	struct lookup last;
	struct writer_params params = {
		.dataset = aside->of.dataset,
		.number = number_last(hub, txn, &aside->of.dataset) + 1,
		.tier = version.tier,
		.dataset_key = reading->dataset_key,
		.epoch_prefix = version.epoch_prefix,
		.epoch_number = version.epoch_number,
		.cut_key = before->cut_key,
	};

	params.has_previous = !lookup_dataset(hub, txn, &params.dataset, 0, &last);
	if (params.has_previous)
		params.previous = last.record;
	struct writer *writer = writer_open(&params);
	enum err err = writer_copy(writer, before);
	if (!err)
		err = manifest_seal(hub, txn, aside, packer, writer);
	if (!err)
		err = writer_done(writer, &version);
	if (!err)
		err = next_sign(hub, txn, aside, &version, writer_index(writer));
	writer_close(writer);
	key_wipe(&params.dataset_key);
	return err;
}

/*
 * Another version has its number, and others have seen that. It stands in the sealed manifest too,
 * so that is made anew.
 */
static enum err version_next(struct hub *hub, struct txn *txn, const struct aside *aside)
{
	struct lookup found = {.of = aside->of,
			       .time_ms = aside->record.time_ms,
			       .version = aside->version,
			       .whole = aside->record.whole};
	struct packer *packer;
	struct reader *reader;
	struct reading reading;
	char why[WHY_LEN];

	record_id(&found.record, &aside->record);
	enum err err = lookup_reading(hub, txn, &found, &reading, why);
	if (err)
		return err;
	packer = packer_open();
	reader = reader_open(&reading.version, &aside->of.dataset, &reading.dataset_key);
	err = manifest_open(txn, &aside->of.dataset, packer, reader);
	if (!err)
		err = next_make(hub, txn, aside, &reading, packer, reader);
	reader_close(reader);
	packer_close(packer);
	reading_fini(&reading);
	chunks_sweep_later(txn, &aside->of.dataset);
	return err;
}

/*
 * The chunks of this one are not here, as another machine has published it: then it keeps its
 * number, and the one here, of which they are, goes on as the next.
 */
static bool swap(struct txn *txn, const struct aside *aside)
{
	struct row_key staged = key_stage_prefix(aside->job);
	struct walk walk = walk_begin(txn, TABLE_STAGE, row_key_bytes(&staged));
	struct record own;
	struct buf copy; /* what is written moves what was read */

	if (walk_next(&walk) || !held_complete(txn, &aside->of))
		return false;
	buf_init(&copy, LIMIT_RECORD_LEN_MAX);
	buf_add(&copy, aside->own.whole);
	bool right = !copy.err && !record_decode(&own, buf_bytes(&copy));
	if (right)
		aside_move(txn, &own);
	buf_fini(&copy);
	return right;
}

static enum err version_again(struct hub *hub, struct txn *txn, const struct aside *aside)
{
	if (current_withdrawn(hub, txn, aside->version.path, author_member(hub->author)) >=
	    aside->of.number)
		return ERR_OK;
	if (aside->has_own && swap(txn, aside))
		return plain_say(hub, txn, aside);
	if (aside->has_own)
		return version_next(hub, txn, aside);
	enum err err = plain_say(hub, txn, aside);
	if (!err) {
		chunks_back(hub, txn, aside);
		keep_again(hub, txn, &aside->of.dataset, &aside->version, &aside->version);
	}
	return err;
}

/* ---- what gives and ends rights ---- */

static bool line_wins(const struct aside *aside)
{
	struct line line, own;

	return !line_get(&line, aside->record.body) && !line_get(&own, aside->own.body) &&
	       line_goes_before(&line, aside->record.body, &own, aside->own.body);
}

static bool withdrawal_wins(const struct aside *aside)
{
	struct withdrawal withdrawal, own;

	return !withdrawal_get(&withdrawal, aside->record.body) &&
	       !withdrawal_get(&own, aside->own.body) && withdrawal.number > own.number;
}

static enum err bar_again(struct hub *hub, struct txn *txn, const struct aside *aside)
{
	enum err err = siblings_bars_take(hub, txn, &aside->record, false);

	return err == ERR_EXISTS ? ERR_OK : err;
}

/* ---- all of it ---- */

static enum err kind_say(struct hub *hub, struct txn *txn, const struct aside *aside)
{
	if (aside->record.kind == RECORD_VERSION)
		return version_again(hub, txn, aside);
	if (!aside->has_own)
		return plain_say(hub, txn, aside);
	if (aside->record.kind == RECORD_BAR)
		return bar_again(hub, txn, aside);
	if ((aside->record.kind == RECORD_LINE && line_wins(aside)) ||
	    (aside->record.kind == RECORD_WITHDRAWAL && withdrawal_wins(aside)))
		return plain_say(hub, txn, aside);
	return ERR_OK;
}

static bool aside_open(struct hub *hub, struct txn *txn, struct aside *aside, struct bytes whole)
{
	struct record *record = &aside->record;

	if (record_decode(record, whole))
		return false;
	aside->of.author = hub->author;
	aside->has_own = aside_own_record(&hub->ledger, txn, record->slot, &aside->own);
	return record->kind != RECORD_VERSION ||
	       (!version_decode(&aside->version, record->body) &&
		!version_slot_get(record->slot, &aside->of.dataset, &aside->of.number));
}

/* ERR_OK: it is said. */
static enum err aside_one(struct hub *hub, struct txn *txn, const struct aside *aside)
{
	const struct record *record = &aside->record;

	if (!aside->has_own || aside->own.kind != record->kind ||
	    !bytes_eq(aside->own.body, record->body))
		return hub->signing == SIGNING_YES ? kind_say(hub, txn, aside) : ERR_AGAIN;
	if (record->kind == RECORD_VERSION)
		chunks_back(hub, txn, aside);
	return ERR_OK;
}

void aside_say(struct hub *hub, struct txn *txn)
{
	struct aside aside = {.job = 0};

	hub->aside_news = false;
	while (hub->author && !txn_err(txn) && aside_next(txn, &aside.job, &aside.record)) {
		struct buf kept; /* what is written moves what was read */
		buf_init(&kept, LIMIT_RECORD_LEN_MAX);
		buf_add(&kept, aside.record.whole);
		if (!aside_open(hub, txn, &aside, buf_bytes(&kept)))
			txn_fail(txn, ERR_CORRUPT);
		else if (!aside_one(hub, txn, &aside))
			aside_drop(txn, aside.job);
		buf_fini(&kept);
	}
}

void aside_forget(struct hub *hub, struct txn *txn, struct bytes path)
{
	struct version version;
	struct record record;
	uint64_t job = 0;

	unsigned_drop(txn, path);
	/* What has not been tried yet is not overtaken. */
	while (!hub->aside_news && !hub->signing_news && aside_next(txn, &job, &record))
		if (record.kind == RECORD_VERSION && !version_decode(&version, record.body) &&
		    bytes_eq(version.path, path))
			aside_drop(txn, job);
}

void aside_each(struct txn *txn, bool (*each)(void *arg, struct bytes path), void *arg)
{
	struct version version;
	struct record record;
	uint64_t job = 0;

	while (aside_next(txn, &job, &record))
		if (record.kind == RECORD_VERSION && !version_decode(&version, record.body) &&
		    !each(arg, version.path))
			return;
}
