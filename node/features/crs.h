/*
 * crs - the reference systems in which places are given and asked for, by PROJ.
 *
 * Everything is kept as longitude and latitude (CRS84); a struct crs_tool turns points into another
 * system and back. It belongs to one thread, opens no file and no network: the two projections of
 * ETRS89 are written out, and between ETRS89 and WGS 84 lies nothing that anybody measures here
 * (less than a metre), as in PROJ's own table.
 *
 * The order of the two numbers: x goes east and y north inside this program, always. CRS_84 and the
 * UTM zones say east first; EPSG:4326 says the latitude first when it is named as a URN or a URI,
 * and east first as plain "EPSG:4326", as clients of WFS have always had it.
 */
#ifndef ALLMENDE_CRS_H
#define ALLMENDE_CRS_H

#include "node/features/geometry.h"

enum crs { CRS_84, CRS_25832, CRS_25833, CRS_4326, CRS_COUNT };

/* "http://www.opengis.net/def/crs/OGC/1.3/CRS84" */
const char *crs_uri(enum crs crs);
/* "urn:ogc:def:crs:EPSG::25832" */
const char *crs_urn(enum crs crs);
/*
 * A URI, a URN, or "EPSG:n". swapped: y stands first in what is written or read under this name.
 * ERR_ABSENT: another system.
 */
enum err crs_parse(struct bytes name, enum crs *crs, bool *swapped);
/* Digits behind the point that say a centimetre or less. */
int crs_digits(enum crs crs);

struct crs_tool;
struct crs_tool *crs_tool_open(void);
void crs_tool_close(struct crs_tool *tool);
/* From CRS84 into the other, or back. ERR_MALFORMED: a point has no place there. */
enum err crs_from_84(struct crs_tool *tool, enum crs crs, struct geometry *geometry);
enum err crs_to_84(struct crs_tool *tool, enum crs crs, struct geometry *geometry);
/* The smallest box in CRS84 that holds a box of the other system, a little more than less. */
enum err crs_box_to_84(struct crs_tool *tool, enum crs crs, struct box box, struct box *out);

#endif
