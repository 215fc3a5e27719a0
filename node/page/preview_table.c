#include "node/page/preview_table.h"

#include <stdlib.h>

#include "crypto/check.h"
#include "node/page/preview_rows.h"
#include "proto/table/csv.h"

#define BLOCK_LEN (256u * 1024)

struct preview {
	struct html *html;
	const struct manifest_file *file;
	uint64_t from; /* the first row that is shown, from 1 */
	uint64_t row;  /* the last that was read; the names are row 0 */
	bool begun;
};

static void preview_cells(struct html *html, const struct csv_row *row, bool head)
{
	preview_row_begin(html);
	for (uint32_t i = 0; i < row->count && i < PREVIEW_COLUMNS; i++)
		preview_cell(html, row->cells[i], head);
	preview_row_end(html, head);
}

/* False: enough was seen. */
static bool preview_rows(struct preview *preview, struct csv *csv)
{
	struct csv_row row;

	while (csv_next(csv, &row)) {
		if (!preview->begun) {
			preview_rows_begin(preview->html, preview->file->name);
			preview_cells(preview->html, &row, true);
			preview->begun = true;
			continue;
		}
		if (preview->row + 1 == preview->from + PREVIEW_ROWS)
			return false; /* there is one more */
		if (++preview->row >= preview->from)
			preview_cells(preview->html, &row, false);
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

void preview_table_put(struct html *html, struct content *content, const struct manifest_file *file,
		       uint64_t row)
{
	struct preview preview = {.html = html, .file = file, .from = row};
	struct content_stream *stream = content_stream_open(content, file);
	struct csv *csv = csv_open(NULL);
	bool ended = preview_read(&preview, stream, csv);

	if (preview.begun)
		preview_rows_end(html);
	if (csv_err(csv)) {
		html_put(html, "<p>");
		html_format(html, TEXT("From line %llu on this cannot be read as a table."),
			    (unsigned long long)csv_err_line(csv));
		html_put(html, "</p>\n");
	}
	if (preview.begun)
		preview_rows_pages(html, preview.from, preview.row, !ended && !csv_err(csv));
	csv_close(csv);
	content_stream_close(stream);
}
