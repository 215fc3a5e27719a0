#include "node/page/dataset_page.h"

#include <stdio.h>
#include <string.h>

#include "node/base/clock.h"
#include "node/care/node_view.h"
#include "node/derive/convert.h"
#include "node/html/amount.h"
#include "node/html/layout.h"
#include "node/page/chips.h"
#include "node/page/preview_features.h"
#include "node/page/preview_map.h"
#include "node/page/preview_table.h"

#define FILES_SHOWN_MAX 1000
#define LAYER_FILES_MAX 100 /* looked at for one that has a place on a map */

struct writing {
	const struct dataset_page *page;
	struct html html;
	int64_t now_ms;
	const struct manifest_file *table; /* the file that is shown as one; NULL: none */
	bool begun;                        /* the first section */
};

/* The first has no line above it. */
static void section_begin(struct writing *writing, const char *id, const char *label)
{
	struct html *html = &writing->html;

	html_put(html, writing->begun ? "<section class=\"section\" id=\""
				      : "<section class=\"section first\" id=\"");
	writing->begun = true;
	html_put(html, id);
	html_put(html, "\" aria-labelledby=\"h-");
	html_put(html, id);
	html_put(html, "\">\n<h2 id=\"h-");
	html_put(html, id);
	html_put(html, "\">");
	html_say(html, label);
	html_put(html, "</h2>\n");
}

static struct bytes page_title(const struct dataset_page *page)
{
	struct bytes title = page->entry->description.title;

	return title.len ? title : bytes_str(page->path);
}

static const struct manifest_file *shown_table(const struct dataset_page *page)
{
	const struct manifest *manifest = page->content ? content_manifest(page->content) : NULL;

	for (uint32_t i = 0; manifest && i < manifest_file_count(manifest); i++)
		if (dataset_table_stem(manifest_file(manifest, i)->name).len)
			return manifest_file(manifest, i);
	return NULL;
}

/* Head */

static void download_put(struct writing *writing)
{
	const struct dataset_page *page = writing->page;
	struct html *html = &writing->html;
	char size[AMOUNT_LEN];

	if (!page->content)
		return;
	amount_size(size, html->language, manifest_bytes(content_manifest(page->content)));
	html_put(html, "<p class=\"bar\"><a class=\"btn main\" href=\"#files\">");
	html_icon(html, ICON_DOWNLOAD);
	html_format(html, TEXT("Download, %s"), size);
	html_put(html, "</a></p>\n");
}

static void about_put(struct writing *writing)
{
	const struct dataset_page *page = writing->page;
	struct html *html = &writing->html;

	html_put(html, "<div class=\"head\">\n<h1>");
	html_foreign(html, page_title(page));
	html_put(html, "</h1>\n<div class=\"lede\">");
	html_paragraphs(html, page->entry->description.text);
	html_put(html, "</div>\n<div class=\"chips\">");
	chip_tier(html, page->entry->tier);
	html_put(html, "<span class=\"chip\">");
	html_format(html, TEXT("Version %llu"), (unsigned long long)page->entry->number);
	html_put(html, ", ");
	amount_time_put(html, page->entry->time_ms, writing->now_ms);
	html_put(html, "</span></div>\n");
	download_put(writing);
	html_put(html, "</div>\n");
}

/* Files */

static void forms_put(struct writing *writing, const struct manifest_file *file)
{
	const struct dataset_page *page = writing->page;
	struct bytes stem = dataset_table_stem(file->name);
	struct buf href;

	for (int i = CONVERT_JSON; i < CONVERT_FORM_COUNT && stem.len; i++) {
		const char *ending = convert_ending((enum convert_form)i);

		buf_init(&href, 8192);
		dataset_address_put(&href, page->path, page->at->number, stem);
		buf_add(&href, bytes_str("."));
		buf_add(&href, bytes_str(ending));
		html_put(&writing->html, " ");
		html_link(&writing->html, buf_bytes(&href), bytes_str(ending));
		buf_fini(&href);
	}
}

static void cell_begin(struct html *html, const char *label, const char *class)
{
	html_put(html, "<td data-l=\"");
	html_say(html, label);
	html_put(html, "\"");
	html_put(html, class);
	html_put(html, ">");
}

