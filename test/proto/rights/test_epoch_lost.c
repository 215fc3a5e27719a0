/*
 * Keys when a node is lost, with what it knew; when a key is lost; and how often such things may
 * cause others.
 */
#include "proto/ledger/keyrecord.h"
#include "proto/rights/epochs.h"

#include "proto/ledger/keywrap.h"
#include "proto/rights/epoch_due.h"
#include "proto/rights/epoch_make.h"
#include "proto/rights/epoch_over.h"
#include "proto/rights/wrapkeys.h"
#include "test/proto/press.h"
#include "test/proto/rights/circle.h"

/* ---- a lost node ---- */

/* C's machine is stolen: its log says so, with another node and another wrap key. */
static void stolen(struct circle *f, struct dh_pk *wrap)
{
	const struct test_org *org = &f->fed.orgs[C - 1];
	const struct key secret = test_key(9100);
	struct orglog log, next;
	struct orglog_node nodes[2];

	assert_int_equal(orglog_load(f->nodes[O].txn, &org->id, &log), ERR_OK);
	nodes[0] = log.nodes[0];
	nodes[0].state = ORGLOG_NODE_LOST;
	nodes[1] = test_node(1, 9000, &org->root_pk);
	next = log;
	next.nodes = nodes;
	next.node_count = 2;
	next.time_ms = hub_node_wall(&f->nodes[O]);
	dh_pk_of(wrap, &secret);
	next.wrap = *wrap;
	circle_log(f, C, &log, &next, C);
	f->off[C] = true; /* the thief's disk */
	orglog_fini(&log);
}

/* The key that the wrap of the latest epoch to C is made to, by a giver. */
static struct wrap_key_id wrapped_to_c(struct circle *f, unsigned by, const char *prefix,
				       uint64_t *number)
{
	struct hub_node *owner = &f->nodes[O];
	struct record_slot slot = record_slot_wrap(&f->fed.orgs[C - 1].id, bytes_str(prefix));
	struct record record;
	struct keywrap wrap;

	assert_int_equal(ledger_slot(&owner->hub.ledger, owner->txn, record_slot_bytes(&slot),
				     author_of(by, 0), &record),
			 ERR_OK);
	assert_int_equal(keywrap_get(&wrap, record.body), ERR_OK);
	*number = wrap.number;
	return wrap.key;
}

static void a_stolen_disk_opens_nothing_later(void **state)
{
	struct circle *f = *state;
	struct wrap_key_id before, after, named;
	struct dh_pk wrap;
	uint64_t number;

	circle_give(f, (struct gift){.from = O, .to = C});
	circle_give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/d"});
	struct gift b = circle_give(f, (struct gift){.from = O, .to = B, .prefix = KITA "/b"});
	circle_settle(f);
	circle_give(f, (struct gift){.from = B, .to = C, .prefix = KITA "/b", .parent = &b.id});
	circle_settle(f);
	assert_true(circle_opens(f, C, KITA, 1, KITA));
	before = wrapped_to_c(f, O, KITA, &number);
	stolen(f, &wrap);
	/* C reads on, though nobody has looked at its rights again */
	assert_true(epoch_reads(&f->nodes[O].hub, f->nodes[O].txn, &f->fed.orgs[C - 1].id,
				bytes_str(KITA), f->nodes[O].hub.judge_ms));
	circle_settle(f);
	/* at once, also below; C is wrapped to what its log names now, and to nothing else */
	assert_int_equal(circle_last(f, KITA), 2);
	assert_int_equal(circle_last(f, KITA "/d"), 2);
	assert_false(circle_opens(f, C, KITA, 2, KITA));
	assert_false(circle_opens(f, C, KITA "/d", 2, KITA "/d"));
	assert_true(circle_opens(f, D, KITA "/d", 2, KITA "/d"));
	wrap_key_id(&named, &wrap);
	after = wrapped_to_c(f, O, KITA, &number);
	assert_int_equal(number, 2);
	assert_memory_equal(after.b, named.b, WRAP_KEY_ID_LEN);
	assert_memory_not_equal(after.b, before.b, WRAP_KEY_ID_LEN);
	/* by every giver */
	after = wrapped_to_c(f, B, KITA "/b", &number);
	assert_int_equal(number, 2);
	assert_memory_equal(after.b, named.b, WRAP_KEY_ID_LEN);
	assert_false(circle_opens(f, C, KITA "/b", 2, KITA "/b"));
	/* and it stays at that */
	circle_pass(f, 3 * DAY_MS);
	assert_int_equal(circle_last(f, KITA), 2);
}

