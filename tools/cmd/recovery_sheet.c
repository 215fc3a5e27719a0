/*
 * recovery-sheet: the sheet that restores the organisation.
 */
#include <string.h>
#include <unistd.h>

#include "proto/charter/identity.h"
#include "store/db.h"
#include "store/keyfile.h"
#include "tools/cmd/commands.h"
#include "tools/kit/keys.h"
#include "tools/kit/passphrase.h"
#include "tools/kit/print.h"
#include "tools/kit/sheet.h"

/* Reads only, so it may be done while the daemon runs. */
static int load_identity(const struct tool *tool, struct keyring *keyring,
			 struct identity *identity, struct charter *charter, struct key *seed)
{
	struct db_options options = {.read_only = true};
	const struct charter_member *own = NULL;
	struct txn *txn;
	struct db *db;
	enum err err = db_open(&db, tool->dir, &options);

	if (!err) {
		txn = txn_begin(db, false);
		err = identity_load(identity, keyring, txn);
		if (!err && !charter_load(txn, charter))
			own = charter_last_of(charter, &identity->org);
		memset(seed, 0, sizeof(*seed));
		if (!err && identity_root_seed(seed, identity, keyring, own ? &own->root : NULL))
			key_wipe(seed);
		txn_abort(txn);
		db_close(db);
	}
	if (err)
		return tool_fail(TOOL_FAILED, "cannot read the node in %s: %s", tool->dir,
				 err_text(err));
	return TOOL_DONE;
}

static int write_sheet(const struct tool *tool, const struct identity *identity,
		       const struct charter *charter, const struct key *seed, const char *path)
{
	bool to_stdout = strcmp(path, "-") == 0;
	int fd = STDOUT_FILENO;
	int code;
	enum err err;

	if (id_zero(seed))
		return tool_fail(TOOL_ABSENT,
				 "the root seed of %s is not on this machine: it stands on "
				 "the recovery sheet that was printed",
				 identity->name);
	if ((code = to_stdout ? TOOL_DONE : sheet_make(&fd, path)))
		return code;
	err = sheet_write(fd, identity, charter, seed, tool->now_ms);
	if (!to_stdout) {
		close(fd);
		if (err)
			unlink(path);
	}
	if (err)
		return tool_fail(TOOL_FAILED, "cannot write %s: %s", path, err_text(err));
	sheet_note(tool->dir, SHEET_WRITTEN, tool->now_ms);
	if (!to_stdout)
		print_line("The recovery sheet of %s stands in %s: print it twice, lock it away, "
			   "delete the file.",
			   identity->name, path);
	return TOOL_DONE;
}

static int run_recovery_sheet(struct tool *tool)
{
	const char *path = args_value(&tool->args, "output");
	struct keyring *keyring = NULL;
	struct identity identity;
	struct charter charter;
	struct key seed;
	int code;

	if (!path)
		return tool_fail(TOOL_USAGE,
				 "say where the recovery sheet goes: -o FILE, or -o - to "
				 "show it on the screen");
	if ((code = keys_open(tool, &keyring)))
		return code;
	charter_init(&charter);
	if (!(code = load_identity(tool, keyring, &identity, &charter, &seed))) {
		code = write_sheet(tool, &identity, &charter, &seed, path);
		key_wipe(&seed);
		identity_fini(&identity);
	}
	charter_fini(&charter);
	keyring_close(keyring);
	return code;
}

const struct command cmd_recovery_sheet = {
	.name = "recovery-sheet",
	.arguments = "-o FILE",
	.summary = "write the sheet that restores the organisation",
	.help = "Writes the recovery sheet, which holds the organisation's root seed, into a new\n"
		"file that only you can read. Print it twice, lock the copies away in different\n"
		"places, and delete the file. The node may be running meanwhile.\n"
		"\n"
		"  allmende recovery-sheet -o sheet.txt",
	.options =
		(const struct option[]){
			{"output", 'o', "FILE", false, "a new file; - for standard output"},
			PASSPHRASE_OPTIONS,
			{0},
		},
	.run = run_recovery_sheet,
};
