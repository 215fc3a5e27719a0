/*
 * root: the organisation's root key, and how it becomes another one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/root.h"
#include "proto/charter/identity.h"
#include "store/db.h"
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/keys.h"
#include "tools/kit/outcome.h"
#include "tools/kit/passphrase.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/sheet.h"
#include "tools/kit/text.h"

#define ENTRY_OPTION                                                                               \
	{                                                                                          \
		"entry", 0, "ENTRY", false,                                                        \
			"the entry of the own log to go on from: its number, or first digits of "  \
			"its id (default: the latest)"                                             \
	}

/* ---- showing ---- */

static void show_announced(const json_t *answer)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "announced"), i, row)
	{
		char when[TEXT_SHORT_LEN];

		text_local(when, field_time(row, "time_ms"));
		print_line("Another root key of %s (%.*s) is announced by entry %" PRIu64
			   " of the charter, since %s%s.",
			   field_text(row, "name"), OUTCOME_ID_SHOWN, field_text(row, "root"),
			   field_count(row, "charter_number"), when,
			   field_true(row, "objection") ? "; it objects" : "");
	}
}

static void show_root(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {">ENTRY", "ID", "TIME", ">NODES", "COUNTS", NULL};
	struct grid grid;
	json_t *row;
	size_t i;

	print_line(field_true(answer, "here") ? "The root key is on this machine."
					      : "The root key is not on this machine: `allmende "
						"root take SHEET` brings it here.");
	print_line("Entries of your organisation's log, the latest first:");
	grid_init(&grid, tool, stdout, heads);
	json_array_foreach(json_object_get(answer, "entries"), i, row)
	{
		char id[OUTCOME_ID_SHOWN + 1];

		snprintf(id, sizeof(id), "%.*s", OUTCOME_ID_SHOWN, field_text(row, "id"));
		grid_number(&grid, field_count(row, "number"));
		grid_text(&grid, id);
		grid_time(&grid, field_time(row, "time_ms"));
		grid_number(&grid, field_count(row, "nodes"));
		grid_text(&grid, field_true(row, "counts") ? "yes" : "no");
	}
	grid_done(&grid);
	show_announced(answer);
}

static int run_root(struct tool *tool)
{
	return query_show(tool, "/root", show_root);
}

/* ---- the second sheet ---- */

/* root: of the charter; zero when the organisation is in none. */
static int identity_open(const struct tool *tool, struct keyring *keyring,
			 struct identity *identity, struct sign_pk *root, struct digest *next_root)
{
	struct db_options options = {.read_only = true};
	const struct charter_member *own = NULL;
	struct charter charter;
	struct txn *txn;
	struct db *db;
	enum err err = db_open(&db, tool->dir, &options);

	*root = (struct sign_pk){{0}};
	if (!err) {
		txn = txn_begin(db, false);
		err = identity_load(identity, keyring, txn);
		if (!err && !charter_load(txn, &charter)) {
			own = charter_last_of(&charter, &identity->org);
			*next_root = own ? own->next_root : identity->next_root;
			if (own)
				*root = own->root;
			charter_fini(&charter);
		} else if (!err) {
			*next_root = identity->next_root;
		}
		txn_abort(txn);
		db_close(db);
	}
	return err ? tool_fail(TOOL_FAILED, "cannot read the node in %s: %s", tool->dir,
			       err_text(err))
		   : TOOL_DONE;
}

static int run_root_next(struct tool *tool)
{
	const char *path = args_value(&tool->args, "output");
	struct keyring *keyring = NULL;
	struct identity identity;
	struct sign_pk root;
	struct digest next;
	int code;

	if (!path)
		return tool_fail(TOOL_USAGE, "say where the second sheet goes: -o FILE, or -o - to "
					     "show it on the screen");
	if ((code = keys_open(tool, &keyring)))
		return code;
	if (!(code = identity_open(tool, keyring, &identity, &root, &next))) {
		code = sheet_next(keyring, &identity, &next, path, tool->now_ms);
		if (!code && strcmp(path, "-") != 0)
			print_line("The second sheet of %s stands in %s: print it, lock it away "
				   "elsewhere than the first, delete the file. Its seed is not on "
				   "this machine any more.",
				   identity.name, path);
		identity_fini(&identity);
	}
	keyring_close(keyring);
	return code;
}

/* ---- the root on another machine of the organisation ---- */

