/* Grants that are ended: by whom, what falls with them, and what stays. */
#include "test/sim/towns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/check.h"
#include "crypto/selftest.h"
#include "proto/catalog/granting.h"
#include "proto/catalog/revoking.h"
#include "proto/catalog/unheard.h"
#include "proto/ledger/bar.h"
#include "proto/rights/epoch_wraps.h"

#define KITA "meissen/kita/plaetze"

/* ---- what people do ---- */

struct give {
	struct grant_terms terms;
	struct digest id;
	char name[GRANT_NAME_LEN + 1];
	enum err err;
	char why[WHY_LEN];
};

static void call_give(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct give *give = arg;
	give->err = grants_give(hub, txn, &give->terms, &give->id, give->why);
	if (!give->err)
		grant_name(give->name, &give->id);
}

static struct give gives(struct sim_node *from, struct sim_node *to, const char *prefix,
			 enum verb verb, uint32_t depth)
{
	struct give give = {.terms = {.prefix = prefix,
				      .to = to->identity.slug,
				      .verb = verb,
				      .depth = depth,
				      .keep = KEEPING_CURRENT,
				      .again = true}};
	assert_true(sim_call(from, call_give, &give));
	assert_int_equal(give.err, ERR_OK);
	return give;
}

struct fallen {
	unsigned count, below;
	bool reads_on;
	uint64_t versions;
};

struct revoke {
	struct revoke_terms terms;
	bool yes;
	struct fallen fallen;
	unsigned unheard;
	enum err err;
	char why[WHY_LEN];
};

static bool loss_count(void *arg, const struct loss *loss)
{
	struct fallen *fallen = arg;
	fallen->count++;
	fallen->below += loss->below;
	fallen->reads_on |= loss->after >= VERB_READ;
	fallen->versions += loss->versions;
	return true;
}

static void call_revoke(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct revoke *revoke = arg;
	struct revocation revocation;
	uint32_t number = 0;
	int64_t since_ms;
	bool met;
	revoke->fallen = (struct fallen){0};
	revoke->err = revocation_plan(&revocation, hub, txn, &revoke->terms, revoke->why);
	if (!revoke->err)
		revocation_losses(&revocation, loss_count, &revoke->fallen);
	if (!revoke->err && revoke->yes)
		revoke->err = revocation_do(&revocation, revoke->why);
	revocation_fini(&revocation);
	revoke->unheard = 0;
	while (unheard_next(hub, txn, &number, &since_ms, &met))
		revoke->unheard++;
}

static struct revoke revokes(struct sim_node *node, struct revoke revoke)
{
	assert_true(sim_call(node, call_revoke, &revoke));
	return revoke;
}

static struct revoke ends(struct sim_node *node, const char *grant)
{
	return revokes(node, (struct revoke){.terms = {.grant = grant}, .yes = true});
}

struct right {
	const struct org_id *org;
	const char *path;
	enum verb verb;
};

static void call_right(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct right *right = arg;
	right->verb = rights_of(hub, txn, right->org, bytes_str(right->path));
}

/* What `who` may at a path, as `at` sees it. */
static enum verb right_of(struct sim_node *at, struct sim_node *who, const char *path)
{
	struct right right = {.org = &who->identity.org, .path = path};
	assert_true(sim_call(at, call_right, &right));
	return right.verb;
}

static void settle(struct towns *towns)
{
	assert_true(sim_run(&towns->sim, 120000, sim_agree, NULL));
	sim_run(&towns->sim, 5000, NULL, NULL);
}

static void publishes(struct sim_node *node, const char *path, uint64_t content)
{
	struct buf bytes = sim_content(content, 60000);
	assert_int_equal(sim_publish(node, path, TIER_GRANTED, buf_bytes(&bytes)), ERR_OK);
	buf_fini(&bytes);
}

/* ---- one grant ---- */

