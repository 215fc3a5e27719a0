/*
 * reader_internal - the connections of a reader. Private to this room.
 *
 * What is asked for somebody who shows nothing is asked over a connection which knows of no other
 * database than the open one.
 */
#ifndef ALLMENDE_INDEX_READER_INTERNAL_H
#define ALLMENDE_INDEX_READER_INTERNAL_H

#include "node/index/store.h"
#include "node/index/words.h"

#define READ_MS_MAX 2000 /* of one question */

struct index_reader {
	struct index_store *store; /* borrowed */
	struct sql *open, *both;   /* NULL: not asked yet */
	unsigned opened;           /* of the store, as of when they were opened */
	/* of the last index_generation() of a token */
	uint64_t seen[SIDE_COUNT], generation;
	char prefix[LIMIT_PATH_LEN_MAX + 1];
	struct reader_words { /* the last ones sought, and what they were found in */
		char *text;   /* NULL: none */
		int sides;
		uint64_t generations[SIDE_COUNT]; /* of the columns */
		struct levels levels;
	} words[2]; /* by themselves, and one letter away */
};

/* Where the tables of a side are, as they stand in statements: "main.", "closed.". */
extern const char *const reader_schema[SIDE_COUNT];
/* How many sides this visitor is answered from. */
static inline int reader_sides(const struct visitor *visitor)
{
	return visitor->kind == VISITOR_ANYONE ? 1 : SIDE_COUNT;
}

/* The connection for this visitor, with its time running. ERR_AGAIN: not complete. */
enum err reader_begin(struct index_reader *reader, const struct visitor *visitor, struct sql **out);
/* Its fault, if any; what is damaged is closed. */
enum err reader_end(struct index_reader *reader, struct sql *sql);

/* " AND ..." for rows d of a side that the visitor may see; reader_may_bind() binds it. */
#define READER_PREFIX_AT 999
const char *reader_may(const struct visitor *visitor, enum index_side side);
void reader_may_bind(struct sql_st *st, const struct visitor *visitor, enum index_side side);

#endif
