#include "node/api/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node/api/json.h"
#include "node/api/named.h"
#include "node/api/told.h"
#include "proto/rights/epochs.h"

/* Answers */

static const struct {
	enum err err;
	const char *code;
	unsigned status;
} answers[] = {
	{ERR_CONFIG, "usage", 400},   {ERR_MALFORMED, "usage", 400},
	{ERR_VERSION, "usage", 400},  {ERR_DENIED, "denied", 403},
	{ERR_ABSENT, "absent", 404},  {ERR_AGAIN, "not_here", 409},
	{ERR_EXISTS, "exists", 409},  {ERR_FULL, "too_large", 413},
	{ERR_BUSY, "busy", 503},      {ERR_NOSPACE, "no_space", 500},
	{ERR_IO, "io", 500},          {ERR_CORRUPT, "corrupt", 500},
	{ERR_NOMEM, "internal", 500}, {ERR_PROTOCOL, "internal", 500},
};

static int dump_add(const char *text, size_t len, void *arg)
{
	struct buf *buf = arg;

	buf_add(buf, bytes_of(text, len));
	return buf->err ? -1 : 0;
}

/* Takes what is in text. */
static void reply_text(struct call *call, unsigned status, struct buf *text)
{
	if (text->err) {
		buf_reset(text);
		status = 500;
	} else if (text->len > 0) {
		buf_add_u8(text, '\n');
	}
	http_answer(call->request, status, text);
	buf_fini(text);
}

void api_reply(struct call *call, unsigned status, json_t *out)
{
	struct buf text;

	buf_init(&text, API_ANSWER_LEN_MAX);
	if (out)
		json_dump_callback(out, dump_add, &text, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(out);
	reply_text(call, status, &text);
}

static void reply_error(struct call *call, enum err err, const char *code, const char *why)
{
	unsigned status = 500;
	const char *name = "internal";

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (answers[i].err == err) {
			status = answers[i].status;
			name = answers[i].code;
		}
	}
	if (code && !strcmp(code, "conflict"))
		status = 409;
	api_reply(call, status,
		  json_pack("{s:s, s:o}", "error", code ? code : name, "message", api_str(why)));
}

void api_fail(struct call *call, enum err err, const char *format, ...)
{
	char why[WHY_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	reply_error(call, err, NULL, why);
}

void api_done(struct call *call)
{
	unsigned status = call->status ? call->status : 200;
	json_t *out = call->out;

	call->out = NULL;
	if (!call->err && call->text.len) {
		reply_text(call, status, &call->text);
		return;
	}
	if (!call->err) {
		api_reply(call, status, out);
		return;
	}
	json_decref(out);
	if (!call->why[0])
		snprintf(call->why, sizeof(call->why), "it did not work: %s", err_text(call->err));
	reply_error(call, call->err, call->code, call->why);
}

/* With the core thread */

void api_returned(struct call *call)
{
	call->pushed = false;
	call->api->call_count--;
	if (!call->item.err)
		return;
	/* before whatever run had to say: it did not happen */
	call->err = call->item.err;
	call->code = NULL;
	snprintf(call->why, sizeof(call->why), "the store could not be %s: %s",
		 call->item.query ? "read" : "written", err_text(call->err));
}

void api_push_with(struct call *call, enum route_kind kind,
		   void (*run)(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg),
		   void (*done)(struct turn_item *item))
{
	call->item.weight = sizeof(*call);
	call->pushed = true;
	call->api->call_count++;
	turn_call(call->node->turn, &call->item, kind == ROUTE_QUERY, run, done, call);
}

static void wait_more(struct call *call);
static void wait_no_more(struct call *call);

/* Who waits keeps a connection, and others want to ask something, too. */
static size_t waiting_max(const struct node_view *node)
{
	return node->config->limits.http_connection_count_max / 2;
}

static void run_route(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;

	const uint64_t waited = hub->epochs->waited;

	call->charter = &hub->charter;
	named_in(call, call->charter);
	call->route->run(call, hub, txn, now_ms);
	if (call->route->kind == ROUTE_COMMAND && !call->err && !call->again && !call->told)
		told_command(call, hub, txn);
	if (call->err == ERR_AGAIN && hub->epochs->waited != waited)
		call->code = "waiting"; /* for a new key */
	/* What is to be signed: soon it can be. What is only read may not be here for long. */
	if (call->route->kind == ROUTE_COMMAND && call->err == ERR_AGAIN &&
	    hub->signing == SIGNING_WAITS)
		call->code = "starting";
	named_out(call, call->charter);
	call->charter = NULL;
}

static void route_ran(struct turn_item *item)
{
	struct call *call = item->owner;

	api_returned(call);
	if (call->more && !call->err) {
		call->more = false;
		api_push(call);
	} else if (call->again && !call->last && !call->api->stopping && !call->item.err) {
		if (call->api->waiting_count < waiting_max(call->node))
			wait_more(call);
		else
			wait_no_more(call);
	} else if (call->route->done) {
		call->route->done(call);
	} else {
		api_done(call);
	}
}

void api_push(struct call *call)
{
	api_push_with(call, call->route->kind, run_route, route_ran);
}

/* Waiting */

void api_wake(struct api *api, bool (*which)(const struct call *call, const void *arg),
	      const void *arg)
{
	struct call **at = &api->waiting;

	while (*at) {
		struct call *call = *at;

		if (!which(call, arg)) {
			at = &call->next_waiting;
			continue;
		}
		*at = call->next_waiting;
		call->waiting = false;
		api->waiting_count--;
		call->last = uv_now(api->node->loop) >= call->deadline_ms || api->stopping;
		api_push(call);
	}
}

static bool is_over(const struct call *call, const void *arg)
{
	return uv_now(call->node->loop) >= call->deadline_ms;
}

static void set_wait_timer(struct api *api);

static void wait_timer_fired(uv_timer_t *timer)
{
	struct api *api = timer->data;

	api_wake(api, is_over, NULL);
	set_wait_timer(api);
}

static void set_wait_timer(struct api *api)
{
	uint64_t first = UINT64_MAX, now = uv_now(api->node->loop);

	for (const struct call *call = api->waiting; call; call = call->next_waiting)
		first = call->deadline_ms < first ? call->deadline_ms : first;
	if (first == UINT64_MAX)
		uv_timer_stop(&api->timer);
	else
		uv_timer_start(&api->timer, wait_timer_fired, first > now ? first - now : 0, 0);
}

static void wait_forget(struct call *call)
{
	json_decref(call->out);
	call->out = NULL;
	call->again = false;
	call->err = ERR_OK;
	call->why[0] = 0;
}

static void wait_more(struct call *call)
{
	struct api *api = call->api;

	wait_forget(call);
	call->waiting = true;
	call->next_waiting = api->waiting;
	api->waiting = call;
	api->waiting_count++;
	set_wait_timer(api);
}

/* As if its time were over: it may ask again by and by. */
static void wait_no_more(struct call *call)
{
	wait_forget(call);
	call->last = true;
	api_push(call);
}

/* Lists */

void api_list_add(struct call *call, json_t *element)
{
	if (call->charter)
		named_element(call->charter, element);
	if (call->text.len && call->text.ptr[call->text.len - 1] == '}')
		buf_add_u8(&call->text, ',');
	json_dump_callback(element, dump_add, &call->text, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(element);
}
