/*
 * bytes - the two byte types every layer speaks.
 *
 * struct bytes only looks: pointer and length, passed by value, borrowed until the call returns.
 * struct buf only appends: it owns its memory, has a maximum, and remembers the first fault
 * (ERR_FULL past its maximum, ERR_NOMEM); later calls then do nothing, so a dozen appends need
 * one check of buf->err.
 */
#ifndef ALLMENDE_BYTES_H
#define ALLMENDE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/err.h"

struct bytes {
	const uint8_t *ptr; /* may be NULL when len is 0 */
	size_t len;
};

struct buf {
	uint8_t *ptr;
	size_t len;
	size_t cap;
	size_t max;
	enum err err;
};

static inline struct bytes bytes_of(const void *ptr, size_t len)
{
	return (struct bytes){ptr, len};
}
/* Looks at an object as bytes: bytes_obj(&id). */
#define bytes_obj(p) bytes_of((p), sizeof(*(p)))
struct bytes bytes_str(const char *text);      /* without the terminating zero */
char *bytes_text(struct bytes b);              /* a copy as text, for free() */
bool bytes_eq(struct bytes a, struct bytes b); /* not constant time: public data only */
int bytes_cmp(struct bytes a, struct bytes b); /* as memcmp, the shorter first */
/* The part [from, from + len), cut at the end of b. */
struct bytes bytes_slice(struct bytes b, size_t from, size_t len);

void buf_init(struct buf *buf, size_t max);
void buf_fini(struct buf *buf);      /* releases; the buf may be initialised again */
void buf_fini_wipe(struct buf *buf); /* the same for secrets */
void buf_reset(struct buf *buf);     /* empties, keeps memory, clears err */
void buf_add(struct buf *buf, struct bytes b);
void buf_add_u8(struct buf *buf, uint8_t v);
void buf_add_be16(struct buf *buf, uint16_t v);
void buf_add_be32(struct buf *buf, uint32_t v);
void buf_add_be64(struct buf *buf, uint64_t v);
/* Room for len bytes, counted as written, not zeroed; NULL on a sticky error. */
uint8_t *buf_space(struct buf *buf, size_t len);
/* Removes len bytes at the front (len <= buf->len). */
void buf_drop(struct buf *buf, size_t len);
static inline struct bytes buf_bytes(const struct buf *buf)
{
	return (struct bytes){buf->ptr, buf->len};
}

/* Big-endian reads from memory the caller has checked. */
uint16_t be16_get(const uint8_t *p);
uint32_t be32_get(const uint8_t *p);
uint64_t be64_get(const uint8_t *p);
void be32_put(uint8_t *p, uint32_t v);
void be64_put(uint8_t *p, uint64_t v);

#endif
