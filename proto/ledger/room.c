#include "proto/ledger/room.h"

#include "crypto/path.h"
#include "proto/ledger/ledger_internal.h"
#include "proto/ledger/withdrawal_body.h"

bool ledger_room(const struct ledger *ledger, struct txn *txn, enum room_use use, uint64_t bytes)
{
	const uint64_t left = ledger->room.left[use], put = txn_put_bytes(txn);

	return put <= left && bytes <= left - put;
}

static enum room_use use_of(const struct ledger *ledger, const struct record *record)
{
	if (ledger->own_author &&
	    author_member(record->author) == author_member(ledger->own_author))
		return ROOM_OWN;
	return record->kind == RECORD_VERSION || !record_kind_known(record->kind) ? ROOM_FOREIGN
										  : ROOM_RIGHTS;
}

/*
 * A withdrawal of something that is here leaves more room than it takes; by the owner of the path,
 * as anybody may write one.
 */
static bool frees(const struct ledger *ledger, struct txn *txn, const struct record *record)
{
	const struct charter_member *member =
		charter_member(ledger->charter, author_member(record->author));
	struct withdrawal withdrawal;
	struct dataset_id dataset;
	struct bytes key, value;

	if (record->kind != RECORD_WITHDRAWAL || !member ||
	    withdrawal_get(&withdrawal, record->body))
		return false;
	path_dataset_id(&dataset, &member->org, withdrawal.path);
	return bytes_eq(bytes_slice(record->slot, 1, ID_LEN), id_bytes(&dataset)) &&
	       walk_last(txn, TABLE_VERSION, id_bytes(&dataset), &key, &value);
}

bool room_takes(struct ledger *ledger, struct txn *txn, struct ledger_touched *touched,
		const struct record *record)
{
	const enum room_use use = use_of(ledger, record);
	const uint64_t len = record->whole.len;

	if (use == ROOM_OWN || ledger_room(ledger, txn, use, 2 * len + ROOM_FRAME_LEN) ||
	    len <= quota_slot_len(txn, &touched->state, record->slot) || frees(ledger, txn, record))
		return true;
	quota_seen(touched, record);
	touched->state.held++;
	touched->dirty = ledger->held_any = true;
	return false;
}

bool ledger_held_ask(struct ledger *ledger, struct txn *txn)
{
	struct author_state state;
	uint32_t author = 0;
	bool any = false;

	ledger->held_any = false;
	ledger_settle(ledger, txn);
	while (ledger_state_next(ledger, txn, &author, &state)) {
		struct ledger_touched *touched =
			state.held > 0 ? ledger_touch(ledger, txn, author) : NULL;
		if (!touched)
			continue;
		touched->state.held = 0;
		touched->dirty = any = true;
	}
	return any;
}
