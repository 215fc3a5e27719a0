#include "crypto/wrap.h"

#include <string.h>

#include <sodium.h>

#include "crypto/effort.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "crypto/limits.h"

#define LABEL_WRAP "am1.wrap"

#define EPHEMERAL_AT 1
#define NONCE_AT     (EPHEMERAL_AT + ID_LEN)
#define SEALED_AT    (NONCE_AT + SEAL_NONCE_LEN)
#define SEALED_LEN   (KEY_LEN + SEAL_TAG_LEN)
_Static_assert(SEALED_AT + SEALED_LEN == WRAP_LEN, "layout of a wrap");

/* suite, granter, grantee, length and Q, n, ephemeral key, recipient's key */
#define CONTEXT_LEN_MAX (1 + 2 * ID_LEN + 2 + LIMIT_PATH_LEN_MAX + 8 + 2 * ID_LEN)

/* PROTOCOL: "the first 8 bytes of H("am1.wrapkey", the recipient's wrap public key)" */
void wrap_key_id(struct wrap_key_id *out, const struct dh_pk *pk)
{
	struct digest digest;

	hash_once(digest.b, "am1.wrapkey", id_bytes(pk));
	memcpy(out->b, digest.b, WRAP_KEY_ID_LEN);
}

void dh_pk_of(struct dh_pk *pk, const struct key *sk)
{
	crypto_scalarmult_curve25519_base(pk->b, sk->b);
}

enum err dh(struct key *shared, const struct key *sk, const struct dh_pk *pk)
{
	effort_add();
	return crypto_scalarmult_curve25519(shared->b, sk->b, pk->b) == 0 ? ERR_OK : ERR_DENIED;
}

static enum err context_put(struct buf *out, const struct wrap_context *context,
			    const struct dh_pk *ephemeral, const struct dh_pk *to)
{
	if (context->prefix.len > LIMIT_PATH_LEN_MAX)
		return ERR_MALFORMED;
	buf_add_u8(out, WRAP_SUITE);
	buf_add(out, id_bytes(&context->granter));
	buf_add(out, id_bytes(&context->grantee));
	buf_add_be16(out, (uint16_t)context->prefix.len);
	buf_add(out, context->prefix);
	buf_add_be64(out, context->number);
	buf_add(out, id_bytes(ephemeral));
	buf_add(out, id_bytes(to));
	return out->err;
}

enum err wrap_seal(struct wrap *out, const struct key *key, const struct dh_pk *to,
		   const struct wrap_context *context, struct random *random)
{
	struct key ephemeral_sk, shared, cipher = {0};
	struct dh_pk ephemeral;
	struct buf ad;
	buf_init(&ad, CONTEXT_LEN_MAX);
	memset(out, 0, sizeof(*out));
	random_fill(random, ephemeral_sk.b, KEY_LEN);
	dh_pk_of(&ephemeral, &ephemeral_sk);
	enum err err = dh(&shared, &ephemeral_sk, to);
	if (!err)
		err = context_put(&ad, context, &ephemeral, to);
	if (!err) {
		derive(&cipher, &shared, LABEL_WRAP, buf_bytes(&ad));
		out->b[0] = WRAP_SUITE;
		memcpy(out->b + EPHEMERAL_AT, ephemeral.b, ID_LEN);
		random_fill(random, out->b + NONCE_AT, SEALED_AT - NONCE_AT);
		seal(out->b + SEALED_AT, &cipher, out->b + NONCE_AT, buf_bytes(&ad),
		     bytes_of(key->b, KEY_LEN));
	}
	buf_fini(&ad);
	key_wipe(&ephemeral_sk);
	key_wipe(&shared);
	key_wipe(&cipher);
	return err;
}

enum err wrap_open(struct key *key, const struct wrap *wrap, const struct key *sk,
		   const struct wrap_context *context)
{
	if (wrap->b[0] != WRAP_SUITE)
		return ERR_VERSION;
	struct key shared, cipher = {0};
	struct dh_pk ephemeral, to;
	struct buf ad;
	buf_init(&ad, CONTEXT_LEN_MAX);
	memcpy(ephemeral.b, wrap->b + EPHEMERAL_AT, ID_LEN);
	dh_pk_of(&to, sk);
	enum err err = dh(&shared, sk, &ephemeral);
	if (!err)
		err = context_put(&ad, context, &ephemeral, &to);
	if (!err) {
		derive(&cipher, &shared, LABEL_WRAP, buf_bytes(&ad));
		err = unseal(key->b, &cipher, wrap->b + NONCE_AT, buf_bytes(&ad),
			     bytes_of(wrap->b + SEALED_AT, SEALED_LEN));
	}
	buf_fini(&ad);
	key_wipe(&shared);
	key_wipe(&cipher);
	return err;
}
