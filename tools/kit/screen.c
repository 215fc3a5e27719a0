#include "tools/kit/screen.h"

#include <string.h>

#include "crypto/utf8.h"

#define BYTE_ORDER_MARK 0xfeff

/* The beginning of a character of several bytes, the rest of which may come. */
static bool is_cut(struct bytes text)
{
	uint8_t lead = text.ptr[0];

	return lead >= 0xc2 && lead <= 0xf4 && text.len < (lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);
}

static bool is_harmless(uint32_t c, uint64_t at)
{
	return c == '\n' || c == '\r' || c == '\t' || (c == BYTE_ORDER_MARK && at == 0) ||
	       !utf8_unsafe(c);
}

/* As far as characters are whole; returns how many bytes that was. *ok: all of them are text. */
static size_t screen_look(struct screen *screen, struct bytes text, bool *ok)
{
	size_t at = 0;
	uint32_t c;

	while (*ok && at < text.len) {
		struct bytes rest = bytes_slice(text, at, text.len);
		size_t len = utf8_next(rest, &c);

		if (len == 0 && is_cut(rest))
			break;
		*ok = len > 0 && is_harmless(c, screen->at);
		if (*ok) {
			at += len;
			screen->at += len;
		}
	}
	return at;
}

bool screen_may(struct screen *screen, struct bytes piece)
{
	bool ok = true;
	size_t used = 0;

	while (ok && screen->held_len > 0 && used < piece.len) {
		size_t taken;

		screen->held[screen->held_len++] = piece.ptr[used++];
		taken = screen_look(screen, bytes_of(screen->held, screen->held_len), &ok);
		screen->held_len -= taken;
	}
	piece = bytes_slice(piece, used, piece.len);
	used = screen_look(screen, piece, &ok);
	if (!ok || used == piece.len)
		return ok;
	screen->held_len = piece.len - used;
	memcpy(screen->held, piece.ptr + used, screen->held_len);
	return true;
}
