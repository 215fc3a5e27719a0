/* Taking back: what was withdrawn is gone everywhere, and who held it says so. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/hub/hub.h"
#include "proto/catalog/withdrawal.h"

#define PATH   "meissen/kita/plaetze"
#define REASON "Spalte mit Namen von Kindern"

static void settle(struct towns *towns)
{
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_run(&towns->sim, 8000, NULL, NULL);
}

static void publish(struct sim_node *node, const char *path, uint64_t seed)
{
	struct buf content = sim_content(seed, 300000 + seed);
	assert_int_equal(sim_publish(node, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	buf_fini(&content);
}

/* ---- asking the core ---- */

struct ask {
	const char *path, *reason;
	bool erase;
	uint64_t number;
	enum tier tier;
	enum err err;
	char why[WHY_LEN];
	struct withdrawal_view view;
	unsigned confirmed, outstanding;
};

static void call_withdraw(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->err = withdrawal_make(hub, txn, ask->path, ask->reason, ask->erase, false, &ask->view,
				   ask->why);
}

static enum err withdraw(struct sim_node *node, struct ask *ask)
{
	ask->why[0] = 0;
	return sim_call(node, call_withdraw, ask) ? ask->err : ERR_IO;
}

static bool count_answer(void *arg, const struct withdrawal_answer *answer)
{
	struct ask *ask = arg;
	ask->confirmed += answer->time_ms != 0;
	ask->outstanding += answer->time_ms == 0;
	return true;
}

static void call_answers(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	ask->confirmed = ask->outstanding = 0;
	assert_true(withdrawal_find(hub, txn, ask->path, 0, &ask->view));
	withdrawal_answers(hub, txn, &ask->view, count_answer, ask);
}

static void call_find(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	struct catalog_entry entry = {0};
	ask->err = catalog_find(hub, txn, ask->path, ask->number, &entry, ask->why);
	ask->number = entry.number;
	ask->tier = entry.tier;
	catalog_entry_fini(&entry);
}

static enum err find(struct sim_node *node, struct ask *ask)
{
	ask->why[0] = 0;
	assert_true(sim_call(node, call_find, ask));
	return ask->err;
}

static void assert_answers(struct sim_node *node, unsigned confirmed, unsigned outstanding)
{
	struct ask ask = {.path = PATH};
	assert_true(sim_call(node, call_answers, &ask));
	assert_int_equal(ask.confirmed, confirmed);
	assert_int_equal(ask.outstanding, outstanding);
}

/* Nothing of the dataset is there, and whoever asks is told why. */
static void assert_gone(struct sim_node *node)
{
	struct ask ask = {.path = PATH};
	assert_int_equal(find(node, &ask), ERR_ABSENT);
	assert_non_null(strstr(ask.why, "withdrawn by Stadt Meißen on "));
	assert_non_null(strstr(ask.why, REASON));
	ask = (struct ask){.path = PATH, .number = 1};
	assert_int_equal(find(node, &ask), ERR_ABSENT);
	assert_non_null(strstr(ask.why, "withdrawn by"));
	assert_int_equal(sim_rows(node, TABLE_VERSION), 0);
	assert_int_equal(sim_rows(node, TABLE_PATH), 0);
	assert_int_equal(sim_rows(node, TABLE_HELD), 0);
	assert_int_equal(sim_rows(node, TABLE_INDEX), 0);
	assert_int_equal(sim_rows(node, TABLE_CHUNK), 0);
	sim_audit(node);
}

/* Meißen has published twice, Radebeul holds the second version. */
static struct towns *held_open(uint64_t seed, unsigned count)
{
	struct towns *towns = towns_open(seed, count);
	publish(towns->a, PATH, 1);
	publish(towns->a, PATH, 2);
	assert_int_equal(sim_subscribe(towns->b, "meissen/**"), ERR_OK);
	towns_held(towns->b, PATH, 2);
	settle(towns);
	return towns;
}

/* ---- the tests ---- */

