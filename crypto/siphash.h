/*
 * siphash - SipHash-2-4 (Aumasson and Bernstein, 2012) with 64 bits of output: a fast keyed hash
 * for content-defined cutting. It is not collision resistant for whoever knows the key.
 */
#ifndef ALLMENDE_SIPHASH_H
#define ALLMENDE_SIPHASH_H

#include "crypto/bytes.h"

#define SIPHASH_KEY_LEN 16

/* The output bytes as a little-endian integer, as in the paper. */
uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], struct bytes in);

#endif
