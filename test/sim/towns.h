/*
 * towns - the small federation that most tests of the simulator begin with: Meißen, the steward;
 * Radebeul; and, when three are asked for, Malwine, who is often up to no good.
 */
#ifndef ALLMENDE_TEST_TOWNS_H
#define ALLMENDE_TEST_TOWNS_H

#include "test/sim/sim.h"

struct towns {
	struct sim sim;
	struct sim_node *a, *b, *m;
	uint32_t m_author;
	unsigned round;
};

/* They have all joined, agree, and are linked each with each. */
struct towns *towns_open(uint64_t seed, unsigned count);
/* Three, and Malwine has joined before Radebeul. */
struct towns *towns_open_foe_first(uint64_t seed);
void towns_close(struct towns *towns);
/*
 * Condition for sim_run(): the first two are linked once, and all agree; once Malwine is possessed
 * she need not, nor does what she has said need to be complete.
 */
bool towns_agree(struct sim *sim, void *towns);
/* Takes Malwine's core away: from now on the test speaks for her. */
void towns_possess(struct towns *towns);
/* What the first two are there for still works, in reasonable time. */
void towns_healthy(struct towns *towns);
/*
 * Runs until the version is held there; fails the test when it takes longer than a minute or two.
 */
void towns_held(struct sim_node *node, const char *path, uint64_t number);

/*
 * A whole county: so many nodes in three groups, the first one is the steward; of every so many the
 * last one only dials out (0: none). They agree, and are linked each with each.
 */
void county_found(struct sim *sim, unsigned count, unsigned dial_only_every);
/* Condition: all agree, and each is linked once with each, unless neither can dial the other. */
bool county_is_whole(struct sim *sim, void *unused);
/* As sim_run(), for a condition that is a costly one: looks once a second. */
bool county_run_until(struct sim *sim, int64_t ms, bool (*until)(struct sim *sim, void *arg),
		      void *arg);

#endif
