/* wrap: a wrapped key opens where it was meant, and nowhere else. */
#include "test/crypto/helpers.h"

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "crypto/wrap.h"

/* Written by an independent implementation; ephemeral secret 11.., recipient 22.., nonce 33... */
static const char answer[] = "017b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f"
			     "133333333333333333333333333333333333333333333333331277250918a1fe"
			     "0958bca809c48490d80bf1fd8195751d9042627be96ac31a31214a9c0b45f9c3"
			     "3743227733f99eb527";

static struct wrap_context context_make(void)
{
	struct wrap_context context = {
		.prefix = bytes_str("meissen/wasser"),
		.number = 3,
	};
	memset(context.granter.b, 0xa1, ID_LEN);
	memset(context.grantee.b, 0xb2, ID_LEN);
	return context;
}

static void known_answer(void **state)
{
	struct key sk = key_filled(0x22), key, wanted = key_counting();
	struct wrap_context context = context_make();
	struct wrap wrap;
	assert_ok(hex_get(wrap.b, WRAP_LEN, answer));
	assert_ok(wrap_open(&key, &wrap, &sk, &context));
	assert_true(key_eq(&key, &wanted));
}

static void round_trip(void **state)
{
	struct random random = random_seeded(1);
	struct key sk = key_filled(0x22), secret = key_counting(), key;
	struct wrap_context context = context_make();
	struct dh_pk to;
	struct wrap a, b;
	dh_pk_of(&to, &sk);
	assert_ok(wrap_seal(&a, &secret, &to, &context, &random));
	assert_ok(wrap_seal(&b, &secret, &to, &context, &random));
	/* a fresh ephemeral key each time: wraps of one key look unrelated */
	assert_memory_not_equal(a.b + 1, b.b + 1, 32);
	assert_memory_not_equal(a.b + 57, b.b + 57, 48);
	assert_ok(wrap_open(&key, &a, &sk, &context));
	assert_true(key_eq(&key, &secret));
	assert_ok(wrap_open(&key, &b, &sk, &context));
	/* the federation key has an empty Q */
	context.prefix = bytes_of(NULL, 0);
	assert_ok(wrap_seal(&a, &secret, &to, &context, &random));
	assert_ok(wrap_open(&key, &a, &sk, &context));
	assert_true(key_eq(&key, &secret));
}

/* Opens the known wrap in a context that differs in one place. */
static void refused_in(const struct wrap_context *context)
{
	struct key sk = key_filled(0x22), key;
	struct wrap wrap;
	assert_ok(hex_get(wrap.b, WRAP_LEN, answer));
	assert_err(wrap_open(&key, &wrap, &sk, context), ERR_DENIED);
}

static void every_field_of_the_context_counts(void **state)
{
	struct wrap_context context;
	for (unsigned bit = 0; bit < ID_LEN * 8; bit++) {
		context = context_make();
		context.granter.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused_in(&context);
		context = context_make();
		context.grantee.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused_in(&context);
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		context = context_make();
		context.number ^= 1ull << bit;
		refused_in(&context);
	}
	context = context_make();
	context.prefix = bytes_str("meissen");
	refused_in(&context);
	context.prefix = bytes_str("meissen/wassez");
	refused_in(&context);
	context.prefix = bytes_of(NULL, 0);
	refused_in(&context);
	context = context_make();
	struct org_id swap = context.granter;
	context.granter = context.grantee;
	context.grantee = swap;
	refused_in(&context);
}

static void every_byte_of_the_wrap_counts(void **state)
{
	struct key sk = key_filled(0x22), key;
	struct wrap_context context = context_make();
	struct wrap good, wrap;
	assert_ok(hex_get(good.b, WRAP_LEN, answer));
	for (unsigned bit = 0; bit < WRAP_LEN * 8; bit++) {
		wrap = good;
		wrap.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_err(wrap_open(&key, &wrap, &sk, &context),
			   bit < 8 ? ERR_VERSION : ERR_DENIED);
	}
	struct key other = key_filled(0x23);
	assert_err(wrap_open(&key, &good, &other, &context), ERR_DENIED);
}

static void low_order_keys_are_refused(void **state)
{
	struct random random = random_seeded(2);
	struct key sk = key_filled(0x22), secret = key_counting(), key;
	struct wrap_context context = context_make();
	struct dh_pk zero = {{0}}, one = {{1}};
	struct wrap wrap;
	assert_err(wrap_seal(&wrap, &secret, &zero, &context, &random), ERR_DENIED);
	assert_err(wrap_seal(&wrap, &secret, &one, &context, &random), ERR_DENIED);
	assert_ok(hex_get(wrap.b, WRAP_LEN, answer));
	memset(wrap.b + 1, 0, 32);
	assert_err(wrap_open(&key, &wrap, &sk, &context), ERR_DENIED);
}

static void path_length_is_limited(void **state)
{
	static const uint8_t path[LIMIT_PATH_LEN_MAX + 1];
	struct random random = random_seeded(3);
	struct key sk = key_filled(0x22), secret = key_counting(), key;
	struct wrap_context context = context_make();
	struct dh_pk to;
	struct wrap wrap, unused;
	dh_pk_of(&to, &sk);
	context.prefix = bytes_of(path, LIMIT_PATH_LEN_MAX);
	assert_ok(wrap_seal(&wrap, &secret, &to, &context, &random));
	assert_ok(wrap_open(&key, &wrap, &sk, &context));
	context.prefix.len++;
	assert_err(wrap_seal(&unused, &secret, &to, &context, &random), ERR_MALFORMED);
	assert_err(wrap_open(&key, &wrap, &sk, &context), ERR_MALFORMED);
}

static void a_key_id_names_one_key(void **state)
{
	struct dh_pk a = {{1}}, b = {{2}};
	struct wrap_key_id first, again, other;
	struct digest digest;
	wrap_key_id(&first, &a);
	wrap_key_id(&again, &a);
	wrap_key_id(&other, &b);
	assert_memory_equal(first.b, again.b, WRAP_KEY_ID_LEN);
	assert_memory_not_equal(first.b, other.b, WRAP_KEY_ID_LEN);
	hash_once(digest.b, "am1.wrapkey", id_bytes(&a));
	assert_memory_equal(first.b, digest.b, WRAP_KEY_ID_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answer),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(every_field_of_the_context_counts),
		cmocka_unit_test(every_byte_of_the_wrap_counts),
		cmocka_unit_test(low_order_keys_are_refused),
		cmocka_unit_test(path_length_is_limited),
		cmocka_unit_test(a_key_id_names_one_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
