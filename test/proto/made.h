/*
 * made - records of any member as they come into a node, for tests: versions whose chunks are
 * really there, tokens, and whatever else has a body.
 *
 * Whoever acts on a record is handed in, as the core would call it; NULL: nobody does.
 */
#ifndef ALLMENDE_TEST_MADE_H
#define ALLMENDE_TEST_MADE_H

#include "test/proto/hub_node.h"

typedef void made_take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival);

/* By node 0 of a member, with its next sequence and the node's time. The own one appends it. */
enum err made_record(struct hub_node *node, const struct test_federation *fed, unsigned member,
		     enum record_kind kind, struct record_slot slot, struct bytes body,
		     made_take *take);

/* Everything that is here of an author comes to another node, as far as it is not there yet. */
void made_copy(struct hub_node *from, struct hub_node *to, uint32_t author, made_take *take);

/*
 * The next entry of the charter, with these changes; member 1 is the only steward. Nobody is told.
 */
void made_charter(struct hub_node *node, const struct test_federation *fed,
		  const struct charter_change *changes, size_t count);
/* A member becomes a relay; with it comes federation key 2 (test_key(8)). */
void made_relay(struct hub_node *node, const struct test_federation *fed, unsigned member);

/* Node 0 of a member has these roles from now on. */
void made_roles(struct hub_node *node, const struct test_federation *fed, unsigned member,
		uint8_t roles, int64_t time_ms);

/* ---- versions ---- */

enum { PARCEL_CHUNK_COUNT_MAX = 64 };

struct parcel { /* the first part is set by the test; 0: what is usual */
	unsigned member;
	unsigned owner; /* of the path: the member */
	const char *path;
	uint64_t number; /* 1 */
	enum tier tier;  /* members */
	size_t count;    /* of chunks: 1 */
	uint32_t size;   /* of each: 1000, hidden the least there is */
	unsigned seed;   /* other chunks */
	struct version_id of;
	struct version version; /* points into the buffers below */
	struct index index;     /* in order of address, as chunks are */
	struct buf chunks[PARCEL_CHUNK_COUNT_MAX], description, manifest, body;
};
void parcel_make(struct parcel *p, const struct test_federation *fed);
void parcel_fini(struct parcel *p);
/* Its record comes. */
void parcel_known(struct parcel *p, struct hub_node *node, const struct test_federation *fed,
		  made_take *take);
/* It is here with all its chunks. */
void parcel_held(struct parcel *p, struct hub_node *node);
const struct chunk_addr *parcel_addr(const struct parcel *p, size_t i);
/* An INDEX message with the entries from first to last - 1. */
struct buf parcel_index(const struct parcel *p, size_t first, size_t last, bool more);
/* The chunk that a peer has sent, or its word that it has not got it. */
struct event parcel_chunk(const struct parcel *p, size_t i, const struct peer *peer);
struct event parcel_nil(const struct parcel *p, size_t i, const struct peer *peer);
/* A peer says that it holds it. */
void parcel_offer(const struct parcel *p, struct hub_node *node, struct peer *peer);

/* ---- lines ---- */

struct gift {              /* a line; 0: what is usual */
	unsigned from, to; /* members */
	enum verb verb;    /* read */
	const char *prefix;
	int64_t not_before_ms, expiry_ms; /* TEST_TIME_MS; thirty days */
	uint32_t round;
	uint32_t depth;              /* 1 */
	const struct digest *parent; /* none */
	uint8_t nonce;
	bool ended;
	struct digest id; /* made */
};
void gift_made(struct gift *gift, struct hub_node *node, const struct test_federation *fed,
	       made_take *take);

#endif
