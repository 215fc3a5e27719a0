/*
 * feature_query - what somebody asks of a feature table, and the features that answer it.
 *
 * Features come in the order of their fid, or sorted by fields. Who pages without sorting hands on
 * the last fid he was given (after), so a page costs the same wherever it is; a page that is
 * counted from the front (offset) costs what stands before it.
 *
 * A box selects what has a point in it: by the R*Tree first, then by the geometry itself, in the
 * system in which the box was given. A span selects what lasts into it; what names no time is not
 * selected, nor is what has no place by a box. A filter compares a field with a text: a number that
 * means the same is equal, true and false are themselves.
 *
 * Bounds: FEATURE_FILTER_MAX, FEATURE_SORT_MAX, FEATURE_FID_MAX; work_ms of work, then ERR_BUSY.
 */
#ifndef ALLMENDE_FEATURE_QUERY_H
#define ALLMENDE_FEATURE_QUERY_H

#include "node/features/feature_table.h"

#define FEATURE_FILTER_MAX 16
#define FEATURE_SORT_MAX   4
#define FEATURE_FID_MAX    1000

struct feature_filter {
	size_t field;
	struct bytes value; /* borrowed */
};
struct feature_sort {
	size_t field; /* SIZE_MAX: fid */
	bool down;
};

struct feature_query { /* zero: all of them, and none of a page */
	bool has_box;
	struct box box; /* west > east in degrees: across the antimeridian */
	enum crs box_crs;
	bool has_span;
	struct span span;
	struct feature_filter filters[FEATURE_FILTER_MAX];
	size_t filter_count;
	struct feature_sort sorts[FEATURE_SORT_MAX];
	size_t sort_count;
	const int64_t *fids; /* only these; borrowed */
	size_t fid_count;
	const char *id; /* only this one, by the id of the file, or the fid; borrowed */
	int64_t after;
	uint64_t offset, limit;
	uint64_t matched; /* what feature_count() has said, when it was asked; else 0 */
	int64_t work_ms;  /* 0: as long as it takes */
};

struct feature_row { /* for the length of a call */
	int64_t fid;
	struct bytes id;      /* of the file; empty: none */
	const char *geometry; /* CRS84, compact GeoJSON; NULL: none */
	struct box box;       /* empty: none */
	void *cells;          /* private */
};
/* The value as JSON, or as people read it: an absent one is null, or nothing. */
void feature_put_json(struct buf *out, const struct feature_row *row, size_t field);
void feature_put_plain(struct buf *out, const struct feature_row *row, size_t field);
bool feature_is_null(const struct feature_row *row, size_t field);

/* How many features the query names, whatever page of them; ERR_BUSY, ERR_CORRUPT, ERR_IO. */
enum err feature_count(struct feature_table *table, const struct feature_query *query,
		       uint64_t *count);
/* The features of the page; until each returns false. */
enum err feature_select(struct feature_table *table, const struct feature_query *query,
			bool (*each)(void *arg, const struct feature_row *row), void *arg);

#endif
