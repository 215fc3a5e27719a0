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
#include "proto/catalog/grants.h"

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

/* The organisations it has passed through, the owner first. */
static json_t *grant_hands_json(const struct charter *charter, const struct token_link *links,
				size_t count)
{
	json_t *hands = json_array();

	json_array_append_new(hands, grant_org_json(charter, &links[0].issuer));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(hands, grant_org_json(charter, &links[i].audience));
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

static json_t *grant_links_json(struct hub *hub, const struct token_link *links, size_t count)
{
	const struct token_link *last = &links[count - 1];
	const struct charter *charter;
	const struct org_id *own = own_org(hub, &charter);
	const char *direction = own && id_eq(&last->issuer, own)     ? "given"
				: own && id_eq(&last->audience, own) ? "received"
								     : "other";
	char name[GRANT_NAME_LEN + 1];

	grant_name(name, &last->id);
	return json_pack("{s:s, s:o, s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:s}", "id", name,
			 "token", api_hex(id_bytes(&last->id)), "prefix", api_text(last->prefix),
			 "rights", verb_name(last->verb), "from_ms",
			 (json_int_t)last->not_before_ms, "until_ms", (json_int_t)last->expiry_ms,
			 "depth", api_uint(last->depth), "giver",
			 grant_org_json(charter, &last->issuer), "receiver",
			 grant_org_json(charter, &last->audience), "hands",
			 grant_hands_json(charter, links, count), "direction", direction);
}

static json_t *grant_json(struct hub *hub, const struct grant *grant)
{
	json_t *out = grant_links_json(hub, grant->link, grant->link_count);

	json_object_set_new(out, "good", json_boolean(grant->good));
	json_object_set_new(out, "why", grant->good ? json_null() : api_str(grant->why));
	return out;
}

/* One that is known here, or not any more. */
static json_t *grant_token_json(struct hub *hub, struct txn *txn, const struct digest *token)
{
	struct grant grant;
	char name[ID_HEX_LEN], why[WHY_LEN];

	grant_name(name, token);
	return !grants_find(hub, txn, name, &grant, why) ? grant_json(hub, &grant) : json_object();
}

/* ---- giving and taking ---- */

static void grant_give_begin(struct call *call)
{
	enum verb verb;

	if (verb_parse(&verb, bytes_str(api_in_text(call, "rights")))) {
		api_fail(call, ERR_CONFIG, "\"%.60s\" cannot be granted: say relay or read",
			 api_in_text(call, "rights"));
		return;
	}
	api_push(call);
}

/* What the text says, which is all there is of it. */
static void grant_text_out(struct call *call, struct hub *hub, struct bytes text)
{
	struct grant_text parts;
	struct buf body;

	buf_init(&body, TOKEN_TEXT_LEN_MAX);
	call->err = envelope_get(&body, ENVELOPE_GRANT, text);
	if (!call->err)
		call->err = grant_text_get(&parts, buf_bytes(&body));
	if (!call->err) {
		call->out = grant_links_json(hub, parts.token.link, parts.token.count);
		json_object_set_new(call->out, "text", api_text(text));
	}
	buf_fini(&body);
}

static void grant_give_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct grant_terms terms = {
		.prefix = api_in_text(call, "prefix"),
		.to = api_in_text(call, "to"),
		.expiry_ms = (int64_t)api_in_uint(call, "until_ms"),
	};
	uint64_t depth = api_in_uint(call, "depth");
	bool as_text = api_in_true(call, "text");
	struct digest token;
	struct buf text;

	terms.depth = depth > UINT32_MAX ? UINT32_MAX : (uint32_t)depth;
	verb_parse(&terms.verb, bytes_str(api_in_text(call, "rights")));
	buf_init(&text, ENVELOPE_LEN_MAX);
	call->err =
		grants_give(hub, txn, now_ms, &terms, as_text ? &text : NULL, &token, call->why);
	call->status = 201;
	if (!call->err && as_text)
		grant_text_out(call, hub, buf_bytes(&text));
	else if (!call->err)
		call->out = grant_token_json(hub, txn, &token);
	buf_fini(&text);
}

static void grant_accept_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct digest token;

	call->err = grants_accept(hub, txn, now_ms, api_in_text(call, "text"), &token, call->why);
	if (call->err)
		return;
	call->status = 201;
	call->out = grant_token_json(hub, txn, &token);
}

/* ---- lists ---- */

struct grants_list {
	struct hub *hub;
	json_t *out;
};

static bool grants_list_add(void *arg, const struct grant *grant)
{
	struct grants_list *list = arg;

	json_array_append_new(list->out, grant_json(list->hub, grant));
	return true;
}

static void grants_list_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const struct charter *charter;
	const struct org_id *own = own_org(hub, &charter);
	struct grants_list list = {hub, json_array()};

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
		call->out = grant_json(hub, &grant);
}

/* ---- who can read a dataset ---- */

struct who {
	struct hub *hub;
	json_t *readers, *relays;
};

static bool who_add(void *arg, const struct grant *grant)
{
	struct who *who = arg;

	if (grant->good)
		json_array_append_new(grant->verb >= VERB_READ ? who->readers : who->relays,
				      grant_json(who->hub, grant));
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
	struct who who = {hub, json_array(), json_array()};
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
		grants_each_at(hub, txn, bytes_str(path), who_add, &who);
	call->out = json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:o}", "dataset", api_str(path),
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
	 FIELDS("S:prefix", "S:to", "S:rights", "i:until_ms", "i:depth", "b:text"),
	 .begin = grant_give_begin, .run = grant_give_run},
	{HTTP_POST, "/grants/accept", ROUTE_COMMAND, FIELDS("S:text"), .run = grant_accept_run},
	{HTTP_GET, "/grant", ROUTE_QUERY, .begin = grant_begin, .run = grant_run},
	{HTTP_GET, "/who", ROUTE_QUERY, .begin = api_path_begin, .run = who_run},
	{.path = NULL},
};
