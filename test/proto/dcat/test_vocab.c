/* vocab: every term is found by its code and its IRI; nearest terms, file types, places. */
#include "test/crypto/helpers.h"

#include "proto/content/form.h"
#include "proto/dcat/vocab.h"

static void every_term_is_found(void **state)
{
	static const size_t counts[VOCAB_END] = {
		[VOCAB_THEME] = 14,      [VOCAB_LICENSE] = 34,     [VOCAB_FREQUENCY] = 40,
		[VOCAB_FILE_TYPE] = 198, [VOCAB_ACCESS] = 3,       [VOCAB_AVAILABILITY] = 5,
		[VOCAB_STATUS] = 5,      [VOCAB_LANGUAGE] = 399,   [VOCAB_LEVEL] = 6,
		[VOCAB_HVD] = 96,        [VOCAB_CONTRIBUTOR] = 69, [VOCAB_PUBLISHER_TYPE] = 11,
	};

	for (enum vocab vocab = 0; vocab < VOCAB_END; vocab++) {
		const struct vocab_term *term;
		size_t i = 0;

		for (; (term = vocab_at(vocab, i)); i++) {
			struct bytes iri = bytes_str(term->iri);

			assert_ptr_equal(vocab_find(vocab, bytes_str(term->code)), term);
			assert_ptr_equal(vocab_find(vocab, iri), term);
			assert_true(form_code(bytes_str(term->code)) && form_iri(iri));
			assert_true(*term->de && *term->en);
			assert_int_equal(strlen(vocab_base(vocab)) + strlen(term->code), iri.len);
			assert_true(!term->parent || vocab_find(vocab, bytes_str(term->parent)));
		}
		if (i != counts[vocab])
			fail_msg("%s: %zu terms", vocab_name(vocab), i);
		assert_null(vocab_find(vocab, bytes_str("")));
		assert_null(vocab_find(vocab, bytes_str(vocab_base(vocab))));
	}
}

static const char *code(enum vocab vocab, const char *text)
{
	const struct vocab_term *term = vocab_find(vocab, bytes_str(text));

	return term ? term->code : "";
}

static void terms_are_found_as_people_write_them(void **state)
{
	assert_string_equal(code(VOCAB_THEME, "envi"), "ENVI");
	assert_string_equal(code(VOCAB_LANGUAGE, "de"), "DEU");
	assert_string_equal(code(VOCAB_LICENSE, "https://dcat-ap.de/def/licenses/dl-by-de/2.0"),
			    "dl-by-de/2.0");
	assert_string_equal(code(VOCAB_LICENSE, "HTTP://dcat-ap.de/def/licenses/CC-ZERO"),
			    "cc-zero");
	assert_string_equal(code(VOCAB_LICENSE, "http://dcat-ap.de/def/licenses/dl-by-de/2.0/"),
			    "");
	assert_string_equal(code(VOCAB_LICENSE, "ftp://dcat-ap.de/def/licenses/cc-zero"), "");
	assert_true(vocab_find(VOCAB_LICENSE, bytes_str("dl-by-de/2.0"))->is_by);
	assert_false(vocab_find(VOCAB_LICENSE, bytes_str("dl-zero-de/2.0"))->is_by);
	assert_false(vocab_find(VOCAB_LICENSE, bytes_str("cc-by-nc/4.0"))->is_open);
	assert_string_equal(vocab_find(VOCAB_HVD, bytes_str("c_43f88346"))->parent, "c_dd313021");
}

static void the_nearest_comes_first(void **state)
{
	static const struct {
		enum vocab vocab;
		const char *text, *wants;
	} cases[] = {
		{VOCAB_THEME, "ENV", "ENVI"},
		{VOCAB_THEME, "Umwelt", "ENVI"},
		{VOCAB_THEME, "transport", "TRAN"},
		{VOCAB_LICENSE, "dl-by-de-2.0", "dl-by-de/2.0"},
		{VOCAB_LICENSE, "http://dcat-ap.de/def/licenses/cc-by/4", "cc-by/4.0"},
		{VOCAB_FREQUENCY, "täglich", "DAILY"},
		{VOCAB_LEVEL, "gemeinde", "municipality"},
		{VOCAB_ACCESS, "PUBLIK", "PUBLIC"},
		{VOCAB_CONTRIBUTOR, "sachsen", "freistaatSachsen"},
	};
	const struct vocab_term *found[3];

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(vocab_nearest(cases[i].vocab, bytes_str(cases[i].text), found, 3),
				 3);
		if (strcmp(found[0]->code, cases[i].wants) != 0)
			fail_msg("\"%s\": nearest is %s", cases[i].text, found[0]->code);
		assert_true(found[1] != found[0] && found[2] != found[1] && found[2] != found[0]);
	}
	assert_int_equal(vocab_nearest(VOCAB_ACCESS, bytes_str(""), found, 2), 2);
	char longest[3000];
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(vocab_nearest(VOCAB_LANGUAGE, bytes_obj(&longest), found, 3), 3);
}

static void files_have_types(void **state)
{
	static const struct {
		const char *name, *media_type, *wants;
	} cases[] = {
		{"a.csv", "", "CSV"},
		{"kita/A.GeoJSON", "application/json", "GEOJSON"},
		{"a.tar.gz", "application/gzip", "TAR_GZ"},
		{"a.gz", "", "GZIP"},
		{"stops", "text/csv; charset=utf-8", "CSV"},
		{"a.unknown", "application/pdf", "PDF"},
		{"a.xlsx", "application/octet-stream", "XLSX"},
		{".csv", "", "CSV"},
		{"csv", "", ""},
		{"a.unknown", "application/x-nothing", ""},
		{"", "", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct vocab_term *term =
			vocab_file_type(bytes_str(cases[i].name), bytes_str(cases[i].media_type));

		if (strcmp(term ? term->code : "", cases[i].wants) != 0)
			fail_msg("%s is %s", cases[i].name, term ? term->code : "nothing");
	}
}

static void places_have_iris(void **state)
{
	static const char *const cases[][2] = {
		{"14", "stateKey/14"},
		{"145", "governmentDistrictKey/145"},
		{"14627", "districtKey/14627"},
		{"14627140", "municipalityKey/14627140"},
		{"146275231", "municipalAssociationKey/146275231"},
		{"146270140140", "regionalKey/146270140140"},
	};
	struct buf out;

	buf_init(&out, 200);
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_reset(&out);
		assert_true(vocab_place_iri(&out, bytes_str(cases[i][0])));
		const char *base = "http://dcat-ap.de/def/politicalGeocoding/";
		assert_int_equal(out.len, strlen(base) + strlen(cases[i][1]));
		assert_memory_equal(out.ptr + strlen(base), cases[i][1], strlen(cases[i][1]));
	}
	assert_false(vocab_place_iri(&out, bytes_str("1462714")));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_term_is_found),
		cmocka_unit_test(terms_are_found_as_people_write_them),
		cmocka_unit_test(the_nearest_comes_first),
		cmocka_unit_test(files_have_types),
		cmocka_unit_test(places_have_iris),
	};
	return cmocka_run_group_tests_name("vocab", tests, NULL, NULL);
}
