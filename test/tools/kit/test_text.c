/*
 * What a terminal gets to see: nothing that steers it, columns that stand below each other.
 */
#include "test/store/store_test.h"

#include <time.h>

#include "tools/kit/text.h"

struct pair {
	const char *in, *out;
};

static void check_escape(const struct pair *pairs, size_t count, bool lines)
{
	for (size_t i = 0; i < count; i++) {
		char *text = text_escape(pairs[i].in, lines);

		assert_string_equal(text, pairs[i].out);
		free(text);
	}
}

static void test_escape(void **state)
{
	static const struct pair pairs[] = {
		{"", ""},
		{"Stadt Meißen – Kita-Plätze €", "Stadt Meißen – Kita-Plätze €"},
		{"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"},
		{"a\rb\bc\x7f", "a\\x0db\\x08c\\x7f"},
		{"a\nb\tc", "a\\nb\\tc"},
		/* C1: CSI in one character */
		{"\xc2\x9b"
		 "31m",
		 "\\u{9b}31m"},
		/* the direction of writing, turned */
		{"gpj.\xe2\x80\xae"
		 "exe",
		 "gpj.\\u{202e}exe"},
		/* characters that look like none */
		{"a\xe2\x80\x8b"
		 "b\xef\xbb\xbf",
		 "a\\u{200b}b\\u{feff}"},
		/* not UTF-8: alone, cut, overlong, a surrogate, a lead byte before the end */
		{"M\xfcller", "M\\xfcller"},
		{"\xc3", "\\xc3"},
		{"\xe2\x82", "\\xe2\\x82"},
		{"\xc0\xaf", "\\xc0\\xaf"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
		{"\xf0\x9f\x8f", "\\xf0\\x9f\\x8f"},
		{"\xf0\x9f\x8f\x9b", "\xf0\x9f\x8f\x9b"},
	};
	static const struct pair lined[] = {
		{"a\nb\x1b"
		 "c",
		 "a\nb\\x1b"
		 "c"},
		{"\r\n", "\\x0d\n"},
	};

	check_escape(pairs, sizeof(pairs) / sizeof(pairs[0]), false);
	check_escape(lined, sizeof(lined) / sizeof(lined[0]), true);
}

static void test_width(void **state)
{
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("Meissen"), 7);
	assert_int_equal(text_width("Meißen"), 6);
	/* as macOS writes "ä": a letter and a combining mark */
	assert_int_equal(text_width("Pla\xcc\x88tze"), 6);
	assert_int_equal(text_width("東京"), 4);
	assert_int_equal(text_width("a\xff"), 2);
}

static void check_cut(const char *text, size_t width, const char *want)
{
	char *cut = text_cut(text, width);

	assert_string_equal(cut, want);
	assert_true(text_width(cut) <= width);
	free(cut);
}

static void test_cut(void **state)
{
	check_cut("Plätze", 6, "Plätze");
	check_cut("Plätze", 5, "Plät…");
	check_cut("Plätze", 1, "…");
	check_cut("東京都", 5, "東京…");
	check_cut("東京都", 4, "東…");
}

static void check_size(uint64_t bytes, const char *want)
{
	char text[TEXT_SHORT_LEN];

	text_size(text, bytes);
	assert_string_equal(text, want);
}

static void test_size(void **state)
{
	check_size(0, "0 B");
	check_size(999, "999 B");
	check_size(1000, "1.0 KB");
	check_size(3140000, "3.1 MB");
	check_size(9949, "9.9 KB");
	check_size(9951, "10 KB");
	check_size(537000000, "537 MB");
	check_size(999499, "999 KB");
	check_size(999500, "1.0 MB");
	check_size(UINT64_MAX, "18 EB");
}

static void check_ago(int64_t ago_ms, const char *want)
{
	const int64_t now_ms = INT64_C(1795000000000);
	char text[TEXT_SHORT_LEN];

	text_ago(text, now_ms - ago_ms, now_ms);
	assert_string_equal(text, want);
}

static void test_times(void **state)
{
	const int64_t minute = 60000, hour = 60 * minute, day = 24 * hour;
	char text[TEXT_SHORT_LEN];

	check_ago(0, "just now");
	check_ago(minute - 1, "just now");
	check_ago(minute, "1 minute ago");
	check_ago(hour - 1, "59 minutes ago");
	check_ago(hour, "1 hour ago");
	check_ago(2 * day, "2 days ago");
	check_ago(30 * day, "30 days ago");
	check_ago(-minute + 1, "in a moment");
	check_ago(-3 * day, "in 3 days");
	setenv("TZ", "UTC", 1);
	tzset();
	check_ago(31 * day, "2026-10-18 11:06");
	text_utc(text, INT64_C(1795000000000));
	assert_string_equal(text, "2026-11-18T11:06:40Z");
	text_utc(text, INT64_MAX);
	assert_true(strlen(text) > 0);
	text_span(text, 59999);
	assert_string_equal(text, "59 s");
	text_span(text, (uint64_t)(2 * hour + 10 * minute));
	assert_string_equal(text, "2 h 10 min");
	text_span(text, (uint64_t)(4 * day));
	assert_string_equal(text, "4 days");
}

