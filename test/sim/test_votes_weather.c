/*
 * Stewards in bad weather: they propose and vote as they like, links break, nodes die between
 * commit and effects, store calls fail. Honest nodes never sign twice, so the charter never
 * freezes, and all come to the same one.
 */
#include "test/sim/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"

enum { TOWNS = 5, ROUNDS = 60, SEEDS = 12 };

static const char *const names[TOWNS][3] = {{"Stadt Meißen", "meissen", "14627140"},
					    {"Stadt Radebeul", "radebeul", "14627210"},
					    {"Stadt Riesa", "riesa", "14627230"},
					    {"Stadt Coswig", "coswig", "14627060"},
					    {"Stadt Strehla", "strehla", "14627330"}};

struct world {
	struct sim sim;
	struct sim_node *town[TOWNS];
};

static bool is_member(struct sim *sim, void *arg)
{
	const struct membership_status status = sim_status(arg);
	return status.state == MEMBERSHIP_MEMBER && status.has_federation_key;
}

static bool is_same(struct sim *sim, void *arg)
{
	const struct world *world = arg;
	for (unsigned i = 0; i < TOWNS; i++)
		if (!world->town[i]->core || !id_eq(&world->town[i]->hub->charter.entry_id,
						    &world->town[0]->hub->charter.entry_id))
			return false;
	return true;
}

static void vote_all(struct world *world, const char *hex)
{
	for (unsigned i = 1; i < TOWNS; i++) {
		struct decision v = {.verb = DECIDE_VOTE, .slug = hex};
		sim_run(&world->sim, 3000, NULL, NULL);
		decide(world->town[i], &v);
	}
}

/* Four stewards, three of which must agree. */
static void world_open(struct world *world, uint64_t seed)
{
	struct decision d = {.verb = DECIDE_STEWARDS,
			     .slugs = {"meissen", "radebeul", "riesa", "coswig"}};
	sim_init(&world->sim, seed);
	for (unsigned i = 0; i < TOWNS; i++)
		world->town[i] = sim_add(&world->sim, names[i][0], names[i][1], names[i][2]);
	assert_int_equal(sim_found(world->town[0], "Landkreis Meißen"), ERR_OK);
	for (unsigned i = 1; i < TOWNS; i++) {
		sim_join(world->town[0], world->town[i]);
		assert_true(sim_run(&world->sim, 120000, is_member, world->town[i]));
	}
	assert_true(sim_run(&world->sim, 120000, sim_agree, NULL));
	assert_int_equal(decide(world->town[0], &d), ERR_OK);
	vote_all(world, d.hex);
	assert_true(sim_run(&world->sim, 120000, is_same, world));
	assert_int_equal(world->town[4]->hub->charter.threshold, 3);
}

/*
 * A proposal that can always be made: another set of stewards; where they are split, a settlement.
 */
static void propose_some(struct world *world, struct sim_node *node)
{
	struct decision d = {.verb = decide_split(node) ? DECIDE_SETTLE : DECIDE_STEWARDS};
	unsigned leave_out = (unsigned)random_below(&world->sim.random, TOWNS), count = 0;
	for (unsigned i = 0; i < TOWNS; i++)
		if (i != leave_out)
			d.slugs[count++] = names[i][1];
	decide(node, &d);
}

/*
 * Votes for one of those it knows, mostly the one that most want, and does not look whether it has
 * voted before: its node refuses then.
 */
static void vote_some(struct world *world, struct sim_node *node)
{
	struct voting_proposal proposal, chosen = {0};
	char hex[ID_HEX_LEN + 1];
	bool any = random_below(&world->sim.random, 5) == 0;
	for (size_t i = 0; decide_proposal(node, i, &proposal, NULL); i++)
		if (i == 0 || (any ? random_below(&world->sim.random, 2) == 0
				   : proposal.votes > chosen.votes || proposal.settlement))
			chosen = proposal;
	if (chosen.number == 0) {
		propose_some(world, node);
		return;
	}
	hex_put(hex, id_bytes(&chosen.id));
	struct decision d = {.verb = DECIDE_VOTE, .slug = hex};
	decide(node, &d);
}

static void weather(struct world *world, struct sim_node *node)
{
	switch (random_below(&world->sim.random, 6)) {
	case 0:
		sim_cut(node, true);
		break;
	case 1:
		node->deaf = false;
		break;
	case 2:
		node->crash_in = 1 + random_below(&world->sim.random, 4);
		break;
	case 3:
		sim_fault(node, 1 + random_below(&world->sim.random, 400), ERR_IO);
		break;
	case 4:
		sim_stop(node);
		sim_start(node);
		break;
	default:
		break;
	}
}

