#include "tools/cmd/help.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/check.h"
#include "tools/cmd/commands.h"
#include "tools/kit/text.h"

#define NAME_WIDTH   22
#define OPTION_WIDTH 28

int help_overview(void)
{
	printf("allmende - share data among municipalities, without a server in the middle\n"
	       "\n"
	       "  allmende COMMAND [WORDS] [OPTIONS]      the node itself is `allmended`\n"
	       "\n"
	       "A node lives in one data directory: -d DIR, or $ALLMENDE_DIR, or allmende in\n"
	       "$XDG_DATA_HOME or ~/.local/share. Datasets are written in full: "
	       "meissen/wasser/pegel-elbe.\n"
	       "\n");
	for (const struct command *const *c = commands_all(); *c; c++)
		printf("  %-*s  %s\n", NAME_WIDTH, (*c)->name, (*c)->summary);
	printf("\n"
	       "`allmende help COMMAND` explains one and gives an example. To begin:\n"
	       "\n"
	       "  allmende init --name \"Stadt Meißen\" --slug meissen --ags 14627140 "
	       "--no-passphrase\n"
	       "  allmended --detach\n"
	       "  allmende federation create --name \"Landkreis Meißen\"\n"
	       "  allmende publish meissen/kita/plaetze plaetze.csv\n"
	       "\n"
	       "Exit codes: 0 done, 1 failed, 2 usage, 3 denied, 4 not found, 5 data not here "
	       "yet,\n"
	       "6 a new key is due first; `allmende status --check` has its own.\n");
	return TOOL_DONE;
}

static void put_options(const struct option *option)
{
	for (; option && option->name; option++) {
		char name[64];

		snprintf(name, sizeof(name), "%s%c%s--%s%s%s", option->letter ? "-" : "",
			 option->letter ? option->letter : ' ', option->letter ? ", " : "   ",
			 option->name, option->value ? " " : "",
			 option->value ? option->value : "");
		printf("  %-*s  %s\n", OPTION_WIDTH, name, option->help);
	}
}

int help_command(const struct command *command)
{
	printf("allmende %s%s%s\n\n%s\n", command->name, *command->arguments ? " " : "",
	       command->arguments, command->help);
	printf("\nOptions:\n");
	put_options(command->options);
	put_options(args_common);
	return TOOL_DONE;
}

int help_version(void)
{
	puts("allmende " ALLMENDE_VERSION);
	return TOOL_DONE;
}

int help_refuse(const char *first, const char *second)
{
	bool family = second && commands_family(first);
	size_t best = TEXT_UNLIKE;
	const char *near = NULL;
	char *typed;

	if (asprintf(&typed, "%s%s%s", first, family ? " " : "", family ? second : "") < 0)
		mem_gone(1, 0);
	for (const struct command *const *c = commands_all(); *c; c++)
		if (text_likeness(typed, (*c)->name) < best) {
			best = text_likeness(typed, (*c)->name);
			near = (*c)->name;
		}
	if (near)
		tool_fail(TOOL_USAGE, "unknown command \"%s\"; did you mean `allmende %s`?", typed,
			  near);
	else
		tool_fail(TOOL_USAGE, "unknown command \"%s\"; `allmende help` lists them", typed);
	free(typed);
	return TOOL_USAGE;
}

/* -- commands ------------------------------------------------------------------------------- */

static int run_help(struct tool *tool)
{
	const struct command *command;
	size_t count = tool->args.word_count;
	int words;

	if (count == 0)
		return help_overview();
	command = commands_find((int)count, (char *const *)tool->args.words, &words);
	if (!command || (size_t)words < count)
		return help_refuse(tool_word(tool, 0), tool_word(tool, 1));
	return help_command(command);
}

static int run_version(struct tool *tool)
{
	(void)tool;
	return help_version();
}

const struct command cmd_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "explain a command",
	.help = "Explains a command: what it does, its options, an example.\n"
		"\n"
		"  allmende help publish\n"
		"  allmende help federation invite",
	.word_max = 2,
	.no_node = "",
	.run = run_help,
};

const struct command cmd_version = {
	.name = "version",
	.arguments = "",
	.summary = "print the version of this program",
	.help = "Prints the version of this program. That of the running node stands in `allmende "
		"status`.",
	.no_node = "",
	.run = run_version,
};
