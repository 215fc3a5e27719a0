#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/siphash.h"
#include "crypto/limits.h"
#include "store/db_internal.h"

#define MAP_BYTES        (UINT64_C(1) << 40)
#define READER_COUNT_MAX 128
#define SUM_LEN          SIPHASH_LEN
#define PAGE_LEN         UINT64_C(4096)
#define ROW_FRAME_LEN    16 /* beside key and value */
#define VALUE_LEN_MAX    ((size_t)LIMIT_MANIFEST_LEN_MAX)

struct db {
	MDB_env *env;
	MDB_dbi table[TABLE_COUNT];
	struct buf scratch; /* the row being put; belongs to the write transaction */
	atomic_uint txn_count;
	atomic_bool writing;
	atomic_uint_fast64_t fault_left; /* store calls until the injected fault; 0: none */
	enum err fault_err;
	atomic_bool fault_struck;
	uint64_t reserved_end; /* of what db_reserve() has got, from the beginning of the file */
};

struct txn {
	struct db *db;
	MDB_txn *mdb; /* NULL when it could not be begun */
	enum err err;
	bool write;
	struct txn_cost cost;
	uint64_t put_bytes;
	/*
	 * Where the last walk over each table stands; closed by a write to the table, so that
	 * nothing depends on how LMDB moves cursors under writes.
	 */
	MDB_cursor *cursor[TABLE_COUNT];
};

static enum err err_of_mdb(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return ERR_OK;
	case MDB_MAP_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NOSPACE;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		return ERR_CORRUPT;
	case MDB_READERS_FULL:
		return ERR_BUSY;
	case MDB_NOTFOUND:
	case ENOENT:
		return ERR_ABSENT;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}

/* Opens every table, all or none in one commit. */
static int tables_open(struct db *db, bool read_only)
{
	MDB_txn *mdb;
	int rc = mdb_txn_begin(db->env, NULL, read_only ? MDB_RDONLY : 0, &mdb);

	if (rc)
		return rc;
	for (int i = 0; i < TABLE_COUNT && !rc; i++)
		rc = mdb_dbi_open(mdb, table_name((enum table)i), read_only ? 0 : MDB_CREATE,
				  &db->table[i]);
	if (!rc)
		return mdb_txn_commit(mdb);
	mdb_txn_abort(mdb);
	return rc;
}

static int env_open(struct db *db, const char *dir, const struct db_options *options)
{
	unsigned flags = MDB_NOTLS | (options->volatile_store ? MDB_NOSYNC : 0) |
			 (options->read_only ? MDB_RDONLY : 0);
	int rc = mdb_env_create(&db->env);

	if (rc)
		return rc;
	mdb_env_set_mapsize(db->env, options->map_bytes ? options->map_bytes : MAP_BYTES);
	mdb_env_set_maxdbs(db->env, TABLE_COUNT);
	mdb_env_set_maxreaders(db->env, READER_COUNT_MAX);
	rc = mdb_env_open(db->env, dir, flags, 0600);
	/* Readers that died would hold old pages for ever. */
	return rc ? rc : mdb_reader_check(db->env, NULL);
}

enum err db_open(struct db **out, const char *dir, const struct db_options *options)
{
	struct db *db = mem_new(1, sizeof(*db));
	enum err err;
	int rc;

	buf_init(&db->scratch, VALUE_LEN_MAX + SUM_LEN);
	err = err_of_mdb(env_open(db, dir, options));
	if (!err) {
		rc = tables_open(db, options->read_only);
		err = rc == MDB_NOTFOUND ? ERR_VERSION : err_of_mdb(rc);
	}
	if (err) {
		db_close(db);
		return err;
	}
	*out = db;
	return ERR_OK;
}

void db_close(struct db *db)
{
	check(!atomic_load(&db->txn_count));
	if (db->env)
		mdb_env_close(db->env);
	buf_fini(&db->scratch);
	free(db);
}

static uint64_t page_count(const MDB_stat *stat)
{
	return (uint64_t)stat->ms_branch_pages + stat->ms_leaf_pages + stat->ms_overflow_pages;
}

