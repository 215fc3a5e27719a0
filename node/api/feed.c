/*
 * feed: how the catalogue for portals is, and confirming that it may lose what it would lose.
 */
#include "node/portal/feed.h"

#include "node/api/args.h"
#include "node/api/json.h"

static json_t *lost_json(const struct feed_status *status)
{
	json_t *lost = json_array();

	for (size_t i = 0; i < status->lost_count; i++)
		json_array_append_new(lost, json_string(status->lost_uuids[i]));
	return lost;
}

static json_t *status_json(const struct feed_status *status)
{
	static const char *const NAMES[] = {
		[FEED_OFF] = "off",     [FEED_WAITING] = "waiting", [FEED_EMPTY] = "empty",
		[FEED_READY] = "ready", [FEED_REFUSED] = "refused", [FEED_FAILED] = "failed"};

	return json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:s}", "state",
			 NAMES[status->state], "base", status->base, "base_set", status->base_set,
			 "datasets", (json_int_t)status->datasets, "pages",
			 (json_int_t)status->pages, "built_ms", (json_int_t)status->built_ms, "had",
			 (json_int_t)status->had, "has", (json_int_t)status->has, "lost",
			 (json_int_t)status->lost, "lost_datasets", lost_json(status), "why",
			 status->reason);
}

static void feed_begin(struct call *call)
{
	struct feed_status status;

	feed_status(call->node->feed, &status);
	api_reply(call, 200, status_json(&status));
}

static void confirm_begin(struct call *call)
{
	struct feed_status status;

	feed_status(call->node->feed, &status);
	if (feed_confirm(call->node->feed))
		api_reply(call, 202, status_json(&status));
	else
		api_fail(call, ERR_BUSY, "nothing of the catalogue is held back");
}

const struct route feed_admin_routes[] = {
	{HTTP_GET, "/feed", ROUTE_QUERY, .begin = feed_begin},
	{HTTP_POST, "/feed/confirm", ROUTE_QUERY, .begin = confirm_begin},
	{.path = NULL},
};
