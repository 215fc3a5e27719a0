#include "node/files/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/files/attrs.h"
#include "proto/content/litter.h"

/* ---- digests ---- */

void folder_sum_init(struct folder_sum *sum)
{
	hash_init(&sum->hash, "am1.folder", NULL, ID_LEN);
	sum->count = 0;
}

void folder_sum_add(struct folder_sum *sum, struct bytes name, const struct stat *st)
{
	if (litter_is(name))
		return;
	hash_add_be64(&sum->hash, name.len);
	hash_add(&sum->hash, name);
	hash_add_be64(&sum->hash, (uint64_t)st->st_size);
	hash_add_be64(&sum->hash, (uint64_t)st->st_mtim.tv_sec);
	hash_add_be64(&sum->hash, (uint64_t)st->st_mtim.tv_nsec);
	sum->count++;
}

void folder_sum_done(struct folder_sum *sum, struct digest *out)
{
	hash_add_be64(&sum->hash, sum->count);
	hash_done(&sum->hash, out->b, ID_LEN);
}

/* ---- walking ---- */

/* The entries of one folder. */
struct entries {
	struct entry {
		char *name;
		struct stat st;
	} * list;
	size_t count, cap;
};

static void entries_fini(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		free(entries->list[i].name);
	free(entries->list);
}

/* In the order that the paths of files have: a folder counts with the slash behind it. */
static int path_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	const unsigned char *s = (const unsigned char *)x->name;
	const unsigned char *t = (const unsigned char *)y->name;

	while (*s && *s == *t)
		s++, t++;
	int c = *s ? *s : S_ISDIR(x->st.st_mode) ? '/' : 0;
	int d = *t ? *t : S_ISDIR(y->st.st_mode) ? '/' : 0;
	return c - d;
}

static DIR *stream_open(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own >= 0 ? fdopendir(own) : NULL;

	if (own >= 0 && !dir)
		close(own);
	return dir;
}

/* The next entry but . and ..; NULL with errno (0: the end). */
static const char *stream_next(DIR *dir)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	return entry ? entry->d_name : NULL;
}

