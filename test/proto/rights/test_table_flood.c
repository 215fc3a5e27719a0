/*
 * What a hundred thousand lines of one member cost everybody else: nothing is late but their own.
 *
 * test-proto-table_flood [LINES]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/rights/rights.h"
#include "proto/rights/table.h"
#include "test/proto/made.h"

enum { O = 2, B, M, C, D, MEMBERS = 6 };
enum {
	LOOK_MAX = 16,     /* verdicts of one look, or of what comes with a record */
	TURN_MAX = 8 * 64, /* of what is due, in one turn */
};
#define PLACE    "gemeinde-2/b"
#define YEAR_END (TEST_TIME_MS + 365 * INT64_C(86400000))

static unsigned long line_count = 2000;
static unsigned verdicts; /* asked for since it was set to 0 */

/* The linker puts these in between. */
bool __real_verdict_of(const struct facts *facts, const struct digest *id, int64_t t_ms,
		       struct verdict *out);
bool __wrap_verdict_of(const struct facts *facts, const struct digest *id, int64_t t_ms,
		       struct verdict *out);
bool __wrap_verdict_of(const struct facts *facts, const struct digest *id, int64_t t_ms,
		       struct verdict *out)
{
	verdicts++;
	return __real_verdict_of(facts, id, t_ms, out);
}

struct fixture {
	struct test_federation fed;
	struct hub_node node;
	uint64_t sequence[MEMBERS + 1];
	uint32_t nonce;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, MEMBERS, 1, 1);
	hub_node_open(&f->node, &f->fed, &f->fed.orgs[0]);
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

static struct digest say(struct fixture *f, const struct line *line)
{
	uint32_t author = author_of(line->issuer, 0);
	struct record fields = {.author = author,
				.incarnation = 1,
				.sequence = ++f->sequence[line->issuer],
				.time_ms = hub_node_wall(&f->node),
				.kind = RECORD_LINE};
	struct ledger_arrival arrival;
	struct ledger_news news;
	struct buf body, whole;
	struct digest id;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	line_put(&body, line);
	line_id(&id, line);
	struct record_slot slot = line_slot(&id);
	fields.slot = record_slot_bytes(&slot);
	fields.body = buf_bytes(&body);
	record_make(&whole, &fields, &f->fed.charter.fed, &f->fed.orgs[line->issuer - 1].sign);
	assert_int_equal(
		ledger_accept_record(&f->node.hub.ledger, f->node.txn, buf_bytes(&whole), &news),
		ERR_OK);
	while (ledger_arrival_next(&f->node.hub.ledger, &arrival)) {
		rights_arrival(&f->node.hub, f->node.txn, &arrival.record);
		ledger_arrival_fini(&arrival);
	}
	buf_fini(&body);
	buf_fini(&whole);
	return id;
}

static struct line a_line(struct fixture *f, uint32_t from, uint32_t to, const char *prefix,
			  enum verb verb, const struct digest *parent)
{
	struct line line = {.issuer = from,
			    .audience = to,
			    .org = f->fed.orgs[to - 1].id,
			    .prefix = bytes_str(prefix),
			    .round = 1,
			    .verb = verb,
			    .expiry_ms = YEAR_END,
			    .depth = 5,
			    .widest = LINE_TIER_USUAL,
			    .has_parent = parent};

	be32_put(line.nonce, ++f->nonce);
	if (parent)
		line.parent = *parent;
	return line;
}

static enum verb right_of(struct fixture *f, uint32_t member, const char *path)
{
	verdicts = 0;
	enum verb verb =
		rights_of(&f->node.hub, f->node.txn, &f->fed.orgs[member - 1].id, bytes_str(path));
	assert_true(verdicts <= LOOK_MAX);
	return verb;
}

static void turn(struct fixture *f)
{
	hub_node_turn(&f->node);
	hub_node_time(&f->node, hub_node_wall(&f->node), hub_node_mono(&f->node) + 1000);
	verdicts = 0;
	rights_settle(&f->node.hub, f->node.txn);
	assert_true(verdicts <= TURN_MAX);
}

static void settle(struct fixture *f)
{
	for (unsigned i = 0; i < 100000; i++) {
		turn(f);
		if (!f->node.hub.rights->due)
			return;
	}
	fail_msg("what is due has no end");
}

