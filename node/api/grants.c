/*
 * /grants: who lets whom read or keep what; /who: who can read one dataset (docs/API.md).
 */
#include "crypto/path.h"
#include "node/api/args.h"
#include "node/api/entry.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/wire/envelope.h"
#include "proto/membership/membership.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/names.h"

/* ---- what a grant looks like ---- */

static json_t *grant_org_json(const struct charter *charter, const struct org_id *org)
{
	const struct charter_member *member = charter_by_org(charter, org);

	/* Who has left is not found by its id any more. */
	for (uint32_t i = 0; !member && i < charter->member_count; i++)
		if (id_eq(&charter->members[i].org, org))
			member = &charter->members[i];
	return json_pack("{s:o, s:o}", "slug", api_str(member ? member->slug : ""), "name",
			 api_str(member ? member->name : "an unknown organisation"));
}

static const struct org_id *member_org(const struct charter *charter, uint32_t number)
{
	static const struct org_id nobody;
	const struct charter_member *member = charter_member(charter, number);

	return member ? &member->org : &nobody;
}

/* The organisations it has passed through, the owner first. */
static json_t *grant_hands_json(const struct charter *charter, const struct grant *grant)
{
	const struct verdict *verdict = &grant->verdict;
	json_t *hands = json_array();

	for (size_t i = 0; i < verdict->count; i++)
		json_array_append_new(
			hands, grant_org_json(charter, member_org(charter, verdict->issuers[i])));
	if (verdict->count == 0)
		json_array_append_new(
			hands,
			grant_org_json(charter, member_org(charter, grant->line.line.issuer)));
	json_array_append_new(hands, grant_org_json(charter, &grant->line.line.org));
	return hands;
}

static const struct org_id *own_org(struct hub *hub, const struct charter **charter)
{
	struct membership_status status;

	membership_status(hub, &status);
	*charter = status.charter;
	return status.charter && status.member_number
		       ? &charter_member(status.charter, status.member_number)->org
		       : NULL;
}

static json_t *grant_json(struct hub *hub, struct txn *txn, const struct grant *grant)
{
	char prefix[LIMIT_PATH_LEN_MAX + 1];
	const struct line *line = &grant->line.line;
	const struct verdict *verdict = &grant->verdict;
	const struct charter *charter;
	const struct org_id *own = own_org(hub, &charter);
	const struct org_id *giver = member_org(charter, line->issuer);
	const char *direction = own && id_eq(giver, own)        ? "given"
				: own && id_eq(&line->org, own) ? "received"
								: "other";
	char name[GRANT_NAME_LEN + 1];

	grant_name(name, &grant->line.id);
	catalog_name(hub, txn, line->prefix, prefix);
	json_t *out = json_pack(
		"{s:s, s:o, s:o, s:s, s:I, s:I, s:o, s:s, s:s, s:o, s:o, s:o, s:s}", "id", name,
		"line", api_hex(id_bytes(&grant->line.id)), "prefix", api_str(prefix), "rights",
		verb_name(line->verb), "from_ms", (json_int_t)line->not_before_ms, "until_ms",
		(json_int_t)line->expiry_ms, "depth", api_uint(line->depth), "widest",
		tier_name((enum tier)line->widest), "keep", keeping_name(line->keep), "giver",
		grant_org_json(charter, giver), "receiver", grant_org_json(charter, &line->org),
		"hands", grant_hands_json(charter, grant), "direction", direction);
	/* What the chain gives: the meet of its lines. */
	json_object_set_new(out, "gives",
			    api_str(verb_name(grant->good ? verdict->verb : VERB_NONE)));
	json_object_set_new(
		out, "ends_ms",
		json_integer((json_int_t)(verdict->count ? verdict->to_ms : line->expiry_ms)));
	json_object_set_new(out, "hand_on", api_uint(grant->good ? verdict->depth_left : 0));
	json_object_set_new(out, "good", json_boolean(grant->good));
	json_object_set_new(out, "why",
			    grant->good ? json_null() : api_str(fault_text(verdict->fault)));
	if (path_is_hidden(line->prefix))
		json_object_set_new(out, "stored_as", api_text(line->prefix));
	return out;
}

/* ---- giving and taking ---- */

static bool verb_arg(struct call *call, enum verb *verb)
{
	const char *text = api_in_text(call, "rights");

	if (!verb_parse(verb, bytes_str(text)))
		return true;
	api_fail(call, ERR_CONFIG, "\"%.60s\" cannot be granted: say relay, read, write or admin",
		 text);
	return false;
}

