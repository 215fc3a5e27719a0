/* sign: a signature holds for one purpose, one federation, one payload. */
#include "test/crypto/helpers.h"

#include "crypto/sign.h"

static const struct fed_id fed_fe = {{0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe,
				      0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe,
				      0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe,
				      0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe}};

static void known_answers(void **state)
{
	struct key seed = key_counting();
	struct sign_pk pk;
	struct sig sig;
	struct bytes payload = bytes_str("payload");
	sign_pk_of(&pk, &seed);
	assert_hex(pk.b, 32, "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
	assert_ok(sign_pk_admit(&pk));
	sign_make(&sig, &seed, SIGN_TAG_RECORD, &fed_fe, payload);
	assert_hex(sig.b, 64,
		   "05bca4b6a7bc4a93d151bc632db87d828c69bd84950e3f36ab41026b5af91297"
		   "8bae5197dec5ba4019f85a9849ccbd7303182c5957a3ac660403dbf5aa0a7d03");
	assert_ok(sign_check(&sig, &pk, SIGN_TAG_RECORD, &fed_fe, payload));
	sign_make(&sig, &seed, SIGN_TAG_ORGLOG, NULL, payload);
	assert_hex(sig.b, 64,
		   "0eab880f20748ce18d34252fe2378f5b406b947a09ed5952057ef51499a183d9"
		   "f44606f02551d2c25734c6e672b68d36ee27d5edbc2a9b3273421cdb56744000");
	assert_ok(sign_check(&sig, &pk, SIGN_TAG_ORGLOG, NULL, payload));
}

static void holds_only_in_its_context(void **state)
{
	static const enum sign_tag tags[] = {
#define X(name, text) SIGN_TAG_##name,
		SIGN_TAG_LIST(X)
#undef X
	};
	struct key seed = key_counting(), other_seed = key_filled(9);
	struct sign_pk pk, other;
	struct bytes payload = bytes_str("payload");
	struct sig sig;
	sign_pk_of(&pk, &seed);
	sign_pk_of(&other, &other_seed);
	for (size_t i = 0; i < COUNT(tags); i++) {
		sign_make(&sig, &seed, tags[i], &fed_fe, payload);
		for (size_t k = 0; k < COUNT(tags); k++)
			assert_err(sign_check(&sig, &pk, tags[k], &fed_fe, payload),
				   i == k ? ERR_OK : ERR_DENIED);
		assert_err(sign_check(&sig, &other, tags[i], &fed_fe, payload), ERR_DENIED);
		assert_err(sign_check(&sig, &pk, tags[i], NULL, payload), ERR_DENIED);
		for (unsigned bit = 0; bit < 256; bit++) {
			struct fed_id fed = fed_fe;
			fed.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_err(sign_check(&sig, &pk, tags[i], &fed, payload), ERR_DENIED);
		}
	}
}

static void every_bit_counts(void **state)
{
	struct key seed = key_counting();
	struct sign_pk pk;
	struct sig sig;
	uint8_t payload[20] = "payload";
	sign_pk_of(&pk, &seed);
	sign_make(&sig, &seed, SIGN_TAG_HEAD, &fed_fe, bytes_obj(&payload));
	for (unsigned bit = 0; bit < SIG_LEN * 8; bit++) {
		struct sig bad = sig;
		bad.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_err(sign_check(&bad, &pk, SIGN_TAG_HEAD, &fed_fe, bytes_obj(&payload)),
			   ERR_DENIED);
	}
	for (unsigned bit = 0; bit < sizeof(payload) * 8; bit++) {
		payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_err(sign_check(&sig, &pk, SIGN_TAG_HEAD, &fed_fe, bytes_obj(&payload)),
			   ERR_DENIED);
		payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_err(sign_check(&sig, &pk, SIGN_TAG_HEAD, &fed_fe, bytes_of(payload, 19)),
		   ERR_DENIED);
	assert_ok(sign_check(&sig, &pk, SIGN_TAG_HEAD, &fed_fe, bytes_obj(&payload)));
}

static void sizes(void **state)
{
	static const size_t lens[] = {0, 1, 47, 48, 128, 65536 - 64};
	struct key seed = key_counting();
	struct sign_pk pk;
	struct sig sig;
	uint8_t *payload = calloc(1, 65536);
	assert_non_null(payload);
	sign_pk_of(&pk, &seed);
	for (size_t i = 0; i < COUNT(lens); i++) {
		struct bytes b = bytes_of(payload, lens[i]);
		sign_make(&sig, &seed, SIGN_TAG_RECORD, &fed_fe, b);
		assert_ok(sign_check(&sig, &pk, SIGN_TAG_RECORD, &fed_fe, b));
		assert_err(sign_check(&sig, &pk, SIGN_TAG_RECORD, &fed_fe,
				      bytes_of(payload, lens[i] + 1)),
			   ERR_DENIED);
	}
	free(payload);
}

static void bad_keys_are_not_admitted(void **state)
{
	static const char *const keys[] = {
		/* neutral element, order 2, order 4 twice, order 8 */
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		/* second encodings: y = p, p + 1, p + 9 (order 2L) */
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		/* not on the curve: y = 2 */
		"0200000000000000000000000000000000000000000000000000000000000000",
		/* mixed order, from the cases of eprint 2020/1244 */
		"cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
	};
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct sign_pk pk;
		assert_ok(hex_get(pk.b, 32, keys[i]));
		assert_err(sign_pk_admit(&pk), ERR_DENIED);
	}
	for (uint8_t i = 1; i < 100; i++) {
		struct key seed = key_filled(i);
		struct sign_pk pk;
		sign_pk_of(&pk, &seed);
		assert_ok(sign_pk_admit(&pk));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(holds_only_in_its_context),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(sizes),
		cmocka_unit_test(bad_keys_are_not_admitted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
