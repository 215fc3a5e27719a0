/*
 * texts - what pages say, in each language: in the code it stands in English, in po/ as gettext
 * keeps translations. The compiled catalogues (.mo) are part of the program, so no locale needs to
 * be installed, and threads may speak different languages.
 */
#ifndef ALLMENDE_TEXTS_H
#define ALLMENDE_TEXTS_H

#include <stdint.h>

enum language { LANGUAGE_EN, LANGUAGE_DE };

/* Marks a text for the catalogue that is not said where it stands. */
#define TEXT(text) text

const char *language_tag(enum language language); /* RFC 5646: "de" */

/* What the English text is in that language; itself, when there is no translation. The result has
   the conversions of printf() that the text has. */
const char *text_say(enum language language, const char *text) __attribute__((format_arg(2)));
/* One of two, by the number: both languages use the first for 1 alone. */
const char *text_of_count(enum language language, const char *one, const char *many, uint64_t count)
	__attribute__((format_arg(2), format_arg(3)));

#endif
