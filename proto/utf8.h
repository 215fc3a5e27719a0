/*
 * utf8 - the one test for texts that come from outside (docs/PROTOCOL.md, section 1).
 *
 * Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF; and no
 * control characters U+0000 to U+001F and U+007F.
 */
#ifndef ALLMENDE_UTF8_H
#define ALLMENDE_UTF8_H

#include <stdbool.h>

#include "crypto/bytes.h"

/* lines: line feeds are allowed. */
bool utf8_check(struct bytes text, bool lines);

#endif
