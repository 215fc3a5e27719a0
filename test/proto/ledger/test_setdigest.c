/* setdigest: kept up to date is the same as made from scratch, and order does not matter. */
#include "crypto/hash.h"
#include "proto/ledger/setdigest.h"
#include "test/proto/federation.h"

#define AUTHOR 300
#define SLOTS  400

/* A plain model of the set: slot n holds sequence[n], 0 for none. */
struct model {
	uint64_t sequence[SLOTS];
};

struct fixture {
	char *dir;
	struct db *db;
	struct txn *txn;
};

static int setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	f->dir = test_dir_init();
	f->db = test_db(f->dir);
	f->txn = txn_begin(f->db, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	txn_abort(f->txn);
	db_close(f->db);
	test_dir_fini(f->dir);
	free(f);
	return 0;
}

/* Slots of different lengths, some of them prefixes of others. */
static struct bytes slot_of(uint8_t out[LIMIT_SLOT_LEN_MAX], unsigned n)
{
	memset(out, (int)(n / LIMIT_SLOT_LEN_MAX), LIMIT_SLOT_LEN_MAX);
	return bytes_of(out, n % LIMIT_SLOT_LEN_MAX + 1);
}

static struct digest hash_of(unsigned n, uint64_t sequence)
{
	struct digest digest;
	struct hash hash;

	hash_init(&hash, "am1.test", NULL, ID_LEN);
	hash_add_be64(&hash, n);
	hash_add_be64(&hash, sequence);
	hash_done(&hash, digest.b, ID_LEN);
	return digest;
}

static uint64_t place_of(struct bytes slot)
{
	struct digest digest;

	hash_once(digest.b, "am1.slot", slot);
	return be64_get(digest.b);
}

static int slot_order(const void *a, const void *b)
{
	uint8_t x[LIMIT_SLOT_LEN_MAX], y[LIMIT_SLOT_LEN_MAX];
	struct bytes one = slot_of(x, *(const unsigned *)a),
		     other = slot_of(y, *(const unsigned *)b);
	uint64_t place = place_of(one), other_place = place_of(other);

	if (place != other_place)
		return place < other_place ? -1 : 1;
	return bytes_cmp(one, other);
}

/* The leaves of slots that are there, as they are hashed. */
static void model_leaves(struct buf *out, const struct model *model, const unsigned *order,
			 size_t count)
{
	uint8_t slot[LIMIT_SLOT_LEN_MAX];

	for (size_t i = 0; i < count; i++) {
		struct bytes s = slot_of(slot, order[i]);
		struct digest hash = hash_of(order[i], model->sequence[order[i]]);
		buf_add_be16(out, (uint16_t)s.len);
		buf_add(out, s);
		buf_add_be64(out, model->sequence[order[i]]);
		buf_add(out, id_bytes(&hash));
	}
}

static unsigned digit_of(unsigned n, unsigned depth)
{
	uint8_t slot[LIMIT_SLOT_LEN_MAX];

	return (unsigned)(place_of(slot_of(slot, n)) >> (60 - 4 * depth)) & 15;
}

/* The digest of a node from the words of the protocol; order: its slots, in order. */
static struct digest model_node(const struct model *model, const unsigned *order, size_t count,
				unsigned depth)
{
	uint8_t children[16 * ID_LEN];
	struct digest digest = {{0}};
	struct buf leaves;

	if (count == 0)
		return digest;
	if (count <= 64) {
		buf_init(&leaves, 1 << 20);
		model_leaves(&leaves, model, order, count);
		hash_once(digest.b, "am1.leaves", buf_bytes(&leaves));
		buf_fini(&leaves);
		return digest;
	}
	for (unsigned child = 0, at = 0; child < 16; child++) {
		unsigned end = at;
		while (end < count && digit_of(order[end], depth) == child)
			end++;
		digest = model_node(model, order + at, end - at, depth + 1);
		memcpy(children + child * ID_LEN, digest.b, ID_LEN);
		at = end;
	}
	hash_once(digest.b, "am1.children", bytes_obj(&children));
	return digest;
}

static struct digest model_digest(const struct model *model)
{
	unsigned order[SLOTS];
	size_t count = 0;