/* The preview tells, and changes nothing; then it ends everywhere, and what was read stays. */
static void a_grant_ends_everywhere(void **state)
{
	struct towns *towns = towns_open(21, 3);
	publishes(towns->a, KITA, 1);
	assert_int_equal(sim_subscribe(towns->b, "**"), ERR_OK);
	struct give give = gives(towns->a, towns->b, "meissen/kita", VERB_READ, 0);
	towns_held(towns->b, KITA, 1);
	settle(towns);
	struct revoke preview = revokes(towns->a, (struct revoke){.terms = {.grant = give.name}});
	assert_int_equal(preview.err, ERR_OK);
	assert_int_equal(preview.fallen.count, 1);
	assert_int_equal(preview.fallen.below, 0);
	assert_int_equal(preview.fallen.versions, 1);
	assert_int_equal(preview.unheard, 0);
	assert_int_equal(right_of(towns->m, towns->b, KITA), VERB_READ);
	struct revoke done = ends(towns->a, give.name);
	assert_int_equal(done.err, ERR_OK);
	assert_int_equal(done.unheard, 2);
	assert_int_equal(right_of(towns->a, towns->b, KITA), VERB_NONE);
	settle(towns);
	assert_int_equal(right_of(towns->m, towns->b, KITA), VERB_NONE);
	assert_int_equal(right_of(towns->b, towns->b, KITA), VERB_NONE);
	publishes(towns->a, KITA, 2);
	settle(towns);
	assert_int_equal(sim_want(towns->b, KITA, 2), ERR_DENIED);
	struct buf first = sim_content(1, 60000);
	sim_assert_reads(towns->b, KITA, 1, buf_bytes(&first));
	buf_fini(&first);
	/* For good: it has ended already, and another grant is another one. */
	assert_int_equal(ends(towns->a, give.name).err, ERR_EXISTS);
	gives(towns->a, towns->b, "meissen/kita", VERB_READ, 0);
	settle(towns);
	assert_int_equal(right_of(towns->m, towns->b, KITA), VERB_READ);
	towns_close(towns);
}

/* Whoever was away has not heard, and is named until it has. */
static void who_was_away_is_named_until_it_has_heard(void **state)
{
	struct towns *towns = towns_open(22, 3);
	struct give give = gives(towns->a, towns->b, "meissen/kita", VERB_READ, 0);
	settle(towns);
	sim_cut(towns->m, true);
	sim_run(&towns->sim, 60000, NULL, NULL);
	assert_int_equal(ends(towns->a, give.name).err, ERR_OK);
	sim_run(&towns->sim, 300000, NULL, NULL);
	struct revoke look = revokes(towns->a, (struct revoke){.terms = {.from = "dresden"}});
	assert_int_equal(look.unheard, 1);
	/* It goes on as before, as it cannot know. */
	assert_int_equal(right_of(towns->m, towns->b, KITA), VERB_READ);
	sim_cut(towns->m, false);
	settle(towns);
	sim_run(&towns->sim, 180000, NULL, NULL);
	look = revokes(towns->a, (struct revoke){.terms = {.from = "dresden"}});
	assert_int_equal(look.unheard, 0);
	assert_int_equal(right_of(towns->m, towns->b, KITA), VERB_NONE);
	towns_close(towns);
}

/* ---- through several hands ---- */

/* What was handed on falls with it; a grant of one's own gives it again. */
static void what_rests_on_it_falls(void **state)
{
	struct towns *towns = towns_open(23, 3);
	struct give first = gives(towns->a, towns->b, "meissen", VERB_ADMIN, 3);
	settle(towns);
	gives(towns->b, towns->m, "meissen/kita", VERB_READ, 0);
	settle(towns);
	assert_int_equal(right_of(towns->a, towns->m, KITA), VERB_READ);
	struct revoke preview = revokes(towns->a, (struct revoke){.terms = {.grant = first.name}});
	assert_int_equal(preview.fallen.count, 2);
	assert_int_equal(preview.fallen.below, 1);
	assert_int_equal(ends(towns->a, first.name).err, ERR_OK);
	settle(towns);
	assert_int_equal(right_of(towns->m, towns->m, KITA), VERB_NONE);
	/* Who has lost it hands nothing on; its old line stays dead when it is granted again. */
	gives(towns->a, towns->b, "meissen", VERB_ADMIN, 3);
	settle(towns);
	assert_int_equal(right_of(towns->a, towns->m, KITA), VERB_NONE);
	gives(towns->a, towns->m, "meissen/kita", VERB_READ, 0);
	settle(towns);
	assert_int_equal(right_of(towns->b, towns->m, KITA), VERB_READ);
	towns_close(towns);
}

/* Somebody above bars one grant by its name, and nothing else. */
static void one_below_is_barred_by_its_name(void **state)
{
	struct towns *towns = towns_open(24, 3);
	gives(towns->a, towns->b, "meissen", VERB_READ, 3);
	settle(towns);
	struct give one = gives(towns->b, towns->m, "meissen/kita", VERB_READ, 0);
	gives(towns->b, towns->m, "meissen/bau", VERB_READ, 0);
	settle(towns);
	/* Who has no hand in it cannot, and hears who can. */
	struct revoke refused = ends(towns->m, one.name);
	assert_int_equal(refused.err, ERR_DENIED);
	assert_non_null(strstr(refused.why, "Mei"));
	assert_non_null(strstr(refused.why, "Radebeul"));
	assert_int_equal(ends(towns->a, one.name).err, ERR_OK);
	settle(towns);
	assert_int_equal(right_of(towns->m, towns->m, KITA), VERB_NONE);
	assert_int_equal(right_of(towns->m, towns->m, "meissen/bau/x"), VERB_READ);
	assert_int_equal(ends(towns->a, one.name).err, ERR_EXISTS);
	towns_close(towns);
}

