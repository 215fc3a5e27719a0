/*
 * siphash - SipHash-2-4 (Aumasson and Bernstein, 2012) with 64 bits of output: a fast keyed hash
 * for what is short, against accidents, and for places that nobody is to choose. Who chooses the
 * bytes and knows the key finds others with the same.
 */
#ifndef ALLMENDE_SIPHASH_H
#define ALLMENDE_SIPHASH_H

#include "crypto/bytes.h"

#define SIPHASH_KEY_LEN 16
#define SIPHASH_LEN     8

void siphash_put(uint8_t out[SIPHASH_LEN], const uint8_t key[SIPHASH_KEY_LEN], struct bytes in);
/* The output bytes as a little-endian integer, as in the paper. */
uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], struct bytes in);

#endif
