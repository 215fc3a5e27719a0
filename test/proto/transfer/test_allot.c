/* What has room is fetched, and what is begun can end; parts that nobody asks for go. */
#include "proto/transfer/allot.h"

#include "proto/ledger/held.h"
#include "proto/transfer/scan.h"
#include "proto/transfer/subscription.h"
#include "store/chunks.h"
#include "test/proto/made.h"

#define KIB  1024u
#define HOUR INT64_C(3600000)

/* The node is member 1; member 2 has made the versions and is linked. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct peer *peer;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 3, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
	hub_node_machines(&f->node);
	f->node.limits.whole_bytes_max = 0; /* how it is with large ones */
	hub_node_turn(&f->node);
	f->peer = hub_node_member(&f->node, &f->fed.orgs[1]);
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

static struct parcel known(struct fixture *f, const char *path, uint64_t number, size_t count,
			   uint32_t size)
{
	struct parcel p = {.member = path[9] == '1' ? 1 : 2,
			   .path = path,
			   .number = number,
			   .count = count,
			   .size = size,
			   .seed = number == 1 ? 1000 : 0}; /* 1 and 2 have the same chunks */
	parcel_make(&p, &f->fed);
	parcel_known(&p, &f->node, &f->fed, NULL);
	parcel_offer(&p, &f->node, f->peer);
	return p;
}

static struct parcel wanted(struct fixture *f, const char *path, size_t count, uint32_t size)
{
	struct parcel p = known(f, path, 1, count, size);
	fetch_add(&f->node.hub, f->node.txn, &p.of, &p.version, false);
	return p;
}

static void go(struct fixture *f, int64_t ms)
{
	hub_node_pass(&f->node, ms);
	scan_tick(&f->node.hub, f->node.txn);
	scan_settle(&f->node.hub, f->node.txn);
}

static void room_is(struct fixture *f, uint64_t foreign, uint64_t own)
{
	const struct room room = {{foreign, own, own}};
	hub_node_room(&f->node, &room);
}

static bool index_asked(struct fixture *f, const struct parcel *p)
{
	struct message m;
	for (size_t k = 0; hub_node_sent(&f->node, f->peer, MESSAGE_INDEX_GET, k, &m); k++) {
		if (held_same(&m.of, &p->of))
			return true;
	}
	return false;
}

static unsigned chunks_asked(struct fixture *f)
{
	struct message m;
	struct chunk_addr addr;
	unsigned count = 0;
	for (size_t k = 0; hub_node_sent(&f->node, f->peer, MESSAGE_CHUNK_GET, k, &m); k++)
		while (message_next_addr(&m, &addr))
			count++;
	return count;
}

static void answer_index(struct fixture *f, const struct parcel *p)
{
	struct buf message = parcel_index(p, 0, p->count, false);
	hub_node_hear(&f->node, f->peer, fetch_index_take, &message);
}

static void answer_chunks(struct fixture *f, const struct parcel *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct event event = parcel_chunk(p, i, f->peer);
		fetch_chunk(&f->node.hub, f->node.txn, f->peer, &event);
	}
}

static bool waits(struct fixture *f, const struct parcel *p)
{
	return fetch_find(&f->node.hub, &p->of)->waits;
}

static void what_is_left_of_the_store_is_for_own_data(void **state)
{
	static const struct {
		enum headroom headroom;
		const char *path;
		bool fetched;
	} cases[] = {
		{HEADROOM_ALL, "gemeinde-2/a", true},   {HEADROOM_OWN, "gemeinde-2/b", false},
		{HEADROOM_NONE, "gemeinde-2/c", false}, {HEADROOM_OWN, "gemeinde-1/d", true},
		{HEADROOM_NONE, "gemeinde-1/e", false},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct room room = room_at(cases[i].headroom), all = room_at(HEADROOM_ALL);
		struct parcel p = wanted(f, cases[i].path, 1, 0);
		hub_node_room(&f->node, &room);
		go(f, 0);
		assert_int_equal(index_asked(f, &p), cases[i].fetched);
		/* It waits; it is not given up. */
		hub_node_room(&f->node, &all);
		go(f, 0);
		assert_int_equal(index_asked(f, &p), !cases[i].fetched);
		fetch_drop(&f->node.hub, f->node.txn, &p.of);
		parcel_fini(&p);
	}
}

static void what_cannot_fit_is_not_begun_and_small_ones_pass(void **state)
{
	struct fixture *f = *state;
	struct parcel large = wanted(f, "gemeinde-2/gross", 20, 64 * KIB),
		      small = wanted(f, "gemeinde-2/klein", 2, 10 * KIB);
	room_is(f, 1000 * KIB, UINT64_MAX);
	go(f, 0);
	assert_false(index_asked(f, &large));
	assert_true(waits(f, &large));
	assert_in_range(fetch_find(&f->node.hub, &large.of)->needs, 1280 * KIB, 1400 * KIB);
	assert_true(index_asked(f, &small));
	answer_index(f, &small);
	go(f, 0);
	assert_int_equal(chunks_asked(f), 2);
	answer_chunks(f, &small, 0, 2);
	go(f, 0);
	assert_true(held_complete(f->node.txn, &small.of));
	/* Nobody tells that there is room: it looks by itself. */
	assert_true(scan_wake(&f->node.hub) <= f->node.hub.mono_ms + 5000);
	room_is(f, 1500 * KIB, UINT64_MAX);
	go(f, 5000);
	assert_true(index_asked(f, &large));
	parcel_fini(&large);
	parcel_fini(&small);
}

