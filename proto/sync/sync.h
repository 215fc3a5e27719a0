/*
 * sync - comparing two nodes' records and streaming what is missing (docs/PROTOCOL.md, section 9:
 * Session).
 *
 * Phases of one comparison, the same on both sides: IDLE -> (HELLO exchanged, contents differ)
 * SKETCH -> (the peer's SKETCH here) STATES -> (the end of the peer's STATES here) STREAM ->
 * (SYNC_END sent and received) IDLE. Wants from a STATES message outside a comparison are streamed
 * too, in any phase. A new HELLO ends a comparison that is under way and begins another.
 *
 * Bounds of one peer: a sketch shorter than all states would be, a want for each author known here,
 * SYNC_UNTAKEN_MAX bytes on the way, and SYNC_HELLO_BURST HELLOs at once.
 */
#ifndef ALLMENDE_SYNC_H
#define ALLMENDE_SYNC_H

#include "proto/sync/flow.h"

struct sync {
	int64_t entropy_next_ms; /* when a peer taken by lot is compared with */
	int64_t held_next_ms;    /* when what was held back may be asked for again */
};

void sync_up(struct hub *hub, struct txn *txn, struct peer *peer);
/* Begins a new exchange of HELLO unless one is under way. */
void sync_hello(struct hub *hub, struct txn *txn, struct peer *peer);
void sync_hello_all(struct hub *hub, struct txn *txn);
void sync_hello_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void sync_sketch_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void sync_states_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void sync_totals_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void sync_end_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void sync_taken_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/*
 * A peer with which no comparison is under way; members: only one that has met us as a member.
 * NULL: there is none.
 */
struct peer *sync_peer_by_lot(struct hub *hub, bool members);
/* Asks a peer for all that it has and this node lacks, outside a comparison. */
void sync_states_tell(struct hub *hub, struct txn *txn, struct peer *peer);
void sync_tick(struct hub *hub, struct txn *txn);
int64_t sync_wake(const struct hub *hub);

#endif
