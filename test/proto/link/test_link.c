/* The session: delivery, order, credit, keys, time, farewell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "test/proto/link_pair.h"

#define KIB 1024u
#define MIB (1024u * KIB)

/* ---- delivery ---- */

/* Messages both ways on both channels, cut into pieces of any length: all arrive, in order. */
static void everything_arrives_in_order(void **state)
{
	static const size_t piece_len_max[] = {1, 2, 3, 17, 1000, 65536, 200000};
	for (unsigned i = 0; i < sizeof(piece_len_max) / sizeof(piece_len_max[0]); i++) {
		struct pair pair;
		pair_init(&pair, i);
		pair.piece_len_max = piece_len_max[i];
		pair_start(&pair);
		pair_run(&pair);
		size_t len_max = piece_len_max[i] < 1000 ? 300 : 200000;
		for (unsigned n = 0; n < 40; n++) {
			unsigned from = (unsigned)random_below(&pair.cuts, 2);
			uint8_t channel = (uint8_t)(1 + random_below(&pair.cuts, 2));
			pair_send_random(&pair, from, channel,
					 (size_t)random_below(&pair.cuts, len_max));
			if (n % 3 == 0)
				pair_step(&pair, from);
		}
		pair_run(&pair);
		pair_assert_all(&pair);
		assert_int_equal(pair.side[0].got_count + pair.side[1].got_count, 40);
		pair_fini(&pair);
	}
}

static void lengths_at_every_edge(void **state)
{
	const size_t edges[] = {0,
				1,
				2,
				FRAME_DATA_LEN_MAX - 1,
				FRAME_DATA_LEN_MAX,
				FRAME_DATA_LEN_MAX + 1,
				2 * FRAME_DATA_LEN_MAX - 1,
				2 * FRAME_DATA_LEN_MAX,
				2 * FRAME_DATA_LEN_MAX + 1,
				65535,
				65536,
				65537,
				MIB - 1,
				MIB};
	struct pair pair;
	pair_up(&pair, 1);
	for (unsigned i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		pair_send_random(&pair, i % 2, LINK_CHANNEL_SYNC, edges[i]);
		pair_send_random(&pair, i % 2, LINK_CHANNEL_BULK, edges[i]);
		pair_run(&pair);
		pair_assert_all(&pair);
		assert_int_equal(pair.side[1 - i % 2].got_count, 2 * (i / 2 + 1));
	}
	pair_fini(&pair);
}

static void message_too_long_is_not_taken(void **state)
{
	struct pair pair;
	struct buf message;
	pair_up(&pair, 1);
	buf_init(&message, 2 * MIB);
	memset(buf_space(&message, MIB + 1), 0, MIB + 1);
	assert_int_equal(link_send(&pair.side[0].link, LINK_CHANNEL_SYNC, buf_bytes(&message)),
			 ERR_FULL);
	assert_int_equal(link_queued(&pair.side[0].link), 0);
	pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, MIB);
	pair_run(&pair);
	pair_assert_all(&pair);
	buf_fini(&message);
	pair_fini(&pair);
}

/* One frame at a time: what is queued on channel 1 leaves with the next frame. */
static void bulk_does_not_delay_sync(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	for (unsigned i = 0; i < 31; i++)
		pair_send_random(&pair, 0, LINK_CHANNEL_BULK, 256 * KIB);
	assert_true(link_queued(&pair.side[0].link) > 7 * MIB);
	struct buf *wire = &pair.side[0].wire;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(link_output(&pair.side[0].link, wire, 1), ERR_OK);
	assert_int_equal(wire->len, 3 * FRAME_LEN_MAX); /* in the middle of a message */
	pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 1000);
	assert_int_equal(link_output(&pair.side[0].link, wire, 1), ERR_OK);
	assert_int_equal(wire->len, 3 * FRAME_LEN_MAX + 2 + 2 + 1000 + 16);
	while (wire->len > 0) {
		size_t len = wire->len < 100 * KIB ? wire->len : 100 * KIB;
		link_recv(&pair.side[1].link, bytes_of(wire->ptr, len), pair.now_ms);
		buf_drop(wire, len);
		pair_events(&pair, 1);
	}
	assert_int_equal(pair.side[1].got[LINK_CHANNEL_SYNC].len, 4 + 1000);
	assert_int_equal(pair.side[1].got[LINK_CHANNEL_BULK].len, 0);
	pair_run(&pair);
	pair_assert_all(&pair);
	pair_fini(&pair);
}

