#include "test/node/node_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/features/feature_query.h"
#include "node/features/geojson_in.h"
#include "test/node/features/text_source.h"

static const struct table_limits limits = {.feature_count_max = 1000,
					   .byte_count_max = 64 * 1024 * 1024};

struct made {
	struct feature_table *table;
	struct table_keep *kept;
	struct table_about about;
	char why[WHY_LEN];
	enum err err;
};

static void make_of(struct made *made, const char *text, const char *path,
		    const struct table_limits *in)
{
	struct text_source source = {bytes_str(text), .step = 7};
	struct geojson_source in_source = {text_source_read, text_source_rewind, &source};

	*made = (struct made){0};
	made->err = geojson_table(&in_source, path, in, &made->about, &made->kept, made->why);
	if (!made->err && feature_table_open(&made->table, path))
		fail_msg("%s cannot be opened", path);
}

static void made_of(struct made *made, const char *text)
{
	make_of(made, text, "memory:test", &limits);
	if (made->err)
		fail_msg("%s", made->why);
}

static void made_end(struct made *made)
{
	feature_table_close(made->table);
	table_keep_drop(made->kept);
}

/* The fids that answer, as text: "1 4 ". */
struct answer {
	char fids[4096];
	size_t len;
	int64_t last;
};

static bool answer_each(void *arg, const struct feature_row *row)
{
	struct answer *answer = arg;

	answer->len +=
		(size_t)snprintf(answer->fids + answer->len, sizeof(answer->fids) - answer->len,
				 "%lld ", (long long)row->fid);
	answer->last = row->fid;
	return true;
}

static void expect(struct made *made, struct feature_query query, const char *fids)
{
	struct answer answer = {0};
	uint64_t count = 0;

	bool whole = !query.limit;

	query.limit = whole ? 1000 : query.limit;
	assert_int_equal(feature_count(made->table, &query, &count), ERR_OK);
	/* along the tree and along the fids */
	for (int i = 0; i < 2; i++) {
		answer = (struct answer){0};
		query.matched = i ? 1000 : 0;
		assert_int_equal(feature_select(made->table, &query, answer_each, &answer), ERR_OK);
		if (strcmp(answer.fids, fids) != 0)
			fail_msg("%s instead of %s", answer.fids, fids);
	}
	size_t given = 0;
	for (const char *at = fids; *at; at++)
		given += *at == ' ';
	if (whole && count != given)
		fail_msg("%llu counted for %s", (unsigned long long)count, fids);
}

#define POINT(x, y) "\"geometry\":{\"type\":\"Point\",\"coordinates\":[" #x "," #y "]}"
#define FEATURE(place, properties)                                                                 \
	"{\"type\":\"Feature\"," place ",\"properties\":{" properties "}}"
#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"

static const char town[] =
	"{\"type\":\"FeatureCollection\",\"features\":["
	"{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[13.1,51.1]},"
	"\"properties\":{\"name\":\"A\",\"n\":1,\"open\":true,"
	"\"day\":\"2026-04-01\"}},"
	"{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[13.2,51.2]},"
	"\"properties\":{\"name\":\"B\\\"\\u00e4\",\"n\":2,\"open\":false,"
	"\"day\":\"2026-04-02\",\"x\":{\"a\":[1]}}},"
	"{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[13.3,51.3]},"
	"\"properties\":{\"n\":2.5,\"name\":null,"
	"\"until\":\"2026-04-05T12:00:00Z\",\"day\":\"2026-04-03\"}},"
	"{\"type\":\"Feature\",\"geometry\":null,"
	"\"properties\":{\"name\":\"2\",\"n\":12345678901234567890}},"
	"{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[179.5,1]},"
	"\"properties\":{\"name\":\"east\"}},"
	"{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[-179.5,1]},"
	"\"properties\":{\"name\":\"west\"}}]}";

