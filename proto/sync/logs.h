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
	uint32_t unread_number; /* fork.h: the latest entry that this program can not follow */
	int64_t frozen_look_ms; /* not before, whether the many are frozen */
	/* until then each peer is asked for the own log: one has said that this node is out */
	int64_t told_out_ms;
	uint32_t binds_seen; /* of the charter, when what follows from them was last looked at */
	bool bind_wanted;    /* the way to an entry bound is not here */
};

void logs_charter_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void logs_charter_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void logs_orglog_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void logs_orglog_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/* Asks for the charter from a number on. */
void logs_charter_ask(struct hub *hub, struct peer *peer, uint32_t first);
/* Asks for the entries of one member's organisation log from a number on. */
void logs_orglog_ask(struct hub *hub, struct peer *peer, const struct org_id *org, uint32_t first);
/* Asks for the own log from its latest entry on: by whom this node may have been put out. */
void logs_own_ask(struct hub *hub, struct txn *txn, struct peer *peer);
/* A peer has closed as this node is out by what it knows. */
void logs_told_out(struct hub *hub);
/*
 * The entry that the certificate shows: the latest that lists this node, though it may not count
 * any more. ERR_ABSENT: there is none.
 */
enum err logs_own_entry(struct hub *hub, struct txn *txn);
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
