#include "crypto/sign.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "crypto/check.h"
#include "crypto/effort.h"

#define TAG_LEN    16
#define PREFIX_LEN (TAG_LEN + ID_LEN)

_Static_assert(SIG_LEN == crypto_sign_BYTES, "signatures have 64 bytes");
#define X(name, text)                                                                              \
	_Static_assert(sizeof(text) - 1 <= TAG_LEN, "a tag is padded, never cut: " text);
SIGN_TAG_LIST(X)
#undef X

static const char *const tag_text[] = {
#define X(name, text) text,
	SIGN_TAG_LIST(X)
#undef X
};

/*
 * PROTOCOL: "Every signature covers the type tag, zero-padded to 16 bytes, the federation id and
 * the exact payload bytes."
 */
static void signed_put(uint8_t *out, enum sign_tag tag, const struct fed_id *fed,
		       struct bytes payload)
{
	memset(out, 0, PREFIX_LEN);
	memcpy(out, tag_text[tag], strlen(tag_text[tag]));
	if (fed)
		memcpy(out + TAG_LEN, fed->b, ID_LEN);
	if (payload.len > 0)
		memcpy(out + PREFIX_LEN, payload.ptr, payload.len);
}

void sign_pk_of(struct sign_pk *pk, const struct key *seed)
{
	uint8_t sk[crypto_sign_SECRETKEYBYTES];
	crypto_sign_seed_keypair(pk->b, sk, seed->b);
	sodium_memzero(sk, sizeof(sk));
}

void sign_make(struct sig *sig, const struct key *seed, enum sign_tag tag, const struct fed_id *fed,
	       struct bytes payload)
{
	uint8_t pk[crypto_sign_PUBLICKEYBYTES];
	uint8_t sk[crypto_sign_SECRETKEYBYTES];
	uint8_t *message = mem_new(1, PREFIX_LEN + payload.len);
	effort_add();
	signed_put(message, tag, fed, payload);
	crypto_sign_seed_keypair(pk, sk, seed->b);
	crypto_sign_detached(sig->b, NULL, message, PREFIX_LEN + payload.len, sk);
	sodium_memzero(sk, sizeof(sk));
	free(message);
}

enum err sign_check(const struct sig *sig, const struct sign_pk *pk, enum sign_tag tag,
		    const struct fed_id *fed, struct bytes payload)
{
	struct buf message;
	buf_init(&message, PREFIX_LEN + payload.len);
	uint8_t *space = buf_space(&message, PREFIX_LEN + payload.len);
	enum err err = message.err;
	if (space) {
		signed_put(space, tag, fed, payload);
		err = sign_check_raw(sig, pk, buf_bytes(&message));
	}
	buf_fini(&message);
	return err;
}

enum err sign_check_raw(const struct sig *sig, const struct sign_pk *pk, struct bytes message)
{
	effort_add();
	if (crypto_sign_verify_detached(sig->b, message.ptr, message.len, pk->b) != 0)
		return ERR_DENIED;
	return ERR_OK;
}

/*
 * PROTOCOL: "A public key is admitted only when its encoding is canonical and its point is of
 * prime order."
 */
enum err sign_pk_admit(const struct sign_pk *pk)
{
	effort_add();
	/* libsodium promises both; selftest.c asks at every start whether it keeps its promise */
	return crypto_core_ed25519_is_valid_point(pk->b) == 1 ? ERR_OK : ERR_DENIED;
}
