#include "node/base/turn.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/base/clock.h"
#include "node/base/space.h"
#include "proto/membership/membership.h"

#define IDLE_MS_MAX        10000 /* the clock may be set: look at it now and then */
#define FAULT_PAUSE_MS     1000
#define TURN_RESERVE_BYTES (UINT64_C(4) << 20) /* of disk: what turns without much news need */
#define QUERIES_NS_MAX     20000000 /* after which it is a turn's time again, if one is due */

struct lane {
	struct turn_item *first, **end;
};

struct turn {
	struct turn_options options;
	uv_thread_t thread;

	/* loop thread */
	size_t waiting_bytes; /* pushed, not yet back */
	uint32_t generation;

	/* shared, under the lock */
	uv_mutex_t lock;
	uv_cond_t wake;
	struct lane control, bulk, queries;
	struct turn_batch *batches, **batches_end;
	bool stop, opened;
	enum err open_err;
	struct turn_stats stats;

	/* core thread */
	struct core *core;
	bool settled; /* it has made a turn since it was opened, so nothing waits to be written */
	uint32_t core_generation;
	enum err fault; /* of the last failed turn */
	struct inbox inbox;
};

static void lane_init(struct lane *lane)
{
	lane->first = NULL;
	lane->end = &lane->first;
}

static void lane_add(struct lane *lane, struct turn_item *item)
{
	item->next = NULL;
	*lane->end = item;
	lane->end = &item->next;
}

static struct turn_item *lane_take(struct lane *lane)
{
	struct turn_item *item = lane->first;

	lane->first = item->next;
	if (!lane->first)
		lane->end = &lane->first;
	return item;
}

static enum err open_core(struct turn *turn)
{
	struct txn *txn = txn_begin(turn->options.db, true);
	enum err err = core_open(&turn->core, &turn->options.core, txn, clock_times());

	turn->settled = false;
	if (err) {
		turn->core = NULL;
		txn_abort(txn);
		return err;
	}
	err = txn_commit(txn);
	if (err) {
		core_close(turn->core);
		turn->core = NULL;
	}
	return err;
}

/* When something of the inbox may be taken, as mono_ms. */
static int64_t waits_ms(struct turn *turn, struct times now)
{
	return turn->core ? inbox_wake(&turn->inbox, core_hub(turn->core), now.mono_ms) : INT64_MAX;
}

/* When there is something to do for the core. */
static int64_t next_ms(struct turn *turn, struct times now)
{
	int64_t wake = turn->core ? core_wake(turn->core, now) : INT64_MAX;
	int64_t waits = waits_ms(turn, now);

	return waits < wake ? waits : wake;
}

/* Waits for work, until the core's next deadline at the latest; false when the thread is to end. */
static bool wait_for_work(struct turn *turn)
{
	bool work = true;

	uv_mutex_lock(&turn->lock);
	while (!turn->control.first && !turn->bulk.first && !turn->queries.first) {
		struct times times = clock_times();
		int64_t now = times.mono_ms;
		int64_t wake = next_ms(turn, times);

		if (turn->stop && waits_ms(turn, times) > now) {
			work = false;
			break;
		}
		if (wake <= now)
			break;
		wake = wake - now < IDLE_MS_MAX ? wake - now : IDLE_MS_MAX;
		uv_cond_timedwait(&turn->wake, &turn->lock, (uint64_t)wake * 1000000);
	}
	uv_mutex_unlock(&turn->lock);
	return work;
}

static void item_wait(struct turn *turn, struct turn_item *item)
{
	item->waits = (struct inbox_item){.event = &item->event};
	if (item->bulk)
		item->waits.bulk = item->weight;
	inbox_put(&turn->inbox, &item->waits);
}

/* What was pushed goes into the inbox; what is meant for a core that failed comes back. */
static struct turn_item *take_items(struct turn *turn)
{
	struct lane pushed, stale;

