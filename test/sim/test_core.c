/* The core in the simulator: two towns, ten towns in bad weather, and the same seed twice. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/hub/hub.h"

static void two_towns(void **state)
{
	struct sim sim;
	uint8_t digest[ID_LEN];
	sim_init(&sim, 1);
	struct sim_node *meissen = sim_add(&sim, "Stadt Meißen", "meissen", "14627140");
	struct sim_node *radebeul = sim_add(&sim, "Stadt Radebeul", "radebeul", "14627210");
	assert_int_equal(sim_found(meissen, "Landkreis Meißen"), ERR_OK);
	sim_join(meissen, radebeul);
	assert_true(sim_run(&sim, 20000, sim_agree, NULL));
	sim_subscribe(radebeul, "*/schulen");
	struct buf open = sim_content(1, 700000), members = sim_content(2, 300000), none;
	buf_init(&none, 16);
	assert_int_equal(sim_publish(meissen, "meissen/schulen", TIER_OPEN, buf_bytes(&open)),
			 ERR_OK);
	assert_int_equal(sim_publish(meissen, "meissen/plan", TIER_MEMBERS, buf_bytes(&members)),
			 ERR_OK);
	assert_int_equal(sim_publish(meissen, "meissen/leer", TIER_OPEN, buf_bytes(&none)), ERR_OK);
	assert_int_equal(sim_publish(meissen, "meissen/schulen", TIER_OPEN, buf_bytes(&open)),
			 ERR_EXISTS);
	struct sim_held_wait wait = {.node = radebeul, .path = "meissen/schulen"};
	assert_true(sim_run(&sim, 20000, sim_is_held, &wait));
	sim_assert_reads(radebeul, "meissen/schulen", 0, buf_bytes(&open));
	/* Not subscribed: known, but fetched only when wanted. */
	wait = (struct sim_held_wait){.node = radebeul, .path = "meissen/plan"};
	assert_false(sim_run(&sim, 20000, sim_is_held, &wait));
	assert_int_equal(sim_want(radebeul, "meissen/plan", 0), ERR_OK);
	assert_true(sim_run(&sim, 20000, sim_is_held, &wait));
	sim_assert_reads(radebeul, "meissen/plan", 0, buf_bytes(&members));
	wait = (struct sim_held_wait){.node = radebeul, .path = "meissen/leer"};
	assert_int_equal(sim_want(radebeul, "meissen/leer", 0), ERR_OK);
	assert_true(sim_run(&sim, 20000, sim_is_held, &wait));
	sim_assert_reads(radebeul, "meissen/leer", 0, buf_bytes(&none));
	assert_true(sim_run(&sim, 20000, sim_agree, NULL));
	assert_int_equal(sim_publish(radebeul, "meissen/fremd", TIER_OPEN, buf_bytes(&open)),
			 ERR_DENIED);
	buf_fini(&open);
	buf_fini(&members);
	buf_fini(&none);
	sim_fini(&sim, digest);
}

static void versions_by_number(void **state)
{
	struct sim sim;
	uint8_t digest[ID_LEN];
	struct buf days[7];
	sim_init(&sim, 2);
	struct sim_node *a = sim_add(&sim, "Stadt Meißen", "meissen", "14627140");
	struct sim_node *b = sim_add(&sim, "Stadt Radebeul", "radebeul", "14627210");
	sim_found(a, "Landkreis Meißen");
	sim_join(a, b);
	assert_true(sim_run(&sim, 20000, sim_agree, NULL));
	for (unsigned i = 0; i < 7; i++) {
		days[i] = sim_content(7, 200000 + 5000 * i);
		assert_int_equal(
			sim_publish(a, "meissen/inzidenz", TIER_MEMBERS, buf_bytes(&days[i])),
			ERR_OK);
	}
	for (unsigned i = 0; i < 7; i++) {
		struct sim_held_wait wait = {
			.node = b, .path = "meissen/inzidenz", .number = i + 1};
		assert_true(sim_run(&sim, 60000, sim_agree, NULL));
		assert_int_equal(sim_want(b, wait.path, wait.number), ERR_OK);
		assert_true(sim_run(&sim, 20000, sim_is_held, &wait));
		sim_assert_reads(b, "meissen/inzidenz", i + 1, buf_bytes(&days[i]));
	}
	for (unsigned i = 0; i < 7; i++)
		buf_fini(&days[i]);
	sim_fini(&sim, digest);
}

