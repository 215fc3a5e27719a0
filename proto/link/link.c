#include "proto/link/link.h"

#include <string.h>

#include "crypto/check.h"
/*
 * PROTOCOL: "Link messages (channel 0, no credit, always one frame) are `type(1) ‖ …`: 1 credit
 * `channel(1) ‖ be32 bytes`, 2 ping `be64`, 3 pong with the same `be64`, 4 close `reason(1)`."
 */
enum { OWN_CREDIT = 1, OWN_PING = 2, OWN_PONG = 3, OWN_CLOSE = 4 };
#define OWN_CREDIT_LEN (1 + 1 + 4)
#define OWN_PING_LEN   (1 + 8)
#define OWN_CLOSE_LEN  (1 + 1)
#define OWN_LEN_MAX    OWN_PING_LEN

/* What an idle link may keep of the memory of a long message. */
#define MESSAGE_MEMORY_KEPT (128 * 1024)

static uint64_t credit_of(const struct link *link, uint8_t channel)
{
	const struct limits *limits = link->options.limits;
	return channel == LINK_CHANNEL_BULK ? limits->bulk_credit_bytes
					    : limits->channel_credit_bytes;
}

/* ---- state ---- */

static bool ended(const struct link *link)
{
	return link->state == LINK_CLOSING || link->state == LINK_CLOSED;
}

static void clear_output(struct link *link)
{
	buf_reset(&link->clear);
	for (unsigned i = 0; i < LINK_CHANNEL_COUNT; i++)
		outbox_clear(&link->outbox[i]);
	link->close_due = false;
}

static void wipe_keys(struct link *link)
{
	handshake_fini(&link->handshake);
	frame_fini(&link->send);
	frame_fini(&link->recv);
	link->has_keys = false;
}

static void enter(struct link *link, enum link_state state)
{
	link->state = state;
	switch (state) {
	case LINK_HANDSHAKE:
		break;
	case LINK_ADMIT:
		link->cert_due = true;
		break;
	case LINK_UP:
		link->up_due = true;
		link->up_ms = link->heard_ms = link->now_ms;
		break;
	case LINK_CLOSING:
		link->deadline_ms = link->now_ms + link->options.limits->handshake_ms_max;
		break;
	case LINK_CLOSED:
		link->closed_due = true;
		clear_output(link);
		wipe_keys(link);
		break;
	}
}

/* Tells the peer, in clear before there are keys. A reason without a code is told to nobody. */
static void say_farewell(struct link *link, enum link_reason reason)
{
	if (link->has_keys) {
		if (reason != LINK_REASON_DONE)
			clear_output(link);
		link->close_due = link_reason_close(reason) != LINK_NO_CODE;
	} else if (link_reason_refusal(reason) != LINK_NO_CODE) {
		handshake_refuse(&link->clear, reason);
	}
}

static void end(struct link *link, enum link_reason reason, bool by_peer)
{
	if (ended(link))
		return;
	link->reason = reason;
	link->by_peer = by_peer;
	link->cert_due = link->up_due = link->message_due = false;
	if (by_peer || link->lost) {
		enter(link, LINK_CLOSED);
	} else {
		say_farewell(link, reason);
		enter(link, LINK_CLOSING);
	}
}

static enum link_reason session_reason(enum err err, enum link_reason otherwise)
{
	return err == ERR_NOMEM ? LINK_REASON_NOMEM : otherwise;
}

static struct bytes rest(const struct link *link)
{
	return bytes_slice(buf_bytes(&link->in), link->in_at, link->in.len);
}

/* ---- handshake ---- */

/* Makes the keys of the session. Those of the handshake go when it is admitted or ended. */
static void split(struct link *link)
{
	noise_split(&link->handshake.noise, &link->send.cipher, &link->recv.cipher,
		    link->handshake_hash);
	link->has_keys = true;
}

static bool read_handshake(struct link *link)
{
	struct handshake *handshake = &link->handshake;
	size_t used = handshake_read(handshake, rest(link), &link->clear);
	link->in_at += used;
	/* the listener's keys exist before it answers, so that a refusal is authenticated */
	if (noise_done(&handshake->noise))
		split(link);
	if (handshake->step == HANDSHAKE_FAILED)
		end(link, handshake->reason, handshake->by_peer);
	else if (handshake->step == HANDSHAKE_ADMIT)
		enter(link, LINK_ADMIT);
	return used > 0 && !ended(link);
}

