/* The handshake: who is let in, what is said to whom, and how long it may take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/wire/protocol.h"
#include "test/proto/link_pair.h"

#define PRELUDE_LEN (8 + 1 + 1 + 8)
#define FIRST_LEN   (2 + 32)
#define REFUSAL_LEN 3
/* beside the payload: length, e, s and its tag, tag */
#define SECOND_LEN (2 + 32 + 32 + 16 + 16)
#define THIRD_LEN  (2 + 32 + 16 + 16)

static void both_learn_who_the_other_is(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.options[0].has_expected = true;
	pair.options[0].expected = pair.node[1].pk;
	pair_start(&pair);
	pair_run(&pair);
	for (unsigned i = 0; i < 2; i++) {
		const struct link_side *side = &pair.side[i];
		struct certificate other;
		assert_int_equal(certificate_get(&other, buf_bytes(&pair.node[1 - i].certificate)),
				 ERR_OK);
		assert_true(side->cert && side->up);
		assert_true(id_eq(&side->cert_org, &other.org));
		assert_true(id_eq(&side->cert_key, &pair.node[1 - i].pk));
		assert_true(id_eq(link_peer_key(&side->link), &pair.node[1 - i].pk));
	}
	assert_memory_equal(link_handshake_hash(&pair.side[0].link),
			    link_handshake_hash(&pair.side[1].link), NOISE_HASH_LEN);
	/* what is promised about the bytes */
	size_t certificate_len = pair.node[0].certificate.len;
	assert_int_equal(pair.side[0].wire_total,
			 PRELUDE_LEN + FIRST_LEN + THIRD_LEN + certificate_len);
	assert_int_equal(pair.side[1].wire_total, SECOND_LEN + certificate_len);
	pair_fini(&pair);
}

static void prelude_is_as_written(void **state)
{
	struct pair pair;
	struct buf out;
	pair_init(&pair, 1);
	pair_start(&pair);
	buf_init(&out, FRAME_LEN_MAX);
	assert_int_equal(link_output(&pair.side[0].link, &out, SIZE_MAX), ERR_OK);
	assert_int_equal(out.len, PRELUDE_LEN + FIRST_LEN);
	struct digest hint;
	hash_once(hint.b, "am1.fedhint", id_bytes(&pair.fed));
	assert_memory_equal(out.ptr, "allmende\x01\x02", 10);
	assert_memory_equal(out.ptr + 10, hint.b, 8);
	assert_memory_equal(out.ptr + 18, "\x00\x20", 2);
	buf_fini(&out);
	pair_fini(&pair);
}

/* The dialler of section 8, once more and by hand: bytes in, bytes out. */
struct by_hand {
	struct noise noise;
	struct noise_cipher send, recv;
	struct buf out, in;
};

static void by_hand_first(struct by_hand *dialler, struct pair *pair)
{
	struct digest hint;
	struct buf prologue;
	buf_init(&dialler->out, FRAME_LEN_MAX);
	buf_init(&dialler->in, FRAME_LEN_MAX);
	buf_init(&prologue, 1000);
	hash_once(hint.b, "am1.fedhint", id_bytes(&pair->fed));
	buf_add(&dialler->out, bytes_of("allmende\x02\x09\x02", 11));
	buf_add(&dialler->out, bytes_of(hint.b, 8));
	buf_add(&prologue, bytes_str("allmende/2"));
	buf_add(&prologue, buf_bytes(&dialler->out));
	buf_add(&prologue, id_bytes(&pair->fed));
	noise_init(&dialler->noise, true, &pair->node[0].static_sk, buf_bytes(&prologue),
		   &pair->cuts);
	buf_add_be16(&dialler->out, 32);
	assert_int_equal(noise_write(&dialler->noise, &dialler->out, bytes_of(NULL, 0)), ERR_OK);
	buf_fini(&prologue);
}

