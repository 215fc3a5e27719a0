/*
 * get and wait: the data of a version comes to this machine, and out of the node.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/check.h"
#include "tools/client.h"
#include "tools/clock.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/save.h"
#include "tools/text.h"
#include "tools/value.h"

#define STALL_SECONDS_DEFAULT 60
#define SECONDS_MAX           (366 * 86400)
#define FETCH_WAIT_MS         1000
#define WAIT_MS_MAX           30000

struct get {
	const struct tool *tool;
	struct client *client;
	struct progress progress;
	struct value_ref ref; /* with the version that came */
	const char *output;
	/* the file being received */
	struct save save;
	int out_errno; /* of standard output */
	uint64_t bytes, bytes_done, bytes_all;
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

static int ask_fetch(struct get *get, json_t **fetch)
{
	struct buf target;
	int code;

	target_init(&target, "/fetch");
	target_text(&target, "path", get->ref.path);
	target_count(&target, "version", get->ref.version);
	target_count(&target, "wait_ms", FETCH_WAIT_MS);
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

	if (sources)
		progress_note(&get->progress, "from %" PRIu64 " node%s", sources,
			      sources == 1 ? "" : "s");
	else
		progress_note(&get->progress, "waiting for a node that has it");
	progress_bytes(&get->progress, field_count(fetch, "bytes"),
		       field_count(fetch, "bytes_all"));
}

/* Until the version is held, or nothing has moved for so many seconds. */
static int fetch_all(struct get *get, uint64_t seconds)
{
	int64_t moved_ms = clock_steady_ms(), asked_ms = moved_ms;
	uint64_t bytes = UINT64_MAX;
	json_t *fetch = NULL;
	int code = begin_fetch(get, &fetch);

	while (!code) {
		get->ref.version = field_count(fetch, "version");
		if (strcmp(field_text(fetch, "state"), "held") == 0)
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
		if (clock_steady_ms() - asked_ms < FETCH_WAIT_MS / 10)
			clock_nap_ms(FETCH_WAIT_MS / 10);
		asked_ms = clock_steady_ms();
		code = ask_fetch(get, &fetch);
	}
	json_decref(fetch);
	return code ? client_complain(get->client) : TOOL_DONE;
}

/* -- out of the node ------------------------------------------------------------------------ */

static bool on_write(void *arg, struct bytes piece)
{
	struct get *get = arg;

	get->bytes += piece.len;
	get->bytes_done += piece.len;
	progress_bytes(&get->progress, get->bytes_done, get->bytes_all);
	if (get->save.fd >= 0)
		return save_write(&get->save, piece);
	if (fwrite(piece.ptr, 1, piece.len, stdout) == piece.len)
		return true;
	get->out_errno = errno;
	return false;
}

/* Receives one file into what is open, and compares its length. */
static int receive(struct get *get, const json_t *file)
{
	const char *name = field_text(file, "name");
	struct buf target;
	bool whole;
	int code;

	target_init(&target, "/file");
	target_text(&target, "path", get->ref.path);
	target_count(&target, "version", get->ref.version);
	target_text(&target, "name", name);
	get->bytes = 0;
	code = client_receive(get->client, target_end(&target), on_write, get, &whole);
	buf_fini(&target);
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

static int save_file(struct get *get, int folder_fd, const char *folder, const char *name,
		     const json_t *file)
{
	int code = save_begin(&get->save, folder_fd, folder, name);

	if (!code)
		code = receive(get, file);
	if (!code)
		code = save_done(&get->save, field_time(file, "modified_ms"));
	save_abort(&get->save);
	return code;
}

static int open_folder(const char *path, bool make, int *fd)
{
	if (make && mkdir(path, 0777) && errno != EEXIST)
		return tool_fail(TOOL_FAILED, "cannot make the folder %s: %s", path,
				 strerror(errno));
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd >= 0)
		return TOOL_DONE;
	if (errno == ENOENT)
		return tool_fail(TOOL_FAILED, "there is no folder %s: make it first", path);
	if (errno == ENOTDIR)
		return tool_fail(TOOL_FAILED,
				 "%s is a file, and a folder is needed: give another PATH", path);
	return tool_fail(TOOL_FAILED, "cannot write into %s: %s", path, strerror(errno));
}

static int save_folder(struct get *get, const json_t *files)
{
	json_t *file;
	size_t i;
	int fd;
	int code = open_folder(get->output, true, &fd);

	if (code)
		return code;
	json_array_foreach((json_t *)files, i, file)
	{
		progress_note(&get->progress, "%zu of %zu files", i, json_array_size(files));
		code = save_file(get, fd, get->output, field_text(file, "name"), file);
		if (code)
			break;
	}
	close(fd);
	return code;
}

