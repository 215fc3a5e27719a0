/*
 * proof - whether those who say that they hold an own version do.
 *
 * Saying so costs nothing, so a copy counts when a chunk of the version, taken by lot, was asked
 * for and came. It is thrown away, and the day is remembered; a week later another is asked for.
 * Who asks this node for that very chunk meanwhile has not got it. What a sample can not show:
 * whether somebody else got the chunk for them, and whose machine it is.
 *
 * Bounds: PROOF_MS between two samples, PROOF_ORG_MS between two of one organisation after
 * PROOF_ORG_BURST, one at a time with a peer; PROOF_ORG_ROW_MAX nodes of an organisation remembered
 * for a dataset; a sample in vain is repeated after a day.
 */
#ifndef ALLMENDE_PROOF_H
#define ALLMENDE_PROOF_H

#include "proto/transfer/holds.h"

struct proofs {
	int64_t next_ms; /* no sample before */
	int64_t walk_ms; /* no look at the rows before */
	struct row_key at;
	bool more;        /* a row was passed by, as its node was asked for another just now */
	unsigned running; /* samples under way */
};

/* A HOLDER row: what a node says, and what was seen. */
struct holder {
	uint64_t number;    /* the highest that it says it holds */
	uint64_t proved;    /* the one that was sampled last, and came; 0: none */
	uint32_t proof_day; /* of the last sample, since 1970; 0: none */
};

/* False: not a row of this kind. */
bool holder_get(struct holder *out, struct bytes value);
/* Whether a copy of this version counts today. */
bool holder_proved(const struct holder *holder, uint64_t number, int64_t wall_ms);

/* The peer says that it holds a version, whose record is here. */
void proof_claimed(struct hub *hub, struct txn *txn, struct peer *peer,
		   const struct version_id *of);
/* A chunk has come from a peer: it may be a sample. */
void proof_chunk(struct hub *hub, struct txn *txn, struct peer *peer, const struct event *event);
/* This node gives a chunk to a peer. */
void proof_served(struct hub *hub, const struct peer *peer, const struct chunk_addr *addr);
void proof_served_all(struct hub *hub, struct txn *txn, const struct peer *peer,
		      const struct version_id *of); /* all chunks of a version */
/* The peer goes. */
void proof_down(struct hub *hub, struct peer *peer);
void proof_tick(struct hub *hub, struct txn *txn);
int64_t proof_wake(const struct hub *hub);

#endif
