/*
 * Every command of the list: it is found, it explains itself, and its options can be told apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/cmd/commands.h"
#include "tools/kit/text.h"

#define HELP_WIDTH_MAX 100

/* The command that a typed line begins with. */
static const struct command *find(const char *typed, int *taken)
{
	char line[80], *words[8], *rest = line;
	int count = 0;

	assert_true(strlen(typed) < sizeof(line));
	strcpy(line, typed);
	while (count < 8 && (words[count] = strsep(&rest, " ")))
		count++;
	return commands_find(count, words, taken);
}

static void each_is_found_by_its_name(void **state)
{
	for (const struct command *const *c = commands_all(); *c; c++) {
		const char *blank = strchr((*c)->name, ' ');
		char line[80];
		int taken = 0;

		assert_ptr_equal(find((*c)->name, &taken), *c);
		assert_int_equal(taken, blank ? 2 : 1);
		snprintf(line, sizeof(line), "%s more", (*c)->name);
		assert_ptr_equal(find(line, &taken), *c);
		assert_int_equal(taken, blank ? 2 : 1);
		if (blank) {
			snprintf(line, sizeof(line), "%.*s", (int)(blank - (*c)->name), (*c)->name);
			assert_true(commands_family(line));
		}
	}
}

static void others_are_not_found(void **state)
{
	static const char *const lines[] = {"",     "nonsense ls", "l s",    "lss",
					    "LS",   " ls",         "node",   "node lst",
					    "peer", "peer ad",     "grant-", "subscribe/"};
	int taken = 1;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_null(find(lines[i], &taken));
		assert_int_equal(taken, 0);
	}
	assert_null(commands_find(0, NULL, &taken));
	assert_true(commands_family("federation"));
	assert_false(commands_family("fed"));
	assert_false(commands_family("ls"));
}

static void each_explains_itself(void **state)
{
	for (const struct command *const *c = commands_all(); *c; c++) {
		const struct command *command = *c;
		const char *line = command->help;

		assert_true(strlen(command->summary) > 0);
		assert_int_not_equal(command->summary[strlen(command->summary) - 1], '.');
		assert_true(command->word_min <= command->word_max);
		assert_true(command->word_min == 0 || *command->arguments);
		assert_non_null(command->run);
		for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
			char text[HELP_WIDTH_MAX * 4];
			size_t len = strcspn(line, "\n");

			assert_true(len < sizeof(text));
			memcpy(text, line, len);
			text[len] = '\0';
			if (text_width(text) > HELP_WIDTH_MAX)
				fail_msg("%s: %s", command->name, text);
		}
	}
}

/* "g-" and eight characters is a grant: what stands as an example could be one. */
static void grants_in_examples_are_of_the_right_form(void **state)
{
	for (const struct command *const *c = commands_all(); *c; c++)
		for (const char *at = (*c)->help; (at = strstr(at, " g-")); at++)
			if (strspn(at + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != 8)
				fail_msg("%s: %.11s is no grant", (*c)->name, at + 1);
}

/* Which of the two lists of a command has such an option, and how often. */
static int count_options(const struct command *command, const char *name, char letter)
{
	const struct option *const lists[] = {command->options, args_common};
	int count = 0;

	for (size_t i = 0; i < 2; i++)
		for (const struct option *o = lists[i]; o && o->name; o++)
			count += strcmp(o->name, name) == 0 || (letter && o->letter == letter);
	return count;
}

static void options_can_be_told_apart(void **state)
{
	for (const struct command *const *c = commands_all(); *c; c++)
		for (const struct option *o = (*c)->options; o && o->name; o++) {
			if (count_options(*c, o->name, o->letter) != 1)
				fail_msg("%s has two options --%s", (*c)->name, o->name);
			assert_true(o->help && *o->help);
			assert_true(strspn(o->name, "abcdefghijklmnopqrstuvwxyz-") ==
				    strlen(o->name));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found_by_its_name),
		cmocka_unit_test(others_are_not_found),
		cmocka_unit_test(each_explains_itself),
		cmocka_unit_test(grants_in_examples_are_of_the_right_form),
		cmocka_unit_test(options_can_be_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
