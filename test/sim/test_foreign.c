/* Who may write in the namespace of another, and what becomes of it when the right ends. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/catalog/catalog.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/revoking.h"
#include "proto/catalog/takeover.h"
#include "proto/catalog/withdrawal.h"
#include "proto/rights/current.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };
#define YEAR_MS (INT64_C(365) * DAY_MS)
#define LISTE   "meissen/kita/liste"

static enum tier tier_now = TIER_MEMBERS; /* of what is published, and what lines allow */

static void settle(struct towns *towns)
{
	assert_true(sim_run(&towns->sim, 240000, sim_agree, NULL));
	sim_run(&towns->sim, 90000, NULL, NULL); /* all have compared what they have */
}

/* ---- what people do ---- */

struct give {
	struct grant_terms terms;
	struct digest id;
	enum err err;
	char why[WHY_LEN];
};

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct give *give = arg;
	give->terms.expiry_ms += now_ms;
	give->err = grants_give(hub, txn, &give->terms, &give->id, give->why);
}

static struct digest give(struct sim_node *from, struct sim_node *to, enum verb verb, int64_t ms,
			  enum keeping keep)
{
	struct give c = {.terms = {.prefix = "meissen/kita",
				   .to = to->identity.slug,
				   .verb = verb,
				   .expiry_ms = ms,
				   .widest = tier_now,
				   .keep = keep,
				   .again = true}};
	assert_true(sim_call(from, call_give, &c));
	assert_int_equal(c.err, ERR_OK);
	return c.id;
}

static void call_end(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char name[GRANT_NAME_LEN + 1], why[WHY_LEN];
	const struct revoke_terms terms = {.grant = name};
	struct revocation revocation;
	grant_name(name, arg);
	assert_int_equal(revocation_plan(&revocation, hub, txn, &terms, why), ERR_OK);
	assert_int_equal(revocation_do(&revocation, why), ERR_OK);
	revocation_fini(&revocation);
}

static void end(struct sim_node *node, struct digest *id)
{
	assert_true(sim_call(node, call_end, id));
}

static enum err publish(struct sim_node *node, uint64_t seed, uint64_t *number, char why[WHY_LEN])
{
	struct buf content = sim_content(seed, 30000);
	struct sim_publication p = {.node = node,
				    .options = {.path = LISTE, .has_tier = true, .tier = tier_now},
				    .content = buf_bytes(&content)};
	enum err err = sim_publish_all(&p);
	if (number)
		*number = p.number;
	if (why)
		snprintf(why, WHY_LEN, "%s", p.why);
	buf_fini(&content);
	return err;
}

/* A version as a node that does not care makes it: the latest body of its own, once more. */
struct forge {
	uint64_t number;
	int64_t back_ms; /* dated so far back */
};

static void call_forge(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct forge *forge = arg;
	struct ledger_version at;
	struct dataset_id dataset;
	struct version version;
	struct record record;
	struct bytes whole;
	struct buf copy, body;
	uint32_t owner;
	buf_init(&copy, LIMIT_RECORD_LEN_MAX);
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	assert_true(current_dataset(hub, bytes_str(LISTE), &dataset, &owner));
	assert_true(ledger_version_below(txn, &dataset, hub->author, 0, &at));
	assert_int_equal(ledger_version_find(txn, &dataset, at.number, hub->author, &whole),
			 ERR_OK);
	buf_add(&copy, whole);
	assert_int_equal(record_decode(&record, buf_bytes(&copy)), ERR_OK);
	assert_int_equal(version_decode(&version, record.body), ERR_OK);
	version.number = forge->number;
	version_encode(&body, &version);
	struct record_slot slot = record_slot_version(&dataset, forge->number);
	const int64_t now = hub->ledger.now_ms;
	ledger_now(&hub->ledger, now - forge->back_ms);
	assert_int_equal(ledger_append(&hub->ledger, txn, RECORD_VERSION, record_slot_bytes(&slot),
				       buf_bytes(&body), NULL, LEDGER_TELL),
			 ERR_OK);
	ledger_now(&hub->ledger, now);
	buf_fini(&copy);
	buf_fini(&body);
}

static void call_delete(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct dataset_id dataset;
	uint32_t owner;
	assert_true(current_dataset(hub, bytes_str(LISTE), &dataset, &owner));
	struct record_slot slot = record_slot_version(&dataset, *(uint64_t *)arg);
	assert_int_equal(ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot)), ERR_OK);
}

struct take {
	uint64_t number;
	enum err err;
	char why[WHY_LEN];
};

static void call_take(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct take *take = arg;
	struct takeover_view view;
	take->err = takeover_version(hub, txn, LISTE, take->number, &view, take->why);
}

