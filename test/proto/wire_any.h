/*
 * wire_any - reads one value of whatever type through wire_in.h and writes it through wire_out.h.
 *
 * It knows the format only by asking each reader in turn; the values it accepts are all that any
 * decoder in proto/ could accept.
 */
#ifndef ALLMENDE_TEST_WIRE_ANY_H
#define ALLMENDE_TEST_WIRE_ANY_H

#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"

#define WIRE_ANY_DEPTH_MAX 8

static inline void wire_any(struct wire_in *w, struct buf *out, unsigned depth);

/* Runs one reader on a copy; takes the copy over when it accepts. */
static inline bool wire_any_try(struct wire_in *w, const struct wire_in *tried)
{
	if (!tried->err)
		*w = *tried;
	return !tried->err;
}

static inline bool wire_any_scalar(struct wire_in *w, struct buf *out)
{
	struct wire_in t = *w;
	uint64_t v = wire_uint(&t, UINT64_MAX);
	if (wire_any_try(w, &t)) {
		out_uint(out, v);
		return true;
	}
	t = *w;
	bool b = wire_bool(&t);
	if (wire_any_try(w, &t)) {
		out_bool(out, b);
		return true;
	}
	if (wire_nil(w)) {
		out_nil(out);
		return true;
	}
	return false;
}

static inline bool wire_any_string(struct wire_in *w, struct buf *out)
{
	struct wire_in t = *w;
	struct bytes s = wire_bin(&t, 0, UINT32_MAX);
	if (wire_any_try(w, &t)) {
		out_bin(out, s);
		return true;
	}
	t = *w;
	s = wire_text_lines(&t, 0, UINT32_MAX);
	if (wire_any_try(w, &t)) {
		out_text(out, s);
		return true;
	}
	return false;
}

static inline bool wire_any_list(struct wire_in *w, struct buf *out, unsigned depth)
{
	struct wire_in t = *w;
	uint32_t count = wire_array(&t, 0, UINT32_MAX);
	if (wire_any_try(w, &t)) {
		out_array(out, count);
		for (uint32_t i = 0; i < count && !w->err; i++)
			wire_any(w, out, depth + 1);
		return true;
	}
	t = *w;
	count = wire_map(&t, UINT32_MAX);
	uint64_t key = 0;
	if (wire_any_try(w, &t)) {
		out_map(out, count);
		for (uint32_t i = 0; i < count && wire_key(w, &key) > 0; i++) {
			out_uint(out, key);
			wire_any(w, out, depth + 1);
		}
		return true;
	}
	return false;
}

static inline void wire_any(struct wire_in *w, struct buf *out, unsigned depth)
{
	if (depth > WIRE_ANY_DEPTH_MAX ||
	    (!wire_any_scalar(w, out) && !wire_any_string(w, out) && !wire_any_list(w, out, depth)))
		wire_fail(w);
}

#endif
