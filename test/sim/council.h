/*
 * council - a federation of five towns of which each has a vote, for tests of the charter in the
 * simulator: entries are made and signed by hand, so that stewards can do what no honest node does.
 */
#ifndef ALLMENDE_TEST_COUNCIL_H
#define ALLMENDE_TEST_COUNCIL_H

#include "test/sim/sim.h"

enum { COUNCIL_COUNT = 5, COUNCIL_CHANGE_MAX = 4 };

struct council {
	struct sim sim;
	struct sim_node *towns[COUNCIL_COUNT]; /* members 1 to 5, all stewards, three are needed */
};

/* They have joined, agree, and are linked each with each. */
struct council *council_open(uint64_t seed);
/* The same with so many members more, which are sim.nodes[COUNCIL_COUNT] and on. */
struct council *council_open_with(uint64_t seed, unsigned more);
void council_close(struct council *council);

/* An entry that may be the next one at a node. */
struct council_entry {
	struct charter_change changes[COUNCIL_CHANGE_MAX];
	size_t count;
	uint32_t threshold;
	unsigned voters;  /* bit i: towns[i] signs, if it runs */
	int64_t dated_ms; /* so much later than now, or earlier; 0: as honest stewards date it */
	struct buf payload, whole;
	struct digest id;
};
void council_entry_init(struct council_entry *entry, uint32_t threshold, unsigned voters);
void council_entry_fini(struct council_entry *entry);
struct charter_change *council_change(struct council_entry *entry, enum charter_change_kind kind);
/* Change: the stewards are those of these bits. */
void council_stewards(struct council_entry *entry, unsigned towns);
/*
 * Makes payload and votes by the charter that `at` has now. A payload that is there already is
 * kept.
 */
void council_sign(struct council *council, struct council_entry *entry, struct sim_node *at);
/* Hands it to a node as if its steward had put it together; _call: the same for sim_call(). */
struct council_hand {
	const struct council_entry *entry;
	enum err err;
};
void council_hand_call(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg);
enum err council_hand(struct sim_node *node, const struct council_entry *entry);
/* Days pass for all; nobody runs meanwhile. */
void council_sleep(struct council *council, unsigned days);
/* The towns of these bits are on the other side of a partition; 0: there is none. */
void council_part(struct council *council, unsigned side);
/* A settlement by the node's own verb; branch NULL: none. */
void council_settle(struct council *council, struct council_entry *entry, struct sim_node *at,
		    const struct digest *branch);

/* Conditions over all that run. */
struct council_wait {
	struct council *council;
	uint32_t number;
	bool frozen;
	const struct digest *id; /* of the latest entry; NULL: any */
};
bool council_stands(struct sim *sim, void *council_wait);
/* Fails the test unless it comes to that within ten minutes. */
void council_until(struct council *council, uint32_t number, bool frozen, const struct digest *id);
/* A publication of one arrives and is read at the other, in tier members. */
void council_works(struct sim_node *from, struct sim_node *to, const char *path);

#endif
