/* box: a chunk opens with its key in its context, and with nothing else. */
#include "test/crypto/helpers.h"

#include "crypto/box.h"
#include "crypto/limits.h"

static struct aead *aead;

static struct box_context context_make(void)
{
	struct box_context context = {.epoch_number = 7, .kind = BOX_KIND_CONTENT};
	memset(context.dataset.b, 0xd5, ID_LEN);
	memset(context.epoch_prefix.b, 0xe9, ID_LEN);
	return context;
}

static struct box_keys keys_make(void)
{
	struct key dataset_key = key_counting();
	struct box_keys keys;
	box_keys_derive(&keys, &dataset_key);
	return keys;
}

/* Chunks written by an independent implementation, with the nonces that the seeds give. */
static void known_answers(void **state)
{
	static const struct {
		const char *text, *chunk, *addr;
	} cases[] = {
		{"",
		 "010176b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1ad99bfb77b0dd"
		 "7f775a4b39197e9a0d80e3310918202572296e0abdb53d54a6a12ec4d646586a"
		 "7f92b9e143cad6544785",
		 "a97b46b589d8a319615795ee8315a51e4f1d2906585b7fa6eb61d0ff189f8a76"},
		{"Pegel Riesa 214 cm",
		 "01014ea5b0505914c26c09d606c62b6ece460dd6a36ca4fb6eabf42ac7a8d739"
		 "c26a589e23c9d9c304ef98785bdad5e30aae34f735f200d74fcd336d5ae6b3ca"
		 "e6dde955a24b3303025a6271e3d79a6a06855f373f472466b35cfadd",
		 "09d3ac95a6856d8ac89e1d6153fc45a9d29adad4058fefb5aa28249d174e6ced"},
	};
	struct box_keys keys = keys_make();
	struct box_context context = context_make();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct random random = random_seeded(i);
		struct chunk_addr addr;
		struct buf chunk, text;
		buf_init(&chunk, 1000);
		buf_init(&text, 1000);
		box_seal(&chunk, aead, &keys, &context, bytes_str(cases[i].text), &random);
		assert_ok(chunk.err);
		assert_hex(chunk.ptr, chunk.len, cases[i].chunk);
		box_addr(&addr, buf_bytes(&chunk));
		assert_hex(addr.b, 32, cases[i].addr);
		assert_ok(box_open(&text, aead, &keys, &context, buf_bytes(&chunk)));
		assert_true(bytes_eq(buf_bytes(&text), bytes_str(cases[i].text)));
		buf_fini(&chunk);
		buf_fini(&text);
	}
}

static void sizes_round_trip(void **state)
{
	static const size_t lens[] = {
		0, 1, 15, 16, 17, 63, 64, 65, 16384, 262144, LIMIT_CHUNK_LEN_MAX - BOX_OVERHEAD};
	struct random random = random_seeded(1);
	struct box_keys keys = keys_make();
	uint8_t *in = malloc(LIMIT_CHUNK_LEN_MAX);
	assert_non_null(in);
	random_fill(&random, in, LIMIT_CHUNK_LEN_MAX);
	for (size_t i = 0; i < COUNT(lens); i++) {
		struct box_context context = context_make();
		struct bytes text = bytes_of(in, lens[i]);
		struct buf chunk, out;
		buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
		buf_init(&out, text.len + 1);
		buf_add_u8(&out, 'x');
		box_seal(&chunk, aead, &keys, &context, text, &random);
		assert_ok(chunk.err);
		assert_int_equal(chunk.len, text.len + BOX_OVERHEAD);
		assert_ok(box_open(&out, aead, &keys, &context, buf_bytes(&chunk)));
		assert_int_equal(out.ptr[0], 'x');
		assert_true(bytes_eq(bytes_slice(buf_bytes(&out), 1, out.len), text));
		buf_fini(&chunk);
		buf_fini(&out);
	}
	free(in);
}

static void seal_text(struct buf *chunk, const struct box_context *context, const char *text)
{
	struct random random = random_seeded(2);
	struct box_keys keys = keys_make();
	buf_init(chunk, 1000);
	box_seal(chunk, aead, &keys, context, bytes_str(text), &random);
	assert_ok(chunk->err);
}

