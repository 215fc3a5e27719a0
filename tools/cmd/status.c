/*
 * status: what needs doing first, then how the node does; with --check one line for monitoring.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/sheet.h"
#include "tools/kit/text.h"

#define ARROW_COLUMN_MAX 72 /* commands stand beside texts up to here, and below longer ones */
#define CHECK_TEXT_LEN   700
#define WORD_WIDTH       10 /* "DISPUTED  " */

/* -- what needs doing ----------------------------------------------------------------------- */

/* Members have lines of their own: STALE, DISPUTED. */
static bool is_shown(const json_t *action)
{
	return strcmp(field_text(action, "topic"), "members") != 0;
}

static bool is_note(const json_t *action)
{
	return strcmp(field_text(action, "severity"), "info") == 0;
}

static char *action_text(const struct tool *tool, const json_t *action)
{
	char *sentence = text_commands(field_text(action, "text"), tool->dir_words);
	char *text = text_escape(sentence, false);

	free(sentence);
	return text;
}

static size_t arrow_column(const struct tool *tool, const json_t *actions)
{
	size_t column = 0, i;
	json_t *action;

	json_array_foreach((json_t *)actions, i, action)
	{
		char *text = action_text(tool, action);
		size_t width = text_width(text);

		if (is_shown(action) && !is_note(action) && width > column &&
		    width <= ARROW_COLUMN_MAX)
			column = width;
		free(text);
	}
	return column;
}

static void print_action(const struct tool *tool, const json_t *action, size_t column)
{
	char *text = action_text(tool, action);
	const char *command = field_text(action, "command");
	size_t width = text_width(text);

	printf("  %s", text);
	free(text);
	if (!*command) {
		putchar('\n');
		return;
	}
	if (width <= column)
		printf("%*s", (int)(column - width) + 2, "");
	else
		printf("\n    ");
	print_command(tool, command, "-> ");
}

static void print_actions(const struct tool *tool, const json_t *answer)
{
	const json_t *actions = json_object_get(answer, "actions");
	uint64_t count = 0, more = field_count(answer, "actions_left_out");
	size_t i, column = arrow_column(tool, actions);
	json_t *action;

	json_array_foreach((json_t *)actions, i, action) count +=
		is_shown(action) && !is_note(action);
	if (count)
		print_line("ACTION %" PRIu64, count + more);
	json_array_foreach((json_t *)actions, i, action)
	{
		if (is_shown(action) && !is_note(action))
			print_action(tool, action, column);
	}
	if (more)
		print_line("  and %" PRIu64 " more", more);
}

static void print_notes(const json_t *answer)
{
	json_t *action;
	size_t i;

	json_array_foreach(json_object_get(answer, "actions"), i, action)
	{
		if (is_note(action))
			print_line("%-*s%s", WORD_WIDTH, "NOTE", field_text(action, "text"));
	}
}

/* -- members -------------------------------------------------------------------------------- */

static void print_troubled(const json_t *member, int64_t now_ms)
{
	const char *state = field_text(member, "completeness"), *name = field_text(member, "name");
	int64_t head_ms = field_time(member, "head_ms");
	char silent[TEXT_SHORT_LEN];

	const uint64_t missing = field_count(member, "missing");
	text_span(silent, head_ms && now_ms > head_ms ? (uint64_t)(now_ms - head_ms) : 0);
	if (strcmp(state, "stale") == 0)
		print_line("%-*s%s: not heard from for %s; its last state is complete and readable",
			   WORD_WIDTH, "STALE", name, silent);
	else if (strcmp(state, "disputed") == 0)
		print_line("%-*s%s: it has signed two different states with one number; what it "
			   "publishes is kept, but ask what happened there; it is settled when "
			   "they retire that node",
			   WORD_WIDTH, "DISPUTED", name);
	else if (strcmp(state, "held back") == 0)
		print_line("%-*s%s: %" PRIu64 " record%s for room", WORD_WIDTH, "HELD", name,
			   missing, missing == 1 ? " waits" : "s wait");
	else if (strcmp(state, "over quota") == 0)
		print_line("%-*s%s: it has published more than its quota; its state of before is "
			   "kept, and nothing later is taken",
			   WORD_WIDTH, "OVER", name);
	else if (strcmp(state, "partial") == 0)
		print_line("%-*s%s: %" PRIu64 " record%s not here yet", WORD_WIDTH, "PARTIAL", name,
			   missing, missing == 1 ? " is" : "s are");
	else
		print_line("%-*s%s: not heard from yet", WORD_WIDTH, "UNKNOWN", name);
}

