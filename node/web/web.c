#include "node/web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/index/index.h"
#include "node/web/tokens.h"
#include "node/web/work.h"

struct web {
	struct web_options options;
	struct tokens *tokens;
	struct cache *cache;
	atomic_uint streams; /* that are being packed */
	uv_thread_t threads[WEB_THREAD_COUNT];
	uv_mutex_t lock; /* of what follows */
	uv_cond_t more;
	struct web_job *first, **last;
	size_t queued, busy;
	bool closing;
};

const struct route *const *web_tables(const struct web_call *call)
{
	return call->web->options.tables;
}

/* Dispatch */

static void set_allow(struct web_call *call, unsigned methods)
{
	char text[80] = "OPTIONS";

	for (enum http_method method = HTTP_GET; method < HTTP_OPTIONS; method++) {
		bool has = methods & 1u << (method == HTTP_HEAD ? HTTP_GET : method);

		if (has)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), ", %s",
				 http_method_name(method));
	}
	web_set(call, "Allow", text);
	if (call->work->asked->method == HTTP_OPTIONS)
		web_set(call, "Access-Control-Allow-Methods", text);
}

/* What a browser asks before a program of another site may ask. */
static void answer_options(struct web_call *call, unsigned methods)
{
	struct buf nothing;

	set_allow(call, methods);
	web_set(call, "Access-Control-Allow-Headers",
		"Authorization, Content-Type, X-CKAN-API-Key, If-None-Match, Range");
	web_set(call, "Access-Control-Max-Age", "86400");
	buf_init(&nothing, 0);
	web_text(call, 204, "text/plain", &nothing);
}

/* Faults: no other argument than those listed, and each once. */
static bool params_fit(struct web_call *call)
{
	const struct route_param *params = call->route->params;
	const char *name, *value;

	for (size_t at = 0; params && web_arg_next(call, &at, &name, &value);) {
		const struct route_param *param = params;

		while (param->name && strcmp(param->name, name) && strcmp(param->name, "*"))
			param++;
		if (!param->name) {
			web_fail(call, 400, "usage",
				 "there is no parameter \"%.80s\" here; /api/v1/openapi.json lists "
				 "those that there are",
				 name);
			return false;
		}
		if (strcmp(param->name, "*") && web_arg(call, name) != value) {
			web_fail(call, 400, "usage", "\"%.80s\" is given twice", name);
			return false;
		}
	}
	return true;
}

static void dispatch(struct web *web, struct web_call *call, bool too_large)
{
	struct http_asked *asked = call->work->asked;
	struct route_found found;

	route_find(&found, web->options.tables, asked->method, asked->path, !asked->admin);
	call->route = found.route;
	if (!found.methods) {
		web_absent(call);
	} else if (asked->method == HTTP_OPTIONS) {
		answer_options(call, found.methods);
	} else if (!found.route) {
		set_allow(call, found.methods);
		web_fail(call, 405, "usage", "this address does not take %s",
			 asked->method == HTTP_OTHER ? "this method"
						     : http_method_name(asked->method));
	} else if (too_large) {
		web_fail(call, 413, "too_large", "the body is larger than this node takes");
	} else if (visitor_find(call, web->tokens) && work_open(call, &found) && params_fit(call)) {
		if (found.route->who == WHO_TOKEN && call->visitor.kind == VISITOR_ANYONE) {
			visitor_ask(call, "this is for who has a token");
			return;
		}
		found.route->serve(call);
		if (!call->work->answered)
			web_fail(call, 500, "internal", "this node gave no answer");
	}
}

static void run(struct web *web, struct web_job *job, struct index_reader *index)
{
	struct web_work work = {.asked = job->asked,
				.reply = job->reply,
				.asker = web->options.asker,
				.streams = &web->streams,
				.cache = web->cache};
	struct web_call call = {
		.web = web,
		.node = web->options.node,
		.method = job->asked->method == HTTP_HEAD ? HTTP_GET : job->asked->method,
		.path = job->asked->path,
		.body = buf_bytes(&job->asked->body),
		.index = index,
		.work = &work,
	};

	dispatch(web, &call, job->too_large);
	if (work.keeps && job->reply->status == 200 && job->reply->kind == HTTP_BODY_BYTES)
		cache_put(web->cache, &work.keep_key, job->reply);
	work_fini(&call);
}

/* Threads */

