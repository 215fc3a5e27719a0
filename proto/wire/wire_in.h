/*
 * wire_in - the strict reader of MessagePack: one cursor, one sticky error.
 *
 * Accepts exactly the encoding of docs/PROTOCOL.md, section 1.1: shortest forms only; unsigned
 * integers, nil, booleans, bin, str, arrays, and maps with rising unsigned keys. After the first
 * fault every call does nothing and returns zero (empty bytes, count 0), so a dozen reads need one
 * check, in wire_end(). Every fault is ERR_MALFORMED. Nothing is allocated or copied: the bytes
 * returned point into the input. Nesting is as deep as the reader of a format goes, and no format
 * goes deeper than 8; wire_skip(), for what a later version has added, goes no deeper either.
 *
 *	struct wire_in w = wire_in(body);
 *	wire_array(&w, 3, 3);
 *	wire_exact(&w, 1);
 *	thing->number = wire_uint(&w, UINT32_MAX);
 *	if ((thing->has_id = !wire_nil(&w)))
 *		wire_fixed(&w, thing->id.b, ID_LEN);
 *	return wire_end(&w);
 */
#ifndef ALLMENDE_WIRE_IN_H
#define ALLMENDE_WIRE_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

struct wire_in {
	struct bytes in;
	size_t pos;
	enum err err;
};

struct wire_in wire_in(struct bytes in);

/* The number of elements, min to max; believed only when as many bytes are left. */
uint32_t wire_array(struct wire_in *w, uint32_t min, uint32_t max);
/* The number of pairs, 0 to max. */
uint32_t wire_map(struct wire_in *w, uint32_t max);
/* The next key of a map: greater than *prev, which it becomes. *prev is 0 before the first, so
   keys are 1 and more; 0 is returned after a fault only. */
uint64_t wire_key(struct wire_in *w, uint64_t *prev);
uint64_t wire_uint(struct wire_in *w, uint64_t max);
/* An unsigned integer that must be this one: format numbers and types. */
void wire_exact(struct wire_in *w, uint64_t v);
bool wire_bool(struct wire_in *w);
/* True when the next value is nil; then it is consumed. */
bool wire_nil(struct wire_in *w);
/* A byte string of min to max bytes. */
struct bytes wire_bin(struct wire_in *w, uint32_t min, uint32_t max);
/* A byte string of exactly len bytes, copied; zeros after a fault. */
void wire_fixed(struct wire_in *w, uint8_t *out, uint32_t len);
/* A text of min to max bytes (utf8.h); wire_text_lines: line feeds are allowed. */
struct bytes wire_text(struct wire_in *w, uint32_t min, uint32_t max);
/* The same, copied behind a terminating zero: room for max + 1 bytes; empty after a fault. */
void wire_text_copy(struct wire_in *w, char *out, uint32_t min, uint32_t max);
struct bytes wire_text_lines(struct wire_in *w, uint32_t min, uint32_t max);
/* Takes count values of whatever type, in the encoding of all others; within_depth arrays and maps
   may be open around them. */
void wire_skip(struct wire_in *w, uint32_t count, unsigned within_depth);

/* Sets the fault, for what the reader of a format refuses by itself. */
void wire_fail(struct wire_in *w);
/* The fault, or ERR_MALFORMED when bytes are left. */
enum err wire_end(struct wire_in *w);

#endif
