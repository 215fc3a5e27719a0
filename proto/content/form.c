#include "proto/content/form.h"

#include <stddef.h>
#include <string.h>

static bool form_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool form_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_among(uint8_t c, const char *set)
{
	return c && strchr(set, c);
}

static unsigned digits_at(struct bytes text, size_t at, size_t count)
{
	unsigned v = 0;

	for (size_t i = 0; i < count; i++)
		v = v * 10 + (unsigned)(text.ptr[at + i] - '0');
	return v;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Digits stand where the pattern has a 0, and all else as it is. */
static bool date_looks(struct bytes text)
{
	static const char pattern[] = "0000-00-00T00:00:00Z";

	if (text.len != 4 && text.len != 7 && text.len != 10 && text.len != 20)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (pattern[i] == '0' ? !form_digit(text.ptr[i])
				      : text.ptr[i] != (uint8_t)pattern[i])
			return false;
	return true;
}

bool form_date(struct bytes text)
{
	if (!date_looks(text))
		return false;
	const unsigned year = digits_at(text, 0, 4);
	const unsigned month = text.len > 4 ? digits_at(text, 5, 2) : 1;
	const unsigned day = text.len > 7 ? digits_at(text, 8, 2) : 1;

	if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return false;
	return text.len < 20 || (digits_at(text, 11, 2) < 24 && digits_at(text, 14, 2) < 60 &&
				 digits_at(text, 17, 2) < 60);
}

bool form_code(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!form_letter(text.ptr[i]) && !form_digit(text.ptr[i]) &&
		    !is_among(text.ptr[i], "._/-()"))
			return false;
	return text.len > 0;
}

bool form_iri(struct bytes text)
{
	size_t colon = 0;

	while (colon < text.len &&
	       (form_letter(text.ptr[colon]) ||
		(colon > 0 && (form_digit(text.ptr[colon]) || is_among(text.ptr[colon], "+-.")))))
		colon++;
	if (colon == 0 || colon + 1 >= text.len || text.ptr[colon] != ':')
		return false;
	for (size_t i = colon; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] == 127 ||
		    is_among(text.ptr[i], "\"<>\\^`{|}"))
			return false;
	return true;
}

bool form_email(struct bytes text)
{
	size_t ats = 0, at = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] == 127 ||
		    is_among(text.ptr[i], "\"<>()[]\\,;:?&"))
			return false;
		if (text.ptr[i] == '@') {
			at = i;
			ats++;
		}
	}
	return ats == 1 && at > 0 && at + 1 < text.len;
}

bool form_phone(struct bytes text)
{
	size_t digits = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (!form_digit(text.ptr[i]) && !is_among(text.ptr[i], " +()/-."))
			return false;
		digits += form_digit(text.ptr[i]);
	}
	return digits >= 3;
}

bool form_place(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!form_digit(text.ptr[i]))
			return false;
	return text.len == 2 || text.len == 3 || text.len == 5 || text.len == 8 || text.len == 9 ||
	       text.len == 12;
}
