#include "node/features/csv_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/table/locate.h"

#define BLOCK_LEN (64u * 1024)

struct csv_in {
	const struct geojson_source *source;
	const struct table_limits *limits;
	struct csv *csv;
	struct typing typing;
	struct csv_table table;
	struct locate locate;
	struct table_make *make;
	size_t *fields; /* of the columns */
	struct buf raw, place;
	bool header_seen;
	enum err err;
	char *why;
};

unsigned csv_zone(const char *key)
{
	return locate_zone(key);
}

static bool csv_stopping(const struct csv_in *in)
{
	return in->limits->stop && atomic_load(in->limits->stop);
}

static void csv_in_fault(struct csv_in *in, enum err err, const char *what)
{
	if (in->err)
		return;
	in->err = err;
	snprintf(in->why, WHY_LEN, "%s", what);
}

/* Hands every row to each, once over the whole stream. */
static void csv_pass(struct csv_in *in, void (*each)(struct csv_in *in, const struct csv_row *row))
{
	uint8_t *block = mem_new(1, BLOCK_LEN);
	struct csv_row row;
	ssize_t got = 1;

	while (got > 0 && !in->err && !csv_err(in->csv)) {
		got = in->source->read(in->source->arg, block, BLOCK_LEN);
		if (got > 0)
			csv_feed(in->csv, bytes_of(block, (size_t)got));
		else
			csv_end(in->csv);
		while (!in->err && csv_next(in->csv, &row))
			each(in, &row);
		if (csv_stopping(in))
			csv_in_fault(in, ERR_AGAIN, "the node is stopping");
	}
	if (got < 0)
		csv_in_fault(in, ERR_IO, "the file cannot be read");
	if (csv_err(in->csv)) {
		char text[96];
		snprintf(text, sizeof(text), "the table is not in order in line %llu",
			 (unsigned long long)csv_err_line(in->csv));
		csv_in_fault(in, csv_err(in->csv), text);
	}
	free(block);
}

static void csv_put_cell(struct csv_in *in, const struct cell *cell)
{
	char text[CELL_TIME_LEN];

	switch (cell->type) {
	case COLUMN_INTEGER:
	case COLUMN_DECIMAL:
		cell_number(cell, &in->raw);
		break;
	case COLUMN_BOOLEAN:
		buf_add(&in->raw, bytes_str(cell->boolean ? "true" : "false"));
		break;
	case COLUMN_DATE:
	case COLUMN_TIME:
		cell_time_text(cell, text);
		json_put_text(&in->raw, bytes_str(text));
		break;
	case COLUMN_TEXT:
		json_put_text(&in->raw, cell->text);
		break;
	case COLUMN_EMPTY:
		buf_add(&in->raw, bytes_str("null"));
	}
}

static void csv_type_row(struct csv_in *in, const struct csv_row *row)
{
	typing_row(&in->typing, row);
}

static void put_row_place(struct csv_in *in, const struct csv_row *row)
{
	unsigned epsg;
	enum crs crs = CRS_84;

	buf_reset(&in->place);
	if (!locate_row(&in->locate, &in->table, row, &in->place, &epsg))
		return;
	if (epsg == EPSG_ZONE_32)
		crs = CRS_25832;
	else if (epsg == EPSG_ZONE_33)
		crs = CRS_25833;
	buf_add_u8(&in->place, 0);
	if (in->place.err)
		table_make_fault(in->make, in->place.err, "line %llu: the place is too long",
				 (unsigned long long)row->line);
	else
		table_make_place(in->make, (const char *)in->place.ptr, crs);
}

static void put_csv_row(struct csv_in *in, const struct csv_row *row)
{
	struct cell cell;

	if (in->table.header && !in->header_seen) {
		in->header_seen = true;
		return;
	}
	for (uint32_t i = 0; i < in->table.column_count; i++) {
		table_cell(&in->table, row, i, &cell);
		buf_reset(&in->raw);
		csv_put_cell(in, &cell);
		table_make_value(in->make, in->fields[i], buf_bytes(&in->raw));
	}
	put_row_place(in, row);
	table_make_next(in->make);
	in->err = table_make_err(in->make);
}

/* What the columns are, and whether they say where the rows lie. */
static void csv_first(struct csv_in *in, unsigned epsg)
{
	in->csv = csv_open(NULL);
	typing_init(&in->typing);
	csv_pass(in, csv_type_row);
	if (!in->err)
		typing_end(&in->typing, in->csv, &in->table);
	typing_fini(&in->typing);
	csv_close(in->csv);
	if (in->err)
		return;
	locate_find(&in->table, epsg, &in->locate);
	if (in->locate.kind == LOCATE_NONE)
		csv_in_fault(in, ERR_ABSENT, "no columns of the table say where its rows lie");
	else if (!in->source->rewind(in->source->arg))
		csv_in_fault(in, ERR_IO, "the file cannot be read twice");
}

static void csv_second(struct csv_in *in, const char *path, struct table_about *about,
		       struct table_keep **kept)
{
	enum err err;

	in->make = table_make_begin(path, in->limits);
	in->fields = mem_new(in->table.column_count, sizeof(*in->fields));
	for (uint32_t i = 0; i < in->table.column_count; i++)
		in->fields[i] = table_make_field(in->make, bytes_str(in->table.columns[i].name));
	in->csv = csv_open(&in->table.dialect);
	in->err = table_make_err(in->make);
	csv_pass(in, put_csv_row);
	csv_close(in->csv);
	if (in->err)
		table_make_fault(in->make, in->err, "%s", in->why);
	err = table_make_end(in->make, about, kept, in->why);
	in->err = err;
	free(in->fields);
}

enum err csv_feature_table(const struct geojson_source *source, unsigned epsg, const char *path,
			   const struct table_limits *limits, struct table_about *about,
			   struct table_keep **kept, char *why)
{
	struct csv_in in = {.source = source, .limits = limits, .why = why};

	*kept = NULL;
	buf_init(&in.raw, TABLE_VALUES_LEN_MAX);
	buf_init(&in.place, GEOMETRY_TEXT_LEN_MAX);
	csv_first(&in, epsg);
	if (!in.err)
		csv_second(&in, path, about, kept);
	table_fini(&in.table);
	buf_fini(&in.raw);
	buf_fini(&in.place);
	return in.err;
}
