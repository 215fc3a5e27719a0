/*
 * verify: everything that is stored is read.
 */
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/print.h"
#include "tools/kit/progress.h"
#include "tools/kit/text.h"

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
