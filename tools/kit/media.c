#include "tools/kit/media.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

const char *media_type(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{"csv", "text/csv"},
		{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"geojson", "application/geo+json"},
		{"gml", "application/gml+xml"},
		{"gpkg", "application/geopackage+sqlite3"},
		{"gpx", "application/gpx+xml"},
		{"gz", "application/gzip"},
		{"html", "text/html"},
		{"ics", "text/calendar"},
		{"jpeg", "image/jpeg"},
		{"jpg", "image/jpeg"},
		{"json", "application/json"},
		{"jsonld", "application/ld+json"},
		{"kml", "application/vnd.google-earth.kml+xml"},
		{"md", "text/markdown"},
		{"ods", "application/vnd.oasis.opendocument.spreadsheet"},
		{"odt", "application/vnd.oasis.opendocument.text"},
		{"parquet", "application/vnd.apache.parquet"},
		{"pdf", "application/pdf"},
		{"png", "image/png"},
		{"rdf", "application/rdf+xml"},
		{"svg", "image/svg+xml"},
		{"tif", "image/tiff"},
		{"tiff", "image/tiff"},
		{"tsv", "text/tab-separated-values"},
		{"ttl", "text/turtle"},
		{"txt", "text/plain"},
		{"xls", "application/vnd.ms-excel"},
		{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{"xml", "application/xml"},
		{"zip", "application/zip"},
	};
	const char *slash = strrchr(name, '/');
	const char *dot = strrchr(slash ? slash : name, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(dot + 1, types[i].ending) == 0)
			return types[i].type;
	return "";
}
