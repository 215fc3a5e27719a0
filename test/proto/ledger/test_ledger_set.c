/* ledger: sets of records - any order, reconciliation, checks that wait, faults of the store. */
#include "test/proto/ledger_node.h"

static const uint32_t author1 = 256;

struct fixture {
	struct test_federation fed;
	struct ledger_node author, a, b; /* member 1; two that read */
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, 2, 1, 1);
	ledger_node_open(&f->author, &f->fed, 1);
	ledger_node_open(&f->a, &f->fed, 0);
	ledger_node_open(&f->b, &f->fed, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_node_close(&f->author);
	ledger_node_close(&f->a);
	ledger_node_close(&f->b);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static enum ledger_completeness completeness(struct ledger_node *node)
{
	struct author_state state = test_state(node, author1);

	return ledger_completeness(&state, node->ledger.now_ms);
}

static void path_of(char out[64], unsigned n)
{
	snprintf(out, 64, "gemeinde-1/d%u", n);
}

/* ---- any order ---- */

/* A history of everything the author ever signed, superseded records and old heads included. */
struct history {
	struct buf items[256];
	bool is_head[256];
	size_t count;
};

static void history_add(struct history *history, struct bytes whole, bool is_head)
{
	buf_init(&history->items[history->count], LIMIT_RECORD_LEN_MAX);
	buf_add(&history->items[history->count], whole);
	history->is_head[history->count++] = is_head;
}

static void history_make(struct history *history, struct fixture *f, struct random *random)
{
	struct bytes whole;
	char path[64];

	history->count = 0;
	for (unsigned i = 1; i <= 100; i++) {
		path_of(path, (unsigned)random_below(random, 10));
		test_publish(&f->author, path, 1 + random_below(random, 5), i);
		assert_true(ledger_record(f->author.txn, author1, 1, i, &whole));
		history_add(history, whole, false);
		if (i % 20 != 0)
			continue;
		assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
		assert_true(ledger_head(f->author.txn, author1, 1, &whole));
		history_add(history, whole, true);
	}
}

static void history_shuffle(struct history *history, struct random *random)
{
	for (size_t n = history->count - 1; n > 0; n--) {
		size_t k = random_below(random, n + 1);
		struct buf item = history->items[n];
		bool is_head = history->is_head[n];
		history->items[n] = history->items[k];
		history->is_head[n] = history->is_head[k];
		history->items[k] = item;
		history->is_head[k] = is_head;
	}
}

static void history_play(const struct history *history, struct ledger_node *node,
			 struct random *random)
{
	struct ledger_news news;

	for (size_t i = 0; i < history->count; i++) {
		struct bytes item = buf_bytes(&history->items[i]);
		enum err err =
			history->is_head[i]
				? ledger_accept_head(&node->ledger, node->txn, item, NULL)
				: ledger_accept_record(&node->ledger, node->txn, item, &news);
		assert_true(err == ERR_OK || err == ERR_EXISTS);
		if (random_below(random, 10) == 0)
			ledger_node_turn(node);
	}
	ledger_node_turn(node);
}

static bool tables_equal(struct ledger_node *a, struct ledger_node *b, enum table table)
{
	struct walk x = walk_begin(a->txn, table, bytes_of(NULL, 0));
	struct walk y = walk_begin(b->txn, table, bytes_of(NULL, 0));

	while (walk_next(&x))
		if (!walk_next(&y) || !bytes_eq(x.key, y.key) || !bytes_eq(x.value, y.value))
			return false;
	return !walk_next(&y);
}

static void order_does_not_matter(void **state)
{
	struct fixture *f = *state;
	struct history *history = mem_new(1, sizeof(*history));
	static const enum table tables[] = {TABLE_RECORD, TABLE_LEAF,    TABLE_NODE, TABLE_HEAD,
					    TABLE_AUTHOR, TABLE_VERSION, TABLE_PATH};
	struct random random = random_seeded(3);

	history_make(history, f, &random);
	history_play(history, &f->a, &random);
	history_shuffle(history, &random);
	history_play(history, &f->b, &random);
	ledger_node_turn(&f->author);
	for (size_t i = 0; i < COUNT(tables); i++) {
		assert_true(tables_equal(&f->a, &f->author, tables[i]));
		assert_true(tables_equal(&f->b, &f->author, tables[i]));
	}
	assert_int_equal(completeness(&f->b), LEDGER_COMPLETE);
	for (size_t i = 0; i < history->count; i++)
		buf_fini(&history->items[i]);
	free(history);
}

/* ---- reconciliation ---- */

/* Asks a for a page, and takes it at b; how many records had to be asked for. */
static size_t page_take(struct ledger_node *a, struct ledger_node *b, uint64_t *place, bool *more)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	struct author_state state = test_state(b, author1);
	struct buf missing;
	size_t fetched = 0;

	buf_init(&missing, 1 << 20);
	assert_int_equal(ledger_page(&a->ledger, a->txn, author1, 1, &state.head_set, *place, page),
			 ERR_OK);
	assert_int_equal(ledger_repair(&b->ledger, b->txn, author1, 1, &state.head_set, page,
				       &missing, place, more),
			 ERR_OK);
	for (size_t at = 0; at < missing.len; at += 8) {
		struct ledger_news news;
		struct bytes whole;
		assert_true(ledger_record(a->txn, author1, 1, be64_get(missing.ptr + at), &whole));
		assert_int_equal(ledger_accept_record(&b->ledger, b->txn, whole, &news), ERR_OK);
		assert_true(news.stored);
		fetched++;
	}
	buf_fini(&missing);
	free(page);
	return fetched;
}

