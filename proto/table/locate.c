#include "proto/table/locate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/table/wkt.h"

/* Words of a name: "stop_lat" has "stop" and "lat". */
static bool has_word(const char *name, const char *const *words)
{
	static const char parts[] = "_-. ()[]/:";

	while (*name) {
		size_t len = strcspn(name, parts);

		for (size_t i = 0; words[i]; i++)
			if (strlen(words[i]) == len && !strncasecmp(name, words[i], len))
				return true;
		name += len;
		name += strspn(name, parts);
	}
	return false;
}

static const char *const lat_words[] = {"lat",       "latitude", "breitengrad",
					"geobreite", "geolat",   NULL};
static const char *const lon_words[] = {"lon",        "lng",         "long",     "longitude",
					"längengrad", "laengengrad", "geolänge", "geolaenge",
					"geolon",     NULL};
static const char *const x_words[] = {"x",      "rechtswert",  "ostwert", "easting", "rechts",
				      "xkoord", "xkoordinate", "koordx",  NULL};
static const char *const y_words[] = {"y",      "hochwert",    "nordwert", "northing", "hoch",
				      "ykoord", "ykoordinate", "koordy",   NULL};
static const char *const wkt_words[] = {"wkt",          "geom",  "geometry", "geometrie",
					"geometriewkt", "shape", NULL};
static const char *const zone_words[] = {"epsg", "srid", "crs", NULL};

static bool is_number(const struct column *column)
{
	return column->type == COLUMN_DECIMAL || column->type == COLUMN_INTEGER;
}

/* The zone that a name speaks of: x_25833, UTM33_E, "Ost (ETRS89/UTM 32)". */
static unsigned zone_named(const char *name)
{
	char plain[COLUMN_NAME_LEN_MAX + 1];
	size_t len = 0;

	for (; *name && len < sizeof(plain) - 1; name++)
		if (!strchr("_-. ()[]/:", *name))
			plain[len++] = (char)(*name >= 'A' && *name <= 'Z' ? *name + 32 : *name);
	plain[len] = 0;
	if (strstr(plain, "25832") || strstr(plain, "utm32") || strstr(plain, "zone32"))
		return EPSG_ZONE_32;
	if (strstr(plain, "25833") || strstr(plain, "utm33") || strstr(plain, "zone33"))
		return EPSG_ZONE_33;
	return 0;
}

/* "ost" and "e" are coordinates only where the name speaks of a zone, too. */
static bool is_axis(const char *name, const char *const *words, const char *const *zoned)
{
	return has_word(name, words) || (zone_named(name) && has_word(name, zoned));
}

static bool is_x(const char *name)
{
	static const char *const zoned[] = {"e", "east", "ost", NULL};

	return is_axis(name, lon_words, zoned) || is_axis(name, x_words, zoned);
}

static bool is_y(const char *name)
{
	static const char *const zoned[] = {"n", "north", "nord", NULL};

	return is_axis(name, lat_words, zoned) || is_axis(name, y_words, zoned);
}

/* The first columns that are called so; with several pairs degrees go first, as nothing has to be
   known about them. */
static bool pair_find(const struct csv_table *table, bool (*x)(const char *),
		      bool (*y)(const char *), struct locate *out)
{
	bool has_x = false, has_y = false;

	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];

		if (!column->named || !is_number(column))
			continue;
		if (!has_x && x(column->name)) {
			has_x = true;
			out->x = i;
		} else if (!has_y && y(column->name)) {
			has_y = true;
			out->y = i;
		}
	}
	return has_x && has_y;
}

static bool is_lon(const char *name)
{
	return has_word(name, lon_words);
}

static bool is_lat(const char *name)
{
	return has_word(name, lat_words);
}

static bool column_find(const struct csv_table *table, const char *const *words, uint32_t *out)
{
	for (uint32_t i = 0; i < table->column_count; i++)
		if (table->columns[i].named && has_word(table->columns[i].name, words) &&
		    table->columns[i].type != COLUMN_EMPTY) {
			*out = i;
			return true;
		}
	return false;
}

void locate_find(const struct csv_table *table, unsigned epsg, struct locate *out)
{
	unsigned named;

	*out = (struct locate){.epsg = epsg};
	out->has_zone = column_find(table, zone_words, &out->zone);
	if (pair_find(table, is_lon, is_lat, out) || pair_find(table, is_x, is_y, out)) {
		out->kind = LOCATE_NUMBERS;
		named = zone_named(table->columns[out->x].name);
		if (!named)
			named = zone_named(table->columns[out->y].name);
		if (named)
			out->epsg = named;
	} else if (column_find(table, wkt_words, &out->text) &&
		   table->columns[out->text].type == COLUMN_TEXT) {
		out->kind = LOCATE_WKT;
	}
}