static void listed_file_put(struct writing *writing, const struct manifest_file *file)
{
	const struct dataset_page *page = writing->page;
	struct html *html = &writing->html;
	char size[AMOUNT_LEN];
	struct buf href;

	buf_init(&href, 8192);
	dataset_address_put(&href, page->path, page->at->number, file->name);
	html_put(html, "<tr><th scope=\"row\">");
	html_link(html, buf_bytes(&href), file->name);
	html_put(html, "</th>");
	cell_begin(html, TEXT("Type"), "");
	html_foreign(html, file->media_type);
	html_put(html, "</td>");
	cell_begin(html, TEXT("Size"), " class=\"num\"");
	amount_size(size, html->language, file->size);
	html_put(html, size);
	html_put(html, "</td>");
	cell_begin(html, TEXT("Also as"), "");
	forms_put(writing, file);
	html_put(html, "</td></tr>\n");
	buf_fini(&href);
}

static void column_heads_put(struct html *html, const char *const *labels, size_t count)
{
	html_put(html, "<thead><tr>");
	for (size_t i = 0; i < count; i++) {
		html_put(html, "<th scope=\"col\">");
		html_say(html, labels[i]);
		html_put(html, "</th>");
	}
	html_put(html, "</tr></thead>\n");
}

static void listed_files_put(struct writing *writing)
{
	static const char *const labels[] = {TEXT("Name"), TEXT("Type"), TEXT("Size"),
					     TEXT("Also as")};
	struct html *html = &writing->html;
	const struct manifest *manifest;
	uint32_t shown = 0;

	section_begin(writing, "files", TEXT("Files"));
	if (!writing->page->content) {
		html_put(html, "<p>");
		html_say(html, "The files are not to be had at this node.");
		html_put(html, "</p>\n</section>\n");
		return;
	}
	manifest = content_manifest(writing->page->content);
	html_put(html, "<table class=\"table cards\"><caption class=\"vh\">");
	html_say(html, "Files of this version");
	html_put(html, "</caption>\n");
	column_heads_put(html, labels, sizeof(labels) / sizeof(labels[0]));
	html_put(html, "<tbody>\n");
	for (uint32_t i = 0; i < manifest_file_count(manifest) && shown < FILES_SHOWN_MAX; i++)
		if (!manifest_is_folder(manifest_file(manifest, i))) {
			listed_file_put(writing, manifest_file(manifest, i));
			shown++;
		}
	html_put(html, "</tbody></table>\n");
	if (shown < manifest_real_count(manifest)) {
		html_put(html, "<p>");
		html_say(html, "There are more files than are shown here.");
		html_put(html, "</p>\n");
	}
	html_put(html, "</section>\n");
}

/* Readers, addresses */

static void readers_put(struct writing *writing)
{
	static const char *const sentences[] = {
		[TIER_OPEN] = TEXT("Everybody, without end. Citizens, portals and all members "
				   "read it without logging in."),
		[TIER_MEMBERS] = TEXT("All members of the federation, and nobody else."),
		[TIER_GRANTED] = TEXT("Only whom its owner has granted it to."),
		[TIER_HIDDEN] = TEXT("Only whom its owner has granted it to; nobody else sees "
				     "that it is there."),
	};
	struct html *html = &writing->html;

	section_begin(writing, "readers", TEXT("Who may read"));
	html_put(html, "<p>");
	html_say(html, sentences[writing->page->entry->tier]);
	html_put(html, "</p>\n</section>\n");
}

static void command_put(struct html *html, const char *label, const char *before,
			struct bytes address, const char *behind)
{
	html_put(html, "<div class=\"copy\"><span class=\"label\">");
	html_put(html, label);
	html_put(html, "</span><code>");
	html_text(html, bytes_str(before));
	html_text(html, address);
	html_text(html, bytes_str(behind));
	html_put(html, "</code></div>\n");
}

static void addresses_put(struct writing *writing)
{
	const struct dataset_page *page = writing->page;
	struct html *html = &writing->html;
	struct buf local, url;

	section_begin(writing, "addresses", TEXT("Addresses to copy"));
	command_put(html, "allmende", "allmende get ", bytes_str(page->path), " -o .");
	buf_init(&local, 8192);
	buf_init(&url, 16384);
	if (writing->table) {
		dataset_address_put(&local, page->path, 0, writing->table->name);
		buf_add_u8(&local, 0);
		web_url(page->call, &url, local.err ? "/" : (const char *)local.ptr);
		command_put(html, "LibreOffice", "", buf_bytes(&url), "");
		command_put(html, "R", "read.csv(\"", buf_bytes(&url), "\")");
		command_put(html, "curl", "curl -LO ", buf_bytes(&url), "");
	}
	buf_fini(&url);
	buf_init(&url, 16384);
	web_url(page->call, &url, "/qgis.qlr");
	command_put(html, "QGIS", "", buf_bytes(&url), "");
	buf_fini(&url);
	buf_fini(&local);
	html_put(html, "</section>\n");
}

/* Side */

