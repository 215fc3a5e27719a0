/*
 * locate - where the rows of a table lie: which columns say so, and what they say as GeoJSON.
 *
 * Coordinates stand in two columns of numbers (lat and lon, x and y, Rechtswert and Hochwert, also
 * as parts of a longer name: stop_lat, x_25833), or in one of text (WKT). Numbers of at most 180
 * and 90 are degrees. Larger ones are metres of UTM zone 32 or 33 (EPSG:25832, 25833): which one,
 * says a column epsg, the number itself (33412345), the name of its column, or who asks, by the
 * state that a municipality lies in; when nothing says it the rows have no place, rather than a
 * wrong one.
 *
 * What is written has x first: longitude or east.
 */
#ifndef ALLMENDE_LOCATE_H
#define ALLMENDE_LOCATE_H

#include "proto/table/typing.h"

enum locate_kind { LOCATE_NONE, LOCATE_NUMBERS, LOCATE_WKT };

#define EPSG_DEGREES 4326u /* here with the longitude first */
#define EPSG_ZONE_32 25832u
#define EPSG_ZONE_33 25833u

struct locate {
	enum locate_kind kind;
	uint32_t x, y; /* NUMBERS: columns */
	uint32_t text; /* WKT: column */
	bool has_zone; /* a column says it: */
	uint32_t zone; /* that column */
	unsigned epsg; /* of metres, when no row says another; 0: not known */
};
/* epsg: of metres, when the names say nothing; 0: not known. */
void locate_find(const struct csv_table *table, unsigned epsg, struct locate *out);
/* The zone in use in the German state that a key of a municipality (AGS, ARS) begins with; 0: none
   such. */
unsigned locate_zone(const char *key);

/*
 * Appends the geometry of a row as compact GeoJSON, in the system *epsg. False: the row has no
 * place, or none that can be told; out is as before.
 */
bool locate_row(const struct locate *locate, const struct csv_table *table,
		const struct csv_row *row, struct buf *out, unsigned *epsg);

#endif
