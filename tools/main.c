#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/help.h"
#include "tools/kit/clock.h"
#include "tools/kit/text.h"
#include "tools/kit/tool.h"

#define WIDE_DEFAULT 80

/* $ALLMENDE_DIR, else $XDG_DATA_HOME/allmende, else ~/.local/share/allmende; NULL: none of them. */
static char *dir_default(void)
{
	const char *dir = getenv("ALLMENDE_DIR");
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	char *path = NULL;

	if (dir && *dir)
		return mem_str(dir);
	if (data && *data == '/') {
		if (asprintf(&path, "%s/allmende", data) < 0)
			mem_gone(1, 0);
	} else if (home && *home) {
		if (asprintf(&path, "%s/.local/share/allmende", home) < 0)
			mem_gone(1, 0);
	}
	return path;
}

static bool needs_no_node(const struct tool *tool, const struct command *command)
{
	return command->no_node &&
	       (!*command->no_node || args_value(&tool->args, command->no_node));
}

/* Sets the directory, and the words that name it in commands we print. */
static int find_dir(struct tool *tool, const struct command *command)
{
	const char *given = args_value(&tool->args, "dir");
	char *quoted;

	tool->dir = given ? mem_str(given) : dir_default();
	if ((!tool->dir || !*tool->dir) && !needs_no_node(tool, command))
		return tool_fail(TOOL_USAGE, "no data directory is known: name it with -d DIR");
	if (!given) {
		tool->dir_words = mem_str("");
		return TOOL_DONE;
	}
	quoted = text_shell(given);
	if (asprintf(&tool->dir_words, " -d %s", quoted) < 0)
		mem_gone(1, 0);
	free(quoted);
	return TOOL_DONE;
}

static size_t terminal_wide(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return WIDE_DEFAULT;
}

/* -- finding the command -------------------------------------------------------------------- */

/* Index of the first word of the command among the arguments: behind options every command has. */
static int command_at(int argc, char **argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-' && argv[i][1]) {
		bool takes_value = strcmp(argv[i], "-d") == 0 || strcmp(argv[i], "--dir") == 0;

		i += takes_value ? 2 : 1;
	}
	return i < argc ? i : argc;
}

static int refuse_words(const struct tool *tool, const struct command *command)
{
	if (tool->args.word_count < command->word_min)
		return tool_fail(TOOL_USAGE, "something is missing: write `allmende %s %s`",
				 command->name, command->arguments);
	/* "federation crate": a command of two words was meant */
	if (command->word_max == 0 && !strchr(command->name, ' ') && commands_family(command->name))
		return help_refuse(command->name, tool->args.words[0]);
	return tool_fail(
		TOOL_USAGE,
		"`allmende %s` does not know what to do with \"%s\": write `allmende %s%s%s`",
		command->name, tool->args.words[command->word_max], command->name,
		*command->arguments ? " " : "", command->arguments);
}

/* -- running it ----------------------------------------------------------------------------- */

static int start_command(struct tool *tool, const struct command *command)
{
	int code;

	if (args_flag(&tool->args, "help"))
		return help_command(command);
	if (tool->args.word_count < command->word_min || tool->args.word_count > command->word_max)
		return refuse_words(tool, command);
	code = find_dir(tool, command);
	return code ? code : command->run(tool);
}

/* All arguments but the command's own words. */
static char **without(int argc, char **argv, int at, int words, int *count)
{
	char **rest = mem_new((size_t)argc + 1, sizeof(*rest));

	*count = 0;
	for (int i = 1; i < argc; i++)
		if (i < at || i >= at + words)
			rest[(*count)++] = argv[i];
	return rest;
}

static int run_command(int argc, char **argv)
{
	int at = command_at(argc, argv);
	int words = 0, count;
	const struct command *command = commands_find(argc - at, argv + at, &words);
	char why[WHY_LEN];
	struct tool tool = {
		.args.own = command ? command->options : NULL,
		.terminal_out = isatty(STDOUT_FILENO),
		.terminal_err = isatty(STDERR_FILENO),
		.terminal_wide = terminal_wide(),
		.now_ms = clock_wall_ms(),
	};
	/* Without a command, the options in front may still say what is wrong. */
	char **rest = without(command ? argc : at, argv, at, words, &count);
	int code;

	if (!args_parse(&tool.args, count, rest, command ? command->name : NULL, why)) {
		code = tool_fail(TOOL_USAGE, "%s", why);
	} else if (command) {
		tool.json = args_flag(&tool.args, "json");
		code = start_command(&tool, command);
	} else if (at < argc) {
		code = help_refuse(argv[at], at + 1 < argc ? argv[at + 1] : NULL);
	} else if (args_flag(&tool.args, "help")) {
		code = help_overview();
	} else {
		code = tool_fail(TOOL_USAGE, "no command is given; `allmende help` lists them");
	}
	args_fini(&tool.args);
	free(tool.dir);
	free(tool.dir_words);
	free(rest);
	return code;
}

/* Seeds, keys and invitations pass through here: no core dump, no other process looks at them. */
static void keep_to_itself(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	const char *what;
	int code;

	keep_to_itself();
	if (selftest_run(&what))
		return tool_fail(
			TOOL_FAILED,
			"an installed library fails the test \"%s\": install a current one", what);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		code = help_version();
	else if (argc < 2)
		code = (help_overview(), TOOL_USAGE);
	else
		code = run_command(argc, argv);
	if (fflush(stdout) || ferror(stdout))
		code = tool_fail(TOOL_FAILED, "cannot write to standard output: %s",
				 strerror(errno));
	return code;
}
