/*
 * The stored records, and the rows by which they are found: SLOT for all kinds that are known but
 * versions, VERSION and PATH for these.
 *
 * A slot begins with its kind, so one table, slot and author to place, answers "which tokens are
 * there", "who has voted for number 7", "which wraps are for us".
 */
#include "proto/ledger/ledger_internal.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/path.h"
#include "proto/ledger/held.h"
#include "proto/ledger/standing.h"
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

/* What is withdrawn may not be there any more, or be again. */
static void slot_touch(struct txn *txn, const struct record *record)
{
	struct dataset_id dataset;

	if (record->kind != RECORD_WITHDRAWAL || record->slot.len < 1 + ID_LEN)
		return;
	memcpy(dataset.b, record->slot.ptr + 1, ID_LEN);
	standing_touch(txn, &dataset);
}

void ledger_slot_link(struct txn *txn, const struct record *record)
{
	uint8_t place[PLACE_LEN];

	if (!is_indexed(record))
		return;
	slot_touch(txn, record);
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
	slot_touch(txn, record);
	struct row_key key = key_slot(record->slot, record->author);
	/* Another record may have taken its place. */
	if (txn_get(txn, TABLE_SLOT, row_key_bytes(&key), &place) && place.len == PLACE_LEN &&
	    be32_get(place.ptr) == record->incarnation &&
	    be64_get(place.ptr + 4) == record->sequence)
		txn_del(txn, TABLE_SLOT, row_key_bytes(&key));
}

/* ---- versions ---- */

static struct row_key news_version_key(const struct ledger_news *news)
{
	return key_version(&news->dataset, news->number, news->author);
}

/*
 * A row of VERSION has what a verdict looks at, so that the record need not be read for it:
 * incarnation(4) sequence(8) tier(1) fits(1) owner(4) mark(4), and the grant(32) if there is one.
 * The owner is the member to whom the slug belonged when the row was made (0: nobody yet), the mark
 * a part of a hash of its organisation and slug, by which it is seen when the charter has changed
 * under the row, as it is when the slug was given to another; it fits when the dataset id is that
 * of owner and path.
 */
enum { ROW_LEN = PLACE_LEN + 1 + 1 + 4 + 4 };

static uint32_t owner_mark(const struct charter_member *owner)
{
	struct hash hash;
	uint8_t digest[ID_LEN];

	hash_init(&hash, "am1.owner", NULL, ID_LEN);
	hash_add(&hash, id_bytes(&owner->org));
	hash_add(&hash, bytes_str(owner->home));
	hash_done(&hash, digest, ID_LEN);
	return be32_get(digest);
}

/* Whether the dataset id is that of the owner and the path. *owner: NULL when there is none. */
static bool dataset_fits(const struct ledger *ledger, struct bytes path,
			 const struct dataset_id *dataset, const struct charter_member **owner)
{
	struct dataset_id fits;

	*owner = charter_by_slug(ledger->charter, path_slug(path));
	if (!*owner)
		return false;
	path_dataset_id(&fits, &(*owner)->org, path);
	return id_eq(&fits, dataset);
}

static uint32_t version_row_put(const struct ledger *ledger, struct txn *txn,
				const struct row_key *key, const struct ledger_news *news,
				const struct version *version)
{
	const struct charter_member *owner;
	bool fits = dataset_fits(ledger, version->path, &news->dataset, &owner);
	uint8_t row[ROW_LEN + ID_LEN];

	be32_put(row, news->incarnation);
	be64_put(row + 4, news->sequence);
	row[PLACE_LEN] = (uint8_t)version->tier;
	row[PLACE_LEN + 1] = fits;
	be32_put(row + PLACE_LEN + 2, owner ? owner->number : 0);
	be32_put(row + PLACE_LEN + 6, owner ? owner_mark(owner) : 0);
	if (version->has_grant)
		memcpy(row + ROW_LEN, version->grant.b, ID_LEN);
	txn_put(txn, TABLE_VERSION, row_key_bytes(key),
		bytes_of(row, version->has_grant ? sizeof(row) : ROW_LEN));
	return fits ? owner->number : 0;
}

static bool version_row_get(struct txn *txn, const struct row_key *key, struct bytes row,
			    struct ledger_version *out)
{
	struct version_id of;

	if (row.len != ROW_LEN && row.len != ROW_LEN + ID_LEN) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	held_of_key(&of, row_key_bytes(key));
	*out = (struct ledger_version){
		.dataset = of.dataset,
		.number = of.number,
		.author = of.author,
		.incarnation = be32_get(row.ptr),
		.sequence = be64_get(row.ptr + 4),
		.tier = (enum tier)row.ptr[PLACE_LEN],
		.has_grant = row.len > ROW_LEN,
	};
	if (out->has_grant)
		memcpy(out->grant.b, row.ptr + ROW_LEN, ID_LEN);
	return true;
}

bool ledger_version_get(struct txn *txn, const struct version_id *of, struct ledger_version *out)
{
	struct row_key key = held_key(of);
	struct bytes row;

	return txn_get(txn, TABLE_VERSION, row_key_bytes(&key), &row) &&
	       version_row_get(txn, &key, row, out);
}

