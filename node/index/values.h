/*
 * values - what items are counted and filtered by: each value once, by a number. Private to this
 * room.
 *
 * A value that no item has any more keeps its number, and gives its text up.
 */
#ifndef ALLMENDE_INDEX_VALUES_H
#define ALLMENDE_INDEX_VALUES_H

#include "node/index/index.h"

struct value {
	enum index_field field;
	uint32_t uses;
	uint32_t next; /* of the same place in the table, + 1; of those that are free as well */
	char *text;    /* what is asked for; the label stands behind its zero. NULL: free */
	const char *label;
};

struct values {
	struct value *items;
	size_t count, cap;
	uint32_t *table; /* places, each the first value of it, + 1 */
	size_t places;
	size_t used;
	uint32_t free; /* the first one, + 1 */
};
void values_init(struct values *values);
void values_fini(struct values *values);
/* Its number, one use more. The label is the one that came last. */
uint32_t values_take(struct values *values, enum index_field field, const char *text,
		     const char *label);
void values_give(struct values *values, uint32_t number); /* one use less */
/* False: no item has it. */
bool values_find(const struct values *values, enum index_field field, const char *text,
		 uint32_t *out);

#endif
