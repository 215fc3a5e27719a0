#include "test/node/node_test.h"

#include <string.h>

#include "node/http/percent.h"

static void decoding(void **state)
{
	static const struct {
		const char *in, *out; /* NULL: refused */
	} cases[] = {
		{"", ""},
		{"plain-._~/", "plain-._~/"},
		{"a%2Fb%2fc", "a/b/c"},
		{"%c3%9F", "\xc3\x9f"},
		{"%25%32%35", "%25"}, /* once only */
		{"a+b", "a+b"},
		{"%", NULL},
		{"%4", NULL},
		{"%4g", NULL},
		{"%g4", NULL},
		{"%%41", NULL},
		{"a%00b", NULL},
		{"% 41", NULL},
	};
	struct buf out;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum err err;

		buf_init(&out, 100);
		err = percent_decode(&out, bytes_str(cases[i].in));
		if ((err == ERR_OK) != (cases[i].out != NULL))
			fail_msg("\"%s\": %s", cases[i].in, err_text(err));
		if (!err) {
			assert_int_equal(out.len, strlen(cases[i].out));
			assert_string_equal((const char *)out.ptr, cases[i].out);
		}
		buf_fini(&out);
	}
}

/* The last byte that fits, and one more: the terminating zero needs room, too. */
static void bounds(void **state)
{
	struct buf out;

	buf_init(&out, 4);
	assert_int_equal(percent_decode(&out, bytes_str("%41bc")), ERR_OK);
	assert_int_equal(out.len, 3);
	buf_fini(&out);
	buf_init(&out, 4);
	assert_int_equal(percent_decode(&out, bytes_str("abcd")), ERR_MALFORMED);
	buf_fini(&out);
}

static void encoding(void **state)
{
	struct buf out, back;

	buf_init(&out, 100);
	percent_encode(&out, bytes_str("a b/\xc3\xa4?#%\"<@1~.csv"));
	buf_add_u8(&out, 0);
	assert_string_equal((const char *)out.ptr, "a%20b/%C3%A4%3F%23%25%22%3C@1~.csv");
	buf_init(&back, 100);
	assert_int_equal(percent_decode(&back, bytes_str((const char *)out.ptr)), ERR_OK);
	assert_string_equal((const char *)back.ptr, "a b/\xc3\xa4?#%\"<@1~.csv");
	buf_reset(&out);
	percent_encode_part(&out, bytes_str("a-b_c.d~/@\xc3\xa4"));
	buf_add_u8(&out, 0);
	assert_string_equal((const char *)out.ptr, "a-b_c.d~%2F%40%C3%A4");
	buf_fini(&back);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoding),
		cmocka_unit_test(bounds),
		cmocka_unit_test(encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
