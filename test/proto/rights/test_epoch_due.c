/*
 * Who reads after a right has ended, who makes which keys, and what others cannot cause.
 */
#include "proto/rights/epochs.h"

#include "proto/rights/epoch_make.h"
#include "proto/rights/fedkeys.h"
#include "proto/rights/handed.h"
#include "proto/rights/world.h"
#include "test/proto/press.h"
#include "test/proto/rights/circle.h"

/* ---- rights that end ---- */

/* Of somebody who read above many epochs: a new one at each, in the turn that ends it. */
static void an_end_by_the_owner_is_followed_at_once(void **state)
{
	enum { BELOW = 20 };
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct epochs_made made;
	struct epochs_cost cost;
	char path[64];
	struct gift gift = circle_give(f, (struct gift){.from = O, .to = C, .prefix = TOP});
	circle_give(f, (struct gift){.from = O, .to = B, .prefix = TOP});
	for (unsigned i = 0; i < BELOW; i++) {
		snprintf(path, sizeof(path), KITA "/p%u", i);
		circle_give(f, (struct gift){.from = O, .to = D, .prefix = path});
	}
	circle_settle(f);
	assert_int_equal(circle_last(f, KITA "/p7"), 1);
	assert_true(circle_opens(f, C, KITA "/p7", 1, KITA "/p7") &&
		    circle_opens(f, D, KITA "/p7", 1, KITA "/p7"));
	epochs_cost(&owner->hub, owner->txn, &f->fed.orgs[C - 1].id, bytes_str(TOP), &cost);
	circle_end(f, gift);
	assert_int_equal(epochs_urgent_now(&owner->hub, owner->txn, &made), ERR_OK);
	assert_int_equal(made.count, BELOW + 1);
	assert_int_equal(made.lost, 0);
	assert_int_equal(cost.epochs, BELOW + 1);
	assert_int_equal(cost.wraps, BELOW + 1);
	assert_int_equal(cost.lost, 0);
	assert_int_equal(circle_last(f, KITA "/p7"), 2);
	circle_settle(f);
	assert_int_equal(circle_last(f, KITA "/p7"), 2);
	assert_int_equal(circle_last(f, TOP), 2);
	assert_false(circle_opens(f, C, TOP, 2, TOP) ||
		     circle_opens(f, C, KITA "/p7", 2, KITA "/p7"));
	/* Who stays opens everything, what was before too. */
	assert_true(circle_opens(f, B, TOP, 2, TOP) &&
		    circle_opens(f, B, KITA "/p7", 2, KITA "/p7"));
	assert_true(circle_opens(f, D, KITA "/p7", 2, KITA "/p7"));
	assert_true(circle_opens(f, B, TOP, 1, TOP) &&
		    circle_opens(f, D, KITA "/p7", 1, KITA "/p7"));
	/* Nothing else is due, and C's wrap is gone. */
	circle_pass(f, 3 * DAY_MS);
	assert_int_equal(circle_last(f, TOP), 2);
	assert_int_equal(circle_records(f, O, RECORD_WRAP), BELOW + 1);
}

/* One of two prefixes: what lies between them is new. */
static void who_reads_below_goes_on_there(void **state)
{
	struct circle *f = *state;
	struct gift gift = circle_give(f, (struct gift){.from = O, .to = C, .prefix = KITA});
	circle_give(f, (struct gift){.from = O, .to = C, .prefix = KITA "/a"});
	circle_give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/b"});
	circle_settle(f);
	circle_end(f, gift);
	circle_settle(f);
	assert_int_equal(circle_last(f, KITA), 2);
	assert_int_equal(circle_last(f, KITA "/a"), 2);
	assert_false(circle_opens(f, C, KITA, 2, KITA) ||
		     circle_opens(f, C, KITA "/b", 2, KITA "/b"));
	assert_true(circle_opens(f, C, KITA "/a", 2, KITA "/a/x"));
	assert_true(circle_opens(f, D, KITA "/b", 2, KITA "/b"));
}

/* Ending one of two lines that cover the same changes nothing. */
static void who_reads_by_another_line_reads_on(void **state)
{
	struct circle *f = *state;
	struct gift gift = circle_give(f, (struct gift){.from = O, .to = C, .prefix = KITA});
	circle_give(f, (struct gift){.from = O, .to = C, .prefix = TOP, .nonce = 1});
	circle_settle(f);
	circle_end(f, gift);
	circle_pass(f, 2 * DAY_MS);
	assert_int_equal(circle_last(f, KITA), 1);
}

