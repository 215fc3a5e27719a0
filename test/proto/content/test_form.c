/* form: dates, IRIs, mail addresses, telephone numbers, codes and keys, right and wrong. */
#include "test/crypto/helpers.h"

#include "proto/content/form.h"

static void hold(const char *what, bool (*form)(struct bytes text), const char *const *good,
		 const char *const *bad)
{
	for (; *good; good++)
		if (!form(bytes_str(*good)))
			fail_msg("%s: \"%s\" is refused", what, *good);
	for (; *bad; bad++)
		if (form(bytes_str(*bad)))
			fail_msg("%s: \"%s\" is taken", what, *bad);
	assert_false(form(bytes_of(NULL, 0)));
}

#define HOLD(form, good, bad) hold(#form, form, good, bad)
#define THESE(...)            ((const char *const[]){__VA_ARGS__, NULL})

static void forms(void **state)
{
	HOLD(form_date,
	     THESE("0001", "1881", "2026-12", "2024-02-29", "2000-02-29", "2026-12-31",
		   "2026-11-30T23:59:59Z", "9999-12-31T00:00:00Z"),
	     THESE("0000", "26", "2026-13", "2026-00", "2026-1", "2025-02-29", "1900-02-29",
		   "2026-04-31", "2026-01-00", "2026-11-30T24:00:00Z", "2026-11-30T00:60:00Z",
		   "2026-11-30T00:00:60Z", "2026-11-30T00:00:00", "2026-11-30 00:00:00Z",
		   "30.11.2026", "2026/11/30", "202a", "2026-11-30T00:00:00+01"));
	HOLD(form_iri,
	     THESE("http://a", "https://www.meissen.de/ä?x=1#y", "urn:x:y", "mailto:a@b",
		   "info+x-y.z:1"),
	     THESE("www.meissen.de", "http:", ":x", "1a:x", "http://a b", "http://a\"", "http://<",
		   "http://>", "http://{", "http://}", "http://|", "http://\\", "http://^",
		   "http://`", "http://a\x7f", "http://a\n"));
	HOLD(form_email, THESE("a@b", "opendata@stadt-meissen.de", "o'neill+x@müller.example"),
	     THESE("a", "@b", "a@", "a@b@c", "a b@c", "<a@b>", "a@b,c@d", "mailto:a@b", "a@b?cc=d",
		   "a@b\n"));
	HOLD(form_phone, THESE("110", "+49 3521 725-0", "(03521) 725/7123", "0800.1.2"),
	     THESE("11", "+-()", "0800 ABC", "110;ext=1", "1\t10"));
	HOLD(form_code,
	     THESE("ENVI", "dl-by-de/2.0", "c_43f88346", "15MIN", "PrivateIndividual(s)"),
	     THESE("a b", "ä", "a\"", "http://x"));
	HOLD(form_place, THESE("14", "145", "14627", "14627140", "146270140", "146270140140"),
	     THESE("1", "1462", "146271", "1462714", "1462701401", "14627014014", "1462701401400",
		   "14 27", "1462714a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(forms)};
	return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
