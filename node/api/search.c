/*
 * GET /search: datasets whose description is readable here and holds all the words, the best first.
 *
 * The index says which (node/index/index.h), the core what they are: on a thread of web, which asks
 * the core for some of them at a time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/api/entry.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "node/index/index.h"
#include "node/web/web_call.h"

enum { HITS_MAX = 1000, HITS_ASKED = 32 };

struct hit {
	char kept[LIMIT_PATH_LEN_MAX + 1], path[LIMIT_PATH_LEN_MAX + 1];
};

struct hits {
	struct hit *items;
	size_t count, cap;
	size_t asked; /* of the core */
	json_t *list;
};

static bool hit_add(void *arg, const struct index_item *item)
{
	struct hits *hits = arg;
	struct hit *hit;

	hits->items = mem_room(hits->items, hits->count, &hits->cap, sizeof(*hits->items));
	hit = &hits->items[hits->count++];
	snprintf(hit->kept, sizeof(hit->kept), "%s", item->kept);
	snprintf(hit->path, sizeof(hit->path), "%s", item->path);
	return true;
}

/* What is gone since it was found is left out. */
static void hits_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct hits *hits = arg;
	struct catalog_entry entry;
	char ignored[WHY_LEN];

	for (size_t i = 0; i < HITS_ASKED && hits->asked < hits->count; i++) {
		const struct hit *hit = &hits->items[hits->asked++];

		if (catalog_find(hub, txn, hit->kept, 0, &entry, ignored))
			continue;
		json_t *one = api_entry(&entry);
		json_object_set_new(one, "dataset", api_str(hit->path));
		json_object_set_new(one, "organisation", api_text(path_slug(bytes_str(hit->path))));
		json_array_append_new(hits->list, one);
		catalog_entry_fini(&entry);
	}
}

static void hits_answer(struct web_call *call, struct hits *hits, uint64_t found)
{
	enum err err = ERR_OK;

	hits->list = json_array();
	while (!err && hits->asked < hits->count)
		err = web_ask(call, hits_run, hits);
	if (!err) {
		web_json(call, 200,
			 json_pack("{s:o, s:o}", "datasets", hits->list, "found", api_uint(found)));
		return;
	}
	json_decref(hits->list);
	web_busy_later(call, 2, "this node is stopping");
}

static void search_serve(struct web_call *call)
{
	struct index_query query = {.words = web_arg(call, "words"), .limit = HITS_MAX};
	struct hits hits = {.count = 0};
	char why[WHY_LEN] = "";
	uint64_t found = 0;

	if (!query.words) {
		web_fail(call, 400, "usage", "\"words\" is missing");
		return;
	}
	/* No words at all are all datasets for the index, which nobody has asked for here. */
	if (!*query.words)
		query.words = " ";
	enum err err =
		index_search(call->index, &call->visitor, &query, hit_add, &hits, &found, why);
	if (!err)
		hits_answer(call, &hits, found);
	else if (err == ERR_CONFIG)
		web_fail(call, 400, "usage", "%s", why);
	else
		web_busy_later(call, 2, why);
	free(hits.items);
}

const struct route search_routes[] = {
	{HTTP_GET, "/search", .who = WHO_ADMIN, .serve = search_serve,
	 .about = "datasets by words, for the command line",
	 .params = PARAMS({"words", "string", "all of which they have"})},
	{.path = NULL},
};
