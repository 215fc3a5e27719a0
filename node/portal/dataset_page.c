/*
 * dataset_page - /d/PATH: what a dataset is, which files it has and where they are, as a page or as
 * JSON; and /d/PATH/versions.
 */
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "node/base/space.h"
#include "node/care/node_view.h"
#include "node/portal/dataset.h"
#include "node/portal/dcat.h"
#include "node/portal/html.h"
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

/* Of a table its name without the ending, else empty. */
static struct bytes table_stem(const struct manifest_file *file)
{
	static const char *const endings[] = {".csv", ".CSV", ".tsv", ".tab"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (file->name.len > 4 &&
		    bytes_eq(bytes_slice(file->name, file->name.len - 4, 4), bytes_str(endings[i])))
			return bytes_slice(file->name, 0, file->name.len - 4);
	return bytes_of(NULL, 0);
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
	struct bytes stem = table_stem(file);
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

	hex_put(hash, id_bytes(&file->hash));
	return json_pack(
		"{s:o, s:o, s:o, s:I, s:s, s:o}", "name", page_text_json(file->name), "url",
		url_json(page->call, page->found.path, page->at->number, file->name, ""), "type",
		page_text_or_null(file->media_type), "bytes", (json_int_t)file->size, "blake2b_256",
		hash, "forms", forms_json(page, file));
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
	char published[DCAT_TIME_LEN];

	dcat_time(published, entry->time_ms);
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

/* ---- HTML ---- */

static void put_forms(struct html *html, const struct page *page, const struct manifest_file *file)
{
	struct bytes stem = table_stem(file);
	struct buf href;

	for (int i = CONVERT_JSON; i < CONVERT_FORM_COUNT && stem.len; i++) {
		const char *ending = convert_ending((enum convert_form)i);

		buf_init(&href, 8192);
		dataset_address_put(&href, page->found.path, page->at->number, stem);
		buf_add(&href, bytes_str("."));
		buf_add(&href, bytes_str(ending));
		html_put(html, " ");
		html_link(html, buf_bytes(&href), bytes_str(ending));
		buf_fini(&href);
	}
}

static void page_put_file(struct html *html, const struct page *page,
			  const struct manifest_file *file)
{
	char size[SPACE_SIZE_LEN];
	struct buf href;

	buf_init(&href, 8192);
	dataset_address_put(&href, page->found.path, page->at->number, file->name);
	html_put(html, "<tr><td>");
	html_link(html, buf_bytes(&href), file->name);
	html_put(html, "</td><td>");
	html_text(html, file->media_type);
	html_put(html, "</td><td>");
	space_size(size, file->size);
	html_put(html, size);
	html_put(html, "</td><td>");
	put_forms(html, page, file);
	html_put(html, "</td></tr>\n");
	buf_fini(&href);
}

static void put_files(struct html *html, const struct page *page)
{
	const struct manifest *manifest = content_manifest(page->content);
	uint32_t shown = 0;

	html_say(html,
		 "<table>\n<thead><tr><th>Datei</th><th>Art</th><th>Größe</th>"
		 "<th>auch als</th></tr></thead>\n<tbody>\n",
		 "<table>\n<thead><tr><th>File</th><th>Type</th><th>Size</th>"
		 "<th>also as</th></tr></thead>\n<tbody>\n");
	for (uint32_t i = 0; i < manifest_file_count(manifest) && shown < FILES_SHOWN_MAX; i++)
		if (!manifest_is_folder(manifest_file(manifest, i))) {
			page_put_file(html, page, manifest_file(manifest, i));
			shown++;
		}
	html_put(html, "</tbody>\n</table>\n");
	if (shown < manifest_real_count(manifest))
		html_say(html, "<p>Es gibt mehr Dateien, als hier stehen.</p>\n",
			 "<p>There are more files than are shown here.</p>\n");
}

static void put_license(struct html *html, const struct description *description)
{
	const struct vocab_term *term = vocab_find(VOCAB_LICENSE, description->license);

	html_fact(html, "Lizenz", "Licence",
		  term ? bytes_str(html->german ? term->de : term->en) : description->license);
}

static void put_facts(struct html *html, const struct page *page)
{
	const struct catalog_entry *entry = &page->found.entry;
	const struct description *description = &entry->description;
	char published[DCAT_TIME_LEN], number[24];

	dcat_time(published, entry->time_ms);
	published[10] = 0;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)entry->number);
	html_put(html, "<dl>\n");
	html_fact(html, "Organisation", "Organisation", bytes_str(page->found.organisation));
	html_fact(html, "Herausgeber", "Publisher", description->publisher);
	put_license(html, description);
	html_fact(html, "Namensnennung", "Attribution", description->attribution);
	html_fact(html, "Kontakt", "Contact", description->contact_name);
	html_fact(html, "E-Mail", "E-mail", description->contact_email);
	html_fact(html, "Veröffentlicht", "Published", bytes_str(published));
	html_fact(html, "Version", "Version", bytes_str(number));
	if (entry->tier != TIER_OPEN)
		html_fact(html, "Stufe", "Tier", bytes_str(tier_name(entry->tier)));
	html_put(html, "</dl>\n");
}

