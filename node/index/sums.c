/*
 * sums - the SHA-256 of open files: which are missing, and what they are. By contents, as equal
 * files stand in many versions.
 */
#include <string.h>

#include "node/index/reader_internal.h"
#include "node/index/store.h"

#define UNSUMMED_MAX 64 /* at a time */

static bool unsummed_tell(struct sql_st *st,
			  bool (*each)(void *arg, const struct index_unsummed *file), void *arg)
{
	struct index_unsummed file = {.kept = sql_get_text(st, 0),
				      .number = (uint64_t)sql_get_int(st, 1),
				      .name = sql_get_text(st, 2)};
	struct bytes hash = sql_get_bytes(st, 3);

	if (hash.len == ID_LEN)
		memcpy(file.hash.b, hash.ptr, ID_LEN);
	return each(arg, &file);
}

enum err index_unsummed(struct index_reader *reader, const struct digest *after,
			bool (*each)(void *arg, const struct index_unsummed *file), void *arg)
{
	const struct visitor anyone = {.kind = VISITOR_ANYONE};
	struct sql *sql;
	enum err err = reader_begin(reader, &anyone, &sql);

	if (err)
		return err;
	struct sql_st *st = sql_st(sql, "SELECT d.kept, d.number, f.name, f.hash"
					" FROM main.file f INDEXED BY file_unsummed"
					" JOIN main.dataset d USING(id)"
					" WHERE f.sha256 IS NULL AND f.hash > ? AND d.held"
					" ORDER BY f.hash LIMIT ?");
	sql_blob(st, 1, id_bytes(after));
	sql_int(st, 2, UNSUMMED_MAX);
	while (sql_next(st) && unsummed_tell(st, each, arg))
		;
	sql_end(st);
	return reader_end(reader, sql);
}

void store_sum(struct index_store *store, const struct digest *hash, const struct digest *sha256)
{
	struct sql *sql = store->sides[SIDE_OPEN];
	struct sql_st *st = sql_st(sql, "UPDATE file SET sha256 = ? WHERE hash = ?"
					" AND sha256 IS NULL");

	sql_blob(st, 1, id_bytes(sha256));
	sql_blob(st, 2, id_bytes(hash));
	sql_run(st);
	store->changed[SIDE_OPEN] = true;
}