enum { LOSSES = 110 };

/* C loses its latest node once more, and names another one and another key; O alone hears of it. */
static void lost_again(struct circle *f, unsigned i)
{
	struct hub_node *owner = &f->nodes[O];
	const struct test_org *org = &f->fed.orgs[C - 1];
	const struct key wrap = test_key(20000 + i);
	struct orglog_node nodes[LOSSES + 1];
	struct orglog log, next;
	struct buf entry;

	assert_int_equal(orglog_load(owner->txn, &org->id, &log), ERR_OK);
	memcpy(nodes, log.nodes, log.node_count * sizeof(*nodes));
	nodes[log.node_count - 1].state = ORGLOG_NODE_LOST;
	nodes[log.node_count] = test_node((uint8_t)log.node_count, 10000 + 2 * i, &org->root_pk);
	next = log;
	next.nodes = nodes;
	next.node_count = log.node_count + 1;
	next.time_ms = hub_node_wall(owner);
	dh_pk_of(&next.wrap, &wrap);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &log, &next, &org->root);
	assert_int_equal(orglog_accept(owner->txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	hub_forget(&owner->hub, C);
	buf_fini(&entry);
	orglog_fini(&log);
	circle_settle_one(owner);
}

/* Who loses a node every two hours, and names a new key each time, costs an epoch a day at most. */
static void losses_keep_a_pace(void **state)
{
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	uint64_t first_day = 0;

	circle_give(f, (struct gift){.from = O, .to = C});
	circle_settle_one(owner);
	for (unsigned i = 0; i < LOSSES; i++) {
		hub_node_pass(owner, 2 * HOUR_MS);
		lost_again(f, i);
		if (i == 11)
			first_day = circle_last(f, KITA);
	}
	/* The first at once and one more that day; seven of them in a month, then one a week. */
	assert_in_range(first_day, 2, 3);
	assert_in_range(circle_last(f, KITA), 1 + 1 + 7, 1 + 1 + 7 + 1);
}

/* A second loss waits for the day's turn; one that comes more than a month after the first not. */
static void a_loss_after_a_month_is_urgent_again(void **state)
{
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];

	circle_give(f, (struct gift){.from = O, .to = C});
	circle_settle_one(owner);
	lost_again(f, 0);
	assert_int_equal(circle_last(f, KITA), 2);
	lost_again(f, 1);
	assert_int_equal(circle_last(f, KITA), 2);
	hub_node_pass(owner, DAY_MS);
	circle_settle_one(owner);
	assert_int_equal(circle_last(f, KITA), 3);
	hub_node_pass(owner, 30 * DAY_MS);
	epoch_slow_done(&owner->hub, owner->txn); /* this day's turn is over */
	lost_again(f, 2);
	assert_int_equal(circle_last(f, KITA), 4);
	lost_again(f, 3);
	assert_int_equal(circle_last(f, KITA), 4);
}

/* It reads no more since its right ran out, which is not urgent; that its machine is lost is. */
static void a_stolen_key_of_whose_right_ran_out_is_urgent(void **state)
{
	struct circle *f = *state;
	struct dh_pk wrap;

	circle_give(f, (struct gift){.from = O, .to = C, .expiry_ms = TEST_TIME_MS + HOUR_MS});
	circle_give(f, (struct gift){.from = O,
				     .to = C,
				     .prefix = TOP "/bau",
				     .expiry_ms = TEST_TIME_MS + 7 * HOUR_MS});
	circle_settle(f);
	circle_pass(f, 2 * HOUR_MS);
	circle_pass(f, 12 * HOUR_MS);
	assert_int_equal(circle_last(f, TOP "/bau"), 1);
	stolen(f, &wrap);
	circle_settle(f);
	assert_int_equal(circle_last(f, TOP "/bau"), 2);
}

