/* Who may write in the namespace of another, and what becomes of it when the right ends. */
#include "test/sim/writers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/catalog/takeover.h"
#include "proto/catalog/withdrawal.h"
#include "proto/ledger/withdrawal_body.h"
#include "proto/rights/current.h"
#include "proto/rights/epoch_wraps.h"

static void call_delete(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct dataset_id dataset;
	uint32_t owner;
	assert_true(current_dataset(hub, bytes_str(WRITERS_LIST), &dataset, &owner));
	struct record_slot slot = record_slot_version(&dataset, *(uint64_t *)arg);
	assert_int_equal(ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot)), ERR_OK);
}

/* ---- tests ---- */

static void a_writer_and_the_owner_take_turns(void **state)
{
	struct towns *towns = towns_open(1, 3);
	char why[WHY_LEN];
	uint64_t number;
	assert_int_equal(writers_publish(towns->b, 1, NULL, why), ERR_DENIED);
	assert_non_null(strstr(why, "has not granted you to write there"));
	writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, &number, why), ERR_OK);
	assert_int_equal(number, 1);
	writers_settle(towns);
	writers_assert_seen(towns, "1 radebeul");
	/* The owner holds what is written in its namespace, and goes on from there. */
	assert_true(sim_held(towns->a, WRITERS_LIST, 1));
	assert_int_equal(writers_publish(towns->a, 2, &number, why), ERR_OK);
	assert_int_equal(number, 2);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 3, &number, why), ERR_OK);
	assert_int_equal(number, 3);
	writers_settle(towns);
	writers_assert_seen(towns, "3 radebeul");
	towns_close(towns);
}

/* The owner has it when the writer is gone; nothing that the writer says later has an effect. */
static void what_was_written_stays_and_nothing_else(void **state)
{
	writers_tier = TIER_GRANTED;
	struct towns *towns = towns_open(2, 3);
	writers_give(towns->a, towns->m, VERB_READ, YEAR_MS, KEEPING_CURRENT);
	struct digest id = writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	uint64_t one = 1;
	char why[WHY_LEN];
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, NULL, why), ERR_OK);
	writers_settle(towns);
	writers_end(towns->a, &id);
	writers_settle(towns);
	writers_assert_seen(towns, "1 meissen of radebeul");
	assert_int_equal(writers_publish(towns->b, 2, NULL, why), ERR_DENIED);
	assert_non_null(strstr(why, "or not any more"));
	/* Later, as of today or dated back: void. */
	sim_call(towns->b, writers_forge, &(struct writers_forge){9, 0});
	sim_call(towns->b, writers_forge, &(struct writers_forge){10, INT64_C(30) * DAY_MS});
	writers_settle(towns);
	writers_assert_seen(towns, "1 meissen of radebeul");
	/* Nor is it the writer's to delete. */
	sim_call(towns->b, call_delete, &one);
	writers_settle(towns);
	writers_assert_seen(towns, "1 meissen of radebeul");
	sim_stop(towns->b);
	struct buf content = sim_content(1, 30000);
	assert_int_equal(sim_want(towns->m, WRITERS_LIST, 1), ERR_OK);
	towns_held(towns->m, WRITERS_LIST, 1);
	sim_assert_reads(towns->m, WRITERS_LIST, 1, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
	writers_tier = TIER_MEMBERS;
}

/* Another grant brings nothing back; a command takes one version. */
static void void_versions_stay_void(void **state)
{
	struct towns *towns = towns_open(3, 3);
	struct digest id = writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	struct writers_take take = {.number = 9};
	uint64_t number;
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	writers_end(towns->a, &id);
	writers_settle(towns);
	sim_call(towns->b, writers_forge, &(struct writers_forge){9, 0});
	writers_settle(towns);
	writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	writers_settle(towns);
	writers_assert_seen(towns, "1 meissen of radebeul");
	assert_int_equal(writers_publish(towns->b, 2, &number, NULL), ERR_OK);
	assert_int_equal(number, 2);
	writers_settle(towns);
	writers_assert_seen(towns, "2 radebeul");
	sim_call(towns->a, writers_take, &take);
	assert_int_equal(take.err, ERR_OK);
	writers_settle(towns);
	writers_assert_seen(towns, "9 meissen of radebeul");
	sim_call(towns->a, writers_take, &take);
	assert_int_equal(take.err, ERR_EXISTS);
	towns_close(towns);
}

