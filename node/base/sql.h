/*
 * sql - SQLite, for what is derived and may be deleted at any time.
 *
 * One connection belongs to one thread at a time. Errors are sticky: the first fault of a
 * connection stays until sql_reset(), and later calls are no-ops, so a dozen statements need one
 * check. Texts that are bound or read are borrowed until the next call on the same statement.
 *
 * Files are in WAL mode, so readers and the one writer do not wait for each other; what a crash
 * leaves is whole. A database in memory is shared by name by all connections of this process, and
 * goes with the last of them. Nothing temporary is written to the disk.
 *
 * Only sql.c includes sqlite3.h, and the files of features (table_sql.h), whose functions SQLite
 * calls.
 */
#ifndef ALLMENDE_SQL_H
#define ALLMENDE_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

struct sql;    /* a connection */
struct sql_st; /* a statement of it */

enum sql_mode {
	SQL_READ, /* what is there */
	SQL_WRITE /* makes it when it is not there */
};

#define SQL_MEMORY_LEN 64
/* The name of a database in memory that is nobody else's; for sql_open() and sql_attach(). */
void sql_memory_name(char out[SQL_MEMORY_LEN], const void *owner);

/* ERR_ABSENT: to be read, but not there. ERR_CORRUPT: no database. *out is NULL on failure. */
enum err sql_open(struct sql **out, const char *path, enum sql_mode mode);
void sql_close(struct sql *sql); /* NULL is allowed; with its statements */
/* A second database under the name that comes before a table: "closed.dataset". */
void sql_attach(struct sql *sql, const char *path, const char *name);
/*
 * ERR_CORRUPT: the file is damaged; ERR_BUSY: the time is over, or another writes; ERR_NOSPACE,
 * ERR_NOMEM, ERR_IO. ERR_MALFORMED: the statement itself, which is our own mistake or a text that
 * is searched for.
 */
enum err sql_err(const struct sql *sql);
void sql_reset(struct sql *sql); /* forgets the fault */
/* From now on what takes longer than so many milliseconds ends with ERR_BUSY; 0: no bound. */
void sql_deadline(struct sql *sql, uint32_t ms);

/* Some statements, without results. */
void sql_exec(struct sql *sql, const char *text);
/* All or nothing; commit rolls back when there was a fault. */
void sql_begin(struct sql *sql);
enum err sql_commit(struct sql *sql);
void sql_rollback(struct sql *sql);

/* Kept by the connection, and found again by its text; ready to be bound. Never NULL. */
struct sql_st *sql_st(struct sql *sql, const char *text);
/* One of a text that hardly comes again: the caller releases it. Never NULL. */
struct sql_st *sql_once(struct sql *sql, const char *text);
void sql_st_close(struct sql_st *st);

/* Parameters count from 1. */
void sql_int(struct sql_st *st, int at, int64_t value);
void sql_text(struct sql_st *st, int at, const char *text);
void sql_text_bytes(struct sql_st *st, int at, struct bytes text);
void sql_blob(struct sql_st *st, int at, struct bytes blob);
/* The next row; false: there is none, and the statement is ready again. */
bool sql_next(struct sql_st *st);
/* To the end, rows unseen. */
void sql_run(struct sql_st *st);
/* Rows that are left are not wanted. */
void sql_end(struct sql_st *st);

/* Columns of the row count from 0. What is NULL is 0 or empty. */
int64_t sql_get_int(struct sql_st *st, int at);
const char *sql_get_text(struct sql_st *st, int at);
struct bytes sql_get_bytes(struct sql_st *st, int at);

#endif
