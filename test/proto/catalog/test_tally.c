/* How many datasets there are, and are here: kept in the turn that changes it. */
#include "proto/catalog/tally.h"

#include "proto/ledger/held.h"
#include "test/proto/made.h"
#include "test/proto/press.h"

/* The node is member 2; member 3 has a node of its own, which publishes. */
struct fixture {
	struct test_federation fed;
	struct hub_node node, other;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, 4, 3, 2);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[1]);
	hub_node_open(&f->other, &f->fed, &f->fed.orgs[2]);
	fedkeys_store(&f->node.hub, f->node.txn, 1, &f->fed.fed_key);
	fedkeys_store(&f->other.hub, f->other.txn, 1, &f->fed.fed_key);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hub_node_close(&f->node);
	hub_node_close(&f->other);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void others_come(struct fixture *f)
{
	made_copy(&f->other, &f->node, author_of(3, 0), NULL);
	hub_node_turn(&f->node);
}

#define assert_counts(f, known_, own_, held_, damaged_, single_)                                   \
	do {                                                                                       \
		struct standing_counts counts;                                                     \
		tally_settle(&(f)->node.hub, (f)->node.txn);                                       \
		standing_counts((f)->node.txn, &counts);                                           \
		assert_int_equal(counts.known, known_);                                            \
		assert_int_equal(counts.of[STANDING_OWN], own_);                                   \
		assert_int_equal(counts.of[STANDING_HELD], held_);                                 \
		assert_int_equal(counts.of[STANDING_DAMAGED], damaged_);                           \
		assert_int_equal(counts.of[STANDING_SINGLE], single_);                             \
	} while (0)

static void what_is_true_is_counted(void **state)
{
	struct fixture *f = *state;
	struct dataset_id first = {{0}}, own = test_dataset(&f->fed, 2, "gemeinde-2/a");
	struct version_id of = {own, 1, author_of(2, 0)};
	struct held held;

	assert_counts(f, 0, 0, 0, 0, 0);
	press_version(&f->node, "gemeinde-2/a", TIER_MEMBERS, "a", 1);
	assert_counts(f, 1, 1, 1, 0, 1);
	press_version(&f->other, "gemeinde-3/a", TIER_MEMBERS, "a", 1);
	press_version(&f->other, "gemeinde-3/b", TIER_MEMBERS, "a", 1);
	others_come(f);
	assert_counts(f, 3, 1, 1, 0, 1);
	assert_true(held_get(f->node.txn, &of, &held));
	held.state = HELD_DAMAGED;
	held_put(f->node.txn, &of, &held);
	assert_counts(f, 3, 1, 0, 1, 1);
	assert_true(standing_next(f->node.txn, STANDING_DAMAGED, &first));
	assert_memory_equal(&first, &own, sizeof(own));
	assert_false(standing_next(f->node.txn, STANDING_DAMAGED, &first));
	assert_true(held_drop(f->node.txn, &of));
	assert_counts(f, 3, 1, 0, 0, 1);
}

/* What this turn has done costs the store so many look-ups and writes. */
static uint64_t cost_of_change(struct fixture *f, const char *path)
{
	press_version(&f->other, path, TIER_MEMBERS, "a", 1);
	others_come(f);
	const struct txn_cost before = txn_cost(f->node.txn);
	struct dataset_id dataset = test_dataset(&f->fed, 3, path);
	struct standing_counts counts;
	standing_touch(f->node.txn, &dataset);
	tally_settle(&f->node.hub, f->node.txn);
	standing_counts(f->node.txn, &counts);
	const struct txn_cost after = txn_cost(f->node.txn);
	return after.lookups - before.lookups + after.writes - before.writes;
}

static void a_change_costs_the_same_among_many(void **state)
{
	struct fixture *f = *state;
	char path[40];

	/* The walk over all that a start begins with is over at once. */
	tally_settle(&f->node.hub, f->node.txn);
	const uint64_t few = cost_of_change(f, "gemeinde-3/a");
	for (unsigned i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "gemeinde-3/n%u", i);
		press_version(&f->other, path, TIER_MEMBERS, "a", 1);
	}
	others_come(f);
	tally_settle(&f->node.hub, f->node.txn);
	assert_int_equal(cost_of_change(f, "gemeinde-3/b"), few);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_true_is_counted),
		T(a_change_costs_the_same_among_many),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