static void by_hand_third(struct by_hand *dialler, struct pair *pair, struct bytes second)
{
	struct bytes certificate = buf_bytes(&pair->node[0].certificate);
	uint8_t hash[NOISE_HASH_LEN];
	assert_int_equal(be16_get(second.ptr), second.len - 2);
	assert_int_equal(
		noise_read(&dialler->noise, &dialler->in, bytes_slice(second, 2, second.len)),
		ERR_OK);
	assert_true(bytes_eq(buf_bytes(&dialler->in), buf_bytes(&pair->node[1].certificate)));
	buf_reset(&dialler->out);
	buf_add_be16(&dialler->out, (uint16_t)(THIRD_LEN - 2 + certificate.len));
	assert_int_equal(noise_write(&dialler->noise, &dialler->out, certificate), ERR_OK);
	noise_split(&dialler->noise, &dialler->send, &dialler->recv, hash);
	/* "hi" on channel 1 */
	buf_add_be16(&dialler->out, 4 + 16);
	assert_int_equal(noise_encrypt(&dialler->send, &dialler->out, bytes_of(NULL, 0),
				       bytes_of("\x01\x01hi", 4)),
			 ERR_OK);
}

static void understands_a_dialler_made_by_hand(void **state)
{
	struct pair pair;
	struct by_hand dialler;
	struct link_side *listener = &pair.side[1];
	pair_init(&pair, 1);
	pair_start(&pair);
	by_hand_first(&dialler, &pair);
	link_recv(&listener->link, buf_bytes(&dialler.out), pair.now_ms);
	pair_events(&pair, 1);
	assert_int_equal(link_output(&listener->link, &listener->wire, SIZE_MAX), ERR_OK);
	by_hand_third(&dialler, &pair, buf_bytes(&listener->wire));
	link_recv(&listener->link, buf_bytes(&dialler.out), pair.now_ms);
	pair_events(&pair, 1);
	assert_true(listener->up);
	assert_memory_equal(listener->got[LINK_CHANNEL_SYNC].ptr, "\0\0\0\2hi", 6);
	buf_reset(&listener->wire);
	link_close(&listener->link, LINK_REASON_DONE, pair.now_ms);
	assert_int_equal(link_output(&listener->link, &listener->wire, SIZE_MAX), ERR_OK);
	assert_int_equal(listener->wire.len, 2 + 4 + 16);
	buf_reset(&dialler.in);
	assert_int_equal(noise_decrypt(&dialler.recv, &dialler.in, bytes_of(NULL, 0),
				       bytes_of(listener->wire.ptr + 2, 20)),
			 ERR_OK);
	assert_memory_equal(dialler.in.ptr, "\x00\x01\x04\x00", 4);
	noise_fini(&dialler.noise);
	noise_cipher_wipe(&dialler.send);
	noise_cipher_wipe(&dialler.recv);
	buf_fini(&dialler.in);
	buf_fini(&dialler.out);
	pair_fini(&pair);
}

/* An unknown peer can make the listener keep no more than a first message. */
static void first_message_has_one_length(void **state)
{
	for (unsigned len = 31; len <= 33; len++) {
		struct pair pair;
		pair_init(&pair, 1);
		pair_start(&pair);
		struct link_side *a = &pair.side[0];
		assert_int_equal(link_output(&a->link, &a->wire, SIZE_MAX), ERR_OK);
		a->wire.ptr[PRELUDE_LEN + 1] = (uint8_t)len;
		link_recv(&pair.side[1].link, bytes_of(a->wire.ptr, PRELUDE_LEN + 2), pair.now_ms);
		pair_events(&pair, 1);
		assert_int_equal(link_has_output(&pair.side[1].link), len != 32);
		pair_fini(&pair);
	}
}

static void transcripts(uint64_t seed, struct digest out[2])
{
	struct pair pair;
	pair_init(&pair, seed);
	pair.cuts = random_seeded(7);
	pair.limits.rekey_message_count = 3;
	pair_start(&pair);
	for (unsigned i = 0; i < 20; i++) {
		pair_run(&pair);
		pair_send_random(&pair, i % 2, 1 + i % 2, 1000 * i);
	}
	link_close(&pair.side[0].link, LINK_REASON_DONE, pair.now_ms);
	pair_run(&pair);
	for (unsigned i = 0; i < 2; i++)
		hash_done(&pair.side[i].transcript, out[i].b, ID_LEN);
	pair_fini(&pair);
}

