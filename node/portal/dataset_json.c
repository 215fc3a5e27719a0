/*
 * dataset_json - /d/PATH: what a dataset is, which files it has and where they are, as JSON, or for
 * people as a page; and /d/PATH/versions.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "node/base/clock.h"
#include "node/care/node_view.h"
#include "node/html/amount.h"
#include "node/ogc/layers.h"
#include "node/page/dataset_page.h"
#include "node/portal/dataset.h"
#include "node/portal/dcat.h"
#include "proto/dcat/metadata.h"
#include "proto/dcat/vocab.h"

#define FILES_SHOWN_MAX    1000
#define VERSIONS_SHOWN_MAX 1000

static json_t *page_text_json(struct bytes text)
{
	return json_stringn((const char *)text.ptr, text.len);
}

static json_t *page_text_or_null(struct bytes text)
{
	return text.len ? page_text_json(text) : json_null();
}

static json_t *url_json(struct web_call *call, const char *path, uint64_t number, struct bytes name,
			const char *behind)
{
	struct buf local, url;
	json_t *out;

	buf_init(&local, 8192);
	buf_init(&url, 16384);
	dataset_address_put(&local, path, number, name);
	buf_add(&local, bytes_str(behind));
	buf_add_u8(&local, 0);
	web_url(call, &url, local.err ? "/" : (const char *)local.ptr);
	out = page_text_json(buf_bytes(&url));
	buf_fini(&local);
	buf_fini(&url);
	return out;
}

/* The current version, or the one that was asked for, and whether its files can be shown. */
struct page {
	struct web_call *call;
	const struct dataset_address *at;
	struct dataset_found found;
	struct content *content; /* NULL: not here, or not for the visitor */
};

/* The files, when the visitor may have them and they are here; else the page does without. */
static struct content *page_content(struct web_call *call, const struct dataset_found *found)
{
	const struct catalog_entry *entry = &found->entry;
	struct contents *contents = call->node->contents;
	struct content *content;
	char why[WHY_LEN];

	if (!entry->held || !visitor_reads(&call->visitor, entry->tier, entry->path))
		return NULL;
	content = content_kept(contents, &entry->record);
	if (content)
		return content;
	return content_get(contents, entry->path, entry->number, &content, why) ? NULL : content;
}

/* ---- JSON ---- */

static json_t *forms_json(const struct page *page, const struct manifest_file *file)
{
	struct bytes stem = dataset_table_stem(file->name);
	json_t *forms = json_object();

	for (int i = 0; i < CONVERT_FORM_COUNT && stem.len; i++) {
		const char *ending = convert_ending((enum convert_form)i);
		char behind[32];

		snprintf(behind, sizeof(behind), ".%s", ending);
		json_object_set_new(
			forms, ending,
			url_json(page->call, page->found.path, page->at->number, stem, behind));
	}
	return forms;
}

static json_t *page_file_json(const struct page *page, const struct manifest_file *file)
{
	char hash[2 * ID_LEN + 1];

	hex_put(hash, id_bytes(&file->sha256));
	return json_pack("{s:o, s:o, s:o, s:I, s:s, s:o}", "name", page_text_json(file->name),
			 "url",
			 url_json(page->call, page->found.path, page->at->number, file->name, ""),
			 "type", page_text_or_null(file->media_type), "bytes",
			 (json_int_t)file->size, "sha256", hash, "forms", forms_json(page, file));
}

static json_t *files_json(const struct page *page, uint64_t *count)
{
	const struct manifest *manifest = content_manifest(page->content);
	json_t *files = json_array();

	*count = manifest_real_count(manifest);
	for (uint32_t i = 0; i < manifest_file_count(manifest); i++) {
		const struct manifest_file *file = manifest_file(manifest, i);

		if (!manifest_is_folder(file) && json_array_size(files) < FILES_SHOWN_MAX)
			json_array_append_new(files, page_file_json(page, file));
	}
	return files;
}

