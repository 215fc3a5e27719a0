/* cut: known cuts, independence of the blocks a stream arrives in, and healing after an edit. */
#include "test/crypto/helpers.h"

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "crypto/random.h"
#include "crypto/selftest.h"
#include "crypto/siphash.h"
#include "proto/content/cut.h"

#define STREAM_LEN (8u << 20)

struct stream {
	uint8_t *ptr;
	struct cut_table table;
	struct cut_key key;
};

static int stream_setup(void **state)
{
	const char *what;
	struct random random = random_seeded(7);
	struct stream *s = malloc(sizeof(*s));
	assert_ok(selftest_run(&what));
	assert_non_null(s);
	s->ptr = malloc(STREAM_LEN);
	random_fill(&random, s->ptr, STREAM_LEN);
	cut_table_init(&s->table);
	s->key = (struct cut_key){"cut key 16 bytes"};
	*state = s;
	return 0;
}

static int stream_teardown(void **state)
{
	struct stream *s = *state;
	free(s->ptr);
	free(s);
	return 0;
}

/* Ends of all pieces of a stream; block 0 means blocks of random size. Returns the number. */
static size_t cuts(const struct stream *s, const struct cut_table *table, struct bytes in,
		   size_t block, size_t *ends, size_t max)
{
	struct cut cut;
	struct random random = random_seeded(block);
	size_t at = 0, count = 0;
	cut_init(&cut, table, &s->key);
	while (at < in.len) {
		size_t len = block ? block : 1 + random_below(&random, 40000);
		struct bytes part = bytes_slice(in, at, len);
		bool end;
		size_t taken = cut_feed(&cut, part, &end);
		assert_true(taken <= part.len);
		assert_true(end || taken == part.len);
		at += taken;
		if (end) {
			assert_true(count < max);
			ends[count++] = at;
		}
	}
	return count;
}

/* The definition, byte by byte, as docs/PROTOCOL.md has it. */
static size_t cut_by_the_book(const struct stream *s, struct bytes in)
{
	uint64_t g = 0;
	for (size_t i = 0; i < in.len; i++) {
		g = (g << 1) + s->table.gear[in.ptr[i]];
		size_t len = i + 1;
		if (len == 262144)
			return len;
		if (len >= 16384 && g >> 51 == 0 &&
		    siphash(s->key.b, bytes_slice(in, len - 48, 48)) % 8 == 0)
			return len;
	}
	return in.len;
}

static void the_gear_table_is_the_public_one(void **state)
{
	const struct stream *s = *state;
	uint8_t digest[32];
	for (unsigned i = 0; i < 256; i++) {
		uint8_t b = (uint8_t)i;
		hash_once(digest, "am1.gear", bytes_of(&b, 1));
		assert_true(s->table.gear[i] == be64_get(digest));
	}
}

/* The first vector of the SipHash paper, as a number. */
static void siphash_is_that_of_the_paper(void **state)
{
	uint8_t key[16], in[15];
	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		in[i] = i;
	assert_true(siphash(key, bytes_of(in, 15)) == 0xa129ca6149be45e5);
}

static void cuts_are_those_of_the_book(void **state)
{
	const struct stream *s = *state;
	static size_t ends[1000];
	struct bytes in = bytes_of(s->ptr, STREAM_LEN);
	size_t count = cuts(s, &s->table, in, STREAM_LEN, ends, COUNT(ends));
	size_t from = 0, longest = 0, shortest = SIZE_MAX;
	for (size_t i = 0; i < count; i++) {
		size_t len = cut_by_the_book(s, bytes_slice(in, from, STREAM_LEN));
		assert_int_equal(ends[i] - from, len);
		longest = len > longest ? len : longest;
		shortest = len < shortest ? len : shortest;
		from = ends[i];
	}
	assert_true(shortest >= LIMIT_CHUNK_PLAIN_MIN && longest == LIMIT_CHUNK_PLAIN_MAX);
	/* 16 KiB and then a mean of 64 KiB, less what the upper limit takes */
	assert_in_range(STREAM_LEN / count, 65536, 98304);
}

/* Changes the 8 bytes before `end` until it is a confirmed position of the definition. */
static void make_position(const struct stream *s, uint8_t *in, size_t end)
{
	for (uint64_t v = 0;; v++) {
		uint64_t g = 0;
		be64_put(in + end - 8, v);
		for (size_t i = end - 64; i < end; i++)
			g = (g << 1) + s->table.gear[in[i]];
		if (g >> 51 == 0 && siphash(s->key.b, bytes_of(in + end - 48, 48)) % 8 == 0)
			return;
	}
}

