/*
 * geometry - one GeoJSON geometry (RFC 7946), read into points, and asked about its place.
 *
 * x is the longitude or what goes east, y the latitude or what goes north; a height is carried
 * along. The text is compact JSON as json_scan.h makes it, with a terminating zero. What is read is
 * what the standard says: known types, lists as deep as the type has them, two or three finite
 * numbers a point (more are passed over), lines of two points and rings of four; a collection has
 * no collections in it. A ring that does not end where it began is taken as it is.
 */
#ifndef ALLMENDE_GEOMETRY_H
#define ALLMENDE_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

/* X(NAME, name in GeoJSON) */
#define GEOMETRY_TYPE_LIST(X)                                                                      \
	X(POINT, "Point")                                                                          \
	X(MULTIPOINT, "MultiPoint")                                                                \
	X(LINE, "LineString")                                                                      \
	X(MULTILINE, "MultiLineString")                                                            \
	X(POLYGON, "Polygon")                                                                      \
	X(MULTIPOLYGON, "MultiPolygon")                                                            \
	X(COLLECTION, "GeometryCollection")

enum geometry_type {
#define X(NAME, text) GEOMETRY_##NAME,
	GEOMETRY_TYPE_LIST(X)
#undef X
		GEOMETRY_TYPE_COUNT
};
const char *geometry_type_name(enum geometry_type type);

#define GEOMETRY_TEXT_LEN_MAX (8u * 1024 * 1024)

struct box {
	double west, south, east, north; /* west > east: empty */
};
#define BOX_EMPTY ((struct box){1, 1, 0, 0})
bool box_is_empty(struct box box);
void box_add(struct box *box, double x, double y);
void box_join(struct box *box, struct box other);
bool box_covers(struct box outer, struct box inner);

struct geometry_point {
	double x, y, z;
};

/* A run of points: all of a MultiPoint, a line, or a ring. */
struct geometry_run {
	uint32_t from, end; /* in points */
	bool polygon;       /* the outer ring of the next polygon */
};

/* The whole, or one of a collection. */
struct geometry_shape {
	enum geometry_type type;
	uint32_t from, end; /* in runs */
};

/* Owns its lists; may be read into again and again. */
struct geometry {
	enum geometry_type type;
	struct geometry_shape *shapes;
	struct geometry_run *runs;
	struct geometry_point *points;
	size_t shape_count, shape_cap, run_count, run_cap, point_count, point_cap;
	bool has_z;
	struct box box;
};

void geometry_init(struct geometry *geometry);
void geometry_fini(struct geometry *geometry);
/* ERR_MALFORMED with a sentence in why (WHY_LEN). An empty geometry is in order: its box is
   empty. */
enum err geometry_read(struct geometry *geometry, const char *text, char *why);
/* The same geometry as compact GeoJSON, with nothing but what the standard names, numbers as they
   stood in the text it was read from. */
void geometry_copy_json(struct buf *out, const char *text);
/* Written anew from the points, with so many digits behind the decimal point. */
void geometry_put_json(struct buf *out, const struct geometry *geometry, int digits);
/* Whether a point of it lies in the box, its edge counts. */
bool geometry_meets(const struct geometry *geometry, struct box box);

#endif
