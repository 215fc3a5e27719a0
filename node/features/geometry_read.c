#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/features/geometry.h"
#include "node/features/json_scan.h"

const char *geometry_type_name(enum geometry_type type)
{
	static const char *const names[] = {
#define X(NAME, text) text,
		GEOMETRY_TYPE_LIST(X)
#undef X
	};
	return names[type];
}

void geometry_init(struct geometry *geometry)
{
	*geometry = (struct geometry){.box = BOX_EMPTY};
}

void geometry_fini(struct geometry *geometry)
{
	free(geometry->shapes);
	free(geometry->runs);
	free(geometry->points);
	geometry_init(geometry);
}

/* Where the reader stands in a text; what is wrong makes the rest harmless. */
struct text_at {
	const char *p;
	const char *wrong;
	unsigned depth;
};

static void text_fault(struct text_at *at, const char *what)
{
	if (!at->wrong)
		at->wrong = what;
}

static bool text_takes(struct text_at *at, char c)
{
	if (at->wrong || *at->p != c)
		return false;
	at->p++;
	return true;
}

static void text_must(struct text_at *at, char c)
{
	if (!text_takes(at, c))
		text_fault(at, "lists that are not as deep as the type has them");
}

static void text_skip_string(struct text_at *at)
{
	for (at->p++; *at->p && *at->p != '"'; at->p++)
		if (*at->p == '\\' && at->p[1])
			at->p++;
	text_must(at, '"');
}

/* Over a string, an array, an object or a word. */
static void text_skip(struct text_at *at)
{
	unsigned depth = 0;

	do {
		switch (*at->p) {
		case 0:
			text_fault(at, "a text that ends early");
			return;
		case '"':
			text_skip_string(at);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (!depth)
				return; /* of what a missing value stands in */
			depth--;
			break;
		default:
			if (!depth) {
				at->p += strcspn(at->p, ",:]}");
				return;
			}
		}
		at->p++;
	} while (depth && !at->wrong);
}

/* What a geometry object says, before its lists are read. */
struct geometry_words {
	enum geometry_type type; /* GEOMETRY_TYPE_COUNT: none that is known */
	const char *coordinates, *geometries;
	size_t coordinates_len, geometries_len;
};

static enum geometry_type type_of(struct bytes name)
{
	for (unsigned i = 0; i < GEOMETRY_TYPE_COUNT; i++)
		if (bytes_eq(name, bytes_str(geometry_type_name(i))))
			return i;
	return GEOMETRY_TYPE_COUNT;
}

static bool name_is(struct bytes name, const char *word)
{
	return bytes_eq(name, bytes_str(word));
}

/* A string without escapes, as all the words of the standard are. */
static struct bytes text_string(struct text_at *at)
{
	const char *from = at->p + 1;

	if (*at->p != '"') {
		text_fault(at, "a text is missing");
		return bytes_of(NULL, 0);
	}
	text_skip(at);
	return at->wrong ? bytes_of(NULL, 0) : bytes_of(from, (size_t)(at->p - from) - 1);
}

static void words_take(struct geometry_words *words, struct bytes key, struct bytes value)
{
	if (name_is(key, "type") && value.len >= 2) {
		words->type = type_of(bytes_slice(value, 1, value.len - 2));
	} else if (name_is(key, "coordinates")) {
		words->coordinates = (const char *)value.ptr;
		words->coordinates_len = value.len;
	} else if (name_is(key, "geometries")) {
		words->geometries = (const char *)value.ptr;
		words->geometries_len = value.len;
	}
}

static struct geometry_words text_words(struct text_at *at)
{
	struct geometry_words words = {.type = GEOMETRY_TYPE_COUNT};