/* PROTOCOL: "The dialler checks the certificate in message 2 before sending message 3" */
void link_admit(struct link *link, bool yes, enum link_reason reason)
{
	if (link->state != LINK_ADMIT)
		return;
	if (yes)
		handshake_admit(&link->handshake, &link->clear);
	if (!yes || link->handshake.step == HANDSHAKE_FAILED) {
		end(link, yes ? link->handshake.reason : reason, false);
		return;
	}
	if (!link->has_keys)
		split(link);
	link->cert_due = false;
	handshake_fini(&link->handshake);
	enter(link, LINK_UP);
}

/* ---- input of the session ---- */

static void read_credit(struct link *link, struct bytes data)
{
	uint8_t channel = data.len == OWN_CREDIT_LEN ? data.ptr[1] : LINK_CHANNEL_OWN;
	if (channel == LINK_CHANNEL_OWN || channel >= LINK_CHANNEL_COUNT)
		end(link, LINK_REASON_PROTOCOL, false);
	else
		outbox_add_credit(&link->outbox[channel], be32_get(data.ptr + 2));
}

static void read_ping(struct link *link, struct bytes data)
{
	if (data.len != OWN_PING_LEN) {
		end(link, LINK_REASON_PROTOCOL, false);
		return;
	}
	link->pong_due = true;
	link->pong = be64_get(data.ptr + 1);
}

static void read_pong(struct link *link, struct bytes data)
{
	if (data.len != OWN_PING_LEN || !link->ping_out || be64_get(data.ptr + 1) != link->ping)
		end(link, LINK_REASON_PROTOCOL, false);
	link->ping_out = false;
}

/* A message of the link's own channel; always one frame. */
static void read_own(struct link *link, bool last, struct bytes data)
{
	if (!last || data.len == 0) {
		end(link, LINK_REASON_PROTOCOL, false);
		return;
	}
	switch (data.ptr[0]) {
	case OWN_CREDIT:
		read_credit(link, data);
		break;
	case OWN_PING:
		read_ping(link, data);
		break;
	case OWN_PONG:
		read_pong(link, data);
		break;
	case OWN_CLOSE:
		if (data.len == OWN_CLOSE_LEN)
			end(link, link_reason_of_close(data.ptr[1]), true);
		else
			end(link, LINK_REASON_PROTOCOL, false);
		break;
	default:
		end(link, LINK_REASON_PROTOCOL, false);
	}
}

/*
 * A fragment of an owner's message. data points into link->plain.
 * PROTOCOL: "fragments of one channel are in order, and only the last may be empty."
 */
static void read_fragment(struct link *link, uint8_t channel, bool last, struct bytes data)
{
	struct link_input *input = &link->input[channel];
	if (data.len > input->credit || (data.len == 0 && !last)) {
		end(link, LINK_REASON_PROTOCOL, false);
		return;
	}
	input->credit -= data.len;
	struct bytes message = data;
	if (!last || input->message.len > 0) {
		buf_add(&input->message, data);
		message = buf_bytes(&input->message);
	}
	if (input->message.err) {
		end(link, session_reason(input->message.err, LINK_REASON_PROTOCOL), false);
	} else if (last) {
		link->message_due = true;
		link->message_channel = channel;
		link->message = message;
	}
}

/* True when a whole frame is there. */
static bool take_frame(struct link *link, struct bytes *frame)
{
	struct bytes in = rest(link);
	if (in.len < FRAME_LENGTH_LEN || in.len - FRAME_LENGTH_LEN < be16_get(in.ptr))
		return false;
	*frame = bytes_slice(in, FRAME_LENGTH_LEN, be16_get(in.ptr));
	link->in_at += FRAME_LENGTH_LEN + frame->len;
	return true;
}

/*
 * PROTOCOL: "After the handshake every frame is one Noise transport message with the plain text
 * `channel(1) ‖ flags(1) ‖ data`. Flag 1 marks the last fragment of a message"
 */
static bool read_frame(struct link *link)
{
	struct bytes frame;
	if (!take_frame(link, &frame))
		return false;
	buf_reset(&link->plain);
	enum err err = frame_open(&link->recv, &link->plain, frame);
	if (err) {
		/* PROTOCOL: "Any failure of decryption ends the session." */
		end(link, session_reason(err, LINK_REASON_MALFORMED), false);
		return false;
	}
	link->heard_ms = link->now_ms;
	struct bytes plain = buf_bytes(&link->plain);
	struct bytes data = bytes_slice(plain, FRAME_HEADER_LEN, plain.len);
	uint8_t channel = plain.ptr[0], flags = plain.ptr[1];
	if (channel >= LINK_CHANNEL_COUNT || (flags & ~FRAME_FLAG_LAST) != 0)
		end(link, LINK_REASON_PROTOCOL, false);
	else if (channel == LINK_CHANNEL_OWN)
		read_own(link, flags == FRAME_FLAG_LAST, data);
	else
		read_fragment(link, channel, flags == FRAME_FLAG_LAST, data);
	return !ended(link);
}

