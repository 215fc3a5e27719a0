/* secret: guarded memory really is guarded. */
#include "test/crypto/helpers.h"

#include "crypto/selftest.h"

static void read_behind(void *arg)
{
	struct bytes b = secret_bytes(arg);
	volatile const uint8_t *p = b.ptr;
	(void)p[b.len];
}

static void write_into(void *arg)
{
	volatile uint8_t *p = (uint8_t *)secret_bytes(arg).ptr;
	p[0] = 1;
}

static void as_key(void *arg)
{
	(void)secret_key(arg);
}

static void holds_a_copy(void **state)
{
	struct key key = key_counting(), copy = key;
	struct secret *secret = secret_open(bytes_obj(&key));
	key_wipe(&key);
	assert_true(key_eq(secret_key(secret), &copy));
	assert_true(bytes_eq(secret_bytes(secret), bytes_obj(&copy)));
	secret_close(secret);
	secret_close(NULL);
}

static void is_guarded(void **state)
{
	static const size_t lens[] = {1, 16, 32, 64, 4096, 5000};
	uint8_t from[5000];
	memset(from, 0x77, sizeof(from));
	for (size_t i = 0; i < COUNT(lens); i++) {
		struct secret *secret = secret_open(bytes_of(from, lens[i]));
		assert_true(bytes_eq(secret_bytes(secret), bytes_of(from, lens[i])));
		assert_true(dies(read_behind, secret));
		assert_true(dies(write_into, secret));
		secret_close(secret);
	}
}

static void other_lengths_are_no_keys(void **state)
{
	struct secret *secret = secret_open(bytes_str("31 bytes are not enough for it."));
	assert_int_equal(secret_bytes(secret).len, 31);
	assert_true(dies(as_key, secret));
	secret_close(secret);
	secret = secret_open(bytes_of(NULL, 0));
	assert_int_equal(secret_bytes(secret).len, 0);
	secret_close(secret);
}

static void wiping(void **state)
{
	struct key key = key_counting(), zero = {{0}};
	uint8_t part[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	key_wipe(&key);
	assert_memory_equal(&key, &zero, sizeof(key));
	secret_wipe(part + 2, 4);
	assert_hex(part, 8, "0102000000000708");
	secret_wipe(NULL, 0);
}

static void equality_sees_every_byte(void **state)
{
	struct key a = key_counting();
	for (unsigned i = 0; i < KEY_LEN * 8; i++) {
		struct key b = a;
		b.b[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(key_eq(&a, &b));
	}
	assert_true(key_eq(&a, &a));
}

int main(void)
{
	const char *what = "";
	if (selftest_run(&what)) {
		fprintf(stderr, "%s\n", what);
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_a_copy),
		cmocka_unit_test(is_guarded),
		cmocka_unit_test(other_lengths_are_no_keys),
		cmocka_unit_test(wiping),
		cmocka_unit_test(equality_sees_every_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
