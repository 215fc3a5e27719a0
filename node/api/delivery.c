#include <stdlib.h>
#include <string.h>

#include "node/api/call.h"
#include "node/files/folder.h"
#include "proto/delivery.h"

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

bool api_delivery_check(struct call *call)
{
	const char *to = api_in_text(call, "to");
	char why[FOLDER_WHY_LEN];

	if (!to)
		return true;
	if (!folder_check(to, why)) {
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
	json_t *subscription = subscription_of(arg, view->pattern);

	if (!view->fail_count || !subscription)
		return true;
	json_array_append_new(json_object_get(subscription, "failing"),
			      json_pack("{s:o, s:o, s:o, s:I}", "dataset", api_str(view->path),
					"why", api_str(view->why), "tries",
					api_uint(view->fail_count), "retry_ms",
					(json_int_t)view->retry_ms));
	return true;
}

void api_delivery_show(json_t *list, struct txn *txn)
{
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
	delivery_each(txn, add_failing, list);
}