enum err db_copy(struct db *db, int fd)
{
	return err_of_mdb(mdb_env_copyfd2(db->env, fd, 0));
}

const char *db_library_version(void)
{
	return mdb_version(NULL, NULL, NULL);
}

void db_size(struct db *db, uint64_t *used_bytes, uint64_t *file_bytes)
{
	struct stat file;
	MDB_stat stat;
	MDB_txn *mdb;
	int fd;

	*used_bytes = *file_bytes = 0;
	if (!mdb_env_get_fd(db->env, &fd) && !fstat(fd, &file))
		*file_bytes = (uint64_t)file.st_size;
	if (mdb_txn_begin(db->env, NULL, MDB_RDONLY, &mdb))
		return;
	/* 0 and 1 are LMDB's own tables: the free pages and the list of tables. */
	for (MDB_dbi i = 0; i < 2 && !mdb_stat(mdb, i, &stat); i++)
		*used_bytes += page_count(&stat) * stat.ms_psize;
	for (int i = 0; i < TABLE_COUNT && !mdb_stat(mdb, db->table[i], &stat); i++)
		*used_bytes += page_count(&stat) * stat.ms_psize;
	mdb_txn_abort(mdb);
}

void db_reserve(struct db *db, uint64_t bytes)
{
	struct stat file;
	int fd;

	if (mdb_env_get_fd(db->env, &fd) || fstat(fd, &file))
		return;
	uint64_t end = (uint64_t)file.st_size;
	if (db->reserved_end >= end + bytes / 2)
		return;
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, file.st_size, (off_t)bytes) == 0)
		db->reserved_end = end + bytes;
}

void db_fault_at(struct db *db, uint64_t n, enum err err)
{
	db->fault_err = err;
	if (n)
		atomic_store(&db->fault_struck, false);
	atomic_store(&db->fault_left, n);
}

bool db_fault_struck(const struct db *db)
{
	return atomic_load(&db->fault_struck);
}

/* Counts one store call; the injected fault when it is its turn. */
static enum err fault_next(struct db *db)
{
	uint_fast64_t left = atomic_load(&db->fault_left);

	while (left && !atomic_compare_exchange_weak(&db->fault_left, &left, left - 1))
		;
	if (left != 1)
		return ERR_OK;
	atomic_store(&db->fault_struck, true);
	return db->fault_err;
}

struct txn *txn_begin(struct db *db, bool write)
{
	struct txn *txn = mem_new(1, sizeof(*txn));

	/* LMDB would wait for ever for a second one on the same thread. */
	check(!write || !atomic_exchange(&db->writing, true));
	atomic_fetch_add(&db->txn_count, 1);
	txn->db = db;
	txn->write = write;
	txn->err = fault_next(db);
	if (!txn->err)
		txn->err =
			err_of_mdb(mdb_txn_begin(db->env, NULL, write ? 0 : MDB_RDONLY, &txn->mdb));
	return txn;
}

static void cursor_close(struct txn *txn, enum table table)
{
	if (txn->cursor[table])
		mdb_cursor_close(txn->cursor[table]);
	txn->cursor[table] = NULL;
}

static void txn_end(struct txn *txn, bool commit)
{
	for (int i = 0; i < TABLE_COUNT; i++)
		cursor_close(txn, (enum table)i);
	if (commit)
		txn_fail(txn, err_of_mdb(mdb_txn_commit(txn->mdb)));
	else if (txn->mdb)
		mdb_txn_abort(txn->mdb);
	if (txn->write)
		atomic_store(&txn->db->writing, false);
	atomic_fetch_sub(&txn->db->txn_count, 1);
}

enum err txn_commit(struct txn *txn)
{
	enum err err;

	if (!txn->err)
		txn->err = fault_next(txn->db);
	txn_end(txn, !txn->err);
	err = txn->err;
	free(txn);
	return err;
}

void txn_abort(struct txn *txn)
{
	txn_end(txn, false);
	free(txn);
}

struct txn_cost txn_cost(const struct txn *txn)
{
	return txn->cost;
}

enum err txn_err(const struct txn *txn)
{
	return txn->err;
}

