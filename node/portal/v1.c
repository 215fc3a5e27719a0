/*
 * v1 - /api/v1: what the node is, and what it knows, as JSON for programs.
 */
#include "node/care/node_view.h"
#include "node/portal/portal.h"
#include "node/web/web_call.h"

static void status_serve(struct web_call *call)
{
	const struct identity *identity = call->node->identity;

	web_json(call, 200,
		 json_pack("{s:{s:s, s:s, s:s}, s:s}", "organisation", "name", identity->name,
			   "slug", identity->slug, "ags", identity->ags, "software",
			   call->node->software));
}

const struct route v1_routes[] = {
	{HTTP_GET, "/api/v1/status", .who = WHO_ANYONE, .serve = status_serve,
	 .about = "whose node this is", .params = PARAMS({0})},
	{0},
};
