/*
 * read_files - the files of items.
 */
#include <stdio.h>
#include <string.h>

#include "node/index/reader_internal.h"

#define STATEMENT_LEN_MAX 1600
#define FILE_COLUMNS      "f.name, f.media_type, f.format, f.size, f.modified, f.sha256, f.uuid"

static void file_columns_read(struct sql_st *st, int at, struct index_file *out)
{
	*out = (struct index_file){.name = sql_get_text(st, at),
				   .media_type = sql_get_text(st, at + 1),
				   .format = sql_get_text(st, at + 2),
				   .size = (uint64_t)sql_get_int(st, at + 3),
				   .modified_ms = sql_get_int(st, at + 4),
				   .uuid = sql_get_text(st, at + 6)};
	struct bytes sha256 = sql_get_bytes(st, at + 5);

	if (sha256.len == ID_LEN)
		memcpy(out->sha256.b, sha256.ptr, ID_LEN);
}

enum err index_files(struct index_reader *reader, const struct index_item *item,
		     bool (*each)(void *arg, const struct index_file *file), void *arg)
{
	const struct visitor visitor = {.kind = item->open ? VISITOR_ANYONE : VISITOR_ADMIN};
	struct index_file file;
	struct sql *sql;

	enum err err = reader_begin(reader, &visitor, &sql);
	if (err)
		return err;
	/* The record as well: what was replaced meanwhile has other files. */
	struct sql_st *st =
		sql_st(sql, item->open ? "SELECT " FILE_COLUMNS " FROM main.file f"
					 " JOIN main.dataset d USING(id)"
					 " WHERE id = ? AND record = ? ORDER BY f.name"
				       : "SELECT " FILE_COLUMNS " FROM closed.file f"
					 " JOIN closed.dataset d USING(id)"
					 " WHERE id = ? AND record = ? ORDER BY f.name");
	bool more = true;
	sql_int(st, 1, item->id);
	sql_blob(st, 2, id_bytes(&item->record));
	while (more && sql_next(st)) {
		file_columns_read(st, 0, &file);
		more = each(arg, &file);
	}
	sql_end(st);
	return reader_end(reader, sql);
}

/* A part of a name as LIKE has it, ended by a zero. */
static void pattern_make(struct buf *out, const char *part)
{
	buf_add_u8(out, '%');
	for (; *part; part++) {
		if (*part == '%' || *part == '_' || *part == '!')
			buf_add_u8(out, '!');
		buf_add_u8(out, (uint8_t)*part);
	}
	buf_add(out, bytes_of("%", 2));
}

struct finding {
	const struct index_files_query *query;
	bool (*each)(void *arg, const struct index_item *item, const struct index_file *file);
	void *arg;
	uint64_t total;
};

static void files_found(struct finding *finding, struct sql_st *st, bool open)
{
	const struct index_files_query *query = finding->query;

	while (sql_next(st)) {
		uint64_t at = finding->total++;
		struct index_file file;
		struct index_item item;

		if (at < query->offset || at - query->offset >= query->limit)
			continue;
		file_columns_read(st, STORE_ITEM_COLUMN_COUNT, &file);
		store_item_read(st, open, &item);
		finding->each(finding->arg, &item, &file);
		index_item_fini(&item);
	}
}

static void files_find(struct finding *finding, struct sql *sql, const struct visitor *visitor,
		       enum index_side side, const char *pattern)
{
	char statement[STATEMENT_LEN_MAX];

	snprintf(statement, sizeof(statement),
		 "SELECT " STORE_ITEM_COLUMNS ", " FILE_COLUMNS " FROM %sfile f"
		 " JOIN %sdataset d USING(id) WHERE f.name LIKE ?1 ESCAPE '!'"
		 " AND (?2 = '' OR f.format = ?2)%s ORDER BY d.path, f.name",
		 reader_schema[side], reader_schema[side], reader_may(visitor, side));
	struct sql_st *st = sql_st(sql, statement);
	sql_text(st, 1, pattern);
	sql_text(st, 2, finding->query->format ? finding->query->format : "");
	reader_may_bind(st, visitor, side);
	files_found(finding, st, side == SIDE_OPEN);
	sql_end(st);
}

enum err index_files_find(struct index_reader *reader, const struct visitor *visitor,
			  const struct index_files_query *query,
			  bool (*each)(void *arg, const struct index_item *item,
				       const struct index_file *file),
			  void *arg, uint64_t *total)
{
	struct finding finding = {.query = query, .each = each, .arg = arg};
	struct buf pattern;
	struct sql *sql;
	enum err err = reader_begin(reader, visitor, &sql);

	if (err)
		return err;
	buf_init(&pattern, 4096);
	pattern_make(&pattern, query->name ? query->name : "");
	for (int side = 0; side < reader_sides(visitor) && !pattern.err; side++)
		files_find(&finding, sql, visitor, (enum index_side)side,
			   (const char *)pattern.ptr);
	buf_fini(&pattern);
	*total = finding.total;
	return reader_end(reader, sql);
}
