/*
 * ledger: an author who signs two records of one sequence, two heads of one counter, or goes back.
 * Whatever comes in which order, all come to the same.
 */
#include "crypto/random.h"
#include "test/proto/ledger_node.h"

enum {
	COUNT_ALL = 150, /* true records: more than a page holds */
	HEADS = 30,
	ROUNDS = 40,
	ITEM_MAX = 3 * COUNT_ALL + HEADS,
};

static const uint32_t author1 = 256;

struct fixture {
	struct test_federation fed;
	struct ledger_node author; /* member 1: what its last head says */
	struct ledger_node a, b;
};

struct item {
	struct buf whole;
	bool head;
};

struct history {
	struct item items[ITEM_MAX];
	size_t count;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	test_federation_init(&f->fed, 3, 1, 1);
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

static struct buf *item_add(struct history *history, bool head)
{
	struct item *item = &history->items[history->count++];

	assert_true(history->count <= ITEM_MAX);
	item->head = head;
	buf_init(&item->whole, LIMIT_RECORD_LEN_MAX);
	return &item->whole;
}

/* A record of a sequence, in this slot. */
static void record_add(struct history *history, struct fixture *f, uint64_t sequence, uint32_t n,
		       uint8_t body)
{
	uint8_t slot[5] = {120};
	struct record fields = {.author = author1,
				.incarnation = 1,
				.sequence = sequence,
				.time_ms = TEST_TIME_MS,
				.kind = 120,
				.slot = bytes_obj(&slot),
				.body = bytes_obj(&body)};

	be32_put(slot + 1, n);
	record_make(item_add(history, false), &fields, &f->fed.charter.fed, &f->fed.orgs[0].sign);
}

static void head_add(struct history *history, struct fixture *f, struct random *random)
{
	struct head fields = {.author = author1,
			      .incarnation = 1,
			      .counter = 1 + random_below(random, 8),
			      .time_ms = TEST_TIME_MS - (int64_t)random_below(random, 1000),
			      .charter_number = 1,
			      .orglog_number = 1,
			      .last_sequence = random_below(random, COUNT_ALL),
			      .has_previous = random_below(random, 2)};

	fields.valid_until_ms = fields.time_ms + 1000;
	random_fill(random, fields.set.b, ID_LEN);
	fields.previous.b[0] = (uint8_t)random_below(random, 2);
	head_make(item_add(history, true), &fields, &f->fed.charter.fed, &f->fed.orgs[0].sign);
}

static void history_shuffle(struct history *history, struct random *random)
{
	for (size_t n = history->count; n > 1; n--) {
		size_t k = (size_t)random_below(random, n);
		struct item item = history->items[n - 1];
		history->items[n - 1] = history->items[k];
		history->items[k] = item;
	}
}

static void history_fini(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		buf_fini(&history->items[i].whole);
	free(history);
}

static void history_play(const struct history *history, struct ledger_node *node,
			 struct random *random)
{
	for (size_t i = 0; i < history->count; i++) {
		struct bytes whole = buf_bytes(&history->items[i].whole);
		struct ledger_news news;
		struct ledger_arrival arrival;
		if (history->items[i].head)
			ledger_accept_head(&node->ledger, node->txn, whole, NULL);
		else
			ledger_accept_record(&node->ledger, node->txn, whole, &news);
		while (ledger_arrival_next(&node->ledger, &arrival))
			ledger_arrival_fini(&arrival);
		if (random_below(random, 10) == 0)
			ledger_node_turn(node);
	}
	ledger_node_turn(node);
}

static void evidence_give(struct ledger_node *from, struct ledger_node *to)
{
	struct bytes first, second;
	uint32_t author = 0;

	while (ledger_evidence_next(&from->ledger, from->txn, &author, &first, &second)) {
		uint32_t of;
		enum err err = ledger_accept_evidence(&to->ledger, to->txn, first, second, &of);
		assert_true(!err || err == ERR_EXISTS);
		assert_int_equal(of, author1);
	}
	ledger_node_turn(to);
}

static void assert_same_table(struct ledger_node *a, struct ledger_node *b, enum table table)
{
	struct walk wa = walk_begin(a->txn, table, bytes_of(NULL, 0));
	struct walk wb = walk_begin(b->txn, table, bytes_of(NULL, 0));

	while (walk_next(&wa)) {
		assert_true(walk_next(&wb));
		assert_true(bytes_eq(wa.key, wb.key));
		assert_true(bytes_eq(wa.value, wb.value));
	}
	assert_false(walk_next(&wb));
}

/* Heads in any order: the same one counts, and it is known everywhere that there are two. */
static void heads_converge(void **state)
{
	struct random random = random_seeded(11);

	for (unsigned round = 0; round < ROUNDS; round++) {
		setup(state);
		struct fixture *f = *state;
		struct history *history = mem_new(1, sizeof(*history));
		for (unsigned i = 0; i < 2 + round % HEADS; i++)
			head_add(history, f, &random);
		history_play(history, &f->a, &random);
		history_shuffle(history, &random);
		history_play(history, &f->b, &random);
		assert_same_table(&f->a, &f->b, TABLE_HEAD);
		evidence_give(&f->a, &f->b);
		evidence_give(&f->b, &f->a);
		assert_same_table(&f->a, &f->b, TABLE_AUTHOR);
		history_fini(history);
		teardown(state);
	}
}

/* Records of one sequence and slot: without a head the same one counts, whatever came first. */
static void records_of_one_slot_converge(void **state)
{
	struct random random = random_seeded(12);
	struct fixture *f = *state;
	struct history *history = mem_new(1, sizeof(*history));

	for (uint32_t n = 1; n <= COUNT_ALL; n++)
		for (uint8_t body = 0; body < 3; body++)
			record_add(history, f, n, n, body);
	history_play(history, &f->a, &random);
	history_shuffle(history, &random);
	history_play(history, &f->b, &random);
	assert_same_table(&f->a, &f->b, TABLE_RECORD);
	assert_same_table(&f->a, &f->b, TABLE_LEAF);
	assert_same_table(&f->a, &f->b, TABLE_AUTHOR);
	assert_int_equal(txn_count(f->a.txn, TABLE_RECORD), COUNT_ALL);
	history_fini(history);
}

/* Asks who has the set of the head for all of it that differs. */
static void repair(struct ledger_node *from, struct ledger_node *to)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	uint64_t place = 0;
	bool more = true;

