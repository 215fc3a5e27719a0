#include "proto/content/cut.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/limits.h"
#include "crypto/siphash.h"

#define LEN_MIN     ((size_t)LIMIT_CHUNK_PLAIN_MIN)
#define LEN_MAX     ((size_t)LIMIT_CHUNK_PLAIN_MAX)
#define CONFIRM_LEN 48
/* Shifting by one each time, the gear hash forgets a byte after 64 more: so nothing before these
   positions matters. */
#define GEAR_FROM (LEN_MIN - CUT_WINDOW_LEN)

#define PROPOSE_SHIFT 51 /* PROTOCOL: "when the upper 13 bits of `g` are zero" */
#define CONFIRM_MASK  7

void cut_table_init(struct cut_table *table)
{
	for (unsigned i = 0; i < 256; i++) {
		uint8_t b = (uint8_t)i;
		uint8_t digest[ID_LEN];
		hash_once(digest, "am1.gear", bytes_of(&b, 1));
		table->gear[i] = be64_get(digest);
	}
}

void cut_init(struct cut *cut, const struct cut_table *table, const struct cut_key *key)
{
	*cut = (struct cut){.table = table, .key = *key};
}

void cut_reset(struct cut *cut)
{
	cut->len = 0;
	cut->gear = 0;
}

/* The window moves on by what was taken. */
static void window_add(struct cut *cut, struct bytes in)
{
	if (in.len >= CUT_WINDOW_LEN) {
		memcpy(cut->window, in.ptr + in.len - CUT_WINDOW_LEN, CUT_WINDOW_LEN);
	} else if (in.len > 0) {
		memmove(cut->window, cut->window + in.len, CUT_WINDOW_LEN - in.len);
		memcpy(cut->window + CUT_WINDOW_LEN - in.len, in.ptr, in.len);
	}
}

/* Does SipHash agree to an end after the first len bytes of in? They follow the window. */
static bool confirmed(const struct cut *cut, struct bytes in, size_t len)
{
	uint8_t joined[CONFIRM_LEN];
	struct bytes last = bytes_of(in.ptr + len - CONFIRM_LEN, CONFIRM_LEN);
	if (len < CONFIRM_LEN) {
		size_t before = CONFIRM_LEN - len;
		memcpy(joined, cut->window + CUT_WINDOW_LEN - before, before);
		memcpy(joined + before, in.ptr, len);
		last = bytes_of(joined, CONFIRM_LEN);
	}
	return (siphash(cut->key.b, last) & CONFIRM_MASK) == 0;
}

/*
 * Looks for an end in in[from, to), from where the gear hash is to be fed; to when there is none.
 */
static size_t find_end(struct cut *cut, struct bytes in, size_t from, size_t to, bool *end)
{
	const uint64_t *gear = cut->table->gear;
	uint64_t g = cut->gear;
	size_t i = from;
	/* up to LEN_MIN - 1 bytes the hash only warms up */
	size_t warm = LEN_MIN - 1 - cut->len;
	for (size_t stop = cut->len >= LEN_MIN ? from : warm < to ? warm : to; i < stop; i++)
		g = (g << 1) + gear[in.ptr[i]];
	while (i < to) {
		g = (g << 1) + gear[in.ptr[i++]];
		if (g >> PROPOSE_SHIFT == 0 && confirmed(cut, in, i)) {
			*end = true;
			break;
		}
	}
	cut->gear = g;
	return i;
}

size_t cut_feed(struct cut *cut, struct bytes in, bool *end)
{
	size_t room = LEN_MAX - cut->len;
	size_t to = in.len < room ? in.len : room;
	size_t from = cut->len < GEAR_FROM ? GEAR_FROM - cut->len : 0;
	*end = false;
	if (cut->table && from < to)
		to = find_end(cut, in, from, to, end);
	cut->len += to;
	if (cut->len == LEN_MAX)
		*end = true;
	if (*end)
		cut_reset(cut);
	else
		window_add(cut, bytes_slice(in, 0, to));
	return to;
}
