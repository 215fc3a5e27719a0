/* What others hand on has the owner make keys: so many, and no more. */
#include "proto/rights/handed.h"

#include <stdio.h>

#include "proto/rights/epoch_keys.h"
#include "proto/rights/epochs.h"
#include "proto/rights/rights.h"
#include "test/proto/made.h"

/* Member 1 owns; it has granted to 2, which hands on to others, as do they. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct gift own; /* the line from 1 to 2 */
};

enum { OWNER = 1, DIRECT = 2, COUNT_MAX = 300 };
#define TOP    "gemeinde-1"
#define END_MS (TEST_TIME_MS + 3600 * 1000)

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival);

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, 6, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[OWNER - 1]);
	hub_node_machines(&f->node);
	f->own = (struct gift){
		.from = OWNER, .to = DIRECT, .prefix = TOP, .depth = 7, .expiry_ms = END_MS};
	gift_made(&f->own, &f->node, &f->fed, take);
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

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	if (arrival->record.kind == RECORD_LINE)
		rights_arrival(hub, txn, &arrival->record);
	else
		epochs_arrival(hub, txn, &arrival->record);
}

/* Until nothing is to be done in the next seconds. */
static void settle(struct fixture *f)
{
	hub_node_pass(&f->node, 5000);
	do {
		hub_node_turn(&f->node);
		rights_settle(&f->node.hub, f->node.txn);
		epochs_settle(&f->node.hub, f->node.txn);
	} while (epochs_wake(&f->node.hub) <= hub_node_mono(&f->node));
}

/* 2, or when `giver` is another, 2 and then that one, hands on the path; it comes to the owner. */
static void hand_on(struct fixture *f, unsigned giver, unsigned to, const char *path)
{
	struct gift middle = {.from = DIRECT,
			      .to = giver,
			      .prefix = TOP,
			      .depth = 6,
			      .parent = &f->own.id,
			      .expiry_ms = END_MS};
	struct gift last = {.from = giver,
			    .to = to,
			    .prefix = path,
			    .depth = 5,
			    .parent = &f->own.id,
			    .expiry_ms = END_MS};

	if (giver != DIRECT) {
		gift_made(&middle, &f->node, &f->fed, take);
		last.parent = &middle.id;
	}
	gift_made(&last, &f->node, &f->fed, take);
}

/* The owner's records of a kind. */
static unsigned records(struct fixture *f, enum record_kind kind)
{
	const uint8_t slot[1] = {(uint8_t)kind};
	struct ledger_slots slots =
		ledger_slots(&f->node.hub.ledger, f->node.txn, bytes_obj(&slot));
	struct record record;
	unsigned count = 0;

	while (ledger_slots_next(&slots, &record))
		count += record.author == f->node.hub.author;
	return count;
}

static uint64_t own_live(struct fixture *f)
{
	struct author_state state;

	assert_int_equal(ledger_state(&f->node.hub.ledger, f->node.txn, f->node.hub.author, &state),
			 ERR_OK);
	return state.live_count;
}

static void a_flood_is_served_up_to_its_places(void **state)
{
	struct fixture *f = *state;
	char path[32];

	settle(f);
	for (unsigned i = 0; i < COUNT_MAX; i++) {
		snprintf(path, sizeof(path), TOP "/p%u", i);
		hand_on(f, DIRECT, 3, path);
	}
	settle(f);
	/* One above; and what 2 has given is for 2 to wrap. */
	assert_int_equal(records(f, RECORD_KEY), HANDED_MAX + 1);
	assert_int_equal(records(f, RECORD_WRAP), 1);
	assert_int_equal(f->node.hub.epochs->pass.waiting, COUNT_MAX - HANDED_MAX);
	assert_true(id_eq(&f->node.hub.epochs->pass.waiting_by, &f->fed.orgs[DIRECT - 1].id));
	assert_in_range(own_live(f), HANDED_MAX, HANDED_MAX + 10);

	/* With a start, later, and when they end, there are not more. */
	hub_node_machines(&f->node);
	settle(f);
	assert_int_equal(records(f, RECORD_KEY), HANDED_MAX + 1);
	hub_node_pass(&f->node, 3600 * 1000 + 1);
	f->node.hub.judge_ms = f->node.hub.act_ms = hub_node_wall(&f->node);
	settle(f);
	assert_in_range(own_live(f), 1, 4 * HANDED_MAX + 10);
}