static void test_count(void **state)
{
	static const struct {
		uint64_t count;
		const char *text;
	} cases[] = {
		{0, "0"},
		{999, "999"},
		{1000, "1,000"},
		{1234567, "1,234,567"},
		{UINT64_MAX, "18,446,744,073,709,551,615"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[TEXT_SHORT_LEN];

		text_count(text, cases[i].count);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_likeness(void **state)
{
	char *typed = mem_new(1, 5001), *known = mem_new(1, 5001);

	assert_int_equal(text_likeness("", ""), 0);
	assert_int_equal(text_likeness("", "get"), TEXT_UNLIKE);
	assert_int_equal(text_likeness("publish", "publish"), 0);
	assert_int_equal(text_likeness("pubish", "publish"), 1);
	assert_int_equal(text_likeness("statsu", "status"), 1); /* neighbours swapped */
	assert_int_equal(text_likeness("sitting", "kitten"), 3);
	assert_int_equal(text_likeness("kitten", "sitting"), TEXT_UNLIKE); /* three of six */
	assert_true(text_likeness("statsu", "status") < text_likeness("statsu", "show"));
	assert_int_equal(text_likeness("sub", "subscribe"), 0);
	assert_int_equal(text_likeness("frobnicate", "publish"), TEXT_UNLIKE);
	assert_int_equal(text_likeness("x", "ls"), TEXT_UNLIKE);
	/* cut at 64 bytes: what differs behind does not count */
	memset(typed, 'x', 5000);
	memcpy(known, typed, 5000);
	assert_int_equal(text_likeness(typed, "ls"), TEXT_UNLIKE);
	known[64] = 'y';
	assert_int_equal(text_likeness(typed, known), 0);
	known[63] = 'y';
	assert_int_equal(text_likeness(typed, known), 1);
	free(typed);
	free(known);
}

static void check_guess(const char *typed, const char *want)
{
	char *guess = text_path_guess(typed);

	assert_string_equal(guess, want);
	free(guess);
}

static void test_guess(void **state)
{
	check_guess("Meißen/Kita Plätze", "meissen/kita-plaetze");
	check_guess("ÖPNV/Straße", "oepnv/strasse");
	check_guess("a@b", "ab");
	check_guess("東京", "");
}

static void check_shell(const char *word, const char *want)
{
	char *quoted = text_shell(word);

	assert_string_equal(quoted, want);
	free(quoted);
}

static void check_commands(const char *sentence, const char *want)
{
	char *text = text_commands(sentence, " -d 'a b'");

	assert_string_equal(text, want);
	free(text);
}

static void test_commands(void **state)
{
	check_commands("see `allmende ls`, `allmende log x`.",
		       "see `allmende -d 'a b' ls`, `allmende -d 'a b' log x`.");
	check_commands("start `allmended` or `allmended --check-config`",
		       "start `allmended -d 'a b'` or `allmended -d 'a b' --check-config`");
	check_commands("`allmende -d DIR init`, allmende, `allmende-x`",
		       "`allmende -d DIR init`, allmende, `allmende-x`");
	check_commands("make another with `allmende init -d DIR`.",
		       "make another with `allmende init -d DIR`.");
	check_commands("", "");
}

static void test_shell(void **state)
{
	check_shell("/srv/allmende", "/srv/allmende");
	check_shell("", "''");
	check_shell("a b", "'a b'");
	check_shell("it's; rm -rf ~", "'it'\\''s; rm -rf ~'");
}

static void test_url(void **state)
{
	struct buf out;

	buf_init(&out, 4096);
	text_url(&out, "sub/Plätze 1+1.csv?a=b&c#d%");
	buf_add_u8(&out, 0);
	assert_string_equal((char *)out.ptr, "sub%2FPl%C3%A4tze%201%2B1.csv%3Fa%3Db%26c%23d%25");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),   cmocka_unit_test(test_width),
		cmocka_unit_test(test_cut),      cmocka_unit_test(test_size),
		cmocka_unit_test(test_times),    cmocka_unit_test(test_count),
		cmocka_unit_test(test_likeness), cmocka_unit_test(test_guess),
		cmocka_unit_test(test_shell),    cmocka_unit_test(test_commands),
		cmocka_unit_test(test_url),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
