#include "proto/rights/epoch_rows.h"

#include <string.h>

#include "crypto/hash.h"
#include "crypto/path.h"
#include "proto/rights/epoch_due.h"

enum {
	ROW_LEN = 8 * (4 + EPOCH_CAUSES + EPOCH_SLOW_MAX),
	WRAPPED_KEY_LEN = 4 + ID_LEN + ID_LEN + WRAP_KEY_ID_LEN,
	WRAPPED_LEN = 9
};

static struct digest prefix_hash(struct bytes prefix)
{
	struct digest digest;

	hash_once(digest.b, "am1.prefix", prefix);
	return digest;
}

/* ---- rows of EPOCH ---- */

void epoch_row_get(struct txn *txn, uint32_t owner, struct bytes prefix, struct epoch_row *out)
{
	struct digest hash = prefix_hash(prefix);
	struct row_key key = key_epoch(owner, &hash);
	struct bytes value;
	const uint8_t *at;

	*out = (struct epoch_row){.number = 0};
	if (!txn_get(txn, TABLE_EPOCH, row_key_bytes(&key), &value))
		return;
	if (value.len != ROW_LEN) {
		txn_fail(txn, ERR_CORRUPT);
		return;
	}
	at = value.ptr;
	out->number = be64_get(at);
	out->named = be64_get(at + 8);
	out->seen_ms = (int64_t)be64_get(at + 16);
	out->strangers = be64_get(at + 24);
	at += 32;
	for (size_t i = 0; i < EPOCH_CAUSES; i++, at += 8)
		out->cause_ms[i] = (int64_t)be64_get(at);
	for (size_t i = 0; i < EPOCH_SLOW_MAX; i++, at += 8)
		out->slow_ms[i] = (int64_t)be64_get(at);
}

void epoch_row_put(struct txn *txn, uint32_t owner, struct bytes prefix,
		   const struct epoch_row *row)
{
	struct digest hash = prefix_hash(prefix);
	struct row_key key = key_epoch(owner, &hash);
	struct buf value;

	buf_init(&value, ROW_LEN);
	buf_add_be64(&value, row->number);
	buf_add_be64(&value, row->named);
	buf_add_be64(&value, (uint64_t)row->seen_ms);
	buf_add_be64(&value, row->strangers);
	for (size_t i = 0; i < EPOCH_CAUSES; i++)
		buf_add_be64(&value, (uint64_t)row->cause_ms[i]);
	for (size_t i = 0; i < EPOCH_SLOW_MAX; i++)
		buf_add_be64(&value, (uint64_t)row->slow_ms[i]);
	txn_put_row(txn, TABLE_EPOCH, &key, &value);
}

/* ---- rows of WRAPPED ---- */

struct walk wrapped_walk(struct txn *txn, uint32_t owner, struct bytes prefix)
{
	struct digest hash = prefix_hash(prefix);
	struct row_key key = key_epoch(owner, &hash);

	return walk_begin(txn, TABLE_WRAPPED, row_key_bytes(&key));
}

bool wrapped_next(struct walk *walk, struct wrapped_row *out)
{
	while (walk_next(walk)) {
		if (walk->key.len != WRAPPED_KEY_LEN || walk->value.len != WRAPPED_LEN)
			continue;
		memcpy(out->reader.b, walk->key.ptr + 4 + ID_LEN, ID_LEN);
		memcpy(out->key.b, walk->key.ptr + 4 + 2 * ID_LEN, WRAP_KEY_ID_LEN);
		out->seen_ms = (int64_t)be64_get(walk->value.ptr);
		out->read = walk->value.ptr[8] != 0;
		return true;
	}
	return false;
}

static void wrapped_put(struct txn *txn, const struct row_key *key, int64_t seen_ms, bool read)
{
	uint8_t value[WRAPPED_LEN];

	be64_put(value, (uint64_t)seen_ms);
	value[8] = read;
	txn_put(txn, TABLE_WRAPPED, row_key_bytes(key), bytes_obj(&value));
}

void wrapped_read(struct txn *txn, uint32_t owner, struct bytes prefix,
		  const struct wrapped_row *row, int64_t now_ms)
{
	struct digest hash = prefix_hash(prefix);
	struct row_key key = key_wrapped(owner, &hash, &row->reader, row->key.b);

	wrapped_put(txn, &key, now_ms, true);
}

static void wrapped_drop(struct txn *txn, uint32_t owner, struct bytes prefix)
{
	struct walk walk = wrapped_walk(txn, owner, prefix);

	while (walk_next(&walk))
		txn_del(txn, TABLE_WRAPPED, bytes_of(walk.last, walk.last_len));
}

/* Whether there is room for one more key of this reader. */
static bool key_has_room(struct txn *txn, const struct row_key *key)
{
	struct walk walk =
		walk_begin(txn, TABLE_WRAPPED, bytes_of(key->b, WRAPPED_KEY_LEN - WRAP_KEY_ID_LEN));
	unsigned count = 0;

	while (walk_next(&walk))
		count++;
	return count < EPOCH_READER_KEYS_MAX;
}

/* PROTOCOL: "by a node of the owner or of an organisation that reads at Q" */
static bool giver_counts(struct hub *hub, struct txn *txn, uint32_t owner, uint32_t author,
			 struct bytes prefix)
{
	const struct charter_member *giver = hub_author_member(hub, author);

