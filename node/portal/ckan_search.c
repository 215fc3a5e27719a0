/*
 * ckan_search - package_search: pages of packages, and how many there are of what.
 */
#include <stdio.h>
#include <string.h>

#include "node/portal/ckan.h"
#include "node/portal/ckan_query.h"

struct search {
	struct ckan *ckan;
	struct ckan_query query;
	struct index_query asked;
	uint64_t rows, start, facet_limit, facet_mincount;
	const char *sort;
	json_t *fields; /* of facets */
	char why[WHY_LEN];
};

/* ---- what is asked ---- */

static bool q_read(struct search *search, const char *name, bool words)
{
	const char *text = ckan_text(search->ckan, name);

	if (web_answered(search->ckan->call))
		return false;
	if (!text || !ckan_query_add(&search->query, text, words, search->why))
		return true;
	ckan_bad_query(search->ckan, search->why);
	return false;
}

/* The texts of fq_list, or several fq. */
static bool fq_read(struct search *search, const char *name)
{
	json_t *value = json_object_get(search->ckan->in, name), *one;
	size_t i;

	if (!json_is_array(value))
		return q_read(search, name, false);
	json_array_foreach(value, i, one)
	{
		const char *text = json_string_value(one);

		if (text && !ckan_query_add(&search->query, text, false, search->why))
			continue;
		ckan_bad_query(search->ckan, text ? search->why : "a filter is a text");
		return false;
	}
	return true;
}

static bool order_read(struct search *search)
{
	const char *text = ckan_text(search->ckan, "sort");

	if (web_answered(search->ckan->call))
		return false;
	search->sort = text && *text ? text : "score desc, metadata_modified desc";
	if (!ckan_sort_read(&search->asked.sort, search->sort, search->why)) {
		/* Without words nothing is better than another. */
		if (search->asked.sort == INDEX_BEST && !search->query.words[0])
			search->asked.sort = INDEX_BY_MODIFIED_DOWN;
		return true;
	}
	ckan_bad_query(search->ckan, search->why);
	return false;
}

static bool paging_read(struct search *search)
{
	struct ckan *ckan = search->ckan;
	bool ignored = false, facet = true, private = true;

	search->rows = CKAN_ROWS;
	search->facet_limit = CKAN_FACET_DEFAULT;
	search->facet_mincount = 1;
	if (!ckan_uint(ckan, "rows", INT32_MAX, &search->rows) ||
	    !ckan_uint(ckan, "start", INT32_MAX, &search->start) ||
	    !ckan_uint(ckan, "facet.limit", INT32_MAX, &search->facet_limit) ||
	    !ckan_uint(ckan, "facet.mincount", INT32_MAX, &search->facet_mincount) ||
	    !ckan_bool(ckan, "facet", &facet) || !ckan_bool(ckan, "include_private", &private) ||
	    !ckan_bool(ckan, "include_drafts", &ignored) ||
	    !ckan_bool(ckan, "use_default_schema", &ignored))
		return false;
	if (search->rows > CKAN_ROWS_MAX)
		search->rows = CKAN_ROWS_MAX;
	if (search->facet_limit > CKAN_FACET_MAX)
		search->facet_limit = CKAN_FACET_MAX;
	search->fields = ckan_list(ckan, "facet.field");
	if (search->fields && !facet)
		json_array_clear(search->fields);
	if (!private)
		search->asked.tiers = 1u << TIER_OPEN;
	return search->fields != NULL;
}

/* ---- facets ---- */

static const struct {
	const char *name, *title;
	enum index_facet facet;
} FACETS[] = {
	{"organization", "organization", INDEX_FACET_ORGANISATION},
	{"groups", "groups", INDEX_FACET_THEME},
	{"tags", "tags", INDEX_FACET_KEYWORD},
	{"res_format", "res_format", INDEX_FACET_FORMAT},
	{"license_id", "license_id", INDEX_FACET_LICENSE},
};
enum { FACET_COUNT = sizeof(FACETS) / sizeof(FACETS[0]) };

static int facet_find(const char *name)
{
	for (int i = 0; i < FACET_COUNT; i++)
		if (!strcmp(FACETS[i].name, name))
			return i;
	return -1;
}

struct counts {
	struct search *search;
	enum index_facet facet;
	json_t *plain, *items;
};

static bool count_add(void *arg, const char *value, const char *label, uint64_t count)
{
	struct counts *counts = arg;
	char name[64];

	if (count < counts->search->facet_mincount)
		return false;
	if (counts->facet == INDEX_FACET_THEME && strlen(value) < sizeof(name)) {
		ckan_group_name(name, value);
		value = name;
	} else if (counts->facet == INDEX_FACET_KEYWORD) {
		value = label;
	}
	json_object_set_new(counts->plain, value, json_integer((json_int_t)count));
	json_array_append_new(counts->items,
			      json_pack("{s:s, s:s, s:I}", "name", value, "display_name", label,
					"count", (json_int_t)count));
	return true;
}

