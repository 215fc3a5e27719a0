/*
 * start: whether this node signs, and saying that it may.
 */
#include "node/api/args.h"
#include "node/api/json.h"
#include "proto/catalog/aside_say.h"
#include "proto/catalog/unsigned.h"
#include "proto/sync/start.h"

static bool path_add(void *arg, struct bytes path)
{
	json_array_append_new(arg, json_stringn((const char *)path.ptr, path.len));
	return true;
}

static void start_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	static const char *const names[] = {[SIGNING_YES] = "signs",
					    [SIGNING_WAITS] = "waits",
					    [SIGNING_BEHIND] = "behind",
					    [SIGNING_STOPPED] = "stopped",
					    [SIGNING_STOPPING] = "stopped"};
	struct author_state own = {0};
	json_t *paths = json_array();
	char why[WHY_LEN] = "";

	if (hub->author)
		ledger_state(&hub->ledger, txn, hub->author, &own);
	unsigned_each(txn, path_add, paths);
	aside_each(txn, path_add, paths);
	hub_sign_check(hub, why);
	call->out = json_pack("{s:s, s:I, s:s, s:o}", "state", names[hub->signing], "own_head_ms",
			      (json_int_t)own.head_time_ms, "why", why, "waiting", paths);
}

static void confirm_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	call->err = start_confirm(hub, txn, call->why);
	if (!call->err)
		start_run(call, hub, txn, now_ms);
}

const struct route start_routes[] = {
	{HTTP_GET, "/start", ROUTE_QUERY, .run = start_run},
	{HTTP_POST, "/start/confirm", ROUTE_COMMAND, .run = confirm_run},
	{.path = NULL},
};