void txn_fail(struct txn *txn, enum err err)
{
	if (!txn->err)
		txn->err = err;
}

/* True when the next store call may go on. */
static bool txn_ready(struct txn *txn)
{
	if (!txn->err)
		txn->err = fault_next(txn->db);
	return !txn->err;
}

/* The same for one that writes. */
static bool txn_writable(struct txn *txn)
{
	if (!txn->write)
		txn_fail(txn, ERR_PROTOCOL);
	return txn_ready(txn);
}

static MDB_val val_of(struct bytes b)
{
	return (MDB_val){b.len, (void *)b.ptr};
}

static struct bytes bytes_of_val(MDB_val val)
{
	return bytes_of(val.mv_data, val.mv_size);
}

/* Of META as ever, so that a program of any format reads the number of the format there. */
static void meta_sum(uint8_t sum[SUM_LEN], struct bytes key, struct bytes value)
{
	uint8_t full[16]; /* the shortest hash there is */
	struct hash hash;

	hash_init(&hash, "am1.row", NULL, sizeof(full));
	hash_add(&hash, bytes_of("meta", 5));
	hash_add_be64(&hash, key.len);
	hash_add(&hash, key);
	hash_add(&hash, value);
	hash_done(&hash, full, sizeof(full));
	memcpy(sum, full, SUM_LEN);
}

static void row_sum(uint8_t sum[SUM_LEN], enum table table, struct bytes key, struct bytes value)
{
	const char *name = table_name(table);
	uint8_t place[SIPHASH_KEY_LEN] = {0};

	if (table == TABLE_META) {
		meta_sum(sum, key, value);
		return;
	}
	/* The table is the key of the first, and what comes of it that of the second. */
	memcpy(place, name, strnlen(name, sizeof(place)));
	siphash_put(sum, place, key);
	memcpy(place, sum, SUM_LEN);
	siphash_put(sum, place, value);
}

/* Checks a stored row and takes its checksum off. */
static bool row_check(enum table table, struct bytes key, struct bytes *value)
{
	uint8_t sum[SUM_LEN];
	struct bytes stored;

	if (!table_sums(table))
		return true;
	if (value->len < SUM_LEN)
		return false;
	stored = bytes_of(value->ptr + value->len - SUM_LEN, SUM_LEN);
	row_sum(sum, table, key, bytes_of(value->ptr, value->len - SUM_LEN));
	if (!bytes_eq(stored, bytes_obj(&sum)))
		return false;
	value->len -= SUM_LEN;
	return true;
}

bool txn_get(struct txn *txn, enum table table, struct bytes key, struct bytes *value)
{
	MDB_val mdb_key = val_of(key), mdb_value;
	int rc;

	/* LMDB does not take an empty key, so no row has one. */
	if (!txn_ready(txn) || !key.len || key.len > KEY_LEN_MAX)
		return false;
	txn->cost.lookups++;
	rc = mdb_get(txn->mdb, txn->db->table[table], &mdb_key, &mdb_value);
	if (rc == MDB_NOTFOUND)
		return false;
	txn_fail(txn, err_of_mdb(rc));
	if (txn->err)
		return false;
	*value = bytes_of_val(mdb_value);
	txn->cost.bytes += value->len;
	if (!row_check(table, key, value))
		txn_fail(txn, ERR_CORRUPT);
	return !txn->err;
}

bool txn_has(struct txn *txn, enum table table, struct bytes key)
{
	struct bytes value;

	return txn_get(txn, table, key, &value);
}

/*
 * What a row may add to the file: large ones have pages of their own, others share pages that are
 * half full at least.
 */
static uint64_t row_growth(size_t key_len, size_t value_len)
{
	uint64_t len = key_len + value_len + ROW_FRAME_LEN;

	return len > PAGE_LEN / 2 ? (len + PAGE_LEN - 1) / PAGE_LEN * PAGE_LEN : 2 * len;
}

uint64_t txn_put_bytes(const struct txn *txn)
{
	return txn->put_bytes;
}

