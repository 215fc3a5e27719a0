/*
 * epochs - keys that follow paths: key records, wraps for readers, new epochs when a right ends
 * (docs/PROTOCOL.md, section 5.6).
 */
#include "proto/core_state.h"

void epochs_news(struct core *core, struct txn *txn, const struct ledger_news *news,
		 const struct record *record)
{
}

void epochs_settle(struct core *core, struct txn *txn)
{
}

int64_t epochs_wake(const struct core *core)
{
	return INT64_MAX;
}
