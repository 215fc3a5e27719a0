/* guard: what stops a table and what does not, and the real tables of ../shared/data, which stop
   nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/table/guard_scan.h"

#define TODAY 20000 /* 2024-10-04 */

/* "kind:column" of each finding that stops, "(kind:column)" of those that do not. */
static void told(char out[1024], struct guard_scan *scan)
{
	struct guard_finding findings[GUARD_FINDING_MAX];
	size_t count = guard_scan_judge(scan, findings), len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(
			out + len, 1024 - len, findings[i].stops ? "%s%s:%s" : "%s(%s:%s)",
			i ? " " : "", guard_kind_word(findings[i].kind), findings[i].column->name);
}

static void scan_text(struct guard_scan *scan, const char *name, struct bytes text, size_t step)
{
	guard_scan_init(scan, bytes_str(name), TODAY);
	for (size_t i = 0; i < text.len; i += step)
		guard_scan_feed(scan, bytes_slice(text, i, step));
	guard_scan_end(scan);
}

struct sample {
	const char *name, *text, *says;
};

static void judge(const struct sample *samples, size_t count)
{
	char out[1024];

	for (size_t i = 0; i < count; i++)
		for (size_t step = 1; step < 4096; step += 4000) {
			struct guard_scan scan;
			scan_text(&scan, samples[i].name, bytes_str(samples[i].text), step);
			told(out, &scan);
			guard_scan_fini(&scan);
			if (strcmp(out, samples[i].says) != 0)
				fail_msg("%s %.40s: \"%s\"", samples[i].name, samples[i].text, out);
		}
}

static void what_stops(void **state)
{
	static const struct sample samples[] = {
		{"a.csv", "Vorname;Nachname;Geburtsdatum\nAnna;Muster;12.03.1985\n",
		 "birth:Geburtsdatum name:Vorname"},
		{"a.csv", "nr;geb\n1;1985-03-12\n2;1990-01-01\n", "birth:geb"},
		{"a.csv",
		 "Name;Datum\nAnna Lang;1985-03-12\nPetra Lang;1960-01-02\nJan Nowak;1992-12-24\n",
		 "birth:Datum name:Name"},
		{"a.csv", "Name;Straße\nAnna Lang;Weg 1\nPetra Lang;Weg 2\nJan Nowak;Weg 3\n",
		 "name:Name"},
		{"a.csv", "Antragsteller;Betrag\n\"Lang, Anna\";12\n", "name:Antragsteller"},
		{"a.csv", "Ansprechpartner;Telefon\nAnna Lang;0351 488-1\n",
		 "name:Ansprechpartner phone:Telefon"},
		{"a.csv", "Verein;Konto\nSV Eintracht;DE89370400440532013000\n", "iban:Konto"},
		{"a.csv", "Text\n\"Bitte auf DE89 3704 0044 0532 0130 00 zahlen\"\n", "iban:Text"},
		{"a.csv", "Verein;Mail\nSV;anna.lang@riesa.example\n", "mail:Mail"},
		{"a.csv", "Verein;Handy\nSV;01711234567\n", "mobile:Handy"},
		{"a.csv", "Nr;x\n1;86095742719\n2;65929970489\n", "tax-id:x"},
		{"a.csv", "Nr;Versichertennummer\n1;A123456780\n2;\n",
		 "health-id:Versichertennummer"},
		{"a.csv", "Nr;SVNR\n1;15070649C103\n", "pension-id:SVNR"},
		{"a.csv", "Ortsteil;Geschlecht;Anzahl\nZscheila;w;1\nZscheila;m;12\n",
		 "small-cells:Anzahl"},
		{"a.csv", "Ortsteil;0-3 Jahre;3-6 Jahre\nZscheila;2;12\n", "small-cells:0-3 Jahre"},
		/* titles above the table, quotes, tabs, Windows-1252, no headings at all */
		{"a.csv",
		 "Liste;;\nStand 2024;;\nVorname;Nachname;Geb.-Datum\nAnna;Muster;12.03.1985\n",
		 "birth:Geb.-Datum name:Vorname"},
		{"a.tsv", "Vorname\tName\tGeburtsdatum\nAnna\tLang\t1.1.85\n",
		 "birth:Geburtsdatum name:Vorname"},
		{"a.csv",
		 "Name;Stra\xdf"
		 "e\nAnna M\xfcller;A\nJ\xfcrgen Lang;B\nJan Nowak;C\n",
		 "name:Name"},
		{"a.csv", "SV;DE89370400440532013000\nTSV;DE02120300000000202051\n",
		 "iban:DE89370400440532013000"},
		{"a.json",
		 "[{\"vorname\":\"Anna\",\"nachname\":\"Lang\",\"geburtsdatum\":\"1985-03-12\"}]",
		 "birth:[].geburtsdatum name:[].vorname"},
		{"a.geojson",
		 "{\"features\":[{\"properties\":{\"email\":\"anna.lang@gmx.de\",\"mobil\":\"0171 "
		 "1234567\"}}]}",
		 "mail:features[].properties.email mobile:features[].properties.mobil"},
		{"a.jsonl", "{\"iban\":\"DE89370400440532013000\"}\n", "iban:iban"},
		{"a.json", "{\"a\":\"anna.lang@gmx.de\",", "mail:a"}, /* up to where it breaks */
		{"daten", "{\"a\":\"anna.lang@gmx.de\"}", "mail:a"},
		{"daten", "a,b\nanna.lang@gmx.de,2\n", "mail:a"},
		{"unterlagen/Krankmeldung Lang.pdf", "%PDF", "file-name:"},
		{"anna.lang@gmx.de.pdf", "%PDF", "file-name:"},
	};

	judge(samples, sizeof(samples) / sizeof(samples[0]));
}

