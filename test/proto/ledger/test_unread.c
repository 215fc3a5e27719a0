/* ledger: records whose body can not be read are kept, and have no effect. */
#include "proto/ledger/line.h"
#include "test/proto/ledger_node.h"

#define PATH1 "gemeinde-1/wasser/pegel"

struct fixture {
	struct test_federation fed;
	struct ledger_node node; /* reads only */
	struct buf whole;
};

static const uint32_t author1 = 256;

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, 3, 1, 1);
	ledger_node_open(&f->node, &f->fed, 0);
	buf_init(&f->whole, LIMIT_RECORD_LEN_MAX);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_node_close(&f->node);
	test_federation_fini(&f->fed);
	buf_fini(&f->whole);
	free(f);
	return 0;
}

static enum err accept(struct fixture *f, const struct test_record *record,
		       struct ledger_news *news)
{
	buf_reset(&f->whole);
	test_record_put(&f->whole, record);
	return ledger_accept_record(&f->node.ledger, f->node.txn, buf_bytes(&f->whole), news);
}

/* Of member 1 at PATH1; kept or not, and whether it was read. */
static void version_give(struct fixture *f, uint64_t sequence, uint8_t format, bool unread)
{
	struct test_record record;
	struct ledger_news news;

	test_record_init(&record, &f->fed, 1, PATH1, 1, sequence);
	record.body.ptr[3] = format; /* behind the three bytes of an array of 17 */
	assert_int_equal(accept(f, &record, &news), ERR_OK);
	assert_int_equal(news.unread, unread);
	assert_true(news.stored);
	test_record_fini(&record);
}

static void line_of(struct test_record *r)
{
	const struct line line = {.issuer = 1,
				  .audience = 2,
				  .org = {{9}},
				  .prefix = bytes_str("gemeinde-1/wasser"),
				  .round = 1,
				  .verb = VERB_READ,
				  .expiry_ms = 1,
				  .widest = LINE_TIER_USUAL};
	struct digest id;

	line_id(&id, &line);
	r->fields.kind = RECORD_LINE;
	r->slot = line_slot(&id);
	buf_reset(&r->body);
	line_put(&r->body, &line);
}

/* A program that can read less has kept a version without its rows. */
static void versions_read_since_are_found(void **state)
{
	struct fixture *f = *state;
	struct txn *txn = f->node.txn;
	struct dataset_id dataset = test_dataset(&f->fed, 1, PATH1);
	struct row_key known = key_name("slots"), row = key_version(&dataset, 1, author1);
	struct ledger_version version;

	ledger_slots_rebuild(&f->node.ledger, txn);
	version_give(f, 1, 1, false);
	assert_true(txn_del(txn, TABLE_VERSION, row_key_bytes(&row)));
	ledger_slots_rebuild(&f->node.ledger, txn);
	assert_false(ledger_version_below(txn, &dataset, author1, 0, &version));
	txn_del(txn, TABLE_META, row_key_bytes(&known));
	ledger_slots_rebuild(&f->node.ledger, txn);
	assert_true(ledger_version_below(txn, &dataset, author1, 0, &version));
	assert_int_equal(version.number, 1);
}

static void unread_takes_the_place_of_a_version(void **state)
{
	struct fixture *f = *state;
	struct dataset_id dataset = test_dataset(&f->fed, 1, PATH1);
	struct ledger_version version;

	version_give(f, 1, 1, false);
	assert_true(ledger_version_below(f->node.txn, &dataset, author1, 0, &version));
	version_give(f, 2, 2, true);
	assert_false(ledger_version_below(f->node.txn, &dataset, author1, 0, &version));
	assert_int_equal(test_state(&f->node, author1).live_count, 1);
	version_give(f, 3, 1, false);
	assert_true(ledger_version_below(f->node.txn, &dataset, author1, 0, &version));
	assert_int_equal(test_state(&f->node, author1).live_count, 1);
}

static void arrivals_take(struct fixture *f, bool gone)
{
	struct ledger_arrival arrival;

	assert_true(ledger_arrival_next(&f->node.ledger, &arrival));
	assert_int_equal(arrival.gone, gone);
	ledger_arrival_fini(&arrival);
	assert_false(ledger_arrival_next(&f->node.ledger, &arrival));
}

/* What the line gave ends with it, as if its giver had deleted it. */
static void a_line_has_gone(void **state)
{
	struct fixture *f = *state;
	struct ledger_gone gone;
	struct test_record record;
	struct ledger_news news;

	test_record_init(&record, &f->fed, 1, PATH1, 1, 1);
	line_of(&record);
	assert_int_equal(accept(f, &record, &news), ERR_OK);
	arrivals_take(f, false);
	assert_false(ledger_gone_next(&f->node.ledger, &gone));
	assert_int_equal(txn_count(f->node.txn, TABLE_SLOT), 1);
	record.fields.sequence = 2;
	buf_add(&record.body, bytes_str("x"));
	assert_int_equal(accept(f, &record, &news), ERR_OK);
	assert_true(news.unread && news.stored);
	assert_true(ledger_gone_next(&f->node.ledger, &gone));
	assert_int_equal(gone.author, author1);
	arrivals_take(f, true);
	assert_int_equal(txn_count(f->node.txn, TABLE_SLOT), 0);
	assert_int_equal(test_state(&f->node, author1).live_count, 1);
	test_record_fini(&record);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(versions_read_since_are_found),
		T(unread_takes_the_place_of_a_version),
		T(a_line_has_gone),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
