/*
 * print - what commands show on standard output: tables, labelled lines, JSON.
 *
 * On a terminal tables are aligned under headings, sizes and dates are for people. Elsewhere a
 * table is one line per row, fields separated by tabs, without headings, with sizes in bytes and
 * times in UTC, so that scripts need no guessing. Everything is escaped (text.h) on its way.
 */
#ifndef ALLMENDE_PRINT_H
#define ALLMENDE_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "tools/kit/tool.h"

#define PRINT_COLUMNS_MAX 12

struct grid {
	FILE *out;
	bool pretty;
	size_t terminal_wide;
	size_t column_count;
	const char *heads[PRINT_COLUMNS_MAX];
	char **cells; /* row by row, escaped */
	size_t cell_count, cell_cap;
	int64_t now_ms;
};

/* heads ends with NULL; one that begins with '>' stands to the right. The last column is cut at the
   edge of the terminal. */
void grid_init(struct grid *grid, const struct tool *tool, FILE *out, const char *const *heads);
void grid_text(struct grid *grid, const char *text); /* a cell; "-" when empty on a terminal */
void grid_number(struct grid *grid, uint64_t number);
void grid_bytes(struct grid *grid, uint64_t bytes);
void grid_time(struct grid *grid, int64_t time_ms); /* 0: none */
/* Prints and releases. Every row must be complete. */
void grid_done(struct grid *grid);

/* "Label       text", further lines of the text indented below it; nothing for an empty text. */
void print_field(const char *label, const char *text);
/* The same with a format; arguments are escaped as part of the whole. */
__attribute__((format(printf, 2, 3))) void print_fieldf(const char *label, const char *format, ...);
/* A line of its own, escaped. */
__attribute__((format(printf, 1, 2))) void print_line(const char *format, ...);
/* "allmende ls" as it has to be typed for this directory: "allmende -d DIR ls". */
void print_command(const struct tool *tool, const char *command, const char *indent);
/* The same for a list of next steps: indented, with words that explain it below. */
void print_next(const struct tool *tool, const char *command, const char *words);

/* The daemon's answer as it is. */
int print_json(const struct tool *tool, const json_t *json);

/* "riesa, landkreis-meissen" of an array of texts (or of one text); to be freed. */
char *print_join(const json_t *array);

/* Members of an object; a missing or foreign one is "", 0, false. */
const char *field_text(const json_t *json, const char *key);
uint64_t field_count(const json_t *json, const char *key);
int64_t field_time(const json_t *json, const char *key);
bool field_true(const json_t *json, const char *key);

#endif
