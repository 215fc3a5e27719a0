/*
 * reason - why a link ended, for the peer as a byte and for people as a sentence.
 */
#ifndef ALLMENDE_REASON_H
#define ALLMENDE_REASON_H

#include <stdint.h>

#define LINK_NO_CODE 0xff

/*
 * X(NAME, refusal, close, text): refusal is the byte sent in the handshake, close the byte sent
 * in the session; of several reasons with one byte the first is what the peer understands. The
 * text completes "the session with X ended: <text>".
 */
#define LINK_REASON_LIST(X)                                                                        \
	X(DONE, LINK_NO_CODE, 0, "done")                                                           \
	X(NOT_MEMBER, 3, 2, "not a member")                                                        \
	X(BUSY, 4, 3, "busy")                                                                      \
	X(MALFORMED, 5, 7, "malformed or altered bytes")                                           \
	X(PROTOCOL, 5, 1, "the protocol was violated")                                             \
	X(OWN, 3, 4, "the peer has this node's own key")                                           \
	X(REPLACED, 4, 5, "replaced by a newer session")                                           \
	X(TOO_OLD, 4, 6, "the session is too old and is followed by a new one")                    \
	X(OUT, 3, 8, "by what the peer knows, the node was retired or its organisation has left")  \
	X(VERSION, 1, 1, "no common protocol version")                                             \
	X(FEDERATION, 2, LINK_NO_CODE, "another federation")                                       \
	/* the peer does not hear these names */                                                   \
	X(FOREIGN, 5, LINK_NO_CODE, "the other side does not speak the Allmende protocol")         \
	X(UNEXPECTED, 3, LINK_NO_CODE, "the node that answers is not the one expected")            \
	X(CERTIFICATE, 3, 2, "its certificate is not valid")                                       \
	X(TIMEOUT, LINK_NO_CODE, 3, "the handshake took too long")                                 \
	X(SILENCE, LINK_NO_CODE, LINK_NO_CODE, "nothing was heard any more")                       \
	X(LOST, LINK_NO_CODE, LINK_NO_CODE, "the connection broke")                                \
	X(NOMEM, 4, 3, "out of memory")                                                            \
	X(UNKNOWN, LINK_NO_CODE, LINK_NO_CODE, "a reason this version does not know")

enum link_reason {
#define X(NAME, refusal, close, text) LINK_REASON_##NAME,
	LINK_REASON_LIST(X)
#undef X
};

/* Never NULL. */
const char *link_reason_text(enum link_reason reason);
/* LINK_NO_CODE: the peer is not told. */
uint8_t link_reason_refusal(enum link_reason reason);
uint8_t link_reason_close(enum link_reason reason);
/* LINK_REASON_UNKNOWN for a code of a later version. */
enum link_reason link_reason_of_refusal(uint8_t code);
enum link_reason link_reason_of_close(uint8_t code);

#endif
