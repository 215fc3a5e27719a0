/* What the nodes of one organisation take over from each other unasked: ends and true bars. */
#include "proto/catalog/siblings.h"

#include "proto/audit/seen.h"
#include "proto/ledger/bar.h"
#include "proto/ledger/withdrawal_body.h"
#include "test/proto/made.h"

/* The node is node 0 of member 2; its sibling is node 1, which is made here. */
enum { OWN = 2, READER = 3, SIBLING_KEY = 6000 };
#define DAY_MS (24 * 3600 * INT64_C(1000))
#define PLACE  "gemeinde-2/a"

static const uint32_t own = OWN * 256, sibling = OWN * 256 + 1;

struct fixture {
	struct test_federation fed;
	struct hub_node node;
	uint64_t sequence, counter; /* of the sibling */
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	struct buf entry;

	test_federation_init(&f->fed, 3, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[OWN - 1]);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	test_org_second(&entry, &f->fed.orgs[OWN - 1], ORGLOG_NODE_ACTIVE, SIBLING_KEY);
	assert_int_equal(
		orglog_accept(f->node.txn, &f->fed.orgs[OWN - 1].id, buf_bytes(&entry), NULL),
		ERR_OK);
	hub_forget(&f->node.hub, OWN);
	f->node.hub.signing = SIGNING_YES;
	siblings_open(&f->node.hub);
	buf_fini(&entry);
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

static struct line a_line(const struct fixture *f, enum verb verb)
{
	return (struct line){.issuer = OWN,
			     .audience = READER,
			     .org = f->fed.orgs[READER - 1].id,
			     .prefix = bytes_str(PLACE),
			     .nonce = {1},
			     .round = 1,
			     .verb = verb,
			     .not_before_ms = TEST_TIME_MS - 600000,
			     .expiry_ms = TEST_TIME_MS + DAY_MS,
			     .widest = LINE_TIER_USUAL};
}

static struct record_slot slot_of(const struct line *line)
{
	struct digest id;

	line_id(&id, line);
	return line_slot(&id);
}

static void arrivals(struct fixture *f)
{
	struct ledger_arrival arrival;

	while (ledger_arrival_next(&f->node.hub.ledger, &arrival)) {
		audit_arrival(&f->node.hub, f->node.txn, &arrival);
		if (arrival.record.kind == RECORD_LINE || arrival.record.kind == RECORD_BAR)
			siblings_arrival(&f->node.hub, f->node.txn, &arrival.record);
		ledger_arrival_fini(&arrival);
	}
}

static enum err sibling_says(struct fixture *f, struct record_slot slot, struct bytes body)
{
	struct record fields = {.author = sibling,
				.incarnation = 1,
				.sequence = ++f->sequence,
				.time_ms = hub_node_wall(&f->node),
				.kind = slot.b[0],
				.slot = record_slot_bytes(&slot),
				.body = body};
	struct key seed = test_key(SIBLING_KEY);
	struct ledger_news news;
	struct buf whole;

	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, &fields, &f->fed.charter.fed, &seed);
	enum err err =
		ledger_accept_record(&f->node.hub.ledger, f->node.txn, buf_bytes(&whole), &news);
	arrivals(f);
	buf_fini(&whole);
	return err;
}

static enum err sibling_line(struct fixture *f, const struct line *line)
{
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, line);
	enum err err = sibling_says(f, slot_of(line), buf_bytes(&body));
	buf_fini(&body);
	return err;
}

static void sibling_gives(struct fixture *f, const struct line *line)
{
	assert_int_equal(sibling_line(f, line), ERR_OK);
}

static void own_gives(struct fixture *f, const struct line *line)
{
	struct record_slot slot = slot_of(line);
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	line_put(&body, line);
	assert_int_equal(ledger_append(&f->node.hub.ledger, f->node.txn, RECORD_LINE,
				       record_slot_bytes(&slot), buf_bytes(&body), NULL,
				       LEDGER_TELL),
			 ERR_OK);
	arrivals(f);
	buf_fini(&body);
}

