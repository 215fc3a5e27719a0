#include "node/html/amount.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/base/clock.h"

void amount_number(char out[AMOUNT_LEN], enum language language, uint64_t number)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	size_t at = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = language == LANGUAGE_DE ? '.' : ',';
		out[at++] = digits[i];
	}
	out[at] = 0;
}

void amount_size(char out[AMOUNT_LEN], enum language language, uint64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes;
	unsigned unit = 0;
	char *point;

	while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	snprintf(out, AMOUNT_LEN, "%.*f %s",
		 unit == 0 || value >= 99.95 ? 0
		 : value >= 9.995            ? 1
					     : 2,
		 value, units[unit]);
	point = strchr(out, '.');
	if (point && language == LANGUAGE_DE)
		*point = ',';
}

static bool local_time(struct tm *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);

	return localtime_r(&seconds, out) != NULL;
}

static void amount_time(char out[AMOUNT_LEN], enum language language, int64_t ms, int64_t now_ms)
{
	struct tm then, now;
	size_t len;

	*out = 0;
	if (!local_time(&then, ms) || !local_time(&now, now_ms))
		return;
	if (then.tm_year == now.tm_year && then.tm_yday == now.tm_yday)
		len = strftime(out, AMOUNT_LEN, text_say(language, "today, %H:%M"), &then);
	else
		len = strftime(out, AMOUNT_LEN, text_say(language, "%d %b %Y"), &then);
	out[len] = 0;
}

uint64_t amount_day(int64_t now_ms)
{
	struct tm now;

	return local_time(&now, now_ms) ? (uint64_t)now.tm_year * 1000 + (uint64_t)now.tm_yday : 0;
}

void amount_time_put(struct html *html, int64_t ms, int64_t now_ms)
{
	char text[AMOUNT_LEN], exact[CLOCK_UTC_LEN];

	amount_time(text, html->language, ms, now_ms);
	clock_utc(exact, ms);
	html_put(html, "<time datetime=\"");
	html_put(html, exact);
	html_put(html, "\">");
	html_text(html, bytes_str(text));
	html_put(html, "</time>");
}