static void same_seed_gives_the_same_bytes(void **state)
{
	struct digest first[2], again[2], other[2];
	transcripts(1, first);
	transcripts(1, again);
	transcripts(2, other);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(id_eq(&first[i], &again[i]));
		assert_false(id_eq(&first[i], &other[i]));
	}
}

/* ---- refusals ---- */

static void assert_refused(struct pair *pair, enum link_reason dialler, bool dialler_by_peer,
			   enum link_reason listener, bool listener_by_peer)
{
	pair_run(pair);
	pair_assert_closed(pair, 0, dialler, dialler_by_peer);
	pair_assert_closed(pair, 1, listener, listener_by_peer);
	assert_false(pair->side[1].up);
}

static void other_federation(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.options[1].fed.b[31] ^= 1;
	pair_start(&pair);
	assert_refused(&pair, LINK_REASON_FEDERATION, true, LINK_REASON_FEDERATION, false);
	assert_int_equal(pair.side[1].wire_total, REFUSAL_LEN);
	pair_fini(&pair);
}

/* Somebody on the way makes the hint fit: the federation itself is in the prologue. */
static void other_federation_behind_a_forged_hint(void **state)
{
	struct pair pair;
	struct digest hint;
	pair_init(&pair, 1);
	pair.options[1].fed.b[31] ^= 1;
	pair_start(&pair);
	struct link_side *a = &pair.side[0];
	assert_int_equal(link_output(&a->link, &a->wire, SIZE_MAX), ERR_OK);
	hash_once(hint.b, "am1.fedhint", id_bytes(&pair.options[1].fed));
	memcpy(a->wire.ptr + 10, hint.b, 8);
	pair_run(&pair);
	pair_assert_closed(&pair, 0, LINK_REASON_FOREIGN, false);
	pair_assert_closed(&pair, 1, LINK_REASON_MALFORMED, true);
	assert_false(a->cert || a->up || pair.side[1].cert);
	pair_fini(&pair);
}

static void no_common_version(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.side[0].alter_at = 9;
	pair.side[0].alter_mask = 2;
	pair_start(&pair);
	assert_refused(&pair, LINK_REASON_VERSION, true, LINK_REASON_VERSION, false);
	pair_fini(&pair);
}

/* The dialler offers more than this version knows: the listener takes the one it knows. */
static void version_is_chosen_among_several(void **state)
{
	static const uint8_t offers[] = {9, 8, 7, 6, 5, 4, 3, PROTOCOL_VERSION};
	for (unsigned count = 0; count <= 9; count++) {
		struct pair pair;
		struct digest hint;
		struct buf prelude;
		pair_init(&pair, 1);
		pair_start(&pair);
		hash_once(hint.b, "am1.fedhint", id_bytes(&pair.fed));
		buf_init(&prelude, 100);
		buf_add(&prelude, bytes_str("allmende"));
		buf_add_u8(&prelude, (uint8_t)count);
		for (unsigned i = 0; i < count; i++)
			buf_add_u8(&prelude, i < 8 ? offers[(i + 8 - count % 8) % 8] : 1);
		buf_add(&prelude, bytes_of(hint.b, 8));
		/* a first message is any key */
		buf_add_be16(&prelude, 32);
		buf_add(&prelude, id_bytes(&pair.node[0].pk));
		link_recv(&pair.side[1].link, buf_bytes(&prelude), pair.now_ms);
		pair_events(&pair, 1);
		bool fits = count == 8;
		for (unsigned i = 0; i < count && count < 8; i++)
			fits = fits || offers[(i + 8 - count % 8) % 8] == PROTOCOL_VERSION;
		struct buf *answer = &pair.side[1].wire;
		assert_int_equal(link_output(&pair.side[1].link, answer, SIZE_MAX), ERR_OK);
		if (fits)
			assert_int_equal(answer->len, SECOND_LEN + pair.node[1].certificate.len);
		else
			assert_memory_equal(answer->ptr,
					    count < 1 || count > 8 ? "\0\0\5" : "\0\0\1", 3);
		buf_fini(&prelude);
		pair_fini(&pair);
	}
}