static bool keep_arg(struct call *call, enum keeping *keep)
{
	const char *text = api_in_text(call, "keep");

	*keep = KEEPING_CURRENT;
	if (!text || !text[0] || !keeping_parse(keep, bytes_str(text)))
		return true;
	api_fail(call, ERR_CONFIG, "\"%.60s\" cannot be kept: say none, current or all", text);
	return false;
}

static bool widest_arg(struct call *call, uint32_t *widest)
{
	const char *text = api_in_text(call, "widest");
	enum tier tier = TIER_GRANTED;

	if (text && text[0] && (tier_parse(&tier, bytes_str(text)) || tier > TIER_GRANTED)) {
		api_fail(call, ERR_CONFIG,
			 "\"%.60s\" cannot be the widest tier: say open, members or granted", text);
		return false;
	}
	*widest = tier;
	return true;
}

static void grant_give_begin(struct call *call)
{
	enum keeping keep;
	enum verb verb;
	uint32_t widest;

	if (verb_arg(call, &verb) && keep_arg(call, &keep) && widest_arg(call, &widest))
		api_push(call);
}

/* As it is known here now, with its text when that was asked for. */
static void grant_out(struct call *call, struct hub *hub, struct txn *txn, const struct digest *id,
		      bool as_text)
{
	struct grant grant;
	struct buf text;

	call->out = grant_load(hub, txn, id, &grant) ? grant_json(hub, txn, &grant) : json_object();
	if (!as_text)
		return;
	buf_init(&text, ENVELOPE_LEN_MAX);
	call->err = grant_text_make(hub, txn, &grant, &text, call->why);
	if (!call->err)
		json_object_set_new(call->out, "text", api_text(buf_bytes(&text)));
	buf_fini(&text);
}

static void grant_give_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	char prefix[LIMIT_PATH_LEN_MAX + 1];
	struct grant_terms terms = {
		.prefix = prefix,
		.to = api_in_text(call, "to"),
		.expiry_ms = (int64_t)api_in_uint(call, "until_ms"),
		.again = api_in_true(call, "new"),
	};
	uint64_t depth = api_in_uint(call, "depth");
	struct digest id;

	terms.depth = depth > UINT32_MAX ? UINT32_MAX : (uint32_t)depth;
	if (!verb_arg(call, &terms.verb) || !keep_arg(call, &terms.keep) ||
	    !widest_arg(call, &terms.widest))
		return;
	/* Of a hidden dataset people say the name, and the line has the path. */
	call->err = names_resolve(hub, txn, api_in_text(call, "prefix"), prefix, call->why);
	if (!call->err)
		call->err = grants_give(hub, txn, &terms, &id, call->why);
	call->status = 201;
	if (!call->err)
		grant_out(call, hub, txn, &id, api_in_true(call, "text"));
}

static bool has_in(const struct call *call, const char *name)
{
	return json_object_get(call->in, name) != NULL;
}

static void grant_renew_begin(struct call *call)
{
	enum keeping keep;
	enum verb verb;
	uint32_t widest;

	if ((!has_in(call, "rights") || verb_arg(call, &verb)) && keep_arg(call, &keep) &&
	    widest_arg(call, &widest))
		api_push(call);
}

static void grant_renew_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct renew_terms terms = {
		.has_expiry = has_in(call, "until_ms"),
		.expiry_ms = (int64_t)api_in_uint(call, "until_ms"),
		.has_verb = has_in(call, "rights"),
		.has_depth = has_in(call, "depth"),
		.has_widest = has_in(call, "widest"),
		.has_keep = has_in(call, "keep"),
		.yes = api_in_true(call, "yes"),
	};
	uint64_t depth = api_in_uint(call, "depth");
	struct grant grant;

	terms.depth = depth > UINT32_MAX ? UINT32_MAX : (uint32_t)depth;
	if ((terms.has_verb && !verb_arg(call, &terms.verb)) || !keep_arg(call, &terms.keep) ||
	    !widest_arg(call, &terms.widest))
		return;
	call->err = grants_find(hub, txn, api_in_text(call, "id"), &grant, call->why);
	if (!call->err)
		call->err = grants_renew(hub, txn, &grant, &terms, call->why);
	if (!call->err)
		grant_out(call, hub, txn, &grant.line.id, api_in_true(call, "text"));
}

