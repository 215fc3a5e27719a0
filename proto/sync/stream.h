/*
 * stream - what a peer lacks of one author, message by message: the head, then records in order of
 * sequence; or, to who has hardly anything of it, list by list of the set that the head names, each
 * of which proves itself, so that the peer need not check the records singly (ledger.h:
 * ledger_vouch()).
 */
#ifndef ALLMENDE_STREAM_H
#define ALLMENDE_STREAM_H

#include "proto/sync/flow.h"

/* One step; true when it is finished. */
bool stream_step(struct hub *hub, struct txn *txn, struct peer *peer, struct sync_want *want);

#endif
