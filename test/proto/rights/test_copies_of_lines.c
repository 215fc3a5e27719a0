/* Old copies of lines, and two heads that contradict each other: what a node makes of them. */
#include "proto/rights/rights.h"
#include "test/proto/made.h"

enum { OWN = 1, B, C, MEMBERS = 4 };
#define PLACE "gemeinde-1/a"

struct fixture {
	struct test_federation fed;
	struct hub_node owner, other; /* of members 1 and 4 */
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, MEMBERS, 1, 1);
	hub_node_open(&f->owner, &f->fed, &f->fed.orgs[OWN - 1]);
	hub_node_open(&f->other, &f->fed, &f->fed.orgs[MEMBERS - 1]);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hub_node_close(&f->owner);
	hub_node_close(&f->other);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void take(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	if (arrival->record.kind == RECORD_LINE)
		rights_arrival(hub, txn, &arrival->record);
}

static void arrivals(struct hub_node *node)
{
	struct ledger_arrival arrival;

	while (ledger_arrival_next(&node->hub.ledger, &arrival)) {
		take(&node->hub, node->txn, &arrival);
		ledger_arrival_fini(&arrival);
	}
	rights_settle(&node->hub, node->txn);
}

static enum verb right_of(struct fixture *f, struct hub_node *node, unsigned member)
{
	return rights_of(&node->hub, node->txn, &f->fed.orgs[member - 1].id, bytes_str(PLACE));
}

/* The record of one author in a slot, kept. */
static struct buf copy_of(struct hub_node *node, uint32_t author, const struct digest *line)
{
	struct record_slot slot = line_slot(line);
	struct record record;
	struct buf out;

	assert_int_equal(ledger_slot(&node->hub.ledger, node->txn, record_slot_bytes(&slot), author,
				     &record),
			 ERR_OK);
	buf_init(&out, LIMIT_RECORD_LEN_MAX);
	buf_add(&out, record.whole);
	return out;
}

static enum err comes(struct hub_node *node, const struct buf *whole)
{
	struct ledger_news news = {.stored = false};
	enum err err = ledger_accept_record(&node->hub.ledger, node->txn, buf_bytes(whole), &news);

	arrivals(node);
	return err ? err : news.stored ? ERR_OK : ERR_EXISTS;
}

/* To others, who have heard of the end or not; to who ended it, who publishes meanwhile. */
static void an_old_copy_brings_nothing_back(void **state)
{
	struct fixture *f = *state;
	struct gift line = {.from = OWN, .to = C, .prefix = PLACE, .verb = VERB_WRITE};
	uint32_t own = author_of(OWN, 0);

	gift_made(&line, &f->owner, &f->fed, take);
	struct buf before = copy_of(&f->owner, own, &line.id);
	assert_int_equal(comes(&f->other, &before), ERR_OK);
	assert_int_equal(right_of(f, &f->other, C), VERB_WRITE);
	struct gift ended = {.from = OWN,
			     .to = C,
			     .prefix = PLACE,
			     .verb = VERB_WRITE,
			     .ended = true,
			     .round = 2};
	gift_made(&ended, &f->owner, &f->fed, take);
	assert_true(id_eq(&ended.id, &line.id));
	struct buf end = copy_of(&f->owner, own, &line.id);
	assert_int_equal(comes(&f->other, &end), ERR_OK);
	assert_int_equal(right_of(f, &f->other, C), VERB_NONE);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(comes(&f->other, &before) != ERR_OK);
		assert_true(comes(&f->owner, &before) != ERR_OK);
		test_append(&f->owner.hub.ledger, f->owner.txn, i, 10);
		assert_int_equal(ledger_head_make(&f->owner.hub.ledger, f->owner.txn, NULL),
				 ERR_OK);
		assert_int_equal(right_of(f, &f->other, C), VERB_NONE);
		assert_int_equal(right_of(f, &f->owner, C), VERB_NONE);
	}
	struct buf now = copy_of(&f->owner, own, &line.id);
	assert_true(bytes_eq(buf_bytes(&now), buf_bytes(&end)));
	buf_fini(&now);
	buf_fini(&before);
	buf_fini(&end);
}

/* B has signed two heads of one counter, with the line and without it. */
static void head_of_b(struct fixture *f, struct hub_node *node, struct buf *out, unsigned variant)
{
	struct author_state state;

	assert_int_equal(ledger_state(&node->hub.ledger, node->txn, author_of(B, 0), &state),
			 ERR_OK);
	struct head fields = {.author = author_of(B, 0),
			      .incarnation = 1,
			      .counter = 1,
			      .time_ms = TEST_TIME_MS,
			      .valid_until_ms = TEST_TIME_MS + 1000 + variant,
			      .last_sequence = 2,
			      .live_count = state.live_count,
			      .live_bytes = state.live_bytes,
			      .set = state.set,
			      .charter_number = 1,
			      .orglog_number = 1};
	buf_init(out, LIMIT_HEAD_LEN_MAX);
	head_make(out, &fields, &f->fed.charter.fed, &f->fed.orgs[B - 1].sign);
}

