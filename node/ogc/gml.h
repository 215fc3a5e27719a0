/*
 * gml - a geometry as GML 3.2 (OGC 07-036): simple features, two dimensions.
 */
#ifndef ALLMENDE_GML_H
#define ALLMENDE_GML_H

#include "node/features/crs.h"
#include "node/ogc/xml.h"

struct gml_form {
	const char *srs; /* srsName, as it was asked for */
	bool swapped;    /* y first */
	int digits;
	const char *id; /* gml:id; those of parts have more behind it */
};
/* The geometry has points; a ring that does not end where it began is closed. */
void gml_put(struct xml *xml, const struct geometry *geometry, const struct gml_form *form);
/* The type of a property with such geometries in XML Schema: "gml:PointPropertyType". */
const char *gml_property_type(bool has_type, enum geometry_type type);

#endif
