/*
 * grants - what commands say about a grant: who lets whom do what, until when.
 */
#ifndef ALLMENDE_TOOLS_GRANTS_H
#define ALLMENDE_TOOLS_GRANTS_H

#include <jansson.h>

#include "tools/kit/text.h"

/* The last day on which it counts, "2027-11-20", in local time. */
void grants_until(char out[TEXT_SHORT_LEN], const json_t *grant);
/* "Stadt Meißen -> Landkreis Meißen -> Stadt Riesa"; to be freed. */
char *grants_hands(const json_t *grant);
/* The name of its "giver", or its "receiver". */
const char *grants_party(const json_t *grant, const char *which);

#endif