/* O gives D something, and ends it: at once, whatever else is due. */
static void others_are_not_late(struct fixture *f)
{
	struct line line = a_line(f, O, D, "gemeinde-2/d", VERB_READ, NULL);

	verdicts = 0;
	say(f, &line);
	assert_true(verdicts <= LOOK_MAX);
	assert_int_equal(right_of(f, D, "gemeinde-2/d/x"), VERB_READ);
	assert_true(verdicts > 0);
	line.verb = VERB_NONE;
	line.round++;
	say(f, &line);
	assert_int_equal(right_of(f, D, "gemeinde-2/d/x"), VERB_NONE);
}

static void lines_below_one_that_changes_each_second(void **state)
{
	struct fixture *f = *state;
	struct line top = a_line(f, O, B, PLACE, VERB_ADMIN, NULL);
	struct digest of_b = say(f, &top);
	struct line below = a_line(f, B, M, PLACE, VERB_ADMIN, &of_b);
	struct digest of_m = say(f, &below);
	char prefix[60];

	for (unsigned long i = 0; i < line_count; i++) {
		snprintf(prefix, sizeof(prefix), PLACE "/x%lu", i);
		struct line line = a_line(f, M, C, prefix, VERB_READ, &of_m);
		verdicts = 0;
		say(f, &line);
		assert_true(verdicts <= LOOK_MAX);
		if (i % 1000 == 999)
			turn(f);
	}
	settle(f);
	assert_int_equal(right_of(f, C, PLACE "/x7/y"), VERB_READ);
	for (unsigned i = 0; i < 20; i++) {
		below.round++;
		below.verb = i % 2 ? VERB_ADMIN : VERB_RELAY;
		below.expiry_ms--;
		verdicts = 0;
		say(f, &below);
		assert_true(verdicts <= LOOK_MAX);
		enum verb now = right_of(f, C, PLACE "/x7/y");
		assert_true(now == VERB_NONE || now == (i % 2 ? VERB_READ : VERB_RELAY));
		turn(f);
		others_are_not_late(f);
	}
	settle(f);
	assert_int_equal(right_of(f, C, PLACE "/x7/y"), VERB_READ);
	/* the end of what all of them rest on takes effect at once */
	top.round++;
	top.verb = VERB_NONE;
	say(f, &top);
	assert_int_equal(right_of(f, C, PLACE "/x7/y"), VERB_NONE);
	assert_int_equal(right_of(f, M, PLACE), VERB_NONE);
}

static void lines_to_one_at_one_prefix(void **state)
{
	struct fixture *f = *state;
	struct line top = a_line(f, O, B, PLACE, VERB_ADMIN, NULL);
	struct digest of_b = say(f, &top);
	struct line below = a_line(f, B, M, PLACE, VERB_ADMIN, &of_b);
	struct digest of_m = say(f, &below);
	struct line own = a_line(f, O, C, PLACE, VERB_READ, NULL);
	struct digest of_d;

	say(f, &own);
	/* A few that rest on one of them, which is looked at after the walk over all. */
	struct line handed = a_line(f, M, D, PLACE, VERB_ADMIN, &of_m);
	for (line_id(&of_d, &handed); memcmp(&of_d, &of_m, ID_LEN) < 0; line_id(&of_d, &handed))
		be32_put(handed.nonce, ++f->nonce);
	say(f, &handed);
	for (unsigned i = 0; i < 8; i++) {
		struct line line = a_line(f, D, C, PLACE "/z", VERB_ADMIN, &of_d);
		say(f, &line);
	}
	for (unsigned long i = 0; i < line_count; i++) {
		struct line line = a_line(f, M, C, PLACE, VERB_ADMIN, &of_m);
		line.expiry_ms -= (int64_t)(i % 100);
		say(f, &line);
		if (i % 1000 == 999)
			turn(f);
	}
	settle(f);
	assert_int_equal(right_of(f, C, PLACE "/y"), VERB_ADMIN);
	/*
	 * All are void at once; what C has from O is found again when M's are worked off, however
	 * often B says again that they are, and though B keeps itself in debt.
	 */
	below.verb = VERB_NONE;
	meter_charge(&f->node.hub.meter, B, INT64_C(1000000000000), hub_node_mono(&f->node));
	for (unsigned long i = 0; i < 12 + line_count / 16; i++) {
		below.round++;
		say(f, &below);
		enum verb now = right_of(f, C, PLACE "/y");
		assert_true(now == VERB_NONE || now == VERB_READ);
		others_are_not_late(f);
		turn(f);
	}
	assert_int_equal(right_of(f, C, PLACE "/y"), VERB_READ);
	assert_int_equal(right_of(f, C, PLACE "/z/y"), VERB_READ);
	settle(f);
	assert_int_equal(right_of(f, C, PLACE "/y"), VERB_READ);
}

