/*
 * nodes - the nodes of the own organisation: another one is added, one is retired; and the
 * organisation's wrap keys, which change when a node is retired (docs/PROTOCOL.md, sections 3.1 and
 * 5.9).
 *
 * The verbs run inside a turn (EVENT_CALL), on the node where the organisation's root is, and write
 * one sentence into why (WHY_LEN bytes) when they fail.
 */
#ifndef ALLMENDE_NODES_H
#define ALLMENDE_NODES_H

#include "proto/hub/hub.h"
#include "proto/charter/orglog.h"

/*
 * Appends the text that `allmende init --node` takes on the new machine. ERR_ABSENT: no federation
 * yet; ERR_CONFIG: nobody could dial this node; ERR_DENIED: no root here.
 */
enum err nodes_offer(struct hub *hub, struct txn *txn, int64_t now_ms, struct buf *text, char *why);
/*
 * Takes a request and enters the node into the organisation log with these roles (ORGLOG_ROLE_*);
 * with secrets false it gets no wrap key and can read nothing that is sealed. Appends the answer. A
 * request that was answered before is answered again. ERR_CONFIG: not such a text, or of another
 * organisation; ERR_DENIED: no root here, wrong possession; ERR_FULL: 256 nodes;
 * ERR_BUSY: the log has forked.
 */
enum err nodes_add(struct hub *hub, struct txn *txn, int64_t now_ms, const char *request,
		   uint8_t roles, bool secrets, struct buf *answer, uint8_t *index, char *why);
/*
 * A node is shut out for good, by an entry with a new wrap key: retired by who has the machine in
 * hand, or lost, when somebody else may have it and what it knows. A retired one may be lost later.
 * ERR_DENIED: no root here, or it is this node; ERR_ABSENT: no such active node.
 */
enum err nodes_retire(struct hub *hub, struct txn *txn, int64_t now_ms, uint8_t index, bool lost,
		      char *why);

/*
 * For the core: when the charter has bound the root to the latest entry, and the new one is here,
 * the log goes on by an entry with its recovery key and a new wrap key.
 */
void nodes_follow(struct hub *hub, struct txn *txn);

/*
 * Ends a fork of the own log: an entry with a new wrap key, in which all is retired that either
 * branch has retired. ERR_DENIED: no root here, or this node is retired by one; ERR_ABSENT: there
 * is none.
 */
enum err nodes_settle(struct hub *hub, struct txn *txn, int64_t now_ms, char *why);

struct node_info {
	uint8_t index;
	uint8_t state; /* enum orglog_node_state */
	uint8_t roles;
	bool self;
	bool linked;
	int64_t head_time_ms; /* 0: never heard of */
};
/* In order of index, from 0; false at the end. */
bool nodes_info(struct hub *hub, struct txn *txn, size_t at, struct node_info *out);

#endif
