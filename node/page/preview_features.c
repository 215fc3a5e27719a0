#include "node/page/preview_features.h"

#include "node/page/preview_rows.h"

#define PREVIEW_ROW_LEN_MAX (64u * 1024) /* of values that are made to show a row */

struct features {
	struct html *html;
	size_t field_count;
	uint64_t row;
};

static bool feature_row_put(void *arg, const struct feature_row *row)
{
	struct features *features = arg;
	struct buf value;

	preview_row_begin(features->html);
	for (size_t i = 0; i < features->field_count && i < PREVIEW_COLUMNS; i++) {
		buf_init(&value, PREVIEW_ROW_LEN_MAX);
		feature_put_plain(&value, row, i);
		preview_cell(features->html, buf_bytes(&value), false);
		buf_fini(&value);
	}
	preview_row_end(features->html, false);
	features->row++;
	return true;
}

void preview_features_put(struct html *html, const struct layer *layer, uint64_t row)
{
	struct feature_query query = {.offset = row - 1, .limit = PREVIEW_ROWS, .work_ms = 1000};
	struct features features = {.html = html, .row = row - 1};
	const struct table_field *fields = feature_table_fields(layer->open, &features.field_count);

	preview_rows_begin(html, bytes_str(layer->file));
	preview_row_begin(html);
	for (size_t i = 0; i < features.field_count && i < PREVIEW_COLUMNS; i++)
		preview_cell(html, bytes_str(fields[i].name), true);
	preview_row_end(html, true);
	feature_select(layer->open, &query, feature_row_put, &features);
	preview_rows_end(html);
	preview_rows_pages(html, row, features.row, features.row < layer->about.count);
}
