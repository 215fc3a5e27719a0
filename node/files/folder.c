#include "node/files/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "node/base/space.h"
#include "node/files/attrs.h"
#include "node/files/folder_internal.h"
#include "node/files/guarded.h"
#include "node/files/tree.h"

#define ENTRY_MODE 0777 /* less the umask, as the administrator has set it */

#define FILE_COST 4096 /* of disk, beside the bytes of a file */

bool folder_fail(struct folder *folder, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(folder->why, sizeof(folder->why), format, args);
	va_end(args);
	return false;
}

static mode_t entry_mode(const struct folder *folder)
{
	return folder->closed ? ENTRY_MODE & ~(mode_t)07 : ENTRY_MODE;
}

bool folder_room(struct folder *folder, uint64_t bytes, uint64_t file_count)
{
	struct statvfs disk;

	if (fstatvfs(folder->dir_fd, &disk))
		return folder_fail(folder, "%.250s: %s", folder->dir, strerror(errno));
	uint64_t block = disk.f_frsize, all = disk.f_blocks * block, left = disk.f_bavail * block;
	uint64_t may = space_disk_left(left, all), need = bytes + file_count * FILE_COST;
	char needs[SPACE_SIZE_LEN], has[SPACE_SIZE_LEN], keeps[SPACE_SIZE_LEN];

	space_size(needs, need);
	space_size(has, left);
	space_size(keeps, left - may);
	if (may < need)
		return folder_fail(
			folder,
			"it needs %s in %.200s, where %s are free and %s of them are left "
			"to others: make room",
			needs, folder->dir, has, keeps);
	if (disk.f_files && disk.f_favail < file_count)
		return folder_fail(folder,
				   "it has %" PRIu64 " files, and the disk of %.200s has room for "
				   "%" PRIu64 ": make room",
				   file_count, folder->dir, (uint64_t)disk.f_favail);
	return true;
}

/* ---- the target ---- */

/*
 * Opens the folder above the target; make: makes what is missing. *last is the target's own name.
 * -1 with errno; ENOENT when it is not there.
 */
int folder_parent(const struct folder *folder, bool make, const char **last)
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

/* Whether an open folder holds one of the two. */
bool folder_holds(int fd, const struct digest *files, const struct digest *files_next)
{
	struct folder_sum sum;
	struct digest found;

	folder_sum_init(&sum);
	if (!tree_sum(fd, &sum))
		return false;
	if (sum.count == 0)
		return true;
	folder_sum_done(&sum, &found);
	return id_eq(&found, files) || id_eq(&found, files_next);
}