/* The first record of B is something else, the second is the line. */
static void records_of_b(struct fixture *f, struct buf out[2], struct digest *id)
{
	const struct line line = {.issuer = B,
				  .audience = C,
				  .org = f->fed.orgs[C - 1].id,
				  .prefix = bytes_str("gemeinde-2/a"),
				  .round = 1,
				  .verb = VERB_READ,
				  .expiry_ms = TEST_TIME_MS + 1000000,
				  .widest = LINE_TIER_USUAL};
	struct record_slot slot = {.b = {120, 1}, .len = 5};
	struct buf body;

	buf_init(&body, 1000);
	buf_add_u8(&body, 1);
	for (unsigned i = 0; i < 2; i++) {
		struct record fields = {.author = author_of(B, 0),
					.incarnation = 1,
					.sequence = i + 1,
					.time_ms = TEST_TIME_MS,
					.kind = slot.b[0],
					.slot = record_slot_bytes(&slot),
					.body = buf_bytes(&body)};
		buf_init(&out[i], LIMIT_RECORD_LEN_MAX);
		record_make(&out[i], &fields, &f->fed.charter.fed, &f->fed.orgs[B - 1].sign);
		line_id(id, &line);
		slot = line_slot(id);
		buf_reset(&body);
		line_put(&body, &line);
	}
	buf_fini(&body);
}

/* What is here becomes the set of the head that counts, told by who has it. */
static void repair(struct hub_node *node, struct hub_node *source)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	struct author_state state;
	struct buf missing;
	uint64_t place = 0;
	bool more;

	assert_int_equal(ledger_state(&node->hub.ledger, node->txn, author_of(B, 0), &state),
			 ERR_OK);
	buf_init(&missing, 1000);
	if (!ledger_page(&source->hub.ledger, source->txn, author_of(B, 0), 1, &state.head_set, 0,
			 page))
		assert_int_equal(ledger_repair(&node->hub.ledger, node->txn, author_of(B, 0), 1,
					       &state.head_set, page, &missing, &place, &more),
				 ERR_OK);
	ledger_settle(&node->hub.ledger, node->txn);
	rights_settle(&node->hub, node->txn);
	buf_fini(&missing);
	free(page);
}

static void two_heads_of_one_counter_are_one_verdict(void **state)
{
	struct fixture *f = *state;
	struct hub_node with, without;
	struct buf records[2], heads[2];
	bool evidence, seen[VERB_ADMIN + 1] = {false};
	struct digest id;

	records_of_b(f, records, &id);
	hub_node_open(&without, &f->fed, &f->fed.orgs[C - 1]);
	hub_node_open(&with, &f->fed, &f->fed.orgs[C - 1]);
	assert_int_equal(comes(&without, &records[0]), ERR_OK);
	assert_int_equal(comes(&with, &records[0]), ERR_OK);
	assert_int_equal(comes(&with, &records[1]), ERR_OK);
	for (unsigned variant = 0; variant < 8; variant++) { /* so that either one counts */
		head_of_b(f, &with, &heads[0], variant);
		head_of_b(f, &without, &heads[1], variant);
		void *inner = NULL;
		setup(&inner);
		struct fixture *g = inner;
		struct hub_node *pair[] = {&g->owner, &g->other};
		enum verb verbs[2];
		for (size_t i = 0; i < 2; i++) {
			struct hub_node *node = pair[i];
			/* somebody else's right, which must not be touched */
			struct gift theirs = {.from = OWN, .to = C, .prefix = PLACE};
			gift_made(&theirs, node, &g->fed, take);
			assert_int_equal(comes(node, &records[i]), ERR_OK);
			assert_int_equal(comes(node, &records[1 - i]), ERR_OK);
			ledger_accept_head(&node->hub.ledger, node->txn, buf_bytes(&heads[i]),
					   &evidence);
			ledger_accept_head(&node->hub.ledger, node->txn, buf_bytes(&heads[1 - i]),
					   &evidence);
			assert_true(evidence);
			ledger_settle(&node->hub.ledger, node->txn);
			repair(node, &with);
			repair(node, &without);
			verbs[i] = rights_of(&node->hub, node->txn, &g->fed.orgs[C - 1].id,
					     bytes_str("gemeinde-2/a"));
			assert_int_equal(right_of(g, node, C), VERB_READ);
			struct author_state state_of_b;
			assert_int_equal(ledger_state(&node->hub.ledger, node->txn, author_of(B, 0),
						      &state_of_b),
					 ERR_OK);
			assert_true(state_of_b.disputed);
		}
		assert_int_equal(verbs[0], verbs[1]);
		seen[verbs[0]] = true;
		teardown(&inner);
		buf_fini(&heads[0]);
		buf_fini(&heads[1]);
	}
	assert_true(seen[VERB_READ] && seen[VERB_NONE]);
	hub_node_close(&with);
	hub_node_close(&without);
	buf_fini(&records[0]);
	buf_fini(&records[1]);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_old_copy_brings_nothing_back),
		TEST(two_heads_of_one_counter_are_one_verdict),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
