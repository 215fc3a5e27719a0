#include "store/dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "crypto/check.h"

#define FORMAT_KEY "format"     /* in META: STORE_FORMAT, be32 */
#define MARK       "unfinished" /* from its beginning until all is there */

__attribute__((format(printf, 3, 4))) static enum err refuse(char *why, enum err err,
							     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, WHY_LEN, format, args);
	va_end(args);
	return err;
}

static enum err refuse_errno(char *why, const char *what, const char *path)
{
	int code = errno;
	enum err err = code == ENOSPC || code == EDQUOT ? ERR_NOSPACE : ERR_IO;

	return refuse(why, err, "cannot %s %s: %s", what, path, strerror(code));
}

char *dir_file(const char *path, const char *name)
{
	size_t size = strlen(path) + 1 + strlen(name) + 1;
	char *file = mem_new(1, size);

	snprintf(file, size, "%s/%s", path, name);
	return file;
}

/* ERR_ABSENT when it is not there; other errors leave errno. */
static enum err file_find(const char *path, const char *name)
{
	char *file = dir_file(path, name);
	enum err err = ERR_OK;

	if (access(file, F_OK))
		err = errno == ENOENT || errno == ENOTDIR ? ERR_ABSENT : ERR_IO;
	free(file);
	return err;
}

/*
 * LMDB needs a coherent shared map and working locks, which these do not promise. FUSE is among
 * them because sshfs and the like cannot be told from local drivers.
 */
const char *dir_network_name(const char *path)
{
	static const struct {
		uint32_t magic;
		const char *name;
	} refused[] = {
		{0x6969, "NFS"},      {0x517b, "SMB"},        {0xff534d42, "CIFS"},
		{0xfe534d42, "SMB2"}, {0x65735546, "FUSE"},   {0x01021997, "9P"},
		{0x00c36400, "Ceph"}, {0x5346414f, "AFS"},    {0x6b414653, "AFS"},
		{0x73757245, "Coda"}, {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"},
	};
	struct statfs fs;

	if (statfs(path, &fs))
		return NULL;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if ((uint32_t)fs.f_type == refused[i].magic)
			return refused[i].name;
	return NULL;
}

static enum err fs_check(const char *path, char *why)
{
	const char *name = dir_network_name(path);

	if (!name)
		return ERR_OK;
	return refuse(
		why, ERR_CONFIG,
		"%s is on a %s file system, where the store would be damaged sooner or later; "
		"choose a directory on a local disk",
		path, name);
}

static enum err sync_dir(const char *path, char *why)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;
	enum err err = synced ? ERR_OK : refuse_errno(why, "sync", path);

	if (fd >= 0)
		close(fd);
	return err;
}

/* The names in the directory and its own name in its parent. */
static enum err sync_names(const char *path, char *why)
{
	char *parent = dir_file(path, "..");
	enum err err = sync_dir(path, why);

	if (!err)
		err = sync_dir(parent, why);
	free(parent);
	return err;
}

/* What a node's directory has when it is made; dir_remove() takes it away again. */
static const char *const made_names[] = {"data.mdb",        "lock.mdb",   "config", "sheet-written",
					 "sheet-rehearsed", "feed.state", "lock",   MARK};
#define MADE_COUNT (sizeof(made_names) / sizeof(made_names[0]))
#define RESTORING  "restoring" /* a store on its way back from a backup (tools/cmd/backup) */

static bool is_part(const char *name)
{
	for (size_t i = 0; i < MADE_COUNT; i++)
		if (!strcmp(name, made_names[i]))
			return true;
	return !strcmp(name, "keys") || !strcmp(name, RESTORING);
}

/*
 * Refuses a directory with anything in it but what mkfs leaves at a mount point; or, when it is
 * marked, what was made before it was cut short.
 */