static void print_troubles(const struct tool *tool, const json_t *answer)
{
	const json_t *members = json_object_get(answer, "members");
	const json_t *troubled = json_object_get(members, "troubled");
	uint64_t incomplete = field_count(members, "all") - field_count(members, "complete");
	int64_t now_ms = field_time(json_object_get(answer, "node"), "now_ms");
	json_t *member;
	size_t i;

	json_array_foreach((json_t *)troubled, i, member) print_troubled(member, now_ms);
	if (incomplete > json_array_size(troubled))
		print_line("%-*s%" PRIu64 " more members; see `allmende%s federation members`",
			   WORD_WIDTH, "", incomplete - json_array_size(troubled), tool->dir_words);
}

/* "27 of 28 members complete; two copies or more of all own data are proved" */
static void print_ok(const json_t *answer)
{
	const json_t *members = json_object_get(answer, "members");
	const json_t *datasets = json_object_get(answer, "datasets");
	uint64_t own = field_count(datasets, "own"), single = field_count(datasets, "own_single");

	if (!field_count(members, "all"))
		return;
	print_line("%-*s%" PRIu64 " of %" PRIu64 " members complete%s", WORD_WIDTH, "OK",
		   field_count(members, "complete"), field_count(members, "all"),
		   own && !single ? "; two copies or more of all own data are proved" : "");
}

/* -- how the node does ---------------------------------------------------------------------- */

static void print_node(const struct tool *tool, const json_t *answer)
{
	const json_t *node = json_object_get(answer, "node");
	char running[TEXT_SHORT_LEN], when[SHEET_WHEN_LEN];
	int64_t ms = field_time(node, "now_ms") - field_time(node, "started_ms");

	text_span(running, ms > 0 ? (uint64_t)ms : 0);
	print_fieldf("Node", "%s (%s, %s)", field_text(node, "name"), field_text(node, "slug"),
		     field_text(node, "ags"));
	print_fieldf("Daemon", "%s, running for %s, process %" PRIu64, field_text(node, "software"),
		     running, field_count(node, "pid"));
	print_field("Listens on", *field_text(node, "listen") ? field_text(node, "listen")
							      : "nothing; it only dials out");
	if (strcmp(field_text(node, "operator"), "self") != 0)
		print_field("Operator", field_text(node, "operator"));
	if (sheet_noted(tool->dir, SHEET_REHEARSED, when))
		print_fieldf("Recovery", "rehearsed on %s", when);
	else
		print_fieldf("Recovery",
			     "never rehearsed: `allmende%s rehearse SHEET --from HOST:PORT`",
			     tool->dir_words);
	print_field("Keys", strcmp(field_text(node, "storage_key"), "clear") == 0
				    ? "not sealed: whoever gets this disk can read everything"
				    : "sealed with a passphrase");
}

static void print_standing(const struct tool *tool, const json_t *answer)
{
	const json_t *federation = json_object_get(answer, "federation");
	const json_t *members = json_object_get(answer, "members");

	if (!json_is_object(federation))
		print_fieldf("Federation",
			     "none yet: `allmende%s federation create --name NAME`, or "
			     "`allmende%s federation join -`",
			     tool->dir_words, tool->dir_words);
	else if (strcmp(field_text(federation, "state"), "member") == 0)
		print_fieldf("Federation", "%s, %" PRIu64 " member%s, charter %" PRIu64,
			     field_text(federation, "name"), field_count(members, "all"),
			     field_count(members, "all") == 1 ? "" : "s",
			     field_count(federation, "charter"));
	else if (strcmp(field_text(federation, "state"), "former") == 0)
		print_fieldf("Federation",
			     "%s, which this node is not in any more; charter %" PRIu64,
			     field_text(federation, "name"), field_count(federation, "charter"));
	else
		print_fieldf(
			"Federation", "joining%s%s%s%s", *field_text(federation, "name") ? " " : "",
			field_text(federation, "name"), *field_text(federation, "why") ? ": " : "",
			field_text(federation, "why"));
}