/* ---- everything ---- */

static void call_lift(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	char why[WHY_LEN];
	size_t count;
	*(enum err *)arg = revocation_lift(hub, txn, "malwine", NULL, false, &count, why);
}

static void all_of_one_ends_and_stays_barred(void **state)
{
	struct towns *towns = towns_open(25, 3);
	struct revoke all = {.terms = {.from = "malwine"}, .yes = true};
	gives(towns->a, towns->b, "meissen", VERB_READ, 3);
	gives(towns->a, towns->m, "meissen/kita", VERB_READ, 0);
	settle(towns);
	gives(towns->b, towns->m, "meissen/bau", VERB_READ, 0);
	settle(towns);
	all = revokes(towns->a, all);
	assert_int_equal(all.err, ERR_OK);
	assert_int_equal(all.fallen.count, 2);
	settle(towns);
	assert_int_equal(right_of(towns->m, towns->m, KITA), VERB_NONE);
	assert_int_equal(right_of(towns->m, towns->m, "meissen/bau/x"), VERB_NONE);
	/* A new one through somebody else gives nothing either; one's own does. */
	gives(towns->b, towns->m, "meissen/bau", VERB_READ, 0);
	settle(towns);
	assert_int_equal(right_of(towns->b, towns->m, "meissen/bau/x"), VERB_NONE);
	gives(towns->a, towns->m, "meissen/bau/x", VERB_READ, 0);
	settle(towns);
	assert_int_equal(right_of(towns->b, towns->m, "meissen/bau/x/y"), VERB_READ);
	assert_int_equal(right_of(towns->b, towns->m, "meissen/bau/y"), VERB_NONE);
	enum err err;
	assert_true(sim_call(towns->a, call_lift, &err));
	assert_int_equal(err, ERR_OK);
	settle(towns);
	assert_int_equal(right_of(towns->m, towns->m, "meissen/bau/y"), VERB_READ);
	assert_true(sim_call(towns->a, call_lift, &err));
	assert_int_equal(err, ERR_ABSENT);
	towns_close(towns);
}

static void nobody_is_shut_out_of_a_part(void **state)
{
	struct towns *towns = towns_open(26, 3);
	gives(towns->a, towns->m, "meissen", VERB_READ, 0);
	settle(towns);
	struct revoke part = {.terms = {.from = "malwine", .below = "meissen/kita"}, .yes = true};
	part = revokes(towns->a, part);
	assert_int_equal(part.err, ERR_DENIED);
	assert_non_null(strstr(part.why, "shut out of a part"));
	assert_int_equal(right_of(towns->a, towns->m, KITA), VERB_READ);
	/* What covers the path and came through another is gone with it. */
	struct revoke whole = {.terms = {.from = "malwine"}, .yes = true};
	assert_int_equal(revokes(towns->a, whole).err, ERR_OK);
	gives(towns->a, towns->b, "meissen", VERB_READ, 3);
	settle(towns);
	gives(towns->b, towns->m, "meissen", VERB_READ, 0);
	settle(towns);
	assert_int_equal(right_of(towns->a, towns->m, "meissen/bau"), VERB_NONE);
	towns_close(towns);
}

/* How many elements a node has that bar Malwine, and whether one is of a path. */
struct bars_look {
	const struct org_id *org;
	const char *path;
	size_t count;
	bool has;
};

static void call_bars(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct bars_look *look = arg;
	struct record_slot slot = bar_slot(look->org);
	struct bar_list list;
	struct record record;
	struct bar bar;
	assert_int_equal(
		ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), hub->author, &record),
		ERR_OK);
	assert_int_equal(bar_list_get(&list, record.body), ERR_OK);
	look->count = list.left;
	while (bar_list_next(&list, &bar))
		look->has |=
			bar.barred && !bar.has_line && bytes_eq(bar.prefix, bytes_str(look->path));
}

static struct bars_look bars_look(struct sim_node *node, struct sim_node *whom, const char *path)
{
	struct bars_look look = {.org = &whom->identity.org, .path = path};
	assert_true(sim_call(node, call_bars, &look));
	return look;
}