static enum err check_empty(const char *path, bool marked, char *why)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	enum err err = ERR_OK;

	if (!dir)
		return refuse_errno(why, "read", path);
	while (!err && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") && strcmp(name, "..") && strcmp(name, "lost+found") &&
		    !(marked && is_part(name)))
			err = refuse(why, ERR_CONFIG,
				     "%s is not empty (it holds %.100s); choose a new directory",
				     path, name);
	}
	closedir(dir);
	return err;
}

static enum err make_parents(const char *path, char *why)
{
	char *parent = mem_str(path);
	enum err err = ERR_OK;

	for (char *p = parent + 1; *p && !err; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(parent, 0700) && errno != EEXIST)
			err = refuse_errno(why, "make", parent);
		*p = '/';
	}
	free(parent);
	return err;
}

static enum err refuse_held(const char *path, char *why)
{
	return refuse(why, ERR_EXISTS,
		      "%s holds a node already; choose another directory, or remove this one if "
		      "the node is not needed",
		      path);
}

/* Makes the directory, or takes over an empty one of ours, or one that was not finished. */
static enum err make_top(const char *path, bool marked, char *why)
{
	enum err err;

	if (!marked && !file_find(path, "data.mdb"))
		return refuse_held(path, why);
	if ((err = make_parents(path, why)))
		return err;
	if (!mkdir(path, 0700))
		return ERR_OK;
	if (errno != EEXIST)
		return refuse_errno(why, "make", path);
	if ((err = check_empty(path, marked, why)))
		return err;
	if (chmod(path, 0700))
		return refuse(
			why, ERR_CONFIG,
			"cannot make %s private (%s); it has to belong to the user of the node",
			path, strerror(errno));
	return ERR_OK;
}

/* *made: nobody has marked it before. */
static enum err make_mark(const char *path, bool *made, char *why)
{
	char *file = dir_file(path, MARK);
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum err err = ERR_OK;

	*made = fd >= 0;
	if (fd < 0 && errno != EEXIST)
		err = refuse_errno(why, "make", file);
	if (fd >= 0)
		close(fd);
	free(file);
	return err;
}

static void remove_mark(const char *path)
{
	char *file = dir_file(path, MARK);

	unlink(file);
	free(file);
}

static enum err make_keys(const char *path, char *why)
{
	char *keys = dir_file(path, "keys");
	enum err err = mkdir(keys, 0700) ? refuse_errno(why, "make", keys) : ERR_OK;

	free(keys);
	return err;
}

static enum err make_store(const char *path, char *why)
{
	struct row_key key = key_name(FORMAT_KEY);
	struct db_options options = {0};
	uint8_t format[4];
	struct txn *txn;
	struct db *db;
	enum err err = db_open(&db, path, &options);

	if (!err) {
		be32_put(format, STORE_FORMAT);
		txn = txn_begin(db, true);
		txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_obj(&format));
		err = txn_commit(txn);
		db_close(db);
	}
	if (err)
		refuse(why, err, "cannot make the store in %s: %s", path, err_text(err));
	return err;
}

/* Unlinks the regular files of a directory that holds nothing else, and it. */
static void remove_inner(const char *path, const char *name)
{
	char *inner = dir_file(path, name);
	DIR *dir = opendir(inner);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(inner);
	free(inner);
}

/* All but the last `kept` names, which are there as long as anything else is. */
static void remove_made(const char *path, size_t kept)
{
	remove_inner(path, "keys");
	remove_inner(path, RESTORING);
	for (size_t i = 0; i + kept < MADE_COUNT; i++) {
		char *file = dir_file(path, made_names[i]);

		unlink(file);
		free(file);
	}
}

void dir_remove(const char *path)
{
	remove_made(path, 0);
	rmdir(path);
}

static enum err refuse_busy(int fd, const char *path, char *why)
{
	char text[24];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	long pid;

