/*
 * words - 60 bits as six words that two people compare over the telephone (docs/PROTOCOL.md,
 * section 4.2).
 *
 * The list has 1,024 German words of 4 to 8 letters a to z, no two of which share their first four
 * letters; so the first four decide, and a word that was misspelt behind them is still the right
 * one.
 */
#ifndef ALLMENDE_WORDS_H
#define ALLMENDE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#define WORDS_COUNT        1024
#define WORDS_WORD_LEN_MAX 8
#define WORDS_TEXT_LEN     (6 * (WORDS_WORD_LEN_MAX + 1)) /* with terminating zero */

/* In rising order. */
extern const char words_list[WORDS_COUNT][WORDS_WORD_LEN_MAX + 1];

/* The upper 60 bits as six words with blanks between. */
void words_of(char out[WORDS_TEXT_LEN], uint64_t bits);
/*
 * Whether somebody has typed these six words. Case, punctuation, numbers and line ends do not
 * count, and umlauts are as good as their spelling in two letters.
 */
bool words_match(const char *typed, const char *six);

#endif