/* Whether what stands at the target may go. *there: something does. */
bool folder_target(struct folder *folder, int parent_fd, const char *last,
		   const struct digest *files, const struct digest *files_next, bool *there)
{
	int fd = openat(parent_fd, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool ours;

	*there = fd >= 0;
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return folder_fail(folder,
				   "%.150s/%.200s is no folder and was not put there by this node: "
				   "move it away",
				   folder->dir, folder->path);
	if (fd < 0)
		return folder_fail(folder, "%.150s/%.200s cannot be looked at: %s", folder->dir,
				   folder->path, strerror(errno));
	ours = folder_holds(fd, files, files_next);
	close(fd);
	return ours || folder_fail(folder,
				   "%.150s/%.200s is not as this node has written it (files were "
				   "added, changed or taken away): move it away, and it is written "
				   "anew",
				   folder->dir, folder->path);
}

/* Opens or makes the folder in DIR that nobody else can enter. */
static bool hidden_open(struct folder *folder)
{
	struct stat st;

	if (mkdirat(folder->dir_fd, folder->hidden, S_IRWXU) && errno != EEXIST)
		return folder_fail(folder, "cannot make %.200s/%s: %s", folder->dir, folder->hidden,
				   strerror(errno));
	folder->hidden_fd = guarded_step(folder->dir_fd, folder->hidden, true);
	if (folder->hidden_fd < 0)
		return folder_fail(folder, "cannot open %.200s/%s: %s", folder->dir, folder->hidden,
				   strerror(errno));
	if (!fstat(folder->hidden_fd, &st) && st.st_uid == geteuid() &&
	    !(st.st_mode & (S_IRWXG | S_IRWXO)))
		return true;
	close(folder->hidden_fd);
	folder->hidden_fd = -1;
	return folder_fail(folder,
			   "%.200s/%s was not made by this node, or others may enter it: take it "
			   "away",
			   folder->dir, folder->hidden);
}

static bool hidden_clear(const struct folder *folder)
{
	return tree_remove(folder->hidden_fd, FOLDER_PART) &&
	       tree_remove(folder->hidden_fd, FOLDER_BEFORE) &&
	       tree_remove(folder->hidden_fd, FOLDER_PLACE);
}

/* Whether DIR is the one that was given: an empty mount point has no mark. */
static bool mark_check(struct folder *folder)
{
	struct stat st;

	if (fstatat(folder->dir_fd, folder->sign, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (errno != ENOENT)
		return folder_fail(folder, "%.200s/%s cannot be looked at: %s", folder->dir,
				   folder->sign, strerror(errno));
	return folder_fail(
		folder,
		"the mark %s of this node is not in %.200s: is its disk mounted? If it is "
		"the right folder all the same, give it again (allmende subscribe PATTERN "
		"--to %.200s)",
		folder->sign, folder->dir, folder->dir);
}

/* Opens DIR. */
static bool dir_enter(struct folder *folder, const struct folder_place *place)
{
	*folder = (struct folder){.dir_fd = -1,
				  .hidden_fd = -1,
				  .part_fd = -1,
				  .file_fd = -1,
				  .old_fd = -1,
				  .closed = place->closed};
	snprintf(folder->dir, sizeof(folder->dir), "%s", place->dir);
	snprintf(folder->path, sizeof(folder->path), "%s", place->path);
	snprintf(folder->hidden, sizeof(folder->hidden), ".allmende-%s", place->mark);
	snprintf(folder->sign, sizeof(folder->sign), ".allmende-%s.here", place->mark);
	folder->dir_fd = guarded_open(place->dir, folder->why);
	return folder->dir_fd >= 0 && (!place->marked || mark_check(folder));
}

bool folder_mark(struct folder *folder)
{
	static const char text[] =
		"A node of Allmende writes into this folder, and knows by this file that it is the "
		"right one\nand its disk is mounted. Without it nothing is written here.\n";
	int fd = openat(folder->dir_fd, folder->sign,
			O_WRONLY | O_CREAT | O_NOFOLLOW | O_TRUNC | O_CLOEXEC, ENTRY_MODE & 0666);
	bool ok = fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1;

	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	return ok || folder_fail(folder, "cannot make %.200s/%s: %s", folder->dir, folder->sign,
				 strerror(errno));
}

bool folder_begin(struct folder *folder, const struct folder_place *place,
		  const struct digest *files, const struct digest *files_next)
{
	const char *last, *dir = place->dir, *path = place->path;
	bool there = false, ok;

	if (!dir_enter(folder, place))
		return false;
	folder_sum_init(&folder->sum);
	int parent = folder_parent(folder, false, &last);
	if (parent < 0 && errno != ENOENT)
		return folder_fail(folder, "%.100s/%.200s: %s", dir, path, strerror(errno));
	ok = parent < 0 || folder_target(folder, parent, last, files, files_next, &there);
	if (ok && there)
		folder->old_fd = guarded_step(parent, last, true);
	if (parent >= 0)
		close(parent);
	if (!ok || !hidden_open(folder))
		return false;
	if (!hidden_clear(folder) || mkdirat(folder->hidden_fd, FOLDER_PART, entry_mode(folder)))
		return folder_fail(folder, "cannot clear %.200s/%s: %s", dir, folder->hidden,
				   strerror(errno));
	folder->part_fd = guarded_step(folder->hidden_fd, FOLDER_PART, true);
	if (folder->part_fd < 0)
		return folder_fail(folder, "cannot open %.200s/%s: %s", dir, folder->hidden,
				   strerror(errno));
	if (folder->old_fd >= 0)
		attrs_copy(folder->old_fd, folder->part_fd, folder->closed);
	return true;
}

/* ---- writing ---- */

static bool component_ok(struct bytes part)
{
	return part.len > 0 && part.len <= 255 && !bytes_eq(part, bytes_str(".")) &&
	       !bytes_eq(part, bytes_str("..")) && !memchr(part.ptr, 0, part.len);
}

/* A regular file or a folder in what stands at the target, to look at. -1: none. */
static int old_open(int old_fd, const char *name)
{
	struct stat st;

	if (old_fd < 0 || fstatat(old_fd, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return -1;
	return openat(old_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* One component below up: a folder, which may be there, or the new file. -1 with errno. */
static int component_make(const struct folder *folder, int up, int old, const char *text, bool last,
			  unsigned depth)
{
	mode_t mode = entry_mode(folder);
	bool fresh = true;
	int fd;

	if (last) {
		fd = openat(up, text, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    mode & 0666);
	} else {
		errno = EINVAL;
		if (depth >= FOLDER_DEPTH_MAX)
			return -1;
		fresh = mkdirat(up, text, mode) == 0;
		if (!fresh && errno != EEXIST)
			return -1;
		fd = openat(up, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd >= 0 && fresh && old >= 0)
		attrs_copy(old, fd, folder->closed);
	return fd;
}

/* Opens a new file below part_fd, or the folder that a name with a slash at its end is of. -1 with
   errno. */
static int file_make(const struct folder *folder, struct bytes name)
{
	int fd = fcntl(folder->part_fd, F_DUPFD_CLOEXEC, 0);
	int old = folder->old_fd < 0 ? -1 : fcntl(folder->old_fd, F_DUPFD_CLOEXEC, 0);

	for (unsigned depth = 0; fd >= 0; depth++) {
		const uint8_t *slash = name.len ? memchr(name.ptr, '/', name.len) : NULL;
		struct bytes part = slash ? bytes_slice(name, 0, (size_t)(slash - name.ptr)) : name;
		char text[256];
		int up = fd, old_up = old, keep;

		errno = EINVAL;
		fd = -1;
		snprintf(text, sizeof(text), "%.*s", (int)part.len, (const char *)part.ptr);
		if (component_ok(part)) {
			old = old_open(old_up, text);
			fd = component_make(folder, up, old, text, !slash, depth);
		} else {
			old = -1;
		}
		keep = errno;
		close(up);
		if (old_up >= 0)
			close(old_up);
		errno = keep;
		if (!slash || part.len + 1 == name.len)
			break;
		name = bytes_slice(name, part.len + 1, name.len);
	}
	if (old >= 0) {
		int keep = errno;

		close(old);
		errno = keep;
	}
	return fd;
}

static bool make_fail(struct folder *folder, struct bytes name)
{
	return folder_fail(folder, "cannot make \"%.*s\" in %.150s: %s",
			   (int)(name.len < 100 ? name.len : 100), (const char *)name.ptr,
			   folder->dir, strerror(errno));
}

bool folder_file(struct folder *folder, struct bytes name)
{
	errno = EINVAL;
	if (name.len == 0 || name.ptr[name.len - 1] == '/')
		return make_fail(folder, name);
	folder->file_fd = file_make(folder, name);
	if (folder->file_fd < 0)
		return make_fail(folder, name);
	snprintf(folder->file, sizeof(folder->file), "%.*s", (int)name.len, (const char *)name.ptr);
	return true;
}

bool folder_empty(struct folder *folder, struct bytes name)
{
	int fd = file_make(folder, name);

	if (fd < 0)
		return make_fail(folder, name);
	close(fd);
	return true;
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
	/* the part of a second counts on from it, before 1970 too */
	const int64_t part_ms = (modified_ms % 1000 + 1000) % 1000;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
				    {(modified_ms - part_ms) / 1000, part_ms * 1000000}};
	struct stat st;

	if (!modified_ms)
		clock_gettime(CLOCK_REALTIME, &times[1]);
	futimens(folder->file_fd, times); /* where it cannot be set it is what it is */
	int failed = fstat(folder->file_fd, &st);
	failed = close(folder->file_fd) || failed;
	folder->file_fd = -1;
	if (failed)
		return folder_fail(folder, "cannot write to %.250s: %s", folder->dir,
				   strerror(errno));
	folder_sum_add(&folder->sum, bytes_str(folder->file), &st);
	return true;
}

bool folder_sync(struct folder *folder, struct digest *files)
{
	folder_sum_done(&folder->sum, files);
	return syncfs(folder->part_fd) == 0 ||
	       folder_fail(folder, "cannot write to %.250s: %s", folder->dir, strerror(errno));
}

void folder_end(struct folder *folder)
{
	if (folder->file_fd >= 0)
		close(folder->file_fd);
	if (folder->old_fd >= 0)
		close(folder->old_fd);
	if (folder->part_fd >= 0)
		close(folder->part_fd);
	if (folder->hidden_fd >= 0) {
		hidden_clear(folder);
		close(folder->hidden_fd);
		unlinkat(folder->dir_fd, folder->hidden, AT_REMOVEDIR); /* only when empty */
	}
	if (folder->dir_fd >= 0)
		close(folder->dir_fd);
	folder->dir_fd = folder->hidden_fd = folder->part_fd = -1;
	folder->file_fd = folder->old_fd = -1;
}

bool folder_stands(struct folder *folder, const struct folder_place *place)
{
	const char *last;
	struct stat st;
	int parent;
	bool there;

	if (!dir_enter(folder, place))
		return false;
	parent = folder_parent(folder, false, &last);
	/* What cannot be looked at is said when the next version is to be written. */
	there = parent < 0 ? errno != ENOENT
			   : !fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) || errno != ENOENT;
	if (parent >= 0)
		close(parent);
	return there;
}

/* ---- taking away ---- */

/* Of a job that did not end there may be something left. */
static bool leftover_clear(struct folder *folder)
{
	struct stat st;

	if (fstatat(folder->dir_fd, folder->hidden, &st, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		return true;
	if (!hidden_open(folder))
		return false;
	return (hidden_clear(folder) && syncfs(folder->dir_fd) == 0) ||
	       folder_fail(folder, "cannot clear %.200s/%s: %s", folder->dir, folder->hidden,
			   strerror(errno));
}

/* What stands at the target goes where nobody else reaches it, is looked at once more, and ends. */
static enum folder_left target_remove(struct folder *folder, int parent_fd, const char *last,
				      const struct digest *files, const struct digest *files_next)
{
	enum folder_left left = FOLDER_ALTERED;
	int fd;

	if (folder->hidden_fd < 0 && !hidden_open(folder))
		return FOLDER_FAILED;
	if (!hidden_clear(folder) || renameat(parent_fd, last, folder->hidden_fd, FOLDER_BEFORE)) {
		folder_fail(folder, "%.150s/%.200s cannot be removed: %s", folder->dir,
			    folder->path, strerror(errno));
		return FOLDER_FAILED;
	}
	fd = guarded_step(folder->hidden_fd, FOLDER_BEFORE, true);
	if (fd >= 0 && folder_holds(fd, files, files_next))
		left = tree_remove(folder->hidden_fd, FOLDER_BEFORE) && syncfs(folder->dir_fd) == 0
			       ? FOLDER_REMOVED
			       : FOLDER_FAILED;
	if (left == FOLDER_FAILED)
		folder_fail(folder, "%.150s/%.200s cannot be removed: %s", folder->dir,
			    folder->path, strerror(errno));
	else if (left == FOLDER_ALTERED &&
		 !folder_put_new(folder->hidden_fd, FOLDER_BEFORE, parent_fd, last))
		folder_keep_hidden(folder);
	if (fd >= 0)
		close(fd);
	return left;
}

static enum folder_left altered(struct folder *folder)
{
	folder_fail(folder, "it is not as this node has written it there: files were added, "
			    "changed or taken away");
	return FOLDER_ALTERED;
}

enum folder_left folder_remove(struct folder *folder, const struct folder_place *place,
			       const struct digest *files, const struct digest *files_next)
{
	const struct digest none = {{0}};
	enum folder_left left = FOLDER_FAILED;
	const char *last;
	int parent, fd;

	if (!dir_enter(folder, place) || !leftover_clear(folder))
		return FOLDER_FAILED;
	if (id_eq(files, &none) && id_eq(files_next, &none))
		return FOLDER_REMOVED;
	parent = folder_parent(folder, false, &last);
	if (parent < 0 && errno == ENOENT)
		return FOLDER_REMOVED;
	if (parent < 0 && errno != ENOTDIR && errno != ELOOP) {
		folder_fail(folder, "%.100s/%.200s: %s", folder->dir, folder->path,
			    strerror(errno));
		return FOLDER_FAILED;
	}
	fd = parent < 0 ? -1
			: openat(parent, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		left = folder_holds(fd, files, files_next)
			       ? target_remove(folder, parent, last, files, files_next)
			       : FOLDER_ALTERED;
	else if (parent >= 0 && errno == ENOENT)
		left = FOLDER_REMOVED;
	else if (parent < 0 || errno == ENOTDIR || errno == ELOOP)
		left = FOLDER_ALTERED;
	else
		folder_fail(folder, "%.150s/%.200s cannot be looked at: %s", folder->dir,
			    folder->path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (parent >= 0)
		close(parent);
	return left == FOLDER_ALTERED ? altered(folder) : left;
}
