/*
 * project - metres of UTM zones 32 and 33 (EPSG:25832, 25833) as degrees, by PROJ.
 *
 * Only project.c includes proj.h. One belongs to one thread; it opens no file and no network.
 */
#ifndef ALLMENDE_PROJECT_H
#define ALLMENDE_PROJECT_H

#include <stdbool.h>

#include "crypto/bytes.h"

struct project;
struct project *project_open(void);
void project_close(struct project *project);
/* Appends a GeoJSON geometry, compact as locate_row() writes it, with its points as longitude and
   latitude (9 digits behind the point, a tenth of a millimetre). False: a point lies nowhere. */
bool project_degrees(struct project *project, unsigned epsg, struct bytes geometry,
		     struct buf *out);

#endif
