/*
 * ckan_list - packages, organisations, groups, tags and licences as lists, and each by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/portal/ckan.h"
#include "proto/dcat/vocab.h"

#define PACKAGES_MAX 1000 /* names of one page, and packages shown with a group */

/* ---- packages ---- */

struct names {
	json_t *list;
	struct ckan *ckan; /* NULL: names only */
};

static bool package_name_add(void *arg, const struct index_item *item)
{
	struct names *names = arg;
	char name[CKAN_NAME_LEN_MAX + 1];

	ckan_name(name, item->path, item->uuid);
	json_array_append_new(names->list,
			      names->ckan ? ckan_package(names->ckan, item) : json_string(name));
	return true;
}

/* All of them, a page at a time, when no limit is said: as CKAN does. */
static enum err names_read(struct ckan *ckan, uint64_t offset, uint64_t limit, json_t *list,
			   char *why)
{
	struct names names = {.list = list};
	size_t before;
	enum err err;

	do {
		struct index_query query = {.sort = INDEX_BY_PATH,
					    .offset = offset + json_array_size(list),
					    .limit = limit - json_array_size(list)};
		if (query.limit > INDEX_PAGE_MAX)
			query.limit = INDEX_PAGE_MAX;
		before = json_array_size(list);
		err = index_search(ckan->call->index, &ckan->call->visitor, &query,
				   package_name_add, &names, NULL, why);
	} while (!err && json_array_size(list) == before + INDEX_PAGE_MAX &&
		 json_array_size(list) < limit);
	return err;
}

static void package_list(struct ckan *ckan)
{
	uint64_t offset = 0, limit = CKAN_NAMES_MAX;
	json_t *list = json_array();
	char why[WHY_LEN] = "";
	enum err err;

	if (!ckan_uint(ckan, "offset", INT32_MAX, &offset) ||
	    !ckan_uint(ckan, "limit", INT32_MAX, &limit)) {
		json_decref(list);
		return;
	}
	err = names_read(ckan, offset, limit < CKAN_NAMES_MAX ? limit : CKAN_NAMES_MAX, list, why);
	if (!err) {
		ckan_done(ckan, list);
		return;
	}
	json_decref(list);
	ckan_failed(ckan, err, why);
}

/* ---- what organisations and groups have in common ---- */

struct listing {
	struct ckan *ckan;
	json_t *list, *wanted; /* wanted: names that were asked for; empty: all */
	bool full;
	const char *id; /* of the one that is shown; NULL: all */
	json_t *shown;
	char slug[CHARTER_SLUG_LEN_MAX + 1], code[32];
	uint64_t offset, limit, seen;
};

/* Whether it is wanted, and in the page. */
static bool listing_takes(struct listing *listing, const char *name)
{
	json_t *one;
	size_t i;
	bool wanted = !json_array_size(listing->wanted);

	json_array_foreach(listing->wanted, i, one) wanted =
		wanted || !strcmp(json_string_value(one), name);
	if (!wanted || listing->seen++ < listing->offset)
		return false;
	return json_array_size(listing->list) < listing->limit;
}

static bool listing_begin(struct listing *listing, const char *names)
{
	struct ckan *ckan = listing->ckan;
	bool ignored;

	listing->limit = CKAN_NAMES_MAX;
	if (!ckan_bool(ckan, "all_fields", &listing->full) ||
	    !ckan_bool(ckan, "include_dataset_count", &ignored) ||
	    !ckan_bool(ckan, "include_extras", &ignored) ||
	    !ckan_bool(ckan, "include_tags", &ignored) ||
	    !ckan_bool(ckan, "include_groups", &ignored) ||
	    !ckan_bool(ckan, "include_users", &ignored) ||
	    !ckan_uint(ckan, "offset", INT32_MAX, &listing->offset) ||
	    !ckan_uint(ckan, "limit", INT32_MAX, &listing->limit))
		return false;
	const char *sort = ckan_text(ckan, "sort");
	if (!web_answered(ckan->call) && sort && strcmp(sort, "name") && strcmp(sort, "name asc") &&
	    strcmp(sort, "title") && strcmp(sort, "title asc"))
		ckan_bad_query(ckan, "lists are in order of name");
	if (web_answered(ckan->call))
		return false;
	listing->wanted = ckan_list(ckan, names);
	return listing->wanted != NULL;
}

static void listing_end(struct listing *listing, enum err err)
{
	if (err)
		ckan_failed(listing->ckan, err, "");
	else
		ckan_done(listing->ckan, json_incref(listing->list));
}