	for (unsigned n = 0; n < SLOTS; n++)
		if (model->sequence[n])
			order[count++] = n;
	qsort(order, count, sizeof(order[0]), slot_order);
	struct digest digest = model_node(model, order, count, 0);
	hash_once(digest.b, "am1.set", id_bytes(&digest));
	return digest;
}

static void put(struct txn *txn, struct model *model, unsigned n, uint64_t sequence)
{
	uint8_t slot[LIMIT_SLOT_LEN_MAX];
	struct digest hash = hash_of(n, sequence);

	setdigest_put(txn, AUTHOR, 1, slot_of(slot, n), sequence, &hash);
	model->sequence[n] = sequence;
}

static void del(struct txn *txn, struct model *model, unsigned n)
{
	uint8_t slot[LIMIT_SLOT_LEN_MAX];

	assert_int_equal(setdigest_del(txn, AUTHOR, 1, slot_of(slot, n)), model->sequence[n] != 0);
	model->sequence[n] = 0;
}

static void assert_same(struct txn *txn, const struct model *model)
{
	struct digest kept, made = model_digest(model);

	setdigest_root(txn, AUTHOR, 1, &kept);
	assert_true(id_eq(&kept, &made));
	assert_int_equal(txn_err(txn), ERR_OK);
}

static void kept_is_made_from_scratch(void **state)
{
	struct fixture *f = *state;
	struct random random = random_seeded(7);
	struct model model = {{0}};

	assert_same(f->txn, &model);
	for (unsigned round = 0; round < 150; round++) {
		for (uint64_t i = random_below(&random, 20); i > 0; i--) {
			unsigned n = (unsigned)random_below(&random, SLOTS);
			if (random_below(&random, 3) == 0)
				del(f->txn, &model, n);
			else
				put(f->txn, &model, n, 1 + random_below(&random, 1000));
		}
		assert_same(f->txn, &model);
	}
	/* and down to nothing: the digest of the empty set, and no rows left */
	for (unsigned n = 0; n < SLOTS; n++)
		del(f->txn, &model, n);
	assert_same(f->txn, &model);
	assert_int_equal(txn_count(f->txn, TABLE_LEAF), 0);
	assert_int_equal(txn_count(f->txn, TABLE_NODE), 0);
}

static void order_does_not_matter(void **state)
{
	struct fixture *f = *state;
	struct random random = random_seeded(8);
	struct model a = {{0}}, b = {{0}};
	unsigned order[SLOTS];
	struct digest first, second;

	for (unsigned n = 0; n < SLOTS; n++)
		put(f->txn, &a, order[n] = n, n + 1);
	setdigest_root(f->txn, AUTHOR, 1, &first);
	txn_abort(f->txn);
	f->txn = txn_begin(f->db, true);
	for (unsigned n = SLOTS - 1; n > 0; n--) {
		unsigned k = (unsigned)random_below(&random, n + 1), t = order[n];
		order[n] = order[k];
		order[k] = t;
	}
	for (unsigned i = 0; i < SLOTS; i++) {
		put(f->txn, &b, order[i], order[i] + 1);
		if (i % 50 == 0)
			setdigest_root(f->txn, AUTHOR, 1, &second);
	}
	setdigest_root(f->txn, AUTHOR, 1, &second);
	assert_true(id_eq(&first, &second));
}

/* Any difference in slot, sequence or bytes is a difference of the digest. */
static void every_difference_shows(void **state)
{
	struct fixture *f = *state;
	struct model model = {{0}};
	struct digest before, after, hash = hash_of(1, 1);
	uint8_t slot[LIMIT_SLOT_LEN_MAX];

	put(f->txn, &model, 3, 9);
	setdigest_root(f->txn, AUTHOR, 1, &before);
	put(f->txn, &model, 3, 10);
	setdigest_root(f->txn, AUTHOR, 1, &after);
	assert_false(id_eq(&before, &after));
	setdigest_put(f->txn, AUTHOR, 1, slot_of(slot, 3), 9, &hash);
	setdigest_root(f->txn, AUTHOR, 1, &after);
	assert_false(id_eq(&before, &after));
	put(f->txn, &model, 3, 9);
	put(f->txn, &model, 4, 9);
	setdigest_root(f->txn, AUTHOR, 1, &after);
	assert_false(id_eq(&before, &after));
	del(f->txn, &model, 4);
	setdigest_root(f->txn, AUTHOR, 1, &after);
	assert_true(id_eq(&before, &after));
	/* another author and another incarnation are other sets */
	setdigest_put(f->txn, AUTHOR, 2, slot_of(slot, 4), 9, &hash);
	setdigest_put(f->txn, AUTHOR + 1, 1, slot_of(slot, 4), 9, &hash);
	setdigest_root(f->txn, AUTHOR, 1, &after);
	assert_true(id_eq(&before, &after));
}

