#include "node/derive/convert.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/derive/convert_internal.h"

#define BLOCK_LEN     (64u * 1024)
#define FLUSH_LEN     (256u * 1024)
#define ROW_OUT_BYTES (16u * 1024 * 1024) /* of one row: each name and value, escaped */

static const struct {
	const char *ending, *type;
	void (*write)(struct converting *c);
} forms[] = {
	[CONVERT_SCHEMA] = {"schema.json", "application/json", convert_schema},
	[CONVERT_JSON] = {"json", "application/json", convert_json},
	[CONVERT_GEOJSON] = {"geojson", "application/geo+json", convert_geojson},
	[CONVERT_SQLITE] = {"sqlite", "application/vnd.sqlite3", convert_sqlite},
	[CONVERT_XLSX] = {"xlsx",
			  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
			  convert_xlsx},
};

const char *convert_ending(enum convert_form form)
{
	return forms[form].ending;
}

const char *convert_media_type(enum convert_form form)
{
	return forms[form].type;
}

void convert_fail(struct converting *c, enum err err, const char *format, ...)
{
	va_list args;

	if (c->err)
		return;
	c->err = err;
	va_start(args, format);
	vsnprintf(c->why, WHY_LEN, format, args);
	va_end(args);
}

/* Reading */

static void look_whether_to_stop(struct converting *c)
{
	const struct convert_job *job = c->job;

	if (job->stop && atomic_load(job->stop))
		convert_fail(c, ERR_AGAIN, "the node is stopping");
	else if (job->deadline_ms && clock_mono_ms() > job->deadline_ms)
		convert_fail(c, ERR_BUSY, "it takes too long to convert it");
}

static void csv_fault(struct converting *c, const struct csv *csv)
{
	switch ((int)csv_err(csv)) {
	case ERR_OK:
		return;
	case ERR_MALFORMED:
		convert_fail(c, ERR_MALFORMED,
			     "this is no table of text: line %" PRIu64 " has a zero byte",
			     csv_err_line(csv));
		return;
	case ERR_FULL:
		convert_fail(c, ERR_FULL,
			     "the row that begins on line %" PRIu64 " has more than %u bytes or %u "
			     "cells; perhaps a quote is not closed",
			     csv_err_line(csv), CSV_ROW_LEN_MAX, CSV_COLUMN_COUNT_MAX);
		return;
	default:
		convert_fail(c, csv_err(csv), "%s", err_text(csv_err(csv)));
	}
}

/* One reading of the whole file. */
static void read_rows(struct converting *c, struct csv *csv,
		      void (*each)(struct converting *c, const struct csv_row *row, void *arg),
		      void *arg)
{
	const struct convert_job *job = c->job;
	uint8_t *block = mem_new(1, BLOCK_LEN);
	struct csv_row row;
	ssize_t len = 1;

	for (uint64_t at = 0; len > 0 && !c->err; at += (uint64_t)len) {
		len = job->read(job->arg, at, block, BLOCK_LEN);
		if (len < 0)
			convert_fail(c, ERR_ABSENT, "a part of the file is not here or damaged");
		else if (len > 0)
			csv_feed(csv, bytes_of(block, (size_t)len));
		else
			csv_end(csv);
		look_whether_to_stop(c);
		while (!c->err && csv_next(csv, &row))
			each(c, &row, arg);
		csv_fault(c, csv);
	}
	free(block);
}

static void learn_row(struct converting *c, const struct csv_row *row, void *arg)
{
	typing_row(arg, row);
}

static void table_learn(struct converting *c)
{
	struct csv *csv = csv_open(NULL);
	struct typing typing;

	typing_init(&typing);
	read_rows(c, csv, learn_row, &typing);
	if (!c->err)
		typing_end(&typing, csv, &c->table);
	typing_fini(&typing);
	csv_close(csv);
	if (!c->err && !c->table.column_count)
		convert_fail(c, ERR_MALFORMED, "there is no table in it: it is empty");
}

struct row_skip {
	void (*each)(struct converting *c, const struct csv_row *row, void *arg);
	void *arg;
	bool header; /* still to come */
};

