#include "crypto/aead.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "crypto/check.h"

_Static_assert(AEAD_XNONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(KEY_LEN == crypto_core_hchacha20_OUTPUTBYTES, "a key from HChaCha20");

struct aead {
	EVP_CIPHER_CTX *ctx;
};

static EVP_CIPHER *cipher_fetch(void)
{
	return EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
}

bool aead_exists(void)
{
	EVP_CIPHER *cipher = cipher_fetch();
	EVP_CIPHER_free(cipher);
	return cipher != NULL;
}

struct aead *aead_open(void)
{
	struct aead *aead = mem_new(1, sizeof(*aead));
	/* looked up once: to look it up takes longer than to seal a small message */
	EVP_CIPHER *cipher = cipher_fetch();
	aead->ctx = EVP_CIPHER_CTX_new();
	if (!aead->ctx)
		mem_gone(1, sizeof(*aead));
	check(cipher && EVP_CipherInit_ex2(aead->ctx, cipher, NULL, NULL, 1, NULL) == 1);
	EVP_CIPHER_free(cipher);
	return aead;
}

void aead_close(struct aead *aead)
{
	if (!aead)
		return;
	EVP_CIPHER_CTX_free(aead->ctx);
	free(aead);
}

static void start(struct aead *aead, const struct key *key, const uint8_t *nonce, bool sealing,
		  struct bytes ad)
{
	int len;
	check(ad.len <= INT32_MAX &&
	      EVP_CipherInit_ex2(aead->ctx, NULL, key->b, nonce, sealing, NULL) == 1);
	if (ad.len > 0)
		check(EVP_CipherUpdate(aead->ctx, NULL, &len, ad.ptr, (int)ad.len) == 1);
}

/* The text; an empty one is none to libcrypto. */
static void transform(struct aead *aead, uint8_t *out, struct bytes in)
{
	int len;
	check(in.len <= INT32_MAX);
	if (in.len > 0)
		check(EVP_CipherUpdate(aead->ctx, out, &len, in.ptr, (int)in.len) == 1 &&
		      (size_t)len == in.len);
}

static void key_forget(struct aead *aead)
{
	static const uint8_t zeros[KEY_LEN];
	check(EVP_CipherInit_ex2(aead->ctx, NULL, zeros, zeros, 1, NULL) == 1);
}

void aead_seal(struct aead *aead, uint8_t *out, const struct key *key,
	       const uint8_t nonce[AEAD_NONCE_LEN], struct bytes ad, struct bytes text)
{
	int len;
	start(aead, key, nonce, true, ad);
	transform(aead, out, text);
	check(EVP_CipherFinal_ex(aead->ctx, out + text.len, &len) == 1);
	check(EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, out + text.len) ==
	      1);
	key_forget(aead);
}

enum err aead_unseal(struct aead *aead, uint8_t *out, const struct key *key,
		     const uint8_t nonce[AEAD_NONCE_LEN], struct bytes ad, struct bytes sealed)
{
	uint8_t tag[AEAD_TAG_LEN], none[1];
	int len;
	check(sealed.len >= AEAD_TAG_LEN);
	struct bytes text = bytes_slice(sealed, 0, sealed.len - AEAD_TAG_LEN);
	memcpy(tag, sealed.ptr + text.len, AEAD_TAG_LEN);
	start(aead, key, nonce, false, ad);
	check(EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, tag) == 1);
	transform(aead, out, text);
	bool good = EVP_CipherFinal_ex(aead->ctx, none, &len) == 1;
	key_forget(aead);
	if (!good && text.len > 0)
		memset(out, 0, text.len);
	return good ? ERR_OK : ERR_DENIED;
}

/* draft-irtf-cfrg-xchacha-03, section 2.3: the rest of the nonce stands behind four zeros. */
static void message_key(struct key *out, uint8_t nonce[AEAD_NONCE_LEN], const struct key *key,
			const uint8_t xnonce[AEAD_XNONCE_LEN])
{
	crypto_core_hchacha20(out->b, xnonce, key->b, NULL);
	memset(nonce, 0, 4);
	memcpy(nonce + 4, xnonce + 16, 8);
}

void aead_xseal(struct aead *aead, uint8_t *out, const struct key *key,
		const uint8_t xnonce[AEAD_XNONCE_LEN], struct bytes ad, struct bytes text)
{
	struct key message;
	uint8_t nonce[AEAD_NONCE_LEN];
	message_key(&message, nonce, key, xnonce);
	aead_seal(aead, out, &message, nonce, ad, text);
	key_wipe(&message);
}

enum err aead_xunseal(struct aead *aead, uint8_t *out, const struct key *key,
		      const uint8_t xnonce[AEAD_XNONCE_LEN], struct bytes ad, struct bytes sealed)
{
	struct key message;
	uint8_t nonce[AEAD_NONCE_LEN];
	message_key(&message, nonce, key, xnonce);
	enum err err = aead_unseal(aead, out, &message, nonce, ad, sealed);
	key_wipe(&message);
	return err;
}
