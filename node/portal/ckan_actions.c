/*
 * ckan_actions - which actions there are, and how a request finds its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/care/node_view.h"
#include "node/portal/ckan.h"
#include "node/portal/portal.h"

enum { SITE_ACTIONS = 3 };
static const struct ckan_action site_actions[SITE_ACTIONS + 1];

static const struct ckan_action *const ACTIONS[] = {site_actions, ckan_package_actions,
						    ckan_search_actions, ckan_list_actions};
enum { ACTIONS_COUNT = sizeof(ACTIONS) / sizeof(ACTIONS[0]) };

/* ---- requests ---- */

static void deny(struct ckan *ckan)
{
	ckan_refuse(ckan, 403,
		    json_pack("{s:s, s:s}", "__type", "Authorization Error", "message",
			      "Access denied: nothing is written by this interface; publish with "
			      "`allmende publish`"));
}

static const struct ckan_action *action_find(const char *name)
{
	for (size_t i = 0; i < ACTIONS_COUNT; i++)
		for (const struct ckan_action *at = ACTIONS[i]; at->name; at++)
			if (!strcmp(at->name, name))
				return at;
	return NULL;
}

/* What a real server also has, and we do not: it writes. */
static bool is_write(const char *name)
{
	static const char *const ends[] = {"_create",  "_update", "_delete", "_patch",
					   "_purge",   "_revise", "_upsert", "_upload",
					   "_reorder", "_add",    "_remove", "_invite"};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && !strcmp(name + len - end, ends[i]))
			return true;
	}
	return false;
}

static bool params_have(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

/* One that comes twice is a list. */
static json_t *args_object(struct web_call *call)
{
	json_t *out = json_object();
	const char *name, *value;

	for (size_t at = 0; web_arg_next(call, &at, &name, &value);) {
		json_t *before = json_object_get(out, name);

		if (!before)
			json_object_set_new(out, name, ckan_str(bytes_str(value)));
		else if (json_is_array(before))
			json_array_append_new(before, ckan_str(bytes_str(value)));
		else
			json_object_set_new(
				out, name, json_pack("[O, o]", before, ckan_str(bytes_str(value))));
	}
	return out;
}

/* NULL: the body is wrong, and answered. */
static json_t *arguments(struct web_call *call)
{
	json_t *out = args_object(call), *body;

	if (call->method == HTTP_GET || !call->body.len)
		return out;
	body = web_body(call);
	if (!body) {
		json_decref(out);
		return NULL;
	}
	json_object_update(out, body);
	json_decref(body);
	return out;
}

static void serve_action(struct ckan *ckan, const struct ckan_action *action)
{
	const char *name;
	json_t *value;
	char what[200];

	json_object_foreach(ckan->in, name, value)
	{
		if (params_have(action->params, name))
			continue;
		snprintf(what, sizeof(what), "there is no parameter \"%.80s\" of %s here", name,
			 action->name);
		ckan_bad_query(ckan, what);
		return;
	}
	action->serve(ckan);
}

/* As CKAN says it: a text, no object. */
static void unknown(struct ckan *ckan)
{
	char what[200];
	struct buf out;

	snprintf(what, sizeof(what), "Bad request - Action name not known: %.100s", ckan->action);
	json_t *text = ckan_str(bytes_str(what));
	char *encoded = json_dumps(text, JSON_ENCODE_ANY);
	buf_init(&out, 4096);
	buf_add(&out, bytes_str(encoded ? encoded : "\"\""));
	free(encoded);
	json_decref(text);
	web_text(ckan->call, 400, "application/json", &out);
}

static void ckan_serve(struct web_call *call)
{
	struct ckan ckan = {.call = call, .action = call->parts[0]};
	const struct ckan_action *action = action_find(ckan.action);

	if (!action && is_write(ckan.action)) {
		deny(&ckan);
	} else if (!action) {
		unknown(&ckan);
	} else if ((ckan.in = arguments(call))) {
		serve_action(&ckan, action);
	}
	json_decref(ckan.in);
}

/* ---- what there is ---- */

static void help_show(struct ckan *ckan)
{
	const char *name = ckan_need(ckan, "name");
	const struct ckan_action *action = name ? action_find(name) : NULL;
	char text[1000];

	if (!name)
		return;
	if (!action) {
		ckan_absent(ckan);
		return;
	}
	snprintf(text, sizeof(text), "%s\n\nparameters: %s", action->about,
		 *action->params ? action->params : "none");
	ckan_done(ckan, json_string(text));
}

static void site_read(struct ckan *ckan)
{
	ckan_done(ckan, json_true());
}

static void status_show(struct ckan *ckan)
{
	const struct identity *identity = ckan->call->node->identity;

	ckan_done(ckan, json_pack("{s:o, s:o, s:o, s:s, s:[], s:s, s:s}", "site_title",
				  ckan_str(bytes_str(identity->name)), "site_description",
				  ckan_str(bytes_str(identity->name)), "site_url",
				  ckan_url(ckan, ""), "ckan_version", CKAN_VERSION, "extensions",
				  "locale_default", "de", "software", ckan->call->node->software));
}

static const struct ckan_action site_actions[SITE_ACTIONS + 1] = {
	{"help_show", help_show, "name", "What an action does, and its parameters."},
	{"site_read", site_read, "", "Whether this interface may be read."},
	{"status_show", status_show, "",
	 "Whose node this is, and which CKAN its answers are like."},
	{0},
};

const struct route ckan_routes[] = {
	{HTTP_GET, "/api/3/action/*", .who = WHO_ANYONE, .serve = ckan_serve,
	 .about = "an action of CKAN, its parameters in the query",
	 .params = PARAMS({"*", "string", "those of the action"})},
	{HTTP_POST, "/api/3/action/*", .who = WHO_ANYONE, .serve = ckan_serve,
	 .about = "an action of CKAN, its parameters as a JSON object",
	 .params = PARAMS({"*", "string", "those of the action"})},
	{HTTP_GET, "/api/action/*", .who = WHO_ANYONE, .serve = ckan_serve,
	 .about = "the same under the older address",
	 .params = PARAMS({"*", "string", "those of the action"})},
	{HTTP_POST, "/api/action/*", .who = WHO_ANYONE, .serve = ckan_serve,
	 .about = "the same under the older address",
	 .params = PARAMS({"*", "string", "those of the action"})},
	{0},
};
