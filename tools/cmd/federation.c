/*
 * federation: founding, inviting, joining, and who belongs to it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

/* -- create --------------------------------------------------------------------------------- */

static int create(const struct tool *tool, struct client *client, const char *name)
{
	json_t *body = json_pack("{s:s}", "name", name);
	json_t *answer = NULL;
	int code = client_call(client, "POST", "/federation", body, &answer);

	json_decref(body);
	if (code)
		return client_complain(client);
	if (tool->json) {
		code = print_json(tool, answer);
	} else {
		print_line("The federation %s is founded; you are its first member and steward.",
			   name);
		print_line("Its id is %s.", field_text(answer, "id"));
		putchar('\n');
		print_line("Next:");
		print_next(tool,
			   "allmende federation invite --name \"Stadt Riesa\" --slug riesa --ags "
			   "14627230",
			   "invite a member");
		print_next(tool, "allmende publish SLUG/PATH FILE...", "publish a first dataset");
	}
	json_decref(answer);
	return code;
}

/* The same words once more do no harm, as when a page of commands is pasted again. */
static bool stands_already(const struct tool *tool, struct client *client, const char *name)
{
	json_t *answer = NULL;
	bool stands = !client_call(client, "GET", "/federation", NULL, &answer) &&
		      strcmp(field_text(answer, "state"), "member") == 0 &&
		      strcmp(field_text(answer, "name"), name) == 0;

	if (stands && tool->json)
		print_json(tool, answer);
	else if (stands)
		print_line("This node is a member of %s already: nothing was changed.", name);
	json_decref(answer);
	return stands;
}

static int run_create(struct tool *tool)
{
	const char *name = args_value(&tool->args, "name");
	uint64_t threshold = 1;
	struct client *client;
	int code;

	if (!name)
		return tool_fail(TOOL_USAGE, "--name is missing: write `allmende federation create "
					     "--name \"Landkreis Meißen\"`");
	if ((code = value_name("--name", name)) ||
	    (code = value_number(&tool->args, "threshold", LIMIT_STEWARD_COUNT_MAX, &threshold)))
		return code;
	if (threshold != 1)
		return tool_fail(TOOL_USAGE,
				 "--threshold %" PRIu64
				 " cannot be: at its founding a federation has one steward, so it "
				 "is 1; later `allmende federation stewards SLUG... --threshold K` "
				 "makes others",
				 threshold);
	if ((code = client_open(&client, tool)))
		return code;
	code = stands_already(tool, client, name) ? TOOL_DONE : create(tool, client, name);
	client_close(client);
	return code;
}

/* -- members and state ---------------------------------------------------------------------- */

/* "riesa-zeithain: formerly Stadt Riesa (riesa), until 2027-01-01 00:00" */
static void print_formerly(const json_t *member)
{
	json_t *rename;
	size_t i;

	json_array_foreach(json_object_get(member, "formerly"), i, rename)
	{
		char when[TEXT_SHORT_LEN];

		text_local(when, field_time(rename, "until_ms"));
		print_line("%s: formerly %s (%s, key %s), until %s", field_text(member, "slug"),
			   field_text(rename, "name"), field_text(rename, "slug"),
			   field_text(rename, "ags"), when);
	}
}

static void print_members(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"NAME",     "SHORT", "KEY",
					    "ROLE",     "LINK",  "STATE",
					    ">RECORDS", "HEARD", "SAYS ITS OPERATOR IS",
					    NULL};
	struct grid grid;
	size_t i;
	json_t *member;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach(json_object_get(answer, "members"), i, member)
	{
		bool self = field_true(member, "self");
		uint64_t missing = field_count(member, "missing");
		char state[128];

		snprintf(state, sizeof(state), "%s", field_text(member, "completeness"));
		if (strcmp(field_text(member, "state"), "former") == 0)
			snprintf(state, sizeof(state), "former member");
		else if (missing)
			snprintf(state, sizeof(state), "%.60s, %" PRIu64 " missing",
				 field_text(member, "completeness"), missing);
		grid_text(&grid, field_text(member, "name"));
		grid_text(&grid, field_text(member, "slug"));
		grid_text(&grid, field_text(member, "ags"));
		grid_text(&grid,
			  field_true(member, "steward") ? "steward" : field_text(member, "state"));
		grid_text(&grid, self ? "you" : field_true(member, "linked") ? "linked" : "");
		grid_text(&grid, state);
		grid_number(&grid, field_count(member, "records"));
		grid_time(&grid, field_time(member, "head_ms"));
		grid_text(&grid, field_text(member, "operator"));
	}
	grid_done(&grid);
	json_array_foreach(json_object_get(answer, "members"), i, member) print_formerly(member);
	if (i == 0)
		tool_remark("this node belongs to no federation yet: see `allmende%s federation`",
			    tool->dir_words);
}

static void print_joining(const struct tool *tool, const json_t *answer)
{
	(void)tool;
	print_field("State", "waiting for a steward");
	print_field("Why", field_text(answer, "why"));
	print_field("Your words", field_text(answer, "words"));
	print_line(
		"Call a steward, on a number that you know, and read these six words; the steward "
		"then admits you.");
}

