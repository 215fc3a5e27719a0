/*
 * passphrase: another one for the keys, a first one, or none.
 */
#include <stdio.h>

#include "tools/cmd/commands.h"
#include "tools/kit/keys.h"
#include "tools/kit/passphrase.h"
#include "tools/kit/print.h"

static int reseal(const struct tool *tool, struct keyring *keyring, const struct secret *passphrase)
{
	struct random random = random_system();
	enum err err = keyring_reseal(
		keyring, passphrase ? secret_bytes(passphrase) : bytes_of(NULL, 0), &random);

	if (err == ERR_NOMEM)
		return tool_fail(TOOL_FAILED, "not enough memory: sealing the keys under a "
					      "passphrase takes 256 MB for a moment");
	if (err)
		return tool_fail(TOOL_FAILED,
				 "cannot seal the keys in %s anew: %s; they are as they were",
				 tool->dir, err_text(err));
	return TOOL_DONE;
}

static void print_changed(const struct tool *tool, bool was_sealed, bool is_sealed)
{
	print_line(!is_sealed   ? "The keys are not sealed any more: whoever gets this disk can "
				  "read everything."
		   : was_sealed ? "The keys are sealed with the new passphrase; the old one opens "
				  "them no more."
				: "The keys are sealed with your passphrase.");
	print_line("A node that runs goes on, and is started with %s the next time.",
		   is_sealed ? "the new one" : "none");
	if (was_sealed || is_sealed)
		print_line("Copies of the key files that were made before, in backups or in "
			   "blocks that the disk has put aside, open as they did then:");
	print_next(tool, "allmende backup FOLDER", "makes the next backup with what counts now");
}

static int change(const struct tool *tool, struct keyring *keyring)
{
	const struct passphrase_from from = {
		.file = args_value(&tool->args, "new-passphrase-file"),
		.fd = args_value(&tool->args, "new-passphrase-fd"),
	};
	const bool none = args_flag(&tool->args, "no-passphrase");
	const bool was_sealed = keyring_has_passphrase(keyring);
	struct secret *passphrase = NULL;
	int code = TOOL_DONE;

	if (none && !was_sealed) {
		print_line("The keys of %s are not sealed: nothing was changed.", tool->dir);
		return TOOL_DONE;
	}
	if (!none && !from.file && !from.fd && !passphrase_can_ask())
		code = tool_fail(TOOL_USAGE, "no new passphrase, and no terminal to ask on: give "
					     "--new-passphrase-file FILE or --new-passphrase-fd N");
	else if (!none)
		code = passphrase_find(&passphrase, &from, true, "");
	if (!code && !(code = reseal(tool, keyring, passphrase))) {
		passphrase_remark(tool, &from);
		print_changed(tool, was_sealed, !none);
	}
	secret_close(passphrase);
	return code;
}

static int run_change(struct tool *tool)
{
	struct keyring *keyring;
	int code;

	if (args_flag(&tool->args, "no-passphrase") &&
	    (args_value(&tool->args, "new-passphrase-file") ||
	     args_value(&tool->args, "new-passphrase-fd")))
		return tool_fail(TOOL_USAGE, "--no-passphrase excludes a new one: leave one out");
	if ((code = keys_open(tool, &keyring)))
		return code;
	code = change(tool, keyring);
	keyring_close(keyring);
	return code;
}

const struct command cmd_passphrase_change = {
	.name = "passphrase change",
	.arguments = "",
	.summary = "seal the keys with another passphrase, a first one, or none",
	.help = "Asks for the passphrase of the keys, if they are sealed, and twice for the new "
		"one. Keys "
		"that\n"
		"were not sealed are so afterwards; --no-passphrase unseals them. Also while the "
		"node "
		"runs.\n"
		"Whatever cuts it short, one of the two opens the keys. The keys themselves stay: "
		"copies "
		"that\n"
		"were made before open with the old passphrase, or with none.\n"
		"\n"
		"  allmende passphrase change",
	.options =
		(const struct option[]){
			PASSPHRASE_OPTIONS,
			{"new-passphrase-file", 0, "FILE", false,
			 "read the new one from the first line of FILE"},
			{"new-passphrase-fd", 0, "N", false,
			 "read the new one from this open file descriptor"},
			{"no-passphrase", 0, NULL, false,
			 "keep the keys unsealed: a stolen disk is readable"},
			{0},
		},
	.run = run_change,
};
