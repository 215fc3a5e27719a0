/* What is written when a day begins, when the clock is set, and when a store was an old copy. */
#include "proto/audit/audit.h"
#include "proto/audit/check.h"
#include "proto/audit/seen.h"
#include "proto/wire/wire_in.h"
#include "test/proto/hub_node.h"

static uint64_t kind_count(struct hub_node *node, enum audit_kind kind, struct audit_entry *last)
{
	struct walk walk = walk_begin(node->txn, TABLE_LOG, bytes_of(NULL, 0));
	struct audit_entry entry;
	uint64_t count = 0;

	while (walk_next(&walk)) {
		assert_int_equal(audit_entry_decode(&entry, walk.value), ERR_OK);
		if (entry.kind != kind)
			continue;
		*last = entry;
		count++;
	}
	return count;
}

/* A head of a member whose log has this tip; zero: none. */
static void head_comes(struct hub_fixture *f, unsigned member, uint8_t tip)
{
	struct ledger_node other;

	ledger_node_open(&other, &f->fed, member);
	ledger_now(&other.ledger, hub_node_wall(&f->node));
	other.ledger.has_log_tip = tip != 0;
	other.ledger.log_tip.b[0] = tip;
	test_append(&other.ledger, other.txn, 1, 10);
	assert_int_equal(ledger_head_make(&other.ledger, other.txn, NULL), ERR_OK);
	hub_node_copy(&other, &f->node, author_of(member, 0));
	ledger_node_close(&other);
}

static void heads_of_the_group_are_noted_once_a_day(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct audit_entry entry;
	struct head head;

	audit_tick(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_TIPS, &entry) == 0);
	head_comes(f, 2, 7);
	head_comes(f, 3, 0);
	hub_node_pass(node, 60 * 1000);
	audit_tick(&node->hub, node->txn);
	audit_tick(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_TIPS, &entry) == 1);
	struct wire_in w = wire_in(entry.detail);
	wire_array(&w, 1, 1); /* one without a tip says nothing */
	assert_int_equal(head_decode(&head, wire_bin(&w, 1, LIMIT_HEAD_LEN_MAX)), ERR_OK);
	assert_int_equal(wire_end(&w), ERR_OK);
	assert_int_equal(head.author, author_of(2, 0));
	assert_int_equal(head.log_tip.b[0], 7);
	/* A restart on the same day notes nothing again. */
	hub_node_turn(node);
	*node->hub.audit = (struct audit){.open = false};
	audit_tick(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_TIPS, &entry) == 1);
	assert_true(kind_count(node, AUDIT_RUNS, &entry) == 1);
	/* Nor is a head that has expired worth it. */
	hub_node_pass(node, 3 * AUDIT_DAY_MS);
	audit_tick(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_TIPS, &entry) == 1);
	assert_true(kind_count(node, AUDIT_RUNS, &entry) == 2);
}

static void a_clock_that_is_set_is_told(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	const int64_t wall_ms = hub_node_wall(node), mono_ms = hub_node_mono(node);
	struct audit_entry entry;

	audit_tick(&node->hub, node->txn);
	hub_node_time(node, wall_ms + 60 * 1000, mono_ms + 60 * 1000);
	audit_tick(&node->hub, node->txn);
	hub_node_time(node, wall_ms + 9 * 60 * 1000, mono_ms + 60 * 1000);
	audit_tick(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_CLOCK, &entry) == 0);
	hub_node_time(node, wall_ms + AUDIT_DAY_MS, mono_ms + 61 * 1000);
	audit_tick(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_CLOCK, &entry) == 1);
	hub_node_time(node, wall_ms, mono_ms + 62 * 1000);
	audit_tick(&node->hub, node->txn);
	audit_tick(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_CLOCK, &entry) == 2);
	struct wire_in w = wire_in(entry.detail);
	wire_array(&w, 2, 2);
	wire_exact(&w, (uint64_t)wall_ms);
	wire_uint(&w, INT64_MAX);
	assert_int_equal(wire_end(&w), ERR_OK);
}

static void an_old_copy_is_told(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct audit_entry entry;
	struct buf head;

	audit_restored(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_RESTORED, &entry) == 1);
	struct wire_in w = wire_in(entry.detail);
	wire_array(&w, 1, 1);
	assert_true(wire_nil(&w));
	test_append(&node->hub.ledger, node->txn, 1, 10);
	buf_init(&head, LIMIT_HEAD_LEN_MAX);
	assert_int_equal(ledger_head_make(&node->hub.ledger, node->txn, &head), ERR_OK);
	audit_restored(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_RESTORED, &entry) == 2);
	w = wire_in(entry.detail);
	wire_array(&w, 1, 1);
	assert_true(bytes_eq(wire_bin(&w, 1, LIMIT_HEAD_LEN_MAX), buf_bytes(&head)));
	buf_fini(&head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hub_test(heads_of_the_group_are_noted_once_a_day),
		hub_test(a_clock_that_is_set_is_told),
		hub_test(an_old_copy_is_told),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
