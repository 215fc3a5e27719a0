/*
 * evidence - two heads of one author that contradict each other are told to every member, so that
 * those who have seen one of them know of both (docs/PROTOCOL.md, section 7).
 *
 * What is kept is a matter of the ledger: one for each author, a few for each organisation. A peer
 * is told all of it once in a session, at most EVIDENCE_TOLD_MAX, and what is new when it comes.
 */
#ifndef ALLMENDE_EVIDENCE_H
#define ALLMENDE_EVIDENCE_H

#include "proto/sync/flow.h"

/* A peer has been met. */
void evidence_tell(struct hub *hub, struct txn *txn, struct peer *peer);
/* Evidence against an author was found, or came by this link. */
void evidence_new(struct hub *hub, struct txn *txn, uint32_t author, uint64_t link);
void evidence_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);

#endif
