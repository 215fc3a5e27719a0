#include "proto/utf8.h"

/* Length of the sequence at p (left bytes remain), 0 when it is not one; RFC 3629, section 4. */
static size_t sequence_len(const uint8_t *p, size_t left)
{
	uint8_t first = p[0];
	if (first < 0x80)
		return 1;
	size_t len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first < 0xc2 || first > 0xf4 || left < len)
		return 0;
	/* the second byte excludes overlong forms, surrogates and what is above U+10FFFF */
	uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

bool utf8_check(struct bytes text, bool lines)
{
	size_t i = 0;
	while (i < text.len) {
		uint8_t c = text.ptr[i];
		if (c == 0x7f || (c < 0x20 && !(lines && c == '\n')))
			return false;
		size_t len = sequence_len(text.ptr + i, text.len - i);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}