/* A certificate names another version than the one chosen. */
static void version_changed_on_the_way(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair_start(&pair);
	pair.side[0].link.handshake.version = 1;
	assert_refused(&pair, LINK_REASON_VERSION, false, LINK_REASON_VERSION, true);
	pair_fini(&pair);
	pair_init(&pair, 1);
	pair.side[0].answers = false;
	pair_start(&pair);
	pair_run(&pair);
	pair.side[0].link.handshake.version = 1;
	link_admit(&pair.side[0].link, true, LINK_REASON_DONE);
	assert_refused(&pair, LINK_REASON_PROTOCOL, true, LINK_REASON_VERSION, false);
	pair_fini(&pair);
}

static void assert_third_never_sent(const struct pair *pair)
{
	assert_int_equal(pair->side[0].wire_total, PRELUDE_LEN + FIRST_LEN + REFUSAL_LEN);
	assert_false(pair->side[0].up || pair->side[1].cert || pair->side[1].up);
}

static void unexpected_key(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.options[0].has_expected = true;
	pair.options[0].expected = pair.node[1].pk;
	pair.options[0].expected.b[0] ^= 1;
	pair_start(&pair);
	assert_refused(&pair, LINK_REASON_UNEXPECTED, false, LINK_REASON_NOT_MEMBER, true);
	assert_false(pair.side[0].cert);
	assert_third_never_sent(&pair);
	pair_fini(&pair);
}

static void dialler_does_not_admit(void **state)
{
	static const enum link_reason reasons[] = {LINK_REASON_NOT_MEMBER, LINK_REASON_BUSY};
	for (unsigned i = 0; i < 2; i++) {
		struct pair pair;
		pair_init(&pair, 1);
		pair.side[0].admits = false;
		pair.side[0].refusal = reasons[i];
		pair_start(&pair);
		assert_refused(&pair, reasons[i], false, reasons[i], true);
		assert_true(pair.side[0].cert);
		assert_third_never_sent(&pair);
		pair_fini(&pair);
	}
}

static void listener_does_not_admit(void **state)
{
	static const enum link_reason reasons[] = {LINK_REASON_NOT_MEMBER, LINK_REASON_BUSY,
						   LINK_REASON_REPLACED};
	for (unsigned i = 0; i < 3; i++) {
		struct pair pair;
		pair_init(&pair, 1);
		pair.side[1].answers = false;
		pair_start(&pair);
		pair_run(&pair);
		/* the dialler is up and talks; the listener hears nothing before it has decided */
		assert_true(pair.side[0].up && pair.side[1].cert && !pair.side[1].up);
		assert_int_equal(link_send(&pair.side[1].link, LINK_CHANNEL_SYNC, bytes_of("x", 1)),
				 ERR_AGAIN);
		pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 100);
		pair_run(&pair);
		assert_int_equal(pair.side[1].got_count, 0);
		link_admit(&pair.side[1].link, false, reasons[i]);
		assert_refused(&pair, reasons[i], true, reasons[i], false);
		assert_int_equal(pair.side[1].got_count, 0);
		pair_fini(&pair);
	}
}

static void what_came_before_the_answer_is_delivered_after_it(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.side[1].answers = false;
	pair_start(&pair);
	pair_run(&pair);
	for (unsigned i = 0; i < 10; i++)
		pair_send_random(&pair, 0, LINK_CHANNEL_SYNC, 100000);
	pair_run(&pair);
	/* the socket is not read any more when the input is full */
	assert_int_equal(link_room(&pair.side[1].link), 0);
	link_admit(&pair.side[1].link, true, LINK_REASON_DONE);
	pair_run(&pair);
	assert_int_equal(pair.side[1].got_count, 10);
	pair_assert_all(&pair);
	pair_fini(&pair);
}

static void own_key(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.options[1].static_sk = pair.options[0].static_sk;
	pair.options[1].certificate = pair.options[0].certificate;
	pair_start(&pair);
	assert_refused(&pair, LINK_REASON_OWN, false, LINK_REASON_NOT_MEMBER, true);
	assert_third_never_sent(&pair);
	pair_fini(&pair);
}

