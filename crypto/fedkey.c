#include "crypto/fedkey.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/seal.h"

_Static_assert(FEDKEY_SEALED_LEN == SEAL_NONCE_LEN + KEY_LEN + SEAL_TAG_LEN, "nonce, key and tag");

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
	random_fill(random, out, SEAL_NONCE_LEN);
	seal(out + SEAL_NONCE_LEN, &back, out, bytes_obj(&n), bytes_of(previous->b, KEY_LEN));
	key_wipe(&back);
}

enum err fedkey_open_previous(struct key *previous, const struct key *key, uint64_t number,
			      const uint8_t sealed[FEDKEY_SEALED_LEN])
{
	struct key back;
	uint8_t n[8];

	be64_put(n, number);
	derive(&back, key, "am1.fkback", bytes_of(NULL, 0));
	enum err err =
		unseal(previous->b, &back, sealed, bytes_obj(&n),
		       bytes_of(sealed + SEAL_NONCE_LEN, FEDKEY_SEALED_LEN - SEAL_NONCE_LEN));
	key_wipe(&back);
	return err;
}
