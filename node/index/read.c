/*
 * read - readers, and what is found by its name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "node/index/reader_internal.h"

#define STATEMENT_LEN_MAX 1200

const char *const reader_schema[SIDE_COUNT] = {"main.", "closed."};

/* ---- connections ---- */

struct index_reader *index_reader_open(struct index_store *store)
{
	struct index_reader *reader = mem_new(1, sizeof(*reader));

	reader->store = store;
	return reader;
}

static void connections_close(struct index_reader *reader)
{
	sql_close(reader->open);
	sql_close(reader->both);
	reader->open = reader->both = NULL;
	reader->seen[SIDE_OPEN] = 0;
}

void index_reader_close(struct index_reader *reader)
{
	connections_close(reader);
	for (size_t i = 0; i < 2; i++) {
		levels_fini(&reader->words[i].levels);
		free(reader->words[i].text);
	}
	free(reader);
}

static enum err connect(struct index_reader *reader, bool both, struct sql **out)
{
	enum err err = sql_open(out, reader->store->path, SQL_READ);

	if (!err && both) {
		sql_attach(*out, reader->store->memory, "closed");
		err = sql_err(*out);
	}
	if (err) {
		sql_close(*out);
		*out = NULL;
	}
	return err == ERR_ABSENT ? ERR_AGAIN : err;
}

enum err reader_begin(struct index_reader *reader, const struct visitor *visitor, struct sql **out)
{
	bool both = reader_sides(visitor) == SIDE_COUNT;
	struct sql **at = both ? &reader->both : &reader->open;
	unsigned opened = atomic_load(&reader->store->opened);
	enum err err = ERR_OK;

	*out = NULL;
	if (!atomic_load(&reader->store->complete))
		return ERR_AGAIN;
	if (reader->opened != opened)
		connections_close(reader);
	reader->opened = opened;
	if (!*at)
		err = connect(reader, both, at);
	if (err)
		return err;
	sql_reset(*at);
	sql_deadline(*at, READ_MS_MAX);
	*out = *at;
	return ERR_OK;
}

enum err reader_end(struct index_reader *reader, struct sql *sql)
{
	enum err err = sql_err(sql);

	sql_deadline(sql, 0);
	if (err && err != ERR_BUSY)
		connections_close(reader);
	return err;
}

static bool is_limited(const struct visitor *visitor, enum index_side side)
{
	return side != SIDE_OPEN && visitor->kind != VISITOR_ADMIN && visitor->prefix[0];
}

const char *reader_may(const struct visitor *visitor, enum index_side side)
{
	return is_limited(visitor, side) ? " AND (d.kept = ?999 OR (d.kept > ?999 || '/'"
					   " AND d.kept < ?999 || '0'))"
					 : "";
}

void reader_may_bind(struct sql_st *st, const struct visitor *visitor, enum index_side side)
{
	if (is_limited(visitor, side))
		sql_text(st, READER_PREFIX_AT, visitor->prefix);
}

/* ---- one item ---- */

/* The first that the condition, with one text as its parameter, holds for. */
static bool item_find_on(struct sql *sql, const struct visitor *visitor, enum index_side side,
			 const char *condition, const char *text, struct index_item *out)
{
	char statement[STATEMENT_LEN_MAX];

	snprintf(statement, sizeof(statement),
		 "SELECT " STORE_ITEM_COLUMNS " FROM %sdataset d WHERE %s%s LIMIT 1",
		 reader_schema[side], condition, reader_may(visitor, side));
	struct sql_st *st = sql_st(sql, statement);
	sql_text(st, 1, text);
	reader_may_bind(st, visitor, side);
	bool found = sql_next(st);
	if (found)
		store_item_read(st, side == SIDE_OPEN, out);
	sql_end(st);
	return found;
}

static bool item_find(struct sql *sql, const struct visitor *visitor, const char *condition,
		      const char *text, struct index_item *out)
{
	bool found = false;

	for (int side = 0; side < reader_sides(visitor) && !found; side++)
		found = item_find_on(sql, visitor, (enum index_side)side, condition, text, out);
	return found;
}

/* Whose slug it was; out is the path as it is kept. False: nobody's. */
static bool path_translate(struct sql *sql, const struct visitor *visitor, const char *path,
			   char out[LIMIT_PATH_LEN_MAX + 1])
{
	char statement[STATEMENT_LEN_MAX];
	struct bytes slug = path_slug(bytes_str(path));
	bool found = false;

	for (int side = 0; side < reader_sides(visitor) && !found; side++) {
		snprintf(statement, sizeof(statement), "SELECT home FROM %salias WHERE slug = ?",
			 reader_schema[side]);
		struct sql_st *st = sql_st(sql, statement);
		sql_text_bytes(st, 1, slug);
		found = sql_next(st);
		if (found)
			snprintf(out, LIMIT_PATH_LEN_MAX + 1, "%s%s", sql_get_text(st, 0),
				 path + slug.len);
		sql_end(st);
	}
	return found;
}

