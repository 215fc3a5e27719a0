#include "crypto/noise.h"

#include <string.h>

#include <sodium.h>

#include "crypto/check.h"
#include "crypto/wrap.h"

#define NOISE_NAME  "Noise_XX_25519_ChaChaPoly_BLAKE2b"
#define BLOCK_LEN   128
#define STEP_DONE   3
#define STEP_FAILED 4

/* ---- HMAC and HKDF (sections 4.3 and 5.1 of the specification) ---- */

static void blake2b(uint8_t out[NOISE_HASH_LEN], struct bytes first, struct bytes second)
{
	crypto_generichash_blake2b_state state;
	crypto_generichash_blake2b_init(&state, NULL, 0, NOISE_HASH_LEN);
	crypto_generichash_blake2b_update(&state, first.ptr, first.len);
	crypto_generichash_blake2b_update(&state, second.ptr, second.len);
	crypto_generichash_blake2b_final(&state, out, NOISE_HASH_LEN);
	sodium_memzero(&state, sizeof(state));
}

/* RFC 2104; the key is always one hash long, so never longer than a block. */
static void hmac(uint8_t out[NOISE_HASH_LEN], const uint8_t key[NOISE_HASH_LEN], struct bytes input)
{
	uint8_t pad[BLOCK_LEN];
	uint8_t inner[NOISE_HASH_LEN];
	memset(pad, 0x36, sizeof(pad));
	for (size_t i = 0; i < NOISE_HASH_LEN; i++)
		pad[i] ^= key[i];
	blake2b(inner, bytes_obj(&pad), input);
	for (size_t i = 0; i < BLOCK_LEN; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	blake2b(out, bytes_obj(&pad), bytes_obj(&inner));
	sodium_memzero(pad, sizeof(pad));
	sodium_memzero(inner, sizeof(inner));
}

/* Two outputs are all that this pattern needs. ck may be out1. */
static void hkdf(uint8_t out1[NOISE_HASH_LEN], uint8_t out2[NOISE_HASH_LEN],
		 const uint8_t ck[NOISE_HASH_LEN], struct bytes input)
{
	uint8_t temp[NOISE_HASH_LEN];
	uint8_t again[NOISE_HASH_LEN + 1];
	const uint8_t one = 1;
	hmac(temp, ck, input);
	hmac(out1, temp, bytes_of(&one, 1));
	memcpy(again, out1, NOISE_HASH_LEN);
	again[NOISE_HASH_LEN] = 2;
	hmac(out2, temp, bytes_obj(&again));
	sodium_memzero(temp, sizeof(temp));
	sodium_memzero(again, sizeof(again));
}

/* ---- CipherState (section 5.1) ---- */

/* 32 zero bits, then the counter, little-endian (section 12.3). */
static void nonce_put(uint8_t out[12], uint64_t nonce)
{
	memset(out, 0, 4);
	for (unsigned i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(nonce >> 8 * i);
}

static void cipher_key_set(struct noise_cipher *cipher, const uint8_t hash[NOISE_HASH_LEN])
{
	memcpy(cipher->key.b, hash, KEY_LEN);
	cipher->has_key = true;
	cipher->nonce = 0;
}

static struct aead *aead_of(struct noise_cipher *cipher)
{
	if (!cipher->aead)
		cipher->aead = aead_open();
	return cipher->aead;
}

enum err noise_encrypt(struct noise_cipher *cipher, struct buf *out, struct bytes ad,
		       struct bytes plain)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	/* the last nonce is reserved for rekeying */
	if (cipher->nonce == UINT64_MAX || plain.len > NOISE_MESSAGE_LEN_MAX - NOISE_TAG_LEN)
		return ERR_FULL;
	check(cipher->has_key);
	uint8_t *sealed = buf_space(out, plain.len + NOISE_TAG_LEN);
	if (!sealed)
		return out->err;
	nonce_put(nonce, cipher->nonce++);
	aead_seal(aead_of(cipher), sealed, &cipher->key, nonce, ad, plain);
	return ERR_OK;
}

enum err noise_decrypt(struct noise_cipher *cipher, struct buf *out, struct bytes ad,
		       struct bytes sealed)
{
	uint8_t nonce[AEAD_NONCE_LEN];
	if (sealed.len < NOISE_TAG_LEN || sealed.len > NOISE_MESSAGE_LEN_MAX)
		return ERR_MALFORMED;
	if (cipher->nonce == UINT64_MAX)
		return ERR_FULL;
	check(cipher->has_key);
	uint8_t *plain = buf_space(out, sealed.len - NOISE_TAG_LEN);
	if (!plain)
		return out->err;
	nonce_put(nonce, cipher->nonce);
	enum err err = aead_unseal(aead_of(cipher), plain, &cipher->key, nonce, ad, sealed);
	if (err)
		out->len -= sealed.len - NOISE_TAG_LEN;
	else
		cipher->nonce++;
	return err;
}

void noise_rekey(struct noise_cipher *cipher)
{
	static const uint8_t zeros[KEY_LEN];
	uint8_t nonce[AEAD_NONCE_LEN];
	uint8_t sealed[KEY_LEN + NOISE_TAG_LEN];
	nonce_put(nonce, UINT64_MAX);
	aead_seal(aead_of(cipher), sealed, &cipher->key, nonce, bytes_of(NULL, 0),
		  bytes_obj(&zeros));
	memcpy(cipher->key.b, sealed, KEY_LEN);
	sodium_memzero(sealed, sizeof(sealed));
}

void noise_cipher_wipe(struct noise_cipher *cipher)
{
	aead_close(cipher->aead);
	sodium_memzero(cipher, sizeof(*cipher));
}

/* ---- SymmetricState (section 5.2) ---- */

static void mix_hash(struct noise *noise, struct bytes data)
{
	blake2b(noise->h, bytes_obj(&noise->h), data);
}

static enum err mix_dh(struct noise *noise, const struct key *sk, const struct dh_pk *pk)
{
	struct key shared;
	uint8_t temp[NOISE_HASH_LEN];
	enum err err = dh(&shared, sk, pk);
	if (!err) {
		hkdf(noise->ck, temp, noise->ck, bytes_obj(&shared));
		cipher_key_set(&noise->cipher, temp);
		sodium_memzero(temp, sizeof(temp));
	}
	key_wipe(&shared);
	return err;
}

static enum err encrypt_and_hash(struct noise *noise, struct buf *out, struct bytes plain)
{
	size_t at = out->len;
	enum err err = ERR_OK;
	if (noise->cipher.has_key) {
		err = noise_encrypt(&noise->cipher, out, bytes_obj(&noise->h), plain);
	} else {
		buf_add(out, plain);
		err = out->err;
	}
	if (!err)
		mix_hash(noise, bytes_slice(buf_bytes(out), at, out->len - at));
	return err;
}

static enum err decrypt_and_hash(struct noise *noise, struct buf *out, struct bytes sealed)
{
	enum err err = ERR_OK;
	if (noise->cipher.has_key) {
		err = noise_decrypt(&noise->cipher, out, bytes_obj(&noise->h), sealed);
	} else {
		buf_add(out, sealed);
		err = out->err;
	}
	if (!err)
		mix_hash(noise, sealed);
	return err;
}

/* ---- HandshakeState (section 5.3), pattern XX:  -> e   <- e, ee, s, es   -> s, se ---- */

void noise_init(struct noise *noise, bool initiator, const struct key *static_sk,
		struct bytes prologue, struct random *random)
{
	struct key ephemeral;
	_Static_assert(sizeof(NOISE_NAME) - 1 <= NOISE_HASH_LEN, "else the name is hashed");
	*noise = (struct noise){.initiator = initiator, .s = *static_sk};
	dh_pk_of(&noise->s_pk, &noise->s);
	random_fill(random, ephemeral.b, KEY_LEN);
	noise_set_ephemeral(noise, &ephemeral);
	key_wipe(&ephemeral);
	memcpy(noise->h, NOISE_NAME, sizeof(NOISE_NAME) - 1);
	memcpy(noise->ck, noise->h, NOISE_HASH_LEN);
	mix_hash(noise, prologue);
}

void noise_set_ephemeral(struct noise *noise, const struct key *sk)
{
	noise->e = *sk;
	dh_pk_of(&noise->e_pk, sk);
}

void noise_fini(struct noise *noise)
{
	noise_cipher_wipe(&noise->cipher);
	sodium_memzero(noise, sizeof(*noise));
}

bool noise_writes(const struct noise *noise)
{
	return noise->step < STEP_DONE && noise->initiator == (noise->step % 2 == 0);
}

bool noise_done(const struct noise *noise)
{
	return noise->step == STEP_DONE;
}

/* Forgets everything, so that a handshake that failed once cannot go on. */
static enum err noise_fail(struct noise *noise, enum err err)
{
	noise_fini(noise);
	noise->step = STEP_FAILED;
	return err;
}

/* The tokens after the public keys; who is who decides which keys es and se take. */
static enum err mix_es(struct noise *noise)
{
	return noise->initiator ? mix_dh(noise, &noise->e, &noise->rs)
				: mix_dh(noise, &noise->s, &noise->re);
}

static enum err mix_se(struct noise *noise)
{
	return noise->initiator ? mix_dh(noise, &noise->s, &noise->re)
				: mix_dh(noise, &noise->e, &noise->rs);
}

static enum err write_tokens(struct noise *noise, struct buf *out)
{
	enum err err = ERR_OK;
	if (noise->step < 2) {
		buf_add(out, id_bytes(&noise->e_pk));
		mix_hash(noise, id_bytes(&noise->e_pk));
	}
	if (noise->step == 0)
		return out->err;
	if (noise->step == 1)
		err = mix_dh(noise, &noise->e, &noise->re);
	if (!err)
		err = encrypt_and_hash(noise, out, id_bytes(&noise->s_pk));
	if (!err)
		err = noise->step == 1 ? mix_es(noise) : mix_se(noise);
	return err;
}

enum err noise_write(struct noise *noise, struct buf *out, struct bytes payload)
{
	if (!noise_writes(noise))
		return ERR_PROTOCOL;
	size_t before = out->len;
	enum err err = write_tokens(noise, out);
	if (!err)
		err = encrypt_and_hash(noise, out, payload);
	if (!err && out->len - before > NOISE_MESSAGE_LEN_MAX)
		err = ERR_FULL;
	if (err)
		return noise_fail(noise, err);
	noise->step++;
	return ERR_OK;
}

static enum err read_ephemeral(struct noise *noise, struct bytes *message)
{
	if (message->len < ID_LEN)
		return ERR_MALFORMED;
	memcpy(noise->re.b, message->ptr, ID_LEN);
	noise->has_re = true;
	mix_hash(noise, id_bytes(&noise->re));
	*message = bytes_slice(*message, ID_LEN, message->len);
	return ERR_OK;
}

static enum err read_static(struct noise *noise, struct bytes *message)
{
	struct buf plain;
	if (message->len < ID_LEN + NOISE_TAG_LEN)
		return ERR_MALFORMED;
	buf_init(&plain, ID_LEN);
	enum err err =
		decrypt_and_hash(noise, &plain, bytes_slice(*message, 0, ID_LEN + NOISE_TAG_LEN));
	if (!err) {
		memcpy(noise->rs.b, plain.ptr, ID_LEN);
		noise->has_rs = true;
		*message = bytes_slice(*message, ID_LEN + NOISE_TAG_LEN, message->len);
	}
	buf_fini(&plain);
	return err;
}

static enum err read_tokens(struct noise *noise, struct bytes *message)
{
	enum err err = ERR_OK;
	if (noise->step < 2)
		err = read_ephemeral(noise, message);
	if (noise->step == 0)
		return err;
	if (!err && noise->step == 1)
		err = mix_dh(noise, &noise->e, &noise->re);
	if (!err)
		err = read_static(noise, message);
	if (!err)
		err = noise->step == 1 ? mix_es(noise) : mix_se(noise);
	return err;
}

enum err noise_read(struct noise *noise, struct buf *payload, struct bytes message)
{
	if (noise->step >= STEP_DONE || noise_writes(noise))
		return ERR_PROTOCOL;
	enum err err = message.len > NOISE_MESSAGE_LEN_MAX ? ERR_MALFORMED : ERR_OK;
	if (!err)
		err = read_tokens(noise, &message);
	if (!err)
		err = decrypt_and_hash(noise, payload, message);
	if (err)
		return noise_fail(noise, err);
	noise->step++;
	return ERR_OK;
}

void noise_split(struct noise *noise, struct noise_cipher *send, struct noise_cipher *recv,
		 uint8_t handshake_hash[NOISE_HASH_LEN])
{
	uint8_t first[NOISE_HASH_LEN], second[NOISE_HASH_LEN];
	check(noise_done(noise));
	hkdf(first, second, noise->ck, bytes_of(NULL, 0));
	*send = *recv = (struct noise_cipher){.nonce = 0};
	cipher_key_set(send, noise->initiator ? first : second);
	cipher_key_set(recv, noise->initiator ? second : first);
	memcpy(handshake_hash, noise->h, NOISE_HASH_LEN);
	sodium_memzero(first, sizeof(first));
	sodium_memzero(second, sizeof(second));
}
