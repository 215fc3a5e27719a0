/*
 * aside - own records that are to be said again: what this machine has said and perhaps nobody else
 * has, while it takes back what others show of its own author (sync/start.h), and what another
 * machine with its key has said and others hold.
 *
 * Rows of table ASIDE, in the order in which they were said. A row is a job (store/chunks.h), whose
 * STAGE rows keep the chunks of a version that was whole here. catalog/aside_say says them again.
 */
#ifndef ALLMENDE_ASIDE_H
#define ALLMENDE_ASIDE_H

#include "proto/ledger/ledger.h"

/*
 * Whether what stands in a slot of this kind is anybody's loss: publications, and what gives and
 * ends rights; the rest each machine makes anew by itself, as it is of that machine.
 */
bool aside_counts(uint64_t kind);
/*
 * A later own head is the latest here now, and its records are going to come: puts aside what is
 * here in `incarnation` after the sequence `after`, and takes it out of the own set, so that
 * nothing stands in their way. What ends a right stays in the set too, until it is known to be
 * missing in theirs.
 */
enum err aside_put_own(struct ledger *ledger, struct txn *txn, uint32_t incarnation,
		       uint64_t after);
/* What another machine has said under this key; the record is right. */
void aside_add(struct txn *txn, const struct record *record);
/* An own record is put aside, with the chunks of a version that is whole here. */
void aside_move(struct txn *txn, const struct record *record);
/* The next row after *job (begin with 0); the record borrows from the store. */
bool aside_next(struct txn *txn, uint64_t *job, struct record *record);
/* It is said, or does not count any more. */
void aside_drop(struct txn *txn, uint64_t job);
/* The own record in a slot, whatever its kind; false: there is none. */
bool aside_own_record(struct ledger *ledger, struct txn *txn, struct bytes slot,
		      struct record *out);
/* Whether something is aside that is to be said, as the own set does not have it. */
bool aside_differs(struct ledger *ledger, struct txn *txn);

#endif
