#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/check.h"
#include "node/features/table_sql.h"

#define STOP_EVERY 256 /* features; between two looks whether to stop */
#define PAGE_BYTES 4096

/* One field while the table is being made: which types its values have had. */
struct make_field {
	char *name;
	unsigned seen;    /* bits, by field_kind */
	size_t from, len; /* of the feature that comes: in values; len 0: null */
};

struct table_keep {
	sqlite3 *db;
};

struct table_make {
	sqlite3 *db;
	sqlite3_stmt *feature, *place, *geometry;
	size_t feature_fields; /* that the statement knows */
	char *path, *temp;     /* temp: NULL in memory */
	struct table_limits limits;
	struct table_about about;
	struct make_field *fields;
	size_t field_count, field_cap, field_last;
	struct buf values, text, id;
	struct geometry at;
	struct crs_tool *crs;
	bool placed, ids_end, types_end;
	enum err err;
	char why[WHY_LEN];
};

void table_make_fault(struct table_make *make, enum err err, const char *format, ...)
{
	va_list args;

	if (make->err)
		return;
	make->err = err;
	va_start(args, format);
	vsnprintf(make->why, sizeof(make->why), format, args);
	va_end(args);
}

enum err table_make_err(const struct table_make *make)
{
	return make->err;
}

static void make_rc(struct table_make *make, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
		return;
	enum err err = table_err(rc);
	if (rc == SQLITE_FULL)
		table_make_fault(make, ERR_FULL, "the table would be larger than %llu MiB",
				 (unsigned long long)(make->limits.byte_count_max >> 20));
	else
		table_make_fault(make, err, "the table cannot be written: %s",
				 sqlite3_errmsg(make->db));
}

static void make_exec(struct table_make *make, const char *sql)
{
	if (!make->err)
		make_rc(make, sqlite3_exec(make->db, sql, NULL, NULL, NULL));
}

static void make_open(struct table_make *make)
{
	char *uri = table_uri(make->temp ? make->temp : make->path, true), pages[64];
	int flags =
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;

	make_rc(make, sqlite3_open_v2(uri, &make->db, flags, NULL));
	free(uri);
	snprintf(pages, sizeof(pages), "PRAGMA max_page_count=%llu",
		 (unsigned long long)(make->limits.byte_count_max / PAGE_BYTES + 1));
	make_exec(make, "PRAGMA page_size=4096");
	make_exec(make, pages);
	make_exec(make, make->temp ? "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
				     "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-8000"
				   : "PRAGMA journal_mode=OFF");
	make_exec(make,
		  "BEGIN;"
		  "CREATE TABLE about(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
		  "CREATE TABLE field(number INTEGER PRIMARY KEY, name TEXT, kind INTEGER);"
		  "CREATE TABLE feature(fid INTEGER PRIMARY KEY, id TEXT,"
		  " west REAL, south REAL, east REAL, north REAL, from_ms INTEGER, to_ms INTEGER);"
		  "CREATE TABLE geometry(fid INTEGER PRIMARY KEY, text TEXT);"
		  "CREATE VIRTUAL TABLE place USING rtree(fid, west, east, south, north)");
}

struct table_make *table_make_begin(const char *path, const struct table_limits *limits)
{
	struct table_make *make = mem_new(1, sizeof(*make));

	make->path = mem_str(path);
	make->limits = *limits;
	make->about.box = BOX_EMPTY;
	buf_init(&make->values, TABLE_VALUES_LEN_MAX);
	buf_init(&make->text, GEOMETRY_TEXT_LEN_MAX + 1);
	buf_init(&make->id, TABLE_ID_LEN_MAX);
	geometry_init(&make->at);
	if (strncmp(path, TABLE_MEMORY, strlen(TABLE_MEMORY)) != 0) {
		size_t len = strlen(path) + sizeof(".made");
		make->temp = mem_new(1, len);
		snprintf(make->temp, len, "%s.made", path);
		unlink(make->temp);
	}
	make_open(make);
	return make;
}

