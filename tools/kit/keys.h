/*
 * keys - opens the key files of the directory a command works on, asking for the passphrase when
 * there is one.
 */
#ifndef ALLMENDE_KEYS_H
#define ALLMENDE_KEYS_H

#include "store/keyfile.h"
#include "tools/kit/tool.h"

/* With PASSPHRASE_OPTIONS of the command, if given. Prints its own complaint. */
int keys_open(const struct tool *tool, struct keyring **out);

#endif
