/*
 * withdrawal - versions taken back, and who has confirmed that they are erased (docs/PROTOCOL.md, section 5.7).
 */
#include "proto/core_state.h"

void withdrawal_news(struct core *core, struct txn *txn, const struct ledger_news *news,
		     const struct record *record)
{
}

void withdrawal_settle(struct core *core, struct txn *txn)
{
}

int64_t withdrawal_wake(const struct core *core)
{
	return INT64_MAX;
}
