#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/web/work.h"

static void weights(void **state)
{
	static const struct {
		const char *header, *name;
		unsigned weight;
	} cases[] = {
		{NULL, "text/html", 1000},
		{"", "text/html", 1000},
		{"*/*", "text/html", 1000},
		{"text/html", "application/json", 0},
		{"text/*;q=0.5", "text/html", 500},
		{"text/*;q=0.5, text/html;q=0.25", "text/html", 250},
		{"text/html;q=0.25,*/*", "text/html", 250},
		{"text/html, application/xhtml+xml, */*;q=0.8", "application/json", 800},
		{"application/json;q=0", "application/json", 0},
		{"*;q=0.1, gzip", "gzip", 1000},
		{"*;q=0.1, gzip", "zstd", 100},
		{"gzip;q=1.5", "gzip", 0},
		{"gzip;q=nan", "gzip", 0},
		{"gzip; q=0.3", "gzip", 300},
		{"gzip;a=\"q=0\"", "gzip", 1000},
		{"TEXT/HTML", "text/html", 1000},
		{"de-DE,en;q=0.5", "de", 1000},
		{"de-DE,en;q=0.5", "en", 500},
		{"den", "de", 0},
		{",,;q=1, ,", "de", 0},
		{"text/html;charset=utf-8;q=0.7", "text/html; charset=utf-8", 700},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(accept_weight(cases[i].header, cases[i].name), cases[i].weight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(weights)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
