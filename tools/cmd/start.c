/*
 * start: whether this node signs, and saying that it may.
 */
#include <string.h>
#include <time.h>

#include "tools/cmd/commands.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/text.h"

static void print_day(const json_t *answer)
{
	int64_t ms = field_time(answer, "own_head_ms");
	time_t seconds = (time_t)(ms / 1000);
	struct tm day;

	if (!ms)
		return;
	localtime_r(&seconds, &day);
	print_line("The last that this directory knows this node to have signed is of "
		   "%04d-%02d-%02d %02d:%02d.",
		   day.tm_year + 1900, day.tm_mon + 1, day.tm_mday, day.tm_hour, day.tm_min);
}

static void print_start(const struct tool *tool, const json_t *answer)
{
	const char *why = field_text(answer, "why");
	const json_t *paths = json_object_get(answer, "waiting");
	json_t *path;
	size_t i;

	if (why[0]) {
		char *sentence = text_commands(why, tool->dir_words);

		print_line("It does not sign: %s", sentence);
		free(sentence);
	} else {
		print_line("This node signs what it says.");
	}
	print_day(answer);
	json_array_foreach((json_t *)paths, i, path)
		print_line("%s waits to be published.", json_string_value(path));
}

static int run_start(struct tool *tool)
{
	return query_show(tool, "/start", print_start);
}

static void print_confirmed(const json_t *answer)
{
	print_day(answer);
	if (strcmp(field_text(answer, "state"), "signs") == 0)
		print_line("That counts from now on, and what waited is published.");
	else
		print_line("The others are asked first what they know of this node, and that is "
			   "taken up; then it signs, and what waited is published.");
}

static int run_confirm(struct tool *tool)
{
	json_t *answer = NULL;
	int code = query_post(tool, "/start/confirm", NULL, &answer);

	if (!code && tool->json) {
		code = print_json(tool, answer);
	} else if (!code) {
		print_confirmed(answer);
	}
	json_decref(answer);
	return code;
}

const struct command cmd_start = {
	.name = "start",
	.arguments = "",
	.summary = "show whether this node signs what it says",
	.help = "After each start a node signs nothing until another node has said that it knows "
		"nothing later of\n"
		"it: otherwise an old copy of its directory would contradict what it has said "
		"since. Shows whether\n"
		"that is over, of when the last is that it has signed, and what waits to be "
		"published.\n"
		"\n"
		"  allmende start",
	.run = run_start,
};

const struct command cmd_start_confirm = {
	.name = "start confirm",
	.arguments = "",
	.summary = "say that this directory is the latest there is of this node",
	.help = "When no other node can be reached: says that this directory is not an old copy. "
		"Prints of when\n"
		"the last is that this node has signed. What it should have signed after that "
		"elsewhere, as in a\n"
		"directory that is lost, is given up for all.\n"
		"\n"
		"When another machine has used the key of this node: says that it is switched off. "
		"What others hold\n"
		"of both is taken up before this node signs again; with nobody linked it signs at "
		"once. A version\n"
		"whose number both have used goes on as the next one.\n"
		"\n"
		"  allmende start\n"
		"  allmende start confirm",
	.run = run_confirm,
};
