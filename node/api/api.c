#include "node/api/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/api/call.h"

struct api {
	const struct node_view *node;
	struct call *waiting; /* for a note */
	uv_timer_t timer;     /* the first deadline of those */
	size_t call_count;    /* with core thread or workers */
	bool stopping;
};

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

#define API_ANSWER_LEN_MAX (1u << 30)

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
		json_dump_callback(out, dump_add, &text, JSON_COMPACT);
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
	char why[API_WHY_LEN];
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

/* Calls */

static void call_free(struct call *call)
{
	json_decref(call->in);
	json_decref(call->out);
	buf_fini(&call->path);
	buf_fini(&call->name);
	buf_fini(&call->text);
	free(call->overview);
	free(call->copies);
	free(call);
}

static void request_gone(struct http_request *request)
{
	struct call *call = request->owner;

	check(!call->pushed && !call->waiting); /* its connection was suspended */
	api_upload_gone(call);
	api_read_gone(call);
	api_search_gone(call);
	call_free(call);
}

static void set_timer(struct api *api);

static void wait_more(struct call *call)
{
	struct api *api = call->api;

	json_decref(call->out);
	call->out = NULL;
	call->again = false;
	call->err = ERR_OK;
	call->why[0] = 0;
	call->waiting = true;
	call->next_waiting = api->waiting;
	api->waiting = call;
	set_timer(api);
}

static void run(struct core *core, struct txn *txn, int64_t now_ms, void *arg)
{
	struct call *call = arg;

	call->route->run(call, core, txn, now_ms);
}

void api_returned(struct call *call)
{
	call->pushed = false;
	call->api->call_count--;
	if (!call->item.err)
		return;
	/* before whatever run had to say: it did not happen */
	call->err = call->item.err;
	call->code = NULL;
	snprintf(call->why, sizeof(call->why), "the store could not be written: %s",
		 err_text(call->err));
}

static void done(struct turn_item *item)
{
	struct call *call = item->owner;

	api_returned(call);
	if (call->more && !call->err) {
		call->more = false;
		api_push(call);
	} else if (call->again && !call->last && !call->api->stopping && !call->item.err) {
		wait_more(call);
	} else if (call->route->done) {
		call->route->done(call);
	} else {
		api_done(call);
	}
}

void api_push_with(struct call *call,
		   void (*run_with)(struct core *core, struct txn *txn, int64_t now_ms, void *arg),
		   void (*done_with)(struct turn_item *item))
{
	call->item = (struct turn_item){
		.event = {.type = EVENT_CALL, .run = run_with, .arg = call},
		.done = done_with,
		.owner = call,
		.weight = sizeof(*call),
	};
	call->pushed = true;
	call->api->call_count++;
	turn_push(call->node->turn, &call->item);
}

void api_push(struct call *call)
{
	api_push_with(call, run, done);
}

/* Waiting */

static void wake(struct api *api, bool (*which)(const struct call *call, const void *arg),
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
		call->last = uv_now(api->node->loop) >= call->deadline_ms || api->stopping;
		api_push(call);
	}
}

static bool is_over(const struct call *call, const void *arg)
{
	return uv_now(call->node->loop) >= call->deadline_ms;
}

static bool is_path(const struct call *call, const void *arg)
{
	const struct note *note = arg;

	return bytes_eq(buf_bytes(&call->path), bytes_str(note->path));
}

static bool is_any(const struct call *call, const void *arg)
{
	return true;
}

static void timer_fired(uv_timer_t *timer)
{
	struct api *api = timer->data;

	wake(api, is_over, NULL);
	set_timer(api);
}

static void set_timer(struct api *api)
{
	uint64_t first = UINT64_MAX, now = uv_now(api->node->loop);

	for (const struct call *call = api->waiting; call; call = call->next_waiting)
		first = call->deadline_ms < first ? call->deadline_ms : first;
	if (first == UINT64_MAX)
		uv_timer_stop(&api->timer);
	else
		uv_timer_start(&api->timer, timer_fired, first > now ? first - now : 0, 0);
}

void api_note(struct api *api, const struct note *note)
{
	if (note->type == NOTE_HELD || note->type == NOTE_VERSION)
		wake(api, is_path, note);
}

/* Routes */

static const struct route *find_in(const struct route *routes, enum http_method method,
				   const char *path, bool *known)
{
	for (; routes->path; routes++) {
		if (strcmp(routes->path, path))
			continue;
		*known = true;
		if (routes->method == method)
			return routes;
	}
	return NULL;
}

static const struct route *find_route(const struct call *call, bool *known)
{
	const struct route *tables[] = {
		api_query_routes,      api_command_routes, api_read_routes,   api_node_routes,
		api_federation_routes, api_doctor_routes,  api_copies_routes, api_search_routes,
		api_withdrawal_routes, api_grant_routes};
	const struct route *route = NULL;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !route; i++)
		route = find_in(tables[i], call->request->method, call->request->path, known);
	return route;
}

static void body_here(struct http_request *request)
{
	struct call *call = request->owner;

	if ((request->method == HTTP_POST) && !api_body(call))
		return;
	if (call->route->begin)
		call->route->begin(call);
	else
		api_push(call);
}

void api_begin(void *arg, struct http_request *request)
{
	struct api *api = arg;
	struct call *call = mem_new(1, sizeof(*call));
	bool known = false;

	call->node = api->node;
	call->api = api;
	call->request = request;
	buf_init(&call->path, API_TEXT_LEN_MAX);
	buf_init(&call->name, API_TEXT_LEN_MAX);
	buf_init(&call->text, API_ANSWER_LEN_MAX);
	request->owner = call;
	request->gone = request_gone;
	request->end = body_here;
	if (api->stopping) {
		api_fail(call, ERR_BUSY, "the node is stopping; try again when it is up");
		return;
	}
	if (api_upload_begin(call))
		return;
	call->route = find_route(call, &known);
	if (!call->route) {
		char shown[200];

		log_escape(shown, sizeof(shown), bytes_str(request->path));
		api_fail(call, known ? ERR_CONFIG : ERR_ABSENT,
			 known ? "%s does not take this method; docs/API.md lists them"
			       : "there is no %s here; docs/API.md lists all paths",
			 shown);
	}
}

struct api *api_open(const struct node_view *node)
{
	struct api *api = mem_new(1, sizeof(*api));

	json_object_seed(0); /* here, where one thread makes objects */
	api->node = node;
	api->timer.data = api;
	check(uv_timer_init(node->loop, &api->timer) == 0);
	return api;
}

void api_stop(struct api *api)
{
	api->stopping = true;
	wake(api, is_any, NULL);
}

size_t api_call_count(const struct api *api)
{
	return api->call_count;
}

static void timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void api_close(struct api *api)
{
	uv_close((uv_handle_t *)&api->timer, timer_closed);
}
