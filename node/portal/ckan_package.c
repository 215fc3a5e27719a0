/*
 * ckan_package - a dataset as CKAN shows a package, its files as resources.
 *
 * What DCAT-AP.de has and CKAN has no field for stands in extras, named and written as ckanext-dcat
 * does: several values as a list in JSON.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/index/uuid.h"
#include "node/portal/ckan.h"
#include "node/portal/dataset.h"
#include "proto/dcat/vocab.h"

#define SPATIAL_LEN_MAX 400

/* ---- parts ---- */

static bool in_german(struct ckan *ckan)
{
	return web_german(ckan->call);
}

static const char *term_label(struct ckan *ckan, const struct vocab_term *term)
{
	return in_german(ckan) ? term->de : term->en;
}

/* A path of this node, "/d/" and all, encoded. */
static json_t *item_url(struct ckan *ckan, const struct index_item *item, const char *file)
{
	struct buf path;

	buf_init(&path, 8192);
	dataset_address_put(&path, item->path, 0, bytes_str(file ? file : ""));
	buf_add_u8(&path, '\0');
	json_t *out = path.err ? json_string("") : ckan_url(ckan, (const char *)path.ptr);
	buf_fini(&path);
	return out;
}

json_t *ckan_organisation(const struct index_item *item)
{
	char id[INDEX_UUID_LEN + 1];

	ckan_uuid(id, "organisation", item->home);
	return json_pack("{s:s, s:s, s:o, s:s, s:b, s:s, s:s}", "id", id, "name", item->slug,
			 "title", ckan_str(bytes_str(item->organisation)), "type", "organization",
			 "is_organization", 1, "approval_status", "approved", "state", "active");
}

json_t *ckan_group(struct ckan *ckan, struct bytes theme)
{
	const struct vocab_term *term = vocab_find(VOCAB_THEME, theme);
	char id[INDEX_UUID_LEN + 1], name[32];

	if (!term || strlen(term->code) >= sizeof(name))
		return NULL;
	ckan_group_name(name, term->code);
	ckan_uuid(id, "group", term->code);
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "name", name, "title",
			 term_label(ckan, term), "display_name", term_label(ckan, term),
			 "description", term->iri);
}

static json_t *groups_of(struct ckan *ckan, const struct description *description)
{
	json_t *out = json_array();

	for (uint32_t i = 0; i < description->theme_count; i++) {
		json_t *group = ckan_group(ckan, description->themes[i]);

		if (group)
			json_array_append_new(out, group);
	}
	return out;
}

json_t *ckan_tag(struct bytes keyword)
{
	char id[INDEX_UUID_LEN + 1], *text = bytes_text(keyword);

	ckan_uuid(id, "tag", text);
	free(text);
	return json_pack("{s:s, s:o, s:o, s:n, s:s}", "id", id, "name", ckan_str(keyword),
			 "display_name", ckan_str(keyword), "vocabulary_id", "state", "active");
}

static json_t *tags_of(const struct description *description)
{
	json_t *out = json_array();

	for (uint32_t i = 0; i < description->keyword_count; i++)
		json_array_append_new(out, ckan_tag(description->keywords[i]));
	return out;
}

/* ---- extras ---- */

static void extra_add(json_t *extras, const char *key, json_t *value)
{
	json_array_append_new(extras, json_pack("{s:s, s:o}", "key", key, "value", value));
}

static void extra_text(json_t *extras, const char *key, struct bytes text)
{
	if (text.len)
		extra_add(extras, key, ckan_str(text));
}

/* As its IRI, when the vocabulary has it. */
static json_t *term_value(enum vocab vocab, struct bytes code)
{
	const struct vocab_term *term = vocab_find(vocab, code);

	return term ? json_string(term->iri) : ckan_str(code);
}

static void extra_term(json_t *extras, const char *key, enum vocab vocab, struct bytes code)
{
	if (code.len)
		extra_add(extras, key, term_value(vocab, code));
}

/* A list, as a text. takes list. */
static void extra_list(json_t *extras, const char *key, json_t *list)
{
	char *text = json_array_size(list) ? json_dumps(list, JSON_COMPACT) : NULL;

	if (text)
		extra_add(extras, key, json_string(text));
	free(text);
	json_decref(list);
}

static json_t *terms_list(enum vocab vocab, const struct bytes *codes, uint32_t count)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(list, term_value(vocab, codes[i]));
	return list;
}