/* Everything node `b` has to ask `a` for. */
static size_t reconcile(struct ledger_node *a, struct ledger_node *b)
{
	uint64_t place = 0;
	size_t fetched = 0;
	bool more = true;

	while (more)
		fetched += page_take(a, b, &place, &more);
	return fetched;
}

static void publish_many(struct fixture *f, unsigned count)
{
	char path[64];

	for (unsigned i = 0; i < count; i++) {
		path_of(path, i);
		test_publish(&f->author, path, 1, 0);
	}
}

static void delete_own(struct fixture *f, unsigned n)
{
	char path[64];

	path_of(path, n);
	struct dataset_id dataset = test_dataset(&f->fed, 1, path);
	struct record_slot slot = record_slot_version(&dataset, 1);
	assert_int_equal(ledger_delete(&f->author.ledger, f->author.txn, record_slot_bytes(&slot)),
			 ERR_OK);
}

/* Missing, deleted since, superseded since, and newer than the head: all at once. */
static void reconciliation_makes_complete(void **state)
{
	struct fixture *f = *state;
	struct bytes head, whole;
	struct ledger_news news;
	char path[64];

	publish_many(f, 60);
	assert_int_equal(test_copy(&f->author, &f->a, author1), 60);
	for (unsigned i = 0; i < 10; i++)
		delete_own(f, i);
	for (unsigned i = 10; i < 20; i++) {
		path_of(path, i);
		test_publish(&f->author, path, 1, 1);
	}
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	assert_true(ledger_head(f->author.txn, author1, 1, &head));
	assert_int_equal(ledger_accept_head(&f->a.ledger, f->a.txn, head, NULL), ERR_OK);
	assert_int_equal(completeness(&f->a), LEDGER_PARTIAL);
	assert_int_equal(reconcile(&f->author, &f->a), 10);
	ledger_node_turn(&f->a);
	assert_int_equal(completeness(&f->a), LEDGER_COMPLETE);
	assert_int_equal(txn_count(f->a.txn, TABLE_RECORD), 50);
	assert_int_equal(txn_count(f->a.txn, TABLE_VERSION), 50);
	assert_int_equal(txn_count(f->a.txn, TABLE_PATH), 50);

	/* what is newer than the head is left alone */
	path_of(path, 30);
	struct test_record newer;
	test_record_init(&newer, &f->fed, 1, path, 9, 1000);
	struct buf bytes;
	buf_init(&bytes, LIMIT_RECORD_LEN_MAX);
	test_record_put(&bytes, &newer);
	assert_int_equal(ledger_accept_record(&f->a.ledger, f->a.txn, buf_bytes(&bytes), &news),
			 ERR_OK);
	assert_int_equal(reconcile(&f->author, &f->a), 0);
	assert_true(ledger_record(f->a.txn, author1, 1, 1000, &whole));
	buf_fini(&bytes);
	test_record_fini(&newer);
}

