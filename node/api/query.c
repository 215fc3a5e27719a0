#include <stdio.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/api/call.h"
#include "proto/membership.h"
#include "proto/subscription.h"

static void status_begin(struct call *call)
{
	call->number = call->node->uploads->count; /* the loop thread's: run cannot look */
	call->overview = mem_new(1, sizeof(*call->overview));
	api_push(call);
}

/* Peers */

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

static void peers_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	struct membership_status status;
	struct peer_state peer;
	json_t *list = json_array();

	membership_status(core, &status);
	for (size_t i = 0; membership_peer(core, i, &peer); i++)
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

/* Datasets */

static bool add_entry(void *arg, const struct catalog_entry *entry)
{
	json_array_append_new(arg, api_entry(entry));
	return true;
}

static void datasets_begin(struct call *call)
{
	if (!api_text_arg(call, "pattern", &call->path, false))
		return;
	if (call->path.len && path_pattern_check(buf_bytes(&call->path))) {
		api_fail(call, ERR_CONFIG,
			 "this is not a pattern: write SLUG/PATH, with * for one component and ** "
			 "at "
			 "the end for all below, for example */kita/**");
		return;
	}
	api_push(call);
}

static bool list_entry(void *arg, const struct catalog_entry *entry)
{
	struct call *call = arg;

	api_list_add(call, api_entry(entry));
	return api_page_goes_on(call, entry);
}

static void datasets_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	if (!call->after[0])
		buf_add(&call->text, bytes_str("{\"datasets\":["));
	catalog_list(core, txn, call->path.len ? (const char *)call->path.ptr : NULL,
		     call->after[0] ? call->after : NULL, list_entry, call);
	if (!call->more)
		buf_add(&call->text, bytes_str("]}"));
}

static void path_begin(struct call *call)
{
	if (api_path_args(call))
		api_push(call);
}

static void describe(json_t *object, const struct description *description)
{
	json_t *keywords = json_array();

	for (uint32_t i = 0; i < description->keyword_count; i++)
		json_array_append_new(keywords, api_text(description->keywords[i]));
	json_object_set_new(object, "description", api_text(description->text));
	json_object_set_new(object, "keywords", keywords);
	json_object_set_new(object, "theme", api_text(description->theme));
	json_object_set_new(object, "license", api_text(description->license));
	json_object_set_new(object, "contact", api_text(description->contact));
	json_object_set_new(object, "publisher", api_text(description->publisher));
	json_object_set_new(object, "issued_ms", api_uint(description->issued_ms));
	json_object_set_new(object, "modified_ms", api_uint(description->modified_ms));
}

static void add_keep(json_t *object, struct core *core, struct txn *txn,
		     const struct dataset_id *dataset)
{
	struct keep keep;

	catalog_keep(core, txn, dataset, &keep);
	json_object_set_new(object, "keep", api_uint(keep.count));
	json_object_set_new(object, "keep_days", api_uint(keep.days));
}

static void dataset_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	struct catalog_entry entry;

	call->err = catalog_find(core, txn, (const char *)call->path.ptr, call->number, &entry,
				 call->why);
	if (call->err)
		return;
	call->out = api_entry(&entry);
	describe(call->out, &entry.description);
	api_readers(call->out, core, txn, &entry);
	api_holders(call->out, core, txn, &entry);
	if (entry.own)
		add_keep(call->out, core, txn, &entry.dataset);
	json_object_set_new(call->out, "record", api_hex(id_bytes(&entry.record)));
	catalog_entry_fini(&entry);
}

static void log_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	const char *path = (const char *)call->path.ptr;
	json_t *list = json_array();

	call->err = catalog_log(core, txn, path, add_entry, list, call->why);
	call->out = json_pack("{s:o, s:o}", "dataset", api_str(path), "versions", list);
}

/* Subscriptions */

static bool add_subscription(void *arg, const struct subscription *subscription, uint64_t held,
			     uint64_t known)
{
	json_array_append_new(arg, json_pack("{s:o, s:b, s:o, s:o}", "pattern",
					     api_text(subscription->pattern), "relay",
					     subscription->relay, "held", api_uint(held), "known",
					     api_uint(known)));
	return true;
}

static void subscriptions_run(struct call *call, struct core *core, struct txn *txn, int64_t now_ms)
{
	json_t *list = json_array();

	subscription_each(core, txn, add_subscription, list);
	api_delivery_show(list, txn);
	call->out = json_pack("{s:o}", "subscriptions", list);
}

const struct route api_query_routes[] = {
	{HTTP_GET, "/status", status_begin, api_status_run, NULL},
	{HTTP_GET, "/peers", NULL, peers_run, peers_done},
	{HTTP_GET, "/datasets", datasets_begin, datasets_run, NULL},
	{HTTP_GET, "/dataset", path_begin, dataset_run, NULL},
	{HTTP_GET, "/log", path_begin, log_run, NULL},
	{HTTP_GET, "/subscriptions", NULL, subscriptions_run, NULL},
	{HTTP_OTHER, NULL, NULL, NULL, NULL},
};
