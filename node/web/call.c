#include "node/web/web_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/utf8.h"
#include "node/care/node_view.h"
#include "node/http/percent.h"
#include "node/web/work.h"

/* A text that lives as long as the call. */
static const char *work_keep(struct web_call *call, char *taken)
{
	struct web_work *work = call->work;

	work->kept = mem_room(work->kept, work->kept_count, &work->kept_cap, sizeof(*work->kept));
	work->kept[work->kept_count++] = taken;
	return taken;
}

/* Bounded by the header that it came in. NULL: no escapes, no UTF-8, or control characters. */
static const char *decode(struct web_call *call, struct bytes text, bool lines)
{
	struct buf out;
	struct bytes rest;
	uint32_t c;

	buf_init(&out, text.len + 1);
	if (percent_decode(&out, text)) {
		buf_fini(&out);
		return NULL;
	}
	for (rest = buf_bytes(&out); rest.len;) {
		size_t len = utf8_next(rest, &c);
		bool line = c == '\n' || c == '\r' || c == '\t';

		if (!len || ((c < 0x20 || c == 0x7f) && !(lines && line))) {
			buf_fini(&out);
			return NULL;
		}
		rest = bytes_slice(rest, len, rest.len);
	}
	return work_keep(call, (char *)out.ptr);
}

/* No part that is empty, "." or "..", but for the end of it. */
static bool parts_fit(const char *path)
{
	while (*path == '/') {
		size_t len = strcspn(++path, "/");

		if ((len == 0 && *path) || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
	}
	return !*path;
}

static bool path_open(struct web_call *call, const struct route_found *found)
{
	call->path = decode(call, bytes_str(call->work->asked->path), false);
	if (!call->path || !parts_fit(call->path))
		return false;
	for (unsigned i = 0; i < found->part_count; i++) {
		call->parts[i] = decode(call, found->parts[i], false);
		if (!call->parts[i] || !*call->parts[i])
			return false;
	}
	call->part_count = found->part_count;
	if (found->rest)
		call->rest = decode(call, bytes_str(found->rest), false);
	return !found->rest || call->rest;
}

static bool args_open(struct web_call *call)
{
	struct web_work *work = call->work;

	work->args = mem_new(work->asked->arg_count + 1, sizeof(*work->args));
	for (size_t i = 0; i < work->asked->arg_count; i++) {
		const struct http_field *raw = &work->asked->args[i];
		struct http_field *arg = &work->args[work->arg_count];

		arg->name = decode(call, bytes_str(raw->name), false);
		arg->value = decode(call, bytes_str(raw->value), true);
		if (!arg->name || !arg->value)
			return false;
		work->arg_count++;
	}
	return true;
}

bool work_open(struct web_call *call, const struct route_found *found)
{
	call->path = call->work->asked->path;
	if (call->work->asked->arg_count > WEB_ARGS_MAX) {
		web_fail(call, 400, "usage", "a query has at most %d arguments", WEB_ARGS_MAX);
		return false;
	}
	if (!path_open(call, found)) {
		web_fail(
			call, 400, "usage",
			"the path is not percent-encoded UTF-8, or a part of it is empty, \".\" or "
			"\"..\"");
		return false;
	}
	if (!args_open(call)) {
		web_fail(call, 400, "usage",
			 "the query is not percent-encoded UTF-8 without control characters");
		return false;
	}
	return true;
}

void work_fini(struct web_call *call)
{
	struct web_work *work = call->work;

	for (size_t i = 0; i < work->kept_count; i++)
		free(work->kept[i]);
	free(work->kept);
	free(work->args);
}

/* What was asked */

const char *web_arg(struct web_call *call, const char *name)
{
	for (size_t i = 0; i < call->work->arg_count; i++)
		if (!strcmp(call->work->args[i].name, name))
			return call->work->args[i].value;
	return NULL;
}

bool web_arg_next(struct web_call *call, size_t *at, const char **name, const char **value)
{
	if (*at >= call->work->arg_count)
		return false;
	*name = call->work->args[*at].name;
	*value = call->work->args[*at].value;
	++*at;
	return true;
}

bool web_arg_uint(struct web_call *call, const char *name, uint64_t min, uint64_t max,
		  uint64_t *out)
{
	const char *text = web_arg(call, name);
	size_t digits = text ? strspn(text, "0123456789") : 0;
	uint64_t value;

	if (!text)
		return true;
	value = strtoull(text, NULL, 10);
	if (digits && !text[digits] && digits <= 19 && value >= min && value <= max) {
		*out = value;
		return true;
	}
	web_fail(call, 400, "usage", "\"%s\" is not a number from %llu to %llu", name,
		 (unsigned long long)min, (unsigned long long)max);
	return false;
}

const char *web_header(struct web_call *call, const char *name)
{
	return http_asked_header(call->work->asked, name);
}

/* Before jansson, which counts to 2048 by recursion. */
static bool is_flat(struct bytes text)
{
	unsigned depth = 0;
	bool in_text = false;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (in_text) {
			i += c == '\\';
			in_text = c != '"';
		} else if (c == '"') {
			in_text = true;
		} else if (c == '{' || c == '[') {
			if (++depth > WEB_JSON_DEPTH_MAX)
				return false;
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		}
	}
	return true;
}

