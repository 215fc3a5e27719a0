#include "tools/cmd/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/db.h"
#include "store/dir.h"
#include "store/keyfile.h"
#include "tools/kit/sheet.h"

#define JOIN_ROW "join" /* in META: the text of the invitation; the daemon joins when it starts */

/* -- making the node ------------------------------------------------------------------------ */

static int write_config(const struct tool *tool, const struct plan *plan)
{
	char *path = dir_file(tool->dir, "config");
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	int code = TOOL_DONE;

	if (file) {
		fprintf(file, "# Settings of this node; `allmended --help` lists them all.\n");
		if (plan->listen)
			fprintf(file, "listen = %s\n", plan->listen);
		if (plan->advertise.len)
			fprintf(file, "advertise = %.*s\n", (int)plan->advertise.len,
				(const char *)plan->advertise.ptr);
		if (plan->dial_only)
			fprintf(file, "dial-only = yes\n");
		if (plan->http)
			fprintf(file, "http = %s\n", plan->http);
		fprintf(file, "operator = %s\n", plan->operator);
	}
	if (!file || fflush(file) || fsync(fd))
		code = tool_fail(TOOL_FAILED, "cannot write %s: %s", path, strerror(errno));
	if (file)
		fclose(file);
	free(path);
	return code;
}

static int complain(const struct tool *tool, enum err err)
{
	if (err == ERR_NOMEM)
		return tool_fail(
			TOOL_FAILED,
			"not enough memory: sealing the keys under a passphrase takes 256 MB "
			"for a moment");
	if (err == ERR_NOSPACE)
		return tool_fail(TOOL_FAILED,
				 "no space left on the disk of %s: free some, then try again",
				 tool->dir);
	return tool_fail(TOOL_FAILED, "cannot make the node in %s: %s", tool->dir, err_text(err));
}

/* Keys, organisation log and names, in one transaction with the invitation to accept. */
static enum err make_identity(struct keyring *keyring, struct db *db, struct plan *plan,
			      int64_t now_ms, struct identity *identity)
{
	struct identity_options options = {
		.name = plan->name,
		.slug = plan->slug,
		.ags = plan->ags,
		.operator= plan->operator,
		.now_ms = now_ms,
	};
	struct row_key key = key_name(JOIN_ROW);
	struct random random = random_system();
	struct txn *txn = txn_begin(db, true);
	enum err err = plan->recovery ? recovery_make(plan->recovery, keyring, txn, &random,
						      plan->operator, now_ms)
		       : plan->node
			       ? identity_create_node(keyring, txn, &random, &plan->offer, &options)
			       : identity_create(keyring, txn, &random, &options);

	if (!err && plan->join)
		txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_str(plan->join));
	if (!err)
		err = plan->node ? identity_request(&plan->request, keyring, txn)
				 : identity_load(identity, keyring, txn);
	if (err) {
		txn_abort(txn);
		return err;
	}
	err = txn_commit(txn);
	if (err)
		identity_fini(identity);
	return err;
}

/* The files that a making writes elsewhere; -1: none. */
struct sheets {
	int first, second;
};

static int sheets_make(struct sheets *sheets, const struct plan *plan)
{
	int code = TOOL_DONE;

	*sheets = (struct sheets){-1, -1};
	if (plan->sheet)
		code = sheet_make(&sheets->first, plan->sheet);
	if (!code && plan->next_sheet)
		code = sheet_make(&sheets->second, plan->next_sheet);
	return code;
}

static void sheets_close(const struct sheets *sheets, const struct plan *plan, bool remove)
{
	if (sheets->first >= 0)
		close(sheets->first);
	if (sheets->second >= 0)
		close(sheets->second);
	if (remove && sheets->first >= 0)
		unlink(plan->sheet);
	if (remove && sheets->second >= 0)
		unlink(plan->next_sheet);
}

static int sheets_write(const struct tool *tool, const struct plan *plan,
			const struct sheets *sheets, struct keyring *keyring,
			const struct identity *identity)
{
	if (sheets->first >= 0) {
		enum err err = sheet_write(sheets->first, identity, NULL,
					   secret_key(identity->root), tool->now_ms);
		if (err)
			return tool_fail(TOOL_FAILED, "cannot write the recovery sheet %s: %s",
					 plan->sheet, err_text(err));
		sheet_note(tool->dir, SHEET_WRITTEN, tool->now_ms);
	}
	return sheets->second < 0
		       ? TOOL_DONE
		       : sheet_next_write(keyring, identity, &identity->next_root, sheets->second,
					  plan->next_sheet, tool->now_ms);
}

static int fill_dir(const struct tool *tool, struct plan *plan, const struct sheets *sheets)
{
	struct bytes passphrase =
		plan->passphrase ? secret_bytes(plan->passphrase) : bytes_of(NULL, 0);
	struct random random = random_system();
	struct db_options options = {0};
	struct identity identity = {0};
	struct keyring *keyring = NULL;
	struct db *db = NULL;
	enum err err = keyring_create(&keyring, tool->dir, passphrase, &random);

	if (!err)
		err = db_open(&db, tool->dir, &options);
	if (!err)
		err = make_identity(keyring, db, plan, tool->now_ms, &identity);
	if (db)
		db_close(db);
	int code = err ? complain(tool, err) : write_config(tool, plan);
	if (!code)
		code = sheets_write(tool, plan, sheets, keyring, &identity);
	identity_fini(&identity);
	keyring_close(keyring);
	return code;
}

static enum err place_look(struct identity_place *place, const char *dir)
{
	struct db_options options = {.read_only = true};
	struct db *db;
	enum err err = db_open(&db, dir, &options);

	if (err)
		return err;
	struct txn *txn = txn_begin(db, false);
	err = identity_place_load(place, txn);
	txn_abort(txn);
	db_close(db);
	return err;
}

bool init_standing(const struct tool *tool, struct identity_place *place)
{
	return dir_state(tool->dir) == DIR_NODE && !place_look(place, tool->dir);
}

/*
 * What a making that was cut short has left elsewhere: sheets of an organisation that never came to
 * be, or the empty files for them.
 */
static void forget_sheets(const struct tool *tool, const struct plan *plan)
{
	struct identity_place place;
	const struct org_id *org = place_look(&place, tool->dir) ? NULL : &place.org;

	if (plan->sheet && sheet_is_left(plan->sheet, org))
		unlink(plan->sheet);
	if (plan->next_sheet && sheet_is_left(plan->next_sheet, org))
		unlink(plan->next_sheet);
}

int init_make(const struct tool *tool, struct plan *plan)
{
	const bool left = dir_state(tool->dir) == DIR_UNFINISHED;
	char why[WHY_LEN];
	struct sheets sheets;
	struct dir dir;

	if (dir_begin(&dir, tool->dir, why))
		return tool_fail(TOOL_FAILED, "%s", why);
	if (left)
		forget_sheets(tool, plan);
	int code = sheets_make(&sheets, plan);
	if (!code && dir_fill(&dir, why))
		code = tool_fail(TOOL_FAILED, "%s", why);
	if (!code)
		code = fill_dir(tool, plan, &sheets);
	if (!code && dir_finish(&dir, why))
		code = tool_fail(TOOL_FAILED, "%s", why);
	if (code)
		dir_remove(tool->dir);
	sheets_close(&sheets, plan, code != TOOL_DONE);
	dir_close(&dir);
	return code;
}
