/*
 * random - randomness as an object that is passed in, so that a simulation has one seed.
 *
 * random_system() draws from the kernel (libsodium). random_seeded() is a deterministic stream
 * (ChaCha20 under the seed): for tests and the simulator, never for keys of a real node.
 */
#ifndef ALLMENDE_RANDOM_H
#define ALLMENDE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	int seeded;
	uint8_t seed[32];
	uint64_t counter;
};

struct random random_system(void);
struct random random_seeded(uint64_t seed);
void random_fill(struct random *random, void *out, size_t len);
/* Uniform in [0, bound); bound > 0. */
uint64_t random_below(struct random *random, uint64_t bound);

#endif
