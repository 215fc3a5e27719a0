/*
 * pack: what goes in comes out, sizes say little, and nothing that pack() would not write is read.
 */
#include "test/crypto/helpers.h"

#include <zstd.h>

#include "crypto/selftest.h"
#include "proto/content/pack.h"

struct bench {
	struct packer *packer;
	struct aead *aead;
	struct random random;
	struct buf packed, out;
	uint8_t text[LIMIT_CHUNK_PLAIN_MAX]; /* compressible */
	uint8_t noise[LIMIT_CHUNK_LEN_MAX];  /* not */
};
static const struct bytes none = {NULL, 0};

static int bench_setup(void **state)
{
	const char *what;
	struct bench *b = calloc(1, sizeof(*b));
	assert_non_null(b);
	assert_ok(selftest_run(&what));
	b->packer = packer_open();
	b->aead = aead_open();
	b->random = random_seeded(3);
	buf_init(&b->packed, 1 << 20);
	buf_init(&b->out, 1 << 20);
	random_fill(&b->random, b->noise, sizeof(b->noise));
	for (size_t i = 0; i < sizeof(b->text); i++)
		b->text[i] = (uint8_t)('a' + b->noise[i / 7] % 20);
	*state = b;
	return 0;
}

static int bench_teardown(void **state)
{
	struct bench *b = *state;
	packer_close(b->packer);
	aead_close(b->aead);
	buf_fini(&b->packed);
	buf_fini(&b->out);
	free(b);
	return 0;
}

static struct bytes packed_of(struct bench *b, enum pack_mode mode, struct bytes raw,
			      struct bytes prefix)
{
	buf_reset(&b->packed);
	assert_ok(pack(b->packer, &b->packed, mode, raw, prefix));
	return buf_bytes(&b->packed);
}

static enum err unpacked(struct bench *b, struct bytes packed, struct bytes prefix)
{
	buf_reset(&b->out);
	enum err err = unpack(b->packer, &b->out, packed, prefix);
	if (err)
		assert_int_equal(b->out.len, 0);
	return err;
}

static void padme_sizes(void **state)
{
	/* computed by hand from the definition */
	static const size_t sizes[][2] = {{10, 10},         {17, 18},        {100, 104},
					  {1000, 1024},     {16393, 17408},  {65536, 65536},
					  {262153, 270336}, {270336, 270336}};
	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_int_equal(pack_padme(sizes[i][0]), sizes[i][1]);
	size_t last = 0, distinct = 0;
	for (size_t len = PACK_LEN_MIN; len <= PACK_LEN_MAX; len++) {
		size_t padded = pack_padme(len);
		assert_true(padded >= len && padded >= last);
		assert_true((padded - len) * 100 <= len * 12);
		assert_int_equal(pack_padme(padded), padded);
		distinct += padded != last;
		last = padded;
	}
	assert_true(distinct < 400);
	assert_int_equal(last, PACK_LEN_MAX);
}

static void all_sizes_come_back(void **state)
{
	struct bench *b = *state;
	static const size_t lens[] = {1, 2, 9, 10, 100, 4095, 16384, 65537, 262143, 262144};
	for (size_t i = 0; i < COUNT(lens); i++) {
		for (unsigned k = 0; k < 4; k++) {
			struct bytes raw = bytes_of(k & 1 ? b->text : b->noise, lens[i]);
			struct bytes packed =
				packed_of(b, k & 2 ? PACK_ZSTD : PACK_STORED, raw, none);
			assert_true(packed.len <= pack_padme(PACK_HEAD_LEN + raw.len));
			assert_int_equal(pack_padme(packed.len), packed.len);
			assert_ok(unpacked(b, packed, none));
			assert_true(bytes_eq(buf_bytes(&b->out), raw));
		}
	}
}

static void text_shrinks_and_noise_is_stored(void **state)
{
	struct bench *b = *state;
	struct bytes text = bytes_of(b->text, 65536), noise = bytes_of(b->noise, 65536);
	struct bytes packed = packed_of(b, PACK_ZSTD, text, none);
	assert_int_equal(packed.ptr[0], PACK_ZSTD);
	assert_true(packed.len < text.len / 2);
	packed = packed_of(b, PACK_ZSTD, noise, none);
	assert_int_equal(packed.ptr[0], PACK_STORED);
	assert_int_equal(packed.len, pack_padme(PACK_HEAD_LEN + noise.len));
}

