/*
 * federation: what members decide together - proposals, votes, stewards, removals, settlements.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/envelope.h"
#include "tools/client.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/query.h"
#include "tools/text.h"
#include "tools/value.h"

#define ID_SHOWN 8 /* digits of an id that people type */

static void print_changes(const json_t *answer)
{
	json_t *change;
	size_t i;

	json_array_foreach(json_object_get(answer, "changes"), i, change)
		print_line("  %s", json_string_value(change));
}

/* What has become of a proposal. */
static void print_outcome(const struct tool *tool, const json_t *answer)
{
	char command[200];

	if (field_true(answer, "accepted")) {
		print_line("Done: the charter has entry %" PRIu64 " now.",
			   field_count(answer, "number"));
		return;
	}
	print_line("Proposal %.*s for entry %" PRIu64 " of the charter %s; others must agree:",
		   ID_SHOWN, field_text(answer, "id"), field_count(answer, "number"),
		   field_true(answer, "voted") ? "has your vote" : "is made, without your vote");
	print_next(tool, "allmende federation proposals", "shows who has voted");
	snprintf(command, sizeof(command), "allmende federation proposal %.*s --text", ID_SHOWN,
		 field_text(answer, "id"));
	print_next(tool, command, "prints it for stewards without a connection");
}

/* Shows what would happen, or does it. */
static int propose(const struct tool *tool, json_t *body)
{
	bool yes = args_flag(&tool->args, "yes");
	json_t *answer = NULL;
	int code;

	json_object_set_new(body, "confirm", json_boolean(yes));
	code = query_post(tool, "/federation/proposals", body, &answer);
	if (code)
		return code;
	if (tool->json) {
		code = print_json(tool, answer);
	} else {
		print_line("Entry %" PRIu64 " of the charter %s:", field_count(answer, "number"),
			   yes ? "says" : "would say");
		print_changes(answer);
		if (yes)
			print_outcome(tool, answer);
	}
	json_decref(answer);
	if (!code && !yes)
		code = tool_fail(TOOL_FAILED, "nothing was done: say --yes to do it");
	return code;
}

static json_t *slugs_json(const struct tool *tool)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tool->args.word_count; i++)
		json_array_append_new(list, json_string(tool->args.words[i]));
	return list;
}

static int slugs_check(const struct tool *tool)
{
	int code = TOOL_DONE;

	for (size_t i = 0; i < tool->args.word_count && !code; i++)
		code = value_slug("the short name", tool->args.words[i]);
	return code;
}

/* -- stewards, remove, relay, settle --------------------------------------------------------- */

static int run_stewards(struct tool *tool)
{
	uint64_t threshold = 0;
	int code = slugs_check(tool);

	if (!code)
		code = value_number(&tool->args, "threshold", LIMIT_STEWARD_COUNT_MAX, &threshold);
	if (code)
		return code;
	return propose(tool, json_pack("{s:s, s:o, s:I}", "change", "stewards", "slugs",
				       slugs_json(tool), "threshold", (json_int_t)threshold));
}

static int run_remove(struct tool *tool)
{
	int code = slugs_check(tool);

	return code ? code
		    : propose(tool,
			      json_pack("{s:s, s:o}", "change",
					args_flag(&tool->args, "to-relay") ? "relay" : "remove",
					"slugs", slugs_json(tool)));
}

static void print_fork(const struct tool *tool, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "entries");
	json_t *entry;
	size_t i;

	if (!field_count(answer, "number")) {
		print_line("The charter is not frozen: there is one entry of each number.");
		print_line("When too many stewards have lost their keys, more than half of the "
			   "members can "
			   "make others:");
		print_next(tool, "allmende federation settle --stewards SLUG,SLUG",
			   "shows what it would change");
		return;
	}
	print_line("There are %zu entries %" PRIu64
		   " of the charter: somebody has signed twice. It is "
		   "frozen until more than half of the members settle which of them counts:",
		   json_array_size(list), field_count(answer, "number"));
	json_array_foreach(list, i, entry)
	{
		char when[TEXT_SHORT_LEN];

		text_local(when, field_time(entry, "time_ms"));
		print_line("  %.*s  %s  %s", ID_SHOWN, field_text(entry, "id"), when,
			   field_text(entry, "words"));
	}
	print_next(tool, "allmende federation settle --entry ID", "shows what it would change");
}

/* SLUG,SLUG of --stewards. */
static json_t *list_json(const char *text)
{
	json_t *list = json_array();

	while (text && *text) {
		size_t len = strcspn(text, ",");
		if (len > 0)
			json_array_append_new(list, json_stringn(text, len));
		text += len + (text[len] == ',');
	}
	return list;
}

