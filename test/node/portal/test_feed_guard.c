#include "test/node/node_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/bytes.h"
#include "node/portal/feed_guard.h"

#define T0      INT64_C(1790000000000)
#define HOUR_MS INT64_C(3600000)

/* Datasets from..to-1. */
static size_t some(struct feed_guard_row rows[1000], unsigned from, unsigned to)
{
	size_t count = 0;

	for (unsigned i = from; i < to; i++) {
		rows[count] = (struct feed_guard_row){.number = i};
		be32_put(rows[count++].uuid, i);
	}
	return count;
}

static struct feed_guard_verdict build(struct feed_guard *guard, unsigned from, unsigned to,
				       int64_t now_ms)
{
	struct feed_guard_row rows[1000];
	size_t count = some(rows, from, to);
	struct feed_guard_verdict verdict = feed_guard_judge(guard, rows, count, now_ms);

	if (!verdict.refused)
		feed_guard_take(guard, rows, count, false, now_ms);
	return verdict;
}

static void confirm(struct feed_guard *guard, unsigned from, unsigned to, int64_t now_ms)
{
	struct feed_guard_row rows[1000];
	size_t count = some(rows, from, to);

	feed_guard_take(guard, rows, count, true, now_ms);
}

static void a_tenth(void **state)
{
	struct feed_guard guard;

	feed_guard_init(&guard);
	assert_false(guard.before);
	assert_false(build(&guard, 0, 100, T0).refused);
	assert_true(guard.before);
	assert_false(build(&guard, 10, 100, T0 + 1).refused); /* a tenth, not more */
	struct feed_guard_verdict v = build(&guard, 11, 100, T0 + 2);
	assert_true(v.refused);
	assert_int_equal(v.lost, 11);
	assert_int_equal(v.had, 100);
	assert_int_equal(v.has, 89);
	/* it stays refused, and is good again when they are back */
	assert_true(build(&guard, 11, 100, T0 + 3).refused);
	assert_false(build(&guard, 10, 100, T0 + 4).refused);
	/* others that are new do not make up for them */
	assert_true(build(&guard, 11, 900, T0 + 5).refused);
	feed_guard_fini(&guard);
}

static void bit_by_bit(void **state)
{
	struct feed_guard guard;
	unsigned from = 0;

	feed_guard_init(&guard);
	build(&guard, 0, 100, T0);
	while (from < 100 && !build(&guard, from, 100, T0 + from).refused)
		from++;
	assert_int_equal(from, 11);
	/* as much, a day apart */
	feed_guard_fini(&guard);
	build(&guard, 0, 100, T0);
	assert_false(build(&guard, 10, 100, T0).refused);
	assert_true(build(&guard, 15, 100, T0 + 23 * HOUR_MS).refused);
	assert_false(build(&guard, 15, 100, T0 + 25 * HOUR_MS).refused);
	feed_guard_fini(&guard);
}

static void few(void **state)
{
	struct feed_guard guard;

	feed_guard_init(&guard);
	build(&guard, 0, 3, T0);
	assert_true(build(&guard, 1, 3, T0).refused);
	assert_false(build(&guard, 0, 4, T0).refused);
	assert_true(build(&guard, 0, 0, T0).refused);
	feed_guard_fini(&guard);
	assert_false(build(&guard, 0, 0, T0).refused); /* nothing, and there was nothing */
	feed_guard_fini(&guard);
}

static void confirmed(void **state)
{
	struct feed_guard guard;
	uint8_t uuid[GUARD_UUID_LEN] = {0, 0, 0, 3};

	feed_guard_init(&guard);
	build(&guard, 0, 10, T0);
	assert_non_null(feed_guard_find(&guard, uuid));
	confirm(&guard, 5, 10, T0);
	assert_null(feed_guard_find(&guard, uuid));
	assert_int_equal(guard.count, 5);
	assert_false(build(&guard, 5, 10, T0).refused);
	assert_true(build(&guard, 6, 10, T0).refused);
	feed_guard_fini(&guard);
}

static void the_file(void **state)
{
	char dir[] = "/tmp/allmende-guard-XXXXXX", path[64];
	uint8_t uuid[GUARD_UUID_LEN] = {0, 0, 0, 7};
	struct feed_guard guard, again;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/feed.state", dir);
	feed_guard_init(&guard);
	feed_guard_init(&again);
	assert_int_equal(feed_guard_load(&again, path), ERR_ABSENT);
	assert_false(again.before || again.damaged);
	build(&guard, 0, 100, T0);
	build(&guard, 5, 100, T0 + 1);
	guard.parts = 8;
	assert_int_equal(feed_guard_save(&guard, path), ERR_OK);
	assert_int_equal(feed_guard_load(&again, path), ERR_OK);
	assert_int_equal(again.parts, 8);
	assert_int_equal(again.count, 100);
	assert_int_equal(feed_guard_find(&again, uuid)->number, 7);
	/* what was lost before counts after a restart too */
	assert_true(build(&again, 12, 100, T0 + 2).refused);
	feed_guard_fini(&again);
	/* cut short at any place, or another byte */
	assert_int_equal(stat(path, &st), 0);
	for (off_t len = st.st_size - 1; len >= 0; len -= 1 + len / 7) {
		assert_int_equal(truncate(path, len), 0);
		assert_int_equal(feed_guard_load(&again, path), ERR_CORRUPT);
		assert_true(again.damaged);
		assert_true(build(&again, 0, 100, T0).refused);
		feed_guard_fini(&again);
	}
	assert_int_equal(feed_guard_save(&guard, path), ERR_OK);
	FILE *file = fopen(path, "r+b");
	assert_int_equal(fseek(file, 20, SEEK_SET), 0);
	fputc(99, file);
	fclose(file);
	assert_int_equal(feed_guard_load(&again, path), ERR_CORRUPT);
	/* and once confirmed all is well */
	confirm(&again, 0, 100, T0);
	assert_false(build(&again, 0, 100, T0).refused);
	feed_guard_fini(&again);
	feed_guard_fini(&guard);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tenth),   cmocka_unit_test(bit_by_bit), cmocka_unit_test(few),
		cmocka_unit_test(confirmed), cmocka_unit_test(the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
