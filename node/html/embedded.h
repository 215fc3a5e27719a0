/*
 * embedded - files that are part of the program: the style sheet, scripts, catalogues of texts.
 * embed.py writes the list when the program is built.
 */
#ifndef ALLMENDE_EMBEDDED_H
#define ALLMENDE_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

struct embedded {
	const char *name; /* NULL: the end of the list */
	const char *type; /* media type; NULL: nobody is served it */
	const char *mark; /* of its contents: another one with each change */
	const uint8_t *ptr;
	size_t len;
};

extern const struct embedded embedded_files[];

/* NULL: there is none. */
const struct embedded *embedded_find(const char *name);

#endif
