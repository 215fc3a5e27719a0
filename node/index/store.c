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

static enum err sides_open(struct index_store *store)
{
	enum err err = open_side_open(store);

	if (!err)
		err = side_open(&store->sides[SIDE_CLOSED], store->memory);
	if (!err)
		store->stamp_ms = get_number(store->sides[SIDE_OPEN],
					     "SELECT ifnull(max(indexed), 0) FROM dataset");
	atomic_fetch_add(&store->opened, 1);
	return err;
}

enum err store_open(struct index_store *store, const char *dir)
{
	*store = (struct index_store){.path = mem_new(1, strlen(dir) + 64)};
	sprintf(store->path, "%s/" INDEX_DIR, dir);
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
	free(store->path);
	store->path = NULL;
}

enum err store_remake(struct index_store *store)
{
	char *end = strrchr(store->path, '/');

	atomic_store(&store->complete, false);
	sides_close(store);
	file_remove(store->path);
	*end = '\0';
	enum err err = mkdir(store->path, 0700) && errno != EEXIST ? ERR_IO : ERR_OK;
	*end = '/';
	return err ? err : sides_open(store);
}

/* ---- transactions ---- */

void store_begin(struct index_store *store)
{
	for (size_t i = 0; i < SIDE_COUNT; i++) {
		store->changed[i] = false;
		sql_begin(store->sides[i]);
	}
}

enum err store_commit(struct index_store *store)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < SIDE_COUNT; i++) {
		struct sql *sql = store->sides[i];

		if (store->changed[i])
			sql_run(sql_st(sql, "UPDATE state SET generation = generation + 1"));
		err = err ? err : sql_err(sql);
	}
	for (size_t i = 0; i < SIDE_COUNT; i++) {
		struct sql *sql = store->sides[i];

		if (err)
			sql_rollback(sql);
		else
			err = sql_commit(sql);
		sql_reset(sql);
	}
	return err;
}
