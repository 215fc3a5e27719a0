/*
 * box - sealing of one chunk (docs/PROTOCOL.md, section "Chunk").
 *
 *   chunk = version(1) || suite(1) || N(24) || commitment(32) || ciphertext || tag(16)
 *   N is random
 *   K_chunk || commitment = BLAKE2b-512(K_enc; N, AD)
 *   AD = format(1) || dataset id(32) || epoch(8 + 32) || kind(1)
 *
 * Opening checks commitment, then tag. The address is checked by
 * whoever obtained the bytes, with box_addr().
 */
#ifndef ALLMENDE_BOX_H
#define ALLMENDE_BOX_H

#include "crypto/aead.h"
#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#define BOX_OVERHEAD (1 + 1 + 24 + 32 + 16)

enum box_kind { BOX_KIND_CONTENT = 1, BOX_KIND_MANIFEST = 2, BOX_KIND_DESCRIPTION = 3 };

/* What a chunk is bound to: epoch prefix as the hash of its path, epoch number. */
struct box_context {
	struct dataset_id dataset;
	struct digest epoch_prefix;
	uint64_t epoch_number;
	enum box_kind kind;
	/* tier hidden, which its dataset says: how the text is packed (proto/content/pack.h) */
	bool hidden;
};

/* What follows from one dataset key K(dataset) in one epoch. Wipe with box_keys_wipe(). */
struct box_keys {
	struct key enc;
};
void box_keys_derive(struct box_keys *keys, const struct key *dataset_key);
void box_keys_wipe(struct box_keys *keys);

/* Appends text.len + BOX_OVERHEAD bytes to out (see out->err). */
void box_seal(struct buf *out, struct aead *aead, const struct box_keys *keys,
	      const struct box_context *context, struct bytes text, struct random *random);
/* Appends the text. ERR_MALFORMED, ERR_VERSION, ERR_DENIED (commitment or tag). */
enum err box_open(struct buf *out, struct aead *aead, const struct box_keys *keys,
		  const struct box_context *context, struct bytes chunk);
void box_addr(struct chunk_addr *addr, struct bytes chunk);

#endif
