/*
 * voids - copies of versions that do not count any more: a right has ended, or who wrote them is
 * out (docs/PROTOCOL.md, section 5.1); and parts of versions that nothing asks for any more.
 *
 * They are kept, as a right may come back and as whoever stays may still take them over. Only where
 * room is needed (hub.headroom, or a fetch waits for some) one is dropped, and only after
 * VOID_HOURS hours in which this node ran and it was void in every one; never at nodes of the
 * organisation that wrote it or in whose namespace it lies. A part that does not grow, of a version
 * that no subscription asks for as the current one, nor a person for a day, goes after PART_HOURS
 * hours, and where room is needed after the first. Once an hour all that is held is looked at, a
 * few rows each turn.
 */
#ifndef ALLMENDE_VOIDS_H
#define ALLMENDE_VOIDS_H

#include "proto/hub/hub.h"

#define VOID_HOURS 720 /* 30 days */
#define PART_HOURS 24

struct voids {
	bool walks;
	int64_t next_ms; /* the next walk begins, by hub.mono_ms */
	struct row_key at;
};

void voids_tick(struct hub *hub, struct txn *txn);
int64_t voids_wake(const struct hub *hub);

#endif
