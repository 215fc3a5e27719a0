#include "node/ogc/feature_json.h"

#include <stdio.h>

#include "node/features/json_scan.h"

void feature_writer_init(struct feature_writer *writer)
{
	*writer = (struct feature_writer){.tool = crs_tool_open()};
	geometry_init(&writer->geometry);
}

void feature_writer_of(struct feature_writer *writer, const struct feature_table *table)
{
	writer->table = table;
	writer->fields = feature_table_fields(table, &writer->field_count);
	writer->has_ids = feature_table_about(table)->has_ids;
}

void feature_writer_fini(struct feature_writer *writer)
{
	crs_tool_close(writer->tool);
	geometry_fini(&writer->geometry);
}

bool feature_writer_place(struct feature_writer *writer, const struct feature_row *row)
{
	char why[WHY_LEN];

	return row->geometry && !geometry_read(&writer->geometry, row->geometry, why) &&
	       !crs_from_84(writer->tool, writer->crs, &writer->geometry);
}

static void writer_put_place(struct feature_writer *writer, struct buf *out,
			     const struct feature_row *row)
{
	bool degrees = writer->crs == CRS_84 || writer->crs == CRS_4326;

	if (row->geometry && degrees)
		buf_add(out, bytes_str(row->geometry));
	else if (feature_writer_place(writer, row))
		geometry_put_json(out, &writer->geometry, crs_digits(writer->crs));
	else
		buf_add(out, bytes_str("null"));
}

void feature_writer_id(const struct feature_writer *writer, struct buf *out,
		       const struct feature_row *row)
{
	char fid[32];

	snprintf(fid, sizeof(fid), "%lld", (long long)row->fid);
	buf_add(out, writer->has_ids ? row->id : bytes_str(fid));
	buf_add_u8(out, 0);
	if (!out->err)
		out->len--;
}

/* An id that is written like a number was one, or may be one. */
static bool id_is_number(struct bytes id)
{
	if (!id.len || id.len > 15 || (id.len > 1 && id.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] < '0' || id.ptr[i] > '9')
			return false;
	return true;
}

static void writer_put_id(struct feature_writer *writer, struct buf *out,
			  const struct feature_row *row)
{
	struct buf id;

	buf_init(&id, TABLE_ID_LEN_MAX + 1);
	feature_writer_id(writer, &id, row);
	if (id_is_number(buf_bytes(&id)))
		buf_add(out, buf_bytes(&id));
	else
		json_put_text(out, buf_bytes(&id));
	buf_fini(&id);
}

void feature_writer_put(struct feature_writer *writer, struct buf *out,
			const struct feature_row *row)
{
	buf_add(out, bytes_str("{\"type\":\"Feature\",\"id\":"));
	writer_put_id(writer, out, row);
	buf_add(out, bytes_str(",\"geometry\":"));
	writer_put_place(writer, out, row);
	buf_add(out, bytes_str(",\"properties\":{"));
	for (size_t i = 0; i < writer->field_count; i++) {
		if (i)
			buf_add_u8(out, ',');
		json_put_text(out, bytes_str(writer->fields[i].name));
		buf_add_u8(out, ':');
		feature_put_json(out, row, i);
	}
	buf_add_u8(out, '}');
}
