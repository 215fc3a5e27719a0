#include "node/page/catalogue.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/utf8.h"
#include "node/base/clock.h"
#include "node/care/node_view.h"
#include "node/html/amount.h"
#include "node/html/layout.h"
#include "node/page/catalogue_internal.h"
#include "node/page/chips.h"
#include "node/page/dataset_address.h"

#define SENTENCE_LEN_MAX 240 /* of a description that is shown in a list */

const struct route_param catalogue_params[] = {
	{"q", "string", "words that are looked for"},
	{"ort", "string", "published by: slugs"},
	{"thema", "string", "themes, as codes"},
	{"stufe", "string", "tiers"},
	{"format", "string", "formats, as codes"},
	{"alter", "string", "how new: tag, woche, monat, jahr"},
	{"sort", "string", "titel: by title"},
	{"seite", "integer", "page, from 1"},
	{0},
};

/* The first sentence, or what fits of it. */
static struct bytes sentence(struct bytes text)
{
	for (size_t i = 0; i + 1 < text.len && i < SENTENCE_LEN_MAX; i++)
		if (text.ptr[i] == '\n' || (text.ptr[i] == '.' && text.ptr[i + 1] <= ' '))
			return bytes_slice(text, 0, i + (text.ptr[i] == '.'));
	return utf8_cut(text, SENTENCE_LEN_MAX);
}

#define FORMATS_MAX 4
struct formats {
	struct html *html;
	char seen[FORMATS_MAX][INDEX_FORMAT_LEN_MAX + 1];
	size_t count;
};

static bool format_put(void *arg, const struct index_file *file)
{
	struct formats *formats = arg;

	if (!*file->format)
		return true;
	for (size_t i = 0; i < formats->count; i++)
		if (!strcmp(formats->seen[i], file->format))
			return true;
	snprintf(formats->seen[formats->count++], INDEX_FORMAT_LEN_MAX + 1, "%s", file->format);
	chip_put(formats->html, bytes_str(file->format));
	return formats->count < FORMATS_MAX;
}

static void result_meta_put(struct catalogue *catalogue, const struct index_item *item)
{
	struct html *html = &catalogue->results;

	html_put(html, "<p class=\"meta\"><span>");
	html_foreign(html, bytes_str(*item->organisation ? item->organisation : item->slug));
	html_put(html, "</span><span>");
	html_format(html, TEXT("Version %llu"), (unsigned long long)item->number);
	html_put(html, ", ");
	amount_time_put(html, item->published_ms, catalogue->now_ms);
	html_put(html, "</span><span class=\"path\">");
	html_path(html, item->path);
	html_put(html, "</span></p>\n");
}

static bool result_put(void *arg, const struct index_item *item)
{
	struct catalogue *catalogue = arg;
	struct html *html = &catalogue->results;
	const struct description *description = &item->description;
	struct formats formats = {.html = html};
	struct buf href;

	buf_init(&href, 8192);
	dataset_address_put(&href, item->path, 0, bytes_of(NULL, 0));
	html_put(html, "<li>\n<div>\n<h3>");
	html_link(html, buf_bytes(&href),
		  description->title.len ? description->title : bytes_str(item->path));
	html_put(html, "</h3>\n");
	buf_fini(&href);
	if (description->text.len) {
		html_put(html, "<p dir=\"auto\">");
		html_text(html, sentence(description->text));
		html_put(html, "</p>\n");
	}
	result_meta_put(catalogue, item);
	html_put(html, "</div>\n<div class=\"chips\">");
	chip_tier(html, item->tier);
	if (item->listed)
		index_files(catalogue->call->index, item, format_put, &formats);
	html_put(html, "</div>\n</li>\n");
	return true;
}

static void search_put(struct catalogue *catalogue)
{
	struct html *html = &catalogue->html;

	html_put(html, "<form action=\"/\" class=\"stack\">\n<div class=\"field\">\n"
		       "<label for=\"q\">");
	html_say(html, "Search datasets");
	html_put(html, "</label>\n<div class=\"search\">\n<input class=\"in\" type=\"search\" "
		       "id=\"q\" name=\"q\" autocomplete=\"off\" spellcheck=\"false\" "
		       "aria-describedby=\"q-h\" value=\"");
	html_text(html, bytes_str(catalogue->words));
	html_put(html, "\">\n<button class=\"btn main\" type=\"submit\">");
	html_icon(html, ICON_SEARCH);
	html_say(html, "Search");
	html_put(html, "</button>\n</div>\n<p class=\"hint\" id=\"q-h\">");
	html_say(html, "Umlauts, parts of words and small mistakes are understood.");
	html_put(html, "</p>\n</div>\n");
	if (catalogue->by_title)
		html_put(html, "<input type=\"hidden\" name=\"sort\" value=\"titel\">\n");
}

static void to_page(struct catalogue *catalogue, uint64_t page, bool by_title, const char *class,
		    const char *label)
{
	struct html *html = &catalogue->html;
	struct buf href;

	buf_init(&href, 64 * 1024);
	buf_add(&href, bytes_str("/"));
	catalogue_address(catalogue, &href, page, by_title);
	html_put(html, "<a");
	html_put(html, class);
	html_put(html, " href=\"");
	html_text(html, buf_bytes(&href));
	html_put(html, "\">");
	html_say(html, label);
	html_put(html, "</a>\n");
	buf_fini(&href);
}

