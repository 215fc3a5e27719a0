/* What an organisation may cost, what junk leads to, and what the counters count. */
#include <string.h>

#include "crypto/effort.h"
#include "crypto/wrap.h"
#include "test/proto/hub_node.h"

enum { PAYER = 3, NOW = 1000 * 1000 };

static struct limits limits;
static struct meter meter;

static int setup(void **state)
{
	limits = limits_default();
	limits.cost_burst = 10000;
	limits.cost_per_s = 1000;
	meter_init(&meter, &limits);
	return 0;
}

static int teardown(void **state)
{
	meter_fini(&meter);
	return 0;
}

static void test_account(void **state)
{
	static const struct {
		int64_t after_ms, units; /* charged then */
		bool may;                /* before that */
		int64_t left;
	} steps[] = {
		{0, 9999, true, 1},
		{0, 1, true, 0},       /* all is gone */
		{0, 500, false, -500}, /* the message under way is paid all the same */
		{400, 0, false, -100}, /* a unit for each millisecond */
		{100, 0, false, 0},
		{1, 0, true, 1},
		{9000, 0, true, 9001},
		{INT64_C(1) << 50, 0, true, 10000}, /* never more than this */
	};
	int64_t now = NOW;
	for (size_t i = 0; i < COUNT(steps); i++) {
		now += steps[i].after_ms;
		assert_int_equal(meter_may(&meter, PAYER, now, NULL), steps[i].may);
		meter_charge(&meter, PAYER, steps[i].units, now);
		assert_int_equal(meter_account(&meter, PAYER, now)->units, steps[i].left);
	}
	/* others have not paid for it, and what the node does for itself is paid by nobody */
	meter_charge(&meter, METER_OWN, 1 << 30, now);
	assert_int_equal(meter_account(&meter, 0, now)->units, 10000);
	assert_int_equal(meter_account(&meter, LIMIT_MEMBER_COUNT_MAX, now)->units, 10000);
}

/* Who waits is told until when, and may then. */
static void test_until(void **state)
{
	int64_t from_ms;
	assert_true(meter_may(&meter, PAYER, NOW, &from_ms));
	assert_int_equal(from_ms, NOW);
	meter_charge(&meter, PAYER, 10000 + 2500, NOW);
	assert_false(meter_may(&meter, PAYER, NOW, &from_ms));
	assert_false(meter_may(&meter, PAYER, from_ms - 1, NULL));
	assert_true(meter_may(&meter, PAYER, from_ms, NULL));
	assert_int_equal(from_ms, NOW + 2501);
}

/* So much junk that a member is paused; when that was. */
static int64_t junk_until_paused(int64_t now)
{
	unsigned count = limits.junk_max / 16;
	for (unsigned i = 0; i < count; i++)
		assert_false(meter_junk(&meter, PAYER, JUNK_FORGED, now));
	assert_true(meter_junk(&meter, PAYER, JUNK_REFUSED, now));
	return now;
}

static void test_pause(void **state)
{
	static const unsigned minutes[] = {1, 2, 4, 8, 16, 32, 60, 60};
	const char *why = NULL;
	int64_t now = NOW;
	for (size_t i = 0; i < COUNT(minutes); i++) {
		assert_int_equal(meter_paused(&meter, PAYER, now, &why), 0);
		int64_t until_ms = junk_until_paused(now) + minutes[i] * INT64_C(60000);
		assert_int_equal(meter_paused(&meter, PAYER, now, &why), until_ms);
		assert_string_equal(why, "sent wrong signatures");
		assert_int_equal(meter_paused(&meter, PAYER, until_ms - 1, &why), until_ms);
		now = until_ms;
	}
	/* after a good day it begins at a minute again */
	now += INT64_C(24) * 3600 * 1000 + 1;
	assert_int_equal(meter_paused(&meter, PAYER, now, &why), 0);
	junk_until_paused(now);
	assert_int_equal(meter_paused(&meter, PAYER, now, &why), now + 60000);
}

/* A little now and then is nothing, as other logs and charters make honest nodes err. */
static void test_little_junk(void **state)
{
	const char *why;
	for (unsigned minute = 0; minute < 100; minute++) {
		int64_t now = NOW + minute * INT64_C(60001);
		for (unsigned i = 0; i < limits.junk_max / 16; i++)
			assert_false(meter_junk(&meter, PAYER, JUNK_FORGED, now));
	}
	assert_int_equal(meter_paused(&meter, PAYER, NOW + INT64_C(6000100), &why), 0);
	for (unsigned i = 0; i < 1000; i++) /* there is always another guest */
		assert_false(meter_junk(&meter, 0, JUNK_SECRET, NOW));
}

/* A newcomer hears of all log entries there are; then one an hour is enough. */
static void test_log_entries(void **state)
{
	int64_t now = NOW;
	unsigned count = 0;
	while (meter_entry_may(&meter, PAYER, now) && count++ < 1000)
		meter_entry(&meter, PAYER, now);
	assert_int_equal(count, 256);
	for (unsigned hour = 0; hour < 10; hour++) {
		now += 3600 * 1000;
		assert_true(meter_entry_may(&meter, PAYER, now));
		meter_entry(&meter, PAYER, now);
		assert_false(meter_entry_may(&meter, PAYER, now));
	}
	assert_true(meter_entry_may(&meter, PAYER + 1, now));
}

/* ---- the counters ---- */

static int64_t lookups(struct txn *txn)
{
	return (int64_t)txn_cost(txn).lookups;
}

