/*
 * rehearse: would sheet, passphrase and neighbours suffice to come back?
 */
#include <inttypes.h>
#include <string.h>

#include "store/db.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/recovery.h"
#include "tools/kit/keys.h"
#include "tools/kit/passphrase.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/sheet.h"

/* What this node knows of itself. */
struct known {
	struct org_id org;
	uint32_t log_number;
};

static int known_read(const struct tool *tool, struct known *known)
{
	struct db_options options = {.read_only = true};
	struct identity_place place;
	struct db *db;
	enum err err = db_open(&db, tool->dir, &options);

	if (!err) {
		struct txn *txn = txn_begin(db, false);
		err = identity_place_load(&place, txn);
		known->org = place.org;
		known->log_number = err ? 0 : orglog_number(txn, &place.org);
		txn_abort(txn);
		db_close(db);
	}
	return err ? tool_fail(TOOL_FAILED, "cannot read the node in %s: %s", tool->dir,
			       err_text(err))
		   : TOOL_DONE;
}

static int compare(const struct recovery *recovery, const struct known *known)
{
	const struct charter_member *member = recovery_member(recovery);
	const uint32_t there = recovery_log(recovery)->number;

	if (!id_eq(&member->org, &known->org))
		return tool_fail(
			TOOL_DENIED,
			"this is the sheet of %s, another organisation than the node here: "
			"take the right one",
			member->name);
	if (there < known->log_number)
		return tool_fail(
			TOOL_FAILED,
			"that member knows the log of %s up to entry %u, this node up to %u: "
			"wait until they are linked, or ask another member",
			member->name, there, known->log_number);
	if (!recovery_opens(recovery))
		return tool_fail(TOOL_FAILED,
				 "the recovery key of %s is not the one of this sheet yet, so its "
				 "keys would not open: start the node that has the root, and try "
				 "again",
				 member->name);
	print_line("The sheet is that of %s, a member of the federation %s.", member->name,
		   recovery_federation(recovery));
	print_line("That member knows the charter and the log up to entry %u, and the keys open by "
		   "the sheet.",
		   there);
	return TOOL_DONE;
}

/* By the passphrase a backup can be used. */
static int passphrase_try(const struct tool *tool)
{
	struct keyring *keyring = NULL;
	int code = keys_open(tool, &keyring);

	if (code)
		return code;
	print_line(keyring_has_passphrase(keyring)
			   ? "The passphrase opens the keys of this node, so those of its backups."
			   : "The keys of this node are not sealed; a backup needs no passphrase.");
	keyring_close(keyring);
	return TOOL_DONE;
}

/* What nobody else has would be gone. */
static int copies_ask(struct tool *tool)
{
	json_t *answer = NULL;
	int code = query_get(tool, "/status", &answer);

	if (!code) {
		const json_t *datasets = json_object_get(answer, "datasets");
		uint64_t own = field_count(datasets, "own");
		uint64_t single = field_count(datasets, "own_single");
		if (single)
			print_line("Data: no second copy is proved of %" PRIu64 " of %" PRIu64
				   " own datasets; without a backup these would be lost.",
				   single, own);
		else
			print_line("Data: all %" PRIu64 " own datasets have a second copy.", own);
	}
	json_decref(answer);
	return code;
}

static int run_rehearse(struct tool *tool)
{
	struct recovery *recovery = NULL;
	struct known known;
	int code = known_read(tool, &known);

	if (!code && !(code = recovery_ask(&recovery, tool, tool_word(tool, 0))))
		code = compare(recovery, &known);
	recovery_close(recovery);
	if (!code && !(code = passphrase_try(tool)))
		code = copies_ask(tool);
	if (code)
		return code;
	sheet_note(tool->dir, SHEET_REHEARSED, tool->now_ms);
	print_line("Nothing was changed. `allmende init --recover` would bring this organisation "
		   "back.");
	return TOOL_DONE;
}

const struct command cmd_rehearse = {
	.name = "rehearse",
	.arguments = "SHEET",
	.summary = "try whether the recovery sheet would bring this node back",
	.help = "Does what `allmende init --recover` does first, and changes nothing: reads the "
		"sheet (- to\n"
		"type the seed), asks a member for charter and log, and sees whether the keys "
		"would "
		"open. Tries\n"
		"the passphrase, and says how many datasets nobody else has. `allmende status` "
		"shows "
		"when this\n"
		"was done last.\n"
		"\n"
		"  allmende rehearse sheet.txt --from allmende.riesa.example:7420",
	.options =
		(const struct option[]){
			{"from", 0, "HOST:PORT", false, "where a member listens"},
			{"federation", 0, "ID", false, "if the sheet does not say it"},
			PASSPHRASE_OPTIONS,
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_rehearse,
};