static void about(void **state)
{
	static const struct {
		const char *name;
		enum field_kind kind;
	} fields[] = {{"name", FIELD_TEXT}, {"n", FIELD_NUMBER}, {"open", FIELD_BOOLEAN},
		      {"day", FIELD_DATE},  {"x", FIELD_JSON},   {"until", FIELD_TIME}};
	struct made made;
	size_t count;

	made_of(&made, town);
	const struct table_about *got = feature_table_about(made.table);
	assert_memory_equal(got, &made.about, sizeof(*got));
	assert_int_equal(got->count, 6);
	assert_int_equal(got->placed_count, 5);
	assert_true(got->has_type && got->type == GEOMETRY_POINT);
	assert_false(got->has_ids);
	assert_true(got->box.west == -179.5 && got->box.north == 51.3);
	assert_true(got->has_span);
	char text[INSTANT_TEXT_LEN];
	instant_text(got->span.from_ms, text);
	assert_string_equal(text, "2026-04-01T00:00:00Z");
	instant_text(got->span.to_ms, text);
	assert_string_equal(text, "2026-04-05T12:00:00Z");
	const struct table_field *field = feature_table_fields(made.table, &count);
	assert_int_equal(count, sizeof(fields) / sizeof(*fields));
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(field[i].name, fields[i].name);
		assert_int_equal(field[i].kind, fields[i].kind);
	}
	assert_int_equal(feature_table_field(made.table, bytes_str("open")), 2);
	assert_true(feature_table_field(made.table, bytes_str("ope")) == SIZE_MAX);
	assert_true(table_keep_bytes(made.kept) > 4096);
	made_end(&made);
}

static void filter(struct feature_query *query, size_t field, const char *value)
{
	query->filters[query->filter_count++] = (struct feature_filter){field, bytes_str(value)};
}

static void filters(void **state)
{
	static const struct {
		size_t field;
		const char *value, *fids;
	} cases[] = {
		{0, "A", "1 "},
		{0, "B\"\xc3\xa4", "2 "},
		{0, "a", ""},
		{0, "2", "4 "}, /* a text that looks like a number */
		{0, "'; DROP TABLE feature;--", ""},
		{1, "2", "2 "},
		{1, "2.0", "2 "},
		{1, "2.5", "3 "},
		{1, "25e-1", "3 "},
		{1, "", ""},
		{2, "true", "1 "},
		{2, "false", "2 "},
		{2, "1", ""},
		{3, "2026-04-03", "3 "},
	};
	struct made made;

	made_of(&made, town);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct feature_query query = {0};
		filter(&query, cases[i].field, cases[i].value);
		expect(&made, query, cases[i].fids);
	}
	struct feature_query both = {0};
	filter(&both, 1, "2");
	filter(&both, 2, "false");
	expect(&made, both, "2 ");
	filter(&both, 0, "A");
	expect(&made, both, "");
	made_end(&made);
}

static void boxes(void **state)
{
	struct made made;

	made_of(&made, town);
	expect(&made, (struct feature_query){.has_box = true, .box = {13.1, 51.1, 13.2, 51.2}},
	       "1 2 ");
	expect(&made, (struct feature_query){.has_box = true, .box = {13.11, 51, 13.19, 52}}, "");
	expect(&made, (struct feature_query){.has_box = true, .box = {-180, -90, 180, 90}},
	       "1 2 3 5 6 ");
	/* across the antimeridian */
	expect(&made, (struct feature_query){.has_box = true, .box = {177, -70, -177, 70}}, "5 6 ");
	/* in metres, around the first; and where the projection ends */
	expect(&made,
	       (struct feature_query){.has_box = true,
				      .box_crs = CRS_25833,
				      .box = {366000, 5661000, 368000, 5664000}},
	       "1 ");
	expect(&made,
	       (struct feature_query){
		       .has_box = true, .box_crs = CRS_25833, .box = {-1e8, -1e8, -9e7, -9e7}},
	       "");
	made_end(&made);
}

