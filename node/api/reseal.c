/*
 * /reseal: own versions once more, sealed whole under the key of now; what that would send.
 */
#include <stdio.h>
#include <string.h>

#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/reseal.h"
#include "node/api/routes.h"
#include "node/files/reseal.h"
#include "proto/catalog/names.h"

enum { RESEALS_MAX = 1000 }; /* told one by one; the rest is counted */

/* ---- which ---- */

void reseal_list_begin(struct reseal_list *list)
{
	*list = (struct reseal_list){.datasets = json_array()};
}

void reseal_list_add(struct reseal_list *list, struct hub *hub, struct txn *txn,
		     struct bytes prefix)
{
	struct again again = {.number = 0};

	while (again_next(hub, txn, prefix, false, &again) || again.more) {
		if (again.more || list->count++ >= RESEALS_MAX)
			continue;
		list->bytes += again.bytes;
		json_array_append_new(list->datasets,
				      json_pack("{s:o, s:o, s:o}", "dataset", api_str(again.name),
						"version", api_uint(again.number), "bytes",
						api_uint(again.bytes)));
	}
}

json_t *reseal_list_json(struct reseal_list *list)
{
	return json_pack("{s:o, s:o, s:o}", "datasets", list->datasets, "count",
			 api_uint(list->count), "bytes", api_uint(list->bytes));
}

static void reseals_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const char *path = (const char *)call->path.ptr;
	char below[LIMIT_PATH_LEN_MAX + 1];
	struct reseal_list list;

	call->err = names_resolve(hub, txn, path, below, call->why);
	if (call->err)
		return;
	reseal_list_begin(&list);
	reseal_list_add(&list, hub, txn, bytes_str(below));
	call->out = reseal_list_json(&list);
}

/* ---- one ---- */

static void reseal_over(void *arg, const struct resealed *what)
{
	struct call *call = arg;

	if (what->err) {
		call->err = what->err;
		call->code = what->waits ? "waiting" : NULL;
		snprintf(call->why, sizeof(call->why), "%s", what->why);
		api_done(call);
		return;
	}
	api_reply(call, 200,
		  json_pack("{s:O, s:o, s:o}", "dataset", json_object_get(call->out, "dataset"),
			    "version", what->number ? api_uint(what->number) : json_null(), "bytes",
			    api_uint(what->bytes)));
}

/* What people call it, or where it is kept. */
static void reseal_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	char path[LIMIT_PATH_LEN_MAX + 1];

	call->err = names_resolve(hub, txn, api_in_text(call, "dataset"), path, call->why);
	buf_reset(&call->path);
	buf_add(&call->path, bytes_of(path, strlen(path) + 1));
	call->out = json_pack("{s:s}", "dataset", api_in_text(call, "dataset"));
}

static void reseal_done(struct call *call)
{
	if (call->err)
		api_done(call);
	else if (!reseal_start(call->node->reseal, (const char *)call->path.ptr, false, reseal_over,
			       call))
		api_fail(call, ERR_BUSY,
			 "another dataset is being sealed again, or too many uploads are under "
			 "way: try again when that is done");
}

const struct route reseal_routes[] = {
	{HTTP_GET, "/reseal", ROUTE_QUERY, .begin = api_path_begin, .run = reseals_run},
	{HTTP_POST, "/reseal", ROUTE_COMMAND, FIELDS("S:dataset"), .run = reseal_run,
	 .done = reseal_done},
	{.path = NULL},
};
