/*
 * copies - foreign data that lies here although no subscription asks for it (any more): found, and
 * dropped to make room.
 *
 * Runs inside turns (EVENT_CALL), a bounded part in each. Own data and what subscriptions ask for
 * is never touched.
 */
#ifndef ALLMENDE_COPIES_H
#define ALLMENDE_COPIES_H

#include "proto/hub/hub.h"
#include "store/layout.h"

struct copies {
	const char *pattern; /* of dataset paths, checked; borrowed */
	bool drop;           /* not only count */
	uint64_t versions, bytes;
	uint64_t kept; /* versions that match and that a subscription asks for */
	bool begun;    /* private */
	struct row_key at;
};

/* One part; true when there is more. */
bool copies_step(struct hub *hub, struct txn *txn, struct copies *copies);

#endif
