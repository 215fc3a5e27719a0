/*
 * get: the data of a version comes to this machine, and out of the node.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/check.h"
#include "proto/content/manifest.h"
#include "tools/cmd/commands.h"
#include "tools/kit/client.h"
#include "tools/kit/clock.h"
#include "tools/kit/print.h"
#include "tools/kit/progress.h"
#include "tools/kit/save.h"
#include "tools/kit/screen.h"
#include "tools/kit/text.h"
#include "tools/kit/value.h"

#define STALL_SECONDS_DEFAULT 60
#define SECONDS_MAX           (366 * 86400)
#define FETCH_WAIT_MS         1000
#define COMING_SECONDS_MAX    60
#define RECEIVE_TRIES         4

struct get {
	const struct tool *tool;
	struct client *client;
	struct progress progress;
	struct value_ref ref; /* with the version that came */
	uint64_t seconds;     /* after which nothing more is waited for */
	bool coming;          /* it is on its way, and is written meanwhile */
	const char *output;
	bool force, hidden;
	/* what the version holds */
	uint64_t file_count, bytes_all, bytes_stored;
	bool closed; /* not for everybody: its files are none for all users of the machine */
	json_t *all; /* all files, for --json; NULL: not wanted */
	/* of these the ones that were named; all, when none was */
	const char *const *names;
	size_t name_count;
	bool *found;         /* of each, whether it is there */
	const char *unknown; /* one that is not, */
	char *near;          /* the file that is most like it, or NULL */
	size_t likeness;     /* and how much */
	json_t *only;        /* the file, when there is one */
	/* the file being received */
	struct save save;
	struct screen screen; /* of standard output, when it is a terminal */
	bool unshown;         /* it was refused */
	int out_errno;        /* of standard output */
	uint64_t bytes, bytes_done, files_done;
};

/* -- fetching ------------------------------------------------------------------------------- */

static int begin_fetch(struct get *get, json_t **fetch)
{
	json_t *body = json_pack("{s:s}", "path", get->ref.path);
	int code;

	if (get->ref.version)
		json_object_set_new(body, "version", json_integer((json_int_t)get->ref.version));
	code = client_call(get->client, "POST", "/fetch", body, fetch);
	json_decref(body);
	return code;
}

static int ask_fetch(struct get *get, int64_t wait_ms, json_t **fetch)
{
	struct buf target;
	int code;

	target_init(&target, "/fetch");
	target_text(&target, "path", get->ref.path);
	target_count(&target, "version", get->ref.version);
	target_count(&target, "wait_ms", (uint64_t)wait_ms);
	json_decref(*fetch);
	*fetch = NULL;
	code = client_call(get->client, "GET", target_end(&target), NULL, fetch);
	buf_fini(&target);
	return code;
}

static int refuse_stalled(const struct get *get, const json_t *fetch, uint64_t seconds)
{
	char done[TEXT_SHORT_LEN], all[TEXT_SHORT_LEN];

	text_size(done, field_count(fetch, "bytes"));
	text_size(all, field_count(fetch, "bytes_all"));
	return tool_fail(TOOL_NOT_HERE,
			 "%s@%" PRIu64
			 " is not here yet (%s of %s), and nobody has sent any of it for "
			 "%" PRIu64 " seconds; the node goes on trying: see `allmende%s show %s`",
			 get->ref.path, get->ref.version, done, all, seconds, get->tool->dir_words,
			 get->ref.path);
}

static void show_fetch(struct get *get, const json_t *fetch)
{
	uint64_t sources = field_count(fetch, "sources");

	if (field_count(fetch, "needs_bytes"))
		progress_note(&get->progress,
			      "waiting for room: `allmende%s status` says for how much",
			      get->tool->dir_words);
	else if (sources)
		progress_note(&get->progress, "from %" PRIu64 " node%s", sources,
			      sources == 1 ? "" : "s");
	else
		progress_note(&get->progress, "waiting for a node that has it");
	progress_bytes(&get->progress, field_count(fetch, "bytes"),
		       field_count(fetch, "bytes_all"));
}

/* Until the version is held, or (unless all of it is meant) can be read while it comes, or nothing
   has moved for so many seconds. */
