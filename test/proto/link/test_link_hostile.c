/* Bytes that no honest peer sends: altered, cut off, forged, random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "test/proto/link_pair.h"

#define KIB 1024u
#define MIB (1024u * KIB)

/* ---- altered and cut off ---- */

/* A short session with everything in it: messages both ways, fragments, pings, a new key. */
static void script(struct pair *pair)
{
	pair_start(pair);
	pair_run(pair);
	for (unsigned i = 0; i < 6; i++) {
		if (pair->side[i % 2].up && !pair->side[i % 2].closed)
			pair_send_random(pair, i % 2, 1 + i / 2 % 2, 10 * i);
		pair_run(pair);
	}
	for (unsigned i = 0; i < 3; i++)
		pair_tick(pair, pair->limits.ping_ms);
}

static void script_init(struct pair *pair)
{
	pair_init(pair, 1);
	pair->limits.rekey_message_count = 4;
}

static void honest_session_survives_the_script(void **state)
{
	struct pair pair;
	script_init(&pair);
	script(&pair);
	assert_false(pair.side[0].closed || pair.side[1].closed);
	assert_int_equal(pair.side[0].got_count + pair.side[1].got_count, 6);
	pair_assert_all(&pair);
	pair_fini(&pair);
}

static void stream_lengths(size_t out[2])
{
	struct pair pair;
	script_init(&pair);
	script(&pair);
	for (unsigned i = 0; i < 2; i++)
		out[i] = pair.side[i].wire_total;
	pair_fini(&pair);
}

static void every_altered_byte_ends_the_session(void **state)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff};
	size_t len[2];
	stream_lengths(len);
	for (size_t i = 0; i < len[0] + len[1]; i++) {
		unsigned from = i >= len[0];
		struct pair pair;
		script_init(&pair);
		pair.side[from].alter_at = from ? i - len[0] : i;
		pair.side[from].alter_mask = masks[i % 3];
		script(&pair);
		pair_run_out(&pair);
		pair_assert_prefix(&pair);
		/* who got the altered byte has noticed, or heard no more */
		const struct link_side *to = &pair.side[1 - from];
		assert_false(to->by_peer && to->reason == LINK_REASON_DONE);
		assert_true(!to->by_peer || pair.side[from].reason != LINK_REASON_TOO_OLD);
		assert_int_not_equal(to->reason, LINK_REASON_TOO_OLD);
		pair_fini(&pair);
	}
}

static void stream_that_ends_anywhere(void **state)
{
	size_t len[2];
	stream_lengths(len);
	for (size_t i = 0; i < len[0] + len[1]; i += 3) {
		unsigned from = i >= len[0];
		struct pair pair;
		script_init(&pair);
		pair.side[from].swallow_at = from ? i - len[0] : i;
		pair_start(&pair);
		pair_run(&pair);
		link_lost(&pair.side[1 - from].link);
		for (unsigned n = 0; n < 2; n++)
			if (pair.side[from].up && !pair.side[from].closed)
				pair_send_random(&pair, from, LINK_CHANNEL_SYNC, 50);
		pair_run(&pair);
		assert_true(pair.side[1 - from].closed);
		assert_false(pair.side[1 - from].by_peer);
		pair_run_out(&pair);
		pair_assert_prefix(&pair);
		pair_fini(&pair);
	}
}

/* A frame that comes twice, or two that change places, are altered streams as well. */
static void frames_in_another_order(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct pair pair;
		struct link_side *a = &pair.side[0];
		pair_up(&pair, 1);
		for (unsigned n = 0; n < 2; n++) {
			pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 100);
			assert_int_equal(link_output(&a->link, &a->wire, 1), ERR_OK);
		}
		size_t frame_len = a->wire.len / 2;
		if (i == 0) { /* the first one twice */
			memcpy(a->wire.ptr + frame_len, a->wire.ptr, frame_len);
		} else { /* the second one only */
			buf_drop(&a->wire, frame_len);
		}
		pair_run(&pair);
		assert_int_equal(pair.side[1].got_count, i == 0);
		pair_assert_closed(&pair, 1, LINK_REASON_MALFORMED, false);
		pair_assert_closed(&pair, 0, LINK_REASON_MALFORMED, true);
		pair_fini(&pair);
	}
}