static int run_members(struct tool *tool)
{
	return query_show(tool, "/federation/members", print_members);
}

static void print_federation(const struct tool *tool, const json_t *answer)
{
	const char *state = field_text(answer, "state");

	if (strcmp(state, "none") == 0) {
		print_line("This node belongs to no federation yet.");
		print_field("Last attempt", field_text(answer, "why"));
		putchar('\n');
		print_line("Next:");
		print_next(tool, "allmende federation create --name NAME",
			   "found a federation, or with an invitation:");
		print_next(tool, "allmende federation join -", "join one");
		return;
	}
	if (strcmp(state, "waiting") == 0) {
		print_joining(tool, answer);
		return;
	}
	print_field("Federation", field_text(answer, "name"));
	print_field("State", strcmp(state, "joining") == 0 ? "joining; the node goes on trying"
			     : strcmp(state, "former") == 0
				     ? "former member: what was read here stays readable here"
				     : state);
	print_field("Why", field_text(answer, "why"));
	print_field("Id", field_text(answer, "id"));
	if (field_count(answer, "charter"))
		print_fieldf("Charter",
			     "entry %" PRIu64 ", changed by %" PRIu64 " of %" PRIu64 " steward%s",
			     field_count(answer, "charter"), field_count(answer, "threshold"),
			     field_count(answer, "stewards"),
			     field_count(answer, "stewards") == 1 ? "" : "s");
	if (field_true(answer, "frozen")) {
		print_line("The charter is frozen: there are two entries of one number.");
		print_next(tool, "allmende federation settle", "shows them");
	}
}

static int run_federation(struct tool *tool)
{
	return query_show(tool, "/federation", print_federation);
}

/* -- leave ---------------------------------------------------------------------------------- */

static int run_leave(struct tool *tool)
{
	const char *reason = args_value(&tool->args, "reason");
	bool cancel = args_flag(&tool->args, "cancel");
	json_t *answer = NULL;
	int code = value_texts(&tool->args);

	if (code)
		return code;
	if (!cancel && !args_flag(&tool->args, "yes")) {
		print_line("Tells the stewards that you want to leave; they remove you, and the "
			   "others get a new key.");
		print_line("What others hold of you stays with them: withdraw it first, if it "
			   "shall go.");
		return tool_fail(TOOL_FAILED, "nothing was done: say --yes to do it");
	}
	code = query_post(tool, "/federation/leave",
			  json_pack("{s:s, s:b}", "reason", reason ? reason : "", "cancel", cancel),
			  &answer);
	if (!code && tool->json)
		code = print_json(tool, answer);
	else if (!code)
		print_line(cancel ? "The stewards are told that you stay."
				  : "The stewards are told. You stay a member until they have "
				    "removed you.");
	json_decref(answer);
	return code;
}

/* -- the commands --------------------------------------------------------------------------- */

const struct command cmd_federation = {
	.name = "federation",
	.arguments = "",
	.summary = "show which federation this node belongs to",
	.help = "Shows the federation this node belongs to, or how far joining one has come.\n"
		"A joiner sees its six words here. `allmende help` lists the commands to found,\n"
		"invite, admit, vote and leave.\n"
		"\n"
		"  allmende federation",
	.run = run_federation,
};

const struct command cmd_federation_create = {
	.name = "federation create",
	.arguments = "--name NAME",
	.summary = "found a federation",
	.help = "Founds a federation. Your organisation is its first member and its steward: it\n"
		"invites the others. A data directory belongs to one federation, for good.\n"
		"\n"
		"  allmende federation create --name \"Landkreis Meißen\"",
	.options =
		(const struct option[]){
			{"name", 0, "NAME", false, "name of the federation"},
			{"threshold", 0, "K", false,
			 "stewards who must agree on changes; 1 at the founding"},
			{0},
		},
	.run = run_create,
};

const struct command cmd_federation_members = {
	.name = "federation members",
	.arguments = "",
	.summary = "list the members and how complete their data is here",
	.help = "Lists the members. STATE says whether this node has all that a member has "
		"published:\n"
		"complete, partial, stale (not heard from for long), held back (no room for it\n"
		"here), over quota, disputed, unknown.\n"
		"\n"
		"  allmende federation members",
	.run = run_members,
};

const struct command cmd_federation_leave = {
	.name = "federation leave",
	.arguments = "",
	.summary = "tell the stewards that you want to leave",
	.help = "Tells the stewards that your organisation wants to leave the federation. They see "
		"it\n"
		"in `allmende status` and remove you. What others hold of you stays with them; "
		"withdraw\n"
		"it first, if it shall go.\n"
		"\n"
		"  allmende federation leave --reason \"merged with Stadt Riesa\" --yes",
	.options =
		(const struct option[]){
			{"reason", 0, "TEXT", false, "what the stewards shall read"},
			{"cancel", 0, NULL, false,
			 "stay after all, as long as they have not removed you"},
			{"yes", 0, NULL, false, "do it"},
			{0},
		},
	.run = run_leave,
};
