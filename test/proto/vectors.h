/*
 * vectors - the files below docs/vectors: made by a test, and compared with what stands there, or
 * written anew.
 */
#ifndef ALLMENDE_TEST_VECTORS_H
#define ALLMENDE_TEST_VECTORS_H

#include <jansson.h>

#include "crypto/bytes.h"

struct vectors {
	const char *folder; /* "docs/vectors/rights/" */
	bool writes;        /* --write */
};

/* The file of a name; hyphens stand for its underscores. */
void vectors_path(const struct vectors *vectors, char out[200], const char *name);
/* Compares with what stands there, or writes it; takes the JSON. Fails the test. */
void vectors_same(const struct vectors *vectors, const char *name, json_t *json);
json_t *vectors_load(const struct vectors *vectors, const char *name);

/*
 * A case of its own: what it is about, bytes, and what who reads them says. Fails the test unless
 * found is what the vector promises. more (may be NULL) has further keys and is taken.
 */
void vectors_case(const struct vectors *vectors, const char *name, const char *about,
		  struct bytes in, enum err wants, enum err found, json_t *more);

json_t *vectors_hex(struct bytes b);
/* Bytes that stand in hexadecimal under a key; released by the caller. */
struct buf vectors_bytes(const json_t *json, const char *key);

#endif