	lane_init(&pushed);
	lane_init(&stale);
	uv_mutex_lock(&turn->lock);
	while (turn->control.first)
		lane_add(&pushed, lane_take(&turn->control));
	while (turn->bulk.first)
		lane_add(&pushed, lane_take(&turn->bulk));
	uv_mutex_unlock(&turn->lock);
	while (pushed.first) {
		struct turn_item *item = lane_take(&pushed);
		if (turn->core && item->generation == turn->core_generation)
			item_wait(turn, item);
		else
			lane_add(&stale, item);
	}
	for (struct turn_item *item = stale.first; item; item = item->next)
		item->err = turn->fault;
	return stale.first;
}

static struct turn_item *item_of(struct inbox_item *waits)
{
	return (struct turn_item *)(void *)((char *)waits - offsetof(struct turn_item, waits));
}

/* What the turn has taken from the inbox goes before the items of a batch. */
static void take_back(struct turn *turn, struct turn_batch *batch, enum err err)
{
	struct lane taken;

	lane_init(&taken);
	for (struct inbox_item *waits = inbox_taken(&turn->inbox); waits;) {
		struct turn_item *item = item_of(waits);
		waits = waits->next;
		item->err = err;
		lane_add(&taken, item);
	}
	*taken.end = batch->items;
	batch->items = taken.first;
}

/* NULL: none waits. */
static struct turn_item *take_query(struct turn *turn)
{
	struct turn_item *item = NULL;

	uv_mutex_lock(&turn->lock);
	if (turn->queries.first)
		item = lane_take(&turn->queries);
	uv_mutex_unlock(&turn->lock);
	if (item)
		item->next = NULL;
	return item;
}

static void tell_certificate(struct turn *turn, struct turn_batch *batch)
{
	struct certificate certificate;
	struct buf entry;

	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	batch->has_certificate = true;
	batch->linkable = core_certificate(turn->core, &certificate, &entry, &batch->fed);
	if (batch->linkable)
		certificate_put(&batch->certificate, &certificate);
	batch->linkable = batch->linkable && !entry.err && !batch->certificate.err;
	buf_fini(&entry);
}

static const char *home_slug(const struct turn_batch *batch, struct bytes home)
{
	for (size_t i = 0; i < batch->home_count; i++)
		if (bytes_eq(bytes_str(batch->homes[i].home), home))
			return batch->homes[i].slug;
	return NULL;
}

static void tell_home(struct turn_batch *batch, const struct charter *charter, const char *path)
{
	const struct bytes home = path_slug(bytes_str(path));
	char shown[LIMIT_PATH_LEN_MAX + 1];
	struct turn_home *row;

	if (home_slug(batch, home) || !charter_path_shown(charter, home, shown))
		return;
	batch->homes =
		mem_room(batch->homes, batch->home_count, &batch->home_cap, sizeof(*batch->homes));
	row = &batch->homes[batch->home_count++];
	snprintf(row->home, sizeof(row->home), "%.*s", (int)home.len, (const char *)home.ptr);
	snprintf(row->slug, sizeof(row->slug), "%.*s", CHARTER_SLUG_LEN_MAX, shown);
}

static void tell_slugs(struct turn *turn, struct turn_batch *batch)
{
	struct membership_status status;

	membership_status(core_hub(turn->core), &status);
	for (size_t i = 0; status.charter && i < batch->effects.count; i++) {
		const struct note *note = batch->effects.items[i].note;
		const struct charter_member *member;
		struct turn_slug slug;

		if (note && status.charter->rename_count > 0)
			tell_home(batch, status.charter, note->path);
		if (!note || !note->author || turn_batch_slug(batch, note->author))
			continue;
		member = charter_member(status.charter, author_member(note->author));
		if (!member)
			continue;
		slug.author = note->author;
		memcpy(slug.slug, member->slug, sizeof(slug.slug));
		batch->slugs =
			mem_room(batch->slugs, batch->slug_count, &batch->slug_cap, sizeof(slug));
		batch->slugs[batch->slug_count++] = slug;
	}
}

static bool certificate_changed(const struct turn_batch *batch)
{
	for (size_t i = 0; i < batch->effects.count; i++)
		if (batch->effects.items[i].type == EFFECT_CERTIFICATE)
			return true;
	return false;
}

