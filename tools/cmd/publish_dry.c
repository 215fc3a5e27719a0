#include "tools/cmd/publish_dry.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/sha256.h"
#include "tools/cmd/publish_guard.h"
#include "tools/cmd/publish_metadata.h"
#include "tools/cmd/publish_say.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"

#define READ_LEN ((size_t)1 << 20)

enum change { SAME, CHANGED, NEW, GONE };
static const char *const change_words[] = {"same", "changed", "new", "gone"};

struct dry {
	const struct tool *tool;
	struct client *client;
	const struct files *files;
	/* the version before; 0: there is none, or it cannot be compared with */
	const char *dataset;
	uint64_t previous;
	json_t *entry;
	/* its files, a page at a time */
	json_t *page;
	uint64_t at, next;
	/* what was found */
	bool differs; /* in files, or in whether a folder was published */
	json_t *list; /* of files, for --json */
	struct grid grid;
	struct publish_guard guard;
};

/* -- the files of the version before -------------------------------------------------------- */

static int before_page(struct dry *dry, uint64_t from)
{
	struct buf target;
	int code;

	json_decref(dry->page);
	dry->page = NULL;
	target_init(&target, "/manifest");
	target_text(&target, "path", dry->dataset);
	target_count(&target, "version", dry->previous);
	target_count(&target, "from", from);
	code = client_call(dry->client, "GET", target_end(&target), NULL, &dry->page);
	buf_fini(&target);
	dry->at = 0;
	dry->next = field_count(dry->page, "next");
	return code;
}

/* NULL: there is no further one. */
static const json_t *before_file(struct dry *dry, int *code)
{
	const json_t *files = json_object_get(dry->page, "files");

	if (dry->at == json_array_size(files) && dry->next) {
		if ((*code = before_page(dry, dry->next)))
			return NULL;
		files = json_object_get(dry->page, "files");
	}
	return json_array_get(files, dry->at);
}

/* -- comparing ------------------------------------------------------------------------------ */

static bool hash_file(const char *path, char hex[2 * ID_LEN + 1])
{
	int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	uint8_t *piece = mem_new(1, READ_LEN), digest[ID_LEN];
	struct sha256 *sha256 = sha256_open();
	ssize_t got = -1;

	while (fd >= 0 && ((got = read(fd, piece, READ_LEN)) > 0 || (got < 0 && errno == EINTR)))
		if (got > 0)
			sha256_add(sha256, bytes_of(piece, (size_t)got));
	sha256_done(sha256, digest);
	sha256_close(sha256);
	hex_put(hex, bytes_of(digest, sizeof(digest)));
	if (fd >= 0)
		close(fd);
	free(piece);
	return got == 0;
}

static int compare_file(const struct file_entry *file, const json_t *before, enum change *change)
{
	char hex[2 * ID_LEN + 1] = "";

	*change = CHANGED;
	if (file->bytes != field_count(before, "bytes"))
		return TOOL_DONE;
	if (file->bytes > 0 && !hash_file(file->path, hex))
		return tool_fail(TOOL_FAILED, "cannot read %s: %s", file->path, strerror(errno));
	if (file->bytes == 0 || strcmp(hex, field_text(before, "sha256")) == 0)
		*change = SAME;
	return TOOL_DONE;
}

static void file_say(struct dry *dry, const char *name, uint64_t bytes, enum change change)
{
	dry->differs = dry->differs || change != SAME;
	if (dry->tool->json) {
		json_array_append_new(dry->list,
				      json_pack("{s:s, s:I, s:s}", "name", name, "bytes",
						(json_int_t)bytes, "state", change_words[change]));
		return;
	}
	grid_text(&dry->grid, change_words[change]);
	grid_bytes(&dry->grid, bytes);
	grid_text(&dry->grid, name);
}

/* Both lists are in order of name. */
static int compare_all(struct dry *dry)
{
	const struct files *files = dry->files;
	const json_t *before;
	size_t i = 0;
	int code = TOOL_DONE;

	while ((before = before_file(dry, &code)) || (!code && i < files->count)) {
		const struct file_entry *file = i < files->count ? &files->entries[i] : NULL;
		int order = !before ? -1
			    : !file ? 1
				    : strcmp(file->name, field_text(before, "name"));
		enum change change = NEW;

		if (order == 0 && (code = compare_file(file, before, &change)))
			return code;
		if (order <= 0)
			file_say(dry, file->name, file->bytes, change);
		else
			file_say(dry, field_text(before, "name"), field_count(before, "bytes"),
				 GONE);
		i += order <= 0;
		dry->at += order >= 0;
	}
	return code ? client_complain(dry->client) : TOOL_DONE;
}

