/*
 * What wakes when a right comes back, and what is kept when one ends: too much, too late, nothing
 * worth.
 */
#include "test/sim/writers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/catalog/grants.h"
#include "proto/catalog/revoking.h"
#include "proto/catalog/takeover.h"

struct renew {
	struct digest id;
	struct renew_terms terms;
	enum err err;
	char why[WHY_LEN];
};

static void call_renew(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct renew *renew = arg;
	char name[GRANT_NAME_LEN + 1];
	struct grant grant;
	grant_name(name, &renew->id);
	assert_int_equal(grants_find(hub, txn, name, &grant, renew->why), ERR_OK);
	renew->err = grants_renew(hub, txn, &grant, &renew->terms, renew->why);
}

static struct renew renews(struct towns *towns, const struct digest *id, enum verb verb, bool yes)
{
	struct renew renew = {.id = *id, .terms = {.has_verb = true, .verb = verb, .yes = yes}};
	sim_call(towns->a, call_renew, &renew);
	writers_settle(towns);
	return renew;
}

/* Narrowed, what was written is void; and before it is wide again it is said what wakes. */
static void who_renews_hears_what_wakes(void **state)
{
	struct towns *towns = towns_open(9, 3);
	struct digest id = writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_NONE);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	assert_int_equal(renews(towns, &id, VERB_WRITE, false).err, ERR_OK);
	assert_int_equal(renews(towns, &id, VERB_READ, false).err, ERR_OK);
	writers_assert_seen(towns, "none");
	assert_int_equal(renews(towns, &id, VERB_READ, false).err, ERR_OK);
	struct renew renew = renews(towns, &id, VERB_WRITE, false);
	assert_int_equal(renew.err, ERR_BUSY);
	assert_non_null(strstr(renew.why, "1 version that is void"));
	writers_assert_seen(towns, "none");
	assert_int_equal(renews(towns, &id, VERB_WRITE, true).err, ERR_OK);
	writers_assert_seen(towns, "1 radebeul");
	towns_close(towns);
}

struct bar_all {
	bool lift, yes;
	enum err err;
	char why[WHY_LEN];
};

static void call_bar_all(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct bar_all *all = arg;
	const struct revoke_terms terms = {
		.from = "malwine", .has_keep = true, .keep = KEEPING_NONE};
	struct revocation revocation;
	size_t count;
	if (all->lift) {
		all->err = revocation_lift(hub, txn, "malwine", NULL, all->yes, &count, all->why);
		return;
	}
	assert_int_equal(revocation_plan(&revocation, hub, txn, &terms, all->why), ERR_OK);
	assert_int_equal(revocation_do(&revocation, all->why), ERR_OK);
	revocation_fini(&revocation);
}

static struct bar_all bars(struct towns *towns, bool lift, bool yes)
{
	struct bar_all all = {.lift = lift, .yes = yes};
	sim_call(towns->a, call_bar_all, &all);
	writers_settle(towns);
	return all;
}

/* So it is when a bar is lifted. */
static void who_lifts_hears_what_wakes(void **state)
{
	struct towns *towns = towns_open(10, 3);
	struct writers_give whole = {.terms = {.prefix = "meissen/kita",
					       .to = "radebeul",
					       .verb = VERB_WRITE,
					       .expiry_ms = YEAR_MS,
					       .widest = writers_tier,
					       .depth = 1,
					       .keep = KEEPING_NONE}};
	sim_call(towns->a, writers_call_give, &whole);
	assert_int_equal(whole.err, ERR_OK);
	writers_settle(towns);
	writers_give(towns->b, towns->m, VERB_WRITE, YEAR_MS / 2, KEEPING_NONE);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->m, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	writers_assert_seen(towns, "1 malwine");
	bars(towns, false, false);
	writers_assert_seen(towns, "none");
	struct bar_all lifted = bars(towns, true, false);
	assert_int_equal(lifted.err, ERR_BUSY);
	assert_non_null(strstr(lifted.why, "1 version that is void"));
	writers_assert_seen(towns, "none");
	assert_int_equal(bars(towns, true, true).err, ERR_OK);
	writers_assert_seen(towns, "1 malwine");
	towns_close(towns);
}

