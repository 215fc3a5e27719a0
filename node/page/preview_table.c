#include "node/page/preview_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/check.h"
#include "crypto/utf8.h"
#include "node/html/amount.h"
#include "proto/table/csv.h"

#define BLOCK_LEN (256u * 1024)

struct preview {
	struct html *html;
	const struct manifest_file *file;
	uint64_t from; /* the first row that is shown, from 1 */
	uint64_t row;  /* the last that was read; the names are row 0 */
	bool begun;
};

static void preview_cell(struct html *html, struct bytes cell)
{
	struct bytes shown = utf8_cut(cell, PREVIEW_CELL_LEN);

	html_text(html, shown);
	if (shown.len < cell.len)
		html_put(html, "…");
}

static void preview_cells(struct html *html, const struct csv_row *row, const char *begin,
			  const char *end)
{
	html_put(html, "<tr>");
	for (uint32_t i = 0; i < row->count && i < PREVIEW_COLUMNS; i++) {
		html_put(html, begin);
		preview_cell(html, row->cells[i]);
		html_put(html, end);
	}
	html_put(html, "</tr>\n");
}

static void preview_names(struct preview *preview, const struct csv_row *row)
{
	struct html *html = preview->html;

	html_put(html, "<section class=\"scroll\" aria-label=\"");
	html_say(html, "Rows of the table");
	html_put(html, "\" tabindex=\"0\"><table class=\"table\"><caption class=\"vh\">");
	html_text(html, preview->file->name);
	html_put(html, "</caption>\n<thead>");
	preview_cells(html, row, "<th scope=\"col\" dir=\"auto\">", "</th>");
	html_put(html, "</thead>\n<tbody>\n");
	preview->begun = true;
}

/* False: enough was seen. */
static bool preview_rows(struct preview *preview, struct csv *csv)
{
	struct csv_row row;

	while (csv_next(csv, &row)) {
		if (!preview->begun) {
			preview_names(preview, &row);
			continue;
		}
		if (preview->row + 1 == preview->from + PREVIEW_ROWS)
			return false; /* there is one more */
		if (++preview->row >= preview->from)
			preview_cells(preview->html, &row, "<td dir=\"auto\">", "</td>");
	}
	return !csv_err(csv);
}

/* True: the file ended within the rows that are shown, or before. */
static bool preview_read(struct preview *preview, struct content_stream *stream, struct csv *csv)
{
	uint8_t *block = mem_new(1, BLOCK_LEN);
	uint64_t at = 0;
	ssize_t len = 0;
	bool more = true;

	while (more && at < PREVIEW_BYTES_MAX) {
		len = content_stream_read(stream, at, block, BLOCK_LEN);
		if (len <= 0)
			break;
		csv_feed(csv, bytes_of(block, (size_t)len));
		at += (uint64_t)len;
		more = preview_rows(preview, csv);
	}
	free(block);
	if (!more || len != 0)
		return false;
	csv_end(csv);
	return preview_rows(preview, csv);
}

static void preview_to(struct html *html, uint64_t row, const char *label)
{
	char href[40];

	snprintf(href, sizeof(href), "?zeile=%llu#table", (unsigned long long)row);
	html_put(html, "<a class=\"btn sm\" href=\"");
	html_put(html, href);
	html_put(html, "\">");
	html_say(html, label);
	html_put(html, "</a>\n");
}

static void preview_pages(struct preview *preview, bool ended)
{
	struct html *html = preview->html;
	char from[AMOUNT_LEN], to[AMOUNT_LEN];

	amount_number(from, html->language, preview->from);
	amount_number(to, html->language, preview->row);
	html_put(html, "<nav class=\"pages\" aria-label=\"");
	html_say(html, "Pages of the table");
	html_put(html, "\"><span class=\"muted\">");
	if (preview->row >= preview->from)
		html_format(html, TEXT("Rows %s to %s"), from, to);
	else
		html_say(html, "No more rows");
	html_put(html, "</span>\n");
	if (preview->from > 1)
		preview_to(html, preview->from > PREVIEW_ROWS ? preview->from - PREVIEW_ROWS : 1,
			   TEXT("Back"));
	if (!ended)
		preview_to(html, preview->from + PREVIEW_ROWS, TEXT("Next"));
	html_put(html, "</nav>\n");
}

void preview_table_put(struct html *html, struct content *content, const struct manifest_file *file,
		       uint64_t row)
{
	struct preview preview = {.html = html, .file = file, .from = row};
	struct content_stream *stream = content_stream_open(content, file);
	struct csv *csv = csv_open(NULL);
	bool ended = preview_read(&preview, stream, csv);

	if (preview.begun)
		html_put(html, "</tbody></table></section>\n");
	if (csv_err(csv)) {
		html_put(html, "<p>");
		html_format(html, TEXT("From line %llu on this cannot be read as a table."),
			    (unsigned long long)csv_err_line(csv));
		html_put(html, "</p>\n");
	}
	if (preview.begun)
		preview_pages(&preview, ended || csv_err(csv));
	csv_close(csv);
	content_stream_close(stream);
}
