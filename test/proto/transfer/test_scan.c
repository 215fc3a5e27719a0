/*
 * What is wanted and not here becomes a fetch: with the version that comes, and with the word that
 * asks for it.
 */
#include "proto/transfer/scan.h"

#include "proto/ledger/held.h"
#include "proto/transfer/subscription.h"
#include "store/chunks.h"
#include "test/proto/made.h"

/* The node is member 1; 2 publishes. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 3, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	hub_node_machines(&f->node);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void subscribe(struct fixture *f, const char *pattern)
{
	struct subscription s = {bytes_str(pattern), false};
	char why[WHY_LEN];
	assert_int_equal(subscription_add(&f->node.hub, f->node.txn, &s, why), ERR_OK);
}

static struct parcel comes(struct fixture *f, const char *path, uint64_t number)
{
	struct parcel p = {.member = (unsigned)(path[9] - '0'), .path = path, .number = number};
	parcel_make(&p, &f->fed);
	parcel_known(&p, &f->node, &f->fed, scan_version);
	return p;
}

static bool is_fetched(struct fixture *f, const struct parcel *p)
{
	return fetch_find(&f->node.hub, &p->of) != NULL;
}

/* Turns until nothing is left to compare; so many were needed. */
static unsigned turns(struct fixture *f)
{
	unsigned count = 0;
	do {
		hub_node_turn(&f->node);
		scan_tick(&f->node.hub, f->node.txn);
		scan_settle(&f->node.hub, f->node.txn);
		count++;
	} while (scan_wake(&f->node.hub) <= hub_node_mono(&f->node));
	return count;
}

/* ---- a version comes ---- */

static void what_is_subscribed_is_fetched(void **state)
{
	struct fixture *f = *state;
	subscribe(f, "*/kita/*");
	struct parcel wanted = comes(f, "gemeinde-2/kita/plan", 1),
		      other = comes(f, "gemeinde-2/plan", 1);
	assert_true(is_fetched(f, &wanted));
	assert_false(is_fetched(f, &other));
	/* People hear of both. */
	assert_string_equal(hub_node_effect(&f->node, EFFECT_NOTE, 0)->note->path,
			    "gemeinde-2/kita/plan");
	assert_string_equal(hub_node_effect(&f->node, EFFECT_NOTE, 1)->note->path,
			    "gemeinde-2/plan");
	parcel_fini(&wanted);
	parcel_fini(&other);
}

/* Own datasets are always wanted: they may have been lost. */
static void the_own_is_wanted_without_a_word(void **state)
{
	struct fixture *f = *state;
	struct parcel own = comes(f, "gemeinde-1/plan", 1),
		      foreign = comes(f, "gemeinde-2/plan", 1);
	assert_true(is_fetched(f, &own));
	assert_false(is_fetched(f, &foreign));
	parcel_fini(&own);
	parcel_fini(&foreign);
}

/* Whatever comes last, it is the current version that is fetched. */
static void the_current_version_is_fetched(void **state)
{
	struct fixture *f = *state;
	subscribe(f, "gemeinde-2/**");
	struct parcel third = comes(f, "gemeinde-2/plan", 3);
	assert_true(is_fetched(f, &third));
	fetch_drop(&f->node.hub, f->node.txn, &third.of);
	struct parcel second = comes(f, "gemeinde-2/plan", 2);
	assert_false(is_fetched(f, &second));
	assert_true(is_fetched(f, &third));
	fetch_drop(&f->node.hub, f->node.txn, &third.of);
	parcel_held(&third, &f->node);
	struct parcel first = comes(f, "gemeinde-2/plan", 1);
	assert_false(is_fetched(f, &first) || is_fetched(f, &second) || is_fetched(f, &third));
	struct parcel fourth = comes(f, "gemeinde-2/plan", 4);
	assert_true(is_fetched(f, &fourth));
	parcel_fini(&first);
	parcel_fini(&second);
	parcel_fini(&third);
	parcel_fini(&fourth);
}

/* ---- a word comes ---- */

