#include "node/page/catalogue_internal.h"

#include <stdio.h>
#include <string.h>

#include "node/html/amount.h"
#include "node/http/percent.h"
#include "node/page/chips.h"

#define BOXES_MAX 40 /* of one list */
#define DAY_MS    INT64_C(86400000)

/* A list of boxes to be ticked. */
static const struct catalogue_filter {
	const char *arg;   /* its name in the address */
	const char *label; /* of the catalogue of texts */
	enum index_field field;
} catalogue_filters[CATALOGUE_FILTER_COUNT] = {
	{"ort", TEXT("Published by"), INDEX_ORGANISATION},
	{"thema", TEXT("Theme"), INDEX_THEME},
	{"stufe", TEXT("Who may read"), INDEX_TIER},
	{"format", TEXT("Format"), INDEX_FORMAT},
};
static const struct catalogue_age ages[] = {
	{"tag", TEXT("in the last 24 hours"), 1},
	{"woche", TEXT("in the last week"), 7},
	{"monat", TEXT("in the last month"), 31},
	{"jahr", TEXT("in the last year"), 366},
};
#define AGE_COUNT (sizeof(ages) / sizeof(ages[0]))

/* Reading */

static bool filter_read(struct catalogue *catalogue, const char *name, const char *value)
{
	size_t i = 0;

	while (i < CATALOGUE_FILTER_COUNT && strcmp(catalogue_filters[i].arg, name) != 0)
		i++;
	if (i == CATALOGUE_FILTER_COUNT || !*value)
		return true;
	if (catalogue->filters[i].value_count == INDEX_VALUE_COUNT_MAX) {
		web_fail(catalogue->call, 400, "usage", "\"%s\" stands there more than %d times",
			 name, INDEX_VALUE_COUNT_MAX);
		return false;
	}
	catalogue->filters[i].values[catalogue->filters[i].value_count++] = value;
	return true;
}

static bool age_read(struct catalogue *catalogue)
{
	const char *asked = web_arg(catalogue->call, "alter");

	for (size_t i = 0; asked && i < AGE_COUNT; i++)
		if (!strcmp(ages[i].arg, asked))
			catalogue->age = &ages[i];
	if (!asked || !*asked || catalogue->age)
		return true;
	web_fail(catalogue->call, 400, "usage", "alter is tag, woche, monat or jahr");
	return false;
}

bool catalogue_read(struct catalogue *catalogue)
{
	struct web_call *call = catalogue->call;
	const char *name, *value, *sort = web_arg(call, "sort");
	uint64_t page = 1;
	size_t at = 0;

	for (size_t i = 0; i < CATALOGUE_FILTER_COUNT; i++)
		catalogue->filters[i] = (struct index_filter){.field = catalogue_filters[i].field};
	while (web_arg_next(call, &at, &name, &value))
		if (!filter_read(catalogue, name, value))
			return false;
	if (!age_read(catalogue) || !web_arg_uint(call, "seite", 1, 1000000, &page))
		return false;
	catalogue->page = page - 1;
	catalogue->words = web_arg(call, "q") ? web_arg(call, "q") : "";
	catalogue->by_title = sort && !strcmp(sort, "titel");
	return true;
}

void catalogue_query(const struct catalogue *catalogue, size_t but,
		     struct index_filter filters[CATALOGUE_FILTER_COUNT], struct index_query *out)
{
	*out = (struct index_query){.words = *catalogue->words ? catalogue->words : NULL,
				    .filters = filters};
	for (size_t i = 0; i < CATALOGUE_FILTER_COUNT; i++)
		if (i != but && catalogue->filters[i].value_count)
			filters[out->filter_count++] = catalogue->filters[i];
	if (catalogue->age)
		out->modified_from_ms = catalogue->now_ms - catalogue->age->days * DAY_MS;
	out->sort = catalogue->by_title ? INDEX_BY_TITLE
		    : out->words        ? INDEX_BEST
					: INDEX_BY_MODIFIED_DOWN;
}

void catalogue_address(const struct catalogue *catalogue, struct buf *out, uint64_t page,
		       bool by_title)
{
	const char *name, *value;
	char text[40];
	size_t at = 0;

	buf_add(out, bytes_str("?"));
	while (web_arg_next(catalogue->call, &at, &name, &value)) {
		if (!strcmp(name, "seite") || !strcmp(name, "sort") || !*value)
			continue;
		percent_encode_part(out, bytes_str(name));
		buf_add(out, bytes_str("="));
		percent_encode_part(out, bytes_str(value));
		buf_add(out, bytes_str("&"));
	}
	if (by_title)
		buf_add(out, bytes_str("sort=titel&"));
	snprintf(text, sizeof(text), "seite=%llu", (unsigned long long)page + 1);
	buf_add(out, bytes_str(text));
}

