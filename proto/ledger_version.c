#include "proto/held.h"
#include "proto/ledger_internal.h"
#include "proto/version.h"
#include "proto/withdrawal_body.h"
#include "store/chunks.h"

#include <string.h>

#define PLACE_LEN (4 + 8)

static struct row_key version_key(const struct ledger_news *news)
{
	return key_version(&news->dataset, news->number, news->author);
}

/* Where the record of a version is. */
static bool place_get(struct txn *txn, const struct row_key *key, uint32_t *incarnation,
		      uint64_t *sequence)
{
	struct bytes place;

	if (!txn_get(txn, TABLE_VERSION, row_key_bytes(key), &place))
		return false;
	if (place.len != PLACE_LEN) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	*incarnation = be32_get(place.ptr);
	*sequence = be64_get(place.ptr + 4);
	return true;
}

/* Which chunks a version needs, and that they are here, is true of one record only. */
static void holding_drop(struct txn *txn, const struct row_key *key)
{
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(key));
	struct dataset_id dataset;
	bool any = txn_del(txn, TABLE_HELD, row_key_bytes(key));

	while (walk_next(&walk)) {
		txn_del(txn, TABLE_INDEX, bytes_of(walk.last, walk.last_len));
		any = true;
	}
	memcpy(dataset.b, key->b, ID_LEN);
	if (any)
		chunks_sweep_later(txn, &dataset);
}

void ledger_version_link(struct txn *txn, const struct record *record,
			 const struct ledger_news *news)
{
	struct row_key key = version_key(news), path;
	uint8_t place[PLACE_LEN];
	struct version version;
	struct record before;
	struct bytes whole;
	uint32_t incarnation;
	uint64_t sequence;

	if (version_decode(&version, record->body))
		return;
	if (place_get(txn, &key, &incarnation, &sequence) &&
	    ledger_record(txn, news->author, incarnation, sequence, &whole) &&
	    !record_decode(&before, whole) && !bytes_eq(before.body, record->body))
		holding_drop(txn, &key);
	be32_put(place, news->incarnation);
	be64_put(place + 4, news->sequence);
	txn_put(txn, TABLE_VERSION, row_key_bytes(&key), bytes_obj(&place));
	path = key_text(version.path);
	if (!txn_has(txn, TABLE_PATH, row_key_bytes(&path)))
		txn_put(txn, TABLE_PATH, row_key_bytes(&path), id_bytes(&news->dataset));
}

void ledger_version_unlink(struct txn *txn, const struct record *record)
{
	struct ledger_news news = {.author = record->author};
	struct version version;
	struct bytes left, ignored;
	uint32_t incarnation;
	uint64_t sequence;

	if (record->kind != RECORD_VERSION || version_decode(&version, record->body) ||
	    version_slot_get(record->slot, &news.dataset, &news.number))
		return;
	struct row_key key = version_key(&news);
	/* Another record may have taken its place. */
	if (!place_get(txn, &key, &incarnation, &sequence) || incarnation != record->incarnation ||
	    sequence != record->sequence)
		return;
	struct row_key path = key_text(version.path), dataset = key_dataset(&news.dataset);
	txn_del(txn, TABLE_VERSION, row_key_bytes(&key));
	holding_drop(txn, &key);
	if (!walk_last(txn, TABLE_VERSION, row_key_bytes(&dataset), &left, &ignored))
		txn_del(txn, TABLE_PATH, row_key_bytes(&path));
}

enum err ledger_version_find(struct txn *txn, const struct dataset_id *dataset, uint64_t number,
			     uint32_t author, struct bytes *whole)
{
	struct row_key key = key_version(dataset, number, author);
	uint32_t incarnation;
	uint64_t sequence;

	if (place_get(txn, &key, &incarnation, &sequence) &&
	    ledger_record(txn, author, incarnation, sequence, whole))
		return ERR_OK;
	return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
}

/* PROTOCOL: "A withdrawal says that its author has dropped its versions of the dataset up to `number`" */
static bool withdrawn(struct ledger *ledger, struct txn *txn, const struct dataset_id *dataset,
		      uint64_t number, uint32_t author)
{
	struct record_slot slot = record_slot_of(RECORD_WITHDRAWAL, id_bytes(dataset));
	struct withdrawal withdrawal;
	struct record record;

	return ledger_slot(ledger, txn, record_slot_bytes(&slot), author, &record) == ERR_OK &&
	       withdrawal_get(&withdrawal, record.body) == ERR_OK && withdrawal.number >= number;
}

/*
 * Versions of authors who may publish, and of former members those that are here: for as long as they
 * are held they can be read.
 */
static bool is_listed(struct ledger *ledger, struct txn *txn, const struct dataset_id *dataset,
		      uint64_t number, uint32_t author)
{
	const struct charter_member *member =
		charter_member(ledger->charter, author_member(author));
	const struct message_version of = {*dataset, number, author};

	if (member && !charter_is_present(member))
		return held_complete(txn, &of);
	return ledger_may_publish(ledger, txn, author);
}

/* The best version of one number. Record ids differ always, as their payloads do. */
static bool best_of_number(struct ledger *ledger, struct txn *txn, const struct dataset_id *dataset,
			   uint64_t number, struct ledger_version *out)
{
	struct row_key prefix = key_version(dataset, number, 0);
	struct walk walk = walk_begin(txn, TABLE_VERSION, bytes_of(prefix.b, prefix.len - 4));
	struct record_id id, best = {{0}};
	bool found = false;

	while (walk_next(&walk)) {
		uint32_t author = be32_get(walk.key.ptr + prefix.len - 4);
		struct record record;
		struct bytes whole;
		if (!is_listed(ledger, txn, dataset, number, author) ||
		    withdrawn(ledger, txn, dataset, number, author) ||
		    ledger_version_find(txn, dataset, number, author, &whole) ||
		    record_decode(&record, whole))
			continue;
		record_id(&id, &record);
		if (found && bytes_cmp(id_bytes(&id), id_bytes(&best)) > 0)
			continue;
		found = true;
		best = id;
		*out = (struct ledger_version){.dataset = *dataset,
					       .number = number,
					       .author = author,
					       .incarnation = record.incarnation,
					       .sequence = record.sequence};
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
