/*
 * /peers: the nodes that are linked or tried; and one more to try.
 */
#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "node/net/net.h"
#include "proto/membership/membership.h"

static json_t *peer_json(const struct charter *charter, const struct peer_state *peer)
{
	const struct charter_member *member =
		charter && peer->author ? charter_member(charter, author_member(peer->author))
					: NULL;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:I, s:o, s:o, s:b}", "link",
			 api_uint(peer->link), "address", api_str(peer->address), "slug",
			 member ? api_str(member->slug) : json_null(), "name",
			 member ? api_str(member->name) : json_null(), "author",
			 peer->author ? api_uint(peer->author) : json_null(), "linked",
			 peer->link != 0, "dialled", peer->dialled, "synced", peer->synced,
			 "since_ms", (json_int_t)peer->since_ms, "software",
			 api_str(peer->software), "why",
			 peer->why[0] ? api_str(peer->why) : json_null(), "manual", peer->manual);
}

static void peers_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct membership_status status;
	struct peer_state peer;
	json_t *list = json_array();

	membership_status(hub, &status);
	for (size_t i = 0; peers_show(hub, i, &peer); i++)
		json_array_append_new(list, peer_json(status.charter, &peer));
	call->out = json_pack("{s:o}", "peers", list);
}

/* The core knows no addresses of those who dialled us, nor why nobody answered. */
static void peers_done(struct call *call)
{
	const json_t *list = json_object_get(call->out, "peers");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *peer = json_array_get(list, i);
		uint64_t link = (uint64_t)json_integer_value(json_object_get(peer, "link"));
		const char *known = json_string_value(json_object_get(peer, "address"));
		const char *address = link ? net_peer_address(call->node->net, link) : NULL;
		const char *why = link ? NULL : net_dial_why(call->node->net, known);

		if (address && !*known)
			json_object_set_new(peer, "address", api_str(address));
		if (why)
			json_object_set_new(peer, "why", api_str(why));
		json_object_del(peer, "link");
	}
	api_done(call);
}

static void peer_add_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const char *address = api_in_text(call, "address");

	call->err = dials_add(hub, txn, address, call->why);
	call->status = 201;
	call->out = json_pack("{s:s}", "address", address);
}

const struct route peers_routes[] = {
	{HTTP_GET, "/peers", ROUTE_QUERY, .run = peers_run, .done = peers_done},
	{HTTP_POST, "/peers", ROUTE_COMMAND, FIELDS("S:address"), .run = peer_add_run},
	{.path = NULL},
};