static void round_play(struct world *world)
{
	struct sim_node *node = world->town[random_below(&world->sim.random, TOWNS)];
	weather(world, world->town[random_below(&world->sim.random, TOWNS)]);
	if (random_below(&world->sim.random, 8) == 0)
		propose_some(world, node);
	else
		vote_some(world, node);
	sim_run(&world->sim, (int64_t)random_below(&world->sim.random, 8000), NULL, NULL);
	for (unsigned i = 0; i < TOWNS; i++)
		assert_false(world->town[i]->hub->charter.frozen);
}

static void heal(struct world *world)
{
	for (unsigned i = 0; i < TOWNS; i++) {
		world->town[i]->deaf = false;
		world->town[i]->crash_in = 0;
		sim_fault(world->town[i], 0, ERR_OK);
	}
	assert_true(sim_run(&world->sim, 900000, is_same, world));
	assert_true(sim_run(&world->sim, 900000, sim_agree, NULL));
}

/* Whatever is proposed or split: the members can always come together again. */
static void come_together(struct world *world)
{
	const struct charter *charter = &world->town[0]->hub->charter;
	struct decision s = {.verb = DECIDE_SETTLE, .slugs = {"meissen", "riesa", "strehla"}};
	uint32_t before = charter->number;
	assert_int_equal(decide(world->town[0], &s), ERR_OK);
	vote_all(world, s.hex);
	heal(world);
	assert_int_equal(world->town[4]->hub->charter.number, before + 1);
	assert_int_equal(world->town[4]->hub->charter.steward_count, 3);
}

static void honest_stewards_agree(void **state)
{
	uint32_t entries = 0;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct world world;
		uint8_t digest[ID_LEN];
		world_open(&world, seed);
		uint32_t before = world.town[0]->hub->charter.number;
		for (unsigned i = 0; i < ROUNDS; i++)
			round_play(&world);
		heal(&world);
		entries += world.town[0]->hub->charter.number - before;
		come_together(&world);
		sim_fini(&world.sim, digest);
	}
	/* They have decided something, too. */
	assert_true(entries > SEEDS);
}

/*
 * Whichever store call fails while a vote is given: it is given wholly or not at all, and never for
 * two.
 */
static void faults_while_voting(void **state)
{
	bool struck = true;
	for (uint64_t n = 1; struck; n += 2) {
		struct world world;
		uint8_t digest[ID_LEN];
		struct decision d = {.verb = DECIDE_REMOVE, .slug = "strehla"}, v, other;
		world_open(&world, 100);
		assert_int_equal(decide(world.town[0], &d), ERR_OK);
		sim_run(&world.sim, 5000, NULL, NULL);
		v = (struct decision){.verb = DECIDE_VOTE, .slug = d.hex};
		sim_fault(world.town[1], n, ERR_IO);
		enum err err = decide(world.town[1], &v);
		struck = sim_fault_struck(world.town[1]);
		sim_fault(world.town[1], 0, ERR_OK);
		/* That counts as a start: it waits for what others know of it. */
		sim_run(&world.sim, 15000, NULL, NULL);
		/* Not committed: not signed. It may still decide otherwise, but only once. */
		other = (struct decision){.verb = DECIDE_REMOVE, .slug = "coswig"};
		if (err == ERR_IO && n % 4 == 1) {
			assert_int_equal(decide(world.town[1], &other), ERR_OK);
			v = (struct decision){.verb = DECIDE_VOTE, .slug = d.hex};
			assert_int_equal(decide(world.town[1], &v), ERR_DENIED);
		} else {
			v = (struct decision){.verb = DECIDE_VOTE, .slug = d.hex};
			assert_int_equal(decide(world.town[1], &v), ERR_OK);
			assert_int_equal(decide(world.town[1], &other), ERR_DENIED);
		}
		sim_run(&world.sim, 5000, NULL, NULL);
		for (unsigned i = 0; i < TOWNS; i++)
			assert_false(world.town[i]->hub->charter.frozen);
		sim_fini(&world.sim, digest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest_stewards_agree),
		cmocka_unit_test(faults_while_voting),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("votes_weather", tests, NULL, NULL);
}
