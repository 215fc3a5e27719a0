#include "node/files/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"

#define ENTRY_MODE 0777 /* less the umask, as the administrator has set it */

__attribute__((format(printf, 2, 3))) static bool folder_fail(struct folder *folder,
							      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(folder->why, sizeof(folder->why), format, args);
	va_end(args);
	return false;
}

/* ---- names ---- */

void folder_names_add(struct folder_names *names, struct bytes name)
{
	struct digest one;

	hash_once(one.b, "am1.foldername", name);
	for (size_t i = 0; i < ID_LEN; i++)
		names->sum.b[i] ^= one.b[i];
	names->count++;
}

void folder_names_done(const struct folder_names *names, struct digest *out)
{
	struct hash hash;

	hash_init(&hash, "am1.folder", NULL, ID_LEN);
	hash_add_be64(&hash, names->count);
	hash_add(&hash, id_bytes(&names->sum));
	hash_done(&hash, out->b, ID_LEN);
}

/* ---- trees ---- */

/* Calls each with every entry below a folder; children before their folder too. False: it could not
   be read, or each said so. */
static bool tree_walk(const char *root,
		      bool (*each)(void *arg, const FTSENT *entry, size_t root_len), void *arg)
{
	char *paths[] = {(char *)root, NULL};
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *entry;
	bool ok = fts != NULL;

	while (ok && (errno = 0, entry = fts_read(fts)))
		ok = entry->fts_info != FTS_DNR && entry->fts_info != FTS_ERR &&
		     entry->fts_info != FTS_NS && each(arg, entry, strlen(root));
	ok = ok && errno == 0;
	if (fts)
		fts_close(fts);
	return ok;
}

static bool remove_entry(void *arg, const FTSENT *entry, size_t root_len)
{
	if (entry->fts_info == FTS_D)
		return chmod(entry->fts_accpath, 0700) == 0 || errno == EPERM;
	if (entry->fts_info == FTS_DP)
		return rmdir(entry->fts_accpath) == 0;
	return unlink(entry->fts_accpath) == 0;
}

static bool name_entry(void *arg, const FTSENT *entry, size_t root_len)
{
	const char *name = entry->fts_path + root_len;

	if (entry->fts_info == FTS_D || entry->fts_info == FTS_DP)
		return true;
	/* Nothing else was ever put there: a name that no file has. */
	if (entry->fts_info != FTS_F)
		name = "//";
	folder_names_add(arg, bytes_str(name + 1));
	return true;
}

/* ---- checks ---- */

bool folder_check(const char *dir, char why[WHY_LEN])
{
	struct stat st;

	why[0] = 0;
	if (dir[0] != '/')
		snprintf(why, WHY_LEN,
			 "the folder \"%.200s\" is not absolute: write it from / on, as the daemon "
			 "is somewhere else",
			 dir);
	else if (strlen(dir) > FOLDER_DIR_LEN_MAX)
		snprintf(why, WHY_LEN, "the folder's name is longer than %d bytes",
			 FOLDER_DIR_LEN_MAX);
	else if (stat(dir, &st))
		snprintf(why, WHY_LEN, "%.200s: %s; make the folder first", dir, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		snprintf(why, WHY_LEN, "%.200s is no folder", dir);
	else if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS))
		snprintf(why, WHY_LEN,
			 "the daemon, which runs as user %ld, cannot write to %.200s: %s",
			 (long)geteuid(), dir, strerror(errno));
	return !why[0];
}

/* "DIR/NAME" */
static void folder_join(const struct folder *folder, const char *name,
			char out[FOLDER_DIR_LEN_MAX + LIMIT_PATH_LEN_MAX + 2])
{
	snprintf(out, FOLDER_DIR_LEN_MAX + LIMIT_PATH_LEN_MAX + 2, "%s/%s", folder->dir, name);
}

/*
 * Opens the folder above the target; make: makes what is missing. *last is the target's own name.
 * -1 with errno; ENOENT when it is not there.
 */
