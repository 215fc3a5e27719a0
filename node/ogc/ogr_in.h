/*
 * ogr_in - Shapefile (in a zip), GeoPackage and GML, by ogr2ogr (package gdal-bin), when it is
 * installed: a child process that reads one file and writes features as GeoJSON in CRS84.
 *
 * What a stranger has made is read there by a large library, so the child is shut in: a network of
 * its own, in which there is nothing; of the disk the file, programs and libraries alone
 * (Landlock); and limits on its time, memory, files and their size. Where the machine does not
 * allow that, nothing is converted. The file lies for it on the disk meanwhile, so this is for open
 * datasets alone.
 *
 * Bounds: OGR_FILE_LEN_MAX bytes of the file; OGR_CPU_S and OGR_WALL_MS; OGR_MEMORY_MAX.
 */
#ifndef ALLMENDE_OGR_IN_H
#define ALLMENDE_OGR_IN_H

#include "node/features/geojson_in.h"

#define OGR_FILE_LEN_MAX (UINT64_C(1) << 30)
#define OGR_CPU_S        300
#define OGR_WALL_MS      600000
#define OGR_MEMORY_MAX   (UINT64_C(1) << 30)

enum ogr_kind { OGR_SHAPEFILE, OGR_GEOPACKAGE, OGR_GML };

/* As geojson_table(); source: the bytes of the file. dir: where it may lie meanwhile. ERR_ABSENT:
   ogr2ogr is not here, cannot be shut in, or the zip has no Shapefile. */
enum err ogr_table(const struct geojson_source *source, enum ogr_kind kind, const char *dir,
		   const char *path, const struct table_limits *limits, struct table_about *about,
		   struct table_keep **kept, char *why);

#endif
