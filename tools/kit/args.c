#include "tools/kit/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "tools/kit/text.h"

const struct option args_common[] = {
	{"dir", 'd', "DIR", false, "data directory of the node (default: $ALLMENDE_DIR)"},
	{"json", 0, NULL, false, "print JSON with the keys of the control interface"},
	{"help", 'h', NULL, false, "print this text"},
	{NULL, 0, NULL, false, NULL},
};

static const struct option *find_name(const struct option *list, const char *name, size_t len)
{
	for (; list && list->name; list++)
		if (strlen(list->name) == len && memcmp(list->name, name, len) == 0)
			return list;
	return NULL;
}

static const struct option *find_letter(const struct option *list, char letter)
{
	for (; list && list->name; list++)
		if (list->letter && list->letter == letter)
			return list;
	return NULL;
}

static const char *nearest(const struct args *args, const char *name)
{
	const struct option *const lists[] = {args->own, args_common};
	size_t best = TEXT_UNLIKE;
	const char *near = NULL;

	for (size_t i = 0; i < 2; i++)
		for (const struct option *o = lists[i]; o && o->name; o++)
			if (text_likeness(name, o->name) < best) {
				best = text_likeness(name, o->name);
				near = o->name;
			}
	return near;
}

/* The value behind "=" is left out: somebody may have typed a passphrase. */
static bool refuse_unknown(const struct args *args, const char *word, size_t name_len,
			   const char *command, char *why)
{
	char name[64];
	const char *near = NULL;

	snprintf(name, sizeof(name), "%.*s", (int)(name_len < 60 ? name_len : 60), word);
	if (word[0] == '-' && word[1] == '-')
		near = nearest(args, name + 2);
	if (near)
		snprintf(why, WHY_LEN, "unknown option %s; did you mean --%s?", name, near);
	else if (command)
		snprintf(why, WHY_LEN, "unknown option %s; `allmende help %s` lists those of %s",
			 name, command, command);
	else
		snprintf(why, WHY_LEN,
			 "unknown option %s before the command; `allmende help` lists the commands",
			 name);
	return false;
}

static bool give(struct args *args, const struct option *option, const char *value, char *why)
{
	if (!option->many && args_flag(args, option->name)) {
		snprintf(why, WHY_LEN, "option --%s is given twice; give it once", option->name);
		return false;
	}
	args->given =
		mem_room(args->given, args->given_count, &args->given_cap, sizeof(*args->given));
	args->given[args->given_count++] = (struct args_given){option, value};
	return true;
}

/* One option beginning at argv[*at]; *at stands on its last word afterwards. */
static bool parse_option(struct args *args, int argc, char *const *argv, int *at,
			 const char *command, char *why)
{
	const char *word = argv[*at];
	bool is_long = word[1] == '-';
	const char *equals = is_long ? strchr(word, '=') : NULL;
	size_t len = equals ? (size_t)(equals - word) : is_long ? strlen(word) : 2;
	const char *value = equals ? equals + 1 : !is_long && word[2] ? word + 2 : NULL;
	const struct option *option =
		is_long ? find_name(args->own, word + 2, len - 2) : find_letter(args->own, word[1]);

	if (!option)
		option = is_long ? find_name(args_common, word + 2, len - 2)
				 : find_letter(args_common, word[1]);
	if (!option)
		return refuse_unknown(args, word, len, command, why);
	if (!option->value && value) {
		snprintf(why, WHY_LEN, "option --%s takes no value", option->name);
		return false;
	}
	if (option->value && !value) {
		value = *at + 1 < argc ? argv[*at + 1] : NULL;
		if (!value || (value[0] == '-' && value[1] == '-')) {
			snprintf(why, WHY_LEN, "option --%s needs a value: --%s %s", option->name,
				 option->name, option->value);
			return false;
		}
		(*at)++;
	}
	return give(args, option, value, why);
}

bool args_parse(struct args *args, int argc, char *const *argv, const char *command, char *why)
{
	bool options = true;

	why[0] = '\0';
	for (int i = 0; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && argv[i][0] == '-' && argv[i][1]) {
			if (!parse_option(args, argc, argv, &i, command, why))
				return false;
		} else {
			args->words = mem_room(args->words, args->word_count, &args->word_cap,
					       sizeof(*args->words));
			args->words[args->word_count++] = argv[i];
		}
	}
	return true;
}

void args_fini(struct args *args)
{
	free(args->given);
	free(args->words);
	*args = (struct args){.own = args->own};
}

const char *args_next(const struct args *args, const char *name, size_t *at)
{
	while (*at < args->given_count) {
		const struct args_given *given = &args->given[(*at)++];

		if (strcmp(given->option->name, name) == 0)
			return given->value ? given->value : "";
	}
	return NULL;
}

bool args_flag(const struct args *args, const char *name)
{
	size_t at = 0;

	return args_next(args, name, &at) != NULL;
}

const char *args_value(const struct args *args, const char *name)
{
	size_t at = 0;

	return args_next(args, name, &at);
}

bool args_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*text < '0' || *text > '9' || number > (max - digit) / 10 || digit > max)
			return false;
		number = number * 10 + digit;
	}
	*out = number;
	return true;
}
