#include "node/features/feature_query.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/base/clock.h"
#include "node/features/json_scan.h"
#include "node/features/table_sql.h"

#define SQL_LEN_MAX  (64 * 1024)
#define STEPS_A_LOOK 10000 /* of SQLite's machine, between two looks at the clock */
/* A box with more than one of so many features is looked for along the fids: the tree gives them in
   its own order, and all would be sorted for each page. */
#define TREE_SHARE    20
#define COLUMN_BEFORE 1 /* the geometry's, before those of feature */

struct asking {
	struct feature_table *table;
	const struct feature_query *query;
	struct buf sql;
	sqlite3_stmt *stmt;
	int bound;
	struct box boxes[2]; /* in CRS84 */
	int box_count;
	struct geometry geometry;
	int64_t deadline_ms;
	enum err err;
};

static int out_of_time(void *arg)
{
	const struct asking *asking = arg;

	return clock_mono_ms() > asking->deadline_ms;
}

static void asking_say(struct asking *asking, const char *sql)
{
	buf_add(&asking->sql, bytes_str(sql));
}

/* The box as one or two in CRS84, which hold it. */
static void asking_boxes(struct asking *asking)
{
	const struct feature_query *query = asking->query;
	struct box box = query->box;

	if (!query->has_box)
		return;
	if (query->box_crs == CRS_25832 || query->box_crs == CRS_25833) {
		if (!asking->table->crs)
			asking->table->crs = crs_tool_open();
		/* what cannot be turned lies far from where the system is good for anything */
		if (!crs_box_to_84(asking->table->crs, query->box_crs, box, &asking->boxes[0]))
			asking->box_count = 1;
		return;
	}
	asking->boxes[asking->box_count++] = box;
	if (box.west > box.east) {
		asking->boxes[0].east = 180;
		asking->boxes[asking->box_count++] =
			(struct box){-180, box.south, box.east, box.north};
	}
}

/* SQL's meets(text): the geometry, in the system of the box, against the box itself. */
static void sql_meets(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct asking *asking = sqlite3_user_data(context);
	const char *text = (const char *)sqlite3_value_text(values[0]);
	enum crs crs = asking->query->box_crs;
	bool meets = false;
	char why[WHY_LEN];

	if (!text || geometry_read(&asking->geometry, text, why))
		return;
	if (crs == CRS_25832 || crs == CRS_25833) {
		meets = !crs_from_84(asking->table->crs, crs, &asking->geometry) &&
			geometry_meets(&asking->geometry, asking->query->box);
	} else {
		for (int i = 0; i < asking->box_count; i++)
			meets |= geometry_meets(&asking->geometry, asking->boxes[i]);
	}
	sqlite3_result_int(context, meets);
}

/* How many features a box has, when they lie evenly; before they are counted. */
static double box_guess(const struct asking *asking)
{
	struct box all = asking->table->about.box;
	double share = 0;

	for (int i = 0; i < asking->box_count; i++) {
		struct box box = asking->boxes[i];
		double wide = fmin(box.east, all.east) - fmax(box.west, all.west);
		double high = fmin(box.north, all.north) - fmax(box.south, all.south);
		if (wide >= 0 && high >= 0)
			share += wide * high;
	}
	double area = (all.east - all.west) * (all.north - all.south);
	return area > 0 ? share / area * (double)asking->table->about.count : 0;
}

static bool by_tree(const struct asking *asking)
{
	const struct feature_query *query = asking->query;
	double count = query->matched ? (double)query->matched : box_guess(asking);

	return count * TREE_SHARE < (double)asking->table->about.count;
}

static void say_tree(struct asking *asking)
{
	asking_say(asking, " AND f.fid IN (");
	for (int i = 0; i < asking->box_count; i++)
		asking_say(asking,
			   i ? " UNION SELECT fid FROM place WHERE west<=? AND east>=? AND "
			       "south<=? AND north>=?"
			     : "SELECT fid FROM place WHERE west<=? AND east>=? AND south<=? "
			       "AND north>=?");
	asking_say(asking, ")");
}

