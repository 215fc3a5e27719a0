/* Stewards who sign twice: everybody freezes, the work goes on, and the members settle it. */
#include "test/sim/council.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/charter/charter_entry.h"
#include "proto/hub/hub.h"
#include "proto/sync/fork.h"

static const int64_t day_ms = 24 * 3600 * (int64_t)1000;

/* Two entries 7: Meißen, Radebeul and Riesa have signed both. */
struct fork {
	struct council_entry one, other;
};

static void fork_make(struct fork *fork, struct council *council, struct sim_node *at)
{
	council_entry_init(&fork->one, 2, 7);
	council_stewards(&fork->one, 7);
	council_sign(council, &fork->one, at);
	council_entry_init(&fork->other, 1, 7);
	council_stewards(&fork->other, 1);
	council_sign(council, &fork->other, at);
}

static void fork_end(struct fork *fork)
{
	council_entry_fini(&fork->one);
	council_entry_fini(&fork->other);
}

/* An entry that changes nothing, by Meißen and Radebeul. */
static void go_on(struct council *council, struct sim_node *at)
{
	struct council_entry entry;
	council_entry_init(&entry, at->hub->charter.threshold, 7);
	council_sign(council, &entry, at);
	assert_int_equal(council_hand(at, &entry), ERR_OK);
	council_entry_fini(&entry);
}

struct reach {
	struct sim_node *node;
	uint32_t number;
	const struct digest *id; /* NULL: any */
};

static bool is_reached(struct sim *sim, void *arg)
{
	const struct reach *reach = arg;
	const struct charter *charter = &reach->node->hub->charter;
	return charter->number == reach->number &&
	       (!reach->id || id_eq(&charter->entry_id, reach->id));
}

/* One node comes to have this entry as its latest. */
static void reaches(struct sim_node *node, uint32_t number, const struct digest *id)
{
	struct reach reach = {node, number, id};
	assert_true(sim_run(node->sim, 300000, is_reached, &reach));
}

struct seen {
	size_t count;
	struct fork_branch branches[4];
};

static void call_branches(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct seen *seen = arg;
	seen->count = fork_branches(hub, txn, seen->branches, 4);
}

static void assert_evidence(struct council *council)
{
	for (unsigned i = 0; i < COUNCIL_COUNT; i++) {
		struct sim_node *town = council->towns[i];
		struct seen seen;
		assert_int_equal(sim_status(town).frozen_number, 7);
		assert_true(sim_call(town, call_branches, &seen));
		assert_int_equal(seen.count, 2);
		for (unsigned k = 0; k < 2; k++)
			assert_non_null(strstr(seen.branches[k].words, "Stadt Radebeul"));
		assert_true(strstr(seen.branches[0].words, "names 3 stewards") ||
			    strstr(seen.branches[1].words, "names 3 stewards"));
		assert_true(town->note_counts[NOTE_EVIDENCE] > 0);
	}
}

/* A settlement that makes one branch count, signed by three who are no stewards of it alone. */
static void settle(struct council *council, struct council_entry *entry, struct sim_node *at,
		   const struct digest *branch)
{
	council_entry_init(entry, 0, 7 << 2 | 3);
	council_settle(council, entry, at, branch);
	assert_int_equal(council_hand(at, entry), ERR_OK);
}

static void all_freeze_and_work_goes_on(void **state)
{
	struct council *council = council_open(1);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct council_entry third, settlement;
	struct fork fork;
	fork_make(&fork, council, a);
	assert_int_equal(council_hand(a, &fork.one), ERR_OK);
	assert_int_equal(council_hand(e, &fork.other), ERR_OK);
	council_until(council, 6, true, NULL);
	assert_evidence(council);
	council_works(a, e, "meissen/plan");
	/* Neither of them counts any more, nor does a third one. */
	council_entry_init(&third, 3, 31);
	council_sign(council, &third, a);
	assert_int_equal(council_hand(a, &third), ERR_BUSY);
	assert_int_equal(council_hand(a, &fork.one), ERR_EXISTS);
	council_entry_fini(&third);
	/* It stays so after a start. */
	sim_stop(e);
	sim_start(e);
	council_until(council, 6, true, NULL);
	/* Two of five members are too few to settle. */
	council_entry_init(&settlement, 0, 3);
	council_settle(council, &settlement, a, &fork.other.id);
	assert_int_equal(council_hand(a, &settlement), ERR_DENIED);
	council_entry_fini(&settlement);
	settle(council, &settlement, a, &fork.one.id);
	council_until(council, 7, false, &settlement.id);
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		assert_int_equal(council->towns[i]->hub->charter.steward_count, 3);
	go_on(council, a);
	council_until(council, 8, false, NULL);
	council_works(e, a, "nossen/plan");
	council_entry_fini(&settlement);
	fork_end(&fork);
	council_close(council);
}

