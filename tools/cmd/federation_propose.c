/*
 * federation: proposing - stewards, removals, settlements.
 */
#include <inttypes.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/kit/outcome.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

/* Shows what would happen, or does it. */
static int propose_change(const struct tool *tool, json_t *body)
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
			   outcome_says(answer));
		outcome_changes(answer);
		if (yes)
			outcome_print(tool, answer);
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
	return propose_change(tool,
			      json_pack("{s:s, s:o, s:I}", "change", "stewards", "slugs",
					slugs_json(tool), "threshold", (json_int_t)threshold));
}

static int run_remove(struct tool *tool)
{
	int code = slugs_check(tool);

	return code ? code
		    : propose_change(tool, json_pack("{s:s, s:o}", "change",
						     args_flag(&tool->args, "to-relay") ? "relay"
											: "remove",
						     "slugs", slugs_json(tool)));
}

/* Two entries of a number long ago. */
static void print_kept(const json_t *list)
{
	json_t *kept;
	size_t i;

	json_array_foreach(list, i, kept)
	{
		char when[TEXT_SHORT_LEN];

		text_local(when, field_time(kept, "other_seen_ms"));
		print_line("Entry %" PRIu64
			   " exists twice: %.*s counts, and %.*s, which came here on %s, does "
			   "not. `allmende federation settle --none --yes` proposes to let it "
			   "rest so.",
			   field_count(kept, "number"), OUTCOME_ID_SHOWN, field_text(kept, "own"),
			   OUTCOME_ID_SHOWN, field_text(kept, "other"), when);
	}
}

static void print_fork(const struct tool *tool, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "entries");
	json_t *entry;
	size_t i;

	if (!field_count(answer, "number")) {
		print_line("The charter is not frozen.");
		print_kept(json_object_get(answer, "kept"));
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
		print_line("  %.*s  %s  %s", OUTCOME_ID_SHOWN, field_text(entry, "id"), when,
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
	return propose_change(tool, body);
}

/* -- the commands --------------------------------------------------------------------------- */

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
	.options =
		(const struct option[]){
			{"threshold", 0, "K", false,
			 "how many must agree; more than half of them (default)"},
			{"yes", 0, NULL, false, "do it"},
			{0},
		},
	.word_min = 1,
	.word_max = LIMIT_STEWARD_COUNT_MAX,
	.run = run_stewards,
};

const struct command cmd_federation_remove = {
	.name = "federation remove",
	.arguments = "SLUG",
	.summary = "remove a member from the federation",
	.help = "Proposes to remove a member. The others get a new key of the federation; what "
		"the\n"
		"member has read it has read. Its short name may be given to another by an "
		"invitation;\n"
		"nothing that it has published, granted or been granted goes with it. Shows first "
		"what\n"
		"would change and wants --yes.\n"
		"\n"
		"  allmende federation remove riesa --yes",
	.options =
		(const struct option[]){
			{"to-relay", 0, NULL, false,
			 "it stays as a relay, which holds what it cannot read"},
			{"yes", 0, NULL, false, "do it"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_remove,
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
	.options =
		(const struct option[]){
			{"entry", 0, "ID", false,
			 "of two entries of one number the one that counts"},
			{"none", 0, NULL, false, "none of them counts"},
			{"stewards", 0, "SLUG,SLUG", false, "the stewards from then on"},
			{"threshold", 0, "K", false, "how many of them must agree"},
			{"yes", 0, NULL, false, "do it"},
			{0},
		},
	.run = run_settle,
};
