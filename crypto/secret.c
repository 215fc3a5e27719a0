#include "crypto/secret.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "crypto/check.h"

struct secret {
	uint8_t *ptr; /* sodium_malloc */
	size_t len;
};

void key_wipe(struct key *key)
{
	sodium_memzero(key, sizeof(*key));
}

bool key_eq(const struct key *a, const struct key *b)
{
	return sodium_memcmp(a->b, b->b, KEY_LEN) == 0;
}

struct secret *secret_open(struct bytes from)
{
	struct secret *secret = mem_new(1, sizeof(*secret));
	secret->len = from.len;
	secret->ptr = sodium_malloc(from.len ? from.len : 1);
	if (!secret->ptr)
		mem_gone(1, from.len);
	if (from.len > 0)
		memcpy(secret->ptr, from.ptr, from.len);
	check(sodium_mprotect_readonly(secret->ptr) == 0);
	return secret;
}

void secret_close(struct secret *secret)
{
	if (!secret)
		return;
	sodium_free(secret->ptr);
	free(secret);
}

struct bytes secret_bytes(const struct secret *secret)
{
	return bytes_of(secret->ptr, secret->len);
}

const struct key *secret_key(const struct secret *secret)
{
	check(secret->len == KEY_LEN);
	return (const struct key *)secret->ptr;
}

void secret_wipe(void *ptr, size_t len)
{
	if (len > 0)
		sodium_memzero(ptr, len);
}
