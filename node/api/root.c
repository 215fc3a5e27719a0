/*
 * /root: the root key of the own organisation, and how it becomes another one (docs/API.md).
 */
#include <string.h>

#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/membership/announced.h"
#include "proto/membership/rooting.h"
#include "proto/wire/envelope.h"

static json_t *entries_json(struct hub *hub, struct txn *txn)
{
	json_t *list = json_array();
	struct rooting_entry entry;

	for (size_t i = 0; rooting_entry(hub, txn, i, &entry); i++)
		json_array_append_new(
			list, json_pack("{s:I, s:o, s:I, s:b, s:I, s:b}", "number",
					(json_int_t)entry.number, "id",
					api_hex(id_bytes(&entry.id)), "time_ms",
					(json_int_t)entry.time_ms, "counts", entry.counts, "nodes",
					(json_int_t)entry.active_count, "self", entry.lists_own));
	return list;
}

static json_t *announced_json(struct hub *hub, struct txn *txn)
{
	json_t *list = json_array();
	struct announced announced;

	for (size_t i = 0; announced_next(hub, txn, i, &announced); i++) {
		const struct charter_member *member =
			charter_member(&hub->charter, announced.bind->member);
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:I, s:I, s:b}", "name",
					member->name, "slug", member->slug, "own",
					id_eq(&member->org, &hub->options.identity->org), "root",
					api_hex(id_bytes(&announced.bind->root)), "next_root",
					api_hex(id_bytes(&announced.bind->next_root)), "entry",
					api_hex(id_bytes(&announced.bind->log_entry)),
					"charter_number", (json_int_t)announced.bind->number,
					"time_ms", (json_int_t)announced.bind->time_ms, "objection",
					announced.objector != 0));
	}
	return list;
}

static void root_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const struct charter_member *own =
		charter_last_of(&hub->charter, &hub->options.identity->org);
	const struct digest *next = own ? &own->next_root : &hub->options.identity->next_root;

	call->out =
		json_pack("{s:b, s:o, s:o, s:I, s:o, s:o}", "here", hub_has_root(hub), "federation",
			  api_hex(id_bytes(&hub->charter.fed)), "next_root",
			  api_hex(id_bytes(next)), "member", (json_int_t)(own ? own->number : 0),
			  "entries", entries_json(hub, txn), "announced", announced_json(hub, txn));
}

/* The entry that a bind would name. */
static void root_entry_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct charter_change change;

	call->err = rooting_begin(hub, txn, api_in_text(call, "entry"), &change, call->why);
	if (!call->err)
		call->out = json_pack("{s:I, s:o, s:o}", "member", (json_int_t)change.member.number,
				      "entry", api_hex(id_bytes(&change.log_entry)), "federation",
				      api_hex(id_bytes(&hub->charter.fed)));
}

/* False: a text that is none of so many bytes. */
static bool hex_read(struct call *call, const char *name, uint8_t *out, size_t len)
{
	const char *text = api_in_text(call, name);

	return text && !hex_get(out, len, text);
}

static enum err change_read(struct call *call, struct charter_change *out)
{
	const char *kind = api_in_text(call, "change");

	if (!hex_read(call, "root", out->member.root.b, ID_LEN) ||
	    !hex_read(call, "next_root", out->member.next_root.b, ID_LEN))
		return ERR_CONFIG;
	if (strcmp(kind, "announce") == 0)
		out->kind = CHARTER_ANNOUNCE;
	else if (strcmp(kind, "bind") != 0)
		return ERR_CONFIG;
	if (!api_in_text(call, "signature"))
		return ERR_OK;
	out->has_sig = true;
	return hex_read(call, "signature", out->sig.b, SIG_LEN) ? ERR_OK : ERR_CONFIG;
}

static void root_propose_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct charter_change change;
	struct voting_outcome outcome;
	struct buf text;

	buf_init(&text, ENVELOPE_LEN_MAX);
	voting_outcome_init(&outcome);
	call->err = rooting_begin(hub, txn, api_in_text(call, "entry"), &change, call->why);
	if (!call->err) {
		call->err = change_read(call, &change);
		if (call->err)
			why_set(call->why, "change is bind or announce; root and next_root are 64, "
					   "a signature is 128 hexadecimal digits.");
	}
	if (!call->err)
		call->err = rooting_propose(hub, txn, &change, api_in_true(call, "confirm"),
					    &outcome, &text, call->why);
	if (!call->err)
		call->out = json_pack(
			"{s:o, s:I, s:b, s:b, s:o, s:o}", "id", api_hex(id_bytes(&outcome.id)),
			"number", (json_int_t)outcome.number, "voted", outcome.voted, "accepted",
			outcome.accepted, "changes", api_lines(buf_bytes(&outcome.words)), "text",
			text.len ? api_text(buf_bytes(&text)) : json_null());
	voting_outcome_fini(&outcome);
	buf_fini(&text);
}

static void root_object_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	call->err = announced_object(hub, txn, api_in_true(call, "cancel"), call->why);
	if (!call->err)
		call->out = json_object();
}

const struct route root_routes[] = {
	{HTTP_GET, "/root", ROUTE_QUERY, .run = root_run},
	{HTTP_POST, "/root/entry", ROUTE_QUERY, FIELDS("s:entry"), .run = root_entry_run},
	{HTTP_POST, "/root", ROUTE_COMMAND,
	 FIELDS("S:change", "S:root", "S:next_root", "s:entry", "s:signature", "b:confirm"),
	 .run = root_propose_run},
	{HTTP_POST, "/root/object", ROUTE_COMMAND, FIELDS("b:cancel"), .run = root_object_run},
	{.path = NULL},
};
