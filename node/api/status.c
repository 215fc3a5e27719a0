/*
 * GET /status: how the node does and what its administrator has to do (docs/API.md).
 */
#include <unistd.h>

#include "crypto/check.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "node/care/topics.h"
#include "node/care/overview.h"
#include "node/files/upload.h"
#include "proto/catalog/want.h"

#define FETCHES_SHOWN 32

struct status {
	struct call *call;
	struct hub *hub;
	struct txn *txn;
	int64_t now_ms;
};

static json_t *node_json(const struct status *status, uint32_t author)
{
	const struct node_view *node = status->call->node;
	const struct identity *identity = node->identity;
	const struct charter_member *own = charter_by_org(&status->hub->charter, &identity->org);
	const char *operator_name =
		node->config->operator[0] ? node->config->operator: identity->operator;

	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:s}",
			 "name", api_str(own ? own->name : identity->name), "slug",
			 own ? own->slug : identity->slug, "ags", own ? own->ags : identity->ags,
			 "organisation", api_hex(id_bytes(&identity->org)), "author",
			 author ? api_uint(author) : json_null(), "operator",
			 api_str(operator_name), "software", node->software, "listen", node->listen,
			 "http", node->http, "pid", (json_int_t)getpid(), "started_ms",
			 (json_int_t)node->started_ms, "now_ms", (json_int_t)status->now_ms,
			 "storage_key",
			 keyring_has_passphrase(node->keyring) ? "passphrase" : "clear");
}

static json_t *federation_json(const struct overview *overview)
{
	const struct membership_status *membership = &overview->membership;
	const struct charter *charter = membership->charter;

	if (membership->state == MEMBERSHIP_NONE)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o}", "id",
			 charter ? api_hex(id_bytes(&charter->fed)) : json_null(), "name",
			 charter ? api_str(charter->name) : json_null(), "charter",
			 api_uint(charter ? charter->number : 0), "members",
			 api_uint(overview->members), "state",
			 membership->state == MEMBERSHIP_MEMBER   ? "member"
			 : membership->state == MEMBERSHIP_FORMER ? "former"
								  : "joining",
			 "why", membership->why[0] ? api_str(membership->why) : json_null());
}

static json_t *members_json(const struct overview *overview)
{
	json_t *list = json_array();

	for (size_t i = 0; i < overview->troubled_count; i++) {
		const struct overview_member *member = &overview->troubled[i];

		json_array_append_new(
			list, json_pack("{s:o, s:o, s:s, s:o, s:I}", "name", api_str(member->name),
					"slug", api_str(member->slug), "completeness",
					member->state, "missing", api_uint(member->missing),
					"head_ms", (json_int_t)member->head_time_ms));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "all",
			 api_uint(overview->members), "complete", api_uint(overview->complete),
			 "partial", api_uint(overview->partial), "stale", api_uint(overview->stale),
			 "held_back", api_uint(overview->held), "over_quota",
			 api_uint(overview->over), "disputed", api_uint(overview->disputed),
			 "unknown", api_uint(overview->unknown), "troubled", list);
}

static json_t *datasets_json(const struct overview *overview)
{
	const struct overview_datasets *datasets = &overview->datasets;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "known", api_uint(datasets->known),
			 "hidden", api_uint(datasets->hidden), "own", api_uint(datasets->own),
			 "held", api_uint(datasets->held), "damaged", api_uint(datasets->damaged),
			 "own_single", api_uint(datasets->own_single));
}

static json_t *fetches_json(struct status *status)
{
	static const char *const names[] = {"held", "running", "waiting", "unknown"};
	struct fetch_status fetch;
	json_t *list = json_array();

	for (size_t i = 0; i < FETCHES_SHOWN && want_fetch(status->hub, status->txn, i, &fetch);
	     i++)
		json_array_append_new(
			list, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "dataset",
					api_str(fetch.path), "version", api_uint(fetch.number),
					"state", names[fetch.state], "bytes", api_uint(fetch.bytes),
					"bytes_all", api_uint(fetch.bytes_all), "sources",
					api_uint(fetch.source_count), "needs_bytes",
					api_uint(fetch.needs)));
	return list;
}

static json_t *store_json(const struct overview *overview)
{
	const struct space *space = &overview->space;
	const struct room room = space_room(space);
	const char *what;
	uint64_t of;
	unsigned percent = space_percent(space, &what, &of);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "used_bytes",
			 api_uint(space->store_used), "file_bytes", api_uint(space->store_file),
			 "free_bytes", api_uint(space->disk_free), "total_bytes",
			 api_uint(space->disk_total), "limit_bytes",
			 space->store_limit ? api_uint(space->store_limit) : json_null(), "percent",
			 api_uint(percent), "foreign_refused",
			 space_headroom(space) != HEADROOM_ALL, "foreign_left_bytes",
			 api_uint(room.left[ROOM_FOREIGN]));
}

static json_t *actions_json(const struct actions *actions)
{
	json_t *list = json_array();

	for (size_t i = 0; i < actions->count; i++) {
		const struct action *action = &actions->items[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:o, s:o}", "severity",
						action_severity_name(action->severity), "topic",
						action->topic, "text", api_str(action->text),
						"command", api_str(action->command)));
	}
	return list;
}

static void status_make(struct status *status)
{
	struct call *call = status->call;
	struct overview *overview = call->topic;
	struct actions actions;

	overview_take(overview, call->node, status->hub, status->txn, status->now_ms);
	topics_collect(&actions, call->node, overview, status->hub, status->txn, status->now_ms);
	call->out =
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:o, s:o}", "node",
			  node_json(status, overview->membership.author), "federation",
			  federation_json(overview), "members", members_json(overview), "datasets",
			  datasets_json(overview), "store", store_json(overview), "peers", "linked",
			  api_uint(overview->linked), "known", api_uint(overview->peers), "fetches",
			  fetches_json(status), "uploads", api_uint(call->number), "actions",
			  actions_json(&actions), "actions_left_out", api_uint(actions.left_out));
	actions_fini(&actions);
}

static void status_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct status status = {.call = call, .hub = hub, .txn = txn, .now_ms = now_ms};

	status_make(&status);
}

static void status_begin(struct call *call)
{
	call->number = call->node->uploads->count; /* the loop thread's: run cannot look */
	call->topic = mem_new(1, sizeof(struct overview));
	api_push(call);
}

const struct route status_routes[] = {
	{HTTP_GET, "/status", ROUTE_QUERY, .begin = status_begin, .run = status_run},
	{.path = NULL},
};
