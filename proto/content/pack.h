/*
 * pack - compression and padding of pieces, and whole chunks (docs/PROTOCOL.md, sections 6.1, 6.2).
 *
 *   packed text = mode(1) || be32 raw length || be32 packed length || packed || zeros
 *
 * A packer keeps the contexts of zstd and libcrypto, and scratch memory of one worker; used by
 * one thread at a time. Only pack.c includes zstd.h.
 */
#ifndef ALLMENDE_PACK_H
#define ALLMENDE_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/box.h"
#include "crypto/bytes.h"
#include "crypto/limits.h"

#define PACK_HEAD_LEN   9
#define PACK_LEN_MIN    (PACK_HEAD_LEN + 1)
#define PACK_LEN_MAX    (LIMIT_CHUNK_LEN_MAX - BOX_OVERHEAD)
#define PACK_PREFIX_MAX (LIMIT_CHUNK_BASE_COUNT_MAX * LIMIT_CHUNK_PLAIN_MAX)

enum pack_mode { PACK_STORED = 0, PACK_ZSTD = 1, PACK_DELTA = 2 };

/* The next PADMÉ size: at most 12 % more, on average far less, and few distinct sizes. */
size_t pack_padme(size_t len);

const char *pack_library_version(void); /* of zstd */

struct packer;
struct packer *packer_open(void);
void packer_close(struct packer *packer); /* NULL is allowed */

/*
 * Appends the packed text of 1 to LIMIT_CHUNK_PLAIN_MAX raw bytes. PACK_ZSTD falls back to
 * PACK_STORED when it does not make the piece smaller, and so does PACK_DELTA, for which prefix is
 * the joined plain text of the bases (otherwise empty, at most PACK_PREFIX_MAX, elsewhere in memory
 * than raw). ERR_FULL, ERR_NOMEM of out.
 */
enum err pack(struct packer *packer, struct buf *out, enum pack_mode mode, struct bytes raw,
	      struct bytes prefix);
/* Appends the raw text. ERR_MALFORMED: anything but what pack() could have made from a piece;
   ERR_FULL, ERR_NOMEM of out. out is unchanged after a fault. */
enum err unpack(struct packer *packer, struct buf *out, struct bytes packed, struct bytes prefix);

/*
 * Packs and seals: appends a whole chunk to out. Tier hidden is stored, not compressed, and its
 * manifests and descriptions are padded to a multiple of CHUNK_HIDDEN_UNIT.
 */
#define CHUNK_HIDDEN_UNIT 1024
enum err chunk_seal(struct packer *packer, struct buf *out, const struct box_keys *keys,
		    const struct box_context *context, struct bytes raw, struct random *random);
/* What a piece of so many bytes takes as a chunk of tier hidden, whatever it says. */
size_t chunk_hidden_len(enum box_kind kind, size_t raw_len);
/*
 * Appends the raw text of a chunk. In this order: ERR_CORRUPT (address), ERR_DENIED (commitment,
 * tag), ERR_MALFORMED (padding, lengths). addr NULL: a chunk that is not addressed (description).
 */
enum err chunk_open(struct packer *packer, struct buf *out, const struct box_keys *keys,
		    const struct box_context *context, const struct chunk_addr *addr,
		    struct bytes chunk, struct bytes prefix);
/* Whether a chunk without bases opens to just this text; also no for whatever it cannot open. */
bool chunk_is(struct packer *packer, const struct box_keys *keys, const struct box_context *context,
	      struct bytes chunk, struct bytes raw);

#endif