	text[len > 0 ? len : 0] = '\0';
	pid = strtol(text, NULL, 10);
	if (pid <= 0)
		return refuse(why, ERR_BUSY, "another process is using %s; stop it first", path);
	return refuse(why, ERR_BUSY, "process %ld is using %s; stop it first", pid, path);
}

/* Takes the lock and leaves our process id in it, for the message above. */
static enum err lock_take(int *out, const char *path, char *why)
{
	char *file = dir_file(path, "lock");
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum err err = ERR_OK;
	struct stat st;
	char pid[24];
	int len = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

	if (fd < 0)
		err = refuse_errno(why, "open", file);
	else if (flock(fd, LOCK_EX | LOCK_NB))
		err = errno == EWOULDBLOCK ? refuse_busy(fd, path, why)
					   : refuse_errno(why, "lock", file);
	else if (fstat(fd, &st) == 0 && st.st_nlink == 0)
		err = refuse(why, ERR_BUSY, "another process has just removed %s; try again", path);
	else if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)len, 0) != len)
		err = refuse_errno(why, "write", file);
	if (err && fd >= 0)
		close(fd);
	free(file);
	if (!err)
		*out = fd;
	return err;
}

static enum err format_read(const char *path, uint32_t *format)
{
	struct row_key key = key_name(FORMAT_KEY);
	struct db_options options = {.read_only = true};
	struct bytes value;
	struct txn *txn;
	struct db *db;
	enum err err = db_open(&db, path, &options);

	if (err)
		return err;
	txn = txn_begin(db, false);
	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &value))
		txn_fail(txn, ERR_CORRUPT);
	else if (value.len != 4)
		txn_fail(txn, ERR_CORRUPT);
	else
		*format = be32_get(value.ptr);
	err = txn_commit(txn);
	db_close(db);
	return err;
}

static enum err format_check(const char *path, char *why)
{
	uint32_t format = 0;
	enum err err = format_read(path, &format);

	if (err == ERR_VERSION)
		return refuse(
			why, err,
			"the store in %s lacks tables that this program needs: another version "
			"made it, or it is no whole copy; use the program that made it, or "
			"`allmende restore` with a copy by `allmende backup`",
			path);
	if (!err && format > STORE_FORMAT)
		return refuse(why, ERR_VERSION,
			      "the store in %s has format %" PRIu32
			      ", this program knows up to %d; "
			      "use the newer program",
			      path, format, STORE_FORMAT);
	/*
	 * There is no converter: what an older store holds was signed under another version of the
	 * protocol, and nobody but its author could sign it again.
	 */
	if (!err && format > 0 && format < STORE_FORMAT)
		return refuse(
			why, ERR_VERSION,
			"the store in %s has format %" PRIu32
			" of an older version, this program knows %d, and nothing converts it: "
			"found the federation anew with an empty directory and publish "
			"again; what is in %s the older program still reads",
			path, format, STORE_FORMAT, path);
	if (err == ERR_CORRUPT || (!err && !format))
		return refuse(
			why, ERR_CORRUPT,
			"the store in %s has no readable format number: it is damaged, or it is no "
			"whole copy, as "
			"of a file that was copied while the node ran; make copies with `allmende "
			"backup` and take them with `allmende restore`; without one the "
			"organisation "
			"comes back by `allmende init --recover`",
			path);
	if (err)
		return refuse(why, err, "cannot open the store in %s: %s", path, err_text(err));
	return ERR_OK;
}

static bool is_marked(const char *path)
{
	return !file_find(path, MARK);
}

/*
 * The mark is made before the lock, so that a directory with anything in it has either a mark or a
 * whole node, wherever a making is cut short. Who finds that another has finished meanwhile takes
 * its own mark away again.
 */
enum err dir_begin(struct dir *dir, const char *path, char *why)
{
	bool made = false;
	int fd = -1;
	enum err err;