static int bring(struct get *get, bool all)
{
	int64_t moved_ms = clock_steady_ms(), asked_ms = moved_ms;
	uint64_t bytes = UINT64_MAX;
	const uint64_t seconds = get->seconds;
	int64_t wait_ms = all ? FETCH_WAIT_MS : FETCH_WAIT_MS / 100;
	json_t *fetch = NULL;
	int code = begin_fetch(get, &fetch);

	if (code && client_lost(get->client)) /* once more does no harm */
		code = begin_fetch(get, &fetch);

	while (!code) {
		get->ref.version = field_count(fetch, "version");
		get->coming = strcmp(field_text(fetch, "state"), "held") != 0;
		if (!get->coming || (!all && field_true(fetch, "opens")))
			break;
		if (field_count(fetch, "bytes") != bytes)
			moved_ms = clock_steady_ms();
		bytes = field_count(fetch, "bytes");
		if (clock_steady_ms() - moved_ms >= (int64_t)seconds * 1000) {
			code = refuse_stalled(get, fetch, seconds);
			json_decref(fetch);
			return code;
		}
		show_fetch(get, fetch);
		if (clock_steady_ms() - asked_ms < wait_ms / 10)
			clock_nap_ms(wait_ms / 10);
		asked_ms = clock_steady_ms();
		code = ask_fetch(get, wait_ms, &fetch);
		wait_ms = 2 * wait_ms < FETCH_WAIT_MS ? 2 * wait_ms : FETCH_WAIT_MS;
	}
	json_decref(fetch);
	return code ? client_complain(get->client) : TOOL_DONE;
}

/* -- out of the node ------------------------------------------------------------------------ */

static bool receive_piece(void *arg, struct bytes piece)
{
	struct get *get = arg;

	get->bytes += piece.len;
	get->bytes_done += piece.len;
	progress_bytes(&get->progress, get->bytes_done, get->bytes_all);
	if (get->save.fd >= 0)
		return save_write(&get->save, piece);
	if (get->tool->terminal_out && !get->force && !screen_may(&get->screen, piece)) {
		get->unshown = true;
		return false;
	}
	if (fwrite(piece.ptr, 1, piece.len, stdout) == piece.len)
		return true;
	get->out_errno = errno;
	return false;
}

static void target_coming(const struct get *get, struct buf *target)
{
	if (get->coming)
		target_count(target, "coming_ms",
			     1000 * (get->seconds < COMING_SECONDS_MAX ? get->seconds
								       : COMING_SECONDS_MAX));
}

static int ask_file(struct get *get, const char *name, bool *whole)
{
	struct buf target;
	int code;

	target_init(&target, "/file");
	target_text(&target, "path", get->ref.path);
	target_count(&target, "version", get->ref.version);
	target_text(&target, "name", name);
	target_coming(get, &target);
	get->bytes = 0;
	code = client_receive(get->client, target_end(&target), receive_piece, get, whole);
	buf_fini(&target);
	return code;
}

/* The daemon has left in the middle of a file, which begins once more; what standard output has got
   it has. */
static bool receive_again(struct get *get)
{
	if (get->save.fd < 0 ? get->bytes > 0 : !save_again(&get->save))
		return false;
	get->bytes_done -= get->bytes;
	return true;
}

/* Receives one file into what is open, and compares its length. */
static int receive(struct get *get, const json_t *file)
{
	const char *name = field_text(file, "name");
	bool whole;
	int code = ask_file(get, name, &whole);

	for (unsigned tries = 1; code && !get->coming && client_lost(get->client) &&
				 tries < RECEIVE_TRIES && receive_again(get);
	     tries++)
		code = ask_file(get, name, &whole);
	/* It came no further, or the daemon that fetched it is another one now: all of it first. */
	if (get->coming && (code || !whole) && !get->save.write_errno) {
		code = bring(get, true);
		if (code)
			return code;
		if (receive_again(get))
			code = ask_file(get, name, &whole);
	}
	if (get->unshown)
		return tool_fail(TOOL_FAILED,
				 "%s is not text that can be shown on a terminal (byte %" PRIu64
				 " or behind): write it to a file, or say --force",
				 name, get->screen.at + 1);
	if (get->save.write_errno)
		return save_done(&get->save, 0);
	if (get->out_errno)
		return tool_fail(TOOL_FAILED, "cannot write to standard output: %s",
				 strerror(get->out_errno));
	if (!whole || (!code && get->bytes != field_count(file, "bytes")))
		return tool_fail(TOOL_NOT_HERE,
				 "%s of %s@%" PRIu64 " ended after %" PRIu64 " of %" PRIu64
				 " bytes: a stored part is damaged and is being fetched again; try "
				 "again in a moment",
				 name, get->ref.path, get->ref.version, get->bytes,
				 field_count(file, "bytes"));
	return code ? client_complain(get->client) : TOOL_DONE;
}

