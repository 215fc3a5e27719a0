/*
 * federation: founding, inviting, joining, and who belongs to it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/client.h"
#include "tools/clock.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/query.h"
#include "tools/text.h"
#include "tools/value.h"

#define JOIN_SECONDS_DEFAULT 60
#define JOIN_SECONDS_MAX     86400
#define JOIN_POLL_MS         300

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
				 " cannot be: at its founding a federation has "
				 "one steward, so it is 1",
				 threshold);
	if ((code = client_open(&client, tool)))
		return code;
	code = create(tool, client, name);
	client_close(client);
	return code;
}

/* -- invite --------------------------------------------------------------------------------- */

/* The text alone on standard output unless somebody reads along. */
static void print_invitation(const struct tool *tool, const json_t *answer, const char *name,
			     const char *slug)
{
	const char *text = field_text(answer, "invitation");
	char until[TEXT_SHORT_LEN];

	if (!tool->terminal_out) {
		print_line("%s", text);
		return;
	}
	text_local(until, field_time(answer, "valid_until_ms"));
	print_line("Invitation for %s (%s), for one use until %s:", name, slug, until);
	putchar('\n');
	print_line("%s", text);
	putchar('\n');
	print_line("Send it to them over a way you trust: whoever has it first can join as %s.",
		   slug);
	print_line("They run one of these, with that line between the quotation marks:");
	print_line("  allmende init --join \"...\"            with a new node");
	print_line("  allmende federation join \"...\"        with a node that runs");
}

static int invite(const struct tool *tool, struct client *client, const char *name,
		  const char *slug, const char *ags)
{
	bool approve = args_flag(&tool->args, "auto-approve");
	json_t *body = json_pack("{s:s, s:s, s:s, s:b}", "name", name, "slug", slug, "ags", ags,
				 "auto_approve", approve);
	json_t *answer = NULL;
	int code = client_call(client, "POST", "/federation/invitations", body, &answer);

	json_decref(body);
	if (code)
		return client_complain(client);
	if (tool->json)
		code = print_json(tool, answer);
	else
		print_invitation(tool, answer, name, slug);
	json_decref(answer);
	return code;
}

static int run_invite(struct tool *tool)
{
	const char *name = args_value(&tool->args, "name");
	const char *slug = args_value(&tool->args, "slug");
	const char *ags = args_value(&tool->args, "ags");
	struct client *client;
	int code;

	if (!name || !slug || !ags)
		return tool_fail(
			TOOL_USAGE,
			"--%s is missing: write `allmende federation invite --name \"Stadt "
			"Riesa\" --slug riesa --ags 14627230`",
			!name   ? "name"
			: !slug ? "slug"
				: "ags");
	if ((code = value_name("--name", name)) || (code = value_slug("--slug", slug)) ||
	    (code = value_ags("--ags", ags)) || (code = client_open(&client, tool)))
		return code;
	code = invite(tool, client, name, slug, ags);
	client_close(client);
	return code;
}

/* -- join ----------------------------------------------------------------------------------- */

static int print_joined(const struct tool *tool, const json_t *state)
{
	if (tool->json)
		return print_json(tool, state);
	print_line("Joined %s: you are one of its members now.", field_text(state, "name"));
	putchar('\n');
	print_line("Next:");
	print_next(tool, "allmende federation members", "see who else is there");
	print_next(tool, "allmende ls", "see what they share");
	return TOOL_DONE;
}

/* Asks until the node is a member, refused, or the time is over. */
static int join_wait(const struct tool *tool, struct client *client, struct progress *progress,
		     uint64_t seconds)
{
	int64_t end_ms = clock_steady_ms() + (int64_t)seconds * 1000;
	json_t *state = NULL;
	char why[512] = "";
	int code;

	for (;;) {
		json_decref(state);
		state = NULL;
		if ((code = client_call(client, "GET", "/federation", NULL, &state))) {
			client_complain(client);
			break;
		}
		if (strcmp(field_text(state, "state"), "member") == 0) {
			progress_end(progress);
			code = print_joined(tool, state);
			break;
		}
		snprintf(why, sizeof(why), "%s", field_text(state, "why"));
		if (strcmp(field_text(state, "state"), "joining") != 0) {
			code = tool_fail(TOOL_FAILED, "the join was refused: %s",
					 *why ? why : "no reason was given; see the daemon's log");
			break;
		}
		if (clock_steady_ms() >= end_ms) {
			code = tool_fail(TOOL_NOT_HERE,
					 "not joined after %" PRIu64
					 " seconds (%s); the node goes on "
					 "trying: see `allmende%s federation`",
					 seconds, *why ? why : "no answer yet", tool->dir_words);
			break;
		}
		progress_note(progress, "%.90s", why);
		progress_bytes(progress, 0, 0);
		clock_nap_ms(JOIN_POLL_MS);
	}
	json_decref(state);
	return code;
}

static int join(const struct tool *tool, struct client *client, const char *text, uint64_t seconds)
{
	json_t *body = json_pack("{s:s}", "invitation", text);
	struct progress progress;
	int code = client_call(client, "POST", "/federation/join", body, NULL);

	json_decref(body);
	if (code)
		return client_complain(client);
	progress_begin(&progress, tool->terminal_err, "joining");
	code = join_wait(tool, client, &progress, seconds);
	progress_end(&progress);
	return code;
}

