#include "node/derive/derived.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "node/base/space.h"
#include "store/dir.h"

#define USED_S       60 /* how exactly it is known when a file was used */
#define FILE_MAX     20000
#define PATH_FILE    "path" /* which dataset it is, for the review */
#define NAME_LEN     (32 + 1 + 32 + 1 + 16)
#define RECORD_LEN   32 /* digits of it in a name */
#define FOLDER_LEN   (2 * ID_LEN)
#define DROP_PERCENT 90 /* when it is too full, until it is so full */

struct derived {
	char *root; /* DIR/derived/files */
	char *temp; /* root/new */
	uint64_t bytes_max;
	pthread_mutex_t lock;
	uint64_t bytes; /* about; counted anew with each review */
	uint64_t number;
};

static void folders_make(const struct derived *derived)
{
	char *parent = mem_str(derived->root);

	*strrchr(parent, '/') = 0;
	mkdir(parent, 0700);
	mkdir(derived->root, 0700);
	mkdir(derived->temp, 0700);
	free(parent);
}

struct derived *derived_open(const char *dir, uint64_t bytes_max)
{
	struct derived *derived = mem_new(1, sizeof(*derived));

	derived->root = dir_file(dir, "derived/files");
	derived->temp = dir_file(derived->root, "new");
	derived->bytes_max = bytes_max;
	check(pthread_mutex_init(&derived->lock, NULL) == 0);
	folders_make(derived);
	return derived;
}

void derived_close(struct derived *derived)
{
	pthread_mutex_destroy(&derived->lock);
	free(derived->root);
	free(derived->temp);
	free(derived);
}

const char *derived_temp(const struct derived *derived)
{
	return derived->temp;
}

static void folder_name(char out[FOLDER_LEN + 1], const struct dataset_id *dataset)
{
	hex_put(out, id_bytes(dataset));
	out[FOLDER_LEN] = 0;
}

/* Once; who cannot read it later drops the folder. */
static void path_write(const char *folder, const char *path)
{
	size_t len = strlen(folder) + sizeof("/" PATH_FILE);
	char *file = mem_new(1, len);
	int fd;

	snprintf(file, len, "%s/" PATH_FILE, folder);
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	free(file);
	if (fd < 0)
		return;
	/* when the disk is full it stays empty, which says nothing */
	(void)!write(fd, path, strlen(path));
	close(fd);
}

/* ROOT/DATASET/RECORD-NAME.ENDING, half of the digits each; to be freed. */
static char *key_path(const struct derived *derived, const struct derived_key *key, bool make)
{
	char folder[FOLDER_LEN + 1], record[2 * ID_LEN + 1], name[2 * ID_LEN + 1];
	size_t len = strlen(derived->root) + FOLDER_LEN + NAME_LEN + 8;
	char *path = mem_new(1, len);
	struct digest digest;

	hash_plain(digest.b, key->name);
	folder_name(folder, key->dataset);
	hex_put(record, id_bytes(key->record));
	hex_put(name, id_bytes(&digest));
	snprintf(path, len, "%s/%s", derived->root, folder);
	if (make) {
		mkdir(path, 0700);
		path_write(path, key->path);
	}
	snprintf(path, len, "%s/%s/%.32s-%.32s.%.16s", derived->root, folder, record, name,
		 key->ending);
	return path;
}

int derived_get(struct derived *derived, const struct derived_key *key, uint64_t *len)
{
	char *path = key_path(derived, key, false);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat stat;
	time_t now = time(NULL);

	free(path);
	if (fd < 0)
		return -1;
	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode)) {
		close(fd);
		return -1;
	}
	*len = (uint64_t)stat.st_size;
	if (stat.st_mtime + USED_S < now || stat.st_mtime > now)
		futimens(fd, NULL); /* used now; who may not say so reads it all the same */
	return fd;
}

static bool derived_fits(const struct derived *derived, uint64_t bytes)
{
	struct statvfs disk;

	if (statvfs(derived->temp, &disk))
		return false;
	return bytes <= space_disk_left((uint64_t)disk.f_bavail * disk.f_frsize,
					(uint64_t)disk.f_blocks * disk.f_frsize);
}

enum err derived_begin(struct derived *derived, uint64_t bytes, struct derived_new *out)
{
	size_t len = strlen(derived->temp) + 32;
	uint64_t number;

	pthread_mutex_lock(&derived->lock);
	number = derived->number++;
	pthread_mutex_unlock(&derived->lock);
	folders_make(derived);
	if (bytes > derived->bytes_max || !derived_fits(derived, bytes))
		return ERR_NOSPACE;
	out->path = mem_new(1, len);
	snprintf(out->path, len, "%s/%llu", derived->temp, (unsigned long long)number);
	unlink(out->path);
	out->fd = open(out->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out->fd >= 0)
		return ERR_OK;
	free(out->path);
	return errno == ENOSPC ? ERR_NOSPACE : ERR_IO;
}

void derived_give_up(struct derived_new *made)
{
	unlink(made->path);
	close(made->fd);
	free(made->path);
}

/* When it is too full */

struct derived_file {
	char path[FOLDER_LEN + 1 + NAME_LEN + 1];
	time_t used;
	uint64_t bytes;
};

struct derived_list {
	struct derived_file *files;
	size_t count, cap;
	uint64_t bytes;
};

static int by_use(const void *a, const void *b)
{
	const struct derived_file *x = a, *y = b;

	return (x->used > y->used) - (x->used < y->used);
}

static DIR *folder_open(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);

	if (!folder && fd >= 0)
		close(fd);
	return folder;
}

