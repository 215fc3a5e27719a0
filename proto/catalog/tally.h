/*
 * tally - finds out what is true of datasets, for those who count them (proto/ledger/standing.h).
 *
 * Of those that were touched it does so at the end of the turn, a bounded number in each; of all
 * others when rights, keys or the charter have changed, and once an hour; and of the own ones when
 * peers or what they hold have changed, and once a minute, as copies count by time and links. Both
 * walks go in small steps with pauses, so the numbers follow such a change within seconds to
 * minutes.
 */
#ifndef ALLMENDE_TALLY_H
#define ALLMENDE_TALLY_H

#include "proto/hub/hub.h"
#include "proto/ledger/standing.h"

struct tally_walk {
	bool runs;
	uint64_t epoch;   /* that it began for */
	int64_t again_ms; /* in any case */
	struct row_key at;
};

struct tally {           /* of the hub */
	bool more;       /* there are touched ones left */
	int64_t step_ms; /* no step of a walk before */
	struct tally_walk all, own;
};

void tally_open(struct hub *hub, struct txn *txn);
void tally_settle(struct hub *hub, struct txn *txn);
int64_t tally_wake(const struct hub *hub);
/* Nothing is left to be looked at by reason of a change. */
bool tally_rests(const struct hub *hub);
/* What is true of a dataset now; false: it has no current version. */
bool tally_look(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		unsigned *flags);

#endif
