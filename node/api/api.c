#include "node/api/api.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/api/args.h"

/* Requests */

static void request_gone(struct http_request *request)
{
	struct call *call = request->owner;

	check(!call->pushed && !call->waiting); /* its connection was suspended */
	if (call->serving)
		api_serve_gone(call);
	if (call->gone)
		call->gone(call);
	else
		free(call->topic);
	json_decref(call->in);
	json_decref(call->settings);
	json_decref(call->out);
	buf_fini(&call->path);
	buf_fini(&call->text);
	free(call);
}

static void body_here(struct http_request *request)
{
	struct call *call = request->owner;
	const struct route *route = call->route;

	if (route->serve) {
		api_serve(call);
		return;
	}
	if (request->method == HTTP_POST && !api_body(call))
		return;
	if (route->fields && !api_in_check(call, route->fields))
		return;
	if (route->begin)
		route->begin(call);
	else
		api_push(call);
}

static struct call *call_new(struct api *api, struct http_request *request)
{
	struct call *call = mem_new(1, sizeof(*call));

	call->node = api->node;
	call->api = api;
	call->request = request;
	buf_init(&call->path, API_TEXT_LEN_MAX);
	buf_init(&call->text, API_ANSWER_LEN_MAX);
	request->owner = call;
	request->gone = request_gone;
	request->end = body_here;
	return call;
}

void api_begin(void *arg, struct http_request *request)
{
	struct api *api = arg;
	struct call *call = call_new(api, request);
	struct route_found found;

	if (api->stopping) {
		api_fail(call, ERR_BUSY, "the node is stopping; try again when it is up");
		return;
	}
	route_find(&found, api->tables, request->method, request->path, false);
	call->route = found.route;
	call->part = found.part_count ? (const char *)found.parts[found.part_count - 1].ptr : NULL;
	call->rest = found.rest;
	if (!call->route) {
		char shown[200];

		log_escape(shown, sizeof(shown), bytes_str(request->path));
		api_fail(call, found.methods ? ERR_CONFIG : ERR_ABSENT,
			 found.methods ? "%s does not take this method; docs/API.md lists them"
				       : "there is no %s here; docs/API.md lists all paths",
			 shown);
	} else if (call->route->open) {
		call->route->open(call);
	}
}

/* Life */

struct api *api_open(const struct api_options *options)
{
	struct api *api = mem_new(1, sizeof(*api));

	json_object_seed(0); /* here, where one thread makes objects */
	api->node = options->node;
	api->tables = options->tables;
	api->web = options->web;
	api->asker = options->asker;
	api->timer.data = api;
	check(uv_timer_init(api->node->loop, &api->timer) == 0);
	return api;
}

static bool waits_for(const struct call *call, const void *arg)
{
	const struct note *note = arg;

	return bytes_eq(buf_bytes(&call->path), bytes_str(note->path));
}

void api_note(struct api *api, const struct note *note)
{
	if (note->type == NOTE_HELD || note->type == NOTE_VERSION)
		api_wake(api, waits_for, note);
}

static bool waits(const struct call *call, const void *arg)
{
	return true;
}

void api_stop(struct api *api)
{
	api->stopping = true;
	api_wake(api, waits, NULL);
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
