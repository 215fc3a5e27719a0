#include "node/portal/openapi.h"

#include <stdio.h>
#include <string.h>

#include "node/care/node_view.h"
#include "node/web/web_call.h"

#define PATH_MAX_LEN 256

/* "/d/{part1}/{rest}"; puts the names of the parts into params. */
static void path_put(char out[PATH_MAX_LEN], const char *pattern, json_t *params)
{
	unsigned part_count = 0;
	size_t len = 0;

	while (*pattern && len + 32 < PATH_MAX_LEN) {
		bool rest = !strncmp(pattern, "**", 2);
		char name[16];

		if (*pattern != '*') {
			out[len++] = *pattern++;
			continue;
		}
		if (rest)
			snprintf(name, sizeof(name), "rest");
		else
			snprintf(name, sizeof(name), "part%u", ++part_count);
		len += (size_t)snprintf(out + len, PATH_MAX_LEN - len, "{%s}", name);
		json_array_append_new(params,
				      json_pack("{s:s, s:s, s:b, s:s, s:{s:s}}", "name", name, "in",
						"path", "required", 1, "description",
						rest ? "all that follows, slashes too" : "one part",
						"schema", "type", "string"));
		pattern += rest ? 2 : 1;
	}
	out[len] = 0;
}

static void query_params_put(json_t *params, const struct route_param *param)
{
	for (; param && param->name; param++) {
		bool open = !strcmp(param->name, "*");
		json_t *one =
			json_pack("{s:s, s:s, s:b, s:s}", "name", open ? "others" : param->name,
				  "in", "query", "required", 0, "description", param->about);

		if (open)
			json_object_update_new(
				one, json_pack("{s:s, s:b, s:{s:s, s:{s:s}}}", "style", "form",
					       "explode", 1, "schema", "type", "object",
					       "additionalProperties", "type", "string"));
		else
			json_object_set_new(one, "schema", json_pack("{s:s}", "type", param->type));
		json_array_append_new(params, one);
	}
}

static json_t *answer_ref(const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "#/components/responses/%s", name);
	return json_pack("{s:s}", "$ref", text);
}

/* Of each media type that it may have: JSON is an object, all else bytes. */
static json_t *content_json(const char *types)
{
	json_t *content = json_object();

	while (*types) {
		size_t len = strcspn(types, " ");
		char type[128];

		snprintf(type, sizeof(type), "%.*s", (int)len, types);
		json_object_set_new(content, type,
				    json_pack("{s:{s:s}}", "schema", "type",
					      strstr(type, "json") ? "object" : "string"));
		types += len;
		types += strspn(types, " ");
	}
	return content;
}

static json_t *responses_json(const struct route *route)
{
	json_t *all = json_object();

	json_object_set_new(
		all, "200",
		json_pack("{s:s, s:o}", "description", "what was asked for", "content",
			  content_json(route->answers ? route->answers : "application/json")));
	json_object_set_new(all, "304",
			    json_pack("{s:s}", "description", "the client has it already"));
	json_object_set_new(all, "400", answer_ref("usage"));
	json_object_set_new(all, "401", answer_ref("token"));
	json_object_set_new(all, "404", answer_ref("absent"));
	json_object_set_new(all, "503", answer_ref("busy"));
	return all;
}

/* "getApiV1Status" */
static void operation_id(char out[PATH_MAX_LEN], const struct route *route)
{
	size_t len = 0;
	bool capital = true;

	for (const char *c = http_method_name(route->method); *c && len < 16; c++)
		out[len++] = (char)(*c | 32);
	for (const char *c = route->path; *c && len + 8 < PATH_MAX_LEN; c++) {
		bool letter = (*c | 32) >= 'a' && (*c | 32) <= 'z';

		if (*c == '*' && c[1] != '*')
			len += (size_t)snprintf(out + len, PATH_MAX_LEN - len, "Any");
		else if (letter || (*c >= '0' && *c <= '9'))
			out[len++] = capital && letter ? (char)(*c & ~32) : *c;
		capital = !letter;
	}
	out[len] = 0;
}

static void route_put(json_t *paths, const struct route *route)
{
	char path[PATH_MAX_LEN], id[PATH_MAX_LEN], method[16];
	json_t *params = json_array(), *operation, *at;

	path_put(path, route->path, params);
	query_params_put(params, route->params);
	operation_id(id, route);
	operation = json_pack("{s:s, s:s, s:o, s:o, s:[{}, {s:[]}]}", "operationId", id, "summary",
			      route->about ? route->about : route->path, "parameters", params,
			      "responses", responses_json(route), "security", "token");
	if (route->method == HTTP_POST)
		json_object_set_new(operation, "requestBody",
				    json_pack("{s:{s:{s:{s:s}}}}", "content", "application/json",
					      "schema", "type", "object"));
	snprintf(method, sizeof(method), "%s", http_method_name(route->method));
	for (char *c = method; *c; c++)
		*c = (char)(*c | 32);
	at = json_object_get(paths, path);
	if (!at) {
		at = json_object();
		json_object_set_new(paths, path, at);
	}
	json_object_set_new(at, method, operation);
}

static json_t *paths_json(const struct route *const *tables)
{
	json_t *paths = json_object();

	for (; *tables; tables++)
		for (const struct route *route = *tables; route->path; route++)
			if (route->who != WHO_ADMIN)
				route_put(paths, route);
	return paths;
}

static json_t *fault_json(const char *about)
{
	return json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", about, "content",
			 "application/json", "schema", "$ref", "#/components/schemas/fault");
}

static json_t *components_json(void)
{
	return json_pack(
		"{s:{s:o, s:o, s:o, s:o}, s:{s:{s:s, s:[s,s], s:{s:{s:s}, s:{s:s}}}}, s:{s:{s:s, "
		"s:s, s:s}}}",
		"responses", "usage", fault_json("it was asked wrongly; the message says how"),
		"token", fault_json("the token that was shown does not count"), "absent",
		fault_json("it is not there, or not for who asks"), "busy",
		fault_json("not now; Retry-After says when"), "schemas", "fault", "type", "object",
		"required", "error", "message", "properties", "error", "type", "string", "message",
		"type", "string", "securitySchemes", "token", "type", "http", "scheme", "bearer",
		"description", "of `allmende token add`; without one, what is open");
}

void openapi_serve(struct web_call *call)
{
	struct buf url;
	json_t *out;

	buf_init(&url, 4096);
	web_url(call, &url, "");
	out = json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s%}], s:o, s:o}", "openapi",
			"3.0.3", "info", "title", call->node->identity->name, "version", "1",
			"description",
			"What this node of Allmende answers to everybody: datasets, their files, "
			"feeds and services.",
			"license", "name", "EUPL-1.2", "url", "https://eupl.eu/1.2/en/", "servers",
			"url", url.ptr, url.len, "paths", paths_json(web_tables(call)),
			"components", components_json());
	buf_fini(&url);
	web_cache(call, 60, false);
	web_json_as(call, 200, OPENAPI_TYPE, out);
}