/* A row that says more than its line gives by now does not stand for those of others beside it. */
static void who_narrows_hides_nothing_beside_it(void **state)
{
	struct fixture *f = *state;
	struct line top = a_line(f, O, B, PLACE, VERB_READ, NULL);
	struct digest of_b = say(f, &top);
	struct line below = a_line(f, B, M, PLACE, VERB_READ, &of_b);
	struct digest of_m = say(f, &below);
	struct line other = a_line(f, O, D, PLACE, VERB_READ, NULL);
	struct digest of_d = say(f, &other);
	struct line beside = a_line(f, D, M, PLACE, VERB_READ, &of_d);
	struct digest of_m_too = say(f, &beside);
	struct line first = a_line(f, M, C, PLACE, VERB_READ, &of_m);
	struct line second = a_line(f, M, C, PLACE, VERB_READ, &of_m_too);

	second.expiry_ms--;
	say(f, &first);
	say(f, &second);
	settle(f);
	below.verb = VERB_RELAY;
	below.round++;
	say(f, &below);
	assert_int_equal(right_of(f, C, PLACE "/y"), VERB_READ);
	settle(f);
	assert_int_equal(right_of(f, C, PLACE "/y"), VERB_READ);
}

/* While all that is due is of somebody in debt, the node sleeps a second between its looks. */
static void who_is_in_debt_keeps_no_node_awake(void **state)
{
	struct fixture *f = *state;
	struct hub *hub = &f->node.hub;
	struct line top = a_line(f, O, B, PLACE, VERB_ADMIN, NULL);
	struct digest of_b = say(f, &top);
	struct line below = a_line(f, B, M, PLACE, VERB_ADMIN, &of_b);
	struct digest of_m = say(f, &below);
	struct line line = a_line(f, M, C, PLACE, VERB_READ, &of_m);

	say(f, &line);
	settle(f);
	hub->rights->debt_ms = hub_node_mono(&f->node);
	meter_charge(&hub->meter, B, INT64_C(1000000000000), hub_node_mono(&f->node));
	below.verb = VERB_RELAY;
	below.round++;
	say(f, &below);
	assert_int_equal(rights_wake(hub), hub_node_mono(&f->node));
	rights_settle(hub, f->node.txn);
	assert_true(hub->rights->due);
	assert_int_equal(rights_wake(hub), hub_node_mono(&f->node) + 1000);
	turn(f);
	assert_false(hub->rights->due);
	assert_int_equal(right_of(f, C, PLACE "/y"), VERB_RELAY);
}

/* Names in others' namespaces, and what rests on nothing: no row, and no look finds them. */
static void lines_of_a_stranger(void **state)
{
	struct fixture *f = *state;
	const struct digest nothing = {{9}};
	char prefix[60];

	for (unsigned long i = 0; i < line_count; i++) {
		snprintf(prefix, sizeof(prefix), PLACE "/y%lu", i);
		struct line line = a_line(f, M, C, prefix, VERB_ADMIN, i % 2 ? &nothing : NULL);
		say(f, &line);
	}
	settle(f);
	verdicts = 0;
	assert_int_equal(right_of(f, C, PLACE "/y7/x"), VERB_NONE);
	assert_int_equal(verdicts, 0);
	assert_int_equal(txn_count(f->node.txn, TABLE_RIGHT), 0);
	others_are_not_late(f);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_below_one_that_changes_each_second),
		TEST(lines_to_one_at_one_prefix),
		TEST(who_narrows_hides_nothing_beside_it),
		TEST(who_is_in_debt_keeps_no_node_awake),
		TEST(lines_of_a_stranger),
	};

	if (argc > 1)
		line_count = strtoul(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
