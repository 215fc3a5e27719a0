/*
 * log_bind - what follows for the machines when the charter binds an organisation's root
 * (docs/PROTOCOL.md, sections 3 and 4.5): whose records go, and where the way to an entry is asked
 * for that is not here.
 */
#ifndef ALLMENDE_LOG_BIND_H
#define ALLMENDE_LOG_BIND_H

#include "proto/sync/flow.h"

/*
 * The charter may have changed, or was loaded: what its binds have done to the logs. True: the own
 * log may be another one.
 */
bool log_bind_charter(struct hub *hub, struct txn *txn);
/* A log has gone back: authors whose key is not in it any more lose their records. */
void log_bind_authors(struct hub *hub, struct txn *txn, uint32_t member_number);
/*
 * Which log the peer is to be asked for, and from which entry on, once in an exchange; false:
 * nothing is wanted.
 */
bool log_bind_next(struct hub *hub, struct txn *txn, struct peer *peer, struct org_id *org,
		   uint32_t *first);
/*
 * Entries of one organisation have come, in their order: those that are wanted of a way are taken.
 * *progress is set when a log has changed; the caller then calls logs_grown(). True: the own log is
 * another one.
 */
bool log_bind_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message m,
		   bool *progress);

#endif
