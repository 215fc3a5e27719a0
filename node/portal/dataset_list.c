/*
 * dataset_list - / and /d/: organisations, and what each has published; from the index.
 */
#include <stdio.h>
#include <string.h>

#include "node/care/node_view.h"
#include "node/index/index.h"
#include "node/portal/dataset.h"
#include "node/portal/html.h"

#define PAGE_COUNT 100

struct list {
	struct web_call *call;
	bool as_html;
	struct html html;
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

static void item_begin(struct list *list, const char *path, struct bytes text)
{
	struct buf href;

	buf_init(&href, 8192);
	dataset_address_put(&href, path, 0, bytes_of(NULL, 0));
	html_put(&list->html, "<li>");
	html_link(&list->html, buf_bytes(&href), text);
	buf_fini(&href);
}

/* False: it is answered. */
static bool index_is_there(struct web_call *call, enum err err)
{
	if (!err)
		return true;
	web_busy_later(call, 5, "the list of datasets is being made");
	return false;
}

static void list_begin(struct list *list, const char *title)
{
	static const char *const types[] = {"application/json", "text/html"};
	size_t which;

	web_accepts(list->call, types, 2, &which);
	list->as_html = which == 1;
	list->items = json_array();
	if (list->as_html)
		html_begin(&list->html, list->call, bytes_str(title), NULL);
	if (list->as_html)
		html_put(&list->html, "<ul>\n");
}

static void list_give_up(struct list *list)
{
	json_decref(list->items);
	if (list->as_html)
		buf_fini(&list->html.out);
}

/* Organisations */

static bool organisation_add(void *arg, const struct index_organisation *organisation)
{
	struct list *list = arg;
	char count[32], path[CHARTER_SLUG_LEN_MAX + 4];

	list->count++;
	if (list->as_html) {
		item_begin(list, organisation->slug, bytes_str(organisation->name));
		snprintf(count, sizeof(count), " (%llu)</li>\n",
			 (unsigned long long)organisation->count);
		html_put(&list->html, count);
		return true;
	}
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
	struct list list = {.call = call};
	enum err err;

	list_begin(&list, call->node->identity->name);
	err = index_organisations(call->index, &call->visitor, organisation_add, &list);
	if (!index_is_there(call, err)) {
		list_give_up(&list);
	} else if (list.as_html) {
		json_decref(list.items);
		html_put(&list.html, "</ul>\n");
		html_end(&list.html, call);
	} else {
		web_json(call, 200, json_pack("{s:o}", "organisations", list.items));
	}
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
	if (list->as_html) {
		item_begin(list, item->path, title.len ? title : bytes_str(item->path));
		html_put(&list->html, "</li>\n");
		return true;
	}
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

	if (!list->as_html) {
		web_json(list->call, 200,
			 json_pack("{s:s, s:s, s:I, s:o, s:o}", "slug", list->now, "name",
				   list->organisation, "count", (json_int_t)list->total, "datasets",
				   list->items, "next",
				   next ? list_url(list->call, next) : json_null()));
		return;
	}
	json_decref(list->items);
	html_put(&list->html, "</ul>\n");
	if (next) {
		html_put(&list->html, "<p>");
		html_link(&list->html, bytes_str(next),
			  bytes_str(list->html.german ? "Weitere" : "More"));
		html_put(&list->html, "</p>\n");
	}
	html_end(&list->html, list->call);
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
	query.slug = slug;
	query.offset = list.from;
	list_begin(&list, list.organisation[0] ? list.organisation : slug);
	err = index_search(call->index, &call->visitor, &query, dataset_add, &list, &list.total,
			   why);
	if (index_is_there(call, err))
		datasets_answer(&list);
	else
		list_give_up(&list);
}

void dataset_list_serve(struct web_call *call, const char *slug)
{
	if (!call->index)
		index_is_there(call, ERR_AGAIN);
	else if (*slug)
		datasets_serve(call, slug);
	else
		organisations_serve(call);
}