/* Who hands on in the namespace of another bars there too, when all is taken from somebody. */
static void all_of_one_is_barred_where_one_hands_on(void **state)
{
	struct towns *towns = towns_open(28, 3);
	struct revoke all = {.terms = {.from = "malwine"}, .yes = true};
	gives(towns->a, towns->b, "meissen/kita", VERB_READ, 3);
	settle(towns);
	assert_int_equal(revokes(towns->b, all).err, ERR_OK);
	assert_true(bars_look(towns->b, towns->m, "radebeul").has);
	assert_true(bars_look(towns->b, towns->m, "meissen").has);
	assert_int_equal(bars_look(towns->b, towns->m, "").count, 2);
	towns_close(towns);
}

/* As many as there is room for, as whoever has one of the owner's machines can say them. */
static void call_fill(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	const struct org_id *org = arg;
	struct record_slot slot = bar_slot(org);
	struct bar *bars = mem_new(BAR_COUNT_MAX, sizeof(*bars));
	struct buf body;
	for (uint32_t i = 0; i < BAR_COUNT_MAX; i++) {
		bars[i] = (struct bar){.prefix = bytes_str("meissen/x"), .barred = i % 2};
		if (i % 4 == 0)
			bars[i] = (struct bar){.has_line = true, .barred = true};
		be32_put(bars[i].nonce, i);
	}
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	bar_list_put(&body, org, bars, BAR_COUNT_MAX);
	assert_int_equal(ledger_append(&hub->ledger, txn, RECORD_BAR, record_slot_bytes(&slot),
				       buf_bytes(&body), NULL, LEDGER_TELL),
			 ERR_OK);
	buf_fini(&body);
	free(bars);
}

/* As the refusal says: higher up there is room. */
static void who_filled_the_bars_hinders_nobody(void **state)
{
	struct towns *towns = towns_open(29, 3);
	struct revoke beside = {.terms = {.from = "malwine", .below = "meissen/y"}, .yes = true};
	struct revoke above = {.terms = {.from = "malwine", .below = "meissen"}, .yes = true};
	sim_call(towns->a, call_fill, (void *)&towns->m->identity.org);
	beside = revokes(towns->a, beside);
	assert_int_equal(beside.err, ERR_OK); /* lines that nobody knows are left out */
	sim_call(towns->a, call_fill, (void *)&towns->m->identity.org);
	assert_int_equal(revokes(towns->a, above).err, ERR_OK);
	struct bars_look look = bars_look(towns->a, towns->m, "meissen");
	assert_true(look.has);
	assert_int_equal(look.count, 1);
	towns_close(towns);
}

/* ---- two against each other ---- */

/* B and M each got the right to hand on from A, and each from the other: they end all they can. */
static void administrators_cannot_duel(void **state)
{
	struct towns *towns = towns_open(27, 3);
	gives(towns->a, towns->b, "meissen", VERB_ADMIN, 5);
	gives(towns->a, towns->m, "meissen", VERB_ADMIN, 5);
	settle(towns);
	gives(towns->b, towns->m, "meissen/kita", VERB_READ, 0);
	gives(towns->m, towns->b, "meissen/kita", VERB_READ, 0);
	settle(towns);
	struct revoke of_m = {.terms = {.from = "malwine"}, .yes = true};
	struct revoke of_b = {.terms = {.from = "radebeul"}, .yes = true};
	revokes(towns->b, of_m);
	revokes(towns->m, of_b);
	settle(towns);
	struct sim_node *all[] = {towns->a, towns->b, towns->m};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(right_of(all[i], towns->b, KITA), VERB_ADMIN);
		assert_int_equal(right_of(all[i], towns->m, KITA), VERB_ADMIN);
	}
	towns_close(towns);
}

/* ---- a copy of before ---- */

static void call_last_epoch(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	*(uint64_t *)arg = epoch_last_at(hub, txn, 1, bytes_str("meissen/kita"));
}

/* The number of the latest key of the folder, as a node knows it. */
static uint64_t last_epoch(struct sim_node *node)
{
	uint64_t number;
	assert_true(sim_call(node, call_last_epoch, &number));
	return number;
}

static void call_own_head(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	assert_int_equal(ledger_state(&hub->ledger, txn, hub->author, arg), ERR_OK);
}

static struct author_state own_state(struct sim_node *node)
{
	struct author_state own = {0};
	assert_true(sim_call(node, call_own_head, &own));
	return own;
}

