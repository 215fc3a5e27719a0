#include "proto/hub/floor.h"

#include <stdlib.h>

#include "crypto/check.h"
#include "proto/hub/hub.h"

enum {
	FLOOR_STEP_MS = 60 * 1000, /* so far ahead it is written, so that few turns write it */
	FLOOR_AUTHOR_MS = 10,      /* for each author walked over the next walk waits so long */
	FLOOR_RAN_STEP_MS = 10 * 60 * 1000, /* how long it has run is written so often */
};
static const char floor_name[] = "floor"; /* META row: be64, time */
static const char ran_name[] = "ran";     /* META row: be64, so many ms */

static int64_t min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void times_set(struct hub *hub)
{
	const struct floor *floor = &hub->floor;

	hub->judge_ms = max(hub->wall_ms, floor->kept_ms);
	hub->act_ms = floor->median_ms ? min(hub->judge_ms, floor->median_ms) : hub->wall_ms;
	ledger_judge(&hub->ledger, hub->judge_ms);
}

void floor_time(struct hub *hub, struct times now)
{
	if (hub->floor.ran_at_ms > 0)
		hub->ran_ms += now.mono_ms - hub->floor.ran_at_ms;
	hub->floor.ran_at_ms = now.mono_ms;
	hub->wall_ms = now.wall_ms;
	hub->mono_ms = now.mono_ms;
	ledger_now(&hub->ledger, now.wall_ms);
	times_set(hub);
}

static int64_t time_get(struct txn *txn, const char *name)
{
	struct row_key key = key_name(name);
	struct bytes row;

	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &row) || row.len != 8)
		return 0;
	return (int64_t)be64_get(row.ptr);
}

static void time_put(struct txn *txn, const char *name, int64_t ms)
{
	struct row_key key = key_name(name);
	uint8_t row[8];

	be64_put(row, (uint64_t)ms);
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_obj(&row));
}

void floor_open(struct hub *hub, struct txn *txn)
{
	hub->floor.kept_ms = hub->floor.stored_ms = time_get(txn, floor_name);
	hub->ran_ms = hub->floor.ran_kept_ms = time_get(txn, ran_name);
	times_set(hub);
}

static int time_cmp(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * PROTOCOL: "Of the nodes of a member the latest head counts, of an even number of members the
 * later one of the two in the middle." Authors come in order of member.
 */
static size_t heads_load(struct hub *hub, struct txn *txn, int64_t **times, size_t *authors)
{
	struct author_state state;
	uint32_t author = 0, member = 0;
	size_t count = 0, cap = 0;

	while (ledger_active_next(&hub->ledger, txn, &author, &state)) {
		++*authors;
		if (state.counter == 0 || author_member(author) == author_member(hub->author))
			continue;
		if (count == 0 || member != author_member(author)) {
			*times = mem_room(*times, count, &cap, sizeof(**times));
			(*times)[count++] = state.head_time_ms;
		}
		member = author_member(author);
		(*times)[count - 1] = max((*times)[count - 1], state.head_time_ms);
	}
	return count;
}

static void median_make(struct hub *hub, struct txn *txn)
{
	int64_t *times = NULL;
	size_t count, authors = 0;

	ledger_settle(&hub->ledger, txn);
	count = heads_load(hub, txn, &times, &authors);
	if (count > 0)
		qsort(times, count, sizeof(*times), time_cmp);
	hub->floor.median_ms = count > 0 ? times[count / 2] : 0;
	hub->floor.settled = hub->ledger.settled_count;
	hub->floor.keys = hub->keys_epoch;
	hub->floor.next_ms = hub->mono_ms + FLOOR_AUTHOR_MS * (int64_t)authors;
	free(times);
}

/* While nobody is known there is hardly anything to walk over, and the first head counts. */
static bool median_due(const struct hub *hub)
{
	const struct floor *floor = &hub->floor;

	return (floor->settled != hub->ledger.settled_count || floor->keys != hub->keys_epoch ||
		floor->next_ms == 0) &&
	       (floor->median_ms == 0 || hub->mono_ms >= floor->next_ms);
}

/* What is on the disk is never less than what was judged by, whenever the process ends. */
static void floor_keep(struct hub *hub, struct txn *txn, int64_t highest_ms)
{
	struct floor *floor = &hub->floor;

	if (floor->kept_ms <= floor->stored_ms)
		return;
	floor->stored_ms = min(floor->kept_ms + FLOOR_STEP_MS, highest_ms);
	time_put(txn, floor_name, floor->stored_ms);
}

static void ran_keep(struct hub *hub, struct txn *txn)
{
	if (hub->ran_ms - hub->floor.ran_kept_ms < FLOOR_RAN_STEP_MS)
		return;
	hub->floor.ran_kept_ms = hub->ran_ms;
	time_put(txn, ran_name, hub->ran_ms);
}

void floor_turn(struct hub *hub, struct txn *txn)
{
	struct floor *floor = &hub->floor;

	/*
	 * PROTOCOL: "The floor rises with the clock, but at most to 26 hours after the median of
	 * the times of the other members' latest heads."
	 */
	if (median_due(hub))
		median_make(hub, txn);
	if (floor->median_ms > 0) {
		int64_t highest_ms = floor->median_ms + (int64_t)hub->options.limits->head_valid_ms;
		floor->kept_ms = max(floor->kept_ms, min(hub->wall_ms, highest_ms));
		floor_keep(hub, txn, highest_ms);
	}
	ran_keep(hub, txn);
	times_set(hub);
}