	text_must(at, '{');
	while (!at->wrong && *at->p != '}') {
		struct bytes key = text_string(at);
		text_must(at, ':');
		const char *from = at->p;
		text_skip(at);
		words_take(&words, key, bytes_of(from, (size_t)(at->p - from)));
		if (!text_takes(at, ','))
			break;
	}
	text_must(at, '}');
	if (words.type == GEOMETRY_TYPE_COUNT)
		text_fault(at, "an unknown type");
	else if (words.type == GEOMETRY_COLLECTION ? !words.geometries : !words.coordinates)
		text_fault(at, "no coordinates");
	return words;
}

static double text_number(struct text_at *at)
{
	char *end;
	double v;

	if (at->wrong || !strchr("-0123456789", *at->p) || !*at->p) {
		text_fault(at, "a coordinate that is no number");
		return 0;
	}
	v = strtod(at->p, &end);
	if (end == at->p || !isfinite(v))
		text_fault(at, "a coordinate that is no number");
	at->p = end;
	return v;
}

static void read_point(struct geometry *geometry, struct text_at *at)
{
	struct geometry_point point = {0};

	text_must(at, '[');
	point.x = text_number(at);
	text_must(at, ',');
	point.y = text_number(at);
	if (text_takes(at, ',')) {
		point.z = text_number(at);
		geometry->has_z = true;
		while (text_takes(at, ','))
			text_number(at);
	}
	text_must(at, ']');
	if (at->wrong)
		return;
	geometry->points = mem_room(geometry->points, geometry->point_count, &geometry->point_cap,
				    sizeof(*geometry->points));
	geometry->points[geometry->point_count++] = point;
	box_add(&geometry->box, point.x, point.y);
}

static struct geometry_run *run_begin(struct geometry *geometry, bool polygon)
{
	geometry->runs = mem_room(geometry->runs, geometry->run_count, &geometry->run_cap,
				  sizeof(*geometry->runs));
	struct geometry_run *run = &geometry->runs[geometry->run_count++];
	*run = (struct geometry_run){.from = (uint32_t)geometry->point_count, .polygon = polygon};
	return run;
}

/* A list of points, of which there are none or at least so many. */
static void read_run(struct geometry *geometry, struct text_at *at, unsigned least, bool polygon)
{
	struct geometry_run *run = run_begin(geometry, polygon);

	text_must(at, '[');
	while (!at->wrong && *at->p != ']') {
		read_point(geometry, at);
		if (!text_takes(at, ','))
			break;
	}
	text_must(at, ']');
	run->end = (uint32_t)geometry->point_count;
	if (run->end > run->from && run->end - run->from < least)
		text_fault(at,
			   least == 2 ? "a line of one point" : "a ring of less than four points");
}

static void read_runs(struct geometry *geometry, struct text_at *at, unsigned least)
{
	bool first = true;

	text_must(at, '[');
	while (!at->wrong && *at->p != ']') {
		read_run(geometry, at, least, first && least == 4);
		first = false;
		if (!text_takes(at, ','))
			break;
	}
	text_must(at, ']');
}

static void read_polygons(struct geometry *geometry, struct text_at *at)
{
	text_must(at, '[');
	while (!at->wrong && *at->p != ']') {
		read_runs(geometry, at, 4);
		if (!text_takes(at, ','))
			break;
	}
	text_must(at, ']');
}

/* A point without coordinates, [], is empty. */
static void read_single(struct geometry *geometry, struct text_at *at)
{
	struct geometry_run *run = run_begin(geometry, false);

	if (at->p[0] == '[' && at->p[1] == ']')
		at->p += 2;
	else
		read_point(geometry, at);
	run->end = (uint32_t)geometry->point_count;
}

