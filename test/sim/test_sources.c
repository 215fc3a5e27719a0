/*
 * Several nodes hold what one fetches: what the user notices when one of them is slow, silent or
 * gone.
 */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/transfer/holds.h"

#define PATH "meissen/luftbild"

/* Meißen and Malwine hold it, Radebeul is about to want it. */
static struct towns *two_holders(uint64_t seed, struct buf *content)
{
	struct towns *towns = towns_open(seed, 3);
	*content = sim_content(seed, 3000000);
	assert_int_equal(sim_subscribe(towns->m, "meissen/**"), ERR_OK);
	assert_int_equal(sim_publish(towns->a, PATH, TIER_MEMBERS, buf_bytes(content)), ERR_OK);
	towns_held(towns->m, PATH, 1);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_run(&towns->sim, 2000, NULL, NULL); /* who holds it is known */
	return towns;
}

/* Wants it; fails unless it comes whole in this time. */
static void comes_within(struct towns *towns, int64_t ms, struct buf *content)
{
	struct sim_held_wait wait = {towns->b, PATH, 1};
	assert_int_equal(sim_want(towns->b, PATH, 1), ERR_OK);
	assert_true(sim_run(&towns->sim, ms, sim_is_held, &wait));
	sim_assert_reads(towns->b, PATH, 1, buf_bytes(content));
	buf_fini(content);
	towns_close(towns);
}

static bool served(struct sim_node *node, struct effect *effect, void *arg)
{
	unsigned *count = arg;
	*count += effect->type == EFFECT_SERVE;
	return true;
}

static void nothing_comes_twice(void **state)
{
	struct buf content;
	struct towns *towns = two_holders(1, &content);
	struct sim_held_wait wait = {towns->b, PATH, 1};
	unsigned from_a = 0, from_m = 0;
	towns->a->spoil = towns->m->spoil = served;
	towns->a->spoil_arg = &from_a;
	towns->m->spoil_arg = &from_m;
	assert_int_equal(sim_want(towns->b, PATH, 1), ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, sim_is_held, &wait));
	assert_int_equal(towns->b->got[MESSAGE_INDEX], 1);
	assert_int_equal(from_a + from_m, sim_rows(towns->a, TABLE_CHUNK));
	/* Both are as fast as the other. */
	assert_in_range(from_a, from_m / 2, from_m * 2);
	comes_within(towns, 1, &content);
}

/* Drops the first INDEX that anybody sends. */
static bool first_index_lost(struct sim_node *node, struct effect *effect, void *arg)
{
	unsigned *lost = arg;
	bool index = effect->type == EFFECT_SEND && effect->bytes.len > 1 &&
		     effect->bytes.ptr[1] == MESSAGE_INDEX;
	return !index || (*lost)++ > 0;
}

static void an_index_that_does_not_come_is_asked_elsewhere(void **state)
{
	struct buf content;
	struct towns *towns = two_holders(2, &content);
	unsigned indexes = 0;
	towns->a->spoil = towns->m->spoil = first_index_lost;
	towns->a->spoil_arg = towns->m->spoil_arg = &indexes;
	struct sim_held_wait wait = {towns->b, PATH, 1};
	assert_int_equal(sim_want(towns->b, PATH, 1), ERR_OK);
	assert_true(sim_run(&towns->sim, 10000, sim_is_held, &wait));
	assert_int_equal(indexes, 2);
	comes_within(towns, 1, &content);
}

static void what_one_does_not_send_is_asked_of_another(void **state)
{
	struct buf content;
	struct towns *towns = two_holders(3, &content);
	towns->a->serve = SIM_SERVE_NOTHING;
	unsigned links = sim_links(towns->a, towns->b);
	struct sim_held_wait wait = {towns->b, PATH, 1};
	assert_int_equal(sim_want(towns->b, PATH, 1), ERR_OK);
	assert_true(sim_run(&towns->sim, 6000, sim_is_held, &wait));
	/* It may have its reasons. */
	assert_int_equal(sim_links(towns->a, towns->b), links);
	comes_within(towns, 1, &content);
}

static void one_is_enough(void **state)
{
	struct buf content;
	struct towns *towns = two_holders(4, &content);
	towns->m->serve = SIM_SERVE_NOTHING;
	assert_int_equal(sim_want(towns->b, PATH, 1), ERR_OK);
	sim_run(&towns->sim, 300, NULL, NULL);
	assert_false(sim_held(towns->b, PATH, 1));
	sim_stop(towns->m);
	comes_within(towns, 10000, &content);
}

/* The most that Radebeul has asked of one node and not got, seen every 20 ms. */
struct flight {
	struct sim_held_wait wait;
	uint64_t bytes;
	uint32_t count;
};

static bool flight_look(struct sim *sim, void *arg)
{
	struct flight *flight = arg;
	const struct peers *peers = &flight->wait.node->hub->peers;
	for (size_t i = 0; i < peers->count; i++) {
		const struct peer_transfer *transfer = peers->items[i]->transfer;
		if (transfer->in_flight_bytes > flight->bytes)
			flight->bytes = transfer->in_flight_bytes;
		if (transfer->in_flight_count > flight->count)
			flight->count = transfer->in_flight_count;
	}
	return sim_is_held(sim, &flight->wait);
}

/*
 * 50 ms there and back: what is asked for grows until the line is full, so 40 MB take less than 12
 * round trips (a mebibyte in each would take 40), few commits, and no hash at who sends them.
 */
static void a_long_line_is_filled(void **state)
{
	struct towns *towns = towns_open(5, 2);
	struct random random = random_seeded(5);
	struct buf content;
	struct flight flight = {.wait = {towns->b, PATH, 1}};
	buf_init(&content, 40000000);
	random_fill(&random, buf_space(&content, content.max),
		    content.max); /* zstd gains nothing */
	towns->sim.cut_bytes_max = 4 << 20;
	towns->a->limits.peer_queue_bytes_max = 64 << 20; /* here all that is asked for is sent */
	assert_int_equal(sim_publish(towns->a, PATH, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	towns->sim.delay_ms_min = towns->sim.delay_ms_max = 25;
	const int64_t began_ms = towns->sim.now_ms;
	const uint64_t turns = towns->b->turns;
	assert_int_equal(sim_want(towns->b, PATH, 1), ERR_OK);
	assert_true(sim_run(&towns->sim, 60000, flight_look, &flight));
	assert_true(flight.bytes > 12 << 20);
	assert_in_range(flight.count, 200, towns->b->limits.chunks_in_flight_max);
	assert_true(towns->sim.now_ms - began_ms < 12 * 50);
	assert_in_range(towns->b->turns - turns, 1, 60);
	assert_int_equal(towns->a->served, sim_rows(towns->a, TABLE_CHUNK));
	assert_int_equal(towns->a->served_hashed, 0);
	buf_fini(&content);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_comes_twice),
		cmocka_unit_test(an_index_that_does_not_come_is_asked_elsewhere),
		cmocka_unit_test(what_one_does_not_send_is_asked_of_another),
		cmocka_unit_test(one_is_enough),
		cmocka_unit_test(a_long_line_is_filled),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
