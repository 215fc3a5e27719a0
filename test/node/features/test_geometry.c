#include "test/node/node_test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "node/features/crs.h"

static enum err read_text(struct geometry *geometry, const char *text)
{
	char why[WHY_LEN] = "";
	enum err err = geometry_read(geometry, text, why);

	assert_true(!err == !why[0]);
	return err;
}

/* What is read is written the same again, from the text and from the points. */
static void round_trips(void **state)
{
	static const char *const texts[] = {
		"{\"type\":\"Point\",\"coordinates\":[13.5,51.25]}",
		"{\"type\":\"Point\",\"coordinates\":[]}",
		"{\"type\":\"Point\",\"coordinates\":[13.5,51.25,107]}",
		"{\"type\":\"MultiPoint\",\"coordinates\":[[1,2],[3,4]]}",
		"{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4],[5,6]]}",
		"{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2],[3,4]],[[5,6],[7,8]]]}",
		"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[9,0],[9,9],[0,0]],"
		"[[1,1],[2,1],[2,2],[1,1]]]}",
		"{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[9,0],[9,9],[0,0]],"
		"[[1,1],[2,1],[2,2],[1,1]]],[[[20,0],[29,0],[29,9],[20,0]]]]}",
		"{\"type\":\"Polygon\",\"coordinates\":[]}",
		"{\"type\":\"GeometryCollection\",\"geometries\":[]}",
		"{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\","
		"\"coordinates\":[1,2]},{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}]}",
	};
	struct geometry geometry;
	struct buf out;

	geometry_init(&geometry);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (int copies = 0; copies < 2; copies++) {
			buf_init(&out, 4096);
			if (read_text(&geometry, texts[i]))
				fail_msg("%s", texts[i]);
			if (copies)
				geometry_copy_json(&out, texts[i]);
			else
				geometry_put_json(&out, &geometry, 7);
			buf_add_u8(&out, 0);
			assert_string_equal((char *)out.ptr, texts[i]);
			buf_fini(&out);
		}
	geometry_fini(&geometry);
}

static void members(void **state)
{
	struct geometry geometry;
	struct buf out;

	geometry_init(&geometry);
	buf_init(&out, 4096);
	const char *text =
		"{\"bbox\":[1,2,3,4],\"x\":{\"type\":\"[\\\"\"},\"coordinates\":[1.50,2,3,4],"
		"\"type\":\"Point\"}";
	assert_int_equal(read_text(&geometry, text), ERR_OK);
	geometry_copy_json(&out, text);
	buf_add_u8(&out, 0);
	assert_string_equal((char *)out.ptr, "{\"type\":\"Point\",\"coordinates\":[1.50,2,3,4]}");
	buf_fini(&out);
	geometry_fini(&geometry);
}

static void refusals(void **state)
{
	static const char *const texts[] = {
		"",
		"null",
		"[]",
		"{}",
		"{\"type\":\"Point\"}",
		"{\"type\":\"Circle\",\"coordinates\":[1,2]}",
		"{\"type\":7,\"coordinates\":[1,2]}",
		"{\"coordinates\":[1,2]}",
		"{\"type\":\"Point\",\"coordinates\":[1]}",
		"{\"type\":\"Point\",\"coordinates\":[1,\"2\"]}",
		"{\"type\":\"Point\",\"coordinates\":[1,null]}",
		"{\"type\":\"Point\",\"coordinates\":[1,1e999]}",
		"{\"type\":\"Point\",\"coordinates\":[[1,2]]}",
		"{\"type\":\"Point\",\"coordinates\":{\"x\":1}}",
		"{\"type\":\"Point\",\"coordinates\":null}",
		"{\"type\":\"Point\",\"coordinates\":5}",
		"{\"type\":\"LineString\",\"coordinates\":[[1,2]]}",
		"{\"type\":\"LineString\",\"coordinates\":[1,2]}",
		"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[9,0],[0,0]]]}",
		"{\"type\":\"Polygon\",\"coordinates\":[[0,0],[9,0],[9,9],[0,0]]}",
		"{\"type\":\"MultiPolygon\",\"coordinates\":[[[0,0],[9,0],[9,9],[0,0]]]}",
		("{\"type\":\"GeometryCollection\",\"geometries\":"
		 "[{\"type\":\"GeometryCollection\",\"geometries\":[]}]}"),
		"{\"type\":\"GeometryCollection\",\"geometries\":[1]}",
		"{\"type\":\"GeometryCollection\",\"coordinates\":[1,2]}",
		"{\"type\":\"Point\",\"coordinates\":[1,2]}x",
		"{\"type\":\"Point\",\"coordinates\":[1,2]",
		"{\"type\":\"Point\",\"coordinates\":[1,2",
		"{\"type\":\"Point\",\"coordinates\":\"",
		"{\"type\":\"Poi",
		"{\"type\"",
		"{",
	};
	struct geometry geometry;

	geometry_init(&geometry);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (read_text(&geometry, texts[i]) != ERR_MALFORMED)
			fail_msg("%s was taken", texts[i]);
	geometry_fini(&geometry);
}

