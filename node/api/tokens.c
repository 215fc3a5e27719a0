/*
 * /tokens: what programs show that are no member, to be shown what is not open (docs/API.md).
 */
#include <string.h>

#include "crypto/path.h"
#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/catalog/api_token.h"
#include "proto/catalog/catalog.h"
#include "proto/catalog/names.h"

static json_t *token_json(struct hub *hub, struct txn *txn, const struct api_token *token)
{
	char shown[LIMIT_PATH_LEN_MAX + 1];

	catalog_name(hub, txn, bytes_str(token->prefix), shown);
	return json_pack("{s:s, s:o, s:s, s:o, s:I, s:I, s:I, s:I}", "id", token->id, "prefix",
			 api_str(shown), "may", token->verb == API_READ ? "read" : "list", "name",
			 api_str(token->name), "created_ms", (json_int_t)token->created_ms,
			 "until_ms", (json_int_t)token->until_ms, "uses",
			 (json_int_t)(token->use_count & INT64_MAX), "used_ms",
			 (json_int_t)token->used_ms);
}

struct token_list {
	struct hub *hub;
	struct txn *txn;
	json_t *out;
};

static void token_list_add(void *arg, const struct api_token *token)
{
	struct token_list *list = arg;

	json_array_append_new(list->out, token_json(list->hub, list->txn, token));
}

static void tokens_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct token_list list = {hub, txn, json_array()};

	api_token_each(txn, token_list_add, &list);
	call->out = json_pack("{s:o}", "tokens", list.out);
}

static void token_add_begin(struct call *call)
{
	const char *may = api_in_text(call, "may"), *name = api_in_text(call, "name");
	const char *below = api_in_text(call, "below");

	if (strcmp(may, "list") && strcmp(may, "read"))
		api_fail(call, ERR_CONFIG, "\"may\" is \"%.40s\": it is \"list\" or \"read\"", may);
	else if (name && strlen(name) > LIMIT_NAME_LEN_MAX)
		api_fail(call, ERR_CONFIG, "\"name\" has at most %d bytes", LIMIT_NAME_LEN_MAX);
	else if (path_check(bytes_str(below)))
		api_fail(call, ERR_CONFIG,
			 "\"%.200s\" is no prefix: write the beginning of paths, for example "
			 "meissen/kita",
			 below);
	else
		api_push(call);
}

static void token_add_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const char *name = api_in_text(call, "name");
	struct api_token token = {
		.verb = strcmp(api_in_text(call, "may"), "read") ? API_LIST : API_READ,
		.created_ms = now_ms,
		.until_ms = (int64_t)api_in_uint(call, "until_ms"),
	};
	char text[API_TOKEN_TEXT_MAX];

	if (token.until_ms && token.until_ms <= now_ms) {
		call->err = ERR_CONFIG;
		snprintf(call->why, sizeof(call->why), "a token that has ended is of no use");
		return;
	}
	snprintf(token.name, sizeof(token.name), "%s", name ? name : "");
	call->err = names_resolve(hub, txn, api_in_text(call, "below"), token.prefix, call->why);
	if (!call->err)
		call->err = api_token_add(txn, hub->options.random, &token, text, call->why);
	if (call->err)
		return;
	call->status = 201;
	call->out = token_json(hub, txn, &token);
	json_object_set_new(call->out, "token", json_string(text));
	secret_wipe(text, sizeof(text));
}

static void token_remove_begin(struct call *call)
{
	if (api_text_arg(call, "id", &call->path, true))
		api_push(call);
}

static void token_remove_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const char *id = (const char *)call->path.ptr;

	call->err = strlen(id) == API_TOKEN_ID_LEN ? api_token_remove(txn, id) : ERR_ABSENT;
	if (call->err == ERR_ABSENT)
		snprintf(call->why, sizeof(call->why),
			 "there is no API token %.40s: see `allmende token list`", id);
	else
		call->out = json_pack("{s:s}", "id", id);
}

const struct route tokens_routes[] = {
	{HTTP_GET, "/tokens", ROUTE_QUERY, .run = tokens_run},
	{HTTP_POST, "/tokens", ROUTE_COMMAND, FIELDS("S:below", "S:may", "i:until_ms", "s:name"),
	 .begin = token_add_begin, .run = token_add_run},
	{HTTP_DELETE, "/tokens", ROUTE_COMMAND, .begin = token_remove_begin,
	 .run = token_remove_run},
	{.path = NULL},
};
