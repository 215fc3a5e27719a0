#include "proto/wire/wire_in.h"

#include <string.h>

#include "crypto/utf8.h"

/* First bytes of the MessagePack specification; fix* forms are ranges. */
enum {
	FIXINT_MAX = 0x7f,
	FIXMAP = 0x80, /* and the count in the low 4 bits */
	FIXARRAY = 0x90,
	FIXSTR = 0xa0, /* and the length in the low 5 bits */
	NIL = 0xc0,
	BOOL_FALSE = 0xc2,
	BOOL_TRUE = 0xc3,
	BIN8 = 0xc4,
	UINT8 = 0xcc,
	STR8 = 0xd9,
	ARRAY16 = 0xdc,
	MAP16 = 0xde,
};

struct wire_in wire_in(struct bytes in)
{
	return (struct wire_in){.in = in};
}

void wire_fail(struct wire_in *w)
{
	if (!w->err)
		w->err = ERR_MALFORMED;
}

enum err wire_end(struct wire_in *w)
{
	if (w->pos != w->in.len)
		wire_fail(w);
	return w->err;
}

static size_t bytes_left(const struct wire_in *w)
{
	return w->in.len - w->pos;
}

/* The next byte without taking it; -1 after a fault or at the end. */
static int peek(const struct wire_in *w)
{
	return w->err || bytes_left(w) == 0 ? -1 : w->in.ptr[w->pos];
}

/* Looks at the next len bytes and takes them; NULL is a fault. */
static const uint8_t *take(struct wire_in *w, size_t len)
{
	if (w->err || len > bytes_left(w)) {
		wire_fail(w);
		return NULL;
	}
	const uint8_t *p = w->in.ptr + w->pos;
	w->pos += len;
	return p;
}

static uint8_t take_byte(struct wire_in *w)
{
	const uint8_t *p = take(w, 1);
	return p ? *p : 0;
}

/* A big-endian integer of width 1, 2, 4 or 8 bytes, refused below least: a shorter form exists. */
static uint64_t take_be(struct wire_in *w, unsigned width, uint64_t least)
{
	const uint8_t *p = take(w, width);
	uint64_t v = 0;
	for (unsigned i = 0; p && i < width; i++)
		v = v << 8 | p[i];
	if (v < least)
		wire_fail(w);
	return w->err ? 0 : v;
}

/*
 * PROTOCOL: "Of all encodings of a value only the shortest is accepted."
 *
 * A length or count after its first byte: fix_count of them fit into the first byte itself, and
 * the wider forms have first bytes from wide on, of 1 (when has_byte), 2 and 4 bytes.
 */
struct form {
	uint8_t fix;
	uint8_t fix_count;
	uint8_t wide;
	bool has_byte;
};
static const struct form form_str = {FIXSTR, 32, STR8, true};
static const struct form form_bin = {0, 0, BIN8, true};
static const struct form form_array = {FIXARRAY, 16, ARRAY16, false};
static const struct form form_map = {FIXMAP, 16, MAP16, false};

static uint32_t take_count(struct wire_in *w, const struct form *form, uint32_t min, uint32_t max)
{
	uint8_t first = take_byte(w);
	uint8_t wide = (uint8_t)(first - form->wide + (form->has_byte ? 0 : 1));
	uint64_t count = 0;
	if (first >= form->fix && first - form->fix < form->fix_count)
		count = first - form->fix;
	else if (first >= form->wide && wide == 0)
		count = take_be(w, 1, form->fix_count);
	else if (first >= form->wide && wide == 1)
		count = take_be(w, 2, form->has_byte ? 1u << 8 : form->fix_count);
	else if (first >= form->wide && wide == 2)
		count = take_be(w, 4, 1u << 16);
	else
		wire_fail(w);
	if (count < min || count > max)
		wire_fail(w);
	return w->err ? 0 : (uint32_t)count;
}

/* PROTOCOL: "A count is believed only when it is within its limit and within the bytes left." */
uint32_t wire_array(struct wire_in *w, uint32_t min, uint32_t max)
{
	uint32_t count = take_count(w, &form_array, min, max);
	if (count > bytes_left(w))
		wire_fail(w);
	return w->err ? 0 : count;
}

uint32_t wire_map(struct wire_in *w, uint32_t max)
{
	uint32_t count = take_count(w, &form_map, 0, max);
	if (count > bytes_left(w) / 2)
		wire_fail(w);
	return w->err ? 0 : count;
}