static void grant_accept_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct digest id;

	call->err = grants_accept(hub, txn, api_in_text(call, "text"), &id, call->why);
	if (call->err)
		return;
	call->status = 201;
	grant_out(call, hub, txn, &id, false);
}

/* ---- lists ---- */

struct grants_list {
	struct hub *hub;
	struct txn *txn;
	json_t *out;
};

static bool grants_list_add(void *arg, const struct grant *grant)
{
	struct grants_list *list = arg;

	json_array_append_new(list->out, grant_json(list->hub, list->txn, grant));
	return true;
}

static void grants_list_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const struct charter *charter;
	const struct org_id *own = own_org(hub, &charter);
	struct grants_list list = {hub, txn, json_array()};

	if (own)
		grants_each(hub, txn, own, grants_list_add, &list);
	call->out = json_pack("{s:o}", "grants", list.out);
}

static void grant_begin(struct call *call)
{
	if (api_text_arg(call, "id", &call->path, true))
		api_push(call);
}

static void grant_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct grant grant;

	call->err = grants_find(hub, txn, (const char *)call->path.ptr, &grant, call->why);
	if (!call->err)
		call->out = grant_json(hub, txn, &grant);
}

/* ---- who can read a dataset ---- */

struct who {
	struct hub *hub;
	struct txn *txn;
	json_t *readers, *relays;
};

static bool who_add(void *arg, const struct grant *grant)
{
	struct who *who = arg;

	if (grant->good)
		json_array_append_new(grant->verdict.verb >= VERB_READ ? who->readers : who->relays,
				      grant_json(who->hub, who->txn, grant));
	return true;
}

static const char *tier_words(enum tier tier)
{
	switch (tier) {
	case TIER_OPEN:
		return "Everyone may read it, and every member may keep a copy.";
	case TIER_MEMBERS:
		return "Every member may read it and keep a copy, also those that join later.";
	case TIER_GRANTED:
		return "Only its owner and those it has granted \"read\" may read it; every member "
		       "sees its title and description.";
	case TIER_HIDDEN:
		return "Only its owner and those it has granted \"read\" may read it or see what "
		       "it "
		       "is called.";
	}
	return "";
}

static void who_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const char *path = (const char *)call->path.ptr;
	struct who who = {hub, txn, json_array(), json_array()};
	struct catalog_entry entry;
	const struct charter *charter;

	call->err = catalog_find(hub, txn, path, call->number, &entry, call->why);
	if (call->err) {
		json_decref(who.readers);
		json_decref(who.relays);
		return;
	}
	own_org(hub, &charter);
	const struct charter_member *owner =
		charter ? charter_by_slug(charter, path_slug(bytes_str(path))) : NULL;
	if (entry.tier == TIER_GRANTED || entry.tier == TIER_HIDDEN)
		grants_each_at(hub, txn, bytes_str(entry.stored), who_add, &who);
	call->out = json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:o}", "dataset", api_str(entry.path),
			      "version", api_uint(entry.number), "tier", tier_name(entry.tier),
			      "explained", tier_words(entry.tier), "owner",
			      owner ? grant_org_json(charter, &owner->org) : json_null(), "grants",
			      who.readers, "relays", who.relays);
	api_readers(call->out, hub, txn, &entry);
	api_holders(call->out, hub, txn, &entry);
	catalog_entry_fini(&entry);
}

const struct route grants_routes[] = {
	{HTTP_GET, "/grants", ROUTE_QUERY, .run = grants_list_run},
	{HTTP_POST, "/grants", ROUTE_COMMAND,
	 FIELDS("S:prefix", "S:to", "S:rights", "i:until_ms", "i:depth", "s:widest", "s:keep",
		"b:new", "b:text"),
	 .begin = grant_give_begin, .run = grant_give_run},
	{HTTP_POST, "/grants/renew", ROUTE_COMMAND,
	 FIELDS("S:id", "i:until_ms", "s:rights", "i:depth", "s:widest", "s:keep", "b:yes",
		"b:text"),
	 .begin = grant_renew_begin, .run = grant_renew_run},
	{HTTP_POST, "/grants/accept", ROUTE_COMMAND, FIELDS("S:text"), .run = grant_accept_run},
	{HTTP_GET, "/grant", ROUTE_QUERY, .begin = grant_begin, .run = grant_run},
	{HTTP_GET, "/who", ROUTE_QUERY, .begin = api_path_begin, .run = who_run},
	{.path = NULL},
};
