/* Asking for a version by its path: who gets it, and how far it is. */
#include "proto/catalog/want.h"

#include "proto/ledger/held.h"
#include "store/chunks.h"
#include "test/proto/made.h"

/* The node is member 2, and no steward; member 3 publishes. */
struct fixture {
	struct test_federation fed;
	struct hub_node node;
	struct parcel parcels[4];
	size_t parcel_count;
	char why[WHY_LEN];
	struct fetch_status status;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 4, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[1]);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->parcel_count; i++)
		parcel_fini(&f->parcels[i]);
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static struct parcel *known(struct fixture *f, const char *path, uint64_t number, enum tier tier)
{
	struct parcel *p = &f->parcels[f->parcel_count++];
	*p = (struct parcel){.member = 3, .path = path, .number = number, .tier = tier, .count = 4};
	parcel_make(p, &f->fed);
	parcel_known(p, &f->node, &f->fed, NULL);
	return p;
}

static enum err want(struct fixture *f, const char *path, uint64_t number)
{
	f->why[0] = 0;
	f->status = (struct fetch_status){.state = FETCH_UNKNOWN};
	return want_version(&f->node.hub, f->node.txn, hub_node_wall(&f->node), path, number,
			    &f->status, f->why);
}

static enum err look(struct fixture *f, const char *path, uint64_t number)
{
	f->why[0] = 0;
	return want_status(&f->node.hub, f->node.txn, path, number, &f->status, f->why);
}

static void right_take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	rights_arrival(hub, txn, &arrival->record);
}

/* ---- who gets it ---- */

static void what_is_not_known_is_not_wanted(void **state)
{
	static const struct {
		const char *path;
		uint64_t number;
		enum err err;
		const char *says;
	} cases[] = {
		{"Plan", 0, ERR_CONFIG, "\"Plan\" is no dataset: write SLUG/PATH"},
		{"gemeinde-3/none", 0, ERR_ABSENT, "no dataset gemeinde-3/none is known here"},
		{"gemeinde-3/plan", 9, ERR_ABSENT, "gemeinde-3/plan has no version 9 here"},
	};
	struct fixture *f = *state;
	known(f, "gemeinde-3/plan", 1, TIER_MEMBERS);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(want(f, cases[i].path, cases[i].number), cases[i].err);
		assert_non_null(strstr(f->why, cases[i].says));
		assert_int_equal(look(f, cases[i].path, cases[i].number), cases[i].err);
		assert_non_null(strstr(f->why, cases[i].says));
	}
}

static void who_may_not_read_does_not_get_it(void **state)
{
	struct fixture *f = *state;
	struct gift relay = {.from = 3, .to = 2, .prefix = "gemeinde-3/held", .verb = VERB_RELAY},
		    read = {.from = 3, .to = 2, .prefix = "gemeinde-3/read"};
	known(f, "gemeinde-3/no", 1, TIER_GRANTED);
	parcel_held(known(f, "gemeinde-3/held", 1, TIER_GRANTED), &f->node);
	known(f, "gemeinde-3/read", 1, TIER_GRANTED);
	gift_made(&relay, &f->node, &f->fed, right_take);
	gift_made(&read, &f->node, &f->fed, right_take);
	assert_int_equal(want(f, "gemeinde-3/no", 0), ERR_DENIED);
	assert_string_equal(f->why, "Gemeinde 3 has not granted you gemeinde-3/no. Ask Gemeinde 3 "
				    "for \"read\".");
	assert_int_equal(want(f, "gemeinde-3/held", 0), ERR_DENIED);
	assert_string_equal(
		f->why, "this organisation may hold gemeinde-3/held, but not read it: `allmende "
			"subscribe --relay gemeinde-3/held` keeps it for others.");
	assert_int_equal(want(f, "gemeinde-3/read", 0), ERR_OK);
	/* Asking how far it is wants nothing. */
	assert_int_equal(look(f, "gemeinde-3/no", 0), ERR_OK);
	assert_int_equal(f->status.state, FETCH_UNKNOWN);
}

static void what_is_here_is_given_to_whoever_was_a_member(void **state)
{
	struct fixture *f = *state;
	struct parcel *here = known(f, "gemeinde-3/here", 1, TIER_MEMBERS);
	known(f, "gemeinde-3/far", 1, TIER_MEMBERS);
	parcel_held(here, &f->node);
	hub_place_lost(&f->node.hub);
	assert_int_equal(want(f, "gemeinde-3/here", 0), ERR_OK);
	assert_int_equal(f->status.state, FETCH_HELD);
	assert_int_equal(want(f, "gemeinde-3/far", 0), ERR_DENIED);
}

