/* metadata: JSON comes in and goes out again, and what is wrong with it is said. */
#include "test/crypto/helpers.h"

#include <jansson.h>

#include "proto/dcat/metadata.h"

static const char all[] =
	"{'title': 'Freie Kita-Plätze', 'description': 'Stand\\nheute', 'keywords': ['kita', "
	"'plätze'],"
	" 'themes': ['EDUC', 'SOCI'], 'license': 'dl-by-de/2.0', 'attribution': 'Stadt Meißen',"
	" 'publisher': {'name': 'Stadt Meißen', 'url': 'https://www.stadt-meissen.de'},"
	" 'contact': {'name': 'Schulamt', 'email': 'schule@meissen.example',"
	" 'url': 'https://meissen.example/schule', 'phone': '+49 3521 467-0'},"
	" 'place': {'key': '14627140', 'name': 'Meißen', 'bbox': [13.43, 51.11, 13.5500001, 51.2]},"
	" 'time': {'from': '2026-01-01', 'to': '2026-12-31'}, 'frequency': 'DAILY',"
	" 'identifier': 'kita-1', 'issued': '2026-01-31T12:00:00Z', 'hvd_categories': "
	"['c_f2b50efd'],"
	" 'legislation': ['http://data.europa.eu/eli/reg_impl/2023/138/oj'],"
	" 'political_level': 'municipality',"
	" 'contributor_ids': ['http://dcat-ap.de/def/contributors/freistaatSachsen'],"
	" 'languages': ['DEU'], 'landing_page': 'https://meissen.example/kita',"
	" 'access_rights': 'PUBLIC', 'availability': 'STABLE', 'provenance': 'Meldungen der "
	"Träger'}";

/* ' stands for " */
static json_t *json_of(const char *text)
{
	char *copy = strdup(text);
	json_error_t error;

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	json_t *json = json_loads(copy, 0, &error);
	if (!json)
		fail_msg("%s: %s", error.text, copy);
	free(copy);
	return json;
}

static void all_fields_come_back(void **state)
{
	json_t *in = json_of(all), *out;
	struct metadata metadata;
	struct description found;
	char why[WHY_LEN] = "";
	struct buf bytes;

	if (metadata_from_json(&metadata, in, why))
		fail_msg("%s", why);
	assert_ok(metadata_names_check(in, why));
	assert_int_equal(metadata.cleared, 0);
	buf_init(&bytes, DESCRIPTION_LEN_MAX);
	assert_ok(description_encode(&bytes, &metadata.said));
	assert_ok(description_decode(&found, buf_bytes(&bytes)));
	out = metadata_to_json(&found);
	if (!json_equal(in, out))
		fail_msg("%s", json_dumps(out, JSON_INDENT(1)));
	for (enum description_key key = 1; key <= DESCRIPTION_PROVENANCE; key++)
		if (key != DESCRIPTION_MODIFIED && key != DESCRIPTION_FILE_COUNT &&
		    key != DESCRIPTION_BYTE_COUNT && key != DESCRIPTION_PATH &&
		    key != DESCRIPTION_FOLDER && !description_has(&found, key))
			fail_msg("key %d is not said", key);
	json_decref(in);
	json_decref(out);
	buf_fini(&bytes);
}

