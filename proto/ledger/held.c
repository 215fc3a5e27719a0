#include "proto/ledger/held.h"

#include <string.h>

#include "proto/ledger/ledger.h"
#include "proto/ledger/standing.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"
#include "store/chunks.h"

struct row_key held_key(const struct version_id *of)
{
	return key_version(&of->dataset, of->number, of->author);
}

bool held_get(struct txn *txn, const struct version_id *of, struct held *held)
{
	struct row_key key = held_key(of);
	struct bytes value;
	if (!txn_get(txn, TABLE_HELD, row_key_bytes(&key), &value))
		return false;
	struct wire_in w = wire_in(value);
	wire_array(&w, 5, 5);
	held->state = (enum held_state)wire_uint(&w, HELD_DAMAGED);
	held->since_ms = (int64_t)wire_uint(&w, INT64_MAX);
	held->bytes = wire_uint(&w, UINT64_MAX);
	held->chunks = wire_uint(&w, UINT64_MAX);
	held->void_hours = (uint32_t)wire_uint(&w, UINT32_MAX);
	return !wire_end(&w);
}

void held_put(struct txn *txn, const struct version_id *of, const struct held *held)
{
	struct row_key key = held_key(of);
	struct buf value;
	buf_init(&value, 64);
	out_array(&value, 5);
	out_uint(&value, held->state);
	out_uint(&value, (uint64_t)held->since_ms);
	out_uint(&value, held->bytes);
	out_uint(&value, held->chunks);
	out_uint(&value, held->void_hours);
	txn_put_row(txn, TABLE_HELD, &key, &value);
	standing_touch(txn, &of->dataset);
}

bool held_drop(struct txn *txn, const struct version_id *of)
{
	struct row_key key = held_key(of);

	if (!txn_del(txn, TABLE_HELD, row_key_bytes(&key)))
		return false;
	standing_touch(txn, &of->dataset);
	return true;
}

bool held_complete(struct txn *txn, const struct version_id *of)
{
	struct held held;
	return held_get(txn, of, &held) && held.state == HELD_COMPLETE;
}

bool held_damaged(struct txn *txn, const struct version_id *of)
{
	struct held held;
	return held_get(txn, of, &held) && held.state == HELD_DAMAGED;
}

bool held_any(struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key prefix = key_dataset(dataset);
	struct walk walk = walk_begin(txn, TABLE_HELD, row_key_bytes(&prefix));
	return walk_next(&walk);
}

void held_of_key(struct version_id *of, struct bytes key)
{
	memcpy(of->dataset.b, key.ptr, ID_LEN);
	of->author = be32_get(key.ptr + ID_LEN);
	of->number = ~be64_get(key.ptr + ID_LEN + 4);
}

uint64_t held_hash(const struct version_id *of)
{
	return be64_get(of->dataset.b) ^ (of->number * 0x9e3779b97f4a7c15u) ^
	       ((uint64_t)of->author << 40);
}

bool held_same(const struct version_id *a, const struct version_id *b)
{
	return a->number == b->number && a->author == b->author && id_eq(&a->dataset, &b->dataset);
}

enum err held_version(struct txn *txn, const struct version_id *of, struct version *version)
{
	struct bytes whole;
	struct record record;
	enum err err = ledger_version_find(txn, &of->dataset, of->number, of->author, &whole);
	if (!err)
		err = record_decode(&record, whole);
	if (!err)
		err = version_decode(version, record.body);
	return err;
}

/* ---- which chunks a version needs ---- */

enum { INDEX_LEN = 4 + 1, SHARE_LEN = 4 + 4 };

bool held_closed(const struct version *version)
{
	return version->tier != TIER_OPEN && version->tier != TIER_MEMBERS;
}

