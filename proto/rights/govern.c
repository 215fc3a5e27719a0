#include "proto/rights/govern.h"

#include "proto/charter/orglog.h"
#include "proto/ledger/ledger.h"

/* The owner's active node of the lowest index that has the role; 0: there is none. */
static uint32_t key_author_of(struct hub *hub, struct txn *txn, uint32_t owner)
{
	const struct charter_member *member = charter_member(&hub->charter, owner);
	uint32_t author = 0;
	struct orglog log;

	if (!member || orglog_load(txn, &member->org, &log))
		return 0;
	for (size_t i = 0; !author && i < log.node_count; i++)
		if (log.nodes[i].state == ORGLOG_NODE_ACTIVE &&
		    (log.nodes[i].roles & ORGLOG_ROLE_KEY_AUTHOR))
			author = author_of(owner, log.nodes[i].index);
	orglog_fini(&log);
	return author;
}

/*
 * PROTOCOL: "Who publishes in the namespace of another has the set of the latest head of the
 * owner's key author whole"
 */
bool govern_is_whole(struct hub *hub, struct txn *txn, uint32_t owner)
{
	uint32_t author = key_author_of(hub, txn, owner);
	struct author_state state;

	return author && !ledger_state(&hub->ledger, txn, author, &state) && state.counter > 0 &&
	       !ledger_partial(&state);
}
