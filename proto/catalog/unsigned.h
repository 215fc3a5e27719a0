/*
 * unsigned - versions that wait to be signed: published while this node signs nothing
 * (proto/sync/start.h). All that a version says is settled by then; its chunks are here, under the
 * STAGE rows of its job. So it survives a stop, and is made as soon as this node signs again. Of
 * one dataset the last one counts. When its number is taken by a version that has come back
 * meanwhile, or there is a newer key than it is sealed under, or the own quota is full, it stays
 * until the dataset is published again.
 */
#ifndef ALLMENDE_UNSIGNED_H
#define ALLMENDE_UNSIGNED_H

#include "proto/catalog/own_dataset.h"
#include "proto/content/index.h"

/* Keeps a version with the index of its chunks. memory: digests of its contents and files. */
enum err unsigned_put(struct hub *hub, struct txn *txn, const struct publication *publication,
		      const struct version *version, const struct index *index,
		      const struct own_dataset *memory);
/* The dataset is published anew: what waits of it is overtaken. */
void unsigned_drop(struct txn *txn, struct bytes path);
/* Signs all that wait and can be. */
void unsigned_sign(struct hub *hub, struct txn *txn);
/* Their paths, in the order in which they were published. False from each: enough. */
void unsigned_each(struct txn *txn, bool (*each)(void *arg, struct bytes path), void *arg);

#endif