void txn_put(struct txn *txn, enum table table, struct bytes key, struct bytes value)
{
	struct buf *row = &txn->db->scratch;
	uint8_t sum[SUM_LEN];
	MDB_val mdb_key = val_of(key), mdb_value;

	check(key.len && key.len <= KEY_LEN_MAX);
	if (!txn_writable(txn))
		return;
	if (value.len > VALUE_LEN_MAX) {
		txn_fail(txn, ERR_FULL);
		return;
	}
	txn->cost.writes++;
	txn->cost.bytes += value.len;
	cursor_close(txn, table);
	/* A copy, as the value may lie in the page that LMDB is about to change. */
	buf_reset(row);
	buf_add(row, value);
	if (table_sums(table)) {
		row_sum(sum, table, key, value);
		buf_add(row, bytes_obj(&sum));
	}
	txn_fail(txn, row->err);
	if (txn->err)
		return;
	mdb_value = val_of(buf_bytes(row));
	txn->put_bytes += row_growth(key.len, row->len);
	txn_fail(txn,
		 err_of_mdb(mdb_put(txn->mdb, txn->db->table[table], &mdb_key, &mdb_value, 0)));
}

void txn_put_row(struct txn *txn, enum table table, const struct row_key *key, struct buf *value)
{
	if (value->err)
		txn_fail(txn, value->err);
	else
		txn_put(txn, table, row_key_bytes(key), buf_bytes(value));
	buf_fini(value);
}

bool txn_del(struct txn *txn, enum table table, struct bytes key)
{
	MDB_val mdb_key = val_of(key);
	int rc;

	if (!txn_writable(txn) || !key.len || key.len > KEY_LEN_MAX)
		return false;
	txn->cost.writes++;
	cursor_close(txn, table);
	rc = mdb_del(txn->mdb, txn->db->table[table], &mdb_key, NULL);
	if (rc == MDB_NOTFOUND)
		return false;
	txn_fail(txn, err_of_mdb(rc));
	return !txn->err;
}

static void table_stat(struct txn *txn, enum table table, MDB_stat *stat)
{
	*stat = (MDB_stat){.ms_entries = 0};
	if (txn_ready(txn))
		txn_fail(txn, err_of_mdb(mdb_stat(txn->mdb, txn->db->table[table], stat)));
}

uint64_t txn_count(struct txn *txn, enum table table)
{
	MDB_stat stat;

	table_stat(txn, table, &stat);
	return txn->err ? 0 : stat.ms_entries;
}

uint64_t txn_size(struct txn *txn, enum table table)
{
	MDB_stat stat;

	table_stat(txn, table, &stat);
	return txn->err ? 0 : page_count(&stat) * stat.ms_psize;
}

static bool has_prefix(struct bytes key, struct bytes prefix)
{
	return bytes_eq(bytes_slice(key, 0, prefix.len), prefix);
}

static void walk_mark(struct walk *walk, struct bytes key)
{
	check(key.len <= sizeof(walk->last));
	if (key.len)
		memcpy(walk->last, key.ptr, key.len);
	walk->last_len = key.len;
}

/* `started` says that the row at `last` has been returned or is to be passed over. */
struct walk walk_begin_at(struct txn *txn, enum table table, struct bytes prefix, struct bytes at,
			  bool inclusive)
{
	struct walk walk = {.txn = txn, .table = table};

	check(prefix.len <= sizeof(walk.prefix));
	if (prefix.len)
		memcpy(walk.prefix, prefix.ptr, prefix.len);
	walk.prefix_len = prefix.len;
	walk.started = !inclusive;
	/* A place before the prefix is the prefix itself. */
	if (bytes_cmp(at, prefix) < 0) {
		walk.started = false;
		at = prefix;
	}
	walk_mark(&walk, at);
	return walk;
}

struct walk walk_begin(struct txn *txn, enum table table, struct bytes prefix)
{
	return walk_begin_at(txn, table, prefix, prefix, true);
}

static MDB_cursor *cursor_open(struct txn *txn, enum table table)
{
	if (!txn->cursor[table])
		txn_fail(txn, err_of_mdb(mdb_cursor_open(txn->mdb, txn->db->table[table],
							 &txn->cursor[table])));
	return txn->err ? NULL : txn->cursor[table];
}

