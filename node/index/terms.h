/*
 * terms - the folded words of an item: in full text, and noted for the vocabulary. Private to this
 * room.
 */
#ifndef ALLMENDE_INDEX_TERMS_H
#define ALLMENDE_INDEX_TERMS_H

#include "node/index/store.h"

#define TERMS_TEXT_LEN_MAX (256u * 1024) /* folded, of one item; the rest is not found */

/* Of an item without terms. */
void fulltext_put(struct index_store *store, enum index_side side, const struct index_item *item);
/* Names of files, a blank between; instead of those before. */
void fulltext_put_files(struct index_store *store, enum index_side side, int64_t id,
			struct bytes names);
void fulltext_drop(struct index_store *store, enum index_side side, int64_t id);

#endif