struct held_share held_share(struct txn *txn, const struct dataset_id *dataset,
			     const struct chunk_addr *addr)
{
	struct row_key key = key_chunk(dataset, addr);
	struct bytes value;
	if (!txn_get(txn, TABLE_SHARE, row_key_bytes(&key), &value) || value.len != SHARE_LEN)
		return (struct held_share){0};
	return (struct held_share){.open = be32_get(value.ptr), .closed = be32_get(value.ptr + 4)};
}

static void share_add(struct txn *txn, const struct dataset_id *dataset,
		      const struct chunk_addr *addr, bool closed, int add)
{
	struct held_share share = held_share(txn, dataset, addr);
	struct row_key key = key_chunk(dataset, addr);
	uint32_t *count = closed ? &share.closed : &share.open;
	uint8_t value[SHARE_LEN];
	if (add < 0 && *count == 0)
		return;
	*count += (uint32_t)add;
	be32_put(value, share.open);
	be32_put(value + 4, share.closed);
	if (share.open || share.closed)
		txn_put(txn, TABLE_SHARE, row_key_bytes(&key), bytes_obj(&value));
	else
		txn_del(txn, TABLE_SHARE, row_key_bytes(&key));
}

void held_stage(struct txn *txn, const struct version_id *of, uint64_t job)
{
	struct row_key prefix = held_key(of);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
	struct index_entry entry;

	if (!held_complete(txn, of))
		return;
	while (walk_next(&walk)) {
		memcpy(entry.addr.b, walk.key.ptr + prefix.len, ID_LEN);
		entry.size = be32_get(walk.value.ptr);
		chunks_stage(txn, job, &of->dataset, &entry.addr, entry.size);
	}
}

bool held_index_staged(struct txn *txn, uint64_t job, const struct version_id *of, bool closed,
		       struct index_sum *sum)
{
	struct row_key prefix = key_stage_prefix(job);
	struct walk walk = walk_begin(txn, TABLE_STAGE, row_key_bytes(&prefix));
	struct index_entry entry;

	*sum = (struct index_sum){0};
	while (walk_next(&walk)) {
		memcpy(entry.addr.b, walk.key.ptr + 8 + ID_LEN, ID_LEN);
		entry.size = be32_get(walk.value.ptr);
		sum->count++;
		sum->bytes += entry.size;
		held_index_put(txn, of, &entry, closed);
	}
	return sum->count > 0;
}

void held_index_put(struct txn *txn, const struct version_id *of, const struct index_entry *entry,
		    bool closed)
{
	struct row_key key = key_index(&of->dataset, of->number, of->author, &entry->addr);
	uint8_t value[INDEX_LEN];
	if (txn_has(txn, TABLE_INDEX, row_key_bytes(&key)))
		return;
	be32_put(value, entry->size);
	value[4] = closed;
	txn_put(txn, TABLE_INDEX, row_key_bytes(&key), bytes_obj(&value));
	share_add(txn, &of->dataset, &entry->addr, closed, 1);
}

bool held_index_drop(struct txn *txn, const struct version_id *of)
{
	struct row_key prefix = held_key(of);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
	bool any = false;
	while (walk_next(&walk)) {
		struct chunk_addr addr;
		bool counted = walk.value.len == INDEX_LEN;
		bool closed = counted && walk.value.ptr[4];
		memcpy(addr.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		txn_del(txn, TABLE_INDEX, bytes_of(walk.last, walk.last_len));
		if (counted)
			share_add(txn, &of->dataset, &addr, closed, -1);
		any = true;
	}
	return any;
}

bool held_copy(struct txn *txn, const struct version_id *from, const struct version_id *to,
	       bool closed)
{
	struct row_key prefix = held_key(from);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
	struct held held;

	if (!held_complete(txn, from) || !held_get(txn, from, &held) || held_complete(txn, to))
		return false;
	while (walk_next(&walk)) {
		struct index_entry entry = {.size = be32_get(walk.value.ptr)};
		memcpy(entry.addr.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		held_index_put(txn, to, &entry, closed);
	}
	held_put(txn, to, &held);
	return true;
}
