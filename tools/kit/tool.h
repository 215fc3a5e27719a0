/*
 * tool - what every command of `allmende` shares: exit codes, the words it was called with, the one
 * way to complain.
 *
 * Whatever goes wrong is one sentence on standard error: what was wrong, the value seen, what to do
 * next.
 */
#ifndef ALLMENDE_TOOL_H
#define ALLMENDE_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/kit/args.h"

/* Exit codes; scripts rely on them. */
enum tool_exit {
	TOOL_DONE = 0,
	TOOL_FAILED = 1,
	TOOL_USAGE = 2,
	TOOL_DENIED = 3,
	TOOL_ABSENT = 4,
	TOOL_NOT_HERE = 5, /* known, but its data has not arrived yet */
	TOOL_WAITING = 6,  /* a new key is due before this may be published */
};

/* One run of the program. */
struct tool {
	struct args args;
	char *dir;            /* the data directory */
	char *dir_words;      /* " -d DIR" for commands we print, or empty when it is the default */
	bool json;            /* --json */
	bool terminal_out;    /* standard output is a terminal */
	bool terminal_err;    /* standard error is one */
	size_t terminal_wide; /* columns of standard output */
	int64_t now_ms;
};

/* Prints "allmende: " and the sentence on standard error, with everything escaped that could
   disturb a terminal, and returns code. */
__attribute__((format(printf, 2, 3))) int tool_fail(int code, const char *format, ...);
/* The same for a remark that is no failure. */
__attribute__((format(printf, 1, 2))) void tool_remark(const char *format, ...);

/* Word i of the command line after the command's name; NULL past the end. */
const char *tool_word(const struct tool *tool, size_t i);

#endif