static void what_is_withdrawn_is_gone_everywhere(void **state)
{
	struct towns *towns = held_open(31, 3);
	struct ask ask = {.path = PATH, .reason = REASON};
	assert_int_equal(withdraw(towns->a, &ask), ERR_OK);
	assert_int_equal(ask.view.number, 2);
	settle(towns);
	assert_gone(towns->a);
	assert_gone(towns->b);
	assert_gone(towns->m);
	/* Nobody was asked to confirm. */
	assert_answers(towns->a, 0, 1);
	assert_answers(towns->b, 0, 0);
	/* The next publication goes on with the next number, and is nothing but itself. */
	publish(towns->a, PATH, 2);
	towns_held(towns->b, PATH, 3);
	settle(towns);
	ask = (struct ask){.path = PATH};
	assert_int_equal(find(towns->m, &ask), ERR_OK);
	assert_int_equal(ask.number, 3);
	ask = (struct ask){.path = PATH, .number = 2};
	assert_int_equal(find(towns->m, &ask), ERR_ABSENT);
	assert_non_null(strstr(ask.why, "withdrawn by"));
	/* And may be withdrawn again. */
	ask = (struct ask){.path = PATH, .reason = "noch einmal", .erase = true};
	assert_int_equal(withdraw(towns->a, &ask), ERR_OK);
	assert_int_equal(ask.view.number, 3);
	settle(towns);
	assert_answers(towns->a, 2, 0);
	assert_int_equal(sim_rows(towns->b, TABLE_CHUNK), 0);
	towns_close(towns);
}

static void erasing_is_confirmed_by_all_who_held_it(void **state)
{
	struct towns *towns = held_open(32, 3);
	struct ask ask = {.path = PATH, .reason = REASON, .erase = true};
	uint64_t before = sim_rows(towns->m, TABLE_RECORD);
	assert_int_equal(withdraw(towns->a, &ask), ERR_OK);
	assert_answers(towns->a, 0, 1); /* before anybody has heard of it */
	settle(towns);
	assert_gone(towns->a);
	assert_gone(towns->b);
	assert_answers(towns->a, 2, 0);
	/* Everybody sees who has confirmed; Malwine never held it and says nothing. */
	assert_answers(towns->m, 2, 0);
	assert_int_equal(sim_rows(towns->m, TABLE_RECORD), before - 2 + 1 + 2);
	towns_close(towns);
}

static void who_was_away_erases_on_return(void **state)
{
	struct towns *towns = held_open(33, 2);
	struct ask ask = {.path = PATH, .reason = REASON, .erase = true};
	sim_stop(towns->b);
	assert_int_equal(withdraw(towns->a, &ask), ERR_OK);
	sim_run(&towns->sim, 20000, NULL, NULL);
	assert_answers(towns->a, 1, 1);
	/* What is known of holders survives a start. */
	sim_stop(towns->a);
	sim_start(towns->a);
	sim_run(&towns->sim, 20000, NULL, NULL);
	assert_answers(towns->a, 1, 1);
	sim_start(towns->b);
	settle(towns);
	assert_gone(towns->b);
	assert_answers(towns->a, 2, 0);
	towns_close(towns);
}

/*
 * What was only withdrawn can be erased later, and who has missed the first withdrawal answers the
 * next.
 */
/* Taking something back must not show its next version to more people. */
static void what_was_for_few_stays_so(void **state)
{
	struct towns *towns = towns_open(45, 2);
	struct buf content = sim_content(7, 5000);
	struct sim_publication p = {.node = towns->a, .content = buf_bytes(&content)};
	p.options.path = "meissen/kita/liste";
	p.options.has_tier = true;
	p.options.tier = TIER_GRANTED;
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	struct ask ask = {.path = p.options.path, .reason = REASON, .erase = true};
	assert_int_equal(withdraw(towns->a, &ask), ERR_OK);
	settle(towns);
	p = (struct sim_publication){.node = towns->a, .content = buf_bytes(&content)};
	p.options.path = "meissen/kita/liste";
	p.options.has_tier = true;
	p.options.tier = TIER_MEMBERS;
	assert_int_equal(sim_publish_all(&p), ERR_DENIED);
	assert_non_null(strstr(p.why, "--widen"));
	p = (struct sim_publication){.node = towns->a, .content = buf_bytes(&content)};
	p.options.path = "meissen/kita/liste";
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	assert_int_equal(p.number, 2);
	ask = (struct ask){.path = p.options.path};
	assert_int_equal(find(towns->a, &ask), ERR_OK);
	assert_int_equal(ask.tier, TIER_GRANTED);
	buf_fini(&content);
	towns_close(towns);
}

