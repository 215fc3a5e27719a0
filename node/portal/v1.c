/*
 * v1 - /api/v1: whose node this is, and what it knows, as JSON for programs (docs/API.md); and the
 * description of all that is for everybody (openapi.c).
 */
#include <stdio.h>
#include <string.h>

#include "node/care/node_view.h"
#include "node/http/percent.h"
#include "node/index/index.h"
#include "node/portal/dataset.h"
#include "node/portal/openapi.h"
#include "node/portal/portal.h"
#include "node/web/web_call.h"
#include "proto/dcat/metadata.h"

#define PAGE_DEFAULT 100
#define FACET_MAX    50 /* values of a facet */
#define URL_LEN_MAX  (4 * (LIMIT_PATH_LEN_MAX + LIMIT_FILE_NAME_LEN_MAX) + 512)

static void v1_fail(struct web_call *call, enum err err, const char *why)
{
	if (err == ERR_AGAIN)
		web_busy_later(call, 2, "the list of datasets is being made; try again soon");
	else if (err == ERR_BUSY)
		web_busy_later(call, 10, "the question takes too long; ask for less");
	else if (err == ERR_CONFIG)
		web_fail(call, 400, "usage", "%s", why);
	else if (err == ERR_ABSENT)
		web_absent(call);
	else
		web_fail(call, 500, "internal", "the list of datasets cannot be read");
}

/* What is answered changes with the index alone. True: the client has it, or somebody was answered
   the same. */
static bool is_unchanged(struct web_call *call)
{
	uint64_t generation = index_generation(call->index, &call->visitor);

	if (generation)
		web_etag(call, bytes_obj(&generation));
	return web_kept(call, generation);
}

/* /d/PATH, or a file of it. */
static json_t *v1_url_json(struct web_call *call, const char *path, const char *file)
{
	struct buf relative, url;
	json_t *out;

	buf_init(&relative, URL_LEN_MAX);
	buf_init(&url, URL_LEN_MAX);
	dataset_address_put(&relative, path, 0, bytes_str(file ? file : ""));
	buf_add_u8(&relative, 0);
	web_url(call, &url, relative.err ? "/d/" : (const char *)relative.ptr);
	out = json_stringn((const char *)url.ptr, url.len);
	buf_fini(&relative);
	buf_fini(&url);
	return out;
}

static json_t *v1_item_json(struct web_call *call, const struct index_item *item)
{
	json_t *out = json_pack(
		"{s:s, s:s, s:{s:s, s:s, s:s}, s:I, s:s, s:b, s:b, s:I, s:I, s:I}", "dataset",
		item->path, "uuid", item->uuid, "organisation", "slug", item->slug, "name",
		item->organisation, "ags", item->ags, "version", (json_int_t)item->number, "tier",
		tier_name(item->tier), "readable", item->readable, "held", item->held,
		"published_ms", (json_int_t)item->published_ms, "first_published_ms",
		(json_int_t)item->first_published_ms, "modified_ms", (json_int_t)item->modified_ms);

	json_object_set_new(out, "metadata", metadata_to_json(&item->description));
	json_object_set_new(out, "url", v1_url_json(call, item->path, NULL));
	return out;
}

/* GET /api/v1/status */

static void v1_status_serve(struct web_call *call)
{
	const struct identity *identity = call->node->identity;
	struct buf url;

	buf_init(&url, URL_LEN_MAX);
	web_url(call, &url, "/");
	web_link(call, "/api/v1/openapi.json", "service-desc", OPENAPI_TYPE);
	web_json(call, 200,
		 json_pack("{s:{s:s, s:s, s:s}, s:s, s:s%}", "organisation", "name", identity->name,
			   "slug", identity->slug, "ags", identity->ags, "software",
			   call->node->software, "url", url.ptr, url.len));
	buf_fini(&url);
}

/* GET /api/v1/datasets */

struct page {
	struct web_call *call;
	json_t *list;
	uint64_t offset, limit, total;
};

static bool v1_page_add(void *arg, const struct index_item *item)
{
	struct page *page = arg;

	json_array_append_new(page->list, v1_item_json(page->call, item));
	return true;
}

static const struct {
	const char *name;
	enum index_sort sort;
} sorts[] = {
	{"best", INDEX_BEST},
	{"path", INDEX_BY_PATH},
	{"title", INDEX_BY_TITLE},
	{"-title", INDEX_BY_TITLE_DOWN},
	{"modified", INDEX_BY_MODIFIED},
	{"-modified", INDEX_BY_MODIFIED_DOWN},
	{"published", INDEX_BY_PUBLISHED},
	{"-published", INDEX_BY_PUBLISHED_DOWN},
};
#define SORT_COUNT (sizeof(sorts) / sizeof(sorts[0]))
#define SORT_NAMES "best, path, title, -title, modified, -modified, published or -published"

