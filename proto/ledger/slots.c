/*
 * Finds records by slot, whoever their author is (ledger.h: struct ledger_slots).
 */
#include "proto/ledger/ledger_internal.h"

enum { PLACE_LEN = 4 + 8 };

uint32_t ledger_slot_author(struct txn *txn, struct bytes slot)
{
	struct walk walk = walk_begin(txn, TABLE_SLOT, slot);

	while (walk_next(&walk))
		if (walk.key.len == slot.len + 4)
			return be32_get(walk.key.ptr + slot.len);
	return 0;
}

struct ledger_slots ledger_slots(struct ledger *ledger, struct txn *txn, struct bytes prefix)
{
	return (struct ledger_slots){
		.ledger = ledger, .txn = txn, .walk = walk_begin(txn, TABLE_SLOT, prefix)};
}

bool ledger_slots_next(struct ledger_slots *slots, struct record *out)
{
	while (walk_next(&slots->walk)) {
		uint32_t author = be32_get(slots->walk.key.ptr + slots->walk.key.len - 4);
		struct sign_pk pk;
		struct bytes whole;
		if (slots->walk.value.len != PLACE_LEN ||
		    (slots->author && author != slots->author))
			continue;
		uint32_t incarnation = be32_get(slots->walk.value.ptr);
		uint64_t sequence = be64_get(slots->walk.value.ptr + 4);
		enum err err =
			slots->leaving
				? ledger_author_kept(slots->ledger, slots->txn, author, &pk)
				: ledger_author(slots->ledger, slots->txn, author, &pk, NULL);
		if (!err && ledger_record(slots->txn, author, incarnation, sequence, &whole) &&
		    !record_decode(out, whole))
			return true;
	}
	return false;
}

enum err ledger_slot(struct ledger *ledger, struct txn *txn, struct bytes slot, uint32_t author,
		     struct record *out)
{
	struct row_key key = key_slot(slot, author);
	struct bytes place, whole;

	if (txn_get(txn, TABLE_SLOT, row_key_bytes(&key), &place) && place.len == PLACE_LEN &&
	    ledger_record(txn, author, be32_get(place.ptr), be64_get(place.ptr + 4), &whole))
		return record_decode(out, whole);
	return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
}