static void lies_delete_nothing(void **state)
{
	struct fixture *f = *state;
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	struct author_state s;
	struct digest other;
	struct buf missing;
	uint64_t place;
	bool more;

	publish_many(f, 60);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	assert_int_equal(test_copy(&f->author, &f->a, author1), 60);
	s = test_state(&f->a, author1);
	other = s.head_set;
	other.b[9] ^= 1;
	buf_init(&missing, 4096);
	struct ledger *ledger = &f->a.ledger;
	struct txn *txn = f->a.txn;
	assert_int_equal(
		ledger_page(&f->author.ledger, f->author.txn, author1, 1, &s.head_set, 7, page),
		ERR_OK);
	/* another set, another incarnation, another author */
	assert_int_equal(
		ledger_repair(ledger, txn, author1, 1, &other, page, &missing, &place, &more),
		ERR_AGAIN);
	assert_int_equal(
		ledger_repair(ledger, txn, author1, 2, &s.head_set, page, &missing, &place, &more),
		ERR_AGAIN);
	assert_int_equal(
		ledger_repair(ledger, txn, 512, 1, &s.head_set, page, &missing, &place, &more),
		ERR_ABSENT);
	/* a page without a leaf, and with another */
	page->count--;
	assert_int_equal(
		ledger_repair(ledger, txn, author1, 1, &s.head_set, page, &missing, &place, &more),
		ERR_DENIED);
	page->count++;
	page->leaves[0].sequence++;
	assert_int_equal(
		ledger_repair(ledger, txn, author1, 1, &s.head_set, page, &missing, &place, &more),
		ERR_DENIED);
	assert_int_equal(missing.len, 0);
	assert_int_equal(completeness(&f->a), LEDGER_COMPLETE);
	free(page);
	buf_fini(&missing);
}

/*
 * However many records of a page's part are here, one page looks at a bounded number of them, and
 * the next ones go on.
 */
static void much_is_deleted_in_parts(void **state)
{
	enum { MANY = 2000 };
	struct fixture *f = *state;
	struct bytes head;
	uint64_t place = 0;
	unsigned pages = 0;
	bool more = true;

	for (uint32_t i = 0; i < MANY; i++)
		test_append(&f->author.ledger, f->author.txn, i, 1);
	assert_int_equal(test_copy(&f->author, &f->a, author1), MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		uint8_t slot[5] = {120};
		be32_put(slot + 1, i);
		ledger_delete(&f->author.ledger, f->author.txn, bytes_obj(&slot));
	}
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	assert_true(ledger_head(f->author.txn, author1, 1, &head));
	assert_int_equal(ledger_accept_head(&f->a.ledger, f->a.txn, head, NULL), ERR_OK);
	for (; more; pages++) {
		uint64_t before = test_state(&f->a, author1).live_count;
		const struct txn_cost then = txn_cost(f->a.txn);
		assert_int_equal(page_take(&f->author, &f->a, &place, &more), 0);
		const struct txn_cost now = txn_cost(f->a.txn);
		assert_in_range(before - test_state(&f->a, author1).live_count, 1, 128);
		assert_in_range(now.lookups - then.lookups, 1, 128 * 24);
		assert_in_range(now.writes - then.writes, 1, 128 * 12);
	}
	assert_int_equal(pages, 16);
	assert_int_equal(completeness(&f->a), LEDGER_COMPLETE);
}

/* ---- what arrives ---- */

/*
 * Accepts all records of the author; those in [from, until) with a broken signature. How many were
 * accepted.
 */
static size_t copy_forged(struct fixture *f, struct ledger_node *to, uint64_t from, uint64_t until)
{
	struct bytes head, whole;
	size_t stored = 0;

	assert_true(ledger_head(f->author.txn, author1, 1, &head));
	ledger_accept_head(&to->ledger, to->txn, head, NULL);
	for (uint64_t n = 1; ledger_record(f->author.txn, author1, 1, n, &whole); n++) {
		bool forged = n >= from && n < until;
		struct ledger_news news;
		struct buf copy;
		buf_init(&copy, LIMIT_RECORD_LEN_MAX);
		buf_add(&copy, whole);
		if (forged)
			copy.ptr[copy.len - 1] ^= 1;
		assert_int_equal(
			ledger_accept_record(&to->ledger, to->txn, buf_bytes(&copy), &news),
			forged ? ERR_DENIED : ERR_OK);
		assert_int_equal(news.stored, !forged);
		stored += news.stored;
		buf_fini(&copy);
	}
	ledger_settle(&to->ledger, to->txn);
	return stored;
}

