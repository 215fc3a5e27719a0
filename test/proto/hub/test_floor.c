/* What a node makes of its clock: a wrong one opens nothing that has ended, and ends nothing. */
#include "proto/rights/rights.h"
#include "test/proto/made.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (3600 * SECOND_MS)
#define DAY_MS    (24 * HOUR_MS)
#define YEAR_MS   (365 * DAY_MS)
#define VALID_MS  (26 * HOUR_MS) /* of a head */

enum { OWNER = 1, OTHERS = 4 };

struct fixture {
	struct test_federation fed;
	struct hub_node node;              /* of member 1 */
	struct ledger_node others[OTHERS]; /* of members 2 to 5 */
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	test_federation_init(&f->fed, 1 + OTHERS, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[OWNER - 1]);
	for (unsigned i = 0; i < OTHERS; i++)
		ledger_node_open(&f->others[i], &f->fed, 2 + i);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < OTHERS; i++)
		ledger_node_close(&f->others[i]);
	hub_node_close(&f->node);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

/* The clock shows so much after TEST_TIME_MS, a minute and more later by the other one. */
static void clock_shows(struct fixture *f, int64_t ms)
{
	hub_node_turn(&f->node);
	hub_node_time(&f->node, TEST_TIME_MS + ms, hub_node_mono(&f->node) + 2 * MINUTE_MS);
	hub_node_turn(&f->node);
}

/* A member says something at this time, and it comes. */
static enum err says(struct fixture *f, unsigned member, int64_t ms)
{
	struct ledger_node *other = &f->others[member - 2];
	struct buf head;
	buf_init(&head, LIMIT_HEAD_LEN_MAX);
	ledger_now(&other->ledger, TEST_TIME_MS + ms);
	assert_int_equal(ledger_head_make(&other->ledger, other->txn, &head), ERR_OK);
	enum err err = ledger_accept_head(&f->node.hub.ledger, f->node.txn, buf_bytes(&head), NULL);
	buf_fini(&head);
	return err;
}

/* All others do, and the clock is right. */
static void all_say(struct fixture *f, int64_t ms)
{
	clock_shows(f, ms);
	for (unsigned member = 2; member < 2 + OTHERS; member++)
		assert_int_equal(says(f, member, ms), ERR_OK);
	clock_shows(f, ms);
}

static void restart(struct fixture *f)
{
	hub_node_machines(&f->node);
	hub_node_turn(&f->node);
}

static int64_t judged(const struct fixture *f)
{
	return f->node.hub.judge_ms - TEST_TIME_MS;
}

static int64_t acted(const struct fixture *f)
{
	return f->node.hub.act_ms - TEST_TIME_MS;
}

static void with_nobody_else_the_clock_alone_counts(void **state)
{
	struct fixture *f = *state;
	const int64_t shown[] = {0, YEAR_MS, -YEAR_MS, HOUR_MS};
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		clock_shows(f, shown[i]);
		assert_int_equal(judged(f), shown[i]);
		assert_int_equal(acted(f), shown[i]);
	}
}

static void what_has_expired_stays_so_when_the_clock_is_set_back(void **state)
{
	struct fixture *f = *state;
	all_say(f, DAY_MS);
	assert_int_equal(judged(f), DAY_MS);
	clock_shows(f, DAY_MS + HOUR_MS);
	assert_int_equal(judged(f), DAY_MS + HOUR_MS);
	for (int64_t back = 1; back < 30 * YEAR_MS; back *= 10) {
		clock_shows(f, DAY_MS + HOUR_MS - back);
		assert_int_equal(judged(f), DAY_MS + HOUR_MS);
		assert_true(acted(f) <= DAY_MS + HOUR_MS);
	}
	/* With a start a minute more may have gone, and never less. */
	restart(f);
	assert_in_range(judged(f), DAY_MS + HOUR_MS, DAY_MS + HOUR_MS + MINUTE_MS);
	clock_shows(f, 2 * DAY_MS);
	assert_int_equal(judged(f), 2 * DAY_MS);
}

static void a_clock_that_was_far_ahead_leaves_a_day_behind_at_most(void **state)
{
	struct fixture *f = *state;
	all_say(f, 0);
	clock_shows(f, YEAR_MS);
	assert_int_equal(judged(f), YEAR_MS); /* it may be right, so nothing is served any more, */
	assert_int_equal(acted(f), 0);        /* and wrong, so nothing is done */
	restart(f);
	assert_int_equal(judged(f), YEAR_MS);
	assert_int_equal(acted(f), 0);
	clock_shows(f, HOUR_MS);
	assert_int_equal(judged(f), VALID_MS);
	restart(f);
	assert_int_equal(judged(f), VALID_MS);
	all_say(f, 2 * DAY_MS);
	assert_int_equal(judged(f), 2 * DAY_MS);
	assert_int_equal(acted(f), 2 * DAY_MS);
}

