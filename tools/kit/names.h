/*
 * names - what other machines make of the names of files.
 *
 * Windows, macOS and many file servers take two names for one that differ in case alone, or in the
 * form that Unicode has for one and the same letter; and Windows has characters and words that are
 * no names. Nothing of this is wrong, but whoever publishes should hear of it.
 */
#ifndef ALLMENDE_NAMES_H
#define ALLMENDE_NAMES_H

#include "tools/kit/files.h"

struct names {
	char **remarks; /* a sentence each */
	size_t count, cap;
};

/* Looks at all files and the folders that they lie in. Release with names_fini(). */
void names_look(struct names *names, const struct files *files);
void names_fini(struct names *names);

#endif
