/*
 * save - received files become files in a folder.
 *
 * A file has its name only when it is complete: it is written in a folder that only this user can
 * enter, and moved. Names come from another organisation, so they are checked again here, and
 * never lead through a symbolic link below the folder. What is there already stays, unless told
 * otherwise.
 */
#ifndef ALLMENDE_SAVE_H
#define ALLMENDE_SAVE_H

#include "crypto/bytes.h"
#include "tools/kit/tool.h"

#define SAVE_HIDDEN_LEN 32

/* One folder that files are written to. */
struct save {
	const char *folder; /* borrowed; for sentences */
	bool force;         /* what is there already is replaced */
	int folder_fd;      /* -1: not open */
	int hidden_fd;
	char hidden[SAVE_HIDDEN_LEN]; /* its name in the folder */
	/* the file that is being written */
	const char *name; /* borrowed */
	int dir_fd;       /* of the folder that it will stand in */
	int fd;           /* -1: none */
	int write_errno;
};

/* All functions print their own complaint. save_close() in any case; make: the folder may be
   made. */
int save_open(struct save *save, const char *folder, bool make, bool force);
/* Whether so much can be written; before the first byte. */
int save_room(const struct save *save, uint64_t bytes, uint64_t file_count);
/* Whether a file of that name, a path below the folder, may be written. Nothing is made. */
int save_look(const struct save *save, const char *name);
/* Begins a file; folders on the way are made. given: the person gave the name. */
int save_begin(struct save *save, const char *name, bool given);
/* False: save_done() says why. */
bool save_write(struct save *save, struct bytes piece);
/* Sets the time (0: leaves it) and gives the file its name. */
int save_done(struct save *save, int64_t modified_ms);
/* Takes away what was begun; harmless after save_done(). */
void save_abort(struct save *save);
void save_close(struct save *save); /* the same for all */

#endif
