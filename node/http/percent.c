#include "node/http/percent.h"

#include <string.h>

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

enum err percent_decode(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == '%') {
			int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
			int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return ERR_MALFORMED;
			c = (uint8_t)(high << 4 | low);
			i += 2;
		}
		if (c == 0)
			return ERR_MALFORMED;
		buf_add_u8(out, c);
	}
	buf_add_u8(out, 0);
	if (out->err)
		return ERR_MALFORMED;
	out->len--;
	return ERR_OK;
}

static void encode_but(struct buf *out, struct bytes text, const char *plain)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || (c && strchr(plain, c));

		if (stays) {
			buf_add_u8(out, c);
		} else {
			buf_add_u8(out, '%');
			buf_add_u8(out, (uint8_t)digits[c >> 4]);
			buf_add_u8(out, (uint8_t)digits[c & 15]);
		}
	}
}

void percent_encode(struct buf *out, struct bytes text)
{
	encode_but(out, text, "-._~/@");
}

void percent_encode_part(struct buf *out, struct bytes text)
{
	encode_but(out, text, "-._~");
}