static void page_json(struct page *page)
{
	const struct catalog_entry *entry = &page->found.entry;
	json_t *out = metadata_to_json(&entry->description);
	uint64_t count = entry->description.file_count;
	char published[CLOCK_UTC_LEN];

	clock_utc(published, entry->time_ms);
	json_object_set_new(out, "dataset", json_string(page->found.path));
	json_object_set_new(out, "organisation", json_string(page->found.organisation));
	json_object_set_new(out, "version", json_integer((json_int_t)entry->number));
	json_object_set_new(out, "tier", json_string(tier_name(entry->tier)));
	json_object_set_new(out, "published", json_string(published));
	json_object_set_new(out, "held", json_boolean(entry->held));
	if (page->content)
		json_object_set_new(out, "files", files_json(page, &count));
	json_object_set_new(out, "file_count", json_integer((json_int_t)count));
	json_object_set_new(out, "bytes", json_integer((json_int_t)entry->description.byte_count));
	json_object_set_new(
		out, "versions",
		url_json(page->call, page->found.path, 0, bytes_of(NULL, 0), "/versions"));
	web_json(page->call, 200, out);
}

static void people_answer(const struct page *page)
{
	struct dataset_page people = {.call = page->call,
				      .at = page->at,
				      .path = page->found.path,
				      .organisation = page->found.organisation,
				      .entry = &page->found.entry,
				      .content = page->content};

	dataset_page_answer(&people);
}

/* The same version is shown with or without its files, with its organisation's name, and to people
   with times that are today's, and maps that may not be made yet. */
static uint64_t page_validate(const struct page *page, bool people)
{
	struct hash hash;
	uint8_t of[ID_LEN];
	uint64_t state;

	hash_init(&hash, "page", NULL, sizeof(of));
	hash_add(&hash, id_bytes(&page->found.entry.record));
	hash_add_be64(&hash, page->content != NULL);
	hash_add_be64(&hash, page->at->number);
	hash_add_be64(&hash, people ? 1 + (uint64_t)web_german(page->call) : 0);
	hash_add_be64(&hash, people ? amount_day(clock_now_ms()) : 0);
	hash_add_be64(&hash, people ? layers_generation(page->call->node->layers) : 0);
	hash_add(&hash, bytes_str(page->found.organisation));
	hash_done(&hash, of, sizeof(of));
	web_etag(page->call, bytes_obj(&of));
	memcpy(&state, of, sizeof(state));
	return state;
}

void dataset_page_serve(struct web_call *call, const struct dataset_address *at)
{
	struct page page = {.call = call, .at = at};
	uint64_t state;
	bool people;

	if (!dataset_look(call, at, &page.found))
		return;
	page.content = page_content(call, &page.found);
	people = web_wants_page(call);
	state = page_validate(&page, people);
	if (!web_kept(call, state)) {
		if (people)
			people_answer(&page);
		else
			page_json(&page);
	}
	if (page.content)
		content_put(page.content);
	dataset_found_fini(&page.found);
}

/* ---- versions ---- */

struct versions {
	struct web_call *call;
	const char *shown;
	const char *kept;
	json_t *list;
};

static bool version_add(void *arg, const struct catalog_entry *entry)
{
	struct versions *versions = arg;
	char published[CLOCK_UTC_LEN];

	if (!visitor_sees(&versions->call->visitor, entry->tier, entry->path))
		return true;
	clock_utc(published, entry->time_ms);
	json_array_append_new(versions->list,
			      json_pack("{s:I, s:s, s:s, s:b, s:o}", "version",
					(json_int_t)entry->number, "published", published, "tier",
					tier_name(entry->tier), "held", (int)entry->held, "url",
					url_json(versions->call, versions->shown, entry->number,
						 bytes_of(NULL, 0), "")));
	return json_array_size(versions->list) < VERSIONS_SHOWN_MAX;
}

static void versions_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct versions *versions = arg;
	char why[WHY_LEN];

	catalog_log(hub, txn, versions->kept, version_add, versions, why);
}

void dataset_versions_serve(struct web_call *call, const struct dataset_address *at)
{
	struct versions versions = {.call = call};
	struct dataset_found found;

	if (!dataset_look(call, at, &found))
		return;
	versions.shown = found.path;
	versions.kept = found.entry.path;
	versions.list = json_array();
	if (web_ask(call, versions_run, &versions)) {
		json_decref(versions.list);
		web_busy_later(call, 10, "this node is stopping");
	} else {
		web_json(call, 200,
			 json_pack("{s:s, s:o}", "dataset", found.path, "versions", versions.list));
	}
	dataset_found_fini(&found);
}
