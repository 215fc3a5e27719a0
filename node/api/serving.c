/*
 * Routes for everybody, asked by the administrator on the control socket: a thread of web makes the
 * answer, and workers read its file or stream, a block at a time, as the loop waits for no disk.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "crypto/check.h"
#include "node/api/call.h"

#define SERVING_BLOCK_LEN (128u * 1024)

struct serving {
	struct call *call; /* NULL: it is gone */
	struct api *api;
	struct web_job job;
	struct http_asked asked;
	struct http_reply reply; /* until it is handed on; then its source is here: */
	struct asker_item back;

	/* of a file or stream */
	int fd;
	ssize_t (*read)(void *arg, uint64_t at, void *to, size_t len);
	void (*done)(void *arg);
	void *arg;
	uint64_t at, left;
	uv_work_t work;
	bool working, ended, failed; /* a worker has the block, and what is above */
	size_t block_len, block_at;
	uint8_t *block;
};

static void serving_free(struct serving *serving)
{
	if (serving->fd >= 0)
		close(serving->fd);
	if (serving->done)
		serving->done(serving->arg);
	http_asked_fini(&serving->asked);
	http_reply_fini(&serving->reply);
	free(serving->block);
	free(serving);
}

/* On a worker. */
static void block_fill(uv_work_t *work)
{
	struct serving *serving = work->data;
	size_t len = serving->left < SERVING_BLOCK_LEN ? (size_t)serving->left : SERVING_BLOCK_LEN;
	ssize_t got = serving->fd >= 0
			      ? pread(serving->fd, serving->block, len, (off_t)serving->at)
			      : serving->read(serving->arg, serving->at, serving->block, len);

	serving->failed = got < 0;
	serving->ended = got == 0;
	serving->block_at = 0;
	serving->block_len = got > 0 ? (size_t)got : 0;
	serving->at += serving->block_len;
	if (serving->left != UINT64_MAX)
		serving->left -= serving->block_len;
}

static void block_filled(uv_work_t *work, int status)
{
	struct serving *serving = work->data;

	serving->working = false;
	serving->api->call_count--;
	if (serving->call)
		http_wake(serving->call->request);
	else
		serving_free(serving);
}

static ssize_t serving_read(struct http_request *request, void *to, size_t len)
{
	struct call *call = request->owner;
	struct serving *serving = call->serving;

	if (serving->working)
		return 0;
	if (serving->block_at < serving->block_len) {
		size_t rest = serving->block_len - serving->block_at;

		len = len < rest ? len : rest;
		memcpy(to, serving->block + serving->block_at, len);
		serving->block_at += len;
		return (ssize_t)len;
	}
	if (serving->failed || serving->api->stopping)
		return -1;
	if (serving->ended)
		return serving->left == UINT64_MAX ? HTTP_STREAM_END : -1;
	serving->working = true;
	serving->api->call_count++;
	serving->work.data = serving;
	check(uv_queue_work(serving->api->node->loop, &serving->work, block_fill, block_filled) ==
	      0);
	return 0;
}

/* The source of the bytes stays here, and the rest of the reply goes to the request. */
static void source_take(struct serving *serving)
{
	struct http_reply *reply = &serving->reply;

	serving->fd = reply->fd;
	serving->read = reply->read;
	serving->done = reply->done;
	serving->arg = reply->arg;
	serving->at = reply->at;
	serving->left = reply->len;
	serving->block = mem_new(1, SERVING_BLOCK_LEN);
	reply->fd = -1;
	reply->done = NULL;
}

/* On the loop thread. */
static void served(struct asker_item *item)
{
	struct serving *serving = item->owner;
	struct call *call = serving->call;

	serving->api->call_count--;
	if (serving->reply.kind == HTTP_BODY_BYTES) {
		call->serving = NULL;
		http_answer_with(call->request, &serving->reply);
		serving_free(serving);
	} else if (!http_can_stream(call->request)) {
		call->serving = NULL;
		serving_free(serving);
		api_fail(call, ERR_BUSY, "too many files are being read; try again soon");
	} else {
		source_take(serving);
		call->request->read = serving_read;
		http_answer_with(call->request, &serving->reply);
	}
}

/* On a thread of web. */
static void serving_answered(struct web_job *job)
{
	struct serving *serving = job->owner;

	asker_post(serving->api->asker, &serving->back);
}

void api_serve(struct call *call)
{
	struct serving *serving = mem_new(1, sizeof(*serving));

	serving->call = call;
	serving->api = call->api;
	serving->fd = -1;
	serving->back = (struct asker_item){.start = served, .owner = serving};
	http_asked_take(call->request, &serving->asked);
	http_reply_init(&serving->reply);
	serving->job = (struct web_job){.asked = &serving->asked,
					.reply = &serving->reply,
					.answered = serving_answered,
					.owner = serving};
	call->serving = serving;
	call->api->call_count++;
	web_submit(call->api->web, &serving->job);
}

void api_serve_gone(struct call *call)
{
	struct serving *serving = call->serving;

	call->serving = NULL;
	serving->call = NULL;
	if (!serving->working)
		serving_free(serving);
}
