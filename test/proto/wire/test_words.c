/* words: what is read over the telephone is what was meant, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/wire/words.h"

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
	static const uint64_t cases[] = {0, UINT64_MAX, 0x0123456789abcdef, 0xfffffffffffffff0, 15};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char six[WORDS_TEXT_LEN], expected[WORDS_TEXT_LEN] = "";
		for (unsigned word = 0; word < 6; word++) {
			unsigned number = 0;
			for (unsigned bit = word * 10; bit < word * 10 + 10; bit++)
				number = number * 2 + (unsigned)(cases[i] >> (63 - bit) & 1);
			strcat(expected, words_list[number]);
			if (word < 5)
				strcat(expected, " ");
		}
		words_of(six, cases[i]);
		assert_string_equal(six, expected);
	}
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
		cmocka_unit_test(typing_is_forgiven),
	};
	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
