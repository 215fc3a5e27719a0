#include "crypto/siphash.h"

#include <sodium.h>

_Static_assert(crypto_shorthash_siphash24_KEYBYTES == SIPHASH_KEY_LEN, "length of the key");
_Static_assert(crypto_shorthash_siphash24_BYTES == 8, "length of the output");

uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], struct bytes in)
{
	uint8_t out[crypto_shorthash_siphash24_BYTES];
	uint64_t v = 0;
	crypto_shorthash_siphash24(out, in.ptr, in.len, key);
	for (unsigned i = 0; i < sizeof(out); i++)
		v |= (uint64_t)out[i] << (8 * i);
	return v;
}