static void queue_is_bounded(void **state)
{
	struct pair pair;
	struct link *link = &pair.side[0].link;
	size_t count = 0;
	pair_up(&pair, 1);
	pair.limits.peer_queue_bytes_max = 100 * KIB;
	while (link_send(link, 1 + count % 2, bytes_of("x", count % 3 ? 1 : 0)) == ERR_OK)
		count++;
	/* what a message costs beside its bytes counts as well */
	assert_in_range(count, 1, 100 * KIB / 8);
	assert_true(link_queued(link) <= 100 * KIB && link_queued(link) > 99 * KIB);
	assert_int_equal(link_send(link, LINK_CHANNEL_BULK, bytes_of("x", 1)), ERR_FULL);
	pair_run(&pair);
	assert_int_equal(pair.side[1].got_count, count);
	assert_int_equal(link_queued(link), 0);
	assert_int_equal(link_send(link, LINK_CHANNEL_BULK, bytes_of("x", 1)), ERR_OK);
	pair_fini(&pair);
}

/* ---- credit ---- */

static void credit_stops_one_channel_only(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	pair.side[1].consumes = false;
	for (unsigned i = 0; i < 6; i++)
		pair_send_random(&pair, 0, LINK_CHANNEL_BULK, 512 * KIB - 1);
	pair_run(&pair);
	/* two whole messages and two bytes of the third are within 1 MiB */
	assert_int_equal(pair.side[1].got_count, 2);
	assert_false(link_has_output(&pair.side[0].link));
	pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 100);
	pair_run(&pair);
	assert_int_equal(pair.side[1].got_count, 3);
	link_consumed(&pair.side[1].link, LINK_CHANNEL_BULK, 512 * KIB - 1);
	pair_run(&pair);
	assert_int_equal(pair.side[1].got_count, 4);
	link_consumed(&pair.side[1].link, LINK_CHANNEL_BULK, 512 * KIB - 1);
	pair.side[1].consumes = true;
	pair_run(&pair);
	pair_assert_prefix(&pair);
	link_consumed(&pair.side[1].link, LINK_CHANNEL_BULK, 512 * KIB - 1);
	pair_run(&pair);
	pair_assert_all(&pair);
	pair_fini(&pair);
}

/* A message as long as the credit arrives whatever was used and not given back before. */
static void longest_message_never_gets_stuck(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	for (unsigned i = 0; i < 30; i++) {
		pair_send_random(&pair, 0, LINK_CHANNEL_BULK,
				 (size_t)random_below(&pair.cuts, 700 * KIB));
		pair_send_random(&pair, 0, LINK_CHANNEL_BULK, MIB);
		pair_run(&pair);
		pair_assert_all(&pair);
	}
	pair_fini(&pair);
}

static void credit_is_given_back_in_few_steps(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	size_t before = pair.side[1].wire_total;
	for (unsigned i = 0; i < 10000; i++) {
		pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 300);
		pair_run(&pair);
	}
	/* 3 MB in steps of half a MiB; a credit frame has 26 bytes */
	assert_in_range(pair.side[1].wire_total - before, 1, 7 * 26);
	pair_assert_all(&pair);
	pair_fini(&pair);
}

/* ---- keys ---- */

static void rekeys_without_losing_anything(void **state)
{
	static const struct {
		uint64_t count, bytes;
	} cases[] = {{1, 1u << 30}, {2, 1u << 30}, {7, 1u << 30}, {1u << 20, 1}, {1u << 20, 5000}};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair pair;
		pair_init(&pair, i);
		pair.limits.rekey_message_count = cases[i].count;
		pair.limits.rekey_byte_count = cases[i].bytes;
		pair_start(&pair);
		for (unsigned n = 0; n < 3000; n++) {
			if (n % 50 == 0)
				pair_run(&pair);
			pair_send_random(&pair, n % 2, 1 + n / 2 % 2, n % 700);
		}
		pair_run(&pair);
		pair_assert_all(&pair);
		assert_int_equal(pair.side[0].got_count + pair.side[1].got_count, 3000);
		pair_fini(&pair);
	}
}