static json_t *texts_list(const struct bytes *texts, uint32_t count)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(list, ckan_str(texts[i]));
	return list;
}

static void extra_place(json_t *extras, const struct description *description)
{
	struct buf iri;
	char text[SPATIAL_LEN_MAX];

	buf_init(&iri, 256);
	if (description->place_key.len && vocab_place_iri(&iri, description->place_key))
		extra_text(extras, "spatial_uri", buf_bytes(&iri));
	buf_fini(&iri);
	extra_text(extras, "spatial_text", description->place_name);
	if (!description->has_bbox)
		return;
	double b[4];
	for (size_t i = 0; i < 4; i++)
		b[i] = (double)description->bbox[i] / (double)DESCRIPTION_DEGREE;
	snprintf(text, sizeof(text),
		 "{\"type\":\"Polygon\",\"coordinates\":[[[%.7g,%.7g],[%.7g,%.7g],[%.7g,%.7g],"
		 "[%.7g,%.7g],[%.7g,%.7g]]]}",
		 b[0], b[1], b[2], b[1], b[2], b[3], b[0], b[3], b[0], b[1]);
	extra_add(extras, "spatial", json_string(text));
}

static void extra_times(json_t *extras, const struct index_item *item)
{
	extra_add(extras, "issued", ckan_time(item->first_published_ms));
	extra_add(extras, "modified", ckan_time(item->modified_ms));
	extra_text(extras, "temporal_start", item->description.from);
	extra_text(extras, "temporal_end", item->description.to);
}

static void extra_people(json_t *extras, const struct index_item *item)
{
	const struct description *d = &item->description;

	extra_text(extras, "publisher_name",
		   d->publisher.len ? d->publisher : bytes_str(item->organisation));
	extra_text(extras, "publisher_url", d->publisher_url);
	extra_text(extras, "contact_name", d->contact_name);
	extra_text(extras, "contact_email", d->contact_email);
	extra_text(extras, "contact_url", d->contact_url);
	extra_text(extras, "contact_phone", d->contact_phone);
}

static json_t *extras_of(struct ckan *ckan, const struct index_item *item)
{
	const struct description *d = &item->description;
	json_t *extras = json_array();
	char id[64];

	snprintf(id, sizeof(id), "urn:uuid:%s", item->uuid);
	extra_text(extras, "identifier", d->identifier.len ? d->identifier : bytes_str(id));
	extra_add(extras, "guid", json_string(item->uuid));
	snprintf(id, sizeof(id), "/id/%s", item->uuid);
	extra_add(extras, "uri", ckan_url(ckan, id));
	extra_times(extras, item);
	extra_people(extras, item);
	extra_place(extras, d);
	extra_term(extras, "frequency", VOCAB_FREQUENCY, d->frequency);
	extra_term(extras, "access_rights", VOCAB_ACCESS, d->access);
	extra_term(extras, "availability", VOCAB_AVAILABILITY, d->availability);
	extra_term(extras, "politicalGeocodingLevelURI", VOCAB_LEVEL, d->level);
	extra_text(extras, "provenance", d->provenance);
	extra_text(extras, "licenseAttributionByText", d->attribution);
	extra_list(extras, "theme", terms_list(VOCAB_THEME, d->themes, d->theme_count));
	extra_list(extras, "language", terms_list(VOCAB_LANGUAGE, d->languages, d->language_count));
	extra_list(extras, "hvd_category", terms_list(VOCAB_HVD, d->hvd, d->hvd_count));
	extra_list(extras, "applicable_legislation",
		   texts_list(d->legislation, d->legislation_count));
	extra_list(extras, "contributorID", texts_list(d->contributors, d->contributor_count));
	return extras;
}

/* ---- resources ---- */

struct resources {
	struct ckan *ckan;
	const struct index_item *item;
	json_t *list;
};

