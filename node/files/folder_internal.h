/*
 * folder_internal - what folder.c and folder_swap.c share.
 */
#ifndef ALLMENDE_FOLDER_INTERNAL_H
#define ALLMENDE_FOLDER_INTERNAL_H

#include "node/files/folder.h"

/* In the folder that is this node's alone. */
#define FOLDER_PART   "delivery" /* what is being written, then what stood at the target before */
#define FOLDER_BEFORE "before"   /* the latter, where two cannot change places in one step */
#define FOLDER_PLACE  "place"    /* the target itself, while a copy of it stands in for it */

/* False, and why. */
__attribute__((format(printf, 2, 3))) bool folder_fail(struct folder *folder, const char *format,
						       ...);
/*
 * Opens the folder above the target; make: makes what is missing. *last is the target's own name.
 * -1 with errno; ENOENT when it is not there.
 */
int folder_parent(const struct folder *folder, bool make, const char **last);
/* Whether an open folder holds one of the two. */
bool folder_holds(int fd, const struct digest *files, const struct digest *files_next);
/* Whether what stands at the target may go. *there: something does. */
bool folder_target(struct folder *folder, int parent_fd, const char *last,
		   const struct digest *files, const struct digest *files_next, bool *there);
/* Goes where nothing stands. False with errno. */
bool folder_put_new(int from_fd, const char *from, int to_fd, const char *to);
/* What is in the hidden folder and not this node's stays there, under another name. */
void folder_keep_hidden(struct folder *folder);

#endif
