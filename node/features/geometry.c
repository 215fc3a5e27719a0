#include "node/features/geometry.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool box_is_empty(struct box box)
{
	return box.west > box.east;
}

void box_add(struct box *box, double x, double y)
{
	if (box_is_empty(*box)) {
		*box = (struct box){x, y, x, y};
		return;
	}
	box->west = fmin(box->west, x);
	box->east = fmax(box->east, x);
	box->south = fmin(box->south, y);
	box->north = fmax(box->north, y);
}

void box_join(struct box *box, struct box other)
{
	if (box_is_empty(other))
		return;
	box_add(box, other.west, other.south);
	box_add(box, other.east, other.north);
}

static bool box_meets(struct box a, struct box b)
{
	return a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north &&
	       !box_is_empty(a) && !box_is_empty(b);
}

bool box_covers(struct box outer, struct box inner)
{
	return outer.west <= inner.west && inner.east <= outer.east && outer.south <= inner.south &&
	       inner.north <= outer.north && !box_is_empty(inner);
}

static bool box_has(struct box box, struct geometry_point p)
{
	return p.x >= box.west && p.x <= box.east && p.y >= box.south && p.y <= box.north;
}

/* One edge of the box cuts a piece off what is left of a line, from *enter to *leave. */
static bool clip_edge(double towards, double beyond, double *enter, double *leave)
{
	if (towards == 0)
		return beyond >= 0;
	double at = beyond / towards;
	if (towards < 0)
		*enter = fmax(*enter, at);
	else
		*leave = fmin(*leave, at);
	return *enter <= *leave;
}

/* After Liang and Barsky. */
static bool line_meets(struct geometry_point a, struct geometry_point b, struct box box)
{
	double dx = b.x - a.x, dy = b.y - a.y, enter = 0, leave = 1;

	return clip_edge(-dx, a.x - box.west, &enter, &leave) &&
	       clip_edge(dx, box.east - a.x, &enter, &leave) &&
	       clip_edge(-dy, a.y - box.south, &enter, &leave) &&
	       clip_edge(dy, box.north - a.y, &enter, &leave);
}

/* The number of times a ray to the east crosses the ring. */
static unsigned ring_crossed(const struct geometry *geometry, const struct geometry_run *run,
			     double x, double y)
{
	unsigned crossed = 0;

	for (uint32_t i = run->from, j = run->end - 1; i < run->end; j = i++) {
		struct geometry_point a = geometry->points[i], b = geometry->points[j];
		if ((a.y > y) != (b.y > y) && x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x)
			crossed++;
	}
	return crossed;
}

static bool run_meets(const struct geometry *geometry, const struct geometry_run *run,
		      enum geometry_type type, struct box box)
{
	bool points = type == GEOMETRY_POINT || type == GEOMETRY_MULTIPOINT;

	for (uint32_t i = run->from; i < run->end; i++) {
		if (box_has(box, geometry->points[i]))
			return true;
		if (!points && i > run->from &&
		    line_meets(geometry->points[i - 1], geometry->points[i], box))
			return true;
	}
	return false;
}

/* No line of it meets the box: the box lies wholly inside a polygon, or outside of all. */
static bool shape_holds(const struct geometry *geometry, const struct geometry_shape *shape,
			struct box box)
{
	unsigned crossed = 0;

	for (uint32_t i = shape->from; i < shape->end; i++) {
		if (geometry->runs[i].polygon && crossed % 2)
			return true;
		if (geometry->runs[i].polygon)
			crossed = 0;
		if (geometry->runs[i].end > geometry->runs[i].from)
			crossed += ring_crossed(geometry, &geometry->runs[i], box.west, box.south);
	}
	return crossed % 2;
}

bool geometry_meets(const struct geometry *geometry, struct box box)
{
	if (!box_meets(geometry->box, box))
		return false;
	if (box_covers(box, geometry->box))
		return true;
	for (size_t s = 0; s < geometry->shape_count; s++) {
		const struct geometry_shape *shape = &geometry->shapes[s];
		for (uint32_t i = shape->from; i < shape->end; i++)
			if (run_meets(geometry, &geometry->runs[i], shape->type, box))
				return true;
		if ((shape->type == GEOMETRY_POLYGON || shape->type == GEOMETRY_MULTIPOLYGON) &&
		    shape_holds(geometry, shape, box))
			return true;
	}
	return false;
}