static json_t *resource(struct resources *to, const struct index_file *file)
{
	const struct index_item *item = to->item;
	char hash[ID_HEX_LEN + 1];
	json_t *out;

	hex_put(hash, id_bytes(&file->sha256));
	out = json_pack("{s:s, s:s, s:i, s:o, s:s, s:o, s:s, s:s, s:I, s:s, s:s, s:n, s:o, s:o,"
			" s:o, s:s}",
			"id", file->uuid, "package_id", item->uuid, "position",
			(int)json_array_size(to->list), "name", ckan_str(bytes_str(file->name)),
			"description", "", "url", item_url(to->ckan, item, file->name), "format",
			file->format, "mimetype", file->media_type, "size", (json_int_t)file->size,
			"hash", hash, "state", "active", "url_type", "created",
			ckan_time(item->first_published_ms), "last_modified",
			ckan_time(item->modified_ms), "metadata_modified",
			ckan_time(item->indexed_ms), "hash_algorithm",
			"http://spdx.org/rdf/terms#checksumAlgorithm_sha256");
	return out;
}

static bool resource_add(void *arg, const struct index_file *file)
{
	struct resources *to = arg;

	json_array_append_new(to->list, resource(to, file));
	return json_array_size(to->list) < CKAN_RESOURCES_MAX;
}

static void license_put(json_t *out, const struct description *description)
{
	const struct vocab_term *term = vocab_find(VOCAB_LICENSE, description->license);

	json_object_set_new(out, "license_id",
			    term ? json_string(term->code) : ckan_str(description->license));
	json_object_set_new(out, "license_title",
			    term ? json_string(term->de) : ckan_str(description->license));
	json_object_set_new(out, "license_url",
			    term ? json_string(term->iri) : ckan_str(description->license));
	json_object_set_new(out, "isopen", json_boolean(term && term->is_open));
}

/* ---- packages ---- */

json_t *ckan_package(struct ckan *ckan, const struct index_item *item)
{
	const struct description *d = &item->description;
	struct resources resources = {ckan, item, json_array()};
	char name[CKAN_NAME_LEN_MAX + 1], owner[INDEX_UUID_LEN + 1], version[24];

	index_files(ckan->call->index, item, resource_add, &resources);
	ckan_name(name, item->path, item->uuid);
	ckan_uuid(owner, "organisation", item->home);
	snprintf(version, sizeof(version), "%llu", (unsigned long long)item->number);
	json_t *out = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:s, s:o, s:o,"
		" s:o, s:o, s:o, s:I, s:I, s:o, s:o}",
		"id", item->uuid, "name", name, "title",
		ckan_str(d->title.len ? d->title : bytes_str(item->path)), "notes",
		ckan_str(d->text), "url",
		d->landing_page.len ? ckan_str(d->landing_page) : item_url(ckan, item, NULL),
		"version", version, "type", "dataset", "state", "active", "private", !item->open,
		"author", ckan_str(d->publisher.len ? d->publisher : bytes_str(item->organisation)),
		"author_email", json_string(""), "maintainer", ckan_str(d->contact_name),
		"maintainer_email", ckan_str(d->contact_email), "owner_org", owner, "organization",
		ckan_organisation(item), "groups", groups_of(ckan, d), "tags", tags_of(d),
		"metadata_created", ckan_time(item->first_published_ms), "metadata_modified",
		ckan_time(item->indexed_ms), "num_resources",
		(json_int_t)json_array_size(resources.list), "num_tags",
		(json_int_t)d->keyword_count, "extras", extras_of(ckan, item), "resources",
		resources.list);
	license_put(out, d);
	return out;
}

static bool is_prefixed(const char *name)
{
	size_t len = strlen(name);

	return len > 10 && !strncmp(name + len - 10, "_-", 2) &&
	       strspn(name + len - 8, "0123456789abcdef") == 8;
}

static enum err package_find(struct ckan *ckan, const char *id, struct index_item *out)
{
	struct index_reader *index = ckan->call->index;
	const struct visitor *visitor = &ckan->call->visitor;
	char path[LIMIT_PATH_LEN_MAX + 1], name[CKAN_NAME_LEN_MAX + 1];
	enum err err;

	*out = (struct index_item){0};
	if (uuid_is(id))
		return index_get_uuid(index, visitor, id, out);
	if (is_prefixed(id)) {
		err = index_get_uuid(index, visitor, id + strlen(id) - 8, out);
	} else {
		ckan_path(path, bytes_str(id));
		err = index_get(index, visitor, path, out);
	}
	if (err)
		return err;
	ckan_name(name, out->path, out->uuid);
	return strcmp(name, id) ? ERR_ABSENT : ERR_OK;
}

/* ---- actions ---- */

