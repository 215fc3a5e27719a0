/*
 * Bad members as actors: a flooder, a hider, a liar about holdings, a forger and the thief of a key
 * among five honest towns, whose stewards split besides. After each event nobody honest is called
 * bad by anybody honest, and nobody has a record of a town that this town has not made. When the
 * actors leave and the members have settled it, the towns are whole again, and what was published
 * meanwhile is read.
 *
 *     test-sim-actors FIRST COUNT     so many seeds
 */
#include "test/sim/actor.h"
#include "test/sim/council.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"
#include "proto/ledger/ledger.h"

enum {
	ACTORS = 4, /* of each seed another one is missing */
	DATASETS_MAX = 64,
	ROUNDS = 120,
	SPLIT_ROUND = ROUNDS / 2,
	STEPS_MAX = 6, /* of an actor in a round */
};
static const int64_t round_ms = 2000;
static const int64_t minute_ms = 60 * 1000;

struct stage {
	struct council *council;
	struct random random;
	struct actor actors[ACTORS];
	struct sim_node *robbed; /* its key is in other hands */
	struct {
		char path[64];
		uint64_t seed;
		struct sim_node *owner;
	} datasets[DATASETS_MAX];
	unsigned dataset_count;
	struct council_entry one, other; /* of one number */
	uint64_t turns;
};

static uint64_t chance(struct stage *stage, uint64_t below)
{
	return random_below(&stage->random, below);
}

/* ---- what must hold after each event ---- */

/* A note of an honest node: it may not call another honest one bad. */
static bool nobody_is_wronged(struct sim_node *node, struct effect *effect, void *arg)
{
	struct stage *stage = arg;
	stage->turns++;
	if (effect->type != EFFECT_NOTE || effect->note->type != NOTE_PEER_BAD)
		return true;
	for (unsigned i = 0; i < COUNCIL_COUNT; i++) {
		const struct sim_node *other = stage->council->towns[i];
		if (other->hub && other->hub->author == effect->note->author)
			fail_msg("%s says of %s: %s", node->identity.name, other->identity.name,
				 effect->note->text);
	}
	return true;
}

/* What a node has of a town is what this town has made: the same bytes, or something older. */
static void records_are_true(struct sim_node *at, struct sim_node *of)
{
	struct txn *there = txn_begin(at->db, false), *here = txn_begin(of->db, false);
	struct row_key prefix = key_author(of->hub->author);
	struct walk walk = walk_begin(there, TABLE_RECORD, row_key_bytes(&prefix));
	struct author_state state;
	assert_int_equal(ledger_state(&of->hub->ledger, here, of->hub->author, &state), ERR_OK);
	while (walk_next(&walk)) {
		struct bytes own;
		struct record record;
		assert_int_equal(record_decode(&record, walk.value), ERR_OK);
		if (txn_get(here, TABLE_RECORD, bytes_of(walk.last, walk.last_len), &own))
			assert_true(bytes_eq(own, walk.value));
		else
			assert_true(record.incarnation < state.incarnation ||
				    record.sequence <= state.sequence);
	}
	txn_abort(there);
	txn_abort(here);
}

static void truths(struct stage *stage)
{
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		for (unsigned k = 0; k < COUNCIL_COUNT; k++) {
			struct sim_node *of = stage->council->towns[k];
			if (i != k && of != stage->robbed)
				records_are_true(stage->council->towns[i], of);
		}
}

/* ---- the play ---- */

static struct stage *stage_open(uint64_t seed)
{
	struct stage *stage = mem_new(1, sizeof(*stage));
	struct council *council = stage->council = council_open_with(seed, ACTORS);
	stage->random = random_seeded(seed ^ 0x61637465);
	stage->robbed = council->towns[4];
	assert_int_equal(sim_subscribe(council->towns[2], "**"), ERR_OK);
	for (unsigned i = 0; i < COUNCIL_COUNT; i++) {
		council->towns[i]->spoil = nobody_is_wronged;
		council->towns[i]->spoil_arg = stage;
	}
	for (unsigned i = 0; i < ACTORS; i++)
		actor_begin(&stage->actors[i], (enum actor_kind)((seed + i) % ACTOR_COUNT),
			    council->sim.nodes[COUNCIL_COUNT + i], stage->robbed, seed * 10 + i);
	return stage;
}

static void publish(struct stage *stage)
{
	struct sim_node *owner = stage->council->towns[chance(stage, 4)];
	const unsigned at = stage->dataset_count;
	if (at == DATASETS_MAX)
		return;
	stage->datasets[at].owner = owner;
	stage->datasets[at].seed = chance(stage, 1u << 30);
	snprintf(stage->datasets[at].path, sizeof(stage->datasets[at].path), "%s/tafel-%u",
		 owner->identity.slug, at);
	struct buf content = sim_content(stage->datasets[at].seed, 3000);
	assert_int_equal(
		sim_publish(owner, stage->datasets[at].path, TIER_MEMBERS, buf_bytes(&content)),
		ERR_OK);
	buf_fini(&content);
	stage->dataset_count++;
}

/* Three stewards sign two entries of one number, and hand them to two others. */
static void stewards_split(struct stage *stage)
{
	struct council *council = stage->council;
	council_entry_init(&stage->one, 1, 7);
	council_stewards(&stage->one, 1);
	council_sign(council, &stage->one, council->towns[0]);
	council_entry_init(&stage->other, 2, 7);
	council_stewards(&stage->other, 7);
	council_sign(council, &stage->other, council->towns[0]);
	council_hand(council->towns[0], &stage->one);
	council_hand(council->towns[3], &stage->other);
}