/* Each side of a partition has a charter of its own for a while, and goes on with it. */
static void two_sides(void **state)
{
	struct council *council = council_open(2);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct council_entry settlement;
	struct fork fork;
	fork_make(&fork, council, a);
	council_part(council, 3);
	assert_int_equal(council_hand(a, &fork.one), ERR_OK);
	assert_int_equal(council_hand(e, &fork.other), ERR_OK);
	sim_run(&council->sim, 20000, NULL, NULL);
	go_on(council, a);
	go_on(council, a);
	go_on(council, e);
	sim_run(&council->sim, 20000, NULL, NULL);
	reaches(council->towns[1], 9, NULL);
	reaches(council->towns[2], 8, NULL);
	council_part(council, 0);
	council_until(council, 6, true, NULL);
	assert_evidence(council);
	settle(council, &settlement, e, NULL);
	council_until(council, 7, false, &settlement.id);
	assert_int_equal(a->hub->charter.steward_count, 5);
	council_entry_fini(&settlement);
	fork_end(&fork);
	council_close(council);
}

/* Whoever was away on a branch comes back months after it was settled. */
static void late_returner(void **state)
{
	struct council *council = council_open(3);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct council_entry settlement;
	struct fork fork;
	fork_make(&fork, council, a);
	council_part(council, 16);
	assert_int_equal(council_hand(e, &fork.other), ERR_OK);
	go_on(council, e);
	sim_stop(e);
	council_part(council, 0);
	assert_int_equal(council_hand(a, &fork.one), ERR_OK);
	assert_int_equal(council_hand(a, &fork.other), ERR_OK);
	council_until(council, 6, true, NULL);
	settle(council, &settlement, a, &fork.one.id);
	council_until(council, 7, false, &settlement.id);
	go_on(council, a);
	go_on(council, a);
	council_until(council, 9, false, NULL);
	for (unsigned i = 0; i < 4; i++)
		sim_stop(council->towns[i]);
	sim_run(&council->sim, 150 * day_ms, NULL, NULL);
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		sim_start(council->towns[i]);
	council_until(council, 9, false, &a->hub->charter.entry_id);
	assert_int_equal(sim_status(e).state, MEMBERSHIP_MEMBER);
	council_works(e, a, "nossen/heimkehr");
	council_entry_fini(&settlement);
	fork_end(&fork);
	council_close(council);
}

/* Keys of stewards of long ago can not undo what has been decided since. */
static void old_keys_undo_nothing(void **state)
{
	struct council *council = council_open(4);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct fork fork;
	fork_make(&fork, council, a);
	assert_int_equal(council_hand(a, &fork.one), ERR_OK);
	council_until(council, 7, false, &fork.one.id);
	go_on(council, a);
	council_until(council, 8, false, NULL);
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		sim_stop(council->towns[i]);
	sim_run(&council->sim, 100 * day_ms, NULL, NULL);
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		sim_start(council->towns[i]);
	assert_int_equal(council_hand(e, &fork.other), ERR_EXISTS);
	assert_int_equal(e->note_counts[NOTE_EVIDENCE], 1);
	/* It is told once. */
	assert_int_equal(council_hand(e, &fork.other), ERR_EXISTS);
	assert_int_equal(e->note_counts[NOTE_EVIDENCE], 1);
	council_until(council, 8, false, NULL);
	council_works(a, e, "meissen/weiter");
	fork_end(&fork);
	council_close(council);
}