static void a_right_that_runs_out_waits_for_the_day(void **state)
{
	struct circle *f = *state;
	circle_give(f, (struct gift){.from = O, .to = C, .expiry_ms = TEST_TIME_MS + HOUR_MS});
	circle_give(f, (struct gift){.from = O,
				     .to = C,
				     .prefix = TOP "/bau",
				     .expiry_ms = TEST_TIME_MS + 7 * HOUR_MS});
	circle_give(f, (struct gift){.from = O, .to = W, .prefix = TOP, .verb = VERB_WRITE});
	circle_settle(f);
	circle_pass(f, 2 * HOUR_MS);
	assert_int_equal(circle_last(f, KITA), 2);
	assert_false(circle_opens(f, C, KITA, 2, KITA));
	circle_pass(f, 12 * HOUR_MS);
	assert_int_equal(circle_last(f, TOP "/bau"), 1);
	/* Nobody's publication waits for it. */
	assert_false(circle_waits(f, W, TOP "/bau/x") || circle_waits(f, O, TOP "/bau/x"));
	circle_pass(f, 18 * HOUR_MS);
	assert_int_equal(circle_last(f, TOP "/bau"), 2);
}

/* The owner is off for three weeks, and somebody wraps to whom it likes all the time. */
static void no_publication_waits_for_what_ran_out(void **state)
{
	struct circle *f = *state;
	struct key key;
	circle_give(f, (struct gift){.from = O, .to = C, .expiry_ms = TEST_TIME_MS + HOUR_MS});
	circle_give(f, (struct gift){.from = O, .to = B});
	circle_give(f, (struct gift){.from = O, .to = W, .verb = VERB_WRITE});
	circle_settle(f);
	circle_key(f, B, KITA, 1, &key);
	f->off[O] = true;
	for (unsigned week = 0; week < 3; week++) {
		circle_wrap(f, B, week ? D : C, KITA, 1, &key);
		circle_pass(f, 7 * DAY_MS);
		assert_false(circle_waits(f, W, KITA "/x"));
	}
	f->off[O] = false;
	circle_pass(f, DAY_MS);
	assert_int_equal(circle_last(f, KITA), 2);
	assert_true(circle_opens(f, W, KITA, 2, KITA));
	assert_false(circle_opens(f, C, KITA, 2, KITA));
}

static void who_is_out_of_the_federation_is_out_at_once(void **state)
{
	struct circle *f = *state;
	circle_give(f, (struct gift){.from = O, .to = C});
	circle_give(f, (struct gift){.from = O, .to = D});
	circle_settle(f);
	circle_removed(f, C);
	circle_settle(f);
	assert_int_equal(circle_last(f, KITA), 2);
	assert_true(circle_opens(f, D, KITA, 2, KITA));
}

/* What a giver has wrapped counts after the giver has gone with all its records. */
static void a_giver_that_is_gone_leaves_readers_behind(void **state)
{
	struct circle *f = *state;
	struct gift above = circle_give(f, (struct gift){.from = O, .to = B});
	circle_settle(f);
	circle_give(f, (struct gift){.from = B, .to = C, .parent = &above.id, .prefix = KITA "/a"});
	circle_settle(f);
	assert_true(circle_opens(f, C, KITA "/a", 1, KITA "/a"));
	circle_removed(f, B);
	circle_pass(f, 2 * DAY_MS);
	assert_in_range(circle_last(f, KITA "/a"), 2, 3);
	assert_false(circle_opens(f, C, KITA "/a", circle_last(f, KITA "/a"), KITA "/a"));
}

/* ---- who makes which keys ---- */

