#include "node/index/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/index/schema.h"

#define FORMATS_LEN_MAX 65536
#define WORDS_NOTED_MAX (64u << 20) /* of one transaction */

void index_item_fini(struct index_item *item)
{
	buf_fini(&item->description_bytes);
	*item = (struct index_item){0};
}

void index_seen_fini(struct index_seen *seen)
{
	index_item_fini(&seen->item);
	free(seen->slugs);
	seen->slugs = NULL;
}

/* ---- files ---- */

static void file_remove(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char *name = mem_new(1, strlen(path) + 16);

		sprintf(name, "%s%s", path, ends[i]);
		unlink(name);
		free(name);
	}
}

static uint64_t file_id(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : (uint64_t)st.st_ino;
}

bool store_stands(const struct index_store *store)
{
	return file_id(store->path) == store->file_id;
}

/* ---- opening ---- */

static int64_t get_number(struct sql *sql, const char *text)
{
	struct sql_st *st = sql_once(sql, text);
	int64_t number = sql_next(st) ? sql_get_int(st, 0) : -1;

	sql_st_close(st);
	return number;
}

/* A number that no database had before, as long as the clock goes on. */
static void tables_make(struct sql *sql)
{
	char text[128];

	sql_begin(sql);
	sql_exec(sql, INDEX_SCHEMA);
	snprintf(text, sizeof(text), "INSERT INTO state(generation) VALUES(%lld)",
		 (long long)clock_now_ms() << 16);
	sql_exec(sql, text);
	snprintf(text, sizeof(text), "PRAGMA user_version=%d", INDEX_LAYOUT);
	sql_exec(sql, text);
	sql_commit(sql);
}

static bool is_whole(struct sql *sql)
{
	return get_number(sql, "PRAGMA user_version") == INDEX_LAYOUT &&
	       get_number(sql, "SELECT count(*) FROM state") == 1 &&
	       get_number(sql, "SELECT count(*) FROM dataset") >= 0 && !sql_err(sql);
}

static enum err side_open(struct sql **out, const char *path)
{
	enum err err = sql_open(out, path, SQL_WRITE);

	if (err)
		return err;
	if (!is_whole(*out)) {
		sql_reset(*out);
		if (get_number(*out, "SELECT count(*) FROM sqlite_schema") == 0)
			tables_make(*out);
		else
			err = ERR_CORRUPT;
	}
	err = err ? err : sql_err(*out);
	if (err) {
		sql_close(*out);
		*out = NULL;
	}
	return err;
}

/* What cannot be read is worth nothing, as all of it can be had again. */
static enum err open_side_open(struct index_store *store)
{
	enum err err = side_open(&store->sides[SIDE_OPEN], store->path);

	if (err && err != ERR_BUSY && err != ERR_NOMEM) {
		file_remove(store->path);
		err = side_open(&store->sides[SIDE_OPEN], store->path);
	}
	store->file_id = file_id(store->path);
	return err;
}

/* ---- the columns ---- */

/* Formats of an item's files, a blank between. */
static void formats_read(struct sql *sql, int64_t id, struct buf *out)
{
	struct sql_st *st =
		sql_st(sql, "SELECT DISTINCT format FROM file WHERE id = ? AND format <> ''");

	buf_reset(out);
	sql_int(st, 1, id);
	while (sql_next(st)) {
		if (out->len)
			buf_add_u8(out, ' ');
		buf_add(out, sql_get_bytes(st, 0));
	}
	buf_add_u8(out, '\0');
}

static void columns_rows_load(struct index_store *store, enum index_side side)
{
	struct sql *sql = store->sides[side];
	struct sql_st *st = sql_st(sql, "SELECT " STORE_ITEM_COLUMNS " FROM dataset d");
	struct index_item item;
	struct buf formats;

	buf_init(&formats, FORMATS_LEN_MAX);
	while (sql_next(st)) {
		store_item_read(st, side == SIDE_OPEN, &item);
		formats_read(sql, item.id, &formats);
		columns_put(&store->columns, side, &item, (const char *)formats.ptr);
		index_item_fini(&item);
	}
	buf_fini(&formats);
	st = sql_st(sql, "SELECT term, doc FROM terms");
	while (sql_next(st))
		vocabulary_add(&store->columns.sides[side].words, sql_get_bytes(st, 0),
			       (uint32_t)sql_get_int(st, 1));
}

/* ---- postings ---- */

static unsigned where_of(const char *column)
{
	return column[0] == 'k'                       ? PLACE_KEYWORD
	       : column[0] == 't' && column[1] == 'i' ? PLACE_TITLE
	       : column[0] == 't'                     ? PLACE_TEXT
						      : PLACE_PATH;
}

