/*
 * takeover: what others wrote in the own namespace, and what another own node has said, stays.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/text.h"
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

/* ---- another own node ---- */

struct parts {
	uint64_t index, copied, skipped, late, missing;
	json_t *items;
};

static void parts_add(struct parts *parts, const json_t *answer)
{
	parts->copied += field_count(answer, "copied");
	parts->skipped += field_count(answer, "skipped");
	parts->late += field_count(answer, "late");
	parts->missing = field_count(answer, "missing");
	json_array_extend(parts->items, json_object_get(answer, "items"));
}

static void items_print(const struct parts *parts, const char *kind, const char *title)
{
	json_t *item;
	size_t i;

	json_array_foreach(parts->items, i, item)
	{
		if (strcmp(field_text(item, "item"), kind) != 0)
			continue;
		if (title)
			print_line("%s", title);
		title = NULL;
		const char *command = field_text(item, "command");
		print_line("  %s%s%s", field_text(item, "what"), command[0] ? ": " : "", command);
	}
}

static void parts_print(const struct parts *parts, bool lost)
{
	print_line("%" PRIu64 " record%s of node %" PRIu64 " %s this node's too now; of %" PRIu64
		   " more it had its own already.",
		   parts->copied, text_plural(parts->copied), parts->index,
		   parts->copied == 1 ? "is" : "are", parts->skipped);
	if (!lost && parts->missing > 0)
		print_line("%" PRIu64 " are missing still: run it again.", parts->missing);
	else if (!lost)
		print_line("The node can be retired: what it said stays.");
	if (!lost)
		return;
	items_print(parts, "taken", "Taken over:");
	items_print(parts, "ended", "Ended since that day, for good; to give it again:");
	items_print(parts, "barred", "Barred since that day; to lift it:");
	if (parts->late > 0)
		print_line("%" PRIu64 " record%s not known here of before that day, and left out.",
			   parts->late, parts->late == 1 ? " is" : "s are");
	items_print(parts, "late", NULL);
}

/* Part after part. */
static int take_node(struct tool *tool)
{
	struct parts parts = {.items = json_array()};
	const char *since = args_value(&tool->args, "since");
	int64_t since_ms = 0;
	uint64_t after = 0;
	bool more = true;
	int code = value_number(&tool->args, "node", 255, &parts.index);

	if (!code && since)
		code = value_day("--since", since, &since_ms);
	while (!code && more) {
		json_t *answer = NULL;
		code = query_post(tool, "/takeovers/node",
				  json_pack("{s:I, s:I, s:I}", "index", (json_int_t)parts.index,
					    "after", (json_int_t)after, "since_ms",
					    (json_int_t)since_ms),
				  &answer);
		more = field_true(answer, "more");
		after = field_count(answer, "after");
		parts_add(&parts, answer);
		json_decref(answer);
	}
	if (!code && tool->json) {
		json_t *out = json_pack("{s:I, s:I, s:I, s:I, s:O}", "copied",
					(json_int_t)parts.copied, "skipped",
					(json_int_t)parts.skipped, "late", (json_int_t)parts.late,
					"missing", (json_int_t)parts.missing, "items", parts.items);
		code = print_json(tool, out);
		json_decref(out);
	} else if (!code) {
		parts_print(&parts, since != NULL);
	}
	json_decref(parts.items);
	return code;
}

static int run_takeover(struct tool *tool)
{
	const char *text = tool_word(tool, 0);
	bool node = args_value(&tool->args, "node") != NULL;

	if (text && node)
		return tool_fail(TOOL_USAGE, "say either a version or --node");
	if (!node && args_value(&tool->args, "since"))
		return tool_fail(TOOL_USAGE, "--since belongs to --node");
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
		"retired; what it says between that and its retirement is taken over by itself. "
		"With --since: of a\n"
		"node that is lost, when somebody else may have had it from that day on. Taken is "
		"what is here still\n"
		"and had come here before, as the audit log of this node says; what the node had "
		"overwritten since is\n"
		"gone. Its ends and bars count, whenever they came: the commands that undo them "
		"are listed.\n"
		"\n"
		"  allmende takeover\n"
		"  allmende takeover meissen/kita/plaetze@9\n"
		"  allmende takeover --node 1\n"
		"  allmende takeover --node 1 --since 2027-11-20",
	.options =
		(const struct option[]){
			{"node", 0, "INDEX", false, "of the other node; see node list"},
			{"since", 0, "DAY", false,
			 "with --node: somebody else may have had it from then on"},
			{0},
		},
	.word_max = 1,
	.run = run_takeover,
};
