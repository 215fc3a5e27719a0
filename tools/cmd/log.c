/*
 * log: the versions of a dataset.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/datasets.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/value.h"

static void print_log(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {">VERSION", "PUBLISHED", "BY",    "TIER", ">FILES",
					    ">SIZE",    "DATA",      "TITLE", NULL};
	struct grid grid;
	json_t *entry;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach(json_object_get(answer, "versions"), i, entry)
	{
		grid_number(&grid, field_count(entry, "version"));
		grid_time(&grid, field_time(entry, "published_ms"));
		char *by = datasets_by(entry);
		grid_text(&grid, by);
		free(by);
		grid_text(&grid, field_text(entry, "tier"));
		grid_number(&grid, field_count(entry, "files"));
		grid_bytes(&grid, field_count(entry, "bytes"));
		grid_text(&grid, datasets_place(entry));
		grid_text(&grid, field_text(entry, "title"));
	}
	grid_done(&grid);
}

static int run_log(struct tool *tool)
{
	struct buf target;
	int code = value_path(tool_word(tool, 0));

	if (code)
		return code;
	target_init(&target, "/log");
	target_text(&target, "path", tool_word(tool, 0));
	code = query_show(tool, target_end(&target), print_log);
	buf_fini(&target);
	return code;
}

const struct command cmd_log = {
	.name = "log",
	.arguments = "DATASET",
	.summary = "list the versions of a dataset, newest first",
	.help = "Lists the versions of a dataset, newest first. BY is who published it, and "
		"\"tie\"\n"
		"says that somebody else has published another one with the same number.\n"
		"\n"
		"  allmende log meissen/kita/plaetze",
	.word_min = 1,
	.word_max = 1,
	.run = run_log,
};
