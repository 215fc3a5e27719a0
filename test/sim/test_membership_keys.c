/*
 * Federation keys: who gets them when members come, go, become relays, and when stewards are away.
 */
#include "test/sim/council.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/selftest.h"
#include "proto/rights/fedkeys.h"
#include "proto/hub/hub.h"
#include "proto/ledger/keywrap.h"

/* ---- a new key for a proposal, by the node's own verb ---- */

struct next_call {
	struct charter_change *change;
	uint32_t leaving;
	enum err err;
};

static void call_next(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct next_call *call = arg;
	call->err = fedkeys_next(hub, txn, call->change, &call->leaving, 1);
}

static void next_key(struct sim_node *node, struct council_entry *entry, uint32_t leaving)
{
	struct next_call call = {.change = council_change(entry, CHARTER_KEY), .leaving = leaving};
	assert_true(sim_call(node, call_next, &call));
	assert_int_equal(call.err, ERR_OK);
}

/*
 * Meißen is the only steward from then on, with a new key that one does not get. kind 0: all stay.
 */
static void turn_over(struct council *council, struct council_entry *entry,
		      enum charter_change_kind kind, uint32_t leaving)
{
	council_entry_init(entry, 1, 7);
	council_stewards(entry, 1);
	if (kind)
		council_change(entry, kind)->member.number = leaving;
	next_key(council->towns[0], entry, leaving);
	/* The wraps are there before the entry counts. */
	assert_true(sim_run(&council->sim, 60000, sim_agree, NULL));
	council_sign(council, entry, council->towns[0]);
}

/* ---- what is seen ---- */

struct wraps_call {
	struct org_id org;
	uint64_t number;
	unsigned count, keys;
	bool has;
};

static void call_wraps(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct wraps_call *call = arg;
	const uint8_t kind = RECORD_WRAP;
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&kind));
	struct record record;
	struct keywrap wrap;
	while (ledger_slots_next(&slots, &record)) {
		assert_int_equal(keywrap_get(&wrap, record.body), ERR_OK);
		call->count += id_eq(&wrap.grantee, &call->org) && wrap.number == call->number;
	}
	call->has = fedkeys_get(hub, call->number) != NULL;
}

/* Wraps of one key for one organisation that are known at a node. */
static unsigned wraps(struct sim_node *at, struct sim_node *for_node, uint64_t number)
{
	struct wraps_call call = {.org = for_node->identity.org, .number = number};
	assert_true(sim_call(at, call_wraps, &call));
	return call.count;
}

static bool has_key(struct sim_node *node, uint64_t number)
{
	struct wraps_call call = {.number = number};
	assert_true(sim_call(node, call_wraps, &call));
	return call.has;
}

struct charter_wait {
	struct council *council;
	uint32_t number;
	uint64_t key; /* that all members have; 0: not looked at */
};

static bool stands(struct sim *sim, void *arg)
{
	const struct charter_wait *wait = arg;
	for (unsigned i = 0; i < COUNCIL_COUNT; i++) {
		struct sim_node *town = wait->council->towns[i];
		if (!town->hub)
			continue;
		struct membership_status status = sim_status(town);
		if (town->hub->charter.number != wait->number)
			return false;
		if (wait->key && status.state == MEMBERSHIP_MEMBER && !status.relay &&
		    !fedkeys_get(town->hub, wait->key))
			return false;
	}
	return true;
}

static void until(struct council *council, uint32_t number, uint64_t key)
{
	struct charter_wait wait = {council, number, key};
	assert_true(sim_run(&council->sim, 600000, stands, &wait));
	sim_run(&council->sim, 10000, NULL, NULL);
}

static void publish(struct sim_node *node, const char *path, uint64_t seed)
{
	struct buf content = sim_content(seed, 50000);
	assert_int_equal(sim_publish(node, path, TIER_MEMBERS, buf_bytes(&content)), ERR_OK);
	buf_fini(&content);
}

static void assert_gets(struct sim_node *node, const char *path, uint64_t seed)
{
	struct buf content = sim_content(seed, 50000);
	struct sim_held_wait wait = {.node = node, .path = path};
	assert_int_equal(sim_want(node, path, 0), ERR_OK);
	assert_true(sim_run(node->sim, 60000, sim_is_held, &wait));
	sim_assert_reads(node, path, 0, buf_bytes(&content));
	buf_fini(&content);
}

struct listed_call {
	const char *path;
	int found; /* 0: not; 1: of a member; 2: of a former member */
};

static void call_listed(struct hub *hub, struct txn *txn, int64_t now_ms, void *arg)
{
	struct listed_call *call = arg;
	struct catalog_entry entry;
	char why[WHY_LEN];
	if (catalog_find(hub, txn, call->path, 0, &entry, why) != ERR_OK)
		return;
	call->found = entry.former ? 2 : 1;
	catalog_entry_fini(&entry);
}

static int listed(struct sim_node *node, const char *path)
{
	struct listed_call call = {.path = path};
	assert_true(sim_call(node, call_listed, &call));
	return call.found;
}

/* ---- cases ---- */