/* The owner was cut off while the right ended elsewhere: here by the clock. */
static void a_right_that_runs_out_leaves_no_gap(void **state)
{
	struct towns *towns = towns_open(4, 3);
	writers_give(towns->a, towns->b, VERB_WRITE, INT64_C(3) * DAY_MS, KEEPING_CURRENT);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	writers_assert_seen(towns, "1 radebeul");
	sim_run(&towns->sim, INT64_C(52) * HOUR_MS, NULL, NULL);
	writers_assert_seen(towns, "1 meissen of radebeul"); /* in the last day */
	sim_run(&towns->sim, INT64_C(30) * HOUR_MS, NULL, NULL);
	writers_assert_seen(towns, "1 meissen of radebeul");
	towns_close(towns);
}

/* A number that nobody could follow blocks the path, for as long as the line lives. */
static void a_number_at_the_end_blocks_for_a_while(void **state)
{
	for (int all = 0; all < 2; all++) {
		struct towns *towns = towns_open(5, 3);
		struct digest id = writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS,
						all ? KEEPING_ALL : KEEPING_NONE);
		uint64_t number;
		writers_settle(towns);
		assert_int_equal(writers_publish(towns->b, 1, NULL, NULL), ERR_OK);
		sim_call(towns->b, writers_forge, &(struct writers_forge){UINT64_MAX, 0});
		writers_settle(towns);
		writers_assert_seen(towns, "1 radebeul");
		sim_call(towns->b, writers_forge,
			 &(struct writers_forge){VERSION_NUMBER_END - 1, 0});
		writers_settle(towns);
		writers_assert_seen(towns, "281474976710655 radebeul");
		writers_end(towns->a, &id);
		writers_settle(towns);
		writers_assert_seen(towns, all ? "1 meissen of radebeul" : "none");
		assert_int_equal(writers_publish(towns->a, 2, &number, NULL), ERR_OK);
		assert_int_equal(number, all ? 2 : 1);
		writers_settle(towns);
		writers_assert_seen(towns, all ? "2 meissen" : "1 meissen");
		towns_close(towns);
	}
}

/* Who holds another good line publishes by that when the first one ends. */
static void another_line_takes_the_place(void **state)
{
	struct towns *towns = towns_open(6, 3);
	struct digest first =
		writers_give(towns->a, towns->b, VERB_WRITE, 2 * YEAR_MS, KEEPING_NONE);
	writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_NONE);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	writers_end(towns->a, &first);
	writers_settle(towns);
	writers_assert_seen(towns, "1 radebeul");
	towns_close(towns);
}

/* What comes while the owner is away is not taken over, whatever comes first when it is back. */
static void what_came_with_the_end_is_not_taken(void **state)
{
	struct towns *towns = towns_open(7, 3);
	struct digest id = writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	/* The owner ends it, and what the writer said before has not come yet. */
	sim_cut(towns->b, true);
	sim_call(towns->b, writers_forge, &(struct writers_forge){9, 0});
	sim_run(&towns->sim, 5000, NULL, NULL);
	writers_end(towns->a, &id);
	sim_run(&towns->sim, 120000, NULL, NULL);
	sim_cut(towns->b, false);
	writers_settle(towns);
	writers_assert_seen(towns, "1 meissen of radebeul");
	towns_close(towns);
}

/* ---- withdrawals ---- */

struct ask {
	bool erase, others;
	enum err err;
	char why[WHY_LEN];
};

static void call_withdraw(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	struct withdrawal_view view;
	ask->err = withdrawal_make(hub, txn, WRITERS_LIST, "falsch", ask->erase, ask->others, &view,
				   ask->why);
}