enum err index_get(struct index_reader *reader, const struct visitor *visitor, const char *path,
		   struct index_item *out)
{
	char kept[LIMIT_PATH_LEN_MAX + 1];
	struct sql *sql;

	*out = (struct index_item){0};
	enum err err = reader_begin(reader, visitor, &sql);
	if (err)
		return err;
	bool found = item_find(sql, visitor, "d.path = ?1", path, out) ||
		     item_find(sql, visitor, "d.kept = ?1", path, out) ||
		     (path_translate(sql, visitor, path, kept) &&
		      item_find(sql, visitor, "d.kept = ?1", kept, out));
	err = reader_end(reader, sql);
	return err ? err : found ? ERR_OK : ERR_ABSENT;
}

enum err index_get_uuid(struct index_reader *reader, const struct visitor *visitor,
			const char *uuid, struct index_item *out)
{
	struct sql *sql;

	*out = (struct index_item){0};
	enum err err = reader_begin(reader, visitor, &sql);
	if (err)
		return err;
	bool found = strlen(uuid) >= INDEX_UUID_START &&
		     item_find(sql, visitor, "d.uuid >= ?1 AND d.uuid < ?1 || 'g'", uuid, out);
	err = reader_end(reader, sql);
	return err ? err : found ? ERR_OK : ERR_ABSENT;
}

enum err index_get_file(struct index_reader *reader, const struct visitor *visitor,
			const char *uuid, struct index_item *out)
{
	static const char *const conditions[SIDE_COUNT] = {
		"d.id IN (SELECT id FROM main.file WHERE uuid = ?1)",
		"d.id IN (SELECT id FROM closed.file WHERE uuid = ?1)"};
	struct sql *sql;
	bool found = false;

	*out = (struct index_item){0};
	enum err err = reader_begin(reader, visitor, &sql);
	if (err)
		return err;
	for (int side = 0; side < reader_sides(visitor) && !found; side++)
		found = item_find_on(sql, visitor, (enum index_side)side, conditions[side], uuid,
				     out);
	err = reader_end(reader, sql);
	return err ? err : found ? ERR_OK : ERR_ABSENT;
}

/* ---- generations ---- */

static uint64_t number_ask(struct sql *sql, const char *statement)
{
	struct sql_st *st = sql_st(sql, statement);
	uint64_t number = sql_next(st) ? (uint64_t)sql_get_int(st, 0) : 0;

	sql_end(st);
	return number;
}

/* Of what the visitor sees of the closed side, so nothing else changes it. */
static uint64_t closed_sum(struct sql *sql, const struct visitor *visitor)
{
	char statement[STATEMENT_LEN_MAX];

	snprintf(statement, sizeof(statement),
		 "SELECT count(*) + ifnull(sum(mark), 0) FROM closed.dataset d WHERE 1%s",
		 reader_may(visitor, SIDE_CLOSED));
	struct sql_st *st = sql_st(sql, statement);
	reader_may_bind(st, visitor, SIDE_CLOSED);
	uint64_t sum = sql_next(st) ? (uint64_t)sql_get_int(st, 0) : 0;
	sql_end(st);
	return sum;
}

static uint64_t token_generation(struct index_reader *reader, struct sql *sql,
				 const struct visitor *visitor, uint64_t open)
{
	uint64_t closed = number_ask(sql, "SELECT generation FROM closed.state");

	if (reader->seen[SIDE_OPEN] != open || reader->seen[SIDE_CLOSED] != closed ||
	    strcmp(reader->prefix, visitor->prefix) != 0) {
		reader->generation = open * UINT64_C(0x9e3779b97f4a7c15) ^
				     (closed_sum(sql, visitor) + 1) * UINT64_C(0xc2b2ae3d27d4eb4f);
		reader->seen[SIDE_OPEN] = open;
		reader->seen[SIDE_CLOSED] = closed;
		snprintf(reader->prefix, sizeof(reader->prefix), "%s", visitor->prefix);
	}
	return reader->generation;
}

uint64_t index_generation(struct index_reader *reader, const struct visitor *visitor)
{
	struct sql *sql;

	if (reader_begin(reader, visitor, &sql))
		return 0;
	uint64_t generation = number_ask(sql, "SELECT generation FROM main.state");
	if (reader_sides(visitor) == SIDE_COUNT)
		generation = token_generation(reader, sql, visitor, generation);
	return reader_end(reader, sql) ? 0 : generation;
}