static int seed_take(struct keyring *keyring, const struct identity *identity,
		     const struct sign_pk *root, const struct key *seed)
{
	char name[IDENTITY_KEY_NAME_LEN];
	struct sign_pk pk;
	struct key here;

	identity_root_pk(&pk, seed);
	if (id_zero(root))
		return tool_fail(TOOL_FAILED,
				 "%s is in no federation yet: its root key stays on the machine "
				 "that it was made on until then",
				 identity->name);
	if (!id_eq(&pk, root))
		return tool_fail(TOOL_DENIED,
				 "this is the sheet of another organisation than %s, or of a root "
				 "key that was replaced since: take the one that was written last",
				 identity->name);
	identity_root_name(name, root);
	const bool known = !identity_root_seed(&here, identity, keyring, root);
	key_wipe(&here);
	enum err err = known ? ERR_EXISTS : keyring_put(keyring, name, bytes_of(seed->b, KEY_LEN));
	if (err && err != ERR_EXISTS)
		return tool_fail(TOOL_FAILED, "cannot keep the root key: %s", err_text(err));
	print_line(
		"The root key of %s is on this machine%s. Keep the sheet. A machine that is lost "
		"or stolen is shut out by `allmende node lost INDEX --yes`, here as well.",
		identity->name, err == ERR_EXISTS ? " already" : " now");
	return TOOL_DONE;
}

static int run_root_take(struct tool *tool)
{
	struct keyring *keyring = NULL;
	struct identity identity;
	struct sign_pk root;
	struct digest next;
	struct sheet sheet;
	int code = sheet_read(&sheet, tool_word(tool, 0));

	if (!code && !(code = keys_open(tool, &keyring))) {
		if (!(code = identity_open(tool, keyring, &identity, &root, &next))) {
			code = seed_take(keyring, &identity, &root, &sheet.seed);
			identity_fini(&identity);
		}
		keyring_close(keyring);
	}
	secret_wipe(&sheet, sizeof(sheet));
	return code;
}

/* ---- another root key ---- */

/* What is under way. */
struct rooting {
	struct keyring *keyring;
	struct identity identity;
	struct key seed, next_seed; /* of the new root, and of the one after it */
	struct charter_change change;
	struct charter charter; /* its federation id alone */
};

static char *hex_of(struct bytes id)
{
	char *hex = mem_new(2 * id.len + 1, 1);

	hex_put(hex, id);
	return hex;
}

/* The entry that is named, as the daemon knows it. */
static int entry_ask(const struct tool *tool, struct rooting *r)
{
	json_t *answer = NULL;
	int code =
		query_post(tool, "/root/entry",
			   json_pack("{s:s?}", "entry", args_value(&tool->args, "entry")), &answer);

	if (code)
		return code;
	r->change.member.number = (uint32_t)field_count(answer, "member");
	if (hex_get(r->change.log_entry.b, ID_LEN, field_text(answer, "entry")) ||
	    hex_get(r->charter.fed.b, ID_LEN, field_text(answer, "federation")))
		code = tool_fail(TOOL_FAILED, "the daemon's answer cannot be read");
	json_decref(answer);
	return code;
}

static json_t *change_json(const struct rooting *r, bool confirm)
{
	char *root = hex_of(id_bytes(&r->change.member.root));
	char *next = hex_of(id_bytes(&r->change.member.next_root));
	char *entry = hex_of(id_bytes(&r->change.log_entry));
	char *sig = r->change.has_sig ? hex_of(bytes_of(r->change.sig.b, SIG_LEN)) : NULL;
	json_t *body =
		json_pack("{s:s, s:s, s:s, s:s, s:s?, s:b}", "change",
			  r->change.kind == CHARTER_BIND ? "bind" : "announce", "root", root,
			  "next_root", next, "entry", entry, "signature", sig, "confirm", confirm);

	free(root);
	free(next);
	free(entry);
	free(sig);
	return body;
}

static void print_text(const struct tool *tool, const json_t *answer)
{
	if (field_true(answer, "accepted"))
		return;
	print_line("The stewards have to agree. Hand them this line; they type `allmende "
		   "federation vote` with it:");
	print_line("%s", field_text(answer, "text"));
}

static int change_post(const struct tool *tool, const struct rooting *r, bool confirm)
{
	json_t *answer = NULL;
	int code = query_post(tool, "/root", change_json(r, confirm), &answer);

	if (code)
		return code;
	if (tool->json) {
		code = print_json(tool, answer);
	} else {
		print_line("Entry %" PRIu64 " of the charter %s:", field_count(answer, "number"),
			   outcome_says(answer));
		outcome_changes(answer);
		if (confirm)
			outcome_print(tool, answer);
		if (confirm)
			print_text(tool, answer);
		if (confirm && r->change.kind == CHARTER_BIND)
			print_line("Keep the recovery sheet of the old root until the node that "
				   "makes the keys of the organisation has gone on by the new "
				   "one: only then the keys of before can be restored with the "
				   "new sheet.");
	}
	json_decref(answer);
	if (!code && !confirm)
		code = tool_fail(TOOL_FAILED, "nothing was done: say --yes to do it");
	return code;
}