static struct turn_batch *batch_new(struct turn_item *items)
{
	struct turn_batch *batch = mem_new(1, sizeof(*batch));

	batch->items = items;
	effects_init(&batch->effects);
	buf_init(&batch->certificate, LIMIT_ORGLOG_ENTRY_LEN_MAX + 1024);
	return batch;
}

static void batch_release(struct turn *turn, struct turn_batch *batch)
{
	uv_mutex_lock(&turn->lock);
	*turn->batches_end = batch;
	turn->batches_end = &batch->next;
	uv_mutex_unlock(&turn->lock);
	turn->options.ready(turn->options.arg);
}

/* The core's memory may hold what the store does not: it is opened again from what is there. */
static void start_over(struct turn *turn, struct turn_batch *batch)
{
	effects_reset(&batch->effects);
	core_close(turn->core);
	turn->fault = batch->err;
	turn->core_generation++;
	inbox_drain(&turn->inbox); /* it was meant for the core that is no more */
	batch->fatal = open_core(turn);
}

const double turn_bucket_seconds[TURN_BUCKET_COUNT] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3};

static void stats_begin(struct turn *turn, int64_t now_ms)
{
	uv_mutex_lock(&turn->lock);
	turn->stats.busy_since_ms = now_ms;
	uv_mutex_unlock(&turn->lock);
}

static void stats_end(struct turn *turn, enum err err, uint64_t commit_ns)
{
	struct turn_stats *stats = &turn->stats;
	size_t i = 0;

	while (i < TURN_BUCKET_COUNT && (double)commit_ns > turn_bucket_seconds[i] * 1e9)
		i++;
	uv_mutex_lock(&turn->lock);
	stats->busy_since_ms = 0;
	stats->count++;
	stats->failed += err ? 1 : 0;
	stats->err = err;
	stats->commit_us += commit_ns / 1000;
	if (i < TURN_BUCKET_COUNT)
		stats->buckets[i]++;
	uv_mutex_unlock(&turn->lock);
}

static void stats_query(struct turn *turn, enum err err)
{
	uv_mutex_lock(&turn->lock);
	turn->stats.busy_since_ms = 0;
	turn->stats.query_count++;
	turn->stats.query_failed += err ? 1 : 0;
	uv_mutex_unlock(&turn->lock);
}

struct turn_stats turn_stats(struct turn *turn)
{
	struct turn_stats stats;

	uv_mutex_lock(&turn->lock);
	stats = turn->stats;
	uv_mutex_unlock(&turn->lock);
	return stats;
}

static void tell_room(struct turn *turn)
{
	struct space space;
	struct room room;

	db_reserve(turn->options.db, TURN_RESERVE_BYTES);
	space_take(&space, turn->options.db, turn->options.dir,
		   turn->options.core.limits->store_bytes_max);
	room = space_room(&space);
	core_room(turn->core, &room);
}

static void run_turn(struct turn *turn)
{
	struct turn_batch *batch = batch_new(take_items(turn));
	struct times now = clock_times();
	uint64_t commit_ns;
	struct txn *txn;

	stats_begin(turn, now.wall_ms);
	tell_room(turn);
	txn = txn_begin(turn->options.db, true);
	core_turn(turn->core, txn, now, &turn->inbox, &batch->effects);
	commit_ns = uv_hrtime();
	batch->err = txn_commit(txn);
	stats_end(turn, batch->err, uv_hrtime() - commit_ns);
	turn->settled = true;
	if (batch->err)
		start_over(turn, batch);
	take_back(turn, batch, batch->err);
	if (!batch->err)
		tell_slugs(turn, batch);
	if (turn->core && (batch->err || certificate_changed(batch)))
		tell_certificate(turn, batch);
	batch_release(turn, batch);
}

/* Items, or a deadline of the core. */
static bool turn_is_due(struct turn *turn)
{
	struct times now = clock_times();
	bool due;

	uv_mutex_lock(&turn->lock);
	due = turn->control.first || turn->bulk.first;
	uv_mutex_unlock(&turn->lock);
	return due || next_ms(turn, now) <= now.mono_ms;
}