static void spans(void **state)
{
	static const struct {
		const char *datetime, *fids;
	} cases[] = {
		{"2026-04-01", "1 "},          {"2026-04-02T12:00:00Z", "2 "},
		{"2026-04-04", "3 "}, /* lasts from its day until its until */
		{"2026-04-02/..", "2 3 "},     {"../2026-04-01T", "1 "},
		{"2025-01-01/2025-12-31", ""}, {"../..", "1 2 3 "},
	};
	struct made made;

	made_of(&made, town);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct feature_query query = {.has_span = true};
		assert_int_equal(span_parse(bytes_str(cases[i].datetime), &query.span), ERR_OK);
		expect(&made, query, cases[i].fids);
	}
	made_end(&made);
}

static void pages(void **state)
{
	static const int64_t fids[] = {5, 2, 99};
	struct made made;

	made_of(&made, town);
	expect(&made, (struct feature_query){.limit = 2}, "1 2 ");
	expect(&made, (struct feature_query){.limit = 2, .after = 2}, "3 4 ");
	expect(&made, (struct feature_query){.limit = 2, .after = 6}, "");
	expect(&made, (struct feature_query){.limit = 2, .offset = 5}, "6 ");
	expect(&made, (struct feature_query){.id = "3"}, "3 ");
	expect(&made, (struct feature_query){.id = "03"}, "");
	expect(&made, (struct feature_query){.id = "7"}, "");
	expect(&made, (struct feature_query){.id = "x"}, "");
	expect(&made, (struct feature_query){.fids = fids, .fid_count = 3}, "2 5 ");
	expect(&made, (struct feature_query){.sorts = {{0, true}}, .sort_count = 1},
	       "6 5 2 1 4 3 ");
	expect(&made,
	       (struct feature_query){.sorts = {{2, false}, {SIZE_MAX, true}}, .sort_count = 2},
	       "6 5 4 3 2 1 ");
	made_end(&made);
}

struct printed {
	struct buf json, plain;
};

static bool print_each(void *arg, const struct feature_row *row)
{
	struct printed *printed = arg;

	for (size_t i = 0; i < 6; i++) {
		feature_put_json(&printed->json, row, i);
		buf_add_u8(&printed->json, ' ');
		if (feature_is_null(row, i))
			buf_add_u8(&printed->plain, '-');
		feature_put_plain(&printed->plain, row, i);
		buf_add_u8(&printed->plain, ' ');
	}
	buf_add(&printed->json, bytes_str(row->geometry ? row->geometry : "null"));
	buf_add_u8(&printed->json, '\n');
	return true;
}

/* What went in comes out. */
static void values(void **state)
{
	struct printed printed;
	struct made made;

	buf_init(&printed.json, 65536);
	buf_init(&printed.plain, 65536);
	made_of(&made, town);
	struct feature_query query = {.limit = 4};
	assert_int_equal(feature_select(made.table, &query, print_each, &printed), ERR_OK);
	buf_add_u8(&printed.json, 0);
	buf_add_u8(&printed.plain, 0);
	assert_string_equal((char *)printed.json.ptr,
			    "\"A\" 1 true \"2026-04-01\" null null "
			    "{\"type\":\"Point\",\"coordinates\":[13.1,51.1]}\n"
			    "\"B\\\"\xc3\xa4\" 2 false \"2026-04-02\" {\"a\":[1]} null "
			    "{\"type\":\"Point\",\"coordinates\":[13.2,51.2]}\n"
			    "null 2.5 null \"2026-04-03\" null \"2026-04-05T12:00:00Z\" "
			    "{\"type\":\"Point\",\"coordinates\":[13.3,51.3]}\n"
			    "\"2\" 12345678901234567890 null null null null null\n");
	assert_string_equal(
		(char *)printed.plain.ptr,
		"A 1 true 2026-04-01 - - B\"\xc3\xa4 2 false 2026-04-02 {\"a\":[1]} - "
		"- 2.5 - 2026-04-03 - 2026-04-05T12:00:00Z 2 12345678901234567890 - - - - ");
	made_end(&made);
	buf_fini(&printed.json);
	buf_fini(&printed.plain);
}