/* Sorted; no more than max of them, which is EEXIST. */
static bool entries_read(struct entries *entries, int fd, size_t max)
{
	DIR *dir = stream_open(fd);
	const char *name;

	if (!dir)
		return false;
	while ((name = stream_next(dir))) {
		struct stat st;

		errno = EEXIST;
		if (entries->count == max || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
			break;
		entries->list = mem_room(entries->list, entries->count, &entries->cap,
					 sizeof(struct entry));
		entries->list[entries->count++] = (struct entry){mem_str(name), st};
	}
	int failed = errno;

	closedir(dir);
	errno = failed;
	if (!failed && entries->count)
		qsort(entries->list, entries->count, sizeof(struct entry), path_order);
	return !failed;
}

static int down_open(int fd, const char *name)
{
	return openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

struct sum_walk {
	struct folder_sum *sum;
	dev_t device;
	char name[LIMIT_FILE_NAME_LEN_MAX + 1]; /* of what is looked at, below the root */
	size_t len;
};

static bool sum_folder(struct sum_walk *walk, int fd, unsigned depth);

static bool sum_entry(struct sum_walk *walk, int fd, const struct entry *entry, unsigned depth)
{
	size_t before = walk->len, len = strlen(entry->name);
	bool ok = false;

	errno = EEXIST;
	if (before + len + 1 >= sizeof(walk->name) || entry->st.st_dev != walk->device)
		return false;
	memcpy(walk->name + before, entry->name, len);
	walk->len = before + len;
	if (S_ISREG(entry->st.st_mode)) {
		folder_sum_add(walk->sum, bytes_of(walk->name, walk->len), &entry->st);
		ok = true;
	} else if (S_ISDIR(entry->st.st_mode) && depth < FOLDER_DEPTH_MAX) {
		int down = down_open(fd, entry->name);

		walk->name[walk->len++] = '/';
		ok = down >= 0 && sum_folder(walk, down, depth + 1);
		if (down >= 0)
			close(down);
	}
	walk->len = before;
	return ok;
}

static bool sum_folder(struct sum_walk *walk, int fd, unsigned depth)
{
	struct entries entries = {.count = 0};
	bool ok = entries_read(&entries, fd, LIMIT_FILE_COUNT_MAX - walk->sum->count);

	for (size_t i = 0; ok && i < entries.count; i++)
		ok = sum_entry(walk, fd, &entries.list[i], depth);
	int failed = errno;

	entries_fini(&entries);
	errno = failed;
	return ok;
}

bool tree_sum(int fd, struct folder_sum *sum)
{
	struct sum_walk walk = {.sum = sum};
	struct stat st;

	if (fstat(fd, &st))
		return false;
	walk.device = st.st_dev;
	return sum_folder(&walk, fd, 0);
}

/* ---- second names ---- */

static bool link_folder(int from_fd, int to_fd, unsigned depth);

static bool link_entry(int from_fd, int to_fd, const struct entry *entry, unsigned depth)
{
	int from, to;
	bool ok;

	if (S_ISREG(entry->st.st_mode))
		return linkat(from_fd, entry->name, to_fd, entry->name, 0) == 0;
	errno = EEXIST;
	if (!S_ISDIR(entry->st.st_mode) || depth > FOLDER_DEPTH_MAX ||
	    mkdirat(to_fd, entry->name, S_IRWXU))
		return false;
	from = down_open(from_fd, entry->name);
	to = down_open(to_fd, entry->name);
	ok = from >= 0 && to >= 0 && link_folder(from, to, depth + 1);
	if (ok)
		attrs_copy(from, to, false);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return ok;
}

static bool link_folder(int from_fd, int to_fd, unsigned depth)
{
	struct entries entries = {.count = 0};
	bool ok = entries_read(&entries, from_fd, LIMIT_FILE_COUNT_MAX);

	for (size_t i = 0; ok && i < entries.count; i++)
		ok = link_entry(from_fd, to_fd, &entries.list[i], depth);
	int failed = errno;

	entries_fini(&entries);
	errno = failed;
	return ok;
}

bool tree_link(int from_fd, int to_fd)
{
	return link_folder(from_fd, to_fd, 0);
}

/* ---- changing places ---- */

static bool exchange_entry(int one_fd, int other_fd, const char *name)
{
	if (renameat2(one_fd, name, other_fd, name, RENAME_EXCHANGE) == 0)
		return true;
	return errno == ENOENT && renameat2(one_fd, name, other_fd, name, RENAME_NOREPLACE) == 0;
}

bool tree_exchange(int one_fd, int other_fd)
{
	struct entries one = {.count = 0}, other = {.count = 0};
	struct stat st;
	bool ok = entries_read(&one, one_fd, LIMIT_FILE_COUNT_MAX) &&
		  entries_read(&other, other_fd, LIMIT_FILE_COUNT_MAX);

	for (size_t i = 0; ok && i < one.count; i++)
		ok = exchange_entry(one_fd, other_fd, one.list[i].name);
	/* what had its like there has changed places with it */
	for (size_t i = 0; ok && i < other.count; i++) {
		const char *name = other.list[i].name;

		if (fstatat(one_fd, name, &st, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
			ok = exchange_entry(other_fd, one_fd, name);
	}
	int failed = errno;

	entries_fini(&one);
	entries_fini(&other);
	errno = failed;
	return ok;
}

/* ---- removing ---- */

static bool remove_below(int fd, dev_t device, unsigned depth);

static bool remove_entry(int fd, const char *name, dev_t device, unsigned depth)
{
	struct stat st;
	int down;
	bool ok;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(fd, name, 0) == 0;
	errno = EEXIST;
	if (st.st_dev != device || depth > FOLDER_DEPTH_MAX + 1)
		return false;
	if ((st.st_mode & S_IRWXU) != S_IRWXU)
		fchmodat(fd, name, S_IRWXU, AT_SYMLINK_NOFOLLOW); /* else opening it says why */
	down = down_open(fd, name);
	ok = down >= 0 && remove_below(down, device, depth + 1);
	if (down >= 0)
		close(down);
	return ok && unlinkat(fd, name, AT_REMOVEDIR) == 0;
}

static bool remove_below(int fd, dev_t device, unsigned depth)
{
	DIR *dir = stream_open(fd);
	bool ok = dir != NULL;
	const char *name;

	while (ok && (name = stream_next(dir)))
		ok = remove_entry(fd, name, device, depth);
	ok = ok && errno == 0;
	if (dir)
		closedir(dir);
	return ok;
}

bool tree_remove(int up_fd, const char *name)
{
	struct stat st;

	return fstat(up_fd, &st) == 0 && remove_entry(up_fd, name, st.st_dev, 0);
}