/* 16,384 bytes may be a piece, one byte less is not looked at. */
static void the_shortest_piece_is_exactly_so_long(void **state)
{
	const struct stream *s = *state;
	uint8_t *in = malloc(STREAM_LEN);
	bool end;
	for (size_t len = 16383; len <= 16385; len++) {
		struct cut cut;
		memcpy(in, s->ptr, STREAM_LEN);
		make_position(s, in, len);
		cut_init(&cut, &s->table, &s->key);
		size_t found = cut_feed(&cut, bytes_of(in, STREAM_LEN), &end);
		assert_int_equal(found, cut_by_the_book(s, bytes_of(in, STREAM_LEN)));
		assert_int_equal(found == len, len >= 16384);
	}
	free(in);
}

static void cuts_do_not_depend_on_blocks(void **state)
{
	const struct stream *s = *state;
	static size_t whole[1000], parts[1000];
	struct bytes in = bytes_of(s->ptr, STREAM_LEN / 4);
	size_t count = cuts(s, &s->table, in, in.len, whole, COUNT(whole));
	static const size_t blocks[] = {1,  7,    47,    48,    63,    64,
					65, 4096, 16383, 16384, 65536, 262145};
	for (size_t i = 0; i < COUNT(blocks); i++) {
		assert_int_equal(cuts(s, &s->table, in, blocks[i], parts, COUNT(parts)), count);
		assert_memory_equal(parts, whole, count * sizeof(whole[0]));
	}
	assert_int_equal(cuts(s, &s->table, in, 0, parts, COUNT(parts)), count);
	assert_memory_equal(parts, whole, count * sizeof(whole[0]));
}

static void cuts_heal_after_an_insertion(void **state)
{
	const struct stream *s = *state;
	static size_t before[1000], after[1000];
	struct bytes in = bytes_of(s->ptr, STREAM_LEN);
	uint8_t *edited = malloc(STREAM_LEN + 5);
	size_t at = 1000000, same = 0;
	memcpy(edited, s->ptr, at);
	memcpy(edited + at, "12345", 5);
	memcpy(edited + at + 5, s->ptr + at, STREAM_LEN - at);
	size_t n = cuts(s, &s->table, in, STREAM_LEN, before, COUNT(before));
	size_t m = cuts(s, &s->table, bytes_of(edited, STREAM_LEN + 5), STREAM_LEN, after,
			COUNT(after));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			same += before[i] == after[k] - (before[i] > at ? 5 : 0);
	assert_true(same + 6 >= n);
	free(edited);
}

static void the_cut_key_moves_the_cuts(void **state)
{
	const struct stream *s = *state;
	struct stream other = *s;
	static size_t a[1000], b[1000];
	struct bytes in = bytes_of(s->ptr, STREAM_LEN);
	other.key.b[0] ^= 1;
	size_t n = cuts(s, &s->table, in, STREAM_LEN, a, COUNT(a));
	size_t m = cuts(&other, &s->table, in, STREAM_LEN, b, COUNT(b));
	size_t same = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			same += a[i] == b[k];
	assert_true(same < n / 2);
}

static void without_a_table_cuts_are_fixed(void **state)
{
	const struct stream *s = *state;
	static size_t ends[1000];
	struct bytes in = bytes_of(s->ptr, 3 * LIMIT_CHUNK_PLAIN_MAX + 100);
	assert_int_equal(cuts(s, NULL, in, 0, ends, COUNT(ends)), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(ends[i], (i + 1) * LIMIT_CHUNK_PLAIN_MAX);
}

static void a_new_stream_begins_a_new_piece(void **state)
{
	const struct stream *s = *state;
	struct cut fresh, used;
	bool end = false, end_fresh = false;
	cut_init(&fresh, &s->table, &s->key);
	cut_init(&used, &s->table, &s->key);
	cut_feed(&used, bytes_of(s->ptr + 5000, 10000), &end);
	assert_false(end);
	cut_reset(&used);
	struct bytes in = bytes_of(s->ptr, STREAM_LEN);
	assert_int_equal(cut_feed(&used, in, &end), cut_feed(&fresh, in, &end_fresh));
	assert_true(end && end_fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gear_table_is_the_public_one),
		cmocka_unit_test(siphash_is_that_of_the_paper),
		cmocka_unit_test(cuts_are_those_of_the_book),
		cmocka_unit_test(the_shortest_piece_is_exactly_so_long),
		cmocka_unit_test(cuts_do_not_depend_on_blocks),
		cmocka_unit_test(cuts_heal_after_an_insertion),
		cmocka_unit_test(the_cut_key_moves_the_cuts),
		cmocka_unit_test(without_a_table_cuts_are_fixed),
		cmocka_unit_test(a_new_stream_begins_a_new_piece),
	};
	return cmocka_run_group_tests_name("cut", tests, stream_setup, stream_teardown);
}
