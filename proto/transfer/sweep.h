/*
 * sweep - deletes chunks that no version and no job needs any more, a few each turn, and what is
 * remembered of their plain text.
 *
 * Datasets to be swept are remembered in the store (store/chunks.h), so a crash loses none. A
 * dataset that is being published waits, as its publication may be about to use chunks that nothing
 * names yet.
 */
#ifndef ALLMENDE_SWEEP_H
#define ALLMENDE_SWEEP_H

#include "proto/hub/hub.h"

/* Protects a dataset from the sweep while it is being published. */
void sweep_pause(struct hub *hub, const struct dataset_id *dataset, bool yes);
/* End of a turn: one step. */
void sweep_step(struct hub *hub, struct txn *txn);

#endif
