/*
 * sign - Ed25519 signatures (RFC 8032) bound to a purpose and a federation.
 *
 * Every signature covers: type tag (16 bytes) || federation id (32 bytes) || exact payload.
 * Organisation logs and the first charter entry use 32 zero bytes, as they exist before the
 * federation does. A public key is admitted only when it is canonical and on the prime-order
 * subgroup (sign_pk_admit); keys from outside pass that gate once, when they are stored.
 */
#ifndef ALLMENDE_SIGN_H
#define ALLMENDE_SIGN_H

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/secret.h"

#define SIG_LEN 64

struct sig {
	uint8_t b[SIG_LEN];
};

/*
 * X(NAME, "tag"): all that is ever signed, so that a signature made for one purpose is good for no
 * other, whichever keys are the same. The tag in the signed bytes is zero-padded to 16 bytes. Who
 * adds one adds rows to test/proto/core/test_signatures.c, which fails until then.
 */
#define SIGN_TAG_LIST(X)                                                                           \
	X(ORGLOG, "am1.orglog")                                                                    \
	X(POSSESSION, "am1.possession")                                                            \
	X(CHARTER, "am1.charter")                                                                  \
	X(RECORD, "am1.record")                                                                    \
	X(HEAD, "am1.head")                                                                        \
	X(JOIN, "am1.join")                                                                        \
	X(LOG, "am1.log")                                                                          \
	X(SHOW, "am1.show")                                                                        \
	X(REPORT, "am1.report")                                                                    \
	X(BIND, "am1.bind")

enum sign_tag {
#define X(name, text) SIGN_TAG_##name,
	SIGN_TAG_LIST(X)
#undef X
};

/* The secret is the 32-byte seed; the expanded key lives only inside the call. */
void sign_pk_of(struct sign_pk *pk, const struct key *seed);
void sign_make(struct sig *sig, const struct key *seed, enum sign_tag tag, const struct fed_id *fed,
	       struct bytes payload);
/* fed NULL: 32 zero bytes, as above. ERR_DENIED when the signature is not valid. */
enum err sign_check(const struct sig *sig, const struct sign_pk *pk, enum sign_tag tag,
		    const struct fed_id *fed, struct bytes payload);
/* Bare Ed25519 without tag and federation: for sign_check() itself and for published vectors. */
enum err sign_check_raw(const struct sig *sig, const struct sign_pk *pk, struct bytes message);
/* ERR_DENIED for an encoding or point that must not be trusted. */
enum err sign_pk_admit(const struct sign_pk *pk);

#endif
