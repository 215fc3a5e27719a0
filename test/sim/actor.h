/*
 * actor - members that mean harm, for simulations: each is a possessed node with a character, and
 * what it does next is drawn from the simulation's seed.
 *
 * An actor has real keys and says what is well-formed; it goes through its victims one by one, as a
 * possessed node has one link at a time.
 */
#ifndef ALLMENDE_TEST_ACTOR_H
#define ALLMENDE_TEST_ACTOR_H

#include "test/sim/sim.h"

/* X(NAME, "what it does") */
#define ACTOR_LIST(X)                                                                              \
	X(FLOODER, "records, heads, questions and HELLO, as fast as it may")                       \
	X(HIDER, "heads of sets that nobody can have, and other ones for others")                  \
	X(LIAR, "holdings that are not there, and answers that are nothing")                       \
	X(FORGER, "records in other names, wrong signatures, old things of others")                \
	X(THIEF, "records and heads under the stolen key of an honest node")

enum actor_kind {
#define X(name, text) ACTOR_##name,
	ACTOR_LIST(X)
#undef X
		ACTOR_COUNT
};

struct actor {
	enum actor_kind kind;
	struct sim_node *node;
	struct sim_node *robbed; /* THIEF: whose key it has; FORGER: in whose name it speaks */
	struct random random;
	uint32_t author; /* of what it signs */
	uint32_t incarnation;
	uint64_t sequence, counter;
	bool met; /* this victim */
	uint64_t said, steps;
};

/* Takes the core of its node away. */
void actor_begin(struct actor *actor, enum actor_kind kind, struct sim_node *node,
		 struct sim_node *robbed, uint64_t seed);
/* Goes to this victim, if it lets it in. */
void actor_turn_to(struct actor *actor, struct sim_node *victim);
/* One thing of its character. */
void actor_step(struct actor *actor, struct sim_node *victim);

#endif
