/* vouch: records that come as whole lists of a head's set, and what is not vouched for. */
#include "crypto/effort.h"
#include "test/proto/ledger_node.h"

static const uint32_t author1 = 256;
enum { COUNT_MANY = 300 };

struct fixture {
	struct test_federation fed;
	struct ledger_node author, a; /* member 1; one that reads */
	struct setdigest_page page;
	struct ledger_item items[SETDIGEST_LEAVES_MAX];
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));
	char path[64];

	test_federation_init(&f->fed, 2, 1, 1);
	ledger_node_open(&f->author, &f->fed, 1);
	ledger_node_open(&f->a, &f->fed, 0);
	for (unsigned i = 0; i < COUNT_MANY; i++) {
		snprintf(path, sizeof(path), "gemeinde-1/d%u", i);
		test_publish(&f->author, path, 1, 0);
	}
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_node_close(&f->author);
	ledger_node_close(&f->a);
	test_federation_fini(&f->fed);
	free(f);
	return 0;
}

static void head_bring(struct fixture *f)
{
	struct bytes head;

	assert_true(ledger_head(f->author.txn, author1, 1, &head));
	assert_int_equal(ledger_accept_head(&f->a.ledger, f->a.txn, head, NULL), ERR_OK);
}

/* The records of the list with this place; returns the last place of it. */
static uint64_t list_read(struct fixture *f, uint64_t place)
{
	struct bytes whole;

	assert_true(setdigest_page(f->author.txn, author1, 1, place, &f->page));
	for (size_t i = 0; i < f->page.count; i++) {
		assert_true(ledger_record(f->author.txn, author1, 1, f->page.leaves[i].sequence,
					  &whole));
		assert_int_equal(ledger_item_read(&f->items[i], whole), ERR_OK);
	}
	return setdigest_page_last(&f->page);
}

static struct bytes path_of(const struct fixture *f)
{
	return bytes_of(f->page.path, f->page.depth * SETDIGEST_STEP_LEN);
}

/* How many of the first `count` are vouched for. */
static size_t vouched(struct fixture *f, struct bytes path, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		f->items[i].vouched = false;
	ledger_vouch(&f->a.ledger, f->a.txn, path, f->items, count);
	for (size_t i = 0; i < count; i++)
		n += f->items[i].vouched;
	return n;
}

/* One signature, that of the head, for all. */
static void all_of_a_set_costs_one_signature(void **state)
{
	struct fixture *f = *state;
	struct ledger_news news;
	uint64_t last = UINT64_MAX;
	const uint64_t before = effort_made();

	head_bring(f);
	do {
		last = list_read(f, last + 1);
		assert_int_equal(vouched(f, path_of(f), f->page.count), f->page.count);
		for (size_t i = 0; i < f->page.count; i++) {
			enum err err =
				ledger_accept_item(&f->a.ledger, f->a.txn, &f->items[i], &news);
			assert_int_equal(err, ERR_OK);
			assert_true(news.stored);
		}
	} while (last != UINT64_MAX);
	assert_int_equal(effort_made() - before, 1);
	struct author_state at = test_state(&f->a, author1);
	assert_int_equal(at.live_count, COUNT_MANY);
	assert_int_equal(ledger_completeness(&at, f->a.ledger.now_ms), LEDGER_COMPLETE);
}

/* Lists below one path, one of which is not whole: the others are. */
static void each_list_stands_for_itself(void **state)
{
	struct fixture *f = *state;
	struct ledger_item first[SETDIGEST_LEAVES_MAX];
	struct ledger_item both[2 * SETDIGEST_LEAVES_MAX];
	size_t count, n = 0;

	head_bring(f);
	uint64_t last = list_read(f, 0);
	count = f->page.count;
	assert_in_range(count, 2, SETDIGEST_LEAVES_MAX);
	memcpy(first, f->items, sizeof(first));
	list_read(f, last + 1);
	assert_int_equal(f->page.depth, 1);
	memcpy(both, first, (count - 1) * sizeof(*first)); /* without its last one */
	memcpy(both + count - 1, f->items, f->page.count * sizeof(*first));
	ledger_vouch(&f->a.ledger, f->a.txn, path_of(f), both, count - 1 + f->page.count);
	for (size_t i = 0; i < count - 1 + f->page.count; i++) {
		assert_int_equal(both[i].vouched, i >= count - 1);
		n += both[i].vouched;
	}
	assert_int_equal(n, f->page.count);
}

static void what_is_not_the_list_is_not_vouched_for(void **state)
{
	struct fixture *f = *state;
	struct ledger_item kept;
	struct buf altered;

	list_read(f, 0);
	const size_t count = f->page.count;
	assert_in_range(count, 2, SETDIGEST_LEAVES_MAX);
	assert_int_equal(vouched(f, path_of(f), count), 0); /* there is no head */
	head_bring(f);
	assert_int_equal(vouched(f, path_of(f), count), count);
	assert_int_equal(vouched(f, path_of(f), count - 1), 0);
	assert_int_equal(vouched(f, bytes_of(NULL, 0), count), 0);
	f->page.path[0][SETDIGEST_STEP_LEN - 1] ^= 1;
	assert_int_equal(vouched(f, path_of(f), count), 0);
	f->page.path[0][SETDIGEST_STEP_LEN - 1] ^= 1;
	kept = f->items[0];
	f->items[0] = f->items[1]; /* twice, so the order is none */
	assert_int_equal(vouched(f, path_of(f), count), 0);
	buf_init(&altered, LIMIT_RECORD_LEN_MAX);
	buf_add(&altered, kept.record.whole);
	altered.ptr[altered.len - 1] ^= 1; /* its signature */
	assert_int_equal(ledger_item_read(&f->items[0], buf_bytes(&altered)), ERR_OK);
	assert_int_equal(vouched(f, path_of(f), count), 0);
	f->items[0] = kept;
	assert_int_equal(vouched(f, path_of(f), count), count);
	/* The head has moved on. */
	test_publish(&f->author, "gemeinde-1/d0", 2, 0);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	head_bring(f);
	assert_int_equal(vouched(f, path_of(f), count), 0);
	buf_fini(&altered);
}

/* What acts by itself, and what nobody knows, is checked by its own signature. */
static void only_versions_are_vouched_for(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < COUNT_MANY; i++)
		test_append(&f->author.ledger, f->author.txn, i, 1);
	assert_int_equal(ledger_head_make(&f->author.ledger, f->author.txn, NULL), ERR_OK);
	head_bring(f);
	list_read(f, 0);
	size_t versions = 0;
	for (size_t i = 0; i < f->page.count; i++)
		versions += f->items[i].record.kind == RECORD_VERSION;
	assert_in_range(versions, 1, f->page.count - 1);
	assert_int_equal(vouched(f, path_of(f), f->page.count), versions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_of_a_set_costs_one_signature, setup, teardown),
		cmocka_unit_test_setup_teardown(each_list_stands_for_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_the_list_is_not_vouched_for, setup,
						teardown),
		cmocka_unit_test_setup_teardown(only_versions_are_vouched_for, setup, teardown),
	};
	const char *what;

	if (selftest_run(&what))
		return 1;
	return cmocka_run_group_tests_name("vouch", tests, NULL, NULL);
}