static int save_file(struct get *get, const char *name, bool given, const json_t *file)
{
	int code = save_begin(&get->save, name, given);

	if (!code && field_count(file, "bytes") > 0)
		code = receive(get, file);
	if (!code)
		code = save_done(&get->save, field_time(file, "modified_ms"));
	return code;
}

/* -- pages of files -------------------------------------------------------------------------- */

static int ask_page(struct get *get, uint64_t from, json_t **page)
{
	struct buf target;
	int code;

	target_init(&target, "/manifest");
	target_text(&target, "path", get->ref.path);
	target_count(&target, "version", get->ref.version);
	target_count(&target, "from", from);
	target_coming(get, &target);
	code = client_call(get->client, "GET", target_end(&target), NULL, page);
	buf_fini(&target);
	return code ? client_complain(get->client) : TOOL_DONE;
}

/* A name is that of a file, or of a folder and all that lies in it. */
static bool is_named(struct get *get, const char *name)
{
	bool named = !get->name_count;

	for (size_t i = 0; i < get->name_count; i++) {
		size_t len = strlen(get->names[i]);

		while (len > 1 && get->names[i][len - 1] == '/')
			len--;
		if (strncmp(name, get->names[i], len) == 0 && (!name[len] || name[len] == '/'))
			named = get->found[i] = true;
	}
	return named;
}

/* Calls each with every file that is to be had, in order, until it fails. */
static int each_file(struct get *get, int (*each)(struct get *get, const json_t *file))
{
	uint64_t from = 0, next;
	int code;

	do {
		json_t *page = NULL, *file;
		size_t i;

		if ((code = ask_page(get, from, &page)))
			return code;
		next = field_count(page, "next");
		json_array_foreach(json_object_get(page, "files"), i, file)
		{
			if (is_named(get, field_text(file, "name")) && (code = each(get, file)))
				break;
		}
		json_decref(page);
		if (next <= from) /* null: it was the last */
			return code;
		from = next;
	} while (!code);
	return code;
}

static int count_file(struct get *get, const json_t *file)
{
	get->file_count++;
	get->bytes_all += field_count(file, "bytes");
	if (!get->only)
		get->only = json_incref((json_t *)file);
	return TOOL_DONE;
}

/* Whether it is what the name that get->unknown is meant for. */
static int find_near(struct get *get, const json_t *file)
{
	const char *name = field_text(file, "name"), *slash = strrchr(name, '/');
	size_t whole = text_likeness(get->unknown, name);
	size_t last = slash ? text_likeness(get->unknown, slash + 1) : TEXT_UNLIKE;
	size_t likeness = whole < last ? whole : last;

	if (likeness < get->likeness) {
		free(get->near);
		get->near = mem_str(name);
		get->likeness = likeness;
	}
	return TOOL_DONE;
}

/* Says that this is none, and what was perhaps meant. */
static int refuse_absent(struct get *get, const char *unknown)
{
	int code;

	get->unknown = unknown;
	get->likeness = TEXT_UNLIKE;
	get->name_count = 0; /* among all files */
	code = each_file(get, find_near);
	return code ? code
		    : tool_fail(TOOL_ABSENT,
				"there is no file \"%s\" in %s@%" PRIu64
				"%s%s%s; `allmende%s show %s "
				"--files` lists them",
				unknown, get->ref.path, get->ref.version,
				get->near ? ": did you mean \"" : "", get->near ? get->near : "",
				get->near ? "\"?" : "", get->tool->dir_words, get->ref.path);
}

/* Of the files that were named, how many there are and how large. */
static int choose_files(struct get *get)
{
	int code;

	if (!get->name_count)
		return TOOL_DONE;
	get->found = mem_new(get->name_count, sizeof(*get->found));
	get->file_count = get->bytes_all = 0;
	code = each_file(get, count_file);
	for (size_t i = 0; !code && i < get->name_count; i++)
		if (!get->found[i])
			code = refuse_absent(get, get->names[i]);
	return code;
}

static int look_at_file(struct get *get, const json_t *file)
{
	const char *name = field_text(file, "name");

	if (save_is_folder(name) && field_count(file, "bytes"))
		return tool_fail(
			TOOL_FAILED,
			"the dataset holds a folder \"%s\" that is said to be a file, which "
			"cannot be saved safely: tell its publisher",
			name);
	return save_look(&get->save, name, false);
}

