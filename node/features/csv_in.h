/*
 * csv_in - a CSV file with coordinates (proto/table/locate.h), however long, into a feature table.
 *
 * Each row is a feature, with the columns as they were typed; dates become ISO 8601. A row without
 * a place is a feature without a geometry.
 */
#ifndef ALLMENDE_CSV_IN_H
#define ALLMENDE_CSV_IN_H

#include "node/features/geojson_in.h"

/* As geojson_table(). epsg: of metres, when the columns say nothing (locate_zone()); 0: not known.
   ERR_ABSENT: no columns say where the rows lie. */
enum err csv_feature_table(const struct geojson_source *source, unsigned epsg, const char *path,
			   const struct table_limits *limits, struct table_about *about,
			   struct table_keep **kept, char *why);

/* The EPSG number of the zone in use where a municipality lies, by its key; 0: not known. */
unsigned csv_zone(const char *key);

#endif
