#include "test/store/store_test.h"

#include "proto/catalog/api_token.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static char *dir;
static struct db *db;

static int open_store(void **state)
{
	dir = test_dir_memory();
	db = test_db(dir);
	return 0;
}

static int close_store(void **state)
{
	db_close(db);
	test_dir_fini(dir);
	return 0;
}

static enum err add(struct api_token *token, char text[API_TOKEN_TEXT_MAX])
{
	struct random random = random_system();
	struct txn *txn = txn_begin(db, true);
	char why[WHY_LEN] = "";
	enum err err = api_token_add(txn, &random, token, text, why);

	assert_int_equal(err != ERR_OK, why[0] != 0);
	assert_int_equal(txn_commit(txn), ERR_OK);
	return err;
}

static enum err find(const char *text, int64_t now_ms, struct api_token *out)
{
	struct txn *txn = txn_begin(db, false);
	enum err err = api_token_find(txn, text, now_ms, out);

	txn_abort(txn);
	return err;
}

static void from_making_to_end(void **state)
{
	struct api_token token = {.prefix = "meissen/kita",
				  .verb = API_READ,
				  .name = "Jugendamt",
				  .created_ms = DAY_MS,
				  .until_ms = 2 * DAY_MS},
			 found;
	char text[API_TOKEN_TEXT_MAX], other[API_TOKEN_TEXT_MAX];
	struct txn *txn;

	assert_int_equal(add(&token, text), ERR_OK);
	assert_int_equal(strlen(token.id), API_TOKEN_ID_LEN);
	assert_int_equal(find(text, DAY_MS, &found), ERR_OK);
	assert_string_equal(found.id, token.id);
	assert_string_equal(found.prefix, "meissen/kita");
	assert_string_equal(found.name, "Jugendamt");
	assert_int_equal(found.verb, API_READ);
	assert_int_equal(found.until_ms, 2 * DAY_MS);
	/* the end */
	assert_int_equal(find(text, 2 * DAY_MS - 1, &found), ERR_OK);
	assert_int_equal(find(text, 2 * DAY_MS, &found), ERR_ABSENT);
	/* another text, though it differs in its last letter alone */
	strcpy(other, text);
	other[strlen(other) - 1] ^= 1;
	assert_int_equal(find(other, DAY_MS, &found), ERR_ABSENT);
	assert_int_equal(find("", DAY_MS, &found), ERR_ABSENT);
	assert_int_equal(find("amt_", DAY_MS, &found), ERR_ABSENT);
	assert_int_equal(find(text + 4, DAY_MS, &found), ERR_ABSENT);
	/* uses */
	txn = txn_begin(db, true);
	api_token_used(txn, token.id, 3, DAY_MS + 5);
	api_token_used(txn, token.id, 2, DAY_MS + 4);
	api_token_used(txn, "0123456789abcdef", 2, DAY_MS + 4);
	assert_int_equal(txn_commit(txn), ERR_OK);
	assert_int_equal(find(text, DAY_MS, &found), ERR_OK);
	assert_int_equal(found.use_count, 5);
	assert_int_equal(found.used_ms, DAY_MS + 5);
	/* removed */
	txn = txn_begin(db, true);
	assert_int_equal(api_token_remove(txn, "0123456789abcdef"), ERR_ABSENT);
	assert_int_equal(api_token_remove(txn, token.id), ERR_OK);
	assert_int_equal(txn_commit(txn), ERR_OK);
	assert_int_equal(find(text, DAY_MS, &found), ERR_ABSENT);
}

static void seen(void *arg, const struct api_token *token)
{
	size_t *count = arg;

	++*count;
}

static void so_many_and_no_more(void **state)
{
	struct api_token token = {.prefix = "meissen"}, found;
	char text[API_TOKEN_TEXT_MAX];
	size_t count = 0;

	for (size_t i = 0; i < API_TOKEN_COUNT_MAX; i++)
		assert_int_equal(add(&token, text), ERR_OK);
	assert_int_equal(find(text, DAY_MS, &found), ERR_OK); /* without end */
	assert_int_equal(add(&token, text), ERR_FULL);
	struct txn *txn = txn_begin(db, false);

	api_token_each(txn, seen, &count);
	txn_abort(txn);
	assert_int_equal(count, API_TOKEN_COUNT_MAX);
}

/* The text itself is nowhere in the store. */
static void only_the_hash_is_kept(void **state)
{
	struct api_token token = {.prefix = "meissen"};
	char text[API_TOKEN_TEXT_MAX];
	char *file = dir_file(dir, "data.mdb");
	uint8_t *bytes;
	size_t len;

	assert_int_equal(add(&token, text), ERR_OK);
	bytes = test_file_read(file, &len);
	assert_non_null(memmem(bytes, len, token.id, 8));
	assert_null(memmem(bytes, len, text + 4, 20));
	free(bytes);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(from_making_to_end, open_store, close_store),
		cmocka_unit_test_setup_teardown(so_many_and_no_more, open_store, close_store),
		cmocka_unit_test_setup_teardown(only_the_hash_is_kept, open_store, close_store),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