/* Months on a branch of which nobody else knew: it takes the charter of the many. */
static void who_was_away_follows_the_many(void **state)
{
	struct council *council = council_open(9);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct fork fork;
	fork_make(&fork, council, a);
	council_part(council, 16);
	assert_int_equal(council_hand(e, &fork.other), ERR_OK);
	go_on(council, e);
	sim_stop(e);
	council_part(council, 0);
	assert_int_equal(council_hand(a, &fork.one), ERR_OK);
	go_on(council, a);
	go_on(council, a);
	council_until(council, 9, false, NULL);
	for (unsigned i = 0; i < 4; i++)
		sim_stop(council->towns[i]);
	sim_run(&council->sim, 150 * day_ms, NULL, NULL);
	/* Two of five are not enough. */
	sim_start(e);
	sim_start(council->towns[0]);
	sim_start(council->towns[1]);
	sim_run(&council->sim, 600000, NULL, NULL);
	assert_int_equal(e->hub->charter.number, 8);
	assert_int_equal(a->hub->charter.number, 9);
	sim_start(council->towns[2]);
	sim_start(council->towns[3]);
	council_until(council, 9, false, &a->hub->charter.entry_id);
	council_works(e, a, "nossen/wieder");
	fork_end(&fork);
	council_close(council);
}

/* One node was shown the other entry in time, and nobody else was: it is not shut out for ever. */
static void who_froze_alone_follows_the_many(void **state)
{
	struct council *council = council_open(12);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct fork fork;
	fork_make(&fork, council, a);
	assert_int_equal(council_hand(a, &fork.one), ERR_OK);
	council_until(council, 7, false, &fork.one.id);
	council_part(council, 16);
	assert_int_equal(council_hand(e, &fork.other), ERR_OK);
	assert_true(e->hub->charter.frozen);
	go_on(council, a);
	reaches(council->towns[3], 8, NULL);
	sim_stop(e);
	council_part(council, 0);
	for (unsigned i = 0; i < 4; i++)
		sim_stop(council->towns[i]);
	sim_run(&council->sim, 150 * day_ms, NULL, NULL);
	/* Two of five are not enough. */
	sim_start(e);
	sim_start(council->towns[0]);
	sim_start(council->towns[1]);
	sim_run(&council->sim, 600000, NULL, NULL);
	assert_true(e->hub->charter.frozen);
	sim_start(council->towns[2]);
	sim_start(council->towns[3]);
	council_until(council, 8, false, &a->hub->charter.entry_id);
	council_works(e, a, "nossen/tauwetter");
	fork_end(&fork);
	council_close(council);
}

struct before_call {
	struct council_entry *entry;
	const struct key *seed;
};

/* A settlement of number 2, when Meißen was the only member. */
static void call_settle_2(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct before_call *call = arg;
	struct council_entry *entry = call->entry;
	struct charter before;
	struct charter_vote vote;
	assert_int_equal(charter_load_before(txn, &before, 2), ERR_OK);
	council_change(entry, CHARTER_SETTLE);
	assert_int_equal(charter_payload_make(&entry->payload, &before, NULL, now_ms, 1,
					      entry->changes, entry->count),
			 ERR_OK);
	charter_vote(&vote, &before, 1, call->seed, buf_bytes(&entry->payload));
	charter_entry_make(&entry->whole, buf_bytes(&entry->payload), &vote, 1);
	charter_fini(&before);
}

/*
 * Nobody goes below what was seen long ago: the founder alone was once more than half of the
 * members.
 */
static void the_founder_alone_undoes_nothing(void **state)
{
	struct council *council = council_open(7);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct council_entry entry;
	struct key seed;
	struct before_call call = {&entry, &seed};
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		sim_stop(council->towns[i]);
	sim_run(&council->sim, 100 * day_ms, NULL, NULL);
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		sim_start(council->towns[i]);
	council_entry_init(&entry, 1, 1);
	assert_int_equal(identity_root_sign_seed(&seed, &a->identity), ERR_OK);
	assert_true(sim_call(a, call_settle_2, &call));
	assert_int_equal(council_hand(e, &entry), ERR_EXISTS);
	council_until(council, 6, false, NULL);
	assert_int_equal(e->hub->charter.member_count, 5);
	key_wipe(&seed);
	council_entry_fini(&entry);
	council_close(council);
}

/* ---- one member number, two organisations ---- */

static bool is_lost(struct sim *sim, void *arg)
{
	return sim_status(arg).state == MEMBERSHIP_FORMER;
}

static bool is_member(struct sim *sim, void *arg)
{
	const struct membership_status status = sim_status(arg);
	return status.state == MEMBERSHIP_MEMBER && status.has_federation_key;
}

struct disputed_call {
	uint32_t author;
	bool disputed;
};

