/*
 * terms - the folded words of an item: in full text, and in the list of all words. Private to this
 * room.
 */
#ifndef ALLMENDE_INDEX_TERMS_H
#define ALLMENDE_INDEX_TERMS_H

#include "node/base/sql.h"
#include "node/index/index.h"

#define TERMS_TEXT_LEN_MAX (256u * 1024) /* folded, of one item; the rest is not found */

/* Of an item without terms. */
void fulltext_put(struct sql *sql, const struct index_item *item);
/* Names of files, a blank between; instead of those before. */
void fulltext_put_files(struct sql *sql, int64_t id, struct bytes names);
void fulltext_drop(struct sql *sql, int64_t id);

#endif
