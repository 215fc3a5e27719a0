/* Texts as a search compares them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/api/fold.h"

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
		fold_text(&out, bytes_str(cases[i].in));
		assert_int_equal(out.err, ERR_OK);
		if (!bytes_eq(buf_bytes(&out), bytes_str(cases[i].out)))
			fail_msg("\"%s\" became \"%.*s\"", cases[i].in, (int)out.len, out.ptr);
		buf_fini(&out);
	}
}

static void words_are_found_within(void **state)
{
	assert_true(fold_has(bytes_str("kitaplaetze"), bytes_str("plaetze")));
	assert_true(fold_has(bytes_str("kita"), bytes_str("kita")));
	assert_false(fold_has(bytes_str("kit"), bytes_str("kita")));
	assert_false(fold_has(bytes_of(NULL, 0), bytes_str("a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded_as_people_type_it),
		cmocka_unit_test(words_are_found_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