static enum err query_core(struct turn *turn, const struct event *event)
{
	struct txn *txn = txn_begin(turn->options.db, false);
	struct times now = clock_times();
	enum err err;

	stats_begin(turn, now.wall_ms);
	core_query(turn->core, txn, now, event->run, event->arg);
	err = txn_err(txn);
	txn_abort(txn);
	stats_query(turn, err);
	return err;
}

static void run_query(struct turn *turn, struct turn_item *item)
{
	struct turn_batch *batch = batch_new(item);

	if (item->generation != turn->core_generation || !turn->settled)
		item->err = turn->fault; /* that of the turn before */
	else
		item->err = batch->err = query_core(turn, &item->event);
	if (batch->err)
		start_over(turn, batch);
	take_back(turn, batch, batch->err);
	if (batch->err && turn->core)
		tell_certificate(turn, batch);
	batch_release(turn, batch);
}

/* Some of those that wait, one at least. After a turn, so the core has settled. */
static void run_queries(struct turn *turn)
{
	uint64_t end_ns = uv_hrtime() + QUERIES_NS_MAX;
	uint32_t generation = turn->core_generation;
	struct turn_item *item;

	while (turn->core && (item = take_query(turn))) {
		run_query(turn, item);
		if (uv_hrtime() >= end_ns || turn->core_generation != generation)
			return;
	}
}

/* Without a core everybody is told why. */
static void refuse_turn(struct turn *turn)
{
	struct turn_batch *batch = batch_new(take_items(turn));
	struct turn_item *query;

	while ((query = take_query(turn))) {
		query->next = batch->items;
		batch->items = query;
	}
	for (struct turn_item *item = batch->items; item; item = item->next)
		item->err = turn->fault;
	batch_release(turn, batch);
}

/* What nobody will take any more goes back to its owners. */
static void give_back(struct turn *turn)
{
	struct turn_batch *batch = batch_new(NULL);

	inbox_drain(&turn->inbox);
	take_back(turn, batch, ERR_BUSY);
	batch_release(turn, batch);
}

/* Unless somebody asks: the core by itself would try again at once. */
static void pause_after_fault(struct turn *turn)
{
	uv_mutex_lock(&turn->lock);
	if (!turn->stop && !turn->control.first && !turn->bulk.first && !turn->queries.first)
		uv_cond_timedwait(&turn->wake, &turn->lock, FAULT_PAUSE_MS * UINT64_C(1000000));
	uv_mutex_unlock(&turn->lock);
}

static void tell_opened(struct turn *turn, enum err err)
{
	uv_mutex_lock(&turn->lock);
	turn->opened = true;
	turn->open_err = err;
	uv_cond_broadcast(&turn->wake);
	uv_mutex_unlock(&turn->lock);
}

static void thread_main(void *arg)
{
	struct turn *turn = arg;
	enum err err = open_core(turn);
	struct turn_batch *batch;

	tell_opened(turn, err);
	if (err)
		return;
	/* the first certificate, before anything happens */
	batch = batch_new(NULL);
	tell_certificate(turn, batch);
	batch_release(turn, batch);
	while (wait_for_work(turn)) {
		uint32_t generation = turn->core_generation;

		if (!turn->core)
			refuse_turn(turn);
		else if (!turn->settled || turn_is_due(turn))
			run_turn(turn);
		run_queries(turn);
		if (turn->core_generation != generation)
			pause_after_fault(turn);
	}
	give_back(turn);
	if (turn->core)
		core_close(turn->core);
	turn->core = NULL;
}

enum err turn_start(struct turn **out, const struct turn_options *options)
{
	struct turn *turn = mem_new(1, sizeof(*turn));
	enum err err;

