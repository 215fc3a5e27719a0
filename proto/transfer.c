#include "proto/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/core_state.h"
#include "proto/held.h"
#include "proto/rights.h"
#include "proto/subscription.h"
#include "proto/withdrawal.h"
#include "store/chunks.h"

enum { TRANSFER_TICK_MS = 1000 };

/* Own datasets are always wanted: they may have been lost. */
static bool wanted(struct core *core, struct txn *txn, const struct message_version *of,
		   const struct version *version)
{
	return of->author == core->author || subscriptions_ask(core, txn, version);
}

/* Fetches the current version of a dataset when it is wanted and not here. known: a version that need not be read again; NULL. */
static void current_want(struct core *core, struct txn *txn, const struct dataset_id *dataset,
			 const struct ledger_arrival *known)
{
	struct ledger_version current;
	struct version read;
	if (ledger_version_current(&core->ledger, txn, dataset, 0, &current, NULL))
		return;
	struct message_version of = {*dataset, current.number, current.author};
	if (held_complete(txn, &of))
		return;
	bool same = known && known->news.author == current.author &&
		    known->news.incarnation == current.incarnation &&
		    known->news.sequence == current.sequence;
	if (!same && held_version(txn, &of, &read))
		return;
	const struct version *version = same ? &known->version : &read;
	if (wanted(core, txn, &of, version))
		fetch_add(core, txn, &of, version, false);
}

/* ---- what is wanted and not here: a few rows each turn ---- */

enum { SCAN_STEP = 512 };

static void scan_path(struct core *core, struct txn *txn, struct bytes value)
{
	struct dataset_id dataset;
	if (value.len != ID_LEN)
		return;
	memcpy(dataset.b, value.ptr, ID_LEN);
	current_want(core, txn, &dataset, NULL);
}

/* Versions that were being fetched when the node stopped, and damaged ones. */
static void scan_held(struct core *core, struct txn *txn, struct bytes key)
{
	struct message_version of;
	struct version version;
	held_of_key(&of, key);
	enum err err = held_version(txn, &of, &version);
	if (err == ERR_ABSENT)
		fetch_drop(core, txn, &of);
	else if (err == ERR_OK && !held_complete(txn, &of) && rights_may_hold(core, txn, &version))
		fetch_add(core, txn, &of, &version, false);
}

static void scan_go(struct transfer *transfer, enum scan_step step)
{
	transfer->scan_step = step;
	transfer->scan_at = (struct row_key){.len = 0};
}

/* The rows of one table, from where the last turn ended. */
static void scan_rows(struct core *core, struct txn *txn, enum table table, enum scan_step next)
{
	struct transfer *transfer = &core->transfer;
	struct row_key *at = &transfer->scan_at;
	struct walk walk =
		walk_begin_at(txn, table, bytes_of(NULL, 0), row_key_bytes(at), at->len == 0);
	for (unsigned i = 0; i < SCAN_STEP; i++) {
		if (!walk_next(&walk)) {
			scan_go(transfer, next);
			return;
		}
		memcpy(at->b, walk.key.ptr, walk.key.len);
		at->len = walk.key.len;
		if (table == TABLE_HELD)
			scan_held(core, txn, row_key_bytes(at));
		else
			scan_path(core, txn, walk.value);
	}
}

static void scan(struct core *core, struct txn *txn)
{
	struct transfer *transfer = &core->transfer;
	if (transfer->scan_step == SCAN_IDLE && transfer->scan_due) {
		transfer->scan_due = false;
		scan_go(transfer, SCAN_HELD);
	}
	if (transfer->scan_step == SCAN_HELD)
		scan_rows(core, txn, TABLE_HELD, SCAN_PATHS);
	else if (transfer->scan_step == SCAN_PATHS)
		scan_rows(core, txn, TABLE_PATH, SCAN_IDLE);
}

void transfer_version_news(struct core *core, struct txn *txn, const struct ledger_arrival *arrival)
{
	const struct ledger_news *news = &arrival->news;
	const struct bytes path = arrival->version.path;
	struct note *note = core_note(core, NOTE_VERSION);
	note->author = news->author;
	note->dataset = news->dataset;
	note->number = news->number;
	snprintf(note->path, sizeof(note->path), "%.*s", (int)path.len, (const char *)path.ptr);
	current_want(core, txn, &news->dataset, arrival);
}

/* ---- wanting ---- */

static void status_fill(struct core *core, struct txn *txn, const struct message_version *of,
			const char *path, struct fetch_status *out)
{
	struct held held;
	const struct fetch *fetch = fetch_find(core, of);
	*out = (struct fetch_status){.state = FETCH_UNKNOWN, .number = of->number};
	snprintf(out->path, sizeof(out->path), "%s", path);
	if (held_get(txn, of, &held) && held.state == HELD_COMPLETE) {
		out->state = FETCH_HELD;
		out->chunk_count = out->chunk_count_all = held.chunks;
		out->bytes = out->bytes_all = held.bytes;
		return;
	}
	if (!fetch)
		return;
	out->chunk_count = fetch->chunk_count;
	out->chunk_count_all = fetch->chunk_count_all;
	out->bytes = fetch->bytes;
	out->bytes_all = fetch->bytes_all;
	for (size_t i = 0; i < core->peer_count && !fetch_no_room(core, of); i++)
		out->source_count += fetch_peer_has(core->peers[i], fetch);
	out->state = out->source_count ? FETCH_RUNNING : FETCH_WAITING;
}

