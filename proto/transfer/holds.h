/*
 * holds - one peer's part of transfer: what it says it holds, what it has been told, and what is on
 * its way from it.
 */
#ifndef ALLMENDE_HOLDS_H
#define ALLMENDE_HOLDS_H

#include "proto/hub/hub.h"

struct holds; /* a set of versions */

enum { HOLDS_UNKNOWN_MAX = 64 };

struct proof { /* a sample of a copy that is said to be there; proof.h */
	struct version_id next;
	bool due; /* `next` is to be sampled */
	struct version_id of;
	bool runs;    /* this chunk of `of` was asked for: */
	bool spoiled; /* and given to that organisation meanwhile */
	struct chunk_addr addr;
	uint32_t size;
	int64_t sent_ms;
	int64_t clear_ms; /* when samples over this link are forgotten */
	int64_t rest_ms;  /* none before */
};

struct peer_transfer {
	struct holds *holds; /* versions it says it holds; NULL: none */
	/* the last ones about versions whose records are not here yet, hashed; 0: free */
	uint64_t unknown[HOLDS_UNKNOWN_MAX];
	unsigned unknown_next;
	struct proof proof;
	bool begun;               /* HOLDS to it */
	struct row_key told;      /* HOLDS to it: what is held has been told up to here */
	bool more;                /* there is more to tell */
	int64_t next_ms;          /* when */
	uint64_t in_flight_bytes; /* of chunks requested from it */
	uint32_t in_flight_count;
	uint32_t index_count;           /* indexes asked for and not here yet, */
	uint32_t whole_count;           /* and small versions (whole.h), */
	uint64_t whole_bytes;           /* of so many bytes */
	struct message_list whole_asks; /* of this turn; count 0: none */
	uint32_t window_bytes; /* bound of in_flight_bytes, which follows its speed; 0: the first */
	bool late;           /* it has let a request expire: gets one at a time until it answers */
	uint32_t turn_serve; /* chunks to serve to it, of this turn */
	struct version_id asked; /* of the last index it was given */
	/* datasets of which chunks that not everybody may have are under way to it; serve.c */
	struct dataset_id *promised;
	size_t promised_count, promised_cap;
};

void holds_open(struct peer *peer);
void holds_close(struct peer *peer);
/*
 * How many more versions a peer may be remembered to hold: LIMIT_HOLD_ORG_COUNT_MAX for its
 * organisation, LIMIT_HOLD_COUNT_MAX for all.
 */
size_t holds_room(const struct hub *hub, const struct peer *peer);
/*
 * The peer says that it holds a version. Remembered is what it says of own versions, of others as
 * far as there is room, which gets less, and only if their records are here: of those that are not,
 * the last HOLDS_UNKNOWN_MAX are kept until the record comes. False: it is not here.
 */
bool holds_add(struct hub *hub, struct txn *txn, struct peer *peer, const struct version_id *of,
	       size_t *room);
/* The record of a version has come. */
void holds_known(struct hub *hub, const struct version_id *of);
bool holds_has(const struct peer *peer, const struct version_id *of);

/*
 * A comparison is over, so both sides know the same records: after the first one what is held is
 * told, a part at a time.
 */
void holds_compared(struct hub *hub, struct peer *peer);
/* Tells one peer of versions that are held now. */
void holds_tell(struct hub *hub, struct peer *peer, const struct version_id *of, size_t count);
void holds_tick(struct hub *hub, struct txn *txn);
int64_t holds_wake(const struct hub *hub);

#endif
