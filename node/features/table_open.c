#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/features/table_sql.h"

/* Pages that one open table keeps in memory, in KiB. */
#define CACHE_KIB 1024

char *table_uri(const char *path, bool writes)
{
	struct buf uri;
	bool memory = strncmp(path, TABLE_MEMORY, strlen(TABLE_MEMORY)) == 0;

	buf_init(&uri, 16384);
	buf_add(&uri, bytes_str(memory ? "file:/" : "file:"));
	for (const char *at = memory ? path + strlen(TABLE_MEMORY) : path; *at; at++) {
		char escaped[4];
		if (*at == '?' || *at == '#' || *at == '%') {
			snprintf(escaped, sizeof(escaped), "%%%02x", (unsigned char)*at);
			buf_add(&uri, bytes_str(escaped));
		} else {
			buf_add_u8(&uri, (uint8_t)*at);
		}
	}
	/* a file never changes once it has its name: no locks, no journal is looked for */
	buf_add(&uri, bytes_str(memory ? "?vfs=memdb" : writes ? "" : "?immutable=1"));
	buf_add_u8(&uri, 0);
	return (char *)uri.ptr;
}

enum err table_err(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_FULL:
		return ERR_NOSPACE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
		return ERR_CORRUPT;
	case SQLITE_CANTOPEN:
		return ERR_ABSENT;
	case SQLITE_INTERRUPT:
		return ERR_BUSY;
	default:
		return ERR_IO;
	}
}

/* Whether a number is an integer that SQLite keeps as one. */
static bool raw_integer(struct bytes raw, int64_t *v)
{
	char text[24];

	if (raw.len > 18)
		return false;
	memcpy(text, raw.ptr, raw.len);
	text[raw.len] = 0;
	if (strpbrk(text, ".eE") || strcmp(text, "-0") == 0)
		return false;
	*v = strtoll(text, NULL, 10);
	return true;
}

/* Whether the nearest double says all that the text says. */
static bool raw_real(struct bytes raw, double *v)
{
	char text[64];
	size_t digits = 0;

	if (raw.len >= sizeof(text) - 1)
		return false;
	memcpy(text, raw.ptr, raw.len);
	text[raw.len] = 0;
	for (size_t i = 0; i < raw.len && text[i] != 'e' && text[i] != 'E'; i++)
		digits += text[i] >= '0' && text[i] <= '9';
	*v = strtod(text, NULL);
	return digits <= 17 && isfinite(*v);
}

/* A string of compact JSON, with its quotes, without its escapes. */
static void raw_text(struct buf *out, struct bytes raw)
{
	for (size_t i = 1; i + 1 < raw.len; i++) {
		uint8_t c = raw.ptr[i];
		if (c == '\\' && raw.ptr[i + 1] == 'u' && i + 5 < raw.len) {
			char hex[3] = {(char)raw.ptr[i + 4], (char)raw.ptr[i + 5], 0};
			c = (uint8_t)strtoul(hex, NULL, 16);
			i += 5;
		} else if (c == '\\') {
			c = raw.ptr[++i];
		}
		buf_add_u8(out, c);
	}
}

static void bind_text(sqlite3_stmt *stmt, int at, struct bytes raw)
{
	struct buf text;

	if (!memchr(raw.ptr, '\\', raw.len)) {
		sqlite3_bind_text(stmt, at, (const char *)raw.ptr + 1, (int)raw.len - 2,
				  SQLITE_STATIC);
		return;
	}
	buf_init(&text, raw.len);
	raw_text(&text, raw);
	sqlite3_bind_text(stmt, at, (const char *)text.ptr, (int)text.len, SQLITE_TRANSIENT);
	buf_fini(&text);
}

void table_bind_json(sqlite3_stmt *stmt, int at, struct bytes raw)
{
	int64_t integer;
	double real;
	uint8_t c = raw.len ? raw.ptr[0] : 'n';

	if (c == 'n')
		sqlite3_bind_null(stmt, at);
	else if (c == '"')
		bind_text(stmt, at, raw);
	else if ((c == '-' || (c >= '0' && c <= '9')) && raw_integer(raw, &integer))
		sqlite3_bind_int64(stmt, at, integer);
	else if ((c == '-' || (c >= '0' && c <= '9')) && raw_real(raw, &real))
		sqlite3_bind_double(stmt, at, real);
	else
		sqlite3_bind_blob(stmt, at, raw.ptr, (int)raw.len, SQLITE_STATIC);
}

enum field_kind table_kind_of(struct bytes raw)
{
	struct span span;
	int64_t v;