size_t table_make_field(struct table_make *make, struct bytes name)
{
	if (make->err)
		return 0;
	/* the features of a file mostly have the same fields in the same order */
	for (size_t i = 0; i < make->field_count; i++) {
		size_t at = (make->field_last + 1 + i) % make->field_count;
		if (bytes_eq(bytes_str(make->fields[at].name), name))
			return make->field_last = at;
	}
	if (make->field_count == TABLE_FIELD_MAX) {
		table_make_fault(make, ERR_FULL, "more than %d different names of values",
				 TABLE_FIELD_MAX);
		return 0;
	}
	if (name.len > TABLE_NAME_LEN_MAX || (name.len && memchr(name.ptr, 0, name.len))) {
		table_make_fault(make, ERR_FULL, "the name of a value is too long");
		return 0;
	}
	char sql[64];
	snprintf(sql, sizeof(sql), "ALTER TABLE feature ADD COLUMN c%zu", make->field_count);
	sqlite3_finalize(make->feature);
	make->feature = NULL;
	make_exec(make, sql);
	make->fields =
		mem_room(make->fields, make->field_count, &make->field_cap, sizeof(*make->fields));
	make->fields[make->field_count] = (struct make_field){.name = bytes_text(name)};
	return make->field_last = make->field_count++;
}

void table_make_value(struct table_make *make, size_t field, struct bytes raw)
{
	if (make->err || field >= make->field_count)
		return;
	struct make_field *f = &make->fields[field];
	f->from = make->values.len;
	f->len = bytes_eq(raw, bytes_str("null")) ? 0 : raw.len;
	buf_add(&make->values, bytes_slice(raw, 0, f->len));
	if (make->values.err)
		table_make_fault(make, make->values.err,
				 "feature %llu has values that are too long",
				 (unsigned long long)make->about.count + 1);
}

static void fault_at(struct table_make *make, const char *what)
{
	table_make_fault(make, ERR_MALFORMED, "feature %llu: %s",
			 (unsigned long long)make->about.count + 1, what);
}

static bool is_degrees(struct box box)
{
	return box.west >= -180 && box.east <= 180 && box.south >= -90 && box.north <= 90;
}

void table_make_place(struct table_make *make, const char *text, enum crs crs)
{
	char why[WHY_LEN];

	if (make->err || strcmp(text, "null") == 0)
		return;
	if (geometry_read(&make->at, text, why)) {
		fault_at(make, why);
		return;
	}
	buf_reset(&make->text);
	if (crs == CRS_25832 || crs == CRS_25833) {
		if (!make->crs)
			make->crs = crs_tool_open();
		if (crs_to_84(make->crs, crs, &make->at))
			fault_at(make, "the place lies outside of its reference system");
		else
			geometry_put_json(&make->text, &make->at, 9);
	} else {
		geometry_copy_json(&make->text, text);
	}
	if (!box_is_empty(make->at.box) && !is_degrees(make->at.box))
		fault_at(make,
			 "its coordinates are no longitude and latitude; name their reference "
			 "system in \"crs\", as EPSG:25832 or EPSG:25833");
	if (make->text.err)
		table_make_fault(make, make->text.err, "feature %llu: the geometry is too long",
				 (unsigned long long)make->about.count + 1);
	make->placed = true;
}

void table_make_id(struct table_make *make, struct bytes id)
{
	buf_reset(&make->id);
	if (!make->err)
		buf_add(&make->id, id);
	if (make->id.err)
		buf_reset(&make->id);
}

