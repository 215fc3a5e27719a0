/*
 * hash - BLAKE2b (RFC 7693) with a label per purpose, and derivation of keys.
 *
 * A label is at most 16 ASCII bytes, padded with zeros, used as the "personal" parameter of
 * BLAKE2b; so two purposes never meet, whatever their inputs. The only unlabelled hash is the
 * address of a chunk, which is BLAKE2b-256 of its bytes, so that any tool can check it.
 */
#ifndef ALLMENDE_HASH_H
#define ALLMENDE_HASH_H

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/secret.h"

/* Opaque state of a running hash; 64-byte aligned as libsodium asks. */
struct hash {
	_Alignas(64) uint8_t state[384];
};

/* Digest of out_len bytes (16..64) under a label; key may be NULL. */
void hash_init(struct hash *hash, const char *label, const struct key *key, size_t out_len);
void hash_add(struct hash *hash, struct bytes part);
void hash_add_be64(struct hash *hash, uint64_t v);
void hash_done(struct hash *hash, uint8_t *out, size_t out_len);

/* 32 bytes at once. out points at the b of any id. */
void hash_once(uint8_t out[ID_LEN], const char *label, struct bytes part);
/* BLAKE2b-256 without label or key: addresses of chunks. */
void hash_plain(uint8_t out[ID_LEN], struct bytes part);
/* Unlabelled running hash of 32 bytes. */
void hash_init_plain(struct hash *hash);

/* A key from a key: keyed BLAKE2b-256 of the input under the label. */
void derive(struct key *out, const struct key *from, const char *label, struct bytes input);

#endif