/* Everything that was ever published at its path, and nothing beside it. */
static void a_new_reader_reads_the_past_of_its_path(void **state)
{
	struct circle *f = *state;
	struct gift gift;
	for (uint8_t i = 0; i < 3; i++) {
		gift = circle_give(
			f, (struct gift){
				   .from = O, .to = C, .prefix = i % 2 ? TOP : KITA, .nonce = i});
		circle_settle(f);
		circle_end(f, gift);
		circle_settle(f);
	}
	uint64_t tops = circle_last(f, TOP), kitas = circle_last(f, KITA);
	assert_true(tops == 2 && kitas >= 3);
	circle_give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/b"});
	circle_settle(f);
	for (uint64_t n = 1; n <= kitas; n++) {
		assert_true(circle_opens(f, D, KITA, n, KITA "/b/plan"));
		assert_false(circle_opens(f, D, KITA, n, KITA));
		assert_false(circle_opens(f, D, KITA, n, KITA "/bb"));
	}
	for (uint64_t n = 1; n <= tops; n++)
		assert_true(circle_opens(f, D, TOP, n, KITA "/b"));
}

/* A chain of three: each giver wraps for whom it gave, and when it is off the one above does. */
static void who_gives_wraps_and_the_next_one_above_a_day_later(void **state)
{
	struct circle *f = *state;
	struct gift b = circle_give(f, (struct gift){.from = O, .to = B, .prefix = KITA}), c, d, w;
	circle_settle(f);
	c = circle_give(f, (struct gift){.from = B, .to = C, .prefix = KITA "/c", .parent = &b.id});
	circle_settle(f);
	d = circle_give(f,
			(struct gift){.from = C, .to = D, .prefix = KITA "/c/d", .parent = &c.id});
	circle_settle(f);
	assert_true(circle_opens(f, D, KITA "/c/d", 1, KITA "/c/d"));
	assert_int_equal(circle_records(f, O, RECORD_WRAP), 1);
	assert_int_equal(circle_records(f, B, RECORD_WRAP), 1);
	assert_int_equal(circle_records(f, C, RECORD_WRAP), 1);
	/* A new epoch while both givers are off. */
	w = circle_give(f, (struct gift){.from = O, .to = W, .prefix = KITA "/c/d"});
	circle_settle(f);
	f->off[B] = f->off[C] = true;
	circle_end(f, w);
	circle_settle(f);
	assert_int_equal(circle_last(f, KITA "/c/d"), 2);
	assert_false(circle_opens(f, D, KITA "/c/d", 2, KITA "/c/d"));
	circle_pass(f, 47 * HOUR_MS);
	assert_false(circle_opens(f, D, KITA "/c/d", 2, KITA "/c/d"));
	circle_pass(f, 8 * HOUR_MS);
	assert_true(circle_opens(f, D, KITA "/c/d", 2, KITA "/c/d"));
	(void)d;
}

/* Wrong keys, and keys of another epoch: the right one is found. */
static void a_false_wrap_stands_in_nobodys_way(void **state)
{
	struct circle *f = *state;
	struct hub_node *reader = &f->nodes[C];
	const struct key strange = test_key(77);
	struct gift above = circle_give(f, (struct gift){.from = O, .to = B});
	struct key key;
	circle_settle(f);
	circle_wrap(f, W, C, KITA "/c", 1, &strange);
	circle_wrap(f, D, C, KITA, 1, &strange);
	circle_settle(f);
	circle_give(f, (struct gift){.from = B, .to = C, .prefix = KITA "/c", .parent = &above.id});
	circle_settle(f);
	uint64_t n = circle_last(f, KITA "/c");
	assert_int_equal(n, 2); /* as 1 was named */
	assert_true(circle_opens(f, C, KITA "/c", n, KITA "/c/x"));
	/* Nothing is kept that is not proved, whoever says it for whatever epoch. */
	uint64_t rows = txn_count(reader->txn, TABLE_SEALED);
	circle_key(f, B, KITA, 1, &key);
	circle_wrap(f, W, C, KITA "/c", n, &strange);
	circle_wrap(f, B, C, KITA "/c", n, &key);
	circle_wrap(f, B, C, KITA, 1, &strange);
	circle_settle(f);
	assert_int_equal(txn_count(reader->txn, TABLE_SEALED), rows);
	assert_true(circle_opens(f, C, KITA "/c", n, KITA "/c/x"));
	assert_false(circle_opens(f, C, KITA, 1, KITA));
}