/* Understands a bit more of the input; false when more input or an answer is needed. */
static bool understand(struct link *link)
{
	switch (link->state) {
	case LINK_HANDSHAKE:
		return read_handshake(link);
	case LINK_UP:
		return read_frame(link);
	case LINK_ADMIT:
	case LINK_CLOSING:
	case LINK_CLOSED:
		break;
	}
	return false;
}

size_t link_room(const struct link *link)
{
	return LINK_INPUT_LEN_MAX - (link->in.len - link->in_at);
}

void link_recv(struct link *link, struct bytes bytes, uint64_t now_ms)
{
	link->now_ms = now_ms;
	if (ended(link))
		return;
	if (bytes.len > link_room(link)) {
		end(link, LINK_REASON_PROTOCOL, false);
		return;
	}
	buf_drop(&link->in, link->in_at);
	link->in_at = 0;
	buf_add(&link->in, bytes);
	if (link->in.err)
		end(link, LINK_REASON_NOMEM, false);
}

void link_lost(struct link *link)
{
	link->lost = true;
	if (link->state == LINK_CLOSING)
		enter(link, LINK_CLOSED);
}

/* ---- events ---- */

static void certificate_event(struct link *link, struct link_event *event)
{
	event->type = LINK_EVENT_CERT;
	event->message = buf_bytes(&link->handshake.peer_certificate);
	event->key = link->handshake.peer_key;
	/* the handshake has read it before */
	check(!certificate_get(&event->certificate, event->message));
	link->cert_due = false;
}

static bool take_event(struct link *link, struct link_event *event)
{
	if (link->cert_due) {
		certificate_event(link, event);
	} else if (link->up_due) {
		event->type = LINK_EVENT_UP;
		link->up_due = false;
	} else if (link->message_due) {
		event->type = LINK_EVENT_MESSAGE;
		event->message = link->message;
		event->channel = link->message_channel;
		link->message_due = false;
	} else if (link->closed_due) {
		event->type = LINK_EVENT_CLOSED;
		event->reason = link->reason;
		event->by_peer = link->by_peer;
		link->closed_due = false;
	} else {
		return false;
	}
	return true;
}

/* Forgets the message handed out by the last link_next(). */
static void release_message(struct link *link)
{
	struct buf *message = &link->input[link->message_channel].message;
	if (link->message_due || link->message_channel == LINK_CHANNEL_OWN)
		return;
	if (message->cap > MESSAGE_MEMORY_KEPT)
		buf_fini(message);
	buf_reset(message);
	link->message_channel = LINK_CHANNEL_OWN;
}

bool link_next(struct link *link, struct link_event *event)
{
	*event = (struct link_event){0};
	release_message(link);
	while (!take_event(link, event)) {
		if (understand(link))
			continue;
		if (link->lost && !ended(link))
			end(link, handshake_stuck(&link->handshake, rest(link), LINK_REASON_LOST),
			    false);
		if (link->state == LINK_CLOSING && !link_has_output(link))
			enter(link, LINK_CLOSED);
		return take_event(link, event);
	}
	return true;
}

/* ---- output ---- */

/*
 * Credit goes back in few large steps, but at the latest when the peer has used half of it: so a
 * message as long as the whole credit is never cut off half way.
 */
static bool grant_due(const struct link *link, uint8_t channel)
{
	const struct link_input *input = &link->input[channel];
	return input->consumed > 0 && input->credit <= credit_of(link, channel) / 2;
}

void link_consumed(struct link *link, uint8_t channel, size_t bytes)
{
	if (link->state != LINK_UP)
		return;
	check(channel > LINK_CHANNEL_OWN && channel < LINK_CHANNEL_COUNT);
	struct link_input *input = &link->input[channel];
	input->consumed += bytes;
	check(input->credit + input->consumed <= credit_of(link, channel));
}

