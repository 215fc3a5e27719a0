/*
 * voting - proposals for the charter, votes for them, and the entry that comes of enough votes
 * (docs/PROTOCOL.md, sections 4.3 and 5.4).
 */
#include "proto/core_state.h"

void voting_news(struct core *core, struct txn *txn, const struct ledger_news *news,
		 const struct record *record)
{
}

void voting_settle(struct core *core, struct txn *txn)
{
}

int64_t voting_wake(const struct core *core)
{
	return INT64_MAX;
}
