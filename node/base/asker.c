#include "node/base/asker.h"

#include <stdlib.h>

#include "crypto/check.h"

struct asker {
	struct turn *turn;
	uv_async_t async;
	uv_mutex_t lock; /* of what follows */
	struct asker_item *first, **last;
	size_t count; /* of questions that are not answered */
	bool stopping;
};

/* On the stack of who asks. */
struct question {
	struct asker_item posted;
	struct turn_item item;
	struct asker *asker;
	turn_run *run;
	void *arg;
	uv_sem_t answered;
};

static void posted(uv_async_t *async)
{
	struct asker *asker = async->data;
	struct asker_item *item, *next;

	uv_mutex_lock(&asker->lock);
	item = asker->first;
	asker->first = NULL;
	asker->last = &asker->first;
	uv_mutex_unlock(&asker->lock);
	for (; item; item = next) {
		next = item->next;
		item->start(item);
	}
}

struct asker *asker_open(uv_loop_t *loop, struct turn *turn)
{
	struct asker *asker = mem_new(1, sizeof(*asker));

	asker->turn = turn;
	asker->last = &asker->first;
	asker->async.data = asker;
	check(uv_mutex_init(&asker->lock) == 0);
	check(uv_async_init(loop, &asker->async, posted) == 0);
	return asker;
}

static void post(struct asker *asker, struct asker_item *item)
{
	item->next = NULL;
	*asker->last = item;
	asker->last = &item->next;
	uv_async_send(&asker->async);
}

void asker_post(struct asker *asker, struct asker_item *item)
{
	uv_mutex_lock(&asker->lock);
	post(asker, item);
	uv_mutex_unlock(&asker->lock);
}

static void question_answered(struct turn_item *item)
{
	struct question *question = item->owner;
	struct asker *asker = question->asker;

	uv_mutex_lock(&asker->lock);
	asker->count--;
	uv_mutex_unlock(&asker->lock);
	uv_sem_post(&question->answered);
}

static void question_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct question *question = arg;

	question->run(hub, txn, now_ms, question->arg);
}

static void question_start(struct asker_item *item)
{
	struct question *question = item->owner;

	question->item.weight = sizeof(*question);
	turn_call(question->asker->turn, &question->item, true, question_run, question_answered,
		  question);
}

enum err asker_ask(struct asker *asker, turn_run *run, void *arg)
{
	struct question question = {.asker = asker, .run = run, .arg = arg};
	bool refused;

	question.posted = (struct asker_item){.start = question_start, .owner = &question};
	check(uv_sem_init(&question.answered, 0) == 0);
	uv_mutex_lock(&asker->lock);
	refused = asker->stopping;
	if (!refused) {
		asker->count++;
		post(asker, &question.posted);
	}
	uv_mutex_unlock(&asker->lock);
	if (!refused)
		uv_sem_wait(&question.answered);
	uv_sem_destroy(&question.answered);
	return refused ? ERR_AGAIN : question.item.err;
}

void asker_stop(struct asker *asker)
{
	uv_mutex_lock(&asker->lock);
	asker->stopping = true;
	uv_mutex_unlock(&asker->lock);
}

bool asker_busy(struct asker *asker)
{
	bool busy;

	uv_mutex_lock(&asker->lock);
	busy = asker->count > 0 || asker->first;
	uv_mutex_unlock(&asker->lock);
	return busy;
}

static void asker_closed(uv_handle_t *handle)
{
	struct asker *asker = handle->data;

	uv_mutex_destroy(&asker->lock);
	free(asker);
}

void asker_close(struct asker *asker)
{
	uv_close((uv_handle_t *)&asker->async, asker_closed);
}
