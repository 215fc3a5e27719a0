/*
 * table_from - a feature table from a published file, by its format.
 *
 * Bounds: TABLE_FROM_FEATURES_MAX features; on disk TABLE_FROM_BYTES_MAX, in memory what is said.
 */
#ifndef ALLMENDE_TABLE_FROM_H
#define ALLMENDE_TABLE_FROM_H

#include "node/features/feature_table.h"
#include "node/files/content.h"

#define TABLE_FROM_FEATURES_MAX 10000000u
#define TABLE_FROM_BYTES_MAX    (UINT64_C(4) << 30)

enum table_source {
	SOURCE_NONE,
	SOURCE_GEOJSON,
	SOURCE_CSV,
	SOURCE_ZIP, /* those from here on by ogr2ogr */
	SOURCE_GPKG,
	SOURCE_GML
};
/* By the end of its name. */
enum table_source table_source_of(const char *file);

/* ERR_ABSENT: the file has no features, whatever its name; ERR_AGAIN: not now; else what is wrong
   with the file. One sentence in why (WHY_LEN). zone: EPSG of metres that nothing else
   says. dir: where an open file may lie for ogr2ogr; NULL: nowhere. */
enum err table_from(struct content *content, const struct manifest_file *file, unsigned zone,
		    const char *dir, const char *path, const struct table_limits *limits,
		    struct table_about *about, struct table_keep **kept, char *why);

#endif