static void play(struct stage *stage)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < ACTORS; i++) {
			struct actor *actor = &stage->actors[i];
			struct sim_node *victim =
				stage->council->towns[chance(stage, COUNCIL_COUNT)];
			if (!actor->node->foe->up || chance(stage, 10) == 0)
				actor_turn_to(actor, victim);
			for (uint64_t k = 1 + chance(stage, STEPS_MAX); k > 0; k--)
				actor_step(actor, victim);
		}
		if (chance(stage, 3) == 0)
			publish(stage);
		if (round == SPLIT_ROUND)
			stewards_split(stage);
		sim_run(&stage->council->sim, round_ms, NULL, NULL);
		if (round % 10 == 0)
			truths(stage);
	}
	for (unsigned i = 0; i < ACTORS; i++)
		sim_cut(stage->actors[i].node, true);
}

/* ---- afterwards ---- */

struct member_call {
	uint32_t number;
	struct member_state state;
};

static void call_member(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct member_call *call = arg;
	membership_member(hub, txn, now_ms, call->number, &call->state);
}

/* Each has all of each whose key is its own alone. */
static bool towns_are_whole(struct sim *sim, void *arg)
{
	const struct stage *stage = arg;
	for (unsigned i = 0; i < COUNCIL_COUNT; i++) {
		for (unsigned k = 0; k < COUNCIL_COUNT; k++) {
			struct sim_node *of = stage->council->towns[k];
			struct member_call call = {.number = author_member(of->hub->author)};
			if (of == stage->robbed)
				continue;
			sim_call(stage->council->towns[i], call_member, &call);
			if (strcmp(call.state.state, "complete") != 0)
				return false;
		}
	}
	return true;
}

static bool all_is_held(struct sim *sim, void *arg)
{
	const struct stage *stage = arg;
	for (unsigned i = 0; i < stage->dataset_count; i++)
		if (!sim_held(stage->council->towns[2], stage->datasets[i].path, 0))
			return false;
	return true;
}

static bool run_until(struct stage *stage, int64_t ms, bool (*until)(struct sim *sim, void *arg))
{
	for (; ms > 0; ms -= 1000) {
		if (until(&stage->council->sim, stage))
			return true;
		sim_run(&stage->council->sim, 1000, NULL, NULL);
	}
	return false;
}

/* All towns have the charter up to this number, and are frozen or not. */
static bool charter_stands(const struct stage *stage, uint32_t number, bool frozen)
{
	for (unsigned i = 0; i < COUNCIL_COUNT; i++) {
		const struct charter *charter = &stage->council->towns[i]->hub->charter;
		if (charter->number != number || charter->frozen != frozen)
			return false;
	}
	return true;
}

static bool is_frozen(struct sim *sim, void *arg)
{
	return charter_stands(arg, COUNCIL_COUNT + ACTORS + 1, true);
}

static bool is_settled(struct sim *sim, void *arg)
{
	return charter_stands(arg, COUNCIL_COUNT + ACTORS + 2, false);
}

static void settle(struct stage *stage)
{
	struct council *council = stage->council;
	struct council_entry entry;
	assert_true(run_until(stage, 3 * minute_ms, is_frozen));
	council_entry_init(&entry, 0, 31);
	council_settle(council, &entry, council->towns[1], &stage->one.id);
	assert_int_equal(council_hand(council->towns[1], &entry), ERR_OK);
	assert_true(run_until(stage, 3 * minute_ms, is_settled));
	council_entry_fini(&entry);
}

static void seed_run(uint64_t seed, uint8_t digest[ID_LEN])
{
	struct stage *stage = stage_open(seed);
	play(stage);
	settle(stage);
	assert_true(run_until(stage, 3 * minute_ms, towns_are_whole));
	assert_true(run_until(stage, 3 * minute_ms, all_is_held));
	truths(stage);
	for (unsigned i = 0; i < stage->dataset_count; i++) {
		struct buf content = sim_content(stage->datasets[i].seed, 3000);
		sim_assert_reads(stage->council->towns[2], stage->datasets[i].path, 0,
				 buf_bytes(&content));
		buf_fini(&content);
	}
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		sim_audit(stage->council->towns[i]);
	uint64_t said = 0;
	for (unsigned i = 0; i < ACTORS; i++)
		said += stage->actors[i].said;
	print_message("          seed %2u: actors said %llu messages, %u publications, %llu "
		      "effects\n",
		      (unsigned)seed, (unsigned long long)said, stage->dataset_count,
		      (unsigned long long)stage->turns);
	assert_true(said > 50 && stage->dataset_count > 10);
	council_entry_fini(&stage->one);
	council_entry_fini(&stage->other);
	sim_fini(&stage->council->sim, digest);
	free(stage->council);
	free(stage);
}

struct seeds {
	uint64_t first, count;
};

static void bad_members_do_not_matter(void **state)
{
	const struct seeds *seeds = *state;
	uint8_t digest[ID_LEN];
	for (uint64_t i = 0; i < seeds->count; i++)
		seed_run(seeds->first + i, digest);
}

int main(int argc, char **argv)
{
	struct seeds seeds = {1, ACTOR_COUNT};
	const char *what;
	if (argc == 3) {
		seeds.first = strtoull(argv[1], NULL, 10);
		seeds.count = strtoull(argv[2], NULL, 10);
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(bad_members_do_not_matter, &seeds),
	};
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("actors", tests, NULL, NULL);
}
