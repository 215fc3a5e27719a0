/* personal: published numbers with right and wrong check digits, and what only looks like them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/table/personal.h"
#include "proto/table/cues.h"

#define TODAY 20000 /* 2024-10-04 */

static void ibans(void **state)
{
	/* Those of the standard and of the German banks' own examples. */
	static const char *const right[] = {"DE89370400440532013000",
					    "GB82 WEST 1234 5698 7654 32",
					    "de89 3704 0044 0532 0130 00",
					    "AT611904300234573201",
					    "Konto DE02120300000000202051, Kasse",
					    "CH9300762011623852957"};
	static const char *const wrong[] = {"DE89370400440532013001",
					    "DE8937040044053201300",
					    "DE893704004405320130000",
					    "XX89370400440532013000",
					    "ADE89370400440532013000",
					    "DE89",
					    "",
					    "14627060"};
	struct bytes found;

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_true(personal_iban(bytes_str(right[i]), &found));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(personal_iban(bytes_str(wrong[i]), &found));
	personal_iban(bytes_str(right[4]), &found);
	assert_true(bytes_eq(found, bytes_str("DE02120300000000202051")));
}

static void mails(void **state)
{
	static const char *const persons[] = {
		"anna.mueller@riesa.example", "a.mueller@riesa.example",
		"Mail: hpschmidt@gmx.de.",    "k_nowak@firma.example",
		"lang.eva@riesa.example",     "info@riesa.example, petra-lang@riesa.example"};
	static const char *const offices[] = {"info@riesa.example",
					      "poststelle@landkreis-meissen.example",
					      "kita.sonnenschein@web.de",
					      "stadtverwaltung.riesa@t-online.de",
					      "bauamt@coswig.example",
					      "open.data@lk.example",
					      "jugend.amt@coswig.example",
					      "standesamt@radebeul.example",
					      "gs.riesa@schulen.example",
					      "sv-coswig@sport.example",
					      "@",
					      "a@b",
					      "anna.mueller@",
					      "anna.mueller@riesa",
					      ""};
	struct bytes found;

	for (size_t i = 0; i < sizeof(persons) / sizeof(persons[0]); i++)
		assert_true(personal_mail(bytes_str(persons[i]), &found));
	assert_true(bytes_eq(found, bytes_str("petra-lang@riesa.example")));
	for (size_t i = 0; i < sizeof(offices) / sizeof(offices[0]); i++)
		if (personal_mail(bytes_str(offices[i]), &found))
			fail_msg("%s is an office", offices[i]);
}

