/* utf8: what is a character, what is a text, and what nobody is shown as it is. */
#include "test/crypto/helpers.h"

#include "crypto/utf8.h"

/* The bytes are one character. */
#define ONE(bytes, code)                                                                           \
	{                                                                                          \
		bytes, sizeof(bytes) - 1, sizeof(bytes) - 1, code                                  \
	}
/* They begin with none. */
#define NONE(bytes)                                                                                \
	{                                                                                          \
		bytes, sizeof(bytes) - 1, 0, 0                                                     \
	}

static void characters(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, want;
		uint32_t code;
	} cases[] = {
		ONE("\x00", 0),
		ONE("a", 'a'),
		ONE("\x7f", 0x7f),
		ONE("\xc2\x80", 0x80),
		ONE("\xdf\xbf", 0x7ff),
		ONE("\xe0\xa0\x80", 0x800),
		ONE("\xe2\x82\xac", 0x20ac),
		ONE("\xed\x9f\xbf", 0xd7ff),
		ONE("\xee\x80\x80", 0xe000),
		ONE("\xef\xbf\xbf", 0xffff),
		ONE("\xf0\x90\x80\x80", 0x10000),
		ONE("\xf3\xa0\x80\x81", 0xe0001),
		ONE("\xf4\x8f\xbf\xbf", 0x10ffff),
		{"\xc3\x9f"
		 "en",
		 4, 2, 0xdf}, /* what follows does not matter */
		{"\xc3\x9f\xff", 3, 2, 0xdf},
		NONE(""),
		/* a continuation, and bytes that begin nothing */
		NONE("\x80"),
		NONE("\xbf"
		     "a"),
		NONE("\xfe"),
		NONE("\xff\xff\xff\xff"),
		/* overlong */
		NONE("\xc0\x80"),
		NONE("\xc0\xaf"),
		NONE("\xc1\xbf"),
		NONE("\xe0\x80\xaf"),
		NONE("\xe0\x9f\xbf"),
		NONE("\xf0\x80\x80\xaf"),
		NONE("\xf0\x8f\xbf\xbf"),
		/* surrogates */
		NONE("\xed\xa0\x80"),
		NONE("\xed\xaf\xbf"),
		NONE("\xed\xb0\x80"),
		NONE("\xed\xbf\xbf"),
		/* above U+10FFFF */
		NONE("\xf4\x90\x80\x80"),
		NONE("\xf5\x80\x80\x80"),
		NONE("\xf7\xbf\xbf\xbf"),
		NONE("\xf8\x88\x80\x80\x80"),
		/* cut off */
		NONE("\xc3"),
		NONE("\xe2\x82"),
		NONE("\xf0\x9f\x8f"),
		/* another byte where one must go on */
		NONE("\xc3("),
		NONE("\xe2("
		     "\xac"),
		NONE("\xe2\x82("),
		NONE("\xf0\x9f("
		     "\x9b"),
		NONE("\xf0\x9f\x8f\xc3"),
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t *exact =
			malloc(cases[i].len + !cases[i].len); /* ASan sees what is behind */
		uint32_t code = 0x55;
		size_t len;

		memcpy(exact, cases[i].bytes, cases[i].len);
		len = utf8_next(bytes_of(exact, cases[i].len), &code);
		if (len != cases[i].want || code != (len ? cases[i].code : 0x55))
			fail_msg("case %zu: %zu bytes, U+%04X", i, len, code);
		free(exact);
	}
}

static size_t encode(uint8_t out[4], uint32_t c)
{
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(len == 1 ? c : (0xf00U >> len & 0xff) | c);
	return len;
}

/* Every number there is, written as UTF-8 would: the surrogates and what is too high are none. */
static void all_of_them(void **state)
{
	for (uint32_t c = 0; c < 0x200000; c++) {
		bool is_char = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
		uint8_t bytes[4];
		size_t len = encode(bytes, c);
		uint32_t code = 0;

		if (utf8_next(bytes_of(bytes, len), &code) != (is_char ? len : 0) ||
		    code != (is_char ? c : 0))
			fail_msg("U+%04X became U+%04X", c, code);
	}
}

static void texts(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool good, lined;
	} cases[] = {
		{"", 0, true, true},
		{"Stadt Mei\xc3\x9f"
		 "en \xf0\x9f\x8f\xb0",
		 18, true, true},
		{"a\nb", 3, false, true},
		{"a\tb", 3, false, false},
		{"a\rb", 3, false, false},
		{"a\0b", 3, false, false},
		{"\x1b[2J", 4, false, false},
		{"\x1f", 1, false, false},
		{" ~", 2, true, true},
		{"\x7f", 1, false, false},
		/* a text may hold what is only never shown as it is */
		{"\xc2\x80", 2, true, true},
		{"\xe2\x80\xae", 3, true, true},
		{"a\xc3", 2, false, false},
		{"a\xc0\xaf", 3, false, false},
		{"a\xed\xa0\x80", 4, false, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes text = bytes_of(cases[i].text, cases[i].len);

		if (utf8_check(text, false) != cases[i].good ||
		    utf8_check(text, true) != cases[i].lined)
			fail_msg("case %zu", i);
	}
}

static void cutting(void **state)
{
	static const char text[] = "a\xc3\x9f\xe2\x82\xac\xf0\x9f\x8f\xb0";
	static const size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

	for (size_t max = 0; max < COUNT(kept); max++)
		assert_int_equal(utf8_cut(bytes_str(text), max).len, kept[max]);
	assert_int_equal(utf8_cut(bytes_of(NULL, 0), 0).len, 0);
	/* where there is no character to begin with, nothing is left */
	assert_int_equal(utf8_cut(bytes_str("\x80\x80\x80"), 2).len, 0);
}

/* Both sides of every border. */
static void unsafe(void **state)
{
	static const uint32_t hidden[] = {
		0x00,    '\t',    '\n',    0x1b,    0x1f,    0x7f,    0x80,   0x9b,   0x9f,
		0x61c,   0x200b,  0x200c,  0x200d,  0x200e,  0x200f,  0x2028, 0x2029, 0x202a,
		0x202e,  0x2060,  0x2064,  0x2066,  0x2069,  0x206f,  0xfeff, 0xfff9, 0xfffb,
		0xe0000, 0xe0001, 0xe0020, 0xe007f, 0xe0100, 0xe0fff,
	};
	static const uint32_t shown[] = {
		' ',    'a',    '~',    0xa0,    0xdf,    0x61b,   0x61d,    0x200a,
		0x2010, 0x2027, 0x202f, 0x205f,  0x2070,  0x20ac,  0xfefe,   0xff00,
		0xfff8, 0xfffc, 0xfffd, 0x1f3f0, 0xdffff, 0xe1000, 0x10ffff,
	};

	for (size_t i = 0; i < COUNT(hidden); i++)
		if (!utf8_unsafe(hidden[i]))
			fail_msg("U+%04X is shown", hidden[i]);
	for (size_t i = 0; i < COUNT(shown); i++)
		if (utf8_unsafe(shown[i]))
			fail_msg("U+%04X is hidden", shown[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters), cmocka_unit_test(all_of_them),
		cmocka_unit_test(texts),      cmocka_unit_test(cutting),
		cmocka_unit_test(unsafe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
