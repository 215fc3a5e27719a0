/* Texts as a search compares them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/index/fold.h"

static void folded_as_people_type_it(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""},
		{"Kita 2026", "kita 2026"},
		{"STRASSE straße Straße", "strasse strasse strasse"},
		{"Plätze PLÄTZE Plaetze", "plaetze plaetze plaetze"},
		{"Öl Übung öl übung", "oel uebung oel uebung"},
		{"a\xcc\x88 u\xcc\x88 o\xcc\x88", "ae ue oe"}, /* combining marks */
		{"i\xcc\x88", "i"},
		{"Bautzen Budyšin Łužica Wojerecy", "bautzen budysin luzica wojerecy"},
		{"Chóśebuz Hórka", "chosebuz horka"},
		{"café Ærø Œuvre Þór", "cafe aeroe oeuvre thor"},
		{"10 × 3 ÷ 2 €", "10 × 3 ÷ 2 €"},
		{"Київ 京都", "Київ 京都"}, /* other scripts stay as they are */
		{"ende\xc3", "ende\xc3"},
		{"\xc3(", "\xc3("},
		{"\xff\xfe", "\xff\xfe"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;
		size_t len = strlen(cases[i].in);

		/* The promise about the length holds for the shortest buffer that it allows. */
		buf_init(&out, 2 * len + 1);
		fold_text(&out, bytes_str(cases[i].in), FOLD_SPELLED);
		assert_int_equal(out.err, ERR_OK);
		if (!bytes_eq(buf_bytes(&out), bytes_str(cases[i].out)))
			fail_msg("\"%s\" became \"%.*s\"", cases[i].in, (int)out.len, out.ptr);
		buf_fini(&out);
	}
}

static void bare_letters(void **state)
{
	struct buf out;

	buf_init(&out, 256);
	fold_text(&out, bytes_str("Plätze Öl Übung Maße a\xcc\x88 Ærø Łuž"), FOLD_BARE);
	assert_true(bytes_eq(buf_bytes(&out), bytes_str("platze ol ubung masse a aeroe luz")));
	buf_fini(&out);
}

static void words_in_their_forms(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""},
		{" - ,", ""},
		{"Kita-Plätze 2026", "kita plaetze platze 2026 "},
		{"meissen/kita/plaetze", "meissen kita plaetze "},
		{"Meißen–Riesa\xc2\xa0(km²)",
		 "meissen riesa km "}, /* a dash, a hard blank, a digit */
		{"„Bäume“", "baeume baume "},
		{"Київ\xff京都", "Київ 京都 "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;

		buf_init(&out, 256);
		fold_words(&out, bytes_str(cases[i].in));
		assert_int_equal(out.err, ERR_OK);
		if (!bytes_eq(buf_bytes(&out), bytes_str(cases[i].out)))
			fail_msg("\"%s\" became \"%.*s\"", cases[i].in, (int)out.len, out.ptr);
		buf_fini(&out);
	}
}

/* A word that is too long is cut off, between two characters. */
static void long_words(void **state)
{
	char text[200];
	struct buf out;

	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	buf_init(&out, 4096);
	fold_words(&out, bytes_of(text, sizeof(text)));
	assert_int_equal(out.len, 2 * (FOLD_WORD_LEN_MAX / 2) + 1 + FOLD_WORD_LEN_MAX / 2 + 1);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded_as_people_type_it),
		cmocka_unit_test(bare_letters),
		cmocka_unit_test(words_in_their_forms),
		cmocka_unit_test(long_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
