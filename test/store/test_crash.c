/*
 * A process that commits in a loop is killed at a random moment, again and again: every commit that
 * it has acknowledged is there, whole, and nothing is there in part.
 */
#include "test/store/store_test.h"

#include <signal.h>

#define KILL_COUNT 10
#define PART_COUNT 8

static struct bytes part_of(uint8_t out[5000], uint64_t n, unsigned part)
{
	struct random random = random_seeded(n * PART_COUNT + part);
	size_t len = 100 + part * 700;

	random_fill(&random, out, len);
	return bytes_of(out, len);
}

/* Commit n puts parts into several tables and deletes those of commit n - 3. */
static enum err commit(struct db *db, uint64_t n)
{
	static const enum table tables[] = {TABLE_RECORD, TABLE_CHUNK};
	struct txn *txn = txn_begin(db, true);
	uint8_t b[5000], number[8];

	for (unsigned i = 0; i < PART_COUNT; i++) {
		struct row_key key = key_record(1, i, n), old = key_record(1, i, n - 3);

		txn_put(txn, tables[i % 2], row_key_bytes(&key), part_of(b, n, i));
		txn_del(txn, tables[i % 2], row_key_bytes(&old));
	}
	be64_put(number, n);
	txn_put(txn, TABLE_META, key_of("last"), bytes_obj(&number));
	return txn_commit(txn);
}

/* Never returns: it is killed. */
static void child_run(const char *dir, uint64_t n, int pipe_fd)
{
	struct db_options options = {.map_bytes = TEST_MAP_BYTES};
	struct db *db;

	if (db_open(&db, dir, &options))
		_exit(1);
	for (;; n++)
		if (commit(db, n) || write(pipe_fd, &n, sizeof(n)) != sizeof(n))
			_exit(1);
}

static bool part_here(struct txn *txn, uint64_t n, unsigned i)
{
	static const enum table tables[] = {TABLE_RECORD, TABLE_CHUNK};
	struct row_key key = key_record(1, i, n);
	struct bytes found;
	uint8_t b[5000];

	if (!txn_get(txn, tables[i % 2], row_key_bytes(&key), &found))
		return false;
	assert_true(bytes_eq(found, part_of(b, n, i)));
	return true;
}

/* The number of the last commit in the store, having checked that it is the whole of the state. */
static uint64_t check_state(const char *dir)
{
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, false);
	struct bytes value;
	uint64_t last = 0;

	if (txn_get(txn, TABLE_META, key_of("last"), &value))
		last = be64_get(value.ptr);
	for (uint64_t n = last > 6 ? last - 6 : 1; n <= last + 3; n++)
		for (unsigned i = 0; i < PART_COUNT; i++)
			assert_int_equal(part_here(txn, n, i), n <= last && n + 3 > last);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	return last;
}

static void what_was_acknowledged_survives_a_kill(void **state)
{
	struct random random = random_seeded(30);
	char *dir = test_dir_init();
	uint64_t last = 0, acknowledged = 0, n;
	struct db_options options = {.map_bytes = TEST_MAP_BYTES};
	struct db *db;

	assert_int_equal(db_open(&db, dir, &options), ERR_OK);
	db_close(db);
	for (int i = 0; i < KILL_COUNT; i++) {
		int fds[2], status;
		pid_t pid;

		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (!pid)
			child_run(dir, last + 1, fds[1]);
		assert_true(pid > 0);
		close(fds[1]);
		/* Alive and working first; then within one or a few commits. */
		assert_int_equal(read(fds[0], &n, sizeof(n)), sizeof(n));
		acknowledged = n;
		usleep((useconds_t)random_below(&random, 60000));
		kill(pid, SIGKILL);
		while (read(fds[0], &n, sizeof(n)) == sizeof(n))
			acknowledged = n;
		close(fds[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		last = check_state(dir);
		/* One commit may have ended without a chance to say so. */
		assert_true(last == acknowledged || last == acknowledged + 1);
	}
	assert_true(last >= KILL_COUNT);
	test_dir_fini(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_acknowledged_survives_a_kill),
	};
	return cmocka_run_group_tests_name("store/crash", tests, test_setup, NULL);
}
