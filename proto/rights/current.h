/*
 * current - which versions of a dataset count: valid, withdrawn, current (docs/PROTOCOL.md,
 * sections 5.1 and 5.7).
 *
 * All of it are verdicts over what is stored, at the time by which things are judged; nothing is
 * remembered. Anybody may write versions of any dataset, so a look costs one step for each author
 * who has, and more only for those who may write there.
 */
#ifndef ALLMENDE_CURRENT_H
#define ALLMENDE_CURRENT_H

#include "proto/hub/hub.h"
#include "proto/ledger/ledger.h"
#include "proto/ledger/withdrawal_body.h"
#include "proto/rights/verdict.h"

/*
 * The current version of a dataset, or the one that counts of a number (0: of all numbers).
 * ERR_ABSENT. whole may be NULL.
 */
enum err current_find(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		      uint64_t number, struct ledger_version *out, struct bytes *whole);
/*
 * Any version of a dataset, valid or not, whose path is that of the dataset: what it says of path
 * holds for all of them. False: there is none. It borrows from the store.
 */
bool current_any(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		 struct version *out);
/* Whether one version is valid. */
bool current_valid(struct hub *hub, struct txn *txn, const struct version_id *of);
/*
 * Whether it does not count by reason of rights, or its record is gone. What is valid but for a
 * withdrawal is not void.
 */
bool current_void(struct hub *hub, struct txn *txn, const struct version_id *of);
/* Whether it is valid when lines and bars are those; withdrawals count as they do now. */
bool current_valid_when(struct hub *hub, struct txn *txn, const struct facts *facts,
			const struct version_id *of);
/* Whether another valid version of the dataset has the same number. */
bool current_tied(struct hub *hub, struct txn *txn, const struct version_id *of);
/* The dataset of a path, and the member to whom it belongs, also a former one. */
bool current_dataset(const struct hub *hub, struct bytes path, struct dataset_id *dataset,
		     uint32_t *owner);
/* Up to which number the versions of a member at a path are withdrawn; 0: none is. */
uint64_t current_withdrawn(struct hub *hub, struct txn *txn, struct bytes path, uint32_t member);
/* Whether a record of a withdrawal has an effect. */
bool current_withdrawal(struct hub *hub, struct txn *txn, const struct record *record,
			const struct withdrawal *withdrawal);
/* The valid version with the highest number below `below` (0: of all), whoever its author is. */
bool current_below(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		   uint64_t below, struct ledger_version *out);

#endif
