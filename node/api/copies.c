/*
 * /copies: foreign data that no subscription asks for, counted (GET) and dropped (DELETE).
 */
#include "crypto/check.h"
#include "crypto/path.h"
#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/catalog/copies.h"

static void copies_begin(struct call *call)
{
	if (!api_text_arg(call, "pattern", &call->path, true))
		return;
	if (path_pattern_check(buf_bytes(&call->path))) {
		api_fail(call, ERR_CONFIG,
			 "this is not a pattern: write SLUG/PATH, with * for one component and ** "
			 "at the end for all below");
		return;
	}
	struct copies *copies = mem_new(1, sizeof(*copies));
	*copies = (struct copies){.drop = call->request->method == HTTP_DELETE};
	call->topic = copies;
	api_push(call);
}

static void copies_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct copies *copies = call->topic;

	copies->pattern = (const char *)call->path.ptr;
	call->more = copies_step(hub, txn, copies);
	if (!call->more)
		call->out = json_pack("{s:s, s:o, s:o, s:o}", "pattern", copies->pattern,
				      "versions", api_uint(copies->versions), "bytes",
				      api_uint(copies->bytes), "kept", api_uint(copies->kept));
}

const struct route copies_routes[] = {
	{HTTP_GET, "/copies", ROUTE_QUERY, .begin = copies_begin, .run = copies_run},
	{HTTP_DELETE, "/copies", ROUTE_COMMAND, .begin = copies_begin, .run = copies_run},
	{.path = NULL},
};
