#include "test/proto/link_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "crypto/wrap.h"
#include "proto/charter/orglog.h"
#include "proto/wire/protocol.h"

#define WIRE_LEN_MAX (64u * 1024 * 1024)
#define TICK_MAX     100

/* ---- node ---- */

/* Entry 1 of an organisation with one node. */
static void entry_make(struct buf *out, struct random *random, const struct dh_pk *transport)
{
	struct key root, sign, other;
	struct sign_pk root_pk;
	struct orglog now, next;
	struct orglog_node node = {.state = ORGLOG_NODE_ACTIVE, .transport = *transport};
	random_fill(random, &root, sizeof(root));
	random_fill(random, &sign, sizeof(sign));
	random_fill(random, &other, sizeof(other));
	sign_pk_of(&root_pk, &root);
	sign_pk_of(&node.sign, &sign);
	orglog_possession(&node.possession, &sign, &root_pk, &node.sign, transport);
	orglog_init(&now);
	orglog_init(&next);
	dh_pk_of(&next.recovery, &other);
	dh_pk_of(&next.wrap, &other);
	next.time_ms = 1;
	next.nodes = &node;
	next.node_count = 1;
	orglog_make(out, &now, &next, &root);
}

void link_node_make(struct link_node *node, uint64_t seed)
{
	struct random random = random_seeded(seed);
	struct orglog log;
	random_fill(&random, &node->static_sk, sizeof(node->static_sk));
	dh_pk_of(&node->pk, &node->static_sk);
	buf_init(&node->entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	buf_init(&node->certificate, LIMIT_FRAME_LEN_MAX);
	entry_make(&node->entry, &random, &node->pk);
	assert_int_equal(orglog_entry_peek(&log, buf_bytes(&node->entry)), ERR_OK);
	struct certificate certificate = {.version = PROTOCOL_VERSION,
					  .member = 7,
					  .org = log.id,
					  .entry = buf_bytes(&node->entry)};
	certificate_put(&node->certificate, &certificate);
	assert_int_equal(node->certificate.err, ERR_OK);
	orglog_fini(&log);
}

void link_node_fini(struct link_node *node)
{
	buf_fini(&node->entry);
	buf_fini(&node->certificate);
}

/* ---- pair ---- */

static void side_init(struct link_side *side)
{
	*side = (struct link_side){
		.alter_at = NEVER,
		.swallow_at = NEVER,
		.answers = true,
		.admits = true,
		.consumes = true,
	};
	buf_init(&side->wire, WIRE_LEN_MAX);
	hash_init_plain(&side->transcript);
	for (unsigned i = 0; i < LINK_CHANNEL_COUNT; i++) {
		buf_init(&side->sent[i], WIRE_LEN_MAX);
		buf_init(&side->got[i], WIRE_LEN_MAX);
	}
}

static void side_fini(struct link_side *side)
{
	link_fini(&side->link);
	buf_fini(&side->wire);
	for (unsigned i = 0; i < LINK_CHANNEL_COUNT; i++) {
		buf_fini(&side->sent[i]);
		buf_fini(&side->got[i]);
	}
}

void pair_init(struct pair *pair, uint64_t seed)
{
	*pair = (struct pair){
		.random = random_seeded(seed),
		.cuts = random_seeded(~seed),
		.piece_len_max = 100000,
		.limits = limits_default(),
		.now_ms = 1000000,
	};
	pair->limits.bulk_credit_bytes = pair->limits.channel_credit_bytes; /* few bytes do */
	memset(&pair->fed, 0x5a, sizeof(pair->fed));
	for (unsigned i = 0; i < 2; i++) {
		link_node_make(&pair->node[i], 100 + i);
		side_init(&pair->side[i]);
		pair->options[i] = (struct link_options){
			.dialler = i == 0,
			.fed = pair->fed,
			.static_sk = &pair->node[i].static_sk,
			.certificate = buf_bytes(&pair->node[i].certificate),
			.limits = &pair->limits,
			.random = &pair->random,
		};
	}
}

void pair_start(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++)
		link_init(&pair->side[i].link, &pair->options[i], pair->now_ms);
}

void pair_up(struct pair *pair, uint64_t seed)
{
	pair_init(pair, seed);
	pair_start(pair);
	pair_run(pair);
	assert_true(pair->side[0].up && pair->side[1].up);
}

