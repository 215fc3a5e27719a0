#include "node/page/preview_rows.h"

#include <stdio.h>

#include "crypto/utf8.h"
#include "node/html/amount.h"

void preview_rows_begin(struct html *html, struct bytes caption)
{
	html_put(html, "<section class=\"scroll\" aria-label=\"");
	html_say(html, "Rows of the table");
	html_put(html, "\" tabindex=\"0\"><table class=\"table\"><caption class=\"vh\">");
	html_text(html, caption);
	html_put(html, "</caption>\n<thead>");
}

void preview_row_begin(struct html *html)
{
	html_put(html, "<tr>");
}

void preview_cell(struct html *html, struct bytes cell, bool head)
{
	struct bytes shown = utf8_cut(cell, PREVIEW_CELL_LEN);

	html_put(html, head ? "<th scope=\"col\" dir=\"auto\">" : "<td dir=\"auto\">");
	html_text(html, shown);
	if (shown.len < cell.len)
		html_put(html, "…");
	html_put(html, head ? "</th>" : "</td>");
}

void preview_row_end(struct html *html, bool head)
{
	html_put(html, head ? "</tr></thead>\n<tbody>\n" : "</tr>\n");
}

void preview_rows_end(struct html *html)
{
	html_put(html, "</tbody></table></section>\n");
}

static void rows_link_put(struct html *html, uint64_t row, const char *label)
{
	char href[40];

	snprintf(href, sizeof(href), "?zeile=%llu#table", (unsigned long long)row);
	html_put(html, "<a class=\"btn sm\" href=\"");
	html_put(html, href);
	html_put(html, "\">");
	html_say(html, label);
	html_put(html, "</a>\n");
}

void preview_rows_pages(struct html *html, uint64_t from, uint64_t to, bool more)
{
	char from_text[AMOUNT_LEN], to_text[AMOUNT_LEN];

	amount_number(from_text, html->language, from);
	amount_number(to_text, html->language, to);
	html_put(html, "<nav class=\"pages\" aria-label=\"");
	html_say(html, "Pages of the table");
	html_put(html, "\"><span class=\"muted\">");
	if (to >= from)
		html_format(html, "Rows %s to %s", from_text, to_text);
	else
		html_say(html, "No more rows");
	html_put(html, "</span>\n");
	if (from > 1)
		rows_link_put(html, from > PREVIEW_ROWS ? from - PREVIEW_ROWS : 1, TEXT("Back"));
	if (more)
		rows_link_put(html, from + PREVIEW_ROWS, TEXT("Next"));
	html_put(html, "</nav>\n");
}
