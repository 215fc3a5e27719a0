#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/index/indexer_internal.h"

#define LOOK_MS    1000   /* between two looks whether rights have changed */
#define WALK_MS    600000 /* between two walks though nothing was heard */
#define WALK_SHARE 20     /* times as long as a walk took it rests */
#define AGAIN_MS   2000   /* after a fault */
#define HEARD_MAX  4096   /* datasets */

static void index_go_on(struct indexer *indexer);

/* ---- what was heard ---- */

static void hear(struct indexer *indexer, const char *stored, const struct dataset_id *dataset)
{
	for (size_t i = 0; i < indexer->heard_count; i++)
		if (id_eq(&indexer->heard[i].dataset, dataset))
			return;
	if (indexer->heard_count == HEARD_MAX) {
		indexer->heard_count = 0;
		indexer->walk_due = true;
		return;
	}
	indexer->heard = mem_room(indexer->heard, indexer->heard_count, &indexer->heard_cap,
				  sizeof(*indexer->heard));
	struct heard *heard = &indexer->heard[indexer->heard_count++];
	heard->dataset = *dataset;
	snprintf(heard->stored, sizeof(heard->stored), "%s", stored);
}

/* Whether the note is about one dataset. */
static bool is_of_one(const struct note *note)
{
	return note->type == NOTE_VERSION || note->type == NOTE_HELD ||
	       note->type == NOTE_WITHDRAWN || note->type == NOTE_DAMAGED ||
	       note->type == NOTE_VOID;
}

static bool is_of_all(const struct note *note)
{
	return note->type == NOTE_CHARTER || note->type == NOTE_JOINED || note->type == NOTE_OUT ||
	       note->type == NOTE_RECOUNTED || note->type == NOTE_RIGHTS_MENDED;
}

void indexer_note(struct indexer *indexer, const struct note *note)
{
	if (is_of_one(note) && note->path[0])
		hear(indexer, note->path, &note->dataset);
	else if (is_of_one(note) || is_of_all(note))
		indexer->walk_due = true;
	else
		return;
	index_go_on(indexer);
}

void indexer_turned(struct indexer *indexer)
{
	if (indexer->stopping || uv_is_active((uv_handle_t *)&indexer->timer))
		return;
	uv_timer_start(&indexer->timer, indexer->timer.timer_cb, LOOK_MS, 0);
}

/* ---- steps ---- */

static void index_rest(struct indexer *indexer)
{
	indexer->rests = true;
	if (!indexer->stopping)
		uv_timer_start(&indexer->timer, indexer->timer.timer_cb, AGAIN_MS, 0);
}

/* What was to be written is asked for once more, with all the rest. */
static void step_give_up(struct indexer *indexer)
{
	indexer->walk_due = true;
	indexer->walking = false;
	step_reset(&indexer->step);
	index_rest(indexer);
}

static void walk_end(struct indexer *indexer)
{
	indexer->walking = false;
	indexer->walk_ended_ms = clock_mono_ms();
	atomic_store(&indexer->store.complete, true);
}

static void step_note(struct indexer *indexer)
{
	struct step *step = &indexer->step;
	bool changed = step->wanted_epoch != indexer->wanted_epoch ||
		       step->charter_number != indexer->charter_number;

	if (step->remade) {
		indexer->walk_due = true;
		indexer->walking = false;
		indexer->walk_ended_ms = 0;
		return;
	}
	if (step->kind == STEP_OPEN) {
		indexer->opened = true;
		indexer->walk_due = true;
	} else if (step->kind == STEP_PAGE) {
		memcpy(indexer->after, step->gathered.to, sizeof(indexer->after));
		if (!indexer->after[0])
			walk_end(indexer);
	}
	if (step->kind == STEP_FORGET)
		indexer->forget_ended_ms = clock_mono_ms();
	if (changed && step->kind != STEP_OPEN && step->kind != STEP_FORGET) {
		indexer->wanted_epoch = step->wanted_epoch;
		indexer->charter_number = step->charter_number;
		indexer->walk_due = indexer->walk_due || !step->begins;
	}
}

static void step_written(uv_work_t *work, int status)
{
	struct indexer *indexer = work->data;
	enum err err = indexer->step.err;

	if (indexer->packer)
		packers_give(indexer->packers, indexer->packer);
	indexer->packer = NULL;
	indexer->busy = false;
	if (err) {
		log_line(indexer->node->log, clock_now_ms(), LOG_INDEX, "%s", err_text(err));
		step_give_up(indexer);
		return;
	}
	step_note(indexer);
	step_reset(&indexer->step);
	index_go_on(indexer);
}

static void index_step_run(uv_work_t *work)
{
	step_write(work->data);
}

static void step_push(struct indexer *indexer)
{
	indexer->busy = true;
	indexer->work.data = indexer;
	check(uv_queue_work(indexer->node->loop, &indexer->work, index_step_run, step_written) ==
	      0);
}

