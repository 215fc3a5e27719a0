/*
 * passphrase - from a file, or typed on a terminal without being shown; never from arguments.
 */
#ifndef ALLMENDE_PASSPHRASE_H
#define ALLMENDE_PASSPHRASE_H

#include "crypto/secret.h"
#include "tools/kit/tool.h"

/* --passphrase-file and what goes with it, for lists of options. */
#define PASSPHRASE_FILE_OPTION                                                                     \
	{                                                                                          \
		"passphrase-file", 0, "FILE", false,                                               \
			"read the passphrase from the first line of FILE"                          \
	}

/* Prints its own complaint; *out is released with secret_close(). */
int passphrase_read(struct secret **out, const char *path);
/* Asks on the terminal; twice when it is a new one. There must be a terminal:
   passphrase_can_ask(). */
int passphrase_ask(struct secret **out, bool is_new);
bool passphrase_can_ask(void);

#endif
