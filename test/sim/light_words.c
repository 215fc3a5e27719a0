/*
 * The slow hash of the six words, made light: it is meant to cost 64 MiB and a tenth of a second
 * each time, and whole counties of nodes join here. What it gives with its real cost is tested by
 * proto-opening. Put in the place of the real function by the linker (test/sim/meson.build).
 */
#include "crypto/seal.h"

enum err __real_passphrase_key(struct key *out, struct bytes passphrase,
			       const uint8_t salt[PASSPHRASE_SALT_LEN],
			       const struct passphrase_cost *cost);
enum err __wrap_passphrase_key(struct key *out, struct bytes passphrase,
			       const uint8_t salt[PASSPHRASE_SALT_LEN],
			       const struct passphrase_cost *cost);

enum err __wrap_passphrase_key(struct key *out, struct bytes passphrase,
			       const uint8_t salt[PASSPHRASE_SALT_LEN],
			       const struct passphrase_cost *cost)
{
	static const struct passphrase_cost light = {.opslimit = 1, .memlimit = 8192};

	(void)cost;
	return __real_passphrase_key(out, passphrase, salt, &light);
}