static int save_in_folder(struct get *get, const json_t *file)
{
	progress_note(&get->progress, "%" PRIu64 " of %" PRIu64 " files", get->files_done++,
		      get->file_count);
	if (get->all)
		json_array_append(get->all, (json_t *)file);
	return save_is_folder(field_text(file, "name"))
		       ? TOOL_DONE
		       : save_file(get, field_text(file, "name"), false, file);
}

static int place_in_folder(struct get *get, const json_t *file)
{
	const char *name = field_text(file, "name");

	return save_is_folder(name) ? save_place_folder(&get->save, name)
				    : save_place(&get->save, name);
}

/* All names are looked at before the first file is written, and none is given before all files are
   on the disk. */
static int save_folder(struct get *get)
{
	int code = save_open(&get->save, get->output,
			     &(struct save_how){true, get->force, get->closed, get->hidden});

	if (!code)
		code = save_room(&get->save, get->bytes_all, get->file_count);
	if (!code)
		code = each_file(get, look_at_file);
	if (!code)
		code = each_file(get, save_in_folder);
	if (!code)
		code = save_sync(&get->save);
	if (!code)
		code = each_file(get, place_in_folder);
	if (!code)
		code = save_sync(&get->save);
	save_close(&get->save);
	return code;
}

static int save_single(struct get *get, const json_t *file)
{
	const char *slash = strrchr(get->output, '/');
	const char *name = slash ? slash + 1 : get->output;
	char *folder = !slash ? mem_str(".") : mem_str(get->output);
	int code;

	if (slash)
		folder[slash == get->output ? 1 : slash - get->output] = '\0';
	code = save_open(&get->save, folder,
			 &(struct save_how){false, get->force, get->closed, get->hidden});
	if (!code)
		code = save_room(&get->save, get->bytes_all, 1);
	if (!code)
		code = save_file(get, name, true, file);
	if (!code)
		code = save_sync(&get->save);
	if (!code)
		code = save_place(&get->save, name);
	if (!code)
		code = save_sync(&get->save);
	save_close(&get->save);
	if (get->all)
		json_array_append(get->all, (json_t *)file);
	free(folder);
	return code;
}

static int write_stdout(struct get *get)
{
	if (get->file_count != 1 || save_is_folder(field_text(get->only, "name")))
		return tool_fail(TOOL_USAGE,
				 "%s@%" PRIu64 " has %" PRIu64
				 " files, and standard output takes one: name it, or give a folder "
				 "with -o",
				 get->ref.path, get->ref.version, get->file_count);
	return receive(get, get->only);
}

static bool wants_folder(const char *output, uint64_t file_count, bool was_folder)
{
	size_t len = strlen(output);
	struct stat st;

	return was_folder || file_count != 1 || output[len - 1] == '/' ||
	       (stat(output, &st) == 0 && S_ISDIR(st.st_mode));
}

static void print_got(const struct get *get, bool folder)
{
	char size[TEXT_SHORT_LEN], number[TEXT_SHORT_LEN];

	text_size(size, get->bytes_done);
	text_count(number, get->file_count);
	if (folder && get->file_count == 1)
		print_line("%s@%" PRIu64 "   %s, %s, in %s", get->ref.path, get->ref.version,
			   field_text(get->only, "name"), size, get->output);
	else
		print_line("%s@%" PRIu64 "   %s file%s, %s, in %s", get->ref.path, get->ref.version,
			   number, get->file_count == 1 ? "" : "s", size, get->output);
}

static int print_got_json(struct get *get, const json_t *page)
{
	json_t *all = json_pack(
		"{s:O?, s:I, s:I, s:I, s:O}", "dataset", json_object_get(page, "dataset"),
		"version", (json_int_t)get->ref.version, "file_count", (json_int_t)get->file_count,
		"bytes", (json_int_t)get->bytes_all, "files", get->all);
	int code = print_json(get->tool, all);

	json_decref(all);
	return code;
}

/* Nobody has to have a terabyte that was made of a kilobyte. */
static int check_size(const struct get *get)
{
	char plain[TEXT_SHORT_LEN], stored[TEXT_SHORT_LEN];

	if (get->force || !manifest_swells(get->bytes_all, get->bytes_stored))
		return TOOL_DONE;
	text_size(plain, get->bytes_all);
	text_size(stored, get->bytes_stored);
	return tool_fail(TOOL_FAILED,
			 "%s@%" PRIu64 " would be %s of files, made of %s: ask its publisher "
			 "whether that is right, and say --force if it is",
			 get->ref.path, get->ref.version, plain, stored);
}