/* Arguments of the two lists; false: the call is answered. */
static bool query_read(struct web_call *call, struct index_query *query)
{
	const char *sort = web_arg(call, "sort");
	uint64_t since = 0;
	size_t i = 0;

	*query = (struct index_query){
		.words = web_arg(call, "q"),
		.slug = web_arg(call, "organisation"),
		.theme = web_arg(call, "theme"),
		.keyword = web_arg(call, "keyword"),
		.format = web_arg(call, "format"),
		.license = web_arg(call, "license"),
		.below = web_arg(call, "below"),
		.limit = PAGE_DEFAULT,
	};
	while (sort && i < SORT_COUNT && strcmp(sorts[i].name, sort))
		i++;
	if (i == SORT_COUNT) {
		web_fail(call, 400, "usage", "\"sort\" is none of " SORT_NAMES);
		return false;
	}
	query->sort = sorts[i].sort;
	if (!web_arg_uint(call, "offset", 0, UINT32_MAX, &query->offset) ||
	    !web_arg_uint(call, "limit", 0, INDEX_PAGE_MAX, &query->limit) ||
	    !web_arg_uint(call, "modified_since_ms", 0, INT64_MAX, &since))
		return false;
	query->modified_from_ms = (int64_t)since;
	return true;
}

/* The same address with the next offset; null on the last page. */
static json_t *next_json(struct page *page)
{
	const char *name, *value;
	struct buf path, url;
	char number[40];
	json_t *out;
	uint64_t next = page->offset + page->limit;

	if (!page->limit || next >= page->total)
		return json_null();
	buf_init(&path, URL_LEN_MAX);
	buf_init(&url, URL_LEN_MAX);
	percent_encode(&path, bytes_str(page->call->path));
	snprintf(number, sizeof(number), "?offset=%llu", (unsigned long long)next);
	buf_add(&path, bytes_str(number));
	for (size_t at = 0; web_arg_next(page->call, &at, &name, &value);) {
		if (!strcmp(name, "offset"))
			continue;
		buf_add_u8(&path, '&');
		percent_encode(&path, bytes_str(name));
		buf_add_u8(&path, '=');
		percent_encode(&path, bytes_str(value));
	}
	buf_add_u8(&path, 0);
	web_url(page->call, &url, path.err ? "" : (const char *)path.ptr);
	out = path.err || url.err ? json_null() : json_stringn((const char *)url.ptr, url.len);
	buf_fini(&path);
	buf_fini(&url);
	return out;
}

/* NULL: the call is answered. */
static json_t *v1_page_json(struct web_call *call, const struct index_query *query)
{
	struct page page = {call, json_array(), query->offset, query->limit, 0};
	char why[WHY_LEN] = "";
	enum err err = index_search(call->index, &call->visitor, query, v1_page_add, &page,
				    &page.total, why);

	if (err) {
		json_decref(page.list);
		v1_fail(call, err, why);
		return NULL;
	}
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "total", (json_int_t)page.total, "offset",
			 (json_int_t)page.offset, "limit", (json_int_t)page.limit, "next",
			 next_json(&page), "datasets", page.list);
}

static void v1_datasets_serve(struct web_call *call)
{
	struct index_query query;
	json_t *out;

	if (is_unchanged(call) || !query_read(call, &query))
		return;
	out = v1_page_json(call, &query);
	if (out)
		web_json(call, 200, out);
}

/* GET /api/v1/search: the same with facets */

static bool facet_add(void *arg, const char *value, const char *label, uint64_t count)
{
	json_array_append_new(arg, json_pack("{s:s, s:s, s:I}", "value", value, "label", label,
					     "count", (json_int_t)count));
	return true;
}

static const struct {
	const char *name;
	enum index_facet facet;
} facets[] = {
	{"organisation", INDEX_FACET_ORGANISATION}, {"theme", INDEX_FACET_THEME},
	{"keyword", INDEX_FACET_KEYWORD},           {"format", INDEX_FACET_FORMAT},
	{"license", INDEX_FACET_LICENSE},
};

/* False: the call is answered; takes what is in out. */
static bool v1_facets_put(struct web_call *call, const struct index_query *query, json_t *out)
{
	json_t *all = json_object();

	for (size_t i = 0; i < sizeof(facets) / sizeof(facets[0]); i++) {
		json_t *list = json_array();
		char why[WHY_LEN] = "";
		enum err err = index_facets(call->index, &call->visitor, query, facets[i].facet,
					    FACET_MAX, facet_add, list, why);

		json_object_set_new(all, facets[i].name, list);
		if (!err)
			continue;
		json_decref(all);
		json_decref(out);
		v1_fail(call, err, why);
		return false;
	}
	json_object_set_new(out, "facets", all);
	return true;
}

