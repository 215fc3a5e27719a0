/*
 * /copies: foreign data that no subscription asks for, counted (GET) and dropped (DELETE).
 */
#include <stdio.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/api/call.h"
#include "proto/copies.h"

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
	call->copies = mem_new(1, sizeof(*call->copies));
	*call->copies = (struct copies){.pattern = (const char *)call->path.ptr,
					.drop = call->request->method == HTTP_DELETE};
	api_push(call);
}

static void copies_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	const struct copies *copies = call->copies;

	call->more = copies_step(core, txn, call->copies);
	if (!call->more)
		call->out = json_pack("{s:s, s:o, s:o, s:o}", "pattern", copies->pattern,
				      "versions", api_uint(copies->versions), "bytes",
				      api_uint(copies->bytes), "kept", api_uint(copies->kept));
}

const struct route api_copies_routes[] = {
	{HTTP_GET, "/copies", copies_begin, copies_run, NULL},
	{HTTP_DELETE, "/copies", copies_begin, copies_run, NULL},
	{HTTP_OTHER, NULL, NULL, NULL, NULL},
};
