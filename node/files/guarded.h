/*
 * guarded - folders whose place nobody else can take.
 *
 * A folder is opened by handle, from / down, and no symbolic link is followed; each folder on the
 * way lets none but its owner exchange what is in it, and belongs to root, to this user, or all of
 * them to one other. Worker threads, and the loop for guarded_check().
 */
#ifndef ALLMENDE_GUARDED_H
#define ALLMENDE_GUARDED_H

#include <stdbool.h>

#include "crypto/bytes.h"

/*
 * Whether a folder can be given as DIR: absolute, there, writable for this process, and such that
 * no other user can put another one in its place.
 */
bool guarded_check(const char *dir, char why[WHY_LEN]);
/* The folder, for close(). -1 with a sentence. */
int guarded_open(const char *dir, char why[WHY_LEN]);
/* A folder in an open one; last: it may be read. -1 with errno. */
int guarded_step(int up, const char *name, bool last);

#endif
