/*
 * fold - texts as a search compares them: without case, umlauts spelled out.
 *
 * Latin letters (Latin-1, Latin Extended-A) become a to z without marks; ä, ö, ü, ß become ae, oe,
 * ue, ss, as people also write them, whether they come as one character or with a combining mark.
 * Other marks go. All other characters stay. The text has at most twice as many bytes afterwards.
 */
#ifndef ALLMENDE_FOLD_H
#define ALLMENDE_FOLD_H

#include <stdbool.h>

#include "crypto/bytes.h"

/* Appends the folded text; what is not UTF-8 is taken byte by byte. */
void fold_text(struct buf *out, struct bytes text);
/* Whether the folded text holds the folded word, which is not empty. */
bool fold_has(struct bytes text, struct bytes word);

#endif