static struct key send_key(const struct pair *pair)
{
	return pair->side[0].link.send.cipher.key;
}

static void send_frame(struct pair *pair, size_t data_len)
{
	pair_send_random(pair, 0, LINK_CHANNEL_SYNC, data_len);
	pair_run(pair);
}

/* After the n-th frame and not before; after the frame that reaches the number of bytes. */
static void rekeys_after_the_right_frame(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.limits.rekey_message_count = 5;
	pair.limits.rekey_byte_count = 1000;
	pair_start(&pair);
	pair_run(&pair);
	struct key key = send_key(&pair), now;
	for (unsigned i = 1; i <= 4; i++) {
		send_frame(&pair, 1);
		now = send_key(&pair);
		assert_true(key_eq(&key, &now));
	}
	send_frame(&pair, 1);
	now = send_key(&pair);
	assert_false(key_eq(&key, &now));
	key = now;
	send_frame(&pair, 1000 - 2 * (FRAME_HEADER_LEN + NOISE_TAG_LEN) - 1 - 1);
	send_frame(&pair, 0);
	now = send_key(&pair);
	assert_true(key_eq(&key, &now)); /* 999 - 18 sealed bytes, then 18 more */
	send_frame(&pair, 0);
	now = send_key(&pair);
	assert_false(key_eq(&key, &now));
	pair_assert_all(&pair);
	pair_fini(&pair);
}

/* Sides that disagree about the frame do not understand each other from there on. */
static void rekey_out_of_step_ends_the_session(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.limits.rekey_message_count = 5;
	pair_start(&pair);
	pair_run(&pair);
	pair.side[1].link.recv.frame_count_max = 6;
	for (unsigned i = 0; i < 5; i++)
		send_frame(&pair, 10);
	pair_assert_all(&pair);
	send_frame(&pair, 10);
	assert_int_equal(pair.side[1].got_count, 5);
	pair_assert_closed(&pair, 1, LINK_REASON_MALFORMED, false);
	pair_assert_closed(&pair, 0, LINK_REASON_MALFORMED, true);
	pair_fini(&pair);
}

static bool holds(const struct link *link, const struct key *key)
{
	return memmem(link, sizeof(*link), key, sizeof(*key)) != NULL;
}

static void keys_are_wiped_at_the_end(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	struct link *link = &pair.side[0].link;
	struct key send = link->send.cipher.key, recv = link->recv.cipher.key;
	assert_true(holds(link, &send) && holds(link, &recv));
	assert_false(holds(link, &pair.node[0].static_sk)); /* the handshake is over */
	link_close(link, LINK_REASON_DONE, pair.now_ms);
	pair_run(&pair);
	assert_true(pair.side[0].closed);
	assert_false(holds(link, &send) || holds(link, &recv));
	pair_fini(&pair);

	pair_init(&pair, 2);
	pair_start(&pair);
	assert_true(holds(link, &pair.node[0].static_sk));
	link_fini(link);
	assert_false(holds(link, &pair.node[0].static_sk));
	pair_fini(&pair);
}

/* ---- time ---- */

static void ping_keeps_a_silent_session(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	for (unsigned i = 0; i < 50; i++) {
		size_t before = pair.side[0].wire_total;
		pair_tick(&pair, pair.limits.ping_ms - 1);
		assert_int_equal(pair.side[0].wire_total, before);
		pair_tick(&pair, 1);
		/* both ask and both answer: two frames of 29 bytes each */
		assert_int_equal(pair.side[0].wire_total, before + 2 * 29);
	}
	assert_false(pair.side[0].closed || pair.side[1].closed);
	pair_fini(&pair);
}

static void traffic_needs_no_ping(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	for (unsigned i = 0; i < 10; i++) {
		pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 10);
		pair_send_random(&pair, 1, LINK_CHANNEL_SYNC, 10);
		size_t before = pair.side[0].wire_total;
		pair_tick(&pair, pair.limits.ping_ms - 1);
		assert_int_equal(pair.side[0].wire_total, before + 2 + 2 + 10 + 16);
	}
	pair_fini(&pair);
}