/* Of one that is shown: its packages, when they are asked for. */
static void packages_put(struct ckan *ckan, json_t *out, struct index_query *query)
{
	struct names names = {.list = json_array(), .ckan = ckan};
	char why[WHY_LEN];

	query->limit = PACKAGES_MAX;
	index_search(ckan->call->index, &ckan->call->visitor, query, package_name_add, &names, NULL,
		     why);
	json_object_set_new(out, "packages", names.list);
}

/* ---- organisations ---- */

static json_t *organisation_json(const struct index_organisation *organisation)
{
	struct index_item item = {0};

	snprintf(item.slug, sizeof(item.slug), "%s", organisation->slug);
	snprintf(item.home, sizeof(item.home), "%s", organisation->home);
	snprintf(item.organisation, sizeof(item.organisation), "%s", organisation->name);
	json_t *out = ckan_organisation(&item);
	json_object_set_new(out, "display_name", ckan_str(bytes_str(organisation->name)));
	json_object_set_new(out, "description", json_string(""));
	json_object_set_new(out, "image_url", json_string(""));
	json_object_set_new(out, "package_count", json_integer((json_int_t)organisation->count));
	json_object_set_new(out, "extras", json_array());
	if (organisation->ags[0])
		json_array_append_new(
			json_object_get(out, "extras"),
			json_pack("{s:s, s:s}", "key", "ags", "value", organisation->ags));
	return out;
}

static bool ckan_organisation_add(void *arg, const struct index_organisation *organisation)
{
	struct listing *listing = arg;
	char id[INDEX_UUID_LEN + 1];

	ckan_uuid(id, "organisation", organisation->home);
	if (!listing->id) {
		if (listing_takes(listing, organisation->slug))
			json_array_append_new(listing->list,
					      listing->full ? organisation_json(organisation)
							    : json_string(organisation->slug));
		return true;
	}
	if (strcmp(listing->id, organisation->slug) && strcmp(listing->id, organisation->home) &&
	    strcmp(listing->id, id))
		return true;
	listing->shown = organisation_json(organisation);
	snprintf(listing->slug, sizeof(listing->slug), "%s", organisation->slug);
	return false;
}

static void organization_list(struct ckan *ckan)
{
	struct listing listing = {.ckan = ckan, .list = json_array()};

	if (listing_begin(&listing, "organizations"))
		listing_end(&listing, index_organisations(ckan->call->index, &ckan->call->visitor,
							  ckan_organisation_add, &listing));
	json_decref(listing.list);
	json_decref(listing.wanted);
}

static bool show_begin(struct listing *listing, bool *datasets)
{
	bool ignored;

	listing->id = ckan_need(listing->ckan, "id");
	return listing->id && ckan_bool(listing->ckan, "include_datasets", datasets) &&
	       ckan_bool(listing->ckan, "include_dataset_count", &ignored) &&
	       ckan_bool(listing->ckan, "include_extras", &ignored) &&
	       ckan_bool(listing->ckan, "include_users", &ignored) &&
	       ckan_bool(listing->ckan, "include_groups", &ignored) &&
	       ckan_bool(listing->ckan, "include_tags", &ignored) &&
	       ckan_bool(listing->ckan, "include_followers", &ignored);
}

static void organization_show(struct ckan *ckan)
{
	struct listing listing = {.ckan = ckan};
	bool datasets = false;

	if (!show_begin(&listing, &datasets))
		return;
	enum err err = index_organisations(ckan->call->index, &ckan->call->visitor,
					   ckan_organisation_add, &listing);
	if (err || !listing.shown) {
		ckan_failed(ckan, err ? err : ERR_ABSENT, "");
		return;
	}
	if (datasets)
		packages_put(ckan, listing.shown, &(struct index_query){.slug = listing.slug});
	ckan_done(ckan, listing.shown);
}

/* ---- groups: themes that a dataset has ---- */

static json_t *group_json(struct ckan *ckan, const char *code, uint64_t count)
{
	json_t *out = ckan_group(ckan, bytes_str(code));

	if (!out)
		return NULL;
	json_object_set_new(out, "type", json_string("group"));
	json_object_set_new(out, "is_organization", json_false());
	json_object_set_new(out, "state", json_string("active"));
	json_object_set_new(out, "image_url", json_string(""));
	json_object_set_new(out, "package_count", json_integer((json_int_t)count));
	json_object_set_new(out, "extras", json_array());
	return out;
}

static bool is_group(const json_t *group, const char *id)
{
	return !strcmp(json_string_value(json_object_get(group, "name")), id) ||
	       !strcmp(json_string_value(json_object_get(group, "id")), id);
}

