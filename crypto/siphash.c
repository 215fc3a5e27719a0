#include "crypto/siphash.h"

#include <sodium.h>

#include "crypto/check.h"

_Static_assert(crypto_shorthash_siphash24_KEYBYTES == SIPHASH_KEY_LEN, "length of the key");
_Static_assert(crypto_shorthash_siphash24_BYTES == SIPHASH_LEN, "length of the output");

void siphash_put(uint8_t out[SIPHASH_LEN], const uint8_t key[SIPHASH_KEY_LEN], struct bytes in)
{
	check(crypto_shorthash_siphash24(out, in.ptr, in.len, key) == 0);
}

uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], struct bytes in)
{
	uint8_t out[SIPHASH_LEN];
	uint64_t v = 0;
	siphash_put(out, key, in);
	for (unsigned i = 0; i < sizeof(out); i++)
		v |= (uint64_t)out[i] << (8 * i);
	return v;
}
