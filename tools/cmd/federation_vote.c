/*
 * federation: what waits for votes, and voting.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/envelope.h"
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/outcome.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/text.h"

/* -- proposals ------------------------------------------------------------------------------ */

static void print_votes(const json_t *proposal)
{
	char *voters = print_join(json_object_get(proposal, "voters"));
	const char *who = field_true(proposal, "settlement") ? "members" : "stewards";

	print_line("    %" PRIu64 " of %" PRIu64 " votes of %s%s%s", field_count(proposal, "votes"),
		   field_count(proposal, "needed"), who, *voters ? ": " : "", voters);
	if (field_count(proposal, "needed_new"))
		print_line("    %" PRIu64 " of %" PRIu64 " votes of the stewards it would make",
			   field_count(proposal, "votes_new"), field_count(proposal, "needed_new"));
	free(voters);
}

static void print_proposal(const struct tool *tool, const json_t *proposal)
{
	char when[TEXT_SHORT_LEN], command[200];

	text_local(when, field_time(proposal, "time_ms"));
	print_line("%.*s  for entry %" PRIu64 ", of %s%s", OUTCOME_ID_SHOWN,
		   field_text(proposal, "id"), field_count(proposal, "number"), when,
		   field_true(proposal, "settlement") ? ", a settlement by the members" : "");
	outcome_changes(proposal);
	print_votes(proposal);
	if (!field_true(proposal, "may_vote") || !tool->terminal_out)
		return;
	if (field_true(proposal, "voted")) {
		print_line("    You have voted for it.");
		return;
	}
	snprintf(command, sizeof(command), "allmende federation vote %.*s --yes", OUTCOME_ID_SHOWN,
		 field_text(proposal, "id"));
	print_next(tool, command, "votes for it");
}

static void print_proposals(const struct tool *tool, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "proposals");
	json_t *proposal;
	size_t i;

	if (json_array_size(list) == 0)
		print_line("Nothing is proposed.");
	json_array_foreach(list, i, proposal) print_proposal(tool, proposal);
	if (field_true(answer, "split")) {
		print_line(
			"The stewards have voted for different proposals, and each signs one for a "
			"number: none of these can have enough votes any more. More than half of "
			"the members can settle it:");
		print_next(tool, "allmende federation settle --none",
			   "shows the settlement; --yes proposes it to all members");
	}
	if (field_true(answer, "frozen")) {
		print_line("The charter is frozen: there are two entries of one number.");
		print_next(tool, "allmende federation settle", "shows them");
	}
}

static int run_proposals(struct tool *tool)
{
	return query_show(tool, "/federation/proposals", print_proposals);
}

static int print_proposal_text(const struct tool *tool, const char *id)
{
	struct client *client;
	struct buf target;
	json_t *answer = NULL;
	int code = client_open(&client, tool);

	if (code)
		return code;
	target_init(&target, "/federation/proposal");
	target_text(&target, "id", id);
	code = client_call(client, "GET", target_end(&target), NULL, &answer);
	buf_fini(&target);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else
		print_line("%s", field_text(answer, "text"));
	json_decref(answer);
	client_close(client);
	return code;
}

/* The one whose id begins so; NULL: none, or several. */
static const json_t *proposal_beginning(const json_t *answer, const char *id)
{
	const json_t *found = NULL;
	json_t *proposal;
	size_t i, count = 0;

	json_array_foreach(json_object_get(answer, "proposals"), i, proposal)
	{
		if (strncmp(field_text(proposal, "id"), id, strlen(id)) != 0)
			continue;
		found = proposal;
		count++;
	}
	return count == 1 ? found : NULL;
}

static int show_proposal(const struct tool *tool, struct client *client, const char *id)
{
	json_t *answer = NULL;
	const json_t *proposal;
	int code = client_call(client, "GET", "/federation/proposals", NULL, &answer);

	if (code)
		return client_complain(client);
	proposal = proposal_beginning(answer, id);
	if (!proposal)
		code = tool_fail(TOOL_ABSENT,
				 "no proposal, or more than one, begins with \"%s\": see `allmende "
				 "federation proposals`",
				 id);
	else if (tool->json)
		code = print_json(tool, proposal);
	else
		print_proposal(tool, proposal);
	json_decref(answer);
	return code;
}

