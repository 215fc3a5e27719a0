/*
 * scrub - reads everything there is and says what is damaged, in short steps.
 *
 * Each step opens a read transaction of its own and stops at the first row past max_bytes; so a
 * scrub of a large store disturbs nobody. It runs on a worker and changes nothing: the owner of
 * the store decides what to do with what it finds.
 */
#ifndef ALLMENDE_SCRUB_H
#define ALLMENDE_SCRUB_H

#include "store/db.h"

struct scrub_fault {
	enum table table;
	struct row_key key;
};

struct scrub {
	struct db *db;
	enum table table; /* where the next step begins */
	struct row_key last;
	uint64_t row_count; /* looked at so far */
	uint64_t byte_count;
	uint64_t chunk_count;
	uint64_t fault_count;
	struct scrub_fault faults[64]; /* the first ones */
};

void scrub_init(struct scrub *scrub, struct db *db);
/* True while there is more to do. *err is a fault of the store itself (ERR_IO, ERR_CORRUPT of a
   tree, ...) that hides the rest of one table; the next step goes on with the next table.
   Damaged rows (checksum, chunk address) are counted and listed, not errors. */
bool scrub_step(struct scrub *scrub, uint64_t max_bytes, enum err *err);

#endif