static void test_store_counts(void **state)
{
	struct hub_fixture *f = *state;
	struct txn *txn = f->node.txn;
	struct row_key key = key_name("counted");
	struct bytes name = row_key_bytes(&key), value, last;
	struct txn_cost before = txn_cost(txn);
	txn_put(txn, TABLE_META, name, bytes_str("12345"));
	assert_int_equal(txn_cost(txn).writes - before.writes, 1);
	assert_int_equal(txn_cost(txn).bytes - before.bytes, 5);
	assert_int_equal(lookups(txn), before.lookups);
	assert_true(txn_get(txn, TABLE_META, name, &value));
	assert_true(txn_has(txn, TABLE_META, name));
	assert_true(walk_last(txn, TABLE_META, name, &last, &value));
	assert_int_equal(lookups(txn) - (int64_t)before.lookups, 3);
	/* each time the row, with its checksum of 8 bytes */
	assert_int_equal(txn_cost(txn).bytes - before.bytes, 5 + 3 * (5 + 8));
	struct walk walk = walk_begin(txn, TABLE_META, name);
	while (walk_next(&walk))
		;
	assert_int_equal(lookups(txn) - (int64_t)before.lookups, 5); /* the row, and the end */
	assert_true(txn_del(txn, TABLE_META, name));
	assert_int_equal(txn_cost(txn).writes - before.writes, 2);
	assert_false(txn_has(txn, TABLE_META, name)); /* what is not there is looked for too */
	assert_int_equal(lookups(txn) - (int64_t)before.lookups, 6);
}

static void test_curves_count(void **state)
{
	const struct key seed = {{7}};
	struct sign_pk pk;
	struct dh_pk dh_pk;
	struct key shared;
	struct sig sig;
	uint64_t before = effort_made();
	sign_pk_of(&pk, &seed);
	sign_make(&sig, &seed, SIGN_TAG_RECORD, NULL, bytes_str("x"));
	assert_int_equal(sign_check(&sig, &pk, SIGN_TAG_RECORD, NULL, bytes_str("x")), ERR_OK);
	assert_int_equal(sign_pk_admit(&pk), ERR_OK);
	dh_pk_of(&dh_pk, &seed);
	assert_int_equal(dh(&shared, &seed, &dh_pk), ERR_OK);
	assert_int_equal(effort_made() - before, 4);
}

/* What a hub does costs its peer's organisation, once. */
static void test_charge(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct meter_account *account = meter_account(&hub->meter, 2, hub->mono_ms);
	hub_charge(hub, f->node.txn, METER_OWN);
	int64_t full = account->units;
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	buf_add(&out, bytes_of(hub, 1024));
	hub_send(hub, f->peer, &out);
	assert_int_equal(hub_payer(f->peer), 2);
	hub_charge(hub, f->node.txn, hub_payer(f->peer));
	int64_t once = full - account->units;
	assert_true(once >= 4 && once < 20); /* an effect, and a kilobyte */
	hub_charge(hub, f->node.txn, hub_payer(f->peer));
	assert_true(full - account->units <= once + 3);
	assert_int_equal(hub_payer(hub_node_guest(&f->node, &f->fed.orgs[3])), 0);
}

/* Junk closes all links of an organisation, and shows why; a guest's link goes alone. */
static void test_hub_junk(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct peer *second = hub_node_member(&f->node, &f->fed.orgs[1]);
	struct peer *other = hub_node_member(&f->node, &f->fed.orgs[2]);
	struct peer_state state_of;
	unsigned count = 0;
	while (f->peer->up && count++ < 1000)
		hub_junk(hub, f->peer, JUNK_FORGED);
	assert_int_equal(count, hub->options.limits->junk_max / 16 + 1);
	assert_false(second->up);
	assert_true(other->up);
	assert_string_equal(hub_node_note(&f->node, NOTE_PEER_PAUSED)->text,
			    "paused for 1 minutes: sent wrong signatures");
	bool shown = false;
	for (size_t i = 0; peers_show(hub, i, &state_of); i++)
		shown = shown || (author_member(state_of.author) == 2 && !state_of.link &&
				  !strcmp(state_of.why, "paused: it sent wrong signatures"));
	assert_true(shown);

	struct peer *guest = hub_node_guest(&f->node, &f->fed.orgs[3]);
	struct peer *friend = hub_node_guest(&f->node, &f->fed.orgs[3]);
	hub_junk(hub, guest, JUNK_SECRET);
	hub_junk(hub, guest, JUNK_SECRET);
	assert_true(guest->up);
	hub_junk(hub, guest, JUNK_SECRET);
	assert_false(guest->up);
	assert_true(friend->up);
}

/* While it is paused an organisation gets no link; afterwards it does. */
static void test_paused_cert(void **state)
{
	struct hub_fixture *f = *state;
	struct hub *hub = &f->node.hub;
	const struct test_org *org = &f->fed.orgs[1];
	struct event cert = {
		.type = EVENT_LINK_CERT,
		.link = 77,
		.certificate = {.member = 2, .org = org->id, .entry = buf_bytes(&org->entry)}};
	cert.key = f->peer->key;
	while (f->peer->up)
		hub_junk(hub, f->peer, JUNK_FORGED);
	assert_null(peers_cert(hub, f->node.txn, &cert));
	const struct effect *admit = hub_node_effect(&f->node, EFFECT_ADMIT, 0);
	assert_false(admit->ok);
	assert_int_equal(admit->reason, LINK_REASON_BUSY);
	hub_node_pass(&f->node, 60001);
	cert.link = 78;
	struct peer *peer = peers_cert(hub, f->node.txn, &cert);
	assert_non_null(peer);
	machines_peer_open(peer);
}

#define meter_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		meter_test(test_account),     meter_test(test_until),
		meter_test(test_pause),       meter_test(test_little_junk),
		meter_test(test_log_entries), hub_test(test_store_counts),
		hub_test(test_curves_count),  hub_test(test_charge),
		hub_test(test_hub_junk),      hub_test(test_paused_cert),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
