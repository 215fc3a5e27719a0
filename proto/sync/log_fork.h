/*
 * log_fork - two entries of one number in an organisation's log (docs/PROTOCOL.md, section 3): how
 * they are found, and who is told.
 *
 * Which one counts, and what stays of the other, says orglog.h. Whoever holds the root has made
 * both: two machines that added a node at once, or a thief.
 */
#ifndef ALLMENDE_LOG_FORK_H
#define ALLMENDE_LOG_FORK_H

#include "proto/sync/flow.h"

/*
 * orglog_accept() of a member's entry, and what follows for the machines. *progress is set when the
 * log has changed; the caller then calls logs_grown(). ERR_EXISTS besides: it is one too many for
 * now.
 */
enum err log_fork_accept(struct hub *hub, struct txn *txn, struct peer *peer,
			 const struct charter_member *member, struct bytes entry, bool *progress);
/* The own log is another one: the certificate, the head and the own place follow it. */
void log_fork_own_changed(struct hub *hub, struct txn *txn);
/* An entry came that follows another one than the own latest: asks for what is before it. */
void log_fork_ask_back(struct hub *hub, struct txn *txn, struct peer *peer,
		       const struct charter_member *member);
/* A peer's own head shows the number that is known here: whether it is the same entry too. */
void log_fork_compare(struct hub *hub, struct txn *txn, struct peer *peer,
		      const struct charter_member *member);
/* FORK to a peer about each fork that is not settled, once in a session, a few at a time. */
void log_fork_tell(struct hub *hub, struct txn *txn, struct peer *peer);
/* FORK with an organisation. */
void log_fork_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);

#endif