void pair_fini(struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		side_fini(&pair->side[i]);
		link_node_fini(&pair->node[i]);
	}
}

/* ---- copying ---- */

static void copy_buf(struct buf *to, const struct buf *from)
{
	buf_init(to, from->max);
	buf_add(to, buf_bytes(from));
	assert_int_equal(to->err, from->err);
}

/* to begins as the same bytes as from; what from owns and borrows gets its counterpart. */
static void copy_link(struct link *to, const struct link *from, const struct link_options *options)
{
	assert_false(from->message_due);
	assert_int_equal(from->message_channel, LINK_CHANNEL_OWN);
	to->options = *options;
	to->message = bytes_of(NULL, 0);
	to->handshake.options = &to->options;
	copy_buf(&to->handshake.own_certificate, &from->handshake.own_certificate);
	copy_buf(&to->handshake.peer_certificate, &from->handshake.peer_certificate);
	copy_buf(&to->clear, &from->clear);
	copy_buf(&to->in, &from->in);
	copy_buf(&to->plain, &from->plain);
	to->send.cipher.aead = to->recv.cipher.aead = NULL; /* each makes its own */
	to->handshake.noise.cipher.aead = NULL;
	for (uint8_t i = 0; i < LINK_CHANNEL_COUNT; i++) {
		assert_null(from->outbox[i].first);
		outbox_init(&to->outbox[i], i, from->outbox[i].credit);
		copy_buf(&to->input[i].message, &from->input[i].message);
	}
}

static void copy_side(struct link_side *to, const struct link_side *from,
		      const struct link_options *options)
{
	copy_link(&to->link, &from->link, options);
	copy_buf(&to->wire, &from->wire);
	for (unsigned i = 0; i < LINK_CHANNEL_COUNT; i++) {
		copy_buf(&to->sent[i], &from->sent[i]);
		copy_buf(&to->got[i], &from->got[i]);
	}
}

void pair_copy(struct pair *to, const struct pair *from)
{
	*to = *from;
	for (unsigned i = 0; i < 2; i++) {
		struct link_node *node = &to->node[i];
		copy_buf(&node->entry, &from->node[i].entry);
		copy_buf(&node->certificate, &from->node[i].certificate);
		to->options[i].static_sk = &node->static_sk;
		to->options[i].certificate = buf_bytes(&node->certificate);
		to->options[i].limits = &to->limits;
		to->options[i].random = &to->random;
		copy_side(&to->side[i], &from->side[i], &to->options[i]);
	}
}

/* ---- moving ---- */

static void note_message(struct link_side *side, const struct link_event *event)
{
	struct buf *got = &side->got[event->channel];
	assert_true(side->up);
	buf_add_be32(got, (uint32_t)event->message.len);
	buf_add(got, event->message);
	side->got_count++;
	/* the message is only valid until this call */
	if (side->consumes)
		link_consumed(&side->link, event->channel, event->message.len);
}

static void note_event(struct link_side *side, const struct link_event *event)
{
	assert_false(side->closed);
	switch (event->type) {
	case LINK_EVENT_CERT:
		assert_false(side->cert || side->up);
		side->cert = true;
		side->cert_org = event->certificate.org;
		side->cert_key = event->key;
		if (side->answers)
			link_admit(&side->link, side->admits, side->refusal);
		break;
	case LINK_EVENT_UP:
		assert_false(side->up);
		side->up = true;
		break;
	case LINK_EVENT_MESSAGE:
		note_message(side, event);
		break;
	case LINK_EVENT_CLOSED:
		side->closed = true;
		side->reason = event->reason;
		side->by_peer = event->by_peer;
		break;
	}
}

bool pair_events(struct pair *pair, unsigned from)
{
	struct link_side *side = &pair->side[from];
	struct link_event event;
	bool any = false;
	while (link_next(&side->link, &event)) {
		note_event(side, &event);
		any = true;
	}
	return any;
}

/* What a side has put on the wire: altered or swallowed where the test says so. */
static void spoil(struct link_side *side, size_t begin)
{
	size_t len = side->wire.len - begin;
	hash_add(&side->transcript, bytes_of(side->wire.ptr + begin, len));
	if (side->alter_at != NEVER && side->alter_at >= side->wire_total &&
	    side->alter_at < side->wire_total + len)
		side->wire.ptr[begin + side->alter_at - side->wire_total] ^= side->alter_mask;
	side->wire_total += len;
	if (side->wire_total > side->swallow_at) {
		size_t gone = side->wire_total - side->swallow_at;
		side->wire.len -= gone < len ? gone : len;
	}
}

