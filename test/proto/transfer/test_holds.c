/* What a peer says it holds, and what it is told. */
#include "proto/transfer/holds.h"

#include "proto/ledger/held.h"
#include "test/proto/hub_node.h"

struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct peer *peer;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 3, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	f->peer = hub_node_member(&f->node, &f->fed.orgs[1]);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static struct version_id version(uint32_t n)
{
	struct version_id of = {.number = 1 + n % 7, .author = author_of(2, 0)};
	be32_put(of.dataset.b, n);
	be32_put(of.dataset.b + 4, n * 2654435761u);
	return of;
}

/* ---- the set ---- */

static void what_was_said_is_remembered_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct version_id of = version(1);
	assert_false(holds_has(f->peer, &of));
	for (uint32_t n = 0; n < 10000; n++) {
		of = version(2 * n);
		holds_add(&f->node.hub, f->peer, &of);
		holds_add(&f->node.hub, f->peer, &of); /* twice is once */
	}
	for (uint32_t n = 0; n < 20000; n++) {
		of = version(n);
		assert_int_equal(holds_has(f->peer, &of), n % 2 == 0);
	}
	of = version(0);
	of.number++;
	assert_false(holds_has(f->peer, &of));
	of = version(0);
	of.author++;
	assert_false(holds_has(f->peer, &of));
	struct peer *other = hub_node_member(&f->node, &f->fed.orgs[2]);
	of = version(0);
	assert_false(holds_has(other, &of));
}

/* The short name of a version may be any number, also that of a free slot. */
static void a_version_may_hash_to_nothing(void **state)
{
	struct fixture *f = *state;
	struct version_id of = {.number = 0, .author = 0}, other = version(1);
	assert_int_equal(held_hash(&of), 0);
	holds_add(&f->node.hub, f->peer, &other);
	assert_false(holds_has(f->peer, &of));
	holds_add(&f->node.hub, f->peer, &of);
	assert_true(holds_has(f->peer, &of));
	assert_true(holds_has(f->peer, &other));
}

static void what_is_beyond_the_limit_is_not_remembered(void **state)
{
	struct fixture *f = *state;
	struct version_id of;
	for (uint32_t n = 0; n <= LIMIT_HOLD_COUNT_MAX; n++) {
		of = version(n);
		holds_add(&f->node.hub, f->peer, &of);
	}
	assert_false(holds_has(f->peer, &of));
	of = version(LIMIT_HOLD_COUNT_MAX - 1);
	assert_true(holds_has(f->peer, &of));
	of = version(0);
	assert_true(holds_has(f->peer, &of));
}

/* ---- telling ---- */

static void held(struct fixture *f, uint32_t n, enum held_state how)
{
	struct version_id of = version(n);
	held_put(f->node.txn, &of, &(struct held){how, TEST_TIME_MS, 1000, 1});
}

/* How many versions the peer is told in this turn; 0: nothing was sent. */
static unsigned told(struct fixture *f, struct peer *peer, int64_t ms)
{
	struct message m;
	hub_node_pass(&f->node, ms);
	holds_tick(&f->node.hub, f->node.txn);
	if (!hub_node_sent(&f->node, peer, MESSAGE_HOLDS, 0, &m)) {
		assert_heard(&f->node, peer, "");
		return 0;
	}
	assert_heard(&f->node, peer, "HOLDS");
	return m.count;
}

static void what_is_held_is_told_in_parts(void **state)
{
	struct fixture *f = *state;
	const struct hub *hub = &f->node.hub;
	for (uint32_t n = 0; n < 9000; n++)
		held(f, n, HELD_COMPLETE);
	assert_int_equal(told(f, f->peer, 0), 0); /* not met yet */
	assert_true(holds_wake(hub) == INT64_MAX);
	for (unsigned again = 0; again < 2; again++) {
		holds_met(&f->node.hub, f->peer);
		assert_true(holds_wake(hub) <= hub_node_mono(&f->node));
		assert_int_equal(told(f, f->peer, 0), 4096);
		assert_int_equal(holds_wake(hub), hub_node_mono(&f->node) + 500);
		assert_int_equal(told(f, f->peer, 499), 0);
		assert_int_equal(told(f, f->peer, 1), 4096);
		held(f, 9000 + again, HELD_COMPLETE); /* comes at the end */
		assert_int_equal(told(f, f->peer, 500), 9000 - 2 * 4096 + 1 + again);
		assert_true(holds_wake(hub) == INT64_MAX);
		assert_int_equal(told(f, f->peer, 5000), 0);
	}
}

static void only_whole_versions_are_told(void **state)
{
	struct fixture *f = *state;
	struct message m;
	struct version_id of, expected = version(2);
	holds_met(&f->node.hub, f->peer);
	held(f, 1, HELD_INDEXED);
	assert_int_equal(told(f, f->peer, 0), 0); /* an empty list is not sent */
	held(f, 2, HELD_COMPLETE);
	held(f, 3, HELD_DAMAGED);
	holds_met(&f->node.hub, f->peer);
	assert_int_equal(told(f, f->peer, 0), 1);
	assert_true(hub_node_sent(&f->node, f->peer, MESSAGE_HOLDS, 0, &m));
	assert_true(message_next_version(&m, &of));
	assert_true(held_same(&of, &expected));
}

static void who_is_not_up_is_told_nothing(void **state)
{
	struct fixture *f = *state;
	held(f, 1, HELD_COMPLETE);
	holds_met(&f->node.hub, f->peer);
	hub_close_link(&f->node.hub, f->peer, LINK_REASON_DONE);
	assert_true(holds_wake(&f->node.hub) == INT64_MAX);
	assert_int_equal(told(f, f->peer, 0), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_said_is_remembered_and_nothing_else),
		T(a_version_may_hash_to_nothing),
		T(what_is_beyond_the_limit_is_not_remembered),
		T(what_is_held_is_told_in_parts),
		T(only_whole_versions_are_told),
		T(who_is_not_up_is_told_nothing),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
