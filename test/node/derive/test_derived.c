/* What was made is kept within its bounds, and goes when it must. */
#include "test/store/store_test.h"

#include <dirent.h>

#include "node/derive/derived.h"
#include "node/derive/opened.h"

static struct derived_key key(const struct dataset_id *dataset, const struct record_id *record,
			      const char *name)
{
	return (struct derived_key){.dataset = dataset,
				    .path = "meissen/kita",
				    .record = record,
				    .name = bytes_str(name),
				    .ending = "copy"};
}

static void put(struct derived *derived, const struct derived_key *key, size_t len)
{
	struct derived_new made;
	char *text = mem_new(1, len);

	memset(text, 'x', len);
	assert_int_equal(derived_begin(derived, len, &made), ERR_OK);
	assert_int_equal(write(made.fd, text, len), (ssize_t)len);
	assert_int_equal(derived_put(derived, &made, key), ERR_OK);
	free(text);
}

static bool has(struct derived *derived, const struct derived_key *key)
{
	uint64_t len = 0;
	int fd = derived_get(derived, key, &len);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static const struct dataset_id first = {{1}}, second = {{2}};
static const struct record_id old = {{3}}, current = {{4}};

static void it_is_kept_and_dropped(void **state)
{
	char *dir = test_dir_init();
	struct derived *derived = derived_open(dir, 1u << 20);
	struct derived_key a = key(&first, &old, "a"), b = key(&first, &old, "b"),
			   c = key(&second, &old, "a");
	struct derived_new made;

	put(derived, &a, 100);
	put(derived, &c, 100);
	assert_true(has(derived, &a) && has(derived, &c));
	assert_false(has(derived, &b));
	assert_int_equal(derived_begin(derived, 10, &made), ERR_OK);
	derived_give_up(&made);
	assert_int_equal(derived_begin(derived, 2u << 20, &made), ERR_NOSPACE);
	derived_close(derived);
	derived = derived_open(dir, 1u << 20);
	assert_true(has(derived, &a) && has(derived, &c));
	derived_drop(derived, &first);
	assert_false(has(derived, &a));
	assert_true(has(derived, &c));
	derived_close(derived);
	test_dir_fini(dir);
}

static bool only_first(void *arg, const char *path, const struct dataset_id *dataset,
		       struct record_id *record)
{
	assert_string_equal(path, "meissen/kita");
	*record = current;
	return id_eq(dataset, &first);
}

static void after_a_start_only_what_is_current_stays(void **state)
{
	char *dir = test_dir_init(), *half, *strange;
	struct derived *derived = derived_open(dir, 1u << 20);
	struct derived_key a = key(&first, &old, "a"), b = key(&first, &current, "a"),
			   c = key(&second, &current, "a");

	put(derived, &a, 100);
	put(derived, &b, 100);
	put(derived, &c, 100);
	half = dir_file(derived_temp(derived), "77");
	test_file_write(half, (const uint8_t *)"half", 4);
	derived_review(derived, only_first, NULL);
	assert_false(has(derived, &a));
	assert_true(has(derived, &b));
	assert_false(has(derived, &c));
	assert_int_equal(access(half, F_OK), -1);
	/* it is made again after everything was deleted */
	strange = dir_file(dir, "derived");
	nftw(strange, test_unlink, 16, FTW_DEPTH | FTW_PHYS);
	assert_false(has(derived, &b));
	put(derived, &b, 100);
	assert_true(has(derived, &b));
	free(half);
	free(strange);
	derived_close(derived);
	test_dir_fini(dir);
}

static void age(const char *dir, const char *name)
{
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	char *path = dir_file(dir, name);

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	free(path);
}

static void what_was_used_longest_ago_goes(void **state)
{
	char *dir = test_dir_init();
	struct derived *derived = derived_open(dir, 100000);
	struct derived_key keys[4];
	static const char *const names[] = {"a", "b", "c", "d"};

	for (size_t i = 0; i < 3; i++) {
		keys[i] = key(&first, &old, names[i]);
		put(derived, &keys[i], 30000);
	}
	keys[3] = key(&first, &old, "d");
	/* all are old, then two are used */
	char *files =
		dir_file(dir, "derived/files/"
			      "0100000000000000000000000000000000000000000000000000000000000000");
	DIR *folder = opendir(files);
	for (struct dirent *entry; (entry = readdir(folder));)
		if (strstr(entry->d_name, ".copy"))
			age(files, entry->d_name);
	closedir(folder);
	assert_true(has(derived, &keys[0]) && has(derived, &keys[2]));
	put(derived, &keys[3], 30000);
	assert_false(has(derived, &keys[1]));
	assert_true(has(derived, &keys[0]) && has(derived, &keys[2]) && has(derived, &keys[3]));
	free(files);
	derived_close(derived);
	test_dir_fini(dir);
}

static void what_was_open_is_remembered(void **state)
{
	char *dir = test_dir_init(), *path = dir_file(dir, "derived/opened");
	struct opened_set *set = opened_set_open(dir);
	struct dataset_id dataset = {{0}};
	size_t len;

	for (uint32_t i = 0; i < 3000; i++) {
		be32_put(dataset.b + 2, i);
		opened_set_add(set, &dataset);
		opened_set_add(set, &dataset);
		if (i % 2)
			opened_set_drop(set, &dataset);
	}
	opened_set_close(set);
	/* cut by a crash */
	uint8_t *bytes = test_file_read(path, &len);
	assert_int_equal(len, 8 * 4500);
	test_file_write(path, bytes, len - 3);
	free(bytes);
	set = opened_set_open(dir);
	for (uint32_t i = 0; i < 2998; i++) {
		be32_put(dataset.b + 2, i);
		assert_int_equal(opened_set_has(set, &dataset), i % 2 == 0);
	}
	be32_put(dataset.b + 2, 5000);
	assert_false(opened_set_has(set, &dataset));
	opened_set_add(set, &dataset);
	opened_set_close(set);
	set = opened_set_open(dir);
	assert_true(opened_set_has(set, &dataset));
	opened_set_close(set);
	free(path);
	test_dir_fini(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_kept_and_dropped),
		cmocka_unit_test(after_a_start_only_what_is_current_stays),
		cmocka_unit_test(what_was_used_longest_ago_goes),
		cmocka_unit_test(what_was_open_is_remembered),
	};

	return cmocka_run_group_tests(tests, test_setup, NULL);
}
