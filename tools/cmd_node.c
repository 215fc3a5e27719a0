/*
 * status, peers, peer add, verify: how the node does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/client.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/query.h"
#include "tools/text.h"
#include "tools/value.h"

/* -- status --------------------------------------------------------------------------------- */

static void print_node(const struct tool *tool, const json_t *answer)
{
	const json_t *node = json_object_get(answer, "node");
	char running[TEXT_SHORT_LEN];
	int64_t ms = field_time(node, "now_ms") - field_time(node, "started_ms");

	(void)tool;
	text_span(running, ms > 0 ? (uint64_t)ms : 0);
	print_fieldf("Node", "%s (%s, %s)", field_text(node, "name"), field_text(node, "slug"),
		     field_text(node, "ags"));
	print_fieldf("Daemon", "%s, running for %s, process %" PRIu64, field_text(node, "software"),
		     running, field_count(node, "pid"));
	print_field("Listens on", *field_text(node, "listen") ? field_text(node, "listen")
							      : "nothing; it only dials out");
	if (strcmp(field_text(node, "operator"), "self") != 0)
		print_field("Operator", field_text(node, "operator"));
	print_field("Keys", strcmp(field_text(node, "storage_key"), "clear") == 0
				    ? "not sealed: whoever gets this disk can read everything"
				    : "sealed with a passphrase");
}

/* "27 complete, 1 stale", of the kinds there are any. */
static void print_members(const json_t *members)
{
	static const char *const kinds[] = {"complete", "partial", "stale", "disputed", "unknown"};
	char text[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint64_t count = field_count(members, kinds[i]);

		if (count)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%" PRIu64 " %s",
						len ? ", " : "", count, kinds[i]);
	}
	if (len)
		print_fieldf("Members", "%s of %" PRIu64, text, field_count(members, "all"));
}

static void print_federation(const struct tool *tool, const json_t *answer)
{
	const json_t *federation = json_object_get(answer, "federation");

	if (!json_is_object(federation)) {
		print_fieldf("Federation",
			     "none yet: `allmende%s federation create --name NAME`, or "
			     "`allmende%s federation join TEXT`",
			     tool->dir_words, tool->dir_words);
		return;
	}
	if (strcmp(field_text(federation, "state"), "member") == 0) {
		print_field("Federation", field_text(federation, "name"));
		print_members(json_object_get(answer, "members"));
		return;
	}
	print_fieldf("Federation", "joining %s%s%s", field_text(federation, "name"),
		     *field_text(federation, "why") ? ": " : "", field_text(federation, "why"));
}

static void print_store(const json_t *answer)
{
	const json_t *datasets = json_object_get(answer, "datasets");
	const json_t *store = json_object_get(answer, "store");
	const json_t *peers = json_object_get(answer, "peers");
	char used[TEXT_SHORT_LEN], free_text[TEXT_SHORT_LEN], total[TEXT_SHORT_LEN];
	uint64_t damaged = field_count(datasets, "damaged");

	text_size(used, field_count(store, "used_bytes"));
	text_size(free_text, field_count(store, "free_bytes"));
	text_size(total, field_count(store, "total_bytes"));
	print_fieldf("Datasets", "%" PRIu64 " known, %" PRIu64 " own, %" PRIu64 " here",
		     field_count(datasets, "known"), field_count(datasets, "own"),
		     field_count(datasets, "held"));
	if (damaged)
		print_fieldf("Damaged", "%" PRIu64 ", being fetched again", damaged);
	print_fieldf("Store", "%s used, %s of %s free on the disk", used, free_text, total);
	print_fieldf("Peers", "%" PRIu64 " linked of %" PRIu64 " known",
		     field_count(peers, "linked"), field_count(peers, "known"));
	if (field_count(answer, "uploads"))
		print_fieldf("Uploads", "%" PRIu64 " under way", field_count(answer, "uploads"));
}

static void print_fetches(const json_t *answer)
{
	const char *label = "Fetching";
	json_t *fetch;
	size_t i;

	json_array_foreach(json_object_get(answer, "fetches"), i, fetch)
	{
		char done[TEXT_SHORT_LEN], all[TEXT_SHORT_LEN];
		uint64_t sources = field_count(fetch, "sources");

		text_size(done, field_count(fetch, "bytes"));
		text_size(all, field_count(fetch, "bytes_all"));
		print_fieldf(label, "%s@%" PRIu64 "  %s of %s, %s", field_text(fetch, "dataset"),
			     field_count(fetch, "version"), done, all,
			     sources ? "coming" : "waiting for a node that has it");
		label = "";
	}
}

static void print_actions(const struct tool *tool, const json_t *answer)
{
	const json_t *actions = json_object_get(answer, "actions");
	json_t *action;
	size_t i;

	putchar('\n');
	if (json_array_size(actions) == 0) {
		print_line("OK: nothing to do.");
		return;
	}
	print_line("To do: %zu", json_array_size(actions));
	json_array_foreach((json_t *)actions, i, action)
	{
		print_line("- %s", field_text(action, "text"));
		if (*field_text(action, "command"))
			print_command(tool, field_text(action, "command"), "    ");
	}
}

static void print_status(const struct tool *tool, const json_t *answer)
{
	print_node(tool, answer);
	print_federation(tool, answer);
	print_store(answer);
	print_fetches(answer);
	print_actions(tool, answer);
}

static int run_status(struct tool *tool)
{
	return query_show(tool, "/status", print_status);
}

/* -- peers ---------------------------------------------------------------------------------- */

