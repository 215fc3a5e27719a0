/*
 * doctor: the disk under the data directory, and who may read what lies there.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "crypto/check.h"
#include "store/dir.h"
#include "tools/cmd/doctor.h"
#include "tools/kit/print.h"
#include "tools/kit/text.h"

#define WARN_PERCENT   70
#define REFUSE_PERCENT 85
#define SYNC_ROUNDS    5
#define SYNC_SLOW_MS   100
#define NAMED_MAX      3

/* -- room ----------------------------------------------------------------------------------- */

static void check_room(struct doctor *doctor)
{
	const json_t *store = json_object_get(doctor->status, "store");
	uint64_t free_bytes = 0, total = 0, percent;
	char free_text[TEXT_SHORT_LEN], total_text[TEXT_SHORT_LEN];

	if (dir_space(doctor->tool->dir, &free_bytes, &total) || total < 100) {
		doctor_say(doctor, "disk", DOCTOR_UNKNOWN, "", "its size cannot be found out");
		return;
	}
	percent = store ? field_count(store, "percent") : (total - free_bytes) / (total / 100);
	text_size(free_text, free_bytes);
	text_size(total_text, total);
	doctor_say(doctor, "disk", percent < REFUSE_PERCENT ? DOCTOR_OK : DOCTOR_TODO,
		   percent < REFUSE_PERCENT ? "" : "allmende space",
		   "%s of %s free; disk or size limit %" PRIu64 " %% full%s", free_text, total_text,
		   percent,
		   percent >= REFUSE_PERCENT ? ": make room, or give the node a larger disk"
		   : percent >= WARN_PERCENT ? ": foreign data is refused before it is full"
					     : "");
}

/* -- file system ---------------------------------------------------------------------------- */

static const char *local_name(const char *path)
{
	static const struct {
		uint32_t magic;
		const char *name;
	} known[] = {
		{0xef53, "ext4"},        {0x58465342, "XFS"},   {0x9123683e, "Btrfs"},
		{0x2fc12fc1, "ZFS"},     {0xf2f52010, "F2FS"},  {0x01021994, "tmpfs"},
		{0x794c7630, "overlay"}, {0x858458f6, "ramfs"},
	};
	struct statfs fs;

	if (statfs(path, &fs))
		return "";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((uint32_t)fs.f_type == known[i].magic)
			return known[i].name;
	return "local";
}

static void check_kind(struct doctor *doctor)
{
	const char *dir = doctor->tool->dir, *network = dir_network_name(dir);
	const char *name = local_name(dir);

	if (network)
		doctor_say(doctor, "disk", DOCTOR_TODO, "",
			   "%s is on a %s file system, where the store would be damaged: move the "
			   "node to a local disk",
			   dir, network);
	else if (!strcmp(name, "tmpfs") || !strcmp(name, "ramfs"))
		doctor_say(doctor, "disk", DOCTOR_TODO, "",
			   "%s lies in memory (%s) and is gone with the next start of the machine: "
			   "move the node to a disk",
			   dir, name);
	else
		doctor_say(doctor, "disk", DOCTOR_OK, "", "file system %s", name);
}

/* -- how fast it writes --------------------------------------------------------------------- */

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median of a few writes that have to reach the disk; false: it cannot be written to. */
static bool sync_time(const char *dir, uint64_t *us)
{
	char *name = dir_file(dir, ".doctor-XXXXXX"), block[4096];
	uint64_t times[SYNC_ROUNDS];
	int fd = mkostemp(name, O_CLOEXEC);
	bool written = fd >= 0;

	memset(block, 0x5a, sizeof(block));
	if (fd >= 0)
		unlink(name);
	for (size_t i = 0; i < SYNC_ROUNDS && written; i++) {
		uint64_t start = now_us();

		written = pwrite(fd, block, sizeof(block), (off_t)(i * sizeof(block))) ==
				  (ssize_t)sizeof(block) &&
			  fsync(fd) == 0;
		times[i] = now_us() - start;
	}
	if (fd >= 0)
		close(fd);
	free(name);
	if (!written)
		return false;
	qsort(times, SYNC_ROUNDS, sizeof(times[0]), by_size);
	*us = times[SYNC_ROUNDS / 2];
	return true;
}

static void check_sync(struct doctor *doctor)
{
	uint64_t us;

	if (!sync_time(doctor->tool->dir, &us))
		doctor_say(doctor, "disk", DOCTOR_TODO, "",
			   "%s cannot be written to: look at its owner, and whether it is full or "
			   "mounted read-only",
			   doctor->tool->dir);
	else
		doctor_say(
			doctor, "disk", us > SYNC_SLOW_MS * 1000 ? DOCTOR_TODO : DOCTOR_OK, "",
			"a write reaches the disk in %.2f ms%s", (double)us / 1000.0,
			us > SYNC_SLOW_MS * 1000
				? ", and every step of the node waits for one: a faster disk helps"
				: "");
}

void doctor_disk(struct doctor *doctor)
{
	check_room(doctor);
	check_kind(doctor);
	check_sync(doctor);
}

/* -- who may read it ------------------------------------------------------------------------ */

struct wide { /* what others may read */
	size_t count;
	char names[400];
	bool foreign; /* the directory belongs to somebody else */
};

static void wide_look_at(struct wide *wide, int dir_fd, const char *under, const char *name)
{
	size_t len = strlen(wide->names);
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) || !(st.st_mode & 077))
		return;
	if (wide->count++ < NAMED_MAX && len < sizeof(wide->names) - 1)
		snprintf(wide->names + len, sizeof(wide->names) - len, "%s%s%s (%03o)",
			 len ? ", " : "", under, name, (unsigned)(st.st_mode & 0777));
}

static void wide_look_into(struct wide *wide, const char *path, const char *under)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".."))
			wide_look_at(wide, dirfd(dir), under, entry->d_name);
	if (dir)
		closedir(dir);
}

void doctor_files(struct doctor *doctor)
{
	const char *dir = doctor->tool->dir;
	char *keys = dir_file(dir, "keys"), *quoted = text_shell(dir), *command;
	struct wide wide = {0};
	struct stat st;

	/* root may look at all of them */
	wide.foreign = stat(dir, &st) == 0 && geteuid() != 0 && st.st_uid != geteuid();
	wide_look_into(&wide, dir, "");
	wide_look_into(&wide, keys, "keys/");
	if (asprintf(&command, "chmod -R go-rwx %s", quoted) < 0)
		mem_gone(1, 0);
	if (wide.foreign)
		doctor_say(doctor, "files", DOCTOR_TODO, "",
			   "%s belongs to user %u, and you are user %u: run this and the daemon as "
			   "its owner",
			   dir, (unsigned)st.st_uid, (unsigned)geteuid());
	if (wide.count)
		doctor_say(doctor, "files", DOCTOR_TODO, command, "others may read %s%s",
			   wide.names, wide.count > NAMED_MAX ? ", ..." : "");
	else
		doctor_say(doctor, "files", DOCTOR_OK, "", "only their owner may read them");
	free(command);
	free(quoted);
	free(keys);
}