static bool wanted_add(void *arg, struct bytes word)
{
	buf_add(arg, word);
	buf_add_u8(arg, '\n');
	return true;
}

static void postings_read(struct sql *sql, struct bytes word, struct postings *out)
{
	struct sql_st *st = sql_st(sql, "SELECT doc, col FROM place WHERE term = ?");

	sql_text_bytes(st, 1, word);
	while (sql_next(st))
		postings_put(out, (uint32_t)sql_get_int(st, 0), where_of(sql_get_text(st, 1)));
}

/* Words that have come to be in many items are kept in memory from now on. */
static void postings_keep(struct index_store *store, enum index_side side)
{
	struct vocabulary *words = &store->columns.sides[side].words;
	struct buf wanted;

	buf_init(&wanted, WORDS_NOTED_MAX);
	vocabulary_wanted(words, wanted_add, &wanted);
	for (struct bytes left = buf_bytes(&wanted); left.len;) {
		const uint8_t *end = memchr(left.ptr, '\n', left.len);
		struct bytes word = bytes_slice(left, 0, end ? (size_t)(end - left.ptr) : left.len);
		struct postings postings = {0};

		postings_read(store->sides[side], word, &postings);
		pthread_rwlock_wrlock(&store->columns.lock);
		vocabulary_give(words, word, &postings);
		pthread_rwlock_unlock(&store->columns.lock);
		left = bytes_slice(left, word.len + 1, left.len);
	}
	buf_fini(&wanted);
}

static enum err columns_read(struct index_store *store)
{
	enum err err = ERR_OK;

	pthread_rwlock_wrlock(&store->columns.lock);
	columns_load(&store->columns);
	for (size_t i = 0; i < SIDE_COUNT; i++) {
		columns_rows_load(store, (enum index_side)i);
		err = err ? err : sql_err(store->sides[i]);
	}
	columns_loaded(&store->columns);
	pthread_rwlock_unlock(&store->columns.lock);
	for (size_t i = 0; !err && i < SIDE_COUNT; i++)
		postings_keep(store, (enum index_side)i);
	return err;
}

static enum err sides_open(struct index_store *store)
{
	enum err err = open_side_open(store);

	if (!err)
		err = side_open(&store->sides[SIDE_CLOSED], store->memory);
	if (!err)
		store->stamp_ms = get_number(store->sides[SIDE_OPEN],
					     "SELECT ifnull(max(indexed), 0) FROM dataset");
	if (!err)
		err = columns_read(store);
	atomic_fetch_add(&store->opened, 1);
	return err;
}

enum err store_open(struct index_store *store, const char *dir)
{
	*store = (struct index_store){.path = mem_new(1, strlen(dir) + 64), .forgets = true};
	for (size_t i = 0; i < SIDE_COUNT; i++)
		buf_init(&store->words[i], WORDS_NOTED_MAX);
	sprintf(store->path, "%s/" INDEX_DIR, dir);
	columns_init(&store->columns);
	if (mkdir(store->path, 0700) && errno != EEXIST)
		return ERR_IO;
	sprintf(store->path, "%s/" INDEX_DIR "/" INDEX_FILE, dir);
	sql_memory_name(store->memory, store);
	return sides_open(store);
}

static void sides_close(struct index_store *store)
{
	for (size_t i = 0; i < SIDE_COUNT; i++) {
		sql_close(store->sides[i]);
		store->sides[i] = NULL;
	}
}

void store_close(struct index_store *store)
{
	sides_close(store);
	columns_fini(&store->columns);
	for (size_t i = 0; i < SIDE_COUNT; i++)
		buf_fini(&store->words[i]);
	free(store->changes);
	free(store->path);
	*store = (struct index_store){.path = NULL};
}

enum err store_remake(struct index_store *store)
{
	char *end = strrchr(store->path, '/');

	atomic_store(&store->complete, false);
	pthread_rwlock_wrlock(&store->columns.lock);
	columns_clear(&store->columns);
	pthread_rwlock_unlock(&store->columns.lock);
	sides_close(store);
	file_remove(store->path);
	*end = '\0';
	enum err err = mkdir(store->path, 0700) && errno != EEXIST ? ERR_IO : ERR_OK;
	*end = '/';
	return err ? err : sides_open(store);
}

/* ---- transactions ---- */

static void notes_drop(struct index_store *store)
{
	store->change_count = 0;
	for (size_t i = 0; i < SIDE_COUNT; i++) {
		buf_reset(&store->words[i]);
		store->changed[i] = false;
	}
}

void store_begin(struct index_store *store)
{
	notes_drop(store);
	pthread_rwlock_wrlock(&store->columns.closed);
	for (size_t i = 0; i < SIDE_COUNT; i++)
		sql_begin(store->sides[i]);
}