static bool group_add(void *arg, const char *code, const char *label, uint64_t count)
{
	struct listing *listing = arg;
	json_t *group = group_json(listing->ckan, code, count);
	const char *name = json_string_value(json_object_get(group, "name"));

	if (group && listing->id && is_group(group, listing->id)) {
		listing->shown = group;
		snprintf(listing->code, sizeof(listing->code), "%s", code);
		return false;
	}
	if (group && !listing->id && listing_takes(listing, name))
		json_array_append_new(listing->list,
				      listing->full ? json_incref(group) : json_string(name));
	json_decref(group);
	return true;
}

static enum err groups_read(struct listing *listing)
{
	char why[WHY_LEN];

	return index_facets(listing->ckan->call->index, &listing->ckan->call->visitor,
			    &(struct index_query){0}, INDEX_FACET_THEME, CKAN_FACET_MAX, group_add,
			    listing, why);
}

static void group_list(struct ckan *ckan)
{
	struct listing listing = {.ckan = ckan, .list = json_array()};

	if (listing_begin(&listing, "groups"))
		listing_end(&listing, groups_read(&listing));
	json_decref(listing.list);
	json_decref(listing.wanted);
}

static void group_show(struct ckan *ckan)
{
	struct listing listing = {.ckan = ckan};
	bool datasets = false;

	if (!show_begin(&listing, &datasets))
		return;
	enum err err = groups_read(&listing);
	if (err || !listing.shown) {
		ckan_failed(ckan, err ? err : ERR_ABSENT, "");
		return;
	}
	if (datasets)
		packages_put(ckan, listing.shown, &(struct index_query){.theme = listing.code});
	ckan_done(ckan, listing.shown);
}

/* ---- tags ---- */

struct tags {
	json_t *list;
	const char *query;
	bool full;
};

static bool tag_add(void *arg, const char *value, const char *label, uint64_t count)
{
	struct tags *tags = arg;

	if (!tags->query || strcasestr(label, tags->query))
		json_array_append_new(tags->list,
				      tags->full ? ckan_tag(bytes_str(label)) : json_string(label));
	return true;
}

static void tag_list(struct ckan *ckan)
{
	struct tags tags = {.query = ckan_text(ckan, "query")};
	char why[WHY_LEN] = "";

	if (web_answered(ckan->call) || !ckan_bool(ckan, "all_fields", &tags.full))
		return;
	if (json_is_string(json_object_get(ckan->in, "vocabulary_id"))) {
		ckan_absent(ckan); /* there are only free tags */
		return;
	}
	tags.list = json_array();
	enum err err =
		index_facets(ckan->call->index, &ckan->call->visitor, &(struct index_query){0},
			     INDEX_FACET_KEYWORD, CKAN_NAMES_MAX, tag_add, &tags, why);
	if (!err) {
		ckan_done(ckan, tags.list);
		return;
	}
	json_decref(tags.list);
	ckan_failed(ckan, err, why);
}

/* ---- licences ---- */

static void license_list(struct ckan *ckan)
{
	json_t *list = json_array();
	const struct vocab_term *term;

	for (size_t i = 0; (term = vocab_at(VOCAB_LICENSE, i)); i++)
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:b, s:b, s:b}", "id",
				  term->code, "title", web_german(ckan->call) ? term->de : term->en,
				  "url", term->iri, "status", "active", "isopen", term->is_open,
				  "maintainer", "", "family", "", "od_conformance",
				  term->is_open ? "approved" : "not reviewed", "domain_data",
				  term->is_open, "domain_content", term->is_open, "is_by",
				  term->is_by));
	ckan_done(ckan, list);
}

#define LISTED                                                                                     \
	"all_fields offset limit sort include_dataset_count include_extras include_tags"           \
	" include_groups include_users"
#define SHOWN                                                                                      \
	"id include_datasets include_dataset_count include_extras include_users include_groups"    \
	" include_tags include_followers"

const struct ckan_action ckan_list_actions[] = {
	{"package_list", package_list, "offset limit",
	 "Names of datasets, in order; 100000 at most."},
	{"dataset_list", package_list, "offset limit", "The same."},
	{"organization_list", organization_list, LISTED " organizations",
	 "Organisations that have datasets here."},
	{"organization_show", organization_show, SHOWN, "An organisation, by its name or id."},
	{"group_list", group_list, LISTED " groups", "Themes that datasets have here."},
	{"group_show", group_show, SHOWN, "A theme, by its name or id."},
	{"tag_list", tag_list, "query all_fields vocabulary_id", "Keywords of datasets."},
	{"license_list", license_list, "", "Licences by the list of GovData."},
	{0},
};