	turn->options = *options;
	lane_init(&turn->control);
	lane_init(&turn->bulk);
	lane_init(&turn->queries);
	inbox_init(&turn->inbox);
	turn->batches_end = &turn->batches;
	check(uv_mutex_init(&turn->lock) == 0 && uv_cond_init(&turn->wake) == 0);
	check(uv_thread_create(&turn->thread, thread_main, turn) == 0);
	uv_mutex_lock(&turn->lock);
	while (!turn->opened)
		uv_cond_wait(&turn->wake, &turn->lock);
	err = turn->open_err;
	uv_mutex_unlock(&turn->lock);
	if (err) {
		turn_stop(turn);
		turn_free(turn);
		return err;
	}
	*out = turn;
	return ERR_OK;
}

void turn_stop(struct turn *turn)
{
	uv_mutex_lock(&turn->lock);
	turn->stop = true;
	uv_cond_broadcast(&turn->wake);
	uv_mutex_unlock(&turn->lock);
	uv_thread_join(&turn->thread);
}

void turn_free(struct turn *turn)
{
	check(!turn->batches);
	uv_cond_destroy(&turn->wake);
	uv_mutex_destroy(&turn->lock);
	inbox_fini(&turn->inbox);
	free(turn);
}

void turn_push(struct turn *turn, struct turn_item *item)
{
	struct lane *lane = item->query  ? &turn->queries
			    : item->bulk ? &turn->bulk
					 : &turn->control;

	check(!item->query || item->event.type == EVENT_CALL);
	item->generation = turn->generation;
	turn->waiting_bytes += item->weight;
	uv_mutex_lock(&turn->lock);
	lane_add(lane, item);
	uv_cond_broadcast(&turn->wake);
	uv_mutex_unlock(&turn->lock);
}

void turn_call(struct turn *turn, struct turn_item *item, bool query, turn_run *run,
	       void (*done)(struct turn_item *item), void *owner)
{
	*item = (struct turn_item){
		.event = {.type = EVENT_CALL, .run = run, .arg = owner},
		.weight = item->weight,
		.bulk = item->bulk,
		.query = query,
		.done = done,
		.owner = owner,
	};
	turn_push(turn, item);
}

static void bad_done(struct turn_item *item)
{
	free(item);
}

void turn_push_bad(struct turn *turn, const struct dataset_id *dataset,
		   const struct chunk_addr *addr)
{
	struct turn_item *item = mem_new(1, sizeof(*item));

	item->event = (struct event){.type = EVENT_CHUNK_BAD};
	item->event.dataset = *dataset;
	item->event.addr = *addr;
	item->done = bad_done;
	turn_push(turn, item);
}

bool turn_room(const struct turn *turn)
{
	return turn->waiting_bytes < TURN_WAITING_BYTES_MAX;
}

struct turn_batch *turn_take(struct turn *turn)
{
	struct turn_batch *batch;

	uv_mutex_lock(&turn->lock);
	batch = turn->batches;
	if (batch) {
		turn->batches = batch->next;
		if (!turn->batches)
			turn->batches_end = &turn->batches;
	}
	uv_mutex_unlock(&turn->lock);
	if (!batch)
		return NULL;
	for (struct turn_item *item = batch->items; item; item = item->next)
		turn->waiting_bytes -= item->weight;
	if (batch->err)
		turn->generation++;
	return batch;
}

const char *turn_batch_slug(const struct turn_batch *batch, uint32_t author)
{
	for (size_t i = 0; i < batch->slug_count; i++)
		if (batch->slugs[i].author == author)
			return batch->slugs[i].slug;
	return NULL;
}

void turn_batch_path(const struct turn_batch *batch, const char *path,
		     char out[LIMIT_PATH_LEN_MAX + 1])
{
	const struct bytes home = path_slug(bytes_str(path));
	const char *slug = home_slug(batch, home);

	snprintf(out, LIMIT_PATH_LEN_MAX + 1, "%s%s", slug ? slug : "",
		 slug ? path + home.len : path);
}

void turn_batch_free(struct turn_batch *batch)
{
	effects_fini(&batch->effects);
	buf_fini(&batch->certificate);
	free(batch->slugs);
	free(batch->homes);
	free(batch);
}
