/* Bars: the bytes of a whole body, and the order of its elements. */
#include "test/crypto/helpers.h"

#include "crypto/check.h"
#include "proto/ledger/bar.h"
#include "proto/wire/wire_out.h"

static const struct org_id barred_org = {{6, 6}};

static struct bar of_line(uint8_t nonce, uint8_t line)
{
	return (struct bar){.nonce = {nonce},
			    .has_line = true,
			    .line = {{line}},
			    .barred = true,
			    .keep = KEEPING_CURRENT};
}

static struct bar of_path(uint8_t nonce, const char *path)
{
	return (struct bar){.nonce = {nonce}, .prefix = bytes_str(path), .barred = true};
}

static struct buf encoded(const struct bar *items, size_t count)
{
	struct buf out;

	buf_init(&out, (size_t)2 * BAR_LEN_MAX);
	bar_list_put(&out, &barred_org, items, count);
	assert_ok(out.err);
	return out;
}

static enum err form_of(const struct bar *items, size_t count)
{
	struct buf body = encoded(items, count);
	enum err err = bar_list_get(NULL, buf_bytes(&body));

	buf_fini(&body);
	return err;
}

static void a_body_comes_back(void **state)
{
	const struct bar items[] = {of_line(1, 1), of_line(1, 2), of_path(1, "m"),
				    of_path(1, "m/kita"), of_path(2, "a")};
	struct bar found[COUNT(items)];
	struct bar_list list;
	size_t count = 0;
	struct buf body = encoded(items, COUNT(items));

	(void)state;
	assert_ok(bar_list_get(&list, buf_bytes(&body)));
	assert_true(id_eq(&list.org, &barred_org));
	assert_int_equal(list.left, COUNT(items));
	for (struct bar bar; bar_list_next(&list, &bar); count++) {
		assert_true(count < COUNT(found));
		found[count] = bar;
		assert_int_equal(bar_cmp(&bar, &items[count]), 0);
		assert_int_equal(bar.keep, items[count].keep);
	}
	assert_int_equal(count, COUNT(items));
	struct buf again = encoded(found, count);
	assert_true(bytes_eq(buf_bytes(&again), buf_bytes(&body)));
	for (size_t len = 0; len < body.len; len++)
		assert_err(bar_list_get(NULL, bytes_slice(buf_bytes(&body), 0, len)),
			   ERR_MALFORMED);
	buf_add_u8(&body, 0xc0);
	assert_err(bar_list_get(NULL, buf_bytes(&body)), ERR_MALFORMED);
	body.ptr[1] = 2;
	assert_err(bar_list_get(NULL, buf_bytes(&body)), ERR_VERSION);
	buf_fini(&again);
	buf_fini(&body);
}