static void silence_ends_a_session(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	uint64_t up_ms = pair.now_ms;
	pair.side[1].swallow_at = pair.side[1].wire_total;
	while (!pair.side[0].closed) {
		uint64_t wake = link_wake(&pair.side[0].link);
		assert_true(wake > pair.now_ms && wake <= up_ms + pair.limits.silence_ms_max);
		pair_tick(&pair, wake - pair.now_ms);
	}
	assert_int_equal(pair.now_ms, up_ms + pair.limits.silence_ms_max);
	pair_assert_closed(&pair, 0, LINK_REASON_SILENCE, false);
	pair_fini(&pair);
}

static void old_session_ends(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	uint64_t end_ms = pair.now_ms + pair.limits.session_ms_max;
	while (pair.now_ms < end_ms) {
		assert_false(pair.side[0].closed);
		uint64_t wake = link_wake(&pair.side[0].link);
		assert_true(wake > pair.now_ms);
		pair_tick(&pair, wake - pair.now_ms);
	}
	assert_int_equal(pair.now_ms, end_ms);
	assert_true(pair.side[0].closed && pair.side[1].closed);
	assert_int_equal(pair.side[0].reason, LINK_REASON_TOO_OLD);
	pair_fini(&pair);
}

/* ---- farewell ---- */

static void peer_hears_the_reason(void **state)
{
	static const enum link_reason reasons[] = {LINK_REASON_DONE,       LINK_REASON_PROTOCOL,
						   LINK_REASON_NOT_MEMBER, LINK_REASON_BUSY,
						   LINK_REASON_OWN,        LINK_REASON_REPLACED,
						   LINK_REASON_TOO_OLD,    LINK_REASON_MALFORMED};
	for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		struct pair pair;
		pair_up(&pair, i);
		link_close(&pair.side[i % 2].link, reasons[i], pair.now_ms);
		assert_false(pair.side[i % 2].closed);
		pair_run(&pair);
		pair_assert_closed(&pair, i % 2, reasons[i], false);
		pair_assert_closed(&pair, 1 - i % 2, reasons[i], true);
		/* closed is closed: the pair fails when another event comes */
		link_close(&pair.side[0].link, LINK_REASON_BUSY, pair.now_ms);
		link_lost(&pair.side[1].link);
		link_tick(&pair.side[1].link, UINT64_MAX / 2);
		pair_run(&pair);
		assert_int_equal(link_wake(&pair.side[0].link), UINT64_MAX);
		assert_int_equal(link_send(&pair.side[0].link, LINK_CHANNEL_SYNC, bytes_of("x", 1)),
				 ERR_AGAIN);
		pair_fini(&pair);
	}
}

static void done_sends_what_waits(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	pair_send_random(&pair, 0, LINK_CHANNEL_BULK, 300 * KIB);
	pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 100 * KIB);
	link_close(&pair.side[0].link, LINK_REASON_DONE, pair.now_ms);
	pair_run(&pair);
	pair_assert_all(&pair);
	pair_assert_closed(&pair, 1, LINK_REASON_DONE, true);
	pair_fini(&pair);
}

/* Credit is what may still be sent; the rest is dropped, and the session ends all the same. */
static void done_does_not_wait_for_credit(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	for (unsigned i = 0; i < 5; i++)
		pair_send_random(&pair, 0, LINK_CHANNEL_BULK, 300 * KIB);
	link_close(&pair.side[0].link, LINK_REASON_DONE, pair.now_ms);
	pair_run(&pair);
	assert_int_equal(pair.side[1].got_count, 3);
	pair_assert_prefix(&pair);
	pair_assert_closed(&pair, 0, LINK_REASON_DONE, false);
	pair_assert_closed(&pair, 1, LINK_REASON_DONE, true);
	pair_fini(&pair);
}

