/*
 * space: whose data takes how much room here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/limits.h"
#include "tools/cmd/commands.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/text.h"

struct owner {
	const char *slug; /* borrowed from the answer */
	uint64_t count, bytes;
};

static int by_bytes(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

/* The datasets come in order of path, so those of one owner stand together. */
static size_t add_up(const json_t *datasets, struct owner *owners)
{
	size_t count = 0, i;
	json_t *entry;

	json_array_foreach((json_t *)datasets, i, entry)
	{
		const char *slug = field_text(entry, "organisation");

		if (!field_true(entry, "held"))
			continue;
		if (count == 0 || strcmp(owners[count - 1].slug, slug) != 0)
			owners[count++] = (struct owner){.slug = slug};
		owners[count - 1].count++;
		owners[count - 1].bytes += field_count(entry, "sealed_bytes");
	}
	return count;
}

static void print_space(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"ORGANISATION", ">DATASETS", ">SIZE", NULL};
	const json_t *datasets = json_object_get(answer, "datasets");
	struct owner *owners = mem_new(json_array_size(datasets) + 1, sizeof(*owners));
	size_t count = add_up(datasets, owners);
	struct grid grid;

	qsort(owners, count, sizeof(*owners), by_bytes);
	grid_init(&grid, tool, stdout, heads);
	for (size_t i = 0; i < count; i++) {
		grid_text(&grid, owners[i].slug);
		grid_number(&grid, owners[i].count);
		grid_bytes(&grid, owners[i].bytes);
	}
	grid_done(&grid);
	free(owners);
	if (tool->terminal_out)
		tool_remark(
			"these are the current versions; `allmende%s drop PATTERN` gives up what "
			"no subscription asks for, `publish --keep` limits own old versions",
			tool->dir_words);
}

/* What has come of versions that are not whole yet, and what they wait for. */
static void print_parts(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"ON ITS WAY", ">HERE", ">OF", "WAITS FOR", NULL};
	const json_t *fetches = json_object_get(answer, "fetches");
	struct grid grid;
	json_t *fetch;
	size_t i;

	if (json_array_size(fetches) == 0)
		return;
	if (tool->terminal_out)
		putchar('\n');
	grid_init(&grid, tool, stdout, heads);
	json_array_foreach((json_t *)fetches, i, fetch)
	{
		char name[LIMIT_PATH_LEN_MAX + 24];
		char needs[TEXT_SHORT_LEN], waits[TEXT_SHORT_LEN + 16] = "";
		uint64_t bytes = field_count(fetch, "needs_bytes");

		snprintf(name, sizeof(name), "%s@%" PRIu64, field_text(fetch, "dataset"),
			 field_count(fetch, "version"));
		text_size(needs, bytes);
		if (bytes)
			snprintf(waits, sizeof(waits), "%s of room", needs);
		else if (!field_count(fetch, "sources"))
			snprintf(waits, sizeof(waits), "a node that has it");
		grid_text(&grid, name);
		grid_bytes(&grid, field_count(fetch, "bytes"));
		grid_bytes(&grid, field_count(fetch, "bytes_all"));
		grid_text(&grid, waits);
	}
	grid_done(&grid);
}

static int run_space(struct tool *tool)
{
	int code = query_show(tool, "/datasets", print_space);

	return code || tool->json ? code : query_show(tool, "/status", print_parts);
}

const struct command cmd_space = {
	.name = "space",
	.arguments = "",
	.summary = "show whose data takes how much room here",
	.help = "Shows whose data takes how much room on this node, the most first; then what is "
		"on\n"
		"its way, how much of it is here, and for how much room it waits. To get some "
		"back:\n"
		"\n"
		"  allmende unsubscribe \"meissen/**\"        fetch no more of it\n"
		"  allmende drop \"meissen/**\" --yes         give up what is here\n"
		"  allmende publish riesa/a a.csv --keep 3   limit the old versions of own data",
	.run = run_space,
};
