/*
 * passphrase - the options of commands that need that of the keys, and their complaints. Where it
 * comes from says store/passphrase.h.
 */
#ifndef ALLMENDE_TOOL_PASSPHRASE_H
#define ALLMENDE_TOOL_PASSPHRASE_H

#include "store/passphrase.h"
#include "tools/kit/tool.h"

/* For lists of options. */
#define PASSPHRASE_OPTIONS                                                                         \
	{"passphrase-file", 0, "FILE", false, "read the passphrase from the first line of FILE"},  \
	{                                                                                          \
		"passphrase-fd", 0, "N", false, "read it from this open file descriptor"           \
	}

/* What these options say. */
struct passphrase_from passphrase_options(const struct tool *tool);
/*
 * From there, else from whoever sits at the terminal, twice when it is a new one; else `missing` is
 * what is wrong. Prints its own complaint; *out is released with secret_close().
 */
int passphrase_find(struct secret **out, const struct passphrase_from *from, bool is_new,
		    const char *missing);
/* Says what is to be said about the file that has opened the keys of this directory. */
void passphrase_remark(const struct tool *tool, const struct passphrase_from *from);

#endif
