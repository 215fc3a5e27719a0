/*
 * payload - what all signed objects have in common: payload || signature(64), and a payload that is
 * an array whose first element is the number of its form (docs/PROTOCOL.md, section 1).
 */
#ifndef ALLMENDE_PAYLOAD_H
#define ALLMENDE_PAYLOAD_H

#include "crypto/bytes.h"
#include "crypto/sign.h"
#include "proto/wire/wire_in.h"

/* Cuts a signed object in two. ERR_FULL when it is longer than len_max; ERR_MALFORMED. */
enum err payload_split(struct bytes whole, size_t len_max, struct bytes *payload, struct sig *sig);
/*
 * Signs what was appended to out since `from` and appends the signature. out->err becomes ERR_FULL
 * when the whole is then longer than len_max.
 */
void payload_sign(struct buf *out, size_t from, size_t len_max, const struct key *sign_seed,
		  enum sign_tag tag, const struct fed_id *fed);
/*
 * Reads the head of an array of count elements and its first one, which is 1. ERR_VERSION for any
 * other form, so that a later one is not taken for damage; *w is then of no use.
 */
enum err payload_begin(struct wire_in *w, uint32_t count);

#endif
