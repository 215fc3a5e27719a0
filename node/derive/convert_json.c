/*
 * convert_json - tables as JSON: what they are, their rows, and their rows as places.
 */
#include <inttypes.h>
#include <stdio.h>

#include "node/derive/convert_internal.h"
#include "node/derive/project.h"
#include "proto/table/locate.h"

/* Rows */

static void json_row(struct converting *c, const struct csv_row *row, void *arg)
{
	convert_put(c, c->row_count ? ",\n" : "\n");
	convert_put_record(c, row);
}

void convert_json(struct converting *c)
{
	convert_put(c, "[");
	convert_rows(c, json_row, NULL);
	convert_put(c, c->row_count ? "\n]\n" : "]\n");
}

/* What the table is, as Frictionless' Table Schema has it, with the dialect beside */

static void put_field(struct converting *c, const struct column *column)
{
	static const char *const types[] = {"any",     "string", "integer", "number",
					    "boolean", "date",   "datetime"};

	convert_put(c, "{\"name\":");
	convert_put_string(c, bytes_str(column->name));
	convert_put(c, ",\"type\":\"");
	convert_put(c, types[column->type]);
	convert_put(c, column->type == COLUMN_TIME ? "\",\"format\":\"any\"}" : "\"}");
}

void convert_schema(struct converting *c)
{
	const struct csv_table *table = &c->table;
	char delimiter[2] = {table->dialect.delimiter, 0}, numbers[120];
	struct locate locate;

	locate_find(table, c->job->epsg, &locate);
	convert_put(c, "{\"encoding\":\"");
	convert_put(c, csv_encoding_name(table->dialect.encoding));
	convert_put(c, "\",\"delimiter\":");
	convert_put_string(c, bytes_str(delimiter));
	snprintf(numbers, sizeof(numbers),
		 ",\"header\":%s,\"rows\":%" PRIu64 ",\"unreadable_characters\":%" PRIu64
		 ",\"places\":%s,\n",
		 table->header ? "true" : "false", table->row_count, table->replaced,
		 locate.kind == LOCATE_NONE ? "false" : "true");
	convert_put(c, numbers);
	convert_put(c, "\"fields\":[\n");
	for (uint32_t i = 0; i < table->column_count; i++) {
		if (i)
			convert_put(c, ",\n");
		put_field(c, &table->columns[i]);
	}
	convert_put(c, "\n],\"missingValues\":[\"\"]}\n");
}

/* Places */

struct placing {
	struct locate locate;
	struct project *project;
	struct buf geometry;
	uint64_t placed;
};

static bool row_place(struct converting *c, struct placing *placing, const struct csv_row *row)
{
	unsigned epsg;

	buf_reset(&placing->geometry);
	if (!locate_row(&placing->locate, &c->table, row, &placing->geometry, &epsg))
		return false;
	if (epsg == EPSG_DEGREES)
		buf_add(&c->out, buf_bytes(&placing->geometry));
	else
		return project_degrees(placing->project, epsg, buf_bytes(&placing->geometry),
				       &c->out);
	return true;
}

static void geojson_row(struct converting *c, const struct csv_row *row, void *arg)
{
	struct placing *placing = arg;
	size_t before;

	convert_put(c, c->row_count ? ",\n" : "\n");
	convert_put(c, "{\"type\":\"Feature\",\"geometry\":");
	before = c->out.len;
	if (row_place(c, placing, row)) {
		placing->placed++;
	} else {
		c->out.len = before;
		convert_put(c, "null");
	}
	convert_put(c, ",\"properties\":");
	convert_put_record(c, row);
	convert_put(c, "}");
}

void convert_geojson(struct converting *c)
{
	struct placing placing = {0};

	locate_find(&c->table, c->job->epsg, &placing.locate);
	if (placing.locate.kind == LOCATE_NONE) {
		convert_fail(c, ERR_MALFORMED,
			     "it has no columns of coordinates (lat and lon, x and y, wkt)");
		return;
	}
	buf_init(&placing.geometry, 4u * CSV_ROW_LEN_MAX);
	placing.project = project_open();
	convert_put(c, "{\"type\":\"FeatureCollection\",\"features\":[");
	convert_rows(c, geojson_row, &placing);
	convert_put(c, "\n]}\n");
	if (!placing.placed && c->row_count)
		convert_fail(c, ERR_MALFORMED,
			     "it has columns of coordinates, but no row with a place that is "
			     "known: metres need a zone, as in \"x_25833\"");
	project_close(placing.project);
	buf_fini(&placing.geometry);
}
