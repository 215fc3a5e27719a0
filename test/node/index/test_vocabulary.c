/* What words are meant: by a part, and one letter away; against a slow way of telling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/random.h"
#include "node/index/vocabulary.h"

static void add(struct vocabulary *vocabulary, const char *word)
{
	vocabulary_put(vocabulary, bytes_str(word), 1, PLACE_TEXT);
}

static bool note(void *arg, struct bytes word, uint32_t uses)
{
	struct buf *out = arg;

	buf_add(out, word);
	buf_add_u8(out, ' ');
	return true;
}

static void expect(const struct buf *out, const char *words)
{
	if (!bytes_eq(buf_bytes(out), bytes_str(words)))
		fail_msg("found \"%.*s\" instead of \"%s\"", (int)out->len, (char *)out->ptr,
			 words);
}

static void parts(void **state)
{
	struct vocabulary vocabulary;
	struct buf out;

	vocabulary_init(&vocabulary);
	buf_init(&out, 4096);
	add(&vocabulary, "kindertagesstaetten");
	add(&vocabulary, "tag");
	add(&vocabulary, "montag");
	add(&vocabulary, "tagtag");
	add(&vocabulary, "ta");
	vocabulary_parts(&vocabulary, bytes_str("tag"), note, &out);
	expect(&out, "kindertagesstaetten tag montag tagtag ");
	buf_reset(&out);
	vocabulary_parts(&vocabulary, bytes_str("ta"), note, &out); /* too short */
	expect(&out, "");
	vocabulary_drop(&vocabulary, bytes_str("montag"), 1);
	vocabulary_drop(&vocabulary, bytes_str("nichts"), 1);
	vocabulary_parts(&vocabulary, bytes_str("tag"), note, &out);
	expect(&out, "kindertagesstaetten tag tagtag ");
	buf_fini(&out);
	vocabulary_fini(&vocabulary);
}

static void uses(void **state)
{
	struct vocabulary vocabulary;

	vocabulary_init(&vocabulary);
	vocabulary_add(&vocabulary, bytes_str("a"), 2);
	add(&vocabulary, "a");
	assert_int_equal(vocabulary_uses(&vocabulary, bytes_str("a")), 3);
	for (int i = 0; i < 5; i++)
		vocabulary_drop(&vocabulary, bytes_str("a"), 1);
	assert_int_equal(vocabulary_uses(&vocabulary, bytes_str("a")), 0);
	add(&vocabulary, "a");
	assert_int_equal(vocabulary_uses(&vocabulary, bytes_str("a")), 1);
	vocabulary_fini(&vocabulary);
}

/* Far more words than places at first, most of which go again. */
static void many(void **state)
{
	struct vocabulary vocabulary;
	char word[32];

	vocabulary_init(&vocabulary);
	for (int i = 0; i < 30000; i++) {
		snprintf(word, sizeof(word), "wort%d", i);
		add(&vocabulary, word);
	}
	for (int i = 0; i < 30000; i++) {
		snprintf(word, sizeof(word), "wort%d", i);
		if (i % 10)
			vocabulary_drop(&vocabulary, bytes_str(word), 1);
	}
	assert_true(vocabulary.count < 15000); /* the text was made anew */
	for (int i = 0; i < 30000; i++) {
		snprintf(word, sizeof(word), "wort%d", i);
		assert_int_equal(vocabulary_uses(&vocabulary, bytes_str(word)), i % 10 == 0);
	}
	vocabulary_fini(&vocabulary);
}

/* ---- places ---- */

enum { MANY = 32 };

static bool want(void *arg, struct bytes word)
{
	buf_add(arg, word);
	buf_add_u8(arg, ' ');
	return true;
}

static void expect_places(const struct vocabulary *vocabulary, const char *word, const char *places)
{
	const struct postings *postings = vocabulary_postings(vocabulary, bytes_str(word));
	char text[64];
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; postings && i < postings->count; i++) {
		snprintf(text, sizeof(text), "%u:%u ", postings->items[i] >> PLACE_BITS,
			 postings->items[i] & PLACE_MASK);
		buf_add(&out, bytes_str(text));
	}
	expect(&out, places);
	buf_fini(&out);
}