/* All pages of a set, one after the other; how many leaves they have. */
static size_t pages_read(struct txn *txn, uint32_t author, unsigned *depth_max)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	struct digest set;
	uint64_t place = 0;
	size_t count = 0;

	*depth_max = 0;
	setdigest_root(txn, author, 1, &set);
	do {
		assert_true(setdigest_page(txn, author, 1, place, page));
		assert_true(setdigest_page_check(page, &set));
		assert_true(page->count <= SETDIGEST_LEAVES_MAX);
		count += page->count;
		*depth_max = page->depth > *depth_max ? page->depth : *depth_max;
		place = setdigest_page_last(page) + 1;
	} while (place != 0);
	free(page);
	return count;
}

static void pages_prove_themselves(void **state)
{
	struct fixture *f = *state;
	struct model model = {{0}};
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	struct digest set, hash;
	uint8_t slot[LIMIT_SLOT_LEN_MAX];
	uint64_t sequence;
	unsigned depth;

	for (unsigned n = 0; n < SLOTS; n++)
		put(f->txn, &model, n, n + 1);
	assert_int_equal(pages_read(f->txn, AUTHOR, &depth), SLOTS);
	assert_int_equal(depth, 1);
	assert_int_equal(pages_read(f->txn, AUTHOR + 1, &depth), 0);
	setdigest_root(f->txn, AUTHOR, 1, &set);
	assert_true(setdigest_page(f->txn, AUTHOR, 1, UINT64_MAX / 3, page));
	/* any byte of the way, a leaf, a leaf less, another place */
	page->path[0][500] ^= 1;
	assert_false(setdigest_page_check(page, &set));
	page->path[0][500] ^= 1;
	page->leaves[0].sequence++;
	assert_false(setdigest_page_check(page, &set));
	page->leaves[0].sequence--;
	page->count--;
	assert_false(setdigest_page_check(page, &set));
	page->count++;
	page->place = 0;
	assert_false(setdigest_page_check(page, &set));
	page->place = UINT64_MAX / 3;
	assert_true(setdigest_page_check(page, &set));
	free(page);
	assert_true(setdigest_get(f->txn, AUTHOR, 1, slot_of(slot, 5), &sequence, &hash));
	assert_int_equal(sequence, 6);
	assert_false(setdigest_get(f->txn, AUTHOR, 2, slot_of(slot, 5), &sequence, &hash));
}

/* The differing pages of two sets are all visited, and no others. */
static void differences_are_found(void **state)
{
	struct fixture *f = *state;
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	struct digest hash = hash_of(1, 1), mine;
	uint8_t slot[LIMIT_SLOT_LEN_MAX];
	struct model model = {{0}};
	uint64_t place = 0;
	unsigned found = 0, visited = 0;
	bool more = true;

	for (unsigned n = 0; n < SLOTS; n++) {
		put(f->txn, &model, n, n + 1);
		hash = hash_of(n, n + 1 + (n % 50 == 0));
		if (n % 70 > 0)
			setdigest_put(f->txn, AUTHOR + 1, 1, slot_of(slot, n),
				      n + 1 + (n % 50 == 0), &hash);
	}
	setdigest_root(f->txn, AUTHOR + 1, 1, &mine);
	for (; more; visited++) {
		assert_true(setdigest_page(f->txn, AUTHOR, 1, place, page));
		for (size_t i = 0; i < page->count; i++) {
			uint64_t sequence;
			struct bytes s = bytes_of(page->leaves[i].slot, page->leaves[i].slot_len);
			found += !setdigest_get(f->txn, AUTHOR + 1, 1, s, &sequence, &hash) ||
				 sequence != page->leaves[i].sequence;
		}
		more = setdigest_differs(f->txn, AUTHOR + 1, 1, page, &place);
	}
	assert_int_equal(found, 8 + 6 - 2); /* 0 and 350 are both */
	assert_in_range(visited, 2, 1 + 12);
	free(page);
}

