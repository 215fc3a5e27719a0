/* The log of a node: it grows by what is said, stays a chain, and is bounded by organisation. */
#include "proto/audit/audit.h"

#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"
#include "test/proto/hub_node.h"

static void add(struct hub_node *node, uint32_t payer, size_t len)
{
	struct buf detail;

	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	memset(buf_space(&detail, len), 'x', len);
	audit_add(&node->hub, node->txn, payer, AUDIT_COMMAND, &detail);
	assert_int_equal(txn_err(node->txn), ERR_OK);
}

static bool entry_get(struct hub_node *node, uint64_t number, struct audit_entry *out)
{
	struct row_key key = key_log(number);
	struct bytes row;

	if (!txn_get(node->txn, TABLE_LOG, row_key_bytes(&key), &row))
		return false;
	assert_int_equal(audit_entry_decode(out, row), ERR_OK);
	assert_true(out->number == number);
	return true;
}

/* Of entries that are here; how many. */
static uint64_t chain_check(struct hub_node *node)
{
	const struct audit *audit = node->hub.audit;
	struct digest id = {{0}};
	uint64_t count = 0;

	audit_open(&node->hub, node->txn);

	for (uint64_t n = audit->first; n <= audit->last; n++) {
		struct audit_entry entry;
		assert_true(entry_get(node, n, &entry));
		if (n > audit->first)
			assert_true(id_eq(&entry.previous, &id));
		audit_entry_id(&id, entry.whole);
		count++;
	}
	assert_true(id_eq(&id, &audit->tip));
	assert_true(txn_count(node->txn, TABLE_LOG) == count);
	return count;
}

static void entries_follow_and_survive_a_restart(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct digest tip;

	for (unsigned i = 0; i < 10; i++)
		add(node, AUDIT_OWN, i);
	assert_true(node->hub.ledger.has_log_tip);
	const uint64_t count = chain_check(node);
	tip = node->hub.audit->tip;
	hub_node_turn(node);
	*node->hub.audit = (struct audit){.open = false};
	audit_open(&node->hub, node->txn);
	assert_true(id_eq(&tip, &node->hub.audit->tip));
	assert_true(chain_check(node) == count);
	add(node, AUDIT_OWN, 3);
	assert_true(chain_check(node) == count + 1);
}

static void the_head_names_the_tip(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct head head;
	struct buf whole;

	add(node, AUDIT_OWN, 1);
	test_append(&node->hub.ledger, node->txn, 1, 10);
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	assert_int_equal(ledger_head_make(&node->hub.ledger, node->txn, &whole), ERR_OK);
	assert_int_equal(head_decode(&head, buf_bytes(&whole)), ERR_OK);
	assert_true(head.has_log_tip && id_eq(&head.log_tip, &node->hub.audit->tip));
	buf_fini(&whole);
}

/* Segments of 4 KB, three of them; as many entries as fill eight. */
static void segments_are_closed_and_roll_off(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	uint64_t next = 1;
	struct bytes key, value;
	struct audit_closing closing;
	struct sign_pk pk;

	node->limits.log_segment_bytes = 4096;
	node->limits.log_segment_count = 3;
	sign_pk_of(&pk, node->hub.ledger.own_seed);
	for (unsigned i = 0; i < 8 * 4; i++)
		add(node, AUDIT_OWN, 1024);
	chain_check(node);
	assert_true(node->hub.audit->closed_count == 2);
	assert_true(node->hub.audit->first > 16);
	struct walk walk = walk_begin(node->txn, TABLE_LOG_CLOSING, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		assert_int_equal(audit_closing_decode(&closing, walk.value), ERR_OK);
		assert_int_equal(audit_closing_check(&closing, &pk, &f->fed.charter.fed), ERR_OK);
		assert_true(closing.first == next);
		next = closing.last + 1;
	}
	assert_true(next == node->hub.audit->segment_first);
	/* What is here begins where the last segment that is gone has ended. */
	assert_true(walk_last(node->txn, TABLE_LOG, bytes_of(NULL, 0), &key, &value));
	const struct audit before = *node->hub.audit;
	*node->hub.audit = (struct audit){.open = false};
	audit_open(&node->hub, node->txn);
	assert_true(before.first == node->hub.audit->first);
	assert_true(before.segment_first == node->hub.audit->segment_first);
	assert_true(before.segment_bytes == node->hub.audit->segment_bytes);
	assert_true(before.closed_count == node->hub.audit->closed_count);
	assert_true(before.segment_ms == node->hub.audit->segment_ms);
}