static void make_prepare(struct table_make *make)
{
	struct buf sql;

	if (!make->place && !make->err)
		make_rc(make, sqlite3_prepare_v2(make->db, "INSERT INTO place VALUES(?,?,?,?,?)",
						 -1, &make->place, NULL));
	if (!make->geometry && !make->err)
		make_rc(make, sqlite3_prepare_v2(make->db, "INSERT INTO geometry VALUES(?,?)", -1,
						 &make->geometry, NULL));
	if (make->feature || make->err)
		return;
	buf_init(&sql, 64 + 2 * TABLE_FIELD_MAX);
	buf_add(&sql, bytes_str("INSERT INTO feature VALUES(?,?,?,?,?,?,NULL,NULL"));
	for (size_t i = 0; i < make->field_count; i++)
		buf_add(&sql, bytes_str(",?"));
	buf_add(&sql, bytes_str(")"));
	make_rc(make, sqlite3_prepare_v2(make->db, (const char *)sql.ptr, (int)sql.len,
					 &make->feature, NULL));
	buf_fini(&sql);
}

static void make_run(struct table_make *make, sqlite3_stmt *stmt)
{
	make_rc(make, sqlite3_step(stmt));
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

static void make_put_place(struct table_make *make, int64_t fid)
{
	const struct box *box = &make->at.box;

	if (!make->placed)
		return;
	make->about.placed_count++;
	make->about.has_z |= make->at.has_z;
	if (make->about.placed_count == 1)
		make->about.type = make->at.type;
	make->types_end |= make->about.type != make->at.type;
	sqlite3_bind_int64(make->geometry, 1, fid);
	sqlite3_bind_text(make->geometry, 2, (const char *)make->text.ptr, (int)make->text.len,
			  SQLITE_STATIC);
	make_run(make, make->geometry);
	if (box_is_empty(*box))
		return;
	box_join(&make->about.box, *box);
	sqlite3_bind_double(make->feature, 3, box->west);
	sqlite3_bind_double(make->feature, 4, box->south);
	sqlite3_bind_double(make->feature, 5, box->east);
	sqlite3_bind_double(make->feature, 6, box->north);
	sqlite3_bind_int64(make->place, 1, fid);
	sqlite3_bind_double(make->place, 2, box->west);
	sqlite3_bind_double(make->place, 3, box->east);
	sqlite3_bind_double(make->place, 4, box->south);
	sqlite3_bind_double(make->place, 5, box->north);
	make_run(make, make->place);
}

static void make_put_values(struct table_make *make)
{
	for (size_t i = 0; i < make->field_count; i++) {
		struct make_field *field = &make->fields[i];
		struct bytes raw = bytes_slice(buf_bytes(&make->values), field->from, field->len);
		if (field->len) {
			field->seen |= 1u << table_kind_of(raw);
			table_bind_json(make->feature, TABLE_FIXED_COUNT - 1 + (int)i, raw);
		}
		field->len = 0;
	}
}

void table_make_next(struct table_make *make)
{
	int64_t fid = (int64_t)make->about.count + 1;

	if (make->about.count == make->limits.feature_count_max)
		table_make_fault(make, ERR_FULL, "more than %llu features",
				 (unsigned long long)make->limits.feature_count_max);
	if (fid % STOP_EVERY == 0 && make->limits.stop && atomic_load(make->limits.stop))
		table_make_fault(make, ERR_AGAIN, "the node is stopping");
	make_prepare(make);
	if (make->err)
		return;
	sqlite3_bind_int64(make->feature, 1, fid);
	if (make->id.len)
		sqlite3_bind_text(make->feature, 2, (const char *)make->id.ptr, (int)make->id.len,
				  SQLITE_STATIC);
	else
		make->ids_end = true;
	make_put_place(make, fid);
	make_put_values(make);
	if (!make->err)
		make_run(make, make->feature);
	make->about.count++;
	make->placed = false;
	buf_reset(&make->values);
	buf_reset(&make->id);
}

uint64_t table_make_count(const struct table_make *make)
{
	return make->about.count;
}

static enum field_kind kind_seen(unsigned seen)
{
	static const struct {
		unsigned bits;
		enum field_kind kind;
	} kinds[] = {
		{0, FIELD_EMPTY},
		{1u << FIELD_INTEGER, FIELD_INTEGER},
		{1u << FIELD_INTEGER | 1u << FIELD_NUMBER, FIELD_NUMBER},
		{1u << FIELD_BOOLEAN, FIELD_BOOLEAN},
		{1u << FIELD_DATE, FIELD_DATE},
		{1u << FIELD_DATE | 1u << FIELD_TIME, FIELD_TIME},
		{1u << FIELD_DATE | 1u << FIELD_TIME | 1u << FIELD_TEXT, FIELD_TEXT},
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!(seen & ~kinds[i].bits))
			return kinds[i].kind;
	return FIELD_JSON;
}

static void make_about(struct table_make *make, const char *name, sqlite3_stmt *stmt)
{
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	make_run(make, stmt);
}

/* earlier(text), and later(text), which has user data. */
static void sql_instant(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct span span;
	const void *text = sqlite3_value_text(values[0]);

	if (sqlite3_value_type(values[0]) == SQLITE_TEXT &&
	    instant_parse(bytes_of(text, (size_t)sqlite3_value_bytes(values[0])), &span))
		sqlite3_result_int64(context,
				     sqlite3_user_data(context) ? span.to_ms : span.from_ms);
}

/* A feature lasts from the first to the last of the times that it names. */
static void put_spans(struct table_make *make)
{
	static const char *const ends[] = {"from_ms=min(", ", to_ms=max("};
	struct buf sql;
	size_t dated = 0;

	buf_init(&sql, 64 * 1024);
	buf_add(&sql, bytes_str("UPDATE feature SET "));
	for (int end = 0; end < 2; end++) {
		buf_add(&sql, bytes_str(ends[end]));
		dated = 0;
		for (size_t i = 0; i < make->field_count; i++) {
			enum field_kind kind = kind_seen(make->fields[i].seen);
			char one[128];
			if (kind != FIELD_DATE && kind != FIELD_TIME)
				continue;
			snprintf(one, sizeof(one), "%sifnull(%s(c%zu), %s)", dated++ ? "," : "",
				 end ? "later" : "earlier", i,
				 end ? "-9223372036854775808" : "9223372036854775807");
			buf_add(&sql, bytes_str(one));
		}
		/* min() of one value would be an aggregate */
		buf_add(&sql, bytes_str(end ? ",-9223372036854775808)" : ",9223372036854775807)"));
	}
	buf_add_u8(&sql, 0);
	if (dated && !sql.err) {
		make_rc(make, sqlite3_create_function(make->db, "earlier", 1, SQLITE_UTF8, NULL,
						      sql_instant, NULL, NULL));
		make_rc(make, sqlite3_create_function(make->db, "later", 1, SQLITE_UTF8, make,
						      sql_instant, NULL, NULL));
		make_exec(make, (const char *)sql.ptr);
		make_exec(make, "UPDATE feature SET from_ms=NULL, to_ms=NULL WHERE from_ms>to_ms");
	}
	buf_fini(&sql);
}

static void take_spans(struct table_make *make)
{
	sqlite3_stmt *stmt = NULL;

	if (make->err)
		return;
	make_rc(make, sqlite3_prepare_v2(make->db, "SELECT min(from_ms), max(to_ms) FROM feature",
					 -1, &stmt, NULL));
	if (!make->err && sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_type(stmt, 0) == SQLITE_INTEGER) {
		make->about.has_span = true;
		make->about.span =
			(struct span){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1)};
	}
	sqlite3_finalize(stmt);
}