/* Ids of the file are those of the table when each feature has one, and another one. */
static void ids(void **state)
{
	static const struct {
		const char *text;
		bool has_ids;
	} cases[] = {
		{"{\"type\":\"Feature\",\"id\":\"a\",\"geometry\":null,\"properties\":null}\n"
		 "{\"type\":\"Feature\",\"id\":7,\"geometry\":null,\"properties\":null}",
		 true},
		{"{\"type\":\"Feature\",\"id\":\"a\",\"geometry\":null,\"properties\":null}\n"
		 "{\"type\":\"Feature\",\"id\":\"a\",\"geometry\":null,\"properties\":null}",
		 false},
		{"{\"type\":\"Feature\",\"id\":\"a\",\"geometry\":null,\"properties\":null}\n"
		 "{\"type\":\"Feature\",\"geometry\":null,\"properties\":null}",
		 false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct made made;
		made_of(&made, cases[i].text);
		assert_int_equal(made.about.has_ids, cases[i].has_ids);
		expect(&made, (struct feature_query){.id = "a"}, cases[i].has_ids ? "1 " : "");
		expect(&made, (struct feature_query){.id = "7"}, cases[i].has_ids ? "2 " : "");
		expect(&made, (struct feature_query){.id = "2"}, cases[i].has_ids ? "" : "2 ");
		made_end(&made);
	}
}

#define CRS(name) "\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"" name "\"}}"
#define METRES    FEATURE(POINT(392888.597, 5669144.690), "\"a\":1")

/* Another reference system is named before the features, or behind them. */
static void systems(void **state)
{
	static const char *const texts[] = {
		"{\"type\":\"FeatureCollection\"," CRS(
			"urn:ogc:def:crs:EPSG::25833") ",\"features\":[" METRES "]}",
		"{\"type\":\"FeatureCollection\",\"features\":[" METRES "]," CRS("EPSG:25833") "}",
		"{" CRS("urn:ogc:def:crs:OGC:1.3:CRS84") ",\"type\":\"FeatureCollection\","
							 "\"features\":[" FEATURE(
								 POINT(13.4681, 51.1637),
								 "\"a\":1") "]}",
		"{\"crs\":null,\"type\":\"FeatureCollection\","
		"\"features\":[" FEATURE(POINT(13.4681, 51.1637), "\"a\":1") "]}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct made made;
		made_of(&made, texts[i]);
		struct feature_query query = {.has_box = true,
					      .box = {13.46809, 51.16369, 13.46811, 51.16371}};
		expect(&made, query, "1 ");
		made_end(&made);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *text;
		enum err err;
		const char *says;
	} cases[] = {
		{"", ERR_ABSENT, "no GeoJSON"},
		{"[]", ERR_ABSENT, "no GeoJSON"},
		{"{}", ERR_ABSENT, "no GeoJSON"},
		{"{\"type\":\"Topology\",\"objects\":{}}", ERR_ABSENT, "no GeoJSON"},
		{"{\"type\":\"FeatureCollection\",\"features\":[", ERR_MALFORMED, "byte 40"},
		{COLLECTION("1"), ERR_MALFORMED, "an object is expected"},
		{COLLECTION(FEATURE(POINT(1, 2), "\"a\":1") "," FEATURE(POINT(1, x), "")),
		 ERR_MALFORMED, "byte"},
		{COLLECTION(FEATURE(POINT(1, 2), "\"a\":1") "," FEATURE(POINT(1, null), "")),
		 ERR_MALFORMED, "feature 2: the geometry has a coordinate that is no number"},
		{COLLECTION(METRES), ERR_MALFORMED, "no longitude and latitude"},
		{"{\"type\":\"FeatureCollection\"," CRS("EPSG:31468") ",\"features\":[]}",
		 ERR_MALFORMED, "reference system"},
		{"{\"type\":\"FeatureCollection\",\"features\":[" METRES "]," CRS("EPSG:31468") "}",
		 ERR_MALFORMED, "no longitude"},
		{COLLECTION("{\"type\":\"Feature\",\"geometry\":null,\"properties\":[]}"),
		 ERR_MALFORMED, "an object is expected"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct made made;
		make_of(&made, cases[i].text, "memory:bad", &limits);
		assert_null(made.kept);
		if (made.err != cases[i].err || !strstr(made.why, cases[i].says))
			fail_msg("%s: %d %s", cases[i].text, made.err, made.why);
	}
	struct feature_table *table;
	assert_int_equal(feature_table_open(&table, "memory:bad"), ERR_ABSENT);
}

static void bounds(void **state)
{
	const atomic_bool stop = true;
	struct table_limits few = {.feature_count_max = 6, .byte_count_max = 64 * 1024 * 1024};
	struct made made;
	struct buf text;

	make_of(&made, town, "memory:few", &few);
	assert_int_equal(made.err, ERR_OK);
	made_end(&made);
	few.feature_count_max = 5;
	make_of(&made, town, "memory:few", &few);
	assert_int_equal(made.err, ERR_FULL);
	assert_non_null(strstr(made.why, "more than 5 features"));
	few = (struct table_limits){1000, 16384, NULL};
	make_of(&made, town, "memory:few", &few);
	assert_int_equal(made.err, ERR_FULL);

	for (size_t fields = TABLE_FIELD_MAX; fields <= TABLE_FIELD_MAX + 1; fields++) {
		buf_init(&text, 65536);
		buf_add(&text,
			bytes_str("{\"type\":\"Feature\",\"geometry\":null,\"properties\":{"));
		for (size_t i = 0; i < fields; i++) {
			char one[32];
			snprintf(one, sizeof(one), "%s\"f%zu\":%zu", i ? "," : "", i, i);
			buf_add(&text, bytes_str(one));
		}
		buf_add(&text, bytes_of("}}", 3));
		make_of(&made, (char *)text.ptr, "memory:wide", &limits);
		assert_int_equal(made.err, fields > TABLE_FIELD_MAX ? ERR_FULL : ERR_OK);
		made_end(&made);
		buf_fini(&text);
	}

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 300; i++)
		buf_add(&text, bytes_str(METRES "\n"));
	buf_reset(&text);
	for (int i = 0; i < 300; i++)
		buf_add(&text, bytes_str(FEATURE(POINT(1, 2), "") "\n"));
	buf_add_u8(&text, 0);
	few = (struct table_limits){1000, 1 << 24, &stop};
	make_of(&made, (char *)text.ptr, "memory:stop", &few);
	assert_int_equal(made.err, ERR_AGAIN);
	buf_fini(&text);
}

/* A file appears whole or not at all; what is no table, or damaged, is said to be so. */
static void files(void **state)
{
	char dir[] = "/tmp/allmende-features-XXXXXX", path[128], made_path[160];
	struct feature_table *table;
	struct made made;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a %%3f?#.sqlite", dir);
	snprintf(made_path, sizeof(made_path), "%s.made", path);
	assert_int_equal(feature_table_open(&table, path), ERR_ABSENT);
	make_of(&made, COLLECTION("1"), path, &limits);
	assert_int_equal(made.err, ERR_MALFORMED);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(made_path, F_OK), -1);
	make_of(&made, town, path, &limits);
	assert_int_equal(made.err, ERR_OK);
	assert_null(made.kept);
	assert_int_equal(access(made_path, F_OK), -1);
	expect(&made, (struct feature_query){0}, "1 2 3 4 5 6 ");
	made_end(&made);
	FILE *file = fopen(path, "w");
	fputs("this is no database, and long enough to be looked at as if it were one", file);
	for (int i = 0; i < 4096; i++)
		fputc('x', file);
	fclose(file);
	assert_int_equal(feature_table_open(&table, path), ERR_CORRUPT);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(about),  cmocka_unit_test(filters), cmocka_unit_test(boxes),
		cmocka_unit_test(spans),  cmocka_unit_test(pages),   cmocka_unit_test(values),
		cmocka_unit_test(ids),    cmocka_unit_test(systems), cmocka_unit_test(refusals),
		cmocka_unit_test(bounds), cmocka_unit_test(files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
