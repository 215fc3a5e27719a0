/*
 * save - received files become files in a folder.
 *
 * Files are written in a folder that only this user can enter, reach the disk, and are then moved
 * to their names, so that a power loss leaves none that is empty. Names come from another
 * organisation, so they are checked again here, and never lead through a symbolic link below the
 * folder. What is there already stays, unless told otherwise; what is replaced hands on its group,
 * mode and ACL.
 */
#ifndef ALLMENDE_SAVE_H
#define ALLMENDE_SAVE_H

#include "crypto/bytes.h"
#include "tools/kit/tool.h"

#define SAVE_HIDDEN_LEN 32

struct save_how {
	bool make;   /* the folder may be made */
	bool force;  /* what is there already is replaced */
	bool closed; /* not for all users of the machine */
	bool hidden; /* hidden files may come among others that lie there already */
};

/* One folder that files are written to. */
struct save {
	const char *folder; /* borrowed; for sentences */
	struct save_how how;
	bool shared;   /* other files lie there already */
	int folder_fd; /* -1: not open */
	int hidden_fd;
	char hidden[SAVE_HIDDEN_LEN]; /* its name in the folder */
	uint64_t count, placed;       /* files that are complete; that have their names */
	/* the file that is being written, or moved */
	const char *name; /* borrowed */
	int dir_fd;       /* of the folder that it will stand in */
	int fd;           /* -1: none */
	int write_errno;
};

/* All functions print their own complaint. What a killed command has left there is taken away.
   save_close() in any case. */
int save_open(struct save *save, const char *folder, const struct save_how *how);
/* Whether so much can be written; before the first byte. */
int save_room(const struct save *save, uint64_t bytes, uint64_t file_count);
/* Whether a file of that name, a path below the folder, may be written. Nothing is made. given: the
   person gave the name. */
int save_look(const struct save *save, const char *name, bool given);
/* Begins a file. */
int save_begin(struct save *save, const char *name, bool given);
/* False: save_done() says why. */
bool save_write(struct save *save, struct bytes piece);
/* The file begins anew; false: that cannot be. */
bool save_again(struct save *save);
/* Sets the time (0: leaves it). */
int save_done(struct save *save, int64_t modified_ms);
/* What was written, and the names that were given, are on the disk. */
int save_sync(struct save *save);
/* Gives the next file its name, in the order of save_begin(); folders on the way are made. */
int save_place(struct save *save, const char *name);
/* Whether the name is that of a folder in which nothing lies; it is not begun, but placed. */
bool save_is_folder(const char *name);
int save_place_folder(struct save *save, const char *name);
/* Takes away what was begun and has no name. */
void save_close(struct save *save);

#endif
