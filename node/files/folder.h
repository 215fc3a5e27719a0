/*
 * folder - a version written into a folder, so that nobody ever sees half of it.
 *
 * The files are written into DIR/.allmende-NAME/delivery, reach the disk, and then change places
 * with DIR/PATH in one step; what stood there is removed afterwards. Where the file system allows
 * it the folder stays the same one nevertheless, for who has it open or mounted (folder_swap.c).
 * What a killed process has left behind goes with the next folder_begin().
 *
 * DIR/PATH is replaced only when it is what this node has put there: a digest that the owner keeps
 * says which files, of which size and time. A folder to which somebody has added a file, in which
 * somebody has changed one, or from which somebody has taken one, is left alone. What file managers
 * leave there by themselves (Thumbs.db, .DS_Store) does not count.
 *
 * What takes the place of a folder or a file has its group, modes and ACL (attrs.h); what is new
 * has what the folder above it gives.
 *
 * DIR has a file .allmende-NAME.here from the first version on: a folder in which it is missing is
 * not the one that was given, but the place where a disk is to be mounted, and is not written to.
 *
 * Everything goes by handle, from / down, and no symbolic link is ever followed: whoever may write
 * to DIR can change what stands there, and no more. So nobody else may be able to exchange DIR
 * itself, and what is removed lies in a folder that only this user can enter.
 *
 * Functions run on a worker thread, one after the other. They return false with a sentence in why.
 */
#ifndef ALLMENDE_FOLDER_H
#define ALLMENDE_FOLDER_H

#include <stdbool.h>

#include "crypto/bytes.h"
#include "crypto/hash.h"
#include "crypto/id.h"
#include "crypto/limits.h"

enum {
	FOLDER_DIR_LEN_MAX = 1024,
	FOLDER_MARK_LEN_MAX = 48,
	FOLDER_DEPTH_MAX = LIMIT_FILE_DEPTH_MAX,
};

/* What a folder holds: its files in rising order of name. */
struct folder_sum {
	struct hash hash;
	uint64_t count;
};

struct folder {
	char dir[FOLDER_DIR_LEN_MAX + 1];
	char path[LIMIT_PATH_LEN_MAX + 1];
	char hidden[FOLDER_MARK_LEN_MAX + 16];   /* name of the folder that is this node's alone */
	char sign[FOLDER_MARK_LEN_MAX + 16];     /* name of the file by which DIR is known again */
	int dir_fd, hidden_fd, part_fd, file_fd; /* -1: not open */
	int old_fd;                              /* what stands at the target; -1: nothing */
	bool closed;
	char file[LIMIT_FILE_NAME_LEN_MAX + 1]; /* the one that is open */
	struct folder_sum sum;                  /* of what was written */
	char why[WHY_LEN];
};

/* Where a version goes. */
struct folder_place {
	const char *dir, *path; /* DIR/PATH is the target */
	const char *mark;       /* tells the nodes apart that write below one DIR */
	bool marked;            /* DIR is only the right one when folder_mark() was there */
	bool closed;            /* users outside of group and ACL may not read it */
};

/*
 * files, files_next: what DIR/PATH may hold so that it is replaced (zeros: nothing). Ends with
 * folder_end() in any case.
 */
bool folder_begin(struct folder *folder, const struct folder_place *place,
		  const struct digest *files, const struct digest *files_next);
/* Leaves the mark in DIR; it is on the disk after folder_swap(). */
bool folder_mark(struct folder *folder);
/* Whether so much can be written and some room is left for others. Before each step. */
bool folder_room(struct folder *folder, uint64_t bytes, uint64_t file_count);
/* The next file, in rising order of name; folders on the way are made. */
bool folder_file(struct folder *folder, struct bytes name);
/* The same for a folder in which nothing lies; the name ends in '/'. */
bool folder_empty(struct folder *folder, struct bytes name);
bool folder_write(struct folder *folder, struct bytes bytes);
/* modified_ms 0: now. */
bool folder_file_done(struct folder *folder, int64_t modified_ms);
/* All has reached the disk. files: what was written, never zeros. */
bool folder_sync(struct folder *folder, struct digest *files);
/* Puts it in its place, unless what stands there has changed since; removes what stood there. */
bool folder_swap(struct folder *folder, const struct digest *files,
		 const struct digest *files_next);
/*
 * Whether something stands at DIR/PATH; instead of all of the above. False with why: DIR is not
 * there, or not the one with the mark. Ends with folder_end().
 */
bool folder_stands(struct folder *folder, const struct folder_place *place);

enum folder_left {
	FOLDER_REMOVED, /* nothing stands there (any more), and the disk knows */
	FOLDER_ALTERED, /* it is not as it was written, and stays */
	FOLDER_FAILED,
};
/* Takes away what stands at DIR/PATH, and what a killed process has left; with files and files_next
   zero the latter alone. Instead of all of the above. why is set unless it is removed.
   Ends with folder_end(). */
enum folder_left folder_remove(struct folder *folder, const struct folder_place *place,
			       const struct digest *files, const struct digest *files_next);
/* Closes, and removes what was not put in its place. */
void folder_end(struct folder *folder);

#endif
