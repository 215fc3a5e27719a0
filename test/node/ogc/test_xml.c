#include "test/node/node_test.h"

#include <stdio.h>
#include <string.h>

#include "node/ogc/gml.h"
#include "node/ogc/layers.h"
#include "node/ogc/xml.h"

static void writing(void **state)
{
	struct buf out;

	buf_init(&out, 4096);
	struct xml xml = xml_begin(&out);
	xml_open(&xml, "a");
	xml_attr(&xml, "b", "<\"&'>\n");
	xml_open(&xml, "c");
	xml_close(&xml, "c");
	xml_text(&xml, bytes_str("ä & <b> \x01 \xff"));
	xml_leaf(&xml, "d", "");
	xml_leaf(&xml, "e", "x");
	xml_close(&xml, "a");
	buf_add_u8(&out, 0);
	assert_string_equal((char *)out.ptr,
			    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			    "<a b=\"&lt;&quot;&amp;'&gt;\n\"><c/>ä &amp; &lt;b&gt; \xef\xbf\xbd "
			    "\xef\xbf\xbd<d></d><e>x</e></a>");
	buf_fini(&out);
}

static void names(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{"name", "name"},   {"Straße_2.a-b", "Straße_2.a-b"},
		{"2026", "_2026"},  {"", "_"},
		{"a b:c", "a_b_c"}, {"%x", "_x"},
		{"-a", "_-a"},      {"<script>", "_script_"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out;
		buf_init(&out, 256);
		xml_name(&out, bytes_str(cases[i].text));
		assert_string_equal((char *)out.ptr, cases[i].name);
		buf_fini(&out);
	}
}

