/*
 * unlock - opens the node's keys at its start: with the passphrase from where it was said, or from
 * whoever sits at the terminal.
 */
#ifndef ALLMENDE_UNLOCK_H
#define ALLMENDE_UNLOCK_H

#include "store/keyfile.h"
#include "store/passphrase.h"

/* One sentence in why (WHY_LEN): ERR_CONFIG: there is no passphrase, and nobody to ask;
   ERR_DENIED: it is another one; others as keyring_open(). */
enum err unlock_keyring(struct keyring **out, const char *dir, const struct passphrase_from *from,
			char *why);

#endif