/* What was drawn has to be kept before anybody is told of it. */
static int seeds_keep(const struct tool *tool, struct rooting *r)
{
	char name[IDENTITY_KEY_NAME_LEN];
	enum err err;

	identity_root_name(name, &r->change.member.root);
	err = keyring_put(r->keyring, name, bytes_of(r->seed.b, KEY_LEN));
	identity_next_name(name, &r->change.member.next_root);
	if (!err || err == ERR_EXISTS)
		err = keyring_put(r->keyring, name, bytes_of(r->next_seed.b, KEY_LEN));
	if (err && err != ERR_EXISTS)
		return tool_fail(TOOL_FAILED, "cannot keep the new seeds: %s", err_text(err));
	return sheet_next(r->keyring, &r->identity, &r->change.member.next_root,
			  args_value(&tool->args, "output"), tool->now_ms);
}

static void rooting_seeds(struct rooting *r, bool signs)
{
	struct random random = random_system();
	struct key sign;

	random_fill(&random, r->next_seed.b, KEY_LEN);
	identity_next_root(&r->change.member.next_root, &r->next_seed);
	root_sign_seed(&sign, &r->seed);
	sign_pk_of(&r->change.member.root, &sign);
	if (signs)
		charter_bind_sign(&r->change, &r->charter, &sign);
	key_wipe(&sign);
}

static int rooting_do(struct tool *tool, struct rooting *r, bool signs)
{
	bool yes = args_flag(&tool->args, "yes");
	struct sign_pk root;
	struct digest next;
	int code = keys_open(tool, &r->keyring);

	if (code)
		return code;
	if (!(code = identity_open(tool, r->keyring, &r->identity, &root, &next)) &&
	    !(code = entry_ask(tool, r))) {
		rooting_seeds(r, signs);
		if (yes)
			code = seeds_keep(tool, r);
		if (!code)
			code = change_post(tool, r, yes);
		identity_fini(&r->identity);
	}
	keyring_close(r->keyring);
	return code;
}

/* What was announced of the own organisation 14 days ago, once more and for good. */
static int bind_announced(struct tool *tool, struct rooting *r)
{
	json_t *answer = NULL, *row;
	struct client *client;
	size_t i;
	int code = client_open(&client, tool);

	if (code)
		return code;
	code = client_call(client, "GET", "/root", NULL, &answer);
	if (code)
		client_complain(client);
	bool found = false;
	json_array_foreach(json_object_get(answer, "announced"), i, row)
	{
		if (found || !field_true(row, "own"))
			continue;
		found = !hex_get(r->change.member.root.b, ID_LEN, field_text(row, "root")) &&
			!hex_get(r->change.member.next_root.b, ID_LEN,
				 field_text(row, "next_root")) &&
			!hex_get(r->change.log_entry.b, ID_LEN, field_text(row, "entry"));
	}
	json_decref(answer);
	client_close(client);
	if (!code && !found)
		code = tool_fail(TOOL_USAGE, "no other root key of yours is announced: give "
					     "--seed-file FILE with the seed of the second sheet, "
					     "or `allmende root announce`");
	return code ? code : change_post(tool, r, args_flag(&tool->args, "yes"));
}

static int run_root_bind(struct tool *tool)
{
	const char *file = args_value(&tool->args, "seed-file");
	struct rooting *r = mem_new(1, sizeof(*r));
	int code;

	r->change.kind = CHARTER_BIND;
	if (!file)
		code = bind_announced(tool, r);
	else if (!args_value(&tool->args, "output"))
		code = tool_fail(TOOL_USAGE, "say where the new second sheet goes: -o FILE; a key "
					     "that shall follow is drawn anew");
	else if (!(code = sheet_next_read(&r->seed, file)))
		code = rooting_do(tool, r, true);
	secret_wipe(r, sizeof(*r));
	free(r);
	return code;
}

static int run_root_announce(struct tool *tool)
{
	struct random random = random_system();
	struct rooting *r = mem_new(1, sizeof(*r));
	int code;

	r->change.kind = CHARTER_ANNOUNCE;
	random_fill(&random, r->seed.b, KEY_LEN);
	if (!args_value(&tool->args, "output"))
		code = tool_fail(TOOL_USAGE, "say where the new second sheet goes: -o FILE");
	else
		code = rooting_do(tool, r, false);
	secret_wipe(r, sizeof(*r));
	free(r);
	return code;
}