static int run_settle(struct tool *tool)
{
	const char *entry = args_value(&tool->args, "entry");
	const char *stewards = args_value(&tool->args, "stewards");
	uint64_t threshold = 0;
	int code = value_number(&tool->args, "threshold", LIMIT_STEWARD_COUNT_MAX, &threshold);
	json_t *body;

	if (code)
		return code;
	if (!entry && !stewards && !args_flag(&tool->args, "none"))
		return query_show(tool, "/federation/fork", print_fork);
	body = json_pack("{s:s, s:o, s:I}", "change", "settle", "slugs", list_json(stewards),
			 "threshold", (json_int_t)threshold);
	if (entry)
		json_object_set_new(body, "entry", json_string(entry));
	return propose(tool, body);
}

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
	print_line("%.*s  for entry %" PRIu64 ", of %s%s", ID_SHOWN, field_text(proposal, "id"),
		   field_count(proposal, "number"), when,
		   field_true(proposal, "settlement") ? ", a settlement by the members" : "");
	print_changes(proposal);
	print_votes(proposal);
	if (!field_true(proposal, "may_vote") || !tool->terminal_out)
		return;
	if (field_true(proposal, "voted")) {
		print_line("    You have voted for it.");
		return;
	}
	snprintf(command, sizeof(command), "allmende federation vote %.*s --yes", ID_SHOWN,
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

static int print_text(const struct tool *tool, const char *id)
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

static int run_proposal(struct tool *tool)
{
	const char *id = tool_word(tool, 0);
	json_t *answer = NULL;
	int code;

	if (args_flag(&tool->args, "text"))
		return print_text(tool, id);
	code = query_post(tool, "/federation/votes",
			  json_pack("{s:s, s:b}", "proposal", id, "confirm", 0), &answer);
	if (!code && tool->json)
		code = print_json(tool, answer);
	else if (!code) {
		print_line("Entry %" PRIu64 " of the charter would say:",
			   field_count(answer, "number"));
		print_changes(answer);
	}
	json_decref(answer);
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
		   yes || added ? "says" : "would say");
	print_changes(answer);
	if (yes || added) {
		print_outcome(tool, answer);
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
			      json_pack("{s:s, s:b}", "proposal", given, "confirm", yes), &answer);

	if (!code)
		code = tool->json ? print_json(tool, answer) : print_vote(tool, answer, yes, added);
	json_decref(answer);
	return code;
}

/* -- the commands --------------------------------------------------------------------------- */

static const struct option stewards_options[] = {
	{"threshold", 0, "K", false, "how many must agree; more than half of them (default)"},
	{"yes", 0, NULL, false, "do it"},
	{NULL, 0, NULL, false, NULL},
};

const struct command cmd_federation_stewards = {
	.name = "federation stewards",
	.arguments = "SLUG...",
	.summary = "say who the stewards are, and how many must agree",
	.help = "Proposes the stewards: all of them, those that stay too. It counts when the "
		"stewards\n"
		"there are agree, and as many of the new ones as must agree from then on. Shows "
		"first\n"
		"what would change and wants --yes.\n"
		"\n"
		"  allmende federation stewards meissen radebeul riesa --threshold 2 --yes",
	.options = stewards_options,
	.word_min = 1,
	.word_max = LIMIT_STEWARD_COUNT_MAX,
	.run = run_stewards,
};

static const struct option remove_options[] = {
	{"to-relay", 0, NULL, false, "it stays as a relay, which holds what it cannot read"},
	{"yes", 0, NULL, false, "do it"},
	{NULL, 0, NULL, false, NULL},
};

const struct command cmd_federation_remove = {
	.name = "federation remove",
	.arguments = "SLUG",
	.summary = "remove a member from the federation",
	.help = "Proposes to remove a member. The others get a new key of the federation; what "
		"the\n"
		"member has read it has read. Its short name is never given again. Shows first "
		"what\n"
		"would change and wants --yes.\n"
		"\n"
		"  allmende federation remove riesa --yes",
	.options = remove_options,
	.word_min = 1,
	.word_max = 1,
	.run = run_remove,
};

static const struct option settle_options[] = {
	{"entry", 0, "ID", false, "of two entries of one number the one that counts"},
	{"none", 0, NULL, false, "none of them counts"},
	{"stewards", 0, "SLUG,SLUG", false, "the stewards from then on"},
	{"threshold", 0, "K", false, "how many of them must agree"},
	{"yes", 0, NULL, false, "do it"},
	{NULL, 0, NULL, false, NULL},
};

const struct command cmd_federation_settle = {
	.name = "federation settle",
	.arguments = "[--entry ID | --none] [--stewards SLUG,SLUG]",
	.summary = "end a freeze, by the votes of more than half of the members",
	.help = "Two entries of one number prove that a steward has signed twice: the charter is\n"
		"frozen. Without options this shows them. With options it proposes a settlement, "
		"for\n"
		"which all members vote by `federation vote`. It also helps when too many "
		"stewards\n"
		"have lost their keys, or have voted for different proposals of one number.\n"
		"\n"
		"  allmende federation settle --entry 3fa81c02 --stewards meissen,riesa --yes",
	.options = settle_options,
	.run = run_settle,
};

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

static const struct option proposal_options[] = {
	{"text", 0, NULL, false, "as one line of text, to hand to a steward without a connection"},
	{NULL, 0, NULL, false, NULL},
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
	.options = proposal_options,
	.word_min = 1,
	.word_max = 1,
	.run = run_proposal,
};

static const struct option vote_options[] = {
	{"yes", 0, NULL, false, "sign it"},
	{"text", 0, NULL, false, "print the vote as one line of text, to be carried back"},
	{NULL, 0, NULL, false, NULL},
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
		"this takes it.\n"
		"\n"
		"  allmende federation vote 3fa81c02 --yes\n"
		"  allmende federation vote \"$(cat proposal.txt)\" --yes --text > vote.txt\n"
		"  allmende federation vote \"$(cat vote.txt)\"",
	.options = vote_options,
	.word_min = 1,
	.word_max = 1,
	.run = run_vote,
};
