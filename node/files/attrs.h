/*
 * attrs - group, modes and ACL of what is replaced go over to what takes its place.
 *
 * By handle, on worker threads. Nothing is taken over from what neither this user nor root owns,
 * and of a file no bit beyond rwx. What cannot be set (no member of the group, no ACL here) stays
 * as it was made.
 */
#ifndef ALLMENDE_ATTRS_H
#define ALLMENDE_ATTRS_H

#include <stdbool.h>

/* From one open file or folder to another of the same kind; closed: others get nothing. */
void attrs_copy(int from_fd, int to_fd, bool closed);

#endif