static int save_single(struct get *get, const json_t *file)
{
	const char *slash = strrchr(get->output, '/');
	const char *name = slash ? slash + 1 : get->output;
	char *folder = !slash ? mem_str(".") : mem_str(get->output);
	int fd;
	int code;

	if (slash)
		folder[slash == get->output ? 1 : slash - get->output] = '\0';
	code = open_folder(folder, false, &fd);
	if (!code) {
		code = save_file(get, fd, folder, name, file);
		close(fd);
	}
	free(folder);
	return code;
}

static int write_stdout(struct get *get, const json_t *files)
{
	if (json_array_size(files) != 1)
		return tool_fail(TOOL_USAGE,
				 "%s@%" PRIu64
				 " has %zu files, and standard output takes one: give a "
				 "folder with -o",
				 get->ref.path, get->ref.version, json_array_size(files));
	return receive(get, json_array_get(files, 0));
}

static bool wants_folder(const char *output, size_t file_count)
{
	size_t len = strlen(output);
	struct stat st;

	return file_count != 1 || output[len - 1] == '/' ||
	       (stat(output, &st) == 0 && S_ISDIR(st.st_mode));
}

static void print_got(const struct get *get, const json_t *files, bool folder)
{
	size_t count = json_array_size(files);
	char size[TEXT_SHORT_LEN], number[TEXT_SHORT_LEN];

	text_size(size, get->bytes_done);
	text_count(number, count);
	if (folder && count == 1)
		print_line("%s@%" PRIu64 "   %s, %s, in %s", get->ref.path, get->ref.version,
			   field_text(json_array_get(files, 0), "name"), size, get->output);
	else
		print_line("%s@%" PRIu64 "   %s file%s, %s, in %s", get->ref.path, get->ref.version,
			   number, count == 1 ? "" : "s", size, get->output);
}

static int write_out(struct get *get, const json_t *manifest)
{
	const json_t *files = json_object_get(manifest, "files");
	bool to_stdout = strcmp(get->output, "-") == 0;
	bool folder = wants_folder(get->output, json_array_size(files));
	json_t *file;
	size_t i;
	int code;

	json_array_foreach((json_t *)files, i, file) get->bytes_all += field_count(file, "bytes");
	progress_note(&get->progress, "%s", "");
	if (to_stdout)
		return write_stdout(get, files);
	code = folder ? save_folder(get, files) : save_single(get, json_array_get(files, 0));
	progress_end(&get->progress);
	if (!code && get->tool->json)
		code = print_json(get->tool, manifest);
	else if (!code)
		print_got(get, files, folder);
	return code;
}

static int get_version(struct get *get, uint64_t seconds)
{
	json_t *manifest = NULL;
	struct buf target;
	int code = fetch_all(get, seconds);

	if (code)
		return code;
	target_init(&target, "/manifest");
	target_text(&target, "path", get->ref.path);
	target_count(&target, "version", get->ref.version);
	code = client_call(get->client, "GET", target_end(&target), NULL, &manifest);
	if (code)
		client_complain(get->client);
	else
		code = write_out(get, manifest);
	buf_fini(&target);
	json_decref(manifest);
	return code;
}

static int run_get(struct tool *tool)
{
	struct get get = {.tool = tool, .save = {.dir_fd = -1, .fd = -1}};
	uint64_t seconds = STALL_SECONDS_DEFAULT;
	int code;

	get.output = args_value(&tool->args, "output");
	if (!get.output || !*get.output)
		return tool_fail(TOOL_USAGE,
				 "say where the files go: -o PATH, or -o - for standard "
				 "output");
	if ((code = value_ref(&get.ref, tool_word(tool, 0))) ||
	    (code = value_number(&tool->args, "timeout", SECONDS_MAX, &seconds)) ||
	    (code = client_open(&get.client, tool)))
		return code;
	progress_begin(&get.progress, tool->terminal_err, tool_word(tool, 0));
	code = get_version(&get, seconds);
	progress_end(&get.progress);
	client_close(get.client);
	return code;
}

/* -- wait ----------------------------------------------------------------------------------- */

struct wait {
	struct value_ref ref;
	uint64_t after;
	bool ends;
	int64_t end_ms;
};

static int ask_wait(struct client *client, const struct wait *wait, json_t **answer)
{
	int64_t left_ms = wait->ends ? wait->end_ms - clock_steady_ms() : WAIT_MS_MAX;
	struct buf target;
	int code;

	if (left_ms > WAIT_MS_MAX)
		left_ms = WAIT_MS_MAX;
	target_init(&target, "/wait");
	target_text(&target, "path", wait->ref.path);
	target_count(&target, "version", wait->ref.version);
	target_count(&target, "after", wait->after);
	target_count(&target, "wait_ms", left_ms > 1 ? (uint64_t)left_ms : 1);
	code = client_call(client, "GET", target_end(&target), NULL, answer);
	buf_fini(&target);
	return code;
}