uint64_t wire_uint(struct wire_in *w, uint64_t max)
{
	uint8_t first = take_byte(w);
	uint64_t v = first;
	if (first == UINT8)
		v = take_be(w, 1, FIXINT_MAX + 1);
	else if (first == UINT8 + 1)
		v = take_be(w, 2, UINT64_C(1) << 8);
	else if (first == UINT8 + 2)
		v = take_be(w, 4, UINT64_C(1) << 16);
	else if (first == UINT8 + 3)
		v = take_be(w, 8, UINT64_C(1) << 32);
	else if (first > FIXINT_MAX)
		wire_fail(w);
	if (v > max)
		wire_fail(w);
	return w->err ? 0 : v;
}

void wire_exact(struct wire_in *w, uint64_t v)
{
	if (wire_uint(w, UINT64_MAX) != v)
		wire_fail(w);
}

uint64_t wire_key(struct wire_in *w, uint64_t *prev)
{
	uint64_t key = wire_uint(w, UINT64_MAX);
	if (key <= *prev)
		wire_fail(w);
	if (w->err)
		return 0;
	*prev = key;
	return key;
}

bool wire_bool(struct wire_in *w)
{
	uint8_t first = take_byte(w);
	if (first != BOOL_FALSE && first != BOOL_TRUE)
		wire_fail(w);
	return !w->err && first == BOOL_TRUE;
}

bool wire_nil(struct wire_in *w)
{
	if (peek(w) != NIL)
		return false;
	w->pos++;
	return true;
}

static struct bytes take_string(struct wire_in *w, const struct form *form, uint32_t min,
				uint32_t max)
{
	uint32_t len = take_count(w, form, min, max);
	const uint8_t *p = take(w, len);
	return bytes_of(p, p ? len : 0);
}

struct bytes wire_bin(struct wire_in *w, uint32_t min, uint32_t max)
{
	return take_string(w, &form_bin, min, max);
}

void wire_fixed(struct wire_in *w, uint8_t *out, uint32_t len)
{
	struct bytes b = wire_bin(w, len, len);
	memset(out, 0, len);
	if (b.len > 0)
		memcpy(out, b.ptr, b.len);
}

static struct bytes text_checked(struct wire_in *w, uint32_t min, uint32_t max, bool lines)
{
	struct bytes text = take_string(w, &form_str, min, max);
	if (!utf8_check(text, lines))
		wire_fail(w);
	return w->err ? bytes_of(NULL, 0) : text;
}

struct bytes wire_text(struct wire_in *w, uint32_t min, uint32_t max)
{
	return text_checked(w, min, max, false);
}

void wire_text_copy(struct wire_in *w, char *out, uint32_t min, uint32_t max)
{
	struct bytes text = wire_text(w, min, max);

	if (text.len > 0)
		memcpy(out, text.ptr, text.len);
	out[text.len] = 0;
}

struct bytes wire_text_lines(struct wire_in *w, uint32_t min, uint32_t max)
{
	return text_checked(w, min, max, true);
}

/* PROTOCOL: "Nesting is at most 8 deep." So the recursion ends. */
enum { DEPTH_MAX = 8 };

static void skip_one(struct wire_in *w, unsigned depth);

static void skip_map(struct wire_in *w, unsigned depth)
{
	uint32_t count = wire_map(w, UINT32_MAX);
	uint64_t key = 0;

	for (uint32_t i = 0; i < count && wire_key(w, &key) > 0; i++)
		skip_one(w, depth);
}

static bool between(int first, uint8_t fix, uint8_t fix_count, uint8_t wide, uint8_t wide_count)
{
	return (first >= fix && first < fix + fix_count) ||
	       (first >= wide && first < wide + wide_count);
}

static void skip_one(struct wire_in *w, unsigned depth)
{
	const int first = peek(w);

	if (between(first, FIXARRAY, 16, ARRAY16, 2) || between(first, FIXMAP, 16, MAP16, 2)) {
		if (depth == DEPTH_MAX)
			wire_fail(w);
		else if (between(first, FIXARRAY, 16, ARRAY16, 2))
			wire_skip(w, wire_array(w, 0, UINT32_MAX), depth + 1);
		else
			skip_map(w, depth + 1);
	} else if (between(first, FIXSTR, 32, STR8, 3)) {
		wire_text_lines(w, 0, UINT32_MAX);
	} else if (between(first, BIN8, 3, BIN8, 3)) {
		wire_bin(w, 0, UINT32_MAX);
	} else if (first == BOOL_FALSE || first == BOOL_TRUE) {
		wire_bool(w);
	} else if (!wire_nil(w)) {
		wire_uint(w, UINT64_MAX);
	}
}

void wire_skip(struct wire_in *w, uint32_t count, unsigned within_depth)
{
	for (uint32_t i = 0; i < count && !w->err; i++)
		skip_one(w, within_depth);
}
