/*
 * /grant/export and /grant/prove: a grant as a file that anybody can check, and the proof that it
 * is this organisation's (docs/API.md).
 */
#include <stdio.h>

#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/catalog/grants.h"
#include "proto/rights/showing.h"
#include "proto/rights/token_export.h"
#include "proto/rights/token_file.h"
#include "proto/rights/world.h"
#include "proto/wire/envelope.h"

static void export_begin(struct call *call)
{
	if (api_text_arg(call, "id", &call->path, true))
		api_push(call);
}

static void export_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct grant grant;
	struct world world;
	struct buf file, text;

	call->err = grants_find(hub, txn, (const char *)call->path.ptr, &grant, call->why);
	if (call->err)
		return;
	buf_init(&file, TOKEN_FILE_LEN_MAX);
	buf_init(&text, (size_t)2 * TOKEN_FILE_LEN_MAX);
	world_begin(&world, hub, txn);
	call->err = token_export(&file, &hub->ledger, txn, &world.facts, &grant.line.id, now_ms,
				 call->why);
	base64_put(&text, buf_bytes(&file));
	if (!call->err)
		call->err = text.err;
	if (!call->err)
		call->out = json_pack("{s:o, s:o}", "file", api_text(buf_bytes(&text)), "bytes",
				      api_uint(file.len));
	buf_fini(&file);
	buf_fini(&text);
}

static enum err prove(struct call *call, struct hub *hub, const struct grant *grant,
		      struct bytes challenge, int64_t now_ms)
{
	const struct showing showing = {.author = hub->author,
					.grant = grant->line.id,
					.challenge = challenge,
					.time_ms = now_ms};
	struct buf text;

	if (challenge.len < SHOWING_CHALLENGE_LEN_MIN ||
	    challenge.len > SHOWING_CHALLENGE_LEN_MAX) {
		snprintf(call->why, WHY_LEN,
			 "the challenge has %zu bytes: who checks the grant chooses %d to %d",
			 challenge.len, SHOWING_CHALLENGE_LEN_MIN, SHOWING_CHALLENGE_LEN_MAX);
		return ERR_CONFIG;
	}
	if (grant->line.line.audience != author_member(hub->author)) {
		snprintf(call->why, WHY_LEN,
			 "this organisation did not get that grant: who got it can prove it");
		return ERR_DENIED;
	}
	buf_init(&text, ENVELOPE_LEN_MAX);
	showing_make(&text, &showing, &hub->charter.fed, hub->ledger.own_seed);
	enum err err = text.err;
	if (!err)
		call->out = json_pack("{s:o}", "text", api_text(buf_bytes(&text)));
	buf_fini(&text);
	return err;
}

static void prove_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct grant grant;

	call->err = grants_find(hub, txn, api_in_text(call, "id"), &grant, call->why);
	if (!call->err)
		call->err =
			prove(call, hub, &grant, bytes_str(api_in_text(call, "challenge")), now_ms);
}

const struct route showing_routes[] = {
	{HTTP_GET, "/grant/export", ROUTE_QUERY, .begin = export_begin, .run = export_run},
	{HTTP_POST, "/grant/prove", ROUTE_QUERY, FIELDS("S:id", "S:challenge"), .run = prove_run},
	{.path = NULL},
};