static void most_others_have_to_be_as_far(void **state)
{
	struct fixture *f = *state;
	all_say(f, 0);
	/* One of four who lies, whatever the own clock shows, moves nothing. */
	clock_shows(f, YEAR_MS);
	assert_int_equal(says(f, 2, YEAR_MS), ERR_OK);
	clock_shows(f, YEAR_MS);
	assert_int_equal(acted(f), 0);
	assert_int_equal(says(f, 3, YEAR_MS), ERR_OK);
	clock_shows(f, YEAR_MS);
	assert_int_equal(acted(f), YEAR_MS);
	/* And who has been silent since then holds nothing up. */
	clock_shows(f, 2 * YEAR_MS);
	assert_int_equal(says(f, 2, 2 * YEAR_MS), ERR_OK);
	assert_int_equal(says(f, 4, 2 * YEAR_MS), ERR_OK);
	clock_shows(f, 2 * YEAR_MS);
	assert_int_equal(acted(f), 2 * YEAR_MS);
}

/* The organisation is the unit: so many nodes are one voice. */
static void many_nodes_of_one_member_are_one(void **state)
{
	enum { NODES = 20 };
	struct fixture *f = *state;
	struct test_org *org = &f->fed.orgs[2 - 1];
	struct orglog log, next;
	struct orglog_node nodes[NODES];
	struct buf entry, head;
	all_say(f, 0);
	clock_shows(f, YEAR_MS);
	assert_int_equal(orglog_load(f->node.txn, &org->id, &log), ERR_OK);
	next = log;
	next.time_ms++;
	next.nodes = nodes;
	next.node_count = NODES;
	nodes[0] = log.nodes[0];
	for (unsigned i = 1; i < NODES; i++)
		nodes[i] = test_node((uint8_t)i, 3000 + 10 * i, &org->root_pk);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &log, &next, &org->root);
	assert_int_equal(orglog_accept(f->node.txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	hub_forget(&f->node.hub, 2);
	orglog_fini(&log);
	buf_fini(&entry);
	for (unsigned i = 1; i < NODES; i++) {
		struct key sign = test_key(3000 + 10 * i);
		struct head ahead = {.author = author_of(2, (uint8_t)i),
				     .incarnation = 1,
				     .counter = 1,
				     .time_ms = TEST_TIME_MS + YEAR_MS,
				     .valid_until_ms = TEST_TIME_MS + YEAR_MS + VALID_MS,
				     .charter_number = 1,
				     .orglog_number = 2};
		buf_init(&head, LIMIT_HEAD_LEN_MAX);
		head_make(&head, &ahead, &f->fed.charter.fed, &sign);
		assert_int_equal(ledger_accept_head(&f->node.hub.ledger, f->node.txn,
						    buf_bytes(&head), NULL),
				 ERR_OK);
		buf_fini(&head);
	}
	clock_shows(f, YEAR_MS);
	assert_int_equal(acted(f), 0);
}

static void right_take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	rights_arrival(hub, txn, &arrival->record);
}

/* An expired grant is served to nobody, whatever the holder's clock shows later. */
static void an_expired_grant_is_never_served_again(void **state)
{
	struct fixture *f = *state;
	const struct org_id *reader = &f->fed.orgs[3 - 1].id;
	const struct bytes path = bytes_str("gemeinde-1/kita/plan");
	struct gift gift = {.from = OWNER,
			    .to = 3,
			    .prefix = "gemeinde-1/kita",
			    .expiry_ms = TEST_TIME_MS + 2 * DAY_MS};
	struct hub *hub = &f->node.hub;
	all_say(f, HOUR_MS);
	gift_made(&gift, &f->node, &f->fed, right_take);
	assert_true(rights_serve(hub, f->node.txn, reader, TIER_GRANTED, path));
	/* Years ahead it counts as expired; set right, it is good again. */
	clock_shows(f, YEAR_MS);
	assert_false(rights_serve(hub, f->node.txn, reader, TIER_GRANTED, path));
	clock_shows(f, 2 * HOUR_MS);
	assert_true(rights_serve(hub, f->node.txn, reader, TIER_GRANTED, path));
	all_say(f, 2 * DAY_MS);
	assert_false(rights_serve(hub, f->node.txn, reader, TIER_GRANTED, path));
	clock_shows(f, 0);
	assert_false(rights_serve(hub, f->node.txn, reader, TIER_GRANTED, path));
	restart(f);
	assert_false(rights_serve(hub, f->node.txn, reader, TIER_GRANTED, path));
}

#define floor_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		floor_test(with_nobody_else_the_clock_alone_counts),
		floor_test(what_has_expired_stays_so_when_the_clock_is_set_back),
		floor_test(a_clock_that_was_far_ahead_leaves_a_day_behind_at_most),
		floor_test(most_others_have_to_be_as_far),
		floor_test(many_nodes_of_one_member_are_one),
		floor_test(an_expired_grant_is_never_served_again),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
