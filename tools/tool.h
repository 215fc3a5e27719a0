/*
 * tool - what every command of `allmende` shares: exit codes, the table of commands, the one way
 * to complain.
 *
 * A command is a struct: its words, its options, its help, its function. main.c finds it, reads
 * the options and calls it; the function returns an exit code. Whatever goes wrong is one sentence
 * on standard error: what was wrong, the value seen, what to do next.
 */
#ifndef ALLMENDE_TOOL_H
#define ALLMENDE_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/args.h"

/* Exit codes; scripts rely on them. */
enum tool_exit {
	TOOL_DONE = 0,
	TOOL_FAILED = 1,
	TOOL_USAGE = 2,
	TOOL_DENIED = 3,
	TOOL_ABSENT = 4,
	TOOL_NOT_HERE = 5, /* known, but its data has not arrived yet */
};

struct command;

/* One run of the program. */
struct tool {
	const struct command *command;
	struct args args;
	char *dir;            /* the data directory */
	char *dir_words;      /* " -d DIR" for commands we print, or empty when it is the default */
	bool json;            /* --json */
	bool terminal_out;    /* standard output is a terminal */
	bool terminal_err;    /* standard error is one */
	size_t terminal_wide; /* columns of standard output */
	int64_t now_ms;
};

struct command {
	const char *name;             /* one or two words: "federation create" */
	const char *arguments;        /* "DATASET FILE..." */
	const char *summary;          /* one line without full stop */
	const char *help;             /* paragraphs and an example */
	const struct option *options; /* its own ones; ends with a NULL name; may be NULL */
	size_t word_min, word_max;
	int (*run)(struct tool *tool);
};

/* All commands in the order of the overview; ends with NULL. */
const struct command *const *commands_all(void);

/* Prints "allmende: " and the sentence on standard error, with everything escaped that could
   disturb a terminal, and returns code. */
__attribute__((format(printf, 2, 3))) int tool_fail(int code, const char *format, ...);
/* The same for a remark that is no failure. */
__attribute__((format(printf, 1, 2))) void tool_remark(const char *format, ...);

/* Word i of the command line after the command's name; NULL past the end. */
const char *tool_word(const struct tool *tool, size_t i);

#endif