/* Finds a version by path; number 0: the current one. */
static enum err of_path(struct core *core, struct txn *txn, const char *path, uint64_t number,
			struct message_version *of, char *why)
{
	struct row_key key = key_text(bytes_str(path));
	struct bytes value;
	struct ledger_version found;
	struct dataset_id dataset;
	if (path_check(bytes_str(path)) != ERR_OK ||
	    !txn_get(txn, TABLE_PATH, row_key_bytes(&key), &value) || value.len != ID_LEN) {
		if (!withdrawal_why(core, txn, path, number, why))
			why_set(why, "no dataset %.200s is known here: see `allmende ls`.", path);
		return ERR_ABSENT;
	}
	memcpy(dataset.b, value.ptr, ID_LEN);
	if (ledger_version_current(&core->ledger, txn, &dataset, number, &found, NULL) != ERR_OK) {
		if (!withdrawal_why(core, txn, path, number, why))
			why_set(why, "%.200s has no version %llu here: see `allmende log %.200s`.",
				path, (unsigned long long)number, path);
		return ERR_ABSENT;
	}
	*of = (struct message_version){dataset, found.number, found.author};
	return ERR_OK;
}

enum err transfer_want(struct core *core, struct txn *txn, int64_t now_ms, const char *path,
		       uint64_t number, struct fetch_status *out, char *why)
{
	struct message_version of;
	struct version version;
	enum err err = of_path(core, txn, path, number, &of, why);
	if (err == ERR_OK)
		err = held_version(txn, &of, &version);
	if (err != ERR_OK)
		return err;
	/* A former member reads what is here by the keys that it had. */
	bool here = held_complete(txn, &of), former = here && !core->author;
	if (!former && !rights_may_hold(core, txn, &version)) {
		rights_denied(core, txn, bytes_str(path), why);
		return ERR_DENIED;
	}
	if (!former && !rights_may_read(core, txn, &version)) {
		why_set(why,
			"this organisation may hold %.200s, but not read it: "
			"`allmende subscribe --relay %.200s` keeps it for others.",
			path, path);
		return ERR_DENIED;
	}
	if (!here && fetch_no_room(core, &of)) {
		why_set(why,
			"%.200s is not fetched: disk or size limit are nearly reached, and what "
			"is left is for own data; `allmende space` shows what takes the room.",
			path);
		return ERR_NOSPACE;
	}
	if (!here)
		fetch_add(core, txn, &of, &version, true);
	status_fill(core, txn, &of, path, out);
	return ERR_OK;
}

enum err transfer_status(struct core *core, struct txn *txn, const char *path, uint64_t number,
			 struct fetch_status *out, char *why)
{
	struct message_version of;
	enum err err = of_path(core, txn, path, number, &of, why);
	if (err == ERR_OK)
		status_fill(core, txn, &of, path, out);
	return err;
}

bool transfer_fetch(struct core *core, struct txn *txn, size_t index, struct fetch_status *out)
{
	if (index >= core->transfer.fetch_count)
		return false;
	const struct fetch *fetch = core->transfer.fetches[index];
	status_fill(core, txn, &fetch->of, fetch->path, out);
	return true;
}

/* ---- life ---- */

/* Staged rows of publications that a crash or stop ended. */
static void stage_clear(struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_STAGE, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct dataset_id dataset;
		memcpy(dataset.b, walk.key.ptr + 8, ID_LEN);
		uint64_t job = be64_get(walk.key.ptr);
		chunks_sweep_later(txn, &dataset);
		while (chunks_unstage(txn, job, 1024))
			;
	}
}

void transfer_open(struct core *core, struct txn *txn)
{
	buf_init(&core->transfer.subscriptions, 16 * 1024 * 1024);
	subscriptions_load(core, txn);
	stage_clear(txn);
	core->transfer.source_epoch = 1;
	core->transfer.scan_due = true;
	core->transfer.sweep_waits = true;
}

void transfer_close(struct core *core)
{
	struct transfer *transfer = &core->transfer;
	for (size_t i = 0; i < transfer->fetch_count; i++)
		fetch_free(transfer->fetches[i]);
	free(transfer->fetches);
	buf_fini(&transfer->subscriptions);
	free(transfer->held_news);
	free(transfer->publishing);
}

void transfer_tick(struct core *core, struct txn *txn)
{
	scan(core, txn);
}

void transfer_settle(struct core *core, struct txn *txn)
{
	struct transfer *transfer = &core->transfer;
	size_t running = core->options.limits->fetch_count_max;
	for (size_t i = 0, ran = 0; i < transfer->fetch_count && ran < running;) {
		struct fetch *fetch = transfer->fetches[i];
		bool rests = fetch_rests(core, fetch);
		ran += !rests && fetch_has_source(core, fetch) && !fetch_no_room(core, &fetch->of);
		if (rests || fetch_step(core, txn, fetch))
			i++;
	}
	for (size_t i = 0; transfer->held_news_count && i < core->peer_count; i++) {
		if (core->peers[i]->up && core->peers[i]->sync.met)
			serve_holds(core, core->peers[i], transfer->held_news,
				    transfer->held_news_count);
	}
	transfer->held_news_count = 0;
	sweep_step(core, txn);
}

int64_t transfer_wake(const struct core *core)
{
	const struct transfer *transfer = &core->transfer;
	if (transfer->scan_due || transfer->scan_step != SCAN_IDLE || transfer->sweep_waits)
		return core->now_ms;
	int64_t wake = INT64_MAX;
	for (size_t i = 0; i < transfer->fetch_count; i++) {
		const struct fetch *fetch = transfer->fetches[i];
		if (fetch->walk_waits)
			return core->now_ms;
		if (fetch_pardon_ms(fetch) < wake)
			wake = fetch_pardon_ms(fetch);
		if (!fetch_rests(core, fetch) && (fetch->index_link || fetch->request_count))
			wake = core->now_ms + TRANSFER_TICK_MS;
	}
	return wake;
}
