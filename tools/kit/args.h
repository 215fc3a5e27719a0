/*
 * args - reads a command line: options before and after the words, `--` ends the options.
 *
 * An option is --NAME, with a value --NAME VALUE or --NAME=VALUE; some have a letter, -o VALUE or
 * -oVALUE. A value never begins a new meaning: `--title --keep` gives the title "--keep" only
 * when written with "=". A lone "-" is a word.
 */
#ifndef ALLMENDE_ARGS_H
#define ALLMENDE_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option {
	const char *name;  /* without hyphens; NULL ends a list */
	char letter;       /* 0: none */
	const char *value; /* what stands for the value in the help; NULL: a flag */
	bool many;         /* may be given more than once */
	const char *help;
};

/* Options of every command: --dir, --json, --help. */
extern const struct option args_common[];

struct args_given {
	const struct option *option;
	const char *value;
};

struct args {
	const struct option *own; /* may be NULL */
	struct args_given *given;
	size_t given_count, given_cap;
	const char **words;
	size_t word_count, word_cap;
};

/* args->own is set by the caller. False with a sentence in why (WHY_LEN bytes) when the line
   is wrong. The texts are borrowed from argv. */
bool args_parse(struct args *args, int argc, char *const *argv, const char *command, char *why);
void args_fini(struct args *args);

bool args_flag(const struct args *args, const char *name);
/* NULL when not given. */
const char *args_value(const struct args *args, const char *name);
/* The values of an option that may be given more than once: *at counts on from 0; NULL at the
   end. */
const char *args_next(const struct args *args, const char *name, size_t *at);

/* Decimal digits only, at most max. */
bool args_number(const char *text, uint64_t max, uint64_t *out);

#endif