static void other_reasons_drop_what_waits(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 100);
	link_close(&pair.side[0].link, LINK_REASON_BUSY, pair.now_ms);
	assert_int_equal(link_queued(&pair.side[0].link), 0);
	pair_run(&pair);
	assert_int_equal(pair.side[1].got_count, 0);
	pair_assert_closed(&pair, 1, LINK_REASON_BUSY, true);
	pair_fini(&pair);
}

static void nothing_is_delivered_after_close(void **state)
{
	struct pair pair;
	struct link_side *a = &pair.side[0], *b = &pair.side[1];
	pair_up(&pair, 1);
	pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 100);
	pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 100);
	assert_int_equal(link_output(&a->link, &a->wire, SIZE_MAX), ERR_OK);
	/* both are there, whole, when the owner of b makes up its mind */
	link_recv(&b->link, buf_bytes(&a->wire), pair.now_ms);
	buf_reset(&a->wire);
	struct link_event event;
	assert_true(link_next(&b->link, &event));
	assert_int_equal(event.type, LINK_EVENT_MESSAGE);
	link_close(&b->link, LINK_REASON_DONE, pair.now_ms);
	pair_run(&pair);
	assert_int_equal(b->got_count, 0);
	pair_assert_closed(&pair, 1, LINK_REASON_DONE, false);
	pair_assert_closed(&pair, 0, LINK_REASON_DONE, true);
	pair_fini(&pair);
}

static void farewell_does_not_wait_for_ever(void **state)
{
	struct pair pair;
	pair_up(&pair, 1);
	link_close(&pair.side[0].link, LINK_REASON_BUSY, pair.now_ms);
	assert_false(pair_events(&pair, 0)); /* the socket takes nothing */
	uint64_t wake = link_wake(&pair.side[0].link);
	assert_int_equal(wake, pair.now_ms + pair.limits.handshake_ms_max);
	link_tick(&pair.side[0].link, wake);
	assert_true(pair_events(&pair, 0));
	pair_assert_closed(&pair, 0, LINK_REASON_BUSY, false);
	assert_false(link_has_output(&pair.side[0].link));
	pair_fini(&pair);
}

static void broken_connection_delivers_what_came(void **state)
{
	struct pair pair;
	struct link_side *a = &pair.side[0], *b = &pair.side[1];
	pair_up(&pair, 1);
	pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 100);
	pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 200);
	assert_int_equal(link_output(&a->link, &a->wire, SIZE_MAX), ERR_OK);
	link_recv(&b->link, bytes_of(a->wire.ptr, a->wire.len - 1), pair.now_ms);
	buf_reset(&a->wire);
	link_lost(&b->link);
	pair_events(&pair, 1);
	assert_int_equal(b->got_count, 1);
	pair_assert_prefix(&pair);
	pair_assert_closed(&pair, 1, LINK_REASON_LOST, false);
	assert_false(link_has_output(&b->link));
	pair_fini(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_arrives_in_order),
		cmocka_unit_test(lengths_at_every_edge),
		cmocka_unit_test(message_too_long_is_not_taken),
		cmocka_unit_test(bulk_does_not_delay_sync),
		cmocka_unit_test(queue_is_bounded),
		cmocka_unit_test(credit_stops_one_channel_only),
		cmocka_unit_test(longest_message_never_gets_stuck),
		cmocka_unit_test(credit_is_given_back_in_few_steps),
		cmocka_unit_test(rekeys_without_losing_anything),
		cmocka_unit_test(rekeys_after_the_right_frame),
		cmocka_unit_test(rekey_out_of_step_ends_the_session),
		cmocka_unit_test(keys_are_wiped_at_the_end),
		cmocka_unit_test(ping_keeps_a_silent_session),
		cmocka_unit_test(traffic_needs_no_ping),
		cmocka_unit_test(silence_ends_a_session),
		cmocka_unit_test(old_session_ends),
		cmocka_unit_test(peer_hears_the_reason),
		cmocka_unit_test(done_sends_what_waits),
		cmocka_unit_test(done_does_not_wait_for_credit),
		cmocka_unit_test(other_reasons_drop_what_waits),
		cmocka_unit_test(nothing_is_delivered_after_close),
		cmocka_unit_test(farewell_does_not_wait_for_ever),
		cmocka_unit_test(broken_connection_delivers_what_came),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
