/*
 * grants - what commands say about a grant: who lets whom do what, until when.
 */
#ifndef ALLMENDE_TOOLS_GRANTS_H
#define ALLMENDE_TOOLS_GRANTS_H

#include <jansson.h>

#include "tools/text.h"

/* The last day on which it counts, "2027-11-20", in local time. */
void grants_until(char out[TEXT_SHORT_LEN], const json_t *grant);
/* "read meissen/kita and everything below", or "hold meissen and everything below, without reading it"; to be freed. */
char *grants_what(const json_t *grant);
/* "Stadt Meißen -> Landkreis Meißen -> Stadt Riesa"; to be freed. */
char *grants_hands(const json_t *grant);

#endif
