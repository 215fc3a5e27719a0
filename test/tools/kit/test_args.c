/*
 * Command lines: options before and after words, their values, and what is said about slips.
 */
#include "test/store/store_test.h"

#include "tools/kit/args.h"

static const struct option own[] = {
	{"title", 0, "TEXT", false, ""},
	{"keyword", 0, "WORD", true, ""},
	{"widen", 0, NULL, false, ""},
	{"output", 'o', "PATH", false, ""},
	{"passphrase-file", 0, "FILE", false, ""},
	{NULL, 0, NULL, false, NULL},
};

#define LINE_MAX_WORDS 12

struct line {
	struct args args;
	bool ok;
	char why[WHY_LEN];
};

/* words ends with NULL. */
static struct line parse(const char *const *words)
{
	struct line line = {.args.own = own};
	char *argv[LINE_MAX_WORDS];
	int argc = 0;

	for (; words[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc];
	line.ok = args_parse(&line.args, argc, argv, "publish", line.why);
	return line;
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void test_places(void **state)
{
	struct line line = PARSE("a", "--title", "T", "b", "-d", "dir", "--json", "-");

	assert_true(line.ok);
	assert_int_equal(line.args.word_count, 3);
	assert_string_equal(line.args.words[0], "a");
	assert_string_equal(line.args.words[1], "b");
	assert_string_equal(line.args.words[2], "-");
	assert_string_equal(args_value(&line.args, "title"), "T");
	assert_string_equal(args_value(&line.args, "dir"), "dir");
	assert_true(args_flag(&line.args, "json"));
	assert_false(args_flag(&line.args, "widen"));
	assert_null(args_value(&line.args, "output"));
	args_fini(&line.args);
}

static void test_values(void **state)
{
	struct line line = PARSE("--title=--keep=1", "-ox", "--keyword", "a", "--keyword=b", "--",
				 "--widen", "--");
	size_t at = 0;

	assert_true(line.ok);
	assert_string_equal(args_value(&line.args, "title"), "--keep=1");
	assert_string_equal(args_value(&line.args, "output"), "x");
	assert_string_equal(args_next(&line.args, "keyword", &at), "a");
	assert_string_equal(args_next(&line.args, "keyword", &at), "b");
	assert_null(args_next(&line.args, "keyword", &at));
	assert_false(args_flag(&line.args, "widen"));
	assert_int_equal(line.args.word_count, 2);
	assert_string_equal(line.args.words[1], "--");
	args_fini(&line.args);
}

static void test_empty_value(void **state)
{
	struct line line = PARSE("--title", "", "--output=");

	assert_true(line.ok);
	assert_string_equal(args_value(&line.args, "title"), "");
	assert_string_equal(args_value(&line.args, "output"), "");
	args_fini(&line.args);
}

static void check_refused(struct line line, const char *phrase)
{
	assert_false(line.ok);
	assert_non_null(strstr(line.why, phrase));
	args_fini(&line.args);
}

static void test_slips(void **state)
{
	check_refused(PARSE("--titel", "x"), "--titel; did you mean --title?");
	check_refused(PARSE("--zzzzzz"), "allmende help publish");
	check_refused(PARSE("-x"), "unknown option -x");
	check_refused(PARSE("--title"), "--title needs a value: --title TEXT");
	check_refused(PARSE("--title", "--widen"), "--title needs a value");
	check_refused(PARSE("--widen=yes"), "--widen takes no value");
	check_refused(PARSE("--title", "a", "--title", "b"), "--title is given twice");
	check_refused(PARSE("--json", "--json"), "--json is given twice");
}

static void test_secret_not_repeated(void **state)
{
	struct line line = PARSE("--passphrase=geheim");

	assert_null(strstr(line.why, "geheim"));
	check_refused(line, "did you mean --passphrase-file?");
}

static void test_long_option(void **state)
{
	char *word = mem_new(1, 100001);
	const char *words[] = {word, NULL};

	memset(word, '-', 100000);
	check_refused(parse(words), "unknown option ----");
	free(word);
}

static void test_number(void **state)
{
	static const char *const wrong[] = {"",
					    "-1",
					    "+1",
					    " 1",
					    "1 ",
					    "1.0",
					    "0x10",
					    "256",
					    "18446744073709551616",
					    "99999999999999999999999999"};
	uint64_t n = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(args_number(wrong[i], 255, &n));
	assert_int_equal(n, 7);
	assert_true(args_number("255", 255, &n));
	assert_int_equal(n, 255);
	assert_true(args_number("0", 0, &n));
	assert_false(args_number("1", 0, &n));
	assert_true(args_number("18446744073709551615", UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_false(args_number("18446744073709551616", UINT64_MAX, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_empty_value),
		cmocka_unit_test(test_slips),
		cmocka_unit_test(test_secret_not_repeated),
		cmocka_unit_test(test_long_option),
		cmocka_unit_test(test_number),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
