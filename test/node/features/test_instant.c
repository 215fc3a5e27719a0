#include "test/node/node_test.h"

#include <string.h>
#include <time.h>

#include "node/features/instant.h"

#define APRIL INT64_C(1775001600000) /* date -u -d 2026-04-01 +%s */

static void instants(void **state)
{
	static const struct {
		const char *text;
		enum instant_kind kind;
		int64_t from_ms, len_ms;
	} cases[] = {
		{"2026-04-01", INSTANT_DATE, APRIL, 86399999},
		{"2026-04-01T", INSTANT_DATE, APRIL, 86399999},
		{"2026-04-01T00:00:00Z", INSTANT_TIME, APRIL, 0},
		{"2026-04-01t01:00:00z", INSTANT_TIME, APRIL + 3600000, 0},
		{"2026-04-01 01:00:00", INSTANT_TIME, APRIL + 3600000, 0},
		{"2026-04-01T02:00:00+02:00", INSTANT_TIME, APRIL, 0},
		{"2026-03-31T22:30:00-0130", INSTANT_TIME, APRIL, 0},
		{"2026-04-01T00:00:00.250Z", INSTANT_TIME, APRIL + 250, 0},
		{"2026-04-01T00:00:00.123456789Z", INSTANT_TIME, APRIL + 123, 0},
		{"2026-04-01T00:01Z", INSTANT_TIME, APRIL + 60000, 59999},
		{"2026-04-01T00:00:60Z", INSTANT_TIME, APRIL + 59000, 0},
		{"1970-01-01", INSTANT_DATE, 0, 86399999},
		{"1969-12-31T23:59:59Z", INSTANT_TIME, -1000, 0},
		{"2024-02-29", INSTANT_DATE, INT64_C(1709164800000), 86399999},
		{"2023-02-29", INSTANT_NONE, 0, 0},
		{"2100-02-29", INSTANT_NONE, 0, 0},
		{"2026-13-01", INSTANT_NONE, 0, 0},
		{"2026-00-01", INSTANT_NONE, 0, 0},
		{"2026-04-31", INSTANT_NONE, 0, 0},
		{"0000-01-01", INSTANT_NONE, 0, 0},
		{"2026-4-1", INSTANT_NONE, 0, 0},
		{"01.04.2026", INSTANT_NONE, 0, 0},
		{"2026-04-01T24:00:00Z", INSTANT_NONE, 0, 0},
		{"2026-04-01T00:60:00Z", INSTANT_NONE, 0, 0},
		{"2026-04-01T00:00:61Z", INSTANT_NONE, 0, 0},
		{"2026-04-01T00:00:00.Z", INSTANT_NONE, 0, 0},
		{"2026-04-01T00:00:00X", INSTANT_NONE, 0, 0},
		{"2026-04-01T00:00:00Zx", INSTANT_NONE, 0, 0},
		{"2026-04-01T00:00:00+25:00", INSTANT_NONE, 0, 0},
		{"2026-04-01x", INSTANT_NONE, 0, 0},
		{"2026-04", INSTANT_NONE, 0, 0},
		{"2026", INSTANT_NONE, 0, 0},
		{"", INSTANT_NONE, 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span span;
		enum instant_kind kind = instant_parse(bytes_str(cases[i].text), &span);
		if (kind != cases[i].kind)
			fail_msg("%s: %d", cases[i].text, kind);
		if (kind && (span.from_ms != cases[i].from_ms ||
			     span.to_ms - span.from_ms != cases[i].len_ms))
			fail_msg("%s: %lld", cases[i].text, (long long)span.from_ms);
	}
}

static void spans(void **state)
{
	static const struct {
		const char *text;
		bool wrong;
		int64_t from_ms, to_ms;
	} cases[] = {
		{"2026-04-01", false, APRIL, APRIL + 86399999},
		{"2026-04-01/2026-04-02", false, APRIL, APRIL + 2 * INT64_C(86400000) - 1},
		{"2026-04-01T00:00:00Z/..", false, APRIL, SPAN_OPEN_TO},
		{"2026-04-01T00:00:00Z/", false, APRIL, SPAN_OPEN_TO},
		{"../2026-04-01T00:00:00Z", false, SPAN_OPEN_FROM, APRIL},
		{"/2026-04-01T00:00:00Z", false, SPAN_OPEN_FROM, APRIL},
		{"../..", false, SPAN_OPEN_FROM, SPAN_OPEN_TO},
		{"2026-04-02/2026-04-01", true, 0, 0},
		{"2026-04-02/2026-04-03/2026-04-04", true, 0, 0},
		{"yesterday", true, 0, 0},
		{"yesterday/..", true, 0, 0},
		{".../2026-04-02", true, 0, 0},
		{"", true, 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span span;
		enum err err = span_parse(bytes_str(cases[i].text), &span);
		if (err != (cases[i].wrong ? ERR_MALFORMED : ERR_OK))
			fail_msg("%s: %d", cases[i].text, err);
		if (!err && (span.from_ms != cases[i].from_ms || span.to_ms != cases[i].to_ms))
			fail_msg("%s", cases[i].text);
	}
}

static void texts(void **state)
{
	char text[INSTANT_TEXT_LEN];

	instant_text(APRIL + 999, text);
	assert_string_equal(text, "2026-04-01T00:00:00Z");
	instant_text(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instants),
		cmocka_unit_test(spans),
		cmocka_unit_test(texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