static void telephones(void **state)
{
	static const struct {
		const char *text;
		bool told;
		enum personal_phone is;
	} cases[] = {
		{"0351 488-0", false, PHONE_LANDLINE},
		{"+49 351 4880", false, PHONE_LANDLINE},
		{"0049 351 4880", false, PHONE_LANDLINE},
		{"(03521) 725-0", false, PHONE_LANDLINE},
		{"0171/1234567", false, PHONE_MOBILE},
		{"+49 (0)171 1234567", false, PHONE_MOBILE},
		{"01711234567", true, PHONE_MOBILE},
		{"+420 221 111 111", false, PHONE_LANDLINE},
		{"01711234567", false, PHONE_NONE}, /* it may be a key */
		{"05334002", false, PHONE_NONE},
		{"051540000000", false, PHONE_NONE},
		{"01-02-2024", true, PHONE_LANDLINE}, /* nobody writes dates so below "Telefon" */
		{"01.02.2024", true, PHONE_NONE},
		{"01/02/2024", true, PHONE_NONE},
		{"01744", true, PHONE_NONE},
		{"351 4880", true, PHONE_NONE},
		{"0351 488 Durchwahl", true, PHONE_NONE},
		{"", true, PHONE_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (personal_phone(bytes_str(cases[i].text), cases[i].told) != cases[i].is)
			fail_msg("%s is judged wrongly", cases[i].text);
}

static void numbers_of_offices(void **state)
{
	/* Of the Bundeszentralamt für Steuern, of gematik, of the Deutsche Rentenversicherung. */
	assert_true(personal_tax_id(bytes_str("86095742719")));
	assert_true(personal_tax_id(bytes_str("65 929 970 489")));
	assert_true(personal_tax_id(bytes_str("57549285017")));
	assert_false(personal_tax_id(bytes_str("86095742718")));
	assert_false(personal_tax_id(bytes_str("12345678903"))); /* no digit comes twice */
	assert_false(personal_tax_id(bytes_str("06095742719")));
	assert_false(personal_tax_id(bytes_str("8609574271")));
	assert_true(personal_health_id(bytes_str("A123456780")));
	assert_true(personal_health_id(bytes_str("a123 456 780")));
	assert_false(personal_health_id(bytes_str("A123456781")));
	assert_false(personal_health_id(bytes_str("1123456780")));
	assert_true(personal_pension_id(bytes_str("15 070649 C 103")));
	assert_false(personal_pension_id(bytes_str("15070649C104")));
	assert_false(personal_pension_id(bytes_str("150706491103")));
}

static void names(void **state)
{
	static const char *const right[] = {
		"Anna Müller", "Müller, Anna", "Dr. Hans-Peter Groß", "Herr Jürgen von der Heide",
		"Lang, Petra", "Ayşe Yılmaz",  "René Kästner"};
	static const char *const wrong[] = {"Anna",
					    "Grundschule Riesa",
					    "Anna Straße",
					    "Anna-Seghers-Straße 3",
					    "Riesa, Stadt",
					    "anna müller",
					    "Peter und Paul",
					    "Käthe Kollwitz Schule",
					    "Maria 2",
					    "Abzw Abend",
					    "Oldenburg",
					    "Paul Paula Petra Peter Pia",
					    ""};

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		if (!personal_name(bytes_str(right[i])))
			fail_msg("%s is a name", right[i]);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (personal_name(bytes_str(wrong[i])))
			fail_msg("%s is no name", wrong[i]);
}

static void dates(void **state)
{
	static const struct {
		const char *text;
		int32_t day;
	} cases[] = {
		{"1970-01-01", 0},
		{"1969-12-31", -1},
		{"2000-02-29", 11016},
		{"29.02.2000", 11016},
		{"29.2.2000", 11016},
		{"29/02/2000", 11016},
		{"2000-02-29T10:00:00Z", 11016},
		{"1.1.70", 0},
		{"29.02.00", 11016},
		{"1900-02-29", PERSONAL_NO_DAY},
		{"2000-13-01", PERSONAL_NO_DAY},
		{"31.04.2000", PERSONAL_NO_DAY},
		{"2000-1-1", PERSONAL_NO_DAY},
		{"20000101", PERSONAL_NO_DAY},
		{"1.1", PERSONAL_NO_DAY},
		{"1.1.1.1970", PERSONAL_NO_DAY},
		{"", PERSONAL_NO_DAY},
		{"00.01.2000", PERSONAL_NO_DAY},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (personal_day(bytes_str(cases[i].text), TODAY) != cases[i].day)
			fail_msg("%s is judged wrongly", cases[i].text);
	/* The year 30 has not come yet. */
	assert_true(personal_day(bytes_str("1.1.30"), TODAY) < 0);
}

static void nothing_whole_is_shown(void **state)
{
	char out[PERSONAL_MASKED_LEN];

	personal_mask(out, bytes_str("Anna Müller"), 1);
	assert_string_equal(out, "A*** ******");
	personal_mask(out, bytes_str(" DE89 3704"), 2);
	assert_string_equal(out, "DE** ****");
	personal_mask(out, bytes_str("12.03.1985"), 0);
	assert_string_equal(out, "**.**.****");
	personal_mask(out, bytes_str("a\x1b[31m"), 1);
	assert_string_equal(out, "a*[***");
	personal_mask(out,
		      bytes_str("anna.mueller.mit.einem.sehr.langen.namen@"
				"und.einem.langen.host.example"),
		      1);
	assert_true(strlen(out) < PERSONAL_MASKED_LEN);
	assert_non_null(strstr(out, "..."));
	personal_mask(out, bytes_of("\xff\xfe", 2), 1);
	assert_string_equal(out, "");
}

static void headings(void **state)
{
	assert_true(cues_of(bytes_str("Geb.-Datum")) & CUE_BIRTH);
	assert_true(cues_of(bytes_str("dateOfBirth")) & CUE_BIRTH);
	assert_false(cues_of(bytes_str("Geburten")) & CUE_BIRTH);
	assert_true(cues_of(bytes_str("Straße")) & CUE_STREET);
	assert_false(cues_of(bytes_str("Straßenbahn")) & CUE_STREET);
	assert_true(cues_of(bytes_str("TEL_NR")) & CUE_PHONE);
	assert_false(cues_of(bytes_str("Anteil")) & CUE_PHONE);
	assert_true(cues_of(bytes_str("KVNR")) & CUE_HEALTH_ID);
	assert_true(cues_of(bytes_str("0-3 Jahre")) & CUE_ATTRIBUTE);
	assert_int_equal(cues_of(bytes_of(NULL, 0)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ibans),
		cmocka_unit_test(mails),
		cmocka_unit_test(telephones),
		cmocka_unit_test(numbers_of_offices),
		cmocka_unit_test(names),
		cmocka_unit_test(dates),
		cmocka_unit_test(nothing_whole_is_shown),
		cmocka_unit_test(headings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