static enum err facet_count(struct search *search, int i, json_t *plain, json_t *items)
{
	struct counts counts = {.search = search, .facet = FACETS[i].facet, plain, items};

	if (search->query.nothing)
		return ERR_OK;
	return index_facets(search->ckan->call->index, &search->ckan->call->visitor, &search->asked,
			    counts.facet, search->facet_limit, count_add, &counts, search->why);
}

static bool fields_check(struct search *search)
{
	json_t *field;
	size_t at;

	json_array_foreach(search->fields, at, field)
	{
		if (facet_find(json_string_value(field)) >= 0)
			continue;
		snprintf(search->why, sizeof(search->why),
			 "there is no facet \"%.80s\"; there are organization, groups, tags, "
			 "res_format and license_id",
			 json_string_value(field));
		ckan_bad_query(search->ckan, search->why);
		return false;
	}
	return true;
}

static enum err facets_put(struct search *search, json_t *out)
{
	json_t *facets = json_object(), *all = json_object(), *field;
	enum err err = ERR_OK;
	size_t at;

	json_array_foreach(search->fields, at, field)
	{
		int i = facet_find(json_string_value(field));
		json_t *plain = json_object(), *items = json_array();

		err = err ? err : facet_count(search, i, plain, items);
		json_object_set_new(facets, FACETS[i].name, plain);
		json_object_set_new(
			all, FACETS[i].name,
			json_pack("{s:s, s:o}", "title", FACETS[i].title, "items", items));
	}
	json_object_set_new(out, "facets", facets);
	json_object_set_new(out, "search_facets", all);
	return err;
}

/* ---- pages ---- */

static bool package_add(void *arg, const struct index_item *item)
{
	struct search *search = arg;
	json_t *results = json_object_get(search->ckan->in, "");

	json_array_append_new(results, ckan_package(search->ckan, item));
	return true;
}

static enum err results_put(struct search *search, json_t *out)
{
	json_t *results = json_array();
	uint64_t count = 0;
	enum err err = ERR_OK;

	/* No parameter has an empty name, so nothing is in the way. */
	json_object_set_new(search->ckan->in, "", json_incref(results));
	if (!search->query.nothing)
		err = index_search(search->ckan->call->index, &search->ckan->call->visitor,
				   &search->asked, package_add, search, &count, search->why);
	json_object_set_new(out, "count", json_integer((json_int_t)count));
	json_object_set_new(out, "results", results);
	return err;
}

static void search_answer(struct search *search)
{
	json_t *out = json_pack("{s:s, s:I, s:I, s:i}", "sort", search->sort, "start",
				(json_int_t)search->start, "rows", (json_int_t)search->rows,
				"rows_max", CKAN_ROWS_MAX);

	search->asked.words = search->query.words[0] ? search->query.words : NULL;
	search->asked.filters = search->query.filters;
	search->asked.filter_count = search->query.filter_count;
	search->asked.modified_from_ms = search->query.modified_from_ms;
	search->asked.modified_to_ms = search->query.modified_to_ms;
	search->asked.offset = search->start;
	search->asked.limit = search->rows;
	enum err err = results_put(search, out);
	if (!err)
		err = facets_put(search, out);
	if (!err) {
		ckan_done(search->ckan, out);
		return;
	}
	json_decref(out);
	ckan_failed(search->ckan, err, search->why);
}

static void package_search(struct ckan *ckan)
{
	struct search search = {.ckan = ckan};

	ckan_query_init(&search.query);
	if (q_read(&search, "q", true) && fq_read(&search, "fq") && fq_read(&search, "fq_list") &&
	    order_read(&search) && paging_read(&search) && fields_check(&search))
		search_answer(&search);
	json_decref(search.fields);
	ckan_query_fini(&search.query);
}

const struct ckan_action ckan_search_actions[] = {
	{"package_search", package_search,
	 "q fq fq_list sort rows start facet facet.field facet.limit facet.mincount"
	 " include_private include_drafts use_default_schema",
	 "Datasets by words and filters. rows: 10 when nothing is said, 1000 at most.\n"
	 "q: words, \"words\", and what fq may be. fq: FIELD:VALUE with organization, groups, "
	 "tags, res_format, license_id, name, id, owner_org, title, notes, text, state, type, "
	 "capacity; FIELD:(A OR B), FIELD:A OR FIELD:B, -FIELD:A, metadata_modified:[FROM TO "
	 "TO]; several of them hold together. sort: id, name, title_string, metadata_modified, "
	 "metadata_created, each asc or desc, or score desc. facet.field: organization, groups, "
	 "tags, res_format, license_id."},
	{0},
};
