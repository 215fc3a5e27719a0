#include "tools/kit/files.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/check.h"
#include "crypto/limits.h"
#include "proto/content/manifest.h"

static int check_name(const char *name, const char *path)
{
	size_t len = strlen(name);

	if (len > LIMIT_FILE_NAME_LEN_MAX)
		return tool_fail(
			TOOL_USAGE,
			"the name of %s has %zu bytes, %d are allowed: rename it, or move it up",
			path, len, LIMIT_FILE_NAME_LEN_MAX);
	if (name[0] == '.' || strstr(name, "/."))
		return tool_fail(
			TOOL_USAGE,
			"%s cannot be published as \"%s\": that is a path in which a part "
			"begins with a dot, and hidden files are not published; rename it, "
			"or leave it out",
			path, name);
	if (manifest_name_check(bytes_str(name)))
		return tool_fail(
			TOOL_USAGE,
			"the name of %s is not printable UTF-8: others could not read it, so "
			"rename it",
			path);
	return TOOL_DONE;
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

static int files_add_entry(struct files *files, const FTSENT *entry, size_t root_len)
{
	const char *name = entry->fts_path + root_len;

	switch (entry->fts_info) {
	case FTS_D:
	case FTS_DP:
	case FTS_DOT:
		return TOOL_DONE;
	case FTS_F:
		return files_add(files, name + strspn(name, "/"), entry->fts_path,
				 (uint64_t)entry->fts_statp->st_size);
	default:
		return refuse_kind(entry);
	}
}

static int files_add_tree(struct files *files, const char *path)
{
	size_t before = files->count;
	char *root = mem_str(path);
	char *const roots[] = {root, NULL};
	/* The root itself may be a link: it was named. */
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	int code = TOOL_DONE;
	FTSENT *entry;

	if (!fts)
		code = tool_fail(TOOL_FAILED, "cannot read %s: %s", path, strerror(errno));
	while (!code && (errno = 0, entry = fts_read(fts)))
		code = files_add_entry(files, entry, strlen(path));
	if (!code && errno)
		code = tool_fail(TOOL_FAILED, "cannot read %s: %s", path, strerror(errno));
	if (fts)
		fts_close(fts);
	free(root);
	if (!code && files->count == before)
		code = tool_fail(TOOL_FAILED, "the directory %s holds no files: nothing to publish",
				 path);
	return code;
}

static int files_add_path(struct files *files, const char *path)
{
	const char *slash = strrchr(path, '/');
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
	return files_add(files, slash ? slash + 1 : path, path, (uint64_t)st.st_size);
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
	return files_add(files, name, FILES_INPUT, 0);
}

int files_collect(struct files *files, const char *input_name, const char *const *paths,
		  size_t count)
{
	int code = TOOL_DONE;

	*files = (struct files){0};
	for (size_t i = 0; i < count && !code; i++)
		code = strcmp(paths[i], FILES_INPUT) == 0 ? files_add_input(files, input_name)
							  : files_add_path(files, paths[i]);
	if (code)
		return code;
	qsort(files->entries, files->count, sizeof(*files->entries), by_name);
	for (size_t i = 1; i < files->count; i++)
		if (strcmp(files->entries[i - 1].name, files->entries[i].name) == 0)
			return tool_fail(
				TOOL_USAGE,
				"%s and %s would both be called %s: rename one, or publish "
				"the directory above them",
				files->entries[i - 1].path, files->entries[i].path,
				files->entries[i].name);
	return TOOL_DONE;
}

void files_fini(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->entries[i].name);
		free(files->entries[i].path);
	}
	free(files->entries);
	*files = (struct files){0};
}
