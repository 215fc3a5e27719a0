#include "tools/kit/print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/bytes.h"
#include "crypto/check.h"
#include "tools/kit/text.h"

#define LABEL_WIDTH 14
#define GAP         2 /* blanks between columns */

void grid_init(struct grid *grid, const struct tool *tool, FILE *out, const char *const *heads)
{
	*grid = (struct grid){
		.out = out,
		.pretty = tool->terminal_out,
		.terminal_wide = tool->terminal_wide,
		.now_ms = tool->now_ms,
	};
	while (heads[grid->column_count]) {
		check(grid->column_count < PRINT_COLUMNS_MAX);
		grid->heads[grid->column_count] = heads[grid->column_count];
		grid->column_count++;
	}
}

void grid_text(struct grid *grid, const char *text)
{
	grid->cells =
		mem_room(grid->cells, grid->cell_count, &grid->cell_cap, sizeof(*grid->cells));
	grid->cells[grid->cell_count++] = text_escape(*text || !grid->pretty ? text : "-", false);
}

void grid_number(struct grid *grid, uint64_t number)
{
	char text[TEXT_SHORT_LEN];

	if (grid->pretty)
		text_count(text, number);
	else
		snprintf(text, sizeof(text), "%" PRIu64, number);
	grid_text(grid, text);
}

void grid_bytes(struct grid *grid, uint64_t bytes)
{
	char text[TEXT_SHORT_LEN];

	if (grid->pretty)
		text_size(text, bytes);
	else
		snprintf(text, sizeof(text), "%" PRIu64, bytes);
	grid_text(grid, text);
}

void grid_time(struct grid *grid, int64_t time_ms)
{
	char text[TEXT_SHORT_LEN] = "";

	if (time_ms && grid->pretty)
		text_ago(text, time_ms, grid->now_ms);
	else if (time_ms)
		text_utc(text, time_ms);
	grid_text(grid, text);
}

static const char *head_text(const struct grid *grid, size_t column)
{
	return grid->heads[column] + (grid->heads[column][0] == '>');
}

static void pad(FILE *out, size_t count)
{
	fprintf(out, "%*s", (int)count, "");
}

/* One aligned line; widths of all columns but the last. */
static void put_row(struct grid *grid, char *const *cells, const size_t *widths)
{
	size_t used = 0;

	for (size_t i = 0; i < grid->column_count; i++) {
		const char *cell = cells ? cells[i] : head_text(grid, i);
		bool last = i + 1 == grid->column_count;
		size_t width = text_width(cell);
		size_t blanks = widths[i] > width ? widths[i] - width : 0;

		if (grid->heads[i][0] == '>') {
			pad(grid->out, blanks);
			blanks = 0;
		}
		if (last) {
			size_t room =
				grid->terminal_wide > used + 8 ? grid->terminal_wide - used : 8;
			char *cut = text_cut(cell, room);

			fprintf(grid->out, "%s\n", cut);
			free(cut);
		} else {
			fputs(cell, grid->out);
			pad(grid->out, blanks + GAP);
			used += widths[i] + GAP;
		}
	}
}

static void put_pretty(struct grid *grid)
{
	size_t widths[PRINT_COLUMNS_MAX];

	for (size_t i = 0; i < grid->column_count; i++)
		widths[i] = text_width(head_text(grid, i));
	for (size_t i = 0; i < grid->cell_count; i++) {
		size_t *width = &widths[i % grid->column_count];
		size_t cell = text_width(grid->cells[i]);

		*width = cell > *width ? cell : *width;
	}
	put_row(grid, NULL, widths);
	for (size_t i = 0; i < grid->cell_count; i += grid->column_count)
		put_row(grid, grid->cells + i, widths);
}

void grid_done(struct grid *grid)
{
	check(grid->cell_count % grid->column_count == 0);
	if (grid->pretty && grid->cell_count > 0)
		put_pretty(grid);
	for (size_t i = 0; i < grid->cell_count; i++) {
		bool last = (i + 1) % grid->column_count == 0;

		if (!grid->pretty)
			fprintf(grid->out, "%s%c", grid->cells[i], last ? '\n' : '\t');
		free(grid->cells[i]);
	}
	free(grid->cells);
	grid->cells = NULL;
	grid->cell_count = grid->cell_cap = 0;
}

void print_field(const char *label, const char *text)
{
	char *escaped = text_escape(text, true);
	char *rest = escaped, *line;

	while (*text && (line = strsep(&rest, "\n"))) {
		printf("%-*s%s\n", LABEL_WIDTH, label, line);
		label = "";
	}
	free(escaped);
}

void print_fieldf(const char *label, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = text_vformat(format, args, true);
	va_end(args);
	print_field(label, text);
	free(text);
}

void print_line(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = text_vformat(format, args, false);
	va_end(args);
	puts(text);
	free(text);
}

void print_command(const struct tool *tool, const char *command, const char *indent)
{
	size_t name_len = strcspn(command, " ");

	print_line("%s%.*s%s%s", indent, (int)name_len, command, tool->dir_words,
		   command + name_len);
}

void print_next(const struct tool *tool, const char *command, const char *words)
{
	print_command(tool, command, "  ");
	print_line("      %s", words);
}

int print_json(const struct tool *tool, const json_t *json)
{
	size_t flags = tool->terminal_out ? JSON_INDENT(2) | JSON_ENSURE_ASCII : JSON_COMPACT;

	/* degrees as they were written: 13.4, not 13.400000000000001 */
	if (json_dumpf(json, stdout, flags | JSON_REAL_PRECISION(15)))
		return tool_fail(TOOL_FAILED, "cannot write the answer to standard output");
	putchar('\n');
	return TOOL_DONE;
}

char *print_join(const json_t *array)
{
	struct buf out;
	size_t i;
	json_t *item;
	char *text;

	if (json_is_string(array))
		return mem_str(json_string_value(array));
	buf_init(&out, SIZE_MAX);
	json_array_foreach((json_t *)array, i, item)
	{
		if (i > 0)
			buf_add(&out, bytes_str(", "));
		buf_add(&out, bytes_str(json_is_string(item) ? json_string_value(item) : "?"));
	}
	buf_add_u8(&out, 0);
	check(!out.err);
	text = mem_str((const char *)out.ptr);
	buf_fini(&out);
	return text;
}

const char *field_text(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

uint64_t field_count(const json_t *json, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(json, key));

	return number > 0 ? (uint64_t)number : 0;
}

int64_t field_time(const json_t *json, const char *key)
{
	return (int64_t)json_integer_value(json_object_get(json, key));
}

bool field_true(const json_t *json, const char *key)
{
	return json_is_true(json_object_get(json, key));
}
