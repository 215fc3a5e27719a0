/*
 * folder - a version written into a folder, so that nobody ever sees half of it.
 *
 * The files are written into DIR/.allmende-NAME, reach the disk, and then change places with
 * DIR/PATH in one step; what stood there is removed afterwards. What a killed process has left
 * behind goes with the next folder_begin().
 *
 * DIR/PATH is replaced only when it is what this node has put there: its files are named in digests
 * that the owner keeps. A folder to which somebody has added a file, or from which somebody has
 * taken one, is left alone. Names cannot lead out of DIR/PATH, and no symbolic link below DIR is
 * followed.
 *
 * Functions run on a worker thread, one after the other. They return false with a sentence in why.
 */
#ifndef ALLMENDE_FOLDER_H
#define ALLMENDE_FOLDER_H

#include <stdbool.h>

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/limits.h"

enum { FOLDER_DIR_LEN_MAX = 1024, FOLDER_MARK_LEN_MAX = 48 };

/* What a folder holds, by the names of its files; in any order. */
struct folder_names {
	struct digest sum; /* zeros: none was added yet */
	uint64_t count;
};
void folder_names_add(struct folder_names *names, struct bytes name);
/* Never zeros. */
void folder_names_done(const struct folder_names *names, struct digest *out);

struct folder {
	char dir[FOLDER_DIR_LEN_MAX + 1];
	char path[LIMIT_PATH_LEN_MAX + 1];
	char part[FOLDER_MARK_LEN_MAX + 16]; /* name of the folder being written, in dir */
	int dir_fd, part_fd, file_fd;        /* -1: not open */
	char why[WHY_LEN];
};

/* Whether a folder can be given as DIR: absolute, there, and writable for this process. */
bool folder_check(const char *dir, char why[WHY_LEN]);

/*
 * mark: tells the nodes apart that write below one DIR. names, names_next: what DIR/PATH may hold
 * so that it is replaced (zeros: nothing). Ends with folder_end() in any case.
 */
bool folder_begin(struct folder *folder, const char *dir, const char *path, const char *mark,
		  const struct digest *names, const struct digest *names_next);
/* The next file; folders on the way are made. */
bool folder_file(struct folder *folder, struct bytes name);
bool folder_write(struct folder *folder, struct bytes bytes);
/* modified_ms 0: now. */
bool folder_file_done(struct folder *folder, int64_t modified_ms);
/* All has reached the disk. */
bool folder_sync(struct folder *folder);
/* Puts it in its place, unless what stands there has changed since; removes what stood there. */
bool folder_swap(struct folder *folder, const struct digest *names,
		 const struct digest *names_next);
/* Closes, and removes what was not put in its place. */
void folder_end(struct folder *folder);

#endif
