/*
 * node: the nodes of the own organisation, another one, one less.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/charter.h"
#include "proto/charter/identity.h"
#include "proto/charter/invitation.h"
#include "proto/wire/protocol.h"
#include "store/db.h"
#include "store/dir.h"
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/guest.h"
#include "tools/kit/keys.h"
#include "tools/kit/passphrase.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/text.h"

/* -- list ----------------------------------------------------------------------------------- */

static void show_nodes(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {">NODE", "STATE", "ROLES", "LINK", "HEARD", NULL};
	struct grid grid;
	json_t *node;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach(json_object_get(answer, "nodes"), i, node)
	{
		char *roles = print_join(json_object_get(node, "roles"));

		grid_number(&grid, field_count(node, "index"));
		grid_text(&grid, field_text(node, "state"));
		grid_text(&grid, *roles ? roles : "relay");
		grid_text(&grid, field_true(node, "self")     ? "this node"
				 : field_true(node, "linked") ? "linked"
							      : "");
		grid_time(&grid, field_time(node, "head_ms"));
		free(roles);
	}
	grid_done(&grid);
}

static int run_node_list(struct tool *tool)
{
	return query_show(tool, "/nodes", show_nodes);
}

/* -- offer ---------------------------------------------------------------------------------- */

static int run_node_offer(struct tool *tool)
{
	struct client *client;
	json_t *answer = NULL;
	int code = client_open(&client, tool);

	if (code)
		return code;
	code = client_call(client, "POST", "/nodes/offer", NULL, &answer);
	if (code) {
		client_complain(client);
	} else if (tool->json) {
		code = print_json(tool, answer);
	} else {
		print_line("%s", field_text(answer, "offer"));
		if (tool->terminal_out) {
			putchar('\n');
			print_line("On the new machine:");
			print_line("  allmende init --node \"...\"     with that line; it holds no "
				   "secret");
		}
	}
	json_decref(answer);
	client_close(client);
	return code;
}

/* -- add ------------------------------------------------------------------------------------ */

static json_t *roles_of(const char *text)
{
	json_t *list = json_array();

	while (*text) {
		size_t len = strcspn(text, ",");
		json_array_append_new(list, json_stringn(text, len));
		text += len + (text[len] == ',');
	}
	return list;
}

static void print_answer(const struct tool *tool, const json_t *answer, bool relay)
{
	if (!tool->terminal_out) {
		print_line("%s", field_text(answer, "answer"));
		return;
	}
	print_line("Node %" PRIu64 " belongs to the organisation now%s. Its answer:",
		   field_count(answer, "index"),
		   relay ? " and can read nothing that is sealed" : "");
	putchar('\n');
	print_line("%s", field_text(answer, "answer"));
	putchar('\n');
	print_line("On the new machine:");
	print_line(
		"  allmende node accept \"...\"     with that line; only that machine can use it");
}

static int run_node_add(struct tool *tool)
{
	const char *roles = args_value(&tool->args, "roles");
	bool relay = args_flag(&tool->args, "relay");
	json_t *answer = NULL, *body;
	struct client *client;
	int code;

	if (roles && relay)
		return tool_fail(TOOL_USAGE, "--roles and --relay exclude each other: a relay only "
					     "keeps what it cannot read");
	if ((code = client_open(&client, tool)))
		return code;
	body = json_pack("{s:s, s:o, s:b}", "request", tool_word(tool, 0), "roles",
			 roles_of(roles   ? roles
				  : relay ? ""
					  : "publish"),
			 "relay", relay);
	code = client_call(client, "POST", "/nodes", body, &answer);
	json_decref(body);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else
		print_answer(tool, answer, relay);
	json_decref(answer);
	client_close(client);
	return code;
}

/* -- accept --------------------------------------------------------------------------------- */

static int complain_accept(const struct tool *tool, enum err err)
{
	if (err == ERR_MALFORMED)
		return tool_fail(TOOL_USAGE,
				 "this is not an answer for a new node: it begins with "
				 "\"" PROTOCOL_TEXT "a-\"; `allmende node add` prints it");
	if (err == ERR_DENIED || err == ERR_AGAIN)
		return tool_fail(TOOL_USAGE,
				 "the answer is incomplete, or is not for the node in "
				 "%s: copy its whole line again",
				 tool->dir);
	if (err == ERR_ABSENT)
		return tool_fail(TOOL_USAGE,
				 "the node in %s waits for no answer: it has taken one, or was "
				 "not made with `allmende init --node`",
				 tool->dir);
	return tool_fail(TOOL_FAILED, "the answer could not be taken: %s", err_text(err));
}

/* All of it, from the node that has made the offer. */
static int charter_copy(struct guest *guest, struct txn *txn, const struct invitation *invitation)
{
	struct charter charter;
	struct message answer;
	struct bytes entry;
	uint32_t before;
	int code = TOOL_DONE;

	charter_init(&charter);
	do {
		before = charter.number;
		code = guest_charter(guest, before + 1, &answer);
		while (!code && message_next_bin(&answer, &entry))
			if (charter_accept(txn, &charter, entry, NULL) ||
			    !id_eq(&charter.fed, &invitation->fed))
				code = tool_fail(TOOL_FAILED,
						 "entry %" PRIu32
						 " of the charter that %s gives is not valid",
						 charter.number + 1, invitation->address);
	} while (!code && charter.number > before);
	charter_fini(&charter);
	return code;
}