static size_t arrived(struct ledger_node *node)
{
	struct ledger_arrival arrival;
	size_t count = 0;

	while (ledger_arrival_next(&node->ledger, &arrival)) {
		assert_true(arrival.news.stored);
		assert_int_equal(arrival.news.kind, RECORD_VERSION);
		ledger_arrival_fini(&arrival);
		count++;
	}
	return count;
}

static void forged_records_are_not_taken(void **state)
{
	struct fixture *f = *state;

	publish_many(f, 20);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	assert_int_equal(copy_forged(f, &f->a, 15, 21), 14);
	assert_int_equal(arrived(&f->a), 14);
	assert_int_equal(completeness(&f->a), LEDGER_PARTIAL);
	/* what the forger sent is not what we claim to have */
	assert_int_equal(test_state(&f->a, author1).sequence, 14);
	assert_int_equal(test_state(&f->a, author1).live_count, 14);
	assert_int_equal(txn_count(f->a.txn, TABLE_VERSION), 14);
	/* and the true ones are still welcome */
	assert_int_equal(test_copy(&f->author, &f->a, author1), 6);
	assert_int_equal(arrived(&f->a), 6);
	assert_int_equal(completeness(&f->a), LEDGER_COMPLETE);
}

/* What displaces another record is checked like any other. */
static void forged_record_displaces_nothing(void **state)
{
	struct fixture *f = *state;
	struct test_record record;
	struct ledger_news news;
	struct buf bytes;

	publish_many(f, 3);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	test_copy(&f->author, &f->a, author1);
	ledger_node_turn(&f->a);
	buf_init(&bytes, LIMIT_RECORD_LEN_MAX);
	test_record_init(&record, &f->fed, 1, "gemeinde-1/d0", 1, 4);
	test_record_put(&bytes, &record);
	bytes.ptr[bytes.len - 1] ^= 1;
	assert_int_equal(ledger_accept_record(&f->a.ledger, f->a.txn, buf_bytes(&bytes), &news),
			 ERR_DENIED);
	bytes.ptr[bytes.len - 1] ^= 1;
	assert_int_equal(ledger_accept_record(&f->a.ledger, f->a.txn, buf_bytes(&bytes), &news),
			 ERR_OK);
	assert_true(news.stored);
	buf_fini(&bytes);
	test_record_fini(&record);
}

/*
 * What arrives can be acted upon without a look into the store: also an own record, when it is to
 * be told.
 */
static void arrivals_are_decoded(void **state)
{
	struct fixture *f = *state;
	struct record_slot slot;
	struct ledger_arrival arrival;
	struct dataset_id dataset = test_dataset(&f->fed, 1, "gemeinde-1/eigenes");
	struct buf body;

	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	test_version_body(&body, "gemeinde-1/eigenes", 1, 7);
	slot = record_slot_version(&dataset, 1);
	assert_int_equal(ledger_append(&f->author.ledger, f->author.txn, RECORD_VERSION,
				       record_slot_bytes(&slot), buf_bytes(&body), NULL,
				       LEDGER_TELL),
			 ERR_OK);
	buf_fini(&body);
	test_publish(&f->author, "gemeinde-1/still", 1, 0);
	assert_true(ledger_arrival_next(&f->author.ledger, &arrival));
	assert_int_equal(arrival.record.author, author1);
	assert_true(id_eq(&arrival.news.dataset, &dataset));
	assert_true(bytes_eq(arrival.version.path, bytes_str("gemeinde-1/eigenes")));
	assert_int_equal(arrival.tell, LEDGER_TELL);
	ledger_arrival_fini(&arrival);
	assert_true(ledger_arrival_next(&f->author.ledger, &arrival));
	assert_true(bytes_eq(arrival.version.path, bytes_str("gemeinde-1/still")));
	assert_int_equal(arrival.tell, LEDGER_QUIET);
	ledger_arrival_fini(&arrival);
	assert_false(ledger_arrival_next(&f->author.ledger, &arrival));
}

/* ---- faults ---- */

/* One turn: a head, and a record that displaces another. */
static enum err turn(struct ledger_node *node, struct bytes head, struct bytes record)
{
	struct ledger_news news;
	struct limits limits = limits_default();
	struct ledger ledger;

	ledger_init(&ledger, &node->fed->charter, &limits);
	ledger_now(&ledger, TEST_TIME_MS);
	node->txn = txn_begin(node->db, true);
	enum err err = ledger_accept_head(&ledger, node->txn, head, NULL);
	if (!err)
		err = ledger_accept_record(&ledger, node->txn, record, &news);
	ledger_settle(&ledger, node->txn);
	if (err)
		txn_abort(node->txn);
	else
		err = txn_commit(node->txn);
	ledger_fini(&ledger);
	return err;
}

