/* root: what a person types from the recovery sheet. */
#include "test/crypto/helpers.h"

#include "crypto/random.h"
#include "crypto/root.h"

/* Of the seed 0, 1, 2 ... 31, by an independent implementation. */
static const char answer[] =
	"000G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFY-YBBS";

static void known_answers(void **state)
{
	struct key seed = key_counting(), key, back;
	char text[ROOT_TEXT_LEN + 1];
	root_sign_seed(&key, &seed);
	assert_hex(key.b, 32, "e75a3dd89d40b8963ff739fef7b0d21cca513abbbd25b784ccea5614e8937779");
	root_recovery_key(&key, &seed);
	assert_hex(key.b, 32, "1e0be06717fe9fecfe7f60fa1e4a26d291b3eab04a93bf9426ccdeb01db8f036");
	root_text_put(text, &seed);
	assert_string_equal(text, answer);
	assert_ok(root_text_get(&back, answer));
	assert_true(key_eq(&seed, &back));
}

static void handwriting(void **state)
{
	static const char *const texts[] = {
		"000g-40r4-0m30-e209-185g-r38e-1w81-24gk-2gah-c5rr-34d1-p70x-3rfy-ybbs",
		"000G40R40M30E209185GR38E1W8124GK2GAHC5RR34D1P70X3RFYYBBS",
		" 000G 40R4 0M30 E209 185G R38E 1W81\n24GK 2GAH C5RR 34D1 P70X 3RFY YBBS\r\n",
		"oOoG-4oR4-OM3O-E2O9-I85G-R38E-LW8l-24GK-2GAH-C5RR-34Di-P7oX-3RFY-YBBS",
		"00-0G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFY-YB\tBS-",
	};
	struct key seed = key_counting(), back;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_ok(root_text_get(&back, texts[i]));
		assert_true(key_eq(&seed, &back));
	}
}

static void malformed(void **state)
{
	static const char *const texts[] = {
		"",
		"000G",
		"000G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFY-YBB",
		"000G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFY-YBBS0",
		"U00G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFY-YBBS",
		"000G.40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFY-YBBS",
		"\xc3\xb6G0G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFY-YBBS",
	};
	struct key back;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_err(root_text_get(&back, texts[i]), ERR_MALFORMED);
}

/* Every wrong character and every swap of neighbours must be noticed, and give no key. */
static void typing_errors(void **state)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	struct key untouched = key_filled(0xee), back = untouched;
	char text[ROOT_TEXT_LEN + 1];
	for (size_t i = 0; i < ROOT_TEXT_LEN; i++) {
		memcpy(text, answer, sizeof(text));
		if (text[i] == '-')
			continue;
		for (size_t d = 0; d < 32; d++) {
			text[i] = digits[d];
			if (text[i] != answer[i])
				assert_err(root_text_get(&back, text), ERR_DENIED);
		}
	}
	for (size_t i = 0; i + 1 < ROOT_TEXT_LEN; i++) {
		memcpy(text, answer, sizeof(text));
		text[i] = answer[i + 1];
		text[i + 1] = answer[i];
		if (text[i] != '-' && text[i + 1] != '-' && text[i] != text[i + 1])
			assert_err(root_text_get(&back, text), ERR_DENIED);
	}
	assert_true(key_eq(&back, &untouched));
}

static void round_trip(void **state)
{
	struct random random = random_seeded(1);
	for (unsigned n = 0; n < 1000; n++) {
		struct key seed, back;
		char text[ROOT_TEXT_LEN + 1];
		random_fill(&random, seed.b, KEY_LEN);
		root_text_put(text, &seed);
		assert_int_equal(strlen(text), ROOT_TEXT_LEN);
		assert_ok(root_text_get(&back, text));
		assert_true(key_eq(&seed, &back));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers), cmocka_unit_test(handwriting),
		cmocka_unit_test(malformed),     cmocka_unit_test(typing_errors),
		cmocka_unit_test(round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
