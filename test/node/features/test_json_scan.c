#include "test/node/node_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/features/json_scan.h"
#include "test/node/features/text_source.h"

/* The one value of the text, compact; "" after a fault, which stands in scan. */
static void scan_whole(struct json_scan *scan, const char *text, size_t step, struct buf *out)
{
	struct text_source source = {bytes_str(text), .step = step};

	buf_init(out, 4096);
	json_scan_init(scan, text_source_read, &source);
	json_scan_value(scan, out);
	if (!scan->err && json_scan_between(scan)) {
		scan->err = ERR_MALFORMED;
		snprintf(scan->why, sizeof(scan->why), "more");
	}
	json_scan_fini(scan);
	buf_add_u8(out, 0);
}

static void values(void **state)
{
	static const struct {
		const char *text, *compact;
	} cases[] = {
		{"1", "1"},
		{" \xef\xbb\xbf", NULL},
		{"\xef\xbb\xbf [ 1 , 2 ]", "[1,2]"},
		{"{}", "{}"},
		{"[]", "[]"},
		{" { \"a\" : [ true , false , null ] , \"b\" : { } } ",
		 "{\"a\":[true,false,null],\"b\":{}}"},
		{"[-0,0.10,1e5,1E-2,12345678901234567890]",
		 "[-0,0.10,1e5,1E-2,12345678901234567890]"},
		{"\"\\u00e4\\n\\/\\ud83d\\ude00\"", "\"\xc3\xa4\\u000a/\xf0\x9f\x98\x80\""},
		{"\"\xc3\xa4\\\"\\\\\"", "\"\xc3\xa4\\\"\\\\\""},
		{"", NULL},
		{"01", NULL},
		{"-", NULL},
		{"1.", NULL},
		{".5", NULL},
		{"1e", NULL},
		{"+1", NULL},
		{"tru", NULL},
		{"trux", NULL},
		{"nullx", NULL},
		{"[1 2]", NULL},
		{"[1,]", NULL},
		{"[,1]", NULL},
		{"[1", NULL},
		{"{\"a\"}", NULL},
		{"{\"a\":}", NULL},
		{"{\"a\":1,}", NULL},
		{"{a:1}", NULL},
		{"{1:1}", NULL},
		{"{\"a\":1]", NULL},
		{"\"", NULL},
		{"\"a\nb\"", NULL},
		{"\"\\x\"", NULL},
		{"\"\\u12g4\"", NULL},
		{"\"\\ud800\"", NULL},
		{"\"\\ud800\\u0041\"", NULL},
		{"\"\\udc00\"", NULL},
		{"\"\\u0000\"", NULL},
		{"\"\xff\"", NULL},
		{"\"\xc3(\"", NULL},
		{"\"\xc0\x80\"", NULL},
		{"NaN", NULL},
		{"1 1", NULL},
		{"'a'", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t step = 0; step < 4; step++) {
			struct json_scan scan;
			struct buf out;
			scan_whole(&scan, cases[i].text, step, &out);
			if (cases[i].compact) {
				if (scan.err)
					fail_msg("%s: %s", cases[i].text, scan.why);
				assert_string_equal((char *)out.ptr, cases[i].compact);
			} else if (!scan.err) {
				fail_msg("\"%s\" was taken", cases[i].text);
			}
			buf_fini(&out);
		}
}

/* A value may be so deep, and so long as its buffer, and no more; passed over it may be longer. */
static void bounds(void **state)
{
	char text[3 * JSON_SCAN_DEPTH_MAX];
	struct json_scan scan;
	struct buf out;

	for (size_t depth = JSON_SCAN_DEPTH_MAX; depth <= JSON_SCAN_DEPTH_MAX + 1; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		text[2 * depth] = 0;
		scan_whole(&scan, text, 0, &out);
		assert_int_equal(scan.err, depth == JSON_SCAN_DEPTH_MAX ? ERR_OK : ERR_FULL);
		buf_fini(&out);
	}

	struct text_source source = {bytes_str("\"0123456789\"")};
	buf_init(&out, 11);
	json_scan_init(&scan, text_source_read, &source);
	json_scan_value(&scan, &out);
	assert_int_equal(scan.err, ERR_FULL);
	assert_non_null(strstr(scan.why, "too long"));
	json_scan_fini(&scan);
	text_source_rewind(&source);
	json_scan_init(&scan, text_source_read, &source);
	json_scan_value(&scan, NULL);
	assert_int_equal(scan.err, ERR_OK);
	json_scan_fini(&scan);
	buf_fini(&out);
}

static void walking(void **state)
{
	struct text_source source = {bytes_str("{\"a\":[1,2],\"\":\"x\"}\n\x1e{\"b\":{}}\n"),
				     .step = 1};
	struct json_scan scan;
	struct buf key, value;
	int items = 0;

	buf_init(&key, 64);
	buf_init(&value, 64);
	json_scan_init(&scan, text_source_read, &source);
	assert_true(json_scan_between(&scan));
	json_scan_open(&scan, '{');
	assert_true(json_scan_key(&scan, &key));
	assert_string_equal((char *)key.ptr, "a");
	json_scan_open(&scan, '[');
	while (json_scan_item(&scan)) {
		json_scan_value(&scan, NULL);
		items++;
	}
	assert_int_equal(items, 2);
	assert_true(json_scan_key(&scan, &key));
	assert_int_equal(key.len, 0);
	json_scan_string(&scan, &value);
	assert_string_equal((char *)value.ptr, "x");
	assert_false(json_scan_key(&scan, &key));
	assert_true(json_scan_between(&scan));
	json_scan_open(&scan, '{');
	assert_true(json_scan_key(&scan, &key));
	json_scan_value(&scan, NULL);
	assert_false(json_scan_key(&scan, &key));
	assert_false(json_scan_between(&scan));
	assert_int_equal(scan.err, ERR_OK);
	json_scan_fini(&scan);
	buf_fini(&key);
	buf_fini(&value);
}

/* What cannot be read is a fault of the disk, not of the file, and the place is told. */
static void reading_fails(void **state)
{
	struct text_source source = {bytes_str("[1,"), .fails = true};
	struct json_scan scan;

	json_scan_init(&scan, text_source_read, &source);
	json_scan_value(&scan, NULL);
	assert_int_equal(scan.err, ERR_IO);
	assert_non_null(strstr(scan.why, "byte 3"));
	json_scan_fini(&scan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(bounds),
		cmocka_unit_test(walking),
		cmocka_unit_test(reading_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