static int write_out(struct get *get, const json_t *page)
{
	bool to_stdout = strcmp(get->output, "-") == 0;
	bool folder = wants_folder(get->output, get->file_count,
				   field_true(page, "folder") && !get->name_count);
	int code = check_size(get);

	if (code)
		return code;
	progress_note(&get->progress, "%s", "");
	if (to_stdout)
		return write_stdout(get);
	get->all = get->tool->json ? json_array() : NULL;
	code = folder ? save_folder(get) : save_single(get, get->only);
	progress_end(&get->progress);
	if (!code && get->all)
		code = print_got_json(get, page);
	else if (!code)
		print_got(get, folder);
	json_decref(get->all);
	return code;
}

static int get_version(struct get *get)
{
	json_t *page = NULL;
	int code = bring(get, strcmp(get->output, "-") == 0);

	if (code || (code = ask_page(get, 0, &page)))
		return code;
	get->file_count = field_count(page, "file_count");
	get->bytes_all = field_count(page, "bytes");
	get->bytes_stored = field_count(page, "stored_bytes");
	get->closed = strcmp(field_text(page, "tier"), "open") != 0 &&
		      strcmp(field_text(page, "tier"), "members") != 0;
	if (!get->name_count)
		get->only = json_incref(json_array_get(json_object_get(page, "files"), 0));
	code = choose_files(get);
	if (!code)
		code = write_out(get, page);
	json_decref(page);
	return code;
}

static int run_get(struct tool *tool)
{
	struct get get = {.tool = tool, .save = {.fd = -1}, .seconds = STALL_SECONDS_DEFAULT};
	int code;

	get.names = tool->args.words + 1;
	get.name_count = tool->args.word_count > 1 ? tool->args.word_count - 1 : 0;
	get.force = args_flag(&tool->args, "force");
	get.hidden = args_flag(&tool->args, "hidden");
	get.output = args_value(&tool->args, "output");
	if (!get.output || !*get.output)
		return tool_fail(TOOL_USAGE,
				 "say where the files go: -o PATH, or -o - for standard "
				 "output");
	if ((code = value_ref(&get.ref, tool_word(tool, 0))) ||
	    (code = value_number(&tool->args, "timeout", SECONDS_MAX, &get.seconds)) ||
	    (code = client_open(&get.client, tool)))
		return code;
	progress_begin(&get.progress, tool->terminal_err, tool_word(tool, 0));
	code = get_version(&get);
	progress_end(&get.progress);
	client_close(get.client);
	json_decref(get.only);
	free(get.found);
	free(get.near);
	return code;
}

const struct command cmd_get = {
	.name = "get",
	.arguments = "DATASET[@VERSION] [FILE...] -o PATH",
	.summary = "write the files of a dataset to a file or folder",
	.help = "Writes the files of a dataset, fetching them first when they are not here. A "
		"single file\n"
		"goes to PATH; several go into the folder PATH, as does a single one when a folder "
		"was\n"
		"published, or PATH is one or ends in \"/\". Files appear when all are complete "
		"and on the\n"
		"disk, and replace nothing unless you say --force; then a file gives way to a "
		"folder,\n"
		"too, and an empty folder to a file, but none in which something lies. What is "
		"granted\n"
		"or hidden is not for all users of the machine. Without @VERSION it is the "
		"current one.\n"
		"With FILE... only these come, or what lies in the folders of that name; "
		"`allmende show\n"
		"DATASET --files` lists them.\n"
		"\n"
		"  allmende get meissen/kita/plaetze -o plaetze.csv\n"
		"  allmende get meissen/kita/plaetze@3 -o - | head\n"
		"  allmende get meissen/plan karten/west.gpkg -o west.gpkg",
	.options =
		(const struct option[]){
			{"output", 'o', "PATH", false,
			 "a file, a folder, or - for standard output"},
			{"force", 0, NULL, false,
			 "replace files of the same name; show a terminal what is no text; write "
			 "far more than is stored"},
			{"hidden", 0, NULL, false,
			 "write hidden files (.x) also where other files lie already"},
			{"timeout", 0, "SECONDS", false,
			 "give up when nothing has come for so long (default 60)"},
			{0},
		},
	.word_min = 1,
	.word_max = SIZE_MAX,
	.run = run_get,
};
