/*
 * epoch_make - the record of a new epoch: key, commitment, links down and back, wraps for the
 * recovery key and for the own nodes (docs/PROTOCOL.md, section 5.6).
 */
#ifndef ALLMENDE_EPOCH_MAKE_H
#define ALLMENDE_EPOCH_MAKE_H

#include "proto/rights/epoch_list.h"

/*
 * The next epoch at a path of the own namespace; appends its record and adds it to the list.
 * force: when the key of the parent's epoch is lost, that one is followed by a new one first; else
 * ERR_AGAIN, as it may still come. *lost (may be NULL) is counted up by epochs whose keys before
 * could not be linked. ERR_NOSPACE: over the own quota.
 */
enum err epoch_make(struct hub *hub, struct txn *txn, struct epoch_list *list, struct bytes prefix,
		    bool force, unsigned *lost);
/* Whether the key before this path's next epoch is here; true also when there is none. */
bool epoch_back_here(struct hub *hub, struct txn *txn, const struct epoch_list *list,
		     struct bytes prefix);

#endif