static void say_box(struct asking *asking)
{
	bool plane = asking->query->box_crs == CRS_25832 || asking->query->box_crs == CRS_25833;

	if (!asking->query->has_box)
		return;
	if (!asking->box_count) {
		asking_say(asking, " AND 0");
		return;
	}
	if (by_tree(asking))
		say_tree(asking);
	asking_say(asking, " AND (");
	for (int i = 0; i < asking->box_count; i++)
		asking_say(asking, i ? " OR (f.west<=? AND f.east>=? AND f.south<=? AND f.north>=?)"
				     : "(f.west<=? AND f.east>=? AND f.south<=? AND f.north>=?)");
	asking_say(asking, ") AND (");
	for (int i = 0; i < asking->box_count && !plane; i++)
		asking_say(asking, "(f.west>=? AND f.east<=? AND f.south>=? AND f.north<=?) OR ");
	asking_say(asking, "meets((SELECT g.text FROM geometry g WHERE g.fid=f.fid)))");
}

static void say_where(struct asking *asking)
{
	const struct feature_query *query = asking->query;
	char text[64];

	asking_say(asking, " WHERE 1");
	say_box(asking);
	if (query->has_span)
		asking_say(asking, " AND f.to_ms>=? AND f.from_ms<=?");
	for (size_t i = 0; i < query->filter_count; i++) {
		snprintf(text, sizeof(text), " AND f.c%zu IN (?,?,?)", query->filters[i].field);
		asking_say(asking, text);
	}
	if (query->id)
		asking_say(asking, asking->table->about.has_ids ? " AND f.id=?" : " AND f.fid=?");
	if (query->fids) {
		asking_say(asking, " AND f.fid IN (0");
		for (size_t i = 0; i < query->fid_count; i++) {
			snprintf(text, sizeof(text), ",%lld", (long long)query->fids[i]);
			asking_say(asking, text);
		}
		asking_say(asking, ")");
	}
}

static void say_order(struct asking *asking)
{
	const struct feature_query *query = asking->query;
	char text[64];

	asking_say(asking, " ORDER BY ");
	for (size_t i = 0; i < query->sort_count; i++) {
		const struct feature_sort *sort = &query->sorts[i];
		if (sort->field == SIZE_MAX)
			snprintf(text, sizeof(text), "f.fid%s, ", sort->down ? " DESC" : "");
		else
			snprintf(text, sizeof(text), "f.c%zu%s, ", sort->field,
				 sort->down ? " DESC" : "");
		asking_say(asking, text);
	}
	asking_say(asking, "f.fid LIMIT ? OFFSET ?");
}

static void bind_box(struct asking *asking, struct box box, bool inside)
{
	sqlite3_bind_double(asking->stmt, ++asking->bound, inside ? box.west : box.east);
	sqlite3_bind_double(asking->stmt, ++asking->bound, inside ? box.east : box.west);
	sqlite3_bind_double(asking->stmt, ++asking->bound, inside ? box.south : box.north);
	sqlite3_bind_double(asking->stmt, ++asking->bound, inside ? box.north : box.south);
}

static void bind_boxes(struct asking *asking)
{
	bool plane = asking->query->box_crs == CRS_25832 || asking->query->box_crs == CRS_25833;

	if (!asking->box_count)
		return;
	for (int round = by_tree(asking) ? 0 : 1; round < (plane ? 2 : 3); round++)
		for (int i = 0; i < asking->box_count; i++)
			bind_box(asking, asking->boxes[i], round == 2);
}

