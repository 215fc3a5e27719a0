/*
 * reconcile - when what is here is not the set of an author's head: page by page (docs/PROTOCOL.md,
 * section 9: Reconciliation).
 *
 * With each peer REPAIR_COUNT_MAX authors at a time, and of each one question: LEAVES_GET for the
 * next page that differs, then RECORDS_GET for what of it is not here. So however much is missing,
 * that many answers of at most RECONCILE_RECORDS_LEN_MAX and a record are on the way, pages prove
 * themselves, and nothing is kept of them. Authors are looked at in rounds, in each some nodes of
 * every organisation, so that one with many does not keep others waiting. A peer that does not have
 * the set says so; one that says nothing is given up after REPAIR_MS_MAX. Either way it is not
 * asked about that author again for a while, which doubles each time.
 */
#ifndef ALLMENDE_RECONCILE_H
#define ALLMENDE_RECONCILE_H

#include "proto/sync/flow.h"

void reconcile_leaves_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void reconcile_leaves_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void reconcile_records_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void reconcile_not_here(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/* Whether a record of an author that comes from a peer is taken now. */
bool reconcile_may(struct hub *hub, struct txn *txn, struct peer *peer,
		   const struct ledger_item *item);
/* Vouches for a record that was asked for, when the page that is repaired names it. */
void reconcile_vouch(struct hub *hub, struct txn *txn, struct peer *peer, struct ledger_item *item);
/* Records of an author have come from a peer, and are in the store. */
void reconcile_records(struct hub *hub, struct txn *txn, struct peer *peer, uint32_t author);
/* End of a turn: asks peers about the authors whose set is not that of their heads. */
void reconcile_settle(struct hub *hub, struct txn *txn);
int64_t reconcile_wake(const struct hub *hub);

#endif
