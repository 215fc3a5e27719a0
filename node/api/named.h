/*
 * named - what people type and what is signed (proto/charter/charter.h): members that were renamed.
 *
 * People say any short name that a member has had, and see the one that it has now; what is signed
 * and stored has that of its admission. Between the two stands this file alone: what a call brings
 * is translated before its run(), what it answers afterwards, so nothing below knows of it. Both on
 * the core thread. Where nobody was renamed it costs nothing.
 */
#ifndef ALLMENDE_NAMED_H
#define ALLMENDE_NAMED_H

#include "node/api/call.h"

/* The path and the fields of the body that name datasets, prefixes and patterns. */
void named_in(struct call *call, const struct charter *charter);
/* out, why and shown of a call. */
void named_out(struct call *call, const struct charter *charter);
/* One element of a list, before it is added. */
void named_element(const struct charter *charter, json_t *element);

#endif