/* Of the set that is here of it. */
static void sibling_head(struct fixture *f)
{
	struct ledger *ledger = &f->node.hub.ledger;
	struct key seed = test_key(SIBLING_KEY);
	struct author_state s;
	struct buf whole;

	assert_int_equal(ledger_state(ledger, f->node.txn, sibling, &s), ERR_OK);
	struct head fields = {.author = sibling,
			      .incarnation = 1,
			      .counter = ++f->counter,
			      .time_ms = hub_node_wall(&f->node),
			      .valid_until_ms = hub_node_wall(&f->node) + DAY_MS,
			      .last_sequence = s.sequence,
			      .live_count = s.live_count,
			      .live_bytes = s.live_bytes,
			      .set = s.set,
			      .charter_number = 1,
			      .orglog_number = 2};
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, &fields, &f->fed.charter.fed, &seed);
	assert_int_equal(ledger_accept_head(ledger, f->node.txn, buf_bytes(&whole), NULL), ERR_OK);
	ledger_settle(ledger, f->node.txn);
	buf_fini(&whole);
}

/* What the own set has in the slot of a line; false: nothing. */
static bool own_has(struct fixture *f, const struct line *line, struct line *out)
{
	struct record_slot slot = slot_of(line);
	struct record record;

	return !ledger_slot(&f->node.hub.ledger, f->node.txn, record_slot_bytes(&slot), own,
			    &record) &&
	       !line_get(out, record.body);
}

/* The daily walk, to its end. */
static void day_passes(struct fixture *f, int64_t days)
{
	hub_node_pass(&f->node, days * DAY_MS);
	siblings_due(&f->node.hub);
	for (unsigned i = 0; i < 50 && f->node.hub.siblings->walking; i++) {
		siblings_settle(&f->node.hub, f->node.txn);
		hub_node_turn(&f->node);
	}
}

/* ---- ends ---- */

static void an_end_is_copied(void **state)
{
	struct fixture *f = *state;
	struct line line = a_line(f, VERB_READ), found;

	for (int had = 0; had < 2; had++) {
		line.nonce[0]++;
		line.verb = VERB_READ;
		line.round = 9;
		if (had)
			own_gives(f, &line);
		line.verb = VERB_NONE;
		line.round = 2; /* whatever the rounds, and however late it would have run out */
		line.expiry_ms = INT64_MAX;
		sibling_gives(f, &line);
		assert_true(own_has(f, &line, &found));
		assert_int_equal(found.verb, VERB_NONE);
	}
}

/* A thief at the sibling's writes what gives most; the own node signs none of it. */
static void what_gives_is_not_copied(void **state)
{
	struct fixture *f = *state;
	struct line line = a_line(f, VERB_READ), wide = a_line(f, VERB_ADMIN), found;

	own_gives(f, &line);
	wide.round = 7;
	wide.depth = LINE_DEPTH_MAX;
	wide.expiry_ms = TEST_TIME_MS + 3000 * DAY_MS;
	sibling_gives(f, &wide);
	assert_true(own_has(f, &line, &found));
	assert_int_equal(found.verb, VERB_READ);
	assert_int_equal(found.round, 1);
	wide.nonce[0] = 77;
	sibling_gives(f, &wide);
	day_passes(f, 1);
	assert_false(own_has(f, &wide, &found));
	wide.expiry_ms = INT64_MAX;
	wide.round = 8;
	sibling_gives(f, &wide);
	own_gives(f, &wide); /* somebody has signed it */
	day_passes(f, 1);
	assert_true(own_has(f, &wide, &found));
}

/* A machine that was away hears of an end of its sibling with the walk of the day. */
static void who_was_away_copies_the_end(void **state)
{
	struct fixture *f = *state;
	struct line line = a_line(f, VERB_READ), found;

	own_gives(f, &line);
	f->node.hub.signing = SIGNING_WAITS;
	line.verb = VERB_NONE;
	line.round = 2;
	sibling_gives(f, &line);
	assert_true(own_has(f, &line, &found));
	assert_int_equal(found.verb, VERB_READ);
	f->node.hub.signing = SIGNING_YES;
	day_passes(f, 0);
	assert_true(own_has(f, &line, &found));
	assert_int_equal(found.verb, VERB_NONE);
}

/*
 * The latest expiry that was seen stays in the end, when the body that had it is gone: until then
 * whoever has it might say it again.
 */
