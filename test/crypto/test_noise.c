/* noise: two sides that agree, and everything that must end the handshake. */
#include "test/crypto/helpers.h"

#include "crypto/noise.h"
#include "crypto/wrap.h"

struct pair {
	struct noise a, b; /* initiator, responder */
	struct random random;
	struct buf message, payload;
};

static void pair_init(struct pair *pair, const char *prologue_a, const char *prologue_b)
{
	struct key a = key_filled(0xaa), b = key_filled(0xbb);
	pair->random = random_seeded(1);
	noise_init(&pair->a, true, &a, bytes_str(prologue_a), &pair->random);
	noise_init(&pair->b, false, &b, bytes_str(prologue_b), &pair->random);
	buf_init(&pair->message, NOISE_MESSAGE_LEN_MAX);
	buf_init(&pair->payload, NOISE_MESSAGE_LEN_MAX);
}

static void pair_fini(struct pair *pair)
{
	noise_fini(&pair->a);
	noise_fini(&pair->b);
	buf_fini(&pair->message);
	buf_fini(&pair->payload);
}

static struct noise *writer(struct pair *pair, unsigned step)
{
	return step % 2 == 0 ? &pair->a : &pair->b;
}

static struct noise *reader(struct pair *pair, unsigned step)
{
	return step % 2 == 0 ? &pair->b : &pair->a;
}

/* Writes message number step into pair->message, with a payload that names it. */
static void step_write(struct pair *pair, unsigned step)
{
	static const char *const payloads[] = {"", "certificate b", "certificate a"};
	buf_reset(&pair->message);
	buf_reset(&pair->payload);
	assert_true(noise_writes(writer(pair, step)));
	assert_false(noise_writes(reader(pair, step)));
	assert_ok(noise_write(writer(pair, step), &pair->message, bytes_str(payloads[step])));
}

static void steps_run(struct pair *pair, unsigned count)
{
	for (unsigned step = 0; step < count; step++) {
		step_write(pair, step);
		assert_ok(
			noise_read(reader(pair, step), &pair->payload, buf_bytes(&pair->message)));
	}
}

static void both_sides_agree(void **state)
{
	static const char *const payloads[] = {"", "certificate b", "certificate a"};
	struct pair pair;
	struct noise_cipher a_send, a_recv, b_send, b_recv;
	uint8_t a_hash[NOISE_HASH_LEN], b_hash[NOISE_HASH_LEN];
	pair_init(&pair, "allmende/1", "allmende/1");
	for (unsigned step = 0; step < 3; step++) {
		assert_false(noise_done(&pair.a));
		step_write(&pair, step);
		assert_ok(noise_read(reader(&pair, step), &pair.payload, buf_bytes(&pair.message)));
		assert_true(bytes_eq(buf_bytes(&pair.payload), bytes_str(payloads[step])));
	}
	assert_true(noise_done(&pair.a) && noise_done(&pair.b));
	assert_false(noise_writes(&pair.a) || noise_writes(&pair.b));
	assert_true(id_eq(&pair.a.rs, &pair.b.s_pk));
	assert_true(id_eq(&pair.b.rs, &pair.a.s_pk));
	noise_split(&pair.a, &a_send, &a_recv, a_hash);
	noise_split(&pair.b, &b_send, &b_recv, b_hash);
	assert_memory_equal(a_hash, b_hash, NOISE_HASH_LEN);
	assert_true(key_eq(&a_send.key, &b_recv.key));
	assert_true(key_eq(&a_recv.key, &b_send.key));
	assert_false(key_eq(&a_send.key, &a_recv.key));
	noise_cipher_wipe(&a_send);
	noise_cipher_wipe(&a_recv);
	noise_cipher_wipe(&b_send);
	noise_cipher_wipe(&b_recv);
	pair_fini(&pair);
}

/* Nothing after a failure: neither reading nor writing, nor keys left behind. */
static void assert_ended(struct pair *pair, struct noise *noise)
{
	struct noise zero;
	memset(&zero, 0, sizeof(zero));
	assert_false(noise_done(noise));
	assert_false(noise_writes(noise));
	assert_err(noise_read(noise, &pair->payload, buf_bytes(&pair->message)), ERR_PROTOCOL);
	assert_err(noise_write(noise, &pair->message, bytes_str("x")), ERR_PROTOCOL);
	assert_memory_equal(&noise->s, &zero.s, sizeof(zero.s));
	assert_memory_equal(noise->ck, zero.ck, sizeof(zero.ck));
}

