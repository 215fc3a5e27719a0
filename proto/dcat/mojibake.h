/*
 * mojibake - text that went wrong on its way: UTF-8 that was read as another encoding and written
 * as UTF-8 again ("Ã¤" for "ä", "â€“" for "–"), and letters that were lost (U+FFFD).
 *
 * Known are UTF-8 read as Windows-1252 or ISO 8859-1, as MacRoman ("√§") and as code page 850 or
 * 437 ("├ñ"). What a person may mean is let through: Ã, Â and Å as letters of a word, a closing
 * quotation mark behind Ä, a tree drawn with ├──.
 */
#ifndef ALLMENDE_MOJIBAKE_H
#define ALLMENDE_MOJIBAKE_H

#include <stdbool.h>

#include "crypto/bytes.h"

struct mojibake {
	size_t at, len; /* the first place, in bytes */
	size_t letter;  /* the same, in characters from 1 on */
	char meant[5];  /* what it stood for; empty: not known */
};

/* The text is UTF-8. False: nothing was found. */
bool mojibake_find(struct bytes text, struct mojibake *out);

#endif
