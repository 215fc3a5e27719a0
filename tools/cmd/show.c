/*
 * show: what is known of one dataset.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/cmd/show_metadata.h"
#include "tools/kit/client.h"
#include "tools/kit/datasets.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"
#include "tools/kit/withdrawn.h"

#define FILES_SHOWN_MAX 20

static void print_time(const struct tool *tool, const char *label, int64_t time_ms)
{
	char when[TEXT_SHORT_LEN], ago[TEXT_SHORT_LEN];

	if (!time_ms)
		return;
	if (tool->terminal_out)
		text_local(when, time_ms);
	else
		text_utc(when, time_ms);
	text_ago(ago, time_ms, tool->now_ms);
	if (tool->terminal_out && strcmp(when, ago) != 0)
		print_fieldf(label, "%s, %s", when, ago);
	else
		print_field(label, when);
}

static void print_data(const struct tool *tool, const json_t *entry)
{
	const char *where = datasets_place(entry);
	const char *dataset = field_text(entry, "dataset");
	char version[24] = "";

	if (!field_true(entry, "current"))
		snprintf(version, sizeof(version), "@%" PRIu64, field_count(entry, "version"));
	if (strcmp(where, "elsewhere") == 0)
		print_fieldf("Data", "not here; `allmende%s get %s%s -o PATH` fetches it",
			     tool->dir_words, dataset, version);
	else if (strcmp(where, "damaged") == 0)
		print_field("Data", "here, but part of it is damaged and being fetched again");
	else if (strcmp(where, "here, sealed") == 0)
		print_field("Data", "here, kept for others: not readable for this node");
	else if (strcmp(where, "no access") == 0)
		print_field("Data", "not readable for this node");
	else
		print_field("Data", "here");
}

static void print_keep(const json_t *entry)
{
	uint64_t count = field_count(entry, "keep"), days = field_count(entry, "keep_days");

	if (count)
		print_fieldf("Keeps", "the newest %" PRIu64 " version%s", count,
			     count == 1 ? "" : "s");
	else if (days)
		print_fieldf("Keeps", "the versions of the last %" PRIu64 " day%s, and the newest",
			     days, days == 1 ? "" : "s");
}

/* -- files ---------------------------------------------------------------------------------- */

/* Into a list: all of them, or the first. What is not here, or not readable, has none. */
static int ask_files(struct client *client, const json_t *entry, bool all, json_t *list)
{
	uint64_t from = 0, next = 0;
	int code;

	do {
		struct buf target;
		json_t *page = NULL;

		from = next;
		target_init(&target, "/manifest");
		target_text(&target, "path", field_text(entry, "dataset"));
		target_count(&target, "version", field_count(entry, "version"));
		target_count(&target, "from", from);
		code = client_call(client, "GET", target_end(&target), NULL, &page);
		buf_fini(&target);
		json_array_extend(list, json_object_get(page, "files"));
		next = field_count(page, "next");
		json_decref(page);
	} while (!code && all && next > from);
	return code;
}

static void print_files(const struct tool *tool, const json_t *entry, const json_t *files)
{
	static const char *const heads[] = {">Size", "File", NULL};
	size_t count = json_array_size(files), known = field_count(entry, "files");
	size_t max = args_flag(&tool->args, "files") ? count : FILES_SHOWN_MAX;
	struct grid grid;
	json_t *file;
	size_t i;

	grid_init(&grid, tool, stdout, heads);
	json_array_foreach((json_t *)files, i, file)
	{
		if (i == max)
			break;
		grid_bytes(&grid, field_count(file, "bytes"));
		grid_text(&grid, field_text(file, "name"));
	}
	if (count > 0)
		puts("");
	grid_done(&grid);
	if (count > max)
		print_line("and %zu more: `allmende%s show %s --files` lists all",
			   (known > count ? known : count) - max, tool->dir_words,
			   field_text(entry, "dataset"));
}

