/*
 * Single bits of data.mdb flip. A reader may be told so, miss a row, or even crash, as LMDB trusts
 * its own pages; it never gets a value that was not put there.
 */
#include "test/store/store_test.h"

#include <fcntl.h>
#include <signal.h>

#include "crypto/hash.h"
#include "store/chunks.h"
#include "store/scrub.h"

#define ROW_COUNT  120
#define FLIP_COUNT 500

static const struct dataset_id dataset = {{4}};
static const enum table tables[] = {TABLE_RECORD, TABLE_LEAF, TABLE_META, TABLE_CHUNK};
#define TABLES_USED (sizeof(tables) / sizeof(tables[0]))

/* The n-th value of a table; the n-th key of CHUNK is its address. */
static struct bytes value_of(uint8_t out[9000], size_t table, unsigned n)
{
	static const size_t lens[TABLES_USED] = {400, 40, 8, 9000};
	struct random random = random_seeded(table * 1000 + n);
	size_t len = lens[table] - n % 8;

	random_fill(&random, out, len);
	return bytes_of(out, len);
}

static struct row_key row_of(size_t table, unsigned n)
{
	uint8_t b[9000];
	struct chunk_addr addr;

	if (tables[table] != TABLE_CHUNK)
		return key_record(n % 5, 1, n);
	hash_plain(addr.b, value_of(b, table, n));
	return key_chunk(&dataset, &addr);
}

static unsigned rows_used(size_t table)
{
	return tables[table] == TABLE_CHUNK ? 20 : ROW_COUNT;
}

static void store_make(const char *dir)
{
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	uint8_t b[9000];

	for (size_t t = 0; t < TABLES_USED; t++)
		for (unsigned n = 0; n < rows_used(t); n++) {
			struct row_key key = row_of(t, n);

			txn_put(txn, tables[t], row_key_bytes(&key), value_of(b, t, n));
		}
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
}

/* What a reader of a damaged store saw, worst last. */
enum seen { SEEN_RIGHT, SEEN_MISSING, SEEN_FAULT, SEEN_WRONG, SEEN_CRASH, SEEN_COUNT };

static void note(enum seen *seen, enum seen more)
{
	if (more > *seen)
		*seen = more;
}

static enum seen read_row(struct db *db, size_t t, unsigned n)
{
	struct row_key key = row_of(t, n);
	struct txn *txn = txn_begin(db, false);
	uint8_t b[9000];
	struct bytes right = value_of(b, t, n), found;
	struct buf chunk;
	enum seen seen = SEEN_MISSING;
	enum err err;

	buf_init(&chunk, 1 << 20);
	if (tables[t] == TABLE_CHUNK) {
		struct chunk_addr addr;

		hash_plain(addr.b, right);
		err = chunks_read(txn, &dataset, &addr, &chunk);
		if (!err)
			seen = bytes_eq(buf_bytes(&chunk), right) ? SEEN_RIGHT : SEEN_WRONG;
		else if (err != ERR_ABSENT)
			seen = SEEN_FAULT;
	} else if (txn_get(txn, tables[t], row_key_bytes(&key), &found)) {
		seen = bytes_eq(found, right) ? SEEN_RIGHT : SEEN_WRONG;
	}
	if (txn_err(txn))
		seen = SEEN_FAULT;
	txn_abort(txn);
	buf_fini(&chunk);
	return seen;
}

/* Every row that a walk gives has to be one that was put. */
static enum seen walk_table(struct db *db, size_t t)
{
	struct txn *txn = txn_begin(db, false);
	struct walk walk = walk_begin(txn, tables[t], bytes_of(NULL, 0));
	enum seen seen = SEEN_RIGHT;
	uint8_t b[9000];
	unsigned count = 0;

	for (; walk_next(&walk); count++) {
		unsigned n = 0;
		struct row_key key;

		if (tables[t] == TABLE_CHUNK) /* its address verifies it, its reader looks */
			continue;
		for (; n < rows_used(t); n++) {
			key = row_of(t, n);
			if (bytes_eq(row_key_bytes(&key), walk.key))
				break;
		}
		if (n == rows_used(t) || !bytes_eq(value_of(b, t, n), walk.value))
			seen = SEEN_WRONG;
	}
	if (count != rows_used(t))
		note(&seen, SEEN_MISSING);
	if (txn_err(txn))
		note(&seen, SEEN_FAULT);
	txn_abort(txn);
	return seen;
}

static enum seen read_all(const char *dir)
{
	struct db_options options = {.volatile_store = true, .map_bytes = TEST_MAP_BYTES};
	enum seen seen = SEEN_RIGHT;
	struct scrub scrub;
	struct db *db;
	enum err err;

	if (db_open(&db, dir, &options))
		return SEEN_FAULT;
	for (size_t t = 0; t < TABLES_USED; t++) {
		for (unsigned n = 0; n < rows_used(t); n++)
			note(&seen, read_row(db, t, n));
		note(&seen, walk_table(db, t));
	}
	/* The scrub has to end, and to notice what a reader noticed in a row. */
	scrub_init(&scrub, db);
	while (scrub_step(&scrub, 10000, &err))
		if (err)
			note(&seen, SEEN_FAULT);
	if (scrub.fault_count)
		note(&seen, SEEN_FAULT);
	db_close(db);
	return seen;
}

/* In a process of its own, which may crash. */
static enum seen read_in_child(const char *dir)
{
	int status = 0, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (!pid) {
		/* A crash is counted here, not handled and described by cmocka or a sanitizer. */
		static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

		dup2(null, STDERR_FILENO);
		for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
			signal(fatal[i], SIG_DFL);
		alarm(60);
		_exit((int)read_all(dir));
	}
	close(null);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Neither a loop without end. */
	assert_false(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	if (!WIFEXITED(status) || WEXITSTATUS(status) >= SEEN_CRASH)
		return SEEN_CRASH;
	return (enum seen)WEXITSTATUS(status);
}

static void a_flipped_bit_never_gives_a_wrong_value(void **state)
{
	unsigned counts[SEEN_COUNT] = {0};
	struct random random = random_seeded(20);
	char *dir = test_dir_init(), *path = dir_file(dir, "data.mdb");
	uint8_t *file;
	size_t len;

	store_make(dir);
	assert_int_equal(read_in_child(dir), SEEN_RIGHT);
	file = test_file_read(path, &len);
	for (unsigned i = 0; i < FLIP_COUNT; i++) {
		/* Half of them in the first pages and in the tables' heads, where trees break. */
		size_t at = (size_t)random_below(&random, i % 2 ? len : len / 8);
		uint8_t bit = (uint8_t)(1 << random_below(&random, 8));

		file[at] ^= bit;
		test_file_write(path, file, len);
		file[at] ^= bit;
		counts[read_in_child(dir)]++;
	}
	print_message("%u flips: %u unseen, %u rows missing, %u reported, %u crashes, %u wrong\n",
		      FLIP_COUNT, counts[SEEN_RIGHT], counts[SEEN_MISSING], counts[SEEN_FAULT],
		      counts[SEEN_CRASH], counts[SEEN_WRONG]);
	assert_int_equal(counts[SEEN_WRONG], 0);
	/* Most of the file is rows, so the flips did reach them. */
	assert_true(counts[SEEN_FAULT] > FLIP_COUNT / 4);
	free(file);
	free(path);
	test_dir_fini(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flipped_bit_never_gives_a_wrong_value),
	};
	return cmocka_run_group_tests_name("store/damage", tests, test_setup, NULL);
}