uint32_t ledger_version_owner(const struct ledger *ledger, struct txn *txn,
			      const struct ledger_version *of)
{
	struct row_key key = key_version(&of->dataset, of->number, of->author);
	const struct charter_member *owner;
	struct version version;
	struct record record;
	struct bytes row, whole;

	if (!txn_get(txn, TABLE_VERSION, row_key_bytes(&key), &row) || row.len < ROW_LEN)
		return 0;
	owner = charter_member(ledger->charter, be32_get(row.ptr + PLACE_LEN + 2));
	if (owner && owner_mark(owner) == be32_get(row.ptr + PLACE_LEN + 6) &&
	    charter_by_slug(ledger->charter, bytes_str(owner->home)) == owner)
		return row.ptr[PLACE_LEN + 1] ? owner->number : 0;
	if (!ledger_record(txn, of->author, of->incarnation, of->sequence, &whole) ||
	    record_decode(&record, whole) || version_decode(&version, record.body) ||
	    !dataset_fits(ledger, version.path, &of->dataset, &owner))
		return 0;
	return owner->number;
}

bool ledger_version_below(struct txn *txn, const struct dataset_id *dataset, uint32_t author,
			  uint64_t below, struct ledger_version *out)
{
	struct row_key at = key_version(dataset, below, author);
	const struct bytes prefix = bytes_of(at.b, ID_LEN + 4);
	struct walk walk =
		below ? walk_begin_at(txn, TABLE_VERSION, prefix, row_key_bytes(&at), false)
		      : walk_begin(txn, TABLE_VERSION, prefix);
	struct row_key key = {.len = at.len};

	if (!walk_next(&walk))
		return false;
	memcpy(key.b, walk.key.ptr, key.len);
	return version_row_get(txn, &key, walk.value, out);
}

bool ledger_version_author(struct txn *txn, const struct dataset_id *dataset, uint32_t *author)
{
	struct row_key prefix = key_dataset(dataset);
	struct row_key at = key_version(dataset, 0, *author); /* its last row, or behind it */
	struct walk walk = walk_begin_at(txn, TABLE_VERSION, row_key_bytes(&prefix),
					 row_key_bytes(&at), false);

	if (!walk_next(&walk))
		return false;
	*author = be32_get(walk.key.ptr + ID_LEN);
	return true;
}

/* Where the record of a version is. */
static bool place_get(struct txn *txn, const struct row_key *key, uint32_t *incarnation,
		      uint64_t *sequence)
{
	struct ledger_version of;
	struct bytes row;

	if (!txn_get(txn, TABLE_VERSION, row_key_bytes(key), &row) ||
	    !version_row_get(txn, key, row, &of))
		return false;
	*incarnation = of.incarnation;
	*sequence = of.sequence;
	return true;
}

/* Which chunks a version needs, and that they are here, is true of one record only. */
static void holding_drop(struct txn *txn, const struct row_key *key)
{
	struct version_id of;

	held_of_key(&of, row_key_bytes(key));
	const bool held = held_drop(txn, &of);
	if (held_index_drop(txn, &of) || held)
		chunks_sweep_later(txn, &of.dataset);
}

/*
 * Which dataset a path is. Anybody may write a version of any path and any dataset: what fits what
 * the charter says takes the place of what does not, and never the other way round.
 */
static void path_link(const struct ledger *ledger, struct txn *txn, struct bytes text,
		      const struct dataset_id *dataset)
{
	struct row_key path = key_text(text);
	const struct charter_member *owner;
	struct bytes known;

	if (txn_get(txn, TABLE_PATH, row_key_bytes(&path), &known) &&
	    (bytes_eq(known, id_bytes(dataset)) || !dataset_fits(ledger, text, dataset, &owner)))
		return;
	txn_put(txn, TABLE_PATH, row_key_bytes(&path), id_bytes(dataset));
}

static void path_unlink(struct txn *txn, struct bytes text, const struct dataset_id *dataset)
{
	struct row_key path = key_text(text), prefix = key_dataset(dataset);
	struct bytes known, left, ignored;

	if (!walk_last(txn, TABLE_VERSION, row_key_bytes(&prefix), &left, &ignored) &&
	    txn_get(txn, TABLE_PATH, row_key_bytes(&path), &known) &&
	    bytes_eq(known, id_bytes(dataset)))
		txn_del(txn, TABLE_PATH, row_key_bytes(&path));
}

uint32_t ledger_version_link(const struct ledger *ledger, struct txn *txn,
			     const struct record *record, const struct ledger_news *news,
			     const struct version *version)
{
	struct row_key key = news_version_key(news);
	struct record before;
	struct bytes whole;
	uint32_t incarnation;
	uint64_t sequence;

	if (place_get(txn, &key, &incarnation, &sequence) &&
	    ledger_record(txn, news->author, incarnation, sequence, &whole) &&
	    !record_decode(&before, whole) && !bytes_eq(before.body, record->body))
		holding_drop(txn, &key);
	const uint32_t owner = version_row_put(ledger, txn, &key, news, version);
	path_link(ledger, txn, version->path, &news->dataset);
	return owner;
}

void ledger_version_unlink(struct txn *txn, const struct record *record)
{
	struct ledger_news news = {.author = record->author};
	struct version version;
	unsigned flags;
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
	txn_del(txn, TABLE_VERSION, row_key_bytes(&key));
	holding_drop(txn, &key);
	path_unlink(txn, version.path, &news.dataset);
	if (standing_get(txn, &news.dataset, &flags))
		standing_touch(txn, &news.dataset);
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
