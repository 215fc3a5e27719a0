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

static int slot_order(const void *a, const void *b)
{
	uint8_t x[LIMIT_SLOT_LEN_MAX], y[LIMIT_SLOT_LEN_MAX];

	return bytes_cmp(slot_of(x, *(const unsigned *)a), slot_of(y, *(const unsigned *)b));
}

/* The set digest from the words of the protocol, with nothing of the module under test. */
static struct digest model_digest(const struct model *model)
{
	uint8_t buckets[256 * ID_LEN] = {0}, slot[LIMIT_SLOT_LEN_MAX];
	struct digest digest;
	unsigned order[SLOTS];

	for (unsigned n = 0; n < SLOTS; n++)
		order[n] = n;
	qsort(order, SLOTS, sizeof(order[0]), slot_order);
	for (unsigned bucket = 0; bucket < 256; bucket++) {
		struct buf leaves;
		buf_init(&leaves, 1 << 20);
		for (unsigned i = 0; i < SLOTS; i++) {
			unsigned n = order[i];
			struct bytes s = slot_of(slot, n);
			hash_once(digest.b, "am1.slot", s);
			if (digest.b[0] != bucket || !model->sequence[n])
				continue;
			struct digest hash = hash_of(n, model->sequence[n]);
			buf_add_be16(&leaves, (uint16_t)s.len);
			buf_add(&leaves, s);
			buf_add_be64(&leaves, model->sequence[n]);
			buf_add(&leaves, id_bytes(&hash));
		}
		if (leaves.len > 0)
			hash_once(buckets + bucket * ID_LEN, "am1.bucket", buf_bytes(&leaves));
		buf_fini(&leaves);
	}
	hash_once(digest.b, "am1.set", bytes_obj(&buckets));
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
	assert_int_equal(txn_count(f->txn, TABLE_BUCKET), 0);
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

static void leaves_are_what_was_put(void **state)
{
	struct fixture *f = *state;
	struct model model = {{0}};
	struct setdigest_leaves leaves;
	uint8_t buckets[SETDIGEST_BUCKETS_LEN], slot[LIMIT_SLOT_LEN_MAX];
	struct digest digest, root, hash;
	uint64_t sequence;
	size_t count = 0;

	for (unsigned n = 0; n < SLOTS; n++)
		put(f->txn, &model, n, n + 1);
	setdigest_buckets(f->txn, AUTHOR, 1, buckets);
	for (unsigned bucket = 0; bucket < 256; bucket++) {
		setdigest_leaves(f->txn, AUTHOR, 1, (uint8_t)bucket, &leaves);
		for (size_t i = 0; i < leaves.count; i++)
			assert_int_equal(setdigest_bucket_of(bytes_of(leaves.items[i].slot,
								      leaves.items[i].slot_len)),
					 bucket);
		setdigest_bucket_digest(&digest, leaves.items, leaves.count);
		assert_memory_equal(digest.b, buckets + bucket * ID_LEN, ID_LEN);
		count += leaves.count;
		setdigest_leaves_fini(&leaves);
	}
	assert_int_equal(count, SLOTS);
	setdigest_root_of(&root, buckets);
	setdigest_root(f->txn, AUTHOR, 1, &digest);
	assert_true(id_eq(&root, &digest));
	assert_true(setdigest_get(f->txn, AUTHOR, 1, slot_of(slot, 5), &sequence, &hash));
	assert_int_equal(sequence, 6);
	assert_false(setdigest_get(f->txn, AUTHOR, 2, slot_of(slot, 5), &sequence, &hash));
}

/* Rows of another length are damage, not digests. */
static void damaged_rows_are_told(void **state)
{
	struct fixture *f = *state;
	struct row_key key = key_bucket(AUTHOR, 1, 5);
	struct digest digest;

	txn_put(f->txn, TABLE_BUCKET, row_key_bytes(&key), bytes_str("short"));
	setdigest_root(f->txn, AUTHOR, 1, &digest);
	assert_int_equal(txn_err(f->txn), ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept_is_made_from_scratch, setup, teardown),
		cmocka_unit_test_setup_teardown(order_does_not_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(every_difference_shows, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves_are_what_was_put, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_rows_are_told, setup, teardown),
	};
	return cmocka_run_group_tests(tests, test_setup, NULL);
}