static void work(void *arg)
{
	struct web *web = arg;
	struct index_reader *index = index_reader_open(web->options.node->index);
	struct web_job *job;

	uv_mutex_lock(&web->lock);
	for (;;) {
		while (!web->first && !web->closing)
			uv_cond_wait(&web->more, &web->lock);
		job = web->first;
		if (!job)
			break;
		web->first = job->next;
		if (!web->first)
			web->last = &web->first;
		web->queued--;
		uv_mutex_unlock(&web->lock);
		run(web, job, index);
		job->answered(job);
		uv_mutex_lock(&web->lock);
		web->busy--;
	}
	uv_mutex_unlock(&web->lock);
	index_reader_close(index);
}

struct web *web_open(const struct web_options *options)
{
	struct web *web = mem_new(1, sizeof(*web));

	web->options = *options;
	web->last = &web->first;
	web->cache = cache_open();
	web->tokens = tokens_open(options->node->loop, options->node->db, options->node->turn);
	check(uv_mutex_init(&web->lock) == 0 && uv_cond_init(&web->more) == 0);
	for (size_t i = 0; i < WEB_THREAD_COUNT; i++)
		check(uv_thread_create(&web->threads[i], work, web) == 0);
	return web;
}

static size_t queued_of(const struct web *web, const struct http_asked *asked)
{
	size_t count = 0;

	for (const struct web_job *job = web->first; job; job = job->next)
		count += !strcmp(job->asked->peer, asked->peer);
	return count;
}

static void answer_full(struct web_job *job)
{
	job->reply->status = 503;
	http_reply_header(job->reply, "Retry-After", "2");
	http_reply_header(job->reply, "Content-Type", "application/json");
	buf_add(&job->reply->bytes, bytes_str("{\"error\":\"busy\",\"message\":\"too many requests "
					      "wait here; try again in two seconds\"}\n"));
	job->answered(job);
}

void web_submit(struct web *web, struct web_job *job)
{
	bool full;

	uv_mutex_lock(&web->lock);
	full = web->queued >= WEB_QUEUE_MAX || (web->queued >= WEB_QUEUE_MAX / 2 &&
						queued_of(web, job->asked) >= WEB_QUEUE_MAX / 2);
	if (!full) {
		job->next = NULL;
		*web->last = job;
		web->last = &job->next;
		web->queued++;
		web->busy++;
		uv_cond_signal(&web->more);
	}
	uv_mutex_unlock(&web->lock);
	if (full)
		answer_full(job);
}

/* From the public port */

static void exchange_answered(struct web_job *job)
{
	struct exchange *exchange = job->owner;

	free(job);
	server_answer(exchange);
}

/* On a thread of the server. */
static void exchange_begins(void *arg, struct exchange *exchange)
{
	struct web *web = arg;
	struct web_job *job;

	/* Not by the threads of web: they may all be busy, and that is what is asked. */
	if (metrics_begin_public(web->options.metrics, exchange))
		return;
	job = mem_new(1, sizeof(*job));
	job->asked = &exchange->asked;
	job->reply = &exchange->reply;
	job->answered = exchange_answered;
	job->owner = exchange;
	job->too_large = exchange->too_large;
	web_submit(web, job);
}

/* Life */

void web_start(struct web *web)
{
	if (web->options.server)
		server_admit(web->options.server, exchange_begins, web);
}

void web_stop(struct web *web)
{
	if (web->options.server)
		server_refuse(web->options.server);
	tokens_stop(web->tokens);
}

bool web_busy(struct web *web)
{
	bool busy;

	uv_mutex_lock(&web->lock);
	busy = web->busy > 0;
	uv_mutex_unlock(&web->lock);
	return busy || tokens_busy(web->tokens) ||
	       (web->options.server && server_waiting(web->options.server) > 0);
}

void web_close(struct web *web)
{
	if (web->options.server)
		server_close(web->options.server);
	uv_mutex_lock(&web->lock);
	web->closing = true;
	uv_cond_broadcast(&web->more);
	uv_mutex_unlock(&web->lock);
	for (size_t i = 0; i < WEB_THREAD_COUNT; i++)
		uv_thread_join(&web->threads[i]);
	tokens_close(web->tokens);
	cache_close(web->cache);
	uv_cond_destroy(&web->more);
	uv_mutex_destroy(&web->lock);
	free(web);
}
