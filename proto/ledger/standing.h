/*
 * standing - how many datasets there are, and of how many something is true: counted in the turn
 * that changes it, so that nobody who asks need walk over them.
 *
 * A dataset with a current version has a row in STANDING: a byte of flags. Of each flag that is set
 * there is a row in STANDING_OF, so that those few are found that a person shall hear of; how many
 * it are stands in META. Who changes what this follows from - versions, withdrawals, what is held,
 * who holds copies - touches the dataset: a row in TOUCHED, which proto/catalog/tally takes at the
 * end of the turn, to find out what is true now.
 */
#ifndef ALLMENDE_STANDING_H
#define ALLMENDE_STANDING_H

#include "crypto/id.h"
#include "store/db.h"

enum standing {
	STANDING_OWN,         /* the current version is of a node of this organisation */
	STANDING_HELD,        /* all of it is here */
	STANDING_DAMAGED,     /* it was, and is being fetched again */
	STANDING_OWN_DAMAGED, /* both */
	STANDING_HIDDEN,      /* its name is not for this node */
	STANDING_SINGLE,      /* own, and one copy is proved at most */
	STANDING_GONE,        /* own, and neither here nor known to be anywhere */
	STANDING_COUNT
};
#define STANDING_FLAG(standing) (1u << (standing))

/* What is true of the dataset may be another now. */
void standing_touch(struct txn *txn, const struct dataset_id *dataset);
/* One that was touched, which is not any more; false: none was. */
bool standing_touched(struct txn *txn, struct dataset_id *dataset);

/* False: it has no current version, as far as is known. */
bool standing_get(struct txn *txn, const struct dataset_id *dataset, unsigned *flags);
void standing_put(struct txn *txn, const struct dataset_id *dataset, unsigned flags);
void standing_drop(struct txn *txn, const struct dataset_id *dataset);

struct standing_counts {
	uint64_t known;
	uint64_t of[STANDING_COUNT];
};
void standing_counts(struct txn *txn, struct standing_counts *counts);
/* The first one of which it is true behind *dataset (zeros: of all); false: none. */
bool standing_next(struct txn *txn, enum standing standing, struct dataset_id *dataset);

#endif
