/* served: what was fetched from here is counted, survives a restart, and is written once a day. */
#include "proto/audit/served.h"

#include "proto/audit/audit.h"
#include "test/proto/hub_node.h"

static struct version_id version_of(unsigned n)
{
	struct version_id of = {.number = 7, .author = 256};

	be32_put(of.dataset.b, n + 1);
	return of;
}

static void serve(struct hub_node *node, uint32_t member, unsigned n)
{
	const struct version_id of = version_of(n);

	audit_served(&node->hub, node->txn, member, &of, 2, 1000);
}

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

static void a_day_is_one_entry(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct audit_served_list list;
	struct audit_entry entry;
	struct version_id of;
	uint64_t chunks, bytes;

	audit_tick(&node->hub, node->txn);
	for (unsigned i = 0; i < 10; i++)
		serve(node, 2, i % 2);
	audit_tick(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_SERVED, &entry) == 0);
	/* A restart forgets nothing. */
	hub_node_turn(node);
	*node->hub.audit = (struct audit){.open = false};
	serve(node, 2, 0);
	hub_node_pass(node, AUDIT_DAY_MS);
	audit_tick(&node->hub, node->txn);
	assert_true(kind_count(node, AUDIT_SERVED, &entry) == 1);
	assert_int_equal(audit_served_get(&list, entry.detail), ERR_OK);
	assert_int_equal(list.member, 2);
	assert_int_equal(list.left, 2);
	assert_true(audit_served_next(&list, &of, &chunks, &bytes));
	const struct version_id first = version_of(0);
	assert_true(id_eq(&of.dataset, &first.dataset) && of.number == 7 && of.author == 256);
	assert_true(chunks == 12 && bytes == 6000);
	assert_true(audit_served_next(&list, &of, &chunks, &bytes));
	assert_true(chunks == 10 && bytes == 5000);
	assert_false(audit_served_next(&list, &of, &chunks, &bytes));
	assert_true(txn_count(node->txn, TABLE_LOG_SERVED) == 0);
}

/* One chunk of each of many datasets: rows and entries are bounded, what is left out is told. */
static void many_datasets_are_bounded(void **state)
{
	struct hub_fixture *f = *state;
	struct hub_node *node = &f->node;
	struct audit_entry entry;

	audit_tick(&node->hub, node->txn);
	for (unsigned i = 0; i < 30000; i++) {
		serve(node, 2, i);
		assert_true(txn_count(node->txn, TABLE_LOG_SERVED) <= AUDIT_SERVED_COUNT_MAX + 1);
	}
	serve(node, 3, 1);
	assert_true(node->hub.audit->segment_bytes + node->hub.audit->closed_count * 1024 * 1024 <
		    2 * node->limits.log_org_bytes);
	hub_node_pass(node, AUDIT_DAY_MS);
	for (unsigned i = 0; i < 8; i++)
		audit_tick(&node->hub, node->txn);
	assert_true(txn_count(node->txn, TABLE_LOG_SERVED) == 0);
	assert_true(kind_count(node, AUDIT_LEFT_OUT, &entry) == 1);
	/* Who has fetched little is told all the same. */
	kind_count(node, AUDIT_SERVED, &entry);
	struct audit_served_list list;
	assert_int_equal(audit_served_get(&list, entry.detail), ERR_OK);
	assert_int_equal(list.member, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hub_test(a_day_is_one_entry),
		hub_test(many_datasets_are_bounded),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