static void print_store(const json_t *answer)
{
	const json_t *datasets = json_object_get(answer, "datasets");
	const json_t *store = json_object_get(answer, "store");
	const json_t *peers = json_object_get(answer, "peers");
	char used[TEXT_SHORT_LEN], free_text[TEXT_SHORT_LEN], total[TEXT_SHORT_LEN];
	uint64_t damaged = field_count(datasets, "damaged");

	text_size(used, field_count(store, "used_bytes"));
	text_size(free_text, field_count(store, "free_bytes"));
	text_size(total, field_count(store, "total_bytes"));
	print_fieldf("Datasets", "%" PRIu64 " known, %" PRIu64 " own, %" PRIu64 " here",
		     field_count(datasets, "known"), field_count(datasets, "own"),
		     field_count(datasets, "held"));
	if (field_count(datasets, "hidden"))
		print_fieldf("Hidden",
			     "%" PRIu64 " of the known, whose names are not for this "
			     "organisation",
			     field_count(datasets, "hidden"));
	if (damaged)
		print_fieldf("Damaged", "%" PRIu64 ", being fetched again", damaged);
	print_fieldf("Store", "%s used, %s of %s free on the disk", used, free_text, total);
	print_fieldf("Peers", "%" PRIu64 " linked of %" PRIu64 " known",
		     field_count(peers, "linked"), field_count(peers, "known"));
	if (field_count(answer, "uploads"))
		print_fieldf("Uploads", "%" PRIu64 " under way", field_count(answer, "uploads"));
}

static void fetch_how(char *out, size_t size, const json_t *fetch, const json_t *store)
{
	char needs[TEXT_SHORT_LEN], left[TEXT_SHORT_LEN];

	text_size(needs, field_count(fetch, "needs_bytes"));
	text_size(left, field_count(store, "foreign_left_bytes"));
	if (field_count(fetch, "needs_bytes"))
		snprintf(out, size, "waiting for %s of room, %s are left for data of others", needs,
			 left);
	else
		snprintf(out, size, "%s",
			 field_count(fetch, "sources") ? "coming"
						       : "waiting for a node that has it");
}

static void print_fetches(const json_t *answer)
{
	const json_t *store = json_object_get(answer, "store");
	const char *label = "Fetching";
	json_t *fetch;
	size_t i;

	json_array_foreach(json_object_get(answer, "fetches"), i, fetch)
	{
		char done[TEXT_SHORT_LEN], all[TEXT_SHORT_LEN], how[160];

		text_size(done, field_count(fetch, "bytes"));
		text_size(all, field_count(fetch, "bytes_all"));
		fetch_how(how, sizeof(how), fetch, store);
		print_fieldf(label, "%s@%" PRIu64 "  %s of %s, %s", field_text(fetch, "dataset"),
			     field_count(fetch, "version"), done, all, how);
		label = "";
	}
}

static void print_status(const struct tool *tool, const json_t *answer)
{
	print_actions(tool, answer);
	print_troubles(tool, answer);
	print_notes(answer);
	print_ok(answer);
	putchar('\n');
	print_node(tool, answer);
	print_standing(tool, answer);
	print_store(answer);
	print_fetches(answer);
}

/* -- monitoring ----------------------------------------------------------------------------- */

/* As monitoring plug-ins do. */
enum { CHECK_OK = 0, CHECK_WARNING = 1, CHECK_CRITICAL = 2, CHECK_UNKNOWN = 3 };
static const char *const check_words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

/* One line; what stands behind '|' is for machines, so there is none before it. */
static int check_say(int code, const char *text, const char *numbers)
{
	char *plain = mem_str(text);

	for (char *c = plain; *c; c++)
		if (*c == '|')
			*c = '/';
	print_line("%s - %s%s%s", check_words[code], plain, *numbers ? " | " : "", numbers);
	free(plain);
	return code;
}

static int check_severity(const json_t *action)
{
	const char *severity = field_text(action, "severity");

	return strcmp(severity, "critical") == 0 ? CHECK_CRITICAL
	       : strcmp(severity, "info") == 0   ? CHECK_OK
						 : CHECK_WARNING;
}

struct check {
	uint64_t counts[3]; /* of actions, by severity */
	char text[CHECK_TEXT_LEN];
};

