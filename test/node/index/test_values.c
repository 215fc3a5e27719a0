/* Values are numbers as long as somebody has them, and their numbers are given again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "node/index/values.h"

static void taken_and_given(void **state)
{
	struct values values;
	uint32_t a, b, number;

	values_init(&values);
	a = values_take(&values, INDEX_THEME, "ENVI", "Umwelt");
	b = values_take(&values, INDEX_FORMAT, "ENVI", "anders");
	assert_int_not_equal(a, b);
	assert_int_equal(values_take(&values, INDEX_THEME, "ENVI", "Environment"), a);
	assert_string_equal(values.items[a].label, "Environment");
	values_give(&values, a);
	assert_true(values_find(&values, INDEX_THEME, "ENVI", &number));
	assert_int_equal(number, a);
	values_give(&values, a);
	assert_false(values_find(&values, INDEX_THEME, "ENVI", &number));
	assert_true(values_find(&values, INDEX_FORMAT, "ENVI", &number));
	assert_int_equal(values_take(&values, INDEX_KEYWORD, "neu", "Neu"), a);
	values_fini(&values);
}

static void many_values(void **state)
{
	struct values values;
	char text[32];
	uint32_t number;

	values_init(&values);
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "wert %d", i);
		assert_int_equal(values_take(&values, INDEX_KEYWORD, text, text), i);
	}
	for (int i = 0; i < 5000; i += 2)
		values_give(&values, (uint32_t)i);
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "wert %d", i);
		assert_int_equal(values_find(&values, INDEX_KEYWORD, text, &number), i % 2);
	}
	for (int i = 0; i < 2500; i++) {
		snprintf(text, sizeof(text), "neu %d", i);
		assert_true(values_take(&values, INDEX_KEYWORD, text, text) < 5000);
	}
	values_fini(&values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken_and_given),
		cmocka_unit_test(many_values),
	};

	return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