static void removal_gives_a_new_key(void **state)
{
	struct council *council = council_open(21);
	struct sim_node *a = council->towns[0], *d = council->towns[3], *e = council->towns[4];
	struct council_entry entry;
	publish(a, "meissen/alt", 1);
	publish(e, "nossen/mein", 2);
	sim_run(&council->sim, 5000, NULL, NULL);
	assert_gets(e, "meissen/alt", 1);
	assert_gets(d, "nossen/mein", 2);
	turn_over(council, &entry, CHARTER_REMOVE, 5);
	assert_int_equal(wraps(council->towns[1], council->towns[2], 2), 1);
	/* It is about to publish. */
	struct buf content = sim_content(8, 90000);
	struct sim_publication late = {
		.node = e,
		.options = {.path = "nossen/spaet", .has_tier = true, .tier = TIER_MEMBERS},
		.content = buf_bytes(&content)};
	assert_int_equal(sim_publish_begin(&late), ERR_OK);
	while (sim_publish_step(&late))
		;
	assert_int_equal(council_hand(a, &entry), ERR_OK);
	until(council, 7, 2);
	/* It knows that it is out, and the others do not talk to it. */
	struct membership_status status = sim_status(e);
	assert_int_equal(status.state, MEMBERSHIP_FORMER);
	assert_non_null(strstr(status.why, "no member"));
	assert_false(has_key(e, 2));
	assert_int_equal(wraps(a, e, 2), 0);
	assert_int_equal(sim_links(a, e), 0);
	assert_int_equal(sim_publish_commit(&late), ERR_DENIED);
	assert_non_null(strstr(late.why, "no member"));
	sim_publish_abort(&late);
	sim_publish_end(&late);
	buf_fini(&content);
	publish(a, "meissen/neu", 3);
	sim_run(&council->sim, 300000, NULL, NULL);
	assert_gets(d, "meissen/neu", 3);
	assert_gets(d, "meissen/alt", 1);
	assert_int_equal(sim_want(e, "meissen/neu", 0), ERR_ABSENT);
	/* Its own data is listed where it is held, and says so; elsewhere it is gone. */
	assert_int_equal(listed(e, "nossen/mein"), 2);
	assert_int_equal(listed(d, "nossen/mein"), 2);
	assert_int_equal(listed(council->towns[1], "nossen/mein"), 0);
	assert_int_equal(listed(d, "meissen/alt"), 1);
	assert_gets(d, "nossen/mein", 2);
	sim_stop(e);
	sim_start(e);
	assert_int_equal(sim_status(e).state, MEMBERSHIP_FORMER);
	assert_gets(e, "nossen/mein", 2);
	assert_int_equal(wraps(a, e, 2), 0);
	/* Old wraps are gone with the new key. */
	assert_int_equal(wraps(a, d, 1), 0);
	sim_stop(e);
	/* Who joins later reads what was published before. */
	struct sim_node *f = sim_add(&council->sim, "Stadt Strehla", "strehla", "14627270");
	sim_join(a, f);
	until(council, 8, 2);
	sim_run(&council->sim, 120000, NULL, NULL);
	assert_gets(f, "meissen/alt", 1);
	assert_gets(f, "meissen/neu", 3);
	council_entry_fini(&entry);
	council_close(council);
}

static void any_holder_wraps_while_the_steward_is_away(void **state)
{
	struct council *council = council_open(22);
	struct sim_node *a = council->towns[0], *e = council->towns[4];
	struct council_entry entry;
	/* Nossen stays, but its wrap was forgotten. */
	turn_over(council, &entry, 0, 5);
	assert_int_equal(council_hand(a, &entry), ERR_OK);
	sim_run(&council->sim, 3000, NULL, NULL);
	sim_stop(a);
	until(council, 7, 0);
	assert_false(has_key(e, 2));
	until(council, 7, 2);
	/* One of them, not all. */
	assert_int_equal(wraps(e, e, 2), 1);
	publish(council->towns[1], "radebeul/plan", 4);
	sim_run(&council->sim, 5000, NULL, NULL);
	assert_gets(e, "radebeul/plan", 4);
	council_entry_fini(&entry);
	council_close(council);
}

/* Nothing that has a wrap in it leaves the node. */
static bool no_wraps(struct sim_node *node, struct effect *effect, void *arg)
{
	struct message m;
	struct bytes whole;
	struct record record;
	if (effect->type != EFFECT_SEND || effect->channel != LINK_CHANNEL_SYNC ||
	    message_decode(&m, buf_bytes(&effect->bytes)) != ERR_OK || m.type != MESSAGE_RECORDS)
		return true;
	while (message_next_bin(&m, &whole))
		if (record_decode(&record, whole) == ERR_OK && record.kind == RECORD_WRAP)
			return false;
	return true;
}

struct meet_wait {
	struct sim_node *one, *other;
};

static bool have_met(struct sim *sim, void *arg)
{
	const struct meet_wait *wait = arg;
	return sim_status(wait->one).state == MEMBERSHIP_MEMBER &&
	       sim_links(wait->one, wait->other) == 1;
}