static void check_actions(struct check *check, const json_t *answer)
{
	const json_t *actions = json_object_get(answer, "actions");
	uint64_t more = field_count(answer, "actions_left_out");
	json_t *action;
	size_t i;

	json_array_foreach((json_t *)actions, i, action)
	{
		int severity = check_severity(action);

		check->counts[severity]++;
		if (severity == CHECK_OK)
			continue;
		/* the worst stands first */
		if (!check->text[0])
			snprintf(check->text, sizeof(check->text), "%s",
				 field_text(action, "text"));
		else
			more++;
	}
	if (check->text[0] && more) {
		size_t len = strlen(check->text);

		snprintf(check->text + len, sizeof(check->text) - len, "; and %" PRIu64 " more",
			 more);
	}
}

static void check_numbers(char *out, size_t size, const struct check *check, const json_t *answer)
{
	const json_t *members = json_object_get(answer, "members");
	const json_t *datasets = json_object_get(answer, "datasets");
	uint64_t all = field_count(members, "all"), complete = field_count(members, "complete");

	snprintf(out, size,
		 "full=%" PRIu64 "%%;70;85;0;100 incomplete=%" PRIu64 ";0;;0;%" PRIu64
		 " members=%" PRIu64 " linked=%" PRIu64 " datasets=%" PRIu64 " damaged=%" PRIu64
		 ";0;;0 warnings=%" PRIu64 ";0;;0 criticals=%" PRIu64 ";;0;0",
		 field_count(json_object_get(answer, "store"), "percent"),
		 all > complete ? all - complete : 0, all, all,
		 field_count(json_object_get(answer, "peers"), "linked"),
		 field_count(datasets, "known"), field_count(datasets, "damaged"),
		 check->counts[CHECK_WARNING], check->counts[CHECK_CRITICAL]);
}

static int check_answer(const json_t *answer)
{
	const json_t *members = json_object_get(answer, "members");
	struct check check = {0};
	char numbers[400];
	int code;

	if (!json_is_array(json_object_get(answer, "actions")))
		return check_say(CHECK_UNKNOWN, "the daemon's answer is none that is understood",
				 "");
	check_actions(&check, answer);
	check_numbers(numbers, sizeof(numbers), &check, answer);
	code = check.counts[CHECK_CRITICAL]  ? CHECK_CRITICAL
	       : check.counts[CHECK_WARNING] ? CHECK_WARNING
					     : CHECK_OK;
	if (code == CHECK_OK)
		snprintf(check.text, sizeof(check.text),
			 "%" PRIu64 " of %" PRIu64 " members complete",
			 field_count(members, "complete"), field_count(members, "all"));
	return check_say(code, check.text, numbers);
}

static int run_check(struct tool *tool)
{
	struct client *client;
	json_t *answer = NULL;
	int code;

	/* what is wrong with the directory stands on standard error by now */
	if (client_open(&client, tool))
		return check_say(CHECK_UNKNOWN, "there is no node to ask here", "");
	client_patience(client, CLIENT_BRIEFLY);
	if (client_call(client, "GET", "/status", NULL, &answer))
		code = check_say(CHECK_UNKNOWN, client_why(client), "");
	else
		code = check_answer(answer);
	json_decref(answer);
	client_close(client);
	return code;
}

static int run_status(struct tool *tool)
{
	if (!args_flag(&tool->args, "check"))
		return query_show(tool, "/status", print_status);
	if (tool->json)
		return tool_fail(TOOL_USAGE, "--check and --json exclude each other: a monitoring "
					     "plug-in prints one line");
	return run_check(tool);
}

const struct command cmd_status = {
	.name = "status",
	.arguments = "",
	.summary = "show what needs doing, and how the node does",
	.help = "Shows what needs doing first, each with the command for it, then how the node "
		"does: its\n"
		"federation, data, disk and peers.\n"
		"\n"
		"  allmende status\n"
		"  allmende status --check\n"
		"\n"
		"With --check it is a monitoring plug-in (Icinga, Nagios, Checkmk): one line with "
		"numbers, and\n"
		"the exit code 0 all is well, 1 warning, 2 critical, 3 the node cannot be asked.",
	.options =
		(const struct option[]){
			{"check", 0, NULL, false,
			 "one line and an exit code, as a monitoring plug-in"},
			{0},
		},
	.run = run_status,
};