/* The organisation has another root than at first, and only the charter says which. */
static int charter_fetch(const struct tool *tool, struct txn *txn)
{
	struct invitation invitation;
	struct guest *guest = NULL;

	if (identity_invitation(&invitation, txn))
		return complain_accept(tool, ERR_ABSENT);
	int code = guest_open(&guest, invitation.address, &invitation.fed);
	if (!code && !id_eq(guest_peer_key(guest), &invitation.transport))
		code = tool_fail(TOOL_DENIED,
				 "at %s another node answers than the one that made "
				 "the offer",
				 invitation.address);
	if (!code)
		code = charter_copy(guest, txn, &invitation);
	guest_close(guest);
	invitation_wipe(&invitation);
	return code;
}

/* Ends the transaction. */
static int answer_take(const struct tool *tool, struct keyring *keyring, struct db *db,
		       struct bytes answer)
{
	struct txn *txn = txn_begin(db, true);
	enum err err = identity_accept(keyring, txn, answer);
	int code = TOOL_DONE;

	if (err == ERR_AGAIN) {
		txn_abort(txn);
		txn = txn_begin(db, true);
		code = charter_fetch(tool, txn);
		err = code ? ERR_AGAIN : identity_accept(keyring, txn, answer);
	}
	if (err)
		txn_abort(txn);
	else
		err = txn_commit(txn);
	/* An answer that somebody finds later opens nothing. */
	if (!err)
		err = keyring_drop(keyring, "handover");
	return code ? code : err ? complain_accept(tool, err) : TOOL_DONE;
}

/* In the directory itself: the daemon can not run before the node is somebody. */
static int accept(const struct tool *tool, struct keyring *keyring, struct bytes answer)
{
	struct db_options options = {0};
	char why[WHY_LEN];
	struct dir dir;
	struct db *db;

	if (dir_open(&dir, tool->dir, why))
		return tool_fail(TOOL_FAILED, "%s", why);
	enum err err = db_open(&db, tool->dir, &options);
	int code = err ? complain_accept(tool, err) : answer_take(tool, keyring, db, answer);
	if (!err)
		db_close(db);
	dir_close(&dir);
	return code;
}

static int run_node_accept(struct tool *tool)
{
	const char *file = args_value(&tool->args, "passphrase-file");
	struct keyring *keyring;
	char *quoted, *start;
	int code = keys_open(tool, &keyring);

	if (code)
		return code;
	code = accept(tool, keyring, bytes_str(tool_word(tool, 0)));
	keyring_close(keyring);
	if (code)
		return code;
	print_line("This node belongs to the organisation now.");
	putchar('\n');
	print_line("Next:");
	quoted = text_shell(file ? file : "");
	if (asprintf(&start, "allmended --detach%s%s", file ? " --passphrase-file " : "",
		     file ? quoted : "") < 0)
		mem_gone(1, 0);
	print_next(tool, start, "start it; it links with the others by itself");
	free(quoted);
	free(start);
	return TOOL_DONE;
}

/* -- retire --------------------------------------------------------------------------------- */

/* What comes of it, and that nothing was done yet. */
static int warn_out(unsigned long index, bool lost)
{
	print_line("Node %lu would be shut out for good: the others close their links to it, and "
		   "what is sealed from now on it cannot open. Grants that it has signed end. What "
		   "it has it keeps.",
		   index);
	if (lost)
		return tool_fail(TOOL_FAILED, "nothing was done: say --yes to give it up as lost");
	print_line("Do you have this machine in your hands, wiped? Otherwise: `allmende node lost "
		   "%lu`, so that nothing stays open to whoever has it.",
		   index);
	return tool_fail(TOOL_FAILED, "nothing was done: say --yes if you have it");
}

static int node_out(struct tool *tool, bool lost)
{
	const char *word = tool_word(tool, 0);
	char *end;
	unsigned long index = strtoul(word, &end, 10);
	struct client *client;
	json_t *body;
	int code;

	if (*end || end == word || index > 255)
		return tool_fail(TOOL_USAGE,
				 "\"%s\" is no number of a node: see `allmende node list`", word);
	if (!args_flag(&tool->args, "yes"))
		return warn_out(index, lost);
	if ((code = client_open(&client, tool)))
		return code;
	body = json_pack("{s:i, s:b}", "index", (int)index, "lost", lost);
	code = client_call(client, "POST", "/nodes/retire", body, NULL);
	json_decref(body);
	if (code)
		client_complain(client);
	else
		print_line("Node %lu is %s, and the organisation has a new wrap key.", index,
			   lost ? "given up as lost" : "retired");
	if (!code && lost)
		print_line("What it has published and granted counts for nothing from now on. Say "
			   "from which day on it may have been in other hands, and this node takes "
			   "over what is older: `allmende takeover --node %lu --since DAY`.",
			   index);
	client_close(client);
	return code;
}

