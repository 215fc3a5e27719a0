/*
 * drop: copies of others' data are given up, to make room.
 */
#include <inttypes.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

static void print_copies(const struct tool *tool, const json_t *answer, bool done)
{
	uint64_t versions = field_count(answer, "versions"), kept = field_count(answer, "kept");
	const char *pattern = field_text(answer, "pattern");
	char size[TEXT_SHORT_LEN];

	text_size(size, field_count(answer, "bytes"));
	if (!versions)
		print_line("There are no copies of %s here that could be dropped.", pattern);
	else if (done)
		print_line("%" PRIu64 " version%s dropped, %s. `get` fetches again what others "
			   "hold.",
			   versions, text_plural(versions), size);
	else
		print_line("%" PRIu64
			   " version%s, %s, of others' data would be dropped here; others "
			   "keep theirs.",
			   versions, text_plural(versions), size);
	if (!kept)
		return;
	print_line("%" PRIu64 " version%s, as subscriptions ask for %s; to drop %s, first:", kept,
		   kept == 1 ? " stays" : "s stay", kept == 1 ? "it" : "them",
		   kept == 1 ? "it" : "those");
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

const struct command cmd_drop = {
	.name = "drop",
	.arguments = "PATTERN",
	.summary = "give up copies of others' data, to make room",
	.help = "Drops the copies of others' data that match and that no subscription asks for. "
		"Own data is\n"
		"never touched. Shows first what would happen and wants --yes.\n"
		"\n"
		"  allmende unsubscribe \"meissen/**\"\n"
		"  allmende drop \"meissen/**\" --yes",
	.options =
		(const struct option[]){
			{"yes", 0, NULL, false, "do it"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_drop,
};