static void asked_again(void **state)
{
	struct towns *towns = held_open(45, 3);
	struct ask ask = {.path = PATH, .reason = REASON};
	sim_stop(towns->b);
	assert_int_equal(withdraw(towns->a, &ask), ERR_OK);
	sim_run(&towns->sim, 20000, NULL, NULL);
	assert_answers(towns->a, 0, 1);
	ask.erase = true;
	assert_int_equal(withdraw(towns->a, &ask), ERR_OK);
	assert_int_equal(ask.view.number, 2);
	assert_int_equal(withdraw(towns->a, &ask), ERR_ABSENT);
	sim_run(&towns->sim, 20000, NULL, NULL);
	assert_answers(towns->a, 1, 1);
	/* Published and withdrawn once more, while Radebeul is away. */
	assert_int_equal(sim_subscribe(towns->m, "meissen/**"), ERR_OK);
	publish(towns->a, PATH, 5);
	towns_held(towns->m, PATH, 3);
	sim_run(&towns->sim, 5000, NULL, NULL);
	assert_int_equal(withdraw(towns->a, &ask), ERR_OK);
	sim_run(&towns->sim, 20000, NULL, NULL);
	assert_answers(towns->a, 2, 1);
	sim_start(towns->b);
	settle(towns);
	assert_gone(towns->b);
	assert_gone(towns->m);
	assert_answers(towns->a, 3, 0);
	towns_close(towns);
}

/* Killed between the news and the end of the sweep, a node still erases and confirms. */
static void a_crash_forgets_no_erasure(void **state)
{
	for (unsigned turns = 1; turns < 8; turns++) {
		struct towns *towns = held_open(34 + turns, 2);
		struct ask ask = {.path = PATH, .reason = REASON, .erase = true};
		towns->b->crash_in = turns;
		assert_int_equal(withdraw(towns->a, &ask), ERR_OK);
		sim_run(&towns->sim, 5000, NULL, NULL);
		if (!towns->b->hub)
			sim_start(towns->b);
		towns->b->crash_in = 0;
		settle(towns);
		assert_gone(towns->b);
		assert_answers(towns->a, 2, 0);
		towns_close(towns);
	}
}

/* Wherever the store fails, the dataset is either all there or withdrawn. */
static void a_fault_withdraws_all_or_nothing(void **state)
{
	struct towns *towns = held_open(42, 2);
	struct ask ask = {.path = PATH, .reason = REASON, .erase = true};
	enum err err = ERR_IO;
	for (uint64_t n = 1; err != ERR_OK; n++) {
		assert_true(n < 2000);
		/* After a fault the core is opened again; the others have answered it. */
		hub_signing(towns->a->hub, SIGNING_YES);
		sim_fault(towns->a, n, ERR_IO);
		err = withdraw(towns->a, &ask);
		bool struck = sim_fault_struck(towns->a);
		sim_fault(towns->a, 0, ERR_OK);
		if (err == ERR_OK && !struck)
			break;
		struct ask see = {.path = PATH};
		if (err == ERR_OK) /* the fault came after the turn */
			assert_int_equal(find(towns->a, &see), ERR_ABSENT);
		else
			assert_int_equal(find(towns->a, &see), ERR_OK);
	}
	settle(towns);
	assert_gone(towns->a);
	assert_gone(towns->b);
	towns_close(towns);
}