/* What is written in one way is kept in another. */
static void short_and_long_forms(void **state)
{
	static const char *const cases[][2] = {
		{"{'license': 'https://dcat-ap.de/def/licenses/cc-zero'}",
		 "{'license': 'cc-zero'}"},
		{"{'themes': 'envi'}", "{'themes': ['ENVI']}"},
		{"{'themes': ['ENVI', 'http://publications.europa.eu/resource/authority/data-theme/"
		 "ENVI']}",
		 "{'themes': ['ENVI']}"},
		{"{'contact': 'it@meissen.example'}",
		 "{'contact': {'email': 'it@meissen.example'}}"},
		{"{'contact': 'Bauhof'}", "{'contact': {'name': 'Bauhof'}}"},
		{"{'publisher': 'Stadt'}", "{'publisher': {'name': 'Stadt'}}"},
		{"{'place': '14627140'}", "{'place': {'key': '14627140'}}"},
		{"{'place': 'Meißen'}", "{'place': {'name': 'Meißen'}}"},
		{"{'place': {'bbox': '13,51,14,52'}}",
		 "{'place': {'bbox': [13.0, 51.0, 14.0, 52.0]}}"},
		{"{'contributor_ids': ['freistaatSachsen', 'http://portal.example/x']}",
		 "{'contributor_ids': ['http://dcat-ap.de/def/contributors/freistaatSachsen',"
		 " 'http://portal.example/x']}"},
		{"{'languages': ['de', 'hsb']}", "{'languages': ['DEU', 'HSB']}"},
		{"{'issued': '2026-01'}", "{'issued': '2026-01-01T00:00:00Z'}"},
		{"{'title': null, 'other': 1}", "{}"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *in = json_of(cases[i][0]), *wants = json_of(cases[i][1]), *out;
		struct metadata metadata;
		char why[WHY_LEN] = "";

		if (metadata_from_json(&metadata, in, why))
			fail_msg("%s: %s", cases[i][0], why);
		out = metadata_to_json(&metadata.said);
		if (!json_equal(wants, out))
			fail_msg("%s: %s", cases[i][0], json_dumps(out, 0));
		assert_int_equal(metadata.cleared, 0);
		json_decref(in);
		json_decref(wants);
		json_decref(out);
	}
}

static void what_is_empty_is_cleared(void **state)
{
	static const struct {
		const char *in;
		uint64_t cleared;
	} cases[] = {
		{"{'license': ''}", DESCRIPTION_BIT(DESCRIPTION_LICENSE)},
		{"{'keywords': []}", DESCRIPTION_BIT(DESCRIPTION_KEYWORDS)},
		{"{'themes': ''}", DESCRIPTION_BIT(DESCRIPTION_THEME)},
		{"{'time': {}}",
		 DESCRIPTION_BIT(DESCRIPTION_FROM) | DESCRIPTION_BIT(DESCRIPTION_TO)},
		{"{'place': ''}", DESCRIPTION_BIT(DESCRIPTION_PLACE_KEY) |
					  DESCRIPTION_BIT(DESCRIPTION_PLACE_NAME) |
					  DESCRIPTION_BIT(DESCRIPTION_BBOX)},
		{"{'place': {'bbox': []}}", DESCRIPTION_BIT(DESCRIPTION_BBOX)},
		{"{'contact': {'phone': '', 'email': 'a@b'}}",
		 DESCRIPTION_BIT(DESCRIPTION_CONTACT_PHONE)},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *in = json_of(cases[i].in);
		struct metadata metadata;
		char why[WHY_LEN] = "";

		assert_ok(metadata_from_json(&metadata, in, why));
		if (metadata.cleared != cases[i].cleared)
			fail_msg("%s", cases[i].in);
		json_decref(in);
	}
}

static void what_is_wrong_is_said(void **state)
{
	static const char *const cases[][2] = {
		{"{'title': 1}", "\"title\": this is not a text"},
		{"{'title': 'a\\nb'}", "\"title\": there is a control character"},
		{"{'title': 'Kita-PlÃ¤tze'}", "\"title\": there is \"Ã¤\" at character 8 "
					      "(\"Kita-PlÃ¤tze\"), where \"ä\" was meant"},
		{"{'keywords': ['gut', 'GrÃ¼n']}", "\"keywords\": there is \"Ã¼\""},
		{"{'contact': {'name': 'BÃ¼rgeramt'}}", "\"contact.name\": there is"},
		{"{'themes': ['ENVY']}",
		 "\"themes\": \"ENVY\" is no theme; the nearest are ENVI (Env"},
		{"{'license': 'dl-by-de-2.0'}", "the nearest are dl-by-de/2.0 (Data licence"},
		{"{'frequency': 'sometimes'}", "\"sometimes\" is no frequency"},
		{"{'political_level': 'stadt'}", "is no political level"},
		{"{'contributor_ids': ['http://dcat-ap.de/def/contributors/stadtMeissen']}",
		 "is no contributor"},
		{"{'contributor_ids': ['stadtMeissen']}", "is no contributor"},
		{"{'hvd_categories': ['c_1']}", "is no HVD category"},
		{"{'keywords': ['']}", "\"keywords\": one of them is empty"},
		{"{'themes': "
		 "['AGRI','ECON','EDUC','ENER','ENVI','GOVE','HEAL','INTR','JUST','REGI',"
		 "'SOCI','TECH','TRAN','OP_DATPRO','AGRI']}",
		 "there are 15, and 14 are allowed"},
		{"{'contact': {'email': 'meissen'}}",
		 "\"contact.email\": \"meissen\" is not a mail address"},
		{"{'contact': {'mail': 'a@b'}}", "\"contact\": \"mail\" is not among its names"},
		{"{'contact': 5}", "\"contact\": this is not an object"},
		{"{'time': 'heute'}", "\"time\": this is not an object"},
		{"{'time': {'from': '31.12.2026'}}", "is not a date such as"},
		{"{'time': {'from': '2026-05', 'to': '2026-04-30'}}",
		 "it begins at 2026-05, after"},
		{"{'place': {'key': '123'}, 'title': ''}", ""},
		{"{'place': {'key': '1234'}}", "\"place.key\": \"1234\" is not a key of 8"},
		{"{'place': {'bbox': [1, 2, 3]}}", "\"place.bbox\": this is not four numbers"},
		{"{'place': {'bbox': [1, 2, 3, 'x']}}", "this is not four numbers"},
		{"{'place': {'bbox': '1,2,3,4,5'}}", "is not four numbers"},
		{"{'place': {'bbox': '1,2,3,nan'}}", "is not from"},
		{"{'place': {'bbox': [1, 2, 181, 4]}}", "181 is not from -180 to 180"},
		{"{'place': {'bbox': [1, 52, 2, 51]}}", "lies above the north"},
		{"{'landing_page': 'www.meissen.de'}", "is not a URL"},
		{"{'modified': '2026-01-01'}", "\"modified\": the node says"},
		{"{'issued': '1969'}", "is before 1970"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *in = json_of(cases[i][0]);
		struct metadata metadata;
		char why[WHY_LEN] = "";
		enum err err = metadata_from_json(&metadata, in, why);

		if (err != (*cases[i][1] ? ERR_CONFIG : ERR_OK) || !strstr(why, cases[i][1]))
			fail_msg("%s: %d %s", cases[i][0], err, why);
		json_decref(in);
	}
}

static void other_names_are_named(void **state)
{
	json_t *in = json_of("{'title': 'x', 'licence': 'y'}");
	char why[WHY_LEN];

	assert_err(metadata_names_check(in, why), ERR_CONFIG);
	assert_non_null(strstr(why, "\"licence\" is no name of metadata; there are title,"));
	assert_non_null(strstr(why, "provenance"));
	json_decref(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fields_come_back),     cmocka_unit_test(short_and_long_forms),
		cmocka_unit_test(what_is_empty_is_cleared), cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(other_names_are_named),
	};
	return cmocka_run_group_tests_name("metadata", tests, NULL, NULL);
}