/* Datasets whose current version is held. */
static uint64_t held_paths(struct sim_node *node)
{
	uint64_t count = 0;
	struct buf paths;
	struct txn *txn = txn_begin(node->db, false);
	struct walk walk = walk_begin(txn, TABLE_PATH, bytes_of(NULL, 0));
	buf_init(&paths, 1 << 20);
	while (walk_next(&walk)) {
		buf_add(&paths, walk.key);
		buf_add_u8(&paths, 0);
	}
	txn_abort(txn);
	for (size_t at = 0; at < paths.len; at += strlen((char *)paths.ptr + at) + 1)
		count += sim_held(node, (char *)paths.ptr + at, 0);
	buf_fini(&paths);
	return count;
}

/*
 * Ten towns, dropped connections, nodes cut off and killed, failing disks; then the weather clears.
 */
static void bad_weather(uint64_t seed, uint8_t digest[ID_LEN])
{
	struct sim sim;
	char name[32], slug[32], ags[16], path[64];
	sim_init(&sim, seed);
	for (unsigned i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "Gemeinde %u", i);
		snprintf(slug, sizeof(slug), "gemeinde-%u", i);
		snprintf(ags, sizeof(ags), "%u", 14627100 + 10 * i);
		sim_add(&sim, name, slug, ags);
	}
	sim_found(sim.nodes[0], "Landkreis");
	for (unsigned i = 1; i < 10; i++)
		sim_join(sim.nodes[0], sim.nodes[i]);
	assert_true(sim_run(&sim, 60000, sim_agree, NULL));
	sim_subscribe(sim.nodes[3], "*/**");
	sim.drop_chance = 0.01;
	struct random random = random_seeded(seed + 77);
	for (unsigned round = 0; round < 40; round++) {
		struct sim_node *node = sim.nodes[random_below(&random, 10)];
		uint64_t what = random_below(&random, 10);
		if (what == 0 && node->hub)
			sim_cut(node, !node->deaf);
		else if (what == 1)
			node->hub ? sim_stop(node) : sim_start(node);
		else if (what == 2 && node->hub)
			sim_fault(node, 1 + random_below(&random, 500), ERR_NOSPACE);
		else if (what == 3 && node->hub)
			node->crash_in = 1 + random_below(&random, 20);
		else if (node->core && node->hub->author) {
			struct buf content = sim_content(random_below(&random, 1000),
							 1 + random_below(&random, 150000));
			snprintf(path, sizeof(path), "%s/d%u", node->identity.slug,
				 (unsigned)random_below(&random, 3));
			enum err err = sim_publish(node, path, TIER_OPEN, buf_bytes(&content));
			assert_true(err == ERR_OK || err == ERR_EXISTS || err == ERR_IO);
			buf_fini(&content);
		}
		sim_run(&sim, (int64_t)random_below(&random, 5000), NULL, NULL);
	}
	sim.drop_chance = 0;
	for (unsigned i = 0; i < 10; i++) {
		sim.nodes[i]->deaf = false;
		sim.nodes[i]->crash_in = 0;
		if (sim.nodes[i]->hub)
			sim_fault(sim.nodes[i], 0, ERR_OK);
		if (!sim.nodes[i]->hub)
			sim_start(sim.nodes[i]);
	}
	assert_true(sim_run(&sim, 600000, sim_agree, NULL));
	sim_run(&sim, 120000, NULL, NULL);
	for (unsigned i = 0; i < 10; i++) {
		sim_audit(sim.nodes[i]);
		for (unsigned k = 0; k < i; k++)
			assert_int_equal(sim_links(sim.nodes[i], sim.nodes[k]), 1);
	}
	/* Who subscribed to everything holds everything. */
	assert_int_equal(sim_rows(sim.nodes[3], TABLE_PATH), held_paths(sim.nodes[3]));
	sim_fini(&sim, digest);
}

