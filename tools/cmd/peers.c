/*
 * peers, peer add: the nodes around this one.
 */
#include <stdio.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/query.h"
#include "tools/kit/value.h"

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