static int run_node_retire(struct tool *tool)
{
	return node_out(tool, false);
}

static int run_node_lost(struct tool *tool)
{
	return node_out(tool, true);
}

/* -- settle --------------------------------------------------------------------------------- */

static int run_node_settle(struct tool *tool)
{
	struct client *client;
	int code = client_open(&client, tool);

	if (code)
		return code;
	code = client_call(client, "POST", "/nodes/settle", NULL, NULL);
	if (code)
		client_complain(client);
	else
		print_line("The log is settled, and the organisation has a new wrap key. Nodes "
			   "that only the other branch had have to be added again.");
	client_close(client);
	return code;
}

/* -- the commands --------------------------------------------------------------------------- */

const struct command cmd_node_list = {
	.name = "node list",
	.arguments = "",
	.summary = "the nodes of your organisation",
	.help = "Shows the nodes of your organisation, what each may do, and when it was heard "
		"of.\n"
		"\n"
		"  allmende node list",
	.run = run_node_list,
};

const struct command cmd_node_offer = {
	.name = "node offer",
	.arguments = "",
	.summary = "begin to add another node to your organisation",
	.help = "Prints one line for the new machine, which holds no secret. Three steps make a\n"
		"further node, each passing one line on:\n"
		"\n"
		"  allmende node offer                    here\n"
		"  allmende init --node TEXT              on the new machine\n"
		"  allmende node add TEXT                 here\n"
		"  allmende node accept TEXT              on the new machine",
	.run = run_node_offer,
};

const struct command cmd_node_add = {
	.name = "node add",
	.arguments = "TEXT",
	.summary = "take a further node into your organisation",
	.help = "Takes the line that `allmende init --node` printed on the new machine, enters "
		"the\n"
		"node into the organisation's log, and prints the answer for it.\n"
		"\n"
		"publish: it may publish; admin: it may grant; key: it makes the keys of granted\n"
		"datasets. Where the organisation's root key is, no role is needed to do this.\n"
		"\n"
		"  allmende node add \"" PROTOCOL_TEXT "n-...\" --roles publish,admin",
	.options =
		(const struct option[]){
			{"roles", 0, "ROLES", false,
			 "publish, admin, key, joined by commas (default publish)"},
			{"relay", 0, NULL, false, "the node only keeps what it cannot read"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_node_add,
};

const struct command cmd_node_accept = {
	.name = "node accept",
	.arguments = "TEXT",
	.summary = "finish a further node on its own machine",
	.help = "Takes the answer that `allmende node add` printed. Then the node can be started.\n"
		"\n"
		"  allmende node accept \"" PROTOCOL_TEXT "a-...\"",
	.options =
		(const struct option[]){
			PASSPHRASE_OPTIONS,
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_node_accept,
};

const struct command cmd_node_retire = {
	.name = "node retire",
	.arguments = "NUMBER",
	.summary = "shut a node of your organisation out for good",
	.help = "For a machine that you have in your hands, wiped, and that is not used any more. "
		"The\n"
		"others stop talking to it, and the organisation gets a new wrap key. What it has "
		"published is\n"
		"not listed any more and grants that it has signed end, at once: before, another "
		"node takes them\n"
		"over by `allmende takeover --node 1`. For one that somebody else may have: "
		"`allmende node lost`.\n"
		"\n"
		"  allmende node retire 1 --yes",
	.options =
		(const struct option[]){
			{"yes", 0, NULL, false, "do it: a retired node never comes back"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_node_retire,
};

const struct command cmd_node_lost = {
	.name = "node lost",
	.arguments = "NUMBER",
	.summary = "give up a node that somebody else may have",
	.help = "For a machine that is lost, stolen or broken into, or that was retired and then "
		"got\n"
		"away. As `allmende node retire`, and besides nothing is sealed any more to the "
		"wrap keys\n"
		"that it knew: every giver makes new keys, for the new wrap key alone. What it "
		"could read\n"
		"it has read. What it said before somebody else had it another node takes over: "
		"`allmende takeover\n"
		"--node 1 --since DAY`.\n"
		"\n"
		"  allmende node lost 1 --yes",
	.options =
		(const struct option[]){
			{"yes", 0, NULL, false, "do it: a lost node never comes back"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_node_lost,
};

const struct command cmd_node_settle = {
	.name = "node settle",
	.arguments = "",
	.summary = "end a fork of your organisation's log",
	.help = "When two machines with the root have changed the nodes at once, or somebody has\n"
		"stolen it, the log has two entries of one number. The same one counts everywhere, "
		"and\n"
		"a node that either retires is out. Until it is settled the organisation gets no "
		"new\n"
		"keys. This makes an entry with a new wrap key; what only the other branch had is\n"
		"added again with `node add`. Run it where the root is.\n"
		"\n"
		"  allmende node settle",
	.run = run_node_settle,
};
