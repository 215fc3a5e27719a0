#include "proto/transfer/scan.h"
#include "proto/transfer/allot.h"
#include "proto/transfer/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/ledger/held.h"
#include "proto/rights/rights.h"
#include "proto/transfer/subscription.h"
#include "proto/transfer/sweep.h"
#include "proto/transfer/whole.h"
#include "proto/rights/current.h"
#include "store/chunks.h"

enum {
	SCAN_TICK_MS = 1000,
	SCAN_ROOM_MS = 5000, /* whether there is room meanwhile: nobody tells */
};

/*
 * Own datasets are always wanted: they may have been lost. PROTOCOL: "An owner that lets others
 * write in its namespace holds what they write there."
 */
bool scan_wanted(struct hub *hub, struct txn *txn, const struct version_id *of,
		 const struct version *version)
{
	return of->author == hub->author ||
	       (version->has_grant &&
		rights_own_namespace(hub, &hub->options.identity->org, version->path)) ||
	       subscriptions_ask(hub, txn, version);
}

/* One that was taken over has the chunks of the one that it was: nothing need be fetched again. */
static bool adopted(struct hub *hub, struct txn *txn, const struct version_id *of,
		    const struct version *version)
{
	char path[LIMIT_PATH_LEN_MAX + 1];
	struct version other;
	struct held held;
	uint32_t author = 0;

	while (ledger_version_author(txn, &of->dataset, &author)) {
		const struct version_id from = {of->dataset, of->number, author};
		if (author == of->author || !held_complete(txn, &from) ||
		    held_version(txn, &from, &other) ||
		    !index_sum_eq(&other.index, &version->index) ||
		    !held_copy(txn, &from, of, held_closed(version)) || !held_get(txn, of, &held))
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)version->path.len,
			 (const char *)version->path.ptr);
		fetch_held(hub, txn, of, path, held.bytes, held.chunks);
		return true;
	}
	return false;
}

/*
 * Fetches the current version of a dataset when it is wanted and not here. known: a version that
 * need not be read again; NULL.
 */
static void current_want(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			 const struct ledger_arrival *known)
{
	struct ledger_version current;
	struct version read;
	if (current_find(hub, txn, dataset, 0, &current, NULL))
		return;
	struct version_id of = {*dataset, current.number, current.author};
	if (held_complete(txn, &of))
		return;
	bool same = known && known->news.author == current.author &&
		    known->news.incarnation == current.incarnation &&
		    known->news.sequence == current.sequence;
	if (!same && held_version(txn, &of, &read))
		return;
	const struct version *version = same ? &known->version : &read;
	if (scan_wanted(hub, txn, &of, version) && !adopted(hub, txn, &of, version))
		fetch_add(hub, txn, &of, version, false);
}

/* ---- what is wanted and not here: a few rows each turn ---- */

enum {
	SCAN_STEP = 512,
	SCAN_LOOKS_MAX = 64 * 1024, /* at small versions, times peers, in one turn */
};

static void scan_path(struct hub *hub, struct txn *txn, struct bytes value)
{
	struct dataset_id dataset;
	if (value.len != ID_LEN)
		return;
	memcpy(dataset.b, value.ptr, ID_LEN);
	current_want(hub, txn, &dataset, NULL);
}

/* The record has gone because its author is out: what is here of it is void, see voids.h. */
static bool is_of_nobody(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	struct sign_pk pk;

	return author_member(of->author) != author_member(hub->author) && held_complete(txn, of) &&
	       ledger_author_kept(&hub->ledger, txn, of->author, &pk);
}

/* Versions that were being fetched when the node stopped, and damaged ones; no abandoned parts. */
static void scan_held(struct hub *hub, struct txn *txn, struct bytes key)
{
	struct version_id of;
	struct version version;
	struct held held;
	held_of_key(&of, key);
	if (held_get(txn, &of, &held) && held.state == HELD_INDEXED && held.void_hours > 0)
		return;
	enum err err = held_version(txn, &of, &version);
	if (err == ERR_ABSENT && !is_of_nobody(hub, txn, &of))
		fetch_drop(hub, txn, &of);
	else if (!err && !held_complete(txn, &of) && rights_may_hold(hub, txn, &version))
		fetch_add(hub, txn, &of, &version, false);
}

