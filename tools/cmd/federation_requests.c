/*
 * federation: admitting who waits.
 */
#include <stdio.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/value.h"

/* -- requests ------------------------------------------------------------------------------- */

static const char *state_words(const char *state)
{
	if (strcmp(state, "voting") == 0)
		return "waits for votes";
	return strcmp(state, "waiting") == 0 ? "waits for you" : "its node has to answer";
}

static void print_requests(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"NAME",  "SHORT", "KEY",     "AS", "STATE",
					    "SINCE", "UNTIL", "ADDRESS", NULL};
	const json_t *list = json_object_get(answer, "requests");
	struct grid grid;
	json_t *request;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach(list, i, request)
	{
		grid_text(&grid, field_text(request, "name"));
		grid_text(&grid, field_text(request, "slug"));
		grid_text(&grid, field_text(request, "ags"));
		grid_text(&grid, field_true(request, "relay") ? "relay" : "member");
		grid_text(&grid, state_words(field_text(request, "state")));
		grid_time(&grid, field_time(request, "since_ms"));
		grid_time(&grid, field_time(request, "until_ms"));
		grid_text(&grid, field_text(request, "address"));
	}
	grid_done(&grid);
	if (!tool->terminal_out)
		return;
	if (json_array_size(list) == 0) {
		print_line("Nobody waits to be admitted.");
		return;
	}
	putchar('\n');
	print_line("Call them on a number that you know, and have six words read to you:");
	print_next(tool, "allmende federation approve SLUG --words \"...\"", "admits them");
	print_next(tool, "allmende federation refuse SLUG", "sends them away");
}

static int run_requests(struct tool *tool)
{
	return query_show(tool, "/federation/requests", print_requests);
}

static void print_approved(const struct tool *tool, const json_t *answer, const char *slug)
{
	if (field_true(answer, "accepted")) {
		print_line("%s is admitted.", slug);
		return;
	}
	print_line("The words match. %s before %s is a member:",
		   field_true(answer, "voted") ? "Other stewards must agree"
					       : "You still have to vote, where your root key is,",
		   slug);
	print_next(tool, "allmende federation proposals", "shows who has voted");
}

static int run_approve(struct tool *tool)
{
	const char *slug = tool_word(tool, 0), *words = args_value(&tool->args, "words");
	json_t *answer = NULL;
	int code = value_slug("the short name", slug);

	if (code)
		return code;
	if (!words)
		return tool_fail(
			TOOL_USAGE,
			"--words is missing: have six words read to you over the telephone, and "
			"write `allmende federation approve %s --words \"...\"`",
			slug);
	code = query_post(tool, "/federation/requests/approve",
			  json_pack("{s:s, s:s}", "slug", slug, "words", words), &answer);
	if (!code && tool->json)
		code = print_json(tool, answer);
	else if (!code)
		print_approved(tool, answer, slug);
	json_decref(answer);
	return code;
}

static int run_refuse(struct tool *tool)
{
	const char *slug = tool_word(tool, 0);
	json_t *answer = NULL;
	int code = value_slug("the short name", slug);

	if (code)
		return code;
	code = query_post(tool, "/federation/requests/refuse", json_pack("{s:s}", "slug", slug),
			  &answer);
	if (!code && tool->json)
		code = print_json(tool, answer);
	else if (!code)
		print_line("The request of %s is refused; its invitation is void.", slug);
	json_decref(answer);
	return code;
}

/* -- the commands --------------------------------------------------------------------------- */

const struct command cmd_federation_requests = {
	.name = "federation requests",
	.arguments = "",
	.summary = "list who waits to be admitted",
	.help = "Lists the organisations that have used an invitation of this node and wait for a\n"
		"steward. Call them, and have them read their six words.\n"
		"\n"
		"  allmende federation requests",
	.run = run_requests,
};

const struct command cmd_federation_approve = {
	.name = "federation approve",
	.arguments = "SLUG --words WORDS",
	.summary = "admit an organisation whose six words you have heard",
	.help = "Admits an organisation that waits. Call it on a number that you know from "
		"elsewhere,\n"
		"not from a message that came with the request, and type the six words that are "
		"read\n"
		"to you; the first four letters of each are enough. Where several stewards "
		"decide,\n"
		"this is your vote, and the others vote by `federation vote`. When the words were\n"
		"wrong five times, the request is dropped and the invitation is void.\n"
		"\n"
		"  allmende federation approve riesa --words \"adler burg kaffee nebel tulpe "
		"zebra\"",
	.options =
		(const struct option[]){
			{"words", 0, "WORDS", false, "the six words, as they were read to you"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_approve,
};

const struct command cmd_federation_refuse = {
	.name = "federation refuse",
	.arguments = "SLUG",
	.summary = "send away an organisation that waits",
	.help = "Refuses a request. The invitation is void then: for a new attempt, invite anew.\n"
		"\n"
		"  allmende federation refuse riesa",
	.word_min = 1,
	.word_max = 1,
	.run = run_refuse,
};