	while (more) {
		struct author_state s = test_state(to, author1);
		struct buf missing;
		buf_init(&missing, 1 << 16);
		assert_int_equal(
			ledger_page(&from->ledger, from->txn, author1, 1, &s.head_set, place, page),
			ERR_OK);
		assert_int_equal(ledger_repair(&to->ledger, to->txn, author1, 1, &s.head_set, page,
					       &missing, &place, &more),
				 ERR_OK);
		for (size_t at = 0; at < missing.len; at += 8) {
			struct ledger_news news;
			struct bytes whole;
			assert_true(ledger_record(from->txn, author1, 1, be64_get(missing.ptr + at),
						  &whole));
			assert_int_equal(ledger_accept_record(&to->ledger, to->txn, whole, &news),
					 ERR_OK);
		}
		buf_fini(&missing);
	}
	free(page);
	ledger_node_turn(to);
}

/* Some true records; others with the same sequences, in the same slots and in others. */
static void history_forge(struct history *history, struct fixture *f, struct random *random)
{
	for (uint32_t n = 0; n < COUNT_ALL; n++) {
		struct bytes whole;
		assert_true(ledger_record(f->author.txn, author1, 1, n + 1, &whole));
		if (random_below(random, 3) > 0)
			buf_add(item_add(history, false), whole);
		if (random_below(random, 3) > 0)
			record_add(history, f, n + 1, n, (uint8_t)random_below(random, 256));
		if (random_below(random, 3) > 0)
			record_add(history, f, n + 1, (uint32_t)random_below(random, 2 * COUNT_ALL),
				   7);
	}
	for (unsigned i = 0; i < HEADS; i++)
		head_add(history, f, random);
}

