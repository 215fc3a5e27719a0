/*
 * /audit: the log of this node, as frames (proto/audit/check.h). What they say, and whether they
 * are whole, is for whoever has them to find out: the node itself is not to be believed.
 */
#include <stdio.h>

#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/audit/export.h"
#include "proto/catalog/names.h"

#define FRAMES_TYPE "application/octet-stream"

static void frames_begin(struct call *call)
{
	if (api_number_arg(call, "after", &call->after_number, &call->has_after))
		api_push(call);
}

static void frames_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	if (call->has_after) {
		audit_export_page(txn, call->after_number, &call->text);
		return;
	}
	call->err = audit_export_begin(hub, txn, &call->text);
	if (call->err == ERR_ABSENT)
		snprintf(call->why, sizeof(call->why),
			 "this node is no member of a federation yet, so its log is nobody's: "
			 "`allmende federation join`, or `federation create`, comes first");
}

static void frames_done(struct call *call)
{
	if (call->err || call->text.err)
		api_done(call);
	else
		http_answer_as(call->request, 200, FRAMES_TYPE, &call->text);
}

/* Of what is hidden the log has the path alone, of all the slug of the admission. */
static void kept_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	char path[LIMIT_PATH_LEN_MAX + 1];

	call->err = names_resolve(hub, txn, (const char *)call->path.ptr, path, call->why);
	if (!call->err)
		call->out = json_pack("{s:o}", "kept", api_str(path));
}

const struct route audit_routes[] = {
	{HTTP_GET, "/audit", ROUTE_QUERY, .begin = frames_begin, .run = frames_run,
	 .done = frames_done},
	{HTTP_GET, "/audit/path", ROUTE_QUERY, .begin = api_path_begin, .run = kept_run},
	{.path = NULL},
};
