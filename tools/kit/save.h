/*
 * save - received files become files in a folder.
 *
 * A file has its name only when it is complete: it is written beside it under a temporary name
 * and renamed. Names come from another organisation, so they are checked again here: relative,
 * no "..", and never through a symbolic link below the folder.
 */
#ifndef ALLMENDE_SAVE_H
#define ALLMENDE_SAVE_H

#include "crypto/bytes.h"
#include "tools/kit/tool.h"

#define SAVE_PART_LEN 32

struct save {
	int dir_fd; /* of the folder the file itself stands in; -1: nothing begun */
	int fd;
	const char *folder, *name; /* borrowed; for sentences */
	char part[SAVE_PART_LEN];  /* temporary name */
	int write_errno;
};

/* All functions print their own complaint.
 *
 * save_begin: folder_fd is the open folder, name a path below it; folders on the way are made. */
int save_begin(struct save *save, int folder_fd, const char *folder, const char *name);
/* False: save_done() says why. */
bool save_write(struct save *save, struct bytes piece);
/* Sets the time (0: leaves it) and gives the file its name. */
int save_done(struct save *save, int64_t modified_ms);
/* Takes away what was begun; harmless after save_done(). */
void save_abort(struct save *save);

#endif