static int run_proposal(struct tool *tool)
{
	const char *id = tool_word(tool, 0);
	struct client *client;
	int code;

	if (args_flag(&tool->args, "text"))
		return print_proposal_text(tool, id);
	if ((code = client_open(&client, tool)))
		return code;
	code = show_proposal(tool, client, id);
	client_close(client);
	return code;
}

/* -- vote ----------------------------------------------------------------------------------- */

static int print_vote(const struct tool *tool, const json_t *answer, bool yes, bool added)
{
	if (args_flag(&tool->args, "text") && *field_text(answer, "vote")) {
		print_line("%s", field_text(answer, "vote"));
		return TOOL_DONE;
	}
	print_line("Entry %" PRIu64 " of the charter %s:", field_count(answer, "number"),
		   outcome_says(answer));
	outcome_changes(answer);
	if (yes || added) {
		outcome_print(tool, answer);
		return TOOL_DONE;
	}
	return tool_fail(TOOL_FAILED, "nothing was signed: say --yes to vote for it");
}

static int run_vote(struct tool *tool)
{
	const char *given = tool_word(tool, 0);
	bool yes = args_flag(&tool->args, "yes");
	bool added = envelope_is(ENVELOPE_VOTE, bytes_str(given));
	json_t *answer = NULL;
	int code = query_post(tool, "/federation/votes",
			      json_pack("{s:s, s:b, s:s?, s:b, s:s?}", "proposal", given, "confirm",
					yes, "words", args_value(&tool->args, "words"), "unheard",
					args_flag(&tool->args, "unheard"), "despite",
					args_value(&tool->args, "despite")),
			      &answer);

	if (!code)
		code = tool->json ? print_json(tool, answer) : print_vote(tool, answer, yes, added);
	json_decref(answer);
	return code;
}

/* -- the commands --------------------------------------------------------------------------- */

const struct command cmd_federation_proposals = {
	.name = "federation proposals",
	.arguments = "",
	.summary = "list what waits for votes",
	.help = "Lists the proposals for the next entry of the charter: what each would change, "
		"who\n"
		"has voted, how many votes it needs.\n"
		"\n"
		"  allmende federation proposals",
	.run = run_proposals,
};

const struct command cmd_federation_proposal = {
	.name = "federation proposal",
	.arguments = "ID",
	.summary = "show a proposal, or print it as text",
	.help = "Shows what a proposal would change. --text prints it for a steward whose machine "
		"has\n"
		"no connection: there `federation vote TEXT` signs it.\n"
		"\n"
		"  allmende federation proposal 3fa81c02 --text > proposal.txt",
	.options =
		(const struct option[]){
			{"text", 0, NULL, false,
			 "as one line of text, to hand to a steward without a connection"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_proposal,
};

const struct command cmd_federation_vote = {
	.name = "federation vote",
	.arguments = "ID|TEXT",
	.summary = "vote for a proposal, or take a vote that somebody has carried",
	.help = "Signs a proposal with the root key of your organisation. You sign one for each\n"
		"number. Shows first what would change and wants --yes. The text of a proposal "
		"does\n"
		"instead of its id, and --text prints your vote as text; given the text of a "
		"vote,\n"
		"this takes it. Call a newcomer yourself, on a number that you know, and type the\n"
		"six words that it reads to you: so nobody, not even another steward, can show "
		"you\n"
		"somebody else in its place.\n"
		"\n"
		"  allmende federation vote 3fa81c02 --words \"...\" --yes\n"
		"  allmende federation vote \"$(cat proposal.txt)\" --yes --text > vote.txt\n"
		"  allmende federation vote \"$(cat vote.txt)\"",
	.options =
		(const struct option[]){
			{"yes", 0, NULL, false, "sign it"},
			{"words", 0, "WORDS", false,
			 "the six words that the newcomer has read to you"},
			{"unheard", 0, NULL, false, "vote for a newcomer without its words"},
			{"despite", 0, "REASON", false,
			 "vote for a root key although its organisation objects"},
			{"text", 0, NULL, false,
			 "print the vote as one line of text, to be carried back"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_vote,
};
