/*
 * ls: which datasets there are.
 */
#include <stdio.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/datasets.h"
#include "tools/kit/print.h"
#include "tools/kit/value.h"

static int ask_list(struct client *client, const char *pattern, json_t **answer)
{
	struct buf target;
	int code;

	target_init(&target, "/datasets");
	if (pattern)
		target_text(&target, "pattern", pattern);
	code = client_call(client, "GET", target_end(&target), NULL, answer);
	buf_fini(&target);
	return code ? client_complain(client) : TOOL_DONE;
}

/* `ls meissen` means all below it, when it is no dataset itself. */
static int list(const struct tool *tool, struct client *client, const char *pattern)
{
	char below[LIMIT_PATH_LEN_MAX + 4];
	json_t *answer = NULL;
	int code = ask_list(client, pattern, &answer);

	if (!code && pattern && !strchr(pattern, '*') &&
	    json_array_size(json_object_get(answer, "datasets")) == 0) {
		json_decref(answer);
		answer = NULL;
		snprintf(below, sizeof(below), "%s/**", pattern);
		code = ask_list(client, below, &answer);
	}
	if (!code && tool->json)
		code = print_json(tool, answer);
	else if (!code)
		datasets_print(tool, answer);
	if (!code && !tool->json && tool->terminal_out &&
	    json_array_size(json_object_get(answer, "datasets")) == 0)
		tool_remark(pattern ? "no dataset matches \"%s\"; `allmende ls` lists all"
				    : "no datasets are known yet%s",
			    pattern ? pattern : "");
	json_decref(answer);
	return code;
}

static int run_ls(struct tool *tool)
{
	const char *pattern = tool_word(tool, 0);
	char trimmed[LIMIT_PATH_LEN_MAX + 1];
	struct client *client;
	int code;

	if (pattern && strlen(pattern) < sizeof(trimmed)) {
		size_t len = strlen(pattern);

		/* "meissen/" as a shell completes it */
		snprintf(trimmed, sizeof(trimmed), "%.*s",
			 (int)(len > 1 && pattern[len - 1] == '/' ? len - 1 : len), pattern);
		pattern = trimmed;
	}
	if (pattern && (code = value_pattern(pattern)))
		return code;
	if ((code = client_open(&client, tool)))
		return code;
	code = list(tool, client, pattern);
	client_close(client);
	return code;
}

const struct command cmd_ls = {
	.name = "ls",
	.arguments = "[PATTERN]",
	.summary = "list datasets",
	.help = "Lists datasets of all members with their current version. A pattern is a dataset\n"
		"with * for any one part and ** at the end for all below; a part alone lists what "
		"is\n"
		"below it. DATA: own, here (a copy is held), elsewhere (get fetches it), no "
		"access,\n"
		"damaged (being fetched again).\n"
		"\n"
		"  allmende ls meissen\n"
		"  allmende ls \"*/kita/**\"",
	.word_max = 1,
	.run = run_ls,
};
