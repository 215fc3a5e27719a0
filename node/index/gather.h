/*
 * gather - what the index is told by the core: datasets as they are, copied. Private to this room.
 *
 * Core thread, in queries between turns; a few milliseconds each.
 */
#ifndef ALLMENDE_INDEX_GATHER_H
#define ALLMENDE_INDEX_GATHER_H

#include "node/index/store.h"
#include "proto/catalog/catalog.h"

#define GATHER_COUNT_MAX 32 /* datasets at a time */

struct gathered {
	struct index_seen items[GATHER_COUNT_MAX];
	size_t count;
	char after[LIMIT_PATH_LEN_MAX + 1]; /* of a page: the last path before it, */
	char to[LIMIT_PATH_LEN_MAX + 1];    /* and the last in it; "": it is the last page */
};
void gathered_fini(struct gathered *gathered);

/* The next datasets in order of the paths under which they are kept. */
void gather_page(struct hub *hub, struct txn *txn, struct gathered *out);
/* One more, by the path it is kept under. */
void gather_one(struct hub *hub, struct txn *txn, const char *stored,
		const struct dataset_id *dataset, struct gathered *out);

#endif