static void print_entry(const struct tool *tool, const json_t *entry)
{
	char *readers = print_join(json_object_get(entry, "readers"));
	char *holders = datasets_holders(entry);
	char size[TEXT_SHORT_LEN], sealed[TEXT_SHORT_LEN];
	uint64_t files = field_count(entry, "files");

	text_size(size, field_count(entry, "bytes"));
	text_size(sealed, field_count(entry, "sealed_bytes"));
	print_field("Dataset", field_text(entry, "dataset"));
	print_fieldf("Version", "%" PRIu64 "%s", field_count(entry, "version"),
		     field_true(entry, "current") ? "" : " (not the current one)");
	print_field("Title", field_text(entry, "title"));
	print_field("Description", field_text(entry, "description"));
	show_publisher(entry);
	char *by = datasets_by(entry);
	if (strcmp(by, field_text(entry, "organisation")) != 0)
		print_field("By", by);
	free(by);
	print_time(tool, "Published", field_time(entry, "published_ms"));
	if (field_time(entry, "issued_ms") != field_time(entry, "published_ms"))
		print_time(tool, "First issued", field_time(entry, "issued_ms"));
	if (field_time(entry, "modified_ms") != field_time(entry, "published_ms"))
		print_time(tool, "Modified", field_time(entry, "modified_ms"));
	if (files || field_true(entry, "readable"))
		print_fieldf("Size", "%" PRIu64 " file%s, %s (%s encrypted)", files,
			     files == 1 ? "" : "s", size, sealed);
	else
		print_fieldf("Size", "%s encrypted", sealed);
	show_metadata(entry);
	print_field("Tier", field_text(entry, "tier"));
	print_field("Kept as", field_text(entry, "stored_as"));
	print_field("Readers", readers);
	print_field("Held by", holders);
	print_keep(entry);
	print_data(tool, entry);
	free(readers);
	free(holders);
}

/* What was withdrawn is not there, but there is something to say about it. */
static void explain_absence(const struct tool *tool, struct client *client,
			    const struct value_ref *ref)
{
	json_t *answer = NULL;

	if (withdrawn_ask(client, ref->path, ref->version, &answer) == TOOL_DONE) {
		if (tool->json)
			print_json(tool, answer);
		else
			withdrawn_print(tool, answer);
	}
	json_decref(answer);
}

static int show_all(const struct tool *tool, struct client *client, json_t *entry)
{
	json_t *files = json_array();
	int code = TOOL_DONE;

	if (field_true(entry, "readable") && field_true(entry, "held"))
		code = ask_files(client, entry, tool->json || args_flag(&tool->args, "files"),
				 files);
	/* damaged or withdrawn meanwhile: the rest is known */
	if (code == TOOL_NOT_HERE || code == TOOL_ABSENT)
		code = TOOL_DONE;
	if (code) {
		client_complain(client);
	} else if (tool->json) {
		json_object_set(entry, "file_list", files);
		code = print_json(tool, entry);
	} else {
		print_entry(tool, entry);
		print_files(tool, entry, files);
	}
	json_decref(files);
	return code;
}

static int run_show(struct tool *tool)
{
	struct value_ref ref;
	struct client *client;
	struct buf target;
	json_t *answer = NULL;
	int code = value_ref(&ref, tool_word(tool, 0));

	if (code || (code = client_open(&client, tool)))
		return code;
	target_init(&target, "/dataset");
	target_text(&target, "path", ref.path);
	target_count(&target, "version", ref.version);
	code = client_call(client, "GET", target_end(&target), NULL, &answer);
	if (code)
		client_complain(client);
	if (code == TOOL_ABSENT)
		explain_absence(tool, client, &ref);
	else if (!code)
		code = show_all(tool, client, answer);
	json_decref(answer);
	buf_fini(&target);
	client_close(client);
	return code;
}

const struct command cmd_show = {
	.name = "show",
	.arguments = "DATASET[@VERSION]",
	.summary = "describe one dataset: what it is, who reads it, who holds it, its files",
	.help = "Describes a version of a dataset, the current one unless @VERSION is given. Of "
		"one that was\n"
		"withdrawn it says by whom, why, and who has confirmed that it is erased (exit "
		"code 4).\n"
		"When its data is here, the first files are listed, too; --json has all.\n"
		"\n"
		"  allmende show meissen/kita/plaetze",
	.options =
		(const struct option[]){
			{"files", 0, NULL, false, "list all files"},
			{0},
		},
	.word_min = 1,
	.word_max = 1,
	.run = run_show,
};
