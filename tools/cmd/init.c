/*
 * init: a directory becomes a node of an organisation.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "proto/charter/identity.h"
#include "proto/wire/protocol.h"
#include "store/db.h"
#include "store/dir.h"
#include "store/keyfile.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/recovery.h"
#include "tools/kit/passphrase.h"
#include "tools/kit/print.h"
#include "tools/kit/sheet.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

#define JOIN_ROW "join" /* in META: the text of the invitation; the daemon joins when it starts */

/* What `init` was asked for. */
struct plan {
	const char *name, *slug, *ags;
	const char *listen; /* NULL: the default */
	const char *http;   /* NULL: none */
	const char *operator;
	bool dial_only;
	const char *join; /* text of the invitation; NULL: none */
	char join_text[VALUE_INVITATION_SIZE];
	struct invitation invitation;
	const char *node; /* text of the offer: another node of the organisation; NULL: the first */
	struct node_offer offer;
	struct buf offer_bytes;
	struct buf request;             /* text for who made the offer */
	struct recovery *recovery;      /* an organisation that comes back; NULL: none */
	struct secret *passphrase;      /* NULL: none */
	const char *sheet, *next_sheet; /* files; NULL: none */
};

/* -- reading the options -------------------------------------------------------------------- */

/* With an invitation the names come from it; what is also given must be the same. */
static int take_invited(const struct tool *tool, const char *option, const char *said,
			const char **out)
{
	const char *given = args_value(&tool->args, option);

	*out = said;
	if (!given || strcmp(given, said) == 0)
		return TOOL_DONE;
	return tool_fail(
		TOOL_USAGE,
		"the invitation says --%s \"%s\", you say \"%s\": leave the option out, or ask "
		"for an invitation with the right value",
		option, said, given);
}

static int take_named(const struct tool *tool, const char *option, const char **out)
{
	*out = args_value(&tool->args, option);
	if (*out)
		return TOOL_DONE;
	return tool_fail(
		TOOL_USAGE,
		"--%s is missing: write `allmende init --name \"Stadt Meißen\" --slug meissen "
		"--ags 14627140`, or --join with an invitation",
		option);
}

/* What another node of the organisation begins with. */
static int take_offer(struct plan *plan)
{
	buf_init(&plan->offer_bytes, ENVELOPE_LEN_MAX);
	if (node_offer_get(&plan->offer, &plan->offer_bytes, bytes_str(plan->node)) ||
	    invitation_get(&plan->invitation, plan->offer.invitation))
		return tool_fail(
			TOOL_USAGE,
			"this is not the offer for another node, or not all of it: it is one "
			"line that begins with \"" PROTOCOL_TEXT "o-\"; `allmende node offer` "
			"prints it");
	return TOOL_DONE;
}