/* Wrapped to who does not read; then one loses its machine, and one is out of the federation. */
static void what_strangers_were_given_is_never_urgent(void **state)
{
	struct circle *f = *state;
	struct epoch_row row;
	struct dh_pk wrap;
	struct key key;

	circle_give(f, (struct gift){.from = O, .to = B});
	circle_give(f, (struct gift){.from = O, .to = W, .verb = VERB_WRITE});
	circle_settle(f);
	circle_key(f, B, KITA, 1, &key);
	f->off[O] = true;
	circle_wrap(f, B, C, KITA, 1, &key);
	circle_wrap(f, B, D, KITA, 1, &key);
	circle_settle(f);
	stolen(f, &wrap);
	circle_removed(f, D);
	circle_settle(f);
	epoch_row_get(f->nodes[W].txn, O, bytes_str(KITA), &row);
	assert_int_equal(row.cause_ms[EPOCH_CAUSE_URGENT], 0);
	assert_false(circle_waits(f, W, KITA "/x"));
	f->off[O] = false;
	circle_pass(f, DAY_MS);
	assert_int_equal(circle_last(f, KITA), 2);
}

/* What was seen, or done, at a time that the clock has not come to yet. */
static void a_clock_that_was_ahead_stops_nothing(void **state)
{
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct key key;

	circle_give(f, (struct gift){.from = O, .to = B});
	circle_settle(f);
	/* a wrap to a stranger waits for its line for ten minutes, and not until then */
	circle_key(f, B, KITA, 1, &key);
	circle_wrap(f, B, D, KITA, 1, &key);
	circle_settle(f);
	assert_int_equal(circle_last(f, KITA), 1);
	hub_node_time(owner, hub_node_wall(owner) - HOUR_MS, hub_node_mono(owner) + 1);
	circle_settle_one(owner);
	assert_int_equal(circle_last(f, KITA), 2);
	/* nor does the day's turn that was in the time to come */
	epoch_slow_done(&owner->hub, owner->txn);
	assert_int_equal(epoch_slow_ms(&owner->hub, owner->txn), hub_node_wall(owner) + DAY_MS);
	hub_node_time(owner, hub_node_wall(owner) - 2 * DAY_MS, hub_node_mono(owner) + 1);
	assert_int_equal(epoch_slow_ms(&owner->hub, owner->txn), 0);
}

/* A line whose chain nobody knows keeps nobody in, nor does a relay's; neither ends anything. */
static void a_line_without_its_chain_changes_nothing(void **state)
{
	struct circle *f = *state;
	const struct digest unknown = {{0x55}};
	struct gift c = circle_give(f, (struct gift){.from = O, .to = C});

	circle_give(f, (struct gift){.from = B, .to = C, .parent = &unknown});
	circle_give(f, (struct gift){.from = O, .to = C, .nonce = 2, .verb = VERB_RELAY});
	circle_settle(f);
	circle_pass(f, DAY_MS);
	assert_int_equal(circle_last(f, KITA), 1);
	circle_end(f, c);
	circle_settle(f);
	assert_int_equal(circle_last(f, KITA), 2);
	assert_false(circle_opens(f, C, KITA, 2, KITA));
}

/* Of two causes, one at the path's folder and one above, the one that is older tells since when. */
static void who_waits_waits_since_the_first_cause(void **state)
{
	for (unsigned above = 0; above < 2; above++) {
		struct circle *f = *state;
		struct epoch_wait wait;
		circle_give(f,
			    (struct gift){.from = O, .to = W, .prefix = TOP, .verb = VERB_WRITE});
		circle_give(f, (struct gift){.from = O, .to = C, .prefix = above ? TOP : KITA});
		circle_give(f, (struct gift){.from = O, .to = D, .prefix = above ? KITA : TOP});
		circle_settle(f);
		f->off[O] = true;
		const int64_t since_ms = hub_node_wall(&f->nodes[W]);
		circle_removed(f, C);
		circle_settle(f);
		circle_pass(f, HOUR_MS);
		circle_removed(f, D);
		circle_settle(f);
		assert_true(epochs_waits(&f->nodes[W].hub, f->nodes[W].txn, bytes_str(KITA "/x"),
					 &wait));
		assert_int_equal(wait.since_ms, since_ms);
		assert_false(wait.own);
		circle_teardown(state);
		circle_setup(state);
	}
}

