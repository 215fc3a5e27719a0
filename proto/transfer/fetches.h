/*
 * fetches - the list of versions that are on their way or wait for it, in the order in which they
 * are fetched, and found by their dataset.
 *
 * Peers choose the ids of datasets, so in which bucket one stands depends on a secret.
 *
 * Bounds: FETCHES_MAX versions, beside those that a person has asked for.
 */
#ifndef ALLMENDE_FETCHES_H
#define ALLMENDE_FETCHES_H

#include "proto/transfer/fetch.h"

enum { FETCHES_MAX = 4096 };

struct fetch *fetch_find(struct hub *hub, const struct version_id *of);
/* All of one dataset; NULL: no more. */
struct fetch *fetches_of(struct hub *hub, const struct dataset_id *dataset);
struct fetch *fetches_next(const struct fetch *fetch);
/* Wants a version; first: before all others, as somebody waits for it. */
void fetch_add(struct hub *hub, struct txn *txn, const struct version_id *of,
	       const struct version *version, bool first);
/* For fetch.c: leaves the list, and is released. */
void fetches_remove(struct hub *hub, struct fetch *fetch);
bool fetches_full(const struct hub *hub);
void fetches_close(struct hub *hub);

#endif
