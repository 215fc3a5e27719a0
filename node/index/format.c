#include "node/index/format.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *end, *media_type, *code;
} FORMATS[] = {
	{"csv", "text/csv", "CSV"},
	{"json", "application/json", "JSON"},
	{"geojson", "application/geo+json", "GEOJSON"},
	{"gpkg", "application/geopackage+sqlite3", "GPKG"},
	{"gml", "application/gml+xml", "GML"},
	{"xml", "application/xml", "XML"},
	{"pdf", "application/pdf", "PDF"},
	{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "XLSX"},
	{"zip", "application/zip", "ZIP"},
	{"txt", "text/plain", "TXT"},
	{"html", "text/html", "HTML"},
};
enum { FORMAT_COUNT = sizeof(FORMATS) / sizeof(FORMATS[0]) };

static bool ends_in(struct bytes name, const char *end)
{
	size_t len = strlen(end);

	return name.len > len + 1 && name.ptr[name.len - len - 1] == '.' &&
	       !strncasecmp((const char *)name.ptr + name.len - len, end, len);
}

const char *format_of(struct bytes name, struct bytes media_type)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (ends_in(name, FORMATS[i].end))
			return FORMATS[i].code;
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (bytes_eq(media_type, bytes_str(FORMATS[i].media_type)))
			return FORMATS[i].code;
	return "";
}