/* The names come from the charter. */
static int plan_recovery(struct plan *plan, const struct tool *tool)
{
	static const char *const others[] = {"join", "node",           "name",           "slug",
					     "ags",  "recovery-sheet", "next-root-sheet"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (args_value(&tool->args, others[i]))
			return tool_fail(TOOL_USAGE,
					 "--recover and --%s exclude each other: what comes back "
					 "has its names and sheets already",
					 others[i]);
	int code = recovery_ask(&plan->recovery, tool, args_value(&tool->args, "recover"));
	if (code)
		return code;
	const struct charter_member *member = recovery_member(plan->recovery);
	plan->name = member->name;
	plan->slug = member->slug;
	plan->ags = member->ags;
	return recovery_lost(plan->recovery, tool);
}

static int plan_terms(struct plan *plan, const struct tool *tool)
{
	struct invitation *invitation = &plan->invitation;
	int code;

	if (args_value(&tool->args, "recover"))
		return plan_recovery(plan, tool);
	plan->join = args_value(&tool->args, "join");
	plan->node = args_value(&tool->args, "node");
	if (plan->join && plan->node)
		return tool_fail(TOOL_USAGE, "--join and --node exclude each other: a new "
					     "organisation joins, a further node belongs to one");
	if (plan->node && (code = take_offer(plan)))
		return code;
	if (plan->join && ((code = value_invitation_read(plan->join_text, plan->join)) ||
			   (code = value_invitation(invitation, plan->join_text, tool->now_ms))))
		return code;
	if (plan->join)
		plan->join = plan->join_text;
	if (plan->join || plan->node) {
		if ((code = take_invited(tool, "name", invitation->name, &plan->name)) ||
		    (code = take_invited(tool, "slug", invitation->slug, &plan->slug)))
			return code;
		return take_invited(tool, "ags", invitation->ags, &plan->ags);
	}
	if ((code = take_named(tool, "name", &plan->name)) ||
	    (code = take_named(tool, "slug", &plan->slug)) ||
	    (code = take_named(tool, "ags", &plan->ags)) ||
	    (code = value_name("--name", plan->name)) || (code = value_slug("--slug", plan->slug)))
		return code;
	return value_ags("--ags", plan->ags);
}

static int plan_node(struct plan *plan, const struct tool *tool)
{
	const char *operator= args_value(&tool->args, "operator");
	int code;

	plan->listen = args_value(&tool->args, "listen");
	plan->http = args_value(&tool->args, "http");
	plan->operator= operator? operator: "self";
	plan->dial_only = args_flag(&tool->args, "dial-only");
	plan->sheet = args_value(&tool->args, "recovery-sheet");
	plan->next_sheet = args_value(&tool->args, "next-root-sheet");
	if ((plan->sheet || plan->next_sheet) && plan->node)
		return tool_fail(TOOL_USAGE, "a further node has no recovery sheet: the one of the "
					     "organisation restores everything");
	if (plan->listen && plan->dial_only)
		return tool_fail(TOOL_USAGE,
				 "--listen and --dial-only exclude each other: a node that "
				 "only dials out listens nowhere");
	if (plan->listen && (code = value_address("--listen", plan->listen, true)))
		return code;
	if (plan->http && (code = value_address("--http", plan->http, true)))
		return code;
	return value_operator(plan->operator);
}

static int plan_passphrase(struct plan *plan, const struct tool *tool)
{
	const char *file = args_value(&tool->args, "passphrase-file");
	bool none = args_flag(&tool->args, "no-passphrase");

	if (file && none)
		return tool_fail(TOOL_USAGE,
				 "--passphrase-file and --no-passphrase exclude each other: "
				 "give one of them");
	if (file)
		return passphrase_read(&plan->passphrase, file);
	if (none)
		return TOOL_DONE;
	if (!passphrase_can_ask())
		return tool_fail(TOOL_USAGE,
				 "no passphrase, and no terminal to ask on: give --passphrase-file "
				 "FILE, or --no-passphrase if a stolen disk may be readable");
	return passphrase_ask(&plan->passphrase, true);
}

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

/* In a directory that exists and is locked. */
static int fill_dir(const struct tool *tool, struct plan *plan, struct identity *identity)
{
	struct bytes passphrase =
		plan->passphrase ? secret_bytes(plan->passphrase) : bytes_of(NULL, 0);
	struct random random = random_system();
	struct db_options options = {0};
	struct keyring *keyring = NULL;
	struct db *db = NULL;
	enum err err = keyring_create(&keyring, tool->dir, passphrase, &random);

	if (!err)
		err = db_open(&db, tool->dir, &options);
	if (!err)
		err = make_identity(keyring, db, plan, tool->now_ms, identity);
	if (db)
		db_close(db);
	int code = err ? complain(tool, err) : TOOL_DONE;
	if (!code && plan->next_sheet &&
	    (code = sheet_next(keyring, identity, &identity->next_root, plan->next_sheet,
			       tool->now_ms)))
		identity_fini(identity);
	keyring_close(keyring);
	return code;
}

static int make_dir(const struct tool *tool, struct plan *plan, struct identity *identity)
{
	char why[WHY_LEN];
	struct dir dir;
	int code;

	if (dir_create(tool->dir, why))
		return tool_fail(TOOL_FAILED, "%s", why);
	if (dir_open(&dir, tool->dir, why)) {
		code = tool_fail(TOOL_FAILED, "%s", why);
	} else {
		code = fill_dir(tool, plan, identity);
		dir_close(&dir);
	}
	if (!code && (code = write_config(tool, plan)))
		identity_fini(identity);
	if (code)
		dir_remove(tool->dir);
	return code;
}

/* The sheet is opened first, so that a wrong name costs nothing. */
static int make_node(const struct tool *tool, struct plan *plan)
{
	struct identity identity = {0};
	int fd = -1;
	int code = plan->sheet ? sheet_make(&fd, plan->sheet) : TOOL_DONE;

	if (code)
		return code;
	code = make_dir(tool, plan, &identity);
	if (!code) {
		enum err err = fd >= 0 ? sheet_write(fd, &identity, NULL, secret_key(identity.root),
						     tool->now_ms)
				       : ERR_OK;

		if (err) {
			code = tool_fail(TOOL_FAILED, "cannot write the recovery sheet %s: %s",
					 plan->sheet, err_text(err));
			dir_remove(tool->dir);
		} else if (fd >= 0) {
			sheet_note(tool->dir, SHEET_WRITTEN, tool->now_ms);
		}
		identity_fini(&identity);
	}
	if (fd >= 0)
		close(fd);
	if (code && fd >= 0)
		unlink(plan->sheet);
	return code;
}

/* -- saying what was made ------------------------------------------------------------------- */

static int print_made_json(const struct tool *tool, const struct plan *plan)
{
	json_t *json = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s?, s:s?, s:o}", "directory", tool->dir, "name",
		plan->name, "slug", plan->slug, "ags", plan->ags, "storage_key",
		plan->passphrase ? "passphrase" : "clear", "federation",
		plan->join || plan->node ? plan->invitation.fed_name : NULL, "recovery_sheet",
		plan->sheet, "request",
		plan->node ? json_stringn((const char *)plan->request.ptr, plan->request.len)
			   : json_null());
	int code = print_json(tool, json);

	json_decref(json);
	return code;
}

