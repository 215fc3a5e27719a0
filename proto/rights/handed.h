/*
 * handed - at how many paths the owner makes keys because others have handed a right on.
 *
 * Who was granted something with depth writes as many lines as it likes, and each would have the
 * owner sign an epoch, and one more whenever a right ends there. So below each own grant HANDED_MAX
 * places (paths without an epoch) are ever served, and HANDED_BY_GIVER_MAX of those by one
 * organisation other than the grant's own audience. Further ones wait; status says so. Table HANDED
 * remembers the places, until the grant has ended.
 */
#ifndef ALLMENDE_HANDED_H
#define ALLMENDE_HANDED_H

#include "proto/hub/hub.h"
#include "proto/rights/verdict.h"

enum { HANDED_MAX = 64, HANDED_BY_GIVER_MAX = 16 };

/*
 * Whether the path of a line of the own namespace is served; the first time it takes a place.
 * One that the owner gave is. until_ms: the end of the first line of its chain.
 */
bool handed_admit(struct txn *txn, const struct verdict *verdict, int64_t until_ms);
/* Forgets the places of grants that have ended before this time. */
void handed_prune(struct txn *txn, int64_t before_ms);

#endif
