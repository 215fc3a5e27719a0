/*
 * token add, list, remove: what programs show that are no member, to be shown what is not open.
 */
#include <stdio.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

/* token add */

static void print_token(const struct tool *tool, const json_t *answer)
{
	char until[TEXT_SHORT_LEN] = "";

	if (!tool->terminal_out) {
		print_line("%s", field_text(answer, "token"));
		return;
	}
	if (field_time(answer, "until_ms"))
		text_local(until, field_time(answer, "until_ms"));
	print_line("%s", field_text(answer, "token"));
	putchar('\n');
	print_line("Who shows it may %s what lies below %s%s%s. It is not shown again.",
		   strcmp(field_text(answer, "may"), "read") ? "list" : "list and read",
		   field_text(answer, "prefix"), until[0] ? ", until " : "", until);
	print_line("Programs send it as \"Authorization: Bearer TOKEN\".");
}

static int run_token_add(struct tool *tool)
{
	const char *below = args_value(&tool->args, "below"), *may = args_value(&tool->args, "may");
	const char *until = args_value(&tool->args, "until");
	const char *name = args_value(&tool->args, "name");
	int64_t until_ms = 0;
	json_t *answer = NULL;
	int code;

	if (!below)
		return tool_fail(TOOL_USAGE, "--below PREFIX is missing: what shall the token be "
					     "good for, for example --below meissen/kita?");
	if (may && strcmp(may, "list") && strcmp(may, "read"))
		return tool_fail(TOOL_USAGE, "--may \"%s\" is neither \"list\" nor \"read\"", may);
	if ((code = value_path(below)) ||
	    (until && (code = value_moment("--until", until, &until_ms))))
		return code;
	code = query_post(tool, "/tokens",
			  json_pack("{s:s, s:s, s:I, s:s*}", "below", below, "may",
				    may ? may : "read", "until_ms", (json_int_t)until_ms, "name",
				    name),
			  &answer);
	if (!code && tool->json)
		code = print_json(tool, answer);
	else if (!code)
		print_token(tool, answer);
	json_decref(answer);
	return code;
}

static const struct option token_add_options[] = {
	{"below", 0, "PREFIX", false, "what lies at or below this path"},
	{"may", 0, "list|read", false, "only that it is there, or its contents as well; else read"},
	{"until", 0, "DATE", false, "the last day, or \"2027-11-20 14:30\"; else without end"},
	{"name", 0, "TEXT", false, "who has it, for the list"},
	{0},
};

const struct command cmd_token_add = {
	.name = "token add",
	.arguments = "",
	.summary = "let a program list or read what is not open",
	.help = "Makes a token for a program that is no member: a portal, a desktop, a statistics\n"
		"program. Who shows it to this node's HTTP port sees, besides what is open, what "
		"lies\n"
		"at and below PREFIX and can be read by this node. It is shown once: only its hash "
		"is\n"
		"kept. `allmende token remove` ends it at once.\n"
		"\n"
		"  allmende token add --below meissen/kita --may read --until 2027-12-31 \\\n"
		"      --name \"Jugendamt, QGIS\"",
	.options = token_add_options,
	.run = run_token_add,
};

/* token list */

static void print_tokens(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"ID",  ">USES", "LAST", "UNTIL",
					    "MAY", "BELOW", "NAME", NULL};
	const json_t *list = json_object_get(answer, "tokens");
	struct grid grid;
	json_t *token;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach((json_t *)list, i, token)
	{
		int64_t until_ms = field_time(token, "until_ms");

		grid_text(&grid, field_text(token, "id"));
		grid_number(&grid, field_count(token, "uses"));
		grid_time(&grid, field_time(token, "used_ms"));
		if (until_ms && until_ms <= tool->now_ms)
			grid_text(&grid, "has ended");
		else
			grid_time(&grid, until_ms);
		grid_text(&grid, field_text(token, "may"));
		grid_text(&grid, field_text(token, "prefix"));
		grid_text(&grid, field_text(token, "name"));
	}
	grid_done(&grid);
	if (json_array_size(list) == 0 && tool->terminal_out)
		tool_remark("no tokens; `allmende%s token add --below meissen/kita` makes one",
			    tool->dir_words);
}

static int run_token_list(struct tool *tool)
{
	return query_show(tool, "/tokens", print_tokens);
}

const struct command cmd_token_list = {
	.name = "token list",
	.arguments = "",
	.summary = "list the tokens of programs",
	.help = "Lists the tokens that `allmende token add` has made: what each is good for, until "
		"when,\n"
		"and how often it was used; uses of the last minute are not counted yet.\n"
		"\n"
		"  allmende token list",
	.run = run_token_list,
};

/* token remove */

static int run_token_remove(struct tool *tool)
{
	const char *id = tool_word(tool, 0);
	struct client *client;
	struct buf target;
	int code = client_open(&client, tool);

	if (code)
		return code;
	target_init(&target, "/tokens");
	target_text(&target, "id", id);
	code = client_call(client, "DELETE", target_end(&target), NULL, NULL);
	buf_fini(&target);
	if (code)
		client_complain(client);
	else if (!tool->json)
		print_line("Removed: who shows the token %s sees what is open, and no more.", id);
	client_close(client);
	return code;
}

const struct command cmd_token_remove = {
	.name = "token remove",
	.arguments = "ID",
	.summary = "end a token of a program at once",
	.help = "Ends a token at once. ID is its first column in `allmende token list`.\n"
		"\n"
		"  allmende token remove 3f2a90b1c4d5e6f7",
	.word_min = 1,
	.word_max = 1,
	.run = run_token_remove,
};
