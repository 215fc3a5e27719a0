/* Files that are looked into for personal data, fed whole and byte by byte: the same is found, no
   example shows a whole number, and what is kept has its bounds. */
#include "test/fuzz/fuzz.h"

#include <string.h>

#include "proto/table/guard_scan.h"

#define TODAY 20000

static size_t scan_all(struct guard_scan *scan, const char *name, struct bytes in, size_t step,
		       struct guard_finding findings[GUARD_FINDING_MAX])
{
	guard_scan_init(scan, bytes_str(name), TODAY);
	for (size_t i = 0; i < in.len; i += step)
		guard_scan_feed(scan, bytes_slice(in, i, step));
	guard_scan_end(scan);
	return guard_scan_judge(scan, findings);
}

static void example_check(const struct guard_finding *finding)
{
	for (size_t i = 0; i < GUARD_EXAMPLE_COUNT; i++) {
		const char *example = finding->column->examples[finding->kind][i];
		check(strlen(example) < PERSONAL_MASKED_LEN);
		for (const char *at = *example ? example + 1 : example; *at; at++)
			check(*at < '0' || *at > '9');
	}
}

static void look(const char *name, struct bytes in)
{
	struct guard_finding a[GUARD_FINDING_MAX], b[GUARD_FINDING_MAX];
	struct guard_scan whole, parts;
	size_t count = scan_all(&whole, name, in, in.len ? in.len : 1, a);

	check(count == scan_all(&parts, name, in, 1, b));
	check(whole.guard.count <= GUARD_COLUMN_MAX && whole.len <= in.len && !whole.cut);
	check(whole.rows == parts.rows && whole.broken == parts.broken);
	for (size_t i = 0; i < count; i++) {
		check(a[i].kind == b[i].kind && a[i].count == b[i].count);
		check(a[i].stops == b[i].stops && !strcmp(a[i].column->name, b[i].column->name));
		check(a[i].count <= a[i].column->values);
		/* of telephones two characters are shown */
		if (a[i].kind != GUARD_MOBILE && a[i].kind != GUARD_PHONE)
			example_check(&a[i]);
	}
	if (count)
		fuzz_accepted();
	guard_scan_fini(&whole);
	guard_scan_fini(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);

	look("a.csv", in);
	look("a.json", in);
	look("a", in);
	return 0;
}

void fuzz_seeds(struct fuzz_corpus *corpus)
{
	static const char escapes[] =
		"{\"features\":[{\"properties\":{\"k\":\"\\u0041nna.lang@gmx.de "
		"\\ud83d\\ude00\",\"a\":[1,null]}}]}";
	static const char *const texts[] = {
		"Vorname;Nachname;Geburtsdatum\nAnna;Muster;12.03.1985\n",
		"Verein;Konto;Handy\nSV;DE89 3704 0044 0532 0130 00;0171 1234567\n",
		"Nr;x;y;z\n1;86095742719;A123456780;15070649C103\n",
		"Ortsteil;Geschlecht;Anzahl;0-3 Jahre\nZscheila;w;1;2\n",
		"[{\"name\":\"Anna Lang\",\"mail\":\"anna.lang@gmx.de\",\"geb\":\"1985-03-12\"}]",
		escapes,
		"{\"a\":[1,true,{\"iban\":\"DE89370400440532013000\"}]}\n{\"a\":1.5e3}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		fuzz_seed(corpus, bytes_str(texts[i]));
}
