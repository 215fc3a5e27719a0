/* bytes, check, err and limits: what every layer takes for granted. */
#include "test/crypto/helpers.h"

#include "crypto/check.h"
#include "crypto/err.h"
#include "crypto/limits.h"

/* The linker puts these in the place of malloc() and free(), see meson.build. */
void *__real_malloc(size_t size);
void __real_free(void *ptr);
void *__wrap_malloc(size_t size);
void __wrap_free(void *ptr);

struct watch {
	bool malloc_fails;
	const void *block; /* memory that must be zero when it is released */
	size_t len;
	unsigned seen;
	unsigned dirty;
};
static struct watch watch;

void *__wrap_malloc(size_t size)
{
	return watch.malloc_fails ? NULL : __real_malloc(size);
}

void __wrap_free(void *ptr)
{
	const uint8_t *p = ptr;
	if (ptr && ptr == watch.block) {
		watch.seen++;
		for (size_t i = 0; i < watch.len; i++)
			watch.dirty += p[i] != 0;
	}
	__real_free(ptr);
}

static void order_and_equality(void **state)
{
	static const struct {
		const char *a, *b;
		int sign;
	} cases[] = {{"", "", 0},    {"", "a", -1},   {"a", "a", 0},
		     {"a", "b", -1}, {"ab", "b", -1}, {"a", "ab", -1}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bytes a = bytes_str(cases[i].a), b = bytes_str(cases[i].b);
		int ab = bytes_cmp(a, b), ba = bytes_cmp(b, a);
		assert_int_equal((ab > 0) - (ab < 0), cases[i].sign);
		assert_int_equal((ba > 0) - (ba < 0), -cases[i].sign);
		assert_int_equal(bytes_eq(a, b), cases[i].sign == 0);
	}
	assert_true(bytes_eq(bytes_of(NULL, 0), bytes_str("")));
	assert_int_equal(bytes_cmp(bytes_of(NULL, 0), bytes_str("")), 0);
	/* unsigned order, as in the protocol */
	assert_true(bytes_cmp(bytes_str("\xff"), bytes_str("a")) > 0);
}

static void slices_stay_inside(void **state)
{
	struct bytes b = bytes_str("allmende");
	assert_true(bytes_eq(bytes_slice(b, 3, 2), bytes_str("me")));
	assert_true(bytes_eq(bytes_slice(b, 3, 99), bytes_str("mende")));
	assert_true(bytes_eq(bytes_slice(b, 3, SIZE_MAX), bytes_str("mende")));
	assert_int_equal(bytes_slice(b, 8, 1).len, 0);
	assert_int_equal(bytes_slice(b, SIZE_MAX, SIZE_MAX).len, 0);
}

static void big_endian(void **state)
{
	struct buf buf;
	buf_init(&buf, 100);
	buf_add_u8(&buf, 1);
	buf_add_be16(&buf, 0x0203);
	buf_add_be32(&buf, 0x04050607);
	buf_add_be64(&buf, 0x08090a0bf0f1f2f3);
	assert_ok(buf.err);
	assert_hex(buf.ptr, buf.len, "0102030405060708090a0bf0f1f2f3");
	assert_int_equal(be16_get(buf.ptr + 1), 0x0203);
	assert_int_equal(be32_get(buf.ptr + 3), 0x04050607);
	assert_int_equal(be64_get(buf.ptr + 7), 0x08090a0bf0f1f2f3);
	buf_fini(&buf);
}

static void maximum_is_sticky(void **state)
{
	struct buf buf;
	buf_init(&buf, 10);
	buf_add(&buf, bytes_str("0123456789"));
	assert_ok(buf.err);
	buf_add(&buf, bytes_str(""));
	assert_ok(buf.err);
	buf_add_u8(&buf, 'x');
	assert_err(buf.err, ERR_FULL);
	buf_drop(&buf, 5);
	/* there is room now, but a part is already missing */
	buf_add_u8(&buf, 'x');
	assert_null(buf_space(&buf, 1));
	assert_true(bytes_eq(buf_bytes(&buf), bytes_str("56789")));
	buf_reset(&buf);
	assert_ok(buf.err);
	assert_int_equal(buf.len, 0);
	assert_null(buf_space(&buf, SIZE_MAX));
	assert_err(buf.err, ERR_FULL);
	buf_fini(&buf);
	assert_ok(buf.err);
	buf_add(&buf, bytes_str("again"));
	assert_true(bytes_eq(buf_bytes(&buf), bytes_str("again")));
	buf_fini(&buf);
}

static void every_size_is_kept(void **state)
{
	struct buf buf;
	buf_init(&buf, SIZE_MAX);
	for (unsigned i = 0; i < 5000; i++)
		buf_add_u8(&buf, (uint8_t)(i * 7));
	assert_ok(buf.err);
	assert_int_equal(buf.len, 5000);
	buf_drop(&buf, 1234);
	for (unsigned i = 0; i < buf.len; i++)
		assert_int_equal(buf.ptr[i], (uint8_t)((i + 1234) * 7));
	buf_drop(&buf, buf.len);
	assert_int_equal(buf.len, 0);
	buf_fini(&buf);
}

