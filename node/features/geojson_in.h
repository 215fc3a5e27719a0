/*
 * geojson_in - a GeoJSON file, however long, into a feature table.
 *
 * A FeatureCollection or a Feature (RFC 7946), or several of them one behind the other, each on a
 * line or after a record separator (RFC 8142). A "crs" member, as programs wrote it before
 * 2016 and still do, is believed when it names a system that crs.h knows; any other is a fault. The
 * first fault ends it: a table of half a file would be taken for the whole.
 */
#ifndef ALLMENDE_GEOJSON_IN_H
#define ALLMENDE_GEOJSON_IN_H

#include "node/features/feature_table.h"
#include "node/features/json_scan.h"

/*
 * Makes the table at path (feature_table.h) from the stream. ERR_MALFORMED, ERR_FULL, ERR_IO,
 * ERR_ABSENT (JSON, but not GeoJSON), ERR_AGAIN (stopped) with one sentence in why (WHY_LEN).
 * rewind: begins the stream anew; a file is read twice when its "crs" stands behind its features.
 */
struct geojson_source {
	json_scan_read *read;
	bool (*rewind)(void *arg);
	void *arg;
};
enum err geojson_table(const struct geojson_source *source, const char *path,
		       const struct table_limits *limits, struct table_about *about,
		       struct table_keep **kept, char *why);

#endif