/* Nobody sees that two texts are the same. */
static void equal_texts(void **state)
{
	struct box_context context = context_make();
	struct random random = random_seeded(3);
	struct box_keys keys = keys_make();
	struct buf a, b;
	buf_init(&a, 1000);
	buf_init(&b, 1000);
	box_seal(&a, aead, &keys, &context, bytes_str("same"), &random);
	box_seal(&b, aead, &keys, &context, bytes_str("same"), &random);
	assert_memory_not_equal(a.ptr + 2, b.ptr + 2, 24);
	assert_memory_not_equal(a.ptr + 26, b.ptr + 26, 32);
	assert_memory_not_equal(a.ptr + 58, b.ptr + 58, 4);
	buf_fini(&a);
	buf_fini(&b);
}

static void refused(struct bytes chunk, const struct box_keys *keys,
		    const struct box_context *context, enum err wanted)
{
	struct buf out;
	buf_init(&out, 1000);
	buf_add_u8(&out, 'x');
	assert_err(box_open(&out, aead, keys, context, chunk), wanted);
	assert_ok(out.err);
	assert_true(bytes_eq(buf_bytes(&out), bytes_str("x")));
	buf_fini(&out);
}

static void every_field_of_the_context_counts(void **state)
{
	struct box_context good = context_make(), bad;
	struct box_keys keys = keys_make();
	struct buf chunk;
	seal_text(&chunk, &good, "Pegel");
	for (unsigned bit = 0; bit < ID_LEN * 8; bit++) {
		bad = good;
		bad.dataset.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused(buf_bytes(&chunk), &keys, &bad, ERR_DENIED);
		bad = good;
		bad.epoch_prefix.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused(buf_bytes(&chunk), &keys, &bad, ERR_DENIED);
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		bad = good;
		bad.epoch_number ^= 1ull << bit;
		refused(buf_bytes(&chunk), &keys, &bad, ERR_DENIED);
	}
	bad = good;
	bad.kind = BOX_KIND_MANIFEST;
	refused(buf_bytes(&chunk), &keys, &bad, ERR_DENIED);
	bad.kind = BOX_KIND_DESCRIPTION;
	refused(buf_bytes(&chunk), &keys, &bad, ERR_DENIED);
	buf_fini(&chunk);
}

static void every_byte_of_the_chunk_counts(void **state)
{
	struct box_context context = context_make();
	struct box_keys keys = keys_make();
	struct buf chunk;
	seal_text(&chunk, &context, "Pegel Riesa 214 cm");
	for (size_t bit = 0; bit < chunk.len * 8; bit++) {
		chunk.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused(buf_bytes(&chunk), &keys, &context, bit < 16 ? ERR_VERSION : ERR_DENIED);
		chunk.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < chunk.len; len++)
		refused(bytes_of(chunk.ptr, len), &keys, &context,
			len < BOX_OVERHEAD ? ERR_MALFORMED : ERR_DENIED);
	buf_add_u8(&chunk, 0);
	refused(buf_bytes(&chunk), &keys, &context, ERR_DENIED);
	buf_fini(&chunk);
}

static void other_keys_do_not_open(void **state)
{
	struct box_context context = context_make();
	struct key other_key = key_filled(1);
	struct box_keys keys = keys_make(), other, zero;
	struct buf chunk;
	seal_text(&chunk, &context, "Pegel");
	box_keys_derive(&other, &other_key);
	refused(buf_bytes(&chunk), &other, &context, ERR_DENIED);
	memset(&zero, 0, sizeof(zero));
	box_keys_wipe(&keys);
	assert_memory_equal(&keys, &zero, sizeof(zero));
	buf_fini(&chunk);
}

static void room_is_an_error(void **state)
{
	struct box_context context = context_make();
	struct box_keys keys = keys_make();
	struct random random = random_seeded(4);
	struct buf chunk, out;
	buf_init(&chunk, BOX_OVERHEAD + 4);
	box_seal(&chunk, aead, &keys, &context, bytes_str("12345"), &random);
	assert_err(chunk.err, ERR_FULL);
	assert_int_equal(chunk.len, 0);
	buf_fini(&chunk);
	seal_text(&chunk, &context, "12345");
	buf_init(&out, 4);
	assert_err(box_open(&out, aead, &keys, &context, buf_bytes(&chunk)), ERR_FULL);
	buf_fini(&out);
	buf_fini(&chunk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(sizes_round_trip),
		cmocka_unit_test(equal_texts),
		cmocka_unit_test(every_field_of_the_context_counts),
		cmocka_unit_test(every_byte_of_the_chunk_counts),
		cmocka_unit_test(other_keys_do_not_open),
		cmocka_unit_test(room_is_an_error),
	};
	aead = aead_open();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	aead_close(aead);
	return failed;
}
