/*
 * vocabulary - all folded words of one database, and which of them are meant by what somebody
 * types. Private to this room.
 *
 * A word is meant by itself, by a part of it of VOCABULARY_PART_MIN bytes or more (German
 * compounds: "tagesstätte" means "kindertagesstätten"), and by what is one letter away: one too
 * many, too few, another one, or two that changed places, in the word or in such a part of it.
 *
 * Of words that many items have it knows which; of the others the database does.
 *
 * All words stand one behind the other in one text, which is looked through: of 200,000 words some
 * milliseconds.
 */
#ifndef ALLMENDE_INDEX_VOCABULARY_H
#define ALLMENDE_INDEX_VOCABULARY_H

#include "crypto/bytes.h"

#define VOCABULARY_PART_MIN 3
#define VOCABULARY_NEAR_MIN 4 /* shorter words are one letter away from far too many */

/* Where in an item a word may stand: one bit each. */
#define PLACE_BITS 4
#define PLACE_MASK 15u
enum place_bit { PLACE_TITLE = 1, PLACE_KEYWORD = 2, PLACE_PATH = 4, PLACE_TEXT = 8 };

/* The items that have a word: id << PLACE_BITS, and where; in rising order. */
struct postings {
	uint32_t *items;
	size_t count, cap;
};
#define POSTINGS_MIN 4 /* of words that fewer items have the database knows enough */

struct vocabulary_word {
	uint32_t at, next;        /* in the text; of the same place of the table, + 1 */
	uint32_t uses;            /* 0: free */
	struct postings postings; /* empty: they are in the database alone */
};

struct vocabulary {
	struct buf text;               /* words, each ended by a line feed */
	struct vocabulary_word *words; /* in the order of the text */
	size_t count, cap, dead;
	uint32_t *table;
	size_t places;
};
void vocabulary_init(struct vocabulary *vocabulary);
void vocabulary_fini(struct vocabulary *vocabulary);

/* A folded word: no line feed in it. So many items have it, of which nothing else is said here. */
void vocabulary_add(struct vocabulary *vocabulary, struct bytes word, uint32_t count);
/* One item more has it, or no longer. */
void vocabulary_put(struct vocabulary *vocabulary, struct bytes word, uint32_t id, unsigned where);
void vocabulary_drop(struct vocabulary *vocabulary, struct bytes word, uint32_t id);
/*
 * Words that so many items have that they are to be kept here: each is asked for its postings,
 * until it returns false; vocabulary_give() takes them.
 */
void vocabulary_wanted(const struct vocabulary *vocabulary,
		       bool (*each)(void *arg, struct bytes word), void *arg);
void vocabulary_give(struct vocabulary *vocabulary, struct bytes word, struct postings *taken);
void postings_put(struct postings *postings, uint32_t id, unsigned where);
/* NULL: they are not kept here. */
const struct postings *vocabulary_postings(const struct vocabulary *vocabulary, struct bytes word);

/* In how many items the word stands; 0: in none. */
uint32_t vocabulary_uses(const struct vocabulary *vocabulary, struct bytes word);
/* Calls each for the words that hold the part, the part itself included, until it returns false. */
void vocabulary_parts(const struct vocabulary *vocabulary, struct bytes part,
		      bool (*each)(void *arg, struct bytes word, uint32_t uses), void *arg);
/* The same for words that are one letter away from the word, or that hold what is. */
void vocabulary_near(const struct vocabulary *vocabulary, struct bytes word,
		     bool (*each)(void *arg, struct bytes word, uint32_t uses), void *arg);

#endif
