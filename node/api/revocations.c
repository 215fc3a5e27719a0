/*
 * /revocations: rights are ended, after a preview of what falls with them; /unheard: who has not
 * heard of it (docs/API.md).
 */
#include <stdio.h>

#include "crypto/path.h"
#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/reseal.h"
#include "node/api/routes.h"
#include "proto/catalog/catalog.h"
#include "proto/catalog/revoking.h"
#include "proto/catalog/names.h"
#include "proto/catalog/unheard.h"
#include "proto/catalog/takeover.h"
#include "proto/membership/membership.h"
#include "proto/rights/epochs.h"

enum { LOSSES_MAX = 1000 }; /* told one by one; the rest is counted */

static json_t *revoked_org_json(const struct charter *charter, uint32_t number)
{
	const struct charter_member *member = charter_member(charter, number);

	return json_pack("{s:o, s:o}", "slug", api_str(member ? member->slug : ""), "name",
			 api_str(member ? member->name : "an unknown organisation"));
}

/* ---- what falls ---- */

struct losses {
	struct hub *hub;
	struct txn *txn;
	const struct charter *charter;
	json_t *list;
	uint64_t count;
	struct epochs_cost keys; /* of what ends itself */
	bool reencrypt;
	struct buf lost; /* prefixes where somebody reads no more, each with a zero behind it */
};

/* At or below a prefix is sealed again, if that is wanted: each once. */
static void loss_reencrypt(struct losses *losses, struct bytes prefix)
{
	for (size_t at = 0; at < losses->lost.len;) {
		struct bytes other = bytes_str((const char *)losses->lost.ptr + at);
		if (path_contains(other, prefix))
			return;
		at += other.len + 1;
	}
	buf_add(&losses->lost, prefix);
	buf_add_u8(&losses->lost, 0);
}

static json_t *reencrypt_json(struct losses *losses)
{
	struct reseal_list list;

	reseal_list_begin(&list);
	for (size_t at = 0; at < losses->lost.len;) {
		struct bytes prefix = bytes_str((const char *)losses->lost.ptr + at);
		bool above = false;
		for (size_t to = 0; to < losses->lost.len;) {
			struct bytes other = bytes_str((const char *)losses->lost.ptr + to);
			above = above || (other.len < prefix.len && path_contains(other, prefix));
			to += other.len + 1;
		}
		if (!above)
			reseal_list_add(&list, losses->hub, losses->txn, prefix);
		at += prefix.len + 1;
	}
	return reseal_list_json(&list);
}

/* What new keys cost, of the rights that end themselves; what rests on them lies below. */
static void loss_cost(struct losses *losses, const struct loss *loss)
{
	const struct line *line = &loss->grant->line.line;
	struct epochs_cost cost;

	if (loss->below || loss->before < VERB_READ || loss->after >= VERB_READ)
		return;
	epochs_cost(losses->hub, losses->txn, &line->org, line->prefix, &cost);
	losses->keys.epochs += cost.epochs;
	losses->keys.wraps += cost.wraps;
	losses->keys.bytes += cost.bytes;
	losses->keys.lost += cost.lost;
}

/* The command by which this organisation would give it again, itself. */
static json_t *again_json(const struct losses *losses, const struct loss *loss, const char *prefix)
{
	const struct line *line = &loss->grant->line.line;
	const struct charter_member *to = charter_member(losses->charter, line->audience);
	char command[LIMIT_PATH_LEN_MAX + 200];

	snprintf(command, sizeof(command), "allmende grant %s --to %s --rights %s", prefix,
		 to ? to->slug : "", verb_name(loss->before));
	return api_str(command);
}

static bool loss_add(void *arg, const struct loss *loss)
{
	struct losses *losses = arg;
	const struct grant *grant = loss->grant;
	char name[GRANT_NAME_LEN + 1], other[GRANT_NAME_LEN + 1] = "";
	char prefix[LIMIT_PATH_LEN_MAX + 1]; /* as people call it */

	if (losses->reencrypt && loss->before >= VERB_READ && loss->after < VERB_READ)
		loss_reencrypt(losses, grant->line.line.prefix);
	if (losses->count++ >= LOSSES_MAX)
		return true;
	loss_cost(losses, loss);
	grant_name(name, &grant->line.id);
	catalog_name(losses->hub, losses->txn, grant->line.line.prefix, prefix);
	if (loss->has_other)
		grant_name(other, &loss->other);
	json_array_append_new(
		losses->list,
		json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:I, s:o, s:b, s:o}", "who",
			  revoked_org_json(losses->charter, grant->line.line.audience), "prefix",
			  api_str(prefix), "grant", name, "had", verb_name(loss->before), "has",
			  verb_name(loss->after), "through",
			  loss->has_other ? api_str(other) : json_null(), "since_ms",
			  (json_int_t)grant->line.line.not_before_ms, "versions",
			  api_uint(loss->versions), "below", loss->below, "again",
			  again_json(losses, loss, prefix)));
	return true;
}

/* ---- who has not heard ---- */