static void what_does_not(void **state)
{
	static const struct sample samples[] = {
		/* a council: worth a look */
		{"a.csv", "Name;Fraktion\nAnna Lang;A\nPetra Lang;B\nJan Nowak;C\n", "(name:Name)"},
		{"a.csv", "Vorname;Name;Fraktion\nAnna;Lang;A\n", "(name:Vorname)"},
		/* first names of the newborn */
		{"a.csv", "Vorname;Anzahl;Geschlecht\nEmma;12;w\nNoah;1;m\n", ""},
		/* whom streets are named after is dead for long */
		{"a.csv", "Straße;Geburtsdatum\nClara-Zetkin-Straße;05.07.1857\n", ""},
		{"a.csv", "Schule;Telefon;E-Mail\nGS Riesa;03525 1234;schule@riesa.example\n", ""},
		{"a.csv", "Apotheke;Straße;Telefon\nAnna-Apotheke;Weg 1;0351 1234567\n", ""},
		{"a.csv", "Sitzung;Datum\nStadtrat;2024-01-02\nBauausschuss;1990-01-02\n", ""},
		{"a.csv",
		 "Name;Sitzung am\nAnna Lang;2024-01-02\nPetra Lang;2023-01-02\nJan "
		 "Nowak;2022-01-02\n",
		 "(name:Name)"},
		/* the whole country by age: no place, and one thing said of people */
		{"a.csv", "Meldedatum,Altersgruppe,Faelle_neu\n2020-01-03,00-04,1\n", ""},
		{"a.csv", "Kita;Plätze;frei\nSonne;40;1\nMond;20;2\n", ""},
		{"a.csv", "Schule;Klassenstufe;Schüler\nGS;1;2\n", ""},
		{"a.csv", "Wahlbezirk;Wahlberechtigte;Ungültig\n1;900;2\n", ""},
		{"a.csv", "Nr;Kennung\n1;A123456780\n", ""},
		{"a.csv", "ags;ars\n14627060;146270060060\n05334002;053340002002\n", ""},
		{"a.csv", "id;wert\n12345678901;1\n12345678912;2\n23456789012;3\n", ""},
		{"a.geojson",
		 "{\"features\":[{\"geometry\":{\"coordinates\":[13.254777,51.126643]},"
		 "\"properties\":{\"name\":\"Abzw Abend (SV)\",\"phone\":\"+49 351 488\"}}]}",
		 ""},
		{"schulen/anna-seghers.pdf", "%PDF", ""},
		{"a.csv", "", ""},
		{"a.json", "", ""},
		{"a.json", "no JSON", ""},
		{"a.xlsx", "PK\x03\x04 anna.lang@gmx.de", ""}, /* not looked into, which is said */
	};

	judge(samples, sizeof(samples) / sizeof(samples[0]));
}

