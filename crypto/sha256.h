/*
 * sha256 - SHA-256 by libcrypto, which uses what the processor has for it: of files as they are
 * served, as everybody has a tool for that.
 *
 * One is open for each who hashes one file after the other; used by one thread at a time.
 */
#ifndef ALLMENDE_SHA256_H
#define ALLMENDE_SHA256_H

#include "crypto/bytes.h"
#include "crypto/id.h"

struct sha256;
struct sha256 *sha256_open(void);
void sha256_close(struct sha256 *sha256); /* NULL is allowed */
void sha256_add(struct sha256 *sha256, struct bytes part);
/* Of all that was added; the next byte begins another one. */
void sha256_done(struct sha256 *sha256, uint8_t out[ID_LEN]);

#endif
