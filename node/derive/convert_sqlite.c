/*
 * convert_sqlite - a table as an SQLite database: one table "data". What may not lie on a disk is
 * made in memory.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>

#include "node/derive/convert_internal.h"

#define PAGE_BYTES 4096

struct database {
	sqlite3 *db;
	sqlite3_stmt *insert;
};

static void db_fault(struct converting *c, struct database *d, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return;
	if (rc == SQLITE_FULL)
		convert_fail(c, ERR_FULL,
			     "the database would be larger than %" PRIu64 " MiB, or the "
			     "disk is full",
			     CONVERT_OUT_BYTES_MAX >> 20);
	else
		convert_fail(c, rc == SQLITE_NOMEM ? ERR_NOMEM : ERR_IO,
			     "the database cannot be written: %s", sqlite3_errmsg(d->db));
}

static void db_exec(struct converting *c, struct database *d, const char *sql)
{
	if (!c->err)
		db_fault(c, d, sqlite3_exec(d->db, sql, NULL, NULL, NULL));
}

static void put_name(struct buf *sql, const char *name)
{
	buf_add_u8(sql, '"');
	for (; *name; name++) {
		if (*name == '"')
			buf_add_u8(sql, '"');
		buf_add_u8(sql, (uint8_t)*name);
	}
	buf_add_u8(sql, '"');
}

static void table_create(struct converting *c, struct database *d)
{
	static const char *const types[] = {" TEXT",    " TEXT", " INTEGER", " REAL",
					    " BOOLEAN", " DATE", " DATETIME"};
	struct buf sql;

	buf_init(&sql, CSV_COLUMN_COUNT_MAX * (2 * COLUMN_NAME_LEN_MAX + 100));
	buf_add(&sql, bytes_str("CREATE TABLE data("));
	for (uint32_t i = 0; i < c->table.column_count; i++) {
		if (i)
			buf_add_u8(&sql, ',');
		put_name(&sql, c->table.columns[i].name);
		buf_add(&sql, bytes_str(types[c->table.columns[i].type]));
	}
	buf_add(&sql, bytes_of(")", 2));
	db_exec(c, d, (const char *)sql.ptr);
	buf_reset(&sql);
	buf_add(&sql, bytes_str("INSERT INTO data VALUES("));
	for (uint32_t i = 0; i < c->table.column_count; i++)
		buf_add(&sql, bytes_str(i ? ",?" : "?"));
	buf_add_u8(&sql, ')');
	if (!c->err)
		db_fault(c, d,
			 sqlite3_prepare_v2(d->db, (const char *)sql.ptr, (int)sql.len, &d->insert,
					    NULL));
	buf_fini(&sql);
}

static int cell_bind(sqlite3_stmt *insert, int at, const struct cell *cell)
{
	char text[CELL_TIME_LEN];

	switch (cell->type) {
	case COLUMN_EMPTY:
		break;
	case COLUMN_INTEGER:
		return sqlite3_bind_int64(insert, at, cell->integer);
	case COLUMN_DECIMAL:
		return sqlite3_bind_double(insert, at, cell->decimal);
	case COLUMN_BOOLEAN:
		return sqlite3_bind_int(insert, at, cell->boolean);
	case COLUMN_DATE:
	case COLUMN_TIME:
		cell_time_text(cell, text);
		return sqlite3_bind_text(insert, at, text, -1, SQLITE_TRANSIENT);
	case COLUMN_TEXT:
		return sqlite3_bind_text(insert, at, (const char *)cell->text.ptr,
					 (int)cell->text.len, SQLITE_TRANSIENT);
	}
	return sqlite3_bind_null(insert, at);
}

static void sqlite_row(struct converting *c, const struct csv_row *row, void *arg)
{
	struct database *d = arg;
	struct cell cell;
	int rc = SQLITE_OK;

	for (uint32_t i = 0; i < c->table.column_count && rc == SQLITE_OK; i++) {
		table_cell(&c->table, row, i, &cell);
		rc = cell_bind(d->insert, (int)i + 1, &cell);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_step(d->insert);
	db_fault(c, d, rc);
	sqlite3_reset(d->insert);
}

/* From memory to where it goes, which is memory, too. */
static void memory_write(struct converting *c, struct database *d)
{
	sqlite3_int64 len = 0;
	unsigned char *bytes = c->err ? NULL : sqlite3_serialize(d->db, "main", &len, 0);

	if (!bytes)
		convert_fail(c, ERR_NOMEM, "there is too little memory");
	convert_flush(c);
	for (sqlite3_int64 at = 0; at < len && !c->err; at += PAGE_BYTES) {
		buf_add(&c->out, bytes_of(bytes + at, PAGE_BYTES));
		convert_flush(c);
	}
	sqlite3_free(bytes);
}

static void db_setup(struct converting *c, struct database *d)
{
	char pages[64];

	snprintf(pages, sizeof(pages), "PRAGMA max_page_count=%" PRIu64,
		 CONVERT_OUT_BYTES_MAX / PAGE_BYTES);
	db_exec(c, d,
		"PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		"PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-4000");
	db_exec(c, d, pages);
	db_exec(c, d, "BEGIN");
}

void convert_sqlite(struct converting *c)
{
	struct database d = {0};
	const char *path = c->job->path ? c->job->path : ":memory:";
	int rc = sqlite3_open_v2(path, &d.db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (rc != SQLITE_OK)
		convert_fail(c, ERR_IO, "the database cannot be made: %s", sqlite3_errstr(rc));
	db_setup(c, &d);
	if (!c->err)
		table_create(c, &d);
	if (!c->err)
		convert_rows(c, sqlite_row, &d);
	db_exec(c, &d, "COMMIT");
	sqlite3_finalize(d.insert);
	if (!c->job->path)
		memory_write(c, &d);
	sqlite3_close(d.db);
}
