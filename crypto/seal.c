#include "crypto/seal.h"

#include <sodium.h>
#include <string.h>

#include "crypto/check.h"

_Static_assert(SEAL_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(SEAL_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(PASSPHRASE_SALT_LEN == crypto_pwhash_SALTBYTES, "salt of Argon2id");

void seal(uint8_t *out, const struct key *key, const uint8_t nonce[SEAL_NONCE_LEN], struct bytes ad,
	  struct bytes text)
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, text.ptr, text.len, ad.ptr, ad.len,
						   NULL, nonce, key->b);
}

enum err unseal(uint8_t *out, const struct key *key, const uint8_t nonce[SEAL_NONCE_LEN],
		struct bytes ad, struct bytes sealed)
{
	check(sealed.len >= SEAL_TAG_LEN);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.ptr, sealed.len,
						       ad.ptr, ad.len, nonce, key->b) == 0)
		return ERR_OK;
	memset(out, 0, sealed.len - SEAL_TAG_LEN);
	return ERR_DENIED;
}

struct passphrase_cost passphrase_cost_moderate(void)
{
	return (struct passphrase_cost){crypto_pwhash_OPSLIMIT_MODERATE,
					crypto_pwhash_MEMLIMIT_MODERATE};
}

enum err passphrase_key(struct key *out, struct bytes passphrase,
			const uint8_t salt[PASSPHRASE_SALT_LEN], const struct passphrase_cost *cost)
{
	/* The only failure there is: the memory is refused. */
	return crypto_pwhash(out->b, sizeof(out->b), (const char *)passphrase.ptr, passphrase.len,
			     salt, cost->opslimit, cost->memlimit, crypto_pwhash_ALG_ARGON2ID13)
		       ? ERR_NOMEM
		       : ERR_OK;
}
