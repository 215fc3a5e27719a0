/*
 * words - which items have the words that somebody seeks, and how well. Private to this room.
 *
 * Of each word count itself and all words of which it is a part; when that finds too little, also
 * those that are one letter away. An item must have all the words.
 */
#ifndef ALLMENDE_INDEX_WORDS_H
#define ALLMENDE_INDEX_WORDS_H

#include "node/base/sql.h"
#include "node/index/columns.h"

#define WORDS_COUNT_MAX 16
#define WORDS_LEN_MAX   1024

/* The best first; each holds those before it. */
enum level {
	LEVEL_TITLE,   /* all words in the title, by themselves */
	LEVEL_KEYWORD, /* or among the keywords */
	LEVEL_PART,    /* or as parts of words there */
	LEVEL_PATH,    /* or in the path, or in the name of a file */
	LEVEL_ANY,
	LEVEL_COUNT
};

struct levels { /* sets of ids */
	uint64_t *bits[SIDE_COUNT][LEVEL_COUNT];
	size_t len[SIDE_COUNT]; /* of a set, in words of 64 bits */
};
void levels_fini(struct levels *levels);

static inline bool levels_has(const struct levels *levels, enum index_side side, enum level level,
			      uint32_t id)
{
	return id / 64 < levels->len[side] && (levels->bits[side][level][id / 64] >> (id % 64) & 1);
}

/* ERR_CONFIG, and one sentence in why (WHY_LEN): there are no words, or too many. */
enum err sought_check(const char *text, char *why);
/* The caller has the columns' lock for reading. Faults are the connection's. */
void words_find(struct levels *out, struct sql *sql, const struct columns *columns, int side_count,
		const char *text, bool near);

#endif
