/*
 * table_sql - what the files that make, open and ask a feature table share: SQLite's words in ours.
 * Private to this room.
 */
#ifndef ALLMENDE_TABLE_SQL_H
#define ALLMENDE_TABLE_SQL_H

#include <sqlite3.h>

#include "node/features/feature_table.h"

#define TABLE_MEMORY "memory:"

struct feature_table { /* by table_open.c and feature_query.c */
	sqlite3 *db;
	struct crs_tool *crs; /* made when it is needed */
	struct table_about about;
	struct table_field *fields;
	size_t field_count;
};

/* The URI of a table for sqlite3_open_v2(); for free(). */
char *table_uri(const char *path, bool writes);
enum err table_err(int rc);
/* Columns of table feature that are not fields. */
#define TABLE_FIXED_COLUMNS "fid, id, west, south, east, north, from_ms, to_ms"
#define TABLE_FIXED_COUNT   8

/* A value as it is stored: INTEGER, REAL, TEXT as they are; what else JSON has, and numbers that
   would not come back as they were, as a BLOB with their JSON text. */
void table_bind_json(sqlite3_stmt *stmt, int at, struct bytes raw);
enum field_kind table_kind_of(struct bytes raw);

#endif