static void package_show(struct ckan *ckan)
{
	const char *id = ckan_need(ckan, "id");
	struct index_item item;

	if (!id)
		return;
	enum err err = package_find(ckan, id, &item);
	if (err)
		ckan_failed(ckan, err, "");
	else
		ckan_done(ckan, ckan_package(ckan, &item));
	index_item_fini(&item);
}

struct shown_resource {
	struct resources resources;
	const char *id;
	json_t *found;
};

static bool resource_look(void *arg, const struct index_file *file)
{
	struct shown_resource *shown = arg;

	if (strcmp(file->uuid, shown->id)) {
		json_array_append_new(shown->resources.list, json_null());
		return true;
	}
	shown->found = resource(&shown->resources, file);
	return false;
}

static void resource_show(struct ckan *ckan)
{
	const char *id = ckan_need(ckan, "id");
	struct index_item item;

	if (!id)
		return;
	struct shown_resource shown = {.resources = {ckan, &item, json_array()}, .id = id};
	enum err err = index_get_file(ckan->call->index, &ckan->call->visitor, id, &item);
	if (!err)
		err = index_files(ckan->call->index, &item, resource_look, &shown);
	if (!err && shown.found)
		ckan_done(ckan, shown.found);
	else
		ckan_failed(ckan, err ? err : ERR_ABSENT, "");
	json_decref(shown.resources.list);
	index_item_fini(&item);
}

/* ---- files wherever they are ---- */

static bool found_add(void *arg, const struct index_item *item, const struct index_file *file)
{
	struct resources *to = arg;
	struct resources one = {to->ckan, item, to->list};

	json_array_append_new(to->list, resource(&one, file));
	return true;
}

/* "name:plan" or "format:csv". False: it is answered. */
static bool file_term_read(struct ckan *ckan, const char *text, struct index_files_query *query,
			   char *format, size_t size)
{
	if (!strncmp(text, "name:", 5)) {
		query->name = text + 5;
	} else if (!strncmp(text, "format:", 7) && strlen(text) < size) {
		snprintf(format, size, "%s", text + 7);
		for (char *at = format; *at; at++)
			*at = (char)toupper((unsigned char)*at);
		query->format = format;
	} else {
		ckan_invalid(ckan, "query", "Must be name:TEXT or format:CODE");
		return false;
	}
	return true;
}

static bool file_terms_read(struct ckan *ckan, struct index_files_query *query, char *format,
			    size_t size)
{
	json_t *terms = ckan_list(ckan, "query"), *term;
	size_t i;

	if (!terms)
		return false;
	/* The texts are those of the list, which lives on among the arguments. */
	json_object_set_new(ckan->in, "", terms);
	json_array_foreach(terms, i, term) if (!file_term_read(ckan, json_string_value(term), query,
							       format, size)) return false;
	if (query->name || query->format)
		return true;
	ckan_invalid(ckan, "query", "Missing value");
	return false;
}

static void resource_search(struct ckan *ckan)
{
	struct index_files_query query = {.limit = CKAN_ROWS_MAX};
	struct resources found = {.ckan = ckan};
	char format[INDEX_FORMAT_LEN_MAX];
	uint64_t total;

	if (!file_terms_read(ckan, &query, format, sizeof(format)) ||
	    !ckan_uint(ckan, "offset", INT32_MAX, &query.offset) ||
	    !ckan_uint(ckan, "limit", INT32_MAX, &query.limit))
		return;
	if (query.limit > CKAN_ROWS_MAX)
		query.limit = CKAN_ROWS_MAX;
	found.list = json_array();
	enum err err = index_files_find(ckan->call->index, &ckan->call->visitor, &query, found_add,
					&found, &total);
	if (err) {
		json_decref(found.list);
		ckan_failed(ckan, err, "");
		return;
	}
	ckan_done(ckan, json_pack("{s:I, s:I, s:o}", "count", (json_int_t)total, "limit",
				  (json_int_t)query.limit, "results", found.list));
}

const struct ckan_action ckan_package_actions[] = {
	{"package_show", package_show, "id use_default_schema include_tracking",
	 "A dataset, by its name or id."},
	{"dataset_show", package_show, "id use_default_schema include_tracking", "The same."},
	{"resource_show", resource_show, "id include_tracking", "A file of a dataset, by its id."},
	{"resource_search", resource_search, "query offset limit",
	 "Files by name:TEXT (a part) and format:CODE; 1000 at most."},
	{0},
};