/* ---- forged by a peer that has the keys ---- */

static void refused_frames(void **state)
{
	static const struct {
		const char *plain;
		size_t len;
	} cases[] = {
		{"\x03\x01x", 3},        /* channel */
		{"\xff\x01x", 3},        /* channel */
		{"\x01\x02x", 3},        /* flags */
		{"\x01\x81x", 3},        /* flags */
		{"\x01\x00", 2},         /* an empty fragment that is not the last */
		{"\x00\x01", 2},         /* no type */
		{"\x00\x01\x00", 3},     /* type */
		{"\x00\x01\x05", 3},     /* type */
		{"\x00\x00\x04\x00", 4}, /* link message in fragments */
		{"\x00\x01\x01\x00\x00\x00\x00\x01", 8},          /* credit for channel 0 */
		{"\x00\x01\x01\x03\x00\x00\x00\x01", 8},          /* credit for channel 3 */
		{"\x00\x01\x01\x01\x00\x00\x01", 7},              /* credit, short */
		{"\x00\x01\x01\x01\x00\x00\x00\x01\x00", 9},      /* credit, long */
		{"\x00\x01\x02\x00\x00\x00\x00", 7},              /* ping, short */
		{"\x00\x01\x02\0\0\0\0\0\0\0\0\0", 12},           /* ping, long */
		{"\x00\x01\x03\x00\x00\x00\x00\x00\x00\x00", 10}, /* pong, short */
		{"\x00\x01\x03\0\0\0\0\0\0\0\0", 11},             /* pong without ping */
		{"\x00\x01\x04", 3},                              /* close without reason */
		{"\x00\x01\x04\x00\x00", 5},                      /* close, long */
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair pair;
		pair_up(&pair, 1);
		pair_forge(&pair, 0, bytes_of(cases[i].plain, cases[i].len));
		pair_run(&pair);
		pair_assert_closed(&pair, 1, LINK_REASON_PROTOCOL, false);
		pair_assert_closed(&pair, 0, LINK_REASON_PROTOCOL, true);
		assert_int_equal(pair.side[1].got_count, 0);
		pair_fini(&pair);
	}
}

static void frames_too_short_for_a_header(void **state)
{
	static const char *const wires[] = {"\x00\x00", "\x00\x01x", "\x00\x11zzzzyyyyxxxxwwwwv"};
	static const size_t lens[] = {2, 3, 19};
	for (unsigned i = 0; i < 3; i++) {
		struct pair pair;
		pair_up(&pair, 1);
		link_recv(&pair.side[1].link, bytes_of(wires[i], lens[i]), pair.now_ms);
		pair_run(&pair);
		pair_assert_closed(&pair, 1, LINK_REASON_MALFORMED, false);
		pair_fini(&pair);
	}
}

static void sealed_frames_too_short_for_a_header(void **state)
{
	for (size_t len = 0; len < FRAME_HEADER_LEN; len++) {
		struct pair pair;
		pair_up(&pair, 1);
		pair_forge(&pair, 0, bytes_of("\x01", len));
		pair_run(&pair);
		pair_assert_closed(&pair, 1, LINK_REASON_MALFORMED, false);
		pair_fini(&pair);
	}
}

static void forge_fragments(struct pair *pair, uint8_t channel, size_t len, bool last)
{
	struct buf plain;
	buf_init(&plain, FRAME_HEADER_LEN + FRAME_DATA_LEN_MAX);
	while (len > 0 && !pair->side[1].closed) {
		size_t part = len < FRAME_DATA_LEN_MAX ? len : FRAME_DATA_LEN_MAX;
		len -= part;
		buf_reset(&plain);
		buf_add_u8(&plain, channel);
		buf_add_u8(&plain, last && len == 0);
		memset(buf_space(&plain, part), 'x', part);
		pair_forge(pair, 0, buf_bytes(&plain));
		pair_run(pair);
	}
	buf_fini(&plain);
}

