#include "test/store/store_test.h"

#include <lmdb.h>
#include <pthread.h>
#include <signal.h>

static void fill(uint8_t *out, size_t len, uint64_t seed)
{
	struct random random = random_seeded(seed);

	random_fill(&random, out, len);
}

static void values_of_every_size_come_back_after_reopening(void **state)
{
	static const size_t lens[] = {0, 1, 7, 8, 9, 2000, 4096, 65536, 270410, 5 << 20};
	static const enum table tables[] = {TABLE_META, TABLE_CHUNK};
	uint8_t *value = mem_new(1, 5 << 20);
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct bytes found;
	struct txn *txn;

	fill(value, 5 << 20, 1);
	for (size_t t = 0; t < 2; t++)
		for (uint8_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
			test_put(db, tables[t], bytes_of(&i, 1), bytes_of(value, lens[i]));
	db_close(db);
	db = test_db(dir);
	txn = txn_begin(db, false);
	for (size_t t = 0; t < 2; t++)
		for (uint8_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			assert_true(txn_get(txn, tables[t], bytes_of(&i, 1), &found));
			assert_true(bytes_eq(found, bytes_of(value, lens[i])));
		}
	txn_abort(txn);
	db_close(db);
	test_dir_fini(dir);
	free(value);
}

static void tables_are_apart(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct bytes value;

	for (int i = 0; i < TABLE_COUNT; i++)
		txn_put(txn, (enum table)i, key_of("key"), bytes_str(table_name((enum table)i)));
	for (int i = 0; i < TABLE_COUNT; i++) {
		assert_true(txn_get(txn, (enum table)i, key_of("key"), &value));
		assert_true(bytes_eq(value, bytes_str(table_name((enum table)i))));
		assert_int_equal(txn_count(txn, (enum table)i), 1);
		assert_true(txn_size(txn, (enum table)i) >= 4096);
	}
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

static void absent_is_an_answer(void **state)
{
	uint8_t long_key[KEY_LEN_MAX + 1];
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct bytes key, value;
	struct walk walk;

	memset(long_key, 'k', sizeof(long_key));
	assert_false(txn_get(txn, TABLE_PATH, key_of("nothing"), &value));
	assert_false(txn_has(txn, TABLE_PATH, key_of("")));
	assert_false(txn_has(txn, TABLE_PATH, bytes_obj(&long_key)));
	assert_false(txn_del(txn, TABLE_PATH, key_of("nothing")));
	assert_false(txn_del(txn, TABLE_PATH, key_of("")));
	assert_false(walk_last(txn, TABLE_PATH, key_of(""), &key, &value));
	walk = walk_begin(txn, TABLE_PATH, key_of("n"));
	assert_false(walk_next(&walk));
	assert_int_equal(txn_err(txn), ERR_OK);
	txn_put(txn, TABLE_PATH, bytes_of(long_key, KEY_LEN_MAX), key_of("longest"));
	assert_int_equal(txn_commit(txn), ERR_OK);
	txn = txn_begin(db, true);
	assert_true(txn_del(txn, TABLE_PATH, bytes_of(long_key, KEY_LEN_MAX)));
	assert_false(txn_has(txn, TABLE_PATH, bytes_of(long_key, KEY_LEN_MAX)));
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

static void the_first_fault_sticks_and_nothing_is_stored(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct bytes value;
	struct walk walk;

	txn_put(txn, TABLE_META, key_of("a"), key_of("1"));
	txn_fail(txn, ERR_FULL);
	txn_fail(txn, ERR_IO);
	txn_put(txn, TABLE_META, key_of("b"), key_of("2"));
	assert_false(txn_get(txn, TABLE_META, key_of("a"), &value));
	assert_false(txn_del(txn, TABLE_META, key_of("a")));
	walk = walk_begin(txn, TABLE_META, key_of(""));
	assert_false(walk_next(&walk));
	assert_int_equal(txn_err(txn), ERR_FULL);
	assert_int_equal(txn_commit(txn), ERR_FULL);

	txn = txn_begin(db, true);
	txn_put(txn, TABLE_META, key_of("c"), key_of("3"));
	txn_abort(txn);
	txn = txn_begin(db, false);
	assert_int_equal(txn_count(txn, TABLE_META), 0);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

/* Whoever was to look only cannot write by mistake. */
static void a_reader_does_not_write(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct bytes value;
	struct txn *txn;

	test_put(db, TABLE_META, key_of("a"), bytes_str("1"));
	txn = txn_begin(db, false);
	txn_put(txn, TABLE_META, key_of("a"), bytes_str("2"));
	assert_int_equal(txn_err(txn), ERR_PROTOCOL);
	assert_false(txn_get(txn, TABLE_META, key_of("a"), &value));
	txn_abort(txn);
	txn = txn_begin(db, false);
	assert_false(txn_del(txn, TABLE_META, key_of("a")));
	assert_int_equal(txn_err(txn), ERR_PROTOCOL);
	txn_abort(txn);
	txn = txn_begin(db, false);
	assert_true(txn_get(txn, TABLE_META, key_of("a"), &value));
	assert_true(bytes_eq(value, bytes_str("1")));
	txn_abort(txn);
	db_close(db);
	test_dir_fini(dir);
}

static void a_value_beyond_the_limit_is_full(void **state)
{
	size_t len = (64 << 20) + 1;
	uint8_t *value = mem_new(1, len);
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);

	txn_put(txn, TABLE_CHUNK, key_of("k"), bytes_of(value, len));
	assert_int_equal(txn_commit(txn), ERR_FULL);
	db_close(db);
	test_dir_fini(dir);
	free(value);
}

/* -- walks, against a model: two bytes of key, present or not -- */

struct model {
	bool has[256 * 256];
	uint8_t value[256 * 256];
	size_t count;
};

static struct bytes model_key(uint8_t key[2], unsigned i)
{
	key[0] = (uint8_t)(i >> 8);
	key[1] = (uint8_t)i;
	return bytes_of(key, 2);
}

static unsigned model_index(struct bytes key)
{
	assert_int_equal(key.len, 2);
	return (unsigned)key.ptr[0] << 8 | key.ptr[1];
}

static void model_put(struct model *model, struct txn *txn, unsigned i, uint8_t value)
{
	uint8_t key[2];

	txn_put(txn, TABLE_INDEX, model_key(key, i), bytes_of(&value, 1));
	model->count += !model->has[i];
	model->has[i] = true;
	model->value[i] = value;
}

static void model_del(struct model *model, struct txn *txn, unsigned i)
{
	uint8_t key[2];

	assert_int_equal(txn_del(txn, TABLE_INDEX, model_key(key, i)), model->has[i]);
	model->count -= model->has[i];
	model->has[i] = false;
}

static long model_next(const struct model *model, long from, long end)
{
	while (from < end && !model->has[from])
		from++;
	return from < end ? from : -1;
}

static void model_init(struct model *model, struct txn *txn, struct random *random)
{
	memset(model, 0, sizeof(*model));
	for (int i = 0; i < 3000; i++)
		model_put(model, txn, (unsigned)random_below(random, 65536), (uint8_t)i);
	for (int i = 0; i < 500; i++)
		model_del(model, txn, (unsigned)random_below(random, 65536));
	model_put(model, txn, 0, 1);
	model_put(model, txn, 0xffff, 2);
}

static void check_walk(const struct model *model, struct walk walk, long from, long end)
{
	for (long i = model_next(model, from, end); i >= 0; i = model_next(model, i + 1, end)) {
		assert_true(walk_next(&walk));
		assert_int_equal(model_index(walk.key), i);
		assert_int_equal(walk.value.len, 1);
		assert_int_equal(walk.value.ptr[0], model->value[i]);
	}
	assert_false(walk_next(&walk));
	assert_false(walk_next(&walk));
	assert_int_equal(txn_err(walk.txn), ERR_OK);
}

static void walks_give_the_rows_of_a_prefix_in_order(void **state)
{
	struct model *model = mem_new(1, sizeof(*model));
	struct random random = random_seeded(2);
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	uint8_t key[2];

	model_init(model, txn, &random);
	assert_int_equal(txn_count(txn, TABLE_INDEX), model->count);
	assert_int_equal(txn_commit(txn), ERR_OK);
	txn = txn_begin(db, false);
	check_walk(model, walk_begin(txn, TABLE_INDEX, key_of("")), 0, 65536);
	for (unsigned first = 0; first < 256; first++) {
		uint8_t prefix = (uint8_t)first;
		long from = (long)first << 8, end = from + 256, last = -1;
		struct bytes found, value, p = bytes_of(&prefix, 1);
		unsigned at = (unsigned)from + (unsigned)random_below(&random, 256);

		check_walk(model, walk_begin(txn, TABLE_INDEX, p), from, end);
		model_key(key, at);
		check_walk(model, walk_begin_at(txn, TABLE_INDEX, p, bytes_obj(&key), true), at,
			   end);
		check_walk(model, walk_begin_at(txn, TABLE_INDEX, p, bytes_obj(&key), false),
			   (long)at + 1, end);
		/* A place before the prefix is the prefix, one behind it the end. */
		check_walk(model, walk_begin_at(txn, TABLE_INDEX, p, key_of(""), false), from, end);
		check_walk(model, walk_begin_at(txn, TABLE_INDEX, p, key_of("\xff\xff\xff"), true),
			   0, 0);
		for (long i = from; i < end; i++)
			last = model->has[i] ? i : last;
		assert_int_equal(walk_last(txn, TABLE_INDEX, p, &found, &value), last >= 0);
		if (last >= 0)
			assert_int_equal(model_index(found), last);
	}
	txn_abort(txn);
	db_close(db);
	test_dir_fini(dir);
	free(model);
}

/* One step must give the first key, as the table is now, after the last one returned. */
static void check_step(const struct model *model, struct walk *walk, long *at)
{
	long next = model_next(model, *at + 1, 65536);

	assert_int_equal(walk_next(walk), next >= 0);
	if (next >= 0) {
		assert_int_equal(model_index(walk->key), next);
		assert_int_equal(walk->value.ptr[0], model->value[next]);
		*at = next;
	}
}

static void walks_survive_writes(void **state)
{
	struct model *model = mem_new(1, sizeof(*model));
	struct random random = random_seeded(3);
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct walk walks[2];
	long at[2] = {-1, -1};

	model_init(model, txn, &random);
	walks[0] = walk_begin(txn, TABLE_INDEX, key_of(""));
	walks[1] = walks[0];
	for (int step = 0; step < 4000; step++) {
		unsigned w = (unsigned)random_below(&random, 2);
		/* Mostly next to where a walk stands. */
		long near = at[w] + (long)random_below(&random, 64) - 32;
		unsigned i = near < 0 || near > 65535 ? 7 : (unsigned)near;

		check_step(model, &walks[w], &at[w]);
		switch (random_below(&random, 5)) {
		case 0:
			model_put(model, txn, i, (uint8_t)step);
			break;
		case 1:
			model_del(model, txn, i);
			break;
		case 2: /* the row under the walk, and back again */
			model_del(model, txn, at[w] < 0 ? 0 : (unsigned)at[w]);
			if (step & 1)
				model_put(model, txn, at[w] < 0 ? 0 : (unsigned)at[w], 9);
			break;
		default:
			break;
		}
	}
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
	free(model);
}

/* Walks over one table share a cursor; none may move another. */
static void walks_beside_each_other_do_not_interfere(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct walk ahead, behind;

	txn_put(txn, TABLE_PATH, key_of("a"), key_of("1"));
	txn_put(txn, TABLE_PATH, key_of("b"), key_of("2"));
	txn_put(txn, TABLE_PATH, key_of("c"), key_of("3"));
	ahead = walk_begin(txn, TABLE_PATH, key_of(""));
	assert_true(walk_next(&ahead) && walk_next(&ahead));
	assert_true(bytes_eq(ahead.key, key_of("b")));
	/* The row before the place of one goes while another stands on it. */
	behind = walk_begin(txn, TABLE_PATH, key_of(""));
	assert_true(walk_next(&behind));
	assert_true(txn_del(txn, TABLE_PATH, behind.key));
	assert_true(walk_next(&ahead));
	assert_true(bytes_eq(ahead.key, key_of("c")));
	/* A walk that begins where another stands begins there. */
	behind = walk_begin_at(txn, TABLE_PATH, key_of(""), key_of("c"), true);
	assert_true(walk_next(&behind));
	assert_true(bytes_eq(behind.key, key_of("c")));
	assert_false(walk_next(&behind) || walk_next(&ahead));
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

static void a_walk_may_delete_all_it_meets(void **state)
{
	struct model *model = mem_new(1, sizeof(*model));
	struct random random = random_seeded(4);
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn = txn_begin(db, true);
	struct walk walk;
	size_t count = 0;

	model_init(model, txn, &random);
	walk = walk_begin(txn, TABLE_INDEX, key_of(""));
	for (; walk_next(&walk); count++)
		assert_true(txn_del(txn, TABLE_INDEX, walk.key));
	assert_int_equal(count, model->count);
	assert_int_equal(txn_count(txn, TABLE_INDEX), 0);
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
	free(model);
}

/* -- transactions -- */

static void a_value_from_the_store_may_be_put_back(void **state)
{
	uint8_t big[3000];
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *txn;
	struct bytes value;

	fill(big, sizeof(big), 5);
	test_put(db, TABLE_META, key_of("from"), bytes_obj(&big));
	txn = txn_begin(db, true);
	for (uint8_t i = 0; i < 50; i++) {
		assert_true(txn_get(txn, TABLE_META, key_of("from"), &value));
		txn_put(txn, TABLE_META, bytes_of(&i, 1), value);
		assert_true(txn_get(txn, TABLE_META, bytes_of(&i, 1), &value));
		assert_true(bytes_eq(value, bytes_obj(&big)));
		txn_put(txn, TABLE_META, key_of("from"), value);
	}
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

static void *reader(void *arg)
{
	struct txn *txn = arg;
	struct bytes value;

	assert_true(txn_get(txn, TABLE_META, key_of("k"), &value));
	assert_true(bytes_eq(value, key_of("old")));
	txn_abort(txn);
	return NULL;
}

static void a_reader_keeps_its_state_on_any_thread(void **state)
{
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	struct txn *read, *second;
	struct bytes value;
	pthread_t thread;

	test_put(db, TABLE_META, key_of("k"), key_of("old"));
	read = txn_begin(db, false);
	test_put(db, TABLE_META, key_of("k"), key_of("new"));
	second = txn_begin(db, false);
	assert_true(txn_get(second, TABLE_META, key_of("k"), &value));
	assert_true(bytes_eq(value, key_of("new")));
	assert_int_equal(pthread_create(&thread, NULL, reader, read), 0);
	pthread_join(thread, NULL);
	txn_abort(second);
	db_close(db);
	test_dir_fini(dir);
}

static void too_many_readers_are_busy_for_a_while(void **state)
{
	struct txn *readers[200];
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	size_t good = 0;

	for (size_t i = 0; i < 200; i++) {
		readers[i] = txn_begin(db, false);
		good += txn_err(readers[i]) == ERR_OK;
		if (txn_err(readers[i]))
			assert_int_equal(txn_err(readers[i]), ERR_BUSY);
	}
	assert_in_range(good, 126, 199);
	for (size_t i = 0; i < 200; i++)
		txn_abort(readers[i]);
	readers[0] = txn_begin(db, false);
	assert_int_equal(txn_commit(readers[0]), ERR_OK);
	db_close(db);
	test_dir_fini(dir);
}

/* -- the file -- */

static void a_full_map_is_no_space_and_the_store_goes_on(void **state)
{
	struct db_options options = {.volatile_store = true, .map_bytes = 1 << 20};
	uint8_t value[16384] = {1};
	char *dir = test_dir_init();
	struct db *db;
	struct txn *txn;

	assert_int_equal(db_open(&db, dir, &options), ERR_OK);
	test_put(db, TABLE_META, key_of("before"), key_of("1"));
	for (int round = 0; round < 5; round++) {
		txn = txn_begin(db, true);
		for (uint8_t i = 0; i < 200; i++)
			txn_put(txn, TABLE_CHUNK, bytes_of(&i, 1), bytes_obj(&value));
		assert_int_equal(txn_commit(txn), ERR_NOSPACE);
		test_put(db, TABLE_META, key_of("after"), key_of("2"));
	}
	txn = txn_begin(db, false);
	assert_int_equal(txn_count(txn, TABLE_CHUNK), 0);
	assert_int_equal(txn_count(txn, TABLE_META), 2);
	txn_abort(txn);
	db_close(db);
	test_dir_fini(dir);
}

static void sizes_follow_what_is_stored(void **state)
{
	uint8_t value[100000];
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	uint64_t used[3], file[3];
	struct txn *txn;

	fill(value, sizeof(value), 6);
	db_size(db, &used[0], &file[0]);
	for (uint8_t i = 0; i < 20; i++)
		test_put(db, TABLE_CHUNK, bytes_of(&i, 1), bytes_obj(&value));
	db_size(db, &used[1], &file[1]);
	txn = txn_begin(db, true);
	for (uint8_t i = 0; i < 20; i++)
		txn_del(txn, TABLE_CHUNK, bytes_of(&i, 1));
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_size(db, &used[2], &file[2]);
	assert_in_range(used[1], used[0] + 2000000, used[0] + 2200000);
	assert_true(file[1] >= used[1]);
	assert_true(used[2] < used[0] + 100000);
	assert_true(file[2] >= 2000000); /* the pages stay, free */
	db_close(db);
	test_dir_fini(dir);
}

static unsigned mode_of(const char *dir, const char *name)
{
	char *path = dir_file(dir, name);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	free(path);
	return st.st_mode & 07777;
}

static void the_usual_options_make_private_files(void **state)
{
	struct db_options options = {0}; /* synced, a map of 1 TiB */
	char *dir = test_dir_init();
	struct bytes value;
	struct txn *txn;
	struct db *db;

	assert_int_equal(db_open(&db, dir, &options), ERR_OK);
	assert_int_equal(mode_of(dir, "data.mdb"), 0600);
	assert_int_equal(mode_of(dir, "lock.mdb"), 0600);
	test_put(db, TABLE_META, key_of("k"), key_of("v"));
	db_close(db);
	options.read_only = true;
	assert_int_equal(db_open(&db, dir, &options), ERR_OK);
	txn = txn_begin(db, false);
	assert_true(txn_get(txn, TABLE_META, key_of("k"), &value));
	txn_abort(txn);
	db_close(db);
	test_dir_fini(dir);
}

static void opening_names_what_is_wrong(void **state)
{
	struct db_options options = {.read_only = true};
	char *dir = test_dir_init(), *missing = dir_file(dir, "missing");
	char *path = dir_file(dir, "data.mdb");
	uint8_t garbage[8192];
	struct db *db;
	MDB_env *env;

	assert_int_equal(db_open(&db, dir, &options), ERR_ABSENT);
	assert_int_equal(db_open(&db, missing, &options), ERR_ABSENT);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, dir, 0, 0600), 0);
	mdb_env_close(env);
	assert_int_equal(db_open(&db, dir, &options), ERR_VERSION);
	fill(garbage, sizeof(garbage), 7);
	test_file_write(path, garbage, sizeof(garbage));
	assert_int_equal(db_open(&db, dir, &options), ERR_CORRUPT);
	options.read_only = false;
	assert_int_equal(db_open(&db, dir, &options), ERR_CORRUPT);
	free(path);
	free(missing);
	test_dir_fini(dir);
}

/* -- damage -- */

static const char first_value[] = "the value of the first row, long enough to be found";
static const char second_value[] = "the value of the 2nd row, just as long as the first";

static struct db *two_rows(const char *dir)
{
	struct db *db = test_db(dir);

	test_put(db, TABLE_PATH, key_of("first"), bytes_obj(&first_value));
	test_put(db, TABLE_PATH, key_of("second"), bytes_obj(&second_value));
	return db;
}

static void check_damaged_first(const char *dir)
{
	struct db *db = test_db(dir);
	struct bytes key, value;
	struct walk walk;
	struct txn *txn = txn_begin(db, false);

	assert_false(txn_get(txn, TABLE_PATH, key_of("first"), &value));
	assert_int_equal(txn_err(txn), ERR_CORRUPT);
	assert_false(txn_get(txn, TABLE_PATH, key_of("second"), &value));
	assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	txn = txn_begin(db, false);
	assert_false(walk_last(txn, TABLE_PATH, key_of("first"), &key, &value));
	assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	txn = txn_begin(db, false);
	walk = walk_begin(txn, TABLE_PATH, key_of(""));
	assert_false(walk_next(&walk));
	assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	/* The others are readable, and the damaged one can be replaced. */
	txn = txn_begin(db, true);
	assert_true(txn_has(txn, TABLE_PATH, key_of("second")));
	assert_true(txn_del(txn, TABLE_PATH, key_of("first")));
	txn_put(txn, TABLE_PATH, key_of("first"), key_of("restored"));
	assert_true(txn_has(txn, TABLE_PATH, key_of("first")));
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
}

static void a_changed_byte_is_corrupt(void **state)
{
	/* The value, its end, the first and the last byte of the checksum. */
	static const size_t places[] = {0, sizeof(first_value) - 1, sizeof(first_value),
					sizeof(first_value) + 7};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *dir = test_dir_init();

		db_close(two_rows(dir));
		assert_true(test_damage(dir, bytes_obj(&first_value), places[i]) > 0);
		check_damaged_first(dir);
		test_dir_fini(dir);
	}
}

/* Whole rows in each other's place: the checksum covers table and key. */
static void exchanged_values_are_corrupt(void **state)
{
	size_t row_len = sizeof(first_value) + 8, len;
	char *dir = test_dir_init(), *path = dir_file(dir, "data.mdb");
	uint8_t *file, *a, *b, swap[sizeof(first_value) + 8];
	struct bytes value;
	struct txn *txn;
	struct db *db;

	_Static_assert(sizeof(first_value) == sizeof(second_value), "to be exchanged");
	db = test_db(dir);
	txn = txn_begin(db, true);
	txn_put(txn, TABLE_PATH, key_of("row 1"), bytes_obj(&first_value));
	txn_put(txn, TABLE_PATH, key_of("row 2"), bytes_obj(&second_value));
	assert_int_equal(txn_commit(txn), ERR_OK);
	db_close(db);
	file = test_file_read(path, &len);
	a = memmem(file, len, first_value, sizeof(first_value));
	b = memmem(file, len, second_value, sizeof(second_value));
	assert_true(a && b);
	memcpy(swap, a, row_len);
	memcpy(a, b, row_len);
	memcpy(b, swap, row_len);
	test_file_write(path, file, len);
	db = test_db(dir);
	txn = txn_begin(db, false);
	assert_false(txn_get(txn, TABLE_PATH, key_of("row 1"), &value));
	assert_int_equal(txn_commit(txn), ERR_CORRUPT);
	db_close(db);
	free(file);
	free(path);
	test_dir_fini(dir);
}

/* -- processes -- */

static void child_reads_and_dies(const char *dir)
{
	struct db *db = test_db(dir);

	txn_begin(db, false);
	kill(getpid(), SIGKILL);
}

static void child_opens(const char *dir)
{
	db_close(test_db(dir));
	_exit(0);
}

static int run_child(void (*run)(const char *), const char *dir)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		run(dir);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* A reader that died would keep every later page from being used again. */
static void dead_readers_are_cleared_at_open(void **state)
{
	uint8_t value[100000];
	char *dir = test_dir_init();
	struct db *db = test_db(dir);
	uint64_t used, file;

	fill(value, sizeof(value), 8);
	test_put(db, TABLE_CHUNK, key_of("k"), bytes_obj(&value));
	assert_true(WIFSIGNALED(run_child(child_reads_and_dies, dir)));
	assert_int_equal(run_child(child_opens, dir), 0);
	for (int i = 0; i < 50; i++)
		test_put(db, TABLE_CHUNK, key_of("k"), bytes_obj(&value));
	db_size(db, &used, &file);
	assert_true(file < 1000000);
	db_close(db);
	test_dir_fini(dir);
}

/* It takes disk, and is no part of the file; a second time takes none. */
static void disk_is_kept_behind_the_end(void **state)
{
	char *dir = test_dir_init(), *data = dir_file(dir, "data.mdb");
	const struct db_options options = {.map_bytes = TEST_MAP_BYTES};
	const uint64_t bytes = UINT64_C(1) << 20;
	struct stat before, after;
	struct db *db;

	assert_int_equal(db_open(&db, dir, &options), ERR_OK);
	assert_int_equal(stat(data, &before), 0);
	for (unsigned i = 0; i < 2; i++) {
		db_reserve(db, bytes);
		assert_int_equal(stat(data, &after), 0);
		assert_int_equal(after.st_size, before.st_size);
		assert_in_range((uint64_t)after.st_blocks * 512,
				(uint64_t)before.st_blocks * 512 + bytes / 2,
				(uint64_t)before.st_blocks * 512 + 2 * bytes);
	}
	db_close(db);
	free(data);
	test_dir_fini(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_every_size_come_back_after_reopening),
		cmocka_unit_test(tables_are_apart),
		cmocka_unit_test(absent_is_an_answer),
		cmocka_unit_test(disk_is_kept_behind_the_end),
		cmocka_unit_test(the_first_fault_sticks_and_nothing_is_stored),
		cmocka_unit_test(a_reader_does_not_write),
		cmocka_unit_test(a_value_beyond_the_limit_is_full),
		cmocka_unit_test(walks_give_the_rows_of_a_prefix_in_order),
		cmocka_unit_test(walks_survive_writes),
		cmocka_unit_test(walks_beside_each_other_do_not_interfere),
		cmocka_unit_test(a_walk_may_delete_all_it_meets),
		cmocka_unit_test(a_value_from_the_store_may_be_put_back),
		cmocka_unit_test(a_reader_keeps_its_state_on_any_thread),
		cmocka_unit_test(too_many_readers_are_busy_for_a_while),
		cmocka_unit_test(a_full_map_is_no_space_and_the_store_goes_on),
		cmocka_unit_test(sizes_follow_what_is_stored),
		cmocka_unit_test(the_usual_options_make_private_files),
		cmocka_unit_test(opening_names_what_is_wrong),
		cmocka_unit_test(a_changed_byte_is_corrupt),
		cmocka_unit_test(exchanged_values_are_corrupt),
		cmocka_unit_test(dead_readers_are_cleared_at_open),
	};
	return cmocka_run_group_tests_name("store/db", tests, test_setup, NULL);
}
