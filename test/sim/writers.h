/*
 * writers - what people do who write in the namespace of another, for tests: the towns' first one
 * owns it. All of it is about one dataset. What sim_call() takes fails the test when it may not
 * fail.
 */
#ifndef ALLMENDE_TEST_WRITERS_H
#define ALLMENDE_TEST_WRITERS_H

#include "proto/catalog/granting.h"
#include "test/sim/towns.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };
#define YEAR_MS      (INT64_C(365) * DAY_MS)
#define WRITERS_LIST "meissen/kita/liste"

extern enum tier writers_tier; /* of what is published, and what lines allow */

/* They agree, and have all compared what they have. */
void writers_settle(struct towns *towns);

struct writers_give {
	struct grant_terms terms;
	struct digest id;
	enum err err;
	char why[WHY_LEN];
};

/* For sim_call(): a struct writers_give, whose end is counted from now. */
void writers_call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg);
/* At and below meissen/kita. */
struct digest writers_give(struct sim_node *from, struct sim_node *to, enum verb verb, int64_t ms,
			   enum keeping keep);
void writers_end(struct sim_node *node, struct digest *id);
/* number and why may be NULL. */
enum err writers_publish(struct sim_node *node, uint64_t seed, uint64_t *number, char why[WHY_LEN]);

/*
 * For sim_call(): a version as one that does not care makes it, its latest body once more, or that
 * of another when it has none.
 */
struct writers_forge {
	uint64_t number;
	int64_t back_ms; /* dated so far back */
};
void writers_forge(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg);

/* For sim_call(): takes a version over by command. */
struct writers_take {
	uint64_t number;
	enum err err;
	char why[WHY_LEN];
};
void writers_take(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg);

/* For sim_call(): the current version; number 0: there is none. */
struct writers_seen {
	uint64_t number;
	char by[CHARTER_SLUG_LEN_MAX + 1], origin[CHARTER_SLUG_LEN_MAX + 1];
};
void writers_see(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg);
/* All nodes see the same current version: "number by", "number by of origin"; "none". */
void writers_assert_seen(struct towns *towns, const char *what);

#endif