static void facts_put(struct writing *writing)
{
	const struct dataset_page *page = writing->page;
	const struct description *description = &page->entry->description;
	struct html *html = &writing->html;
	struct buf href;

	html_put(html, "<aside aria-label=\"");
	html_say(html, "About this dataset");
	html_put(html, "\" class=\"section first sticky\">\n<dl class=\"facts\">\n");
	html_fact(html, TEXT("Organisation"), bytes_str(page->organisation));
	html_fact(html, TEXT("Publisher"), description->publisher);
	html_fact(html, TEXT("Contact"), description->contact_name);
	html_fact(html, TEXT("Licence"), chip_term(html, VOCAB_LICENSE, description->license));
	html_fact(html, TEXT("Attribution"), description->attribution);
	html_fact(html, TEXT("Appears"), chip_term(html, VOCAB_FREQUENCY, description->frequency));
	html_put(html, "<div><dt>");
	html_say(html, "Path");
	html_put(html, "</dt><dd class=\"path\">");
	html_path(html, page->path);
	html_put(html, "</dd></div>\n<div><dt>");
	html_say(html, "Versions");
	html_put(html, "</dt><dd>");
	buf_init(&href, 8192);
	dataset_address_put(&href, page->path, 0, bytes_of(NULL, 0));
	buf_add(&href, bytes_str("/versions"));
	html_link(html, buf_bytes(&href), bytes_str(text_say(html->language, "Earlier versions")));
	buf_fini(&href);
	html_put(html, "</dd></div>\n</dl>\n</aside>\n");
}

/* Previews */

/* The first file with a layer that can be shown now. layer_fini() is due in either case. */
static bool layer_find(const struct dataset_page *page, struct layer *layer)
{
	const struct manifest *manifest = page->content ? content_manifest(page->content) : NULL;
	uint32_t count = manifest ? manifest_file_count(manifest) : 0;
	char id[LAYER_ID_LEN_MAX + 1];

	layer_init(layer);
	for (uint32_t i = 0; i < count && i < LAYER_FILES_MAX && !page->at->number; i++) {
		layer_id(id, bytes_str(page->path), manifest_file(manifest, i)->name);
		if (!layer_get(page->call, id, layer))
			return true;
		layer_fini(layer);
	}
	return false;
}

static void previews_put(struct writing *writing, uint64_t row)
{
	const struct dataset_page *page = writing->page;
	struct html *html = &writing->html;
	struct layer layer;
	bool has_layer = layer_find(page, &layer);

	if (has_layer && layer.about.placed_count > 0) {
		section_begin(writing, "map", TEXT("Map"));
		preview_map_put(html, &layer);
		html_put(html, "</section>\n");
	}
	if (writing->table || has_layer)
		section_begin(writing, "table", TEXT("Table"));
	if (writing->table)
		preview_table_put(html, page->content, writing->table, row);
	else if (has_layer)
		preview_features_put(html, &layer, row);
	if (writing->table || has_layer)
		html_put(html, "</section>\n");
	layer_fini(&layer);
}

static void alternate_put(struct buf *head, const struct dataset_page *page, const char *behind,
			  const char *type)
{
	buf_add(head, bytes_str("<link rel=\"alternate\" type=\""));
	buf_add(head, bytes_str(type));
	buf_add(head, bytes_str("\" href=\""));
	dataset_address_put(head, page->path, 0, bytes_of(NULL, 0));
	buf_add(head, bytes_str(behind));
	buf_add(head, bytes_str("\">\n"));
}

void dataset_page_answer(const struct dataset_page *page)
{
	struct web_call *call = page->call;
	struct writing writing = {.page = page, .now_ms = clock_now_ms()};
	struct layout layout = web_layout(call, page_title(page));
	struct buf head;
	uint64_t row = 1;

	if (!web_arg_uint(call, "zeile", 1, UINT32_MAX, &row))
		return;
	buf_init(&head, 65536);
	alternate_put(&head, page, ".ttl", "text/turtle");
	alternate_put(&head, page, ".rdf", "application/rdf+xml");
	alternate_put(&head, page, ".jsonld", "application/ld+json");
	alternate_put(&head, page, "/feed.atom", "application/atom+xml");
	layout.head = &head;
	writing.table = shown_table(page);
	layout_begin(&writing.html, &layout);
	about_put(&writing);
	html_put(&writing.html, "<div class=\"cols right\">\n<div>\n");
	previews_put(&writing, row);
	listed_files_put(&writing);
	readers_put(&writing);
	addresses_put(&writing);
	html_put(&writing.html, "</div>\n");
	facts_put(&writing);
	html_put(&writing.html, "</div>\n");
	layout_end(&writing.html);
	web_text(call, 200, "text/html; charset=utf-8", &writing.html.out);
	buf_fini(&head);
}
