/*
 * token_export - writes a grant with its proofs (rights/token_file.h), out of a store.
 *
 * What the file has to prove is what the verdict asks for, so the verdict itself is run, and each
 * look-up is noted: for each node whose words count its latest head, the pages of its set with the
 * slots asked for, and the records that are there.
 */
#ifndef ALLMENDE_TOKEN_EXPORT_H
#define ALLMENDE_TOKEN_EXPORT_H

#include "proto/ledger/ledger.h"
#include "proto/rights/verdict.h"

/*
 * Appends the file; the states have to be settled. A grant that is not good is exported too.
 * ERR_ABSENT: the grant, or one it rests on, is not here; ERR_AGAIN: the set of a node whose words
 * count is not here in whole; ERR_FULL: it becomes too long. why: a clause for people.
 */
enum err token_export(struct buf *out, struct ledger *ledger, struct txn *txn,
		      const struct facts *facts, const struct digest *grant, int64_t t_ms,
		      char why[WHY_LEN]);

/*
 * Appends who a member is, for what its nodes sign: two elements, the charter and its log.
 * ERR_AGAIN: its log is not here.
 */
enum err token_export_place(struct buf *out, struct ledger *ledger, struct txn *txn,
			    uint32_t member_number);

#endif
