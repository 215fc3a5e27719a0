/*
 * utf8 - the one decoder of texts, the one test for texts that come from outside (docs/PROTOCOL.md,
 * section 1), and the one list of characters that nobody is shown as they are.
 *
 * Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef ALLMENDE_UTF8_H
#define ALLMENDE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

/* Bytes of the character at the front of text, 1 to 4, and the character in *c. 0 when there is
   none: the text is empty, or begins with what is not UTF-8; *c stays as it is then. */
size_t utf8_next(struct bytes text, uint32_t *c);
/* All of it is UTF-8, without the control characters U+0000 to U+001F and U+007F. lines: line feeds
   are allowed. */
bool utf8_check(struct bytes text, bool lines);
/* At most max bytes from the front, never ending in the middle of a character. */
struct bytes utf8_cut(struct bytes text, size_t max);
/*
 * Whether a person must not be shown the character as it is, because it steers a terminal or makes
 * a text look like another one: control characters (C0, DEL, C1), separators of lines and
 * paragraphs, what turns the direction of writing, what has no width, annotations and tags.
 */
bool utf8_unsafe(uint32_t c);

#endif
