/*
 * /subscriptions: what is fetched by itself, and into which folders it is written.
 */
#include <stdlib.h>
#include <string.h>

#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "node/files/deliver.h"
#include "node/files/guarded.h"
#include "proto/catalog/catalog.h"
#include "proto/catalog/delivery.h"
#include "proto/catalog/names.h"
#include "proto/transfer/subscription.h"

/* Looking */

struct subscription_list {
	struct hub *hub;
	struct txn *txn;
	json_t *out;
};

static json_t *subscription_of(json_t *list, const char *pattern)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(json_object_get(item, "pattern"));

		if (text && strcmp(text, pattern) == 0)
			return item;
	}
	return NULL;
}

static bool add_failing(void *arg, const struct delivery_view *view)
{
	struct subscription_list *list = arg;
	json_t *subscription = subscription_of(list->out, view->pattern);
	char name[LIMIT_PATH_LEN_MAX + 1];

	if (!view->fail_count || !subscription)
		return true;
	catalog_name(list->hub, list->txn, bytes_str(view->path), name);
	json_array_append_new(json_object_get(subscription, "failing"),
			      json_pack("{s:o, s:o, s:o, s:I}", "dataset", api_str(name), "why",
					api_str(view->why), "tries", api_uint(view->fail_count),
					"retry_ms", (json_int_t)view->retry_ms));
	return true;
}

/* Where each is written, and what could not be. */
static void add_folders(json_t *list, struct hub *hub, struct txn *txn)
{
	struct subscription_list failing = {hub, txn, list};
	char dir[DELIVERY_DIR_LEN_MAX + 1];
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *pattern = json_string_value(json_object_get(item, "pattern"));
		bool has = pattern && delivery_dir(txn, pattern, dir);

		json_object_set_new(item, "to", has ? api_str(dir) : json_null());
		json_object_set_new(item, "failing", json_array());
	}
	delivery_each(txn, add_failing, &failing);
}

static bool add_subscription(void *arg, const struct subscription *subscription, uint64_t held,
			     uint64_t known)
{
	struct subscription_list *list = arg;
	char name[LIMIT_PATH_LEN_MAX + 1];

	catalog_name(list->hub, list->txn, subscription->pattern, name);
	json_array_append_new(list->out,
			      json_pack("{s:o, s:o, s:b, s:o, s:o}", "pattern",
					api_text(subscription->pattern), "name", api_str(name),
					"relay", subscription->relay, "held", api_uint(held),
					"known", api_uint(known)));
	return true;
}

static void subscriptions_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct subscription_list list = {hub, txn, json_array()};

	subscription_each(hub, txn, add_subscription, &list);
	add_folders(list.out, hub, txn);
	call->out = json_pack("{s:o}", "subscriptions", list.out);
}

/* Making and dropping */

/* The folder of the node itself is no place for anybody's files. */
static bool is_inside(const char *dir, const char *data)
{
	char *real_dir = realpath(dir, NULL), *real_data = realpath(data, NULL);
	size_t len = real_data ? strlen(real_data) : 0;
	bool inside = real_dir && real_data && strncmp(real_dir, real_data, len) == 0 &&
		      (real_dir[len] == '/' || real_dir[len] == 0);

	free(real_dir);
	free(real_data);
	return inside;
}

/* Whether "to" can be written to; else the call is answered. */
static bool folder_ok(struct call *call)
{
	const char *to = api_in_text(call, "to");
	char why[WHY_LEN];

	if (!to)
		return true;
	if (!guarded_check(to, why)) {
		api_fail(call, ERR_CONFIG, "%s", why);
		return false;
	}
	if (is_inside(to, call->node->dir)) {
		api_fail(call, ERR_CONFIG, "%.200s lies in the node's own directory: take another",
			 to);
		return false;
	}
	return true;
}

static void subscribe_begin(struct call *call)
{
	if (folder_ok(call))
		api_push(call);
}

static void subscribe_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	char pattern[LIMIT_PATH_LEN_MAX + 1];
	struct subscription subscription = {.relay = api_in_true(call, "relay")};
	const char *to = api_in_text(call, "to");

	/* The name of a hidden dataset is not written down; its path is. */
	call->err = names_resolve(hub, txn, api_in_text(call, "pattern"), pattern, call->why);
	subscription.pattern = bytes_str(pattern);
	if (!call->err)
		call->err = subscription_add(hub, txn, &subscription, call->why);
	if (to && call->err == ERR_EXISTS) /* it gets a folder, or another one */
		call->err = ERR_OK;
	if (to && !call->err)
		delivery_set(txn, pattern, to);
	call->status = 201;
	/* Below DIR a member keeps the short name of its admission. */
	call->out =
		json_pack("{s:s, s:b, s:s?, s:s}", "pattern", api_in_text(call, "pattern"), "relay",
			  subscription.relay, "to", to, "folders", api_in_text(call, "pattern"));
}

static void subscribe_done(struct call *call)
{
	deliver_look(call->node->deliver);
	api_done(call);
}

static void unsubscribe_begin(struct call *call)
{
	if (api_text_arg(call, "pattern", &call->path, true))
		api_push(call);
}

static void unsubscribe_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	char pattern[LIMIT_PATH_LEN_MAX + 1];

	call->err = names_resolve(hub, txn, (const char *)call->path.ptr, pattern, call->why);
	if (!call->err)
		call->err = subscription_drop(hub, txn, pattern, call->why);
	if (!call->err)
		delivery_unset(txn, pattern);
	call->status = 204;
}

const struct route subscriptions_routes[] = {
	{HTTP_GET, "/subscriptions", ROUTE_QUERY, .run = subscriptions_run},
	{HTTP_POST, "/subscriptions", ROUTE_COMMAND, FIELDS("S:pattern", "b:relay", "s:to"),
	 .begin = subscribe_begin, .run = subscribe_run, .done = subscribe_done},
	{HTTP_DELETE, "/subscriptions", ROUTE_COMMAND, .begin = unsubscribe_begin,
	 .run = unsubscribe_run},
	{.path = NULL},
};