	why[0] = '\0';
	if ((err = make_top(path, is_marked(path), why)))
		return err;
	if ((err = fs_check(path, why)) || (err = make_mark(path, &made, why))) {
		rmdir(path);
		return err;
	}
	if ((err = lock_take(&fd, path, why)))
		return err;
	if (!file_find(path, "data.mdb") && (made || !is_marked(path))) {
		if (made)
			remove_mark(path);
		err = refuse_held(path, why);
	} else {
		err = make_mark(path, &made, why);
	}
	if (err) {
		close(fd);
		return err;
	}
	*dir = (struct dir){mem_str(path), fd};
	return ERR_OK;
}

enum err dir_fill(struct dir *dir, char *why)
{
	enum err err;

	remove_made(dir->path, 2);
	if (!(err = make_keys(dir->path, why)) && !(err = make_store(dir->path, why)))
		err = sync_names(dir->path, why);
	return err;
}

enum err dir_finish(struct dir *dir, char *why)
{
	enum err err = sync_names(dir->path, why);

	if (err)
		return err;
	remove_mark(dir->path);
	return sync_dir(dir->path, why);
}

enum err dir_create(const char *path, char *why)
{
	struct dir dir;
	enum err err = dir_begin(&dir, path, why);

	if (err)
		return err;
	if ((err = dir_fill(&dir, why)) || (err = dir_finish(&dir, why)))
		dir_remove(path);
	dir_close(&dir);
	return err;
}

enum dir_state dir_state(const char *path)
{
	return is_marked(path)                    ? DIR_UNFINISHED
	       : file_find(path, "data.mdb") == 0 ? DIR_NODE
						  : DIR_NONE;
}

enum err dir_open(struct dir *dir, const char *path, char *why)
{
	enum err err;
	int fd = -1;

	why[0] = '\0';
	if (is_marked(path))
		return refuse(why, ERR_ABSENT,
			      "%s holds no node: `allmende init` or `allmende "
			      "restore` was cut short there; run it again",
			      path);
	err = file_find(path, "data.mdb");
	if (err == ERR_ABSENT)
		return refuse(why, ERR_ABSENT,
			      "%s is not the directory of a node: make one with `allmende -d %s "
			      "init`, or name another with -d",
			      path, path);
	if (err)
		return refuse_errno(why, "look into", path);
	if ((err = fs_check(path, why)) || (err = lock_take(&fd, path, why)))
		return err;
	if ((err = format_check(path, why))) {
		close(fd);
		return err;
	}
	*dir = (struct dir){mem_str(path), fd};
	return ERR_OK;
}

bool dir_is_held(const char *path)
{
	char *file = dir_file(path, "lock"), line[256], kind[16], text[24] = "";
	FILE *lock = fopen(file, "re"), *locks = fopen("/proc/locks", "re");
	unsigned long inode;
	struct stat st;
	bool held = false;
	long holder;

	if (lock && locks && !fstat(fileno(lock), &st) && fgets(text, sizeof(text), lock))
		while (!held && fgets(line, sizeof(line), locks))
			held = sscanf(line, "%*s %15s %*s %*s %ld %*x:%*x:%lu", kind, &holder,
				      &inode) == 3 &&
			       !strcmp(kind, "FLOCK") && inode == st.st_ino &&
			       holder == strtol(text, NULL, 10);
	if (lock)
		fclose(lock);
	if (locks)
		fclose(locks);
	free(file);
	return held;
}

void dir_close(struct dir *dir)
{
	close(dir->lock_fd);
	free(dir->path);
	*dir = (struct dir){NULL, -1};
}

enum err dir_space(const char *path, uint64_t *free_bytes, uint64_t *total_bytes)
{
	struct statvfs fs;

	if (statvfs(path, &fs))
		return ERR_IO;
	*free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	/* as df counts: what is kept back for root is neither free nor used */
	*total_bytes = (uint64_t)(fs.f_blocks - fs.f_bfree + fs.f_bavail) * fs.f_frsize;
	return ERR_OK;
}
