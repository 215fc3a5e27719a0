/*
 * whole - versions so small that index and chunks of many come in one message
 * (docs/PROTOCOL.md, section 9: Transfer).
 *
 * What one peer is asked for in a turn is gathered and goes out as one message; what comes is held
 * in the turn in which it comes, so hundreds of versions are one commit.
 *
 * Bounds: WHOLE_ASKED_MAX versions and a window of bytes (source.h) asked of one peer and not here
 * yet, beside its chunks.
 */
#ifndef ALLMENDE_WHOLE_H
#define ALLMENDE_WHOLE_H

#include "proto/transfer/fetch.h"

enum {
	WHOLE_ASKED_MAX = 2 * MESSAGE_WHOLE_COUNT_MAX,
	WHOLE_MESSAGE_LEN = 256 * 1024, /* then the next ones go into another message */
};

/* PROTOCOL: "at most 64 chunks of at most 65,536 bytes in all, are asked for many at a time" */
bool whole_small(uint64_t chunks, uint64_t bytes);
/* Whether a fetch that has no index yet is for all of a version at once. */
bool whole_may(const struct hub *hub, const struct fetch *fetch);
/* The peer is asked at the end of the turn. */
void whole_ask(struct hub *hub, struct fetch *fetch, struct peer *peer);
void whole_settle(struct hub *hub);
/* Nothing of it is on its way any more. */
void whole_release(struct hub *hub, struct fetch *fetch);
/* A WHOLE message, which is well-formed. */
void wholes_take(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes message);

/* See core_whole_add(). */
enum err whole_add(struct message_list *list, struct txn *txn, const struct version_id *of,
		   bool here, struct chunk_addr *bad);

#endif