/* What becomes of one change, read before the commit: readers wait for as little as can be. */
struct next {
	bool there;
	struct index_item item;
	struct buf formats;
};

static void next_read(struct index_store *store, const struct store_change *change,
		      struct next *next)
{
	struct sql *sql = store->sides[change->side];
	struct sql_st *st =
		sql_st(sql, "SELECT " STORE_ITEM_COLUMNS " FROM dataset d WHERE d.id = ?");

	sql_int(st, 1, change->id);
	next->there = sql_next(st);
	if (next->there)
		store_item_read(st, change->side == SIDE_OPEN, &next->item);
	sql_end(st);
	buf_init(&next->formats, FORMATS_LEN_MAX);
	formats_read(sql, change->id, &next->formats);
}

static void words_apply(struct vocabulary *vocabulary, struct bytes noted)
{
	while (noted.len) {
		uint32_t id = be32_get(noted.ptr);
		unsigned where = noted.ptr[4];
		struct bytes word = bytes_slice(noted, 6, noted.ptr[5]);

		if (where)
			vocabulary_put(vocabulary, word, id, where);
		else
			vocabulary_drop(vocabulary, word, id);
		noted = bytes_slice(noted, 6 + word.len, noted.len);
	}
}

static void columns_apply(struct index_store *store, const struct next *nexts)
{
	for (size_t i = 0; i < SIDE_COUNT; i++)
		words_apply(&store->columns.sides[i].words, buf_bytes(&store->words[i]));
	for (size_t i = 0; i < store->change_count; i++) {
		const struct store_change *change = &store->changes[i];

		if (nexts[i].there)
			columns_put(&store->columns, change->side, &nexts[i].item,
				    (const char *)nexts[i].formats.ptr);
		else
			columns_drop(&store->columns, change->side, change->id);
	}
}

static void generation_raise(struct index_store *store, enum index_side side)
{
	bool changed = store->changed[side];

	for (size_t i = 0; i < store->change_count; i++)
		changed = changed || store->changes[i].side == side;
	if (changed)
		sql_run(sql_st(store->sides[side], "UPDATE state SET generation = generation + 1"));
}

/* One side written and the other not: what is there is of no use. */
static enum err sides_commit(struct index_store *store)
{
	enum err first = sql_commit(store->sides[SIDE_OPEN]);

	if (first) {
		sql_rollback(store->sides[SIDE_CLOSED]);
		return first;
	}
	return sql_commit(store->sides[SIDE_CLOSED]) ? ERR_CORRUPT : ERR_OK;
}

static enum err changes_commit(struct index_store *store)
{
	struct next *nexts = mem_new(store->change_count + 1, sizeof(*nexts));
	enum err err = ERR_OK;

	for (size_t i = 0; i < store->change_count; i++)
		next_read(store, &store->changes[i], &nexts[i]);
	for (size_t i = 0; i < SIDE_COUNT; i++) {
		err = err ? err : sql_err(store->sides[i]);
		err = err ? err : store->words[i].err;
	}
	pthread_rwlock_wrlock(&store->columns.lock);
	err = err ? err : sides_commit(store);
	if (!err)
		columns_apply(store, nexts);
	pthread_rwlock_unlock(&store->columns.lock);
	for (size_t i = 0; i < store->change_count; i++) {
		index_item_fini(&nexts[i].item);
		buf_fini(&nexts[i].formats);
	}
	free(nexts);
	return err;
}

enum err store_commit(struct index_store *store)
{
	for (size_t i = 0; i < SIDE_COUNT; i++)
		generation_raise(store, (enum index_side)i);
	enum err err = changes_commit(store);
	pthread_rwlock_unlock(&store->columns.closed);
	for (size_t i = 0; !err && i < SIDE_COUNT; i++)
		if (store->words[i].len)
			postings_keep(store, (enum index_side)i);
	for (size_t i = 0; i < SIDE_COUNT; i++) {
		if (err)
			sql_rollback(store->sides[i]);
		sql_reset(store->sides[i]);
	}
	notes_drop(store);
	return err;
}

enum err store_forget(struct index_store *store)
{
	struct sql *sql = store->sides[SIDE_OPEN];

	sql_exec(sql, "INSERT INTO fts(fts) VALUES('optimize')");
	struct sql_st *st = sql_st(sql, "PRAGMA wal_checkpoint(TRUNCATE)");
	store->forgets = !sql_next(st) || sql_get_int(st, 0) != 0;
	sql_end(st);
	const enum err err = sql_err(sql);
	sql_reset(sql);
	return err;
}