static void a_delta_needs_its_bases(void **state)
{
	struct bench *b = *state;
	uint8_t edited[200000];
	struct bytes base = bytes_of(b->noise, sizeof(edited)),
		     raw = bytes_of(edited, sizeof(edited));
	memcpy(edited, b->noise, sizeof(edited));
	memcpy(edited + 100000, "an edit", 7);
	struct bytes packed = packed_of(b, PACK_DELTA, raw, base);
	assert_int_equal(packed.ptr[0], PACK_DELTA);
	assert_true(packed.len < 200);
	assert_ok(unpacked(b, packed, base));
	assert_true(bytes_eq(buf_bytes(&b->out), raw));
	assert_err(unpacked(b, packed, none), ERR_MALFORMED);
	/* the wrong base does not give the right text */
	if (unpacked(b, packed, bytes_of(b->text, sizeof(edited))) == ERR_OK)
		assert_false(bytes_eq(buf_bytes(&b->out), raw));
	/* the packer is as before */
	struct bytes plain = bytes_of(b->text, 1000);
	assert_ok(unpacked(b, packed_of(b, PACK_ZSTD, plain, none), none));
	assert_true(bytes_eq(buf_bytes(&b->out), plain));
}

static void a_prefix_of_four_whole_chunks(void **state)
{
	struct bench *b = *state;
	uint8_t *prefix = malloc(PACK_PREFIX_MAX);
	random_fill(&b->random, prefix, PACK_PREFIX_MAX);
	/* equal to the base farthest away */
	memcpy(b->noise, prefix, LIMIT_CHUNK_PLAIN_MAX);
	struct bytes raw = bytes_of(b->noise, LIMIT_CHUNK_PLAIN_MAX);
	struct bytes bases = bytes_of(prefix, PACK_PREFIX_MAX);
	struct bytes packed = packed_of(b, PACK_DELTA, raw, bases);
	assert_int_equal(packed.ptr[0], PACK_DELTA);
	assert_true(packed.len < 1000);
	assert_ok(unpacked(b, packed, bases));
	assert_true(bytes_eq(buf_bytes(&b->out), raw));
	free(prefix);
}

/* A packed text put together by hand, padded as it should be. */
static struct bytes by_hand(struct bench *b, uint8_t mode, uint32_t raw_len, uint32_t packed_len,
			    struct bytes body)
{
	buf_reset(&b->packed);
	buf_add_u8(&b->packed, mode);
	buf_add_be32(&b->packed, raw_len);
	buf_add_be32(&b->packed, packed_len);
	buf_add(&b->packed, body);
	while (b->packed.len < pack_padme(PACK_HEAD_LEN + body.len))
		buf_add_u8(&b->packed, 0);
	return buf_bytes(&b->packed);
}

static void lies_in_the_head_are_refused(void **state)
{
	struct bench *b = *state;
	uint8_t frame[70000], small[2000];
	struct bytes raw = bytes_of(b->text, 60000);
	size_t len = ZSTD_compress(frame, sizeof(frame), raw.ptr, raw.len, 1);
	struct bytes body = bytes_of(frame, len);
	uint32_t n = (uint32_t)len;
	assert_ok(unpacked(b, by_hand(b, 1, 60000, n, body), none));
	assert_err(unpacked(b, by_hand(b, 3, 60000, n, body), none), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 0, 60000, n, body), none), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 2, 60000, n, body), none), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 1, 60000, n, body), raw), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 1, 59999, n, body), none), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 1, 60001, n, body), none), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 1, 60000, n - 1, body), none), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 1, 60000, n + 1, body), none), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 1, 60000, UINT32_MAX, body), none), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 1, 0, n, body), none), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 0, 0, 0, none), none), ERR_MALFORMED);
	assert_err(unpacked(b, by_hand(b, 0, 8, 7, bytes_of("1234567", 7)), none), ERR_MALFORMED);
	/* stored in a frame that is no smaller than its text */
	size_t k = ZSTD_compress(small, sizeof(small), b->noise, 1000, 1);
	assert_true(k >= 1000);
	assert_err(unpacked(b, by_hand(b, 1, 1000, (uint32_t)k, bytes_of(small, k)), none),
		   ERR_MALFORMED);
}