static void failing_store_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct buf head, record;
	struct bytes whole;
	bool struck = true;

	test_publish(&f->author, "gemeinde-1/d0", 1, 0);
	assert_int_equal(test_copy(&f->author, &f->a, author1), 1);
	assert_int_equal(test_copy(&f->author, &f->b, author1), 1);
	test_publish(&f->author, "gemeinde-1/d0", 1, 1);
	buf_init(&record, LIMIT_RECORD_LEN_MAX);
	buf_init(&head, LIMIT_HEAD_LEN_MAX);
	assert_true(ledger_record(f->author.txn, author1, 1, 2, &whole));
	buf_add(&record, whole);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, &head), ERR_OK);
	ledger_node_turn(&f->a);
	ledger_node_turn(&f->b);
	txn_abort(f->a.txn);
	for (uint64_t n = 1; struck; n++) {
		db_fault_at(f->a.db, n, ERR_IO);
		enum err err = turn(&f->a, buf_bytes(&head), buf_bytes(&record));
		struck = db_fault_struck(f->a.db);
		db_fault_at(f->a.db, 0, ERR_OK);
		assert_int_equal(err, struck ? ERR_IO : ERR_OK);
		f->a.txn = txn_begin(f->a.db, true);
		/* b has never seen the turn */
		assert_int_equal(tables_equal(&f->a, &f->b, TABLE_RECORD), struck);
		assert_int_equal(tables_equal(&f->a, &f->b, TABLE_AUTHOR), struck);
		assert_int_equal(tables_equal(&f->a, &f->b, TABLE_HEAD), struck);
		if (struck)
			txn_abort(f->a.txn);
		assert_true(n < 1000);
	}
	assert_int_equal(completeness(&f->a), LEDGER_COMPLETE);
	buf_fini(&head);
	buf_fini(&record);
}

/* Own appending under faults: an error, or a record; never a sequence used twice. */
static void failing_store_uses_no_sequence_twice(void **state)
{
	struct fixture *f = *state;
	bool struck = true;
	struct limits limits = limits_default();

	ledger_node_turn(&f->author);
	txn_abort(f->author.txn);
	for (uint64_t n = 1; struck; n++) {
		struct dataset_id dataset = test_dataset(&f->fed, 1, "gemeinde-1/x");
		struct record_slot slot = record_slot_version(&dataset, 1);
		struct ledger ledger;
		struct buf body;
		ledger_init(&ledger, &f->fed.charter, &limits);
		ledger_now(&ledger, TEST_TIME_MS);
		ledger_own(&ledger, author1, &f->fed.orgs[0].sign);
		buf_init(&body, LIMIT_RECORD_LEN_MAX);
		test_version_body(&body, "gemeinde-1/x", 1, 0);
		db_fault_at(f->author.db, n, ERR_NOSPACE);
		struct txn *txn = txn_begin(f->author.db, true);
		enum err err = ledger_append(&ledger, txn, RECORD_VERSION, record_slot_bytes(&slot),
					     buf_bytes(&body), NULL, LEDGER_QUIET);
		if (!err)
			err = ledger_head_make(&ledger, txn, NULL);
		ledger_settle(&ledger, txn);
		if (err)
			txn_abort(txn);
		else
			err = txn_commit(txn);
		struck = db_fault_struck(f->author.db);
		db_fault_at(f->author.db, 0, ERR_OK);
		assert_int_equal(err, struck ? ERR_NOSPACE : ERR_OK);
		ledger_fini(&ledger);
		buf_fini(&body);
		assert_true(n < 1000);
	}
	f->author.txn = txn_begin(f->author.db, true);
	assert_int_equal(test_state(&f->author, author1).sequence, 1);
	assert_int_equal(completeness(&f->author), LEDGER_COMPLETE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(order_does_not_matter),
		T(reconciliation_makes_complete),
		T(lies_delete_nothing),
		T(much_is_deleted_in_parts),
		T(forged_records_are_not_taken),
		T(forged_record_displaces_nothing),
		T(arrivals_are_decoded),
		T(failing_store_changes_nothing),
		T(failing_store_uses_no_sequence_twice),
#undef T
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