unsigned locate_zone(const char *key)
{
	/* by state: Berlin, Brandenburg, Mecklenburg-Vorpommern, Sachsen */
	static const char *const east[] = {"11", "12", "13", "14"};

	if (strlen(key) < 2 || strncmp(key, "01", 2) < 0 || strncmp(key, "16", 2) > 0)
		return 0;
	for (size_t i = 0; i < 4; i++)
		if (!strncmp(key, east[i], 2))
			return EPSG_ZONE_33;
	return EPSG_ZONE_32;
}

/* "25833", "EPSG:25833"; 0: none of ours. */
static unsigned epsg_read(struct bytes text)
{
	static const struct {
		const char *text;
		unsigned epsg;
	} known[] = {{"4326", EPSG_DEGREES}, {"25832", EPSG_ZONE_32}, {"25833", EPSG_ZONE_33}};

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(known[i].text);

		if (text.len >= len && !memcmp(text.ptr + text.len - len, known[i].text, len) &&
		    (text.len == len || text.ptr[text.len - len - 1] == ':'))
			return known[i].epsg;
	}
	return 0;
}

static bool in_degrees(double x, double y)
{
	return x >= -180 && x <= 180 && y >= -90 && y <= 90;
}

/* Where both zones reach in Germany and beyond, and nothing else that is called x and y. */
static bool in_metres(double x, double y)
{
	return x >= -500000 && x <= 1500000 && y >= 4000000 && y <= 8000000;
}

/* 33412345 is 412345 in zone 33. */
static bool zone_in_front(double *x, unsigned *epsg)
{
	unsigned zone = *x >= 32e6 && *x < 33e6 ? 32 : *x >= 33e6 && *x < 34e6 ? 33 : 0;

	if (!zone)
		return false;
	*x -= zone * 1e6;
	*epsg = zone == 32 ? EPSG_ZONE_32 : EPSG_ZONE_33;
	return true;
}

static bool numbers_row(const struct locate *locate, const struct csv_table *table,
			const struct csv_row *row, struct buf *out, unsigned *epsg)
{
	struct cell x, y;
	bool zoned;
	double east;

	table_cell(table, row, locate->x, &x);
	table_cell(table, row, locate->y, &y);
	if (x.type != table->columns[locate->x].type || y.type != table->columns[locate->y].type)
		return false;
	east = x.decimal;
	zoned = zone_in_front(&east, epsg);
	if (in_degrees(east, y.decimal) && !zoned)
		*epsg = EPSG_DEGREES;
	else if (!in_metres(east, y.decimal) || (*epsg != EPSG_ZONE_32 && *epsg != EPSG_ZONE_33))
		return false;
	buf_add(out, bytes_str("{\"type\":\"Point\",\"coordinates\":["));
	if (zoned) {
		char text[40];

		snprintf(text, sizeof(text), "%.3f", east);
		buf_add(out, bytes_str(text));
	} else {
		cell_number(&x, out);
	}
	buf_add_u8(out, ',');
	cell_number(&y, out);
	buf_add(out, bytes_str("]}"));
	return true;
}

/* The first pair of numbers says whether these are degrees. */
static bool first_in_degrees(struct bytes json)
{
	for (size_t i = 0; i < json.len; i++) {
		size_t digits = 0;

		while (i + digits < json.len && json.ptr[i + digits] >= '0' &&
		       json.ptr[i + digits] <= '9')
			digits++;
		if (digits)
			return digits <= 3;
	}
	return false;
}

static bool wkt_row(const struct locate *locate, const struct csv_row *row, struct buf *out,
		    unsigned *epsg)
{
	size_t before = out->len;

	if (locate->text >= row->count || wkt_json(row->cells[locate->text], out, epsg))
		return false;
	if (*epsg == EPSG_ZONE_32 || *epsg == EPSG_ZONE_33 || *epsg == EPSG_DEGREES || !*epsg) {
		bool degrees = first_in_degrees(bytes_slice(buf_bytes(out), before, out->len));

		if (degrees)
			*epsg = EPSG_DEGREES;
		if (degrees || (*epsg && *epsg != EPSG_DEGREES))
			return true;
	}
	out->len = before;
	return false;
}

bool locate_row(const struct locate *locate, const struct csv_table *table,
		const struct csv_row *row, struct buf *out, unsigned *epsg)
{
	struct cell zone;

	*epsg = locate->epsg;
	if (locate->has_zone) {
		table_cell(table, row, locate->zone, &zone);
		if (epsg_read(zone.text))
			*epsg = epsg_read(zone.text);
	}
	switch (locate->kind) {
	case LOCATE_NUMBERS:
		return numbers_row(locate, table, row, out, epsg);
	case LOCATE_WKT:
		return wkt_row(locate, row, out, epsg);
	case LOCATE_NONE:
		break;
	}
	return false;
}