json_t *web_body(struct web_call *call)
{
	json_error_t error;
	json_t *body;

	if (!is_flat(call->body)) {
		web_fail(call, 400, "usage", "the body has more than %d levels",
			 WEB_JSON_DEPTH_MAX);
		return NULL;
	}
	body = json_loadb((const char *)call->body.ptr, call->body.len, JSON_REJECT_DUPLICATES,
			  &error);
	if (body && json_is_object(body))
		return body;
	if (body)
		web_fail(call, 400, "usage", "the body is not a JSON object");
	else
		web_fail(call, 400, "usage", "the body is not JSON: line %d: %s", error.line,
			 error.text);
	json_decref(body);
	return NULL;
}

bool web_accepts(struct web_call *call, const char *const *types, size_t count, size_t *which)
{
	const char *header = web_header(call, "Accept");
	unsigned best = 0;

	call->work->vary_accept = true;
	*which = 0;
	for (size_t i = 0; i < count; i++) {
		unsigned weight = accept_weight(header, types[i]);

		if (weight > best) {
			best = weight;
			*which = i;
		}
	}
	return best > 0;
}

bool web_wants_page(struct web_call *call)
{
	static const char *const types[] = {"application/json", "text/html"};
	size_t which;

	web_accepts(call, types, 2, &which);
	return which == 1;
}

bool web_german(struct web_call *call)
{
	const char *header = web_header(call, "Accept-Language");

	call->work->vary_language = true;
	return !header || accept_weight(header, "de") >= accept_weight(header, "en");
}

struct layout web_layout(struct web_call *call, struct bytes title)
{
	return (struct layout){.language = web_german(call) ? LANGUAGE_DE : LANGUAGE_EN,
			       .title = title,
			       .whose = bytes_str(call->node->identity->name)};
}

enum err web_ask(struct web_call *call, turn_run *run, void *arg)
{
	return asker_ask(call->work->asker, run, arg);
}

/* HOST or HOST:PORT, as it may stand in a URL. */
static bool host_fits(const char *host)
{
	return host && *host && strlen(host) <= LIMIT_ADDRESS_LEN_MAX &&
	       !host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  ".-_:[]")];
}

/* The last of a list, as the proxy next to this node has added it. */
static const char *forwarded(struct web_call *call, const char *name)
{
	const char *list = call->work->asked->proxied ? web_header(call, name) : NULL;
	const char *comma = list ? strrchr(list, ',') : NULL;

	return comma ? comma + 1 + strspn(comma + 1, " ") : list;
}

void web_url(struct web_call *call, struct buf *out, const char *path)
{
	const char *proto = forwarded(call, "X-Forwarded-Proto");
	const char *host = forwarded(call, "X-Forwarded-Host");

	if (call->node->config->base_url[0]) {
		buf_add(out, bytes_str(call->node->config->base_url));
	} else {
		if (!host_fits(host))
			host = web_header(call, "Host");
		if (call->work->asked->admin || !host_fits(host))
			host = call->node->http[0] ? call->node->http : "localhost";
		buf_add(out, bytes_str(proto && !strcmp(proto, "https") ? "https://" : "http://"));
		buf_add(out, bytes_str(host));
	}
	buf_add(out, bytes_str(path));
}