/* (nonce, target), a line before a path; each pair once. */
static void elements_rise(void **state)
{
	const struct bar rising[] = {of_line(1, 8),     of_line(1, 9),   of_path(1, "a"),
				     of_path(1, "a/b"), of_path(1, "b"), of_line(2, 0),
				     of_path(2, "a")};

	(void)state;
	for (size_t i = 0; i < COUNT(rising); i++) {
		for (size_t j = 0; j < COUNT(rising); j++) {
			struct bar pair[] = {rising[i], rising[j]};
			assert_int_equal(form_of(pair, 2), i < j ? ERR_OK : ERR_MALFORMED);
			int order = bar_cmp(&rising[i], &rising[j]);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
	/* what is said of it does not part two elements of one name */
	struct bar twice[] = {rising[0], rising[0]};
	twice[1].barred = false;
	twice[1].keep = KEEPING_ALL;
	assert_err(form_of(twice, 2), ERR_MALFORMED);
}

static void every_element_has_its_form(void **state)
{
	static const char *const no_paths[] = {"",     "/",  "a/",  "/a", "A",
					       "a//b", "..", "a/.", "a b"};
	struct bar bar = of_line(1, 1);

	(void)state;
	for (unsigned keep = KEEPING_NONE; keep <= KEEPING_ALL + 1; keep++) {
		bar.keep = (enum keeping)keep;
		assert_int_equal(form_of(&bar, 1), keep <= KEEPING_ALL ? ERR_OK : ERR_MALFORMED);
	}
	for (size_t i = 0; i < COUNT(no_paths); i++) {
		bar = of_path(1, no_paths[i]);
		assert_err(form_of(&bar, 1), ERR_MALFORMED);
	}
	assert_err(form_of(NULL, 0), ERR_MALFORMED); /* who bars nothing has no record */
}

/* An element written by hand: a target of another type or length, a number for `barred`. */
static void other_types_are_refused(void **state)
{
	const uint8_t long_id[ID_LEN + 1] = {1};

	(void)state;
	for (unsigned fault = 0; fault <= 6; fault++) {
		struct buf body;
		buf_init(&body, 1000);
		out_array(&body, 3);
		out_uint(&body, 1);
		out_fixed(&body, barred_org.b, ID_LEN);
		out_array(&body, 1);
		out_array(&body, 4);
		out_fixed(&body, long_id, fault == 1 ? LINE_NONCE_LEN - 1 : LINE_NONCE_LEN);
		if (fault == 2)
			out_nil(&body);
		else if (fault == 3)
			out_uint(&body, 7);
		else
			out_fixed(&body, long_id, ID_LEN + (fault == 4) - (fault == 5));
		if (fault == 6)
			out_uint(&body, 1);
		else
			out_bool(&body, true);
		out_uint(&body, 0);
		assert_err(bar_list_get(NULL, buf_bytes(&body)), fault ? ERR_MALFORMED : ERR_OK);
		buf_fini(&body);
	}
}

static void number(struct bar *bar, size_t i)
{
	bar->nonce[0] = (uint8_t)(i >> 8);
	bar->nonce[1] = (uint8_t)i;
}

/* Lines as far as they go, and a path that fills the rest; then one byte more. */
static void a_body_has_at_most_its_length(void **state)
{
	enum { LINES = 887, PATH_COST = 1 + 18 + 3 + 1 + 1 };
	struct bar *items = mem_new(LINES + 1, sizeof(*items));
	static char path[LIMIT_PATH_LEN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < LINES; i++) {
		items[i] = of_line(0, 1);
		number(&items[i], i);
	}
	struct buf body = encoded(items, LINES);
	assert_ok(bar_list_get(NULL, buf_bytes(&body)));
	size_t room = BAR_LEN_MAX - body.len - PATH_COST;
	buf_fini(&body);
	assert_true(room > 255 && room < LIMIT_PATH_LEN_MAX); /* so its head has three bytes */
	memset(path, 'a', sizeof(path) - 1);
	for (size_t i = 40; i < room - 1; i += 41)
		path[i] = '/';
	for (size_t over = 0; over < 2; over++) {
		items[LINES] = of_path(0, path);
		items[LINES].prefix.len = room + over;
		number(&items[LINES], LINES);
		body = encoded(items, LINES + 1);
		assert_int_equal(body.len, BAR_LEN_MAX + over);
		assert_err(bar_list_get(NULL, buf_bytes(&body)), over ? ERR_FULL : ERR_OK);
		buf_fini(&body);
	}
	free(items);
}

/* Of short paths more elements fit than may be. */
static void a_body_has_at_most_its_count(void **state)
{
	struct bar *items = mem_new(BAR_COUNT_MAX + 1, sizeof(*items));

	(void)state;
	for (size_t i = 0; i <= BAR_COUNT_MAX; i++) {
		items[i] = of_path(0, "m");
		number(&items[i], i);
	}
	assert_ok(form_of(items, BAR_COUNT_MAX));
	assert_err(form_of(items, BAR_COUNT_MAX + 1), ERR_MALFORMED);
	free(items);
}

static void the_slot_is_of_who_is_barred(void **state)
{
	struct record_slot slot = bar_slot(&barred_org);

	(void)state;
	assert_int_equal(slot.len, 33);
	assert_int_equal(slot.b[0], RECORD_BAR);
	assert_memory_equal(slot.b + 1, barred_org.b, ID_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_comes_back),
		cmocka_unit_test(elements_rise),
		cmocka_unit_test(every_element_has_its_form),
		cmocka_unit_test(other_types_are_refused),
		cmocka_unit_test(a_body_has_at_most_its_length),
		cmocka_unit_test(a_body_has_at_most_its_count),
		cmocka_unit_test(the_slot_is_of_who_is_barred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
