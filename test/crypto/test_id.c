/* id: texts of identifiers. */
#include "test/crypto/helpers.h"

static void hex_is_exact(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} cases[] = {{"00ff10", ERR_OK},          {"00FF10", ERR_MALFORMED},
		     {"00fF10", ERR_MALFORMED},   {"00ff1", ERR_MALFORMED},
		     {"00ff1000", ERR_MALFORMED}, {"", ERR_MALFORMED},
		     {"00ff1g", ERR_MALFORMED},   {"00 f10", ERR_MALFORMED},
		     {"0x0f10", ERR_MALFORMED},   {"00ff\xc3\xa4", ERR_MALFORMED}};
	uint8_t out[3];
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_err(hex_get(out, 3, cases[i].text), cases[i].err);
	assert_ok(hex_get(out, 3, "00ff10"));
	assert_memory_equal(out, "\x00\xff\x10", 3);
	assert_ok(hex_get(out, 0, ""));
	char text[7];
	hex_put(text, bytes_of(out, 3));
	assert_string_equal(text, "00ff10");
}

static void ids_compare(void **state)
{
	struct fed_id a = {{0}}, b = {{0}};
	assert_true(id_zero(&a));
	assert_true(id_eq(&a, &b));
	for (unsigned i = 0; i < ID_LEN; i++) {
		a.b[i] = 1;
		assert_false(id_zero(&a));
		assert_false(id_eq(&a, &b));
		a.b[i] = 0;
	}
}

static void base64_known_answers(void **state)
{
	static const struct {
		const char *plain, *text;
	} cases[] = {/* RFC 4648, section 10, without padding */
		     {"", ""},
		     {"f", "Zg"},
		     {"fo", "Zm8"},
		     {"foo", "Zm9v"},
		     {"foob", "Zm9vYg"},
		     {"fooba", "Zm9vYmE"},
		     {"foobar", "Zm9vYmFy"},
		     {"\xfa\xfb\xfc\xfd\xfe\xff\x01", "-vv8_f7_AQ"}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf text, plain;
		/* exactly as large as needed: nothing may want room for a terminating zero */
		buf_init(&text, strlen(cases[i].text));
		buf_init(&plain, strlen(cases[i].plain));
		base64_put(&text, bytes_str(cases[i].plain));
		assert_ok(text.err);
		assert_true(bytes_eq(buf_bytes(&text), bytes_str(cases[i].text)));
		assert_ok(base64_get(&plain, bytes_str(cases[i].text)));
		assert_true(bytes_eq(buf_bytes(&plain), bytes_str(cases[i].plain)));
		buf_fini(&text);
		buf_fini(&plain);
	}
}

static void base64_refuses(void **state)
{
	/* padding, the other alphabet, blanks, bits after the end, a lone character */
	static const char *const cases[] = {"Zg==", "+vv8", "/vv8",  "Zm 9v", "Zm9v\n", "Zh",
					    "Zm9",  "Z",    "Zm9vY", "=",     "Zm9v="};
	struct buf out;
	buf_init(&out, 100);
	buf_add_u8(&out, 'x');
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_err(base64_get(&out, bytes_str(cases[i])), ERR_MALFORMED);
		assert_true(bytes_eq(buf_bytes(&out), bytes_str("x")));
	}
	assert_ok(base64_get(&out, bytes_str("Zm9v")));
	assert_true(bytes_eq(buf_bytes(&out), bytes_str("xfoo")));
	buf_fini(&out);
	buf_init(&out, 2);
	assert_err(base64_get(&out, bytes_str("Zm9v")), ERR_FULL);
	buf_fini(&out);
}

static void base64_round_trip(void **state)
{
	uint8_t in[300];
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 89 + 3);
	for (size_t len = 0; len <= sizeof(in); len++) {
		struct buf text, out;
		buf_init(&text, 1000);
		buf_init(&out, len);
		base64_put(&text, bytes_of(in, len));
		assert_int_equal(text.len, (len * 4 + 2) / 3);
		assert_ok(base64_get(&out, buf_bytes(&text)));
		assert_true(bytes_eq(buf_bytes(&out), bytes_of(in, len)));
		buf_fini(&text);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_is_exact),         cmocka_unit_test(ids_compare),
		cmocka_unit_test(base64_known_answers), cmocka_unit_test(base64_refuses),
		cmocka_unit_test(base64_round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