static void examples_are_masked(void **state)
{
	static const char text[] = "Vorname;Nachname;Geburtsdatum;IBAN\n"
				   "Anna;Muster;12.03.1985;DE89370400440532013000\n"
				   "Jan;Nowak;13.04.1986;DE02120300000000202051\n"
				   "Petra;Lang;;\n";
	struct guard_finding findings[GUARD_FINDING_MAX];
	struct guard_scan scan;

	scan_text(&scan, "a.csv", bytes_str(text), 7);
	assert_int_equal(guard_scan_judge(&scan, findings), 3);
	assert_int_equal(findings[0].count, 2);
	assert_int_equal(findings[0].column->values, 2);
	assert_int_equal(findings[0].column->first_row[GUARD_BIRTH], 2);
	assert_true(findings[0].with_names);
	assert_string_equal(findings[0].column->examples[GUARD_BIRTH][0], "**.**.****");
	assert_string_equal(findings[1].column->examples[GUARD_NAME][1], "J**");
	assert_string_equal(findings[2].column->examples[GUARD_IBAN][0], "DE********************");
	assert_int_equal(scan.rows, 4);
	assert_int_equal(scan.len, sizeof(text) - 1);
	assert_false(scan.cut || scan.broken);
	guard_scan_fini(&scan);
}

/* What lies beyond is not looked at, and it is said. */
static void it_looks_so_far(void **state)
{
	const char *late = "Z,anna.lang@gmx.de\n";
	struct guard_finding findings[GUARD_FINDING_MAX];
	struct guard_scan scan;
	struct buf text;

	buf_init(&text, GUARD_SCAN_LEN_MAX + 4096);
	buf_add(&text, bytes_str("a,b\n"));
	while (text.len < GUARD_SCAN_LEN_MAX)
		buf_add(&text, bytes_str("Riesa,1234\n"));
	buf_add(&text, bytes_str(late));
	scan_text(&scan, "a.csv", buf_bytes(&text), 65536);
	assert_int_equal(guard_scan_judge(&scan, findings), 0);
	assert_true(scan.cut);
	assert_false(scan.broken);
	assert_true(guard_scan_full(&scan));
	assert_int_equal(scan.len, GUARD_SCAN_LEN_MAX);
	guard_scan_fini(&scan);
	buf_fini(&text);
}

static void many_columns(void **state)
{
	struct guard_finding findings[GUARD_FINDING_MAX];
	struct guard_scan scan;
	struct buf text;
	char cell[64];

	buf_init(&text, 1 << 20);
	buf_add(&text, bytes_str("{"));
	for (int i = 0; i < GUARD_COLUMN_MAX + 10; i++) {
		snprintf(cell, sizeof(cell), "%s\"k%d\":\"anna.lang@gmx.de\"", i ? "," : "", i);
		buf_add(&text, bytes_str(cell));
	}
	buf_add(&text, bytes_str("}"));
	scan_text(&scan, "a.json", buf_bytes(&text), 1000);
	assert_int_equal(guard_scan_judge(&scan, findings), GUARD_FINDING_MAX);
	assert_int_equal(scan.guard.count, GUARD_COLUMN_MAX);
	assert_int_equal(scan.guard.left_out, 10);
	guard_scan_fini(&scan);
	buf_fini(&text);
}

static void no_false_alarms(void **state)
{
	static const char *const names[] = {
		"gemeinden-sachsen.csv",       "haltestellen-vvo.geojson",
		"kreise-deutschland.geojson",  "schulen-sachsen.json",
		"rki-inzidenz/2026-08-16.csv", "rki-inzidenz/2026-08-22.csv",
	};
	const char *shared = getenv("ALLMENDE_SHARED");
	struct guard_scan scan;
	static char piece[65536];
	char path[4096], out[1024];
	size_t got;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/data/%s", shared ? shared : "../shared", names[i]);
		FILE *file = fopen(path, "rb");
		if (!file) {
			print_message("skipped: %s is not here\n", names[i]);
			continue;
		}
		guard_scan_init(&scan, bytes_str(names[i]), TODAY);
		while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
			guard_scan_feed(&scan, bytes_of(piece, got));
		guard_scan_end(&scan);
		fclose(file);
		told(out, &scan);
		assert_string_equal(out, "");
		assert_false(scan.broken || scan.cut);
		assert_true(scan.rows > 400);
		guard_scan_fini(&scan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stops),          cmocka_unit_test(what_does_not),
		cmocka_unit_test(examples_are_masked), cmocka_unit_test(it_looks_so_far),
		cmocka_unit_test(many_columns),        cmocka_unit_test(no_false_alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
