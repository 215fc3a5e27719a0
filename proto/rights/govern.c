#include "proto/rights/govern.h"

#include "crypto/path.h"
#include "proto/charter/orglog.h"
#include "proto/ledger/keyrecord.h"
#include "proto/rights/epochs.h"

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

/* The highest number of an epoch at exactly this path; 0: there is none. */
static uint64_t last_at(struct hub *hub, struct txn *txn, uint32_t author, struct bytes prefix)
{
	struct record_slot slot = record_slot_key(prefix, 0);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_of(slot.b, slot.len - 8));
	struct keyrecord key;
	struct record record;
	uint64_t last = 0;

	slots.author = author;
	while (ledger_slots_next(&slots, &record))
		if (!keyrecord_get(&key, record.body) && bytes_eq(key.prefix, prefix) &&
		    key.number > last)
			last = key.number;
	return last;
}

/*
 * PROTOCOL: "Who publishes in the namespace of another has the set of the latest head of the
 * owner's key author whole"
 */
enum err govern_foreign(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes path,
			size_t *prefix_len, uint64_t *number, struct key *path_key)
{
	uint32_t author = key_author_of(hub, txn, owner);
	struct author_state state;

	if (!author || ledger_state(&hub->ledger, txn, author, &state) || state.counter == 0 ||
	    ledger_partial(&state))
		return ERR_AGAIN;
	for (struct bytes at = path; at.len > 0; at = path_parent(at)) {
		*number = last_at(hub, txn, author, at);
		if (*number == 0)
			continue;
		*prefix_len = at.len;
		enum err err = epochs_key(hub, txn, at, *number, path, path_key);
		return err == ERR_ABSENT ? ERR_AGAIN : err;
	}
	return ERR_ABSENT;
}
