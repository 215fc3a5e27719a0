/*
 * takeover: what others wrote in the own namespace, and what another own node has said, stays.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/value.h"

static void print_void(const struct tool *tool, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "void");
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
		print_line("%s@%" PRIu64 " is void: its writer's right has ended.",
			   field_text(item, "dataset"), field_count(item, "version"));
	if (json_array_size(list) == 0)
		print_line("Nothing waits to be taken over.");
}

static int take_version(struct tool *tool, const char *text)
{
	struct value_ref ref;
	json_t *answer = NULL;
	int code = value_ref(&ref, text);

	if (!code && !ref.version)
		code = tool_fail(TOOL_USAGE, "say which version: takeover %s@VERSION", ref.path);
	if (code)
		return code;
	code = query_post(
		tool, "/takeovers",
		json_pack("{s:s, s:I}", "dataset", ref.path, "version", (json_int_t)ref.version),
		&answer);
	if (!code && tool->json)
		code = print_json(tool, answer);
	else if (!code)
		print_line("%s@%" PRIu64 " is this organisation's own now.",
			   field_text(answer, "dataset"), field_count(answer, "version"));
	json_decref(answer);
	return code;
}

/* Part after part. */
static int take_node(struct tool *tool)
{
	uint64_t index = 0, after = 0, copied = 0, skipped = 0, missing = 0;
	bool more = true;
	int code = value_number(&tool->args, "node", 255, &index);

	while (!code && more) {
		json_t *answer = NULL;
		code = query_post(tool, "/takeovers/node",
				  json_pack("{s:I, s:I}", "index", (json_int_t)index, "after",
					    (json_int_t)after),
				  &answer);
		more = field_true(answer, "more");
		after = field_count(answer, "after");
		copied += field_count(answer, "copied");
		skipped += field_count(answer, "skipped");
		missing = field_count(answer, "missing");
		json_decref(answer);
	}
	if (code)
		return code;
	if (tool->json) {
		json_t *out = json_pack("{s:I, s:I, s:I}", "copied", (json_int_t)copied, "skipped",
					(json_int_t)skipped, "missing", (json_int_t)missing);
		code = print_json(tool, out);
		json_decref(out);
		return code;
	}
	print_line("%" PRIu64 " records of node %" PRIu64 " are this node's too now; of %" PRIu64
		   " others it had its own already.",
		   copied, index, skipped);
	if (missing > 0)
		print_line("%" PRIu64 " are missing still: run it again.", missing);
	else
		print_line("The node can be retired: what it said stays.");
	return TOOL_DONE;
}

static int run_takeover(struct tool *tool)
{
	const char *text = tool_word(tool, 0);
	bool node = args_value(&tool->args, "node") != NULL;

	if (text && node)
		return tool_fail(TOOL_USAGE, "say either a version or --node");
	if (node)
		return take_node(tool);
	return text ? take_version(tool, text) : query_show(tool, "/takeovers", print_void);
}

const struct command cmd_takeover = {
	.name = "takeover",
	.arguments = "[DATASET@VERSION]",
	.summary = "keep what a former writer wrote, or what another own node has said",
	.help = "When a writer's right ends, what it wrote in the own namespace is void, unless "
		"this organisation\n"
		"signs it too. It does so by itself for what was there before, as the grant says "
		"(--keep). What is\n"
		"left is listed here, and taken one by one.\n"
		"With --node: signs again all that another node of the organisation has said, as "
		"before that node is\n"
		"retired.\n"
		"\n"
		"  allmende takeover\n"
		"  allmende takeover meissen/kita/plaetze@9\n"
		"  allmende takeover --node 1",
	.options =
		(const struct option[]){
			{"node", 0, "INDEX", false, "of the other node; see node list"},
			{0},
		},
	.word_max = 1,
	.run = run_takeover,
};
