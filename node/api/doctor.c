/*
 * GET /doctor: what only the running node can say for `allmende doctor`; nothing of the core is
 * asked.
 */
#include <sys/resource.h>
#include <uv.h>

#include "crypto/selftest.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/content/pack.h"
#include "proto/hub/hub.h"
#include "proto/hub/places.h"

#define FILES_BESIDE 64 /* store, log, control socket, timers and what libraries open */

static json_t *libraries_json(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "libsodium", selftest_sodium_version(),
			 "lmdb", db_library_version(), "zstd", pack_library_version(), "libuv",
			 uv_version_string(), "libmicrohttpd", http_library_version(), "jansson",
			 jansson_version_str());
}

/* null: without limit */
static json_t *limit_json(int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return json_null();
	return api_uint(limit.rlim_cur);
}

/* Of the public port each connection may send a file. */
static uint64_t files_needed(const struct node_view *node)
{
	const struct limits *limits = &node->config->limits;

	return (node->http[0] ? 2 * (uint64_t)limits->public_connection_count_max : 0) +
	       (uint64_t)places_count_max(limits) + limits->half_open_max + DIAL_RUN_MAX +
	       limits->http_connection_count_max + FILES_BESIDE;
}

static void doctor_begin(struct call *call)
{
	const struct node_view *node = call->node;
	json_t *addresses = json_array();

	for (size_t i = 0; node->addresses[i]; i++)
		json_array_append_new(addresses, api_str(node->addresses[i]));
	api_reply(call, 200,
		  json_pack("{s:o, s:o, s:o, s:o, s:s, s:b, s:s, s:o, s:i}", "libraries",
			    libraries_json(), "open_files", limit_json(RLIMIT_NOFILE),
			    "open_files_needed", api_uint(files_needed(node)),
			    "locked_memory_bytes", limit_json(RLIMIT_MEMLOCK), "root_key",
			    node->identity->root ? "here" : "offline", "dial_only",
			    node->config->dial_only, "listen", node->listen, "advertised",
			    addresses, "store_format", STORE_FORMAT));
}

const struct route doctor_routes[] = {
	{HTTP_GET, "/doctor", ROUTE_QUERY, .begin = doctor_begin},
	{.path = NULL},
};