static enum err withdraw(struct sim_node *node, bool erase, bool others)
{
	struct ask ask = {.erase = erase, .others = others};
	sim_call(node, call_withdraw, &ask);
	return ask.err;
}

/* An administrator withdraws what others wrote, never the owner's, and erases nothing. */
static void administrators_withdraw_others(void **state)
{
	struct towns *towns = towns_open(8, 3);
	writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->a, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 2, NULL, NULL), ERR_OK);
	writers_settle(towns);
	writers_assert_seen(towns, "2 radebeul");
	assert_int_equal(withdraw(towns->m, false, true), ERR_DENIED);
	struct digest admin =
		writers_give(towns->a, towns->m, VERB_ADMIN, YEAR_MS, KEEPING_CURRENT);
	writers_settle(towns);
	assert_int_equal(withdraw(towns->m, true, true), ERR_OK);
	writers_settle(towns);
	writers_assert_seen(towns, "1 meissen");
	/* It stays withdrawn when the administrator is none any more. */
	writers_end(towns->a, &admin);
	writers_settle(towns);
	writers_assert_seen(towns, "1 meissen");
	assert_true(sim_held(towns->a, WRITERS_LIST, 1));
	/* What is next goes behind it. */
	uint64_t number;
	assert_int_equal(writers_publish(towns->b, 3, &number, NULL), ERR_OK);
	assert_int_equal(number, 3);
	writers_settle(towns);
	writers_assert_seen(towns, "3 radebeul");
	/* A writer withdraws its own, the owner everybody's. */
	assert_int_equal(withdraw(towns->b, false, false), ERR_OK);
	writers_settle(towns);
	writers_assert_seen(towns, "1 meissen");
	assert_int_equal(withdraw(towns->a, true, false), ERR_OK);
	writers_settle(towns);
	writers_assert_seen(towns, "none");
	assert_int_equal(writers_publish(towns->a, 4, &number, NULL), ERR_OK);
	assert_int_equal(number, 2);
	writers_settle(towns);
	writers_assert_seen(towns, "2 meissen");
	towns_close(towns);
}

/* A withdrawal as a node that does not care makes it, by a line. */
struct forge_withdrawal {
	struct digest grant;
};

static void call_forge_withdrawal(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct forge_withdrawal *forge = arg;
	const struct withdrawal withdrawal = {.path = bytes_str(WRITERS_LIST),
					      .number = VERSION_NUMBER_END - 1,
					      .erase = true,
					      .reach = REACH_OTHERS,
					      .has_grant = true,
					      .grant = forge->grant};
	struct dataset_id dataset;
	struct buf body;
	uint32_t owner;
	assert_true(current_dataset(hub, bytes_str(WRITERS_LIST), &dataset, &owner));
	struct record_slot slot = withdrawal_slot(&dataset, REACH_OTHERS);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	withdrawal_put(&body, &withdrawal);
	assert_int_equal(ledger_append(&hub->ledger, txn, RECORD_WITHDRAWAL,
				       record_slot_bytes(&slot), buf_bytes(&body), NULL,
				       LEDGER_TELL),
			 ERR_OK);
	buf_fini(&body);
}

/*
 * The highest number withdraws the owner's never, and blocks the others while the right lives; not
 * after that, though whoever may not write there has a version of that number.
 */
static void a_withdrawal_at_the_end_blocks_for_a_while(void **state)
{
	struct towns *towns = towns_open(16, 3);
	struct forge_withdrawal forge;
	uint64_t number;
	writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->a, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 2, NULL, NULL), ERR_OK);
	writers_settle(towns);
	forge.grant = writers_give(towns->a, towns->m, VERB_ADMIN, YEAR_MS, KEEPING_CURRENT);
	writers_settle(towns);
	sim_call(towns->m, call_forge_withdrawal, &forge);
	sim_call(towns->m, writers_forge,
		 &(struct writers_forge){.number = VERSION_NUMBER_END - 1});
	writers_settle(towns);
	writers_assert_seen(towns, "1 meissen");
	assert_true(sim_held(towns->a, WRITERS_LIST, 1));
	assert_int_equal(writers_publish(towns->a, 3, &number, NULL), ERR_OK);
	writers_settle(towns);
	writers_assert_seen(towns, number == 2 ? "2 meissen" : "3 meissen");
	writers_end(towns->a, &forge.grant);
	writers_settle(towns);
	writers_assert_seen(towns, number == 2 ? "2 meissen" : "3 meissen");
	assert_int_equal(writers_publish(towns->b, 4, &number, NULL), ERR_OK);
	assert_int_equal(number, 3);
	writers_settle(towns);
	writers_assert_seen(towns, "3 radebeul");
	towns_close(towns);
}

