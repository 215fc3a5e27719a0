/*
 * tree - what lies below a folder, by handle: a digest of its files, or its removal.
 *
 * No symbolic link is followed, nothing on another file system is entered, and nothing deeper than
 * FOLDER_DEPTH_MAX. Worker threads.
 */
#ifndef ALLMENDE_TREE_H
#define ALLMENDE_TREE_H

#include <sys/stat.h>

#include "node/files/folder.h"

/* Thumbs.db, .DS_Store and their like do not count. */
void folder_sum_init(struct folder_sum *sum);
void folder_sum_add(struct folder_sum *sum, struct bytes name, const struct stat *st);
void folder_sum_done(struct folder_sum *sum, struct digest *out); /* never zeros */

/*
 * Adds all files below an open folder. False with errno: it cannot be read, or holds what was never
 * put there (EEXIST): links, pipes, more than LIMIT_FILE_COUNT_MAX files.
 */
bool tree_sum(int fd, struct folder_sum *sum);
/*
 * Gives all files below an open folder a second name below another one, which is empty; folders
 * are made, with the modes that theirs have. False with errno: the file system knows no second
 * names, or something else lies there.
 */
bool tree_link(int from_fd, int to_fd);
/*
 * What lies in two open folders of one file system changes places, entry by entry, each in one
 * step. False with errno: some may have.
 */
bool tree_exchange(int one_fd, int other_fd);
/* Removes the folder `name` in another one, and all below it. False with errno; true also when it
   is not there. */
bool tree_remove(int up_fd, const char *name);

#endif