static void what_is_known_is_compared_with_a_new_word(void **state)
{
	struct fixture *f = *state;
	struct parcel a = comes(f, "gemeinde-2/kita/a", 1), b = comes(f, "gemeinde-2/plan", 1);
	turns(f);
	assert_false(is_fetched(f, &a) || is_fetched(f, &b));
	assert_true(scan_wake(&f->node.hub) == voids_wake(&f->node.hub));
	subscribe(f, "*/kita/*");
	assert_int_equal(scan_wake(&f->node.hub), hub_node_mono(&f->node));
	turns(f);
	assert_true(is_fetched(f, &a));
	assert_false(is_fetched(f, &b));
	parcel_fini(&a);
	parcel_fini(&b);
}

static void right_take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	assert_true(rights_arrival(hub, txn, &arrival->record));
}

/* A right is as good as a word. */
static void what_is_known_is_compared_when_a_right_comes(void **state)
{
	struct fixture *f = *state;
	struct gift gift = {.from = 2, .to = 1, .prefix = "gemeinde-2"};
	struct parcel p = {.member = 2, .path = "gemeinde-2/plan", .tier = TIER_GRANTED};
	subscribe(f, "gemeinde-2/**");
	parcel_make(&p, &f->fed);
	parcel_known(&p, &f->node, &f->fed, scan_version);
	turns(f);
	assert_false(is_fetched(f, &p));
	gift_made(&gift, &f->node, &f->fed, right_take);
	turns(f);
	assert_true(is_fetched(f, &p));
	parcel_fini(&p);
}

/* A few rows each turn: a large catalogue does not hold one up. */
static void a_large_catalogue_takes_several_turns(void **state)
{
	enum { COUNT_ALL = 1030 };
	struct fixture *f = *state;
	for (unsigned i = 0; i < COUNT_ALL; i++) {
		char path[40];
		snprintf(path, sizeof(path), "gemeinde-2/x%u", i);
		struct parcel p = comes(f, path, 1);
		parcel_fini(&p);
	}
	turns(f);
	assert_int_equal(f->node.machines.transfer.fetch_count, 0);
	subscribe(f, "gemeinde-2/**");
	assert_int_equal(turns(f), 4); /* what is held; 512; 512; the rest */
	assert_int_equal(f->node.machines.transfer.fetch_count, COUNT_ALL);
}

/* ---- a start ---- */

/* Its index is here, and not its chunk. */
static void partly(struct fixture *f, struct parcel *p, enum held_state how)
{
	parcel_held(p, &f->node);
	held_put(f->node.txn, &p->of, &(struct held){how, TEST_TIME_MS, 1000, 1});
	chunks_del(f->node.txn, &p->of.dataset, parcel_addr(p, 0));
}

static void what_was_on_its_way_goes_on_after_a_start(void **state)
{
	struct fixture *f = *state;
	struct parcel half = comes(f, "gemeinde-2/half", 1), bad = comes(f, "gemeinde-2/bad", 1),
		      whole = comes(f, "gemeinde-2/whole", 1),
		      granted = {.member = 2, .path = "gemeinde-2/g", .tier = TIER_GRANTED};
	parcel_make(&granted, &f->fed);
	parcel_known(&granted, &f->node, &f->fed, NULL);
	parcel_held(&whole, &f->node);
	partly(f, &half, HELD_INDEXED);
	partly(f, &bad, HELD_DAMAGED);
	partly(f, &granted, HELD_INDEXED);
	hub_node_machines(&f->node);
	turns(f);
	assert_true(is_fetched(f, &half));
	assert_true(is_fetched(f, &bad));
	assert_false(is_fetched(f, &whole));
	assert_false(is_fetched(f, &granted)); /* the right has ended meanwhile */
	/* One that its author has dropped leaves nothing behind. */
	ledger_author_drop(&f->node.hub.ledger, f->node.txn, author_of(2, 0));
	partly(f, &half, HELD_INDEXED);
	hub_node_machines(&f->node);
	turns(f);
	assert_false(is_fetched(f, &half));
	struct held held;
	assert_false(held_get(f->node.txn, &half.of, &held));
	parcel_fini(&half);
	parcel_fini(&bad);
	parcel_fini(&whole);
	parcel_fini(&granted);
}

