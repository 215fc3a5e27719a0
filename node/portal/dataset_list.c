/*
 * dataset_list - / and /d/: organisations, and what each has published; from the index.
 */
#include <stdio.h>
#include <string.h>

#include "node/care/node_view.h"
#include "node/index/index.h"
#include "node/page/catalogue.h"
#include "node/portal/dataset.h"

#define PAGE_COUNT 100

struct list {
	struct web_call *call;
	json_t *items;
	const char *slug;
	char organisation[LIMIT_NAME_LEN_MAX + 1];
	char now[CHARTER_SLUG_LEN_MAX + 1]; /* what it is called now */
	uint64_t from, total, count;
};

static json_t *list_url(struct web_call *call, const char *path)
{
	struct buf url;
	json_t *out;

	buf_init(&url, 16384);
	web_url(call, &url, path);
	out = json_stringn((const char *)url.ptr, url.len);
	buf_fini(&url);
	return out;
}

/* False: it is answered. */
static bool index_is_there(struct web_call *call, enum err err)
{
	if (!err)
		return true;
	web_busy_later(call, 5, "the list of datasets is being made");
	return false;
}

/* Organisations */

static bool organisation_add(void *arg, const struct index_organisation *organisation)
{
	struct list *list = arg;
	char path[CHARTER_SLUG_LEN_MAX + 4];

	list->count++;
	snprintf(path, sizeof(path), "/d/%s", organisation->slug);
	json_array_append_new(list->items,
			      json_pack("{s:s, s:s, s:s, s:I, s:o}", "slug", organisation->slug,
					"name", organisation->name, "ags", organisation->ags,
					"dataset_count", (json_int_t)organisation->count, "url",
					list_url(list->call, path)));
	return true;
}

static void organisations_serve(struct web_call *call)
{
	struct list list = {.call = call, .items = json_array()};
	enum err err = index_organisations(call->index, &call->visitor, organisation_add, &list);

	if (index_is_there(call, err))
		web_json(call, 200, json_pack("{s:o}", "organisations", list.items));
	else
		json_decref(list.items);
}

/* What one has published */

static bool organisation_find(void *arg, const struct index_organisation *organisation)
{
	struct list *list = arg;

	if (strcmp(organisation->slug, list->slug) && strcmp(organisation->home, list->slug))
		return true;
	snprintf(list->organisation, sizeof(list->organisation), "%s", organisation->name);
	snprintf(list->now, sizeof(list->now), "%s", organisation->slug);
	return false;
}

static bool dataset_add(void *arg, const struct index_item *item)
{
	const struct bytes title = item->description.title;
	struct list *list = arg;
	struct buf path;

	list->count++;
	buf_init(&path, 8192);
	dataset_address_put(&path, item->path, 0, bytes_of(NULL, 0));
	buf_add_u8(&path, 0);
	json_array_append_new(
		list->items,
		json_pack("{s:s, s:o, s:s, s:I, s:o}", "dataset", item->path, "title",
			  json_stringn((const char *)title.ptr, title.len), "tier",
			  tier_name(item->tier), "version", (json_int_t)item->number, "url",
			  list_url(list->call, path.err ? "/" : (const char *)path.ptr)));
	buf_fini(&path);
	return true;
}

/* "/d/SLUG?from=100", when there is more. */
static const char *next_path(const struct list *list, char out[CHARTER_SLUG_LEN_MAX + 40])
{
	uint64_t next = list->from + list->count;

	if (next >= list->total)
		return NULL;
	snprintf(out, CHARTER_SLUG_LEN_MAX + 40, "/d/%s?from=%llu", list->now,
		 (unsigned long long)next);
	return out;
}

static void datasets_answer(struct list *list)
{
	char path[CHARTER_SLUG_LEN_MAX + 40];
	const char *next = next_path(list, path);

	web_json(list->call, 200,
		 json_pack("{s:s, s:s, s:I, s:o, s:o}", "slug", list->now, "name",
			   list->organisation, "count", (json_int_t)list->total, "datasets",
			   list->items, "next", next ? list_url(list->call, next) : json_null()));
}

/* People see it in the catalogue. */
static void to_catalogue(struct list *list)
{
	char to[CHARTER_SLUG_LEN_MAX + 8];

	snprintf(to, sizeof(to), "/?ort=%s", list->now);
	web_redirect(list->call, 303, to);
}

static void datasets_serve(struct web_call *call, const char *slug)
{
	struct list list = {.call = call, .slug = slug};
	struct index_query query = {.sort = INDEX_BY_PATH, .limit = PAGE_COUNT};
	char why[WHY_LEN], to[CHARTER_SLUG_LEN_MAX + 4];
	enum err err;

	if (!web_arg_uint(call, "from", 0, UINT32_MAX, &list.from) ||
	    !index_is_there(call, index_organisations(call->index, &call->visitor,
						      organisation_find, &list)))
		return;
	if (!list.now[0]) {
		web_absent(call);
		return;
	}
	if (strcmp(list.now, slug) != 0) {
		snprintf(to, sizeof(to), "/d/%s", list.now);
		web_redirect(call, 301, to);
		return;
	}
	if (web_wants_page(call)) {
		to_catalogue(&list);
		return;
	}
	query.slug = slug;
	query.offset = list.from;
	list.items = json_array();
	err = index_search(call->index, &call->visitor, &query, dataset_add, &list, &list.total,
			   why);
	if (index_is_there(call, err))
		datasets_answer(&list);
	else
		json_decref(list.items);
}

void dataset_list_serve(struct web_call *call, const char *slug)
{
	if (!call->index)
		index_is_there(call, ERR_AGAIN);
	else if (*slug)
		datasets_serve(call, slug);
	else if (web_wants_page(call))
		catalogue_serve(call);
	else
		organisations_serve(call);
}
