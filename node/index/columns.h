/*
 * columns - of each item what it is ordered, counted and filtered by, in memory. Private to this
 * room.
 *
 * Readers on any thread look while they have the lock for reading; the one writer changes it, and
 * commits to the databases, while it has the lock for writing: so both tell of the same moment. A
 * writer that waits goes before readers that come. Of 100,000 items about 30 MiB.
 */
#ifndef ALLMENDE_INDEX_COLUMNS_H
#define ALLMENDE_INDEX_COLUMNS_H

#include <pthread.h>

#include "node/index/values.h"
#include "node/index/vocabulary.h"

enum index_side { SIDE_OPEN, SIDE_CLOSED, SIDE_COUNT };

enum order { ORDER_PATH, ORDER_TITLE, ORDER_UUID, ORDER_INDEXED, ORDER_PUBLISHED, ORDER_COUNT };

struct row {
	int64_t indexed_ms, published_ms;
	enum tier tier;
	uint32_t value_count;
	const uint32_t *values; /* numbers */
	/* path and kept are the same text where they are the same */
	const char *path, *kept, *title, *uuid;
};

struct columns_side {
	struct row **rows; /* by id; NULL: none */
	size_t cap;
	uint32_t *orders[ORDER_COUNT]; /* ids */
	size_t count, order_cap;
	struct vocabulary words;
	uint64_t generation; /* another one with each change */
};

/* Before `lock` that of the closed side, whose database refuses readers while it is written. */
struct columns {
	pthread_rwlock_t closed, lock;
	struct columns_side sides[SIDE_COUNT];
	struct values values;
	bool loading; /* the orders are made at the end */
};
void columns_init(struct columns *columns);
void columns_fini(struct columns *columns);

void columns_clear(struct columns *columns);

/* From here to columns_loaded() items may be put in any order, fast. */
void columns_load(struct columns *columns);
void columns_loaded(struct columns *columns);
/* What the columns hold of an item, formats with blanks between. Replaces what is there. */
void columns_put(struct columns *columns, enum index_side side, const struct index_item *item,
		 const char *formats);
void columns_drop(struct columns *columns, enum index_side side, int64_t id);
/* In an order: below zero when a comes before b. */
int columns_compare(enum order order, const struct row *a, const struct row *b);

static inline const struct row *columns_row(const struct columns_side *side, uint64_t id)
{
	return id < side->cap ? side->rows[id] : NULL;
}

#endif
