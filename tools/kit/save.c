#include "tools/kit/save.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "crypto/random.h"
#include "proto/content/manifest.h"
#include "tools/kit/text.h"

#define COMPONENT_LEN_MAX LIMIT_FILE_PART_LEN_MAX
#define PART_LEN          24
#define PART_START        ".part-"
#define ACL_LEN_MAX       4096

/* Cuts the next component off *rest into out; false at the end. */
static bool part_next(const char **rest, char out[COMPONENT_LEN_MAX + 1])
{
	size_t len = strcspn(*rest, "/");

	if (**rest == '\0')
		return false;
	if (len > COMPONENT_LEN_MAX)
		len = COMPONENT_LEN_MAX;
	memcpy(out, *rest, len);
	out[len] = '\0';
	*rest += len + ((*rest)[len] == '/');
	return true;
}

static void part_name(char out[PART_LEN], uint64_t number)
{
	snprintf(out, PART_LEN, "%" PRIu64, number);
}

static bool name_may_be_saved(const char *name)
{
	return !manifest_name_check(bytes_str(name));
}

static int refuse_step(const struct save *save, const char *part)
{
	if (errno == ELOOP || errno == ENOTDIR || errno == EEXIST)
		return tool_fail(
			TOOL_FAILED,
			"\"%s\" in the way of %s/%s is a symbolic link or a file, no folder: "
			"take it away, give another folder, or say --force if it is a file",
			part, save->folder, save->name);
	return tool_fail(TOOL_FAILED, "cannot make the folder \"%s\" for %s/%s: %s", part,
			 save->folder, save->name, strerror(errno));
}

/* A file that a folder may take the place of: of another version, as a rule. */
static bool is_file(const struct save *save, int up, const char *part)
{
	struct stat st;

	return save->how.force && fstatat(up, part, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode);
}

/* Makes one folder on the way, if it is not there. */
static int step_make(const struct save *save, int up, const char *part)
{
	struct stat st;

	if (is_file(save, up, part))
		unlinkat(up, part, 0);
	if (mkdirat(up, part, save->how.closed ? 0770 : 0777) == 0)
		return TOOL_DONE;
	if (errno == EEXIST && !fstatat(up, part, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode))
		return TOOL_DONE;
	errno = errno == EEXIST ? ENOTDIR : errno;
	return refuse_step(save, part);
}

/*
 * Walks to the folder of the file; the last component is left in part. make: makes what is missing;
 * else dir_fd is -1 when something is.
 */