/* ALLMENDE_SEEDS: how many to try, for a longer search. */
static void ten_towns_agree(void **state)
{
	const char *seeds = getenv("ALLMENDE_SEEDS");
	for (uint64_t seed = 1; seed <= (seeds ? strtoull(seeds, NULL, 10) : 8); seed++) {
		uint8_t digest[ID_LEN];
		bad_weather(seed, digest);
	}
}

static void same_seed_same_digest(void **state)
{
	uint8_t first[ID_LEN], second[ID_LEN], other[ID_LEN];
	bad_weather(42, first);
	bad_weather(42, second);
	bad_weather(43, other);
	assert_memory_equal(first, second, ID_LEN);
	assert_memory_not_equal(first, other, ID_LEN);
}

/* ---- links ---- */

/* Lets a node dial everybody it knows in half a second, the polite ones too. */
static void call_impatient(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	for (size_t i = 0; i < hub->dials.count; i++)
		hub->dials.items[i].next_ms = hub->mono_ms + 500;
}

static void both_dial_at_once(void **state)
{
	struct towns *towns = towns_open(50, 2);
	unsigned twice = 0;
	for (unsigned i = 0; i < 40; i++) {
		sim_stop(towns->a);
		sim_stop(towns->b);
		sim_run(&towns->sim, 1000, NULL, NULL);
		sim_start(towns->a);
		sim_start(towns->b);
		sim_call(towns->a, call_impatient, NULL);
		sim_call(towns->b, call_impatient, NULL);
		uint64_t links = towns->a->link_last;
		sim_run(&towns->sim, 5000, NULL, NULL);
		twice += towns->a->link_last - links > 1;
		assert_int_equal(sim_links(towns->a, towns->b), 1);
		uint64_t downs = towns->a->note_counts[NOTE_PEER_DOWN];
		sim_run(&towns->sim, 60000, NULL, NULL);
		/* The one that stays stays. */
		assert_int_equal(towns->a->note_counts[NOTE_PEER_DOWN], downs);
		assert_int_equal(sim_links(towns->a, towns->b), 1);
	}
	assert_true(twice > 10);
	towns_healthy(towns);
	towns_close(towns);
}

struct member_call {
	uint32_t number;
	struct member_state state;
};

static void call_member(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct member_call *call = arg;
	membership_member(hub, txn, now_ms, call->number, &call->state);
}

/*
 * Sessions have new keys every day, and heads are renewed before they expire, without anybody's
 * doing.
 */
static void two_days(void **state)
{
	const int64_t day_ms = 24 * 3600 * 1000;
	struct towns *towns = towns_open(51, 2);
	uint64_t ups = towns->a->note_counts[NOTE_PEER_UP];
	for (unsigned i = 1; i <= 2; i++) {
		sim_run(&towns->sim, day_ms + 60000, NULL, NULL);
		assert_int_equal(towns->a->note_counts[NOTE_PEER_UP], ups + i);
		assert_int_equal(sim_links(towns->a, towns->b), 1);
		for (uint32_t m = 1; m <= 2; m++) {
			struct member_call call = {.number = m};
			sim_call(towns->a, call_member, &call);
			assert_string_equal(call.state.state, "complete");
			assert_true(call.state.head_time_ms >
				    towns->sim.epoch_ms + towns->sim.now_ms - day_ms);
		}
	}
	assert_non_null(strstr(towns->a->note_last[NOTE_PEER_DOWN].text, "too old"));
	/* A node that is away shows as stale after 26 hours. */
	sim_stop(towns->b);
	sim_run(&towns->sim, 3 * day_ms / 2, NULL, NULL);
	struct member_call call = {.number = 2};
	sim_call(towns->a, call_member, &call);
	assert_string_equal(call.state.state, "stale");
	sim_start(towns->b);
	towns_healthy(towns);
	towns_close(towns);
}

