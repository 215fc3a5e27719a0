/*
 * holds - one peer's part of transfer: what it says it holds, what it has been told, and what is on
 * its way from it.
 */
#ifndef ALLMENDE_HOLDS_H
#define ALLMENDE_HOLDS_H

#include "proto/hub/hub.h"

struct holds; /* a set of versions */

struct peer_transfer {
	struct holds *holds;      /* versions it says it holds; NULL: none */
	struct row_key told;      /* HOLDS to it: what is held has been told up to here */
	bool more;                /* there is more to tell */
	int64_t next_ms;          /* when */
	uint64_t in_flight_bytes; /* of chunks requested from it */
	uint32_t in_flight_count;
	uint32_t window_bytes; /* bound of in_flight_bytes, which follows its speed; 0: the first */
	bool late;           /* it has let a request expire: gets one at a time until it answers */
	uint32_t turn_serve; /* chunks to serve to it, of this turn */
};

void holds_open(struct peer *peer);
void holds_close(struct peer *peer);
/* The peer says that it holds a version. At most LIMIT_HOLD_COUNT_MAX are remembered. */
void holds_add(struct hub *hub, struct peer *peer, const struct version_id *of);
bool holds_has(const struct peer *peer, const struct version_id *of);

/* Both sides have met: what is held is told, a part at a time. */
void holds_met(struct hub *hub, struct peer *peer);
/* Tells one peer of versions that are held now. */
void holds_tell(struct hub *hub, struct peer *peer, const struct version_id *of, size_t count);
void holds_tick(struct hub *hub, struct txn *txn);
int64_t holds_wake(const struct hub *hub);

#endif