static void put_alternate(struct buf *head, const struct page *page, const char *behind,
			  const char *type)
{
	buf_add(head, bytes_str("<link rel=\"alternate\" type=\""));
	buf_add(head, bytes_str(type));
	buf_add(head, bytes_str("\" href=\""));
	dataset_address_put(head, page->found.path, 0, bytes_of(NULL, 0));
	buf_add(head, bytes_str(behind));
	buf_add(head, bytes_str("\">\n"));
}

static void page_html(struct page *page)
{
	const struct catalog_entry *entry = &page->found.entry;
	struct bytes title = entry->description.title;
	struct html html;
	struct buf head, href;

	buf_init(&head, 65536);
	put_alternate(&head, page, ".ttl", "text/turtle");
	put_alternate(&head, page, ".rdf", "application/rdf+xml");
	put_alternate(&head, page, ".jsonld", "application/ld+json");
	put_alternate(&head, page, "/feed.atom", "application/atom+xml");
	html_begin(&html, page->call, title.len ? title : bytes_str(page->found.path), &head);
	html_paragraphs(&html, entry->description.text);
	put_facts(&html, page);
	if (page->content)
		put_files(&html, page);
	else
		html_say(&html, "<p>Die Dateien sind auf diesem Knoten nicht zu haben.</p>\n",
			 "<p>The files are not to be had at this node.</p>\n");
	buf_init(&href, 8192);
	dataset_address_put(&href, page->found.path, 0, bytes_of(NULL, 0));
	buf_add(&href, bytes_str("/versions"));
	html_put(&html, "<p>");
	html_link(&html, buf_bytes(&href),
		  bytes_str(html.german ? "Frühere Versionen" : "Earlier versions"));
	html_put(&html, "</p>\n");
	html_end(&html, page->call);
	buf_fini(&href);
	buf_fini(&head);
}

static void page_validate(const struct page *page, bool html)
{
	const struct catalog_entry *entry = &page->found.entry;
	uint8_t of[ID_LEN + 4] = {0};

	/* the same version is shown with or without its files, and with its organisation's name */
	hash_once(of, "page", bytes_str(page->found.organisation));
	for (size_t i = 0; i < ID_LEN; i++)
		of[i] ^= entry->record.b[i];
	of[ID_LEN] = page->content != NULL;
	of[ID_LEN + 1] = html;
	of[ID_LEN + 2] = html && web_german(page->call);
	of[ID_LEN + 3] = page->at->number != 0;
	web_etag(page->call, bytes_of(of, sizeof(of)));
}

void dataset_page_serve(struct web_call *call, const struct dataset_address *at)
{
	static const char *const types[] = {"application/json", "text/html"};
	struct page page = {.call = call, .at = at};
	size_t which;

	if (!dataset_look(call, at, &page.found))
		return;
	page.content = page_content(call, &page.found);
	web_accepts(call, types, 2, &which);
	page_validate(&page, which == 1);
	if (!web_fresh(call)) {
		if (which == 1)
			page_html(&page);
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
	char published[DCAT_TIME_LEN];

	if (!visitor_sees(&versions->call->visitor, entry->tier, entry->path))
		return true;
	dcat_time(published, entry->time_ms);
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
