#include "crypto/id.h"

#include <string.h>

#include <sodium.h>

#define BASE64_VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
/* A multiple of three, so that pieces encoded one by one join without padding. */
#define BASE64_PIECE_LEN 48

bool id_is_zero(const uint8_t b[ID_LEN])
{
	return sodium_is_zero(b, ID_LEN) == 1;
}

void hex_put(char *out, struct bytes in)
{
	sodium_bin2hex(out, 2 * in.len + 1, in.ptr, in.len);
}

enum err hex_get(uint8_t *out, size_t len, const char *text)
{
	/* libsodium takes upper case too, which would give one id two texts */
	if (strlen(text) != 2 * len || strpbrk(text, "ABCDEF"))
		return ERR_MALFORMED;
	size_t out_len;
	if (sodium_hex2bin(out, len, text, 2 * len, NULL, &out_len, NULL) != 0 || out_len != len)
		return ERR_MALFORMED;
	return ERR_OK;
}

void base64_put(struct buf *out, struct bytes in)
{
	char text[sodium_base64_ENCODED_LEN(BASE64_PIECE_LEN, BASE64_VARIANT)];
	for (size_t at = 0; at < in.len; at += BASE64_PIECE_LEN) {
		struct bytes piece = bytes_slice(in, at, BASE64_PIECE_LEN);
		sodium_bin2base64(text, sizeof(text), piece.ptr, piece.len, BASE64_VARIANT);
		buf_add(out, bytes_str(text));
	}
	sodium_memzero(text, sizeof(text));
}

/* libsodium 1.0.18 takes some bytes above 127 for characters of the alphabet. */
static bool base64_alphabet(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return true;
}

enum err base64_get(struct buf *out, struct bytes text)
{
	if (!base64_alphabet(text))
		return ERR_MALFORMED;
	size_t before = out->len;
	size_t max = text.len / 4 * 3 + text.len % 4 * 3 / 4;
	uint8_t *space = buf_space(out, max);
	if (!space)
		return out->err;
	size_t len = 0;
	if (text.len > 0 && sodium_base642bin(space, max, (const char *)text.ptr, text.len, NULL,
					      &len, NULL, BASE64_VARIANT) != 0) {
		out->len = before;
		return ERR_MALFORMED;
	}
	out->len = before + len;
	return ERR_OK;
}