/* The same path and file have the same id for ever; two others never the same. */
static void ids(void **state)
{
	static const struct {
		const char *path, *file, *id;
	} cases[] = {
		{"meissen/verkehr/halte", "stellen.geojson", "meissen.verkehr.halte.stellen"},
		{"meissen/verkehr/halte", "stellen.csv", "meissen.verkehr.halte.stellen.csv"},
		{"1a/x", "y.csv", "_1a.x.y.csv"},
		{"meissen/a.b", "x.csv", "meissen.a_b.x.csv_"},
		{"meissen/a/b", "x.csv", "meissen.a.b.x.csv"},
		{"meissen/a", "b/x.csv", "meissen.a.b_x.csv_"},
		{"meissen/a", "b x.csv", "meissen.a.b_x.csv_"},
		{"meissen/a", "x.csv.geojson", "meissen.a.x.csv_"},
		{"meissen/a", "plätze.csv", "meissen.a.pl__tze.csv_"},
	};
	char known[16][LAYER_ID_LEN_MAX + 1];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char again[LAYER_ID_LEN_MAX + 1];
		layer_id(known[i], bytes_str(cases[i].path), bytes_str(cases[i].file));
		layer_id(again, bytes_str(cases[i].path), bytes_str(cases[i].file));
		assert_string_equal(known[i], again);
		size_t len = strlen(cases[i].id);
		bool hashed = cases[i].id[len - 1] == '_';
		if (strncmp(known[i], cases[i].id, len) != 0 ||
		    strlen(known[i]) != len + (hashed ? 10 : 0))
			fail_msg("%s %s: %s", cases[i].path, cases[i].file, known[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(known[i], known[j]);
	}
	/* the longest fit, and are told apart */
	char path[LIMIT_PATH_LEN_MAX], file[LIMIT_FILE_NAME_LEN_MAX], id[2][LAYER_ID_LEN_MAX + 1];
	memset(path, 'a', sizeof(path));
	memset(file, 'b', sizeof(file));
	for (int i = 0; i < 2; i++) {
		file[sizeof(file) - 1] = (char)('x' + i);
		layer_id(id[i], bytes_of(path, sizeof(path)), bytes_of(file, sizeof(file)));
		assert_true(strlen(id[i]) <= LAYER_ID_LEN_MAX);
	}
	assert_string_not_equal(id[0], id[1]);
}

static void geometries(void **state)
{
	static const struct {
		const char *json, *gml;
	} cases[] = {
		{"{\"type\":\"Point\",\"coordinates\":[13.5,51.25,7]}",
		 "<gml:Point gml:id=\"i\" srsName=\"s\"><gml:pos>51.25 13.5</gml:pos></gml:Point>"},
		{"{\"type\":\"MultiPoint\",\"coordinates\":[[1,2],[3,4]]}",
		 "<gml:MultiPoint gml:id=\"i\" srsName=\"s\"><gml:pointMember><gml:Point "
		 "gml:id=\"i.1\">"
		 "<gml:pos>2 1</gml:pos></gml:Point></gml:pointMember><gml:pointMember><gml:Point "
		 "gml:id=\"i.2\"><gml:pos>4 "
		 "3</gml:pos></gml:Point></gml:pointMember></gml:MultiPoint>"},
		{"{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}",
		 "<gml:LineString gml:id=\"i\" srsName=\"s\"><gml:posList>2 1 4 3</gml:posList>"
		 "</gml:LineString>"},
		/* the ring is closed */
		{"{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[9,0],[9,9],[0,9]],"
		 "[[1,1],[2,1],[2,2],[1,1]]]}",
		 "<gml:Polygon gml:id=\"i\" "
		 "srsName=\"s\"><gml:exterior><gml:LinearRing><gml:posList>"
		 "0 0 0 9 9 9 9 0 0 0</gml:posList></gml:LinearRing></gml:exterior><gml:interior>"
		 "<gml:LinearRing><gml:posList>1 1 1 2 2 2 1 1</gml:posList></gml:LinearRing>"
		 "</gml:interior></gml:Polygon>"},
		{"{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[9,0],[9,9],[0,0]]],"
		 "[[[20,0],[29,0],[29,9],[20,0]]]]}",
		 "<gml:MultiSurface gml:id=\"i\" srsName=\"s\"><gml:surfaceMember><gml:Polygon "
		 "gml:id=\"i.1\"><gml:exterior><gml:LinearRing><gml:posList>0 0 0 9 9 9 0 0"
		 "</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>"
		 "<gml:surfaceMember><gml:Polygon gml:id=\"i.2\"><gml:exterior><gml:LinearRing>"
		 "<gml:posList>0 20 0 29 9 29 0 20</gml:posList></gml:LinearRing></gml:exterior>"
		 "</gml:Polygon></gml:surfaceMember></gml:MultiSurface>"},
		{"{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2],[3,4]]]}",
		 "<gml:MultiCurve gml:id=\"i\" srsName=\"s\"><gml:curveMember><gml:LineString "
		 "gml:id=\"i.1\"><gml:posList>2 1 4 "
		 "3</gml:posList></gml:LineString></gml:curveMember>"
		 "</gml:MultiCurve>"},
		{"{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\","
		 "\"coordinates\":[1,2]}]}",
		 "<gml:MultiGeometry gml:id=\"i\" srsName=\"s\"><gml:geometryMember><gml:Point "
		 "gml:id=\"i.1\"><gml:pos>2 1</gml:pos></gml:Point></gml:geometryMember>"
		 "</gml:MultiGeometry>"},
	};
	const struct gml_form form = {.srs = "s", .swapped = true, .digits = 7, .id = "i"};
	struct geometry geometry;

	geometry_init(&geometry);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char why[WHY_LEN];
		struct buf out;
		buf_init(&out, 65536);
		struct xml xml = xml_part(&out);
		assert_int_equal(geometry_read(&geometry, cases[i].json, why), ERR_OK);
		gml_put(&xml, &geometry, &form);
		buf_add_u8(&out, 0);
		assert_string_equal((char *)out.ptr, cases[i].gml);
		buf_fini(&out);
	}
	geometry_fini(&geometry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writing),
		cmocka_unit_test(names),
		cmocka_unit_test(ids),
		cmocka_unit_test(geometries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