static void row_pass(struct converting *c, const struct csv_row *row, void *arg)
{
	struct row_skip *skip = arg;

	if (skip->header) {
		skip->header = false;
		return;
	}
	skip->each(c, row, skip->arg);
	c->row_count++;
	if (c->out.len >= FLUSH_LEN)
		convert_flush(c);
}

void convert_rows(struct converting *c,
		  void (*each)(struct converting *c, const struct csv_row *row, void *arg),
		  void *arg)
{
	struct row_skip skip = {each, arg, c->table.header};
	struct csv *csv = csv_open(&c->table.dialect);

	read_rows(c, csv, row_pass, &skip);
	csv_close(csv);
}

/* Writing */

void convert_flush(struct converting *c)
{
	size_t at = 0;

	if (c->out.err)
		convert_fail(c, ERR_FULL, "a row would be larger than %u bytes", ROW_OUT_BYTES);
	c->out_bytes += c->out.len;
	if (c->out_bytes > CONVERT_OUT_BYTES_MAX)
		convert_fail(c, ERR_FULL, "it would become larger than %" PRIu64 " MiB",
			     CONVERT_OUT_BYTES_MAX >> 20);
	while (at < c->out.len && !c->err) {
		ssize_t len = write(c->job->fd, c->out.ptr + at, c->out.len - at);

		if (len < 0 && errno != EINTR)
			convert_fail(c, errno == ENOSPC ? ERR_NOSPACE : ERR_IO,
				     "it cannot be written: %s", strerror(errno));
		at += len > 0 ? (size_t)len : 0;
	}
	buf_reset(&c->out);
}

void convert_put(struct converting *c, const char *text)
{
	buf_add(&c->out, bytes_str(text));
}

void convert_put_string(struct converting *c, struct bytes text)
{
	size_t from = 0;
	char escape[8];

	buf_add_u8(&c->out, '"');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.ptr[i];

		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		buf_add(&c->out, bytes_slice(text, from, i - from));
		from = i + 1;
		if (byte == '\n')
			snprintf(escape, sizeof(escape), "\\n");
		else if (byte == '"' || byte == '\\')
			snprintf(escape, sizeof(escape), "\\%c", byte);
		else
			snprintf(escape, sizeof(escape), "\\u%04x", byte);
		convert_put(c, escape);
	}
	buf_add(&c->out, bytes_slice(text, from, text.len));
	buf_add_u8(&c->out, '"');
}

static void put_value(struct converting *c, const struct cell *cell)
{
	char text[CELL_TIME_LEN];

	switch (cell->type) {
	case COLUMN_EMPTY:
		convert_put(c, "null");
		break;
	case COLUMN_INTEGER:
	case COLUMN_DECIMAL:
		cell_number(cell, &c->out);
		break;
	case COLUMN_BOOLEAN:
		convert_put(c, cell->boolean ? "true" : "false");
		break;
	case COLUMN_DATE:
	case COLUMN_TIME:
		cell_time_text(cell, text);
		convert_put_string(c, bytes_str(text));
		break;
	case COLUMN_TEXT:
		convert_put_string(c, cell->text);
		break;
	}
}

void convert_put_record(struct converting *c, const struct csv_row *row)
{
	struct cell cell;

	convert_put(c, "{");
	for (uint32_t i = 0; i < c->table.column_count; i++) {
		if (i)
			convert_put(c, ",");
		convert_put_string(c, bytes_str(c->table.columns[i].name));
		convert_put(c, ":");
		table_cell(&c->table, row, i, &cell);
		put_value(c, &cell);
	}
	convert_put(c, "}");
}

enum err convert_run(const struct convert_job *job, char *why)
{
	struct converting c = {.job = job, .why = why};
	uint64_t max = job->path ? CONVERT_BYTES_MAX : CONVERT_MEMORY_BYTES_MAX;

	buf_init(&c.out, ROW_OUT_BYTES);
	if (job->size > max)
		convert_fail(&c, ERR_FULL, "only files of up to %" PRIu64 " MiB are converted",
			     max >> 20);
	if (!c.err)
		table_learn(&c);
	if (!c.err)
		forms[job->form].write(&c);
	if (!c.err)
		convert_flush(&c);
	buf_fini(&c.out);
	table_fini(&c.table);
	return c.err;
}