/* On a terminal with words around it, else alone, for scripts. */
static void print_made_node(const struct tool *tool, const struct plan *plan)
{
	if (tool->terminal_out) {
		print_line("A further node of %s is being made in %s. It answers with this line:",
			   plan->name, tool->dir);
		putchar('\n');
	}
	print_line("%.*s", (int)plan->request.len, (const char *)plan->request.ptr);
	if (!tool->terminal_out)
		return;
	putchar('\n');
	print_line("Next, on the machine that made the offer:");
	print_line("  allmende node add \"...\"        with that line; it prints the answer");
	print_line("Then here:");
	print_next(tool, "allmende node accept \"...\"", "with the answer; then start allmended");
}

/* The command that starts the daemon; to be freed. */
static char *start_words(const struct tool *tool, const struct plan *plan)
{
	const char *file = args_value(&tool->args, "passphrase-file");
	char *quoted = text_shell(file ? file : "FILE");
	char *start;

	if (asprintf(&start, "allmended%s%s", plan->passphrase ? " --passphrase-file " : "",
		     plan->passphrase ? quoted : "") < 0)
		mem_gone(1, 0);
	free(quoted);
	return start;
}

static void print_recovered(const struct tool *tool, const struct plan *plan)
{
	char *start = start_words(tool, plan);

	print_line("%s (%s, %s) has a node in %s again, in the federation %s.", plan->name,
		   plan->slug, plan->ags, tool->dir, recovery_federation(plan->recovery));
	recovery_print(plan->recovery);
	putchar('\n');
	print_line("Next, within a day (later the others do not keep what the lost machine has "
		   "said):");
	print_next(tool, start, "start the node, and leave it running");
	print_next(tool, "allmende status", "how far it has come");
	free(start);
}

static void print_made(const struct tool *tool, const struct plan *plan)
{
	char *start = start_words(tool, plan);

	print_line("%s (%s, %s) has a node in %s.", plan->name, plan->slug, plan->ags, tool->dir);
	print_line(
		plan->passphrase
			? "Its keys are sealed with your passphrase."
			: "Its keys are not sealed: whoever gets this disk can read everything.");
	if (plan->sheet)
		print_line("The recovery sheet stands in %s: print it twice, lock it away, delete "
			   "the file.",
			   plan->sheet);
	else
		print_line("There is no recovery sheet yet: without it a lost machine cannot be "
			   "replaced.");
	if (plan->next_sheet)
		print_line("The second sheet stands in %s: print it, lock it away elsewhere than "
			   "the first, delete the file.",
			   plan->next_sheet);
	putchar('\n');
	print_line("Next:");
	if (!plan->sheet)
		print_next(tool, "allmende recovery-sheet -o FILE", "write the recovery sheet");
	if (!plan->next_sheet)
		print_next(tool, "allmende root next -o FILE",
			   "write the second sheet, which helps against a thief of the first");
	print_next(tool, start, "start the node, and leave it running");
	if (plan->join) {
		print_next(tool, "allmende federation",
			   "it asks to join by itself; this shows how far it has come, and the six "
			   "words to read to a steward");
	} else {
		print_next(tool, "allmende federation create --name NAME",
			   "found a federation, or with an invitation:");
		print_next(tool, "allmende federation join -", "join one");
	}
	free(start);
}

