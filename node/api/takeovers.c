/*
 * /takeovers: what others wrote here and what another own node has said is signed by this one.
 */
#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/catalog/siblings.h"
#include "proto/catalog/takeover.h"

enum { SHOWN_MAX = 1000, NODE_INDEX_MAX = 255 };

static json_t *view_json(const struct takeover_view *view)
{
	return json_pack("{s:o, s:o, s:o}", "dataset", api_str(view->path), "version",
			 api_uint(view->of.number), "sealed_bytes", api_uint(view->bytes));
}

static bool view_add(void *arg, const struct takeover_view *view)
{
	json_array_append_new(arg, view_json(view));
	return json_array_size(arg) < SHOWN_MAX;
}

static void waiting_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	json_t *list = json_array();

	takeover_waiting(hub, txn, view_add, list);
	call->out = json_pack("{s:o}", "void", list);
}

static void take_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct takeover_view view;

	call->err = takeover_version(hub, txn, api_in_text(call, "dataset"),
				     api_in_uint(call, "version"), &view, call->why);
	if (call->err)
		return;
	call->status = 201;
	call->out = view_json(&view);
}

/* A part; who asks goes on with `after` while there is more. */
static void node_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct sibling_copy copy = {.after = api_in_uint(call, "after")};
	uint64_t index = api_in_uint(call, "index");

	if (index > NODE_INDEX_MAX) {
		api_fail(call, ERR_CONFIG, "a node has an index of at most %d", NODE_INDEX_MAX);
		return;
	}
	call->err = siblings_takeover(hub, txn, (uint8_t)index, &copy, call->why);
	if (call->err)
		return;
	uint64_t missing = copy.more ? 0 : siblings_missing(hub, txn, (uint8_t)index, SHOWN_MAX);
	call->out = json_pack("{s:o, s:o, s:b, s:o, s:o}", "copied", api_uint(copy.copied),
			      "skipped", api_uint(copy.skipped), "more", copy.more, "after",
			      api_uint(copy.after), "missing", api_uint(missing));
}

const struct route takeovers_routes[] = {
	{HTTP_GET, "/takeovers", ROUTE_QUERY, .run = waiting_run},
	{HTTP_POST, "/takeovers", ROUTE_COMMAND, FIELDS("S:dataset", "I:version"), .run = take_run},
	{HTTP_POST, "/takeovers/node", ROUTE_COMMAND, FIELDS("I:index", "i:after"),
	 .run = node_run},
	{.path = NULL},
};
