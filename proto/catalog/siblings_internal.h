/* What the files of siblings share. */
#ifndef ALLMENDE_SIBLINGS_INTERNAL_H
#define ALLMENDE_SIBLINGS_INTERNAL_H

#include "proto/catalog/siblings.h"

/* Says a body in a slot; it may lie in the store. */
enum err siblings_sign(struct hub *hub, struct txn *txn, uint64_t kind,
		       const struct record_slot *slot, struct bytes body);
/*
 * Appends the own bars of an organisation, with those of another node. all: as both together mean,
 * for when the other one goes; else only what it bars and is not known here. False: nothing is new.
 */
bool siblings_bars_join(struct bytes own, struct bytes other, bool all, struct buf *out);
/* The same with the record of another node, and says it. ERR_EXISTS: nothing is new. */
enum err siblings_bars_take(struct hub *hub, struct txn *txn, const struct record *record,
			    bool all);
/* Once in each turn: a node that was taken over has been retired. */
void siblings_retired_take(struct hub *hub, struct txn *txn);
/* Likewise: the nodes that this one has come after, once all of one is here. */
void siblings_recovered_take(struct hub *hub, struct txn *txn);

#endif
