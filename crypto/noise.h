/*
 * noise - Noise_XX_25519_ChaChaPoly_BLAKE2b (noiseprotocol.org, revision 34), arbitrary prologue.
 *
 * HMAC-BLAKE2b is HMAC (RFC 2104) over BLAKE2b-512 with a 128-byte block: not keyed BLAKE2b.
 * The machine owns no I/O: the caller carries messages. After the third message
 * noise_split() gives the two transport ciphers; each counts its own nonce and refuses to go on
 * at 2^64 - 1. Any failure of a read is final: the caller closes the session.
 */
#ifndef ALLMENDE_NOISE_H
#define ALLMENDE_NOISE_H

#include <stdbool.h>

#include "crypto/aead.h"
#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#define NOISE_TAG_LEN         16
#define NOISE_HASH_LEN        64
#define NOISE_MESSAGE_LEN_MAX 65535

/* Ended by noise_cipher_wipe(). */
struct noise_cipher {
	struct aead *aead; /* NULL: nothing was sealed or opened yet */
	struct key key;
	bool has_key;
	uint64_t nonce;
};

struct noise {
	bool initiator;
	unsigned step;           /* messages written and read so far: 0..3, 4 after a failure */
	struct key s, e;         /* own static and ephemeral secret */
	struct dh_pk s_pk, e_pk; /* own public */
	struct dh_pk rs, re;     /* the other side's */
	bool has_rs, has_re;
	uint8_t ck[NOISE_HASH_LEN];
	uint8_t h[NOISE_HASH_LEN];
	struct noise_cipher cipher;
};

/* Copies the static secret. random makes the ephemeral key. */
void noise_init(struct noise *noise, bool initiator, const struct key *static_sk,
		struct bytes prologue, struct random *random);
/* Replaces the ephemeral key made by noise_init(): for published vectors only. */
void noise_set_ephemeral(struct noise *noise, const struct key *sk);
void noise_fini(struct noise *noise); /* wipes */
/* True when it is this side's turn to write. */
bool noise_writes(const struct noise *noise);
bool noise_done(const struct noise *noise);
/* Appends the next handshake message carrying payload. ERR_PROTOCOL when it is not our turn. */
enum err noise_write(struct noise *noise, struct buf *out, struct bytes payload);
/*
 * Appends the payload of the other side's message. ERR_DENIED or ERR_MALFORMED end the handshake.
 */
enum err noise_read(struct noise *noise, struct buf *payload, struct bytes message);
/* Makes the ciphers for sending and receiving, and the handshake hash; noise_done() must hold. */
void noise_split(struct noise *noise, struct noise_cipher *send, struct noise_cipher *recv,
		 uint8_t handshake_hash[NOISE_HASH_LEN]);

/* Transport. Appends plain.len + NOISE_TAG_LEN bytes. */
enum err noise_encrypt(struct noise_cipher *cipher, struct buf *out, struct bytes ad,
		       struct bytes plain);
enum err noise_decrypt(struct noise_cipher *cipher, struct buf *out, struct bytes ad,
		       struct bytes sealed);
/* REKEY() of section 4.2 of the specification. */
void noise_rekey(struct noise_cipher *cipher);
void noise_cipher_wipe(struct noise_cipher *cipher);

#endif