static void read_coordinates(struct geometry *geometry, struct text_at *at, enum geometry_type type)
{
	switch (type) {
	case GEOMETRY_POINT:
		read_single(geometry, at);
		break;
	case GEOMETRY_MULTIPOINT:
		read_run(geometry, at, 1, false);
		break;
	case GEOMETRY_LINE:
		read_run(geometry, at, 2, false);
		break;
	case GEOMETRY_MULTILINE:
		read_runs(geometry, at, 2);
		break;
	case GEOMETRY_POLYGON:
		read_runs(geometry, at, 4);
		break;
	case GEOMETRY_MULTIPOLYGON:
		read_polygons(geometry, at);
		break;
	case GEOMETRY_COLLECTION:
	case GEOMETRY_TYPE_COUNT:
		text_fault(at, "a collection inside a collection");
	}
}

static void read_shape(struct geometry *geometry, struct text_at *at,
		       const struct geometry_words *words)
{
	struct text_at inner = {.p = words->coordinates};
	size_t number = geometry->shape_count;

	if (at->wrong)
		return;
	if (words->type == GEOMETRY_COLLECTION) {
		text_fault(at, "a collection inside a collection");
		return;
	}
	geometry->shapes =
		mem_room(geometry->shapes, number, &geometry->shape_cap, sizeof(*geometry->shapes));
	geometry->shapes[number] = (struct geometry_shape){
		.type = words->type,
		.from = (uint32_t)geometry->run_count,
	};
	geometry->shape_count++;
	read_coordinates(geometry, &inner, words->type);
	geometry->shapes[number].end = (uint32_t)geometry->run_count;
	if (inner.wrong)
		text_fault(at, inner.wrong);
	else if (inner.p != words->coordinates + words->coordinates_len)
		text_fault(at, "lists that are not as deep as the type has them");
}

static void read_collection(struct geometry *geometry, struct text_at *at, const char *geometries)
{
	struct text_at inner = {.p = geometries};

	text_must(&inner, '[');
	while (!inner.wrong && *inner.p != ']') {
		struct geometry_words words = text_words(&inner);
		read_shape(geometry, &inner, &words);
		if (!text_takes(&inner, ','))
			break;
	}
	text_must(&inner, ']');
	if (inner.wrong)
		text_fault(at, inner.wrong);
}

enum err geometry_read(struct geometry *geometry, const char *text, char *why)
{
	struct text_at at = {.p = text};
	struct geometry_words words = text_words(&at);

	geometry->shape_count = geometry->run_count = geometry->point_count = 0;
	geometry->has_z = false;
	geometry->box = BOX_EMPTY;
	geometry->type = words.type;
	if (!at.wrong && words.type == GEOMETRY_COLLECTION)
		read_collection(geometry, &at, words.geometries);
	else
		read_shape(geometry, &at, &words);
	if (!at.wrong && *at.p)
		text_fault(&at, "something stands behind it");
	if (!at.wrong)
		return ERR_OK;
	snprintf(why, WHY_LEN, "the geometry has %s", at.wrong);
	return ERR_MALFORMED;
}

static void copy_words(struct buf *out, const struct geometry_words *words)
{
	buf_add(out, bytes_str("{\"type\":\""));
	buf_add(out, bytes_str(geometry_type_name(words->type)));
	buf_add(out, bytes_str("\",\"coordinates\":"));
	buf_add(out, bytes_of(words->coordinates, words->coordinates_len));
	buf_add_u8(out, '}');
}

void geometry_copy_json(struct buf *out, const char *text)
{
	struct text_at at = {.p = text};
	struct geometry_words words = text_words(&at);
	bool first = true;

	if (at.wrong)
		return;
	if (words.type != GEOMETRY_COLLECTION) {
		copy_words(out, &words);
		return;
	}
	buf_add(out, bytes_str("{\"type\":\"GeometryCollection\",\"geometries\":["));
	at = (struct text_at){.p = words.geometries};
	text_must(&at, '[');
	while (!at.wrong && *at.p != ']') {
		words = text_words(&at);
		if (at.wrong)
			break;
		if (!first)
			buf_add_u8(out, ',');
		first = false;
		copy_words(out, &words);
		text_takes(&at, ',');
	}
	buf_add(out, bytes_str("]}"));
}