static void memory_gone_is_an_error(void **state)
{
	struct buf buf;
	buf_init(&buf, 1000);
	buf_add(&buf, bytes_str("kept"));
	watch.malloc_fails = true;
	uint8_t *space = buf_space(&buf, 500);
	watch.malloc_fails = false;
	assert_null(space);
	assert_err(buf.err, ERR_NOMEM);
	assert_true(bytes_eq(buf_bytes(&buf), bytes_str("kept")));
	buf_fini(&buf);
}

static void secrets_do_not_stay_behind(void **state)
{
	struct buf buf;
	uint8_t secret[64];
	memset(secret, 0x5e, sizeof(secret));
	buf_init(&buf, 1000);
	buf_add(&buf, bytes_obj(&secret));
	watch = (struct watch){.block = buf.ptr, .len = buf.cap};
	buf_add(&buf, bytes_obj(&secret)); /* grows: the old block goes */
	assert_int_equal(watch.seen, 1);
	assert_int_equal(watch.dirty, 0);
	buf_drop(&buf, 100);
	watch = (struct watch){.block = buf.ptr, .len = buf.cap};
	buf_fini_wipe(&buf);
	assert_int_equal(watch.seen, 1);
	assert_int_equal(watch.dirty, 0);
	watch = (struct watch){0};
}

static void failed_check(void *arg)
{
	check(arg != arg);
}

static void drop_too_much(void *arg)
{
	struct buf buf;
	buf_init(&buf, 10);
	buf_add_u8(&buf, 1);
	buf_drop(&buf, 2);
	buf_fini(&buf);
}

static void impossible_memory(void *arg)
{
	/* volatile: the compiler must not foresee it */
	volatile size_t count = SIZE_MAX / 2;
	free(mem_new(count, 8));
}

static void impossible_growth(void *arg)
{
	volatile size_t count = SIZE_MAX / 2;
	free(mem_grow(NULL, count, 8));
}

static void own_mistakes_end_the_program(void **state)
{
	check(state);
	assert_true(dies(failed_check, NULL));
	assert_true(dies(drop_too_much, NULL));
	assert_true(dies(impossible_memory, NULL));
	assert_true(dies(impossible_growth, NULL));
}

static void memory_helpers(void **state)
{
	uint32_t *numbers = mem_new(3, sizeof(*numbers));
	assert_int_equal(numbers[0] | numbers[1] | numbers[2], 0);
	numbers[2] = 7;
	numbers = mem_grow(numbers, 1000, sizeof(*numbers));
	assert_int_equal(numbers[2], 7);
	numbers[999] = 1;
	free(numbers);
	char *text = mem_str("meissen");
	assert_string_equal(text, "meissen");
	free(text);
}

static void errors_have_texts(void **state)
{
	static const enum err codes[] = {
#define X(NAME, text) ERR_##NAME,
		ERR_LIST(X)
#undef X
	};
	for (size_t i = 0; i < COUNT(codes); i++) {
		assert_int_equal(codes[i], i);
		assert_true(strlen(err_text(codes[i])) > 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(err_text(codes[i]), err_text(codes[k]));
	}
	assert_int_equal(ERR_OK, 0);
}

static void limits_fit_together(void **state)
{
	struct limits l = limits_default();
	assert_int_equal(l.peer_count_max, 256);
	assert_int_equal(l.half_open_max, 64);
	assert_int_equal(l.rekey_byte_count, 1ull << 30);
	assert_int_equal(l.session_ms_max, 86400000);
	assert_int_equal(l.head_valid_ms, 93600000);
	assert_int_equal(l.all_queue_bytes_max, 134217728);
	assert_true(l.ping_ms < l.silence_ms_max);
	assert_true(l.head_renew_ms < l.head_valid_ms);
	assert_true(l.dial_backoff_ms_min < l.dial_backoff_ms_max);
	/* one message of any kind must fit into the queue and the window of its channel */
	assert_true(LIMIT_MESSAGE_LEN_MAX <= l.channel_credit_bytes);
	assert_true(l.channel_credit_bytes < l.peer_queue_bytes_max);
	assert_true(LIMIT_MESSAGE_LEN_MAX <= l.bulk_credit_bytes);
	assert_true(LIMIT_CHUNK_LEN_MAX < LIMIT_MESSAGE_LEN_MAX);
	/* header and tag of the chunk, header of the padded text */
	assert_true(LIMIT_CHUNK_LEN_MAX > LIMIT_CHUNK_PLAIN_MAX + 74 + 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_and_equality),
		cmocka_unit_test(slices_stay_inside),
		cmocka_unit_test(big_endian),
		cmocka_unit_test(maximum_is_sticky),
		cmocka_unit_test(every_size_is_kept),
		cmocka_unit_test(memory_gone_is_an_error),
		cmocka_unit_test(secrets_do_not_stay_behind),
		cmocka_unit_test(own_mistakes_end_the_program),
		cmocka_unit_test(memory_helpers),
		cmocka_unit_test(errors_have_texts),
		cmocka_unit_test(limits_fit_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
