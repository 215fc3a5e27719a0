/*
 * What becomes of the keys when another root is bound.
 */
#include "proto/ledger/keyrecord.h"
#include "proto/rights/epochs.h"

#include "proto/rights/epoch_recovery.h"
#include "test/proto/press.h"
#include "test/proto/rights/circle.h"

/* ---- another root ---- */

/* The key records of O, one after the other, with the recovery wraps taken out and opened. */
static unsigned recovered(struct circle *f, const struct key *secret, struct buf *rest)
{
	static const uint8_t kind[1] = {RECORD_KEY};
	struct hub_node *owner = &f->nodes[O];
	struct ledger_slots slots = ledger_slots(&owner->hub.ledger, owner->txn, bytes_obj(&kind));
	const struct org_id *org = &f->fed.orgs[O - 1].id;
	struct record record;
	struct keyrecord r;
	unsigned count = 0;

	while (ledger_slots_next(&slots, &record)) {
		struct key key, own;
		assert_int_equal(keyrecord_get(&r, record.body), ERR_OK);
		struct wrap_context context = {
			.granter = *org, .grantee = *org, .prefix = r.prefix, .number = r.number};
		if (!wrap_open(&key, &r.recovery, secret, &context)) {
			assert_int_equal(epochs_key(&owner->hub, owner->txn, r.prefix, r.number,
						    r.prefix, &own),
					 ERR_OK);
			assert_memory_equal(key.b, own.b, KEY_LEN);
			count++;
		}
		memset(r.recovery.b, 0, WRAP_LEN);
		keyrecord_put(rest, &r);
	}
	return count;
}

/* The sheet of the new root opens all keys; the old one none; a death between does no harm. */
static void a_new_root_gets_all_keys(void **state)
{
	enum { BELOW = 140, KEYS = BELOW + 1 };
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	const struct key secret = test_key(9200);
	struct author_state first, last_state;
	struct orglog log, next;
	struct buf rest, rest_after;
	char path[64];

	for (unsigned i = 0; i < BELOW; i++) {
		snprintf(path, sizeof(path), KITA "/p%u", i);
		circle_give(f, (struct gift){.from = O, .to = D, .prefix = path});
	}
	circle_settle_one(owner);
	buf_init(&rest, 4 * 1024 * 1024);
	buf_init(&rest_after, 4 * 1024 * 1024);
	assert_int_equal(recovered(f, &secret, &rest), 0);
	assert_int_equal(circle_records(f, O, RECORD_KEY), KEYS);
	ledger_state(&owner->hub.ledger, owner->txn, author_of(O, 0), &first);
	assert_int_equal(orglog_load(owner->txn, &f->fed.orgs[O - 1].id, &log), ERR_OK);
	next = log;
	next.time_ms = hub_node_wall(owner);
	dh_pk_of(&next.recovery, &secret);
	circle_log(f, O, &log, &next, 0);
	orglog_fini(&log);
	do {
		hub_node_turn(owner);
		epochs_settle(&owner->hub, owner->txn);
	} while (!owner->hub.epochs->recovery.due);
	hub_node_machines(owner);
	circle_settle_one(owner);
	assert_int_equal(recovered(f, &secret, &rest_after), KEYS);
	assert_true(bytes_eq(buf_bytes(&rest), buf_bytes(&rest_after)));
	/* Each once, and with nothing else to do they stay as they are. */
	hub_node_machines(owner);
	hub_node_pass(owner, DAY_MS);
	circle_settle_one(owner);
	ledger_state(&owner->hub.ledger, owner->txn, author_of(O, 0), &last_state);
	assert_in_range(last_state.sequence, first.sequence + KEYS, first.sequence + KEYS + 1);
	buf_fini(&rest);
	buf_fini(&rest_after);
}

/* Its first key is gone from the store. */
static void key_lost(struct hub_node *owner, const char *prefix)
{
	struct walk walk = walk_begin(owner->txn, TABLE_SEALED, bytes_str("epoch:"));
	struct key key;

	while (walk_next(&walk)) {
		struct buf kept;
		buf_init(&kept, 1024);
		buf_add(&kept, walk.value);
		txn_del(owner->txn, TABLE_SEALED, bytes_of(walk.last, walk.last_len));
		if (epochs_key(&owner->hub, owner->txn, bytes_str(prefix), 1, bytes_str(prefix),
			       &key)) {
			buf_fini(&kept);
			return;
		}
		txn_put(owner->txn, TABLE_SEALED, bytes_of(walk.last, walk.last_len),
			buf_bytes(&kept));
		buf_fini(&kept);
	}
	fail_msg("no key of %s", prefix);
}

/* The store knows of no recovery key before, as an older program had left it; a key is lost. */
static void a_root_that_is_bound_gets_the_keys_that_are_there(void **state)
{
	struct circle *f = *state;
	struct hub_node *owner = &f->nodes[O];
	const struct test_org *org = &f->fed.orgs[O - 1];
	const struct key secret = test_key(9200);
	struct orglog_bind bind = {.root = org->next_pk};
	struct orglog log, next;
	struct buf entry, rest;

	circle_epoch(owner, TOP);
	circle_epoch(owner, KITA);
	circle_epoch(owner, TOP "/bau");
	assert_int_equal(orglog_load(owner->txn, &org->id, &log), ERR_OK);
	bind.entry_id = log.entry_id;
	orglog_bind(owner->txn, &org->id, &bind, 1, NULL);
	next = log;
	next.time_ms = hub_node_wall(owner);
	dh_pk_of(&next.recovery, &secret);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	buf_init(&rest, 64 * 1024);
	orglog_make(&entry, &log, &next, &org->next);
	assert_int_equal(orglog_accept(owner->txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	hub_forget(&owner->hub, O);
	/* While nothing can be said it stays as it is, until something has changed. */
	owner->hub.ledger.own_quiet = true;
	circle_settle_one(owner);
	assert_int_equal(recovered(f, &secret, &rest), 0);
	owner->hub.ledger.own_quiet = false;
	key_lost(owner, TOP "/bau");
	hub_forget(&owner->hub, O);
	epoch_recovery_step(&owner->hub, owner->txn);
	assert_int_equal(circle_records(f, O, RECORD_KEY), 3);
	assert_int_equal(recovered(f, &secret, &rest), 2);
	buf_fini(&entry);
	buf_fini(&rest);
	orglog_fini(&log);
}

#define T(name) cmocka_unit_test_setup_teardown(name, circle_setup, circle_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_root_that_is_bound_gets_the_keys_that_are_there),
		T(a_new_root_gets_all_keys),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
