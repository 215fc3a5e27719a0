#include "tools/kit/files.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/check.h"
#include "crypto/limits.h"
#include "proto/content/litter.h"
#include "proto/content/manifest.h"

static bool long_part(const char *name)
{
	unsigned folders = 0;

	for (size_t len; (len = strcspn(name, "/")) && name[len]; name += len + 1, folders++)
		if (len > LIMIT_FILE_PART_LEN_MAX)
			return true;
	return strlen(name) > LIMIT_FILE_PART_LEN_MAX || folders > LIMIT_FILE_DEPTH_MAX;
}

/* Also what --name says of standard input. */
static bool leads_away(const char *name)
{
	for (const char *at = name;; at++) {
		size_t len = strcspn(at, "/");

		if (len == 0 || (len == 1 && *at == '.') || (len == 2 && !strncmp(at, "..", 2)))
			return true;
		at += len;
		if (!*at || !at[1])
			return false;
	}
}

static int check_name(const char *name, const char *path)
{
	size_t len = strlen(name);

	if (len > LIMIT_FILE_NAME_LEN_MAX)
		return tool_fail(
			TOOL_USAGE,
			"the name of %s has %zu bytes, %d are allowed: rename it, or move it up",
			path, len, LIMIT_FILE_NAME_LEN_MAX);
	if (long_part(name))
		return tool_fail(
			TOOL_USAGE,
			"a part of the name of %s is longer than %d bytes, or there are more "
			"than %d folders in it: nobody could write it, so rename it",
			path, LIMIT_FILE_PART_LEN_MAX, LIMIT_FILE_DEPTH_MAX);
	if (leads_away(name))
		return tool_fail(
			TOOL_USAGE,
			"\"%s\" is no name in a dataset: it is a path from the dataset on, "
			"without parts that are empty, . or ..",
			name);
	if (manifest_name_check(bytes_str(name)))
		return tool_fail(
			TOOL_USAGE,
			"the name of %s is not printable UTF-8: others could not read it, so "
			"rename it",
			path);
	return TOOL_DONE;
}

/* Nobody means to publish it: it is left out, and said to be. */
static bool is_left_out(struct files *files, const char *name, const char *path, bool folder)
{
	struct left_out *left = &files->left_out;
	char *shown = NULL;

	if (files->hidden || !litter_passes(bytes_str(name)))
		return false;
	if (asprintf(&shown, "%s%s", path, folder ? "/" : "") < 0)
		mem_gone(1, 0);
	left->paths = mem_room(left->paths, left->count, &left->cap, sizeof(*left->paths));
	left->paths[left->count++] = shown;
	return true;
}

static int files_add(struct files *files, const char *name, const char *path, uint64_t bytes)
{
	int code = check_name(name, path);

	if (code)
		return code;
	if (files->count == LIMIT_FILE_COUNT_MAX)
		return tool_fail(TOOL_USAGE, "more than %d files: split them into several datasets",
				 LIMIT_FILE_COUNT_MAX);
	files->entries =
		mem_room(files->entries, files->count, &files->cap, sizeof(*files->entries));
	files->entries[files->count++] = (struct file_entry){mem_str(name), mem_str(path), bytes};
	files->bytes += bytes;
	return TOOL_DONE;
}

static int refuse_kind(const FTSENT *entry)
{
	if (entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE)
		return tool_fail(TOOL_FAILED,
				 "%s is a symbolic link: publish the file it leads to, or take the "
				 "link away",
				 entry->fts_path);
	if (entry->fts_errno)
		return tool_fail(TOOL_FAILED, "cannot read %s: %s", entry->fts_path,
				 strerror(entry->fts_errno));
	return tool_fail(TOOL_FAILED,
			 "%s is neither a file nor a directory: only files can be published",
			 entry->fts_path);
}

/* A folder below the one that was named; one in which nothing lies is published as it is. */
static int files_add_folder(struct files *files, FTSENT *entry, const char *name)
{
	char *empty;
	int code;

	if (entry->fts_info == FTS_D) {
		entry->fts_number = (long)files->count;
		return TOOL_DONE;
	}
	if ((size_t)entry->fts_number < files->count)
		return TOOL_DONE;
	if (asprintf(&empty, "%s/", name) < 0)
		mem_gone(1, 0);
	code = files_add(files, empty, entry->fts_path, 0);
	files->folder_count += !code;
	free(empty);
	return code;
}

static int files_add_entry(struct files *files, FTS *fts, FTSENT *entry, size_t root_len)
{
	const char *name = entry->fts_path + root_len;

	name += strspn(name, "/");
	if (entry->fts_level > 0 && entry->fts_info != FTS_DP &&
	    is_left_out(files, entry->fts_name, entry->fts_path, entry->fts_info == FTS_D)) {
		if (entry->fts_info == FTS_D)
			fts_set(fts, entry, FTS_SKIP);
		return TOOL_DONE;
	}
	switch (entry->fts_info) {
	case FTS_D:
	case FTS_DP:
		return entry->fts_level > 0 ? files_add_folder(files, entry, name) : TOOL_DONE;
	case FTS_DOT:
		return TOOL_DONE;
	case FTS_F:
		return files_add(files, name, entry->fts_path, (uint64_t)entry->fts_statp->st_size);
	default:
		return refuse_kind(entry);
	}
}