/* ---- what is seen ---- */

struct seen {
	uint64_t number;
	char by[CHARTER_SLUG_LEN_MAX + 1], origin[CHARTER_SLUG_LEN_MAX + 1];
};

static void call_see(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct seen *seen = arg;
	struct catalog_entry entry;
	char why[WHY_LEN];
	*seen = (struct seen){0};
	if (catalog_find(hub, txn, LISTE, 0, &entry, why))
		return;
	seen->number = entry.number;
	snprintf(seen->by, sizeof(seen->by), "%s", entry.by);
	snprintf(seen->origin, sizeof(seen->origin), "%s", entry.origin);
	catalog_entry_fini(&entry);
}

/* All nodes see the same current version: "number by", "number by of origin"; "none". */
static void assert_seen(struct towns *towns, const char *what)
{
	struct sim_node *nodes[] = {towns->a, towns->b, towns->m};
	for (size_t i = 0; i < 3; i++) {
		char text[200] = "none";
		struct seen seen;
		sim_call(nodes[i], call_see, &seen);
		if (seen.number)
			snprintf(text, sizeof(text), "%llu %s%s%s", (unsigned long long)seen.number,
				 seen.by, seen.origin[0] ? " of " : "", seen.origin);
		if (strcmp(text, what) != 0)
			fail_msg("%s sees %s, not %s", nodes[i]->identity.slug, text, what);
	}
}

/* ---- tests ---- */

static void a_writer_and_the_owner_take_turns(void **state)
{
	struct towns *towns = towns_open(1, 3);
	char why[WHY_LEN];
	uint64_t number;
	assert_int_equal(publish(towns->b, 1, NULL, why), ERR_DENIED);
	assert_non_null(strstr(why, "has not granted you to write there"));
	give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	settle(towns);
	assert_int_equal(publish(towns->b, 1, &number, why), ERR_OK);
	assert_int_equal(number, 1);
	settle(towns);
	assert_seen(towns, "1 radebeul");
	/* The owner holds what is written in its namespace, and goes on from there. */
	assert_true(sim_held(towns->a, LISTE, 1));
	assert_int_equal(publish(towns->a, 2, &number, why), ERR_OK);
	assert_int_equal(number, 2);
	settle(towns);
	assert_int_equal(publish(towns->b, 3, &number, why), ERR_OK);
	assert_int_equal(number, 3);
	settle(towns);
	assert_seen(towns, "3 radebeul");
	towns_close(towns);
}

/* The owner has it when the writer is gone; nothing that the writer says later has an effect. */
static void what_was_written_stays_and_nothing_else(void **state)
{
	tier_now = TIER_GRANTED;
	struct towns *towns = towns_open(2, 3);
	give(towns->a, towns->m, VERB_READ, YEAR_MS, KEEPING_CURRENT);
	struct digest id = give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	uint64_t one = 1;
	char why[WHY_LEN];
	settle(towns);
	assert_int_equal(publish(towns->b, 1, NULL, why), ERR_OK);
	settle(towns);
	end(towns->a, &id);
	settle(towns);
	assert_seen(towns, "1 meissen of radebeul");
	assert_int_equal(publish(towns->b, 2, NULL, why), ERR_DENIED);
	assert_non_null(strstr(why, "or not any more"));
	/* Later, as of today or dated back: void. */
	sim_call(towns->b, call_forge, &(struct forge){9, 0});
	sim_call(towns->b, call_forge, &(struct forge){10, INT64_C(30) * DAY_MS});
	settle(towns);
	assert_seen(towns, "1 meissen of radebeul");
	/* Nor is it the writer's to delete. */
	sim_call(towns->b, call_delete, &one);
	settle(towns);
	assert_seen(towns, "1 meissen of radebeul");
	sim_stop(towns->b);
	struct buf content = sim_content(1, 30000);
	assert_int_equal(sim_want(towns->m, LISTE, 1), ERR_OK);
	towns_held(towns->m, LISTE, 1);
	sim_assert_reads(towns->m, LISTE, 1, buf_bytes(&content));
	buf_fini(&content);
	towns_close(towns);
	tier_now = TIER_MEMBERS;
}

