#include "test/store/store_test.h"

#include "crypto/hash.h"
#include "store/chunks.h"
#include "store/scrub.h"

static const struct dataset_id dataset = {{1}};

/* Rows in several tables, and chunks, all good. */
static struct db *good_store(const char *dir, unsigned row_count)
{
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	uint8_t value[600];

	for (unsigned i = 0; i < row_count; i++) {
		struct row_key key = key_charter(i);
		struct chunk_addr addr;

		memset(value, 0, sizeof(value));
		snprintf((char *)value, sizeof(value), "<row number %04u>", i);
		txn_put(txn, TABLE_CHARTER, row_key_bytes(&key), bytes_of(value, 50));
		txn_put(txn, TABLE_PEER, row_key_bytes(&key), bytes_of(value, 20));
		snprintf((char *)value, sizeof(value), "<chunk number %04u>", i);
		hash_plain(addr.b, bytes_obj(&value));
		chunks_put(txn, &dataset, &addr, bytes_obj(&value));
	}
	assert_int_equal(txn_commit(txn), ERR_OK);
	return db;
}

static struct scrub scrub_all(struct db *db, uint64_t max_bytes, unsigned *steps)
{
	struct scrub scrub;
	bool more = true;
	enum err err;

	scrub_init(&scrub, db);
	for (*steps = 0; more; ++*steps) {
		uint64_t before = scrub.byte_count;

		more = scrub_step(&scrub, max_bytes, &err);
		assert_int_equal(err, ERR_OK);
		/* One row may lead past the bound. */
		assert_true(scrub.byte_count - before < max_bytes + 1000);
	}
	assert_false(scrub_step(&scrub, max_bytes, &err));
	return scrub;
}

static void a_good_store_is_read_whole(void **state)
{
	static const uint64_t bounds[] = {1, 100, 5000, UINT32_MAX};
	char *dir = test_dir_init();
	struct db *db = good_store(dir, 100);
	unsigned steps;

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct scrub scrub = scrub_all(db, bounds[i], &steps);

		assert_int_equal(scrub.row_count, 300);
		assert_int_equal(scrub.chunk_count, 100);
		assert_int_equal(scrub.byte_count, 100 * (4 + 50 + 4 + 20 + 64 + 600));
		assert_int_equal(scrub.fault_count, 0);
		assert_true(steps >= scrub.byte_count / (bounds[i] + 1000));
	}
	db_close(db);
	test_dir_fini(dir);
}

static void every_damaged_row_is_listed(void **state)
{
	char *dir = test_dir_init();
	struct row_key key;
	struct scrub scrub;
	unsigned steps;
	struct db *db;

	db_close(good_store(dir, 100));
	/* 17 stands in CHARTER and in PEER; the first and the last row are places to stumble. */
	assert_true(test_damage(dir, key_of("<row number 0017>"), 5) >= 2);
	assert_true(test_damage(dir, key_of("<row number 0000>"), 5) >= 2);
	assert_true(test_damage(dir, key_of("<row number 0099>"), 5) >= 2);
	assert_true(test_damage(dir, key_of("<chunk number 0042>"), 9) >= 1);
	db = test_db(dir);
	scrub = scrub_all(db, 3000, &steps);
	assert_int_equal(scrub.row_count, 300);
	assert_int_equal(scrub.fault_count, 7);
	for (unsigned i = 0; i < 7; i++) {
		static const struct {
			enum table table;
			unsigned number;
		} faults[] = {{TABLE_CHARTER, 0}, {TABLE_CHARTER, 17}, {TABLE_CHARTER, 99},
			      {TABLE_CHUNK, 0},   {TABLE_PEER, 0},     {TABLE_PEER, 17},
			      {TABLE_PEER, 99}};

		assert_int_equal(scrub.faults[i].table, faults[i].table);
		if (faults[i].table == TABLE_CHUNK)
			continue;
		key = key_charter(faults[i].number);
		assert_true(bytes_eq(row_key_bytes(&scrub.faults[i].key), row_key_bytes(&key)));
	}
	/* The listed key leads to the chunk. */
	key = scrub.faults[3].key;
	struct txn *txn = txn_begin(db, true);
	assert_true(txn_del(txn, TABLE_CHUNK, row_key_bytes(&key)));
	assert_int_equal(txn_commit(txn), ERR_OK);
	assert_int_equal(scrub_all(db, 3000, &steps).fault_count, 6);
	db_close(db);
	test_dir_fini(dir);
}

static void more_faults_than_the_list_holds_are_counted(void **state)
{
	char *dir = test_dir_init();
	struct scrub scrub;
	unsigned steps;
	struct db *db;

	db_close(good_store(dir, 100));
	assert_true(test_damage(dir, key_of("<chunk number "), 3) >= 100);
	db = test_db(dir);
	scrub = scrub_all(db, 1, &steps);
	assert_int_equal(scrub.fault_count, 100);
	assert_int_equal(scrub.faults[63].table, TABLE_CHUNK);
	db_close(db);
	test_dir_fini(dir);
}

static void writes_between_steps_do_no_harm(void **state)
{
	char *dir = test_dir_init();
	struct db *db = good_store(dir, 50);
	struct scrub scrub;
	enum err err;
	unsigned i = 0;

	scrub_init(&scrub, db);
	while (scrub_step(&scrub, 1, &err)) {
		struct txn *txn = txn_begin(db, true);
		struct row_key key = key_charter(i++ % 50);

		assert_int_equal(err, ERR_OK);
		if (!txn_del(txn, TABLE_CHARTER, row_key_bytes(&key)))
			txn_put(txn, TABLE_CHARTER, row_key_bytes(&key), key_of("new"));
		assert_int_equal(txn_commit(txn), ERR_OK);
	}
	assert_int_equal(scrub.fault_count, 0);
	assert_int_equal(scrub.chunk_count, 50);
	db_close(db);
	test_dir_fini(dir);
}

/* A store that cannot be read at all ends the scrub with the reason, not in a circle. */
static void a_fault_of_the_store_is_reported_and_the_rest_read(void **state)
{
	char *dir = test_dir_init();
	struct db *db = good_store(dir, 50);
	struct scrub scrub;
	unsigned faults = 0;
	enum err err;
	bool more = true;

	scrub_init(&scrub, db);
	for (unsigned steps = 0; more; steps++) {
		assert_true(steps < 100);
		if (scrub.table == TABLE_CHARTER)
			db_fault_at(db, 20, ERR_IO);
		more = scrub_step(&scrub, UINT64_C(1) << 40, &err);
		if (err) {
			assert_int_equal(err, ERR_IO);
			faults++;
		}
	}
	assert_int_equal(faults, 1);
	assert_int_equal(scrub.chunk_count, 50);
	assert_in_range(scrub.row_count, 101, 149);
	db_close(db);
	test_dir_fini(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_store_is_read_whole),
		cmocka_unit_test(every_damaged_row_is_listed),
		cmocka_unit_test(more_faults_than_the_list_holds_are_counted),
		cmocka_unit_test(writes_between_steps_do_no_harm),
		cmocka_unit_test(a_fault_of_the_store_is_reported_and_the_rest_read),
	};
	return cmocka_run_group_tests_name("store/scrub", tests, test_setup, NULL);
}
