#include "node/files/patrol.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/files/folder.h"

#define ROUND_MS 60000

static void next_push(struct patrol *patrol);

/* On a worker. */
static void places_look(uv_work_t *work)
{
	struct patrol *patrol = work->data;
	const char *lost = NULL; /* a folder that is not there */

	for (size_t i = 0; i < patrol->count; i++) {
		const struct delivery_place *place = &patrol->places[i];
		const struct folder_place at = {place->dir, place->name, patrol->mark,
						place->marked, false};
		struct folder folder;

		patrol->gone[i] = false;
		if (lost && !strcmp(lost, place->dir))
			continue;
		patrol->gone[i] = !folder_stands(&folder, &at);
		patrol->any = patrol->any || patrol->gone[i];
		if (folder.why[0])
			lost = place->dir;
		folder_end(&folder);
	}
}

/* On the core thread. */
static void places_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct patrol *patrol = arg;

	patrol->count = delivery_places(txn, &patrol->at, patrol->places, PATROL_COUNT);
}

static void again_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct patrol *patrol = arg;

	for (size_t i = 0; i < patrol->count; i++)
		if (patrol->gone[i])
			delivery_again(txn, &patrol->places[i]);
}

/* On the loop thread. */
static void round_over(struct patrol *patrol)
{
	patrol->busy = false;
	patrol->at.len = 0;
}

static void again_done(struct turn_item *item)
{
	struct patrol *patrol = item->owner;

	if (!item->err && !patrol->stopping)
		patrol->found(patrol->arg);
	next_push(patrol);
}

static void places_seen(uv_work_t *work, int status)
{
	struct patrol *patrol = work->data;

	if (!status && patrol->any && !patrol->stopping)
		turn_call(patrol->turn, &patrol->item, false, again_run, again_done, patrol);
	else
		next_push(patrol);
}

static void places_done(struct turn_item *item)
{
	struct patrol *patrol = item->owner;

	if (item->err || !patrol->count || patrol->stopping) {
		round_over(patrol);
		return;
	}
	patrol->any = false;
	patrol->work.data = patrol;
	check(uv_queue_work(patrol->loop, &patrol->work, places_look, places_seen) == 0);
}

static void next_push(struct patrol *patrol)
{
	if (patrol->stopping)
		round_over(patrol);
	else
		turn_call(patrol->turn, &patrol->item, true, places_run, places_done, patrol);
}

static void round_fired(uv_timer_t *timer)
{
	struct patrol *patrol = timer->data;

	if (patrol->busy || patrol->stopping)
		return;
	patrol->busy = true;
	next_push(patrol);
}

void patrol_open(struct patrol *patrol)
{
	patrol->places = mem_new(PATROL_COUNT, sizeof(struct delivery_place));
	check(uv_timer_init(patrol->loop, &patrol->timer) == 0);
	patrol->timer.data = patrol;
	uv_timer_start(&patrol->timer, round_fired, 0, ROUND_MS);
}

void patrol_stop(struct patrol *patrol)
{
	patrol->stopping = true;
	uv_timer_stop(&patrol->timer);
}

void patrol_close(struct patrol *patrol)
{
	free(patrol->places);
	uv_close((uv_handle_t *)&patrol->timer, NULL);
}
