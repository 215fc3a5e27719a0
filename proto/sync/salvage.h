/*
 * salvage - what another machine with this node's key has said, and the own head goes before: a
 * peer that is behind shows an own head which this node has not signed. As soon as it has the own
 * one it would drop what that head names, so that is fetched first, record by record as in
 * reconcile.h, and put aside (ledger/aside.h), to be said again.
 *
 * Until the peer has answered no own head is made, and nothing of the own author is streamed: at
 * most SALVAGE_MS_MAX for each answer, and SALVAGE_ALL_MS for all. One peer at a time, each head
 * once, and who can not tell it is not asked again in its session. A head from before
 * those that are remembered says nothing, and who shows it can not know more of it than this node.
 *
 * What a node signs is remembered: the last SALVAGE_HEADS heads, in a row of META.
 */
#ifndef ALLMENDE_SALVAGE_H
#define ALLMENDE_SALVAGE_H

#include "proto/sync/flow.h"

struct salvage {
	uint64_t link; /* of the peer that is asked; 0: nobody */
	uint32_t incarnation;
	struct digest set;
	struct digest head; /* its id */
	int64_t time_ms;    /* of the head */
	uint64_t place;     /* of the page that was asked for */
	bool more;
	uint64_t next;
	struct buf missing; /* sequences that were asked for, each 8 bytes */
	size_t asked;       /* bytes of missing, when it was asked for */
	int64_t begin_ms;
	int64_t since_ms; /* of the question */
	bool found;       /* something was put aside, and no own head says it yet */
};

/* Before heads are made. */
void salvage_open(struct hub *hub, struct txn *txn);
void salvage_close(struct hub *hub);
/* This node has signed its latest head. */
void salvage_signed(struct hub *hub, struct txn *txn);
/* A peer has shown an own head that does not count. */
void salvage_look(struct hub *hub, struct txn *txn, struct peer *peer, const struct head *head);
/* No own head is made now. */
bool salvage_under_way(const struct hub *hub);
/* Nothing is told of the own author now, as others would drop what is not said again yet. */
bool salvage_holds(const struct hub *hub);
/* Answers of peers. False: they were not asked for here. */
bool salvage_leaves(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
bool salvage_record(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes whole);
void salvage_records(struct hub *hub, struct txn *txn, struct peer *peer);
bool salvage_not_here(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/* Ends waiting for a peer that says nothing, or is gone. */
void salvage_tick(struct hub *hub, struct txn *txn);
int64_t salvage_wake(const struct hub *hub);

#endif
