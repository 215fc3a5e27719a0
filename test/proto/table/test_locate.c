/* Where rows lie: columns by their names, numbers by their size, and well-known text. */
#include "test/proto/table/read_table.h"

#include <stdio.h>

#include "crypto/check.h"
#include "proto/table/locate.h"
#include "proto/table/wkt.h"

/* The first row's place as "EPSG GEOMETRY", or "none". To be freed. */
static char *place_of(const char *text, unsigned epsg)
{
	struct csv *csv = csv_open(NULL), *again;
	struct typing typing;
	struct locate locate;
	struct csv_table table;
	struct csv_row row;
	struct buf out;
	char number[20] = "none", *found;

	typing_init(&typing);
	csv_feed(csv, bytes_str(text));
	csv_end(csv);
	while (csv_next(csv, &row))
		typing_row(&typing, &row);
	typing_end(&typing, csv, &table);
	typing_fini(&typing);
	locate_find(&table, epsg, &locate);
	again = csv_open(&table.dialect);
	csv_feed(again, bytes_str(text));
	csv_end(again);
	assert_true(csv_next(again, &row));
	if (table.header)
		assert_true(csv_next(again, &row));
	buf_init(&out, 10000);
	if (locate_row(&locate, &table, &row, &out, &epsg))
		snprintf(number, sizeof(number), "%u ", epsg);
	else
		assert_int_equal(out.len, 0);
	buf_add_u8(&out, 0);
	found = mem_new(1, out.len + sizeof(number));
	snprintf(found, out.len + sizeof(number), "%s%s", number, (const char *)out.ptr);
	buf_fini(&out);
	table_fini(&table);
	csv_close(csv);
	csv_close(again);
	return found;
}

#define POINT(epsg, at) #epsg " {\"type\":\"Point\",\"coordinates\":[" at "]}"

static void rows_have_places(void **state)
{
	static const struct {
		const char *table;
		unsigned epsg;
		const char *place;
	} samples[] = {
		{"stop_id,stop_lat,stop_lon\n1,51.16,13.47\n", 0, POINT(4326, "13.47,51.16")},
		{"Breitengrad;Längengrad\n51,16;13,47\n", 0, POINT(4326, "13.47,51.16")},
		{"LAT;LNG\n51,5;13,5\n", 0, POINT(4326, "13.5,51.5")},
		{"x;y\n13,5;51,5\n", 0, POINT(4326, "13.5,51.5")},
		{"x;y\n392000,5;5669000\n", 0, "none"}, /* of which zone? */
		{"x;y\n392000,5;5669000\n", 25833, POINT(25833, "392000.5,5669000")},
		{"x_25833;y_25833\n392000;5669000\n", 25832, POINT(25833, "392000,5669000")},
		{"Ost (UTM 32);Nord (UTM 32)\n392000;5669000\n", 0, POINT(25832, "392000,5669000")},
		{"Rechtswert;Hochwert\n33392000,25;5669000\n", 0,
		 POINT(25833, "392000.250,5669000")},
		{"x;y;epsg\n392000;5669000;25832\n", 25833, POINT(25832, "392000,5669000")},
		{"x;y;srid\n392000;5669000;EPSG:25833\n", 0, POINT(25833, "392000,5669000")},
		{"rechts;hoch\n5392000;5669000\n", 25833, "none"}, /* Gauß-Krüger */
		{"x;y\n;51,5\n", 0, "none"},
		{"lat;lon\n91;13\n", 0, "none"},
		{"Länge;Breite\n5;2\n", 0, "none"}, /* of a thing */
		{"Ost;Nord\n1;2\n", 0, "none"},     /* counts */
		{"platz;anlage\n1;2\n", 0, "none"},
		{"name;wkt\nA;POINT(13.5 51.5)\n", 0, POINT(4326, "13.5,51.5")},
		{"name;geom\nA;SRID=25833;POINT (1 2)\n", 0, "none"}, /* two cells */
		{"name,geom\nA,\"SRID=25833;POINT Z (392000 5669000 120)\"\n", 0,
		 POINT(25833, "392000,5669000,120")},
		{"name,geom\nA,\"SRID=3857;POINT (1499000 6640000)\"\n", 0, "none"},
		{"name,geom\nA,POINT (392000 5669000)\n", 0, "none"},
		{"13,5;51,5\n", 0, "none"},
	};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char *place = place_of(samples[i].table, samples[i].epsg);

		if (strcmp(place, samples[i].place))
			fail_msg("%s is %s", samples[i].table, place);
		free(place);
	}
}

