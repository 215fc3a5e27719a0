/*
 * Room and clocks from the core's point of view: what is left of the store is for own data, and
 * whose clock is ahead is known.
 */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

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

/* What its author takes away makes room, though the rest has to wait. */
static void what_goes_makes_room(void **state)
{
	struct towns *towns = towns_open(90, 2);
	struct buf content = sim_content(1, 1000);
	struct sim_publication next = {.node = towns->a,
				       .options = {.path = "meissen/x",
						   .has_tier = true,
						   .tier = TIER_OPEN,
						   .keep = {.count = 1}}};

	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	assert_int_equal(sim_publish(towns->a, "meissen/x", TIER_OPEN, buf_bytes(&content)),
			 ERR_OK);
	towns_held(towns->b, "meissen/x", 1);
	room_is(towns->b, HEADROOM_OWN);
	buf_fini(&content);
	content = sim_content(2, 1000);
	next.content = buf_bytes(&content);
	assert_int_equal(sim_publish_all(&next), ERR_OK);
	sim_run(&towns->sim, 300000, NULL, NULL);
	assert_string_equal(state_of(towns->b, towns->a), "held back");
	assert_int_equal(sim_rows(towns->b, TABLE_VERSION), 0);
	assert_int_equal(sim_rows(towns->b, TABLE_CHUNK), 0);

	room_is(towns->b, HEADROOM_ALL);
	towns_held(towns->b, "meissen/x", 2);
	assert_true(towns_agree(&towns->sim, towns));
	buf_fini(&content);
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

/* ---- a flood of records ---- */

enum { FLOOD_COUNT = 100000, FLOOD_STEP = 2500, QUOTA_COUNT = 1000 };

struct flood {
	uint32_t from, to;
	bool drop; /* takes them back */
};

static void flood_say(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct flood *flood = arg;

	for (uint32_t n = flood->from; n < flood->to; n++) {
		uint8_t slot[5] = {120};

		be32_put(slot + 1, n);
		if (flood->drop)
			txn_fail(txn, ledger_delete(&hub->ledger, txn, bytes_obj(&slot)));
		else
			txn_fail(txn, ledger_append(&hub->ledger, txn, slot[0], bytes_obj(&slot),
						    bytes_of("x", 1), NULL, LEDGER_QUIET));
	}
}

/*
 * Malwine's node knows no quota: a hundred thousand tiny records. The others keep twice what she
 * may have and no more, tell each other of what they publish all the time, and are complete as soon
 * as she keeps to it.
 */
static void a_flood_ends_at_the_quota(void **state)
{
	struct towns *towns = towns_open(91, 3);
	struct buf content = sim_content(1, 1000);
	char path[32];

	towns->a->limits.quota_record_count = towns->b->limits.quota_record_count = QUOTA_COUNT;
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	for (uint32_t n = 0; n < FLOOD_COUNT; n += FLOOD_STEP) {
		struct flood flood = {.from = n, .to = n + FLOOD_STEP};

		assert_true(sim_call(towns->m, flood_say, &flood));
		sim_run(&towns->sim, 1000, NULL, NULL);
		if (n % (10 * FLOOD_STEP) > 0)
			continue;
		snprintf(path, sizeof(path), "meissen/n%u", (unsigned)n);
		assert_int_equal(sim_publish(towns->a, path, TIER_OPEN, buf_bytes(&content)),
				 ERR_OK);
		towns_held(towns->b, path, 1);
	}
	assert_in_range(sim_rows(towns->a, TABLE_RECORD), QUOTA_COUNT, 2 * QUOTA_COUNT + 50);
	assert_in_range(sim_rows(towns->b, TABLE_RECORD), QUOTA_COUNT, 2 * QUOTA_COUNT + 50);
	assert_string_not_equal(state_of(towns->b, towns->m), "complete");
	assert_string_equal(state_of(towns->b, towns->a), "complete");

	assert_true(sim_call(towns->m, flood_say,
			     &(struct flood){.from = 10, .to = FLOOD_COUNT, .drop = true}));
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	assert_string_equal(state_of(towns->a, towns->m), "complete");
	assert_string_equal(state_of(towns->b, towns->m), "complete");
	towns_healthy(towns);
	buf_fini(&content);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_data_waits),
		cmocka_unit_test(what_goes_makes_room),
		cmocka_unit_test(whose_clock_is_ahead),
		cmocka_unit_test(a_flood_ends_at_the_quota),
	};
	const char *what;

	if (selftest_run(&what))
		return 1;
	return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
