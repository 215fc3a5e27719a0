/*
 * /nodes: the nodes of the own organisation (docs/API.md).
 */
#include <string.h>

#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/wire/envelope.h"
#include "proto/membership/nodes.h"

static const struct {
	const char *name;
	uint8_t role;
} roles[] = {
	{"publish", ORGLOG_ROLE_PUBLISH},
	{"admin", ORGLOG_ROLE_ADMIN},
	{"key", ORGLOG_ROLE_KEY_AUTHOR},
};
enum { ROLE_COUNT = sizeof(roles) / sizeof(roles[0]) };

static json_t *node_roles_json(uint8_t set)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ROLE_COUNT; i++)
		if (set & roles[i].role)
			json_array_append_new(list, json_string(roles[i].name));
	return list;
}

/* ERR_CONFIG: a text that is no role. */
static enum err node_roles_read(const json_t *list, uint8_t *set)
{
	*set = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		size_t at = 0;

		while (at < ROLE_COUNT && strcmp(roles[at].name, name))
			at++;
		if (at == ROLE_COUNT)
			return ERR_CONFIG;
		*set |= roles[at].role;
	}
	return ERR_OK;
}

static void nodes_list_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	static const char *const states[] = {[ORGLOG_NODE_ACTIVE] = "active",
					     [ORGLOG_NODE_RETIRED] = "retired",
					     [ORGLOG_NODE_LOST] = "lost"};
	json_t *list = json_array();
	struct node_info node;

	for (size_t i = 0; nodes_info(hub, txn, i, &node); i++)
		json_array_append_new(list, json_pack("{s:i, s:s, s:o, s:b, s:b, s:I}", "index",
						      node.index, "state", states[node.state],
						      "roles", node_roles_json(node.roles), "self",
						      node.self, "linked", node.linked, "head_ms",
						      (json_int_t)node.head_time_ms));
	call->out = json_pack("{s:o}", "nodes", list);
}

static void nodes_offer_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct buf text;

	buf_init(&text, ENVELOPE_LEN_MAX);
	call->err = nodes_offer(hub, txn, now_ms, &text, call->why);
	if (!call->err)
		call->out = json_pack("{s:o}", "offer", api_text(buf_bytes(&text)));
	buf_fini(&text);
}

static void nodes_add_begin(struct call *call)
{
	uint8_t set;

	if (node_roles_read(json_object_get(call->in, "roles"), &set)) {
		api_fail(call, ERR_CONFIG, "a node's roles are publish, admin and key");
		return;
	}
	api_push(call);
}

static void nodes_add_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	bool relay = api_in_true(call, "relay");
	uint8_t set = 0, index = 0;
	struct buf answer;

	node_roles_read(json_object_get(call->in, "roles"), &set);
	buf_init(&answer, ENVELOPE_LEN_MAX);
	call->err = nodes_add(hub, txn, now_ms, api_in_text(call, "request"), relay ? 0 : set,
			      !relay, &answer, &index, call->why);
	if (!call->err) {
		call->status = 201;
		call->out = json_pack("{s:i, s:o}", "index", index, "answer",
				      api_text(buf_bytes(&answer)));
	}
	buf_fini(&answer);
}

static void nodes_retire_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	uint64_t index = api_in_uint(call, "index");

	call->err = nodes_retire(hub, txn, now_ms, index > 255 ? 255 : (uint8_t)index,
				 api_in_true(call, "lost"), call->why);
	if (!call->err)
		call->out = json_pack("{s:o}", "index", api_uint(index));
}

static void nodes_settle_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	call->err = nodes_settle(hub, txn, now_ms, call->why);
	if (!call->err)
		call->out = json_object();
}

const struct route nodes_routes[] = {
	{HTTP_GET, "/nodes", ROUTE_QUERY, .run = nodes_list_run},
	{HTTP_POST, "/nodes", ROUTE_COMMAND, FIELDS("S:request", "l:roles", "b:relay"),
	 .begin = nodes_add_begin, .run = nodes_add_run},
	{HTTP_POST, "/nodes/offer", ROUTE_QUERY, .run = nodes_offer_run},
	{HTTP_POST, "/nodes/retire", ROUTE_COMMAND, FIELDS("I:index", "b:lost"),
	 .run = nodes_retire_run},
	{HTTP_POST, "/nodes/settle", ROUTE_COMMAND, .run = nodes_settle_run},
	{.path = NULL},
};