static void only_one_whole_frame_is_read(void **state)
{
	struct bench *b = *state;
	uint8_t frame[70000];
	struct bytes raw = bytes_of(b->text, 60000);
	size_t len = ZSTD_compress(frame, sizeof(frame), raw.ptr, raw.len, 1);
	/* two frames whose texts together have the length named */
	size_t half = ZSTD_compress(frame, sizeof(frame), raw.ptr, 30000, 1);
	size_t both = half + ZSTD_compress(frame + half, sizeof(frame) - half, raw.ptr, 30000, 1);
	assert_err(unpacked(b, by_hand(b, 1, 60000, (uint32_t)both, bytes_of(frame, both)), none),
		   ERR_MALFORMED);
	/* bytes after the frame */
	len = ZSTD_compress(frame, sizeof(frame), raw.ptr, raw.len, 1);
	memset(frame + len, 0, 10);
	assert_err(unpacked(b, by_hand(b, 1, 60000, (uint32_t)len + 10, bytes_of(frame, len + 10)),
			    none),
		   ERR_MALFORMED);
	/* a second frame without text, which zstd itself would skip */
	memcpy(frame + len, "\x50\x2a\x4d\x18\x04\0\0\0wxyz", 12);
	assert_err(unpacked(b, by_hand(b, 1, 60000, (uint32_t)len + 12, bytes_of(frame, len + 12)),
			    none),
		   ERR_MALFORMED);
	/* a frame that does not say how long its text is */
	ZSTD_CCtx *cctx = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(cctx, ZSTD_c_contentSizeFlag, 0);
	len = ZSTD_compress2(cctx, frame, sizeof(frame), raw.ptr, raw.len);
	ZSTD_freeCCtx(cctx);
	assert_err(unpacked(b, by_hand(b, 1, 60000, (uint32_t)len, bytes_of(frame, len)), none),
		   ERR_MALFORMED);
	/* a skippable frame of zstd has no text */
	memcpy(frame, "\x50\x2a\x4d\x18\x04\0\0\0wxyz", 12);
	assert_err(unpacked(b, by_hand(b, 1, 60000, 12, bytes_of(frame, 12)), none), ERR_MALFORMED);
}

static void a_bomb_is_refused_by_its_head(void **state)
{
	struct bench *b = *state;
	size_t big = 64u << 20;
	uint8_t *zeros = calloc(1, big), frame[10000];
	size_t len = ZSTD_compress(frame, sizeof(frame), zeros, big, 19);
	assert_true(len < sizeof(frame));
	for (unsigned k = 0; k < 2; k++)
		assert_err(unpacked(b,
				    by_hand(b, 1, k ? LIMIT_CHUNK_PLAIN_MAX : (uint32_t)big,
					    (uint32_t)len, bytes_of(frame, len)),
				    none),
			   ERR_MALFORMED);
	free(zeros);
}

static void padding_is_zeros_of_the_right_length(void **state)
{
	struct bench *b = *state;
	struct bytes raw = bytes_of(b->noise, 1000);
	struct buf *p = &b->packed;
	packed_of(b, PACK_STORED, raw, none);
	assert_int_equal(p->len, 1024);
	for (size_t i = PACK_HEAD_LEN + raw.len; i < p->len; i++) {
		p->ptr[i] = 1;
		assert_err(unpacked(b, buf_bytes(p), none), ERR_MALFORMED);
		p->ptr[i] = 0;
	}
	assert_ok(unpacked(b, buf_bytes(p), none));
	for (size_t len = 0; len < p->len; len++)
		assert_err(unpacked(b, bytes_slice(buf_bytes(p), 0, len), none), ERR_MALFORMED);
	while (p->len < 1100) {
		buf_add_u8(p, 0);
		assert_err(unpacked(b, buf_bytes(p), none), ERR_MALFORMED);
	}
}

static void a_full_buf_is_not_the_peers_fault(void **state)
{
	struct bench *b = *state;
	struct bytes packed = packed_of(b, PACK_ZSTD, bytes_of(b->text, 1000), none);
	struct buf small;
	buf_init(&small, 999);
	assert_err(unpack(b->packer, &small, packed, none), ERR_FULL);
	buf_fini(&small);
}

struct sealed {
	struct box_keys keys;
	struct box_context context;
	struct buf chunk;
	struct chunk_addr addr;
};

static void sealed_init_kind(struct sealed *s, struct bench *b, bool hidden, enum box_kind kind,
			     struct bytes raw)
{
	struct key key = key_counting();
	box_keys_derive(&s->keys, &key);
	s->context = (struct box_context){.epoch_number = 5, .kind = kind, .hidden = hidden};
	buf_init(&s->chunk, LIMIT_CHUNK_LEN_MAX);
	assert_ok(chunk_seal(b->packer, &s->chunk, &s->keys, &s->context, raw, &b->random));
	box_addr(&s->addr, buf_bytes(&s->chunk));
}

static void sealed_init(struct sealed *s, struct bench *b, bool hidden, struct bytes raw)
{
	sealed_init_kind(s, b, hidden, BOX_KIND_CONTENT, raw);
}

