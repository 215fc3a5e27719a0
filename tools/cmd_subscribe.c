/*
 * subscribe, unsubscribe, subscriptions: which datasets this node keeps copies of.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tools/client.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/query.h"
#include "tools/value.h"

static int subscribe(const struct tool *tool, struct client *client, const char *pattern)
{
	json_t *body = json_pack("{s:s}", "pattern", pattern);
	json_t *answer = NULL;
	int code = client_call(client, "POST", "/subscriptions", body, &answer);

	json_decref(body);
	if (code)
		client_complain(client);
	else if (tool->json && answer)
		code = print_json(tool, answer);
	else if (!tool->json) {
		print_line("Subscribed to %s: what this node may read of it is fetched and "
			   "kept, now and with every new version.",
			   pattern);
		if (tool->terminal_out)
			print_next(tool, "allmende subscriptions", "see how far it has come");
	}
	json_decref(answer);
	return code;
}

static int unsubscribe(const struct tool *tool, struct client *client, const char *pattern)
{
	struct buf target;
	int code;

	target_init(&target, "/subscriptions");
	target_text(&target, "pattern", pattern);
	code = client_call(client, "DELETE", target_end(&target), NULL, NULL);
	buf_fini(&target);
	if (code)
		return client_complain(client);
	if (!tool->json)
		print_line("No longer subscribed to %s; what is here already stays.", pattern);
	return TOOL_DONE;
}

static int with_pattern(struct tool *tool, int (*act)(const struct tool *tool,
						      struct client *client, const char *pattern))
{
	const char *pattern = tool_word(tool, 0);
	struct client *client;
	int code;

	if ((code = value_pattern(pattern)) || (code = client_open(&client, tool)))
		return code;
	code = act(tool, client, pattern);
	client_close(client);
	return code;
}

static int run_subscribe(struct tool *tool)
{
	return with_pattern(tool, subscribe);
}

static int run_unsubscribe(struct tool *tool)
{
	return with_pattern(tool, unsubscribe);
}

static void print_subscriptions(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"PATTERN", ">HERE", ">KNOWN", NULL};
	const json_t *list = json_object_get(answer, "subscriptions");
	struct grid grid;
	json_t *item;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach((json_t *)list, i, item)
	{
		grid_text(&grid, field_text(item, "pattern"));
		grid_number(&grid, field_count(item, "held"));
		grid_number(&grid, field_count(item, "known"));
	}
	grid_done(&grid);
	if (json_array_size(list) == 0 && tool->terminal_out)
		tool_remark("no subscriptions; `allmende%s subscribe \"meissen/**\"` makes one",
			    tool->dir_words);
}

static int run_subscriptions(struct tool *tool)
{
	return query_show(tool, "/subscriptions", print_subscriptions);
}

const struct command cmd_subscribe = {
	.name = "subscribe",
	.arguments = "PATTERN",
	.summary = "keep copies of matching datasets here",
	.help = "Keeps copies of all datasets that match, now and later: every new version is "
		"fetched\n"
		"as soon as it is known. Quote the pattern, so that the shell leaves it alone.\n"
		"\n"
		"  allmende subscribe \"meissen/**\"\n"
		"  allmende subscribe \"*/kita/plaetze\"",
	.word_min = 1,
	.word_max = 1,
	.run = run_subscribe,
};

const struct command cmd_unsubscribe = {
	.name = "unsubscribe",
	.arguments = "PATTERN",
	.summary = "stop keeping copies",
	.help = "Takes a subscription back, written as in `allmende subscriptions`. What is here\n"
		"already stays.\n"
		"\n"
		"  allmende unsubscribe \"meissen/**\"",
	.word_min = 1,
	.word_max = 1,
	.run = run_unsubscribe,
};

const struct command cmd_subscriptions = {
	.name = "subscriptions",
	.arguments = "",
	.summary = "list subscriptions, and how much of each is here",
	.help = "Lists the subscriptions with the number of datasets that match and of those that "
		"are\n"
		"here.\n"
		"\n"
		"  allmende subscriptions",
	.run = run_subscriptions,
};
