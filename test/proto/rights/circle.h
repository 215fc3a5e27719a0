/*
 * circle - several nodes that exchange their records, for tests of rights and keys: an owner and
 * four others, and at will another node of the owner.
 */
#ifndef ALLMENDE_TEST_CIRCLE_H
#define ALLMENDE_TEST_CIRCLE_H

#include "test/proto/made.h"

/* SECOND is another node of O; only some tests have it. */
enum { O = 1, B, C, D, W, COUNT_NODES = W, SECOND };
#define TOP     "gemeinde-1"
#define KITA    "gemeinde-1/kita"
#define HOUR_MS (3600 * INT64_C(1000))
#define DAY_MS  (24 * HOUR_MS)
#define YEAR_MS (365 * DAY_MS)

struct circle {
	struct test_federation fed;
	struct hub_node nodes[SECOND + 1]; /* by member number */
	bool off[SECOND + 1];
	unsigned has_second; /* 0 or 1 */
};

/* For cmocka: *state is a struct circle. */
int circle_setup(void **state);
int circle_teardown(void **state);
/* Whoever acts on what has come, as the core would call it. */
void circle_take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival);
/* Turns of one node until it has nothing left to do. */
void circle_settle_one(struct hub_node *node);
/* Everybody who is on hears of what everybody who is on has said, until nobody says more. */
void circle_settle(struct circle *f);
/* Time passes for all; in steps, as nodes look once an hour. */
void circle_pass(struct circle *f, int64_t ms);
/* A line, given by its giver: KITA, for a year, to be handed on, unless it says otherwise. */
struct gift circle_give(struct circle *f, struct gift gift);
/* Its giver ends it. */
void circle_end(struct circle *f, struct gift gift);
/* By the charter, which all but the one itself hear of. */
void circle_removed(struct circle *f, unsigned member);
/* The number of the latest epoch at a path, as O knows it; 0: none. */
uint64_t circle_last(struct circle *f, const char *prefix);
/* Whether a node has the key of an epoch of O for a path. */
bool circle_opens(struct circle *f, unsigned n, const char *prefix, uint64_t number,
		  const char *path);
/* A node has the latest head of another one, and all that it names. */
void circle_is_whole(struct circle *f, unsigned from, unsigned n);
/* Whether what a node would seal at a path waits for a new key. */
bool circle_waits(struct circle *f, unsigned n, const char *path);
/* So many records of a kind a node has made itself. */
unsigned circle_records(struct circle *f, unsigned n, enum record_kind kind);
/* A wrap that its maker has no business to make. */
void circle_wrap(struct circle *f, unsigned by, unsigned to, const char *prefix, uint64_t number,
		 const struct key *key);
/* The key of an epoch at its own path, which the node has. */
void circle_key(struct circle *f, unsigned n, const char *prefix, uint64_t number, struct key *key);
/* The log of a member goes on; `but` has not heard of it (0: all have). */
void circle_log(struct circle *f, unsigned member, const struct orglog *log,
		const struct orglog *next, unsigned but);
/* O makes the next epoch at a path, whatever is due. */
void circle_epoch(struct hub_node *node, const char *prefix);

#endif