static size_t piece_len(struct pair *pair, size_t max)
{
	if (max > pair->piece_len_max)
		max = pair->piece_len_max;
	return 1 + (size_t)random_below(&pair->cuts, max);
}

bool pair_step(struct pair *pair, unsigned from)
{
	struct link_side *side = &pair->side[from], *to = &pair->side[1 - from];
	size_t begin = side->wire.len;
	bool moved = pair_events(pair, from);
	assert_int_equal(
		link_output(&side->link, &side->wire, piece_len(pair, LIMIT_FRAME_LEN_MAX)),
		ERR_OK);
	moved = moved || side->wire.len > begin;
	if (side->wire.len > begin)
		spoil(side, begin);
	size_t room = link_room(&to->link);
	if (side->wire.len > 0 && room > 0) {
		size_t len = piece_len(pair, side->wire.len < room ? side->wire.len : room);
		link_recv(&to->link, bytes_of(side->wire.ptr, len), pair->now_ms);
		buf_drop(&side->wire, len);
		moved = true;
	}
	return pair_events(pair, 1 - from) || pair_events(pair, from) || moved;
}

void pair_run(struct pair *pair)
{
	bool moved = true;
	while (moved) {
		moved = pair_step(pair, 0);
		moved = pair_step(pair, 1) || moved;
	}
}

void pair_tick(struct pair *pair, uint64_t ms)
{
	pair->now_ms += ms;
	for (unsigned i = 0; i < 2; i++)
		link_tick(&pair->side[i].link, pair->now_ms);
	pair_run(pair);
}

void pair_run_out(struct pair *pair)
{
	pair_run(pair);
	for (unsigned i = 0; !pair->side[0].closed || !pair->side[1].closed; i++) {
		uint64_t wake = link_wake(&pair->side[0].link);
		uint64_t other = link_wake(&pair->side[1].link);
		wake = wake < other ? wake : other;
		assert_true(i < TICK_MAX && wake != UINT64_MAX && wake >= pair->now_ms);
		pair_tick(pair, wake - pair->now_ms);
	}
}

/* ---- sending ---- */

void pair_send(struct pair *pair, unsigned from, uint8_t channel, struct bytes message)
{
	struct link_side *side = &pair->side[from];
	assert_int_equal(link_send(&side->link, channel, message), ERR_OK);
	buf_add_be32(&side->sent[channel], (uint32_t)message.len);
	buf_add(&side->sent[channel], message);
}

void pair_send_random(struct pair *pair, unsigned from, uint8_t channel, size_t len)
{
	struct buf message;
	buf_init(&message, LIMIT_MESSAGE_LEN_MAX);
	uint8_t *space = buf_space(&message, len);
	if (len > 0)
		random_fill(&pair->cuts, space, len);
	pair_send(pair, from, channel, buf_bytes(&message));
	buf_fini(&message);
}

void pair_forge(struct pair *pair, unsigned from, struct bytes plain)
{
	struct link_side *side = &pair->side[from];
	assert_int_equal(frame_seal(&side->link.send, &side->wire, plain), ERR_OK);
}

/* ---- looking ---- */

void pair_assert_prefix(const struct pair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned j = 0; j < LINK_CHANNEL_COUNT; j++) {
			struct bytes got = buf_bytes(&pair->side[i].got[j]);
			struct bytes sent = buf_bytes(&pair->side[1 - i].sent[j]);
			assert_true(bytes_eq(got, bytes_slice(sent, 0, got.len)));
		}
	}
}

void pair_assert_all(const struct pair *pair)
{
	pair_assert_prefix(pair);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned j = 0; j < LINK_CHANNEL_COUNT; j++)
			assert_int_equal(pair->side[i].got[j].len, pair->side[1 - i].sent[j].len);
}

void pair_assert_closed(const struct pair *pair, unsigned side, enum link_reason reason,
			bool by_peer)
{
	assert_true(pair->side[side].closed);
	assert_string_equal(link_reason_text(pair->side[side].reason), link_reason_text(reason));
	assert_int_equal(pair->side[side].by_peer, by_peer);
}