static void credit_is_enforced(void **state)
{
	for (size_t more = 0; more < 2; more++) {
		struct pair pair;
		pair_up(&pair, 1);
		pair.side[1].consumes = false;
		forge_fragments(&pair, LINK_CHANNEL_BULK, MIB / 2, true);
		forge_fragments(&pair, LINK_CHANNEL_BULK, MIB / 2 + more, true);
		assert_int_equal(pair.side[1].got_count, 2 - more);
		assert_int_equal(pair.side[1].closed, more == 1);
		if (more == 1)
			pair_assert_closed(&pair, 1, LINK_REASON_PROTOCOL, false);
		pair_fini(&pair);
	}
}

static void message_length_is_enforced(void **state)
{
	for (size_t more = 0; more < 2; more++) {
		struct pair pair;
		pair_init(&pair, 1);
		pair.limits.channel_credit_bytes = 4 * MIB;
		pair_start(&pair);
		pair_run(&pair);
		forge_fragments(&pair, LINK_CHANNEL_SYNC, MIB + more, true);
		assert_int_equal(pair.side[1].got_count, 1 - more);
		assert_int_equal(pair.side[1].closed, more == 1);
		if (more == 1)
			pair_assert_closed(&pair, 0, LINK_REASON_PROTOCOL, true);
		pair_fini(&pair);
	}
}

/* More credit than anybody needs does no harm. */
static void credit_does_not_wrap(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	for (unsigned i = 0; i < 5; i++)
		pair_forge(&pair, 0, bytes_of("\x00\x01\x01\x01\xff\xff\xff\xff", 8));
	pair_run(&pair);
	pair.side[0].consumes = false;
	pair_send_random(&pair, 1, LINK_CHANNEL_SYNC, MIB);
	pair_run(&pair);
	pair_assert_all(&pair);
	pair_fini(&pair);
}

static void many_pings_cost_one_answer(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	size_t before = pair.side[1].wire_total;
	for (unsigned i = 0; i < 5000; i++)
		pair_forge(&pair, 0, bytes_of("\x00\x01\x02\x00\x00\x00\x00\x00\x00\x00\x07", 11));
	struct link_side *a = &pair.side[0], *b = &pair.side[1];
	link_recv(&b->link, buf_bytes(&a->wire), pair.now_ms);
	buf_reset(&a->wire);
	pair_events(&pair, 1);
	pair_step(&pair, 1);
	assert_int_equal(b->wire_total - before, 29);
	pair_fini(&pair);
}

static void input_past_the_room_ends_the_session(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.side[1].answers = false;
	pair_start(&pair);
	pair_run(&pair);
	struct buf flood;
	buf_init(&flood, MIB);
	size_t room = link_room(&pair.side[1].link);
	memset(buf_space(&flood, room + 1), 0, room + 1);
	link_recv(&pair.side[1].link, buf_bytes(&flood), pair.now_ms);
	pair_run(&pair);
	pair_assert_closed(&pair, 1, LINK_REASON_PROTOCOL, false);
	buf_fini(&flood);
	pair_fini(&pair);
}

/* ---- random ---- */

static void random_piece(struct pair *pair, struct buf *out)
{
	buf_reset(out);
	size_t len = 1 + (size_t)random_below(&pair->cuts, 200);
	random_fill(&pair->cuts, buf_space(out, len), len);
	/* plausible lengths, so that frames come together */
	if (random_below(&pair->cuts, 2) == 0)
		out->ptr[0] = 0;
}