static void boxes(void **state)
{
	static const char square[] = "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],"
				     "[0,10],[0,0]],[[4,4],[6,4],[6,6],[4,6],[4,4]]]}";
	static const char line[] = "{\"type\":\"LineString\",\"coordinates\":[[0,0],[10,10]]}";
	static const char two[] = "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[4,0],[4,4],"
				  "[0,0]]],[[[10,0],[20,0],[20,20],[10,20],[10,0]]]]}";
	static const struct {
		const char *text;
		struct box box;
		bool meets;
	} cases[] = {
		{square, {-5, -5, 20, 20}, true},      /* inside the box */
		{square, {1, 1, 2, 2}, true},          /* the box is inside */
		{square, {4.5, 4.5, 5.5, 5.5}, false}, /* in its hole */
		{square, {3, 3, 5, 5}, true},          /* across the edge of the hole */
		{square, {10, 10, 11, 11}, true},      /* a corner */
		{square, {10.1, 0, 11, 11}, false},
		{square, {-1, 4, 11, 4.5}, true}, /* across, no corner of either in the other */
		{line, {4, 4, 6, 6}, true},
		{line, {6, 2, 8, 4}, false}, /* in the box of the line, beside it */
		{line, {0, 9, 1, 10}, false},
		{two, {3.5, 1, 9, 1.5}, true},
		{two, {5, 1, 9, 3}, false},    /* between the two */
		{two, {12, 12, 13, 13}, true}, /* inside the second */
		{"{\"type\":\"Point\",\"coordinates\":[1,2]}", {1, 2, 1, 2}, true},
		{"{\"type\":\"Point\",\"coordinates\":[1,2]}", {1.1, 2, 3, 3}, false},
		{"{\"type\":\"MultiPoint\",\"coordinates\":[[0,0],[10,10]]}", {4, 4, 6, 6}, false},
		{"{\"type\":\"MultiPoint\",\"coordinates\":[[0,0],[10,10]]}", {9, 9, 11, 11}, true},
		{"{\"type\":\"Polygon\",\"coordinates\":[]}", {-180, -90, 180, 90}, false},
		{"{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\","
		 "\"coordinates\":[1,2]},{\"type\":\"LineString\",\"coordinates\":[[5,5],[9,9]]}]}",
		 {6, 6, 7, 7},
		 true},
		{"{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\","
		 "\"coordinates\":[1,2]},{\"type\":\"LineString\",\"coordinates\":[[5,5],[9,9]]}]}",
		 {2, 3, 4, 4},
		 false},
	};
	struct geometry geometry;

	geometry_init(&geometry);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(read_text(&geometry, cases[i].text), ERR_OK);
		if (geometry_meets(&geometry, cases[i].box) != cases[i].meets)
			fail_msg("case %zu", i);
	}
	geometry_fini(&geometry);
}