/* Each side shows the other one's certificate with its own key. */
static void borrowed_certificate(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.options[1].certificate = pair.options[0].certificate;
	pair_start(&pair);
	assert_refused(&pair, LINK_REASON_CERTIFICATE, false, LINK_REASON_NOT_MEMBER, true);
	assert_third_never_sent(&pair);
	pair_fini(&pair);
	pair_init(&pair, 1);
	pair.options[0].certificate = pair.options[1].certificate;
	pair_start(&pair);
	assert_refused(&pair, LINK_REASON_NOT_MEMBER, true, LINK_REASON_CERTIFICATE, false);
	assert_false(pair.side[1].cert);
	pair_fini(&pair);
}

static void unknown_codes_have_a_reason(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair_start(&pair);
	link_recv(&pair.side[0].link, bytes_of("\x00\x00\x2a", 3), pair.now_ms);
	pair_events(&pair, 0);
	pair_assert_closed(&pair, 0, LINK_REASON_UNKNOWN, true);
	pair_fini(&pair);
	pair_up(&pair, 1);
	pair_forge(&pair, 0, bytes_of("\x00\x01\x04\xff", 4));
	pair_run(&pair);
	pair_assert_closed(&pair, 1, LINK_REASON_UNKNOWN, true);
	pair_fini(&pair);
}

/* ---- others ---- */

enum ending { AT_ONCE, AT_EOF, AT_TIMEOUT };

struct foreign {
	const char *bytes;
	size_t len;
	enum ending ending;
};

/* Prelude or refusal leave for nowhere. */
static void flush(struct pair *pair, unsigned side)
{
	struct link_side *from = &pair->side[side];
	pair_events(pair, side);
	assert_int_equal(link_output(&from->link, &from->wire, SIZE_MAX), ERR_OK);
	pair_events(pair, side);
}

static void hear(unsigned side, const struct foreign *foreign, enum link_reason reason)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair_start(&pair);
	struct link *link = &pair.side[side].link;
	for (size_t i = 0; i < foreign->len; i++)
		link_recv(link, bytes_of(foreign->bytes + i, 1), pair.now_ms);
	flush(&pair, side);
	assert_int_equal(pair.side[side].closed, foreign->ending == AT_ONCE);
	if (foreign->ending == AT_EOF)
		link_lost(link);
	if (foreign->ending == AT_TIMEOUT)
		link_tick(link, pair.now_ms + pair.limits.handshake_ms_max);
	flush(&pair, side);
	pair_assert_closed(&pair, side, reason, false);
	pair_fini(&pair);
}

#define TEXT(text) (text), sizeof(text) - 1

static void listener_hears_something_else(void **state)
{
	static const struct foreign cases[] = {
		{TEXT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), AT_ONCE},
		{TEXT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), AT_ONCE},
		{TEXT("SSH-2.0-OpenSSH_9.2\r\n"), AT_ONCE},
		{TEXT("allmendf"), AT_ONCE},
		{TEXT("\0"), AT_ONCE},
		{TEXT("allm"), AT_TIMEOUT},
		{TEXT("allmende\x01"), AT_EOF},
		{TEXT(""), AT_TIMEOUT},
		{TEXT(""), AT_EOF},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		hear(1, &cases[i], LINK_REASON_FOREIGN);
}

