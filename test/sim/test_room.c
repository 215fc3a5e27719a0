/*
 * Room and clocks from the core's point of view: what is left of the store is for own data, and
 * whose clock is ahead is known.
 */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "crypto/selftest.h"

static void room_is(struct sim_node *node, enum headroom level)
{
	const struct room room = room_at(level);

	core_room(node->core, &room);
}

static const char *state_of(struct sim_node *node, struct sim_node *of)
{
	struct txn *txn = txn_begin(node->db, false);
	struct member_state state;

	membership_member(node->hub, txn, node->hub->wall_ms, author_member(of->hub->author),
			  &state);
	txn_abort(txn);
	return state.state;
}

/*
 * While there is no room foreign versions are not taken, and nothing of them is fetched; what does
 * not need room is known, and own ones are published. With room it all comes by itself.
 */
static void foreign_data_waits(void **state)
{
	struct towns *towns = towns_open(81, 2);
	struct buf content = sim_content(1, 300000), own = sim_content(2, 40000);
	uint64_t asked;

	room_is(towns->b, HEADROOM_OWN);
	asked = towns->a->got[MESSAGE_CHUNK_GET] + towns->a->got[MESSAGE_INDEX_GET];
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	assert_int_equal(sim_publish(towns->a, "meissen/x", TIER_OPEN, buf_bytes(&content)),
			 ERR_OK);
	sim_run(&towns->sim, 60000, NULL, NULL);
	assert_string_equal(state_of(towns->b, towns->a), "held back");
	assert_int_equal(sim_rows(towns->b, TABLE_PATH), 0);
	assert_int_equal(sim_rows(towns->b, TABLE_CHUNK), 0);
	assert_int_equal(towns->a->got[MESSAGE_CHUNK_GET] + towns->a->got[MESSAGE_INDEX_GET],
			 asked);

	assert_int_equal(sim_publish(towns->b, "radebeul/y", TIER_OPEN, buf_bytes(&own)), ERR_OK);
	room_is(towns->b, HEADROOM_NONE);
	assert_int_equal(sim_publish(towns->b, "radebeul/z", TIER_OPEN, buf_bytes(&own)),
			 ERR_NOSPACE);

	room_is(towns->b, HEADROOM_ALL);
	towns_held(towns->b, "meissen/x", 1);
	sim_assert_reads(towns->b, "meissen/x", 1, buf_bytes(&content));
	assert_true(towns_agree(&towns->sim, towns));
	assert_string_equal(state_of(towns->b, towns->a), "complete");
	buf_fini(&content);
	buf_fini(&own);
	towns_healthy(towns);
	towns_close(towns);
}

static int64_t ahead_of(struct sim_node *node)
{
	struct peer_state peer;

	assert_true(peers_show(node->hub, 0, &peer));
	assert_true(peer.link != 0);
	return peer.ahead_ms;
}

/*
 * A clock that is ahead is noticed by the other side when something is published, accepted or not;
 * the one behind seems right.
 */
static void whose_clock_is_ahead(void **state)
{
	static const int64_t by_ms[] = {5 * 60000, 2 * 3600000};
	struct buf content = sim_content(1, 1000);

	for (unsigned i = 0; i < 2; i++) {
		struct towns *towns = towns_open(82 + i, 2);

		assert_int_equal(ahead_of(towns->a), 0);
		towns->b->clock_ms = by_ms[i];
		assert_int_equal(
			sim_publish(towns->b, "radebeul/x", TIER_OPEN, buf_bytes(&content)),
			ERR_OK);
		assert_int_equal(sim_publish(towns->a, "meissen/x", TIER_OPEN, buf_bytes(&content)),
				 ERR_OK);
		sim_run(&towns->sim, 20000, NULL, NULL);
		assert_in_range(ahead_of(towns->a), by_ms[i] - 20000, by_ms[i]);
		assert_int_equal(ahead_of(towns->b), 0);
		towns_close(towns);
	}
	buf_fini(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_data_waits),
		cmocka_unit_test(whose_clock_is_ahead),
	};
	const char *what;

	if (selftest_run(&what))
		return 1;
	return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
