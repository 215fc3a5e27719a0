/*
 * /takeovers: what others wrote here and what another own node has said is signed by this one.
 */
#include <stdio.h>

#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/catalog/grants.h"
#include "proto/catalog/siblings.h"
#include "proto/catalog/takeover.h"
#include "proto/ledger/bar.h"
#include "proto/ledger/withdrawal_body.h"

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

/* ---- another own node ---- */

struct items {
	const struct hub *hub;
	json_t *list;
};

static const char *slug_of_org(const struct hub *hub, const struct org_id *org)
{
	const struct charter_member *member = charter_by_org(&hub->charter, org);

	return member ? member->slug : "?";
}

/* The line, and the command by which this organisation would give it again. */
static void line_words(const struct hub *hub, const struct sibling_item *item, char *what,
		       char *command, size_t max)
{
	char name[GRANT_NAME_LEN + 1];
	struct digest id;
	struct line line;

	if (line_get(&line, item->record->body))
		return;
	line_id(&id, &line);
	grant_name(name, &id);
	const char *to = slug_of_org(hub, &line.org);
	const int len = (int)line.prefix.len;
	const char *prefix = (const char *)line.prefix.ptr;
	snprintf(what, max, "grant %s of %.*s to %s", name, len, prefix, to);
	if (item->kind == SIBLING_ENDED)
		snprintf(command, max, "allmende grant %.*s --to %s --rights %s", len, prefix, to,
			 item->gave ? verb_name(item->gave->verb) : "read");
}

static void record_words(const struct hub *hub, const struct sibling_item *item, char *what,
			 char *command, size_t max)
{
	const struct record *record = item->record;
	struct withdrawal withdrawal;
	struct version version;
	struct bar_list bars;

	if (record->kind == RECORD_VERSION && !version_decode(&version, record->body)) {
		snprintf(what, max, "%.*s@%llu", (int)version.path.len,
			 (const char *)version.path.ptr, (unsigned long long)version.number);
		if (item->kind == SIBLING_LATE)
			snprintf(command, max, "allmende takeover %s", what);
	} else if (record->kind == RECORD_WITHDRAWAL &&
		   !withdrawal_get(&withdrawal, record->body)) {
		snprintf(what, max, "the withdrawal of %.*s up to version %llu",
			 (int)withdrawal.path.len, (const char *)withdrawal.path.ptr,
			 (unsigned long long)withdrawal.number);
	} else if (record->kind == RECORD_LINE) {
		line_words(hub, item, what, command, max);
	} else if (record->kind == RECORD_BAR && !bar_list_get(&bars, record->body)) {
		snprintf(what, max, "what bars %s", slug_of_org(hub, &bars.org));
		if (item->kind == SIBLING_BARRED)
			snprintf(command, max, "allmende revoke --lift %s",
				 slug_of_org(hub, &bars.org));
	}
}

static void item_add(void *arg, const struct sibling_item *item)
{
	static const char *const kinds[] = {[SIBLING_TAKEN] = "taken",
					    [SIBLING_LATE] = "late",
					    [SIBLING_ENDED] = "ended",
					    [SIBLING_BARRED] = "barred"};
	char what[LIMIT_PATH_LEN_MAX + 200] = "", command[LIMIT_PATH_LEN_MAX + 200] = "";
	struct items *items = arg;

	record_words(items->hub, item, what, command, sizeof(what));
	if (what[0])
		json_array_append_new(items->list,
				      json_pack("{s:s, s:o, s:o}", "item", kinds[item->kind],
						"what", api_str(what), "command",
						command[0] ? api_str(command) : json_null()));
}

/* A part; who asks goes on with `after` while there is more. */
static void node_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct items items = {.hub = hub, .list = json_array()};
	struct sibling_copy copy = {.after = api_in_uint(call, "after"),
				    .before_ms = (int64_t)api_in_uint(call, "since_ms"),
				    .each = item_add,
				    .arg = &items};
	uint64_t index = api_in_uint(call, "index");

	if (index > NODE_INDEX_MAX) {
		json_decref(items.list);
		api_fail(call, ERR_CONFIG, "a node has an index of at most %d", NODE_INDEX_MAX);
		return;
	}
	call->err = siblings_takeover(hub, txn, (uint8_t)index, &copy, call->why);
	if (call->err) {
		json_decref(items.list);
		return;
	}
	uint64_t missing = copy.more || copy.before_ms
				   ? 0
				   : siblings_missing(hub, txn, (uint8_t)index, SHOWN_MAX);
	call->out = json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "copied",
			      api_uint(copy.copied), "skipped", api_uint(copy.skipped), "late",
			      api_uint(copy.late), "more", copy.more, "after", api_uint(copy.after),
			      "missing", api_uint(missing), "items", items.list);
}

const struct route takeovers_routes[] = {
	{HTTP_GET, "/takeovers", ROUTE_QUERY, .run = waiting_run},
	{HTTP_POST, "/takeovers", ROUTE_COMMAND, FIELDS("S:dataset", "I:version"), .run = take_run},
	{HTTP_POST, "/takeovers/node", ROUTE_COMMAND, FIELDS("I:index", "i:after", "i:since_ms"),
	 .run = node_run},
	{.path = NULL},
};
