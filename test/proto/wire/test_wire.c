/* wire_in, wire_out: what is accepted, what is refused, and msgpack-c's parser as a witness. */
#include "test/crypto/helpers.h"

#include <msgpack.h>

#include "crypto/random.h"
#include "crypto/selftest.h"
#include "test/proto/wire_any.h"

/* One letter for each reader. */
static void read_one(struct wire_in *w, char reader)
{
	uint8_t fixed[4];
	uint64_t key = 0;
	uint32_t count;
	switch (reader) {
	case 'u':
		wire_uint(w, UINT64_MAX);
		break;
	case 's': /* a small one */
		wire_uint(w, 1000);
		break;
	case '1':
		wire_exact(w, 1);
		break;
	case 'o':
		wire_bool(w);
		break;
	case 'n':
		if (!wire_nil(w))
			wire_fail(w);
		break;
	case 'b':
		wire_bin(w, 0, 70000);
		break;
	case 'c': /* 1 to 3 bytes */
		wire_bin(w, 1, 3);
		break;
	case 'f':
		wire_fixed(w, fixed, sizeof(fixed));
		break;
	case 't':
		wire_text(w, 0, 70000);
		break;
	case 'x': /* a short text */
		wire_text(w, 1, 3);
		break;
	case 'l':
		wire_text_lines(w, 0, 70000);
		break;
	case 'a': /* an array of numbers */
		count = wire_array(w, 0, 100000);
		for (uint32_t i = 0; i < count; i++)
			wire_uint(w, UINT64_MAX);
		break;
	case '2': /* a pair */
		wire_array(w, 2, 2);
		wire_uint(w, UINT64_MAX);
		wire_uint(w, UINT64_MAX);
		break;
	case 'm': /* a map of numbers */
		count = wire_map(w, 3);
		for (uint32_t i = 0; i < count && wire_key(w, &key) > 0; i++)
			wire_uint(w, UINT64_MAX);
		break;
	default:
		fail_msg("unknown reader %c", reader);
	}
}

static enum err read_all(const char *readers, struct bytes in)
{
	struct wire_in w = wire_in(in);
	for (; *readers; readers++)
		read_one(&w, *readers);
	return wire_end(&w);
}

struct wire_case {
	const char *name;
	const char *readers;
	const char *bytes;
	size_t len;
};
#define CASE(name, readers, bytes)                                                                 \
	{                                                                                          \
		name, readers, bytes, sizeof(bytes) - 1                                            \
	}

#define ZEROS_16   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define NUMBERS_15 "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"

