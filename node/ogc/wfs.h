/*
 * wfs - what the files of WFS 2.0 (OGC 09-025r2) share. Private to them.
 */
#ifndef ALLMENDE_WFS_H
#define ALLMENDE_WFS_H

#include "node/ogc/ogc.h"
#include "node/ogc/xml.h"

#define WFS_NAMESPACE "urn:x-allmende:features" /* of types and their properties, prefix "app" */
#define WFS_XML       "text/xml; charset=utf-8"
#define WFS_GML       "application/gml+xml; version=3.2"
#define WFS_BY_ID     "urn:ogc:def:query:OGC-WFS::GetFeatureById"
#define WFS_GEOMETRY  "geometry" /* the property that is the place */
#define WFS_NAME_MAX  2048

/* The value of a parameter, whose name may be written in any case; NULL: none. */
const char *wfs_arg(struct web_call *call, const char *name);
/* An ows:ExceptionReport; locator: the parameter, or NULL. */
void wfs_fail(struct web_call *call, unsigned status, const char *code, const char *locator,
	      const char *format, ...) __attribute__((format(printf, 5, 6)));
void wfs_fail_err(struct web_call *call, enum err err, const char *locator);
/* One after the other of a list with this sign between; false: no more. Blanks around are cut. */
bool wfs_next(struct bytes *list, char sign, struct bytes *one);
/* Without "app:" or whatever stands before the colon. */
struct bytes wfs_local(struct bytes name);

/* Names of elements for the fields of a table: NCNames, each another one. */
struct wfs_names {
	char *names[TABLE_FIELD_MAX];
	size_t count;
};
void wfs_names_of(struct wfs_names *names, const struct feature_table *table);
void wfs_names_fini(struct wfs_names *names);
/* SIZE_MAX: there is none; by element or by the name in the file. */
size_t wfs_names_find(const struct wfs_names *names, const struct feature_table *table,
		      struct bytes name);

void wfs_capabilities(struct web_call *call);
void wfs_describe(struct web_call *call);
void wfs_queries(struct web_call *call, bool described);
void wfs_features(struct web_call *call);
/* Answers with what was written, or that it is too long. */
void wfs_answer(struct web_call *call, const char *type, struct buf *taken);

#endif