/* Writing */

struct boxes {
	struct catalogue *catalogue;
	size_t which; /* of catalogue_filters */
	bool seen[INDEX_VALUE_COUNT_MAX];
};

static bool is_ticked(struct boxes *boxes, const char *value)
{
	const struct index_filter *filter = &boxes->catalogue->filters[boxes->which];

	for (size_t i = 0; i < filter->value_count; i++)
		if (!strcmp(filter->values[i], value)) {
			boxes->seen[i] = true;
			return true;
		}
	return false;
}

static void box_begin(struct html *html, const char *kind, const char *name, const char *value,
		      bool ticked)
{
	html_put(html, "<label class=\"check\"><input type=\"");
	html_put(html, kind);
	html_put(html, "\" name=\"");
	html_put(html, name);
	html_put(html, "\" value=\"");
	html_text(html, bytes_str(value));
	html_put(html, ticked ? "\" checked><span>" : "\"><span>");
}

static void box_label(struct html *html, enum index_field field, const char *value,
		      const char *label)
{
	enum tier tier;

	if (field == INDEX_TIER && !tier_parse(&tier, bytes_str(value)))
		html_say(html, chip_tier_label(tier));
	else if (field == INDEX_THEME)
		html_foreign(html, chip_term(html, VOCAB_THEME, bytes_str(value)));
	else
		html_foreign(html, bytes_str(label && *label ? label : value));
}

static bool box_put(void *arg, const char *value, const char *label, uint64_t count)
{
	struct boxes *boxes = arg;
	struct html *html = &boxes->catalogue->html;
	const struct catalogue_filter *filter = &catalogue_filters[boxes->which];
	char number[AMOUNT_LEN];

	box_begin(html, "checkbox", filter->arg, value, is_ticked(boxes, value));
	box_label(html, filter->field, value, label);
	amount_number(number, html->language, count);
	html_put(html, "</span><span class=\"muted num\">");
	html_put(html, number);
	html_put(html, "</span></label>\n");
	return true;
}

static void boxes_begin(struct html *html, const char *label, bool open)
{
	html_put(html, open ? "<details class=\"filter\" open><summary>"
			    : "<details class=\"filter\"><summary>");
	html_say(html, label);
	html_put(html, "</summary><fieldset><legend class=\"vh\">");
	html_say(html, label);
	html_put(html, "</legend>\n");
}

static enum err boxes_put(struct catalogue *catalogue, size_t which)
{
	struct boxes boxes = {catalogue, which};
	struct index_filter filters[CATALOGUE_FILTER_COUNT], *own = &catalogue->filters[which];
	struct index_query query;
	char why[WHY_LEN];
	enum err err;

	catalogue_query(catalogue, which, filters, &query);
	boxes_begin(&catalogue->html, catalogue_filters[which].label,
		    which < 3 || own->value_count);
	err = index_facets(catalogue->call->index, &catalogue->call->visitor, &query,
			   (enum index_facet)catalogue_filters[which].field, BOXES_MAX, box_put,
			   &boxes, why);
	for (size_t i = 0; !err && i < own->value_count; i++)
		if (!boxes.seen[i]) /* of which there is none: it can be unticked all the same */
			box_put(&boxes, own->values[i], NULL, 0);
	html_put(&catalogue->html, "</fieldset></details>\n");
	return err;
}

static void ages_put(struct catalogue *catalogue)
{
	struct html *html = &catalogue->html;

	boxes_begin(html, TEXT("Updated"), catalogue->age != NULL);
	box_begin(html, "radio", "alter", "", !catalogue->age);
	html_say(html, "at any time");
	html_put(html, "</span></label>\n");
	for (size_t i = 0; i < AGE_COUNT; i++) {
		box_begin(html, "radio", "alter", ages[i].arg, catalogue->age == &ages[i]);
		html_say(html, ages[i].label);
		html_put(html, "</span></label>\n");
	}
	html_put(html, "</fieldset></details>\n");
}

enum err catalogue_filters_put(struct catalogue *catalogue)
{
	struct html *html = &catalogue->html;
	enum err err = ERR_OK;

	html_put(html, "<details class=\"filters\" open>\n<summary class=\"more\">");
	html_say(html, "Filters");
	html_put(html, "</summary>\n");
	for (size_t i = 0; i < CATALOGUE_FILTER_COUNT && !err; i++)
		err = boxes_put(catalogue, i);
	ages_put(catalogue);
	html_put(html, "<p><button class=\"btn\" type=\"submit\">");
	html_say(html, "Apply the filters");
	html_put(html, "</button></p>\n</details>\n");
	return err;
}
