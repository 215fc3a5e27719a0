/*
 * handshake - the part of a link before its session: prelude, Noise messages, certificates.
 *
 * Driven by link.c only: bytes that have come are shown to it, bytes to be sent are appended to
 * a buf. After a failure `reason` says why, and nothing else may be asked of it.
 */
#ifndef ALLMENDE_HANDSHAKE_H
#define ALLMENDE_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/noise.h"
#include "proto/link/certificate.h"
#include "proto/link/reason.h"

struct link_options;

enum handshake_step {
	HANDSHAKE_PRELUDE, /* listener: waits for it */
	HANDSHAKE_FIRST,   /* listener: waits for this message */
	HANDSHAKE_SECOND,  /* dialler: likewise */
	HANDSHAKE_THIRD,   /* listener: likewise */
	HANDSHAKE_ADMIT,   /* the certificate is here */
	HANDSHAKE_DONE,
	HANDSHAKE_FAILED,
};

struct handshake {
	const struct link_options *options; /* borrowed */
	enum handshake_step step;
	struct noise noise; /* noise_done(): the keys of the session may be split off */
	struct buf own_certificate;
	struct buf peer_certificate;
	uint8_t version; /* chosen; 0: not yet */
	struct dh_pk peer_key;
	enum link_reason reason;
	bool by_peer;
};

/* A dialler appends its prelude and first message. */
void handshake_init(struct handshake *handshake, const struct link_options *options,
		    struct buf *out);
/* Wipes. */
void handshake_fini(struct handshake *handshake);
/* Understands one step of what has come, and says how many bytes that were; 0: not enough yet. */
size_t handshake_read(struct handshake *handshake, struct bytes in, struct buf *out);
/* The certificate is accepted: the dialler appends the third message. */
void handshake_admit(struct handshake *handshake, struct buf *out);
/* Why a handshake did not go on, given what has come and the ordinary reason. */
enum link_reason handshake_stuck(const struct handshake *handshake, struct bytes in,
				 enum link_reason ordinary);
/*
 * PROTOCOL: "A side that refuses before or in the handshake sends `be16 0 ‖ reason(1)` and closes"
 */
void handshake_refuse(struct buf *out, enum link_reason reason);

#endif