static struct author_state state_of(struct sim_node *node, uint32_t author)
{
	struct author_state state;
	struct txn *txn = txn_begin(node->db, true);
	assert_int_equal(ledger_state(&node->hub->ledger, txn, author, &state), ERR_OK);
	txn_abort(txn);
	return state;
}

/* An administrator sets the clocks back by a day, and forth; the nodes go on. */
static void clocks_are_set(void **state)
{
	static const int64_t by_ms[] = {-3600 * 1000, -24 * 3600 * 1000, 2 * 3600 * 1000};
	struct towns *towns = towns_open(52, 2);
	for (unsigned i = 0; i < 3; i++) {
		towns->sim.epoch_ms += by_ms[i];
		towns_healthy(towns);
		/* Also when they have to dial. */
		sim_cut(towns->a, true);
		sim_run(&towns->sim, 20000, NULL, NULL);
		towns->sim.epoch_ms += by_ms[i] / 2;
		sim_cut(towns->a, false);
		towns_healthy(towns);
	}
	towns_close(towns);
}

/*
 * A town's clock was a year ahead; once it is set right everybody has what it published, and it can
 * go on.
 */
static void a_clock_was_a_year_ahead(void **state)
{
	struct towns *towns = towns_open(53, 2);
	struct buf content = sim_content(1, 50000), later = sim_content(2, 60000);
	towns->b->clock_ms = 365 * 24 * 3600 * (int64_t)1000;
	assert_int_equal(sim_publish(towns->b, "radebeul/x", TIER_OPEN, buf_bytes(&content)),
			 ERR_OK);
	sim_run(&towns->sim, 180000, NULL, NULL);
	assert_int_equal(sim_rows(towns->a, TABLE_PATH), 0);
	assert_true(towns->a->note_counts[NOTE_DEFERRED] > 0);
	towns->b->clock_ms = 0;
	assert_true(sim_run(&towns->sim, 180000, towns_agree, towns));
	assert_int_equal(sim_publish(towns->b, "radebeul/x", TIER_OPEN, buf_bytes(&later)), ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	assert_int_equal(sim_subscribe(towns->a, "**"), ERR_OK);
	towns_held(towns->a, "radebeul/x", 2);
	sim_assert_reads(towns->a, "radebeul/x", 2, buf_bytes(&later));
	sim_assert_reads(towns->b, "radebeul/x", 1, buf_bytes(&content));
	sim_run(&towns->sim, 5000, NULL, NULL);
	sim_audit(towns->a);
	sim_audit(towns->b);
	buf_fini(&content);
	buf_fini(&later);
	towns_healthy(towns);
	towns_close(towns);
}

/* A machine without a battery starts in 1970, and only later learns what time it is. */
static void a_clock_begins_in_1970(void **state)
{
	struct towns *towns = towns_open(54, 3);
	struct buf content = sim_content(1, 5000);
	assert_int_equal(sim_publish(towns->b, "radebeul/x", TIER_OPEN, buf_bytes(&content)),
			 ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, towns_agree, towns));
	struct author_state before = state_of(towns->a, towns->b->hub->author);
	sim_stop(towns->b);
	towns->b->clock_ms = -(towns->sim.epoch_ms + towns->sim.now_ms) + 1000;
	sim_start(towns->b);
	sim_run(&towns->sim, 120000, NULL, NULL);
	towns->b->clock_ms = 0;
	sim_run(&towns->sim, 120000, NULL, NULL);
	struct author_state after = state_of(towns->a, towns->b->hub->author);
	assert_int_equal(after.incarnation, before.incarnation);
	assert_true(id_eq(&after.set, &before.set));
	buf_fini(&content);
	towns_healthy(towns);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_towns),
		cmocka_unit_test(versions_by_number),
		cmocka_unit_test(ten_towns_agree),
		cmocka_unit_test(same_seed_same_digest),
		cmocka_unit_test(both_dial_at_once),
		cmocka_unit_test(two_days),
		cmocka_unit_test(clocks_are_set),
		cmocka_unit_test(a_clock_was_a_year_ahead),
		cmocka_unit_test(a_clock_begins_in_1970),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