/* Lines that are no good, or no reader's, or elsewhere, cost no wrap; nor who goes. */
static void an_end_costs_wraps_for_who_reads_on(void **state)
{
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct epochs_cost cost;

	circle_give(f, (struct gift){.from = O, .to = C});
	circle_give(f, (struct gift){.from = O, .to = B, .prefix = KITA "/b"});
	circle_give(f, (struct gift){.from = O, .to = B, .prefix = TOP "/bau"});
	circle_give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/d", .verb = VERB_RELAY});
	circle_end(f, circle_give(f, (struct gift){.from = O, .to = W}));
	circle_settle_one(owner);
	epochs_cost(&owner->hub, owner->txn, &f->fed.orgs[C - 1].id, bytes_str(KITA), &cost);
	assert_int_equal(cost.wraps, 1);
	epochs_cost(&owner->hub, owner->txn, NULL, bytes_str(KITA), &cost);
	assert_int_equal(cost.wraps, 2);
	/* nor who is out of the federation, before the table has heard of it */
	hub_node_remove(owner, &f->fed, C);
	epochs_cost(&owner->hub, owner->txn, NULL, bytes_str(KITA), &cost);
	assert_int_equal(cost.wraps, 1);
	/* a right that ran out, and was not looked at since, neither */
	circle_give(
		f, (struct gift){.from = O, .to = W, .nonce = 1, .expiry_ms = TEST_TIME_MS + 1000});
	circle_settle_one(owner);
	epochs_cost(&owner->hub, owner->txn, NULL, bytes_str(KITA), &cost);
	assert_int_equal(cost.wraps, 2);
	hub_node_pass(owner, 1000);
	epochs_cost(&owner->hub, owner->txn, NULL, bytes_str(KITA), &cost);
	assert_int_equal(cost.wraps, 1);
}

/* Others cause the next look no sooner than the last one allows. */
static void a_look_that_took_long_delays_the_next_one(void **state)
{
	enum { LATER_MS = 5000 };
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct gift c = circle_give(f, (struct gift){.from = O, .to = C});

	circle_settle_one(owner);
	owner->hub.epochs->look_ms = hub_node_mono(owner) + LATER_MS;
	circle_end(f, c);
	circle_settle_one(owner);
	assert_int_equal(circle_last(f, KITA), 1);
	assert_int_equal(epochs_wake(&owner->hub), hub_node_mono(owner) + LATER_MS);
	const int64_t next_ms = owner->hub.epochs->next_ms;
	owner->hub.epochs->next_ms = hub_node_wall(owner) + 1; /* something else is due before */
	assert_int_equal(epochs_wake(&owner->hub), hub_node_mono(owner) + 1);
	owner->hub.epochs->next_ms = next_ms;
	hub_node_pass(owner, LATER_MS);
	circle_settle_one(owner);
	assert_int_equal(circle_last(f, KITA), 2);
}

/* Keys of before come in any order, and once more: the newest is the first, each is there once. */
static void own_wrap_keys_stand_in_order(void **state)
{
	struct circle *f = *state;
	struct hub_node *node = &f->nodes[C];
	const struct key keys[] = {test_key(9401), test_key(9402), test_key(9403)};
	static const unsigned order[] = {2, 0, 1, 0, 2};
	struct wrapkeys *m = node->hub.wrapkeys;
	const size_t before = m->count;

	for (size_t i = 0; i < COUNT(order); i++)
		wrapkeys_store(&node->hub, node->txn, 2 + order[i], &keys[order[i]]);
	assert_int_equal(m->count, before + 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(m->items[i].number, 4 - i);
		assert_memory_equal(secret_key(m->items[i].secret)->b, keys[2 - i].b, KEY_LEN);
	}
}

