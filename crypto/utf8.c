#include "crypto/utf8.h"

size_t utf8_next(struct bytes text, uint32_t *c)
{
	const uint8_t *p = text.ptr;

	if (text.len == 0)
		return 0;
	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	size_t len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] < 0xc2 || p[0] > 0xf4 || text.len < len)
		return 0;
	/* the second byte excludes overlong forms, surrogates and what is above U+10FFFF */
	uint8_t low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
	uint8_t high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
	if (p[1] < low || p[1] > high)
		return 0;
	uint32_t code = p[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	*c = code;
	return len;
}

bool utf8_check(struct bytes text, bool lines)
{
	uint32_t c;

	for (size_t i = 0, len; i < text.len; i += len) {
		len = utf8_next(bytes_of(text.ptr + i, text.len - i), &c);
		if (len == 0 || c == 0x7f || (c < 0x20 && !(lines && c == '\n')))
			return false;
	}
	return true;
}

struct bytes utf8_cut(struct bytes text, size_t max)
{
	if (text.len <= max)
		return text;
	while (max > 0 && (text.ptr[max] & 0xc0) == 0x80)
		max--;
	return bytes_slice(text, 0, max);
}

bool utf8_unsafe(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
		{0x00, 0x1f},       /* C0 */
		{0x7f, 0x9f},       /* DEL, C1 */
		{0x61c, 0x61c},     /* mark of direction */
		{0x200b, 0x200f},   /* no width; marks of direction */
		{0x2028, 0x202e},   /* lines, paragraphs; embedding and overriding direction */
		{0x2060, 0x206f},   /* no width; isolating direction; shaping */
		{0xfeff, 0xfeff},   /* no width, byte order */
		{0xfff9, 0xfffb},   /* annotations */
		{0xe0000, 0xe0fff}, /* tags, variants */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}
