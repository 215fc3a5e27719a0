/*
 * frame - one direction of an encrypted session: sealed frames and the change of their key.
 *
 * A frame on the wire is be16 length || one Noise transport message with the plain text
 * channel(1) || flags(1) || data. Both sides count alike, so they change the key after the same
 * frame without a word. Any error of frame_open() is final.
 */
#ifndef ALLMENDE_FRAME_H
#define ALLMENDE_FRAME_H

#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/limits.h"
#include "crypto/noise.h"

#define FRAME_LENGTH_LEN   2 /* be16 in front of the sealed bytes */
#define FRAME_HEADER_LEN   2 /* channel, flags */
#define FRAME_DATA_LEN_MAX (LIMIT_FRAME_LEN_MAX - FRAME_HEADER_LEN - NOISE_TAG_LEN)
#define FRAME_LEN_MAX      (FRAME_LENGTH_LEN + LIMIT_FRAME_LEN_MAX) /* on the wire */
#define FRAME_FLAG_LAST    1 /* the last fragment of a message */

struct frame_key {
	struct noise_cipher cipher;
	uint64_t frame_count_max; /* under one key */
	uint64_t byte_count_max;
	uint64_t frame_count; /* since the key changed */
	uint64_t byte_count;  /* sealed bytes, without their length */
};

/* Sets the limits; the cipher is filled in by noise_split(). */
void frame_init(struct frame_key *key, const struct limits *limits);
void frame_fini(struct frame_key *key); /* wipes */
/* Appends length and sealed bytes. plain is header and data, at most FRAME_DATA_LEN_MAX + 2. */
enum err frame_seal(struct frame_key *key, struct buf *out, struct bytes plain);
/* Appends header and data of a frame without its length. ERR_MALFORMED, ERR_DENIED, ERR_NOMEM. */
enum err frame_open(struct frame_key *key, struct buf *plain, struct bytes sealed);

#endif
