/* GeoJSON files, into feature tables. */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "node/features/feature_query.h"
#include "node/features/geojson_in.h"

struct fuzz_source {
	struct bytes in;
	size_t at;
};

static ssize_t fuzz_read(void *arg, void *to, size_t len)
{
	struct fuzz_source *source = arg;
	struct bytes part = bytes_slice(source->in, source->at, len);

	if (part.len)
		memcpy(to, part.ptr, part.len);
	source->at += part.len;
	return (ssize_t)part.len;
}

static bool fuzz_rewind(void *arg)
{
	((struct fuzz_source *)arg)->at = 0;
	return true;
}

/* What is in the table is a geometry that can be read, and lies where it is said to lie. */
static bool fuzz_row(void *arg, const struct feature_row *row)
{
	struct geometry *geometry = arg;
	char why[WHY_LEN];

	if (!row->geometry)
		return true;
	check(!geometry_read(geometry, row->geometry, why));
	check(box_is_empty(row->box) || geometry_meets(geometry, row->box));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct table_limits limits = {.feature_count_max = 100, .byte_count_max = 1 << 24};
	struct fuzz_source in = {.in = bytes_of(data, size)};
	struct geojson_source source = {fuzz_read, fuzz_rewind, &in};
	struct feature_query query = {.limit = 100};
	struct table_about about;
	struct table_keep *kept;
	struct feature_table *table;
	struct geometry geometry;
	char why[WHY_LEN];

	if (geojson_table(&source, "memory:fuzz", &limits, &about, &kept, why))
		return 0;
	fuzz_accepted();
	geometry_init(&geometry);
	check(!feature_table_open(&table, "memory:fuzz"));
	check(!feature_select(table, &query, fuzz_row, &geometry));
	feature_table_close(table);
	table_keep_drop(kept);
	geometry_fini(&geometry);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	fuzz_seed(corpus,
		  bytes_str("{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
			    "\"id\":1,"
			    "\"geometry\":{\"type\":\"Point\",\"coordinates\":[13.5,51.2,7]},"
			    "\"properties\":{\"a\":\"2026-04-01\",\"b\":[1,{}],\"c\":1.5e3,\"d\":"
			    "true}},"
			    "{\"type\":\"Feature\",\"geometry\":null,\"properties\":null}]}"));
	fuzz_seed(
		corpus,
		bytes_str(
			"{\"type\":\"Feature\",\"geometry\":{\"type\":\"MultiPolygon\","
			"\"coordinates\":[[[[0,0],[9,0],[9,9],[0,0]],[[1,1],[2,1],[2,2],[1,1]]],"
			"[[[20,0],[29,0],[29,9],[20,0]]]]},\"properties\":{\"\\u00e4\":\"\\n\"}}"));
	fuzz_seed(
		corpus,
		bytes_str("{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
			  "\"geometry\":{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":"
			  "\"LineString\",\"coordinates\":[[392888,5669144],[392889,5669145]]}]},"
			  "\"properties\":{}}],\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
			  "\"urn:ogc:def:crs:EPSG::25833\"}}}"));
}
