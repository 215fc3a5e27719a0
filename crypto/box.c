#include "crypto/box.h"

#include <string.h>

#include <sodium.h>

#include "crypto/hash.h"

#define BOX_VERSION 1
#define BOX_SUITE   1
#define BOX_FORMAT  1

#define NONCE_LEN      AEAD_XNONCE_LEN
#define COMMITMENT_LEN 32
#define NONCE_AT       2
#define COMMITMENT_AT  (NONCE_AT + NONCE_LEN)
#define SEALED_AT      (COMMITMENT_AT + COMMITMENT_LEN)
#define TAG_LEN        AEAD_TAG_LEN
_Static_assert(SEALED_AT + TAG_LEN == BOX_OVERHEAD, "layout of a chunk");

#define AD_LEN (1 + ID_LEN + 8 + ID_LEN + 1)

/* Both halves of one hash, so that no second key opens the chunk. */
struct chunk_key {
	struct key key;
	uint8_t commitment[COMMITMENT_LEN];
};
_Static_assert(sizeof(struct chunk_key) == 64, "one BLAKE2b-512");

void box_keys_derive(struct box_keys *keys, const struct key *dataset_key)
{
	derive(&keys->enc, dataset_key, "am1.enc", bytes_of(NULL, 0));
}

void box_keys_wipe(struct box_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

static void ad_put(uint8_t ad[AD_LEN], const struct box_context *context)
{
	*ad++ = BOX_FORMAT;
	memcpy(ad, context->dataset.b, ID_LEN);
	be64_put(ad + ID_LEN, context->epoch_number);
	memcpy(ad + ID_LEN + 8, context->epoch_prefix.b, ID_LEN);
	ad[ID_LEN + 8 + ID_LEN] = (uint8_t)context->kind;
}

static void chunk_key_derive(struct chunk_key *out, const struct box_keys *keys,
			     const uint8_t nonce[NONCE_LEN], const uint8_t ad[AD_LEN])
{
	struct hash hash;
	hash_init(&hash, "am1.chunkkey", &keys->enc, sizeof(*out));
	hash_add(&hash, bytes_of(nonce, NONCE_LEN));
	hash_add(&hash, bytes_of(ad, AD_LEN));
	hash_done(&hash, (uint8_t *)out, sizeof(*out));
}

void box_seal(struct buf *out, struct aead *aead, const struct box_keys *keys,
	      const struct box_context *context, struct bytes text, struct random *random)
{
	uint8_t ad[AD_LEN];
	struct chunk_key chunk_key;
	uint8_t *chunk = buf_space(out, text.len + BOX_OVERHEAD);
	if (!chunk)
		return;
	ad_put(ad, context);
	chunk[0] = BOX_VERSION;
	chunk[1] = BOX_SUITE;
	random_fill(random, chunk + NONCE_AT, NONCE_LEN);
	chunk_key_derive(&chunk_key, keys, chunk + NONCE_AT, ad);
	memcpy(chunk + COMMITMENT_AT, chunk_key.commitment, COMMITMENT_LEN);
	aead_xseal(aead, chunk + SEALED_AT, &chunk_key.key, chunk + NONCE_AT, bytes_obj(&ad), text);
	sodium_memzero(&chunk_key, sizeof(chunk_key));
}

enum err box_open(struct buf *out, struct aead *aead, const struct box_keys *keys,
		  const struct box_context *context, struct bytes chunk)
{
	if (chunk.len < BOX_OVERHEAD)
		return ERR_MALFORMED;
	if (chunk.ptr[0] != BOX_VERSION || chunk.ptr[1] != BOX_SUITE)
		return ERR_VERSION;
	uint8_t ad[AD_LEN];
	struct chunk_key chunk_key;
	const uint8_t *nonce = chunk.ptr + NONCE_AT;
	enum err err = ERR_OK;
	ad_put(ad, context);
	chunk_key_derive(&chunk_key, keys, nonce, ad);
	if (sodium_memcmp(chunk_key.commitment, chunk.ptr + COMMITMENT_AT, COMMITMENT_LEN) != 0)
		err = ERR_DENIED;
	uint8_t *text = err ? NULL : buf_space(out, chunk.len - BOX_OVERHEAD);
	if (!text) {
		err = err ? err : out->err;
	} else if (aead_xunseal(aead, text, &chunk_key.key, nonce, bytes_obj(&ad),
				bytes_slice(chunk, SEALED_AT, chunk.len))) {
		out->len -= chunk.len - BOX_OVERHEAD;
		err = ERR_DENIED;
	}
	sodium_memzero(&chunk_key, sizeof(chunk_key));
	return err;
}

void box_addr(struct chunk_addr *addr, struct bytes chunk)
{
	hash_plain(addr->b, chunk);
}
