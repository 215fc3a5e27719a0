/*
 * siblings - what nodes of one organisation copy from each other, so that it outlives each of them
 * (docs/PROTOCOL.md, sections 5.5 and 5.11).
 *
 * An end and a bar count as soon as one node has said them, and have to count when that node is
 * gone: each node with the role admin copies ends and true bars of its siblings into its own set.
 * It copies nothing that gives; that is what a command does, before a node is retired, and once
 * more by itself what came between that and the log entry. What has long ended is dropped when
 * every sibling has seen it end.
 */
#ifndef ALLMENDE_SIBLINGS_H
#define ALLMENDE_SIBLINGS_H

#include "proto/hub/hub.h"
#include "proto/ledger/line.h"
#include "proto/ledger/ledger.h"

/* One thing that a lost node has said, for people. */
enum sibling_item_kind {
	SIBLING_TAKEN,  /* this node says it too now */
	SIBLING_LATE,   /* it came too late, so it is left: a version, withdrawal, or what gives */
	SIBLING_ENDED,  /* the end of a line that came too late, and ends it all the same */
	SIBLING_BARRED, /* bars that came too late, and are in force all the same */
};
struct sibling_item {
	enum sibling_item_kind kind;
	const struct record *record;
	const struct line
		*gave; /* SIBLING_ENDED: what the line gave before, without prefix; NULL */
};

/* Taking over all that another node of the own organisation has said: the part of one turn. */
struct sibling_copy {
	uint64_t after; /* the sequence to go on behind; 0 at first */
	/*
	 * Not 0: somebody else may have had the machine from then on. But for ends and bars only
	 * what had come here before is taken, as the audit log says (proto/audit/came.h).
	 */
	int64_t before_ms;
	void (*each)(void *arg, const struct sibling_item *item); /* with before_ms; NULL */
	void *arg;
	bool more;        /* there is more */
	uint64_t copied;  /* records signed in all parts so far, */
	uint64_t skipped; /* those of which this node has one that goes before, */
	uint64_t late;    /* and those that came too late */
};
/*
 * ERR_ABSENT: there is no such node, or nothing of it is here; ERR_DENIED: it is this one, or this
 * node is no member; ERR_CONFIG: it is lost, and before_ms is not said; ERR_NOSPACE: the own quota.
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
	struct row_key at;    /* the walk over lines goes on here; len 0: at the beginning */
	int64_t next_ms;      /* wall time: the next one */
	uint64_t keys;        /* hub.keys_epoch + 1 of when the own log was looked at */
	bool takes;           /* a node that was retired is taken over once more: */
	uint8_t taken;        /* this one, */
	uint64_t taken_after; /* behind this sequence */
	bool recovers; /* lost nodes may have to be taken over, as this one comes after them: */
	bool compared; /* a peer has been compared with, */
	uint64_t lost_after; /* and they are, behind this sequence */
};
/*
 * Of the nodes that this one has come after (identity_recover()), the next that is not taken over
 * yet, from *index on; false at the end. *missing: records that have still to come; UINT64_MAX:
 * nothing of it is here.
 */
bool siblings_recovered_next(struct hub *hub, struct txn *txn, unsigned *index, uint64_t *missing);
/* A peer has been compared with. */
void siblings_compared(struct hub *hub);
void siblings_open(struct hub *hub);
/* RECORD_LINE, RECORD_BAR: of another node of the own organisation. */
void siblings_arrival(struct hub *hub, struct txn *txn, const struct record *record);
/* This node signs again: what has come meanwhile is looked at. */
void siblings_due(struct hub *hub);
void siblings_settle(struct hub *hub, struct txn *txn);
int64_t siblings_wake(const struct hub *hub);

#endif