/* The text itself, the number that it is, and the word of JSON. */
static void bind_filter(struct asking *asking, struct bytes value)
{
	char text[64], *end;
	bool number = value.len > 0 && value.len < sizeof(text);

	sqlite3_bind_text(asking->stmt, ++asking->bound, (const char *)value.ptr, (int)value.len,
			  SQLITE_STATIC);
	asking->bound++;
	if (number) {
		memcpy(text, value.ptr, value.len);
		text[value.len] = 0;
		double real = strtod(text, &end);
		number = *end == 0 && isfinite(real) && !strpbrk(text, "xXnN ");
		long long integer = strtoll(text, &end, 10);
		if (number && *end == 0 && value.len <= 18)
			sqlite3_bind_int64(asking->stmt, asking->bound, integer);
		else if (number)
			sqlite3_bind_double(asking->stmt, asking->bound, real);
	}
	asking->bound++;
	if (bytes_eq(value, bytes_str("true")) || bytes_eq(value, bytes_str("false")))
		sqlite3_bind_blob(asking->stmt, asking->bound, value.ptr, (int)value.len,
				  SQLITE_STATIC);
}

static void bind_id(struct asking *asking, const char *id)
{
	char *end;

	asking->bound++;
	if (asking->table->about.has_ids) {
		sqlite3_bind_text(asking->stmt, asking->bound, id, -1, SQLITE_STATIC);
		return;
	}
	long long fid = strtoll(id, &end, 10);
	sqlite3_bind_int64(asking->stmt, asking->bound,
			   *id >= '1' && *id <= '9' && *end == 0 ? fid : 0);
}

static void bind_where(struct asking *asking)
{
	const struct feature_query *query = asking->query;

	bind_boxes(asking);
	if (query->has_span) {
		sqlite3_bind_int64(asking->stmt, ++asking->bound, query->span.from_ms);
		sqlite3_bind_int64(asking->stmt, ++asking->bound, query->span.to_ms);
	}
	for (size_t i = 0; i < query->filter_count; i++)
		bind_filter(asking, query->filters[i].value);
	if (query->id)
		bind_id(asking, query->id);
}

static void asking_begin(struct asking *asking, struct feature_table *table,
			 const struct feature_query *query)
{
	*asking = (struct asking){.table = table, .query = query};
	buf_init(&asking->sql, SQL_LEN_MAX);
	geometry_init(&asking->geometry);
	asking_boxes(asking);
	if (query->work_ms) {
		asking->deadline_ms = clock_mono_ms() + query->work_ms;
		sqlite3_progress_handler(table->db, STEPS_A_LOOK, out_of_time, asking);
	}
}

static void asking_prepare(struct asking *asking)
{
	sqlite3 *db = asking->table->db;
	int rc = SQLITE_OK;

	if (asking->sql.err) {
		asking->err = ERR_FULL;
		return;
	}
	if (asking->box_count)
		rc = sqlite3_create_function(db, "meets", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
					     asking, sql_meets, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, (const char *)asking->sql.ptr, (int)asking->sql.len,
					&asking->stmt, NULL);
	if (rc != SQLITE_OK)
		asking->err = table_err(rc);
}

static enum err asking_end(struct asking *asking)
{
	sqlite3_finalize(asking->stmt);
	sqlite3_progress_handler(asking->table->db, 0, NULL, NULL);
	buf_fini(&asking->sql);
	geometry_fini(&asking->geometry);
	return asking->err;
}

enum err feature_count(struct feature_table *table, const struct feature_query *query,
		       uint64_t *count)
{
	struct asking asking;
	bool all = !query->has_span && !query->filter_count && !query->id && !query->fids;

	/* nobody looks at each of a million features to learn that all are meant */
	if (all && (!query->has_box ||
		    (query->box_crs == CRS_84 && box_covers(query->box, table->about.box)))) {
		*count = query->has_box ? table->about.placed_count : table->about.count;
		if (!query->has_box || table->about.placed_count == table->about.count)
			return ERR_OK;
	}
	asking_begin(&asking, table, query);
	asking_say(&asking, "SELECT count(*) FROM feature f");
	say_where(&asking);
	asking_prepare(&asking);
	if (!asking.err) {
		bind_where(&asking);
		int rc = sqlite3_step(asking.stmt);
		if (rc == SQLITE_ROW)
			*count = (uint64_t)sqlite3_column_int64(asking.stmt, 0);
		else
			asking.err = table_err(rc);
	}
	return asking_end(&asking);
}

