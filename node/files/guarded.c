#include "node/files/guarded.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/files/folder.h"

/* The owner of a folder that is neither root's nor ours may also own those above it. */
struct foreign {
	bool known;
	uid_t uid;
};

/* Whether nobody else can put another entry in the place of one in this folder. */
static bool is_guarded(const struct stat *st, struct foreign *foreign)
{
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !(st->st_mode & S_ISVTX))
		return false;
	if (st->st_uid == 0 || st->st_uid == geteuid())
		return true;
	if (foreign->known)
		return foreign->uid == st->st_uid;
	*foreign = (struct foreign){true, st->st_uid};
	return true;
}

int guarded_step(int up, const char *name, bool last)
{
	return openat(up, name, (last ? O_RDONLY : O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Why a step failed; name: the part of dir up to it. */
static void step_why(char why[WHY_LEN], int up, const char *part, const char *name)
{
	int failed = errno;
	struct stat st;

	if (fstatat(up, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		snprintf(why, WHY_LEN,
			 "%.300s is a symbolic link, which is not followed here: give the folder "
			 "that it leads to",
			 name);
	else if (failed == ENOENT)
		snprintf(why, WHY_LEN, "%.300s: %s; make the folder first", name, strerror(failed));
	else if (failed == ENOTDIR)
		snprintf(why, WHY_LEN, "%.300s is no folder", name);
	else
		snprintf(why, WHY_LEN, "%.300s: %s", name, strerror(failed));
}

/* One component from up, which is closed. end: where it ends in dir. -1 with a sentence. */
static int one_step(int up, const char *dir, const char *part, size_t end, struct foreign *foreign,
		    char why[WHY_LEN])
{
	char name[FOLDER_DIR_LEN_MAX + 1];
	bool last = strspn(dir + end, "/") == strlen(dir + end);
	struct stat st;
	int fd = -1;

	snprintf(name, sizeof(name), "%.*s", (int)end, dir);
	if (fstat(up, &st))
		snprintf(why, WHY_LEN, "%.300s: %s", name, strerror(errno));
	else if (!is_guarded(&st, foreign))
		snprintf(
			why, WHY_LEN,
			"other users may put something else in the place of %.300s: take the right "
			"to write in the folder above it from them (chmod go-w), or give another",
			name);
	else if ((fd = guarded_step(up, part, last)) < 0)
		step_why(why, up, part, name);
	close(up);
	return fd;
}

int guarded_open(const char *dir, char why[WHY_LEN])
{
	struct foreign foreign = {.known = false};
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t at = 0, len;
	struct stat st;

	for (at = strspn(dir, "/"); fd >= 0 && (len = strcspn(dir + at, "/"));
	     at += len + strspn(dir + at + len, "/")) {
		char part[FOLDER_DIR_LEN_MAX + 1];

		snprintf(part, sizeof(part), "%.*s", (int)len, dir + at);
		fd = one_step(fd, dir, part, at + len, &foreign, why);
	}
	if (fd >= 0 && foreign.known && (fstat(fd, &st) || st.st_uid != foreign.uid)) {
		snprintf(why, WHY_LEN,
			 "a folder above %.200s belongs to user %ld, who may put something else in "
			 "its place: give another",
			 dir, (long)foreign.uid);
		close(fd);
		fd = -1;
	}
	return fd;
}

bool guarded_check(const char *dir, char why[WHY_LEN])
{
	int fd;

	why[0] = 0;
	if (dir[0] != '/') {
		snprintf(why, WHY_LEN,
			 "the folder \"%.200s\" is not absolute: write it from / on, as the daemon "
			 "is somewhere else",
			 dir);
		return false;
	}
	if (strlen(dir) > FOLDER_DIR_LEN_MAX) {
		snprintf(why, WHY_LEN, "the folder's name is longer than %d bytes",
			 FOLDER_DIR_LEN_MAX);
		return false;
	}
	fd = guarded_open(dir, why);
	if (fd < 0)
		return false;
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS))
		snprintf(why, WHY_LEN,
			 "the daemon, which runs as user %ld, cannot write to %.200s: %s",
			 (long)geteuid(), dir, strerror(errno));
	close(fd);
	return !why[0];
}