static void a_state_lies_in_a_zone(void **state)
{
	assert_int_equal(locate_zone("14627140"), EPSG_ZONE_33); /* Meißen */
	assert_int_equal(locate_zone("12"), EPSG_ZONE_33);
	assert_int_equal(locate_zone("05315000"), EPSG_ZONE_32); /* Köln */
	assert_int_equal(locate_zone("160"), EPSG_ZONE_32);
	assert_int_equal(locate_zone("17"), 0);
	assert_int_equal(locate_zone("00"), 0);
	assert_int_equal(locate_zone(""), 0);
	assert_int_equal(locate_zone("x"), 0);
}

static void texts_become_geometries(void **state)
{
	static const struct {
		const char *wkt, *json;
	} samples[] = {
		{"POINT (1 2)", "\"Point\",\"coordinates\":[1,2]"},
		{"point z(1 -2.50 03)", "\"Point\",\"coordinates\":[1,-2.50,3]"},
		{"POINT M (1 2 3)", "\"Point\",\"coordinates\":[1,2]"},
		{"POINT ZM (1 2 3 4)", "\"Point\",\"coordinates\":[1,2,3]"},
		{"POINT(.5 +1e1)", "\"Point\",\"coordinates\":[0.5,1e1]"},
		{"LINESTRING (1 2,3 4)", "\"LineString\",\"coordinates\":[[1,2],[3,4]]"},
		{"POLYGON ((0 0, 1 0, 1 1, 0 0), (0 0, 0 0, 0 0, 0 0))",
		 "\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]],[[0,0],[0,0],[0,0],[0,0]]"
		 "]"},
		{"MULTIPOINT (1 2, 3 4)", "\"MultiPoint\",\"coordinates\":[[1,2],[3,4]]"},
		{"MULTIPOINT ((1 2), (3 4))", "\"MultiPoint\",\"coordinates\":[[1,2],[3,4]]"},
		{"MULTILINESTRING ((1 2, 3 4))",
		 "\"MultiLineString\",\"coordinates\":[[[1,2],[3,4]]]"},
		{"MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
		 "\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[1,1],[0,0]]]]"},
	};
	char wanted[400];

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		unsigned epsg = 7;
		struct buf out;

		buf_init(&out, 1000);
		assert_int_equal(wkt_json(bytes_str(samples[i].wkt), &out, &epsg), ERR_OK);
		buf_add_u8(&out, 0);
		snprintf(wanted, sizeof(wanted), "{\"type\":%s}", samples[i].json);
		assert_string_equal((const char *)out.ptr, wanted);
		assert_int_equal(epsg, 7);
		buf_fini(&out);
	}
}

static void other_texts_do_not(void **state)
{
	static const char *const texts[] = {
		"",
		"POINT",
		"POINT EMPTY",
		"POINT ()",
		"POINT (1)",
		"POINT (1 2",
		"POINT (1 2) x",
		"POINT (1 2 3 4 5)",
		"POINT (1,2)",
		"POINT (a b)",
		"POINT (1 2e999)",
		"POINTS (1 2)",
		"LINESTRING (1 2,)",
		"LINESTRING (1 2, 3)",
		"POLYGON (0 0, 1 0)",
		"SRID=;POINT (1 2)",
		"SRID=1 POINT (1 2)",
		"POINT (--1 2)",
		"POINT (. 2)",
		"GEOMETRYCOLLECTION (POINT (1 2))",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		unsigned epsg = 7;
		struct buf out;

		buf_init(&out, 1000);
		if (!wkt_json(bytes_str(texts[i]), &out, &epsg))
			fail_msg("\"%s\" is a geometry", texts[i]);
		assert_int_equal(out.len, 0);
		assert_int_equal(epsg, 7);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_have_places),
		cmocka_unit_test(a_state_lies_in_a_zone),
		cmocka_unit_test(texts_become_geometries),
		cmocka_unit_test(other_texts_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