static void dialler_hears_something_else(void **state)
{
	static const struct foreign cases[] = {
		{TEXT("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), AT_EOF},
		{TEXT("SSH-2.0-OpenSSH_9.2\r\n"), AT_EOF},
		{TEXT("SSH-2.0-OpenSSH_9.2\r\n"), AT_TIMEOUT},
		{TEXT("220 mail.example ESMTP\r\n"), AT_TIMEOUT},
		{TEXT("\x15\x03\x01\x00\x02\x02\x46"), AT_EOF},
		{TEXT("\x00\x05hello"), AT_ONCE},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		hear(0, &cases[i], LINK_REASON_FOREIGN);
	/* a frame of the right form, but noise */
	char noise[2 + 300];
	memset(noise, 'x', sizeof(noise));
	noise[0] = 300 >> 8;
	noise[1] = 300 & 0xff;
	hear(0, &(struct foreign){noise, sizeof(noise), AT_ONCE}, LINK_REASON_FOREIGN);
}

static void dialler_hears_nothing(void **state)
{
	hear(0, &(struct foreign){TEXT(""), AT_TIMEOUT}, LINK_REASON_TIMEOUT);
	hear(0, &(struct foreign){TEXT(""), AT_EOF}, LINK_REASON_LOST);
	hear(0, &(struct foreign){TEXT("\x02\x00\xf0\x1d\xfe"), AT_EOF}, LINK_REASON_LOST);
	hear(0, &(struct foreign){TEXT("\x02\x00\xf0\x1d\xfe"), AT_TIMEOUT}, LINK_REASON_TIMEOUT);
}

/* ---- time ---- */

static void handshake_has_its_time(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.side[1].answers = false;
	pair_start(&pair);
	pair_run(&pair);
	uint64_t end_ms = pair.now_ms + pair.limits.handshake_ms_max;
	assert_int_equal(link_wake(&pair.side[1].link), end_ms);
	pair_tick(&pair, pair.limits.handshake_ms_max - 1);
	assert_false(pair.side[0].closed || pair.side[1].closed);
	pair_tick(&pair, 1);
	pair_assert_closed(&pair, 1, LINK_REASON_TIMEOUT, false);
	pair_assert_closed(&pair, 0, LINK_REASON_BUSY, true);
	/* an answer that comes too late does nothing */
	link_admit(&pair.side[1].link, true, LINK_REASON_DONE);
	pair_run(&pair);
	assert_false(pair.side[1].up);
	pair_fini(&pair);
}

static void closed_before_up_was_told(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.side[1].answers = false;
	pair_start(&pair);
	pair_run(&pair);
	link_admit(&pair.side[1].link, true, LINK_REASON_DONE);
	link_close(&pair.side[1].link, LINK_REASON_BUSY, pair.now_ms);
	assert_refused(&pair, LINK_REASON_BUSY, true, LINK_REASON_BUSY, false);
	pair_fini(&pair);
}

static void listener_waits_for_the_third_message(void **state)
{
	struct pair pair;
	pair_init(&pair, 1);
	pair.side[0].answers = false;
	pair_start(&pair);
	pair_run(&pair);
	assert_true(pair.side[0].cert);
	pair_tick(&pair, pair.limits.handshake_ms_max);
	pair_assert_closed(&pair, 0, LINK_REASON_TIMEOUT, false);
	pair_assert_closed(&pair, 1, LINK_REASON_TIMEOUT, false);
	pair_fini(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_learn_who_the_other_is),
		cmocka_unit_test(prelude_is_as_written),
		cmocka_unit_test(understands_a_dialler_made_by_hand),
		cmocka_unit_test(first_message_has_one_length),
		cmocka_unit_test(same_seed_gives_the_same_bytes),
		cmocka_unit_test(other_federation),
		cmocka_unit_test(other_federation_behind_a_forged_hint),
		cmocka_unit_test(no_common_version),
		cmocka_unit_test(version_is_chosen_among_several),
		cmocka_unit_test(version_changed_on_the_way),
		cmocka_unit_test(unexpected_key),
		cmocka_unit_test(dialler_does_not_admit),
		cmocka_unit_test(listener_does_not_admit),
		cmocka_unit_test(what_came_before_the_answer_is_delivered_after_it),
		cmocka_unit_test(own_key),
		cmocka_unit_test(borrowed_certificate),
		cmocka_unit_test(unknown_codes_have_a_reason),
		cmocka_unit_test(listener_hears_something_else),
		cmocka_unit_test(dialler_hears_something_else),
		cmocka_unit_test(dialler_hears_nothing),
		cmocka_unit_test(handshake_has_its_time),
		cmocka_unit_test(closed_before_up_was_told),
		cmocka_unit_test(listener_waits_for_the_third_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