static const struct wire_case refused[] = {
	/* not the shortest form */
	CASE("7 as uint 8", "u", "\xcc\x07"),
	CASE("127 as uint 8", "u", "\xcc\x7f"),
	CASE("255 as uint 16", "u", "\xcd\x00\xff"),
	CASE("65535 as uint 32", "u", "\xce\x00\x00\xff\xff"),
	CASE("2^32 - 1 as uint 64", "u", "\xcf\0\0\0\0\xff\xff\xff\xff"),
	CASE("0 as uint 64", "u", "\xcf\0\0\0\0\0\0\0\0"),
	CASE("a byte as bin 16", "b", "\xc5\x00\x01x"),
	CASE("a byte as bin 32", "b", "\xc6\x00\x00\x00\x01x"),
	CASE("a letter as str 8", "t", "\xd9\x01x"),
	CASE("a letter as str 16", "t", "\xda\x00\x01x"),
	CASE("a letter as str 32", "t", "\xdb\x00\x00\x00\x01x"),
	CASE("no elements as array 16", "a", "\xdc\x00\x00"),
	CASE("15 elements as array 16", "a", "\xdc\x00\x0f" NUMBERS_15),
	CASE("15 elements as array 32", "a", "\xdd\x00\x00\x00\x0f" NUMBERS_15),
	CASE("one pair as map 16", "m", "\xde\x00\x01\x01\x01"),
	CASE("one pair as map 32", "m", "\xdf\x00\x00\x00\x01\x01\x01"),
	/* types that do not exist here */
	CASE("a negative fixint", "u", "\xff"),
	CASE("int 8", "u", "\xd0\x05"),
	CASE("int 16", "u", "\xd1\x00\x05"),
	CASE("int 32", "u", "\xd2\x00\x00\x00\x05"),
	CASE("int 64", "u", "\xd3\0\0\0\0\0\0\0\x05"),
	CASE("float 32", "u", "\xca\x3f\x80\x00\x00"),
	CASE("float 64", "u", "\xcb\x3f\xf0\0\0\0\0\0\0"),
	CASE("fixext 1", "b", "\xd4\x01x"),
	CASE("fixext 16", "b", "\xd8\x01" ZEROS_16),
	CASE("ext 8", "b", "\xc7\x01\x01x"),
	CASE("ext 16", "b", "\xc8\x00\x01\x01x"),
	CASE("ext 32", "b", "\xc9\x00\x00\x00\x01\x01x"),
	CASE("the byte never used", "u", "\xc1"),
	/* another type than wanted */
	CASE("a text where a number is wanted", "u", "\xa1x"),
	CASE("bytes where a number is wanted", "u", "\xc4\x01x"),
	CASE("nil where a number is wanted", "u", "\xc0"),
	CASE("a boolean where a number is wanted", "u", "\xc3"),
	CASE("a number where a boolean is wanted", "o", "\x01"),
	CASE("nil where a boolean is wanted", "o", "\xc0"),
	CASE("false where nil is wanted", "n", "\xc2"),
	CASE("a text where bytes are wanted", "b", "\xa1x"),
	CASE("bytes where a text is wanted", "t", "\xc4\x01x"),
	CASE("a map where an array is wanted", "a", "\x81\x01\x01"),
	CASE("an array where a map is wanted", "m", "\x92\x01\x01"),
	CASE("2 where 1 is wanted", "1", "\x02"),
	/* lengths and counts */
	CASE("nothing at all", "u", ""),
	CASE("uint 16 cut off", "u", "\xcd\x01"),
	CASE("uint 64 cut off", "u", "\xcf\xff\0\0\0\0\0\0"),
	CASE("bin without its length", "b", "\xc4"),
	CASE("bin 16 with half a length", "b", "\xc5\x01"),
	CASE("bytes cut off", "b", "\xc4\x02x"),
	CASE("a text cut off", "t", "\xa3xy"),
	CASE("bin 32 of 4 GiB", "b", "\xc6\xff\xff\xff\xff"),
	CASE("str 32 of 4 GiB", "t", "\xdb\xff\xff\xff\xff"),
	CASE("array 32 of 2^32 - 1", "a", "\xdd\xff\xff\xff\xff"),
	CASE("map 32 of 2^32 - 1", "m", "\xdf\xff\xff\xff\xff"),
	CASE("a count within the limit and past the end", "a", "\xdc\x01\x00\x01\x01"),
	CASE("an array with a missing element", "a", "\x92\x01"),
	CASE("a map with a missing value", "m", "\x81\x01"),
	CASE("a map with half the bytes of its pairs", "m", "\x82\x01\x01\x02"),
	CASE("an array of one where two are wanted", "2", "\x91\x01"),
	CASE("an array of three where two are wanted", "2", "\x93\x01\x01\x01"),
	CASE("a map of four where three are allowed", "m", "\x84\x01\x01\x02\x01\x03\x01\x04\x01"),
	CASE("a number above its limit", "s", "\xcd\x03\xe9"),
	CASE("too few bytes", "c", "\xc4\x00"),
	CASE("too many bytes", "c", "\xc4\x04wxyz"),
	CASE("fixed bytes too short", "f", "\xc4\x03xyz"),
	CASE("fixed bytes too long", "f", "\xc4\x05vwxyz"),
	CASE("an empty text where one is wanted", "x", "\xa0"),
	CASE("a text too long", "x", "\xa4wxyz"),
	/* maps */
	CASE("a key twice", "m", "\x82\x01\x01\x01\x01"),
	CASE("keys in falling order", "m", "\x82\x02\x01\x01\x01"),
	CASE("key 0", "m", "\x81\x00\x01"),
	CASE("a text as key", "m", "\x81\xa1x\x01"),
	CASE("a negative key", "m", "\x81\xff\x01"),
	CASE("a key not in its shortest form", "m", "\x81\xcc\x01\x01"),
	/* after the end */
	CASE("a byte after the value", "u", "\x01\x01"),
	CASE("nil after the value", "u", "\x01\xc0"),
	CASE("a second value", "2", "\x92\x01\x01\x92\x01\x01"),
	/* texts */
	CASE("a lone continuation byte", "t", "\xa1\x80"),
	CASE("a sequence cut off by the end", "t", "\xa2x\xc3"),
	CASE("a sequence cut off by a letter", "t", "\xa2\xc3x"),
	CASE("overlong slash", "t", "\xa2\xc0\xaf"),
	CASE("overlong letter", "t", "\xa2\xc1\x81"),
	CASE("overlong in 3 bytes", "t", "\xa3\xe0\x9f\xbf"),
	CASE("overlong in 4 bytes", "t", "\xa4\xf0\x8f\xbf\xbf"),
	CASE("a high surrogate", "t", "\xa3\xed\xa0\x80"),
	CASE("a pair of surrogates", "t", "\xa6\xed\xa0\x80\xed\xb0\x80"),
	CASE("above U+10FFFF", "t", "\xa4\xf4\x90\x80\x80"),
	CASE("a first byte of 5", "t", "\xa5\xf8\x88\x80\x80\x80"),
	CASE("byte ff", "t", "\xa1\xff"),
	CASE("a zero byte", "t", "\xa1\x00"),
	CASE("an escape", "t", "\xa1\x1b"),
	CASE("delete", "t", "\xa1\x7f"),
	CASE("a line feed where none is allowed", "t", "\xa1\n"),
	CASE("a carriage return among lines", "l", "\xa1\r"),
	CASE("a tab among lines", "l", "\xa1\t"),
};