/* PROTOCOL: "While it signs nothing the open segment grows to four times its size, no further." */
static void who_signs_nothing_closes_nothing(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;

	node->limits.log_segment_bytes = 4096;
	hub_signing(&node->hub, SIGNING_STOPPED);
	for (unsigned i = 0; i < 40; i++)
		add(node, AUDIT_OWN, 1024);
	assert_true(txn_count(node->txn, TABLE_LOG_CLOSING) == 0);
	const uint64_t count = chain_check(node);
	assert_true(count < 16);
	hub_signing(&node->hub, SIGNING_YES);
	hub_node_pass(node, AUDIT_DAY_MS);
	audit_tick(&node->hub, node->txn);
	assert_true(txn_count(node->txn, TABLE_LOG_CLOSING) == 1);
	/* How many were left out is said. */
	struct audit_entry entry;
	assert_true(entry_get(node, node->hub.audit->last, &entry));
	assert_true(entry.kind == AUDIT_LEFT_OUT);
	struct wire_in w = wire_in(entry.detail);
	wire_array(&w, 2, 2);
	wire_exact(&w, 0);
	wire_array(&w, 1, 1);
	wire_array(&w, 2, 2);
	wire_exact(&w, AUDIT_COMMAND);
	wire_exact(&w, 40 - count);
	assert_int_equal(wire_end(&w), ERR_OK);
}

/*
 * An organisation that has something written each second is held to its account; others, and this
 * node itself, are not. What was left out is said once a day, and the next day there is some again.
 */
static void an_organisation_is_held_to_its_account(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct audit_entry entry;

	node->limits.log_org_bytes = 10 * 1024;
	node->limits.log_org_day_bytes = 2 * 1024;
	audit_tick(&node->hub, node->txn);
	for (unsigned i = 0; i < 1000; i++)
		add(node, 2, 960);
	const uint64_t count = chain_check(node);
	assert_true(count == 11); /* and that it is up */
	add(node, 3, 960);
	add(node, AUDIT_OWN, 960);
	assert_true(chain_check(node) == count + 2);
	hub_node_pass(node, AUDIT_DAY_MS);
	audit_tick(&node->hub, node->txn);
	assert_true(chain_check(node) == count + 4);
	assert_true(entry_get(node, node->hub.audit->last, &entry));
	assert_true(entry.kind == AUDIT_LEFT_OUT);
	audit_tick(&node->hub, node->txn);
	for (unsigned i = 0; i < 1000; i++)
		add(node, 2, 960);
	assert_true(chain_check(node) == count + 6);
	/* After a month it has no more than at first. */
	hub_node_pass(node, 30 * AUDIT_DAY_MS);
	for (unsigned i = 0; i < 1000; i++)
		add(node, 2, 960);
	assert_true(chain_check(node) == count + 16);
}

static void a_disk_without_room_stops_it(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;

	const uint64_t count = chain_check(node);
	node->hub.ledger.room = room_at(HEADROOM_NONE);
	add(node, AUDIT_OWN, 10);
	assert_true(chain_check(node) == count);
	node->hub.ledger.room = room_at(HEADROOM_ALL);
	add(node, AUDIT_OWN, 10);
	assert_true(chain_check(node) == count + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hub_test(entries_follow_and_survive_a_restart),
		hub_test(the_head_names_the_tip),
		hub_test(segments_are_closed_and_roll_off),
		hub_test(who_signs_nothing_closes_nothing),
		hub_test(an_organisation_is_held_to_its_account),
		hub_test(a_disk_without_room_stops_it),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