/* Whether each feature has another id: then they are asked for by it. */
static void make_ids(struct table_make *make)
{
	if (make->err || make->ids_end || !make->about.count)
		return;
	int rc = sqlite3_exec(make->db, "CREATE UNIQUE INDEX feature_id ON feature(id)", NULL, NULL,
			      NULL);
	if (rc != SQLITE_CONSTRAINT)
		make_rc(make, rc);
	make->about.has_ids = rc == SQLITE_OK;
}

static void put_fields(struct table_make *make)
{
	sqlite3_stmt *stmt = NULL;

	if (make->err)
		return;
	make_rc(make,
		sqlite3_prepare_v2(make->db, "INSERT INTO field VALUES(?,?,?)", -1, &stmt, NULL));
	for (size_t i = 0; i < make->field_count && !make->err; i++) {
		sqlite3_bind_int64(stmt, 1, (sqlite3_int64)i);
		sqlite3_bind_text(stmt, 2, make->fields[i].name, -1, SQLITE_STATIC);
		sqlite3_bind_int(stmt, 3, (int)kind_seen(make->fields[i].seen));
		make_run(make, stmt);
	}
	sqlite3_finalize(stmt);
}

static void put_about(struct table_make *make)
{
	const struct table_about *about = &make->about;
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{"format", TABLE_FORMAT},
		{"count", (int64_t)about->count},
		{"placed", (int64_t)about->placed_count},
		{"type", about->has_type ? (int64_t)about->type : -1},
		{"z", about->has_z},
		{"ids", about->has_ids},
		{"timed", about->has_span},
		{"from", about->span.from_ms},
		{"to", about->span.to_ms},
	};
	const struct {
		const char *name;
		double value;
	} edges[] = {{"west", about->box.west},
		     {"south", about->box.south},
		     {"east", about->box.east},
		     {"north", about->box.north}};
	sqlite3_stmt *stmt = NULL;

	if (make->err)
		return;
	make_rc(make,
		sqlite3_prepare_v2(make->db, "INSERT INTO about VALUES(?,?)", -1, &stmt, NULL));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers) && !make->err; i++) {
		sqlite3_bind_int64(stmt, 2, numbers[i].value);
		make_about(make, numbers[i].name, stmt);
	}
	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges) && !make->err; i++) {
		sqlite3_bind_double(stmt, 2, edges[i].value);
		make_about(make, edges[i].name, stmt);
	}
	sqlite3_finalize(stmt);
}

