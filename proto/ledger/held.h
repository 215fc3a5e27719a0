/*
 * held - which versions are here: rows of table HELD, beside the INDEX rows of the same versions.
 *
 * A row says how far a version is: its index is here and verified (INDEXED), all its chunks are
 * (COMPLETE), or they were and some have been found bad (DAMAGED).
 */
#ifndef ALLMENDE_HELD_H
#define ALLMENDE_HELD_H

#include "proto/content/index.h"
#include "proto/content/version.h"
#include "store/db.h"

enum held_state { HELD_INDEXED = 0, HELD_COMPLETE = 1, HELD_DAMAGED = 2 };

struct held {
	enum held_state state;
	int64_t since_ms; /* by hub.ran_ms */
	uint64_t bytes;
	uint64_t chunks;
	uint32_t void_hours; /* how long it has not counted (proto/transfer/voids.h) */
};

struct row_key held_key(const struct version_id *of); /* also the prefix of its INDEX rows */
bool held_get(struct txn *txn, const struct version_id *of, struct held *held);
void held_put(struct txn *txn, const struct version_id *of, const struct held *held);
/* True: there was a row. */
bool held_drop(struct txn *txn, const struct version_id *of);
bool held_complete(struct txn *txn, const struct version_id *of);
bool held_damaged(struct txn *txn, const struct version_id *of);
/* Of the dataset there is something, whole or in part. */
bool held_any(struct txn *txn, const struct dataset_id *dataset);
/* The version that a key of HELD or INDEX begins with. */
void held_of_key(struct version_id *of, struct bytes key);
uint64_t held_hash(const struct version_id *of); /* short name of a version, not secure */
bool held_same(const struct version_id *a, const struct version_id *b);
/* The version's record, decoded; borrows from the store. ERR_ABSENT: its author has dropped it. */
enum err held_version(struct txn *txn, const struct version_id *of, struct version *version);

/*
 * The chunks that a version needs: INDEX rows, and for each chunk in SHARE how many versions need
 * it, so that a question for a chunk is one look-up however many there are. closed: not everybody
 * may have the version.
 */
bool held_closed(const struct version *version);
void held_index_put(struct txn *txn, const struct version_id *of, const struct index_entry *entry,
		    bool closed);
/* True: there were some. */
bool held_index_drop(struct txn *txn, const struct version_id *of);
/* A job keeps all chunks of a version that is whole here, whatever becomes of the version. */
void held_stage(struct txn *txn, const struct version_id *of, uint64_t job);
/* The version has what the job keeps; the job goes on. False: it keeps nothing. */
bool held_index_staged(struct txn *txn, uint64_t job, const struct version_id *of, bool closed,
		       struct index_sum *sum);
/*
 * Two versions with the same number have the same chunks: what is here of one is here of the other.
 * False: nothing is, or there is something of the other already.
 */
bool held_copy(struct txn *txn, const struct version_id *from, const struct version_id *to,
	       bool closed);
/* How many versions here need a chunk: of those for everybody, and of the others. */
struct held_share {
	uint32_t open, closed;
};
struct held_share held_share(struct txn *txn, const struct dataset_id *dataset,
			     const struct chunk_addr *addr);

#endif
