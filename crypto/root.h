/*
 * root - the organisation's root seed and what follows from it.
 *
 * 32 random bytes; the Ed25519 root key and the X25519 recovery key are derived by label. On paper
 * the seed is text in groups of four from the Crockford base32 alphabet with a check sum, read
 * without regard to case, blanks and hyphens, and with o/0 and i/l/1 taken as equal.
 */
#ifndef ALLMENDE_ROOT_H
#define ALLMENDE_ROOT_H

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/secret.h"

#define ROOT_TEXT_LEN 69 /* 14 groups of 4 characters, 13 hyphens: 35 bytes = seed and 3 of check */

void root_sign_seed(struct key *out, const struct key *seed);    /* Ed25519 seed, for sign.h */
void root_recovery_key(struct key *out, const struct key *seed); /* X25519 secret, for wrap.h */
void root_text_put(char out[ROOT_TEXT_LEN + 1], const struct key *seed);
/* ERR_MALFORMED: wrong length or character; ERR_DENIED: check sum (a typing error). */
enum err root_text_get(struct key *seed, const char *text);

#endif
