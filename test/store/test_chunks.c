#include "test/store/store_test.h"

#include "crypto/hash.h"
#include "store/chunks.h"

static const struct dataset_id ours = {{1}}, other = {{2}};

static struct chunk_addr addr_of(unsigned n)
{
	struct chunk_addr addr = {{0}};

	addr.b[0] = (uint8_t)(n >> 8);
	addr.b[1] = (uint8_t)n;
	addr.b[31] = 1; /* never zero */
	return addr;
}

static void a_chunk_is_kept_under_dataset_and_address(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct chunk_addr addr = addr_of(1);
	struct bytes chunk;

	chunks_put(txn, &ours, &addr, key_of("sealed"));
	assert_true(chunks_has(txn, &ours, &addr));
	assert_false(chunks_has(txn, &other, &addr));
	assert_false(chunks_get(txn, &other, &addr, &chunk));
	assert_true(chunks_get(txn, &ours, &addr, &chunk));
	assert_true(bytes_eq(chunk, key_of("sealed")));
	chunks_del(txn, &other, &addr);
	assert_true(chunks_has(txn, &ours, &addr));
	chunks_del(txn, &ours, &addr);
	assert_false(chunks_has(txn, &ours, &addr));
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

static void reading_verifies_the_address(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct chunk_addr good, absent = addr_of(7), wrong = addr_of(8);
	struct buf out;

	hash_plain(good.b, key_of("sealed"));
	chunks_put(txn, &ours, &good, key_of("sealed"));
	chunks_put(txn, &ours, &wrong, key_of("sealed"));
	buf_init(&out, 100);
	assert_int_equal(chunks_read(txn, &ours, &wrong, &out), ERR_CORRUPT);
	assert_int_equal(chunks_read(txn, &ours, &absent, &out), ERR_ABSENT);
	assert_int_equal(out.len, 0);
	assert_int_equal(txn_err(txn), ERR_OK);
	assert_int_equal(chunks_read(txn, &ours, &good, &out), ERR_OK);
	assert_true(bytes_eq(buf_bytes(&out), key_of("sealed")));
	txn_fail(txn, ERR_IO);
	assert_int_equal(chunks_read(txn, &ours, &good, &out), ERR_IO);
	txn_abort(txn);
	buf_fini(&out);
	db_close(db);
	test_dir_fini(dir);
}

static void staged_rows_leave_in_steps(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct chunk_addr addr;

	for (unsigned i = 0; i < 10; i++) {
		addr = addr_of(i);
		chunks_stage(txn, 5, &ours, &addr, i);
		chunks_stage(txn, 6, &ours, &addr, i);
	}
	assert_true(chunks_staged(txn, 5, &ours, &addr));
	assert_false(chunks_staged(txn, 4, &ours, &addr));
	assert_false(chunks_staged(txn, 5, &other, &addr));
	assert_true(chunks_unstage(txn, 5, 4));
	assert_int_equal(txn_count(txn, TABLE_STAGE), 16);
	assert_true(chunks_unstage(txn, 5, 5));
	assert_int_equal(txn_count(txn, TABLE_STAGE), 11);
	assert_false(chunks_unstage(txn, 5, 1));
	assert_false(chunks_unstage(txn, 5, 1));
	assert_false(chunks_staged(txn, 5, &ours, &addr));
	assert_true(chunks_staged(txn, 6, &ours, &addr));
	assert_int_equal(txn_count(txn, TABLE_STAGE), 10);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

static void job_numbers_never_return(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct chunk_addr addr = addr_of(1);
	struct row_key name = key_name("job");
	uint64_t last = 0;
	struct txn *txn;

	for (int i = 0; i < 3; i++) {
		txn = txn_begin(db, true);
		for (int j = 0; j < 3; j++) {
			uint64_t job = chunks_job_new(txn, 1);

			assert_true(job > last);
			last = job;
		}
		assert_int_equal(txn_commit(txn), ERR_OK);
		db_close(db);
		db = test_db(dir);
	}
	/* Rows of a job that META has forgotten are not met either. */
	txn = txn_begin(db, true);
	chunks_stage(txn, last + 1000, &ours, &addr, 1);
	txn_del(txn, TABLE_META, row_key_bytes(&name));
	assert_int_equal(chunks_job_new(txn, 1), last + 1001);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

/* -- sweeping, against what the rows say -- */

#define CHUNK_COUNT 400

struct shelf {
	bool here[CHUNK_COUNT];
	bool needed[CHUNK_COUNT];
};

static void shelf_need(struct shelf *shelf, struct txn *txn, const struct row_key *prefix,
		       enum table table, unsigned i)
{
	struct row_key key = *prefix;
	struct chunk_addr addr = addr_of(i);
	uint8_t size[4] = {0};

	memcpy(key.b + key.len, addr.b, ID_LEN);
	key.len += ID_LEN;
	txn_put(txn, table, row_key_bytes(&key), bytes_obj(&size));
	shelf->needed[i] = true;
}

static void shelf_init(struct shelf *shelf, struct txn *txn, struct random *random)
{
	uint8_t sealed[50] = {0};
	struct chunk_addr addr;

	memset(shelf, 0, sizeof(*shelf));
	for (unsigned i = 0; i < CHUNK_COUNT; i++) {
		addr = addr_of(i);
		/* Every chunk is here and needed in another dataset. */
		chunks_put(txn, &other, &addr, bytes_obj(&sealed));
		chunks_stage(txn, 1, &other, &addr, 50);
		shelf->here[i] = random_below(random, 10) > 0;
		if (shelf->here[i])
			chunks_put(txn, &ours, &addr, bytes_obj(&sealed));
	}
	for (unsigned n = 0; n < 40; n++) {
		struct row_key version = key_version(&ours, random_below(random, 4) << 60,
						     (uint32_t)random_below(random, 3) - 1);
		struct row_key job = key_stage_prefix(random_below(random, 3) - 1);
		unsigned i = (unsigned)random_below(random, CHUNK_COUNT);

		memcpy(job.b + job.len, ours.b, ID_LEN);
		job.len += ID_LEN;
		shelf_need(shelf, txn, &version, TABLE_INDEX, i);
		i = (unsigned)random_below(random, CHUNK_COUNT);
		shelf_need(shelf, txn, &job, TABLE_STAGE, i);
	}
}

static void shelf_check(const struct shelf *shelf, struct txn *txn, uint64_t count)
{
	uint64_t gone = 0;

	for (unsigned i = 0; i < CHUNK_COUNT; i++) {
		struct chunk_addr addr = addr_of(i);

		assert_int_equal(chunks_has(txn, &ours, &addr), shelf->here[i] && shelf->needed[i]);
		assert_true(chunks_has(txn, &other, &addr));
		gone += shelf->here[i] && !shelf->needed[i];
	}
	assert_int_equal(count, gone);
}

static void a_sweep_deletes_exactly_what_nobody_needs(void **state)
{
	static const uint32_t maxes[] = {1, 2, 7, 100, CHUNK_COUNT, UINT32_MAX};
	struct random random = random_seeded(10);
	struct shelf shelf;

	for (size_t m = 0; m < sizeof(maxes) / sizeof(maxes[0]); m++) {
		char *dir = test_dir_init();
		struct db *db = test_db(dir);
		struct txn *txn = txn_begin(db, true);
		struct chunk_addr from = {{0}};
		uint64_t count = 0, bytes = 0;
		unsigned steps = 1;

		shelf_init(&shelf, txn, &random);
		while (chunks_sweep(txn, &ours, &from, maxes[m], &count, &bytes))
			steps++;
		assert_int_equal(txn_err(txn), ERR_OK);
		shelf_check(&shelf, txn, count);
		assert_int_equal(bytes, count * 50);
		/* As many steps as the bound asks for. */
		assert_in_range(steps, CHUNK_COUNT * 8 / 10 / maxes[m], CHUNK_COUNT / maxes[m] + 1);
		assert_int_equal(txn_commit(txn), ERR_OK);
		db_close(db);
		test_dir_fini(dir);
	}
}

static void a_dataset_without_rows_is_swept_empty(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct chunk_addr from = {{0}}, addr;
	uint64_t count = 0, bytes = 0;

	assert_false(chunks_sweep(txn, &ours, &from, 10, &count, &bytes));
	for (unsigned i = 0; i < 10; i++) {
		addr = addr_of(i);
		chunks_put(txn, &ours, &addr, key_of("x"));
	}
	assert_false(chunks_sweep(txn, &ours, &from, 10, &count, &bytes));
	assert_int_equal(count, 10);
	assert_int_equal(txn_count(txn, TABLE_CHUNK), 0);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

/* What an unreadable row names is unknown, so nothing may go. */
static void a_damaged_index_stops_the_sweep(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct chunk_addr from = {{0}}, a = addr_of(1), b = addr_of(2);
	struct row_key key = key_index(&ours, 1, 1, &b);
	uint64_t count = 0, bytes = 0;

	chunks_put(txn, &ours, &a, key_of("x"));
	chunks_put(txn, &ours, &b, key_of("x"));
	txn_put(txn, TABLE_INDEX, row_key_bytes(&key), key_of("SIZE"));
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	assert_true(test_damage(dir, key_of("SIZE"), 0) > 0);
	db = test_db(dir);
	txn = txn_begin(db, true);
	assert_false(chunks_sweep(txn, &ours, &from, 10, &count, &bytes));
	assert_int_equal(count, 0);
	assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	txn = txn_begin(db, false);
	assert_true(chunks_has(txn, &ours, &a));
	assert_true(chunks_has(txn, &ours, &b));
	txn_abort(txn);
	db_close(db);
	test_dir_fini(dir);
}

/*
 * The list of what is to be swept outlives the process, and a dataset named again is to be begun
 * again.
 */
static void what_is_to_be_swept_is_remembered(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct dataset_id at = {{0}};
	uint64_t mark, again;

	assert_false(chunks_sweep_next(txn, &at, &mark));
	chunks_sweep_later(txn, &other);
	chunks_sweep_later(txn, &ours);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	db = test_db(dir);
	txn = txn_begin(db, true);
	assert_true(chunks_sweep_next(txn, &at, &mark));
	assert_true(id_eq(&at, &ours));
	chunks_sweep_later(txn, &ours);
	at = (struct dataset_id){{0}};
	assert_true(chunks_sweep_next(txn, &at, &again));
	assert_true(again != mark);
	assert_true(chunks_sweep_next(txn, &at, &mark));
	assert_true(id_eq(&at, &other));
	assert_false(chunks_sweep_next(txn, &at, &mark));
	chunks_sweep_done(txn, &ours);
	chunks_sweep_done(txn, &other);
	at = (struct dataset_id){{0}};
	assert_false(chunks_sweep_next(txn, &at, &mark));
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chunk_is_kept_under_dataset_and_address),
		cmocka_unit_test(reading_verifies_the_address),
		cmocka_unit_test(staged_rows_leave_in_steps),
		cmocka_unit_test(job_numbers_never_return),
		cmocka_unit_test(a_sweep_deletes_exactly_what_nobody_needs),
		cmocka_unit_test(a_dataset_without_rows_is_swept_empty),
		cmocka_unit_test(a_damaged_index_stops_the_sweep),
		cmocka_unit_test(what_is_to_be_swept_is_remembered),
	};
	return cmocka_run_group_tests_name("store/chunks", tests, test_setup, NULL);
}
