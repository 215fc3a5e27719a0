/* mojibake: what went through a wrong encoding is found, and what is meant so is let through. */
#include "test/crypto/helpers.h"

#include "proto/dcat/mojibake.h"

static void wrong_encodings_are_found(void **state)
{
	static const struct {
		const char *text, *meant;
		size_t letter;
	} cases[] = {
		{"Kita-PlÃ¤tze", "ä", 8},
		{"Ã–PNV", "Ö", 1},
		{"StraÃŸe", "ß", 5},
		{"FuÃ\xc2\x9fweg", "ß", 3}, /* as ISO 8859-1 */
		{"Ãœbersicht", "Ü", 1},
		{"10 Â°C", "°", 4},
		{"Â§ 5", "§", 1},
		{"2020 â€“ 2026", "–", 6},
		{"â€žZitatâ€œ", "„", 1},
		{"20 â‚¬", "€", 4},
		{"KoÅ¡ice", "š", 3},
		{"ï»¿Titel", "\xef\xbb\xbf", 1},
		{"ðŸš² Radweg", "🚲", 1},
		{"Zitatâ€\x9d", "", 6},
		{"Stra\xef\xbf\xbd"
		 "e",
		 "", 5},
		{"K√§se", "", 2},
		{"M├╝ller", "", 2},
	};
	struct mojibake found;

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (!mojibake_find(bytes_str(cases[i].text), &found))
			fail_msg("not found: %s", cases[i].text);
		if (strcmp(found.meant, cases[i].meant) != 0 || found.letter != cases[i].letter)
			fail_msg("%s: \"%s\" at %zu", cases[i].text, found.meant, found.letter);
		assert_true(found.len > 0 && found.at + found.len <= strlen(cases[i].text));
	}
}

static void good_texts_pass(void **state)
{
	static const char *const texts[] = {
		"",
		"Straße, Öl, Übung, ÄÖÜ – „Zitat“ … 20 € 10 °C § 5 5 m²",
		"„Ä“ und „Ö“ und „Ü“, ‚Å‘, »Ä«, ›Ä‹",
		"SÃO PAULO, ÂNGELA, Ålesund, Århus, Čapkova, Łódź, Hórka, Budyšin, Žitawa",
		"CAFÉ», «NOËL», naïve, façade, château, pâté, hôtel",
		"√2 ist kleiner als 2; √(x²+y²)",
		"├── a\n│   └── b\n├─ c\n├ d",
		"Łužiska, Małopolska, Příbor, Škoda, Győr, Ñandú, çà",
		"Привет, Ελλάδα, 日本, 🚲",
	};
	struct mojibake found;

	for (size_t i = 0; i < COUNT(texts); i++)
		if (mojibake_find(bytes_str(texts[i]), &found))
			fail_msg("a false alarm at %zu: %s", found.letter, texts[i]);
}

/* Every letter of Latin-1 and Latin Extended-A, and every sign of typography, encoded twice. */
static void every_letter_encoded_twice_is_found(void **state)
{
	struct mojibake found;
	char text[16];

	for (uint32_t c = 0xa0; c < 0x100; c++) {
		const uint32_t bytes[2] = {0xc0 | c >> 6, 0x80 | (c & 0x3f)};
		size_t len = 0;

		for (size_t i = 0; i < 2; i++) { /* as ISO 8859-1 */
			text[len++] = (char)(0xc0 | bytes[i] >> 6);
			text[len++] = (char)(0x80 | (bytes[i] & 0x3f));
		}
		if (c == 0xad) /* no character that is shown */
			continue;
		assert_true(mojibake_find(bytes_of(text, len), &found));
		assert_int_equal(found.len, 4);
	}
}

static void file_pass(const char *name)
{
	const char *shared = getenv("ALLMENDE_SHARED");
	char path[1024];
	struct mojibake found;
	struct buf text;

	snprintf(path, sizeof(path), "%s/data/%s", shared ? shared : "../shared", name);
	FILE *file = fopen(path, "r");
	if (!file) {
		print_message("skipped: %s is not there\n", path);
		return;
	}
	buf_init(&text, (size_t)64 << 20);
	for (uint8_t block[65536]; !feof(file) && !ferror(file);)
		buf_add(&text, bytes_of(block, fread(block, 1, sizeof(block), file)));
	fclose(file);
	assert_int_equal(text.err, ERR_OK);
	assert_true(text.len > 1000);
	if (mojibake_find(buf_bytes(&text), &found))
		fail_msg("%s: a false alarm at byte %zu: %.*s", name, found.at, (int)found.len,
			 (const char *)text.ptr + found.at);
	buf_fini(&text);
}

/* Names of thousands of stops, schools and municipalities, as they are published. */
static void published_tables_pass(void **state)
{
	file_pass("gemeinden-sachsen.csv");
	file_pass("haltestellen-vvo.geojson");
	file_pass("kreise-deutschland.geojson");
	file_pass("schulen-sachsen.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_encodings_are_found),
		cmocka_unit_test(good_texts_pass),
		cmocka_unit_test(every_letter_encoded_twice_is_found),
		cmocka_unit_test(published_tables_pass),
	};
	return cmocka_run_group_tests_name("mojibake", tests, NULL, NULL);
}
