/*
 * start - whether this node may sign in its own name (hub.signing): a store that was set back to an
 * older state, or copied to another machine, must not sign what contradicts what it has signed
 * before (docs/PROTOCOL.md, section 7).
 *
 * After every start, and when the time of day has jumped against the other clock as after a virtual
 * machine was resumed, a node that has ever met another one asks all it is linked with for its own
 * latest head. Until they have answered it signs nothing:
 *
 *	WAITS	until START_LINK_MS after the start; those linked by then have START_ANSWER_MS to
 *		answer, and one at least has to, whenever it comes. When as many nodes have
 *		answered as were ever heard of there is nobody to wait for, so where all are up it
 *		takes no longer than linking. Asking and answering need no signature: all may start
 *		at once.
 *	BEHIND	somebody has shown a later own head: own records are taken from others, until all
 *		that it names is here; then another incarnation begins.
 *	STOPPED	heads that this node has not signed came twice within START_TWICE_MS while it was
 *		running: another machine uses its key.
 *
 * start_confirm() ends all three: what stands in this store is what this node has said, in a new
 * incarnation, which goes before whatever is elsewhere.
 */
#ifndef ALLMENDE_START_H
#define ALLMENDE_START_H

#include "proto/sync/flow.h"

struct start {
	bool met;          /* another node, ever: a row of META */
	int64_t since_ms;  /* of the start, by mono_ms */
	int64_t offset_ms; /* of the time of day against the other clock, in the turn before */
	bool running;      /* offset_ms is known */
	bool counted;      /* others is */
	bool anew;         /* the next own head begins another incarnation */
	size_t others;     /* nodes heard of before the start */
	int64_t back_ms;   /* when it was looked last whether all has come back */
	uint32_t told_incarnation; /* own records up to here have been compared with others', */
	uint64_t told_sequence;    /* so what comes after them may be here alone */
};

/*
 * For who has made a store of a backup, before its first start: it has met others since, whatever
 * it knows of that. made_ms: of the backup.
 */
void start_restored(struct txn *txn, int64_t made_ms);
/* Until the node signs: when that backup was made; 0: it was not restored. */
int64_t start_restored_ms(struct txn *txn);

/* Before all machines that sign. */
void start_open(struct hub *hub, struct txn *txn);
/* A turn begins: has the clock jumped? */
void start_clock(struct hub *hub, struct txn *txn);
/* This node is back after it was out: as after a start. */
void start_again(struct hub *hub);
/* Ends waiting when it is time. */
void start_tick(struct hub *hub, struct txn *txn);
int64_t start_wake(const struct hub *hub);
/* A peer knows us as a member from now on; and a comparison with one has ended. */
void start_met(struct hub *hub, struct txn *txn, struct peer *peer);
void start_compared(struct hub *hub, struct txn *txn);
void start_own_head_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/* An own head that was not signed here has become the latest one, or contradicts it (evidence). */
void start_own_head(struct hub *hub, struct txn *txn, const struct author_state *before,
		    bool evidence);
/* What is stored of the own author is not what its head says: it comes back from others. */
void start_behind(struct hub *hub, struct txn *txn);
/* Whether another incarnation is due; behind, when all is back. */
bool start_anew(struct hub *hub, struct txn *txn, const struct author_state *own);
/* Another incarnation has begun. */
void start_renewed(struct hub *hub, struct txn *txn);
/* ERR_EXISTS: this node signs, there is nothing to confirm. */
enum err start_confirm(struct hub *hub, struct txn *txn, char *why);

#endif