static void step_gathered(struct turn_item *item)
{
	struct indexer *indexer = item->owner;

	indexer->busy = false;
	if (item->err || indexer->stopping) {
		step_give_up(indexer);
	} else if (indexer->step.kind == STEP_LOOK) {
		step_note(indexer);
		index_go_on(indexer);
	} else {
		if (indexer->step.kind == STEP_LIST)
			indexer->packer = packers_take(indexer->packers);
		step_push(indexer);
	}
}

static void core_ask(struct indexer *indexer, enum step_kind kind)
{
	indexer->busy = true;
	indexer->step.kind = kind;
	turn_call(indexer->node->turn, &indexer->item, true, step_gather, step_gathered, indexer);
}

static void heard_ask(struct indexer *indexer)
{
	struct step *step = &indexer->step;
	size_t count = indexer->heard_count;

	if (count > GATHER_COUNT_MAX)
		count = GATHER_COUNT_MAX;
	memcpy(step->heard, indexer->heard, count * sizeof(*step->heard));
	step->heard_count = count;
	indexer->heard_count -= count;
	memmove(indexer->heard, indexer->heard + count,
		indexer->heard_count * sizeof(*indexer->heard));
	core_ask(indexer, STEP_HEARD);
}

static void page_ask(struct indexer *indexer)
{
	struct step *step = &indexer->step;

	if (!indexer->walking) {
		indexer->walking = true;
		indexer->walk_due = false;
		indexer->walk_began_ms = clock_mono_ms();
		indexer->after[0] = '\0';
		step->begins = true;
	}
	memcpy(step->gathered.after, indexer->after, sizeof(indexer->after));
	core_ask(indexer, STEP_PAGE);
}

static void lists_ask(struct indexer *indexer)
{
	struct step *step = &indexer->step;

	memcpy(step->unlisted, indexer->unlisted, sizeof(step->unlisted));
	step->unlisted_count = indexer->unlisted_count;
	indexer->unlisted_count = 0;
	core_ask(indexer, STEP_LIST);
}

/* The first walk waits for nothing; the others are no great part of what the core does. */
static bool may_walk(const struct indexer *indexer)
{
	int64_t took_ms = indexer->walk_ended_ms - indexer->walk_began_ms;

	return indexer->walking ||
	       (indexer->walk_due &&
		(!indexer->walk_ended_ms ||
		 clock_mono_ms() - indexer->walk_ended_ms >= WALK_SHARE * took_ms));
}

static void forget_push(struct indexer *indexer)
{
	indexer->step.kind = STEP_FORGET;
	indexer->forget_began_ms = clock_mono_ms();
	step_push(indexer);
}

/* It merges the whole of the full text. */
static bool may_forget(const struct indexer *indexer)
{
	const int64_t took_ms = indexer->forget_ended_ms - indexer->forget_began_ms;

	return indexer->store.forgets && indexer->walk_ended_ms &&
	       clock_mono_ms() - indexer->forget_ended_ms >= WALK_SHARE * took_ms + LOOK_MS;
}

static void index_go_on(struct indexer *indexer)
{
	if (indexer->busy || indexer->stopping || indexer->rests)
		return;
	if (!indexer->opened) {
		indexer->step.kind = STEP_OPEN;
		step_push(indexer);
	} else if (indexer->heard_count) {
		heard_ask(indexer);
	} else if (may_walk(indexer)) {
		page_ask(indexer);
	} else if (indexer->unlisted_count) {
		lists_ask(indexer);
	} else if (may_forget(indexer)) {
		forget_push(indexer);
	} else if (indexer->look_due) {
		indexer->look_due = false;
		core_ask(indexer, STEP_LOOK);
	}
}

static void timer_fired(uv_timer_t *timer)
{
	struct indexer *indexer = timer->data;

	indexer->rests = false;
	indexer->look_due = true;
	if (indexer->walk_ended_ms && clock_mono_ms() - indexer->walk_ended_ms >= WALK_MS)
		indexer->walk_due = true;
	index_go_on(indexer);
}

/* ---- life ---- */

struct indexer *indexer_open(const struct node_view *node, struct packers *packers)
{
	struct indexer *indexer = mem_new(1, sizeof(*indexer));

	indexer->node = node;
	indexer->packers = packers;
	check(uv_timer_init(node->loop, &indexer->timer) == 0);
	indexer->timer.data = indexer;
	indexer->timer.timer_cb = timer_fired;
	index_go_on(indexer);
	return indexer;
}

struct index_store *indexer_store(struct indexer *indexer)
{
	return &indexer->store;
}

void indexer_stop(struct indexer *indexer)
{
	indexer->stopping = true;
	uv_timer_stop(&indexer->timer);
}

bool indexer_busy(const struct indexer *indexer)
{
	return indexer->busy;
}

void indexer_close(struct indexer *indexer)
{
	uv_close((uv_handle_t *)&indexer->timer, NULL);
}

void indexer_free(struct indexer *indexer)
{
	step_reset(&indexer->step);
	store_close(&indexer->store);
	free(indexer->heard);
	free(indexer);
}
