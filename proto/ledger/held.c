#include "proto/ledger/held.h"

#include <string.h>

#include "proto/ledger/ledger.h"
#include "proto/wire/wire_in.h"
#include "proto/wire/wire_out.h"

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
	wire_array(&w, 4, 4);
	held->state = (enum held_state)wire_uint(&w, HELD_DAMAGED);
	held->time_ms = (int64_t)wire_uint(&w, INT64_MAX);
	held->bytes = wire_uint(&w, UINT64_MAX);
	held->chunks = wire_uint(&w, UINT64_MAX);
	return !wire_end(&w);
}

void held_put(struct txn *txn, const struct version_id *of, const struct held *held)
{
	struct row_key key = held_key(of);
	struct buf value;
	buf_init(&value, 64);
	out_array(&value, 4);
	out_uint(&value, held->state);
	out_uint(&value, (uint64_t)held->time_ms);
	out_uint(&value, held->bytes);
	out_uint(&value, held->chunks);
	txn_put_row(txn, TABLE_HELD, &key, &value);
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

void held_of_key(struct version_id *of, struct bytes key)
{
	memcpy(of->dataset.b, key.ptr, ID_LEN);
	of->number = be64_get(key.ptr + ID_LEN);
	of->author = be32_get(key.ptr + ID_LEN + 8);
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

void held_index_drop(struct txn *txn, const struct version_id *of)
{
	struct row_key prefix = held_key(of);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
	while (walk_next(&walk)) {
		uint8_t key[KEY_LEN_MAX];
		size_t len = walk.key.len;
		memcpy(key, walk.key.ptr, len);
		txn_del(txn, TABLE_INDEX, bytes_of(key, len));
	}
}
