#include "node/base/sql.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"

#define BUSY_MS          5000
#define STEPS_LOOK       1000 /* of SQLite's machine between two looks at the clock */
#define STATEMENTS_COUNT 96
#define PRAGMAS                                                                                    \
	"PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON; PRAGMA trusted_schema=OFF;"            \
	"PRAGMA cache_size=-4096; PRAGMA synchronous=NORMAL;"

struct sql_st {
	struct sql *sql;
	sqlite3_stmt *stmt; /* NULL: the text was wrong, or the connection has a fault */
	char *text;         /* NULL: once */
};

struct sql {
	sqlite3 *db;
	enum err err;
	int64_t deadline_ms; /* clock_mono_ms(); 0: none */
	bool in_transaction;
	struct sql_st statements[STATEMENTS_COUNT];
	size_t statement_count;
};

static enum err translate(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ERR_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_INTERRUPT:
		return ERR_BUSY;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_FULL:
		return ERR_NOSPACE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_CANTOPEN:
		return ERR_ABSENT;
	case SQLITE_ERROR:
		return ERR_MALFORMED;
	default:
		return ERR_IO;
	}
}

static void code_take(struct sql *sql, int code)
{
	enum err err = translate(code);

	if (err && !sql->err)
		sql->err = err;
}

void sql_memory_name(char out[SQL_MEMORY_LEN], const void *owner)
{
	snprintf(out, SQL_MEMORY_LEN, "file:/allmende-%p?vfs=memdb", owner);
}

/* What has no header of a database is seen by the first question. */
static enum err sql_look(struct sql *sql, enum sql_mode mode)
{
	sqlite3_busy_timeout(sql->db, BUSY_MS);
	sql_exec(sql, PRAGMAS);
	if (mode == SQL_WRITE)
		sql_exec(sql, "PRAGMA journal_mode=WAL");
	else
		sql_exec(sql, "PRAGMA query_only=ON");
	sql_exec(sql, "SELECT count(*) FROM sqlite_schema");
	return sql->err;
}

enum err sql_open(struct sql **out, const char *path, enum sql_mode mode)
{
	struct sql *sql = mem_new(1, sizeof(*sql));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

	if (mode == SQL_WRITE)
		flags |= SQLITE_OPEN_CREATE;
	enum err err = translate(sqlite3_open_v2(path, &sql->db, flags, NULL));
	if (!err)
		err = sql_look(sql, mode);
	if (err) {
		sql_close(sql);
		sql = NULL;
	}
	*out = sql;
	return err;
}

void sql_close(struct sql *sql)
{
	if (!sql)
		return;
	for (size_t i = 0; i < sql->statement_count; i++) {
		sqlite3_finalize(sql->statements[i].stmt);
		free(sql->statements[i].text);
	}
	check(sqlite3_close(sql->db) == SQLITE_OK);
	free(sql);
}

void sql_attach(struct sql *sql, const char *path, const char *name)
{
	char *text = sqlite3_mprintf("ATTACH %Q AS %Q", path, name);

	sql_exec(sql, text);
	sqlite3_free(text);
}

enum err sql_err(const struct sql *sql)
{
	return sql->err;
}

void sql_reset(struct sql *sql)
{
	sql->err = ERR_OK;
}

static int is_late(void *arg)
{
	const struct sql *sql = arg;

	return sql->deadline_ms && clock_mono_ms() >= sql->deadline_ms;
}

void sql_deadline(struct sql *sql, uint32_t ms)
{
	sql->deadline_ms = ms ? clock_mono_ms() + ms : 0;
	sqlite3_progress_handler(sql->db, ms ? STEPS_LOOK : 0, ms ? is_late : NULL, sql);
}

void sql_exec(struct sql *sql, const char *text)
{
	if (!sql->err)
		code_take(sql, sqlite3_exec(sql->db, text, NULL, NULL, NULL));
}

