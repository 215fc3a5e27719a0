#include "proto/ledger/ledger_internal.h"

#include <stdlib.h>

#include "crypto/check.h"

/*
 * First the records, in order of sequence: each has its leaf, and the leaf its hash. Then the
 * leaves, page by page: each has its record, and the page is one of the set. Last the state.
 * What is wrong is set right or taken out; what was taken out makes the author partial, and comes
 * back by reconciliation.
 */

enum { STEP_RECORDS, STEP_LEAVES, STEP_STATE, STEP_DONE };

static void fault(struct ledger *ledger, struct txn *txn, struct ledger_recount *at)
{
	struct ledger_touched *touched = ledger_touch(ledger, txn, at->author);

	at->faults++;
	if (touched)
		touched->dirty = true;
}

/* The highest incarnation of which there is something; 0: none. */
static uint32_t highest(struct txn *txn, enum table table, uint32_t author)
{
	struct row_key prefix = key_author(author);
	struct bytes key, value;

	return walk_last(txn, table, row_key_bytes(&prefix), &key, &value) &&
			       key.len >= prefix.len + 4
		       ? be32_get(key.ptr + prefix.len)
		       : 0;
}

void ledger_recount_begin(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
			  uint32_t author)
{
	uint32_t record = highest(txn, TABLE_RECORD, author);
	uint32_t head = highest(txn, TABLE_HEAD, author);

	*at = (struct ledger_recount){.author = author,
				      .incarnation = record > head ? record : head};
	ledger_state(ledger, txn, author, &at->before);
}

/* ---- records ---- */

static void row_drop(struct ledger *ledger, struct txn *txn, struct ledger_recount *at)
{
	struct row_key key = key_record(at->author, at->incarnation, at->sequence);
	struct record record;
	struct bytes whole;

	if (txn_get(txn, TABLE_RECORD, row_key_bytes(&key), &whole) &&
	    !record_decode(&record, whole)) {
		ledger_version_unlink(txn, &record);
		ledger_slot_unlink(txn, &record);
		ledger_gone_note(ledger, &record);
	}
	txn_del(txn, TABLE_RECORD, row_key_bytes(&key));
	fault(ledger, txn, at);
}

/* A record and its leaf do not fit: which one is to be believed. */
static void record_settle(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
			  const struct record *record, const struct digest *hash)
{
	struct record_slot slot = record_slot_copy(record->slot);
	struct sign_pk pk;

	if (!ledger_author_kept(ledger, txn, at->author, &pk) &&
	    !record_check_sig(record, &pk, &ledger->charter->fed)) {
		setdigest_put(txn, at->author, at->incarnation, record_slot_bytes(&slot),
			      at->sequence, hash);
		fault(ledger, txn, at);
	} else {
		row_drop(ledger, txn, at);
	}
}

static void record_recount(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
			   struct bytes whole)
{
	struct record record;
	struct digest hash, leaf_hash;
	uint64_t leaf;

	if (record_decode(&record, whole) || record.author != at->author ||
	    record.incarnation != at->incarnation || record.sequence != at->sequence) {
		row_drop(ledger, txn, at);
		return;
	}
	record_leaf_hash(&hash, whole);
	bool has_leaf =
		setdigest_get(txn, at->author, at->incarnation, record.slot, &leaf, &leaf_hash);
	if (has_leaf && leaf > at->sequence)
		row_drop(ledger, txn, at);
	else if (!has_leaf || leaf < at->sequence || !id_eq(&hash, &leaf_hash))
		record_settle(ledger, txn, at, &record, &hash);
}

static void records_recount(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
			    uint64_t *rows)
{
	struct row_key prefix = key_author_incarnation(at->author, at->incarnation);
	struct row_key from = key_record(at->author, at->incarnation, at->sequence);
	struct walk walk = walk_begin_at(txn, TABLE_RECORD, row_key_bytes(&prefix),
					 row_key_bytes(&from), false);

	while (*rows > 0 && walk_next(&walk)) {
		--*rows;
		at->sequence = be64_get(walk.key.ptr + prefix.len);
		record_recount(ledger, txn, at, walk.value);
	}
	if (*rows > 0)
		at->step = STEP_LEAVES;
}

/* ---- leaves ---- */

/* The page at at->place; when it is not one of the set, it is made again from the leaves. */
static void page_make(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
		      struct setdigest_page *page)
{
	struct digest set;

	setdigest_root(txn, at->author, at->incarnation, &set);
	if (setdigest_page(txn, at->author, at->incarnation, at->place, page) &&
	    setdigest_page_check(page, &set))
		return;
	setdigest_touch(txn, at->author, at->incarnation, at->place);
	setdigest_page(txn, at->author, at->incarnation, at->place, page);
	fault(ledger, txn, at);
}