/* The only steward admits somebody, and its line is cut before the key is on its way. */
static void a_newcomer_gets_the_key_from_others(void **state)
{
	struct council *council = council_open(26);
	struct sim_node *a = council->towns[0], *b = council->towns[1];
	struct sim_node *f = sim_add(&council->sim, "Stadt Strehla", "strehla", "14627270");
	struct council_entry entry;
	publish(b, "radebeul/plan", 7);
	council_entry_init(&entry, 1, 7);
	council_stewards(&entry, 1);
	council_sign(council, &entry, a);
	assert_int_equal(council_hand(a, &entry), ERR_OK);
	council_until(council, 7, false, NULL);
	a->spoil = no_wraps;
	sim_join(a, f);
	struct meet_wait wait = {f, b};
	assert_true(sim_run(&council->sim, 60000, have_met, &wait));
	assert_false(has_key(f, 1));
	sim_stop(a);
	sim_run(&council->sim, 200000, NULL, NULL);
	assert_true(has_key(f, 1));
	assert_int_equal(wraps(f, f, 1), 1);
	assert_gets(f, "radebeul/plan", 7);
	council_entry_fini(&entry);
	council_close(council);
}

static void relays_hold_and_do_not_read(void **state)
{
	struct council *council = council_open(23);
	struct sim_node *a = council->towns[0], *d = council->towns[3], *e = council->towns[4];
	struct council_entry entry;
	struct buf got;
	turn_over(council, &entry, CHARTER_TO_RELAY, 5);
	assert_int_equal(council_hand(a, &entry), ERR_OK);
	council_until(council, 7, false, &entry.id);
	assert_true(sim_status(e).relay);
	publish(a, "meissen/neu", 5);
	sim_run(&council->sim, 300000, NULL, NULL);
	struct sim_held_wait wait = {.node = e, .path = "meissen/neu"};
	assert_int_equal(sim_want(e, "meissen/neu", 0), ERR_DENIED);
	assert_int_equal(sim_subscribe_relay(e, "meissen/**"), ERR_OK);
	assert_true(sim_run(&council->sim, 60000, sim_is_held, &wait));
	buf_init(&got, 100000);
	assert_int_equal(sim_read(e, "meissen/neu", 0, &got), ERR_DENIED);
	assert_false(has_key(e, 2));
	assert_int_equal(wraps(a, e, 2), 0);
	/* It serves what it holds. */
	sim_stop(a);
	assert_gets(d, "meissen/neu", 5);
	buf_fini(&got);
	council_entry_fini(&entry);
	council_close(council);
}

/*
 * Of two proposals of one steward the first counts, although the wraps of the second took their
 * place.
 */
static void the_key_that_counts_is_the_one_wrapped(void **state)
{
	struct council *council = council_open(24);
	struct sim_node *a = council->towns[0];
	struct council_entry entry, second;
	turn_over(council, &entry, CHARTER_REMOVE, 5);
	turn_over(council, &second, CHARTER_REMOVE, 4);
	assert_int_equal(council_hand(a, &entry), ERR_OK);
	until(council, 7, 2);
	publish(a, "meissen/neu", 6);
	sim_run(&council->sim, 5000, NULL, NULL);
	assert_gets(council->towns[3], "meissen/neu", 6);
	council_entry_fini(&entry);
	council_entry_fini(&second);
	council_close(council);
}

/* Two branches with a key each: after the settlement all have the one that counts. */
static void a_settlement_decides_on_the_key(void **state)
{
	struct council *council = council_open(25);
	struct sim_node *a = council->towns[0], *b = council->towns[1];
	struct council_entry one, other, settlement;
	turn_over(council, &one, 0, 0);
	council_entry_init(&other, 3, 14);
	next_key(b, &other, 0);
	council_sign(council, &other, b);
	assert_int_equal(council_hand(a, &one), ERR_OK);
	assert_int_equal(council_hand(b, &other), ERR_OK);
	council_until(council, 6, true, NULL);
	council_works(a, b, "meissen/derweil");
	council_entry_init(&settlement, 0, 31);
	council_settle(council, &settlement, a, &other.id);
	assert_int_equal(council_hand(a, &settlement), ERR_OK);
	until(council, 7, 2);
	council_works(a, council->towns[3], "meissen/danach");
	council_works(council->towns[4], b, "nossen/danach");
	council_entry_fini(&one);
	council_entry_fini(&other);
	council_entry_fini(&settlement);
	council_close(council);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removal_gives_a_new_key),
		cmocka_unit_test(any_holder_wraps_while_the_steward_is_away),
		cmocka_unit_test(a_newcomer_gets_the_key_from_others),
		cmocka_unit_test(relays_hold_and_do_not_read),
		cmocka_unit_test(the_key_that_counts_is_the_one_wrapped),
		cmocka_unit_test(a_settlement_decides_on_the_key),
	};
	const char *what;
	if (selftest_run(&what) != ERR_OK)
		return 1;
	return cmocka_run_group_tests_name("membership_keys", tests, NULL, NULL);
}
