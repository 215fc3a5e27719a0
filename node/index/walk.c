/*
 * walk - all that is open, in one pass.
 */
#include "node/index/reader_internal.h"

enum err index_walk(struct index_reader *reader,
		    bool (*each)(void *arg, const struct index_row *row), void *arg)
{
	const struct visitor anyone = {.kind = VISITOR_ANYONE};
	struct sql *sql;
	bool more = true;

	enum err err = reader_begin(reader, &anyone, &sql);
	if (err)
		return err;
	sql_deadline(sql, 0);
	struct sql_st *st =
		sql_st(sql, "SELECT d.uuid, d.number, d.held, d.listed = 1, d.modified, d.mark,"
			    " (SELECT count(*) FROM main.file f WHERE f.id = d.id)"
			    " FROM main.dataset d ORDER BY d.uuid");
	while (more && sql_next(st)) {
		const struct index_row row = {.uuid = sql_get_text(st, 0),
					      .number = (uint64_t)sql_get_int(st, 1),
					      .held = sql_get_int(st, 2) != 0,
					      .listed = sql_get_int(st, 3) != 0,
					      .modified_ms = sql_get_int(st, 4),
					      .mark = (uint64_t)sql_get_int(st, 5),
					      .file_count = (uint64_t)sql_get_int(st, 6)};
		more = each(arg, &row);
	}
	sql_end(st);
	err = reader_end(reader, sql);
	return err ? err : more ? ERR_OK : ERR_ABSENT;
}
