#include "crypto/random.h"

#include <sodium.h>

#include "crypto/bytes.h"
#include "crypto/check.h"

struct random random_system(void)
{
	return (struct random){0};
}

struct random random_seeded(uint64_t seed)
{
	struct random random = {.seeded = 1};
	be64_put(random.seed, seed);
	return random;
}

void random_fill(struct random *random, void *out, size_t len)
{
	if (!random->seeded) {
		randombytes_buf(out, len);
		return;
	}
	uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
	_Static_assert(sizeof(nonce) == 8, "the counter is the nonce");
	be64_put(nonce, random->counter++);
	crypto_stream_chacha20(out, len, nonce, random->seed);
}

uint64_t random_below(struct random *random, uint64_t bound)
{
	check(bound > 0);
	/* 2^64 mod bound: values below it would be drawn once too often */
	uint64_t least = (0 - bound) % bound;
	uint64_t v;
	do {
		random_fill(random, &v, sizeof(v));
	} while (v < least);
	return v % bound;
}