static int run_join(struct tool *tool)
{
	const char *text = tool_word(tool, 0);
	uint64_t seconds = JOIN_SECONDS_DEFAULT;
	struct invitation invitation;
	struct client *client;
	int code;

	if ((code = value_number(&tool->args, "timeout", JOIN_SECONDS_MAX, &seconds)) ||
	    (code = value_invitation(&invitation, text, tool->now_ms)))
		return code;
	invitation_wipe(&invitation);
	if ((code = client_open(&client, tool)))
		return code;
	code = join(tool, client, text, seconds);
	client_close(client);
	return code;
}

/* -- members and state ---------------------------------------------------------------------- */

static void print_members(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"NAME",  "SHORT",    "KEY",   "ROLE", "LINK",
					    "STATE", ">RECORDS", "HEARD", NULL};
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
		grid_text(&grid, field_true(member, "steward") ? "steward" : "member");
		grid_text(&grid, self ? "you" : field_true(member, "linked") ? "linked" : "");
		grid_text(&grid, state);
		grid_number(&grid, field_count(member, "records"));
		grid_time(&grid, field_time(member, "head_ms"));
	}
	grid_done(&grid);
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
		print_next(tool, "allmende federation join TEXT", "join one");
		return;
	}
	print_field("Federation", field_text(answer, "name"));
	print_field("State",
		    strcmp(state, "member") == 0 ? "member" : "joining; the node goes on trying");
	print_field("Why", field_text(answer, "why"));
	print_field("Id", field_text(answer, "id"));
	if (field_count(answer, "charter"))
		print_fieldf("Charter", "entry %" PRIu64 ", changed by %" PRIu64 " steward%s",
			     field_count(answer, "charter"), field_count(answer, "threshold"),
			     field_count(answer, "threshold") == 1 ? "" : "s");
}

static int run_federation(struct tool *tool)
{
	return query_show(tool, "/federation", print_federation);
}

/* -- the commands --------------------------------------------------------------------------- */

const struct command cmd_federation = {
	.name = "federation",
	.arguments = "",
	.summary = "show which federation this node belongs to",
	.help = "Shows the federation this node belongs to, or how far joining one has come.\n"
		"To found, invite, join or list: federation create, invite, join, members.\n"
		"\n"
		"  allmende federation",
	.run = run_federation,
};

static const struct option create_options[] = {
	{"name", 0, "NAME", false, "name of the federation"},
	{"threshold", 0, "K", false, "stewards who must agree on changes; 1 at the founding"},
	{NULL, 0, NULL, false, NULL},
};

const struct command cmd_federation_create = {
	.name = "federation create",
	.arguments = "--name NAME",
	.summary = "found a federation",
	.help = "Founds a federation. Your organisation is its first member and its steward: it\n"
		"invites the others. A data directory belongs to one federation, for good.\n"
		"\n"
		"  allmende federation create --name \"Landkreis Meißen\"",
	.options = create_options,
	.run = run_create,
};

static const struct option invite_options[] = {
	{"name", 0, "NAME", false, "the organisation as people call it"},
	{"slug", 0, "SLUG", false, "its short name, the first part of its datasets"},
	{"ags", 0, "KEY", false, "its official municipality key, 8 digits; 5 for a county"},
	{"auto-approve", 0, NULL, false,
	 "admit whoever presents the invitation, without asking again"},
	{NULL, 0, NULL, false, NULL},
};

const struct command cmd_federation_invite = {
	.name = "federation invite",
	.arguments = "--name NAME --slug SLUG --ags KEY",
	.summary = "make an invitation for an organisation",
	.help = "Makes an invitation: one line of text, for this organisation only, for one use,\n"
		"valid seven days. Send it over a way you trust. Whoever has it first can join in\n"
		"that name, so --auto-approve trusts the way the text travels and nothing else.\n"
		"\n"
		"  allmende federation invite --name \"Stadt Riesa\" --slug riesa --ags 14627230 "
		"\\\n"
		"      --auto-approve > invitation.txt",
	.options = invite_options,
	.run = run_invite,
};

static const struct option join_options[] = {
	{"timeout", 0, "SECONDS", false, "how long to wait until admitted (default 60)"},
	{NULL, 0, NULL, false, NULL},
};

const struct command cmd_federation_join = {
	.name = "federation join",
	.arguments = "TEXT",
	.summary = "join a federation with an invitation",
	.help = "Joins the federation of the invitation and waits until this node is a member. "
		"When\n"
		"the time is over (exit code 5) the node goes on trying by itself.\n"
		"\n"
		"  allmende federation join \"$(cat invitation.txt)\"",
	.options = join_options,
	.word_min = 1,
	.word_max = 1,
	.run = run_join,
};

const struct command cmd_federation_members = {
	.name = "federation members",
	.arguments = "",
	.summary = "list the members and how complete their data is here",
	.help = "Lists the members. STATE says whether this node has all that a member has "
		"published:\n"
		"complete, partial, stale (not heard from for long), disputed, unknown.\n"
		"\n"
		"  allmende federation members",
	.run = run_members,
};
