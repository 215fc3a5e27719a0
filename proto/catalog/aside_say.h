/*
 * aside_say - says again what was put aside (ledger/aside.h), after what has come back from others:
 * two machines with one key have said different things, and none of it is to be lost.
 *
 * What has its slot free is signed as it was. In a slot that is taken by something else:
 *
 *	a version goes on as the next one of its dataset: its manifest, in which the number stands,
 *		is sealed anew, and its other chunks are used again;
 *	of two lines the one counts that line_goes_before() says, so an end before everything;
 *	of a bar all that it bars is added to the one there is;
 *	of two withdrawals the one with the higher number counts;
 *	of anything else what others have seen.
 *
 * A version that was withdrawn meanwhile does not come back. What can not be said, as the quota is
 * full or its chunks are not here, stays aside, and is tried again whenever this node begins to
 * sign; aside_each() names it.
 */
#ifndef ALLMENDE_ASIDE_SAY_H
#define ALLMENDE_ASIDE_SAY_H

#include "proto/hub/hub.h"

/* What others have brought back with the same words is only dropped; the rest needs to sign. */
void aside_say(struct hub *hub, struct txn *txn);
/* The dataset was published again: what could not be said of it, or waits, is overtaken. */
void aside_forget(struct hub *hub, struct txn *txn, struct bytes path);
/* The paths of versions that are aside. False from each: enough. */
void aside_each(struct txn *txn, bool (*each)(void *arg, struct bytes path), void *arg);

#endif
