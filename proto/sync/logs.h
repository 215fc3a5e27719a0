/*
 * logs - the charter and the organisation logs, as they come from peers and go to them
 * (docs/PROTOCOL.md, section 4).
 */
#ifndef ALLMENDE_LOGS_H
#define ALLMENDE_LOGS_H

#include "proto/sync/flow.h"

struct logs {
	uint32_t orglogs_here; /* up to this charter number all organisation logs are here */
	/* fork.h: the latest entry that waits, as it is dated ahead; 0: none has */
	uint32_t ahead_number;
	int64_t ahead_ms;
	int64_t frozen_look_ms; /* not before, whether the many are frozen */
	bool own_lost; /* log_fork.h: a branch of the own log counts that lacks this node */
};

void logs_charter_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void logs_charter_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void logs_orglog_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void logs_orglog_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/* Asks for the charter from a number on. */
void logs_charter_ask(struct hub *hub, struct peer *peer, uint32_t first);
/* Asks for the entries of one member's organisation log from a number on. */
void logs_orglog_ask(struct hub *hub, struct peer *peer, const struct org_id *org, uint32_t first);
/* The charter is another one: what is known of logs has to be looked at again. */
void logs_forget(struct hub *hub);
/*
 * A HELLO has come: tells the peer of forks. True: by what it shows, the charter here is frozen
 * now.
 */
bool logs_forks(struct hub *hub, struct txn *txn, struct peer *peer);
/* FORK, of the charter or of a log. */
void logs_fork_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/* Entries of organisation logs have come from this peer, and count. */
void logs_grown(struct hub *hub, struct txn *txn, struct peer *peer);
bool logs_orglogs_here(struct hub *hub, struct txn *txn);
/* True when all organisation logs of members are here; otherwise asks the peer for them. */
bool logs_orglogs_ask(struct hub *hub, struct txn *txn, struct peer *peer);
/* A guest that is none by a charter which is the own one. */
bool logs_stranger(const struct hub *hub, const struct peer *peer);

#endif