static void call_disputed(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct disputed_call *call = arg;
	struct author_state state;
	call->disputed =
		ledger_state(&hub->ledger, txn, call->author, &state) == ERR_OK && state.disputed;
}

static bool is_disputed(struct sim_node *node, uint32_t author)
{
	struct disputed_call call = {.author = author};
	assert_true(sim_call(node, call_disputed, &call));
	return call.disputed;
}

static void publish(struct sim_node *node, const char *path, struct sim_node *holder)
{
	struct buf content = sim_content(9, 60000);
	struct sim_held_wait wait = {.node = holder, .path = path};
	assert_int_equal(sim_publish(node, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	sim_run(node->sim, 20000, NULL, NULL);
	assert_int_equal(sim_want(holder, path, 0), ERR_OK);
	assert_true(sim_run(node->sim, 60000, sim_is_held, &wait));
	sim_assert_reads(holder, path, 0, buf_bytes(&content));
	buf_fini(&content);
}

/*
 * Meißen alone admits, its store is restored from yesterday, and it admits another one. What the
 * loser has published under the number that is another's now is gone everywhere.
 */
static void a_restored_steward_admits_twice(void **state)
{
	struct council *council = council_open(8);
	struct sim_node *a = council->towns[0], *b = council->towns[1], *c = council->towns[2];
	struct sim_node *x = sim_add(&council->sim, "Stadt Strehla", "strehla", "14627270");
	struct sim_node *y = sim_add(&council->sim, "Stadt Gröditz", "groeditz", "14627060");
	struct council_entry alone, settlement;
	struct seen seen;
	council_entry_init(&alone, 1, 7);
	council_stewards(&alone, 1);
	council_sign(council, &alone, a);
	assert_int_equal(council_hand(a, &alone), ERR_OK);
	council_until(council, 7, false, NULL);
	sim_stop(a);
	sim_backup(a);
	y->side = 1;
	council_part(council, 28);
	sim_start(a);
	sim_join(a, x);
	assert_true(sim_run(&council->sim, 120000, is_member, x));
	publish(x, "strehla/daten", b);
	sim_stop(a);
	sim_restore(a);
	council_part(council, 29);
	sim_start(a);
	/* By itself it would sign nothing before others have shown it what it has said. */
	sim_confirm(a);
	sim_join(a, y);
	assert_true(sim_run(&council->sim, 120000, is_member, y));
	publish(y, "groeditz/daten", c);
	assert_int_equal(x->hub->author, y->hub->author);
	x->side = y->side = 0;
	council_part(council, 0);
	/*
	 * Meißen has signed heads twice as well, as its store is that of yesterday. Both are out
	 * for a while.
	 */
	assert_true(sim_run(&council->sim, 600000, is_lost, x));
	assert_true(sim_run(&council->sim, 600000, is_lost, y));
	assert_non_null(strstr(sim_status(x).why, "does not count"));
	sim_run(&council->sim, 60000, NULL, NULL);
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		assert_int_equal(sim_status(council->towns[i]).frozen_number, 8);
	assert_true(sim_call(c, call_branches, &seen));
	assert_int_equal(seen.count, 2);
	unsigned of_y = strstr(seen.branches[0].words, "groeditz") ? 0 : 1;
	settle(council, &settlement, c, &seen.branches[of_y].id);
	assert_true(sim_run(&council->sim, 900000, is_member, y));
	assert_true(sim_run(&council->sim, 900000, is_lost, x));
	for (unsigned i = 0; i < COUNCIL_COUNT; i++)
		reaches(council->towns[i], 8, &settlement.id);
	/* What it has signed since is of another incarnation, and contradicts nothing. */
	assert_false(is_disputed(b, a->hub->author));
	publish(y, "groeditz/mehr", b);
	struct buf got;
	buf_init(&got, 100000);
	assert_int_equal(sim_read(b, "strehla/daten", 0, &got), ERR_ABSENT);
	buf_fini(&got);
	sim_run(&council->sim, 60000, NULL, NULL);
	sim_audit(b);
	council_entry_fini(&alone);
	council_entry_fini(&settlement);
	council_close(council);
}

/* Two settlements: every node comes to the same one, whichever it met first. */
static void two_settlements(void **state)
{
	struct council *council = council_open(5);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct council_entry one, other;
	struct fork fork;
	fork_make(&fork, council, a);
	assert_int_equal(council_hand(a, &fork.one), ERR_OK);
	assert_int_equal(council_hand(e, &fork.other), ERR_OK);
	council_until(council, 6, true, NULL);
	council_part(council, 3);
	settle(council, &one, a, &fork.one.id);
	settle(council, &other, e, &fork.other.id);
	reaches(council->towns[1], 7, &one.id);
	reaches(council->towns[2], 7, &other.id);
	council_part(council, 0);
	council_until(council, 7, false,
		      memcmp(one.id.b, other.id.b, ID_LEN) < 0 ? &one.id : &other.id);
	council_entry_fini(&one);
	council_entry_fini(&other);
	fork_end(&fork);
	council_close(council);
}

/* Two of five stewards are away: the others decide, and they hear of it when they are back. */
static void three_of_five_decide(void **state)
{
	struct council *council = council_open(10);
	struct council_entry entry;
	sim_stop(council->towns[3]);
	sim_stop(council->towns[4]);
	for (unsigned voters = 3; voters <= 7; voters += 4) {
		council_entry_init(&entry, 2, voters);
		council_stewards(&entry, 7);
		council_sign(council, &entry, council->towns[0]);
		assert_int_equal(council_hand(council->towns[1], &entry),
				 voters == 7 ? ERR_OK : ERR_DENIED);
		if (voters < 7)
			council_entry_fini(&entry);
	}
	council_until(council, 7, false, &entry.id);
	sim_start(council->towns[3]);
	sim_start(council->towns[4]);
	council_until(council, 7, false, &entry.id);
	assert_false(charter_is_steward(&council->towns[4]->hub->charter, 5));
	council_entry_fini(&entry);
	council_close(council);
}

/* Whichever store call fails while a node learns of the second entry, it comes to the same. */
static void freezing_survives_a_failing_store(void **state)
{
	bool struck = true;
	for (uint64_t n = 1; struck; n += 3) {
		struct council *council = council_open(11);
		struct sim_node *a = council->towns[0], *e = council->towns[4];
		struct fork fork;
		fork_make(&fork, council, a);
		council_part(council, 16);
		assert_int_equal(council_hand(e, &fork.one), ERR_OK);
		go_on(council, e);
		assert_int_equal(council_hand(a, &fork.other), ERR_OK);
		sim_run(&council->sim, 5000, NULL, NULL);
		struct council_hand hand = {.entry = &fork.other};
		sim_fault(e, n, ERR_IO);
		sim_call(e, council_hand_call, &hand);
		struck = sim_fault_struck(e);
		sim_fault(e, 0, ERR_OK);
		assert_int_equal(e->hub->charter.number, struck ? 8 : 6);
		assert_int_equal(e->hub->charter.frozen, !struck);
		council_part(council, 0);
		council_until(council, 6, true, NULL);
		assert_evidence(council);
		fork_end(&fork);
		council_close(council);
	}
}

/* Too many stewards have lost their keys: the members name others. */
static void members_name_stewards(void **state)
{
	struct council *council = council_open(6);
	struct sim_node *d = council->towns[3];
	struct council_entry settlement;
	council_entry_init(&settlement, 2, 7 << 2);
	council_stewards(&settlement, 7 << 2);
	council_settle(council, &settlement, d, NULL);
	assert_int_equal(council_hand(d, &settlement), ERR_OK);
	council_until(council, 7, false, &settlement.id);
	assert_false(charter_is_steward(&d->hub->charter, 1));
	assert_true(charter_is_steward(&d->hub->charter, 5));
	council_entry_fini(&settlement);
	council_close(council);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_freeze_and_work_goes_on),
		cmocka_unit_test(two_sides),
		cmocka_unit_test(late_returner),
		cmocka_unit_test(old_keys_undo_nothing),
		cmocka_unit_test(who_was_away_follows_the_many),
		cmocka_unit_test(who_froze_alone_follows_the_many),
		cmocka_unit_test(the_founder_alone_undoes_nothing),
		cmocka_unit_test(a_restored_steward_admits_twice),
		cmocka_unit_test(three_of_five_decide),
		cmocka_unit_test(freezing_survives_a_failing_store),
		cmocka_unit_test(two_settlements),
		cmocka_unit_test(members_name_stewards),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("membership_fork", tests, NULL, NULL);
}
