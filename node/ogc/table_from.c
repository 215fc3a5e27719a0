#include "node/ogc/table_from.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "node/features/csv_in.h"
#include "node/ogc/ogr_in.h"

enum table_source table_source_of(const char *file)
{
	static const struct {
		const char *end;
		enum table_source source;
	} ends[] = {
		{".geojson", SOURCE_GEOJSON},  {".json", SOURCE_GEOJSON},
		{".geojsonl", SOURCE_GEOJSON}, {".ndjson", SOURCE_GEOJSON},
		{".csv", SOURCE_CSV},          {".tsv", SOURCE_CSV},
		{".zip", SOURCE_ZIP},          {".gpkg", SOURCE_GPKG},
		{".gml", SOURCE_GML},
	};
	size_t len = strlen(file);

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t end = strlen(ends[i].end);
		if (len > end && strcasecmp(file + len - end, ends[i].end) == 0)
			return ends[i].source;
	}
	return SOURCE_NONE;
}

struct reading_on {
	struct content_stream *stream;
	uint64_t at;
};

static ssize_t reads_on(void *arg, void *to, size_t len)
{
	struct reading_on *on = arg;
	ssize_t got = content_stream_read(on->stream, on->at, to, len);

	if (got > 0)
		on->at += (uint64_t)got;
	return got;
}

static bool reads_again(void *arg)
{
	struct reading_on *on = arg;

	on->at = 0;
	return true;
}

enum err table_from(struct content *content, const struct manifest_file *file, unsigned zone,
		    const char *dir, const char *path, const struct table_limits *limits,
		    struct table_about *about, struct table_keep **kept, char *why)
{
	struct reading_on on = {.stream = content_stream_open(content, file)};
	struct geojson_source source = {reads_on, reads_again, &on};
	char *name = bytes_text(file->name);
	enum table_source kind = table_source_of(name);
	enum err err = ERR_ABSENT;

	*kept = NULL;
	switch (kind) {
	case SOURCE_GEOJSON:
		err = geojson_table(&source, path, limits, about, kept, why);
		break;
	case SOURCE_CSV:
		err = csv_feature_table(&source, zone, path, limits, about, kept, why);
		break;
	case SOURCE_ZIP:
	case SOURCE_GPKG:
	case SOURCE_GML:
		if (dir)
			err = ogr_table(&source,
					kind == SOURCE_ZIP    ? OGR_SHAPEFILE
					: kind == SOURCE_GPKG ? OGR_GEOPACKAGE
							      : OGR_GML,
					dir, path, limits, about, kept, why);
		break;
	case SOURCE_NONE:
		break;
	}
	free(name);
	content_stream_close(on.stream);
	return err;
}