/* Two who were shut out, at two paths, and one of them has lost its machine as well. */
static void all_who_have_an_old_key_are_told(void **state)
{
	struct circle *f = *state;
	struct hub_node *admin = &f->nodes[B];
	struct gift b = circle_give(f, (struct gift){.from = O, .to = B, .verb = VERB_ADMIN});
	struct gift bau = circle_give(
		f, (struct gift){.from = O, .to = B, .verb = VERB_ADMIN, .prefix = TOP "/bau"});
	struct gift ended[3];
	struct dh_pk wrap;
	char who[200];

	circle_settle(f);
	ended[0] = circle_give(f, (struct gift){.from = B, .to = C, .parent = &b.id});
	ended[1] = circle_give(f, (struct gift){.from = B, .to = D, .parent = &b.id});
	ended[2] = circle_give(
		f, (struct gift){.from = B, .to = D, .parent = &bau.id, .prefix = TOP "/bau"});
	circle_settle(f);
	assert_true(circle_opens(f, C, KITA, 1, KITA) &&
		    circle_opens(f, D, TOP "/bau", 1, TOP "/bau"));
	f->off[O] = true;
	for (size_t i = 0; i < COUNT(ended); i++)
		circle_end(f, ended[i]);
	stolen(f, &wrap);
	circle_settle(f);
	assert_false(epoch_over(&admin->hub, admin->txn, bytes_str(KITA "/x"), who, sizeof(who)));
	assert_string_equal(who, "");
	circle_pass(f, 25 * HOUR_MS);
	assert_int_equal(admin->hub.epochs->over.count, 2);
	assert_true(epoch_over(&admin->hub, admin->txn, bytes_str(KITA "/x"), who, sizeof(who)));
	assert_non_null(strstr(who, "a lost machine of Gemeinde 3"));
	assert_non_null(strstr(who, "Gemeinde 4"));
	assert_non_null(strstr(who, ", "));
	/* in less room the one that is longer is counted */
	assert_true(epoch_over(&admin->hub, admin->txn, bytes_str(KITA "/x"), who, 40));
	assert_string_equal(who, "Gemeinde 4 and 1 more");
}

/* ---- lost keys ---- */

static void an_end_is_never_refused_for_a_lost_key(void **state)
{
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	struct epochs_made made;
	struct epochs_cost cost;
	struct keyrecord r;
	struct record record;
	struct gift c = circle_give(f, (struct gift){.from = O, .to = C});
	circle_give(f, (struct gift){.from = O, .to = D, .prefix = KITA "/d"});
	circle_settle(f);
	struct walk walk = walk_begin(owner->txn, TABLE_SEALED, bytes_str("epoch:"));
	while (walk_next(&walk))
		txn_del(owner->txn, TABLE_SEALED, bytes_of(walk.last, walk.last_len));
	epochs_cost(&owner->hub, owner->txn, &f->fed.orgs[C - 1].id, bytes_str(KITA), &cost);
	assert_int_equal(cost.lost, 2);
	circle_end(f, c);
	assert_int_equal(epochs_urgent_now(&owner->hub, owner->txn, &made), ERR_OK);
	/* The one above all as well, so that it can be linked with. */
	assert_int_equal(made.count, 2);
	assert_int_equal(made.lost, 3);
	assert_int_equal(circle_last(f, TOP), 2);
	struct record_slot slot = record_slot_key(bytes_str(KITA), 2);
	assert_int_equal(ledger_slot(&owner->hub.ledger, owner->txn, record_slot_bytes(&slot),
				     author_of(O, 0), &record),
			 ERR_OK);
	assert_int_equal(keyrecord_get(&r, record.body), ERR_OK);
	assert_true(r.back.lost && r.down.present);
	circle_settle(f);
	assert_true(circle_opens(f, D, KITA "/d", 2, KITA "/d"));
	assert_false(circle_opens(f, C, KITA, 2, KITA));
}

#define T(name) cmocka_unit_test_setup_teardown(name, circle_setup, circle_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_stolen_disk_opens_nothing_later),
		T(losses_keep_a_pace),
		T(a_loss_after_a_month_is_urgent_again),
		T(a_stolen_key_of_whose_right_ran_out_is_urgent),
		T(what_strangers_were_given_is_never_urgent),
		T(a_clock_that_was_ahead_stops_nothing),
		T(a_line_without_its_chain_changes_nothing),
		T(who_waits_waits_since_the_first_cause),
		T(an_end_costs_wraps_for_who_reads_on),
		T(a_look_that_took_long_delays_the_next_one),
		T(own_wrap_keys_stand_in_order),
		T(all_who_have_an_old_key_are_told),
		T(an_end_is_never_refused_for_a_lost_key),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
