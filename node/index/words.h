/*
 * words - what somebody seeks, as full text matches it. Private to this room.
 */
#ifndef ALLMENDE_INDEX_WORDS_H
#define ALLMENDE_INDEX_WORDS_H

#include "crypto/bytes.h"

#define WORDS_COUNT_MAX     16
#define WORDS_MATCH_LEN_MAX (64u * 1024)

/* Appends the expression, ended by a zero. ERR_CONFIG, and why: there are none, or too many. */
enum err match_make(struct buf *out, const char *words, char *why);

#endif