static void v1_search_serve(struct web_call *call)
{
	struct index_query query;
	json_t *out;

	if (is_unchanged(call) || !query_read(call, &query))
		return;
	out = v1_page_json(call, &query);
	if (out && v1_facets_put(call, &query, out))
		web_json(call, 200, out);
}

/* GET /api/v1/datasets/PATH */

struct file_list {
	struct web_call *call;
	const struct index_item *item;
	json_t *list;
};

static bool v1_file_add(void *arg, const struct index_file *file)
{
	struct file_list *files = arg;
	char hex[ID_HEX_LEN + 1];

	hex_put(hex, id_bytes(&file->sha256));
	json_array_append_new(files->list,
			      json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:o}", "name", file->name,
					"media_type", file->media_type, "format", file->format,
					"bytes", (json_int_t)file->size, "modified_ms",
					(json_int_t)file->modified_ms, "sha256", hex, "url",
					v1_url_json(files->call, files->item->path, file->name)));
	return true;
}

static void dataset_one_serve(struct web_call *call)
{
	struct index_item item;
	struct file_list files = {call, &item, NULL};
	json_t *out = NULL;
	enum err err;

	if (is_unchanged(call))
		return;
	err = index_get(call->index, &call->visitor, call->rest, &item);
	if (!err) {
		out = v1_item_json(call, &item);
		files.list = json_array();
		json_object_set_new(out, "files", files.list);
		err = item.listed ? index_files(call->index, &item, v1_file_add, &files) : ERR_OK;
	}
	index_item_fini(&item);
	if (err) {
		json_decref(out);
		v1_fail(call, err, "");
	} else {
		web_json(call, 200, out);
	}
}

/* GET /api/v1/organisations */

static bool v1_organisation_add(void *arg, const struct index_organisation *organisation)
{
	json_array_append_new(arg, json_pack("{s:s, s:s, s:s, s:I}", "slug", organisation->slug,
					     "name", organisation->name, "ags", organisation->ags,
					     "datasets", (json_int_t)organisation->count));
	return true;
}

static void v1_organisations_serve(struct web_call *call)
{
	json_t *list;
	enum err err;

	if (is_unchanged(call))
		return;
	list = json_array();
	err = index_organisations(call->index, &call->visitor, v1_organisation_add, list);
	if (err) {
		json_decref(list);
		v1_fail(call, err, "");
	} else {
		web_json(call, 200, json_pack("{s:o}", "organisations", list));
	}
}

#define LIST_PARAMS                                                                                \
	PARAMS({"q", "string", "words; also parts of compounds, and with a slip of the pen"},      \
	       {"organisation", "string", "short name"}, {"theme", "string", "code, as ENVI"},     \
	       {"keyword", "string", "a keyword"}, {"format", "string", "code, as CSV"},           \
	       {"license", "string", "code, as dl-by-de/2.0"},                                     \
	       {"below", "string", "path: at or below it"},                                        \
	       {"modified_since_ms", "integer", "contents that changed then or later"},            \
	       {"sort", "string", SORT_NAMES}, {"offset", "integer", "how many are left out"},     \
	       {"limit", "integer", "at most so many, up to 1000; else 100"})

const struct route v1_routes[] = {
	{HTTP_GET, "/api/v1/status", .who = WHO_ANYONE, .serve = v1_status_serve,
	 .about = "Whose node this is", .params = PARAMS({0})},
	{HTTP_GET, "/api/v1/datasets", .who = WHO_ANYONE, .serve = v1_datasets_serve,
	 .about = "The datasets that you may see, a page at a time", .params = LIST_PARAMS},
	{HTTP_GET, "/api/v1/datasets/**", .who = WHO_ANYONE, .serve = dataset_one_serve,
	 .about = "One dataset, with its files", .params = PARAMS({0})},
	{HTTP_GET, "/api/v1/search", .who = WHO_ANYONE, .serve = v1_search_serve,
	 .about = "The same as the list of datasets, and how many have which value",
	 .params = LIST_PARAMS},
	{HTTP_GET, "/api/v1/organisations", .who = WHO_ANYONE, .serve = v1_organisations_serve,
	 .about = "Who has published, and how much", .params = PARAMS({0})},
	{HTTP_GET, "/api/v1/openapi.json", .who = WHO_ANYONE, .serve = openapi_serve,
	 .about = "This description, made of what the node answers", .params = PARAMS({0}),
	 .answers = OPENAPI_TYPE},
	{0},
};
