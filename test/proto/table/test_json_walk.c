/* json_walk: paths, rows and values, fed at once and byte by byte, and what is no JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/table/json_walk.h"

/* "path=value;" of each value, "|" of each row. */
static void told(struct buf *out, struct json_walk *walk)
{
	struct json_walk_event event;

	while (json_walk_next(walk, &event)) {
		if (event.kind == JSON_WALK_ROW) {
			buf_add(out, bytes_str("|"));
			continue;
		}
		buf_add(out, event.path);
		buf_add(out, bytes_str("="));
		buf_add(out, event.value);
		buf_add(out, bytes_str(";"));
	}
}

static enum err walk_text(struct buf *out, struct bytes text, size_t step)
{
	struct json_walk walk;

	json_walk_init(&walk);
	buf_reset(out);
	for (size_t i = 0; i < text.len; i += step) {
		json_walk_feed(&walk, bytes_slice(text, i, step));
		told(out, &walk);
	}
	json_walk_end(&walk);
	told(out, &walk);
	enum err err = walk.err;
	json_walk_fini(&walk);
	return err;
}

static void what_it_says(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"{\"a\": 1, \"b\": [true, null]}", "a=1;b[]=true;b[]=;|"},
		{"[{\"a\":\"x\"},{\"a\":\"y\"}]", "[].a=x;|[].a=y;||"},
		{"{\"f\":[{\"p\":{\"n\":\"A\"},\"c\":[[1,2],[3,4]]}],\"z\":0}",
		 "f[].p.n=A;f[].c[][]=1;f[].c[][]=2;f[].c[][]=3;f[].c[][]=4;|z=0;|"},
		{"{\"a\":1}\n{\"a\":2}\n", "a=1;|a=2;|"},
		{"\xef\xbb\xbf[1]", "[]=1;|"},
		{"[{\"a\":[{\"b\":1}]}]", "[].a[].b=1;||"},
		{"\"\\u00e4\\ud83d\\ude00\\n\\ud800x\"",
		 "=\xc3\xa4\xf0\x9f\x98\x80\n\xef\xbf\xbdx;"},
		{"\"\\ud800\\ud800\\udc00\\udc00\"", "=\xef\xbf\xbd\xf0\x90\x80\x80\xef\xbf\xbd;"},
		{"12", "=12;"},
		{"{}", "|"},
		{"", ""},
	};
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t step = 1; step < 64; step += 62) {
			assert_int_equal(walk_text(&out, bytes_str(cases[i].text), step), ERR_OK);
			assert_true(bytes_eq(buf_bytes(&out), bytes_str(cases[i].says)));
		}
	buf_fini(&out);
}

static void what_is_none(void **state)
{
	static const char *const texts[] = {
		"{",           "[1",    "[1 2]",  "{\"a\"}", "{\"a\":}",    "{\"a\":1]", "]",
		"nul",         "[tru]", "\"a",    "\"\\x\"", "\"\\u12g4\"", "\"\n\"",    "{1:2}",
		"{\"a\":1,}x", "hello", "<xml/>", "[1}",     "{\"a\" 1}",   ",",         "\"\\u12",
	};
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (walk_text(&out, bytes_str(texts[i]), 1) != ERR_MALFORMED)
			fail_msg("%s was taken", texts[i]);
	buf_fini(&out);
}

static void it_goes_so_deep(void **state)
{
	char text[2 * (JSON_WALK_DEPTH_MAX + 1) + 1];
	struct buf out;

	buf_init(&out, 4096);
	for (size_t depth = JSON_WALK_DEPTH_MAX; depth <= JSON_WALK_DEPTH_MAX + 1; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		assert_int_equal(walk_text(&out, bytes_of(text, 2 * depth), 1),
				 depth > JSON_WALK_DEPTH_MAX ? ERR_FULL : ERR_OK);
	}
	buf_fini(&out);
}

static void long_ones_are_cut(void **state)
{
	struct buf text, out;

	buf_init(&text, 1 << 20);
	buf_init(&out, 1 << 20);
	buf_add(&text, bytes_str("{\""));
	for (size_t i = 0; i < 2 * JSON_WALK_PATH_LEN_MAX; i++)
		buf_add_u8(&text, 'k');
	buf_add(&text, bytes_str("\":\""));
	for (size_t i = 0; i < 2 * JSON_WALK_VALUE_LEN_MAX; i++)
		buf_add_u8(&text, 'v');
	buf_add(&text, bytes_str("\"}"));
	assert_int_equal(walk_text(&out, buf_bytes(&text), 1000), ERR_OK);
	assert_int_equal(out.len, strlen("=;|") + JSON_WALK_VALUE_LEN_MAX);
	buf_fini(&text);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(it_goes_so_deep),
		cmocka_unit_test(long_ones_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
