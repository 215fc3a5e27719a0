/*
 * dir - the data directory of a node: creation, lock, format number, local file system.
 *
 *	DIR/unfinished    from the beginning of `init` or `restore` until all is there
 *	DIR/lock          held (flock) by the one process that writes
 *	DIR/data.mdb      the store (and LMDB's lock.mdb)
 *	DIR/keys/         sealed key files (keyfile.h), 0700
 *	DIR/config        settings, "name = value" a line (node/base/config)
 *	DIR/sheet-written the date of the last recovery sheet (tools/kit/sheet)
 *	DIR/sheet-rehearsed when it was tried last whether it would suffice
 *	DIR/feed.state    what the catalogue for portals had when it was last handed out
 *	                  (node/portal/feed_guard)
 *	DIR/derived/      what can be made anew from the store (node/index, node/portal)
 *	DIR/control.sock  the control interface while the daemon runs
 */
#ifndef ALLMENDE_DIR_H
#define ALLMENDE_DIR_H

#include "crypto/bytes.h"
#include "store/db.h"

struct dir {
	char *path; /* owned */
	int lock_fd;
};

/*
 * Each function writes one sentence for a person into why (WHY_LEN bytes): what was wrong, the
 * value seen, what to do next. `why` is empty on success.
 *
 * dir_begin: makes the directory (0700, and missing ones above it) or takes over an empty one,
 * marks it as unfinished and takes the lock. One that was marked before, as its maker was killed,
 * is taken over with what is in it. ERR_EXISTS when it holds a node already; ERR_CONFIG when it is
 * not empty or on a network file system (NFS, SMB, FUSE, 9P, ...: LMDB needs a coherent shared map
 * and locks); ERR_BUSY: somebody else makes it; ERR_NOSPACE; ERR_IO.
 * dir_fill: removes what another has left, makes an empty keys/ and a store with the format number.
 * dir_finish: all is there and synced; from now on it is a node's directory.
 * Between them the caller may do what it likes; when that fails: dir_remove(), then dir_close().
 */
enum err dir_begin(struct dir *dir, const char *path, char *why);
enum err dir_fill(struct dir *dir, char *why);
enum err dir_finish(struct dir *dir, char *why);
/* All three. */
enum err dir_create(const char *path, char *why);
/* Removes what was made, key files and config; for an initialisation that failed half way.
   Nobody else may have it open. */
void dir_remove(const char *path);
/* What there is, as far as names say. */
enum dir_state { DIR_NONE, DIR_UNFINISHED, DIR_NODE };
enum dir_state dir_state(const char *path);
/*
 * Takes the lock and checks the format. ERR_ABSENT: no node here, or it was
 * not finished. ERR_BUSY: another process has the
 * lock (why names its process id). ERR_VERSION: the format is newer or older than this program's.
 * ERR_CORRUPT: no readable format number. ERR_CONFIG: a network file system. ERR_NOSPACE, ERR_IO.
 */
enum err dir_open(struct dir *dir, const char *path, char *why);
void dir_close(struct dir *dir);
/* Whether some process holds the lock, without touching it: who tried it would be in the way of one
   that is just starting. */
bool dir_is_held(const char *path);
/* DIR/name, to be freed by the caller. */
char *dir_file(const char *path, const char *name);
/*
 * The name of the network file system that a path is on, "NFS"; NULL: it is on none of those known.
 */
const char *dir_network_name(const char *path);
/*
 * Free bytes of the file system, and all that may be used there, both without what is kept back for
 * root.
 */
enum err dir_space(const char *path, uint64_t *free_bytes, uint64_t *total_bytes);

#endif