/* Words that many items have are wanted, and then kept, item by item, in their order. */
static void places(void **state)
{
	struct vocabulary vocabulary;
	struct buf out;

	vocabulary_init(&vocabulary);
	buf_init(&out, 4096);
	for (uint32_t i = 1; i < POSTINGS_MIN; i++)
		vocabulary_put(&vocabulary, bytes_str("oft"), i, PLACE_TEXT);
	vocabulary_put(&vocabulary, bytes_str("selten"), 1, PLACE_TEXT);
	vocabulary_wanted(&vocabulary, want, &out);
	expect(&out, "");
	vocabulary_put(&vocabulary, bytes_str("oft"), 99, PLACE_TITLE);
	vocabulary_wanted(&vocabulary, want, &out);
	expect(&out, "oft ");
	for (uint32_t i = POSTINGS_MIN; i < MANY; i++)
		vocabulary_put(&vocabulary, bytes_str("oft"), i, PLACE_TEXT);
	assert_null(vocabulary_postings(&vocabulary, bytes_str("oft")));
	struct postings postings = {0};
	for (uint32_t i = MANY; i-- > 1;)
		postings_put(&postings, i == 5 ? 99 : i, PLACE_TEXT);
	postings_put(&postings, 99, PLACE_TITLE);
	vocabulary_give(&vocabulary, bytes_str("oft"), &postings);
	buf_reset(&out);
	vocabulary_wanted(&vocabulary, want, &out);
	expect(&out, "");
	for (uint32_t i = 10; i < MANY; i++)
		vocabulary_drop(&vocabulary, bytes_str("oft"), i);
	vocabulary_put(&vocabulary, bytes_str("oft"), 7, PLACE_KEYWORD);
	vocabulary_put(&vocabulary, bytes_str("oft"), 3, PLACE_PATH);
	expect_places(&vocabulary, "oft", "1:8 2:8 3:12 4:8 6:8 7:10 8:8 9:8 99:9 ");
	for (uint32_t i = 1; i < 10; i++)
		vocabulary_drop(&vocabulary, bytes_str("oft"), i);
	vocabulary_drop(&vocabulary, bytes_str("oft"), 99);
	assert_null(vocabulary_postings(&vocabulary, bytes_str("oft"))); /* too few again */
	buf_fini(&out);
	vocabulary_fini(&vocabulary);
}

/* ---- one letter away ---- */

/* Of all that one fault makes of the word, whether the text is it (whole), or holds it. */
static bool slow_near(const char *word, const char *text, bool whole)
{
	size_t len = strlen(word);
	char made[64];

	for (size_t i = 0; i <= len; i++) {
		for (char c = 'a'; c <= 'c'; c++) {
			snprintf(made, sizeof(made), "%.*s%c%s", (int)i, word, c, word + i);
			if (whole ? !strcmp(made, text) : strstr(text, made) != NULL)
				return true;
			if (i == len)
				continue;
			snprintf(made, sizeof(made), "%s", word);
			made[i] = c;
			if (whole ? !strcmp(made, text) : strstr(text, made) != NULL)
				return true;
		}
		if (i == len)
			continue;
		snprintf(made, sizeof(made), "%.*s%s", (int)i, word, word + i + 1);
		if (whole ? !strcmp(made, text) : strstr(text, made) != NULL)
			return true;
		snprintf(made, sizeof(made), "%s", word);
		if (i + 1 < len) {
			made[i] = word[i + 1];
			made[i + 1] = word[i];
		}
		if (whole ? !strcmp(made, text) : strstr(text, made) != NULL)
			return true;
	}
	return false;
}

static bool find(void *arg, struct bytes word, uint32_t uses_count)
{
	*(bool *)arg = true;
	return true;
}

/* Whatever the words: what is one fault away is found, and nothing that is further. */
static void near_whole_words(void **state)
{
	struct random random = random_seeded(3);

	for (int round = 0; round < 20000; round++) {
		char word[16] = "", text[16] = "";
		struct vocabulary vocabulary;
		size_t len = 4 + random_below(&random, 4), text_len = 3 + random_below(&random, 6);
		bool found = false;

		for (size_t i = 0; i < len; i++)
			word[i] = (char)('a' + random_below(&random, 3));
		for (size_t i = 0; i < text_len; i++)
			text[i] = random_below(&random, 5) && i < len
					  ? word[i]
					  : (char)('a' + random_below(&random, 3));
		vocabulary_init(&vocabulary);
		add(&vocabulary, text);
		vocabulary_near(&vocabulary, bytes_str(word), find, &found);
		if (found != slow_near(word, text, true))
			fail_msg("\"%s\" by \"%s\": %s", text, word, found ? "found" : "not found");
		vocabulary_fini(&vocabulary);
	}
}

static void near_parts(void **state)
{
	static const struct {
		const char *word, *text;
		bool found;
	} cases[] = {
		{"tagestaette", "kindertagesstaetten", true},  /* one is missing */
		{"tagesstaotte", "kindertagesstaetten", true}, /* another one, in the second half */
		{"tagesstaett", "kindertagesstaetten", true},  /* a part as it is */
		{"tahesstaette", "kindertagesstaetten", true}, /* in the first half */
		{"atgesstaette", "kindertagesstaetten", true}, /* two changed places */
		{"tagessxtaette", "kindertagesstaetten", true}, /* one too many */
		{"tahesstaate", "kindertagesstaetten", false},  /* two faults */
		{"tagxxx", "kindertagesstaetten", false},       /* too short for parts */
		{"staettentag", "kindertagesstaetten", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vocabulary vocabulary;
		bool found = false;

		vocabulary_init(&vocabulary);
		add(&vocabulary, "davor");
		add(&vocabulary, cases[i].text);
		add(&vocabulary, "danach");
		vocabulary_near(&vocabulary, bytes_str(cases[i].word), find, &found);
		if (found != cases[i].found)
			fail_msg("\"%s\" by \"%s\": %s", cases[i].text, cases[i].word,
				 found ? "found" : "not found");
		vocabulary_fini(&vocabulary);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),      cmocka_unit_test(uses),
		cmocka_unit_test(many),       cmocka_unit_test(near_whole_words),
		cmocka_unit_test(near_parts), cmocka_unit_test(places),
	};

	return cmocka_run_group_tests_name("vocabulary", tests, NULL, NULL);
}