/* Whether what people say of it stays: what is not given stays. */
static bool said_before(const json_t *body, const json_t *entry)
{
	const char *tier = field_text(body, "tier");

	return (!*tier || strcmp(tier, field_text(entry, "tier")) == 0) &&
	       publish_metadata_stays(body, entry);
}

/* -- all together --------------------------------------------------------------------------- */

static int ask_before(struct dry *dry)
{
	struct buf target;
	int code;

	target_init(&target, "/dataset");
	target_text(&target, "path", dry->dataset);
	target_count(&target, "version", dry->previous);
	code = client_call(dry->client, "GET", target_end(&target), NULL, &dry->entry);
	buf_fini(&target);
	if (!code)
		code = before_page(dry, 0);
	if (code == TOOL_NOT_HERE || code == TOOL_DENIED) {
		tool_remark("what is new is not known: %s", client_why(dry->client));
		dry->differs = true;
		return TOOL_DONE;
	}
	return code ? client_complain(dry->client) : TOOL_DONE;
}

/* As the daemon would at the end. */
static int check_shrink(const struct dry *dry, const json_t *body)
{
	uint64_t before = field_count(dry->entry, "bytes");

	if (field_true(body, "allow_shrink") || dry->files->bytes >= (before + 1) / 2)
		return TOOL_DONE;
	return tool_fail(TOOL_DENIED,
			 "it would be refused: the files have %" PRIu64 " bytes, version %" PRIu64
			 " has %" PRIu64
			 ", and less than half may be a mistake; say --allow-shrink "
			 "if it is not",
			 dry->files->bytes, dry->previous, before);
}

static void print_dry(const struct dry *dry, const json_t *would, bool unchanged)
{
	char *readers = print_join(json_object_get(would, "readers"));
	char size[TEXT_SHORT_LEN], count[TEXT_SHORT_LEN];
	uint64_t files = dry->files->count - dry->files->folder_count;

	text_size(size, dry->files->bytes);
	text_count(count, files);
	if (unchanged)
		print_line("%s would be unchanged: the files are those of version %" PRIu64
			   ", so nothing would be published",
			   dry->dataset, dry->previous);
	else
		print_line("%s would get a version: %s, %s file%s, %s", dry->dataset,
			   field_text(would, "tier"), count, files == 1 ? "" : "s", size);
	print_line("Readers: %s", readers);
	screening_say(&dry->guard.screening);
	char *looked = screening_looked(&dry->guard.screening);
	print_line("%s", looked);
	free(looked);
	puts("Nothing was published.");
	free(readers);
}

static int print_dry_json(const struct dry *dry, json_t *would, bool unchanged)
{
	json_object_set_new(would, "unchanged", json_boolean(unchanged));
	json_object_set_new(would, "bytes", json_integer((json_int_t)dry->files->bytes));
	json_object_set(would, "files", dry->list);
	json_object_set_new(would, "left_out", publish_left_out(dry->files));
	json_object_set_new(would, "personal_data", screening_json(&dry->guard.screening));
	return print_json(dry->tool, would);
}

static int dry_look(struct dry *dry, const json_t *body, json_t *would)
{
	static const char *const heads[] = {"What", ">Size", "File", NULL};
	int code = TOOL_DONE;

	dry->dataset = field_text(would, "dataset");
	dry->previous = field_count(would, "previous");
	dry->list = json_array();
	if (dry->previous && (code = ask_before(dry)))
		return code;
	dry->differs = dry->differs || !dry->previous || !said_before(body, dry->entry) ||
		       !field_true(dry->entry, "own") ||
		       (dry->page && field_true(dry->page, "folder") != dry->files->folder);
	grid_init(&dry->grid, dry->tool, stdout, heads);
	code = compare_all(dry);
	if (!dry->tool->json)
		grid_done(&dry->grid);
	if (!code && dry->differs)
		code = check_shrink(dry, body);
	publish_guard_begin(&dry->guard, dry->tool, field_text(would, "tier"));
	if (code || (code = publish_guard_dry(&dry->guard, dry->files)))
		return code;
	if (dry->tool->json)
		code = print_dry_json(dry, would, !dry->differs);
	else
		print_dry(dry, would, !dry->differs);
	return code ? code : publish_guard_dry_end(&dry->guard);
}

int publish_dry(const struct tool *tool, struct client *client, const struct files *files,
		json_t *body)
{
	struct dry dry = {.tool = tool, .client = client, .files = files};
	json_t *would = NULL;
	int code;

	json_object_set_new(body, "dry", json_true());
	code = client_call(client, "POST", "/uploads", body, &would);
	code = code ? client_complain(client) : dry_look(&dry, body, would);
	publish_guard_fini(&dry.guard);
	json_decref(dry.entry);
	json_decref(dry.page);
	json_decref(dry.list);
	json_decref(would);
	return code;
}
