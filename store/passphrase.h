/*
 * passphrase - where that of the keys comes from, for both programs: a file, a descriptor, the
 * systemd credential "passphrase", or a person at a terminal. Never an argument or the environment,
 * which others can read.
 *
 * Whatever goes wrong is one sentence in why (WHY_LEN bytes).
 */
#ifndef ALLMENDE_PASSPHRASE_H
#define ALLMENDE_PASSPHRASE_H

#include "crypto/bytes.h"
#include "crypto/secret.h"

struct passphrase_from {
	const char *file; /* its first line; NULL: none */
	const char *fd;   /* number of an open descriptor, as it was typed; NULL: none */
};

/*
 * From there, or the credential. ERR_ABSENT: nothing of this is given, and why is empty;
 * ERR_CONFIG: it holds none; ERR_IO.
 */
enum err passphrase_take(struct secret **out, const struct passphrase_from *from, char *why);
/* Whether somebody can be asked: we stand in the foreground of a terminal. */
bool passphrase_can_ask(void);
/*
 * Asks, without showing what is typed; twice when it is a new one. ERR_CONFIG: empty, too long, or
 * the two differ; ERR_ABSENT: the person gave up.
 */
enum err passphrase_ask(struct secret **out, bool is_new, char *why);
/*
 * What is to be said about a file that has opened the keys of dir: that it lies beside them, or
 * that others can read it. Empty: nothing.
 */
void passphrase_doubt(char *why, const char *file, const char *dir);

#endif