/* A file is on the disk before it has its name. */
static void make_appear(struct table_make *make)
{
	int fd = open(make->temp, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0 || rename(make->temp, make->path) < 0)
		table_make_fault(make, ERR_IO, "%s cannot be written: %s", make->path,
				 strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void make_free(struct table_make *make)
{
	for (size_t i = 0; i < make->field_count; i++)
		free(make->fields[i].name);
	free(make->fields);
	buf_fini(&make->values);
	buf_fini(&make->text);
	buf_fini(&make->id);
	geometry_fini(&make->at);
	crs_tool_close(make->crs);
	free(make->path);
	free(make->temp);
	free(make);
}

enum err table_make_end(struct table_make *make, struct table_about *about,
			struct table_keep **kept, char *why)
{
	make->about.has_type = make->about.placed_count && !make->types_end;
	sqlite3_finalize(make->feature);
	sqlite3_finalize(make->place);
	sqlite3_finalize(make->geometry);
	put_spans(make);
	take_spans(make);
	make_ids(make);
	put_fields(make);
	put_about(make);
	make_exec(make, "COMMIT");
	*kept = NULL;
	if (!make->temp && !make->err) {
		*kept = mem_new(1, sizeof(**kept));
		(*kept)->db = make->db;
	} else {
		sqlite3_close(make->db);
	}
	if (make->temp && !make->err)
		make_appear(make);
	if (make->temp && make->err)
		unlink(make->temp);
	enum err err = make->err;
	*about = make->about;
	snprintf(why, WHY_LEN, "%s", make->why);
	make_free(make);
	return err;
}

void table_keep_drop(struct table_keep *kept)
{
	if (!kept)
		return;
	sqlite3_close(kept->db);
	free(kept);
}

uint64_t table_keep_bytes(const struct table_keep *kept)
{
	sqlite3_stmt *stmt = NULL;
	uint64_t bytes = 0;

	if (sqlite3_prepare_v2(kept->db, "PRAGMA page_count", -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		bytes = (uint64_t)sqlite3_column_int64(stmt, 0) * PAGE_BYTES;
	sqlite3_finalize(stmt);
	return bytes;
}