/* Publications that a crash has ended leave nothing behind, neither rows nor chunks. */
static void what_was_being_published_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct parcel p = {.member = 1, .path = "gemeinde-1/plan", .count = 3};
	parcel_make(&p, &f->fed);
	uint64_t job = chunks_job_new(f->node.txn, 1);
	for (size_t i = 0; i < 3; i++) {
		chunks_stage(f->node.txn, job, &p.of.dataset, parcel_addr(&p, i), p.size);
		chunks_put(f->node.txn, &p.of.dataset, parcel_addr(&p, i), buf_bytes(&p.chunks[i]));
	}
	hub_node_machines(&f->node);
	assert_false(chunks_staged(f->node.txn, job, &p.of.dataset, parcel_addr(&p, 0)));
	turns(f);
	for (size_t i = 0; i < 3; i++)
		assert_false(chunks_has(f->node.txn, &p.of.dataset, parcel_addr(&p, i)));
	parcel_fini(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- what does not count any more ---- */

static struct parcel is_held(struct fixture *f, unsigned member, const char *path)
{
	struct parcel p = {.member = member, .owner = (unsigned)(path[9] - '0'), .path = path};
	parcel_make(&p, &f->fed);
	parcel_known(&p, &f->node, &f->fed, scan_version);
	parcel_held(&p, &f->node);
	return p;
}

static void hours(struct fixture *f, unsigned count)
{
	while (count-- > 0) {
		hub_node_pass(&f->node, 3600000);
		turns(f);
	}
}

static void what_is_void_goes_where_room_is_needed(void **state)
{
	struct fixture *f = *state;
	struct parcel valid = is_held(f, 2, "gemeinde-2/kita"),
		      void_here = is_held(f, 3, "gemeinde-2/plan"),
		      in_own = is_held(f, 3, "gemeinde-1/plan");
	hours(f, 1 + VOID_HOURS);
	assert_true(held_complete(f->node.txn, &in_own.of));
	assert_true(held_complete(f->node.txn, &void_here.of)); /* there is room */
	f->node.hub.headroom = HEADROOM_OWN;
	hours(f, 1);
	assert_false(held_complete(f->node.txn, &void_here.of));
	assert_true(held_complete(f->node.txn, &valid.of));
	assert_true(held_complete(f->node.txn, &in_own.of));
	parcel_fini(&valid);
	parcel_fini(&void_here);
	parcel_fini(&in_own);
}

static void no_need_of_room_drops_what_has_just_become_void(void **state)
{
	struct fixture *f = *state;
	struct parcel p = is_held(f, 3, "gemeinde-2/plan");
	struct held held;
	f->node.hub.headroom = HEADROOM_OWN;
	hours(f, 24);
	assert_true(held_get(f->node.txn, &p.of, &held));
	assert_in_range(held.void_hours, 22, 24);
	assert_int_equal(held.state, HELD_COMPLETE);
	parcel_fini(&p);
}

static void what_counts_again_is_counted_anew(void **state)
{
	struct fixture *f = *state;
	struct parcel p = is_held(f, 2, "gemeinde-2/plan");
	struct held held;
	assert_true(held_get(f->node.txn, &p.of, &held));
	held.void_hours = VOID_HOURS;
	held_put(f->node.txn, &p.of, &held);
	f->node.hub.headroom = HEADROOM_OWN;
	hours(f, 2);
	assert_true(held_get(f->node.txn, &p.of, &held));
	assert_int_equal(held.void_hours, 0);
	parcel_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_subscribed_is_fetched),
		T(the_own_is_wanted_without_a_word),
		T(the_current_version_is_fetched),
		T(what_is_known_is_compared_with_a_new_word),
		T(what_is_known_is_compared_when_a_right_comes),
		T(a_large_catalogue_takes_several_turns),
		T(what_was_on_its_way_goes_on_after_a_start),
		T(what_was_being_published_is_forgotten),
		T(what_is_void_goes_where_room_is_needed),
		T(no_need_of_room_drops_what_has_just_become_void),
		T(what_counts_again_is_counted_anew),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
