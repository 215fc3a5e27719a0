/* words: what is read over the telephone is what was meant, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "proto/wire/words.h"

static const struct fed_id fed = {{1, 2, 3}};
static const struct org_id org = {{4, 5, 6}};

/* The table is the published list, and the list is what a telephone needs. */
static void the_list_is_the_published_one(void **state)
{
	FILE *file = fopen("docs/words.txt", "r");
	char line[64];
	unsigned count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		assert_true(count < WORDS_COUNT);
		assert_string_equal(line, words_list[count]);
		assert_true(strlen(line) >= 4 && strlen(line) <= WORDS_WORD_LEN_MAX);
		assert_int_equal(strspn(line, "abcdefghijklmnopqrstuvwxyz"), strlen(line));
		/* In order, and different within four letters. */
		if (count > 0)
			assert_true(strncmp(words_list[count - 1], line, 4) < 0);
		count++;
	}
	fclose(file);
	assert_int_equal(count, WORDS_COUNT);
}

/* Word by word from the bits, written another way than the code does. */
static void six_words_are_sixty_bits(void **state)
{
	uint8_t both[64], hash[ID_LEN];
	char six[WORDS_TEXT_LEN], expected[WORDS_TEXT_LEN] = "";

	memcpy(both, fed.b, 32);
	memcpy(both + 32, org.b, 32);
	hash_once(hash, "am1.words", bytes_obj(&both));
	for (unsigned word = 0; word < 6; word++) {
		unsigned number = 0;
		for (unsigned bit = word * 10; bit < word * 10 + 10; bit++)
			number = number * 2 + (hash[bit / 8] >> (7 - bit % 8) & 1);
		strcat(expected, words_list[number]);
		if (word < 5)
			strcat(expected, " ");
	}
	words_of(six, &fed, &org);
	assert_string_equal(six, expected);
}

static void others_have_other_words(void **state)
{
	struct fed_id other_fed = fed;
	struct org_id other_org = org;
	char six[WORDS_TEXT_LEN], other[WORDS_TEXT_LEN];

	words_of(six, &fed, &org);
	other_org.b[31] ^= 1;
	words_of(other, &fed, &other_org);
	assert_false(words_match(other, six));
	other_fed.b[0] ^= 1;
	words_of(other, &other_fed, &org);
	assert_false(words_match(other, six));
}

static void typing_is_forgiven(void **state)
{
	static const char six[] = "kaefer loeffel schloss adler burg zypresse";
	static const char *const same[] = {
		"kaefer loeffel schloss adler burg zypresse",
		"Käfer, Löffel, Schloß, ADLER, Burg, Zypresse.",
		"1. KÄFER\n2. Lo\314\210ffel\n3. Schloss\n4. Adler\n5. Burg\n6. Zypresse\n",
		"  kaefer-loeffel-schloss-adler-burg-zypresse ",
		"kaeffer loefel schlos adler burg zypreße",
	};
	static const char *const wrong[] = {
		"",
		"kaefer",
		"kaefer loeffel schloss adler burg",
		"kaefer loeffel schloss adler burg zypresse abend",
		"loeffel kaefer schloss adler burg zypresse",
		"kaefer loeffel schloss adler burg zypr esse",
		"kaefer loeffel schloss adler bur zypresse",
		"kafer loffel schloss adler burg zypresse",
		"kaefer loeffel schloss adler berg zypresse",
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		assert_true(words_match(same[i], six));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(words_match(wrong[i], six));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_is_the_published_one),
		cmocka_unit_test(six_words_are_sixty_bits),
		cmocka_unit_test(others_have_other_words),
		cmocka_unit_test(typing_is_forgiven),
	};
	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
