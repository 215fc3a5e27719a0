#include "crypto/hash.h"

#include <string.h>

#include <sodium.h>

#include "crypto/check.h"

#define LABEL_LEN crypto_generichash_blake2b_PERSONALBYTES

_Static_assert(sizeof(struct hash) >= sizeof(crypto_generichash_blake2b_state),
	       "struct hash holds the state of libsodium");
_Static_assert(LABEL_LEN == 16, "labels have 16 bytes");

static crypto_generichash_blake2b_state *hash_state(struct hash *hash)
{
	return (crypto_generichash_blake2b_state *)(void *)hash->state;
}

void hash_init(struct hash *hash, const char *label, const struct key *key, size_t out_len)
{
	static const uint8_t salt[crypto_generichash_blake2b_SALTBYTES];
	uint8_t personal[LABEL_LEN] = {0};
	size_t label_len = strlen(label);
	/* libsodium takes any length, so a mistake here would weaken the hash in silence */
	check(label_len > 0 && label_len <= LABEL_LEN);
	check(out_len >= 16 && out_len <= 64);
	memcpy(personal, label, label_len);
	check(crypto_generichash_blake2b_init_salt_personal(hash_state(hash), key ? key->b : NULL,
							    key ? KEY_LEN : 0, out_len, salt,
							    personal) == 0);
}

void hash_init_plain(struct hash *hash)
{
	check(crypto_generichash_blake2b_init(hash_state(hash), NULL, 0, ID_LEN) == 0);
}

void hash_add(struct hash *hash, struct bytes part)
{
	check(crypto_generichash_blake2b_update(hash_state(hash), part.ptr, part.len) == 0);
}

void hash_add_be64(struct hash *hash, uint64_t v)
{
	uint8_t b[8];
	be64_put(b, v);
	hash_add(hash, bytes_of(b, sizeof(b)));
}

void hash_done(struct hash *hash, uint8_t *out, size_t out_len)
{
	check(crypto_generichash_blake2b_final(hash_state(hash), out, out_len) == 0);
	sodium_memzero(hash, sizeof(*hash));
}

void hash_once(uint8_t out[ID_LEN], const char *label, struct bytes part)
{
	struct hash hash;
	hash_init(&hash, label, NULL, ID_LEN);
	hash_add(&hash, part);
	hash_done(&hash, out, ID_LEN);
}

void hash_plain(uint8_t out[ID_LEN], struct bytes part)
{
	struct hash hash;
	hash_init_plain(&hash);
	hash_add(&hash, part);
	hash_done(&hash, out, ID_LEN);
}

void derive(struct key *out, const struct key *from, const char *label, struct bytes input)
{
	struct hash hash;
	hash_init(&hash, label, from, KEY_LEN);
	hash_add(&hash, input);
	hash_done(&hash, out->b, KEY_LEN);
}