static struct bytes column_bytes(sqlite3_stmt *stmt, int at)
{
	const void *ptr = sqlite3_column_blob(stmt, at);

	return bytes_of(ptr, ptr ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}

static struct feature_row row_of(sqlite3_stmt *stmt)
{
	struct feature_row row = {
		.geometry = (const char *)sqlite3_column_text(stmt, 0),
		.fid = sqlite3_column_int64(stmt, COLUMN_BEFORE),
		.id = column_bytes(stmt, COLUMN_BEFORE + 1),
		.box = BOX_EMPTY,
		.cells = stmt,
	};
	if (sqlite3_column_type(stmt, COLUMN_BEFORE + 2) != SQLITE_NULL)
		row.box = (struct box){sqlite3_column_double(stmt, COLUMN_BEFORE + 2),
				       sqlite3_column_double(stmt, COLUMN_BEFORE + 3),
				       sqlite3_column_double(stmt, COLUMN_BEFORE + 4),
				       sqlite3_column_double(stmt, COLUMN_BEFORE + 5)};
	return row;
}

enum err feature_select(struct feature_table *table, const struct feature_query *query,
			bool (*each)(void *arg, const struct feature_row *row), void *arg)
{
	struct asking asking;
	int rc = SQLITE_DONE;

	asking_begin(&asking, table, query);
	asking_say(&asking, "SELECT (SELECT g.text FROM geometry g WHERE g.fid=f.fid), f.*"
			    " FROM feature f");
	say_where(&asking);
	if (query->after)
		asking_say(&asking, " AND f.fid>?");
	say_order(&asking);
	asking_prepare(&asking);
	if (!asking.err) {
		bind_where(&asking);
		if (query->after)
			sqlite3_bind_int64(asking.stmt, ++asking.bound, query->after);
		sqlite3_bind_int64(asking.stmt, ++asking.bound, (sqlite3_int64)query->limit);
		sqlite3_bind_int64(asking.stmt, ++asking.bound, (sqlite3_int64)query->offset);
		while ((rc = sqlite3_step(asking.stmt)) == SQLITE_ROW) {
			struct feature_row row = row_of(asking.stmt);
			if (!each(arg, &row))
				break;
		}
		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			asking.err = table_err(rc);
	}
	return asking_end(&asking);
}

static int cell_of(size_t field)
{
	return COLUMN_BEFORE + TABLE_FIXED_COUNT + (int)field;
}

bool feature_is_null(const struct feature_row *row, size_t field)
{
	return sqlite3_column_type(row->cells, cell_of(field)) == SQLITE_NULL;
}

/* The shortest text that is read as the same number, and as one with a fraction. */
static void put_real(struct buf *out, double v)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_add(out, bytes_str(text));
	if (!strpbrk(text, ".e"))
		buf_add(out, bytes_str(".0"));
}

static void put_cell(struct buf *out, const struct feature_row *row, size_t field, bool json)
{
	int at = cell_of(field);
	char text[32];

	switch (sqlite3_column_type(row->cells, at)) {
	case SQLITE_INTEGER:
		snprintf(text, sizeof(text), "%lld",
			 (long long)sqlite3_column_int64(row->cells, at));
		buf_add(out, bytes_str(text));
		break;
	case SQLITE_FLOAT:
		put_real(out, sqlite3_column_double(row->cells, at));
		break;
	case SQLITE_TEXT:
		if (json)
			json_put_text(out, column_bytes(row->cells, at));
		else
			buf_add(out, column_bytes(row->cells, at));
		break;
	case SQLITE_BLOB:
		buf_add(out, column_bytes(row->cells, at));
		break;
	default:
		if (json)
			buf_add(out, bytes_str("null"));
	}
}

void feature_put_json(struct buf *out, const struct feature_row *row, size_t field)
{
	put_cell(out, row, field, true);
}

void feature_put_plain(struct buf *out, const struct feature_row *row, size_t field)
{
	put_cell(out, row, field, false);
}
