/*
 * Every store call of a scenario fails once (SQLite's method): whatever was not acknowledged
 * leaves no trace, whatever was acknowledged is there, and the store goes on.
 */
#include "test/store/store_test.h"

#include <signal.h>
#include <sys/resource.h>

#include "crypto/hash.h"
#include "store/chunks.h"

static const struct dataset_id dataset = {{3}};

/* A hash over every row of every table, as a later reader would find them. */
static struct digest snapshot(struct db *db)
{
	struct txn *txn = txn_begin(db, false);
	struct digest digest;
	struct hash hash;

	hash_init(&hash, "test", NULL, sizeof(digest.b));
	for (int i = 0; i < TABLE_COUNT; i++) {
		struct walk walk = walk_begin(txn, (enum table)i, bytes_of(NULL, 0));

		for (hash_add_be64(&hash, (uint64_t)i); walk_next(&walk);) {
			hash_add_be64(&hash, walk.key.len);
			hash_add(&hash, walk.key);
			hash_add_be64(&hash, walk.value.len);
			hash_add(&hash, walk.value);
		}
	}
	hash_done(&hash, digest.b, sizeof(digest.b));
	assert_int_equal(txn_commit(txn), ERR_OK);
	return digest;
}

static struct chunk_addr addr_of(uint8_t n)
{
	return (struct chunk_addr){{n, 1}};
}

/* An upload: a job and its chunks. */
static enum err step_stage(struct db *db)
{
	struct txn *txn = txn_begin(db, true);
	uint64_t job = chunks_job_new(txn, 1);
	static const uint8_t sealed[9000];

	for (uint8_t i = 0; i < 6; i++) {
		struct chunk_addr addr = addr_of(i);

		if (!chunks_has(txn, &dataset, &addr))
			chunks_put(txn, &dataset, &addr, bytes_obj(&sealed));
		chunks_stage(txn, job, &dataset, &addr, sizeof(sealed));
	}
	return txn_commit(txn);
}

/* Its end: a version that needs some of them. */
static enum err step_publish(struct db *db)
{
	struct txn *txn = txn_begin(db, true);
	struct row_key prefix = key_stage_prefix(1);
	struct walk walk = walk_begin(txn, TABLE_STAGE, row_key_bytes(&prefix));
	struct bytes key, value;

	for (unsigned i = 0; walk_next(&walk); i++) {
		struct row_key row = key_version(&dataset, 1, 7);

		memcpy(row.b + row.len, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		row.len += ID_LEN;
		if (i % 2)
			txn_put(txn, TABLE_INDEX, row_key_bytes(&row), walk.value);
	}
	if (walk_last(txn, TABLE_INDEX, bytes_of(NULL, 0), &key, &value))
		txn_put(txn, TABLE_META, key_of("last"), key);
	while (chunks_unstage(txn, 1, 4))
		;
	txn_put(txn, TABLE_PATH, key_of("a/b"), id_bytes(&dataset));
	return txn_commit(txn);
}

static enum err step_sweep(struct db *db)
{
	struct txn *txn = txn_begin(db, true);
	struct chunk_addr from = {{0}};
	uint64_t count = 0, bytes = 0;
	uint8_t left[8];

	while (chunks_sweep(txn, &dataset, &from, 2, &count, &bytes))
		;
	be64_put(left, txn_count(txn, TABLE_CHUNK));
	txn_put(txn, TABLE_META, key_of("left"), bytes_obj(&left));
	txn_del(txn, TABLE_META, key_of("last"));
	return txn_commit(txn);
}

static enum err (*const steps[])(struct db *) = {step_stage, step_publish, step_sweep};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

/* Runs until a step fails; the number of steps acknowledged. */
static size_t scenario(struct db *db, enum err *err)
{
	for (size_t i = 0; i < STEP_COUNT; i++)
		if ((*err = steps[i](db)))
			return i;
	return STEP_COUNT;
}

static void states_init(struct digest states[STEP_COUNT + 1])
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn;

	states[0] = snapshot(db);
	for (size_t i = 0; i < STEP_COUNT; i++) {
		assert_int_equal(steps[i](db), ERR_OK);
		states[i + 1] = snapshot(db);
		assert_false(id_eq(&states[i + 1], &states[i]));
	}
	txn = txn_begin(db, false);
	assert_int_equal(txn_count(txn, TABLE_CHUNK), 3);
	txn_abort(txn);
	db_close(db);
	test_dir_fini(dir);
}

static void every_store_call_fails_once(void **state)
{
	struct digest states[STEP_COUNT + 1], found;
	bool struck = true;
	uint64_t n;

	states_init(states);
	for (n = 1; struck; n++) {
		char *dir = test_dir_init();
		struct db *db = test_db(dir);
		enum err err = ERR_OK, injected = n % 2 ? ERR_IO : ERR_NOSPACE;
		size_t done;

		db_fault_at(db, n, injected);
		done = scenario(db, &err);
		struck = db_fault_struck(db);
		db_fault_at(db, 0, ERR_OK);
		assert_int_equal(err, struck ? injected : ERR_OK);
		if (n % 2) { /* the same store goes on, or a new process opens it */
			db_close(db);
			db = test_db(dir);
		}
		found = snapshot(db);
		assert_true(id_eq(&found, &states[done]));
		while (done < STEP_COUNT)
			assert_int_equal(steps[done++](db), ERR_OK);
		found = snapshot(db);
		assert_true(id_eq(&found, &states[STEP_COUNT]));
		db_close(db);
		test_dir_fini(dir);
	}
	/* The loop ended because the scenario has no more calls, and it has many. */
	assert_true(n > 80);
}

static void set_file_limit(uint64_t bytes)
{
	struct rlimit limit = {bytes, RLIM_INFINITY};

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A disk that fills up within a commit, for real: the system refuses to let the file grow. */
static void a_full_disk_loses_nothing_and_ends(void **state)
{
	struct digest states[STEP_COUNT + 1], found;
	unsigned failed = 0;

	states_init(states);
	signal(SIGXFSZ, SIG_IGN);
	for (uint64_t limit = 8192; limit < 250000; limit += 1000) {
		struct db_options options = {.map_bytes = TEST_MAP_BYTES};
		char *dir = test_dir_init();
		enum err err = ERR_OK;
		struct db *db;
		size_t done;

		/* Not synced, for speed; the tables themselves are made with space left. */
		options.volatile_store = limit % 10000 != 0;
		assert_int_equal(db_open(&db, dir, &options), ERR_OK);
		set_file_limit(limit);
		done = scenario(db, &err);
		set_file_limit(RLIM_INFINITY);
		if (err) {
			assert_true(err == ERR_NOSPACE || err == ERR_IO);
			failed++;
		}
		found = snapshot(db);
		assert_true(id_eq(&found, &states[done]));
		while (done < STEP_COUNT)
			assert_int_equal(steps[done++](db), ERR_OK);
		db_close(db);
		db = test_db(dir);
		found = snapshot(db);
		assert_true(id_eq(&found, &states[STEP_COUNT]));
		db_close(db);
		test_dir_fini(dir);
	}
	assert_true(failed > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_store_call_fails_once),
		cmocka_unit_test(a_full_disk_loses_nothing_and_ends),
	};
	return cmocka_run_group_tests_name("store/faults", tests, test_setup, NULL);
}