/* ---- what is too much, too late, or nothing worth ---- */

struct own_look {
	uint64_t live, missed;
};

static void call_own(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct own_look *look = arg;
	struct author_state state;
	assert_int_equal(ledger_state(&hub->ledger, txn, hub->author, &state), ERR_OK);
	look->live = state.live_count;
	look->missed = hub->takeover->missed.count;
}

static struct own_look own_of(struct sim_node *node)
{
	struct own_look look;
	sim_call(node, call_own, &look);
	return look;
}

/* All are off for a while, which costs nothing. */
static void all_pass(struct towns *towns, int64_t ms)
{
	struct sim_node *all[] = {towns->a, towns->b, towns->m};
	for (size_t i = 0; i < 3; i++)
		sim_stop(all[i]);
	sim_run(&towns->sim, ms, NULL, NULL);
	for (size_t i = 0; i < 3; i++)
		sim_start(all[i]);
	writers_settle(towns);
}

/*
 * A writer makes the owner sign nothing while the right lives, and no more than a tenth of what the
 * owner has left when it runs out, however often it looks; the rest is for people.
 */
static void too_much_is_left_to_people(void **state)
{
	struct towns *towns = towns_open(11, 3);
	writers_give(towns->a, towns->b, VERB_WRITE, INT64_C(27) * HOUR_MS, KEEPING_ALL);
	writers_settle(towns);
	const uint64_t before = own_of(towns->a).live;
	for (uint64_t n = 1; n <= 5; n++)
		assert_int_equal(writers_publish(towns->b, n, NULL, NULL), ERR_OK);
	writers_settle(towns);
	writers_assert_seen(towns, "5 radebeul");
	assert_int_equal(own_of(towns->a).live, before);
	/* nine tenths of it are for this, of which 30 are left, and of those a tenth is 3 */
	towns->a->limits.quota_record_count = (before + 30) * 10 / 9 + 1;
	all_pass(towns, INT64_C(13) * HOUR_MS);
	sim_run(&towns->sim, INT64_C(3) * HOUR_MS, NULL, NULL);
	assert_int_equal(own_of(towns->a).live, before + 3);
	all_pass(towns, INT64_C(24) * HOUR_MS);
	struct own_look after = own_of(towns->a);
	assert_int_equal(after.live, before + 3);
	assert_int_equal(after.missed, 2);
	towns_close(towns);
}

/* Nobody could follow the one number, and the manifest of the other version says another number. */
static void junk_is_not_taken_over(void **state)
{
	struct towns *towns = towns_open(12, 3);
	writers_give(towns->a, towns->b, VERB_WRITE, INT64_C(27) * HOUR_MS, KEEPING_ALL);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	sim_call(towns->b, writers_forge,
		 &(struct writers_forge){.number = VERSION_NUMBER_END - 1});
	sim_call(towns->b, writers_forge, &(struct writers_forge){.number = 2});
	writers_settle(towns);
	writers_assert_seen(towns, "281474976710655 radebeul");
	all_pass(towns, INT64_C(28) * HOUR_MS);
	writers_assert_seen(towns, "1 meissen of radebeul");
	assert_int_equal(own_of(towns->a).missed, 2);
	towns_close(towns);
}

