/*
 * wkt - geometries as well-known text (OGC 06-103r4), as tables have them: turned into GeoJSON.
 *
 * All seven kinds of places that GeoJSON knows but collections; heights go along, measures (M) do
 * not. "SRID=25833;" before it names the system, as PostGIS writes it.
 */
#ifndef ALLMENDE_WKT_H
#define ALLMENDE_WKT_H

#include "crypto/bytes.h"

/* Appends compact GeoJSON; numbers as they stand there. *epsg: of the text, else as it was.
   ERR_MALFORMED: it is none, or one without points; out is as before. */
enum err wkt_json(struct bytes text, struct buf *out, unsigned *epsg);

#endif
