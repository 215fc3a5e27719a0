/*
 * reconcile - when what is here is not the set of an author's head: bucket by bucket, leaf by leaf
 * (docs/PROTOCOL.md, section 9: Reconciliation).
 *
 * With each peer one author, one bucket and one question at a time: BUCKETS_GET, then for each
 * bucket that differs LEAVES_GET and RECORDS_GET until nothing more comes, then the next author. So
 * however much is missing, an answer of RECONCILE_RECORDS_LEN_MAX is the most that is on the way,
 * and what was not asked for is not looked at. A peer that is not complete itself does not answer;
 * then the next author follows after RECONCILE_MS_MAX.
 */
#ifndef ALLMENDE_RECONCILE_H
#define ALLMENDE_RECONCILE_H

#include "proto/sync/flow.h"

void reconcile_buckets_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void reconcile_buckets_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void reconcile_leaves_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void reconcile_leaves_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void reconcile_records_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/* RECORDS have come from a peer, and are in the store. */
void reconcile_records(struct hub *hub, struct txn *txn, struct peer *peer);
/* End of a turn: asks peers about the authors whose set is not that of their heads. */
void reconcile_settle(struct hub *hub, struct txn *txn);
int64_t reconcile_wake(const struct hub *hub);

#endif
