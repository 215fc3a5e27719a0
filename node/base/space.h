/*
 * space - how much room the store has: on its disk and under its own size limit.
 *
 * From SPACE_WARN_PERCENT on people are told; from SPACE_REFUSE_PERCENT on foreign versions and
 * chunks are refused, from SPACE_RIGHTS_PERCENT on everything foreign that grows, and what is left
 * serves own data (proto/ledger/room.h). On a large disk the last percents are a lot: while
 * SPACE_PLENTY_BYTES are free there, nothing is refused; the last SPACE_DISK_PERCENT of a disk, or
 * a part of SPACE_PLENTY_BYTES, are nobody's. Pages of the file that are free count as room.
 * Folders of `subscribe --to` are written by the same rule, on whichever disk they lie.
 */
#ifndef ALLMENDE_SPACE_H
#define ALLMENDE_SPACE_H

#include "proto/core/core.h"
#include "store/db.h"

#define SPACE_WARN_PERCENT   70
#define SPACE_REFUSE_PERCENT 85
#define SPACE_RIGHTS_PERCENT 95
#define SPACE_DISK_PERCENT   99
#define SPACE_PLENTY_BYTES   (UINT64_C(8) << 30)
#define SPACE_SIZE_LEN       32

struct space { /* all in bytes */
	uint64_t store_used, store_file;
	uint64_t store_limit; /* 0: none but the disk */
	uint64_t disk_free, disk_total;
};

/* Any thread. Zero is what cannot be found out. */
void space_take(struct space *space, struct db *db, const char *dir, uint64_t store_limit);
/* Of the fuller one of disk and size limit, 0 to 100 or a little more; what: "disk" or "size
   limit", of: its size. */
unsigned space_percent(const struct space *space, const char **what, uint64_t *of);
/* What may be written for others to a disk, a folder's or the store's. */
uint64_t space_disk_left(uint64_t free_bytes, uint64_t total_bytes);
/* What the core may store in the next turn. */
struct room space_room(const struct space *space);
enum headroom space_headroom(const struct space *space);
/* "200 GB" */
void space_size(char out[SPACE_SIZE_LEN], uint64_t bytes);

#endif