static int run_root_object(struct tool *tool)
{
	bool cancel = args_flag(&tool->args, "cancel");
	json_t *answer = NULL;
	int code = query_post(tool, "/root/object", json_pack("{s:b}", "cancel", cancel), &answer);

	json_decref(answer);
	if (!code)
		print_line(cancel ? "The objection is taken back."
				  : "All members hear that your organisation objects: no steward's "
				    "node votes for that root key while it does.");
	return code;
}

/* ---- the commands ---- */

const struct command cmd_root = {
	.name = "root",
	.arguments = "",
	.summary = "your organisation's root key, and the entries of its log",
	.help = "Shows whether the root key is on this machine, the entries of your organisation's "
		"log,\n"
		"and which other root keys are announced in the federation.\n"
		"\n"
		"  allmende root",
	.run = run_root,
};

const struct command cmd_root_next = {
	.name = "root next",
	.arguments = "-o FILE",
	.summary = "write the second sheet, with the next root seed",
	.help = "Writes the seed of the root key that may follow into a new file, and removes it "
		"from\n"
		"this machine. Print it and lock it away elsewhere than the recovery sheet: who "
		"steals\n"
		"one of the two does not get far, and you get rid of a thief by the other.\n"
		"\n"
		"  allmende root next -o second.txt",
	.options =
		(const struct option[]){
			{"output", 'o', "FILE", false, "a new file; - for standard output"},
			PASSPHRASE_OPTIONS,
			{0},
		},
	.run = run_root_next,
};

const struct command cmd_root_bind = {
	.name = "root bind",
	.arguments = "--seed-file FILE -o FILE",
	.summary = "make the key of the second sheet the root",
	.help = "When the root is stolen, or shall be replaced. The key of the second sheet "
		"becomes the\n"
		"root, once the stewards agree; the log of your organisation goes on from the "
		"entry that\n"
		"you name, and what was added behind it counts for nothing. A new second sheet is\n"
		"written. Without --seed-file it binds what was announced 14 days ago.\n"
		"\n"
		"  allmende root                                   which entry was yours?\n"
		"  allmende root bind --seed-file second.txt --entry 4 -o third.txt --yes",
	.options =
		(const struct option[]){
			{"seed-file", 0, "FILE", false,
			 "the second sheet, or its seed alone; - to type it"},
			ENTRY_OPTION,
			{"output", 'o', "FILE", false, "a new file for the new second sheet"},
			{"yes", 0, NULL, false, "do it"},
			PASSPHRASE_OPTIONS,
			{0},
		},
	.run = run_root_bind,
};

const struct command cmd_root_announce = {
	.name = "root announce",
	.arguments = "-o FILE",
	.summary = "when both sheets are lost: announce a new root key",
	.help = "Draws a new root key on this machine and asks the stewards to announce it. 14 "
		"days\n"
		"later `allmende root bind` binds it, unless a node of your organisation objects. "
		"The\n"
		"new second sheet is written now; `allmende recovery-sheet` writes the first one "
		"when the\n"
		"key is bound.\n"
		"\n"
		"  allmende root announce -o second.txt --yes",
	.options =
		(const struct option[]){
			ENTRY_OPTION,
			{"output", 'o', "FILE", false, "a new file for the new second sheet"},
			{"yes", 0, NULL, false, "do it"},
			PASSPHRASE_OPTIONS,
			{0},
		},
	.run = run_root_announce,
};

const struct command cmd_root_object = {
	.name = "root object",
	.arguments = "",
	.summary = "object to a root key that is announced for your organisation",
	.help = "When `allmende status` shows that another root key of your organisation is "
		"announced,\n"
		"and nobody of you has asked for it. Any node of the organisation may object.\n"
		"\n"
		"  allmende root object",
	.options =
		(const struct option[]){
			{"cancel", 0, NULL, false, "take the objection back"},
			{0},
		},
	.run = run_root_object,
};

const struct command cmd_root_take = {
	.name = "root take",
	.arguments = "SHEET",
	.summary = "bring the root key of the recovery sheet to this machine",
	.help = "When the machine with the root key is lost or stolen and another one of your\n"
		"organisation is there: the sheet, as a file or typed (-), makes the root key one "
		"of\n"
		"this machine too. Then it can shut the other one out, and add further nodes. "
		"Where no\n"
		"machine is left it is `allmende init --recover`.\n"
		"\n"
		"  allmende root take sheet.txt\n"
		"  allmende node lost 0 --yes",
	.options =
		(const struct option[]){
			PASSPHRASE_OPTIONS,
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_root_take,
};