	return giver && (giver->number == owner ||
			 epoch_reads(hub, txn, &giver->org, prefix, hub->judge_ms));
}

/* One wrap of the latest epoch. */
static void wrap_note(struct hub *hub, struct txn *txn, uint32_t owner, struct epoch_row *row,
		      uint32_t author, const struct keywrap *wrap)
{
	struct digest hash = prefix_hash(wrap->prefix);
	struct row_key key = key_wrapped(owner, &hash, &wrap->grantee, wrap->key.b);

	if (!giver_counts(hub, txn, owner, author, wrap->prefix) ||
	    txn_has(txn, TABLE_WRAPPED, row_key_bytes(&key)))
		return;
	bool read = epoch_reads(hub, txn, &wrap->grantee, wrap->prefix, hub->judge_ms);
	if (read ? key_has_room(txn, &key) : row->strangers < EPOCH_STRANGERS_MAX)
		wrapped_put(txn, &key, hub->wall_ms, read);
	else if (row->cause_ms[EPOCH_CAUSE_SLOW] == 0)
		row->cause_ms[EPOCH_CAUSE_SLOW] = hub->wall_ms;
	row->strangers += !read;
}

/* ---- what comes ---- */

static uint32_t owner_of(const struct hub *hub, struct bytes prefix)
{
	const struct charter_member *owner = charter_by_slug(&hub->charter, path_slug(prefix));

	return owner && charter_is_present(owner) ? owner->number : 0;
}

static bool is_far_ahead(uint64_t number, uint64_t counts)
{
	return number > counts && number - counts > EPOCH_NAMED_AHEAD_MAX;
}

static void named_raise(struct epoch_row *row, uint64_t number)
{
	if (number > row->named && !is_far_ahead(number, row->number))
		row->named = number;
}

/* Key records name numbers, whoever made them. */
static void keys_scan(struct txn *txn, struct bytes prefix, struct epoch_row *row)
{
	struct record_slot slot = record_slot_key(prefix, 0);
	struct walk walk =
		walk_begin(txn, TABLE_SLOT, bytes_slice(record_slot_bytes(&slot), 0, slot.len - 8));

	while (walk_next(&walk))
		if (walk.key.len == slot.len + 4)
			named_raise(row, be64_get(walk.key.ptr + slot.len - 8));
}

/* Wraps that came before their epoch, or before rows were kept of it. */
static void wraps_scan(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix,
		       struct epoch_row *row)
{
	struct record record;
	struct keywrap wrap;

	for (uint32_t n = 1; n <= hub->charter.member_count; n++) {
		struct record_slot slot =
			record_slot_wrap(&charter_member(&hub->charter, n)->org, prefix);
		struct ledger_slots slots =
			ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
		while (ledger_slots_next(&slots, &record)) {
			if (keywrap_get(&wrap, record.body))
				continue;
			named_raise(row, wrap.number);
			if (wrap.number == row->number)
				wrap_note(hub, txn, owner, row, record.author, &wrap);
		}
	}
}

bool epoch_seen(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix,
		uint64_t number)
{
	struct epoch_row row;

	epoch_row_get(txn, owner, prefix, &row);
	if (number <= row.number)
		return false;
	wrapped_drop(txn, owner, prefix);
	row.number = number;
	row.seen_ms = hub->wall_ms;
	row.strangers = 0;
	memset(row.cause_ms, 0, sizeof(row.cause_ms));
	if (row.named < number || is_far_ahead(row.named, number))
		row.named = number;
	keys_scan(txn, prefix, &row);
	wraps_scan(hub, txn, owner, prefix, &row);
	epoch_row_put(txn, owner, prefix, &row);
	return true;
}

void epoch_wrap_seen(struct hub *hub, struct txn *txn, uint32_t author, const struct keywrap *wrap)
{
	uint32_t owner = wrap->prefix.len ? owner_of(hub, wrap->prefix) : 0;
	struct epoch_row row;

	if (owner == 0)
		return;
	epoch_row_get(txn, owner, wrap->prefix, &row);
	if (row.number == 0)
		return;
	named_raise(&row, wrap->number);
	if (wrap->number == row.number)
		wrap_note(hub, txn, owner, &row, author, wrap);
	epoch_row_put(txn, owner, wrap->prefix, &row);
}

void epoch_name_seen(struct hub *hub, struct txn *txn, struct bytes prefix, uint64_t number)
{
	uint32_t owner = owner_of(hub, prefix);
	struct epoch_row row;

	if (owner == 0 || owner != author_member(hub->author))
		return;
	epoch_row_get(txn, owner, prefix, &row);
	if (row.number == 0 || number <= row.named)
		return;
	named_raise(&row, number);
	epoch_row_put(txn, owner, prefix, &row);
}

/* Of a path that has no row: whatever wraps are here say. */
uint64_t epoch_named(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix,
		     uint64_t counts)
{
	struct epoch_row row;

	epoch_row_get(txn, owner, prefix, &row);
	if (row.number == 0) {
		row = (struct epoch_row){.number = counts};
		keys_scan(txn, prefix, &row);
		wraps_scan(hub, txn, owner, prefix, &row);
		wrapped_drop(txn, owner, prefix);
	}
	return row.named;
}
