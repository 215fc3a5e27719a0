/*
 * gossip - heads and records as they come and go: taken, announced, asked for
 * (docs/PROTOCOL.md, section 9: Gossip).
 */
#ifndef ALLMENDE_GOSSIP_H
#define ALLMENDE_GOSSIP_H

#include "proto/sync/flow.h"

struct announcement; /* a head accepted in this turn */
struct relay;        /* another author's head that is to be told on in a moment */

struct gossip {
	struct announcement *announcements;
	size_t announcement_count, announcement_cap;
	struct relay *relays; /* by rising author, each once */
	size_t relay_count, relay_cap;
	int64_t own_head_ms; /* time of the own latest head */
	int64_t clock_ms;    /* of the turn before */
	bool clock_set;      /* back, since the start */
	bool log_news;       /* the own organisation log has grown: the next head is due */
	bool head_due;       /* own records are not yet those of the own head */
};

void gossip_open(struct hub *hub, struct txn *txn);
void gossip_close(struct hub *hub);
/* A head that a peer has said, whatever the message. */
void gossip_head_hear(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes whole);
void gossip_head_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void gossip_own_head_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void gossip_records_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/* The own organisation log has grown: others learn of it with the next head. */
void gossip_log_grown(struct hub *hub);
/* Own records are not yet those of the own head. */
bool gossip_head_due(const struct hub *hub);
/* End of a turn: own head if due, announcements, questions. */
void gossip_settle(struct hub *hub, struct txn *txn);
int64_t gossip_wake(const struct hub *hub);

#endif