static void what_is_begun_has_its_room_set_aside(void **state)
{
	struct fixture *f = *state;
	struct parcel first = wanted(f, "gemeinde-2/erst", 10, 64 * KIB);
	room_is(f, 1000 * KIB, UINT64_MAX);
	go(f, 0);
	assert_true(index_asked(f, &first));
	answer_index(f, &first);
	/* Each alone has room, both have not; who is asked for by a person does not take it. */
	struct parcel second = wanted(f, "gemeinde-2/zweit", 10, 64 * KIB);
	fetch_add(&f->node.hub, f->node.txn, &second.of, &second.version, true);
	go(f, 0);
	assert_false(index_asked(f, &second));
	assert_true(chunks_asked(f) > 0);
	answer_chunks(f, &first, 0, 5);
	/* What is here of it needs none any more. */
	room_is(f, 400 * KIB, UINT64_MAX);
	go(f, 0);
	assert_false(waits(f, &first));
	/* Others fill the disk: it keeps what it has, and asks for nothing. */
	room_is(f, 100 * KIB, UINT64_MAX);
	go(f, 31000);
	assert_true(waits(f, &first));
	assert_int_equal(chunks_asked(f), 0);
	room_is(f, 400 * KIB, UINT64_MAX);
	go(f, 5000);
	assert_false(waits(f, &first));
	answer_chunks(f, &first, 5, 10);
	go(f, 0);
	assert_true(held_complete(f->node.txn, &first.of));
	parcel_fini(&first);
	parcel_fini(&second);
}

/* After a start, too, what is here of a part is counted before it is held against the room. */
static void of_what_is_here_only_the_rest_is_needed(void **state)
{
	struct fixture *f = *state;
	struct parcel p = wanted(f, "gemeinde-2/teil", 20, 16 * KIB);
	go(f, 0);
	answer_index(f, &p);
	go(f, 0);
	answer_chunks(f, &p, 0, 18);
	hub_node_machines(&f->node);
	f->peer = hub_node_member(&f->node, &f->fed.orgs[1]);
	parcel_offer(&p, &f->node, f->peer);
	fetch_add(&f->node.hub, f->node.txn, &p.of, &p.version, false);
	room_is(f, 60 * KIB, UINT64_MAX);
	go(f, 0);
	go(f, 0);
	assert_false(waits(f, &p));
	assert_int_equal(fetch_find(&f->node.hub, &p.of)->chunk_count, 18);
	assert_int_equal(chunks_asked(f), 2);
	answer_chunks(f, &p, 18, 20);
	go(f, 0);
	assert_true(held_complete(f->node.txn, &p.of));
	/* Of a next version of it the index is fetched, as most of it may be here. */
	struct parcel next = known(f, "gemeinde-2/teil", 2, 20, 16 * KIB);
	fetch_add(&f->node.hub, f->node.txn, &next.of, &next.version, false);
	go(f, 0);
	assert_true(index_asked(f, &next));
	answer_index(f, &next);
	go(f, 0);
	go(f, 0);
	assert_true(held_complete(f->node.txn, &next.of));
	parcel_fini(&p);
	parcel_fini(&next);
}

/* ---- parts that nobody asks for ---- */

static bool is_part(struct fixture *f, const struct parcel *p)
{
	struct held held;
	return held_get(f->node.txn, &p->of, &held) && held.state == HELD_INDEXED;
}

static void hours(struct fixture *f, unsigned count)
{
	while (count-- > 0) {
		go(f, HOUR);
		for (unsigned i = 0; i < 4; i++)
			go(f, 0);
	}
}

static void subscribe(struct fixture *f, bool yes)
{
	const struct subscription all = {.pattern = bytes_str("gemeinde-2/**")};
	char why[WHY_LEN];
	assert_int_equal(yes ? subscription_add(&f->node.hub, f->node.txn, &all, why)
			     : subscription_drop(&f->node.hub, f->node.txn, "gemeinde-2/**", why),
			 ERR_OK);
}

static void a_part_that_nobody_asks_for_goes(void **state)
{
	struct fixture *f = *state;
	subscribe(f, true);
	struct parcel p = wanted(f, "gemeinde-2/teil", 4, 64 * KIB);
	go(f, 0);
	answer_index(f, &p);
	go(f, 0);
	answer_chunks(f, &p, 0, 2);
	hub_node_down(&f->node, f->peer);
	/* What a subscription asks for waits for days. */
	hours(f, 3 * PART_HOURS);
	assert_true(is_part(f, &p));
	subscribe(f, false);
	go(f, 0);
	assert_null(fetch_find(&f->node.hub, &p.of));
	hours(f, PART_HOURS / 2);
	assert_true(is_part(f, &p));
	/* A start does not take it up again. */
	hub_node_machines(&f->node);
	hours(f, 3);
	assert_null(fetch_find(&f->node.hub, &p.of));
	assert_true(is_part(f, &p));
	hours(f, PART_HOURS);
	assert_false(is_part(f, &p));
	assert_false(chunks_has(f->node.txn, &p.of.dataset, parcel_addr(&p, 0)));
	parcel_fini(&p);
}

static void where_room_is_needed_it_goes_sooner(void **state)
{
	struct fixture *f = *state;
	subscribe(f, true);
	struct parcel p = wanted(f, "gemeinde-2/teil", 4, 64 * KIB);
	go(f, 0);
	answer_index(f, &p);
	hub_node_down(&f->node, f->peer);
	subscribe(f, false);
	room_is(f, 0, UINT64_MAX);
	hours(f, 2);
	assert_false(is_part(f, &p));
	parcel_fini(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_left_of_the_store_is_for_own_data),
		T(what_cannot_fit_is_not_begun_and_small_ones_pass),
		T(what_is_begun_has_its_room_set_aside),
		T(of_what_is_here_only_the_rest_is_needed),
		T(a_part_that_nobody_asks_for_goes),
		T(where_room_is_needed_it_goes_sooner),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
