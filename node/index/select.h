/*
 * select - the items that a query names, as sets and tests over the columns. Private to this room.
 */
#ifndef ALLMENDE_INDEX_SELECT_H
#define ALLMENDE_INDEX_SELECT_H

#include "node/index/reader_internal.h"

#define SELECT_NUMBERS_MAX (2 * INDEX_VALUE_COUNT_MAX)

/* A filter, its values as numbers. */
struct select_test {
	const struct index_filter *filter;
	uint32_t numbers[SELECT_NUMBERS_MAX];
	size_t count;
};

struct select {
	struct index_reader *reader;
	const struct visitor *visitor;
	const struct index_query *query;
	struct sql *sql;
	const struct columns *columns; /* locked for reading from begin to unlock */
	int sides;
	struct index_filter shorts[6]; /* those of the query's own fields */
	struct select_test tests[INDEX_FILTER_COUNT_MAX + 6];
	size_t test_count;
	const struct levels *levels; /* the reader's; NULL: there are no words */
	bool locked;
};

/* ERR_CONFIG (why), ERR_AGAIN, ERR_BUSY and what reader_begin() says. select_end() follows in any
   case. */
enum err select_begin(struct select *select, struct index_reader *reader,
		      const struct visitor *visitor, const struct index_query *query, char *why);
/* Whether the item is one of them. */
bool select_has(const struct select *select, enum index_side side, uint32_t id);
/* From now on only what was copied. */
void select_unlock(struct select *select);
/* The first fault, err or the connection's; its sentence, if it has one, in why. */
enum err select_end(struct select *select, enum err err, char *why);

#endif