static void only_the_own_and_with_a_reason(void **state)
{
	static const struct {
		const char *path, *reason;
		enum err err;
	} cases[] = {{"radebeul/x", REASON, ERR_DENIED},
		     {"meissen/nie", REASON, ERR_ABSENT},
		     {PATH, "", ERR_CONFIG},
		     {PATH, "zwei\nZeilen", ERR_CONFIG},
		     {"meissen", REASON, ERR_CONFIG},
		     {"meissen/../x", REASON, ERR_CONFIG},
		     {"meissen/kita", REASON, ERR_ABSENT}};
	struct towns *towns = held_open(43, 2);
	uint64_t records = sim_rows(towns->a, TABLE_RECORD);
	publish(towns->b, "radebeul/x", 3);
	settle(towns);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ask ask = {.path = cases[i].path, .reason = cases[i].reason};
		assert_int_equal(withdraw(towns->a, &ask), cases[i].err);
		assert_true(ask.why[0]);
	}
	assert_int_equal(sim_rows(towns->a, TABLE_RECORD), records + 1);
	struct ask ask = {.path = PATH, .reason = REASON};
	assert_int_equal(withdraw(towns->a, &ask), ERR_OK);
	assert_int_equal(withdraw(towns->a, &ask), ERR_ABSENT);
	towns_close(towns);
}

/* ---- holders ---- */

static void call_holders(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct ask *ask = arg;
	struct catalog_entry entry;
	struct catalog_holder holders[8];
	assert_int_equal(catalog_find(hub, txn, ask->path, 0, &entry, ask->why), ERR_OK);
	ask->confirmed = (unsigned)catalog_holders(hub, txn, &entry, holders, 8);
	ask->outstanding = (unsigned)catalog_copies(holders, ask->confirmed);
	catalog_entry_fini(&entry);
}

static void assert_holders(struct sim_node *node, unsigned count, unsigned copies)
{
	struct ask ask = {.path = PATH};
	assert_true(sim_call(node, call_holders, &ask));
	assert_int_equal(ask.confirmed, count);
	assert_int_equal(ask.outstanding, copies);
}

static void call_operator(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct row_key key = key_name("operator"); /* as `allmende init` has written it */
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_str(arg));
}

static void operator_set(struct sim_node *node, const char *name)
{
	char text[64];
	snprintf(text, sizeof(text), "%s", name);
	assert_true(sim_call(node, call_operator, text));
	sim_stop(node);
	sim_start(node);
	assert_string_equal(node->identity.operator, name);
}

static void copies_at_one_operator_are_one(void **state)
{
	struct towns *towns = held_open(44, 3);
	sim_run(&towns->sim, 15000, NULL, NULL);
	assert_holders(towns->a, 2, 2);
	assert_int_equal(sim_subscribe(towns->m, "meissen/**"), ERR_OK);
	towns_held(towns->m, PATH, 2);
	sim_run(&towns->sim, 15000, NULL, NULL);
	assert_holders(towns->a, 3, 3);
	operator_set(towns->b, "hosted:KISA");
	settle(towns);
	assert_holders(towns->a, 3, 3);
	operator_set(towns->m, "hosted:KISA");
	settle(towns);
	assert_holders(towns->a, 3, 2);
	operator_set(towns->a, "hosted:KISA");
	settle(towns);
	assert_holders(towns->a, 3, 1);
	/* Who is away is still known to hold it. */
	sim_stop(towns->b);
	sim_run(&towns->sim, 5000, NULL, NULL);
	assert_holders(towns->a, 3, 1);
	publish(towns->a, PATH, 3);
	towns_held(towns->m, PATH, 3);
	sim_run(&towns->sim, 15000, NULL, NULL);
	assert_holders(towns->a, 2, 1);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_withdrawn_is_gone_everywhere),
		cmocka_unit_test(erasing_is_confirmed_by_all_who_held_it),
		cmocka_unit_test(who_was_away_erases_on_return),
		cmocka_unit_test(what_was_for_few_stays_so),
		cmocka_unit_test(asked_again),
		cmocka_unit_test(a_crash_forgets_no_erasure),
		cmocka_unit_test(a_fault_withdraws_all_or_nothing),
		cmocka_unit_test(only_the_own_and_with_a_reason),
		cmocka_unit_test(copies_at_one_operator_are_one),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("withdraw", tests, NULL, NULL);
}
