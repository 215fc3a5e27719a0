#include "node/files/removal.h"

#include <stdlib.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/files/folder.h"

struct removal {
	struct deliver *deliver;
	struct remains remains;
	struct folder folder;
	enum folder_left left;
	uv_work_t work;
	struct turn_item item;
	void (*done)(void *arg, bool recorded);
};

/* On a worker. */
static void remove_run(uv_work_t *work)
{
	struct removal *job = work->data;
	const struct remains *remains = &job->remains;
	const struct folder_place place = {remains->dir, remains->name, job->deliver->mark,
					   remains->marked, false};

	job->left = folder_remove(&job->folder, &place, &remains->files, &remains->files_next);
	folder_end(&job->folder);
}

/* On the core thread. */
static void left_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct removal *job = arg;

	if (job->left != FOLDER_REMOVED)
		remains_failed(txn, now_ms, &job->remains, job->left == FOLDER_ALTERED,
			       job->folder.why);
	else if (job->remains.altered)
		remains_failed(txn, now_ms, &job->remains, true,
			       "it was changed here, and stands there no more");
	else
		remains_done(txn, &job->remains);
}

static void left_done(struct turn_item *item)
{
	struct removal *job = item->owner;
	const struct remains *remains = &job->remains;

	if (job->left == FOLDER_REMOVED)
		log_line(job->deliver->log, clock_now_ms(), LOG_DELIVERED_REMOVED, "%s/%s",
			 remains->dir, remains->name);
	else if (!remains->fail_count)
		log_line(job->deliver->log, clock_now_ms(), LOG_DELIVERED_STAYS,
			 "%s/%s is not removed: %s", remains->dir, remains->name, job->folder.why);
	job->done(job->deliver, !item->err);
	free(job);
}

static void remove_done(uv_work_t *work, int status)
{
	struct removal *job = work->data;

	check(!status); /* nobody cancels it */
	turn_call(job->deliver->turn, &job->item, false, left_run, left_done, job);
}

void removal_begin(struct deliver *deliver, const struct remains *remains,
		   void (*done)(void *arg, bool recorded))
{
	struct removal *job = mem_new(1, sizeof(*job));

	job->deliver = deliver;
	job->remains = *remains;
	job->done = done;
	job->work.data = job;
	check(uv_queue_work(deliver->loop, &job->work, remove_run, remove_done) == 0);
}
