/*
 * id - identifiers and public keys as one-member structs, so the compiler keeps them apart.
 *
 * An id is the BLAKE2b-256 of the bytes it names (see hash.h for the labels). In text an id is
 * 64 lower-case hexadecimal digits; in messages to people its first 8.
 */
#ifndef ALLMENDE_ID_H
#define ALLMENDE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/bytes.h"

#define ID_LEN     32
#define ID_HEX_LEN 64

/* a hash that is not an id */
struct digest {
	uint8_t b[ID_LEN];
};
/* hash of the first charter entry */
struct fed_id {
	uint8_t b[ID_LEN];
};
/* hash of the first organisation log entry */
struct org_id {
	uint8_t b[ID_LEN];
};
/* hash of organisation id and path */
struct dataset_id {
	uint8_t b[ID_LEN];
};
/* hash of a record's payload */
struct record_id {
	uint8_t b[ID_LEN];
};
/* hash of all bytes of a sealed chunk */
struct chunk_addr {
	uint8_t b[ID_LEN];
};
/* Ed25519 public key */
struct sign_pk {
	uint8_t b[ID_LEN];
};
/* X25519 public key */
struct dh_pk {
	uint8_t b[ID_LEN];
};

/* id_eq(&a, &b), id_zero(&a), id_bytes(&a): for any of the above. Not constant time. */
#define id_eq(x, y)                                                                                \
	(sizeof((x) == (y)) /* lets the compiler compare the types */                              \
	 && bytes_eq(bytes_of((x)->b, ID_LEN), bytes_of((y)->b, ID_LEN)))
#define id_bytes(x) bytes_of((x)->b, ID_LEN)
#define id_zero(x)  id_is_zero((x)->b)

bool id_is_zero(const uint8_t b[ID_LEN]);
/* Hexadecimal text with terminating zero. out holds 2 * in.len + 1. */
void hex_put(char *out, struct bytes in);
/* ERR_MALFORMED unless text is exactly 2 * len lower-case hexadecimal digits. */
enum err hex_get(uint8_t *out, size_t len, const char *text);
/* URL-safe base64 without padding (RFC 4648, section 5). Appends to out. */
void base64_put(struct buf *out, struct bytes in);
enum err base64_get(struct buf *out, struct bytes text);

#endif
