/*
 * ledger_slot - finds records by slot, whoever their author is (ledger.h: struct ledger_slots).
 *
 * The slots of all known kinds but versions begin with the kind, so one table, slot and author to place, answers
 * "which tokens are there", "who has voted for number 7", "which wraps are for us". Versions have tables of their own.
 */
#include "proto/ledger_internal.h"

#include <string.h>

enum { PLACE_LEN = 4 + 8 };

static bool is_indexed(const struct record *record)
{
	return record->kind != RECORD_VERSION && record_kind_known(record->kind) &&
	       record->slot.ptr[0] == record->kind;
}

void ledger_slot_link(struct txn *txn, const struct record *record)
{
	uint8_t place[PLACE_LEN];

	if (!is_indexed(record))
		return;
	struct row_key key = key_slot(record->slot, record->author);
	be32_put(place, record->incarnation);
	be64_put(place + 4, record->sequence);
	txn_put(txn, TABLE_SLOT, row_key_bytes(&key), bytes_obj(&place));
}

void ledger_slot_unlink(struct txn *txn, const struct record *record)
{
	struct bytes place;

	if (!is_indexed(record))
		return;
	struct row_key key = key_slot(record->slot, record->author);
	/* Another record may have taken its place. */
	if (txn_get(txn, TABLE_SLOT, row_key_bytes(&key), &place) && place.len == PLACE_LEN &&
	    be32_get(place.ptr) == record->incarnation &&
	    be64_get(place.ptr + 4) == record->sequence)
		txn_del(txn, TABLE_SLOT, row_key_bytes(&key));
}

/* A store made before there was this table. */
void ledger_slots_rebuild(struct txn *txn)
{
	struct row_key done = key_name("slots");
	struct record record;

	if (txn_has(txn, TABLE_META, row_key_bytes(&done)))
		return;
	struct walk walk = walk_begin(txn, TABLE_RECORD, bytes_of(NULL, 0));
	while (walk_next(&walk)) /* of one author in rising order, so the newest comes last */
		if (record_decode(&record, walk.value) == ERR_OK)
			ledger_slot_link(txn, &record);
	txn_put(txn, TABLE_META, row_key_bytes(&done), bytes_of("", 0));
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
		if (ledger_author(slots->ledger, slots->txn, author, &pk, NULL) == ERR_OK &&
		    ledger_record(slots->txn, author, incarnation, sequence, &whole) &&
		    record_decode(out, whole) == ERR_OK)
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
