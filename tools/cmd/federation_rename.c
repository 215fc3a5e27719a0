/*
 * federation rename: a member that is called otherwise, by a new name of the town or a merger.
 */
#include <inttypes.h>

#include "tools/cmd/commands.h"
#include "tools/kit/municipality.h"
#include "tools/kit/outcome.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/value.h"

static void print_follows(void)
{
	print_line("Old paths go on to work: in commands, subscriptions, grants and links that "
		   "people have written down. What is in folders stays where it is.");
}

static void print_renamed(const struct tool *tool, const json_t *answer, bool yes)
{
	print_line("Entry %" PRIu64 " of the charter %s:", field_count(answer, "number"),
		   outcome_says(answer));
	outcome_changes(answer);
	print_follows();
	if (!yes)
		return;
	if (field_true(answer, "accepted") || field_true(answer, "voted")) {
		outcome_print(tool, answer);
		return;
	}
	print_line("The stewards have to agree. Hand one of them this line, who types `allmende "
		   "federation vote` with it:");
	print_line("%s", field_text(answer, "text"));
}

static int rename_check(const struct tool *tool)
{
	const struct args *args = &tool->args;
	const char *name = args_value(args, "name"), *slug = args_value(args, "slug");
	const char *ags = args_value(args, "ags");
	int code = TOOL_DONE;

	if (!name && !slug && !ags)
		return tool_fail(TOOL_USAGE,
				 "say what changes: `allmende federation rename --name \"Stadt "
				 "Riesa-Zeithain\" --slug riesa-zeithain`, or --ags KEY; what you "
				 "leave out stays");
	if (name)
		code = value_name("--name", name);
	if (!code && slug)
		code = value_slug("--slug", slug);
	if (!code && ags)
		code = value_ags("--ags", ags);
	return code || !ags ? code : municipality_check(tool, name ? name : "", ags);
}

static int run_rename(struct tool *tool)
{
	const struct args *args = &tool->args;
	const bool yes = args_flag(args, "yes");
	const char *member = args->word_count ? tool_word(tool, 0) : NULL;
	json_t *answer = NULL, *slugs;
	int code = rename_check(tool);

	if (!code && member)
		code = value_slug("the short name", member);
	if (code)
		return code;
	slugs = json_array();
	if (member)
		json_array_append_new(slugs, json_string(member));
	code = query_post(tool, "/federation/proposals",
			  json_pack("{s:s, s:o, s:s*, s:s*, s:s*, s:b}", "change", "rename",
				    "slugs", slugs, "name", args_value(args, "name"), "slug",
				    args_value(args, "slug"), "ags", args_value(args, "ags"),
				    "confirm", yes),
			  &answer);
	if (code)
		return code;
	if (tool->json)
		code = print_json(tool, answer);
	else
		print_renamed(tool, answer, yes);
	json_decref(answer);
	if (!code && !yes)
		code = tool_fail(TOOL_FAILED, "nothing was done: say --yes to do it");
	return code;
}

const struct command cmd_federation_rename = {
	.name = "federation rename",
	.arguments = "[SLUG]",
	.summary = "another name, short name or key, for you or for a member",
	.help = "When your town is called otherwise, or has merged with another. The stewards "
		"agree;\n"
		"where you are none, you get a line for them. Once they have, everybody sees your\n"
		"datasets under the new short name. Nothing is published or granted anew, and old\n"
		"paths go on to work: in commands, subscriptions, grants and links that people "
		"have\n"
		"written down. Folders that a subscription fills stay where they are, under the "
		"name\n"
		"of your admission. Nobody else gets a short name that you have had, and you may "
		"go\n"
		"back to it. A member is renamed at most 32 times. A steward may do it for another "
		"SLUG.\n"
		"Of two that merge each keeps its namespace: the one takes the new name, the other "
		"is\n"
		"handed over with its node or its recovery sheet, and gets a name that says so.\n"
		"\n"
		"  allmende federation rename --name \"Stadt Riesa-Zeithain\" --slug "
		"riesa-zeithain --yes\n"
		"  allmende federation rename zeithain --name \"Stadt Riesa-Zeithain (Zeithain)\" "
		"--yes",
	.options =
		(const struct option[]){
			{"name", 0, "NAME", false, "the name from then on"},
			{"slug", 0, "SLUG", false, "the short name from then on"},
			{"ags", 0, "KEY", false, "the official municipality key from then on"},
			MUNICIPALITY_OPTION,
			{"yes", 0, NULL, false, "do it"},
			{0},
		},
	.word_max = 1,
	.run = run_rename,
};
