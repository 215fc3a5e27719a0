#include "proto/dcat/mojibake.h"

#include <string.h>

#include "crypto/utf8.h"

/* What Windows-1252 has at 80 to 9F; 0: nothing, and the control character stays. */
static const uint16_t windows[32] = {
	0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

/* The byte that was read as this character; 0: none above 7F. */
static uint8_t byte_of(uint32_t c)
{
	if (c >= 0x80 && c <= 0xff)
		return (uint8_t)c;
	for (unsigned i = 0; i < 32; i++)
		if (c > 0xff && windows[i] == c)
			return (uint8_t)(0x80 + i);
	return 0;
}

/* Up to four characters from a place on; 0 behind the end. */
static void letters_look(struct bytes text, uint32_t c[4], size_t ends[4])
{
	size_t at = 0;

	for (unsigned i = 0; i < 4; i++) {
		struct bytes rest = bytes_slice(text, at, text.len);

		c[i] = 0;
		if (rest.len > 0)
			at += utf8_next(rest, &c[i]);
		ends[i] = at;
	}
}

/* What people write behind an Ä or Å that is one. */
static bool closes(uint32_t c)
{
	static const uint32_t marks[] = {0x201a, 0x201c, 0x201d, 0x201e, 0x2018, 0x2019,
					 0x2039, 0x203a, 0x2026, 0x2013, 0x2014, 0x2122,
					 0xa0,   0xab,   0xbb,   0xb0,   0xae,   0xb2,
					 0xb3,   0xb9,   0xb4,   0xa7,   0xad,   0xb7};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (c == marks[i])
			return true;
	return false;
}

/* How many characters are one of UTF-8, read byte by byte; its bytes go to meant. */
static size_t windows_len(const uint32_t c[4], char meant[5])
{
	const uint8_t lead = byte_of(c[0]);
	uint32_t found = 0;
	/* other leads are letters that stand before such signs in good texts */
	size_t len = lead == 0xc2 || lead == 0xc3            ? 2
		     : lead == 0xc4 || lead == 0xc5          ? (closes(c[1]) ? 0 : 2)
		     : lead == 0xe2 || lead == 0xef          ? 3
		     : lead == 0xf0 && byte_of(c[1]) == 0x9f ? 4
							     : 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = byte_of(c[i]);

		if (i > 0 && (byte < 0x80 || byte > 0xbf))
			return 0;
		meant[i] = (char)byte;
	}
	meant[len] = '\0';
	/* what comes out is a character that is shown */
	if (!len || utf8_next(bytes_str(meant), &found) != len || utf8_unsafe(found))
		return found == 0xfeff ? len : 0;
	return len;
}

/* The same of other encodings, two characters for a letter with a sign. */
static bool other(uint32_t a, uint32_t b)
{
	static const uint32_t mac[] = {0xa7, 0xb6, 0xba, 0xfc, 0xd1, 0xf1, 0xfa, 0xa9, 0x2202};

	for (size_t i = 0; a == 0x221a && i < sizeof(mac) / sizeof(mac[0]); i++)
		if (b == mac[i])
			return true;
	/* behind ├ in a drawn tree stand lines and blanks */
	return a == 0x251c && b > ' ' && b != 0x2500 && b != 0x2501 && b != 0x2524 && b != 0x2574;
}

static size_t wrong_len(const uint32_t c[4], char meant[5])
{
	size_t len = windows_len(c, meant);

	if (len)
		return len;
	meant[0] = '\0';
	if (c[0] == 0xfffd)
		return 1;
	/* one of the quotation marks, whose last byte Windows-1252 does not have */
	if (c[0] == 0xe2 && c[1] == 0x20ac)
		return 2;
	return other(c[0], c[1]) ? 2 : 0;
}

bool mojibake_find(struct bytes text, struct mojibake *out)
{
	*out = (struct mojibake){.letter = 1};
	while (out->at < text.len) {
		uint32_t c[4];
		size_t ends[4];

		letters_look(bytes_slice(text, out->at, text.len), c, ends);
		size_t len = wrong_len(c, out->meant);
		if (len) {
			out->len = ends[len - 1];
			return true;
		}
		if (!ends[0])
			return false;
		out->at += ends[0];
		out->letter++;
	}
	return false;
}