/* Runs the first bytes of an honest exchange, then noise until the link has ended. */
static void fuzz(uint64_t seed)
{
	struct pair pair;
	struct buf noise;
	pair_init(&pair, seed);
	unsigned side = (unsigned)random_below(&pair.cuts, 2);
	pair.piece_len_max = 1 + (size_t)random_below(&pair.cuts, 300);
	pair.side[side].answers = random_below(&pair.cuts, 3) > 0;
	pair_start(&pair);
	for (uint64_t n = random_below(&pair.cuts, 30); n > 0; n--) {
		pair_step(&pair, (unsigned)(n % 2));
		if (pair.side[1 - side].up && !pair.side[1 - side].closed)
			pair_send_random(&pair, 1 - side, 1 + n % 2, 20);
	}
	struct link *link = &pair.side[side].link;
	buf_init(&noise, KIB);
	for (unsigned n = 0; n < 200 && !pair.side[side].closed; n++) {
		random_piece(&pair, &noise);
		if (link_room(link) >= noise.len)
			link_recv(link, buf_bytes(&noise), ++pair.now_ms);
		pair_events(&pair, side);
		assert_int_equal(link_output(link, &pair.side[side].wire, KIB), ERR_OK);
		pair_events(&pair, side);
		if (n % 20 == 19)
			link_tick(link, pair.now_ms += 1000);
	}
	if (!pair.side[side].closed) { /* waits for the end of a long frame */
		link_tick(link, pair.now_ms + pair.limits.silence_ms_max);
		assert_int_equal(link_output(link, &pair.side[side].wire, SIZE_MAX), ERR_OK);
		pair_events(&pair, side);
	}
	assert_true(pair.side[side].closed);
	pair_assert_prefix(&pair);
	buf_fini(&noise);
	pair_fini(&pair);
}

static void noise_in_every_state(void **state)
{
	for (uint64_t seed = 0; seed < 3000; seed++)
		fuzz(seed);
}

/* Forged frames with random headers and contents, some of them allowed. */
static void random_frames(void **state)
{
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct pair pair;
		struct buf plain;
		pair_up(&pair, seed);
		buf_init(&plain, LIMIT_FRAME_LEN_MAX);
		for (unsigned n = 0; n < 300 && !pair.side[1].closed; n++) {
			static const size_t lens[] = {2, 9, 20, 300, 60000};
			buf_reset(&plain);
			size_t len_max = lens[random_below(&pair.cuts, 5)];
			size_t len = 2 + (size_t)random_below(&pair.cuts, len_max);
			random_fill(&pair.cuts, buf_space(&plain, len), len);
			plain.ptr[0] &= 3;
			plain.ptr[1] = (uint8_t)(random_below(&pair.cuts, 40) < 39);
			if (random_below(&pair.cuts, 30) > 0)
				plain.ptr[0] = (uint8_t)(1 + n % 2);
			pair_forge(&pair, 0, buf_bytes(&plain));
			pair_run(&pair);
			for (unsigned i = 1; i < LINK_CHANNEL_COUNT; i++)
				assert_true(pair.side[1].link.input[i].message.cap <=
					    LIMIT_MESSAGE_LEN_MAX);
		}
		pair_run(&pair);
		buf_fini(&plain);
		pair_fini(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest_session_survives_the_script),
		cmocka_unit_test(every_altered_byte_ends_the_session),
		cmocka_unit_test(stream_that_ends_anywhere),
		cmocka_unit_test(frames_in_another_order),
		cmocka_unit_test(refused_frames),
		cmocka_unit_test(frames_too_short_for_a_header),
		cmocka_unit_test(sealed_frames_too_short_for_a_header),
		cmocka_unit_test(credit_is_enforced),
		cmocka_unit_test(message_length_is_enforced),
		cmocka_unit_test(credit_does_not_wrap),
		cmocka_unit_test(many_pings_cost_one_answer),
		cmocka_unit_test(input_past_the_room_ends_the_session),
		cmocka_unit_test(noise_in_every_state),
		cmocka_unit_test(random_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
