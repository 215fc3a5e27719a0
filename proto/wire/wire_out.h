/*
 * wire_out - writes MessagePack as wire_in.h reads it: always the shortest form.
 *
 * Appends to a struct buf, whose sticky error is the only one there is. The caller keeps the
 * promises of docs/PROTOCOL.md that no single call can see: array counts that are true, map keys
 * that rise, texts that are UTF-8.
 */
#ifndef ALLMENDE_WIRE_OUT_H
#define ALLMENDE_WIRE_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

void out_array(struct buf *out, uint32_t count);
void out_map(struct buf *out, uint32_t count);
void out_uint(struct buf *out, uint64_t v); /* also the keys of maps */
void out_bool(struct buf *out, bool v);
void out_nil(struct buf *out);
void out_bin(struct buf *out, struct bytes b);
/* Same bytes as out_bin(): for ids, keys and signatures. */
void out_fixed(struct buf *out, const uint8_t *b, uint32_t len);
/* NULL is nil: for optional ids. */
void out_fixed_or_nil(struct buf *out, const uint8_t *b, uint32_t len);
void out_text(struct buf *out, struct bytes text);

#endif
