/*
 * screen - whether bytes may go to a terminal as they are: text that changes nothing there.
 *
 * Text is UTF-8 with line ends and tabs; a byte order mark may stand at its beginning. Pieces may
 * end in the middle of a character, and so may the whole: a terminal waits for the rest.
 */
#ifndef ALLMENDE_SCREEN_H
#define ALLMENDE_SCREEN_H

#include "crypto/bytes.h"

struct screen {
	uint64_t at;     /* bytes that were text */
	uint8_t held[8]; /* the beginning of a character */
	size_t held_len;
};

/* The next piece. False: it is no text, from byte `at` on; then for good. */
bool screen_may(struct screen *screen, struct bytes piece);
#endif