static void flipped_bits_never_complete(void **state)
{
	for (unsigned bad = 0; bad < 3; bad++) {
		size_t bits = 8;
		for (size_t bit = 0; bit < bits; bit++) {
			struct pair pair;
			enum err err = ERR_OK;
			pair_init(&pair, "p", "p");
			for (unsigned step = 0; step < 3 && !err; step++) {
				step_write(&pair, step);
				if (step == bad) {
					bits = pair.message.len * 8;
					pair.message.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
				}
				err = noise_read(reader(&pair, step), &pair.payload,
						 buf_bytes(&pair.message));
				if (err)
					assert_ended(&pair, reader(&pair, step));
			}
			/* the first message is in clear: there it shows in the second */
			assert_err(err, ERR_DENIED);
			assert_false(noise_done(&pair.a) && noise_done(&pair.b));
			pair_fini(&pair);
		}
	}
}

static void cut_messages_are_refused(void **state)
{
	for (unsigned bad = 0; bad < 3; bad++) {
		size_t full = 1;
		for (size_t len = 0; len < full; len++) {
			struct pair pair;
			pair_init(&pair, "p", "p");
			steps_run(&pair, bad);
			step_write(&pair, bad);
			full = pair.message.len;
			enum err err = noise_read(reader(&pair, bad), &pair.payload,
						  bytes_of(pair.message.ptr, len));
			assert_true(err == ERR_MALFORMED || err == ERR_DENIED);
			assert_ended(&pair, reader(&pair, bad));
			pair_fini(&pair);
		}
	}
}

static void prologue_binds(void **state)
{
	struct pair pair;
	pair_init(&pair, "allmende/1 version 1", "allmende/1 version 2");
	steps_run(&pair, 1);
	step_write(&pair, 1);
	assert_err(noise_read(&pair.a, &pair.payload, buf_bytes(&pair.message)), ERR_DENIED);
	assert_ended(&pair, &pair.a);
	pair_fini(&pair);
}

static void turns_are_kept(void **state)
{
	struct pair pair;
	pair_init(&pair, "p", "p");
	assert_err(noise_write(&pair.b, &pair.message, bytes_str("")), ERR_PROTOCOL);
	assert_err(noise_read(&pair.a, &pair.payload, bytes_str("")), ERR_PROTOCOL);
	steps_run(&pair, 3);
	assert_err(noise_write(&pair.b, &pair.message, bytes_str("")), ERR_PROTOCOL);
	assert_err(noise_write(&pair.a, &pair.message, bytes_str("")), ERR_PROTOCOL);
	assert_err(noise_read(&pair.a, &pair.payload, buf_bytes(&pair.message)), ERR_PROTOCOL);
	assert_true(noise_done(&pair.a) && noise_done(&pair.b));
	pair_fini(&pair);
}

static void low_order_keys_end_it(void **state)
{
	struct pair pair;
	uint8_t zero[ID_LEN] = {0};
	pair_init(&pair, "p", "p");
	/* accepted in message 1, which has no secret yet, and refused when answering */
	assert_ok(noise_read(&pair.b, &pair.payload, bytes_obj(&zero)));
	assert_err(noise_write(&pair.b, &pair.message, bytes_str("")), ERR_DENIED);
	assert_ended(&pair, &pair.b);
	pair_fini(&pair);
}

static void message_length_is_limited(void **state)
{
	static const uint8_t payload[NOISE_MESSAGE_LEN_MAX + 1];
	struct pair pair;
	pair_init(&pair, "p", "p");
	buf_init(&pair.message, 200000);
	buf_init(&pair.payload, 200000);
	assert_ok(noise_write(&pair.a, &pair.message,
			      bytes_of(payload, NOISE_MESSAGE_LEN_MAX - ID_LEN)));
	assert_int_equal(pair.message.len, NOISE_MESSAGE_LEN_MAX);
	assert_ok(noise_read(&pair.b, &pair.payload, buf_bytes(&pair.message)));
	/* e, s with tag, tag */
	assert_err(
		noise_write(&pair.b, &pair.message, bytes_of(payload, NOISE_MESSAGE_LEN_MAX - 95)),
		ERR_FULL);
	assert_ended(&pair, &pair.b);
	pair_fini(&pair);
	pair_init(&pair, "p", "p");
	assert_err(noise_read(&pair.b, &pair.payload, bytes_obj(&payload)), ERR_MALFORMED);
	pair_fini(&pair);
}

static void transport_pair(struct noise_cipher *send, struct noise_cipher *recv)
{
	struct noise_cipher unused[2];
	uint8_t hash[NOISE_HASH_LEN];
	struct pair pair;
	pair_init(&pair, "p", "p");
	steps_run(&pair, 3);
	noise_split(&pair.a, send, &unused[0], hash);
	noise_split(&pair.b, &unused[1], recv, hash);
	pair_fini(&pair);
}

