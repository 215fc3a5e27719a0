/*
 * db - one LMDB environment: tables, sticky transactions, checksums, injected faults.
 *
 * Only db.c includes lmdb.h. Default sync mode (a returned commit is on disk), map fixed at
 * 1 TiB of address space, never WRITEMAP; `volatile_store` (no sync) exists for the simulator
 * on tmpfs. Every value of a table that does not verify itself (all but chunks, which carry
 * their address) is followed by an 8-byte checksum (SipHash; of META BLAKE2b) over table, key and
 * value, as LMDB has none; a mismatch is ERR_CORRUPT.
 *
 * One write transaction at a time, begun and ended on one thread. Read transactions may be used
 * from any one thread and must be short (seconds): a forgotten one makes the file grow.
 *
 * A transaction is sticky: it remembers the first fault in txn_err(), and later calls do
 * nothing. ABSENT is an answer, not a fault: it does not stick; a write in a read transaction is a
 * fault (PROTOCOL), and nothing is written. Values returned point into the map, unaligned, and are
 * valid until the next write or the end of the transaction.
 */
#ifndef ALLMENDE_DB_H
#define ALLMENDE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "store/layout.h"

struct db;
struct txn;

struct db_options {
	bool volatile_store; /* no sync: tests and simulator only */
	bool read_only;
	uint64_t map_bytes; /* 0: 1 TiB */
};

/* Opens DIR/data.mdb, once at a time in one process. The caller holds the directory lock (dir.h)
   unless read_only. ERR_VERSION: read_only, and a table is missing. ERR_NOMEM: no address space
   for the map. ERR_CORRUPT, ERR_NOSPACE, ERR_IO. */
enum err db_open(struct db **out, const char *dir, const struct db_options *options);
void db_close(struct db *db); /* no transaction may be open */
const char *db_library_version(void);
/* Bytes of the file in use and on disk. */
void db_size(struct db *db, uint64_t *used_bytes, uint64_t *file_bytes);
/*
 * Keeps so many bytes of the disk behind the end of the file, so that commits which grow it by
 * little go on when others have filled the disk. Before each turn: where the disk is full, or the
 * file system cannot do it, less is kept.
 */
void db_reserve(struct db *db, uint64_t bytes);
/*
 * Writes the file as it is after the last commit, whole, while others go on writing; fd may be a
 * pipe. As long as it takes the file grows as by a forgotten reader.
 */
enum err db_copy(struct db *db, int fd);
/* Failure tests: the n-th store call from now (1 = next) fails with err; 0 switches off. True once
   it has struck. */
void db_fault_at(struct db *db, uint64_t n, enum err err);
bool db_fault_struck(const struct db *db);

/* Never NULL; faults stick in it. Beginning a second write transaction is a mistake (check). */
struct txn *txn_begin(struct db *db, bool write);
enum err txn_commit(struct txn *txn); /* releases txn; the sticky fault, or the commit's */
void txn_abort(struct txn *txn);
enum err txn_err(const struct txn *txn);
void txn_fail(struct txn *txn, enum err err); /* sets the sticky fault, if none is set */

/* What a transaction has done so far: the work of the store that its calls stand for. */
struct txn_cost {
	uint64_t lookups, writes; /* rows looked for or walked over; put or deleted */
	uint64_t bytes;           /* of the values of both, with checksums where read */
};
struct txn_cost txn_cost(const struct txn *txn);

/* True and *value when the key is there. */
bool txn_get(struct txn *txn, enum table table, struct bytes key, struct bytes *value);
bool txn_has(struct txn *txn, enum table table, struct bytes key);
/* The key has 1..KEY_LEN_MAX bytes. ERR_FULL: a value above 64 MiB. */
void txn_put(struct txn *txn, enum table table, struct bytes key, struct bytes value);
/*
 * The usual end of making a row: puts what is in value, or lets its fault stick, and releases it.
 */
void txn_put_row(struct txn *txn, enum table table, const struct row_key *key, struct buf *value);
/* By how much the file may have grown by what was put so far, an estimate from above. */
uint64_t txn_put_bytes(const struct txn *txn);
/* True when the key was there. */
bool txn_del(struct txn *txn, enum table table, struct bytes key);
/* Number of rows of a table. */
uint64_t txn_count(struct txn *txn, enum table table);
/* Bytes that a table takes in the file, in whole pages. */
uint64_t txn_size(struct txn *txn, enum table table);

/*
 * Walks the rows whose keys begin with prefix, in key order. The walk survives writes to the
 * table between two steps: every step seeks the first key after the last one returned.
 *
 *	struct walk walk = walk_begin(txn, TABLE_HEAD, prefix);
 *	while (walk_next(&walk))
 *		... walk.key, walk.value ...
 */
struct walk {
	struct txn *txn;
	enum table table;
	struct bytes key; /* of the row, valid as other values are */
	struct bytes value;
	uint8_t prefix[KEY_LEN_MAX];
	size_t prefix_len;
	uint8_t last[KEY_LEN_MAX];
	size_t last_len;
	bool started;
};
struct walk walk_begin(struct txn *txn, enum table table, struct bytes prefix);
/* Begins after (or at, when inclusive) a key instead of at the prefix. */
struct walk walk_begin_at(struct txn *txn, enum table table, struct bytes prefix, struct bytes at,
			  bool inclusive);
bool walk_next(struct walk *walk);
/* The last row with this prefix, or false. */
bool walk_last(struct txn *txn, enum table table, struct bytes prefix, struct bytes *key,
	       struct bytes *value);

#endif