static void crs_names(void **state)
{
	static const struct {
		const char *name;
		int crs; /* -1: none */
		bool swapped;
	} cases[] = {
		{"http://www.opengis.net/def/crs/OGC/1.3/CRS84", CRS_84, false},
		{"urn:ogc:def:crs:OGC:1.3:CRS84", CRS_84, false},
		{"http://www.opengis.net/def/crs/EPSG/0/25832", CRS_25832, false},
		{"urn:ogc:def:crs:EPSG::25833", CRS_25833, false},
		{"urn:ogc:def:crs:EPSG:9.8:25833", CRS_25833, false},
		{"EPSG:25833", CRS_25833, false},
		{"EPSG:4326", CRS_4326, false},
		{"urn:ogc:def:crs:EPSG::4326", CRS_4326, true},
		{"http://www.opengis.net/def/crs/EPSG/0/4326", CRS_4326, true},
		{"http://www.opengis.net/gml/srs/epsg.xml#4326", CRS_4326, false},
		{"", -1, false},
		{"EPSG:", -1, false},
		{"EPSG:3857", -1, false},
		{"EPSG:258330", -1, false},
		{"25833", -1, false},
		{"http://www.opengis.net/def/crs/EPSG/0/", -1, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum crs crs;
		bool swapped;
		enum err err = crs_parse(bytes_str(cases[i].name), &crs, &swapped);
		assert_int_equal(err, cases[i].crs < 0 ? ERR_ABSENT : ERR_OK);
		if (err)
			continue;
		assert_int_equal(crs, cases[i].crs);
		assert_int_equal(swapped, cases[i].swapped);
	}
	for (unsigned crs = 0; crs < CRS_COUNT; crs++)
		for (int urn = 0; urn < 2; urn++) {
			enum crs got;
			bool swapped;
			const char *name = urn ? crs_urn(crs) : crs_uri(crs);
			assert_int_equal(crs_parse(bytes_str(name), &got, &swapped), ERR_OK);
			assert_int_equal(got, crs);
			assert_int_equal(swapped, crs == CRS_4326);
		}
}

/* The Frauenkirche of Meissen, and the same by gdaltransform. */
static void projections(void **state)
{
	static const struct {
		enum crs crs;
		double x, y;
	} same[] = {{CRS_25833, 392888.597, 5669144.690}, {CRS_25832, 812352.668, 5677524.638}};
	struct crs_tool *tool = crs_tool_open();
	struct geometry geometry;
	struct box box;

	geometry_init(&geometry);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(read_text(&geometry,
					   "{\"type\":\"Point\",\"coordinates\":[13.4681,"
					   "51.1637]}"),
				 ERR_OK);
		assert_int_equal(crs_from_84(tool, same[i].crs, &geometry), ERR_OK);
		if (fabs(geometry.points[0].x - same[i].x) > 0.001 ||
		    fabs(geometry.points[0].y - same[i].y) > 0.001)
			fail_msg("%.4f %.4f", geometry.points[0].x, geometry.points[0].y);
		assert_int_equal(crs_to_84(tool, same[i].crs, &geometry), ERR_OK);
		assert_true(fabs(geometry.points[0].x - 13.4681) < 1e-9);
		assert_true(fabs(geometry.points[0].y - 51.1637) < 1e-9);
	}
	/* a box and the box that holds it */
	struct box plane = {390000, 5660000, 400000, 5670000};
	assert_int_equal(crs_box_to_84(tool, CRS_25833, plane, &box), ERR_OK);
	assert_true(box.west > 13.4 && box.east < 13.6 && box.south > 51.07 && box.north < 51.2);
	/* the other side of the world */
	read_text(&geometry, "{\"type\":\"Point\",\"coordinates\":[105,0]}");
	assert_int_equal(crs_from_84(tool, CRS_25833, &geometry), ERR_MALFORMED);
	geometry_fini(&geometry);
	crs_tool_close(tool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips), cmocka_unit_test(members),
		cmocka_unit_test(refusals),    cmocka_unit_test(boxes),
		cmocka_unit_test(crs_names),   cmocka_unit_test(projections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