static const struct wire_case accepted[] = {
	CASE("0", "u", "\x00"),
	CASE("127", "u", "\x7f"),
	CASE("128", "u", "\xcc\x80"),
	CASE("255", "u", "\xcc\xff"),
	CASE("256", "u", "\xcd\x01\x00"),
	CASE("65536", "u", "\xce\x00\x01\x00\x00"),
	CASE("2^32", "u", "\xcf\0\0\0\1\0\0\0\0"),
	CASE("2^64 - 1", "u", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
	CASE("a number at its limit", "s", "\xcd\x03\xe8"),
	CASE("both booleans and nil", "oon", "\xc2\xc3\xc0"),
	CASE("no bytes", "b", "\xc4\x00"),
	CASE("bytes at both limits", "cc", "\xc4\x01x\xc4\x03xyz"),
	CASE("fixed bytes", "f", "\xc4\x04wxyz"),
	CASE("no text", "t", "\xa0"),
	CASE("texts at both limits", "xx", "\xa1x\xa3xyz"),
	CASE("31 letters", "t",
	     "\xbf"
	     "0123456789012345678901234567890"),
	CASE("32 letters", "t",
	     "\xd9\x20"
	     "01234567890123456789012345678901"),
	CASE("16 elements", "a", "\xdc\x00\x10\1" NUMBERS_15),
	CASE("no elements", "a", "\x90"),
	CASE("an empty map", "m", "\x80"),
	CASE("rising keys", "m", "\x82\x01\x05\xcd\x01\x00\x05"),
	CASE("lines", "l", "\xa3x\ny"),
	CASE("edges of UTF-8", "t",
	     "\xb7\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf"
	     "\xbf~ "),
};

static void what_is_not_canonical_is_refused(void **state)
{
	for (size_t i = 0; i < COUNT(refused); i++) {
		const struct wire_case *c = &refused[i];
		if (read_all(c->readers, bytes_of(c->bytes, c->len)) != ERR_MALFORMED)
			fail_msg("accepted: %s", c->name);
	}
}

static void what_is_canonical_is_accepted(void **state)
{
	for (size_t i = 0; i < COUNT(accepted); i++) {
		const struct wire_case *c = &accepted[i];
		if (read_all(c->readers, bytes_of(c->bytes, c->len)) != ERR_OK)
			fail_msg("refused: %s", c->name);
	}
}

static void a_fault_sticks_and_later_reads_give_nothing(void **state)
{
	static const uint8_t in[] = {0x05, 0xc0, 0x05, 0xc4, 0x01, 'x',
				     0xa1, 'x',  0x91, 0xc3, 0x81};
	struct wire_in w = wire_in(bytes_of(in, sizeof(in)));
	uint8_t fixed[2] = {9, 9};
	uint64_t key = 0;
	assert_int_equal(wire_uint(&w, 5), 5);
	assert_int_equal(wire_uint(&w, 5), 0);
	size_t pos = w.pos;
	assert_int_equal(wire_uint(&w, 5), 0);
	assert_false(wire_nil(&w));
	assert_int_equal(wire_bin(&w, 0, 5).len, 0);
	assert_int_equal(wire_text(&w, 0, 5).len, 0);
	assert_int_equal(wire_array(&w, 0, 5), 0);
	assert_int_equal(wire_map(&w, 5), 0);
	assert_int_equal(wire_key(&w, &key), 0);
	assert_false(wire_bool(&w));
	wire_fixed(&w, fixed, 2);
	assert_int_equal(fixed[0] | fixed[1], 0);
	assert_int_equal(w.pos, pos);
	assert_err(wire_end(&w), ERR_MALFORMED);
}

/* Whoever reserves room for a count must not be fooled. */
static void counts_larger_than_the_bytes_left_are_not_believed(void **state)
{
	static const uint8_t array[] = {0x93, 1, 1}, map[] = {0x82, 1, 1, 2};
	struct wire_in w = wire_in(bytes_of(array, sizeof(array)));
	assert_int_equal(wire_array(&w, 0, 100), 0);
	assert_err(w.err, ERR_MALFORMED);
	w = wire_in(bytes_of(map, sizeof(map)));
	assert_int_equal(wire_map(&w, 100), 0);
	assert_err(w.err, ERR_MALFORMED);
}

static void values_come_back(void **state)
{
	static const uint64_t values[] = {0,          1,           127,        128,
					  255,        256,         65535,      65536,
					  0xffffffff, 0x100000000, 1ull << 63, UINT64_MAX};
	struct buf out;
	buf_init(&out, 10000);
	out_array(&out, COUNT(values) + 6);
	for (size_t i = 0; i < COUNT(values); i++)
		out_uint(&out, values[i]);
	out_bool(&out, true);
	out_nil(&out);
	out_bin(&out, bytes_str("bytes"));
	out_text(&out, bytes_str("Grüße"));
	out_fixed_or_nil(&out, NULL, 4);
	out_fixed_or_nil(&out, (const uint8_t *)"four", 4);
	struct wire_in w = wire_in(buf_bytes(&out));
	uint8_t four[4];
	assert_int_equal(wire_array(&w, 18, 18), 18);
	for (size_t i = 0; i < COUNT(values); i++)
		assert_true(wire_uint(&w, UINT64_MAX) == values[i]);
	assert_true(wire_bool(&w));
	assert_true(wire_nil(&w));
	assert_true(bytes_eq(wire_bin(&w, 5, 5), bytes_str("bytes")));
	assert_true(bytes_eq(wire_text(&w, 7, 7), bytes_str("Grüße")));
	assert_true(wire_nil(&w));
	assert_false(wire_nil(&w));
	wire_fixed(&w, four, 4);
	assert_memory_equal(four, "four", 4);
	assert_ok(wire_end(&w));
	buf_fini(&out);
}

static void writing_stops_at_the_limit_of_the_buf(void **state)
{
	struct buf out;
	buf_init(&out, 4);
	out_text(&out, bytes_str("fourth"));
	assert_err(out.err, ERR_FULL);
	out_uint(&out, 1);
	assert_err(out.err, ERR_FULL);
	buf_fini(&out);
}

/* What we accept, msgpack-c accepts as one value, and writes it as the same bytes. */
static void witness(struct bytes in)
{
	msgpack_unpacked unpacked;
	msgpack_sbuffer again;
	msgpack_packer packer;
	size_t off = 0;
	msgpack_unpacked_init(&unpacked);
	msgpack_sbuffer_init(&again);
	msgpack_packer_init(&packer, &again, msgpack_sbuffer_write);
	assert_int_equal(msgpack_unpack_next(&unpacked, (const char *)in.ptr, in.len, &off),
			 MSGPACK_UNPACK_SUCCESS);
	assert_int_equal(off, in.len);
	msgpack_pack_object(&packer, unpacked.data);
	assert_int_equal(again.size, in.len);
	assert_memory_equal(again.data, in.ptr, in.len);
	msgpack_sbuffer_destroy(&again);
	msgpack_unpacked_destroy(&unpacked);
}

/* True when accepted; then it has been checked. */
static bool accept_any(struct bytes in)
{
	struct buf out;
	struct wire_in w = wire_in(in);
	buf_init(&out, 1 << 20);
	wire_any(&w, &out, 1);
	bool ok = wire_end(&w) == ERR_OK;
	if (ok) {
		assert_true(bytes_eq(buf_bytes(&out), in));
		witness(in);
	}
	buf_fini(&out);
	return ok;
}

static void all_short_inputs_agree_with_the_witness(void **state)
{
	unsigned count = 0;
	for (unsigned len = 1; len <= 2; len++)
		for (unsigned v = 0; v < 1u << (8 * len); v++) {
			const uint8_t in[2] = {(uint8_t)(v >> (8 * (len - 1))), (uint8_t)v};
			count += accept_any(bytes_of(in, len));
		}
	/*
	 * one byte: 128 numbers, nil, 2 booleans, empty text, array and map. Two bytes: uint 8 of
	 * 128 or more, no bytes, texts of one of 95 letters or a line feed, arrays of one of the
	 * 134 above
	 */
	assert_int_equal(count, 134 + 128 + 1 + 96 + 134);
}

static void random_value(struct random *random, msgpack_packer *p, unsigned depth)
{
	static const size_t lens[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
	static char zeros[65536];
	static const uint64_t edges[] = {0,     127,   128,        255,       256,
					 65535, 65536, 0xffffffff, 1ull << 32};
	size_t len = lens[random_below(random, depth > 2 ? 4 : COUNT(lens))];
	unsigned count = (unsigned)random_below(random, depth > 2 ? 3 : 18);
	memset(zeros, 'a', sizeof(zeros));
	switch (random_below(random, depth >= WIRE_ANY_DEPTH_MAX ? 5 : 7)) {
	case 0:
		msgpack_pack_uint64(p, edges[random_below(random, COUNT(edges))]);
		break;
	case 1:
		msgpack_pack_nil(p);
		break;
	case 2:
		msgpack_pack_true(p);
		break;
	case 3:
		msgpack_pack_bin_with_body(p, zeros, len);
		break;
	case 4:
		msgpack_pack_str_with_body(p, zeros, len);
		break;
	case 5:
		msgpack_pack_array(p, count);
		for (unsigned i = 0; i < count; i++)
			random_value(random, p, depth + 1);
		break;
	case 6:
		msgpack_pack_map(p, count);
		for (unsigned i = 0; i < count; i++) {
			msgpack_pack_uint64(p, 1 + 100 * i);
			random_value(random, p, depth + 1);
		}
		break;
	}
}

/* Whatever msgpack-c writes of our types is accepted; after a change it is refused or agreed on. */
static void random_values_and_their_mutations(void **state)
{
	struct random random = random_seeded(1);
	unsigned mutants = 0;
	for (unsigned i = 0; i < 3000; i++) {
		msgpack_sbuffer sbuf;
		msgpack_packer packer;
		msgpack_sbuffer_init(&sbuf);
		msgpack_packer_init(&packer, &sbuf, msgpack_sbuffer_write);
		random_value(&random, &packer, 1);
		if (sbuf.size <= 1 << 20)
			assert_true(accept_any(bytes_of(sbuf.data, sbuf.size)));
		for (unsigned k = 0; k < 30 && sbuf.size > 0 && sbuf.size < 10000; k++) {
			size_t at = random_below(&random, sbuf.size);
			char old = sbuf.data[at];
			sbuf.data[at] = (char)random_below(&random, 256);
			mutants += accept_any(bytes_of(sbuf.data, sbuf.size));
			sbuf.data[at] = old;
		}
		msgpack_sbuffer_destroy(&sbuf);
	}
	assert_true(mutants > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_canonical_is_refused),
		cmocka_unit_test(what_is_canonical_is_accepted),
		cmocka_unit_test(a_fault_sticks_and_later_reads_give_nothing),
		cmocka_unit_test(counts_larger_than_the_bytes_left_are_not_believed),
		cmocka_unit_test(values_come_back),
		cmocka_unit_test(writing_stops_at_the_limit_of_the_buf),
		cmocka_unit_test(all_short_inputs_agree_with_the_witness),
		cmocka_unit_test(random_values_and_their_mutations),
	};
	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
