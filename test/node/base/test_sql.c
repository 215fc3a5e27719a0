/*
 * What the wrapper around SQLite promises: faults that stay until they are forgotten, an end of
 * patience, damaged files, all or nothing, and databases in memory that two connections share.
 */
#include "test/store/store_test.h"

#include "node/base/clock.h"
#include "node/base/sql.h"

struct place {
	char *dir, *path;
};

static int place_open(void **state)
{
	struct place *place = mem_new(1, sizeof(*place));

	place->dir = test_dir_memory();
	place->path = dir_file(place->dir, "x.sqlite");
	*state = place;
	return 0;
}

static int place_close(void **state)
{
	struct place *place = *state;

	test_dir_fini(place->dir);
	free(place->path);
	free(place);
	return 0;
}

static struct sql *open_write(const char *path)
{
	struct sql *sql = NULL;

	assert_int_equal(sql_open(&sql, path, SQL_WRITE), ERR_OK);
	return sql;
}

static int64_t count(struct sql *sql)
{
	struct sql_st *st = sql_st(sql, "SELECT count(*) FROM t");
	int64_t n = sql_next(st) ? sql_get_int(st, 0) : -1;

	sql_end(st);
	return n;
}

static void values_come_back(void **state)
{
	struct place *place = *state;
	struct sql *sql = open_write(place->path);

	sql_exec(sql, "CREATE TABLE t(i, t, b)");
	struct sql_st *st = sql_st(sql, "INSERT INTO t VALUES(?, ?, ?)");
	sql_int(st, 1, INT64_MIN);
	sql_text(st, 2, "ä'; DROP TABLE t");
	sql_blob(st, 3, bytes_of("\0x", 2));
	sql_run(st);
	st = sql_st(sql, "SELECT i, t, b, NULL FROM t");
	assert_true(sql_next(st));
	assert_true(sql_get_int(st, 0) == INT64_MIN);
	assert_string_equal(sql_get_text(st, 1), "ä'; DROP TABLE t");
	assert_true(bytes_eq(sql_get_bytes(st, 2), bytes_of("\0x", 2)));
	assert_string_equal(sql_get_text(st, 3), "");
	assert_false(sql_next(st));
	assert_int_equal(sql_err(sql), ERR_OK);
	sql_close(sql);
}

static void faults_stay(void **state)
{
	struct place *place = *state;
	struct sql *sql = open_write(place->path);

	sql_exec(sql, "CREATE TABLE t(i)");
	sql_exec(sql, "nonsense");
	assert_int_equal(sql_err(sql), ERR_MALFORMED);
	sql_exec(sql, "INSERT INTO t VALUES(1)");
	assert_int_equal(count(sql), -1);
	sql_reset(sql);
	assert_int_equal(count(sql), 0);
	sql_close(sql);
}

static void all_or_nothing(void **state)
{
	struct place *place = *state;
	struct sql *sql = open_write(place->path);

	sql_exec(sql, "CREATE TABLE t(i)");
	sql_begin(sql);
	sql_exec(sql, "INSERT INTO t VALUES(1)");
	sql_exec(sql, "nonsense");
	assert_int_equal(sql_commit(sql), ERR_MALFORMED);
	sql_reset(sql);
	assert_int_equal(count(sql), 0);
	sql_begin(sql);
	sql_exec(sql, "INSERT INTO t VALUES(1)");
	assert_int_equal(sql_commit(sql), ERR_OK);
	sql_begin(sql);
	sql_exec(sql, "INSERT INTO t VALUES(2)");
	sql_rollback(sql);
	assert_int_equal(count(sql), 1);
	sql_close(sql);
}

static void patience_ends(void **state)
{
	struct place *place = *state;
	struct sql *sql = open_write(place->path);
	int64_t began_ms = clock_mono_ms();

	sql_deadline(sql, 50);
	sql_exec(sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
		      " SELECT sum(i) FROM n");
	assert_int_equal(sql_err(sql), ERR_BUSY);
	assert_true(clock_mono_ms() - began_ms < 5000);
	sql_reset(sql);
	sql_deadline(sql, 0);
	sql_exec(sql, "SELECT 1");
	assert_int_equal(sql_err(sql), ERR_OK);
	sql_close(sql);
}

static void what_is_no_database(void **state)
{
	struct place *place = *state;
	struct sql *sql;

	assert_int_equal(sql_open(&sql, place->path, SQL_READ), ERR_ABSENT);
	assert_null(sql);
	FILE *file = fopen(place->path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("no database ", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(sql_open(&sql, place->path, SQL_WRITE), ERR_CORRUPT);
	assert_null(sql);
	sql_close(NULL);
}

static void readers_do_not_write(void **state)
{
	struct place *place = *state;
	struct sql *sql = open_write(place->path), *reader;

	sql_exec(sql, "CREATE TABLE t(i)");
	assert_int_equal(sql_open(&reader, place->path, SQL_READ), ERR_OK);
	sql_exec(reader, "INSERT INTO t VALUES(1)");
	assert_int_not_equal(sql_err(reader), ERR_OK);
	assert_int_equal(count(sql), 0);
	sql_close(reader);
	sql_close(sql);
}

/* By its name, and only as long as somebody has it open. */
static void memory_is_shared(void **state)
{
	struct place *place = *state;
	char name[SQL_MEMORY_LEN];

	sql_memory_name(name, place);
	struct sql *writer = open_write(name), *reader = open_write(place->path);
	sql_exec(writer, "CREATE TABLE t(i)");
	sql_exec(writer, "INSERT INTO t VALUES(1)");
	sql_attach(reader, name, "other");
	struct sql_st *st = sql_once(reader, "SELECT count(*) FROM other.t");
	assert_true(sql_next(st));
	assert_int_equal(sql_get_int(st, 0), 1);
	sql_st_close(st);
	sql_close(reader);
	sql_close(writer);
	writer = open_write(name);
	assert_int_equal(count(writer), -1);
	sql_close(writer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_come_back), TEST(faults_stay),         TEST(all_or_nothing),
		TEST(patience_ends),    TEST(what_is_no_database), TEST(readers_do_not_write),
		TEST(memory_is_shared),
	};

	return cmocka_run_group_tests_name("sql", tests, NULL, NULL);
}