static int parent_open(const struct folder *folder, bool make, const char **last)
{
	int fd = fcntl(folder->dir_fd, F_DUPFD_CLOEXEC, 0);
	const char *rest = folder->path, *slash;

	while (fd >= 0 && (slash = strchr(rest, '/'))) {
		char name[LIMIT_PATH_COMPONENT_LEN_MAX + 1];
		int up = fd;

		snprintf(name, sizeof(name), "%.*s", (int)(slash - rest), rest);
		rest = slash + 1;
		if (make && mkdirat(up, name, ENTRY_MODE) && errno != EEXIST)
			fd = -1;
		else
			fd = openat(up, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int keep = errno;
		close(up);
		errno = keep;
	}
	*last = rest;
	return fd;
}

/* Whether what stands at the target may go. *there: something does. */
static bool target_check(struct folder *folder, int parent_fd, const char *last,
			 const struct digest *names, const struct digest *names_next, bool *there)
{
	char target[FOLDER_DIR_LEN_MAX + LIMIT_PATH_LEN_MAX + 2];
	struct folder_names found = {.count = 0};
	struct digest digest;
	struct stat st;

	folder_join(folder, folder->path, target);
	*there = fstatat(parent_fd, last, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*there)
		return errno == ENOENT || folder_fail(folder, "%.200s cannot be looked at: %s",
						      target, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return folder_fail(
			folder,
			"%.250s is no folder and was not put there by this node: move it away",
			target);
	if (!tree_walk(target, name_entry, &found))
		return folder_fail(folder, "%.250s cannot be read: %s", target, strerror(errno));
	folder_names_done(&found, &digest);
	if (found.count == 0 || id_eq(&digest, names) || id_eq(&digest, names_next))
		return true;
	return folder_fail(
		folder,
		"%.250s holds files that this node has not put there, or lacks some: move it "
		"away, and it is written anew",
		target);
}

/* ---- writing ---- */

static bool remove_tree(struct folder *folder, const char *name)
{
	char path[FOLDER_DIR_LEN_MAX + LIMIT_PATH_LEN_MAX + 2];
	struct stat st;

	if (fstatat(folder->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT;
	folder_join(folder, name, path);
	return tree_walk(path, remove_entry, NULL);
}

bool folder_begin(struct folder *folder, const char *dir, const char *path, const char *mark,
		  const struct digest *names, const struct digest *names_next)
{
	const char *last;
	bool there = false, ok;

	*folder = (struct folder){.dir_fd = -1, .part_fd = -1, .file_fd = -1};
	snprintf(folder->dir, sizeof(folder->dir), "%s", dir);
	snprintf(folder->path, sizeof(folder->path), "%s", path);
	snprintf(folder->part, sizeof(folder->part), ".allmende-%s", mark);
	folder->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->dir_fd < 0)
		return folder_fail(folder, "%.250s: %s", dir, strerror(errno));
	int parent = parent_open(folder, false, &last);
	if (parent < 0 && errno != ENOENT)
		return folder_fail(folder, "%.100s/%.200s: %s", dir, path, strerror(errno));
	ok = parent < 0 || target_check(folder, parent, last, names, names_next, &there);
	if (parent >= 0)
		close(parent);
	if (!ok)
		return false;
	if (!remove_tree(folder, folder->part) || mkdirat(folder->dir_fd, folder->part, ENTRY_MODE))
		return folder_fail(folder, "cannot make %.200s/%s: %s", dir, folder->part,
				   strerror(errno));
	folder->part_fd = openat(folder->dir_fd, folder->part,
				 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return folder->part_fd >= 0 ||
	       folder_fail(folder, "cannot open %.200s/%s: %s", dir, folder->part, strerror(errno));
}

static bool component_ok(struct bytes part)
{
	return part.len > 0 && part.len <= 255 && !bytes_eq(part, bytes_str(".")) &&
	       !bytes_eq(part, bytes_str("..")) && !memchr(part.ptr, 0, part.len);
}

/* Opens a new file below part_fd. -1 with errno. */
static int file_make(int part_fd, struct bytes name)
{
	int fd = fcntl(part_fd, F_DUPFD_CLOEXEC, 0);

	while (fd >= 0) {
		const uint8_t *slash = name.len ? memchr(name.ptr, '/', name.len) : NULL;
		struct bytes part = slash ? bytes_slice(name, 0, (size_t)(slash - name.ptr)) : name;
		char text[256];
		int up = fd, keep;

		errno = EINVAL;
		fd = -1;
		snprintf(text, sizeof(text), "%.*s", (int)part.len, (const char *)part.ptr);
		if (component_ok(part) && !slash)
			fd = openat(up, text, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				    ENTRY_MODE & 0666);
		else if (component_ok(part) &&
			 (mkdirat(up, text, ENTRY_MODE) == 0 || errno == EEXIST))
			fd = openat(up, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		keep = errno;
		close(up);
		errno = keep;
		if (!slash)
			break;
		name = bytes_slice(name, part.len + 1, name.len);
	}
	return fd;
}

bool folder_file(struct folder *folder, struct bytes name)
{
	folder->file_fd = file_make(folder->part_fd, name);
	if (folder->file_fd >= 0)
		return true;
	return folder_fail(folder, "cannot make the file \"%.*s\" in %.150s: %s",
			   (int)(name.len < 100 ? name.len : 100), (const char *)name.ptr,
			   folder->dir, strerror(errno));
}

bool folder_write(struct folder *folder, struct bytes bytes)
{
	while (bytes.len > 0) {
		ssize_t got = write(folder->file_fd, bytes.ptr, bytes.len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return folder_fail(folder, "cannot write to %.250s: %s", folder->dir,
					   strerror(errno));
		bytes = bytes_slice(bytes, (size_t)got, bytes.len);
	}
	return true;
}

bool folder_file_done(struct folder *folder, int64_t modified_ms)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
				    {modified_ms / 1000, modified_ms % 1000 * 1000000}};

	if (modified_ms > 0)
		futimens(folder->file_fd, times); /* nobody needs it */
	int failed = close(folder->file_fd);
	folder->file_fd = -1;
	return !failed ||
	       folder_fail(folder, "cannot write to %.250s: %s", folder->dir, strerror(errno));
}

bool folder_sync(struct folder *folder)
{
	return syncfs(folder->part_fd) == 0 ||
	       folder_fail(folder, "cannot write to %.250s: %s", folder->dir, strerror(errno));
}

/* What stands there and what was written change places; where the file system cannot do that in one
   step, in two. */
static bool exchange(struct folder *folder, int parent_fd, const char *last)
{
	char old[FOLDER_MARK_LEN_MAX + 24];

	if (renameat2(folder->dir_fd, folder->part, parent_fd, last, RENAME_EXCHANGE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	snprintf(old, sizeof(old), "%s-old", folder->part);
	return remove_tree(folder, old) && renameat(parent_fd, last, folder->dir_fd, old) == 0 &&
	       renameat(folder->dir_fd, folder->part, parent_fd, last) == 0 &&
	       renameat(folder->dir_fd, old, folder->dir_fd, folder->part) == 0;
}

bool folder_swap(struct folder *folder, const struct digest *names, const struct digest *names_next)
{
	const char *last;
	bool there, ok;
	int parent = parent_open(folder, true, &last);

	if (parent < 0)
		return folder_fail(folder, "cannot make %.100s/%.200s: %s", folder->dir,
				   folder->path, strerror(errno));
	ok = target_check(folder, parent, last, names, names_next, &there);
	if (ok) {
		ok = there ? exchange(folder, parent, last)
			   : renameat2(folder->dir_fd, folder->part, parent, last,
				       RENAME_NOREPLACE) == 0;
		if (ok && syncfs(folder->dir_fd)) /* the folders above it may be new, too */
			ok = false;
		if (!ok)
			folder_fail(folder, "cannot put %.200s in its place in %.150s: %s",
				    folder->path, folder->dir, strerror(errno));
	}
	close(parent);
	return ok;
}

void folder_end(struct folder *folder)
{
	if (folder->file_fd >= 0)
		close(folder->file_fd);
	if (folder->part_fd >= 0)
		close(folder->part_fd);
	if (folder->dir_fd >= 0) {
		remove_tree(folder, folder->part);
		close(folder->dir_fd);
	}
	folder->dir_fd = folder->part_fd = folder->file_fd = -1;
}