static void an_end_keeps_the_latest_expiry_seen(void **state)
{
	struct fixture *f = *state;
	struct line line = a_line(f, VERB_READ), found;
	const int64_t late_ms = line.expiry_ms + 100 * DAY_MS;

	/* it ends here while the sibling's is the later one; and the sibling copies the end */
	line.expiry_ms = late_ms;
	sibling_gives(f, &line);
	line.expiry_ms = TEST_TIME_MS + DAY_MS;
	line.verb = VERB_NONE;
	own_gives(f, &line);
	assert_true(own_has(f, &line, &found));
	assert_int_equal(found.verb, VERB_NONE);
	assert_int_equal(found.expiry_ms, late_ms);
	sibling_gives(f, &line);
	day_passes(f, 40);
	sibling_head(f);
	day_passes(f, 1);
	assert_true(own_has(f, &line, &found));
	assert_int_equal(found.expiry_ms, late_ms);
	/* the sibling, which was away, renews it after the end; so does an end that says more */
	line.verb = VERB_READ;
	line.round = 9;
	line.expiry_ms = late_ms + DAY_MS;
	sibling_gives(f, &line);
	assert_true(own_has(f, &line, &found));
	assert_int_equal(found.verb, VERB_NONE);
	assert_int_equal(found.expiry_ms, late_ms + DAY_MS);
	line.verb = VERB_NONE;
	line.expiry_ms = late_ms + 2 * DAY_MS;
	sibling_gives(f, &line);
	day_passes(f, 60 + 30);
	sibling_head(f);
	day_passes(f, 1);
	assert_true(own_has(f, &line, &found));
	assert_int_equal(found.expiry_ms, late_ms + 2 * DAY_MS);
	day_passes(f, 5);
	sibling_head(f);
	day_passes(f, 1);
	assert_false(own_has(f, &line, &found));
}

/* The log of the own organisation goes on: node 1 is that. */
static void sibling_becomes(struct fixture *f, enum orglog_node_state node_state, uint8_t roles)
{
	const struct test_org *org = &f->fed.orgs[OWN - 1];
	const struct key wrap = test_key(SIBLING_KEY + 50 + node_state);
	struct orglog log, next;
	struct buf entry;

	assert_int_equal(orglog_load(f->node.txn, &org->id, &log), ERR_OK);
	next = log;
	next.nodes[1].state = (uint8_t)node_state;
	next.nodes[1].roles = roles;
	next.time_ms = hub_node_wall(&f->node);
	if (node_state != ORGLOG_NODE_ACTIVE)
		dh_pk_of(&next.wrap, &wrap);
	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	orglog_make(&entry, &log, &next, &org->root);
	assert_int_equal(orglog_accept(f->node.txn, &org->id, buf_bytes(&entry), NULL), ERR_OK);
	hub_forget(&f->node.hub, OWN);
	buf_fini(&entry);
	orglog_fini(&log);
}

/* Out of the role, or retired: what it has ended by then is copied for a day, and then not. */
static void ends_of_a_node_that_is_leaving_are_copied(void **state)
{
	struct fixture *f = *state;
	struct line line = a_line(f, VERB_NONE), found;

	sibling_becomes(f, ORGLOG_NODE_ACTIVE, ORGLOG_ROLE_PUBLISH);
	sibling_gives(f, &line);
	assert_true(own_has(f, &line, &found));
	hub_node_pass(&f->node, 2 * DAY_MS);
	line.nonce[0] = 20;
	line.expiry_ms += 10 * DAY_MS;
	sibling_gives(f, &line);
	assert_false(own_has(f, &line, &found));
	/* it is heard again, but not copied, as this node does not sign; and then it is retired */
	sibling_becomes(f, ORGLOG_NODE_ACTIVE, ORGLOG_ROLE_ADMIN);
	f->node.hub.signing = SIGNING_WAITS;
	line.nonce[0] = 21;
	sibling_gives(f, &line);
	sibling_becomes(f, ORGLOG_NODE_RETIRED, ORGLOG_ROLE_ADMIN);
	f->node.hub.signing = SIGNING_YES;
	day_passes(f, 0);
	assert_true(own_has(f, &line, &found));
	assert_int_equal(found.verb, VERB_NONE);
	/* what comes after the entry is taken as well, while that is a day ago; lost or not */
	hub_node_pass(&f->node, DAY_MS);
	line.nonce[0] = 22;
	sibling_gives(f, &line);
	assert_true(own_has(f, &line, &found));
	sibling_becomes(f, ORGLOG_NODE_LOST, ORGLOG_ROLE_ADMIN);
	line.nonce[0] = 23;
	sibling_gives(f, &line);
	assert_true(own_has(f, &line, &found));
	hub_node_pass(&f->node, DAY_MS);
	line.nonce[0] = 24;
	assert_int_equal(sibling_line(f, &line), ERR_DENIED);
}

