#include "proto/ledger/held.h"
#include "proto/ledger/ledger_internal.h"
#include "proto/ledger/withdrawal_body.h"

/*
 * PROTOCOL: "A withdrawal says that its author has dropped its versions of the dataset up to
 * `number`"
 */
static bool withdrawn(struct ledger *ledger, struct txn *txn, const struct dataset_id *dataset,
		      uint64_t number, uint32_t author)
{
	struct record_slot slot = record_slot_of(RECORD_WITHDRAWAL, id_bytes(dataset));
	struct withdrawal withdrawal;
	struct record record;

	return !ledger_slot(ledger, txn, record_slot_bytes(&slot), author, &record) &&
	       !withdrawal_get(&withdrawal, record.body) && withdrawal.number >= number;
}

/*
 * Versions of authors who may publish, and of former members those that are here: for as long as
 * they are held they can be read.
 */
static bool is_listed(struct ledger *ledger, struct txn *txn, const struct dataset_id *dataset,
		      uint64_t number, uint32_t author)
{
	const struct charter_member *member =
		charter_member(ledger->charter, author_member(author));
	const struct version_id of = {*dataset, number, author};

	if (member && !charter_is_present(member))
		return held_complete(txn, &of);
	return ledger_may_publish(ledger, txn, author);
}

static bool id_of(struct txn *txn, const struct ledger_version *of, struct record_id *id)
{
	struct record record;
	struct bytes whole;

	if (!ledger_record(txn, of->author, of->incarnation, of->sequence, &whole) ||
	    record_decode(&record, whole))
		return false;
	record_id(id, &record);
	return true;
}

/* Of one number the smaller record id. They always differ, as payloads do. */
static bool goes_before(struct txn *txn, const struct ledger_version *a,
			const struct ledger_version *b)
{
	struct record_id a_id, b_id;

	return id_of(txn, a, &a_id) &&
	       (!id_of(txn, b, &b_id) || bytes_cmp(id_bytes(&a_id), id_bytes(&b_id)) < 0);
}

/* A record that was found damaged leaves its rows behind for a while. */
static bool record_is_here(struct txn *txn, const struct ledger_version *of)
{
	struct row_key key = key_record(of->author, of->incarnation, of->sequence);

	return txn_has(txn, TABLE_RECORD, row_key_bytes(&key));
}

/* The best version of one number. */
static bool best_of_number(struct ledger *ledger, struct txn *txn, const struct dataset_id *dataset,
			   uint64_t number, struct ledger_version *out)
{
	struct row_key prefix = key_version(dataset, number, 0);
	struct walk walk = walk_begin(txn, TABLE_VERSION, bytes_of(prefix.b, prefix.len - 4));
	bool found = false;

	while (walk_next(&walk)) {
		struct ledger_version next = {.dataset = *dataset, .number = number};
		next.author = be32_get(walk.key.ptr + prefix.len - 4);
		if (!ledger_place_get(txn, walk.value, &next.incarnation, &next.sequence) ||
		    !record_is_here(txn, &next) ||
		    !is_listed(ledger, txn, dataset, number, next.author) ||
		    withdrawn(ledger, txn, dataset, number, next.author))
			continue;
		/* Mostly there is one, and its record need not be read. */
		if (found && !goes_before(txn, &next, out))
			continue;
		found = true;
		*out = next;
	}
	return found;
}

/* The highest number below `below`; 0: none. */
static uint64_t number_below(struct txn *txn, const struct dataset_id *dataset, uint64_t below)
{
	struct row_key prefix = key_dataset(dataset);
	struct walk walk = walk_begin(txn, TABLE_VERSION, row_key_bytes(&prefix));
	uint64_t highest = 0;

	while (walk_next(&walk)) {
		uint64_t number = be64_get(walk.key.ptr + prefix.len);
		if (number >= below)
			break;
		highest = number;
	}
	return highest;
}

static uint64_t number_highest(struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key prefix = key_dataset(dataset);
	struct bytes key, value;

	if (!walk_last(txn, TABLE_VERSION, row_key_bytes(&prefix), &key, &value))
		return 0;
	return be64_get(key.ptr + prefix.len);
}

/*
 * PROTOCOL: "The current version of a dataset is the highest valid number; then the shorter token
 * chain; then the smaller record id."
 */
enum err ledger_version_current(struct ledger *ledger, struct txn *txn,
				const struct dataset_id *dataset, uint64_t number,
				struct ledger_version *out, struct bytes *whole)
{
	uint64_t n = number > 0 ? number : number_highest(txn, dataset);

	while (n > 0 && !best_of_number(ledger, txn, dataset, n, out))
		n = number > 0 ? 0 : number_below(txn, dataset, n);
	if (txn_err(txn))
		return txn_err(txn);
	if (n == 0)
		return ERR_ABSENT;
	return whole ? ledger_version_find(txn, dataset, n, out->author, whole) : ERR_OK;
}