void sql_begin(struct sql *sql)
{
	sql_exec(sql, "BEGIN IMMEDIATE");
	sql->in_transaction = !sql->err;
}

void sql_rollback(struct sql *sql)
{
	if (sql->in_transaction)
		sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
	sql->in_transaction = false;
}

enum err sql_commit(struct sql *sql)
{
	sql_exec(sql, "COMMIT");
	if (!sql->err)
		sql->in_transaction = false;
	sql_rollback(sql);
	return sql->err;
}

/* ---- statements ---- */

static sqlite3_stmt *stmt_prepare(struct sql *sql, const char *text, unsigned flags)
{
	sqlite3_stmt *stmt = NULL;

	if (!sql->err)
		code_take(sql, sqlite3_prepare_v3(sql->db, text, -1, flags, &stmt, NULL));
	return stmt;
}

struct sql_st *sql_st(struct sql *sql, const char *text)
{
	struct sql_st *st = NULL;

	for (size_t i = 0; i < sql->statement_count && !st; i++)
		if (!strcmp(sql->statements[i].text, text))
			st = &sql->statements[i];
	if (!st) {
		check(sql->statement_count < STATEMENTS_COUNT);
		st = &sql->statements[sql->statement_count++];
		*st = (struct sql_st){.sql = sql, .text = mem_str(text)};
	}
	if (!st->stmt)
		st->stmt = stmt_prepare(sql, text, SQLITE_PREPARE_PERSISTENT);
	sql_end(st);
	return st;
}

struct sql_st *sql_once(struct sql *sql, const char *text)
{
	struct sql_st *st = mem_new(1, sizeof(*st));

	*st = (struct sql_st){.sql = sql, .stmt = stmt_prepare(sql, text, 0)};
	return st;
}

void sql_st_close(struct sql_st *st)
{
	check(!st->text);
	sqlite3_finalize(st->stmt);
	free(st);
}

static bool is_ready(const struct sql_st *st)
{
	return st->stmt && !st->sql->err;
}

void sql_int(struct sql_st *st, int at, int64_t value)
{
	if (is_ready(st))
		code_take(st->sql, sqlite3_bind_int64(st->stmt, at, value));
}

void sql_text_bytes(struct sql_st *st, int at, struct bytes text)
{
	if (is_ready(st))
		code_take(st->sql,
			  sqlite3_bind_text64(st->stmt, at, text.len ? (const char *)text.ptr : "",
					      text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void sql_text(struct sql_st *st, int at, const char *text)
{
	sql_text_bytes(st, at, bytes_str(text));
}

void sql_blob(struct sql_st *st, int at, struct bytes blob)
{
	if (is_ready(st))
		code_take(st->sql,
			  sqlite3_bind_blob64(st->stmt, at, blob.len ? (const void *)blob.ptr : "",
					      blob.len, SQLITE_STATIC));
}

bool sql_next(struct sql_st *st)
{
	if (!is_ready(st))
		return false;
	int code = sqlite3_step(st->stmt);
	if (code == SQLITE_ROW)
		return true;
	code_take(st->sql, code);
	sql_end(st);
	return false;
}

void sql_run(struct sql_st *st)
{
	while (sql_next(st))
		;
}

void sql_end(struct sql_st *st)
{
	if (!st->stmt)
		return;
	sqlite3_reset(st->stmt);
	sqlite3_clear_bindings(st->stmt);
}

int64_t sql_get_int(struct sql_st *st, int at)
{
	return sqlite3_column_int64(st->stmt, at);
}

struct bytes sql_get_bytes(struct sql_st *st, int at)
{
	const void *ptr = sqlite3_column_blob(st->stmt, at);

	return bytes_of(ptr, (size_t)sqlite3_column_bytes(st->stmt, at));
}

const char *sql_get_text(struct sql_st *st, int at)
{
	const char *text = (const char *)sqlite3_column_text(st->stmt, at);

	return text ? text : "";
}
