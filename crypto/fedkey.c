#include "crypto/fedkey.h"

#include <string.h>

#include <sodium.h>

#include "crypto/hash.h"

#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

_Static_assert(FEDKEY_SEALED_LEN == NONCE_LEN + KEY_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES,
	       "nonce, key and tag");

/*
 * PROTOCOL: "The **federation key** F_n is 32 random bytes; its commitment is `derive(F_n,
 * "am1.fkcommit", be64 n)`."
 */
void fedkey_commitment(struct digest *out, const struct key *key, uint64_t number)
{
	struct key commitment;
	uint8_t n[8];

	be64_put(n, number);
	derive(&commitment, key, "am1.fkcommit", bytes_obj(&n));
	memcpy(out->b, commitment.b, ID_LEN);
}

/*
 * PROTOCOL: "The previous key, when there is one, is sealed as `nonce(24) ‖
 * XChaCha20-Poly1305(derive(F_n, "am1.fkback", ""), nonce, AD = be64 n, F_(n-1))`."
 */
void fedkey_seal_previous(uint8_t out[FEDKEY_SEALED_LEN], const struct key *key, uint64_t number,
			  const struct key *previous, struct random *random)
{
	struct key back;
	uint8_t n[8];

	be64_put(n, number);
	derive(&back, key, "am1.fkback", bytes_of(NULL, 0));
	random_fill(random, out, NONCE_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_LEN, NULL, previous->b, KEY_LEN, n,
						   sizeof(n), NULL, out, back.b);
	key_wipe(&back);
}

enum err fedkey_open_previous(struct key *previous, const struct key *key, uint64_t number,
			      const uint8_t sealed[FEDKEY_SEALED_LEN])
{
	struct key back;
	uint8_t n[8];

	be64_put(n, number);
	derive(&back, key, "am1.fkback", bytes_of(NULL, 0));
	int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
		previous->b, NULL, NULL, sealed + NONCE_LEN, FEDKEY_SEALED_LEN - NONCE_LEN, n,
		sizeof(n), sealed, back.b);
	key_wipe(&back);
	return failed ? ERR_DENIED : ERR_OK;
}