static bool own_due(const struct link *link)
{
	return link->state == LINK_UP &&
	       (link->pong_due || link->ping_due || grant_due(link, LINK_CHANNEL_SYNC) ||
		grant_due(link, LINK_CHANNEL_BULK));
}

/* The outbox whose turn it is; NULL: none. */
static struct outbox *next_outbox(struct link *link)
{
	for (unsigned i = LINK_CHANNEL_SYNC; i < LINK_CHANNEL_COUNT; i++)
		if (outbox_ready(&link->outbox[i]))
			return &link->outbox[i];
	return NULL;
}

static struct bytes put_ping(uint8_t b[OWN_LEN_MAX], uint8_t type, uint64_t value)
{
	b[0] = type;
	be64_put(b + 1, value);
	return bytes_of(b, OWN_PING_LEN);
}

static struct bytes put_credit(struct link *link, uint8_t b[OWN_LEN_MAX], uint8_t channel)
{
	struct link_input *input = &link->input[channel];
	b[0] = OWN_CREDIT;
	b[1] = channel;
	be32_put(b + 2, (uint32_t)input->consumed);
	input->credit += input->consumed;
	input->consumed = 0;
	return bytes_of(b, OWN_CREDIT_LEN);
}

/* The next message of the link's own channel; own_due() holds. */
static struct bytes put_own(struct link *link, uint8_t b[OWN_LEN_MAX])
{
	for (uint8_t i = LINK_CHANNEL_SYNC; i < LINK_CHANNEL_COUNT; i++)
		if (grant_due(link, i))
			return put_credit(link, b, i);
	if (link->pong_due) {
		link->pong_due = false;
		return put_ping(b, OWN_PONG, link->pong);
	}
	link->ping_due = false;
	link->ping_out = true;
	return put_ping(b, OWN_PING, ++link->ping);
}

static struct bytes put_close(struct link *link, uint8_t b[OWN_LEN_MAX])
{
	b[0] = OWN_CLOSE;
	b[1] = link_reason_close(link->reason);
	return bytes_of(b, OWN_CLOSE_LEN);
}

static enum err seal_own(struct link *link, struct buf *out, struct bytes message)
{
	uint8_t b[FRAME_HEADER_LEN + OWN_LEN_MAX] = {LINK_CHANNEL_OWN, FRAME_FLAG_LAST};
	memcpy(b + FRAME_HEADER_LEN, message.ptr, message.len);
	return frame_seal(&link->send, out, bytes_of(b, FRAME_HEADER_LEN + message.len));
}

/*
 * Makes one frame. ERR_AGAIN: there is nothing to send.
 * PROTOCOL: "Lower channels go first, fragment by fragment."
 */
static enum err seal_next(struct link *link, struct buf *out)
{
	uint8_t b[OWN_LEN_MAX];
	if (own_due(link))
		return seal_own(link, out, put_own(link, b));
	struct outbox *outbox = next_outbox(link);
	if (outbox) {
		enum err err = frame_seal(&link->send, out, outbox_peek(outbox));
		if (!err)
			outbox_sent(outbox);
		return err;
	}
	if (!link->close_due)
		return ERR_AGAIN;
	enum err err = seal_own(link, out, put_close(link, b));
	/* what the peer's credit did not allow stays unsent */
	clear_output(link);
	return err;
}

static enum err may_send(const struct link *link, uint8_t channel, size_t len)
{
	check(channel > LINK_CHANNEL_OWN && channel < LINK_CHANNEL_COUNT);
	if (link->state != LINK_UP)
		return ERR_AGAIN;
	if (len > LIMIT_MESSAGE_LEN_MAX ||
	    link_queued(link) + outbox_cost(len) > link->options.limits->peer_queue_bytes_max)
		return ERR_FULL;
	return ERR_OK;
}

enum err link_send(struct link *link, uint8_t channel, struct bytes message)
{
	enum err err = may_send(link, channel, message.len);
	return err ? err : outbox_put(&link->outbox[channel], message);
}

enum err link_send_take(struct link *link, uint8_t channel, struct buf *framed)
{
	enum err err =
		framed->err ? framed->err : may_send(link, channel, framed->len - FRAME_HEADER_LEN);
	if (!err)
		outbox_take(&link->outbox[channel], framed);
	return err;
}

size_t link_queued(const struct link *link)
{
	size_t sum = 0;
	for (unsigned i = 0; i < LINK_CHANNEL_COUNT; i++)
		sum += link->outbox[i].byte_count;
	return sum;
}

