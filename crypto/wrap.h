/*
 * wrap - a key, sealed to an X25519 public key, with its whole context.
 *
 * A wrap names an epoch (prefix Q, number n) and carries K_n(Q). Cipher key = BLAKE2b of the
 * ephemeral shared secret over suite, granter, grantee, Q, n and both public keys;
 * XChaCha20-Poly1305 with the same context as associated data. The granter's signature is on the
 * record that carries the wrap. The context makes a wrap useless anywhere but where it was meant.
 *
 *   wrap = suite(1) || ephemeral public key(32) || nonce(24) || sealed key(32 + 16)
 */
#ifndef ALLMENDE_WRAP_H
#define ALLMENDE_WRAP_H

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#define WRAP_LEN   (1 + 32 + 24 + 32 + 16)
#define WRAP_SUITE 1

struct wrap {
	uint8_t b[WRAP_LEN];
};

struct wrap_context {
	struct org_id granter;
	struct org_id grantee;
	struct bytes prefix; /* Q */
	uint64_t number;     /* n */
};

/* Names the wrap public key that a wrap is for. */
#define WRAP_KEY_ID_LEN 8
struct wrap_key_id {
	uint8_t b[WRAP_KEY_ID_LEN];
};
void wrap_key_id(struct wrap_key_id *out, const struct dh_pk *pk);

void dh_pk_of(struct dh_pk *pk, const struct key *sk);
/* ERR_DENIED when the public key is of low order (the shared secret would be zero). */
enum err dh(struct key *shared, const struct key *sk, const struct dh_pk *pk);

enum err wrap_seal(struct wrap *out, const struct key *key, const struct dh_pk *to,
		   const struct wrap_context *context, struct random *random);
/* ERR_DENIED when the wrap is not for this key and context; ERR_VERSION for a foreign suite. */
enum err wrap_open(struct key *key, const struct wrap *wrap, const struct key *sk,
		   const struct wrap_context *context);

#endif