static int files_add_tree(struct files *files, const char *path)
{
	size_t before = files->count - files->folder_count, left_before = files->left_out.count;
	char *root = mem_str(path);
	char *const roots[] = {root, NULL};
	/* The root itself may be a link: it was named. */
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	int code = TOOL_DONE;
	FTSENT *entry;

	if (!fts)
		code = tool_fail(TOOL_FAILED, "cannot read %s: %s", path, strerror(errno));
	while (!code && (errno = 0, entry = fts_read(fts)))
		code = files_add_entry(files, fts, entry, strlen(path));
	if (!code && errno)
		code = tool_fail(TOOL_FAILED, "cannot read %s: %s", path, strerror(errno));
	if (fts)
		fts_close(fts);
	free(root);
	if (!code && files->count - files->folder_count == before &&
	    files->left_out.count == left_before)
		code = tool_fail(TOOL_FAILED, "the directory %s holds no files: nothing to publish",
				 path);
	return code;
}

static int files_add_path(struct files *files, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT || errno == ENOTDIR
			       ? tool_fail(TOOL_FAILED, "there is no file %s: check the name", path)
			       : tool_fail(TOOL_FAILED, "cannot read %s: %s", path,
					   strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		files->folder = true;
		return files_add_tree(files, path);
	}
	if (!S_ISREG(st.st_mode))
		return tool_fail(
			TOOL_FAILED,
			"%s is neither a file nor a directory: only files can be published", path);
	if (is_left_out(files, name, path, false))
		return TOOL_DONE;
	return files_add(files, name, path, (uint64_t)st.st_size);
}

static int by_name(const void *a, const void *b)
{
	const struct file_entry *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int files_add_input(struct files *files, const char *name)
{
	if (!name)
		return tool_fail(TOOL_USAGE,
				 "standard input has no name: give it one with --name NAME");
	if (!*name || name[strlen(name) - 1] == '/')
		return tool_fail(TOOL_USAGE, "\"%s\" is no name of a file: give another --name",
				 name);
	return files_add(files, name, FILES_INPUT, 0);
}

static bool is_below(const struct file_entry *entry, const char *folder)
{
	return strncmp(entry->name, folder, strlen(folder)) == 0;
}

/* A folder that is empty in one place and not in another is not empty. */
static void drop_filled(struct files *files)
{
	size_t kept = 0;

	for (size_t i = 0; i < files->count; i++) {
		struct file_entry *entry = &files->entries[i];
		bool folder = entry->name[strlen(entry->name) - 1] == '/';

		if (folder && i + 1 < files->count && is_below(entry + 1, entry->name)) {
			free(entry->name);
			free(entry->path);
			files->folder_count--;
		} else {
			files->entries[kept++] = *entry;
		}
	}
	files->count = kept;
}

/* The file that has the name of a folder in which this one lies; NULL: none. */
static const struct file_entry *file_above(const struct files *files,
					   const struct file_entry *entry)
{
	const struct file_entry *found = NULL;
	struct file_entry above = {.name = mem_str(entry->name)};

	for (char *slash = strrchr(above.name, '/'); slash && !found;
	     slash = strrchr(above.name, '/')) {
		*slash = '\0';
		found = bsearch(&above, files->entries, files->count, sizeof(above), by_name);
	}
	free(above.name);
	return found;
}

static int check_clashes(const struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct file_entry *entry = &files->entries[i], *above;

		if (i > 0 && strcmp(entry[-1].name, entry->name) == 0)
			return tool_fail(
				TOOL_USAGE,
				"%s and %s would both be called %s: rename one, or publish "
				"the directory above them",
				entry[-1].path, entry->path, entry->name);
		if ((above = file_above(files, entry)))
			return tool_fail(TOOL_USAGE,
					 "%s would be a file called %s, and %s lie in a folder of "
					 "that name: nobody could write both, so rename one",
					 above->path, above->name, entry->path);
	}
	return TOOL_DONE;
}

static int refuse_nothing(const struct files *files)
{
	return tool_fail(
		TOOL_USAGE,
		"nothing to publish: %s%s hidden, temporary or a lock, and hidden files are "
		"not published; rename what is meant, or say --hidden to take it",
		files->left_out.paths[0],
		files->left_out.count > 1 ? " and all the others are" : " is");
}

int files_collect(struct files *files, const struct files_from *from)
{
	int code = TOOL_DONE;

	*files = (struct files){.hidden = from->hidden};
	for (size_t i = 0; i < from->count && !code; i++)
		code = strcmp(from->paths[i], FILES_INPUT) == 0
			       ? files_add_input(files, from->input_name)
			       : files_add_path(files, from->paths[i]);
	if (code)
		return code;
	if (files->count == files->folder_count && files->left_out.count)
		return refuse_nothing(files);
	qsort(files->entries, files->count, sizeof(*files->entries), by_name);
	drop_filled(files);
	return check_clashes(files);
}

void files_fini(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->entries[i].name);
		free(files->entries[i].path);
	}
	free(files->entries);
	for (size_t i = 0; i < files->left_out.count; i++)
		free(files->left_out.paths[i]);
	free(files->left_out.paths);
	*files = (struct files){0};
}
