#include "proto/ledger/ledger_internal.h"

enum { REPAIR_LOOK_MAX = 128 }; /* leaves of ours beside one page; the next answer goes on there */

void ledger_beyond_leaves(struct txn *txn, const struct author_state *state, bool in)
{
	struct row_key prefix = key_author_incarnation(state->author, state->incarnation);
	struct row_key at =
		key_record(state->author, state->incarnation, state->head_last_sequence);
	struct walk walk =
		walk_begin_at(txn, TABLE_RECORD, row_key_bytes(&prefix), row_key_bytes(&at), false);
	struct record record;
	struct digest hash;

	while (walk_next(&walk)) {
		if (record_decode(&record, walk.value)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		struct record_slot slot = record_slot_copy(record.slot);
		record_leaf_hash(&hash, walk.value);
		if (in)
			setdigest_put(txn, state->author, state->incarnation,
				      record_slot_bytes(&slot), record.sequence, &hash);
		else
			setdigest_del(txn, state->author, state->incarnation,
				      record_slot_bytes(&slot));
	}
}

/* So many records may be here that no head has named yet, for a page to be told without them. */
enum { BEYOND_MAX = 64 };

static bool beyond_few(struct txn *txn, const struct author_state *state)
{
	struct row_key prefix = key_author_incarnation(state->author, state->incarnation);
	struct row_key at =
		key_record(state->author, state->incarnation, state->head_last_sequence);
	struct walk walk =
		walk_begin_at(txn, TABLE_RECORD, row_key_bytes(&prefix), row_key_bytes(&at), false);
	unsigned count = 0;

	while (count <= BEYOND_MAX && walk_next(&walk))
		count++;
	return count <= BEYOND_MAX;
}

/*
 * The set of the head is here, and something that comes after it: as two machines of an author have
 * signed it, nobody might have the set alone.
 */
static bool page_of_head(struct txn *txn, const struct author_state *state, uint64_t place,
			 struct setdigest_page *out)
{
	struct digest set;

	if (!beyond_few(txn, state))
		return false;
	ledger_beyond_leaves(txn, state, false);
	setdigest_root(txn, state->author, state->incarnation, &set);
	const bool found = id_eq(&set, &state->head_set) &&
			   setdigest_page(txn, state->author, state->incarnation, place, out);
	ledger_beyond_leaves(txn, state, true);
	setdigest_root(txn, state->author, state->incarnation, &set);
	return found;
}

enum err ledger_page(struct ledger *ledger, struct txn *txn, uint32_t author, uint32_t incarnation,
		     const struct digest *set, uint64_t place, struct setdigest_page *out)
{
	struct author_state state;
	enum err err = ledger_state(ledger, txn, author, &state);

	if (err)
		return err;
	if (state.incarnation != incarnation)
		return ERR_ABSENT;
	if (id_eq(&state.set, set)
		    ? !setdigest_page(txn, author, incarnation, place, out)
		    : !id_eq(&state.head_set, set) || !page_of_head(txn, &state, place, out))
		return ERR_ABSENT;
	return txn_err(txn);
}

/* A head names it, so its absence is no deletion. */
static void expect(struct ledger *ledger, struct txn *txn, uint32_t author, uint64_t sequence)
{
	struct ledger_touched *touched = ledger_touch(ledger, txn, author);

	if (!touched || sequence == 0 || touched->state.proven_sequence < sequence)
		return;
	touched->state.proven_sequence = sequence - 1;
	touched->dirty = true;
}

/* What is here of one page of another's set: it is walked beside it. */
struct repair {
	struct ledger *ledger;
	struct txn *txn;
	const struct author_state *state;
	struct setdigest_walk walk;
	struct setdigest_leaf mine;
	bool has_mine;
	unsigned looked;
};

static void mine_next(struct repair *repair)
{
	repair->looked++;
	repair->has_mine = setdigest_walk_next(&repair->walk, &repair->mine);
}

static bool is_full(const struct repair *repair)
{
	return repair->has_mine && repair->looked > REPAIR_LOOK_MAX;
}

static void leaf_drop(struct repair *repair, uint64_t sequence)
{
	ledger_record_drop(repair->ledger, repair->txn, repair->state->author,
			   repair->state->incarnation, sequence);
}

/*
 * Deletes a leaf of ours that is not in the set, unless it is newer than the head. Of the own
 * author, when this store is an old copy, what others have seen in a slot stays. True: it is gone.
 */
static bool mine_drop(struct repair *repair, bool slot_in_set)
{
	const struct ledger *ledger = repair->ledger;
	bool gives_way =
		slot_in_set && ledger->own_behind && repair->state->author == ledger->own_author;

	if (repair->mine.sequence > repair->state->head_last_sequence && !gives_way)
		return false;
	if (!slot_in_set)
		ledger_gone(repair->ledger, repair->txn, repair->state->author,
			    repair->state->incarnation, repair->mine.sequence);
	leaf_drop(repair, repair->mine.sequence);
	return true;
}

/* A leaf of the set: whether its record is to be asked for. */
static bool leaf_wanted(struct repair *repair, const struct setdigest_leaf *theirs)
{
	struct bytes whole;
	int order = 1;

	while (repair->has_mine && (order = setdigest_cmp(&repair->mine, theirs)) < 0) {
		if (is_full(repair))
			return false;
		mine_drop(repair, false);
		mine_next(repair);
	}
	if (repair->has_mine && order == 0) {
		bool same = repair->mine.sequence == theirs->sequence &&
			    id_eq(&repair->mine.hash, &theirs->hash);
		bool wanted = !same && mine_drop(repair, true);
		mine_next(repair);
		if (!wanted)
			return false;
	}
	/*
	 * PROTOCOL: "Of two records of one author with the same incarnation and sequence the one
	 * in the set of the head counts"
	 */
	if (ledger_record(repair->txn, repair->state->author, repair->state->incarnation,
			  theirs->sequence, &whole))
		leaf_drop(repair, theirs->sequence);
	return true;
}

enum err ledger_repair(struct ledger *ledger, struct txn *txn, uint32_t author,
		       uint32_t incarnation, const struct digest *set, struct setdigest_page *page,
		       struct buf *missing, uint64_t *place, bool *more)
{
	struct author_state state;
	enum err err = ledger_state(ledger, txn, author, &state);

	*more = false;
	if (err)
		return err;
	if (state.counter == 0 || state.incarnation != incarnation || !id_eq(&state.head_set, set))
		return ERR_AGAIN;
	if (!setdigest_page_check(page, set))
		return ERR_DENIED;
	*more = setdigest_differs(txn, author, incarnation, page, place);
	struct repair repair = {.ledger = ledger, .txn = txn, .state = &state};
	repair.walk =
		setdigest_walk(txn, author, incarnation, page->place, setdigest_page_last(page));
	mine_next(&repair);
	for (size_t i = 0; i < page->count && !is_full(&repair); i++)
		if (page->leaves[i].place >= page->place &&
		    leaf_wanted(&repair, &page->leaves[i])) {
			buf_add_be64(missing, page->leaves[i].sequence);
			expect(ledger, txn, author, page->leaves[i].sequence);
		}
	for (; repair.has_mine && !is_full(&repair); mine_next(&repair))
		mine_drop(&repair, false);
	if (repair.has_mine) {
		*place = repair.mine.place;
		*more = true;
	}
	return txn_err(txn) ? txn_err(txn) : missing->err;
}
