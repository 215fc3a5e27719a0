/*
 * chunks - sealed chunks under (dataset, address), staged by jobs, swept when nobody needs them.
 *
 * A chunk is needed while an INDEX row of its dataset or a STAGE row names it. Uploads and fetches
 * write a STAGE row with each chunk, in the same transaction; the row protects the chunk, lists
 * what a job has, and survives a crash. When a job ends its rows are dropped, in the transaction
 * that writes the INDEX rows or gives the job up.
 */
#ifndef ALLMENDE_CHUNKS_H
#define ALLMENDE_CHUNKS_H

#include "crypto/id.h"
#include "store/db.h"

bool chunks_has(struct txn *txn, const struct dataset_id *dataset, const struct chunk_addr *addr);
/* Looks; *chunk is valid as txn_get() values are. Does not verify the address. */
bool chunks_get(struct txn *txn, const struct dataset_id *dataset, const struct chunk_addr *addr,
		struct bytes *chunk);
/* The same, verified if that is wanted: ERR_ABSENT, or ERR_CORRUPT when the bytes no longer hash to
   the address. Neither sticks to the transaction. */
enum err chunks_look(struct txn *txn, const struct dataset_id *dataset,
		     const struct chunk_addr *addr, bool verify, struct bytes *chunk);
/* The same, verified, and appended to out. */
enum err chunks_read(struct txn *txn, const struct dataset_id *dataset,
		     const struct chunk_addr *addr, struct buf *out);
void chunks_put(struct txn *txn, const struct dataset_id *dataset, const struct chunk_addr *addr,
		struct bytes chunk);
void chunks_del(struct txn *txn, const struct dataset_id *dataset, const struct chunk_addr *addr);

/* Names a chunk as needed by a job, whether it is here or still to come. */
void chunks_stage(struct txn *txn, uint64_t job, const struct dataset_id *dataset,
		  const struct chunk_addr *addr, uint32_t size);
bool chunks_staged(struct txn *txn, uint64_t job, const struct dataset_id *dataset,
		   const struct chunk_addr *addr);
/* Drops at most max rows of a job; true when rows are left. */
bool chunks_unstage(struct txn *txn, uint64_t job, uint32_t max);
/* So many job numbers, from the one returned on: greater than any that has staged rows, and any
   given before in this store. */
uint64_t chunks_job_new(struct txn *txn, uint32_t count);

/*
 * Deletes chunks of a dataset that no INDEX and no STAGE row names, looking at no more than max
 * (at least 1) chunks from *from on (zero address: the beginning). True when chunks are left to
 * look at, *from then is where to go on. Adds to *count and *bytes what was deleted. Costs up to
 * max look-ups per version of the dataset and per job.
 */
bool chunks_sweep(struct txn *txn, const struct dataset_id *dataset, struct chunk_addr *from,
		  uint32_t max, uint64_t *count, uint64_t *bytes);

/*
 * Datasets to be swept are remembered in the store, so that a crash loses none. Each call of
 * chunks_sweep_later() gives the dataset a new mark: a sweep that ends with another mark than it
 * began with may have missed something.
 */
void chunks_sweep_later(struct txn *txn, const struct dataset_id *dataset);
/* The first of these datasets after *dataset (zeros: of all), with its mark. */
bool chunks_sweep_next(struct txn *txn, struct dataset_id *dataset, uint64_t *mark);
bool chunks_sweep_waits(struct txn *txn, const struct dataset_id *dataset); /* is to be swept */
void chunks_sweep_done(struct txn *txn, const struct dataset_id *dataset);

#endif
