/*
 * withdraw-check: whether a report of a withdrawal is what a node has signed, on a machine without
 * a node.
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/rights/report_file.h"
#include "tools/cmd/commands.h"
#include "tools/kit/print.h"
#include "tools/kit/proof.h"
#include "tools/kit/text.h"

static int report_show(const struct tool *tool, const struct report_file *file)
{
	const struct report *report = &file->report;
	char *text = bytes_text(report->text), when[TEXT_SHORT_LEN];
	int code = TOOL_DONE;

	text_local(when, report->time_ms);
	if (tool->json) {
		json_t *out = json_pack("{s:b, s:s, s:i, s:b, s:I, s:s}", "good", true,
					"organisation", file->name, "node",
					(int)author_node(report->author), "member", file->present,
					"time_ms", (json_int_t)report->time_ms, "text", text);
		code = print_json(tool, out);
		json_decref(out);
	} else {
		char *shown = text_escape(text, true);
		fputs(shown, stdout);
		free(shown);
		print_line("Signed by node %u of %s on %s%s. The text above is what it has signed.",
			   author_node(report->author), file->name, when,
			   file->present ? "" : ", which is no member any more");
	}
	free(text);
	return code;
}

static int run_withdraw_check(struct tool *tool)
{
	const char *path = tool_word(tool, 0);
	struct report_file file;
	struct fed_id fed;
	struct buf bytes;
	int code = proof_federation(&fed, args_value(&tool->args, "federation"));

	if (code)
		return code;
	buf_init(&bytes, REPORT_FILE_LEN_MAX);
	code = proof_read(&bytes, path, "report of a withdrawal");
	if (!code) {
		enum err err = report_file_read(&file, buf_bytes(&bytes), &fed);
		if (err)
			code = tool_fail(err == ERR_DENIED ? TOOL_DENIED : TOOL_FAILED,
					 "%s proves nothing: %s", path, file.why);
		else
			code = report_show(tool, &file);
		report_file_fini(&file);
	}
	buf_fini(&bytes);
	return code;
}

const struct command cmd_withdraw_check = {
	.name = "withdraw-check",
	.arguments = "FILE --federation ID",
	.summary = "check a report of a withdrawal, without a node",
	.help = "Checks a report that was written with `allmende withdraw --report`: that a node "
		"of a\n"
		"member has signed it, and that the text is the one that it has signed. Nothing "
		"is\n"
		"asked over the network, and no node is needed.\n"
		"\n"
		"  allmende withdraw-check plaetze.txt --federation 3b2f...",
	.options =
		(const struct option[]){
			{"federation", 0, "ID", false,
			 "id of the federation, which you have from elsewhere"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_withdraw_check,
};
