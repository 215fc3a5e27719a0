/*
 * epoch_recovery - the keys of epochs for the recovery sheet (docs/PROTOCOL.md, section 5.6).
 *
 * The recovery key follows from the root. When another root is bound, what is wrapped to the one
 * before would be lost to who has the new sheet alone; so the key author writes its key records
 * again, each with a wrap to the new recovery key and as it was in all else: some in each turn,
 * and on from there after a start.
 */
#ifndef ALLMENDE_EPOCH_RECOVERY_H
#define ALLMENDE_EPOCH_RECOVERY_H

#include "proto/hub/hub.h"

struct epoch_recovery {  /* of the hub, in struct epochs */
	uint64_t looked; /* hub.keys_epoch + 1 as of the last look at the log; 0: none yet */
	bool due;        /* there is more to be done at once */
};

/* For the key author, while it signs and has learnt the keys that it can have: the next part. */
void epoch_recovery_step(struct hub *hub, struct txn *txn);

#endif