static void bars_are_copied_and_liftings_are_not(void **state)
{
	struct fixture *f = *state;
	const struct org_id *org = &f->fed.orgs[READER - 1].id;
	struct bar bars[] = {
		{.nonce = {1}, .prefix = bytes_str(PLACE), .barred = true},
		{.nonce = {2}, .prefix = bytes_str(PLACE), .barred = false},
	};
	struct record_slot slot = bar_slot(org);
	struct bar_list list;
	struct record record;
	struct bar found;
	struct buf body;

	buf_init(&body, BAR_LEN_MAX);
	bar_list_put(&body, org, bars, 2);
	assert_int_equal(sibling_says(f, slot, buf_bytes(&body)), ERR_OK);
	assert_int_equal(ledger_slot(&f->node.hub.ledger, f->node.txn, record_slot_bytes(&slot),
				     own, &record),
			 ERR_OK);
	assert_int_equal(bar_list_get(&list, record.body), ERR_OK);
	assert_int_equal(list.left, 1);
	assert_true(bar_list_next(&list, &found));
	assert_true(found.barred);
	assert_int_equal(found.nonce[0], 1);
	/* what it lifts of it, stays here: only who has seen both lifts it */
	bars[0].barred = false;
	buf_reset(&body);
	bar_list_put(&body, org, bars, 2);
	assert_int_equal(sibling_says(f, slot, buf_bytes(&body)), ERR_OK);
	assert_int_equal(ledger_slot(&f->node.hub.ledger, f->node.txn, record_slot_bytes(&slot),
				     own, &record),
			 ERR_OK);
	assert_int_equal(bar_list_get(&list, record.body), ERR_OK);
	assert_true(bar_list_next(&list, &found));
	assert_true(found.barred);
	buf_fini(&body);
}

/* ---- dropping ---- */

static void a_line_that_ran_out_goes_after_thirty_days(void **state)
{
	struct fixture *f = *state;
	struct line line = a_line(f, VERB_READ), found;

	own_gives(f, &line);
	day_passes(f, 30);
	assert_true(own_has(f, &line, &found));
	day_passes(f, 1);
	assert_false(own_has(f, &line, &found));
}

/* Node 2, cut off, has renewed the line; its return must find the end. */
static void an_end_stays_until_every_sibling_has_heard(void **state)
{
	struct fixture *f = *state;
	struct line line = a_line(f, VERB_READ), renewed = line, found;

	sibling_gives(f, &line);
	sibling_head(f);
	line.verb = VERB_NONE;
	own_gives(f, &line);
	day_passes(f, 100); /* nothing is heard of the sibling since */
	assert_true(own_has(f, &line, &found));
	/* its head is of now, and it gives still: renewed, to end much later */
	renewed.round = 2;
	renewed.expiry_ms = hub_node_wall(&f->node) + 100 * DAY_MS;
	sibling_gives(f, &renewed);
	sibling_head(f);
	day_passes(f, 1);
	assert_true(own_has(f, &line, &found));
	/* it has copied the end; but the line could have run on for a hundred days */
	line.round = 3;
	line.expiry_ms = renewed.expiry_ms;
	sibling_gives(f, &line);
	sibling_head(f);
	day_passes(f, 1);
	assert_true(own_has(f, &line, &found));
	day_passes(f, 131);
	assert_true(own_has(f, &line, &found)); /* and it has not shown a head of then */
	sibling_head(f);
	day_passes(f, 1);
	assert_false(own_has(f, &line, &found));
}

static void an_end_is_not_copied_for_ever(void **state)
{
	struct fixture *f = *state;
	struct line line = a_line(f, VERB_NONE), found;

	hub_node_pass(&f->node, 32 * DAY_MS);
	sibling_gives(f, &line);
	assert_false(own_has(f, &line, &found));
}

