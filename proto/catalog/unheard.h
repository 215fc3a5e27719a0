/*
 * unheard - which members have not heard of what this node has ended: one has when a node of it has
 * since shown, or had an equal content digest with, the own records up to there.
 */
#ifndef ALLMENDE_UNHEARD_H
#define ALLMENDE_UNHEARD_H

#include "proto/hub/hub.h"

/* All other present members have yet to hear of the own records as they stand now. */
void unheard_begin(struct hub *hub, struct txn *txn);
/* A peer was compared with: peer->own_heard tells what it has. */
void unheard_compared(struct hub *hub, struct txn *txn, const struct peer *peer);
/*
 * The members that have not heard: the next after *number (begin with 0). *since_ms: of the first
 * end that it has not heard of; *met: a node of it was linked since. False: that was all.
 */
bool unheard_next(struct hub *hub, struct txn *txn, uint32_t *number, int64_t *since_ms, bool *met);

#endif
