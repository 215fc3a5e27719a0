#include "tools/cmd/check_say.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/kit/print.h"

bool check_is_red(const struct check_result *result)
{
	for (size_t i = 0; i < RULES_LIGHT_COUNT; i++)
		if (result->rules.lights[i] == RULES_RED)
			return true;
	return result->screening && result->screening->stops > 0;
}

static void light_say(const struct check_result *result, enum rules_light light, bool german)
{
	enum rules_colour colour = result->rules.lights[light];
	char text[RULES_TEXT_LEN];

	print_line("%s: %s", rules_light_text(light, german), rules_colour_text(colour, german));
	for (size_t i = 0; i < result->rules.count; i++) {
		const struct rules_finding *finding = &result->rules.findings[i];
		if (finding->light != light)
			continue;
		rules_say(text, finding, german);
		print_line("  %s %s: %s", finding->colour == RULES_RED ? "!" : "-", finding->field,
			   text);
		rules_advise(text, finding, german);
		print_line("      %s", text);
	}
}

/* Personal data is no light: a portal takes it, and that is the trouble. */
static void screening_light(const struct screening *screening, bool german)
{
	static const char *const nothing[] = {"nothing found", "nichts gefunden"};
	static const char *const stops[] = {"found; it stops tiers open and members",
					    "gefunden; hält die Stufen open und members auf"};
	static const char *const look[] = {"worth a look", "einen Blick wert"};
	char *looked = screening_looked(screening);
	json_t *sentences = screening_sentences(screening), *sentence;
	size_t i;

	print_line("%s: %s", german ? "Personenbezug" : "personal data",
		   (screening->stops   ? stops
		    : screening->count ? look
				       : nothing)[german]);
	json_array_foreach(sentences, i, sentence)
		print_line("  %s %s", screening->stops ? "!" : "-", json_string_value(sentence));
	print_line("  %s", looked);
	json_decref(sentences);
	free(looked);
}

void check_result_say(const struct check_result *result, bool german)
{
	if (result->dataset && result->version)
		print_line("%s@%" PRIu64, result->dataset, result->version);
	else if (result->dataset)
		print_line("%s", result->dataset);
	for (enum rules_light light = 0; light < RULES_LIGHT_COUNT; light++)
		light_say(result, light, german);
	if (result->screening)
		screening_light(result->screening, german);
}

static json_t *finding_to_json(const struct rules_finding *finding, bool german)
{
	char text[RULES_TEXT_LEN], advice[RULES_TEXT_LEN];
	json_t *json;

	rules_say(text, finding, german);
	rules_advise(advice, finding, german);
	json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "light", rules_light_word(finding->light),
			 "colour", rules_colour_word(finding->colour), "field", finding->field,
			 "text", text, "advice", advice);
	if (json && *finding->value)
		json_object_set_new(json, "value", json_string(finding->value));
	return json;
}

json_t *check_json(const struct check_result *result, bool german)
{
	json_t *lights = json_object(), *findings = json_array();
	json_t *out = json_object();

	for (enum rules_light light = 0; light < RULES_LIGHT_COUNT; light++)
		json_object_set_new(lights, rules_light_word(light),
				    json_string(rules_colour_word(result->rules.lights[light])));
	for (size_t i = 0; i < result->rules.count; i++)
		json_array_append_new(findings,
				      finding_to_json(&result->rules.findings[i], german));
	if (result->dataset)
		json_object_set_new(out, "dataset", json_string(result->dataset));
	if (result->version)
		json_object_set_new(out, "version", json_integer((json_int_t)result->version));
	json_object_set_new(out, "lights", lights);
	json_object_set_new(out, "findings", findings);
	if (result->screening)
		json_object_set_new(out, "personal_data", screening_json(result->screening));
	json_object_set_new(out, "failed", json_boolean(check_is_red(result)));
	return out;
}
