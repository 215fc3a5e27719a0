/*
 * Split stewards: entries of one number that are dated as it suits whoever signs them. What counts
 * is when each node first saw an entry; so all freeze, and all come to the same after a settlement,
 * those too who have joined through one of the branches.
 */
#include "test/sim/council.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/hub/hub.h"
#include "proto/sync/fork.h"

static const int64_t day_ms = 24 * 3600 * (int64_t)1000;

/* Two entries 7: Meißen, Radebeul and Riesa have signed both. */
struct split {
	struct council_entry one, other;
};

static void split_make(struct split *split, struct council *council, int64_t dated_ms)
{
	struct sim_node *a = council->towns[0];
	council_entry_init(&split->one, 1, 7);
	council_stewards(&split->one, 1);
	split->one.dated_ms = dated_ms;
	council_sign(council, &split->one, a);
	council_entry_init(&split->other, 2, 7);
	council_stewards(&split->other, 7);
	split->other.dated_ms = dated_ms;
	council_sign(council, &split->other, a);
}

static void split_end(struct split *split)
{
	council_entry_fini(&split->one);
	council_entry_fini(&split->other);
}

/* More than half of the members make one branch count, as far as it is known at this node. */
static void settle(struct council *council, struct sim_node *at, const struct digest *branch)
{
	struct council_entry entry;
	council_entry_init(&entry, 0, 7 << 2 | 3);
	council_settle(council, &entry, at, branch);
	assert_int_equal(council_hand(at, &entry), ERR_OK);
	council_until(council, 7, false, &entry.id);
	council_entry_fini(&entry);
}

static void what_is_dated_long_ago_freezes_too(void **state)
{
	struct council *council = council_open(21);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct split split;
	council_sleep(council, 92);
	split_make(&split, council, -91 * day_ms);
	assert_int_equal(council_hand(a, &split.one), ERR_OK);
	assert_int_equal(council_hand(e, &split.other), ERR_OK);
	council_until(council, 6, true, NULL);
	settle(council, council->towns[2], &split.other.id);
	council_works(a, e, "meissen/plan");
	split_end(&split);
	council_close(council);
}

static void what_is_dated_ahead_waits(void **state)
{
	struct council *council = council_open(23);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct split split;
	split_make(&split, council, 20 * day_ms);
	assert_int_equal(council_hand(a, &split.one), ERR_BUSY);
	assert_int_equal(council_hand(e, &split.one), ERR_BUSY);
	assert_int_equal(a->hub->charter.number, 6);
	council_sleep(council, 21);
	assert_int_equal(council_hand(a, &split.one), ERR_OK);
	council_until(council, 7, false, &split.one.id);
	/* It was from the future once, and can be taken back no longer than any other. */
	council_sleep(council, 91);
	assert_int_equal(council_hand(e, &split.other), ERR_EXISTS);
	council_until(council, 7, false, &split.one.id);
	split_end(&split);
	council_close(council);
}

static void call_kept(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct fork_kept kept = {.number = 0};
	*(uint32_t *)arg = fork_kept_next(txn, &kept) ? kept.number : 0;
}

/* The number that stands twice as evidence at all of them; 0: none. */
static bool all_know(struct sim *sim, void *number)
{
	for (unsigned i = 0; i < sim->node_count; i++) {
		uint32_t known;
		assert_true(sim_call(sim->nodes[i], call_kept, &known));
		if (known != *(uint32_t *)number)
			return false;
	}
	return true;
}

/*
 * The evidence goes round although nothing is frozen, also to who was away, and is gone when more
 * than half of the members have settled it.
 */
static void evidence_travels_until_it_is_settled(void **state)
{
	struct council *council = council_open(26);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct council_entry settlement;
	struct split split;
	uint32_t seven = 7, none = 0;
	split_make(&split, council, 0);
	assert_int_equal(council_hand(a, &split.one), ERR_OK);
	council_until(council, 7, false, &split.one.id);
	council_sleep(council, 91);
	sim_run(&council->sim, 60000, NULL, NULL);
	council_part(council, 16);
	assert_int_equal(council_hand(a, &split.other), ERR_EXISTS);
	sim_run(&council->sim, 5000, NULL, NULL);
	council_part(council, 0);
	assert_true(sim_run(&council->sim, 300000, all_know, &seven));
	sim_stop(e);
	sim_start(e);
	council_until(council, 7, false, &split.one.id);
	assert_true(all_know(&council->sim, &seven));
	council_entry_init(&settlement, 0, 31);
	council_settle(council, &settlement, e, NULL);
	assert_int_equal(council_hand(e, &settlement), ERR_OK);
	council_until(council, 8, false, &settlement.id);
	assert_true(all_know(&council->sim, &none));
	council_entry_fini(&settlement);
	split_end(&split);
	council_close(council);
}

static void times_do_not_go_back(void **state)
{
	struct council *council = council_open(24);
	struct split split;
	split_make(&split, council, -91 * day_ms);
	assert_int_equal(council_hand(council->towns[0], &split.one), ERR_PROTOCOL);
	assert_int_equal(council->towns[0]->hub->charter.number, 6);
	split_end(&split);
	council_close(council);
}

static bool is_member(struct sim *sim, void *arg)
{
	const struct membership_status status = sim_status(arg);
	return status.state == MEMBERSHIP_MEMBER && status.has_federation_key;
}

static bool is_frozen(struct sim *sim, void *arg)
{
	return ((struct sim_node *)arg)->hub->charter.frozen;
}

static bool is_settled(struct sim *sim, void *arg)
{
	struct sim_node *node = arg;
	return node->hub->charter.number == 7 && !node->hub->charter.frozen && is_member(sim, node);
}

/*
 * Meißen, whom one branch makes the only steward, admits Strehla on its side. Its invitation names
 * an entry of that branch, so for Strehla the branch is old; but it does not stay there alone.
 */
static void who_joined_on_a_branch_freezes_with_the_many(void **state)
{
	struct council *council = council_open(25);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct sim_node *x = sim_add(&council->sim, "Stadt Strehla", "strehla", "14627270");
	struct split split;
	council_sleep(council, 92);
	split_make(&split, council, -91 * day_ms);
	council_part(council, 28);
	assert_int_equal(council_hand(a, &split.one), ERR_OK);
	sim_run(&council->sim, 20000, NULL, NULL);
	sim_join(a, x);
	assert_true(sim_run(&council->sim, 120000, is_member, x));
	assert_int_equal(x->hub->charter.number, 8);
	assert_int_equal(council_hand(e, &split.other), ERR_OK);
	sim_run(&council->sim, 20000, NULL, NULL);
	council_part(council, 0);
	assert_true(sim_run(&council->sim, 900000, is_frozen, x));
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		assert_int_equal(sim_status(council->towns[i]).frozen_number, 7);
	settle(council, a, &split.one.id);
	assert_true(sim_run(&council->sim, 900000, is_settled, x));
	assert_true(sim_run(&council->sim, 300000, sim_agree, NULL));
	council_works(x, e, "strehla/plan");
	split_end(&split);
	council_close(council);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_dated_long_ago_freezes_too),
		cmocka_unit_test(what_is_dated_ahead_waits),
		cmocka_unit_test(evidence_travels_until_it_is_settled),
		cmocka_unit_test(times_do_not_go_back),
		cmocka_unit_test(who_joined_on_a_branch_freezes_with_the_many),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
