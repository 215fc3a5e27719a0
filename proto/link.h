/*
 * link - one session with one peer: Noise handshake, frames, channels, credits, time.
 *
 * A machine without I/O: bytes of the socket go in (link_recv), bytes for the socket are pulled
 * (link_output), messages go in (link_send), events are pulled (link_next), time is an argument
 * and randomness is passed in. The owner drives it in turns:
 *
 *   link_recv() or link_tick() or link_send() or link_admit() or link_consumed(), then
 *   link_next() until it returns false, then link_output() when the socket takes bytes, then
 *   link_next() again (it tells when the farewell is out), then a timer for link_wake().
 *
 * The life of a link: LINK_EVENT_CERT (the owner answers with link_admit(): before the dialler
 * has shown who it is, and before the listener's session is up), LINK_EVENT_UP, any number of
 * LINK_EVENT_MESSAGE, and always exactly one LINK_EVENT_CLOSED as the last event. A link that
 * was refused at once has only the last. No message is delivered after link_close().
 *
 * Channels: 1 sync, 2 bulk (channel 0 is the link's own). Messages of one channel arrive in
 * order; channel 1 goes before channel 2, fragment by fragment, and a frame is made only when it
 * is pulled, so bulk that waits never delays sync by more than a frame and the socket's buffer.
 * Each channel has a credit: a peer sends as much as the owner has reported by link_consumed(),
 * and limits.channel_credit_bytes at first. An owner that keeps messages without consuming them
 * slows its peer down and nothing else.
 *
 * Bounds: link_room() bytes of input not yet understood, one message of LIMIT_MESSAGE_LEN_MAX
 * in the making per channel, limits.peer_queue_bytes_max of output. Small messages cost little
 * credit: an owner that queues messages bounds their number by not calling link_next().
 */
#ifndef ALLMENDE_LINK_H
#define ALLMENDE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/bytes.h"
#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/noise.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "proto/certificate.h"
#include "proto/frame.h"
#include "proto/outbox.h"

#define LINK_VERSION 1 /* of the protocol; the only one spoken */

enum {
	LINK_CHANNEL_OWN = 0,
	LINK_CHANNEL_SYNC = 1,
	LINK_CHANNEL_BULK = 2,
	LINK_CHANNEL_COUNT = 3,
};

#define LINK_NO_CODE 0xff

/*
 * Why a link ended. X(NAME, refusal, close, text): refusal is the byte sent in the handshake,
 * close the byte sent in the session; of several reasons with one byte the first is what the
 * peer understands. The text completes "the session with X ended: <text>".
 */
#define LINK_REASON_LIST(X)                                                                        \
	X(DONE, LINK_NO_CODE, 0, "done")                                                           \
	X(PROTOCOL, LINK_NO_CODE, 1, "the protocol was violated")                                  \
	X(NOT_MEMBER, 3, 2, "not a member")                                                        \
	X(BUSY, 4, 3, "busy")                                                                      \
	X(OWN, LINK_NO_CODE, 4, "the peer has this node's own key")                                \
	X(REPLACED, LINK_NO_CODE, 5, "replaced by a newer session")                                \
	X(TOO_OLD, LINK_NO_CODE, 6, "the session is too old; a new one follows")                   \
	X(MALFORMED, 5, 7, "malformed or altered bytes")                                           \
	X(VERSION, 1, LINK_NO_CODE, "no common protocol version")                                  \
	X(FEDERATION, 2, LINK_NO_CODE, "another federation")                                       \
	/* never sent under their own name */                                                      \
	X(FOREIGN, 5, LINK_NO_CODE, "the other side does not speak the Allmende protocol")         \
	X(UNEXPECTED, 3, 2, "the node that answers is not the one expected")                       \
	X(CERTIFICATE, 3, 2, "its certificate is not valid")                                       \
	X(TIMEOUT, 4, LINK_NO_CODE, "the handshake took too long")                                 \
	X(SILENCE, LINK_NO_CODE, 3, "nothing was heard any more")                                  \
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

enum link_state {
	LINK_WAIT_PRELUDE, /* listener */
	LINK_WAIT_FIRST,   /* listener: for the first handshake message */
	LINK_WAIT_SECOND,  /* dialler */
	LINK_WAIT_THIRD,   /* listener */
	LINK_ADMIT,        /* both: for link_admit() */
	LINK_UP,
	LINK_CLOSING, /* the farewell is not out yet */
	LINK_CLOSED,
};

struct link_options {
	bool dialler;
	struct fed_id fed;
	const struct key *static_sk; /* transport key; borrowed for the life of the link */
	struct bytes certificate;    /* own, as by certificate_put(); copied; version is replaced */
	bool has_expected;           /* dialler: the peer must have this key */
	struct dh_pk expected;
	const struct limits *limits; /* borrowed for the life of the link */
	struct random *random;       /* borrowed for the life of the link */
};