static void order_put(struct catalogue *catalogue)
{
	struct html *html = &catalogue->html;
	const char *best = *catalogue->words ? TEXT("Best first") : TEXT("Newest first");

	html_put(html, "<p class=\"small\">");
	if (catalogue->by_title) {
		to_page(catalogue, 0, false, "", best);
		html_put(html, " · <span class=\"muted\">");
		html_say(html, "By title");
		html_put(html, "</span>");
	} else {
		html_put(html, "<span class=\"muted\">");
		html_say(html, best);
		html_put(html, "</span> · ");
		to_page(catalogue, 0, true, "", TEXT("By title"));
	}
	html_put(html, "</p>\n");
}

static void pages_put(struct catalogue *catalogue)
{
	struct html *html = &catalogue->html;
	uint64_t from = catalogue->page * CATALOGUE_PAGE_COUNT;
	uint64_t to = from + CATALOGUE_PAGE_COUNT;

	if (catalogue->total <= CATALOGUE_PAGE_COUNT)
		return;
	html_put(html, "<nav class=\"pages\" aria-label=\"");
	html_say(html, "Pages");
	html_put(html, "\"><span class=\"muted\">");
	html_format(html, TEXT("%llu to %llu of %llu"), (unsigned long long)from + 1,
		    (unsigned long long)(to < catalogue->total ? to : catalogue->total),
		    (unsigned long long)catalogue->total);
	html_put(html, "</span>\n");
	if (catalogue->page > 0)
		to_page(catalogue, catalogue->page - 1, catalogue->by_title, " class=\"btn sm\"",
			TEXT("Back"));
	if (to < catalogue->total)
		to_page(catalogue, catalogue->page + 1, catalogue->by_title, " class=\"btn sm\"",
			TEXT("Next"));
	html_put(html, "</nav>\n");
}

static enum err result_list_put(struct catalogue *catalogue)
{
	struct index_filter filters[CATALOGUE_FILTER_COUNT];
	struct index_query query;
	struct html *html = &catalogue->html;
	char why[WHY_LEN];
	enum err err;

	catalogue_query(catalogue, CATALOGUE_FILTER_COUNT, filters, &query);
	query.offset = catalogue->page * CATALOGUE_PAGE_COUNT;
	query.limit = CATALOGUE_PAGE_COUNT;
	html_init(&catalogue->results, html->language);
	err = index_search(catalogue->call->index, &catalogue->call->visitor, &query, result_put,
			   catalogue, &catalogue->total, why);
	html_put(html, "<div class=\"stack\">\n<div class=\"bar ends\">\n<h2>");
	html_count(html, "%s dataset", "%s datasets", catalogue->total);
	html_put(html, "</h2>\n");
	order_put(catalogue);
	html_put(html, "</div>\n<ol class=\"results\">\n");
	buf_add(&html->out, buf_bytes(&catalogue->results.out));
	html_put(html, "</ol>\n");
	html_fini(&catalogue->results);
	if (!err && catalogue->total == 0) {
		html_put(html, "<p>");
		html_say(html, "Nothing found.");
		html_put(html, " <a href=\"/\">");
		html_say(html, "Remove all filters");
		html_put(html, "</a></p>\n");
	}
	pages_put(catalogue);
	html_put(html, "</div>\n");
	return err;
}

/* What is said of times changes with the day. True: it is answered. */
static bool catalogue_kept(struct catalogue *catalogue)
{
	struct web_call *call = catalogue->call;
	uint64_t of[2] = {index_generation(call->index, &call->visitor),
			  amount_day(catalogue->now_ms)};
	uint8_t hash[ID_LEN];
	uint64_t key;

	if (!of[0] || catalogue->age)
		return false;
	hash_once(hash, "page", bytes_obj(&of));
	memcpy(&key, hash, sizeof(key));
	web_etag(call, bytes_obj(&hash));
	return web_kept(call, key);
}

void catalogue_serve(struct web_call *call)
{
	struct catalogue catalogue = {.call = call, .now_ms = clock_now_ms()};
	struct layout layout = web_layout(call, bytes_of(NULL, 0));
	enum err err;

	if (!call->index) {
		web_busy_later(call, 5, "the list of datasets is being made");
		return;
	}
	if (!catalogue_read(&catalogue))
		return;
	if (catalogue_kept(&catalogue))
		return;
	layout.place = LAYOUT_CATALOGUE;
	layout.title = bytes_str(text_say(layout.language, "Data of the municipalities"));
	layout.lede = TEXT("What the members of this federation share with each other and with "
			   "everybody, as this node has it.");
	layout_begin(&catalogue.html, &layout);
	layout_title(&catalogue.html, &layout);
	search_put(&catalogue);
	html_put(&catalogue.html, "<div class=\"cols left\">\n");
	err = catalogue_filters_put(&catalogue);
	if (!err)
		err = result_list_put(&catalogue);
	html_put(&catalogue.html, "</div>\n</form>\n");
	layout_end(&catalogue.html);
	if (!err) {
		web_text(call, 200, "text/html; charset=utf-8", &catalogue.html.out);
		return;
	}
	html_fini(&catalogue.html);
	web_busy_later(call, 5, "the list of datasets is being made");
}
