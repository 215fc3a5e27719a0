#include "proto/catalog/unheard.h"

/* A row of UNHEARD: incarnation(4) sequence(8) since(8) met(1). */
enum { ROW_LEN = 4 + 8 + 8 + 1 };

struct row {
	uint32_t incarnation;
	uint64_t sequence;
	int64_t since_ms;
	bool met;
};

static bool unheard_get(struct bytes value, struct row *out)
{
	if (value.len != ROW_LEN)
		return false;
	*out = (struct row){.incarnation = be32_get(value.ptr),
			    .sequence = be64_get(value.ptr + 4),
			    .since_ms = (int64_t)be64_get(value.ptr + 12),
			    .met = value.ptr[20] != 0};
	return true;
}

static void unheard_put(struct txn *txn, uint32_t number, const struct row *row)
{
	struct row_key key = key_author(number);
	uint8_t value[ROW_LEN];

	be32_put(value, row->incarnation);
	be64_put(value + 4, row->sequence);
	be64_put(value + 12, (uint64_t)row->since_ms);
	value[20] = row->met;
	txn_put(txn, TABLE_UNHEARD, row_key_bytes(&key), bytes_obj(&value));
}

void unheard_begin(struct hub *hub, struct txn *txn)
{
	struct author_state own;

	if (ledger_state(&hub->ledger, txn, hub->author, &own))
		return;
	for (uint32_t i = 0; i < hub->charter.member_count; i++) {
		const struct charter_member *member = &hub->charter.members[i];
		struct row_key key = key_author(member->number);
		struct row row = {.since_ms = hub->wall_ms}, before;
		struct bytes value;
		if (!charter_is_present(member) || member->number == author_member(hub->author))
			continue;
		if (txn_get(txn, TABLE_UNHEARD, row_key_bytes(&key), &value) &&
		    unheard_get(value, &before))
			row.since_ms = before.since_ms;
		row.incarnation = own.incarnation;
		row.sequence = own.sequence;
		unheard_put(txn, member->number, &row);
	}
}

void unheard_compared(struct hub *hub, struct txn *txn, const struct peer *peer)
{
	uint32_t number = author_member(peer->author);
	struct row_key key = key_author(number);
	struct bytes value;
	struct row row;

	if (!peer->author || !txn_get(txn, TABLE_UNHEARD, row_key_bytes(&key), &value) ||
	    !unheard_get(value, &row))
		return;
	if (peer->own_heard.incarnation > row.incarnation ||
	    (peer->own_heard.incarnation == row.incarnation &&
	     peer->own_heard.sequence >= row.sequence)) {
		txn_del(txn, TABLE_UNHEARD, row_key_bytes(&key));
	} else if (!row.met) {
		row.met = true;
		unheard_put(txn, number, &row);
	}
}

bool unheard_next(struct hub *hub, struct txn *txn, uint32_t *number, int64_t *since_ms, bool *met)
{
	struct row_key at = key_author(*number);
	struct walk walk =
		walk_begin_at(txn, TABLE_UNHEARD, bytes_of(NULL, 0), row_key_bytes(&at), false);
	struct row row;

	while (walk_next(&walk)) {
		const struct charter_member *member;
		*number = be32_get(walk.key.ptr);
		member = charter_member(&hub->charter, *number);
		if (!member || !charter_is_present(member) || !unheard_get(walk.value, &row))
			continue; /* who has left hears no more, and gets nothing either */
		*since_ms = row.since_ms;
		*met = row.met;
		return true;
	}
	return false;
}