/* Takes leaves without a record out. */
static void leaves_recount(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
			   const struct setdigest_page *page)
{
	at->leaf_count += page->count;
	for (size_t i = 0; i < page->count; i++) {
		const struct setdigest_leaf *leaf = &page->leaves[i];
		struct bytes whole;
		if (ledger_record(txn, at->author, at->incarnation, leaf->sequence, &whole)) {
			at->leaf_bytes += whole.len;
			continue;
		}
		setdigest_del(txn, at->author, at->incarnation,
			      bytes_of(leaf->slot, leaf->slot_len));
		at->leaf_count--;
		fault(ledger, txn, at);
	}
}

static void pages_recount(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
			  uint64_t *rows)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));

	while (*rows > 0 && at->step == STEP_LEAVES) {
		page_make(ledger, txn, at, page);
		leaves_recount(ledger, txn, at, page);
		uint64_t cost = 1 + page->count + (uint64_t)page->depth * SETDIGEST_CHILDREN;
		*rows -= cost < *rows ? cost : *rows;
		uint64_t last = setdigest_page_last(page);
		at->place = last + 1;
		if (last == UINT64_MAX)
			at->step = STEP_STATE;
	}
	free(page);
}

/* ---- the state ---- */

/* What the state must say of the head; false: there is none that is right. */
static bool head_recount(struct ledger *ledger, struct txn *txn, const struct ledger_recount *at,
			 struct author_state *state)
{
	struct bytes whole;
	struct sign_pk pk;
	struct head head;

	if (!ledger_head(txn, at->author, at->incarnation, &whole))
		return state->counter == 0;
	if (head_decode(&head, whole) || head.author != at->author ||
	    head.incarnation != at->incarnation)
		return false;
	/* As it was checked when it came, unless the state says otherwise. */
	if (state->counter == head.counter && id_eq(&state->head_set, &head.set))
		return true;
	if (ledger_author_kept(ledger, txn, at->author, &pk) ||
	    head_check_sig(&head, &pk, &ledger->charter->fed))
		return false;
	ledger_state_take_head(state, &head);
	return true;
}

/*
 * Without its head an author is one of whom no head is known; of the own author the number is kept,
 * so that it is not used again.
 */
static void head_forget(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
			struct author_state *state)
{
	struct row_key key = key_author_incarnation(at->author, at->incarnation);
	struct head none = {.author = at->author};

	txn_del(txn, TABLE_HEAD, row_key_bytes(&key));
	fault(ledger, txn, at);
	if (at->author != ledger->own_author)
		ledger_state_take_head(state, &none);
}

static uint64_t sequence_last(struct txn *txn, const struct ledger_recount *at)
{
	struct row_key prefix = key_author_incarnation(at->author, at->incarnation);
	struct bytes key, value;

	return walk_last(txn, TABLE_RECORD, row_key_bytes(&prefix), &key, &value)
		       ? be64_get(key.ptr + prefix.len)
		       : 0;
}

static void state_recount(struct ledger *ledger, struct txn *txn, struct ledger_recount *at)
{
	struct ledger_touched *touched = ledger_touch(ledger, txn, at->author);
	struct author_state state;
	struct bytes first, second;

	at->step = STEP_DONE;
	if (!touched)
		return;
	state = touched->state;
	if (state.incarnation != at->incarnation)
		state = (struct author_state){
			.author = at->author, .incarnation = at->incarnation, .has_older = true};
	state.disputed = ledger_evidence(txn, at->author, &first, &second);
	if (!head_recount(ledger, txn, at, &state))
		head_forget(ledger, txn, at, &state);
	/* Records that were deleted since may have had higher sequences. */
	uint64_t last = sequence_last(txn, at);
	if (state.sequence < last)
		state.sequence = last;
	setdigest_root(txn, at->author, at->incarnation, &state.set);
	/* Unless the author has said something meanwhile. */
	if (touched->state.sequence == at->before.sequence &&
	    touched->state.counter == at->before.counter) {
		state.live_count = at->leaf_count;
		state.live_bytes = at->leaf_bytes;
	}
	bool right = state.incarnation == touched->state.incarnation &&
		     state.sequence == touched->state.sequence &&
		     state.counter == touched->state.counter &&
		     state.disputed == touched->state.disputed &&
		     state.live_count == touched->state.live_count &&
		     state.live_bytes == touched->state.live_bytes &&
		     id_eq(&state.head_set, &touched->state.head_set) &&
		     (touched->dirty || id_eq(&state.set, &touched->state.set));
	if (right)
		return;
	touched->state = state;
	fault(ledger, txn, at);
}

bool ledger_recount(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
		    uint64_t *rows)
{
	if (at->incarnation == 0 || txn_err(txn))
		return false;
	/* The author has gone on to another one meanwhile: it is looked at the next time. */
	if (highest(txn, TABLE_HEAD, at->author) > at->incarnation)
		return false;
	if (at->step == STEP_RECORDS)
		records_recount(ledger, txn, at, rows);
	if (at->step == STEP_LEAVES)
		pages_recount(ledger, txn, at, rows);
	if (at->step == STEP_STATE)
		state_recount(ledger, txn, at);
	return at->step != STEP_DONE;
}