static json_t *unheard_json(struct hub *hub, struct txn *txn)
{
	json_t *list = json_array();
	uint32_t number = 0;
	int64_t since_ms;
	bool met;

	while (unheard_next(hub, txn, &number, &since_ms, &met))
		json_array_append_new(list,
				      json_pack("{s:o, s:I, s:b}", "who",
						revoked_org_json(&hub->charter, number), "since_ms",
						(json_int_t)since_ms, "linked", met));
	return list;
}

static void unheard_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	call->out = json_pack("{s:o}", "unheard", unheard_json(hub, txn));
}

/* ---- the revocation ---- */

static const char *text_or_null(struct call *call, const char *name)
{
	const char *text = api_in_text(call, name);

	return text && text[0] ? text : NULL;
}

struct keeping_list {
	json_t *list;
	uint64_t count;
};

static bool kept_add(void *arg, const struct takeover_view *view)
{
	struct keeping_list *kept = arg;

	if (kept->count++ < LOSSES_MAX)
		json_array_append_new(kept->list,
				      json_pack("{s:o, s:o}", "dataset", api_str(view->path),
						"version", api_uint(view->of.number)));
	return true;
}

/* As it is before anything is done. */
static json_t *revocation_json(struct revocation *revocation, bool reencrypt)
{
	struct hub *hub = revocation->plan.hub;
	struct losses losses = {.hub = hub,
				.txn = revocation->plan.txn,
				.charter = &hub->charter,
				.list = json_array(),
				.reencrypt = reencrypt};
	struct keeping_list kept = {json_array(), 0};

	buf_init(&losses.lost, LOSSES_MAX * (LIMIT_PATH_LEN_MAX + 1));
	revocation_losses(revocation, loss_add, &losses);
	takeover_each(hub, revocation->plan.txn, &revocation->plan.facts, kept_add, &kept);
	json_t *again = reencrypt ? reencrypt_json(&losses) : NULL;
	buf_fini(&losses.lost);
	return json_pack(
		"{s:o*, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "reencrypt", again, "keys",
		json_pack("{s:o, s:o, s:o, s:o}", "epochs", api_uint(losses.keys.epochs), "wraps",
			  api_uint(losses.keys.wraps), "bytes", api_uint(losses.keys.bytes), "lost",
			  api_uint(losses.keys.lost)),
		"lines", api_uint(revocation->line_count), "bars", api_uint(revocation->bar_count),
		"losses", losses.list, "loss_count", api_uint(losses.count), "records",
		api_uint(revocation->plan.count), "bytes", api_uint(plan_bytes(&revocation->plan)),
		"kept", kept.list, "kept_count", api_uint(kept.count));
}

static void revoke_begin(struct call *call)
{
	const char *keep = text_or_null(call, "keep");
	enum keeping kept;

	if (!text_or_null(call, "grant") == !text_or_null(call, "from"))
		api_fail(call, ERR_CONFIG, "say which grant ends, or from whom all is taken");
	else if (keep && keeping_parse(&kept, bytes_str(keep)))
		api_fail(call, ERR_CONFIG, "\"%.60s\" cannot be kept: say none, current or all",
			 keep);
	else
		api_push(call);
}

static void revoke_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct revoke_terms terms = {
		.grant = text_or_null(call, "grant"),
		.from = text_or_null(call, "from"),
		.below = text_or_null(call, "below"),
	};
	const char *keep = text_or_null(call, "keep");
	struct revocation revocation;
	char below[LIMIT_PATH_LEN_MAX + 1];

	terms.has_keep = keep && !keeping_parse(&terms.keep, bytes_str(keep));
	if (terms.below) {
		call->err = names_resolve(hub, txn, terms.below, below, call->why);
		terms.below = below;
	}
	if (call->err)
		return;
	call->err = revocation_plan(&revocation, hub, txn, &terms, call->why);
	if (!call->err) {
		/* What falls is told as it was before, so it is told with what was done, too. */
		json_t *out = revocation_json(&revocation, api_in_true(call, "reencrypt"));
		if (api_in_true(call, "yes"))
			call->err = revocation_do(&revocation, call->why);
		json_object_set_new(out, "done", json_boolean(api_in_true(call, "yes")));
		json_object_set_new(out, "unheard", unheard_json(hub, txn));
		call->out = out;
	}
	revocation_fini(&revocation);
}

static void revocation_lift_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const char *prefix = text_or_null(call, "below");
	char below[LIMIT_PATH_LEN_MAX + 1];
	size_t count = 0;

	if (prefix)
		call->err = names_resolve(hub, txn, prefix, below, call->why);
	if (!call->err)
		call->err =
			revocation_lift(hub, txn, api_in_text(call, "from"), prefix ? below : NULL,
					api_in_true(call, "yes"), &count, call->why);
	if (!call->err)
		call->out = json_pack("{s:o}", "lifted", api_uint(count));
}

const struct route revocations_routes[] = {
	{HTTP_POST, "/revocations", ROUTE_COMMAND,
	 FIELDS("s:grant", "s:from", "s:below", "s:keep", "b:reencrypt", "b:yes"),
	 .begin = revoke_begin, .run = revoke_run},
	{HTTP_POST, "/revocations/lift", ROUTE_COMMAND, FIELDS("S:from", "s:below", "b:yes"),
	 .run = revocation_lift_run},
	{HTTP_GET, "/unheard", ROUTE_QUERY, .run = unheard_run},
	{.path = NULL},
};