/*
 * Whatever was signed besides: who has the latest head and can ask one who has its set has it then,
 * and nothing that comes again changes that.
 */
static void a_head_settles_it(void **state)
{
	static const enum table tables[] = {TABLE_RECORD, TABLE_LEAF, TABLE_NODE, TABLE_HEAD};
	struct random random = random_seeded(13);
	struct fixture *f = *state;
	struct history *history = mem_new(1, sizeof(*history));
	struct ledger_node *nodes[] = {&f->a, &f->b};
	struct bytes head;

	for (uint32_t n = 0; n < COUNT_ALL; n++)
		test_append(&f->author.ledger, f->author.txn, n, 1);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	ledger_node_turn(&f->author);
	history_forge(history, f, &random);
	for (size_t i = 0; i < COUNT(nodes); i++) {
		struct ledger_node *node = nodes[i];
		history_shuffle(history, &random);
		history_play(history, node, &random);
		assert_true(ledger_head(f->author.txn, author1, 1, &head));
		assert_int_equal(ledger_accept_head(&node->ledger, node->txn, head, NULL), ERR_OK);
		repair(&f->author, node);
		struct author_state s = test_state(node, author1);
		assert_true(s.disputed);
		assert_int_equal(ledger_missing(&s), 0);
		history_play(history, node, &random);
		for (size_t k = 0; k < COUNT(tables); k++)
			assert_same_table(&f->author, node, tables[k]);
	}
	history_fini(history);
}

/* Evidence is proved by itself, or it is none. */
static void evidence_is_checked(void **state)
{
	struct fixture *f = *state;
	struct random random = random_seeded(14);
	struct history *history = mem_new(1, sizeof(*history));
	uint32_t author;

	for (unsigned i = 0; i < 20; i++)
		head_add(history, f, &random);
	/* two of one counter */
	struct head one, other;
	size_t i = 0, k = 1;
	for (;; k++) {
		if (k == history->count)
			k = ++i + 1;
		head_decode(&one, buf_bytes(&history->items[i].whole));
		head_decode(&other, buf_bytes(&history->items[k].whole));
		if (one.counter == other.counter)
			break;
	}
	struct bytes first = one.whole, second = other.whole;
	struct ledger *ledger = &f->a.ledger;
	assert_int_equal(ledger_accept_evidence(ledger, f->a.txn, first, first, &author),
			 ERR_PROTOCOL);
	assert_int_equal(ledger_accept_evidence(ledger, f->a.txn, first, bytes_str("x"), &author),
			 ERR_MALFORMED);
	history->items[k].whole.ptr[second.len - 1] ^= 1;
	assert_int_equal(ledger_accept_evidence(ledger, f->a.txn, first, second, &author),
			 ERR_DENIED);
	history->items[k].whole.ptr[second.len - 1] ^= 1;
	assert_int_equal(ledger_accept_evidence(ledger, f->a.txn, first, second, &author), ERR_OK);
	assert_int_equal(ledger_accept_evidence(ledger, f->a.txn, first, second, &author),
			 ERR_EXISTS);
	/* It has no state by that, and is disputed as soon as it has one. */
	struct author_state s;
	assert_int_equal(ledger_state(ledger, f->a.txn, author1, &s), ERR_ABSENT);
	assert_int_equal(ledger_accept_head(ledger, f->a.txn, first, NULL), ERR_OK);
	assert_int_equal(ledger_state(ledger, f->a.txn, author1, &s), ERR_OK);
	assert_true(s.disputed);
	history_fini(history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		cmocka_unit_test(heads_converge),
		T(records_of_one_slot_converge),
		T(a_head_settles_it),
		T(evidence_is_checked),
#undef T
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
