#include "proto/wire/words.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_SIX = 6, WORD_BITS = 10, PREFIX_LEN = 4 };

/*
 * PROTOCOL: "They are six numbers of 10 bits, and each is the number of a word in the list of 1,024
 * words in [words.txt](words.txt), counted from 0."
 */
void words_of(char out[WORDS_TEXT_LEN], uint64_t bits)
{
	size_t len = 0;
	for (unsigned i = 0; i < WORDS_SIX; i++) {
		unsigned number = (unsigned)(bits >> (64 - WORD_BITS * (i + 1))) % WORDS_COUNT;
		len += (size_t)snprintf(out + len, WORDS_TEXT_LEN - len, "%s%s", i ? " " : "",
					words_list[number]);
	}
}

/* What stands for one letter of typed text, in small letters; "" for what is none. *at moves on. */
static const char *letter_next(const char **at, char single[2])
{
	static const struct {
		const char *from, *to;
	} spelled[] = {{"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"},       {"Ä", "ae"},
		       {"Ö", "oe"}, {"Ü", "ue"}, {"\xcc\x88", "e"}, /* the dots alone */
		       {"ß", "ss"}, {"ẞ", "ss"}};
	char c = **at;

	for (size_t i = 0; i < sizeof(spelled) / sizeof(spelled[0]); i++) {
		size_t len = strlen(spelled[i].from);
		if (strncmp(*at, spelled[i].from, len) == 0) {
			*at += len;
			return spelled[i].to;
		}
	}
	*at += 1;
	if (c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	single[0] = c >= 'a' && c <= 'z' ? c : 0;
	single[1] = 0;
	return single;
}

/* The first letters of the next word; false at the end. */
static bool word_next(const char **at, char out[PREFIX_LEN + 1])
{
	size_t len = 0;

	while (**at) {
		char single[2];
		const char *letters = letter_next(at, single);
		if (!*letters && len > 0)
			break;
		for (; *letters; letters++, len++)
			if (len < PREFIX_LEN)
				out[len] = *letters;
	}
	out[len < PREFIX_LEN ? len : PREFIX_LEN] = 0;
	return len > 0;
}

bool words_match(const char *typed, const char *six)
{
	char a[PREFIX_LEN + 1], b[PREFIX_LEN + 1];

	while (word_next(&six, b))
		if (!word_next(&typed, a) || strcmp(a, b) != 0)
			return false;
	return !word_next(&typed, a);
}
