/*
 * aead - ChaCha20-Poly1305 (RFC 8439) and XChaCha20-Poly1305 for bulk, by libcrypto.
 *
 * The same bytes as libsodium's, in half the time. A struct aead keeps a context of libcrypto: one
 * for each thread that seals or opens much, used by one thread at a time. No key stays in it after
 * a call. Small and rare things, such as wraps and key files, use crypto/seal.h instead.
 */
#ifndef ALLMENDE_AEAD_H
#define ALLMENDE_AEAD_H

#include <stdbool.h>

#include "crypto/bytes.h"
#include "crypto/secret.h"

#define AEAD_NONCE_LEN  12
#define AEAD_XNONCE_LEN 24
#define AEAD_TAG_LEN    16

struct aead;
struct aead *aead_open(void);
void aead_close(struct aead *aead); /* NULL is allowed */

/* Writes text.len + AEAD_TAG_LEN bytes to out: elsewhere, or just where the text is. */
void aead_seal(struct aead *aead, uint8_t *out, const struct key *key,
	       const uint8_t nonce[AEAD_NONCE_LEN], struct bytes ad, struct bytes text);
/*
 * Writes sealed.len - AEAD_TAG_LEN bytes to out, as above; sealed.len is at least AEAD_TAG_LEN.
 * ERR_DENIED: not sealed with this key, nonce and associated data; out is then zero.
 */
enum err aead_unseal(struct aead *aead, uint8_t *out, const struct key *key,
		     const uint8_t nonce[AEAD_NONCE_LEN], struct bytes ad, struct bytes sealed);

/* The same with XChaCha20-Poly1305: the key of a message follows by HChaCha20 from its nonce. */
void aead_xseal(struct aead *aead, uint8_t *out, const struct key *key,
		const uint8_t xnonce[AEAD_XNONCE_LEN], struct bytes ad, struct bytes text);
enum err aead_xunseal(struct aead *aead, uint8_t *out, const struct key *key,
		      const uint8_t xnonce[AEAD_XNONCE_LEN], struct bytes ad, struct bytes sealed);

/* Does the libcrypto that runs have the cipher? One that a policy restricts has not. */
bool aead_exists(void);

#endif
