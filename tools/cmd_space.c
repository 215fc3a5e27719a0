/*
 * space, drop: whose data takes how much room here, and how to get some back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "tools/client.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/query.h"
#include "tools/text.h"
#include "tools/value.h"

/* -- space ---------------------------------------------------------------------------------- */

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

static int run_space(struct tool *tool)
{
	return query_show(tool, "/datasets", print_space);
}

/* -- drop ----------------------------------------------------------------------------------- */

static void print_copies(const struct tool *tool, const json_t *answer, bool done)
{
	uint64_t versions = field_count(answer, "versions"), kept = field_count(answer, "kept");
	const char *pattern = field_text(answer, "pattern");
	char size[TEXT_SHORT_LEN];

	text_size(size, field_count(answer, "bytes"));
	if (!versions)
		print_line("There are no copies of %s here that could be dropped.", pattern);
	else if (done)
		print_line("%" PRIu64 " versions dropped, %s. `get` fetches them again while "
			   "others hold them.",
			   versions, size);
	else
		print_line("%" PRIu64
			   " versions, %s, of others' data would be dropped here; others "
			   "keep theirs.",
			   versions, size);
	if (!kept)
		return;
	print_line("%" PRIu64
		   " versions stay, as subscriptions ask for them; to drop those, first:",
		   kept);
	print_command(tool, "allmende unsubscribe PATTERN", "  ");
}

static int run_drop(struct tool *tool)
{
	const char *pattern = tool_word(tool, 0);
	bool done = args_flag(&tool->args, "yes");
	struct client *client;
	json_t *answer = NULL;
	struct buf target;
	int code;

	if ((code = value_pattern(pattern)) || (code = client_open(&client, tool)))
		return code;
	target_init(&target, "/copies");
	target_text(&target, "pattern", pattern);
	code = client_call(client, done ? "DELETE" : "GET", target_end(&target), NULL, &answer);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else
		print_copies(tool, answer, done);
	if (!code && !done && field_count(answer, "versions"))
		code = tool_fail(TOOL_FAILED, "nothing was done: say --yes to do it");
	json_decref(answer);
	buf_fini(&target);
	client_close(client);
	return code;
}

static const struct option options[] = {
	{"yes", 0, NULL, false, "do it"},
	{0},
};

const struct command cmd_space = {
	.name = "space",
	.arguments = "",
	.summary = "show whose data takes how much room here",
	.help = "Shows whose data takes how much room on this node, the most first. To get some "
		"back:\n"
		"\n"
		"  allmende unsubscribe \"meissen/**\"        fetch no more of it\n"
		"  allmende drop \"meissen/**\" --yes         give up what is here\n"
		"  allmende publish riesa/a a.csv --keep 3   limit the old versions of own data",
	.run = run_space,
};

const struct command cmd_drop = {
	.name = "drop",
	.arguments = "PATTERN",
	.summary = "give up copies of others' data, to make room",
	.help = "Drops the copies of others' data that match and that no subscription asks for. "
		"Own "
		"data is\n"
		"never touched. Shows first what would happen and wants --yes.\n"
		"\n"
		"  allmende unsubscribe \"meissen/**\"\n"
		"  allmende drop \"meissen/**\" --yes",
	.options = options,
	.word_min = 1,
	.word_max = 1,
	.run = run_drop,
};