static int walk(struct save *save, bool make, char part[COMPONENT_LEN_MAX + 1])
{
	const char *rest = save->name;

	save->dir_fd = fcntl(save->folder_fd, F_DUPFD_CLOEXEC, 0);
	if (save->dir_fd < 0)
		return refuse_step(save, ".");
	while (part_next(&rest, part) && *rest) {
		int up = save->dir_fd, failed, code;

		bool gives_way = is_file(save, up, part);

		if (make && (code = step_make(save, up, part)))
			return code;
		save->dir_fd = openat(up, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		failed = errno;
		close(up);
		errno = failed;
		if (save->dir_fd < 0)
			return !make && (gives_way || errno == ENOENT) ? TOOL_DONE
								       : refuse_step(save, part);
	}
	return TOOL_DONE;
}

static int refuse_there(const struct save *save)
{
	return tool_fail(TOOL_FAILED,
			 "%s/%s is there already, and was not written by this command: take it "
			 "away, give another PATH, or say --force to replace it",
			 save->folder, save->name);
}

/* A folder in which nothing lies. */
static bool is_empty(int up, const char *part)
{
	int fd = openat(up, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool empty = dir != NULL;

	while (empty && (entry = readdir(dir)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return empty;
}

/* Something that is in the way: a folder always is, unless it is empty. */
static int refuse_what_is_there(const struct save *save, const char *part)
{
	struct stat st;

	if (fstatat(save->dir_fd, part, &st, AT_SYMLINK_NOFOLLOW))
		return TOOL_DONE;
	if (S_ISDIR(st.st_mode) && save->how.force && is_empty(save->dir_fd, part))
		return TOOL_DONE;
	if (S_ISDIR(st.st_mode))
		return tool_fail(
			TOOL_FAILED,
			"%s/%s is a folder here, and what lies in it is not taken away: do "
			"that, or give another one",
			save->folder, save->name);
	return save->how.force ? TOOL_DONE : refuse_there(save);
}

bool save_is_folder(const char *name)
{
	return *name && name[strlen(name) - 1] == '/';
}

/* Something that is in the way of a folder. */
static int refuse_no_folder(const struct save *save, const char *part)
{
	struct stat st;

	if (fstatat(save->dir_fd, part, &st, AT_SYMLINK_NOFOLLOW) || S_ISDIR(st.st_mode) ||
	    is_file(save, save->dir_fd, part))
		return TOOL_DONE;
	errno = ENOTDIR;
	return refuse_step(save, part);
}

/* What programs read without being told to shall not come among what lies there already. */
static bool is_hidden(const char *name)
{
	return name[0] == '.' || strstr(name, "/.");
}

static int refuse_name(const struct save *save, const char *name)
{
	if (is_hidden(name) && save->shared && !save->how.hidden)
		return tool_fail(
			TOOL_FAILED,
			"the dataset holds a hidden file, %s, and %s holds other files "
			"already: give a new folder, or say --hidden if it is to come there",
			name, save->folder);
	if (name_may_be_saved(name))
		return TOOL_DONE;
	return tool_fail(TOOL_FAILED,
			 "the dataset holds a file called \"%s\", which cannot be saved safely: "
			 "tell its publisher",
			 name);
}

int save_look(const struct save *save, const char *name, bool given)
{
	struct save look = *save;
	char part[COMPONENT_LEN_MAX + 1];
	int code = given ? TOOL_DONE : refuse_name(save, name);

	look.name = name;
	look.dir_fd = -1;
	if (!code)
		code = walk(&look, false, part);
	if (!code && look.dir_fd >= 0 && save_is_folder(name))
		code = refuse_no_folder(&look, part);
	else if (!code && look.dir_fd >= 0)
		code = refuse_what_is_there(&look, part);
	if (look.dir_fd >= 0)
		close(look.dir_fd);
	return code;
}

static int open_folder(const char *path, bool make, bool closed, int *fd)
{
	if (make && mkdir(path, closed ? 0770 : 0777) && errno != EEXIST)
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

/* A folder as save_open() makes them. */
static bool is_leftover(const char *name)
{
	return strncmp(name, PART_START, strlen(PART_START)) == 0 &&
	       strlen(name) == strlen(PART_START) + 16 &&
	       strspn(name + strlen(PART_START), "0123456789abcdef") == 16;
}

/* Of a command that was killed: nobody holds its lock any more. */
static void part_sweep(const struct save *save, const char *name)
{
	int fd = openat(save->folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (fd < 0)
		return;
	if (fstat(fd, &st) || st.st_uid != geteuid() || flock(fd, LOCK_EX | LOCK_NB) ||
	    !(dir = fdopendir(fd))) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(fd, entry->d_name, 0);
	unlinkat(save->folder_fd, name, AT_REMOVEDIR);
	closedir(dir);
}

/* Takes away what was left, and finds out whether anything else lies in the folder. */
static void look_around(struct save *save)
{
	int fd = openat(save->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	save->shared = !dir; /* nobody knows */
	while (dir && (entry = readdir(dir)))
		if (is_leftover(entry->d_name))
			part_sweep(save, entry->d_name);
		else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			save->shared = true;
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

/* Its lock says that it is in use; between making and locking it another command may have taken it
   for one that is left. */
static bool part_open(struct save *save)
{
	struct random random = random_system();
	struct stat st;
	uint64_t number;

	random_fill(&random, &number, sizeof(number));
	snprintf(save->hidden, sizeof(save->hidden), PART_START "%016" PRIx64, number);
	if (mkdirat(save->folder_fd, save->hidden, S_IRWXU))
		return false;
	save->hidden_fd = openat(save->folder_fd, save->hidden,
				 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (save->hidden_fd < 0)
		return false;
	flock(save->hidden_fd, LOCK_EX | LOCK_NB); /* where it cannot be, nobody sweeps either */
	return fstatat(save->folder_fd, save->hidden, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int save_open(struct save *save, const char *folder, const struct save_how *how)
{
	int code;

	*save = (struct save){.folder = folder,
			      .how = *how,
			      .folder_fd = -1,
			      .hidden_fd = -1,
			      .dir_fd = -1,
			      .fd = -1};
	if ((code = open_folder(folder, how->make, how->closed, &save->folder_fd)))
		return code;
	look_around(save);
	if (!part_open(save))
		return tool_fail(TOOL_FAILED, "cannot write into %s: %s", folder, strerror(errno));
	return TOOL_DONE;
}

int save_room(const struct save *save, uint64_t bytes, uint64_t file_count)
{
	char needs[TEXT_SHORT_LEN], has[TEXT_SHORT_LEN];
	struct statvfs disk;

	if (fstatvfs(save->folder_fd, &disk))
		return tool_fail(TOOL_FAILED, "cannot look at %s: %s", save->folder,
				 strerror(errno));
	text_size(needs, bytes);
	text_size(has, (uint64_t)disk.f_bavail * disk.f_frsize);
	if (bytes > (uint64_t)disk.f_bavail * disk.f_frsize)
		return tool_fail(TOOL_FAILED,
				 "%s are to be written, and %s has room for %s: make "
				 "room, or give another PATH",
				 needs, save->folder, has);
	if (disk.f_files && file_count > disk.f_favail)
		return tool_fail(TOOL_FAILED,
				 "%" PRIu64 " files are to be written, and the disk of %s has room "
				 "for %" PRIu64 ": make room, or give another PATH",
				 file_count, save->folder, (uint64_t)disk.f_favail);
	return TOOL_DONE;
}

int save_begin(struct save *save, const char *name, bool given)
{
	char part[PART_LEN];
	int code = save_look(save, name, given);

	save->name = name;
	save->write_errno = 0;
	if (code)
		return code;
	part_name(part, save->count);
	save->fd =
		openat(save->hidden_fd, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       save->how.closed ? 0660 : 0666);
	if (save->fd < 0)
		return tool_fail(TOOL_FAILED, "cannot write into %s: %s", save->folder,
				 strerror(errno));
	return TOOL_DONE;
}

bool save_write(struct save *save, struct bytes piece)
{
	while (piece.len > 0) {
		ssize_t done = write(save->fd, piece.ptr, piece.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			save->write_errno = errno;
			return false;
		}
		piece = bytes_slice(piece, (size_t)done, piece.len);
	}
	return true;
}

static int refuse_write(const struct save *save, int failed)
{
	if (failed == EEXIST)
		return refuse_there(save);
	if (failed == EISDIR)
		return tool_fail(TOOL_FAILED,
				 "%s/%s is a folder here: take it away, or give another one",
				 save->folder, save->name);
	return tool_fail(TOOL_FAILED, "cannot write %s/%s: %s", save->folder, save->name,
			 strerror(failed));
}

bool save_again(struct save *save)
{
	return ftruncate(save->fd, 0) == 0 && lseek(save->fd, 0, SEEK_SET) == 0;
}

int save_done(struct save *save, int64_t modified_ms)
{
	/* the part of a second counts on from it, before 1970 too */
	const int64_t part_ms = (modified_ms % 1000 + 1000) % 1000;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
				    {(modified_ms - part_ms) / 1000, part_ms * 1000000}};

	if (!save->write_errno && modified_ms && futimens(save->fd, times))
		save->write_errno = errno;
	if (close(save->fd) && !save->write_errno)
		save->write_errno = errno;
	save->fd = -1;
	save->count++;
	return save->write_errno ? refuse_write(save, save->write_errno) : TOOL_DONE;
}

int save_sync(struct save *save)
{
	if (syncfs(save->hidden_fd) == 0)
		return TOOL_DONE;
	return tool_fail(TOOL_FAILED, "cannot write into %s: %s", save->folder, strerror(errno));
}

/* What is replaced hands on group, mode and ACL, if it is this user's or root's. */
static void take_over(const struct save *save, const char *part, const char *name)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int old = openat(save->dir_fd, name, flags), new = openat(save->hidden_fd, part, flags);
	char acl[ACL_LEN_MAX];
	struct stat st;

	if (old >= 0 && new >= 0 && fstat(old, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_uid == geteuid() || st.st_uid == 0) && fchown(new, (uid_t)-1, st.st_gid) == 0) {
		ssize_t len = fgetxattr(old, "system.posix_acl_access", acl, sizeof(acl));

		if (len > 0)
			(void)!fsetxattr(new, "system.posix_acl_access", acl, (size_t)len, 0);
		(void)!fchmod(new, st.st_mode & (save->how.closed ? 0770 : 0777));
	}
	if (old >= 0)
		close(old);
	if (new >= 0)
		close(new);
}

/* Without force whatever has come there meanwhile stays, too. */
static int give_name(const struct save *save, const char *part, const char *name)
{
	if (save->how.force) {
		take_over(save, part, name);
		unlinkat(save->dir_fd, name, AT_REMOVEDIR); /* only an empty folder goes */
		return renameat(save->hidden_fd, part, save->dir_fd, name);
	}
	if (renameat2(save->hidden_fd, part, save->dir_fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	/* the file system does not know the flag, and perhaps no links either (SMB) */
	if (linkat(save->hidden_fd, part, save->dir_fd, name, 0) == 0)
		return 0;
	if (errno == EEXIST || faccessat(save->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(save->hidden_fd, part, save->dir_fd, name);
}

/* Where the name leads; dir_fd is to be closed by place_end(). */
static int place_begin(struct save *save, const char *name, char last[COMPONENT_LEN_MAX + 1])
{
	save->name = name;
	return walk(save, true, last);
}

static int place_end(struct save *save, int code)
{
	if (save->dir_fd >= 0)
		close(save->dir_fd);
	save->dir_fd = -1;
	return code;
}

int save_place(struct save *save, const char *name)
{
	char last[COMPONENT_LEN_MAX + 1], part[PART_LEN];
	int code = place_begin(save, name, last);

	part_name(part, save->placed);
	if (!code)
		code = refuse_what_is_there(save, last);
	if (!code && give_name(save, part, last))
		code = refuse_write(save, errno);
	if (!code) {
		unlinkat(save->hidden_fd, part, 0); /* of a link */
		save->placed++;
	}
	return place_end(save, code);
}

int save_place_folder(struct save *save, const char *name)
{
	char last[COMPONENT_LEN_MAX + 1];
	int code = place_begin(save, name, last);

	if (!code)
		code = step_make(save, save->dir_fd, last);
	return place_end(save, code);
}

void save_close(struct save *save)
{
	char part[PART_LEN];

	if (save->fd >= 0)
		close(save->fd);
	if (save->hidden_fd >= 0) {
		for (; save->placed <= save->count; save->placed++) {
			part_name(part, save->placed);
			unlinkat(save->hidden_fd, part, 0);
		}
		close(save->hidden_fd);
		unlinkat(save->folder_fd, save->hidden, AT_REMOVEDIR);
	}
	if (save->folder_fd >= 0)
		close(save->folder_fd);
	save->hidden_fd = save->folder_fd = save->fd = -1;
}
