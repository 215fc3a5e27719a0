/*
 * keyfile - private keys at rest.
 *
 * A directory has one storage key (32 random bytes) in keys/storage: sealed under Argon2id of a
 * passphrase, or under a key that everybody knows when the operator chose none (the interface
 * then says that a stolen disk is readable). Every other key file is sealed under the storage key,
 * XChaCha20-Poly1305 with all before the nonce and the file's name as associated data. Files are
 * 0600, created exclusively, written and synced before they get their name. The check (BLAKE2b
 * of all before it) tells a damaged file from a wrong passphrase.
 *
 *   file = "allmende-key" || format(1) || mode(1) || [opslimit(8) memlimit(8) salt(16)]
 *          || nonce(24) || sealed || check(16)
 *
 * mode: 1 clear, 2 passphrase (the bracket is there only then), 3 storage key.
 */
#ifndef ALLMENDE_KEYFILE_H
#define ALLMENDE_KEYFILE_H

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#define KEYFILE_PASSPHRASE_LEN_MAX 1024

struct keyring; /* the open storage key of one directory */

/* An empty passphrase means none. ERR_EXISTS when there is a storage key already; ERR_CONFIG when
   the passphrase is too long; ERR_NOMEM: Argon2id takes 256 MiB for a moment; ERR_NOSPACE;
   ERR_IO. */
enum err keyring_create(struct keyring **out, const char *dir, struct bytes passphrase,
			struct random *random);
/* ERR_DENIED: wrong passphrase. ERR_CONFIG: a passphrase is needed and none given.
   ERR_ABSENT: no storage key. ERR_CORRUPT: the file is damaged. ERR_VERSION: its format is
   newer than this program. ERR_NOMEM, ERR_IO. */
enum err keyring_open(struct keyring **out, const char *dir, struct bytes passphrase);
void keyring_close(struct keyring *keyring);
/* What the file of the storage key says now: another process may have sealed it anew. */
bool keyring_has_passphrase(const struct keyring *keyring);
/*
 * Seals the storage key anew: under another passphrase, under the first one, or, when it is empty,
 * under none. Until it is done the old one counts, then the new one, whatever cuts it short; the
 * old bytes are written over where the disk allows. The key itself stays, so copies of the old file
 * still open what it protects. ERR_CONFIG: too long; ERR_NOMEM, ERR_NOSPACE, ERR_IO.
 */
enum err keyring_reseal(struct keyring *keyring, struct bytes passphrase, struct random *random);

/* Key files keys/NAME; name of [a-z0-9-], at most 64, not "storage". put: ERR_EXISTS, ERR_FULL
   above 8,000 bytes, ERR_NOSPACE, ERR_IO. get: ERR_ABSENT, ERR_CORRUPT (damaged, or of another
   directory), ERR_VERSION, ERR_IO. */
enum err keyring_put(struct keyring *keyring, const char *name, struct bytes secret);
enum err keyring_get(struct keyring *keyring, const char *name, struct secret **out);
/* The file goes, for what is kept on paper now. ERR_ABSENT, ERR_IO. */
enum err keyring_drop(struct keyring *keyring, const char *name);

/* Secrets inside the store: sealed under the storage key with a name as associated data.
   Appends nonce(24) || ciphertext || tag(16), see out->err. unseal: ERR_CORRUPT. */
void keyring_seal(struct keyring *keyring, struct buf *out, const char *name, struct bytes secret);
enum err keyring_unseal(struct keyring *keyring, struct secret **out, const char *name,
			struct bytes sealed);
/* Reads a passphrase file: its first line, without the line end. ERR_CONFIG when empty or too long;
   ERR_ABSENT; ERR_IO. */
enum err keyfile_passphrase_read(struct secret **out, const char *path);
/* The same from what is open, up to the end of its first line. */
enum err keyfile_passphrase_read_fd(struct secret **out, int fd);

#endif