/* Numbers that others name far ahead do not count, and near ones are passed over. */
static void numbers_of_others_lead_nowhere(void **state)
{
	struct circle *f = *state;
	const struct key strange = test_key(78);
	struct gift c = circle_give(f, (struct gift){.from = O, .to = C});
	circle_give(f, (struct gift){.from = O, .to = B});
	circle_settle(f);
	circle_wrap(f, B, D, KITA, UINT64_C(1) << 63, &strange);
	circle_wrap(f, B, W, KITA, UINT64_MAX, &strange);
	circle_settle(f);
	circle_end(f, c);
	circle_settle(f);
	assert_int_equal(circle_last(f, KITA), 2);
	/* An epoch that this store has forgotten, and others name. */
	circle_wrap(f, B, D, KITA, 5, &strange);
	c = circle_give(f, (struct gift){.from = O, .to = C, .nonce = 9});
	circle_settle(f);
	circle_end(f, c);
	circle_settle(f);
	assert_int_equal(circle_last(f, KITA), 6);
}

/* ---- what others cannot cause ---- */

/* After every epoch somebody wraps it to who does not read. */
static void who_wraps_to_strangers_causes_one_epoch_a_day(void **state)
{
	struct circle *f = *state;
	struct key key;
	bool paced = false;
	struct gift c = circle_give(f, (struct gift){.from = O, .to = C});
	circle_give(f, (struct gift){.from = O, .to = B});
	circle_give(f, (struct gift){.from = O, .to = B, .prefix = TOP "/bau"});
	circle_give(f, (struct gift){.from = O, .to = W, .verb = VERB_WRITE});
	circle_settle(f);
	circle_end(f, c);
	circle_settle(f);
	assert_int_equal(circle_last(f, KITA), 2);
	for (unsigned day = 1; day <= 28; day++) {
		uint64_t n = circle_last(f, KITA);
		circle_key(f, B, KITA, n, &key);
		circle_wrap(f, B, C, KITA, n, &key);
		circle_wrap(f, B, D, KITA, n, &key);
		/* and elsewhere, so that two wait */
		circle_key(f, B, TOP "/bau", circle_last(f, TOP "/bau"), &key);
		circle_wrap(f, B, D, TOP "/bau", circle_last(f, TOP "/bau"), &key);
		circle_pass(f, DAY_MS);
		assert_in_range(circle_last(f, KITA), n, n + 1);
		assert_false(circle_waits(f, W, KITA "/x") || circle_waits(f, O, KITA "/x"));
		paced = paced || f->nodes[O].hub.epochs->slow_paced;
		if (day <= 7)
			assert_int_equal(circle_last(f, KITA), n + 1);
	}
	/* Seven in a month, then one a week. */
	assert_in_range(circle_last(f, KITA), 2 + 7, 2 + 7 + 3);
	assert_in_range(circle_last(f, TOP "/bau"), 1 + 7, 1 + 7 + 3);
	assert_true(paced);
}

/* An administrator ends a line while the owner is off: it waits for a day, and others do not. */
static void who_ends_a_line_waits_for_the_owner(void **state)
{
	struct circle *f = *state;
	struct gift b = circle_give(f, (struct gift){.from = O, .to = B, .verb = VERB_ADMIN}), c;
	circle_give(f, (struct gift){.from = O, .to = W, .verb = VERB_WRITE});
	circle_settle(f);
	c = circle_give(f, (struct gift){.from = B, .to = C, .parent = &b.id});
	circle_settle(f);
	assert_true(circle_opens(f, C, KITA, 1, KITA));
	f->off[O] = true;
	circle_end(f, c);
	circle_settle(f);
	assert_true(circle_waits(f, B, KITA "/x"));
	assert_false(circle_waits(f, W, KITA "/x"));
	uint64_t number;
	size_t len;
	struct key key;
	assert_int_equal(epochs_govern(&f->nodes[B].hub, f->nodes[B].txn, bytes_str(KITA "/x"),
				       &len, &number, &key),
			 ERR_AGAIN);
	assert_int_equal(f->nodes[B].hub.epochs->waited, 1);
	circle_pass(f, 23 * HOUR_MS);
	assert_true(circle_waits(f, B, KITA "/x"));
	circle_pass(f, 2 * HOUR_MS);
	assert_false(circle_waits(f, B, KITA "/x"));
	struct epoch_wait wait;
	epochs_waits(&f->nodes[B].hub, f->nodes[B].txn, bytes_str(KITA "/x"), &wait);
	assert_true(wait.over && wait.own);
	/* Who has the old key is told: in what is published, in status, in the log. */
	struct hub_node *admin = &f->nodes[B];
	struct press p = {.options = {.path = KITA "/x", .has_tier = true, .tier = TIER_GRANTED},
			  .content = bytes_str("a,b\n")};
	circle_is_whole(f, O, B);
	fedkeys_store(&admin->hub, admin->txn, 1, &f->fed.fed_key);
	assert_int_equal(press_begin(&p, admin), ERR_OK);
	assert_true(p.publication.old_key);
	assert_string_equal(p.publication.old_readers, "Gemeinde 3");
	press_write(&p, admin);
	assert_int_equal(press_commit(&p, admin), ERR_OK);
	const struct note *note = hub_node_note(admin, NOTE_OLD_KEY);
	assert_non_null(note);
	assert_string_equal(note->text, "can be read by Gemeinde 3");
	assert_string_equal(note->path, KITA "/x");
	press_end(&p);
	catalog_entry_fini(&p.entry);
	assert_int_equal(admin->hub.epochs->over.count, 1);
	assert_string_equal(admin->hub.epochs->over.path, KITA);
	f->off[O] = false;
	circle_pass(f, DAY_MS);
	assert_int_equal(circle_last(f, KITA), 2);
	assert_false(circle_opens(f, C, KITA, 2, KITA));
	assert_true(circle_opens(f, B, KITA, 2, KITA) && circle_opens(f, W, KITA, 2, KITA));
	epochs_waits(&f->nodes[B].hub, f->nodes[B].txn, bytes_str(KITA "/x"), &wait);
	assert_int_equal(wait.since_ms, 0);
	assert_int_equal(admin->hub.epochs->over.count, 0);
}