static bool is_derived(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, PATH_FILE) != 0;
}

static void folder_list(int root, const char *name, struct derived_list *list)
{
	DIR *folder = folder_open(root, name);
	struct dirent *entry;
	struct stat stat;

	while (folder && list->count < FILE_MAX && (entry = readdir(folder))) {
		struct derived_file *file;

		if (!is_derived(entry) || strlen(entry->d_name) > NAME_LEN ||
		    fstatat(dirfd(folder), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW))
			continue;
		list->files = mem_room(list->files, list->count, &list->cap, sizeof(*list->files));
		file = &list->files[list->count++];
		snprintf(file->path, sizeof(file->path), "%.*s/%.*s", FOLDER_LEN, name, NAME_LEN,
			 entry->d_name);
		file->used = stat.st_mtime;
		file->bytes = (uint64_t)stat.st_size;
		list->bytes += file->bytes;
	}
	if (folder)
		closedir(folder);
}

static bool is_folder_name(const char *name)
{
	uint8_t id[ID_LEN];

	return !hex_get(id, sizeof(id), name);
}

static void made_list(const struct derived *derived, struct derived_list *list)
{
	DIR *root = folder_open(AT_FDCWD, derived->root);
	struct dirent *entry;

	while (root && (entry = readdir(root)))
		if (is_folder_name(entry->d_name))
			folder_list(dirfd(root), entry->d_name, list);
	if (root)
		closedir(root);
}

/* Counts what is there, and drops what was used longest ago when it is too much. */
static void derived_trim(struct derived *derived)
{
	struct derived_list list = {0};
	uint64_t room = derived->bytes_max / 100 * DROP_PERCENT;
	int root = open(derived->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	made_list(derived, &list);
	if (list.count)
		qsort(list.files, list.count, sizeof(*list.files), by_use);
	if (list.bytes > derived->bytes_max || list.count == FILE_MAX)
		for (size_t i = 0; i < list.count; i++) {
			if (list.bytes <= room && list.count - i < FILE_MAX / 100 * DROP_PERCENT)
				break;
			if (unlinkat(root, list.files[i].path, 0) == 0)
				list.bytes -= list.files[i].bytes;
		}
	if (root >= 0)
		close(root);
	free(list.files);
	pthread_mutex_lock(&derived->lock);
	derived->bytes = list.bytes;
	pthread_mutex_unlock(&derived->lock);
}

enum err derived_put(struct derived *derived, struct derived_new *made,
		     const struct derived_key *key)
{
	char *path = key_path(derived, key, true);
	struct stat stat = {0};
	bool moved = !fstat(made->fd, &stat) && !rename(made->path, path), full;

	if (moved) {
		close(made->fd);
		free(made->path);
	} else {
		derived_give_up(made);
	}
	free(path);
	if (!moved)
		return ERR_IO;
	pthread_mutex_lock(&derived->lock);
	derived->bytes += (uint64_t)stat.st_size;
	full = derived->bytes > derived->bytes_max;
	pthread_mutex_unlock(&derived->lock);
	if (full)
		derived_trim(derived);
	return ERR_OK;
}

/* What is to go */

/* All files, or but those of one record, with which their names begin. */
static void folder_clear(int root, const char *name, const char *but)
{
	DIR *folder = folder_open(root, name);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (is_derived(entry) && (!but || strncmp(entry->d_name, but, RECORD_LEN) != 0))
			unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder && !but)
		unlinkat(dirfd(folder), PATH_FILE, 0);
	if (folder)
		closedir(folder);
	if (!but)
		unlinkat(root, name, AT_REMOVEDIR);
}

void derived_drop(struct derived *derived, const struct dataset_id *dataset)
{
	char name[FOLDER_LEN + 1];
	int root = open(derived->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	folder_name(name, dataset);
	if (root >= 0) {
		folder_clear(root, name, NULL);
		close(root);
	}
}

/* False: it cannot be told. */
static bool path_read(int root, const char *name, char path[LIMIT_PATH_LEN_MAX + 1])
{
	char file[FOLDER_LEN + sizeof("/" PATH_FILE)];
	ssize_t len;
	int fd;

	snprintf(file, sizeof(file), "%.*s/" PATH_FILE, FOLDER_LEN, name);
	fd = openat(root, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	len = fd < 0 ? -1 : read(fd, path, LIMIT_PATH_LEN_MAX);
	if (fd >= 0)
		close(fd);
	path[len > 0 ? len : 0] = 0;
	return len > 0;
}

void derived_review(struct derived *derived,
		    bool (*current)(void *arg, const char *path, const struct dataset_id *dataset,
				    struct record_id *record),
		    void *arg)
{
	DIR *root = folder_open(AT_FDCWD, derived->root);
	char path[LIMIT_PATH_LEN_MAX + 1], stays[2 * ID_LEN + 1];
	struct dataset_id dataset;
	struct record_id record;
	struct dirent *entry;

	while (root && (entry = readdir(root))) {
		if (!is_derived(entry))
			continue;
		if (!hex_get(dataset.b, ID_LEN, entry->d_name) &&
		    path_read(dirfd(root), entry->d_name, path) &&
		    current(arg, path, &dataset, &record)) {
			hex_put(stays, id_bytes(&record));
			folder_clear(dirfd(root), entry->d_name, stays);
		} else {
			folder_clear(dirfd(root), entry->d_name, NULL);
		}
	}
	if (root)
		closedir(root);
	folders_make(derived);
	derived_trim(derived);
}