static enum err sealed_open(struct sealed *s, struct bench *b, const struct chunk_addr *addr)
{
	buf_reset(&b->out);
	return chunk_open(b->packer, &b->out, &s->keys, &s->context, addr, buf_bytes(&s->chunk),
			  none);
}

static void chunks_come_back_and_faults_are_told_apart(void **state)
{
	struct bench *b = *state;
	struct bytes raw = bytes_of(b->text, 30000);
	struct sealed s;
	sealed_init(&s, b, false, raw);
	assert_ok(sealed_open(&s, b, &s.addr));
	assert_true(bytes_eq(buf_bytes(&b->out), raw));
	assert_ok(sealed_open(&s, b, NULL));
	/* a flipped bit is damage; with its address made anew it is a forgery */
	s.chunk.ptr[s.chunk.len / 2] ^= 1;
	assert_err(sealed_open(&s, b, &s.addr), ERR_CORRUPT);
	box_addr(&s.addr, buf_bytes(&s.chunk));
	assert_err(sealed_open(&s, b, &s.addr), ERR_DENIED);
	s.chunk.ptr[s.chunk.len / 2] ^= 1;
	s.context.kind = BOX_KIND_MANIFEST;
	assert_err(sealed_open(&s, b, NULL), ERR_DENIED);
	/* a rightly sealed text that was not packed */
	s.context.kind = BOX_KIND_CONTENT;
	buf_reset(&s.chunk);
	box_seal(&s.chunk, b->aead, &s.keys, &s.context, bytes_of(b->text, 500), &b->random);
	assert_err(sealed_open(&s, b, NULL), ERR_MALFORMED);
	buf_fini(&s.chunk);
}

static void hidden_chunks_are_random_and_not_compressed(void **state)
{
	struct bench *b = *state;
	struct bytes raw = bytes_of(b->text, 30000);
	struct sealed one, two, open;
	sealed_init(&one, b, true, raw);
	sealed_init(&two, b, true, raw);
	sealed_init(&open, b, false, raw);
	assert_false(id_eq(&one.addr, &two.addr));
	assert_int_equal(one.chunk.len, pack_padme(PACK_HEAD_LEN + raw.len) + BOX_OVERHEAD);
	assert_true(open.chunk.len < one.chunk.len / 2);
	assert_ok(sealed_open(&one, b, &one.addr));
	assert_true(bytes_eq(buf_bytes(&b->out), raw));
	buf_fini(&one.chunk);
	buf_fini(&two.chunk);
	buf_fini(&open.chunk);
}

/* What is packed otherwise than a writer packs is refused, though the key is right. */
static enum err hidden_repacked(struct bench *b, enum box_kind kind, struct bytes text)
{
	struct key key = key_counting();
	struct sealed s = {.context = {.epoch_number = 5, .kind = kind, .hidden = true}};

	box_keys_derive(&s.keys, &key);
	buf_init(&s.chunk, LIMIT_CHUNK_LEN_MAX);
	box_seal(&s.chunk, b->aead, &s.keys, &s.context, text, &b->random);
	enum err err = sealed_open(&s, b, NULL);
	buf_fini(&s.chunk);
	return err;
}

static void hidden_lists_and_descriptions_take_whole_units(void **state)
{
	static const struct {
		size_t raw, content, other; /* lengths, without what a box adds */
	} cases[] = {{1, 10, 1024},
		     {1015, 1024, 1024},
		     {1016, 1088, 2048},
		     {5000, 5120, 5120},
		     {5112, 5376, 6144},
		     {100000, 100352, 100352},
		     {LIMIT_CHUNK_PLAIN_MAX, PACK_LEN_MAX, PACK_LEN_MAX}};
	struct bench *b = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		for (enum box_kind kind = BOX_KIND_CONTENT; kind <= BOX_KIND_DESCRIPTION; kind++) {
			struct bytes raw = bytes_of(b->text, cases[i].raw);
			size_t wanted =
				kind == BOX_KIND_CONTENT ? cases[i].content : cases[i].other;
			struct sealed s;
			sealed_init_kind(&s, b, true, kind, raw);
			assert_int_equal(s.chunk.len, wanted + BOX_OVERHEAD);
			assert_int_equal(s.chunk.len, chunk_hidden_len(kind, raw.len));
			assert_ok(sealed_open(&s, b, &s.addr));
			assert_true(bytes_eq(buf_bytes(&b->out), raw));
			buf_fini(&s.chunk);
		}
	}
}

