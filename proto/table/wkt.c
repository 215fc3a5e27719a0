#include "proto/table/wkt.h"

#include <string.h>
#include <strings.h>

struct wkt {
	struct bytes in;
	struct buf *out;
	unsigned dimensions; /* numbers of a point: 2 to 4; 0: not known yet */
	bool measured;       /* the last number is a measure */
	bool failed;
};

static const struct kind {
	const char *wkt, *json;
	unsigned depth; /* of lists around a point */
} kinds[] = {
	{"POINT", "Point", 0},
	{"LINESTRING", "LineString", 1},
	{"POLYGON", "Polygon", 2},
	{"MULTIPOINT", "MultiPoint", 1},
	{"MULTILINESTRING", "MultiLineString", 2},
	{"MULTIPOLYGON", "MultiPolygon", 3},
};

static void blanks_skip(struct wkt *w)
{
	while (w->in.len && strchr(" \t\n", w->in.ptr[0]) && w->in.ptr[0])
		w->in = bytes_slice(w->in, 1, w->in.len);
}

static bool next_is(struct wkt *w, char c)
{
	blanks_skip(w);
	if (!w->in.len || w->in.ptr[0] != (uint8_t)c)
		return false;
	w->in = bytes_slice(w->in, 1, w->in.len);
	return true;
}

static void wkt_expect(struct wkt *w, char c)
{
	if (!next_is(w, c))
		w->failed = true;
}

static bool is_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* A whole word that is there is taken off. */
static bool wkt_word(struct wkt *w, const char *word)
{
	size_t len = strlen(word);

	blanks_skip(w);
	if (w->in.len < len || strncasecmp((const char *)w->in.ptr, word, len) != 0 ||
	    (w->in.len > len && is_letter(w->in.ptr[len])))
		return false;
	w->in = bytes_slice(w->in, len, w->in.len);
	return true;
}

static size_t digits_len(struct bytes in, size_t at)
{
	size_t n = 0;

	while (at + n < in.len && in.ptr[at + n] >= '0' && in.ptr[at + n] <= '9')
		n++;
	return n;
}

/* A number as JSON has it: leading zeros and a missing 0 before the point are set right. */
static bool number_take(struct wkt *w, bool write)
{
	size_t at = 0, whole, fraction = 0, from;
	bool minus;

	blanks_skip(w);
	minus = w->in.len && w->in.ptr[0] == '-';
	at += minus || (w->in.len && w->in.ptr[0] == '+');
	from = at;
	whole = digits_len(w->in, at);
	at += whole;
	if (at < w->in.len && w->in.ptr[at] == '.') {
		fraction = digits_len(w->in, at + 1);
		at += 1 + fraction;
	}
	if (!whole && !fraction)
		return false;
	while (whole > 1 && w->in.ptr[from] == '0') {
		from++;
		whole--;
	}
	if (write) {
		buf_add(w->out, bytes_str(minus ? "-" : ""));
		buf_add(w->out, whole ? bytes_slice(w->in, from, whole) : bytes_str("0"));
		if (fraction)
			buf_add(w->out, bytes_slice(w->in, at - fraction - 1, fraction + 1));
	}
	w->in = bytes_slice(w->in, at, w->in.len);
	if (w->in.len && (w->in.ptr[0] == 'e' || w->in.ptr[0] == 'E')) {
		/* "1e2" is written as such: JSON has it, too */
		size_t sign = w->in.len > 1 && strchr("+-", w->in.ptr[1]) && w->in.ptr[1] ? 1 : 0;
		size_t len = digits_len(w->in, 1 + sign);

		if (!len || len > 2)
			return false;
		if (write)
			buf_add(w->out, bytes_slice(w->in, 0, 1 + sign + len));
		w->in = bytes_slice(w->in, 1 + sign + len, w->in.len);
	}
	return true;
}

static bool number_follows(struct wkt *w)
{
	blanks_skip(w);
	return w->in.len && w->in.ptr[0] && strchr("+-.0123456789", w->in.ptr[0]);
}

static void point_take(struct wkt *w)
{
	unsigned count = 0;

	buf_add_u8(w->out, '[');
	while (!w->failed && number_follows(w)) {
		/* beyond two: a height, unless it is a measure */
		bool write = count < 2 || (count == 2 && !(w->measured && w->dimensions == 3));

		if (count && write)
			buf_add_u8(w->out, ',');
		w->failed = count == 4 || !number_take(w, write);
		count++;
	}
	buf_add_u8(w->out, ']');
	if (!w->dimensions)
		w->dimensions = count;
	w->failed |= count < 2 || count != w->dimensions;
}

/* depth is at most 3: this calls itself no deeper. */
static void list_take(struct wkt *w, unsigned depth, bool multipoint)
{
	if (!depth) {
		bool bracket = multipoint && next_is(w, '('); /* MULTIPOINT has both forms */

		point_take(w);
		if (bracket)
			wkt_expect(w, ')');
		return;
	}
	wkt_expect(w, '(');
	buf_add_u8(w->out, '[');
	do {
		list_take(w, depth - 1, multipoint);
		if (w->failed || !next_is(w, ','))
			break;
		buf_add_u8(w->out, ',');
	} while (true);
	buf_add_u8(w->out, ']');
	wkt_expect(w, ')');
}

static void srid_take(struct wkt *w, unsigned *epsg)
{
	unsigned number = 0;
	size_t len;

	if (!wkt_word(w, "SRID"))
		return;
	wkt_expect(w, '=');
	len = digits_len(w->in, 0);
	w->failed |= !len || len > 6;
	for (size_t i = 0; i < len && !w->failed; i++)
		number = number * 10 + (w->in.ptr[i] - '0');
	w->in = bytes_slice(w->in, len, w->in.len);
	wkt_expect(w, ';');
	*epsg = number;
}

static const struct kind *kind_take(struct wkt *w)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (wkt_word(w, kinds[i].wkt))
			return &kinds[i];
	return NULL;
}

static void dimensions_take(struct wkt *w)
{
	if (wkt_word(w, "ZM")) {
		w->dimensions = 4;
		w->measured = true;
	} else if (wkt_word(w, "Z")) {
		w->dimensions = 3;
	} else if (wkt_word(w, "M")) {
		w->dimensions = 3;
		w->measured = true;
	}
}

enum err wkt_json(struct bytes text, struct buf *out, unsigned *epsg)
{
	struct wkt w = {.in = text, .out = out};
	size_t before = out->len;
	unsigned found = *epsg;
	const struct kind *kind;

	srid_take(&w, &found);
	kind = kind_take(&w);
	if (!kind || w.failed)
		return ERR_MALFORMED;
	dimensions_take(&w);
	buf_add(out, bytes_str("{\"type\":\""));
	buf_add(out, bytes_str(kind->json));
	buf_add(out, bytes_str("\",\"coordinates\":"));
	if (kind->depth) {
		list_take(&w, kind->depth, !strcmp(kind->json, "MultiPoint"));
	} else {
		wkt_expect(&w, '(');
		point_take(&w);
		wkt_expect(&w, ')');
	}
	buf_add_u8(out, '}');
	blanks_skip(&w);
	if (w.failed || w.in.len) {
		out->len = out->err ? out->len : before;
		return ERR_MALFORMED;
	}
	*epsg = found;
	return ERR_OK;
}
