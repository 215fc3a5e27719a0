/*
 * statement - the text of a statement as it is put together, with what is to be bound to it.
 * Private to this room.
 *
 * Nothing that somebody sends becomes part of the text: it is bound.
 */
#ifndef ALLMENDE_INDEX_STATEMENT_H
#define ALLMENDE_INDEX_STATEMENT_H

#include "node/index/reader_internal.h"

#define STATEMENT_BOUND_MAX 900

struct statement {
	struct buf text;
	const char *bound[STATEMENT_BOUND_MAX]; /* borrowed */
	size_t bound_count;
	const struct visitor *visitor;
	const char *match; /* of full text; NULL: there are no words */
};
void statement_init(struct statement *statement, const struct visitor *visitor, const char *match);
void statement_fini(struct statement *statement);
__attribute__((format(printf, 2, 3))) void statement_add(struct statement *statement,
							 const char *format, ...);
/* Adds the number of a parameter that is bound to the text. */
void statement_bind(struct statement *statement, const char *text);
/* Adds " WHERE ..." for rows d of a side that the query names and the visitor may see. matched: the
   words were seen to already. */
void statement_where(struct statement *statement, const struct index_query *query,
		     enum index_side side, bool matched);
/* Prepared and bound; sql_st_close() follows. */
struct sql_st *statement_open(struct statement *statement, struct sql *sql);

#endif
