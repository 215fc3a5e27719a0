/*
 * keyfile_format - the bytes of a key file, and what the passphrase costs; for keyfile.c and tests.
 */
#ifndef ALLMENDE_KEYFILE_FORMAT_H
#define ALLMENDE_KEYFILE_FORMAT_H

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "store/keyfile.h"

#define KEYFILE_LEN_MAX      8192
#define KEYFILE_SALT_LEN     16
#define KEYFILE_NONCE_LEN    24
#define KEYFILE_CHECK_LEN    16
#define KEYFILE_OPSLIMIT_MAX 16
#define KEYFILE_MEMLIMIT_MAX (UINT64_C(1) << 30)
#define KEYFILE_MEMLIMIT_MIN 8192 /* of Argon2id */

enum keyfile_mode {
	KEYFILE_CLEAR = 1,      /* sealed under a key that everybody knows */
	KEYFILE_PASSPHRASE = 2, /* under Argon2id of a passphrase */
	KEYFILE_STORAGE = 3,    /* under the storage key */
};

/* A decoded key file; the parts point into the file's bytes. */
struct keyfile {
	enum keyfile_mode mode;
	struct passphrase_cost cost; /* KEYFILE_PASSPHRASE only, within the limits above */
	struct bytes salt;
	struct bytes header; /* all before the nonce: associated data */
	struct bytes nonce;
	struct bytes sealed;
};

/* ERR_VERSION: a format newer than this program. ERR_CORRUPT: anything else that is not a key file
   as written. Decides before anything is allocated. */
enum err keyfile_decode(struct keyfile *out, struct bytes file);

/* keyring_create() at a chosen cost: tests would otherwise take a second each. */
enum err keyring_create_cost(struct keyring **out, const char *dir, struct bytes passphrase,
			     struct random *random, const struct passphrase_cost *cost);

#endif