static void transport_keeps_order(void **state)
{
	struct noise_cipher send, recv;
	struct buf first, second, out;
	transport_pair(&send, &recv);
	buf_init(&first, 100);
	buf_init(&second, 100);
	buf_init(&out, 100);
	assert_ok(noise_encrypt(&send, &first, bytes_str(""), bytes_str("one")));
	assert_ok(noise_encrypt(&send, &second, bytes_str(""), bytes_str("two")));
	assert_int_equal(first.len, 3 + NOISE_TAG_LEN);
	/* swapped, repeated, cut, with other associated data: refused, and nothing comes out */
	assert_err(noise_decrypt(&recv, &out, bytes_str(""), buf_bytes(&second)), ERR_DENIED);
	assert_err(noise_decrypt(&recv, &out, bytes_str("x"), buf_bytes(&first)), ERR_DENIED);
	assert_err(noise_decrypt(&recv, &out, bytes_str(""), bytes_of(first.ptr, 15)),
		   ERR_MALFORMED);
	assert_int_equal(out.len, 0);
	assert_ok(noise_decrypt(&recv, &out, bytes_str(""), buf_bytes(&first)));
	assert_err(noise_decrypt(&recv, &out, bytes_str(""), buf_bytes(&first)), ERR_DENIED);
	assert_ok(noise_decrypt(&recv, &out, bytes_str(""), buf_bytes(&second)));
	assert_true(bytes_eq(buf_bytes(&out), bytes_str("onetwo")));
	noise_cipher_wipe(&send);
	noise_cipher_wipe(&recv);
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&out);
}

static void transport_limits(void **state)
{
	static const uint8_t plain[NOISE_MESSAGE_LEN_MAX + 1];
	struct noise_cipher send, recv;
	struct buf sealed, out;
	transport_pair(&send, &recv);
	buf_init(&sealed, 200000);
	buf_init(&out, 200000);
	struct bytes most = bytes_of(plain, NOISE_MESSAGE_LEN_MAX - NOISE_TAG_LEN);
	assert_ok(noise_encrypt(&send, &sealed, bytes_str(""), most));
	assert_int_equal(sealed.len, NOISE_MESSAGE_LEN_MAX);
	assert_ok(noise_decrypt(&recv, &out, bytes_str(""), buf_bytes(&sealed)));
	most.len++;
	assert_err(noise_encrypt(&send, &sealed, bytes_str(""), most), ERR_FULL);
	assert_err(noise_decrypt(&recv, &out, bytes_str(""), bytes_obj(&plain)), ERR_MALFORMED);
	/* the last nonce is for rekeying and never for a message */
	send.nonce = recv.nonce = UINT64_MAX - 1;
	buf_reset(&sealed);
	assert_ok(noise_encrypt(&send, &sealed, bytes_str(""), bytes_str("last")));
	assert_err(noise_encrypt(&send, &sealed, bytes_str(""), bytes_str("no more")), ERR_FULL);
	assert_ok(noise_decrypt(&recv, &out, bytes_str(""), buf_bytes(&sealed)));
	assert_err(noise_decrypt(&recv, &out, bytes_str(""), buf_bytes(&sealed)), ERR_FULL);
	noise_cipher_wipe(&send);
	noise_cipher_wipe(&recv);
	buf_fini(&sealed);
	buf_fini(&out);
}

/* Known answers by an independent implementation; 258 shows the order of the nonce's bytes. */
static void transport_known_answers(void **state)
{
	struct noise_cipher cipher = {.key = key_counting(), .has_key = true, .nonce = 258};
	struct buf out;
	buf_init(&out, 100);
	assert_ok(noise_encrypt(&cipher, &out, bytes_str("ad"), bytes_str("text")));
	assert_hex(out.ptr, out.len, "69d0804948961b8b8579ed4285ca3761cedbc29c");
	assert_int_equal(cipher.nonce, 259);
	noise_rekey(&cipher);
	assert_hex(cipher.key.b, 32,
		   "50835543a205b22c9323f2022bc4f67d838f90e61d5ccf33c4513e01f85b5042");
	assert_int_equal(cipher.nonce, 259);
	noise_cipher_wipe(&cipher);
	assert_false(cipher.has_key);
	assert_true(id_is_zero(cipher.key.b));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_agree),
		cmocka_unit_test(flipped_bits_never_complete),
		cmocka_unit_test(cut_messages_are_refused),
		cmocka_unit_test(prologue_binds),
		cmocka_unit_test(turns_are_kept),
		cmocka_unit_test(low_order_keys_end_it),
		cmocka_unit_test(message_length_is_limited),
		cmocka_unit_test(transport_keeps_order),
		cmocka_unit_test(transport_limits),
		cmocka_unit_test(transport_known_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