bool link_has_output(const struct link *link)
{
	return link->clear.len > 0 || link->close_due || own_due(link) ||
	       (link->has_keys && (outbox_ready(&link->outbox[LINK_CHANNEL_SYNC]) ||
				   outbox_ready(&link->outbox[LINK_CHANNEL_BULK])));
}

enum err link_output(struct link *link, struct buf *out, size_t max)
{
	size_t begin = out->len;
	size_t room = out->max - out->len;
	struct bytes clear = bytes_slice(buf_bytes(&link->clear), 0, max < room ? max : room);
	buf_add(out, clear);
	enum err err = out->err;
	if (!err)
		buf_drop(&link->clear, clear.len);
	while (!err && link->has_keys && link->clear.len == 0 && out->len - begin < max &&
	       out->max - out->len >= FRAME_LEN_MAX)
		err = seal_next(link, out);
	if (!err || err == ERR_AGAIN)
		return ERR_OK;
	end(link, LINK_REASON_NOMEM, false);
	return err;
}

/* ---- time ---- */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t session_wake(const struct link *link)
{
	const struct limits *limits = link->options.limits;
	uint64_t wake = min_u64(link->up_ms + limits->session_ms_max,
				link->heard_ms + limits->silence_ms_max);
	if (!link->ping_due && !link->ping_out)
		wake = min_u64(wake, link->heard_ms + limits->ping_ms);
	return wake;
}

uint64_t link_wake(const struct link *link)
{
	switch (link->state) {
	case LINK_UP:
		return session_wake(link);
	case LINK_CLOSED:
		return UINT64_MAX;
	case LINK_HANDSHAKE:
	case LINK_ADMIT:
	case LINK_CLOSING:
		break;
	}
	return link->deadline_ms;
}

static void session_tick(struct link *link)
{
	const struct limits *limits = link->options.limits;
	/* PROTOCOL: "A session ends after 24 hours." */
	if (link->now_ms - link->up_ms >= limits->session_ms_max)
		end(link, LINK_REASON_TOO_OLD, false);
	else if (link->now_ms - link->heard_ms >= limits->silence_ms_max)
		end(link, LINK_REASON_SILENCE, false);
	else if (link->now_ms - link->heard_ms >= limits->ping_ms)
		link->ping_due = true;
}

void link_tick(struct link *link, uint64_t now_ms)
{
	link->now_ms = now_ms;
	if (now_ms < link_wake(link))
		return;
	if (link->state == LINK_UP)
		session_tick(link);
	else if (link->state == LINK_CLOSING)
		enter(link, LINK_CLOSED);
	else
		end(link, handshake_stuck(&link->handshake, rest(link), LINK_REASON_TIMEOUT),
		    false);
}

/* ---- life ---- */

void link_init(struct link *link, const struct link_options *options, uint64_t now_ms)
{
	*link = (struct link){.options = *options, .now_ms = now_ms};
	link->deadline_ms = now_ms + options->limits->handshake_ms_max;
	buf_init(&link->clear, 4 * FRAME_LEN_MAX);
	buf_init(&link->in, LINK_INPUT_LEN_MAX);
	buf_init(&link->plain, LIMIT_FRAME_LEN_MAX);
	frame_init(&link->send, options->limits);
	frame_init(&link->recv, options->limits);
	for (uint8_t i = 0; i < LINK_CHANNEL_COUNT; i++) {
		uint64_t credit = credit_of(link, i);
		outbox_init(&link->outbox[i], i, credit);
		buf_init(&link->input[i].message, LIMIT_MESSAGE_LEN_MAX);
		link->input[i].credit = credit;
	}
	handshake_init(&link->handshake, &link->options, &link->clear);
	if (link->handshake.step == HANDSHAKE_FAILED)
		end(link, link->handshake.reason, false);
}

void link_fini(struct link *link)
{
	wipe_keys(link);
	buf_fini(&link->clear);
	buf_fini(&link->in);
	buf_fini(&link->plain);
	for (unsigned i = 0; i < LINK_CHANNEL_COUNT; i++) {
		outbox_fini(&link->outbox[i]);
		buf_fini(&link->input[i].message);
	}
}

void link_close(struct link *link, enum link_reason reason, uint64_t now_ms)
{
	link->now_ms = now_ms;
	end(link, reason, false);
}

const struct dh_pk *link_peer_key(const struct link *link)
{
	return &link->handshake.peer_key;
}

const uint8_t *link_handshake_hash(const struct link *link)
{
	return link->handshake_hash;
}