static unsigned waiting_at(struct circle *f, unsigned n, const struct gift *gifts, unsigned count)
{
	struct hub_node *node = &f->nodes[n];
	struct world world;
	struct verdict v;
	unsigned waiting = 0;

	world_begin(&world, &node->hub, node->txn);
	for (unsigned i = 0; i < count; i++) {
		assert_true(verdict_of(&world.facts, &gifts[i].id, node->hub.judge_ms, &v));
		waiting += epoch_handed_waits(&node->hub, node->txn, &v);
	}
	return waiting;
}

/* Giver and reader of what has no place learn it, from what the owner says and does not say. */
static void who_has_no_place_is_told(void **state)
{
	enum { HANDED = HANDED_BY_GIVER_MAX + 2 };
	struct circle *f = *state;
	struct gift b = circle_give(f, (struct gift){.from = O, .to = B}), c, gifts[HANDED];
	char paths[HANDED][64];

	circle_settle(f);
	c = circle_give(f, (struct gift){.from = B, .to = C, .parent = &b.id});
	circle_settle(f);
	for (unsigned i = 0; i < HANDED; i++) {
		snprintf(paths[i], sizeof(paths[i]), KITA "/p%u", i);
		gifts[i] = circle_give(
			f, (struct gift){.from = C, .to = D, .prefix = paths[i], .parent = &c.id});
	}
	circle_settle(f);
	circle_pass(f, 2 * HOUR_MS);
	/* Nothing is said while the owner has not been heard. */
	assert_int_equal(waiting_at(f, C, gifts, HANDED), 0);
	circle_is_whole(f, O, C);
	circle_is_whole(f, O, D);
	assert_int_equal(waiting_at(f, C, gifts, HANDED), HANDED - HANDED_BY_GIVER_MAX);
	assert_int_equal(waiting_at(f, D, gifts, HANDED), HANDED - HANDED_BY_GIVER_MAX);
}

#define T(name) cmocka_unit_test_setup_teardown(name, circle_setup, circle_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_end_by_the_owner_is_followed_at_once),
		T(who_reads_below_goes_on_there),
		T(who_reads_by_another_line_reads_on),
		T(a_right_that_runs_out_waits_for_the_day),
		T(no_publication_waits_for_what_ran_out),
		T(who_is_out_of_the_federation_is_out_at_once),
		T(a_giver_that_is_gone_leaves_readers_behind),
		T(a_new_reader_reads_the_past_of_its_path),
		T(who_gives_wraps_and_the_next_one_above_a_day_later),
		T(a_false_wrap_stands_in_nobodys_way),
		T(numbers_of_others_lead_nowhere),
		T(who_wraps_to_strangers_causes_one_epoch_a_day),
		T(who_ends_a_line_waits_for_the_owner),
		T(who_has_no_place_is_told),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
