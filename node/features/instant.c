#include "node/features/instant.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS    INT64_C(86400000)
#define MINUTE_MS INT64_C(60000)

struct digits {
	struct bytes text;
	size_t at;
	bool wrong;
};

static int instant_digits(struct digits *d, size_t count)
{
	int v = 0;

	for (size_t i = 0; i < count; i++, d->at++) {
		if (d->at >= d->text.len || d->text.ptr[d->at] < '0' || d->text.ptr[d->at] > '9') {
			d->wrong = true;
			return 0;
		}
		v = v * 10 + (d->text.ptr[d->at] - '0');
	}
	return v;
}

static bool instant_sign(struct digits *d, char c)
{
	if (d->wrong || d->at >= d->text.len || d->text.ptr[d->at] != c)
		return false;
	d->at++;
	return true;
}

static void instant_must(struct digits *d, char c)
{
	if (!instant_sign(d, c))
		d->wrong = true;
}

/* Of the Gregorian calendar, since 1970. After Howard Hinnant's days_from_civil. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Seconds and parts of it; *len_ms: how long what was named lasts, less one. */
static int64_t take_seconds(struct digits *d, int64_t *len_ms)
{
	int64_t ms = 0, unit = 1000;

	*len_ms = MINUTE_MS - 1;
	if (!instant_sign(d, ':'))
		return 0;
	int seconds = instant_digits(d, 2);
	if (seconds > 60)
		d->wrong = true;
	ms = (seconds == 60 ? 59 : seconds) * INT64_C(1000);
	*len_ms = 0;
	if (!instant_sign(d, '.'))
		return ms;
	size_t from = d->at;
	while (d->at < d->text.len && d->text.ptr[d->at] >= '0' && d->text.ptr[d->at] <= '9') {
		unit /= 10;
		ms += unit * (d->text.ptr[d->at++] - '0');
	}
	if (d->at == from || d->at - from > 9)
		d->wrong = true;
	return ms;
}

static int64_t take_offset(struct digits *d)
{
	int sign = 1;

	if (d->at >= d->text.len || instant_sign(d, 'Z') || instant_sign(d, 'z'))
		return 0;
	if (instant_sign(d, '-'))
		sign = -1;
	else
		instant_must(d, '+');
	int hours = instant_digits(d, 2);
	instant_sign(d, ':');
	int minutes = instant_digits(d, 2);
	if (hours > 23 || minutes > 59)
		d->wrong = true;
	return sign * (hours * INT64_C(60) + minutes) * MINUTE_MS;
}

enum instant_kind instant_parse(struct bytes text, struct span *out)
{
	struct digits d = {.text = text};
	int year = instant_digits(&d, 4);
	instant_must(&d, '-');
	int month = instant_digits(&d, 2);
	instant_must(&d, '-');
	int day = instant_digits(&d, 2);

	if (d.wrong || year < 1 || month < 1 || month > 12 || day < 1 ||
	    day > days_of_month(year, month))
		return INSTANT_NONE;
	out->from_ms = days_of(year, month, day) * DAY_MS;
	out->to_ms = out->from_ms + DAY_MS - 1;
	if (d.at == text.len)
		return INSTANT_DATE;
	if (!instant_sign(&d, 'T') && !instant_sign(&d, 't'))
		instant_must(&d, ' ');
	/* GDAL 3.6 writes a day as "2026-04-01T" */
	if (!d.wrong && d.at == text.len)
		return INSTANT_DATE;
	int64_t len_ms;
	int hour = instant_digits(&d, 2);
	instant_must(&d, ':');
	int minute = instant_digits(&d, 2);
	int64_t ms = (hour * INT64_C(60) + minute) * MINUTE_MS + take_seconds(&d, &len_ms);
	ms -= take_offset(&d);
	if (d.wrong || hour > 23 || minute > 59 || d.at != text.len)
		return INSTANT_NONE;
	out->from_ms += ms;
	out->to_ms = out->from_ms + len_ms;
	return INSTANT_TIME;
}

static bool end_is_open(struct bytes text)
{
	return text.len == 0 || bytes_eq(text, bytes_str(".."));
}

enum err span_parse(struct bytes text, struct span *out)
{
	const uint8_t *slash = text.len ? memchr(text.ptr, '/', text.len) : NULL;
	struct span from = {SPAN_OPEN_FROM, 0}, to = {0, SPAN_OPEN_TO};

	if (!slash)
		return instant_parse(text, out) ? ERR_OK : ERR_MALFORMED;
	struct bytes first = bytes_slice(text, 0, (size_t)(slash - text.ptr));
	struct bytes second = bytes_slice(text, first.len + 1, text.len);
	if ((!end_is_open(first) && !instant_parse(first, &from)) ||
	    (!end_is_open(second) && !instant_parse(second, &to)))
		return ERR_MALFORMED;
	*out = (struct span){from.from_ms, to.to_ms};
	return out->from_ms <= out->to_ms ? ERR_OK : ERR_MALFORMED;
}

void instant_text(int64_t ms, char out[INSTANT_TEXT_LEN])
{
	time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
	struct tm tm;

	out[0] = 0;
	if (gmtime_r(&seconds, &tm))
		strftime(out, INSTANT_TEXT_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
