/*
 * rules: broken metadata sets, each with the findings that it gives (sets.json). compare.mjs holds
 * the same list against the validator of DCAT-AP.de, where that is here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/dcat/rules.h"

#define SETS      "test/proto/dcat/sets.json"
#define FILES_MAX 8

static void judge_set(struct rules *out, const json_t *set)
{
	const json_t *names = json_object_get(set, "files");
	struct rules_file files[FILES_MAX] = {0};
	size_t count = json_array_size(names);

	assert_true(count <= FILES_MAX);
	for (size_t i = 0; i < count; i++)
		files[i].name = bytes_str(json_string_value(json_array_get(names, i)));
	rules_judge(out, json_object_get(set, "metadata"), files, count);
}

static bool listed(const json_t *findings, const char *line)
{
	json_t *finding;
	size_t i;

	json_array_foreach(findings, i, finding)
	{
		const char *text = json_string_value(finding);
		size_t len = strlen(line);
		if (!strncmp(text, line, len) && (!text[len] || !strcmp(text + len, " ours")))
			return true;
	}
	return false;
}

static json_t *sets_load(void)
{
	json_error_t error;
	json_t *sets = json_load_file(SETS, JSON_REJECT_DUPLICATES, &error);

	if (!sets)
		fail_msg("%s: %s", SETS, error.text);
	return sets;
}

static void each_set_gives_its_findings(void **state)
{
	json_t *sets = sets_load(), *set;
	struct rules rules;
	unsigned wrong = 0;
	char line[128];
	size_t i;

	assert_true(json_array_size(sets) >= 40);
	json_array_foreach(sets, i, set)
	{
		const json_t *findings = json_object_get(set, "findings");
		judge_set(&rules, set);
		for (size_t f = 0; f < rules.count; f++) {
			snprintf(line, sizeof(line), "%s %s %s",
				 rules_light_word(rules.findings[f].light),
				 rules_colour_word(rules.findings[f].colour),
				 rules.findings[f].field);
			if (listed(findings, line))
				continue;
			print_message("%s: %s\n", json_string_value(json_object_get(set, "name")),
				      line);
			wrong++;
		}
		if (rules.count != json_array_size(findings)) {
			print_message("%s: %zu findings instead of %zu\n",
				      json_string_value(json_object_get(set, "name")), rules.count,
				      json_array_size(findings));
			wrong++;
		}
	}
	json_decref(sets);
	assert_int_equal(wrong, 0);
}

static void it_is_said_in_both_languages(void **state)
{
	char text[2][RULES_TEXT_LEN];
	json_t *sets = sets_load(), *set;
	struct rules rules;
	size_t i;

	json_array_foreach(sets, i, set)
	{
		judge_set(&rules, set);
		for (size_t f = 0; f < rules.count; f++) {
			for (int german = 0; german < 2; german++) {
				rules_say(text[german], &rules.findings[f], german);
				assert_null(strpbrk(text[german], "{}"));
				assert_true(strlen(text[german]) > 10);
			}
			assert_string_not_equal(text[0], text[1]);
			for (int german = 0; german < 2; german++) {
				rules_advise(text[german], &rules.findings[f], german);
				assert_null(strpbrk(text[german], "{}"));
				assert_true(strlen(text[german]) > 10);
			}
			assert_string_not_equal(text[0], text[1]);
		}
	}
	json_decref(sets);
}

static void the_words_say_what_is_wrong(void **state)
{
	static const struct rules_file file = {.name = {(const uint8_t *)"a.csv", 5}};
	json_t *in = json_pack("{s:s, s:s, s:[s]}", "title", "T", "license",
			       "Datenlizenz Deutschland Zero", "themes", "ENV");
	char text[RULES_TEXT_LEN];
	struct rules rules;

	rules_judge(&rules, in, &file, 1);
	assert_int_equal(rules.lights[RULES_SPECIFICATION], RULES_RED);
	assert_int_equal(rules.lights[RULES_GOVDATA], RULES_RED);
	assert_int_equal(rules.lights[RULES_HVD], RULES_NONE);
	for (size_t i = 0; i < rules.count; i++) {
		if (strcmp(rules.findings[i].field, "themes") != 0)
			continue;
		rules_say(text, &rules.findings[i], true);
		assert_string_equal(text, "„ENV“ steht nicht im Vokabular von „themes“.");
		rules_advise(text, &rules.findings[i], false);
		assert_non_null(strstr(text, "ENVI"));
	}
	json_decref(in);
}

/* JSON that is nothing of what is expected. */
static void any_json_is_judged(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"title\":1,\"keywords\":{},\"themes\":[[]],\"license\":[],\"contact\":[1]}",
		"{\"contact\":null,\"place\":\"x\",\"time\":\"x\",\"themes\":[\"\",\"ENVI\"]}",
		"{\"contact\":\"a@b.example\",\"place\":\"14627060\",\"publisher\":\"x\"}",
		"{\"contact\":{\"email\":7},\"place\":{\"bbox\":\"x\"},\"time\":{\"from\":[]}}",
	};
	struct rules rules;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *in = json_loads(texts[i], 0, NULL);
		assert_non_null(in);
		rules_judge(&rules, in, NULL, 0);
		assert_true(rules.count > 0 && rules.count <= RULES_FINDING_MAX);
		json_decref(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_set_gives_its_findings),
		cmocka_unit_test(it_is_said_in_both_languages),
		cmocka_unit_test(the_words_say_what_is_wrong),
		cmocka_unit_test(any_json_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
