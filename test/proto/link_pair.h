/*
 * link_pair - two links joined by byte buffers, for tests.
 *
 * Bytes are pulled and delivered in pieces of random length from one seed; each direction may
 * alter one byte or swallow everything from one byte on. The pair notes what was sent and what
 * was delivered, and fails the test when an event comes after CLOSED.
 */
#ifndef ALLMENDE_TEST_LINK_PAIR_H
#define ALLMENDE_TEST_LINK_PAIR_H

#include "crypto/hash.h"
#include "proto/link/link.h"

#define NEVER SIZE_MAX

/* One node: keys and certificate. */
struct link_node {
	struct key static_sk;
	struct dh_pk pk;
	struct buf entry;
	struct buf certificate;
};
void link_node_make(struct link_node *node, uint64_t seed);
void link_node_fini(struct link_node *node);

struct link_side {
	struct link link;
	struct buf wire;   /* on the way to the other side */
	size_t wire_total; /* bytes ever put on the way */
	struct hash transcript;
	size_t alter_at; /* byte of the outgoing stream to be altered; NEVER */
	uint8_t alter_mask;
	size_t swallow_at; /* from this byte on nothing arrives; NEVER */

	bool answers; /* LINK_EVENT_CERT, with admits and refusal; else the test does */
	bool admits;
	enum link_reason refusal;
	bool consumes; /* reports messages as consumed */

	bool cert, up, closed;
	struct org_id cert_org;
	struct dh_pk cert_key;
	enum link_reason reason;
	bool by_peer;
	struct buf sent[LINK_CHANNEL_COUNT]; /* be32 length || message, of this side */
	struct buf got[LINK_CHANNEL_COUNT];
	size_t got_count;
};

struct pair {
	struct random random; /* of the links */
	struct random cuts;   /* of the pieces */
	size_t piece_len_max; /* pieces are 1 to so many bytes long */
	struct limits limits; /* of both */
	struct fed_id fed;
	uint64_t now_ms;
	struct link_node node[2];
	struct link_options options[2];
	struct link_side side[2]; /* 0 dials */
};

/* Prepares options; tests may change them and limits before pair_start(). */
void pair_init(struct pair *pair, uint64_t seed);
void pair_start(struct pair *pair);
/* init, start, and carry on until both are up */
void pair_up(struct pair *pair, uint64_t seed);
void pair_fini(struct pair *pair);
/*
 * Makes to a pair of its own in the state of from, without another handshake. Nothing of from may
 * wait in an outbox, and no message that it has handed out may be in use.
 */
void pair_copy(struct pair *to, const struct pair *from);
/* Takes events of one side; true when there was one. */
bool pair_events(struct pair *pair, unsigned from);
/* One piece from one side's link to its wire and one from there to the other side. */
bool pair_step(struct pair *pair, unsigned from);
/* Until nothing moves. */
void pair_run(struct pair *pair);
void pair_tick(struct pair *pair, uint64_t ms); /* time passes; then pair_run() */
/* Ticks at every wake until both are closed; fails the test when that never happens. */
void pair_run_out(struct pair *pair);

void pair_send(struct pair *pair, unsigned from, uint8_t channel, struct bytes message);
/* A message of so many bytes from the seed. */
void pair_send_random(struct pair *pair, unsigned from, uint8_t channel, size_t len);
/* Puts a frame with this plain text on the wire, sealed as the side would. */
void pair_forge(struct pair *pair, unsigned from, struct bytes plain);
/* All that was sent was delivered, in order per channel; or a beginning of it. */
void pair_assert_all(const struct pair *pair);
void pair_assert_prefix(const struct pair *pair);
void pair_assert_closed(const struct pair *pair, unsigned side, enum link_reason reason,
			bool by_peer);

#endif