enum link_event_type { LINK_EVENT_CERT, LINK_EVENT_UP, LINK_EVENT_MESSAGE, LINK_EVENT_CLOSED };

struct link_event {
	enum link_event_type type;
	/* CERT: fits itself and the handshake; valid until link_admit() or link_fini() */
	struct certificate certificate;
	struct dh_pk key; /* CERT: the peer's transport key, proven */
	/* MESSAGE: valid until the next call on this link. CERT: the certificate as received */
	struct bytes message;
	uint8_t channel;
	/* CLOSED */
	enum link_reason reason;
	bool by_peer; /* the peer said so */
};

struct link {
	struct link_options options;
	enum link_state state;
	uint64_t now_ms; /* of the last call that told the time */

	/* handshake */
	struct noise noise;
	struct buf own_certificate;
	struct buf peer_certificate;
	struct buf hello; /* handshake bytes to be sent, in clear frames */
	uint8_t version;
	uint64_t deadline_ms; /* of the handshake, then of the farewell */
	struct dh_pk peer_key;
	uint8_t handshake_hash[NOISE_HASH_LEN];

	/* input */
	struct buf in;
	size_t in_at;     /* bytes of in already understood */
	bool in_lost;     /* the socket is at its end */
	uint8_t first[4]; /* the first bytes ever received */
	size_t first_len;
	struct frame_key recv;
	struct buf plain;                         /* the frame just opened */
	struct buf message[LINK_CHANNEL_COUNT];   /* in the making */
	struct buf *delivered;                    /* emptied by the next call */
	uint64_t recv_credit[LINK_CHANNEL_COUNT]; /* what the peer may still send */
	uint64_t grant[LINK_CHANNEL_COUNT];       /* consumed, credit not yet given back */

	/* output */
	bool has_keys; /* the ciphers of the session exist */
	struct frame_key send;
	struct outbox outbox[LINK_CHANNEL_COUNT];
	bool ping_due, ping_out, pong_due, close_due;
	uint64_t ping, pong;

	/* time */
	uint64_t up_ms;
	uint64_t heard_ms;

	/* events */
	bool cert_due, up_due, closed_due;
	enum link_reason reason;
	bool by_peer;
};

/* A dialler has output at once. The handshake must be over within limits.handshake_ms_max. */
void link_init(struct link *link, const struct link_options *options, uint64_t now_ms);
/* Wipes all keys. Needs no farewell: the peer sees a connection that broke. */
void link_fini(struct link *link);

/* Bytes that link_recv() takes now. At 0 the owner stops reading its socket for a while. */
size_t link_room(const struct link *link);
/* Bytes of the socket, cut anywhere; more than link_room() ends the session. */
void link_recv(struct link *link, struct bytes bytes, uint64_t now_ms);
/* The socket is at its end or broken. What came before is still delivered, then CLOSED. */
void link_lost(struct link *link);

/* False when there is no event now. */
bool link_next(struct link *link, struct link_event *event);
/*
 * The answer to LINK_EVENT_CERT, now or later. reason is used when yes is false, and is told to
 * the peer. Without effect when the link has ended in the meantime.
 */
void link_admit(struct link *link, bool yes, enum link_reason reason);
/* The owner is done with so many bytes of messages of the channel: the peer may send as many. */
void link_consumed(struct link *link, uint8_t channel, size_t bytes);

/*
 * Queues a copy of the message. ERR_AGAIN when the session is not up; ERR_FULL when it is longer
 * than LIMIT_MESSAGE_LEN_MAX or the queue would pass limits.peer_queue_bytes_max; ERR_NOMEM.
 */
enum err link_send(struct link *link, uint8_t channel, struct bytes message);
/* Bytes of memory that wait to be sent. */
size_t link_queued(const struct link *link);
bool link_has_output(const struct link *link);
/*
 * Appends bytes for the socket, frame by frame, until at least max bytes are appended (so at
 * most one frame more), out is full or nothing may be sent now. ERR_NOMEM ends the session.
 */
enum err link_output(struct link *link, struct buf *out, size_t max);

/*
 * Ends the session, and tells the peer in an authenticated frame. With LINK_REASON_DONE messages
 * already queued go out first as far as the peer's credit lasts, otherwise they are dropped.
 * LINK_EVENT_CLOSED comes when the farewell was pulled, or limits.handshake_ms_max later.
 */
void link_close(struct link *link, enum link_reason reason, uint64_t now_ms);

/* The next time at which link_tick() has something to do; UINT64_MAX: never. */
uint64_t link_wake(const struct link *link);
void link_tick(struct link *link, uint64_t now_ms);

/* The peer's transport key; from LINK_EVENT_CERT on. */
const struct dh_pk *link_peer_key(const struct link *link);
/* NOISE_HASH_LEN bytes that both sides and nobody else know; from LINK_EVENT_UP on. */
const uint8_t *link_handshake_hash(const struct link *link);

#endif