static int run_init(struct tool *tool)
{
	struct plan plan = {0};
	int code;

	buf_init(&plan.request, ENVELOPE_LEN_MAX);
	if (!(code = plan_terms(&plan, tool)) && !(code = plan_node(&plan, tool)) &&
	    !(code = plan_passphrase(&plan, tool)))
		code = make_node(tool, &plan);
	if (!code && tool->json)
		code = print_made_json(tool, &plan);
	else if (!code && plan.node)
		print_made_node(tool, &plan);
	else if (!code && plan.recovery)
		print_recovered(tool, &plan);
	else if (!code)
		print_made(tool, &plan);
	recovery_close(plan.recovery);
	secret_close(plan.passphrase);
	buf_fini(&plan.offer_bytes);
	buf_fini(&plan.request);
	secret_wipe(plan.join_text, sizeof(plan.join_text));
	if (plan.join || plan.node)
		invitation_wipe(&plan.invitation);
	return code;
}

const struct command cmd_init = {
	.name = "init",
	.arguments = "--name NAME --slug SLUG --ags KEY | --join FILE | --node TEXT | "
		     "--recover SHEET",
	.summary = "make a node for an organisation",
	.help = "Makes the data directory of a node: the organisation's keys, its names, an empty\n"
		"store. Name, short name and key come from the options, or from an invitation.\n"
		"With --node it makes a further node of an organisation that has one already.\n"
		"\n"
		"The keys are sealed with a passphrase, which is asked for on the terminal unless\n"
		"--passphrase-file or --no-passphrase is given. The recovery sheet holds the root\n"
		"seed: with it the organisation can be restored on a new machine. The second sheet "
		"holds\n"
		"the seed of the root key that may follow, for when the first is stolen.\n"
		"\n"
		"With --recover an organisation comes back whose machines are lost: by its "
		"recovery sheet\n"
		"and the address of any member. It asks that member for the charter and the own "
		"log,\n"
		"makes a new node with all roles, and shuts out the nodes that --lost names. Once "
		"started,\n"
		"the node takes over what these have said as the others know it: datasets, grants, "
		"keys.\n"
		"The federation's id stands on a sheet that was written in the federation; a "
		"neighbour\n"
		"sees it in `allmende federation`. While another node of yours with a role runs, "
		"--node\n"
		"makes a further one instead.\n"
		"\n"
		"  allmende init --name \"Stadt Meißen\" --slug meissen --ags 14627140 \\\n"
		"      --passphrase-file /etc/allmende/passphrase --recovery-sheet sheet.txt\n"
		"  allmende init --recover sheet.txt --from allmende.riesa.example:7420 --lost all",
	.options =
		(const struct option[]){
			{"name", 0, "NAME", false, "the organisation as people call it"},
			{"slug", 0, "SLUG", false,
			 "short name, the first part of its datasets; never changes"},
			{"ags", 0, "KEY", false,
			 "official municipality key, 8 digits; 5 for a county"},
			{"join", 0, "FILE", false,
			 "an invitation, which knows the three above; - to paste it"},
			{"node", 0, "TEXT", false,
			 "the offer of another node of this organisation, which knows them too"},
			{"recover", 0, "SHEET", false,
			 "the recovery sheet of an organisation that comes back; - to type the "
			 "seed"},
			{"from", 0, "HOST:PORT", false, "with --recover: where a member listens"},
			{"federation", 0, "ID", false,
			 "with --recover: if the sheet does not say it"},
			{"lost", 0, "NODES", false,
			 "with --recover: the nodes that are lost, as 0,1; all"},
			{"listen", 0, "HOST:PORT", false,
			 "where other nodes dial this one (default 0.0.0.0:7420)"},
			{"http", 0, "HOST:PORT", false,
			 "where monitoring finds /metrics (default none)"},
			{"dial-only", 0, NULL, false,
			 "listen nowhere: behind a firewall that lets nobody in"},
			{"operator", 0, "WHO", false,
			 "self, or hosted:NAME when a provider runs the machine"},
			PASSPHRASE_FILE_OPTION,
			{"no-passphrase", 0, NULL, false,
			 "keep the keys unsealed: a stolen disk is readable"},
			{"recovery-sheet", 0, "FILE", false,
			 "write the recovery sheet into a new file"},
			{"next-root-sheet", 0, "FILE", false,
			 "write the second sheet, which is kept elsewhere, into a new file"},
			{0},
		},
	.run = run_init,
};
