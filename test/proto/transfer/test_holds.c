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

/* Its record is here. */
static void known(struct fixture *f, const struct version_id *of)
{
	static const uint8_t place[22];
	struct row_key key = held_key(of);
	txn_put(f->node.txn, TABLE_VERSION, row_key_bytes(&key), bytes_obj(&place));
}

static void said(struct fixture *f, struct peer *peer, const struct version_id *of)
{
	size_t room = holds_room(&f->node.hub, peer);
	holds_add(&f->node.hub, f->node.txn, peer, of, &room);
}

/* ---- the set ---- */

static void what_was_said_is_remembered_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct version_id of = version(1);
	assert_false(holds_has(f->peer, &of));
	for (uint32_t n = 0; n < 10000; n++) {
		of = version(2 * n);
		known(f, &of);
		said(f, f->peer, &of);
		said(f, f->peer, &of); /* twice is once */
	}
	assert_int_equal(holds_room(&f->node.hub, f->peer), LIMIT_HOLD_ORG_COUNT_MAX - 10000);
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
	known(f, &of);
	known(f, &other);
	said(f, f->peer, &other);
	assert_false(holds_has(f->peer, &of));
	said(f, f->peer, &of);
	assert_true(holds_has(f->peer, &of));
	assert_true(holds_has(f->peer, &other));
}

/* Versions that do not exist cost nothing that stays; the last ones may be on their way. */
static void what_is_not_known_is_hardly_remembered(void **state)
{
	struct fixture *f = *state;
	struct version_id of;
	for (uint32_t n = 0; n < 100000; n++) {
		of = version(n);
		said(f, f->peer, &of);
	}
	assert_null(f->peer->transfer->holds);
	for (uint32_t n = 0; n < 100000; n++) {
		of = version(n);
		holds_known(&f->node.hub, &of); /* its record comes */
		assert_int_equal(holds_has(f->peer, &of), n >= 100000 - HOLDS_UNKNOWN_MAX);
	}
	assert_int_equal(holds_room(&f->node.hub, f->peer),
			 LIMIT_HOLD_ORG_COUNT_MAX - HOLDS_UNKNOWN_MAX);
}

/* Counted are all links of an organisation together, and all organisations. */
static void more_than_the_limit_is_not_remembered(void **state)
{
	struct fixture *f = *state;
	struct peer *second = hub_node_member(&f->node, &f->fed.orgs[1]), *peer = second;
	struct version_id of, own = version(0);
	second->author = author_of(2, 1);
	for (uint32_t n = 0; n < LIMIT_HOLD_ORG_COUNT_MAX; n++) {
		of = version(n);
		known(f, &of);
		said(f, n % 2 ? f->peer : second, &of);
	}
	assert_true(holds_has(f->peer, &of));
	assert_false(holds_has(second, &of));
	said(f, second, &of);
	assert_false(holds_has(second, &of));
	for (unsigned member = 3; member <= 10; member++) {
		peer = hub_node_member(&f->node, &f->fed.orgs[2]);
		peer->author = author_of(member, 0);
		for (uint32_t n = 0; n < LIMIT_HOLD_ORG_COUNT_MAX; n++) {
			of = version(n);
			said(f, peer, &of);
		}
	}
	assert_int_equal(holds_room(&f->node.hub, peer), 0);
	assert_null(peer->transfer->holds); /* for all there is no more */
	/* What is said of own versions is remembered all the same. */
	own.author = f->node.hub.author;
	known(f, &own);
	said(f, peer, &own);
	assert_true(holds_has(peer, &own));
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
	assert_int_equal(told(f, f->peer, 0), 0); /* not compared yet */
	assert_true(holds_wake(hub) == INT64_MAX);
	holds_compared(&f->node.hub, f->peer);
	assert_true(holds_wake(hub) <= hub_node_mono(&f->node));
	assert_int_equal(told(f, f->peer, 0), 4096);
	assert_int_equal(holds_wake(hub), hub_node_mono(&f->node) + 500);
	assert_int_equal(told(f, f->peer, 499), 0);
	assert_int_equal(told(f, f->peer, 1), 4096);
	held(f, 9000, HELD_COMPLETE); /* comes at the end */
	assert_int_equal(told(f, f->peer, 500), 9001 - 2 * 4096);
	assert_true(holds_wake(hub) == INT64_MAX);
	holds_compared(&f->node.hub, f->peer); /* again: it knows */
	assert_int_equal(told(f, f->peer, 5000), 0);
}

static void only_whole_versions_are_told(void **state)
{
	struct fixture *f = *state;
	struct peer *other = hub_node_member(&f->node, &f->fed.orgs[2]);
	struct message m;
	struct version_id of, expected = version(2);
	holds_compared(&f->node.hub, f->peer);
	held(f, 1, HELD_INDEXED);
	assert_int_equal(told(f, f->peer, 0), 0); /* an empty list is not sent */
	held(f, 2, HELD_COMPLETE);
	held(f, 3, HELD_DAMAGED);
	holds_compared(&f->node.hub, other);
	assert_int_equal(told(f, other, 0), 1);
	assert_true(hub_node_sent(&f->node, other, MESSAGE_HOLDS, 0, &m));
	assert_true(message_next_version(&m, &of));
	assert_true(held_same(&of, &expected));
}

static void who_is_not_up_is_told_nothing(void **state)
{
	struct fixture *f = *state;
	held(f, 1, HELD_COMPLETE);
	holds_compared(&f->node.hub, f->peer);
	hub_close_link(&f->node.hub, f->peer, LINK_REASON_DONE);
	assert_true(holds_wake(&f->node.hub) == INT64_MAX);
	assert_int_equal(told(f, f->peer, 0), 0);
}

/* Whoever has many links pays for all of them, and they do not make one turn long. */
static void telling_is_paid_and_has_an_end_within_a_turn(void **state)
{
	enum { LINKS = 4 };
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct peer *peers[LINKS];
	struct message m;
	for (uint32_t n = 0; n < 1000; n++)
		held(f, n, HELD_COMPLETE);
	for (unsigned i = 0; i < LINKS; i++) {
		peers[i] = hub_node_member(&f->node, &f->fed.orgs[2]);
		peers[i]->author = author_of(3, (uint8_t)i);
		holds_compared(hub, peers[i]);
	}
	f->node.limits.cost_turn_max = 1000; /* less than one of them takes */
	for (unsigned turn = 0; turn < LINKS; turn++) {
		hub_node_turn(&f->node);
		meter_turn(&hub->meter, f->node.txn);
		const int64_t units = meter_account(&hub->meter, 3, hub->mono_ms)->units;
		assert_true(holds_wake(hub) <= hub->mono_ms);
		holds_tick(hub, f->node.txn);
		for (unsigned i = 0; i < LINKS; i++)
			assert_int_equal(hub_node_sent(&f->node, peers[i], MESSAGE_HOLDS, 0, &m),
					 i == turn);
		assert_true(meter_account(&hub->meter, 3, hub->mono_ms)->units <= units - 1000);
	}
	assert_true(holds_wake(hub) == INT64_MAX);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_said_is_remembered_and_nothing_else),
		T(a_version_may_hash_to_nothing),
		T(what_is_not_known_is_hardly_remembered),
		T(more_than_the_limit_is_not_remembered),
		T(what_is_held_is_told_in_parts),
		T(only_whole_versions_are_told),
		T(who_is_not_up_is_told_nothing),
		T(telling_is_paid_and_has_an_end_within_a_turn),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
