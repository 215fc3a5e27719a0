/*
 * showing - the proof that who shows an exported grant (rights/token_file.h) is who got it: a node
 * of the audience signs the challenge of who asks for it (docs/PROTOCOL.md, section 5.10).
 *
 * Whoever has the file has it without being the audience. Who checks chooses the challenge and uses
 * it once; it stands in the signed bytes with the grant and the time, so a proof that was seen is
 * of no use to another, nor for another.
 */
#ifndef ALLMENDE_SHOWING_H
#define ALLMENDE_SHOWING_H

#include "crypto/id.h"
#include "crypto/sign.h"

enum {
	SHOWING_CHALLENGE_LEN_MIN = 16,
	SHOWING_CHALLENGE_LEN_MAX = 64,
	SHOWING_LEN_MAX = 256,    /* of a body */
	SHOWING_LATE_MS = 600000, /* how far its time may be from that of who checks */
};

struct showing {
	uint32_t author; /* the node that signs */
	struct digest grant;
	struct bytes challenge;
	int64_t time_ms;
	struct bytes payload; /* borrowed */
	struct sig sig;
};

/* Appends the text (letter h); author, grant, challenge and time count. Faults stay in out. */
void showing_make(struct buf *out, const struct showing *fields, const struct fed_id *fed,
		  const struct key *node_sign_seed);
/* Form only, of the body of a text (wire/envelope.h). ERR_MALFORMED, ERR_VERSION. */
enum err showing_get(struct showing *out, struct bytes body);
/* ERR_DENIED */
enum err showing_check_sig(const struct showing *showing, const struct sign_pk *pk,
			   const struct fed_id *fed);

#endif
