/*
 * seal - XChaCha20-Poly1305 (IETF), and keys from passphrases by Argon2id (RFC 9106).
 *
 * The one place that calls these primitives: chunks, wraps, key files and federation keys are
 * built on it.
 */
#ifndef ALLMENDE_SEAL_H
#define ALLMENDE_SEAL_H

#include "crypto/bytes.h"
#include "crypto/secret.h"

#define SEAL_NONCE_LEN 24
#define SEAL_TAG_LEN   16

/* Writes text.len + SEAL_TAG_LEN bytes to out, which may not overlap text. */
void seal(uint8_t *out, const struct key *key, const uint8_t nonce[SEAL_NONCE_LEN], struct bytes ad,
	  struct bytes text);
/*
 * Writes sealed.len - SEAL_TAG_LEN bytes to out; sealed.len is at least SEAL_TAG_LEN. ERR_DENIED:
 * not sealed with this key, nonce and associated data; out is then zero.
 */
enum err unseal(uint8_t *out, const struct key *key, const uint8_t nonce[SEAL_NONCE_LEN],
		struct bytes ad, struct bytes sealed);

#define PASSPHRASE_SALT_LEN 16

/* What a guess costs: passes, and bytes of memory. */
struct passphrase_cost {
	uint64_t opslimit;
	uint64_t memlimit;
};
struct passphrase_cost passphrase_cost_moderate(void); /* libsodium's MODERATE: 256 MiB */
/* ERR_NOMEM: the memory was refused. */
enum err passphrase_key(struct key *out, struct bytes passphrase,
			const uint8_t salt[PASSPHRASE_SALT_LEN],
			const struct passphrase_cost *cost);

#endif
