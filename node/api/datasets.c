/*
 * /datasets, /dataset and /log: what is known here.
 */
#include "crypto/check.h"
#include "crypto/path.h"
#include "node/api/args.h"
#include "node/api/entry.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/catalog/catalog.h"
#include "proto/dcat/metadata.h"

static bool log_entry_add(void *arg, const struct catalog_entry *entry)
{
	json_array_append_new(arg, api_entry(entry));
	return true;
}

static void datasets_begin(struct call *call)
{
	if (!api_text_arg(call, "pattern", &call->path, false))
		return;
	if (call->path.len && path_pattern_check(buf_bytes(&call->path))) {
		api_fail(call, ERR_CONFIG,
			 "this is not a pattern: write SLUG/PATH, with * for one component and ** "
			 "at "
			 "the end for all below, for example */kita/**");
		return;
	}
	struct catalog_list *list = mem_new(1, sizeof(*list));
	*list = catalog_list_begin(NULL, NULL);
	call->topic = list;
	api_push(call);
}

static bool list_entry(void *arg, const struct catalog_entry *entry)
{
	struct call *call = arg;

	/* A hidden dataset is listed to its readers alone; others know that it is there. */
	if (entry->tier != TIER_HIDDEN || entry->readable)
		api_list_add(call, api_entry(entry));
	return true;
}

static void datasets_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct catalog_list *list = call->topic;

	if (!call->text.len)
		buf_add(&call->text, bytes_str("{\"datasets\":["));
	list->pattern = call->path.len ? (const char *)call->path.ptr : NULL;
	call->more = catalog_list(hub, txn, list, list_entry, call);
	if (!call->more)
		buf_add(&call->text, bytes_str("]}"));
}

static void describe(json_t *object, const struct description *description)
{
	json_t *metadata = metadata_to_json(description);

	json_object_update(object, metadata);
	json_decref(metadata);
	json_object_set_new(object, "issued_ms", api_uint(description->issued_ms));
	json_object_set_new(object, "modified_ms", api_uint(description->modified_ms));
}

static void add_keep(json_t *object, struct hub *hub, struct txn *txn,
		     const struct dataset_id *dataset)
{
	struct keep keep;

	catalog_keep(hub, txn, dataset, &keep);
	json_object_set_new(object, "keep", api_uint(keep.count));
	json_object_set_new(object, "keep_days", api_uint(keep.days));
}

static void dataset_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct catalog_entry entry;

	call->err = catalog_find(hub, txn, (const char *)call->path.ptr, call->number, &entry,
				 call->why);
	if (call->err)
		return;
	call->out = api_entry(&entry);
	describe(call->out, &entry.description);
	api_readers(call->out, hub, txn, &entry);
	api_holders(call->out, hub, txn, &entry);
	if (entry.own)
		add_keep(call->out, hub, txn, &entry.dataset);
	json_object_set_new(call->out, "record", api_hex(id_bytes(&entry.record)));
	catalog_entry_fini(&entry);
}

static void log_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const char *path = (const char *)call->path.ptr;
	json_t *list = json_array();

	call->err = catalog_log(hub, txn, path, log_entry_add, list, call->why);
	call->out = json_pack("{s:o, s:o}", "dataset", api_str(path), "versions", list);
}

const struct route datasets_routes[] = {
	{HTTP_GET, "/datasets", ROUTE_QUERY, .begin = datasets_begin, .run = datasets_run},
	{HTTP_GET, "/dataset", ROUTE_QUERY, .begin = api_path_begin, .run = dataset_run},
	{HTTP_GET, "/log", ROUTE_QUERY, .begin = api_path_begin, .run = log_run},
	{.path = NULL},
};
