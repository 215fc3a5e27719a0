/*
 * serve - indexes and chunks for others, and what they say they hold
 * (docs/PROTOCOL.md, section 9: Transfer).
 */
#ifndef ALLMENDE_SERVE_H
#define ALLMENDE_SERVE_H

#include "proto/hub/hub.h"

void serve_index_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void serve_whole_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void serve_chunk_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/*
 * A peer has ended its session for bytes that were altered: one chunk here may have rotted. For a
 * while each is looked at before it is served; else nobody hashes what the receiver hashes anyway.
 */
void serve_doubted(struct hub *hub);
/* End of a turn: when rights have changed, what is under way to who has lost one is recalled. */
void serve_settle(struct hub *hub, struct txn *txn);
void serve_holds_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);

#endif