static void put_coordinate(struct buf *out, double v, int digits)
{
	char text[400];

	snprintf(text, sizeof(text), "%.*f", digits, v);
	if (strchr(text, '.')) {
		size_t len = strlen(text);
		while (text[len - 1] == '0')
			text[--len] = 0;
		if (text[len - 1] == '.')
			text[--len] = 0;
	}
	buf_add(out, bytes_str(strcmp(text, "-0") == 0 ? "0" : text));
}

static void put_point(struct buf *out, const struct geometry *geometry, uint32_t i, int digits)
{
	const struct geometry_point *point = &geometry->points[i];

	buf_add_u8(out, '[');
	put_coordinate(out, point->x, digits);
	buf_add_u8(out, ',');
	put_coordinate(out, point->y, digits);
	if (geometry->has_z) {
		buf_add_u8(out, ',');
		put_coordinate(out, point->z, 3);
	}
	buf_add_u8(out, ']');
}

static void put_run(struct buf *out, const struct geometry *geometry,
		    const struct geometry_run *run, int digits)
{
	buf_add_u8(out, '[');
	for (uint32_t i = run->from; i < run->end; i++) {
		if (i > run->from)
			buf_add_u8(out, ',');
		put_point(out, geometry, i, digits);
	}
	buf_add_u8(out, ']');
}

static void put_runs(struct buf *out, const struct geometry *geometry, uint32_t from, uint32_t end,
		     int digits)
{
	buf_add_u8(out, '[');
	for (uint32_t i = from; i < end; i++) {
		if (i > from)
			buf_add_u8(out, ',');
		put_run(out, geometry, &geometry->runs[i], digits);
	}
	buf_add_u8(out, ']');
}

static void put_polygons(struct buf *out, const struct geometry *geometry,
			 const struct geometry_shape *shape, int digits)
{
	uint32_t from = shape->from;

	buf_add_u8(out, '[');
	while (from < shape->end) {
		uint32_t end = from + 1;
		while (end < shape->end && !geometry->runs[end].polygon)
			end++;
		if (from > shape->from)
			buf_add_u8(out, ',');
		put_runs(out, geometry, from, end, digits);
		from = end;
	}
	buf_add_u8(out, ']');
}

static void put_shape(struct buf *out, const struct geometry *geometry,
		      const struct geometry_shape *shape, int digits)
{
	const struct geometry_run *run = &geometry->runs[shape->from];

	buf_add(out, bytes_str("{\"type\":\""));
	buf_add(out, bytes_str(geometry_type_name(shape->type)));
	buf_add(out, bytes_str("\",\"coordinates\":"));
	if (shape->type == GEOMETRY_POINT && run->from < run->end)
		put_point(out, geometry, run->from, digits);
	else if (shape->type == GEOMETRY_POINT)
		buf_add(out, bytes_str("[]"));
	else if (shape->type == GEOMETRY_MULTIPOINT || shape->type == GEOMETRY_LINE)
		put_run(out, geometry, run, digits);
	else if (shape->type == GEOMETRY_MULTIPOLYGON)
		put_polygons(out, geometry, shape, digits);
	else
		put_runs(out, geometry, shape->from, shape->end, digits);
	buf_add_u8(out, '}');
}

void geometry_put_json(struct buf *out, const struct geometry *geometry, int digits)
{
	if (geometry->type != GEOMETRY_COLLECTION) {
		put_shape(out, geometry, &geometry->shapes[0], digits);
		return;
	}
	buf_add(out, bytes_str("{\"type\":\"GeometryCollection\",\"geometries\":["));
	for (size_t i = 0; i < geometry->shape_count; i++) {
		if (i)
			buf_add_u8(out, ',');
		put_shape(out, geometry, &geometry->shapes[i], digits);
	}
	buf_add(out, bytes_str("]}"));
}