/* What is wider than the line lets it be is void, whoever narrowed that, and is not taken over. */
static void what_is_too_wide_is_not_taken_over(void **state)
{
	struct towns *towns = towns_open(13, 3);
	writers_tier = TIER_OPEN;
	struct renew narrow = {
		.id = writers_give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_ALL),
		.terms = {.has_widest = true, .widest = TIER_MEMBERS, .yes = true}};
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, NULL, NULL), ERR_OK);
	writers_tier = TIER_MEMBERS;
	writers_settle(towns);
	writers_assert_seen(towns, "1 radebeul");
	sim_call(towns->a, call_renew, &narrow);
	assert_int_equal(narrow.err, ERR_OK);
	writers_settle(towns);
	writers_assert_seen(towns, "none");
	writers_end(towns->a, &narrow.id);
	writers_settle(towns);
	writers_assert_seen(towns, "none");
	towns_close(towns);
}

/* The line ran out, and was dropped, while the owner was off: it is void, and then back. */
static void who_was_off_for_weeks_takes_over_then(void **state)
{
	struct towns *towns = towns_open(14, 3);
	struct sim_node *all[] = {towns->b, towns->m, towns->a};
	writers_give(towns->a, towns->b, VERB_WRITE, INT64_C(3) * DAY_MS, KEEPING_CURRENT);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->b, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	for (size_t i = 0; i < 3; i++)
		sim_stop(all[i]);
	sim_run(&towns->sim, INT64_C(35) * DAY_MS, NULL, NULL);
	sim_start(towns->b);
	sim_start(towns->m);
	writers_settle(towns);
	struct writers_seen seen;
	sim_call(towns->m, writers_see, &seen);
	assert_int_equal(seen.number, 0);
	sim_start(towns->a);
	writers_settle(towns);
	sim_run(&towns->sim, 2 * HOUR_MS, NULL, NULL);
	writers_assert_seen(towns, "1 meissen of radebeul");
	assert_true(sim_held(towns->a, WRITERS_LIST, 1));
	towns_close(towns);
}

/*
 * An administrator ends the right of a writer while the owner is off: what was there lives on by
 * the administrator's line, and by the owner when that ends; what came after the end by nobody.
 */
static void an_administrator_keeps_it_for_the_owner(void **state)
{
	struct towns *towns = towns_open(15, 3);
	struct writers_give admin = {.terms = {.prefix = "meissen/kita",
					       .to = "radebeul",
					       .verb = VERB_ADMIN,
					       .expiry_ms = YEAR_MS,
					       .widest = writers_tier,
					       .depth = 1,
					       .keep = KEEPING_CURRENT}};
	sim_call(towns->a, writers_call_give, &admin);
	assert_int_equal(admin.err, ERR_OK);
	writers_settle(towns);
	struct digest id =
		writers_give(towns->b, towns->m, VERB_WRITE, YEAR_MS / 2, KEEPING_CURRENT);
	writers_settle(towns);
	assert_int_equal(writers_publish(towns->m, 1, NULL, NULL), ERR_OK);
	writers_settle(towns);
	sim_stop(towns->a);
	writers_end(towns->b, &id);
	sim_run(&towns->sim, HOUR_MS, NULL, NULL);
	sim_call(towns->m, writers_forge, &(struct writers_forge){.number = 7});
	sim_run(&towns->sim, HOUR_MS / 2, NULL, NULL);
	sim_start(towns->a);
	writers_settle(towns);
	writers_assert_seen(towns, "1 radebeul of malwine");
	assert_true(sim_held(towns->a, WRITERS_LIST, 1));
	writers_end(towns->a, &admin.id);
	writers_settle(towns);
	writers_assert_seen(towns, "1 meissen of malwine");
	assert_true(sim_held(towns->a, WRITERS_LIST, 1));
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_renews_hears_what_wakes),
		cmocka_unit_test(who_lifts_hears_what_wakes),
		cmocka_unit_test(too_much_is_left_to_people),
		cmocka_unit_test(junk_is_not_taken_over),
		cmocka_unit_test(what_is_too_wide_is_not_taken_over),
		cmocka_unit_test(who_was_off_for_weeks_takes_over_then),
		cmocka_unit_test(an_administrator_keeps_it_for_the_owner),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