static void hidden_chunks_are_packed_in_one_way(void **state)
{
	struct bench *b = *state;
	uint8_t text[3 * CHUNK_HIDDEN_UNIT] = {0};

	/* 2,000 bytes stored: PADMÉ makes 2,048 of 2,009 */
	be32_put(text + 1, 2000);
	be32_put(text + 5, 2000);
	memset(text + PACK_HEAD_LEN, 'x', 2000);
	for (enum box_kind kind = BOX_KIND_CONTENT; kind <= BOX_KIND_DESCRIPTION; kind++) {
		assert_ok(hidden_repacked(b, kind, bytes_of(text, 2048)));
		assert_err(hidden_repacked(b, kind, bytes_of(text, 2047)), ERR_MALFORMED);
		assert_err(hidden_repacked(b, kind, bytes_of(text, 2049)), ERR_MALFORMED);
		assert_err(hidden_repacked(b, kind, bytes_of(text, 3072)), ERR_MALFORMED);
		assert_err(hidden_repacked(b, kind, bytes_of(text, 5)), ERR_MALFORMED);
		text[2047] = 1;
		assert_err(hidden_repacked(b, kind, bytes_of(text, 2048)), ERR_MALFORMED);
		text[2047] = 0;
	}
	/* 1,100 bytes: PADMÉ alone is right for content, and for nothing else */
	be32_put(text + 1, 1100);
	be32_put(text + 5, 1100);
	memset(text + PACK_HEAD_LEN + 1100, 0, 900);
	size_t padme = pack_padme(PACK_HEAD_LEN + 1100);
	assert_ok(hidden_repacked(b, BOX_KIND_CONTENT, bytes_of(text, padme)));
	assert_err(hidden_repacked(b, BOX_KIND_MANIFEST, bytes_of(text, padme)), ERR_MALFORMED);
	assert_ok(hidden_repacked(b, BOX_KIND_MANIFEST, bytes_of(text, 2048)));
	assert_err(hidden_repacked(b, BOX_KIND_CONTENT, bytes_of(text, 2048)), ERR_MALFORMED);
	text[2047] = 1;
	assert_err(hidden_repacked(b, BOX_KIND_MANIFEST, bytes_of(text, 2048)), ERR_MALFORMED);
	/* a frame of zstd, rightly padded */
	buf_reset(&b->packed);
	assert_ok(pack(b->packer, &b->packed, PACK_ZSTD, bytes_of(b->text, 30000), none));
	assert_int_equal(b->packed.ptr[0], PACK_ZSTD);
	assert_err(hidden_repacked(b, BOX_KIND_CONTENT, buf_bytes(&b->packed)), ERR_MALFORMED);
}

static void the_largest_chunk_is_as_large_as_promised(void **state)
{
	struct bench *b = *state;
	struct sealed s;
	sealed_init(&s, b, false, bytes_of(b->noise, LIMIT_CHUNK_PLAIN_MAX));
	assert_int_equal(s.chunk.len, LIMIT_CHUNK_LEN_MAX);
	assert_ok(sealed_open(&s, b, &s.addr));
	buf_fini(&s.chunk);
	buf_init(&s.chunk, LIMIT_CHUNK_LEN_MAX + 1);
	box_seal(&s.chunk, b->aead, &s.keys, &s.context,
		 bytes_of(b->noise, LIMIT_CHUNK_LEN_MAX + 1 - BOX_OVERHEAD), &b->random);
	assert_err(sealed_open(&s, b, NULL), ERR_MALFORMED);
	buf_fini(&s.chunk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(padme_sizes),
		cmocka_unit_test(all_sizes_come_back),
		cmocka_unit_test(text_shrinks_and_noise_is_stored),
		cmocka_unit_test(a_delta_needs_its_bases),
		cmocka_unit_test(a_prefix_of_four_whole_chunks),
		cmocka_unit_test(lies_in_the_head_are_refused),
		cmocka_unit_test(only_one_whole_frame_is_read),
		cmocka_unit_test(a_bomb_is_refused_by_its_head),
		cmocka_unit_test(padding_is_zeros_of_the_right_length),
		cmocka_unit_test(a_full_buf_is_not_the_peers_fault),
		cmocka_unit_test(chunks_come_back_and_faults_are_told_apart),
		cmocka_unit_test(hidden_chunks_are_random_and_not_compressed),
		cmocka_unit_test(hidden_lists_and_descriptions_take_whole_units),
		cmocka_unit_test(hidden_chunks_are_packed_in_one_way),
		cmocka_unit_test(the_largest_chunk_is_as_large_as_promised),
	};
	return cmocka_run_group_tests_name("pack", tests, bench_setup, bench_teardown);
}