	switch (raw.ptr[0]) {
	case '"':
		switch (instant_parse(bytes_slice(raw, 1, raw.len - 2), &span)) {
		case INSTANT_DATE:
			return FIELD_DATE;
		case INSTANT_TIME:
			return FIELD_TIME;
		case INSTANT_NONE:
			break;
		}
		return FIELD_TEXT;
	case 't':
	case 'f':
		return FIELD_BOOLEAN;
	case '{':
	case '[':
		return FIELD_JSON;
	default:
		return raw_integer(raw, &v) ? FIELD_INTEGER : FIELD_NUMBER;
	}
}

static int64_t about_number(sqlite3 *db, const char *name, double *real)
{
	sqlite3_stmt *stmt = NULL;
	int64_t v = INT64_MIN;

	if (sqlite3_prepare_v2(db, "SELECT value FROM about WHERE name=?", -1, &stmt, NULL) ==
	    SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
		if (sqlite3_step(stmt) == SQLITE_ROW) {
			v = sqlite3_column_int64(stmt, 0);
			if (real)
				*real = sqlite3_column_double(stmt, 0);
		}
	}
	sqlite3_finalize(stmt);
	return v;
}

static void read_about(struct feature_table *table)
{
	struct table_about *about = &table->about;
	int64_t type = about_number(table->db, "type", NULL);

	about->count = (uint64_t)about_number(table->db, "count", NULL);
	about->placed_count = (uint64_t)about_number(table->db, "placed", NULL);
	about->has_type = type >= 0 && type < GEOMETRY_TYPE_COUNT;
	about->type = about->has_type ? (enum geometry_type)type : GEOMETRY_POINT;
	about->has_z = about_number(table->db, "z", NULL) == 1;
	about->has_ids = about_number(table->db, "ids", NULL) == 1;
	about->has_span = about_number(table->db, "timed", NULL) == 1;
	about->span.from_ms = about_number(table->db, "from", NULL);
	about->span.to_ms = about_number(table->db, "to", NULL);
	about_number(table->db, "west", &about->box.west);
	about_number(table->db, "south", &about->box.south);
	about_number(table->db, "east", &about->box.east);
	about_number(table->db, "north", &about->box.north);
}

static enum err read_fields(struct feature_table *table)
{
	sqlite3_stmt *stmt = NULL;
	size_t cap = 0;
	int rc = sqlite3_prepare_v2(table->db, "SELECT name, kind FROM field ORDER BY number", -1,
				    &stmt, NULL);

	while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW &&
	       table->field_count < TABLE_FIELD_MAX) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		int kind = sqlite3_column_int(stmt, 1);
		table->fields =
			mem_room(table->fields, table->field_count, &cap, sizeof(*table->fields));
		table->fields[table->field_count++] = (struct table_field){
			.name = mem_str(name ? name : ""),
			.kind = kind >= 0 && kind <= FIELD_JSON ? (enum field_kind)kind
								: FIELD_JSON,
		};
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_OK ? ERR_OK : table_err(rc);
}

enum err feature_table_open(struct feature_table **out, const char *path)
{
	struct feature_table *table = mem_new(1, sizeof(*table));
	char *uri = table_uri(path, false), cache[64];
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
	int rc = sqlite3_open_v2(uri, &table->db, flags, NULL);
	enum err err = rc == SQLITE_OK ? ERR_OK : table_err(rc);

	free(uri);
	snprintf(cache, sizeof(cache), "PRAGMA cache_size=-%d", CACHE_KIB);
	if (!err && (rc = sqlite3_exec(table->db, cache, NULL, NULL, NULL)) != SQLITE_OK)
		err = table_err(rc);
	/* one in memory that nobody keeps is made by opening it, and empty */
	if (!err && about_number(table->db, "format", NULL) != TABLE_FORMAT)
		err = strncmp(path, TABLE_MEMORY, strlen(TABLE_MEMORY)) == 0 ? ERR_ABSENT
									     : ERR_VERSION;
	if (!err)
		err = read_fields(table);
	if (err) {
		feature_table_close(table);
		return err;
	}
	read_about(table);
	*out = table;
	return ERR_OK;
}

void feature_table_close(struct feature_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->field_count; i++)
		free(table->fields[i].name);
	free(table->fields);
	crs_tool_close(table->crs);
	sqlite3_close(table->db);
	free(table);
}

const struct table_about *feature_table_about(const struct feature_table *table)
{
	return &table->about;
}

const struct table_field *feature_table_fields(const struct feature_table *table, size_t *count)
{
	*count = table->field_count;
	return table->fields;
}

size_t feature_table_field(const struct feature_table *table, struct bytes name)
{
	for (size_t i = 0; i < table->field_count; i++)
		if (bytes_eq(bytes_str(table->fields[i].name), name))
			return i;
	return SIZE_MAX;
}
