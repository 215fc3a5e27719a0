/*
 * wait: until a version is here.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/clock.h"
#include "tools/kit/print.h"
#include "tools/kit/progress.h"
#include "tools/kit/value.h"

#define SECONDS_MAX (366 * 86400)
#define WAIT_MS_MAX 30000
#define NAP_MS      2000

struct wait {
	struct value_ref ref;
	uint64_t after;
	bool ends;
	int64_t end_ms;
};

static int ask_wait(struct client *client, const struct wait *wait, json_t **answer)
{
	int64_t left_ms = wait->ends ? wait->end_ms - clock_steady_ms() : WAIT_MS_MAX;
	struct buf target;
	int code;

	if (left_ms > WAIT_MS_MAX)
		left_ms = WAIT_MS_MAX;
	target_init(&target, "/wait");
	target_text(&target, "path", wait->ref.path);
	target_count(&target, "version", wait->ref.version);
	target_count(&target, "after", wait->after);
	target_count(&target, "wait_ms", left_ms > 1 ? (uint64_t)left_ms : 1);
	code = client_call(client, "GET", target_end(&target), NULL, answer);
	buf_fini(&target);
	return code;
}

static int refuse_waited(const struct tool *tool, const struct wait *wait)
{
	char what[64] = "no version";

	if (wait->ref.version)
		snprintf(what, sizeof(what), "version %" PRIu64, wait->ref.version);
	else if (wait->after)
		snprintf(what, sizeof(what), "no version after %" PRIu64, wait->after);
	return tool_fail(TOOL_NOT_HERE,
			 "%s of %s is %shere yet, and the time is over; is it fetched at all? see "
			 "`allmende%s show %s`, `allmende%s subscriptions`",
			 what, wait->ref.path, wait->ref.version ? "not " : "", tool->dir_words,
			 wait->ref.path, tool->dir_words);
}

static int wait_for(const struct tool *tool, struct client *client, const struct wait *wait)
{
	struct progress progress;
	json_t *answer = NULL;
	int code;

	progress_begin(&progress, tool->terminal_err, "waiting for");
	progress_note(&progress, "%s", wait->ref.path);
	for (;;) {
		int64_t asked_ms = clock_steady_ms();

		progress_bytes(&progress, 0, 0);
		code = ask_wait(client, wait, &answer);
		if (code != TOOL_NOT_HERE)
			break;
		json_decref(answer);
		answer = NULL;
		if (wait->ends && clock_steady_ms() >= wait->end_ms) {
			progress_end(&progress);
			return refuse_waited(tool, wait);
		}
		/* too many wait: this one looks again by and by */
		if (clock_steady_ms() - asked_ms < NAP_MS)
			clock_nap_ms(wait->ends && wait->end_ms - clock_steady_ms() < NAP_MS
					     ? 100
					     : NAP_MS);
	}
	progress_end(&progress);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else
		print_line("%s@%" PRIu64 "   is here", wait->ref.path,
			   field_count(answer, "version"));
	json_decref(answer);
	return code;
}

static int run_wait(struct tool *tool)
{
	struct wait wait = {0};
	uint64_t seconds = 0;
	struct client *client;
	int code;

	if ((code = value_ref(&wait.ref, tool_word(tool, 0))) ||
	    (code = value_number(&tool->args, "timeout", SECONDS_MAX, &seconds)) ||
	    (code = value_number(&tool->args, "after", INT64_MAX, &wait.after)))
		return code;
	if (wait.ref.version && wait.after)
		return tool_fail(TOOL_USAGE,
				 "@%" PRIu64 " and --after exclude each other: give one",
				 wait.ref.version);
	wait.ends = args_value(&tool->args, "timeout") != NULL;
	wait.end_ms = clock_steady_ms() + (int64_t)seconds * 1000;
	if ((code = client_open(&client, tool)))
		return code;
	code = wait_for(tool, client, &wait);
	client_close(client);
	return code;
}

const struct command cmd_wait = {
	.name = "wait",
	.arguments = "DATASET[@VERSION]",
	.summary = "wait until a version is here",
	.help = "Waits until a version of the dataset is held by this node: the one named, one "
		"above\n"
		"--after, or any. It fetches nothing by itself; a subscription does. Exit code 5\n"
		"when the time is over.\n"
		"\n"
		"  allmende subscribe \"meissen/**\"\n"
		"  allmende wait meissen/kita/plaetze --after 3 --timeout 3600 && ./import",
	.options =
		(const struct option[]){
			{"after", 0, "VERSION", false, "wait for a version above this one"},
			{"timeout", 0, "SECONDS", false,
			 "give up after so long (default: wait for ever)"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_wait,
};