/* ---- a wrong clock ---- */

static void call_last_epoch(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	*(uint64_t *)arg =
		epoch_last_at(hub, txn, author_member(hub->author), bytes_str("meissen/kita"));
}

static uint64_t last_epoch(struct sim_node *node)
{
	uint64_t number;
	assert_true(sim_call(node, call_last_epoch, &number));
	return number;
}

/*
 * The owner's clock is set two months ahead, and back: what has ended by it is not served, but
 * nothing is done for good. The writer's version stays the writer's, no key is made, and when the
 * clock is right the reader is served again.
 */
static void a_clock_ahead_ends_nothing_for_good(void **state)
{
	struct towns *towns = towns_open(92, 3);
	uint64_t number;
	writers_tier = TIER_GRANTED;
	writers_give(towns->a, towns->b, VERB_WRITE, 30 * (int64_t)DAY_MS, KEEPING_CURRENT);
	writers_give(towns->a, towns->m, VERB_READ, 30 * (int64_t)DAY_MS, KEEPING_NONE);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, &number, NULL), ERR_OK);
	assert_int_equal(sim_subscribe(towns->a, "**"), ERR_OK);
	towns_held(towns->a, WRITERS_LIST, 1);
	writers_settle(towns);
	const uint64_t keys = last_epoch(towns->a);
	sim_cut(towns->b, true); /* the owner alone can serve it */
	towns->a->clock_ms = 60 * (int64_t)DAY_MS;
	sim_run(&towns->sim, HOUR_MS, NULL, NULL);
	assert_int_equal(sim_want(towns->m, WRITERS_LIST, 1), ERR_OK);
	sim_run(&towns->sim, HOUR_MS, NULL, NULL);
	assert_false(sim_held(towns->m, WRITERS_LIST, 1));
	assert_int_equal(last_epoch(towns->a), keys);
	sim_run(&towns->sim, 2 * DAY_MS, NULL, NULL); /* also by the daily turn */
	assert_false(sim_held(towns->m, WRITERS_LIST, 1));
	towns->a->clock_ms = 0;
	sim_run(&towns->sim, 2 * HOUR_MS, NULL, NULL);
	towns_held(towns->m, WRITERS_LIST, 1);
	assert_int_equal(last_epoch(towns->a), keys);
	struct writers_seen seen = {.number = 0};
	assert_true(sim_call(towns->a, writers_see, &seen));
	assert_int_equal(seen.number, 1);
	assert_string_equal(seen.by, "radebeul");
	sim_cut(towns->b, false);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 2, &number, NULL), ERR_OK);
	assert_int_equal(number, 2);
	writers_tier = TIER_MEMBERS;
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_writer_and_the_owner_take_turns),
		cmocka_unit_test(what_was_written_stays_and_nothing_else),
		cmocka_unit_test(void_versions_stay_void),
		cmocka_unit_test(a_right_that_runs_out_leaves_no_gap),
		cmocka_unit_test(a_number_at_the_end_blocks_for_a_while),
		cmocka_unit_test(another_line_takes_the_place),
		cmocka_unit_test(what_came_with_the_end_is_not_taken),
		cmocka_unit_test(administrators_withdraw_others),
		cmocka_unit_test(a_withdrawal_at_the_end_blocks_for_a_while),
		cmocka_unit_test(a_clock_ahead_ends_nothing_for_good),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("foreign", tests, NULL, NULL);
}
