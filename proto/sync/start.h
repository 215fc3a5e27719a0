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
 *	STOPPING the same, but what the other one has signed comes back first, as in BEHIND; when
 *		this machine has said something that is missing there, it says it once more in
 *		another incarnation, and then it is STOPPED. So neither of two machines ends with
 *		something that it has acknowledged and nobody else has.
 *
 * What is to be taken back takes the place of what is here. Own records of which it is not certain
 * that others have had them for START_TOLD_MS are put aside (ledger/aside.h), and said again after
 * it.
 *
 * start_confirm() ends waiting at once: what stands in this store is what this node has said, in a
 * new incarnation, which goes before whatever is elsewhere. In BEHIND, what has not come back is
 * given up. In STOPPED others are asked first, as after a start, when any are linked.
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
	bool stops;        /* it will be STOPPED: a row of META */
	/* Another node has had exactly the own records up to here: for START_TOLD_MS, and lately.
	   What comes after the first may be here alone, or soon be. A row of META. */
	struct own_place told, told_next;
	int64_t told_ms; /* when told_next was seen, by judge_ms */
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
void start_compared(struct hub *hub, struct txn *txn, const struct peer *peer);
void start_own_head_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/* An own head that was not signed here has become the latest one, or contradicts it (evidence). */
void start_own_head(struct hub *hub, struct txn *txn, const struct author_state *before,
		    bool evidence);
/* What is stored of the own author is not what its head says: it comes back from others. */
void start_behind(struct hub *hub, struct txn *txn);
/* Whether another incarnation is due; behind, when all is back. */
bool start_anew(struct hub *hub, struct txn *txn, const struct author_state *own);
/*
 * What another machine has said was put aside (salvage.h): it is said in another incarnation, as
 * others then keep what they have of it until that is whole. Also by who is STOPPED.
 */
void start_salvaged(struct hub *hub, struct txn *txn);
/* Another incarnation has begun. */
void start_renewed(struct hub *hub, struct txn *txn);
/* The turn's own head is made: who had to say something before it stops has done so. */
void start_said(struct hub *hub);
/* ERR_EXISTS: this node signs, there is nothing to confirm. */
enum err start_confirm(struct hub *hub, struct txn *txn, char *why);

#endif
