/*
 * world - the facts of verdicts as they stand in the store: charter, organisation logs, records.
 */
#ifndef ALLMENDE_WORLD_H
#define ALLMENDE_WORLD_H

#include "proto/hub/hub.h"
#include "proto/rights/verdict.h"

struct world {
	struct hub *hub;
	struct txn *txn;
	struct facts facts; /* arg points to this struct, so it must not be moved */
};

void world_begin(struct world *world, struct hub *hub, struct txn *txn);

#endif