static void without_room_nothing_foreign_is_wanted(void **state)
{
	struct fixture *f = *state;
	struct parcel *here = known(f, "gemeinde-3/here", 1, TIER_MEMBERS);
	known(f, "gemeinde-3/far", 1, TIER_MEMBERS);
	parcel_held(here, &f->node);
	known(f, "gemeinde-3/farther", 1, TIER_MEMBERS);
	const struct room room = {{50 * 1000, UINT64_MAX, UINT64_MAX}};
	hub_node_turn(&f->node);
	hub_node_room(&f->node, &room);
	assert_int_equal(want(f, "gemeinde-3/far", 0), ERR_OK);
	const struct room less = {{5000, UINT64_MAX, UINT64_MAX}};
	hub_node_room(&f->node, &less);
	assert_int_equal(want(f, "gemeinde-3/farther", 0), ERR_NOSPACE);
	assert_string_equal(f->why,
			    "gemeinde-3/farther is not fetched: it needs 1 MB, and 0 MB are left "
			    "for data of others, as the rest of disk or size limit is kept for own "
			    "data; `allmende space` shows what takes the room.");
	assert_int_equal(want(f, "gemeinde-3/here", 0), ERR_OK);
}

/* ---- how far it is ---- */

static void assert_status(struct fixture *f, const char *path, uint64_t number,
			  enum fetch_state status, uint64_t chunks, uint64_t all, uint32_t sources)
{
	assert_int_equal(look(f, path, number), ERR_OK);
	assert_string_equal(f->status.path, path);
	assert_int_equal(f->status.state, status);
	assert_int_equal(f->status.chunk_count, chunks);
	assert_int_equal(f->status.chunk_count_all, all);
	assert_int_equal(f->status.bytes, chunks * 1000);
	assert_int_equal(f->status.bytes_all, all * 1000);
	assert_int_equal(f->status.source_count, sources);
}

static void it_goes_from_waiting_to_held(void **state)
{
	const char *path = "gemeinde-3/plan";
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct parcel *p = known(f, path, 1, TIER_MEMBERS);
	known(f, path, 2, TIER_MEMBERS);
	f->node.limits.whole_bytes_max = 0; /* chunk by chunk */
	assert_status(f, path, 1, FETCH_UNKNOWN, 0, 0, 0);
	assert_int_equal(want(f, path, 1), ERR_OK);
	assert_int_equal(f->status.number, 1);
	assert_status(f, path, 1, FETCH_WAITING, 0, 4, 0);
	assert_status(f, path, 0, FETCH_UNKNOWN, 0, 0, 0); /* the current one is another */
	assert_int_equal(f->status.number, 2);
	struct peer *peer = hub_node_member(&f->node, &f->fed.orgs[2]);
	assert_status(f, path, 1, FETCH_RUNNING, 0, 4, 1);
	parcel_offer(p, &f->node, hub_node_member(&f->node, &f->fed.orgs[3]));
	assert_status(f, path, 1, FETCH_RUNNING, 0, 4, 2);
	/* Without room it waits, whoever has it. */
	const struct room none = room_at(HEADROOM_OWN), all = room_at(HEADROOM_ALL);
	hub_node_room(&f->node, &none);
	scan_settle(hub, f->node.txn);
	assert_status(f, path, 1, FETCH_WAITING, 0, 4, 0);
	assert_in_range(f->status.needs, 4000, 40000);
	hub_node_room(&f->node, &all);
	scan_settle(hub, f->node.txn);
	struct buf index = parcel_index(p, 0, 4, false);
	hub_node_hear(&f->node, peer, fetch_index_take, &index);
	assert_status(f, path, 1, FETCH_RUNNING, 0, 4, 2);
	scan_settle(hub, f->node.txn);
	for (unsigned i = 0; i < 4; i++) {
		struct event event = parcel_chunk(p, i, peer);
		fetch_chunk(hub, f->node.txn, peer, &event);
		assert_status(f, path, 1, FETCH_RUNNING, i + 1, 4, 2);
	}
	scan_settle(hub, f->node.txn);
	assert_status(f, path, 1, FETCH_HELD, 4, 4, 0);
	assert_int_equal(want(f, path, 1), ERR_OK);
	assert_int_equal(f->status.state, FETCH_HELD);
}

/* What somebody waits for stands before what a subscription asks for. */
static void what_is_on_its_way_is_listed(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct parcel *subscribed = known(f, "gemeinde-3/a", 1, TIER_MEMBERS);
	known(f, "gemeinde-3/b", 1, TIER_MEMBERS);
	known(f, "gemeinde-3/c", 1, TIER_MEMBERS);
	assert_false(want_fetch(hub, f->node.txn, 0, &f->status));
	fetch_add(hub, f->node.txn, &subscribed->of, &subscribed->version, false);
	assert_int_equal(want(f, "gemeinde-3/b", 0), ERR_OK);
	assert_int_equal(want(f, "gemeinde-3/c", 0), ERR_OK);
	assert_int_equal(want(f, "gemeinde-3/b", 0), ERR_OK); /* twice is once */
	static const char *const order[] = {"gemeinde-3/b", "gemeinde-3/c", "gemeinde-3/a"};
	for (size_t i = 0; i < COUNT(order); i++) {
		assert_true(want_fetch(hub, f->node.txn, i, &f->status));
		assert_string_equal(f->status.path, order[i]);
	}
	assert_false(want_fetch(hub, f->node.txn, 3, &f->status));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_not_known_is_not_wanted),
		T(who_may_not_read_does_not_get_it),
		T(what_is_here_is_given_to_whoever_was_a_member),
		T(without_room_nothing_foreign_is_wanted),
		T(it_goes_from_waiting_to_held),
		T(what_is_on_its_way_is_listed),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