/* Another grant brings nothing back; a command takes one version. */
static void void_versions_stay_void(void **state)
{
	struct towns *towns = towns_open(3, 3);
	struct digest id = give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	struct take take = {.number = 9};
	uint64_t number;
	settle(towns);
	assert_int_equal(publish(towns->b, 1, NULL, NULL), ERR_OK);
	settle(towns);
	end(towns->a, &id);
	settle(towns);
	sim_call(towns->b, call_forge, &(struct forge){9, 0});
	settle(towns);
	give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	settle(towns);
	assert_seen(towns, "1 meissen of radebeul");
	assert_int_equal(publish(towns->b, 2, &number, NULL), ERR_OK);
	assert_int_equal(number, 2);
	settle(towns);
	assert_seen(towns, "2 radebeul");
	sim_call(towns->a, call_take, &take);
	assert_int_equal(take.err, ERR_OK);
	settle(towns);
	assert_seen(towns, "9 meissen of radebeul");
	sim_call(towns->a, call_take, &take);
	assert_int_equal(take.err, ERR_EXISTS);
	towns_close(towns);
}

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
	settle(towns);
	return renew;
}

/* Narrowed, what was written is void; and before it is wide again it is said what wakes. */
static void who_renews_hears_what_wakes(void **state)
{
	struct towns *towns = towns_open(9, 3);
	struct digest id = give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_NONE);
	settle(towns);
	assert_int_equal(publish(towns->b, 1, NULL, NULL), ERR_OK);
	settle(towns);
	assert_int_equal(renews(towns, &id, VERB_WRITE, false).err, ERR_OK);
	assert_int_equal(renews(towns, &id, VERB_READ, false).err, ERR_OK);
	assert_seen(towns, "none");
	assert_int_equal(renews(towns, &id, VERB_READ, false).err, ERR_OK);
	struct renew renew = renews(towns, &id, VERB_WRITE, false);
	assert_int_equal(renew.err, ERR_BUSY);
	assert_non_null(strstr(renew.why, "1 version that is void"));
	assert_seen(towns, "none");
	assert_int_equal(renews(towns, &id, VERB_WRITE, true).err, ERR_OK);
	assert_seen(towns, "1 radebeul");
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
	settle(towns);
	return all;
}

/* So it is when a bar is lifted. */
static void who_lifts_hears_what_wakes(void **state)
{
	struct towns *towns = towns_open(10, 3);
	struct give whole = {.terms = {.prefix = "meissen/kita",
				       .to = "radebeul",
				       .verb = VERB_WRITE,
				       .expiry_ms = YEAR_MS,
				       .widest = tier_now,
				       .depth = 1,
				       .keep = KEEPING_NONE}};
	sim_call(towns->a, call_give, &whole);
	assert_int_equal(whole.err, ERR_OK);
	settle(towns);
	give(towns->b, towns->m, VERB_WRITE, YEAR_MS / 2, KEEPING_NONE);
	settle(towns);
	assert_int_equal(publish(towns->m, 1, NULL, NULL), ERR_OK);
	settle(towns);
	assert_seen(towns, "1 malwine");
	bars(towns, false, false);
	assert_seen(towns, "none");
	struct bar_all lifted = bars(towns, true, false);
	assert_int_equal(lifted.err, ERR_BUSY);
	assert_non_null(strstr(lifted.why, "1 version that is void"));
	assert_seen(towns, "none");
	assert_int_equal(bars(towns, true, true).err, ERR_OK);
	assert_seen(towns, "1 malwine");
	towns_close(towns);
}

/* The owner was cut off while the right ended elsewhere: here by the clock. */
static void a_right_that_runs_out_leaves_no_gap(void **state)
{
	struct towns *towns = towns_open(4, 3);
	give(towns->a, towns->b, VERB_WRITE, INT64_C(3) * DAY_MS, KEEPING_CURRENT);
	settle(towns);
	assert_int_equal(publish(towns->b, 1, NULL, NULL), ERR_OK);
	settle(towns);
	assert_seen(towns, "1 radebeul");
	sim_run(&towns->sim, INT64_C(52) * HOUR_MS, NULL, NULL);
	assert_seen(towns, "1 meissen of radebeul"); /* in the last day */
	sim_run(&towns->sim, INT64_C(30) * HOUR_MS, NULL, NULL);
	assert_seen(towns, "1 meissen of radebeul");
	towns_close(towns);
}

