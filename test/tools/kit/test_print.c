/*
 * Tables: aligned for people, one plain line a row for programs.
 */
#include "test/store/store_test.h"

#include "tools/kit/print.h"
#include "tools/kit/text.h"

static const char *const heads[] = {"DATASET", ">SIZE", "TITLE", NULL};

/* Two rows; the text is to be freed. */
static char *make(bool terminal, size_t wide)
{
	struct tool tool = {
		.terminal_out = terminal, .terminal_wide = wide, .now_ms = INT64_C(1795000000000)};
	struct grid grid;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	grid_init(&grid, &tool, out, heads);
	grid_text(&grid, "meißen/a");
	grid_bytes(&grid, 3140000);
	grid_text(&grid, "Freie Plätze in Kitas");
	grid_text(&grid, "riesa/bus/linien");
	grid_bytes(&grid, 7);
	grid_text(&grid, "evil\x1b[2J\n\ttitle");
	grid_done(&grid);
	fclose(out);
	return text;
}

static void test_terminal(void **state)
{
	char *text = make(true, 80);

	assert_string_equal(text, "DATASET             SIZE  TITLE\n"
				  "meißen/a          3.1 MB  Freie Plätze in Kitas\n"
				  "riesa/bus/linien     7 B  evil\\x1b[2J\\n\\ttitle\n");
	free(text);
}

static void test_narrow(void **state)
{
	char *text = make(true, 40);
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")))
		assert_true(text_width(line) <= 40);
	free(text);
	text = make(true, 40);
	assert_non_null(strstr(text, "Freie Plätze …\n"));
	free(text);
}

static void test_plain(void **state)
{
	char *text = make(false, 10);

	assert_string_equal(text, "meißen/a\t3140000\tFreie Plätze in Kitas\n"
				  "riesa/bus/linien\t7\tevil\\x1b[2J\\n\\ttitle\n");
	free(text);
}

static void test_many_rows(void **state)
{
	static const char *const one[] = {">N", NULL};
	struct tool tool = {.terminal_out = false};
	struct grid grid;
	char *text = NULL;
	size_t len, lines = 0;
	FILE *out = open_memstream(&text, &len);

	grid_init(&grid, &tool, out, one);
	for (uint64_t i = 0; i < 1000; i++)
		grid_number(&grid, i);
	grid_done(&grid);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, 1000);
	assert_memory_equal(text + len - 5, "\n999\n", 5);
	free(text);
}

static void test_empty(void **state)
{
	struct tool tool = {.terminal_out = true, .terminal_wide = 80};
	struct grid grid;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	grid_init(&grid, &tool, out, heads);
	grid_done(&grid);
	fclose(out);
	assert_string_equal(text, "");
	free(text);
}

static void test_join(void **state)
{
	json_t *array = json_pack("[s,s]", "riesa", "landkreis-meissen");
	json_t *text = json_string("everybody");
	char *joined = print_join(array);

	assert_string_equal(joined, "riesa, landkreis-meissen");
	free(joined);
	joined = print_join(text);
	assert_string_equal(joined, "everybody");
	free(joined);
	joined = print_join(NULL);
	assert_string_equal(joined, "");
	free(joined);
	json_decref(array);
	json_decref(text);
}

static void test_fields(void **state)
{
	json_t *json = json_pack("{s:s, s:i, s:i, s:b, s:n}", "text", "t", "count", 5, "minus", -5,
				 "true", 1, "null");

	assert_string_equal(field_text(json, "text"), "t");
	assert_string_equal(field_text(json, "count"), "");
	assert_string_equal(field_text(json, "none"), "");
	assert_int_equal(field_count(json, "count"), 5);
	assert_int_equal(field_count(json, "minus"), 0);
	assert_int_equal(field_count(json, "text"), 0);
	assert_true(field_true(json, "true"));
	assert_false(field_true(json, "null"));
	assert_false(field_true(NULL, "true"));
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal), cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_plain),    cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_empty),    cmocka_unit_test(test_join),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