/* The sibling has ended it after its own body ran out; here it was renewed, and gives still. */
static void an_end_is_copied_while_the_own_body_gives(void **state)
{
	struct fixture *f = *state;
	struct line line = a_line(f, VERB_NONE), renewed = a_line(f, VERB_READ), found;

	renewed.round = 2;
	renewed.expiry_ms = TEST_TIME_MS + 100 * DAY_MS;
	own_gives(f, &renewed);
	hub_node_pass(&f->node, 32 * DAY_MS);
	sibling_gives(f, &line);
	assert_true(own_has(f, &line, &found));
	assert_int_equal(found.verb, VERB_NONE);
	assert_int_equal(found.expiry_ms, renewed.expiry_ms);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

/* ---- taking over a node ---- */

static void sibling_publishes(struct fixture *f, const char *path, uint64_t number)
{
	struct dataset_id dataset = test_dataset(&f->fed, OWN, path);
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	test_version_body(&body, path, number, 0);
	assert_int_equal(sibling_says(f, record_slot_version(&dataset, number), buf_bytes(&body)),
			 ERR_OK);
	buf_fini(&body);
}

static void sibling_withdraws(struct fixture *f, const char *path, uint64_t number)
{
	struct dataset_id dataset = test_dataset(&f->fed, OWN, path);
	const struct withdrawal withdrawal = {
		.path = bytes_str(path), .number = number, .reach = REACH_ALL};
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	withdrawal_put(&body, &withdrawal);
	assert_int_equal(sibling_says(f, withdrawal_slot(&dataset, REACH_ALL), buf_bytes(&body)),
			 ERR_OK);
	buf_fini(&body);
}

static bool own_version(struct fixture *f, const char *path, uint64_t number)
{
	const struct version_id of = {test_dataset(&f->fed, OWN, path), number, own};
	struct ledger_version row;

	return ledger_version_get(f->node.txn, &of, &row);
}

/* The reader is barred at these places with nonces 1, 2, ..., or the bar is lifted. */
static void sibling_bars(struct fixture *f, const bool *barred, size_t count)
{
	const struct org_id *org = &f->fed.orgs[READER - 1].id;
	struct bar bars[4];
	struct buf body;

	for (size_t i = 0; i < count; i++)
		bars[i] = (struct bar){.nonce = {(uint8_t)(i + 1)},
				       .prefix = bytes_str(PLACE),
				       .barred = barred[i]};
	buf_init(&body, BAR_LEN_MAX);
	bar_list_put(&body, org, bars, count);
	assert_int_equal(sibling_says(f, bar_slot(org), buf_bytes(&body)), ERR_OK);
	buf_fini(&body);
}

static size_t own_bars(struct fixture *f, bool *barred)
{
	struct record_slot slot = bar_slot(&f->fed.orgs[READER - 1].id);
	struct bar_list list;
	struct record record;
	struct bar bar;
	size_t count = 0;

	if (ledger_slot(&f->node.hub.ledger, f->node.txn, record_slot_bytes(&slot), own, &record))
		return 0;
	assert_int_equal(bar_list_get(&list, record.body), ERR_OK);
	while (bar_list_next(&list, &bar))
		barred[count++] = bar.barred;
	return count;
}

struct items {
	unsigned counts[SIBLING_BARRED + 1];
	enum verb gave;
};

static void item_count(void *arg, const struct sibling_item *item)
{
	struct items *items = arg;

	items->counts[item->kind]++;
	if (item->gave)
		items->gave = item->gave->verb;
}

/*
 * Of a lost node only what had come here before the day that is named; but ends and bars always.
 * The dates in its records say nothing.
 */
static void of_a_lost_node_the_late_is_left(void **state)
{
	struct fixture *f = *state;
	struct line early = a_line(f, VERB_WRITE), late = a_line(f, VERB_READ), found;
	const bool before[] = {true, false}, after[] = {false, false, true};
	bool barred[8];
	struct items items = {.gave = VERB_NONE};
	struct sibling_copy copy = {.each = item_count, .arg = &items};
	char why[WHY_LEN];

	f->node.hub.signing = SIGNING_WAITS; /* nothing is copied unasked */
	sibling_gives(f, &early);
	sibling_publishes(f, PLACE, 1);
	early.nonce[0] = 2;
	sibling_gives(f, &early);
	sibling_bars(f, before, 2);
	hub_node_pass(&f->node, DAY_MS);
	const int64_t day_ms = hub_node_wall(&f->node);
	late.nonce[0] = 3;
	sibling_gives(f, &late);
	sibling_publishes(f, PLACE, 2);
	sibling_withdraws(f, PLACE, 1);
	early.verb = VERB_NONE;
	early.round = 2;
	sibling_gives(f, &early);
	sibling_bars(f, after, 3);
	sibling_becomes(f, ORGLOG_NODE_LOST, ORGLOG_ROLE_ADMIN);
	f->node.hub.signing = SIGNING_YES;
	assert_int_equal(siblings_takeover(&f->node.hub, f->node.txn, 1, &copy, why), ERR_CONFIG);
	assert_non_null(strstr(why, "--since"));
	copy.before_ms = day_ms;
	assert_int_equal(siblings_takeover(&f->node.hub, f->node.txn, 1, &copy, why), ERR_OK);
	assert_false(copy.more);
	assert_int_equal(copy.copied, 4); /* a line, a version, the end and the bar */
	assert_int_equal(copy.late, 3);
	assert_int_equal(items.counts[SIBLING_TAKEN], 2);
	assert_int_equal(items.counts[SIBLING_LATE], 3);
	assert_int_equal(items.counts[SIBLING_ENDED], 1);
	assert_int_equal(items.counts[SIBLING_BARRED], 1);
	assert_int_equal(items.gave, VERB_WRITE);
	assert_true(own_has(f, &early, &found));
	assert_int_equal(found.verb, VERB_NONE);
	early.nonce[0] = 1;
	assert_true(own_has(f, &early, &found));
	assert_int_equal(found.verb, VERB_WRITE);
	assert_false(own_has(f, &late, &found));
	assert_true(own_version(f, PLACE, 1));
	assert_false(own_version(f, PLACE, 2));
	/* what it has barred stays barred, what it has lifted is not lifted by that */
	assert_int_equal(own_bars(f, barred), 1);
	assert_true(barred[0]);
	/* a second time there is nothing to do, and it is said again what was ended */
	copy = (struct sibling_copy){.before_ms = day_ms, .each = item_count, .arg = &items};
	assert_int_equal(siblings_takeover(&f->node.hub, f->node.txn, 1, &copy, why), ERR_OK);
	assert_int_equal(copy.copied, 0);
	assert_int_equal(items.counts[SIBLING_ENDED], 2);
}

/* What it says between the taking over and its log entry is taken over by itself. */
static void a_retired_node_is_taken_over_once_more(void **state)
{
	struct fixture *f = *state;
	struct line line = a_line(f, VERB_READ), found;
	struct sibling_copy copy = {0};
	char why[WHY_LEN];

	sibling_gives(f, &line);
	sibling_becomes(f, ORGLOG_NODE_ACTIVE, ORGLOG_ROLE_ADMIN);
	day_passes(f, 0);
	assert_false(own_has(f, &line, &found));
	assert_int_equal(siblings_takeover(&f->node.hub, f->node.txn, 1, &copy, why), ERR_OK);
	assert_true(own_has(f, &line, &found));
	line.nonce[0] = 2;
	sibling_gives(f, &line);
	day_passes(f, 0);
	assert_false(own_has(f, &line, &found));
	sibling_becomes(f, ORGLOG_NODE_RETIRED, ORGLOG_ROLE_ADMIN);
	assert_true(siblings_wake(&f->node.hub) <= f->node.hub.mono_ms);
	siblings_settle(&f->node.hub, f->node.txn);
	assert_true(own_has(f, &line, &found));
	line.nonce[0] = 3;
	sibling_gives(f, &line);
	day_passes(f, 0);
	assert_false(own_has(f, &line, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_end_is_copied),
		TEST(what_gives_is_not_copied),
		TEST(who_was_away_copies_the_end),
		TEST(ends_of_a_node_that_is_leaving_are_copied),
		TEST(an_end_keeps_the_latest_expiry_seen),
		TEST(of_a_lost_node_the_late_is_left),
		TEST(a_retired_node_is_taken_over_once_more),
		TEST(bars_are_copied_and_liftings_are_not),
		TEST(a_line_that_ran_out_goes_after_thirty_days),
		TEST(an_end_stays_until_every_sibling_has_heard),
		TEST(an_end_is_not_copied_for_ever),
		TEST(an_end_is_copied_while_the_own_body_gives),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
