/*
 * withdraw: what was published is taken back, and who had a copy is asked to erase it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/datasets.h"
#include "tools/kit/print.h"
#include "tools/kit/proof.h"
#include "tools/kit/value.h"
#include "tools/kit/withdrawn.h"

static int show(const struct tool *tool, struct client *client, const char *path)
{
	json_t *answer = NULL;
	int code = withdrawn_ask(client, path, 0, &answer);

	if (code == TOOL_ABSENT)
		tool_fail(TOOL_USAGE,
			  "say why %s is withdrawn: --reason TEXT, which everybody sees", path);
	else if (code)
		client_complain(client);
	else if (tool->json)
		print_json(tool, answer);
	else
		withdrawn_print(tool, answer);
	json_decref(answer);
	return code == TOOL_ABSENT ? TOOL_USAGE : code;
}

/* -- doing it ------------------------------------------------------------------------------- */

/* Withdrawn already, but nobody was asked to erase it. */
static bool only_erasing(struct client *client, const char *path)
{
	json_t *answer = NULL;
	bool only = withdrawn_ask(client, path, 0, &answer) == TOOL_DONE &&
		    field_true(answer, "own") && !field_true(answer, "erase");

	json_decref(answer);
	return only;
}

static int preview(const struct tool *tool, struct client *client, const char *path, bool erase)
{
	struct buf target;
	json_t *entry = NULL;

	target_init(&target, "/dataset");
	target_text(&target, "path", path);
	int code = client_call(client, "GET", target_end(&target), NULL, &entry);
	buf_fini(&target);
	if (code == TOOL_ABSENT && erase && only_erasing(client, path)) {
		print_line("%s is withdrawn already; whoever held a copy would be asked to confirm "
			   "that it is erased.",
			   path);
		return tool_fail(TOOL_FAILED, "nothing was done: say --yes to do it");
	}
	if (code)
		return client_complain(client);
	char *readers = print_join(json_object_get(entry, "readers"));
	char *holders = datasets_holders(entry);
	print_line("%s would be withdrawn with all its versions, now up to %" PRIu64 ": %s", path,
		   field_count(entry, "version"),
		   erase ? "whoever holds a copy deletes it and says so."
			 : "nobody gets it any more, and copies are dropped.");
	print_field("Title", field_text(entry, "title"));
	print_field("Readers", readers);
	print_field("Held by", holders);
	print_line("Who has read it keeps what they have read.");
	free(readers);
	free(holders);
	json_decref(entry);
	return tool_fail(TOOL_FAILED, "nothing was done: say --yes to do it");
}

static int withdraw(const struct tool *tool, struct client *client, const char *path,
		    const char *reason, bool erase)
{
	json_t *body = json_pack("{s:s, s:s, s:b, s:b}", "dataset", path, "reason", reason, "erase",
				 erase, "others", args_flag(&tool->args, "others"));
	json_t *answer = NULL;
	int code = client_call(client, "POST", "/withdrawals", body, &answer);

	json_decref(body);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else {
		print_line("%s is withdrawn, versions up to %" PRIu64 ".", path,
			   field_count(answer, "version"));
		if (erase)
			withdrawn_names("Waiting for", json_object_get(answer, "outstanding"),
					"nobody: nobody else was known to hold it");
		if (erase && tool->terminal_out) {
			char command[600];

			snprintf(command, sizeof(command), "allmende withdraw %s", path);
			print_next(tool, command, "see who has confirmed the erasure");
		}
	}
	json_decref(answer);
	return code;
}

/* A person says that the copies in this node's folders are gone. */
static int gone(const struct tool *tool, struct client *client, const char *path)
{
	json_t *body = json_pack("{s:s}", "dataset", path), *answer = NULL;
	int code = client_call(client, "POST", "/withdrawals/gone", body, &answer);

	json_decref(body);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else
		print_line("Noted: what was written of %s to %" PRIu64
			   " folder%s here is gone. The node confirms it now.",
			   path, field_count(answer, "folders"),
			   field_count(answer, "folders") == 1 ? "" : "s");
	json_decref(answer);
	return code;
}

static int report(struct client *client, const char *path, const char *file)
{
	json_t *answer = NULL;
	struct buf target;

	target_init(&target, "/withdrawal/report");
	target_text(&target, "path", path);
	int code = client_call(client, "GET", target_end(&target), NULL, &answer);
	buf_fini(&target);
	if (code)
		client_complain(client);
	else if (strcmp(file, "-") == 0)
		fputs(field_text(answer, "report"), stdout);
	else if (!(code = proof_write(file, bytes_str(field_text(answer, "report")))))
		print_line(
			"The report stands in %s, signed by this node: anybody can check it with "
			"`allmende withdraw-check`.",
			file);
	json_decref(answer);
	return code;
}

static int run_withdraw(struct tool *tool)
{
	const char *file = args_value(&tool->args, "report");
	const char *path = tool_word(tool, 0);
	const char *reason = args_value(&tool->args, "reason");
	bool erase = args_flag(&tool->args, "erase");
	struct client *client;
	int code;

	if ((code = value_path(path)) || (code = value_texts(&tool->args)) ||
	    (code = client_open(&client, tool)))
		return code;
	if (args_flag(&tool->args, "gone"))
		code = gone(tool, client, path);
	else if (file && !reason)
		code = report(client, path, file);
	else if (!reason)
		code = show(tool, client, path);
	else if (!args_flag(&tool->args, "yes"))
		code = preview(tool, client, path, erase);
	else
		code = withdraw(tool, client, path, reason, erase);
	client_close(client);
	return code;
}

const struct command cmd_withdraw = {
	.name = "withdraw",
	.arguments = "SLUG/PATH",
	.summary = "take a dataset back, and see who has erased it",
	.help = "Takes all versions of a dataset back: nobody finds or gets it any more, and "
		"whoever asks\n"
		"is told who withdrew it, when, and why. Copies at other nodes are dropped; with "
		"--erase\n"
		"each of them confirms it, also one that is away now and comes back: its store and "
		"the folders\n"
		"of `subscribe --to` hold nothing of it any more. What was changed in such a "
		"folder "
		"is not\n"
		"removed: `status` speaks of it there until somebody takes it away and says so "
		"with --gone.\n"
		"What somebody has read, or got with `get`, stays with them.\n"
		"Shows first what would happen and wants --yes. Without --reason it shows who has\n"
		"confirmed a withdrawal; --report FILE writes that for the files, as a text that "
		"this\n"
		"node has signed. A later publication goes on with the next number. --erase "
		"may be\n"
		"given later, too. In the namespace of another you withdraw your own versions; "
		"with "
		"\"admin\"\n"
		"also --others.\n"
		"\n"
		"  allmende withdraw riesa/kita/plaetze --erase --reason \"names of children\" "
		"--yes\n"
		"  allmende withdraw riesa/kita/plaetze\n"
		"  allmende withdraw riesa/kita/plaetze --report plaetze.txt",
	.options =
		(const struct option[]){
			{"reason", 0, "TEXT", false, "why; everybody sees it"},
			{"erase", 0, NULL, false, "all who hold a copy delete it and confirm"},
			{"others", 0, NULL, false,
			 "in the namespace of another: what others wrote there, not the owner's"},
			{"gone", 0, NULL, false,
			 "say that copies in folders of this node, which it could not erase, are "
			 "gone"},
			{"report", 0, "FILE", false,
			 "write what became of it into a new file, signed; - for standard output"},
			{"yes", 0, NULL, false, "do it"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_withdraw,
};
