/*
 * siblings - what nodes of one organisation copy from each other, so that it outlives each of them
 * (docs/PROTOCOL.md, sections 5.5 and 5.11).
 *
 * An end and a bar count as soon as one node has said them, and have to count when that node is
 * gone: each node with the role admin copies ends and true bars of its siblings into its own set.
 * It copies nothing that gives; that is what a command does, before a node is retired. What has
 * long ended is dropped when every sibling has seen it end.
 */
#ifndef ALLMENDE_SIBLINGS_H
#define ALLMENDE_SIBLINGS_H

#include "proto/hub/hub.h"
#include "proto/ledger/ledger.h"

/* Taking over all that another node of the own organisation has said: the part of one turn. */
struct sibling_copy {
	uint64_t after;   /* the sequence to go on behind; 0 at first */
	bool more;        /* there is more */
	uint64_t copied;  /* records signed in all parts so far, */
	uint64_t skipped; /* and those of which this node has one that goes before */
};
/*
 * ERR_ABSENT: there is no such node, or nothing of it is here; ERR_DENIED: it is this one, or this
 * node is no member; ERR_NOSPACE: the own quota.
 */
enum err siblings_takeover(struct hub *hub, struct txn *txn, uint8_t node_index,
			   struct sibling_copy *copy, char *why);
/*
 * How many slots of the other node have no body in the own set that is the same or goes before;
 * stops counting at `max`.
 */
uint64_t siblings_missing(struct hub *hub, struct txn *txn, uint8_t node_index, uint64_t max);

/* ---- for the core ---- */

struct siblings {
	bool walking;
	struct row_key at; /* the walk over lines goes on here; len 0: at the beginning */
	int64_t next_ms;   /* wall time: the next one */
};
void siblings_open(struct hub *hub);
/* RECORD_LINE, RECORD_BAR: of another node of the own organisation. */
void siblings_arrival(struct hub *hub, struct txn *txn, const struct record *record);
/* This node signs again: what has come meanwhile is looked at. */
void siblings_due(struct hub *hub);
void siblings_settle(struct hub *hub, struct txn *txn);
int64_t siblings_wake(const struct hub *hub);

#endif
