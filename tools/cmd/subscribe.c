/*
 * subscribe, unsubscribe, subscriptions: which datasets this node keeps copies of.
 */
#include <stdio.h>

#include "crypto/path.h"
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

/* DIR/DATASET begins with the short name that the member was admitted with. */
static void print_folder(const json_t *answer, const char *to)
{
	const struct bytes shown = path_slug(bytes_str(field_text(answer, "pattern")));
	const struct bytes kept = path_slug(bytes_str(field_text(answer, "folders")));

	print_line("Each is also written to %s/DATASET.", to);
	if (!bytes_eq(shown, kept))
		print_line("%.*s was renamed: its folder is %s/%.*s, by the short name of its "
			   "admission.",
			   (int)shown.len, (const char *)shown.ptr, to, (int)kept.len,
			   (const char *)kept.ptr);
}

static int subscribe(const struct tool *tool, struct client *client, const char *pattern)
{
	const char *to = args_value(&tool->args, "to");
	bool relay = args_flag(&tool->args, "relay");
	json_t *body = json_pack("{s:s, s:s?, s:b}", "pattern", pattern, "to", to, "relay", relay);
	json_t *answer = NULL;
	int code = client_call(client, "POST", "/subscriptions", body, &answer);

	json_decref(body);
	if (code)
		client_complain(client);
	else if (tool->json && answer)
		code = print_json(tool, answer);
	else if (!tool->json) {
		print_line(
			"Subscribed to %s: what this node may %s of it is fetched and kept%s, now "
			"and with every new version.",
			pattern, relay ? "hold" : "read",
			relay ? " for others, readable here or not" : "");
		if (to)
			print_folder(answer, to);
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
	if (args_flag(&tool->args, "relay") && args_value(&tool->args, "to"))
		return tool_fail(TOOL_USAGE, "--relay and --to exclude each other: what is kept "
					     "without reading cannot be written to a folder");
	return with_pattern(tool, subscribe);
}

static int run_unsubscribe(struct tool *tool)
{
	return with_pattern(tool, unsubscribe);
}

/* What cannot be written to its folder, and why. */
static void print_failing(const struct tool *tool, const json_t *subscription)
{
	char when[TEXT_SHORT_LEN];
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(subscription, "failing"), i, item)
	{
		text_ago(when, field_time(item, "retry_ms"), tool->now_ms);
		tool_remark("%s is not written to %s: %s (next attempt %s)",
			    field_text(item, "dataset"), field_text(subscription, "to"),
			    field_text(item, "why"), when);
	}
}

static void print_subscriptions(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"PATTERN", ">HERE", ">KNOWN", "FOR", "TO", NULL};
	const json_t *list = json_object_get(answer, "subscriptions");
	struct grid grid;
	json_t *item;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach((json_t *)list, i, item)
	{
		grid_text(&grid, field_text(item, "name"));
		grid_number(&grid, field_count(item, "held"));
		grid_number(&grid, field_count(item, "known"));
		grid_text(&grid, field_true(item, "relay") ? "others" : "reading");
		grid_text(&grid, field_text(item, "to"));
	}
	grid_done(&grid);
	json_array_foreach((json_t *)list, i, item) print_failing(tool, item);
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
		"With --to the daemon writes the current version of each into DIR/DATASET, and "
		"each new\n"
		"one in its place: the folder changes in one step, so nobody sees half a version. "
		"It is\n"
		"replaced only while it holds what was written there, beside what file managers "
		"leave\n"
		"(Thumbs.db, .DS_Store); else it is left alone, and status says so when the next "
		"version\n"
		"comes. When all of it was deleted it is written again within a minute. What is\n"
		"withdrawn stays in it, unless it is to be erased: then it is removed. The file\n"
		".allmende-NAME.here in DIR says that its disk is mounted; without it nothing is "
		"written,\n"
		"until --to is given again. Group, modes and ACL stay when something is replaced; "
		"what is\n"
		"granted or hidden is never for all users of the machine. Let a container mount "
		"DIR; one\n"
		"that mounts DIR/DATASET sees new versions, too, on ext4, XFS or btrfs, but for a "
		"moment\n"
		"perhaps files of two. Given again for a pattern, --to changes the folder. A "
		"dataset that\n"
		"lies below another one needs a folder of its own. Of a member that was renamed "
		"the\n"
		"folder has the short name of its admission, always.\n"
		"\n"
		"With --relay the node also keeps, for others, what its organisation may hold and "
		"not\n"
		"read: a relay always says so.\n"
		"\n"
		"  allmende subscribe \"meissen/**\"\n"
		"  allmende subscribe \"*/kita/plaetze\" --to /srv/offene-daten\n"
		"  allmende subscribe \"**\" --relay",
	.options =
		(const struct option[]){
			{"relay", 0, NULL, false,
			 "keep also what this node may hold without reading it"},
			{"to", 0, "DIR", false,
			 "also write the files of each into DIR/DATASET, whole or not at all"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_subscribe,
};

const struct command cmd_unsubscribe = {
	.name = "unsubscribe",
	.arguments = "PATTERN",
	.summary = "stop keeping copies",
	.help = "Takes a subscription back, written as in `allmende subscriptions`. What is here\n"
		"already stays, until `allmende drop` gives it up.\n"
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
		"here, and the folder they are written to. What cannot be written is named with "
		"the reason.\n"
		"\n"
		"  allmende subscriptions",
	.run = run_subscriptions,
};
