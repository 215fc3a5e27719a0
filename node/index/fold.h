/*
 * fold - texts and words as a search compares them: without case and without marks.
 *
 * Latin letters (Latin-1, Latin Extended-A) become a to z without marks, ß becomes ss, whether they
 * come as one character or with a combining mark. An umlaut has two forms: spelled out (ae, oe,
 * ue), and bare (a, o, u), as people type both. Other marks go. All other characters stay. The text
 * has at most twice as many bytes afterwards.
 */
#ifndef ALLMENDE_FOLD_H
#define ALLMENDE_FOLD_H

#include <stdbool.h>

#include "crypto/bytes.h"

#define FOLD_WORD_LEN_MAX 64 /* bytes of a word that count; the rest is cut off */

enum fold_as { FOLD_SPELLED, FOLD_BARE };

/* Appends the folded text; what is not UTF-8 is taken byte by byte. */
void fold_text(struct buf *out, struct bytes text, enum fold_as as);
/* The first word of the text, as it stands there; *text is what follows. False: there is none. */
bool fold_word(struct bytes *text, struct bytes *word);
/* Appends each word of the text spelled out and, where it is another one, bare; a blank follows
   each. A folded word consists of a to z, 0 to 9, and bytes of other scripts. */
void fold_words(struct buf *out, struct bytes text);

#endif
