/*
 * turn - the core thread: it owns struct core and the only write transaction.
 *
 * The loop thread pushes items, each an event for the core. They go into the core's inbox, a turn
 * takes from it what a turn may cost (inbox.h), and commits. What was
 * taken and what came of it then goes back to the loop thread as one batch: the effects are
 * carried out, and each item's done() runs, only after the commit, so nothing is acknowledged or
 * sent that is not on disk.
 *
 * Queries run between turns on the same thread, as the core's memory belongs to it: each in a read
 * transaction of its own, without ticks, effects or a commit. After some milliseconds of them a
 * turn gets its time, if one is due, so neither waits long for the other. What a query sees is what
 * the last turn has committed. One that writes all the same has made a fault, and nothing is
 * written.
 *
 * When a commit fails the batch carries the fault and no effects, the core is opened anew from the
 * store, and every item that was pushed before the loop thread heard of it is answered with the
 * same fault: the loop thread closes all links and gives up all uploads meanwhile. When not even
 * opening works, the batch says so (fatal), and nothing is done any more. The same happens when a
 * query meets a fault, as the core may have kept in memory what it could not read.
 *
 * Bounds: the queue is as long as turn_room() lets its users make it: they ask before they push
 * bulk or a peer's message, and wait until a batch has come when it says no; but one message of
 * each peer may always wait (conn.c). Calls of the control interface are bounded by the number of
 * its connections.
 *
 * All functions are for the loop thread.
 */
#ifndef ALLMENDE_TURN_H
#define ALLMENDE_TURN_H

#include "proto/charter/charter.h"
#include "proto/core/core.h"

#define TURN_WAITING_BYTES_MAX (16u * 1024 * 1024)

/* Lives in its owner's memory from turn_push() until done(). */
struct turn_item {
	struct turn_item *next;
	struct inbox_item waits; /* the turn's own */
	struct event event;      /* event.bytes and the like look at bytes */
	struct buf bytes;
	size_t weight; /* bytes of memory that it holds */
	bool bulk;
	bool query; /* an EVENT_CALL whose run() only looks */
	/* On the loop thread, after the commit; then the item is the owner's again. */
	void (*done)(struct turn_item *item);
	enum err err; /* of the commit, or of the transaction of a query; for done() */
	void *owner;
	uint32_t generation; /* of the core that it was meant for; the turn's own */
};

/* A short name, for the log: the charter is the core's. */
struct turn_slug {
	uint32_t author;
	char slug[CHARTER_SLUG_LEN_MAX + 1];
};

/* The same of a member that was renamed: what paths begin with, and are shown with. */
struct turn_home {
	char home[CHARTER_SLUG_LEN_MAX + 1], slug[CHARTER_SLUG_LEN_MAX + 1];
};

struct turn_batch {
	struct turn_batch *next;
	enum err err;            /* of the commit, or of a query */
	bool fatal;              /* the core could not be opened again */
	struct turn_item *items; /* in the order of pushing within their lane */
	struct effects effects;  /* empty when err */
	struct turn_slug *slugs; /* of the authors in notes */
	size_t slug_count, slug_cap;
	struct turn_home *homes; /* of the paths in notes */
	size_t home_count, home_cap;
	bool has_certificate;   /* it is new or has changed: */
	bool linkable;          /* there is a federation */
	struct buf certificate; /* as by certificate_put() */
	struct fed_id fed;
};

struct turn_options {
	struct db *db;            /* borrowed, as all below */
	const char *dir;          /* of the store: for its disk */
	struct hub_options core;  /* core.random: used by the core thread alone */
	void (*ready)(void *arg); /* on the core thread: a batch may be taken */
	void *arg;
};

struct turn;
/* Opens the core and starts the thread. The fault of core_open(). */
enum err turn_start(struct turn **out, const struct turn_options *options);
/* Finishes what was pushed, ends the thread and closes the core. Batches not yet taken stay. */
void turn_stop(struct turn *turn);
void turn_free(struct turn *turn); /* after turn_stop(); all batches taken */

void turn_push(struct turn *turn, struct turn_item *item);
/*
 * Pushes an EVENT_CALL: run(owner) in a turn, or, with query, between turns, when it only looks.
 * weight and bulk are as the item has them.
 */
typedef void turn_run(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg);
void turn_call(struct turn *turn, struct turn_item *item, bool query, turn_run *run,
	       void (*done)(struct turn_item *item), void *owner);
bool turn_room(const struct turn *turn);

/* How turns and queries went since the start, for health and monitoring. */
enum { TURN_BUCKET_COUNT = 8 };
extern const double turn_bucket_seconds[TURN_BUCKET_COUNT]; /* upper ends, rising */
struct turn_stats {
	uint64_t count, failed;
	uint64_t commit_us;                  /* all commits together */
	uint64_t buckets[TURN_BUCKET_COUNT]; /* commits of at most so long, each in its first */
	enum err err;                        /* of the last one */
	uint64_t query_count, query_failed;  /* no turns, no commits */
	int64_t busy_since_ms;               /* of the turn or query under way; 0: none */
};
struct turn_stats turn_stats(struct turn *turn);
/* A stored chunk is not what its address says (EVENT_CHUNK_BAD). */
void turn_push_bad(struct turn *turn, const struct dataset_id *dataset,
		   const struct chunk_addr *addr);
/* The oldest batch or NULL. The caller runs done() of each item, then carries out the effects. */
struct turn_batch *turn_take(struct turn *turn);
/* NULL: no note of this batch is about the author, or it is none. */
const char *turn_batch_slug(const struct turn_batch *batch, uint32_t author);
/* A path of a note, as people see it. */
void turn_batch_path(const struct turn_batch *batch, const char *path,
		     char out[LIMIT_PATH_LEN_MAX + 1]);
void turn_batch_free(struct turn_batch *batch);

#endif
