/*
 * secret - secret bytes: guarded memory for the long-lived, wiping for the short-lived.
 *
 * struct key is 32 secret bytes. On the stack it is wiped by key_wipe() at the single exit of
 * the function. Long-lived keys stand in a struct secret: memory from sodium_malloc (guard pages,
 * locked, not in core dumps), read-only once filled. Secrets are never printed or logged, and
 * compared only by key_eq(), in constant time.
 */
#ifndef ALLMENDE_SECRET_H
#define ALLMENDE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"

#define KEY_LEN 32

struct key {
	uint8_t b[KEY_LEN];
};

void key_wipe(struct key *key);
bool key_eq(const struct key *a, const struct key *b);

struct secret;

/* Copies the bytes into guarded memory; the caller wipes its own copy. Never NULL. */
struct secret *secret_open(struct bytes from);
/* NULL is allowed. Wipes and releases. */
void secret_close(struct secret *secret);
struct bytes secret_bytes(const struct secret *secret);
/* The secret as a key; its length must be KEY_LEN. Valid while the secret is open. */
const struct key *secret_key(const struct secret *secret);
/* Wipes any memory in a way the compiler keeps. */
void secret_wipe(void *ptr, size_t len);

#endif