static int refuse_waited(const struct tool *tool, const struct wait *wait)
{
	char what[64] = "no version";

	if (wait->ref.version)
		snprintf(what, sizeof(what), "version %" PRIu64, wait->ref.version);
	else if (wait->after)
		snprintf(what, sizeof(what), "no version after %" PRIu64, wait->after);
	return tool_fail(TOOL_NOT_HERE,
			 "%s of %s is %shere yet, and the time is over; is it fetched at all? see "
			 "`allmende%s show %s`, `allmende%s subscriptions`",
			 what, wait->ref.path, wait->ref.version ? "not " : "", tool->dir_words,
			 wait->ref.path, tool->dir_words);
}

static int wait_for(const struct tool *tool, struct client *client, const struct wait *wait)
{
	struct progress progress;
	json_t *answer = NULL;
	int code;

	progress_begin(&progress, tool->terminal_err, "waiting for");
	progress_note(&progress, "%s", wait->ref.path);
	for (;;) {
		int64_t asked_ms = clock_steady_ms();

		progress_bytes(&progress, 0, 0);
		code = ask_wait(client, wait, &answer);
		if (code != TOOL_NOT_HERE)
			break;
		json_decref(answer);
		answer = NULL;
		if (wait->ends && clock_steady_ms() >= wait->end_ms) {
			progress_end(&progress);
			return refuse_waited(tool, wait);
		}
		if (clock_steady_ms() - asked_ms < 100)
			clock_nap_ms(100);
	}
	progress_end(&progress);
	if (code)
		client_complain(client);
	else if (tool->json)
		code = print_json(tool, answer);
	else
		print_line("%s@%" PRIu64 "   is here", wait->ref.path,
			   field_count(answer, "version"));
	json_decref(answer);
	return code;
}

static int run_wait(struct tool *tool)
{
	struct wait wait = {0};
	uint64_t seconds = 0;
	struct client *client;
	int code;

	if ((code = value_ref(&wait.ref, tool_word(tool, 0))) ||
	    (code = value_number(&tool->args, "timeout", SECONDS_MAX, &seconds)) ||
	    (code = value_number(&tool->args, "after", INT64_MAX, &wait.after)))
		return code;
	if (wait.ref.version && wait.after)
		return tool_fail(TOOL_USAGE,
				 "@%" PRIu64 " and --after exclude each other: give one",
				 wait.ref.version);
	wait.ends = args_value(&tool->args, "timeout") != NULL;
	wait.end_ms = clock_steady_ms() + (int64_t)seconds * 1000;
	if ((code = client_open(&client, tool)))
		return code;
	code = wait_for(tool, client, &wait);
	client_close(client);
	return code;
}

/* -- the commands --------------------------------------------------------------------------- */

static const struct option get_options[] = {
	{"output", 'o', "PATH", false, "a file, a folder, or - for standard output"},
	{"timeout", 0, "SECONDS", false, "give up when nothing has come for so long (default 60)"},
	{NULL, 0, NULL, false, NULL},
};

const struct command cmd_get = {
	.name = "get",
	.arguments = "DATASET[@VERSION] -o PATH",
	.summary = "write the files of a dataset to a file or folder",
	.help = "Writes the files of a dataset, fetching them first when they are not here. A "
		"single\n"
		"file goes to PATH; several go into the folder PATH, as does a single one when "
		"PATH\n"
		"is a folder or ends in \"/\". Files appear when they are complete, and replace "
		"those of\n"
		"the same name. Without @VERSION it is the current one.\n"
		"\n"
		"  allmende get meissen/kita/plaetze -o plaetze.csv\n"
		"  allmende get meissen/kita/plaetze@3 -o - | head",
	.options = get_options,
	.word_min = 1,
	.word_max = 1,
	.run = run_get,
};

static const struct option wait_options[] = {
	{"after", 0, "VERSION", false, "wait for a version above this one"},
	{"timeout", 0, "SECONDS", false, "give up after so long (default: wait for ever)"},
	{NULL, 0, NULL, false, NULL},
};

const struct command cmd_wait = {
	.name = "wait",
	.arguments = "DATASET[@VERSION]",
	.summary = "wait until a version is here",
	.help = "Waits until a version of the dataset is held by this node: the one named, one "
		"above\n"
		"--after, or any. It fetches nothing by itself; a subscription does. Exit code 5\n"
		"when the time is over.\n"
		"\n"
		"  allmende subscribe \"meissen/**\"\n"
		"  allmende wait meissen/kita/plaetze --after 3 --timeout 3600 && ./import",
	.options = wait_options,
	.word_min = 1,
	.word_max = 1,
	.run = run_wait,
};
