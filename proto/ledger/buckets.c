#include "proto/ledger/ledger_internal.h"

/* Only the latest head has the word. */
static enum err head_is(struct ledger *ledger, struct txn *txn, uint32_t author,
			uint32_t incarnation, uint64_t counter, struct author_state *state)
{
	enum err err = ledger_state(ledger, txn, author, state);

	if (err)
		return err;
	if (state->counter == 0 || state->incarnation != incarnation || state->counter != counter)
		return ERR_AGAIN;
	return ERR_OK;
}

enum err ledger_buckets_check(struct ledger *ledger, struct txn *txn, uint32_t author,
			      uint32_t incarnation, uint64_t counter,
			      const uint8_t buckets[SETDIGEST_BUCKETS_LEN])
{
	struct author_state state;
	struct digest root;
	enum err err = head_is(ledger, txn, author, incarnation, counter, &state);

	if (err)
		return err;
	setdigest_root_of(&root, buckets);
	return id_eq(&root, &state.head_set) ? ERR_OK : ERR_DENIED;
}

static struct bytes leaf_slot(const struct setdigest_leaf *leaf)
{
	return bytes_of(leaf->slot, leaf->slot_len);
}

static enum err leaves_check(uint8_t bucket, const struct digest *digest,
			     const struct setdigest_leaves *leaves)
{
	struct digest found;

	setdigest_bucket_digest(&found, leaves->items, leaves->count);
	if (!id_eq(&found, digest))
		return ERR_DENIED;
	/* The author has signed this; it may still be nonsense. */
	for (size_t i = 0; i < leaves->count; i++) {
		struct bytes slot = leaf_slot(&leaves->items[i]);
		if (setdigest_bucket_of(slot) != bucket ||
		    (i > 0 && bytes_cmp(leaf_slot(&leaves->items[i - 1]), slot) >= 0))
			return ERR_DENIED;
	}
	return ERR_OK;
}

/* -1: the slot is only in mine; 1: only in theirs; 0: in both. */
static int compare(const struct setdigest_leaves *mine, size_t i,
		   const struct setdigest_leaves *theirs, size_t k)
{
	if (i == mine->count)
		return 1;
	if (k == theirs->count)
		return -1;
	return bytes_cmp(leaf_slot(&mine->items[i]), leaf_slot(&theirs->items[k]));
}

/*
 * Deletes a leaf of ours that is not in the set, unless it is newer than the head. Of the own
 * author, when this store is an old copy, what others have seen in a slot stays.
 */
static bool leaf_drop(struct ledger *ledger, struct txn *txn, const struct author_state *state,
		      const struct setdigest_leaf *leaf, bool slot_in_set)
{
	bool gives_way = slot_in_set && ledger->own_behind && state->author == ledger->own_author;

	if (leaf->sequence > state->head_last_sequence && !gives_way)
		return false;
	ledger_record_drop(ledger, txn, state->author, state->incarnation, leaf->sequence);
	return true;
}

enum err ledger_reconcile_bucket(struct ledger *ledger, struct txn *txn, uint32_t author,
				 uint32_t incarnation, uint64_t counter, uint8_t bucket,
				 const struct digest *digest, const struct setdigest_leaves *leaves,
				 struct buf *missing)
{
	struct setdigest_leaves mine;
	struct author_state state;
	enum err err = head_is(ledger, txn, author, incarnation, counter, &state);

	if (!err)
		err = leaves_check(bucket, digest, leaves);
	if (err)
		return err;
	setdigest_leaves(txn, author, incarnation, bucket, &mine);
	for (size_t i = 0, k = 0; i < mine.count || k < leaves->count;) {
		int order = compare(&mine, i, leaves, k);
		bool wanted = order >= 0;
		if (order == 0 && mine.items[i].sequence == leaves->items[k].sequence &&
		    id_eq(&mine.items[i].hash, &leaves->items[k].hash))
			wanted = false;
		else if (order <= 0)
			wanted = leaf_drop(ledger, txn, &state, &mine.items[i], order == 0) &&
				 order == 0;
		if (wanted)
			buf_add_be64(missing, leaves->items[k].sequence);
		i += order <= 0;
		k += order >= 0;
	}
	setdigest_leaves_fini(&mine);
	return txn_err(txn) ? txn_err(txn) : missing->err;
}