static void scan_go(struct transfer *transfer, enum scan_step step)
{
	transfer->scan_step = step;
	transfer->scan_at = (struct row_key){.len = 0};
}

/* The rows of one table, from where the last turn ended. */
static void scan_rows(struct hub *hub, struct txn *txn, enum table table, enum scan_step next)
{
	struct transfer *transfer = hub->transfer;
	struct row_key *at = &transfer->scan_at;
	struct walk walk =
		walk_begin_at(txn, table, bytes_of(NULL, 0), row_key_bytes(at), at->len == 0);
	for (unsigned i = 0; i < SCAN_STEP; i++) {
		transfer->scan_full = fetches_full(hub);
		if (transfer->scan_full) /* goes on from here */
			return;
		if (!walk_next(&walk)) {
			scan_go(transfer, next);
			return;
		}
		memcpy(at->b, walk.key.ptr, walk.key.len);
		at->len = walk.key.len;
		if (table == TABLE_HELD)
			scan_held(hub, txn, row_key_bytes(at));
		else
			scan_path(hub, txn, walk.value);
	}
}

static void unwanted_stop(struct hub *hub, struct txn *txn)
{
	hub->transfer->unsubscribed = false;
	for (size_t i = hub->transfer->fetch_count; i-- > 0;) {
		struct fetch *fetch = hub->transfer->fetches[i];
		struct version version;
		if (!fetch->asked_ms && !held_version(txn, &fetch->of, &version) &&
		    !scan_wanted(hub, txn, &fetch->of, &version))
			fetch_stop(hub, txn, fetch);
	}
}

/* Subscriptions are to be compared with the catalogue, once there is room for what they ask for. */
static bool is_due(const struct hub *hub)
{
	const struct transfer *transfer = hub->transfer;
	bool room = transfer->fetch_count <= FETCHES_MAX / 2;

	if (transfer->scan_step != SCAN_IDLE)
		return !transfer->scan_full || room;
	return transfer->scan_epoch != hub->wanted_epoch || (transfer->scan_missed && room);
}

static void scan_step(struct hub *hub, struct txn *txn)
{
	struct transfer *transfer = hub->transfer;

	if (transfer->scan_step == SCAN_IDLE) {
		transfer->scan_epoch = hub->wanted_epoch;
		transfer->scan_missed = false;
		scan_go(transfer, SCAN_HELD);
	}
	if (transfer->scan_step == SCAN_HELD)
		scan_rows(hub, txn, TABLE_HELD, SCAN_PATHS);
	else
		scan_rows(hub, txn, TABLE_PATH, SCAN_IDLE);
}

void scan_tick(struct hub *hub, struct txn *txn)
{
	struct transfer *transfer = hub->transfer;
	if (transfer->unsubscribed)
		unwanted_stop(hub, txn);
	if (is_due(hub))
		scan_step(hub, txn);
	source_guess(hub);
	voids_tick(hub, txn);
}

/* Else no version there is wanted, whichever is the current one. */
static bool path_wanted(const struct hub *hub, uint32_t author, struct bytes path)
{
	return author == hub->author ||
	       rights_own_namespace(hub, &hub->options.identity->org, path) ||
	       subscriptions_match(hub, path);
}

void scan_version(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	const struct ledger_news *news = &arrival->news;
	const struct bytes path = arrival->version.path;
	struct note *note = hub_note(hub, NOTE_VERSION);
	note->author = news->author;
	note->dataset = news->dataset;
	note->number = news->number;
	snprintf(note->path, sizeof(note->path), "%.*s", (int)path.len, (const char *)path.ptr);
	holds_known(hub, &(struct version_id){news->dataset, news->number, news->author});
	if (path_wanted(hub, news->author, path))
		current_want(hub, txn, &news->dataset, arrival);
}

/* ---- life ---- */

