/*
 * The stored records, and the rows by which they are found: SLOT for all kinds that are known but
 * versions, VERSION and PATH for these.
 *
 * A slot begins with its kind, so one table, slot and author to place, answers "which tokens are
 * there", "who has voted for number 7", "which wraps are for us".
 */
#include "proto/ledger/ledger_internal.h"

#include <string.h>

#include "proto/ledger/held.h"
#include "store/chunks.h"

enum { PLACE_LEN = 4 + 8 };

bool ledger_record(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t sequence,
		   struct bytes *whole)
{
	struct row_key key = key_record(author, incarnation, sequence);

	return txn_get(txn, TABLE_RECORD, row_key_bytes(&key), whole);
}

/* ---- slots ---- */

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

void ledger_slots_rebuild(struct txn *txn)
{
#define X(name, number) number,
	static const uint8_t known[] = {RECORD_KIND_LIST(X)};
#undef X
	struct row_key done = key_name("slots");
	struct record record;
	struct bytes indexed;

	if (txn_get(txn, TABLE_META, row_key_bytes(&done), &indexed) &&
	    bytes_eq(indexed, bytes_obj(&known)))
		return;
	struct walk walk = walk_begin(txn, TABLE_RECORD, bytes_of(NULL, 0));
	while (walk_next(&walk)) /* of one author in rising order, so the newest comes last */
		if (!record_decode(&record, walk.value))
			ledger_slot_link(txn, &record);
	txn_put(txn, TABLE_META, row_key_bytes(&done), bytes_obj(&known));
}

/* ---- versions ---- */

static struct row_key news_version_key(const struct ledger_news *news)
{
	return key_version(&news->dataset, news->number, news->author);
}

bool ledger_place_get(struct txn *txn, struct bytes place, uint32_t *incarnation,
		      uint64_t *sequence)
{
	if (place.len != PLACE_LEN) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	*incarnation = be32_get(place.ptr);
	*sequence = be64_get(place.ptr + 4);
	return true;
}

/* Where the record of a version is. */
static bool place_get(struct txn *txn, const struct row_key *key, uint32_t *incarnation,
		      uint64_t *sequence)
{
	struct bytes place;

	return txn_get(txn, TABLE_VERSION, row_key_bytes(key), &place) &&
	       ledger_place_get(txn, place, incarnation, sequence);
}

/* Which chunks a version needs, and that they are here, is true of one record only. */
static void holding_drop(struct txn *txn, const struct row_key *key)
{
	struct version_id of;
	bool held = txn_del(txn, TABLE_HELD, row_key_bytes(key));

	held_of_key(&of, row_key_bytes(key));
	if (held_index_drop(txn, &of) || held)
		chunks_sweep_later(txn, &of.dataset);
}

void ledger_version_link(struct txn *txn, const struct record *record,
			 const struct ledger_news *news, const struct version *version)
{
	struct row_key key = news_version_key(news), path;
	uint8_t place[PLACE_LEN];
	struct record before;
	struct bytes whole;
	uint32_t incarnation;
	uint64_t sequence;

	if (place_get(txn, &key, &incarnation, &sequence) &&
	    ledger_record(txn, news->author, incarnation, sequence, &whole) &&
	    !record_decode(&before, whole) && !bytes_eq(before.body, record->body))
		holding_drop(txn, &key);
	be32_put(place, news->incarnation);
	be64_put(place + 4, news->sequence);
	txn_put(txn, TABLE_VERSION, row_key_bytes(&key), bytes_obj(&place));
	path = key_text(version->path);
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
	struct row_key key = news_version_key(&news);
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