/*
 * Slots whose hashes begin with the same byte, as an author can find them: pages stay what they
 * are, and a change looks at one list.
 */
static void ground_slots_are_told(void **state)
{
	enum { GROUND = 2000 };
	struct fixture *f = *state;
	const struct digest hash = {{1}};
	unsigned count = 0, depth;
	struct digest before, after;

	for (uint32_t n = 0; count < GROUND; n++) {
		uint8_t slot[5] = {9};
		be32_put(slot + 1, n);
		if (place_of(bytes_obj(&slot)) >> 56 != 0)
			continue;
		setdigest_put(f->txn, AUTHOR, 1, bytes_obj(&slot), n + 1, &hash);
		count++;
	}
	assert_int_equal(pages_read(f->txn, AUTHOR, &depth), GROUND);
	assert_in_range(depth, 4, 5);
	/* One list of at most 64 leaves, and a node for each digit. */
	setdigest_root(f->txn, AUTHOR, 1, &before);
	setdigest_touch(f->txn, AUTHOR, 1, 0);
	size_t touched = 0;
	struct walk walk = walk_begin(f->txn, TABLE_NODE, bytes_of(NULL, 0));
	while (walk_next(&walk))
		touched += walk.value.len == 8;
	assert_in_range(touched, 2, 6);
	const struct txn_cost then = txn_cost(f->txn);
	setdigest_root(f->txn, AUTHOR, 1, &after);
	assert_true(id_eq(&before, &after));
	const struct txn_cost now = txn_cost(f->txn);
	assert_in_range(now.lookups - then.lookups, 1, 5 * 17 + SETDIGEST_LEAVES_MAX + 4);
	assert_in_range(now.writes - then.writes, 1, 6);
}

/* However many leaves there are, a change reads one list, and the children on the way to it. */
static void a_change_costs_the_same(void **state)
{
	struct fixture *f = *state;
	const struct digest hash = {{1}};
	struct digest set;
	uint32_t n = 0;
	uint8_t slot[5] = {9};

	for (uint32_t count = 100; count <= 100000; count *= 10) {
		for (; n < count; n++) {
			be32_put(slot + 1, n);
			setdigest_put(f->txn, AUTHOR, 1, bytes_obj(&slot), n + 1, &hash);
		}
		setdigest_root(f->txn, AUTHOR, 1, &set);
		const struct txn_cost then = txn_cost(f->txn);
		be32_put(slot + 1, n / 2);
		setdigest_put(f->txn, AUTHOR, 1, bytes_obj(&slot), 2 * n, &hash);
		setdigest_root(f->txn, AUTHOR, 1, &set);
		const struct txn_cost now = txn_cost(f->txn);
		assert_in_range(now.lookups - then.lookups, 1, SETDIGEST_LEAVES_MAX + 4 * 18 + 2);
		assert_in_range(now.writes - then.writes, 1, 1 + 2 * 5);
	}
}

/* Rows of another length are damage, not digests. */
static void damaged_rows_are_told(void **state)
{
	struct fixture *f = *state;
	struct row_key key = key_node(AUTHOR, 1, 0, 0);
	struct digest digest;

	txn_put(f->txn, TABLE_NODE, row_key_bytes(&key), bytes_str("short"));
	setdigest_root(f->txn, AUTHOR, 1, &digest);
	assert_int_equal(txn_err(f->txn), ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept_is_made_from_scratch, setup, teardown),
		cmocka_unit_test_setup_teardown(order_does_not_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(every_difference_shows, setup, teardown),
		cmocka_unit_test_setup_teardown(pages_prove_themselves, setup, teardown),
		cmocka_unit_test_setup_teardown(differences_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(ground_slots_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_costs_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_rows_are_told, setup, teardown),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