static void print_peers(const struct tool *tool, const json_t *answer)
{
	static const char *const heads[] = {"ADDRESS", "MEMBER",   "LINK", "SINCE", "NEXT TRY",
					    "DATA",    "SOFTWARE", "WHY",  NULL};
	const json_t *peers = json_object_get(answer, "peers");
	struct grid grid;
	json_t *peer;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach((json_t *)peers, i, peer)
	{
		bool linked = field_true(peer, "linked");

		grid_text(&grid, field_text(peer, "address"));
		grid_text(&grid, field_text(peer, "slug"));
		grid_text(&grid, !linked                       ? "no"
				 : field_true(peer, "dialled") ? "dialled"
							       : "accepted");
		grid_time(&grid, linked ? field_time(peer, "since_ms") : 0);
		grid_time(&grid, linked ? 0 : field_time(peer, "since_ms"));
		grid_text(&grid, !linked                      ? ""
				 : field_true(peer, "synced") ? "compared"
							      : "comparing");
		grid_text(&grid, field_text(peer, "software"));
		grid_text(&grid, field_text(peer, "why"));
	}
	grid_done(&grid);
	if (json_array_size(peers) == 0 && tool->terminal_out)
		tool_remark("no peers yet; `allmende%s peer add HOST:PORT` names one",
			    tool->dir_words);
}

static int run_peers(struct tool *tool)
{
	return query_show(tool, "/peers", print_peers);
}

static int run_peer_add(struct tool *tool)
{
	const char *address = tool_word(tool, 0);
	json_t *answer = NULL;
	struct client *client;
	json_t *body;
	int code;

	if ((code = value_address("the peer", address, false)) ||
	    (code = client_open(&client, tool)))
		return code;
	body = json_pack("{s:s}", "address", address);
	code = client_call(client, "POST", "/peers", body, &answer);
	if (code) {
		client_complain(client);
	} else if (tool->json && answer) {
		code = print_json(tool, answer);
	} else if (!tool->json) {
		print_line("%s is dialled now and after every start; see `allmende%s peers`.",
			   address, tool->dir_words);
	}
	json_decref(answer);
	json_decref(body);
	client_close(client);
	return code;
}

/* -- verify --------------------------------------------------------------------------------- */

static void print_faults(const json_t *faults)
{
	json_t *fault;
	size_t i;

	json_array_foreach((json_t *)faults, i, fault) print_line(
		"  %s%s%s", field_text(fault, "dataset"), *field_text(fault, "dataset") ? ": " : "",
		*field_text(fault, "text") ? field_text(fault, "text")
					   : field_text(fault, "table"));
}

static int print_verified(const struct tool *tool, const json_t *answer)
{
	char rows[TEXT_SHORT_LEN], chunks[TEXT_SHORT_LEN], size[TEXT_SHORT_LEN];
	const json_t *faults = json_object_get(answer, "faults");

	text_count(rows, field_count(answer, "rows"));
	text_count(chunks, field_count(answer, "chunks"));
	text_size(size, field_count(answer, "bytes"));
	if (field_true(answer, "clean")) {
		print_line("All is well: %s rows and %s chunks read, %s.", rows, chunks, size);
		return TOOL_DONE;
	}
	print_line("Damage found in %s rows and %s chunks, %s:", rows, chunks, size);
	print_faults(faults);
	print_line("Damaged data that other members hold is fetched again by itself; see "
		   "`allmende%s status`. Damage often means a failing disk.",
		   tool->dir_words);
	return TOOL_FAILED;
}

static int run_verify(struct tool *tool)
{
	struct progress progress;
	json_t *answer = NULL;
	struct client *client;
	int code = client_open(&client, tool);

	if (code)
		return code;
	progress_begin(&progress, tool->terminal_err, "reading everything that is stored");
	progress_bytes(&progress, 0, 0);
	client_patience(client, CLIENT_WHATEVER);
	code = client_call(client, "POST", "/verify", NULL, &answer);
	progress_end(&progress);
	if (code)
		client_complain(client);
	else if (!tool->json)
		code = print_verified(tool, answer);
	else if (!(code = print_json(tool, answer)) && !field_true(answer, "clean"))
		code = TOOL_FAILED;
	json_decref(answer);
	client_close(client);
	return code;
}

/* -- the commands --------------------------------------------------------------------------- */

const struct command cmd_status = {
	.name = "status",
	.arguments = "",
	.summary = "show how the node does and what needs doing",
	.help = "Shows how the node does: its federation, data, disk, peers, and what needs "
		"doing.\n"
		"\n"
		"  allmende status",
	.run = run_status,
};

const struct command cmd_peers = {
	.name = "peers",
	.arguments = "",
	.summary = "list the nodes this one talks to",
	.help = "Lists the nodes this one talks to or tries to reach, and why a link is missing.\n"
		"\n"
		"  allmende peers",
	.run = run_peers,
};

const struct command cmd_peer_add = {
	.name = "peer add",
	.arguments = "HOST:PORT",
	.summary = "dial a node, now and after every start",
	.help = "Dials a node, now and after every start. Nodes of one federation find each other "
		"by\n"
		"themselves; this helps when all known addresses have changed.\n"
		"\n"
		"  allmende peer add node.riesa.example:7420",
	.word_min = 1,
	.word_max = 1,
	.run = run_peer_add,
};

const struct command cmd_verify = {
	.name = "verify",
	.arguments = "",
	.summary = "read everything that is stored and report damage",
	.help = "Reads everything this node stores and reports what is damaged (exit code 1). "
		"Damaged\n"
		"data of known datasets is fetched again.\n"
		"\n"
		"  allmende verify",
	.run = run_verify,
};