/* One organisation behind the grantee does not take all places; who reads directly needs none. */
static void each_who_hands_on_has_some(void **state)
{
	struct fixture *f = *state;
	char path[32];

	settle(f);
	for (unsigned i = 0; i < 2 * HANDED_MAX; i++) {
		snprintf(path, sizeof(path), TOP "/q%u", i);
		hand_on(f, 3, 4, path);
	}
	settle(f);
	assert_int_equal(records(f, RECORD_KEY), HANDED_BY_GIVER_MAX + 1);
	hand_on(f, 4, 5, TOP "/other");
	hand_on(f, DIRECT, 5, TOP "/direct");
	gift_made(&(struct gift){.from = OWNER, .to = 6, .prefix = TOP}, &f->node, &f->fed, take);
	settle(f);
	assert_int_equal(records(f, RECORD_KEY), HANDED_BY_GIVER_MAX + 3);
	assert_int_equal(records(f, RECORD_WRAP), 2);
}

/* Places are remembered as long as the grant lasts. */
static void places_go_with_their_grant(void **state)
{
	struct fixture *f = *state;

	settle(f);
	hand_on(f, DIRECT, 3, TOP "/a");
	settle(f);
	assert_int_equal(txn_count(f->node.txn, TABLE_HANDED), 1);
	handed_prune(f->node.txn, TEST_TIME_MS + 3600 * 1000);
	assert_int_equal(txn_count(f->node.txn, TABLE_HANDED), 1);
	handed_prune(f->node.txn, TEST_TIME_MS + 3600 * 1000 + 1);
	assert_int_equal(txn_count(f->node.txn, TABLE_HANDED), 0);
}

/* Who has a place has it when it is asked for again, as when its epoch could not be made yet. */
static void a_place_is_taken_once(void **state)
{
	struct fixture *f = *state;
	const struct verdict verdict = {
		.count = 2, .issuers = {OWNER, DIRECT}, .prefix = bytes_str(TOP "/p")};
	struct txn *txn = f->node.txn;
	const uint64_t before = txn_count(txn, TABLE_HANDED);

	for (unsigned i = 0; i < 2 * HANDED_BY_GIVER_MAX; i++)
		assert_true(handed_admit(txn, &verdict, END_MS));
	assert_int_equal(txn_count(txn, TABLE_HANDED), before + 1);
}

/* Whoever wraps to this node chooses the numbers, and keys are never dropped. */
static void keys_of_a_namespace_have_an_end(void **state)
{
	struct fixture *f = *state;
	const struct key key = test_key(9);
	struct key found;

	f->node.limits.namespace_keys_max = 2;
	for (uint64_t n = 1; n <= 4; n++)
		for (unsigned twice = 0; twice < 2; twice++)
			epoch_key_put(&f->node.hub, f->node.txn, bytes_str("gemeinde-2/x"), n,
				      bytes_str("gemeinde-2/x"), &key);
	epoch_key_put(&f->node.hub, f->node.txn, bytes_str("gemeinde-3/x"), 1,
		      bytes_str("gemeinde-3/x"), &key);
	assert_int_equal(txn_count(f->node.txn, TABLE_SEALED), 3);
	assert_int_equal(epochs_key(&f->node.hub, f->node.txn, bytes_str("gemeinde-2/x"), 2,
				    bytes_str("gemeinde-2/x"), &found),
			 ERR_OK);
	assert_int_equal(epochs_key(&f->node.hub, f->node.txn, bytes_str("gemeinde-2/x"), 3,
				    bytes_str("gemeinde-2/x"), &found),
			 ERR_ABSENT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_flood_is_served_up_to_its_places),
		T(each_who_hands_on_has_some),
		T(places_go_with_their_grant),
		T(keys_of_a_namespace_have_an_end),
		cmocka_unit_test_setup_teardown(a_place_is_taken_once, setup, teardown),
#undef T
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
