#include "proto/ledger/setdigest.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"

#define LEAF_LEN (8 + ID_LEN)

/* PROTOCOL: "The bucket of a slot is the first byte of `H("am1.slot", slot)`." */
uint8_t setdigest_bucket_of(struct bytes slot)
{
	struct digest digest;

	hash_once(digest.b, "am1.slot", slot);
	return digest.b[0];
}

static struct row_key leaf_key(uint32_t author, uint32_t incarnation, struct bytes slot)
{
	return key_leaf(author, incarnation, setdigest_bucket_of(slot), slot);
}

static bool leaf_get(struct txn *txn, const struct row_key *key, uint64_t *sequence,
		     struct digest *hash)
{
	struct bytes value;

	if (!txn_get(txn, TABLE_LEAF, row_key_bytes(key), &value))
		return false;
	if (value.len != LEAF_LEN) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	*sequence = be64_get(value.ptr);
	memcpy(hash->b, value.ptr + 8, ID_LEN);
	return true;
}

bool setdigest_get(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot,
		   uint64_t *sequence, struct digest *hash)
{
	struct row_key key = leaf_key(author, incarnation, slot);

	return leaf_get(txn, &key, sequence, hash);
}

/* An empty row says so. */
void setdigest_touch(struct txn *txn, uint32_t author, uint32_t incarnation, uint8_t bucket)
{
	struct row_key key = key_bucket(author, incarnation, bucket);
	struct bytes value;

	if (!txn_get(txn, TABLE_BUCKET, row_key_bytes(&key), &value) || value.len > 0)
		txn_put(txn, TABLE_BUCKET, row_key_bytes(&key), bytes_of(NULL, 0));
}

void setdigest_put(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot,
		   uint64_t sequence, const struct digest *hash)
{
	struct row_key key = leaf_key(author, incarnation, slot);
	uint8_t value[LEAF_LEN];

	be64_put(value, sequence);
	memcpy(value + 8, hash->b, ID_LEN);
	txn_put(txn, TABLE_LEAF, row_key_bytes(&key), bytes_obj(&value));
	setdigest_touch(txn, author, incarnation, setdigest_bucket_of(slot));
}

bool setdigest_del(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes slot)
{
	struct row_key key = leaf_key(author, incarnation, slot);

	if (!txn_del(txn, TABLE_LEAF, row_key_bytes(&key)))
		return false;
	setdigest_touch(txn, author, incarnation, setdigest_bucket_of(slot));
	return true;
}

/*
 * PROTOCOL: "A bucket digest is 32 zero bytes when the bucket is empty, otherwise `H("am1.bucket",
 * leaves)` with `leaf = be16 len(slot) ‖ slot ‖ be64 sequence ‖ H("am1.leaf", record with
 * signature)` in rising order of slot (bytewise, the shorter first)."
 */
static void leaf_hash(struct hash *hash, struct bytes slot, uint64_t sequence,
		      const struct digest *digest)
{
	const uint8_t len[2] = {(uint8_t)(slot.len >> 8), (uint8_t)slot.len};

	hash_add(hash, bytes_obj(&len));
	hash_add(hash, slot);
	hash_add_be64(hash, sequence);
	hash_add(hash, id_bytes(digest));
}

void setdigest_bucket_digest(struct digest *out, const struct setdigest_leaf *leaves, size_t count)
{
	struct hash hash;

	*out = (struct digest){{0}};
	if (count == 0)
		return;
	hash_init(&hash, "am1.bucket", NULL, ID_LEN);
	for (size_t i = 0; i < count; i++)
		leaf_hash(&hash, bytes_of(leaves[i].slot, leaves[i].slot_len), leaves[i].sequence,
			  &leaves[i].hash);
	hash_done(&hash, out->b, ID_LEN);
}

void setdigest_leaves(struct txn *txn, uint32_t author, uint32_t incarnation, uint8_t bucket,
		      struct setdigest_leaves *out)
{
	struct row_key prefix = key_bucket(author, incarnation, bucket);
	struct walk walk = walk_begin(txn, TABLE_LEAF, row_key_bytes(&prefix));
	size_t cap = 0;

	*out = (struct setdigest_leaves){0};
	while (walk_next(&walk)) {
		struct bytes slot = bytes_slice(walk.key, prefix.len, walk.key.len);
		if (walk.value.len != LEAF_LEN || slot.len > LIMIT_SLOT_LEN_MAX) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		out->items = mem_room(out->items, out->count, &cap, sizeof(*out->items));
		struct setdigest_leaf *leaf = &out->items[out->count++];
		leaf->slot_len = slot.len;
		memcpy(leaf->slot, slot.ptr, slot.len);
		leaf->sequence = be64_get(walk.value.ptr);
		memcpy(leaf->hash.b, walk.value.ptr + 8, ID_LEN);
	}
}

void setdigest_leaves_fini(struct setdigest_leaves *leaves)
{
	free(leaves->items);
	*leaves = (struct setdigest_leaves){0};
}

static void bucket_hash_again(struct txn *txn, uint32_t author, uint32_t incarnation,
			      uint8_t bucket, struct digest *out)
{
	struct row_key key = key_bucket(author, incarnation, bucket);
	struct setdigest_leaves leaves;

	setdigest_leaves(txn, author, incarnation, bucket, &leaves);
	setdigest_bucket_digest(out, leaves.items, leaves.count);
	if (leaves.count > 0)
		txn_put(txn, TABLE_BUCKET, row_key_bytes(&key), id_bytes(out));
	else
		txn_del(txn, TABLE_BUCKET, row_key_bytes(&key));
	setdigest_leaves_fini(&leaves);
}

void setdigest_buckets(struct txn *txn, uint32_t author, uint32_t incarnation,
		       uint8_t out[SETDIGEST_BUCKETS_LEN])
{
	struct row_key prefix = key_author_incarnation(author, incarnation);
	struct walk walk = walk_begin(txn, TABLE_BUCKET, row_key_bytes(&prefix));
	bool touched[256] = {false};

	memset(out, 0, SETDIGEST_BUCKETS_LEN);
	while (walk_next(&walk)) {
		if (walk.key.len != prefix.len + 1 ||
		    (walk.value.len != ID_LEN && walk.value.len != 0)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		uint8_t bucket = walk.key.ptr[prefix.len];
		touched[bucket] = walk.value.len == 0;
		if (walk.value.len == ID_LEN)
			memcpy(out + bucket * ID_LEN, walk.value.ptr, ID_LEN);
	}
	for (unsigned bucket = 0; bucket < 256; bucket++) {
		struct digest digest;
		if (!touched[bucket])
			continue;
		bucket_hash_again(txn, author, incarnation, (uint8_t)bucket, &digest);
		memcpy(out + bucket * ID_LEN, digest.b, ID_LEN);
	}
}

/* PROTOCOL: "The set digest is `H("am1.set", bucket digests 0 to 255)`." */
void setdigest_root_of(struct digest *out, const uint8_t buckets[SETDIGEST_BUCKETS_LEN])
{
	hash_once(out->b, "am1.set", bytes_of(buckets, SETDIGEST_BUCKETS_LEN));
}

void setdigest_root(struct txn *txn, uint32_t author, uint32_t incarnation, struct digest *out)
{
	uint8_t buckets[SETDIGEST_BUCKETS_LEN];

	setdigest_buckets(txn, author, incarnation, buckets);
	setdigest_root_of(out, buckets);
}