/* Staged rows of publications that a crash or stop ended; what waits, or is aside, stays. */
static void stage_clear(struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_STAGE, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct dataset_id dataset;
		memcpy(dataset.b, walk.key.ptr + 8, ID_LEN);
		uint64_t job = be64_get(walk.key.ptr);
		struct row_key waits = key_stage_prefix(job);
		if (txn_has(txn, TABLE_UNSIGNED, row_key_bytes(&waits)) ||
		    txn_has(txn, TABLE_ASIDE, row_key_bytes(&waits)))
			continue;
		chunks_sweep_later(txn, &dataset);
		while (chunks_unstage(txn, job, 1024))
			;
	}
}

void scan_open(struct hub *hub, struct txn *txn)
{
	buf_init(&hub->transfer->subscriptions, 16 * 1024 * 1024);
	subscriptions_load(hub, txn);
	stage_clear(txn);
	hub->wanted_epoch++;
	hub->transfer->sweep_waits = true;
}

void scan_close(struct hub *hub)
{
	struct transfer *transfer = hub->transfer;
	fetches_close(hub);
	buf_fini(&transfer->subscriptions);
	free(transfer->held_news);
	free(transfer->publishing);
}

/*
 * Whether a look at a small version may lead to something: it is not on its way, and there is
 * somebody who may be asked for one more.
 */
static bool whole_looks(const struct hub *hub, const struct fetch *fetch, size_t *room)
{
	if (fetch->waits || (fetch->index_link && hub->mono_ms - fetch->index_ms < FETCH_INDEX_MS))
		return false;
	if (*room == SIZE_MAX) {
		*room = 0;
		for (size_t i = 0; i < hub->peers.count; i++)
			*room += source_whole_room(hub->peers.items[i]);
	}
	return *room > 0;
}

/* In order; small ones run beside the first limits.fetch_count_max of the others. */
static void fetches_look(struct hub *hub, struct txn *txn)
{
	struct transfer *transfer = hub->transfer;
	const size_t running = hub->options.limits->fetch_count_max;
	size_t ran = 0, looks = 0, room = SIZE_MAX;

	for (size_t i = 0; i < transfer->fetch_count;) {
		struct fetch *fetch = transfer->fetches[i];
		bool small = whole_may(hub, fetch), rests = fetch_rests(hub, fetch);
		if (!small && ran >= running) {
			i++;
			continue;
		}
		ran += !small && !rests && source_any(hub, fetch) && !fetch->waits;
		bool look = !rests &&
			    (!small || (looks < SCAN_LOOKS_MAX && whole_looks(hub, fetch, &room)));
		if (look && small) {
			looks += hub->peers.count;
			room = SIZE_MAX;
		}
		if (!look || fetch_step(hub, txn, fetch))
			i++;
	}
	whole_settle(hub);
}

void scan_settle(struct hub *hub, struct txn *txn)
{
	struct transfer *transfer = hub->transfer;
	transfer->settled_ms = hub->mono_ms;
	allot_all(hub, txn);
	fetches_look(hub, txn);
	for (size_t i = 0; transfer->held_news_count && i < hub->peers.count; i++) {
		if (hub->peers.items[i]->up && hub->peers.items[i]->met)
			holds_tell(hub, hub->peers.items[i], transfer->held_news,
				   transfer->held_news_count);
	}
	transfer->held_news_count = 0;
	sweep_step(hub, txn);
}

int64_t scan_wake(const struct hub *hub)
{
	const struct transfer *transfer = hub->transfer;
	if (is_due(hub) || transfer->unsubscribed || transfer->sweep_waits)
		return hub->mono_ms;
	int64_t wake = voids_wake(hub);
	for (size_t i = 0; i < transfer->fetch_count; i++) {
		const struct fetch *fetch = transfer->fetches[i];
		int64_t wait_ms = INT32_MAX;
		if (fetch->walk_waits)
			return hub->mono_ms;
		if (source_pardon_ms(fetch) < wake)
			wake = source_pardon_ms(fetch);
		if (!fetch->source && transfer->guess_ms < wake)
			wake = transfer->guess_ms;
		if (!fetch_rests(hub, fetch) && (fetch->index_link || fetch->request_count))
			wait_ms = SCAN_TICK_MS;
		else if (fetch->waits)
			wait_ms = SCAN_ROOM_MS;
		if (transfer->settled_ms + wait_ms < wake)
			wake = transfer->settled_ms + wait_ms;
	}
	return wake;
}