/* A number that nobody could follow blocks the path, for as long as the line lives. */
static void a_number_at_the_end_blocks_for_a_while(void **state)
{
	for (int all = 0; all < 2; all++) {
		struct towns *towns = towns_open(5, 3);
		struct digest id = give(towns->a, towns->b, VERB_WRITE, YEAR_MS,
					all ? KEEPING_ALL : KEEPING_NONE);
		uint64_t number;
		settle(towns);
		assert_int_equal(publish(towns->b, 1, NULL, NULL), ERR_OK);
		sim_call(towns->b, call_forge, &(struct forge){UINT64_MAX, 0});
		settle(towns);
		assert_seen(towns, "1 radebeul");
		sim_call(towns->b, call_forge, &(struct forge){VERSION_NUMBER_END - 1, 0});
		settle(towns);
		assert_seen(towns, "281474976710655 radebeul");
		end(towns->a, &id);
		settle(towns);
		assert_seen(towns, all ? "1 meissen of radebeul" : "none");
		assert_int_equal(publish(towns->a, 2, &number, NULL), ERR_OK);
		assert_int_equal(number, all ? 2 : 1);
		settle(towns);
		assert_seen(towns, all ? "2 meissen" : "1 meissen");
		towns_close(towns);
	}
}

/* Who holds another good line publishes by that when the first one ends. */
static void another_line_takes_the_place(void **state)
{
	struct towns *towns = towns_open(6, 3);
	struct digest first = give(towns->a, towns->b, VERB_WRITE, 2 * YEAR_MS, KEEPING_NONE);
	give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_NONE);
	settle(towns);
	assert_int_equal(publish(towns->b, 1, NULL, NULL), ERR_OK);
	settle(towns);
	end(towns->a, &first);
	settle(towns);
	assert_seen(towns, "1 radebeul");
	towns_close(towns);
}

/* What comes while the owner is away is not taken over, whatever comes first when it is back. */
static void what_came_with_the_end_is_not_taken(void **state)
{
	struct towns *towns = towns_open(7, 3);
	struct digest id = give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	settle(towns);
	assert_int_equal(publish(towns->b, 1, NULL, NULL), ERR_OK);
	settle(towns);
	/* The owner ends it, and what the writer said before has not come yet. */
	sim_cut(towns->b, true);
	sim_call(towns->b, call_forge, &(struct forge){9, 0});
	sim_run(&towns->sim, 5000, NULL, NULL);
	end(towns->a, &id);
	sim_run(&towns->sim, 120000, NULL, NULL);
	sim_cut(towns->b, false);
	settle(towns);
	assert_seen(towns, "1 meissen of radebeul");
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
	ask->err = withdrawal_make(hub, txn, LISTE, "falsch", ask->erase, ask->others, &view,
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
	give(towns->a, towns->b, VERB_WRITE, YEAR_MS, KEEPING_CURRENT);
	settle(towns);
	assert_int_equal(publish(towns->a, 1, NULL, NULL), ERR_OK);
	settle(towns);
	assert_int_equal(publish(towns->b, 2, NULL, NULL), ERR_OK);
	settle(towns);
	assert_seen(towns, "2 radebeul");
	assert_int_equal(withdraw(towns->m, false, true), ERR_DENIED);
	struct digest admin = give(towns->a, towns->m, VERB_ADMIN, YEAR_MS, KEEPING_CURRENT);
	settle(towns);
	assert_int_equal(withdraw(towns->m, true, true), ERR_OK);
	settle(towns);
	assert_seen(towns, "1 meissen");
	/* It stays withdrawn when the administrator is none any more. */
	end(towns->a, &admin);
	settle(towns);
	assert_seen(towns, "1 meissen");
	assert_true(sim_held(towns->a, LISTE, 1));
	/* What is next goes behind it. */
	uint64_t number;
	assert_int_equal(publish(towns->b, 3, &number, NULL), ERR_OK);
	assert_int_equal(number, 3);
	settle(towns);
	assert_seen(towns, "3 radebeul");
	/* A writer withdraws its own, the owner everybody's. */
	assert_int_equal(withdraw(towns->b, false, false), ERR_OK);
	settle(towns);
	assert_seen(towns, "1 meissen");
	assert_int_equal(withdraw(towns->a, true, false), ERR_OK);
	settle(towns);
	assert_seen(towns, "none");
	assert_int_equal(publish(towns->a, 4, &number, NULL), ERR_OK);
	assert_int_equal(number, 2);
	settle(towns);
	assert_seen(towns, "2 meissen");
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_writer_and_the_owner_take_turns),
		cmocka_unit_test(what_was_written_stays_and_nothing_else),
		cmocka_unit_test(void_versions_stay_void),
		cmocka_unit_test(who_renews_hears_what_wakes),
		cmocka_unit_test(who_lifts_hears_what_wakes),
		cmocka_unit_test(a_right_that_runs_out_leaves_no_gap),
		cmocka_unit_test(a_number_at_the_end_blocks_for_a_while),
		cmocka_unit_test(another_line_takes_the_place),
		cmocka_unit_test(what_came_with_the_end_is_not_taken),
		cmocka_unit_test(administrators_withdraw_others),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("foreign", tests, NULL, NULL);
}
