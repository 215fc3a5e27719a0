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
 * Each channel has a credit: a peer sends as much as the owner has reported by link_consumed(), and
 * at first limits.channel_credit_bytes or, of bulk, limits.bulk_credit_bytes, which is what can be
 * under way on a long line. An owner that keeps messages without consuming them slows its peer down
 * and nothing else.
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
#include "proto/link/certificate.h"
#include "proto/link/frame.h"
#include "proto/link/handshake.h"
#include "proto/link/outbox.h"
#include "proto/link/reason.h"

#define LINK_INPUT_LEN_MAX (256 * 1024) /* bytes of the socket not yet understood */

enum {
	LINK_CHANNEL_OWN = 0,
	LINK_CHANNEL_SYNC = 1,
	LINK_CHANNEL_BULK = 2,
	LINK_CHANNEL_COUNT = 3,
};

enum link_state {
	LINK_HANDSHAKE,
	LINK_ADMIT, /* waits for link_admit() */
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
	/* CERT: fits itself and the handshake; borrowed as message is */
	struct certificate certificate;
	struct dh_pk key; /* CERT: the peer's transport key, proven */
	/* MESSAGE; CERT: the certificate as received. Valid until the next call on this link */
	struct bytes message;
	uint8_t channel;
	/* CLOSED */
	enum link_reason reason;
	bool by_peer; /* the peer said so */
};

/* For link.c alone. */
struct link {
	struct link_options options;
	enum link_state state;
	uint64_t now_ms; /* of the last call that told the time */

	struct handshake handshake;
	struct buf clear;     /* prelude, handshake frames, refusal: to be sent as they are */
	uint64_t deadline_ms; /* of the handshake, then of the farewell */

	/* the session, once has_keys */
	bool has_keys;
	uint8_t handshake_hash[NOISE_HASH_LEN];
	struct frame_key send, recv;
	uint64_t up_ms, heard_ms;

	/* input */
	struct buf in;
	size_t in_at;     /* bytes of in already understood */
	bool lost;        /* nothing comes or goes any more */
	struct buf plain; /* the frame just opened */
	struct link_input {
		struct buf message; /* in the making */
		uint64_t credit;    /* what the peer may still send */
		uint64_t consumed;  /* credit not yet given back */
	} input[LINK_CHANNEL_COUNT];

	/* output */
	struct outbox outbox[LINK_CHANNEL_COUNT];
	bool pong_due, ping_due, ping_out, close_due;
	uint64_t pong, ping;

	/* events */
	bool cert_due, up_due, message_due, closed_due;
	uint8_t message_channel;
	struct bytes message; /* due or handed out */
	enum link_reason reason;
	bool by_peer;
};

/*
 * The link must stay where it is in memory. A dialler has output at once. The handshake must be
 * over within limits.handshake_ms_max.
 */
void link_init(struct link *link, const struct link_options *options, uint64_t now_ms);
/* Wipes all keys. Needs no farewell: the peer sees a connection that broke. */
void link_fini(struct link *link);

/*
 * Bytes that link_recv() takes now, LINK_INPUT_LEN_MAX at most. At 0 the owner stops reading its
 * socket for a while: at the latest until link_admit() or until it has called link_next().
 */
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
/* The same without a copy: takes a message that stands behind FRAME_HEADER_LEN bytes of room. */
enum err link_send_take(struct link *link, uint8_t channel, struct buf *framed);
/* Bytes of memory that wait to be sent. */
size_t link_queued(const struct link *link);
bool link_has_output(const struct link *link);
/*
 * Appends bytes for the socket, frame by frame, until at least max bytes are appended (so at
 * most one frame more) or nothing may be sent now. No frame is made when out has not room for
 * the longest, FRAME_LEN_MAX. ERR_NOMEM ends the session.
 */
enum err link_output(struct link *link, struct buf *out, size_t max);

/*
 * Ends the session, and tells the peer in an authenticated frame. With LINK_REASON_DONE messages
 * already queued go out first as far as the peer's credit lasts, otherwise they are dropped.
 * LINK_EVENT_CLOSED comes when the farewell was pulled, or limits.handshake_ms_max later. The
 * owner then shuts its socket down for writing and reads it to the end before it closes it, for
 * a close with unread input would take back the farewell.
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
