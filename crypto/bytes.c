#include "crypto/bytes.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/secret.h"

#define BUF_CAP_MIN 64

struct bytes bytes_str(const char *text)
{
	return bytes_of(text, strlen(text));
}

char *bytes_text(struct bytes b)
{
	char *text = mem_new(b.len + 1, 1);

	if (b.len > 0)
		memcpy(text, b.ptr, b.len);
	return text;
}

bool bytes_eq(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int bytes_cmp(struct bytes a, struct bytes b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

struct bytes bytes_slice(struct bytes b, size_t from, size_t len)
{
	if (from >= b.len)
		return bytes_of(NULL, 0);
	return bytes_of(b.ptr + from, len < b.len - from ? len : b.len - from);
}

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.max = max};
}

void buf_fini(struct buf *buf)
{
	free(buf->ptr);
	buf_init(buf, buf->max);
}

void buf_fini_wipe(struct buf *buf)
{
	secret_wipe(buf->ptr, buf->cap);
	buf_fini(buf);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->err = ERR_OK;
}

/* Doubles, so that appending is linear. Not realloc(): it would leave copies of secrets behind. */
static void buf_grow(struct buf *buf, size_t need)
{
	size_t cap = buf->cap > buf->max / 2 ? buf->max : 2 * buf->cap;
	if (cap < BUF_CAP_MIN)
		cap = BUF_CAP_MIN;
	if (cap < need)
		cap = need;
	uint8_t *ptr = malloc(cap);
	if (!ptr) {
		buf->err = ERR_NOMEM;
		return;
	}
	if (buf->ptr) {
		memcpy(ptr, buf->ptr, buf->len);
		secret_wipe(buf->ptr, buf->cap);
		free(buf->ptr);
	}
	buf->ptr = ptr;
	buf->cap = cap;
}

uint8_t *buf_space(struct buf *buf, size_t len)
{
	if (buf->err)
		return NULL;
	if (len > buf->max - buf->len) {
		buf->err = ERR_FULL;
		return NULL;
	}
	if (!buf->ptr || len > buf->cap - buf->len)
		buf_grow(buf, buf->len + len);
	if (buf->err)
		return NULL;
	uint8_t *space = buf->ptr + buf->len;
	buf->len += len;
	return space;
}

void buf_add(struct buf *buf, struct bytes b)
{
	uint8_t *space = buf_space(buf, b.len);
	if (space && b.len > 0)
		memcpy(space, b.ptr, b.len);
}

void buf_add_u8(struct buf *buf, uint8_t v)
{
	buf_add(buf, bytes_of(&v, 1));
}

void buf_add_be16(struct buf *buf, uint16_t v)
{
	const uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
	buf_add(buf, bytes_of(b, sizeof(b)));
}

void buf_add_be32(struct buf *buf, uint32_t v)
{
	uint8_t b[4];
	be32_put(b, v);
	buf_add(buf, bytes_of(b, sizeof(b)));
}

void buf_add_be64(struct buf *buf, uint64_t v)
{
	uint8_t b[8];
	be64_put(b, v);
	buf_add(buf, bytes_of(b, sizeof(b)));
}

void buf_drop(struct buf *buf, size_t len)
{
	check(len <= buf->len);
	if (len == 0)
		return;
	memmove(buf->ptr, buf->ptr + len, buf->len - len);
	buf->len -= len;
}

uint16_t be16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t be32_get(const uint8_t *p)
{
	return (uint32_t)be16_get(p) << 16 | be16_get(p + 2);
}

uint64_t be64_get(const uint8_t *p)
{
	return (uint64_t)be32_get(p) << 32 | be32_get(p + 4);
}

void be32_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

void be64_put(uint8_t *p, uint64_t v)
{
	be32_put(p, (uint32_t)(v >> 32));
	be32_put(p + 4, (uint32_t)v);
}