/* Finds the first row at or, when started, after `last`. The shared cursor usually stands there
   still; otherwise it is sought. */
static int walk_seek(struct walk *walk, MDB_cursor *cursor, MDB_val *key, MDB_val *value)
{
	struct bytes last = bytes_of(walk->last, walk->last_len);
	int rc;

	if (walk->started && !mdb_cursor_get(cursor, key, value, MDB_GET_CURRENT) &&
	    bytes_eq(bytes_of_val(*key), last))
		return mdb_cursor_get(cursor, key, value, MDB_NEXT);
	if (!last.len)
		return mdb_cursor_get(cursor, key, value, MDB_FIRST);
	*key = val_of(last);
	rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
	if (!rc && walk->started && bytes_eq(bytes_of_val(*key), last))
		rc = mdb_cursor_get(cursor, key, value, MDB_NEXT);
	return rc;
}

bool walk_next_damaged(struct walk *walk, bool *damaged)
{
	struct txn *txn = walk->txn;
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc, order;

	if (!txn_ready(txn) || !(cursor = cursor_open(txn, walk->table)))
		return false;
	txn->cost.lookups++;
	rc = walk_seek(walk, cursor, &key, &value);
	if (rc == MDB_NOTFOUND)
		return false;
	txn_fail(txn, err_of_mdb(rc));
	if (txn->err)
		return false;
	/* A damaged tree must not lead in a circle, nor past the end of `last`. */
	order = bytes_cmp(bytes_of_val(key), bytes_of(walk->last, walk->last_len));
	if (!key.mv_size || key.mv_size > KEY_LEN_MAX || order < 0 ||
	    (walk->started && order == 0)) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	walk->key = bytes_of_val(key);
	if (!has_prefix(walk->key, bytes_of(walk->prefix, walk->prefix_len)))
		return false;
	walk->value = bytes_of_val(value);
	txn->cost.bytes += walk->value.len;
	walk_mark(walk, walk->key);
	walk->started = true;
	*damaged = !row_check(walk->table, walk->key, &walk->value);
	return true;
}

bool walk_next(struct walk *walk)
{
	bool damaged;

	if (!walk_next_damaged(walk, &damaged))
		return false;
	if (damaged)
		txn_fail(walk->txn, ERR_CORRUPT);
	return !damaged;
}

/* The first key after all keys with this prefix; empty when there is none. */
static struct row_key prefix_end(struct bytes prefix)
{
	struct row_key end = {.len = prefix.len};

	check(prefix.len <= sizeof(end.b));
	if (prefix.len)
		memcpy(end.b, prefix.ptr, prefix.len);
	while (end.len && end.b[end.len - 1] == 0xff)
		end.len--;
	if (end.len)
		end.b[end.len - 1]++;
	return end;
}

bool walk_last(struct txn *txn, enum table table, struct bytes prefix, struct bytes *key,
	       struct bytes *value)
{
	struct row_key end = prefix_end(prefix);
	MDB_val mdb_key = val_of(row_key_bytes(&end)), mdb_value;
	MDB_cursor *cursor;
	int rc = MDB_NOTFOUND;

	if (!txn_ready(txn) || !(cursor = cursor_open(txn, table)))
		return false;
	txn->cost.lookups++;
	if (end.len)
		rc = mdb_cursor_get(cursor, &mdb_key, &mdb_value, MDB_SET_RANGE);
	if (!rc)
		rc = mdb_cursor_get(cursor, &mdb_key, &mdb_value, MDB_PREV);
	else if (rc == MDB_NOTFOUND)
		rc = mdb_cursor_get(cursor, &mdb_key, &mdb_value, MDB_LAST);
	if (rc == MDB_NOTFOUND)
		return false;
	txn_fail(txn, err_of_mdb(rc));
	if (txn->err || !has_prefix(bytes_of_val(mdb_key), prefix))
		return false;
	*key = bytes_of_val(mdb_key);
	*value = bytes_of_val(mdb_value);
	txn->cost.bytes += value->len;
	if (!row_check(table, *key, value))
		txn_fail(txn, ERR_CORRUPT);
	return !txn->err;
}
