/*
 * sim - many cores in one process and one thread, over LMDB without sync, in virtual time.
 *
 * Each node is the real thing: identity, store, core, and for each connection the real link machine on either
 * side. Only the world is made: time jumps from event to event, links delay and re-cut what they carry, connections are
 * refused or dropped, nodes stop and start. Everything random comes from one seed; the same seed gives the same
 * digest over all delivered events.
 */
#ifndef ALLMENDE_SIM_H
#define ALLMENDE_SIM_H

#include "crypto/hash.h"
#include "proto/catalog.h"
#include "proto/core.h"
#include "proto/membership.h"
#include "proto/transfer.h"

#define SIM_NODE_MAX 64

struct sim_wire;
struct sim_item;

struct sim_node {
	struct sim *sim;
	unsigned index;
	char dir[256];
	char address[32];
	const char *addresses[2];
	struct random random;
	struct limits limits;
	struct keyring *keyring;
	struct identity identity;
	struct db *db;
	struct core *core; /* NULL: stopped */
	struct effects effects;
	struct event *inbox;
	size_t inbox_count, inbox_cap;
	struct buf **held_bytes; /* what inbox events borrow */
	size_t held_count;
	uint64_t link_last;
	int64_t tick_at;
	uint64_t note_counts[32];
	bool deaf; /* cut off from everybody */
	uint64_t message_count, message_bytes;
};

struct sim {
	struct random random;
	int64_t now_ms;
	int64_t epoch_ms; /* virtual time 0 */
	struct sim_node *nodes[SIM_NODE_MAX];
	unsigned node_count;
	struct sim_item *heap;
	size_t heap_count, heap_cap;
	uint64_t item_last;
	struct sim_wire **wires;
	size_t wire_count;
	struct hash digest; /* of all delivered events */
	uint64_t delivered;
	char root[200];
	uint32_t delay_ms_min, delay_ms_max;
	uint32_t cut_bytes_max; /* pieces a stream is cut into */
	double drop_chance;     /* of a connection, per piece carried */
};

void sim_init(struct sim *sim, uint64_t seed);
void sim_fini(struct sim *sim, uint8_t digest[ID_LEN]);
struct sim_node *sim_add(struct sim *sim, const char *name, const char *slug, const char *ags);
void sim_stop(struct sim_node *node); /* as kill -9 between two turns */
void sim_start(struct sim_node *node);
/* Drops all connections of a node; while deaf it gets no new ones. */
void sim_cut(struct sim_node *node, bool deaf);
/* Runs until the condition holds or the time is over; true when it holds. NULL: just for that time. */
bool sim_run(struct sim *sim, int64_t ms, bool (*until)(struct sim *sim, void *arg), void *arg);
/* Runs a function inside a turn of the node, now. */
void sim_call(struct sim_node *node,
	      void (*run)(struct core *core, struct txn *txn, int64_t now_ms, void *arg),
	      void *arg);

/* What people do. Fail the test when the verb fails. */
void sim_found(struct sim_node *node, const char *name);
void sim_join(struct sim_node *steward, struct sim_node *joiner);
enum err sim_publish(struct sim_node *node, const char *path, enum tier tier, struct bytes content);
void sim_subscribe(struct sim_node *node, const char *pattern);
/* The only file of a version, read through the reader; ERR as catalog_read(). number 0: current. */
enum err sim_read(struct sim_node *node, const char *path, uint64_t number, struct buf *out);
/* All running nodes agree on charter and contents. */
bool sim_agree(struct sim *sim, void *unused);

#endif