static enum publish_outcome staged(struct sim_node *node, const char *path)
{
	struct sim_publication p = {
		.node = node,
		.options = {.path = path, .has_tier = true, .tier = TIER_GRANTED},
		.content = bytes_str("neue Plaetze")};
	assert_int_equal(sim_publish_all(&p), ERR_OK);
	return p.outcome;
}

/*
 * The owner's only node is set back to a backup of before an end, and finds nobody: it signs
 * nothing, others go by the end, and when they meet again it does too. No number of a key is used
 * for two keys.
 */
static void a_backup_of_before_an_end_brings_nothing_back(void **state)
{
	struct towns *towns = towns_open(28, 3);
	struct give give = gives(towns->a, towns->m, "meissen/kita", VERB_READ, 0), again;
	gives(towns->a, towns->b, "meissen/kita", VERB_RELAY, 0);
	publishes(towns->a, KITA, 1);
	assert_int_equal(sim_subscribe(towns->m, "**"), ERR_OK);
	assert_int_equal(sim_subscribe_relay(towns->b, "**"), ERR_OK);
	towns_held(towns->m, KITA, 1);
	settle(towns);
	sim_stop(towns->a);
	sim_backup(towns->a);
	sim_start(towns->a);
	settle(towns);
	assert_int_equal(last_epoch(towns->b), 1);
	assert_int_equal(ends(towns->a, give.name).err, ERR_OK);
	publishes(towns->a, KITA, 2);
	towns_held(towns->b, KITA, 2);
	settle(towns);
	assert_int_equal(last_epoch(towns->b), 2);

	sim_stop(towns->a);
	sim_restore(towns->a);
	sim_cut(towns->a, true);
	sim_start(towns->a);
	const struct author_state before = own_state(towns->a);
	sim_run(&towns->sim, 2 * 3600 * 1000, NULL, NULL);
	assert_int_equal(towns->a->hub->signing, SIGNING_WAITS);
	again = (struct give){.terms = {.prefix = "meissen/kita", .to = "malwine"}};
	again.terms.verb = VERB_READ;
	again.terms.again = true;
	assert_true(sim_call(towns->a, call_give, &again));
	assert_int_equal(again.err, ERR_AGAIN);
	assert_int_equal(ends(towns->a, give.name).err, ERR_AGAIN);
	assert_int_equal(staged(towns->a, KITA "-neu"), PUBLISH_WAITS);
	const struct author_state after = own_state(towns->a);
	assert_int_equal(after.counter, before.counter);
	assert_int_equal(after.sequence, before.sequence);
	assert_int_equal(last_epoch(towns->a), 1);
	/* Meanwhile nobody else serves the former reader. */
	assert_int_equal(right_of(towns->b, towns->m, KITA), VERB_NONE);
	assert_int_equal(sim_want(towns->m, KITA, 2), ERR_DENIED);

	sim_cut(towns->a, false);
	settle(towns);
	assert_int_equal(towns->a->hub->signing, SIGNING_YES);
	assert_int_equal(right_of(towns->a, towns->m, KITA), VERB_NONE);
	assert_int_equal(last_epoch(towns->a), 2);
	/* What was staged is sealed under the key of before, which the former reader has. */
	assert_false(sim_held(towns->a, KITA "-neu", 1));
	assert_int_equal(staged(towns->a, KITA "-neu"), PUBLISH_MADE);
	settle(towns);
	struct buf out;
	buf_init(&out, 1000);
	assert_int_equal(sim_read(towns->m, KITA "-neu", 1, &out), ERR_DENIED);
	buf_fini(&out);
	give = gives(towns->a, towns->m, "meissen/kita", VERB_READ, 0);
	settle(towns);
	assert_int_equal(ends(towns->a, give.name).err, ERR_OK);
	settle(towns);
	assert_int_equal(last_epoch(towns->a), 3);
	assert_int_equal(last_epoch(towns->b), 3);
	towns_close(towns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_grant_ends_everywhere),
		cmocka_unit_test(who_was_away_is_named_until_it_has_heard),
		cmocka_unit_test(what_rests_on_it_falls),
		cmocka_unit_test(one_below_is_barred_by_its_name),
		cmocka_unit_test(all_of_one_ends_and_stays_barred),
		cmocka_unit_test(nobody_is_shut_out_of_a_part),
		cmocka_unit_test(all_of_one_is_barred_where_one_hands_on),
		cmocka_unit_test(who_filled_the_bars_hinders_nobody),
		cmocka_unit_test(administrators_cannot_duel),
		cmocka_unit_test(a_backup_of_before_an_end_brings_nothing_back),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("revoke", tests, NULL, NULL);
}
