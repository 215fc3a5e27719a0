/*
 * convert_xlsx - a table as a spreadsheet, by libxlsxwriter, row after row.
 */
#include <stdio.h>
#include <string.h>
#include <xlsxwriter.h>

#include "crypto/utf8.h"
#include "node/derive/convert_internal.h"

#define ROW_COUNT_MAX  (1048576u - 1) /* without the header */
#define CELL_CHARS_MAX 32767u

struct sheet {
	lxw_workbook *book;
	lxw_worksheet *sheet;
	lxw_format *bold, *date, *time;
	struct buf text; /* with a terminating zero */
};

static void sheet_fault(struct converting *c, lxw_error error)
{
	if (error)
		convert_fail(c, error == LXW_ERROR_MEMORY_MALLOC_FAILED ? ERR_NOMEM : ERR_IO,
			     "the spreadsheet cannot be written: %s", lxw_strerror(error));
}

/* As many as spreadsheets count: units of UTF-16. */
static size_t chars_count(struct bytes text)
{
	size_t count = 0, len;
	uint32_t ch;

	for (size_t i = 0; i < text.len; i += len ? len : 1) {
		len = utf8_next(bytes_slice(text, i, text.len), &ch);
		count += len == 4 ? 2 : 1;
	}
	return count;
}

/* Always as a text: what begins with = + - @ is none of the reader's formulas. */
static void text_write(struct converting *c, struct sheet *s, lxw_row_t row, lxw_col_t column,
		       struct bytes text, lxw_format *format)
{
	if (text.len > CELL_CHARS_MAX && chars_count(text) > CELL_CHARS_MAX) {
		convert_fail(c, ERR_FULL,
			     "row %u has a cell with more than %u characters, which no "
			     "spreadsheet holds",
			     (unsigned)row + 1, CELL_CHARS_MAX);
		return;
	}
	buf_reset(&s->text);
	buf_add(&s->text, text);
	buf_add_u8(&s->text, 0);
	sheet_fault(c, worksheet_write_string(s->sheet, row, column, (const char *)s->text.ptr,
					      format));
}

/* Spreadsheets know no zones, and no days before 1900-03-01 that all of them count alike. */
static bool time_fits(const struct cell *cell)
{
	const struct cell_time *t = &cell->time;

	return !t->has_zone && (t->year > 1900 || (t->year == 1900 && t->month > 2));
}

static void time_write(struct converting *c, struct sheet *s, lxw_row_t row, lxw_col_t column,
		       const struct cell *cell)
{
	const struct cell_time *t = &cell->time;
	lxw_datetime when = {.year = t->year,
			     .month = t->month,
			     .day = t->day,
			     .hour = t->hour,
			     .min = t->minute,
			     .sec = t->second};
	char text[CELL_TIME_LEN];

	if (time_fits(cell)) {
		sheet_fault(c, worksheet_write_datetime(s->sheet, row, column, &when,
							t->has_time ? s->time : s->date));
	} else {
		cell_time_text(cell, text);
		text_write(c, s, row, column, bytes_str(text), NULL);
	}
}

static void cell_write(struct converting *c, struct sheet *s, lxw_row_t row, lxw_col_t column,
		       const struct cell *cell)
{
	switch (cell->type) {
	case COLUMN_EMPTY:
		break;
	case COLUMN_INTEGER:
	case COLUMN_DECIMAL:
		sheet_fault(c, worksheet_write_number(s->sheet, row, column, cell->decimal, NULL));
		break;
	case COLUMN_BOOLEAN:
		sheet_fault(c, worksheet_write_boolean(s->sheet, row, column, cell->boolean, NULL));
		break;
	case COLUMN_DATE:
	case COLUMN_TIME:
		time_write(c, s, row, column, cell);
		break;
	case COLUMN_TEXT:
		text_write(c, s, row, column, cell->text, NULL);
		break;
	}
}

static void xlsx_row(struct converting *c, const struct csv_row *row, void *arg)
{
	struct cell cell;

	for (uint32_t i = 0; i < c->table.column_count && !c->err; i++) {
		table_cell(&c->table, row, i, &cell);
		cell_write(c, arg, (lxw_row_t)c->row_count + 1, (lxw_col_t)i, &cell);
	}
}

static double column_width(const struct column *column)
{
	size_t name = strlen(column->name) + 2, len = column->len_max + 1;
	size_t width = name > len ? name : len;

	return (double)(width < 6 ? 6 : width > 50 ? 50 : width);
}

static void header_write(struct converting *c, struct sheet *s)
{
	for (uint32_t i = 0; i < c->table.column_count && !c->err; i++) {
		const struct column *column = &c->table.columns[i];

		worksheet_set_column(s->sheet, (lxw_col_t)i, (lxw_col_t)i, column_width(column),
				     NULL);
		text_write(c, s, 0, (lxw_col_t)i, bytes_str(column->name), s->bold);
	}
	worksheet_freeze_panes(s->sheet, 1, 0);
}

/* The same table gives the same bytes. */
static void book_describe(struct converting *c, struct sheet *s)
{
	char title[256];
	lxw_doc_properties properties = {.title = title,
					 .created = (time_t)(c->job->time_ms / 1000)};
	struct bytes cut = utf8_cut(bytes_str(c->job->title), 250);

	snprintf(title, sizeof(title), "%.*s", (int)cut.len, (const char *)cut.ptr);
	workbook_set_properties(s->book, &properties);
	s->bold = workbook_add_format(s->book);
	format_set_bold(s->bold);
	s->date = workbook_add_format(s->book);
	format_set_num_format(s->date, "yyyy-mm-dd");
	s->time = workbook_add_format(s->book);
	format_set_num_format(s->time, "yyyy-mm-dd hh:mm:ss");
}

void convert_xlsx(struct converting *c)
{
	char to[64], temp[4096];
	lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = temp};
	struct sheet s = {0};

	if (c->table.row_count > ROW_COUNT_MAX) {
		convert_fail(c, ERR_FULL, "it has more than %u rows, which no spreadsheet holds",
			     ROW_COUNT_MAX);
		return;
	}
	/* what may not lie on a disk has no name, but one of this process */
	snprintf(to, sizeof(to), "/proc/self/fd/%d", c->job->fd);
	snprintf(temp, sizeof(temp), "%s", c->job->temp);
	buf_init(&s.text, CSV_ROW_LEN_MAX * 3 + 1);
	s.book = workbook_new_opt(to, &options);
	s.sheet = s.book ? workbook_add_worksheet(s.book, "Daten") : NULL;
	if (!s.sheet) {
		convert_fail(c, ERR_NOMEM, "the spreadsheet cannot be made");
	} else {
		book_describe(c, &s);
		header_write(c, &s);
		if (!c->err)
			convert_rows(c, xlsx_row, &s);
	}
	if (s.book)
		sheet_fault(c, workbook_close(s.book));
	buf_fini(&s.text);
}
