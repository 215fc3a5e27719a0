#include "proto/ledger/ledger_internal.h"

enum { EVIDENCE_COUNT_MAX = 16 }; /* of one author */
#define EVIDENCE_LEN_MAX (4 + 2 * LIMIT_HEAD_LEN_MAX)

static void head_put(struct txn *txn, const struct head *head)
{
	struct row_key key = key_author_incarnation(head->author, head->incarnation);

	txn_put(txn, TABLE_HEAD, row_key_bytes(&key), head->whole);
}

bool ledger_head(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes *whole)
{
	struct row_key key = key_author_incarnation(author, incarnation);

	return txn_get(txn, TABLE_HEAD, row_key_bytes(&key), whole);
}

/* An author may begin as many incarnations as it likes: so many are enough. */
static bool evidence_full(struct txn *txn, uint32_t author)
{
	struct row_key prefix = key_author(author);
	struct walk walk = walk_begin(txn, TABLE_EVIDENCE, row_key_bytes(&prefix));
	unsigned count = 0;

	while (count < EVIDENCE_COUNT_MAX && walk_next(&walk))
		count++;
	return count == EVIDENCE_COUNT_MAX;
}

/* The row: be32 length of the first head, both heads. The first evidence is enough. */
static void evidence_put(struct txn *txn, const struct head *head, struct bytes known)
{
	struct row_key key = key_author_incarnation(head->author, head->incarnation);
	struct buf row;

	if (txn_has(txn, TABLE_EVIDENCE, row_key_bytes(&key)) || evidence_full(txn, head->author))
		return;
	buf_init(&row, EVIDENCE_LEN_MAX);
	buf_add_be32(&row, (uint32_t)known.len);
	buf_add(&row, known);
	buf_add(&row, head->whole);
	txn_put_row(txn, TABLE_EVIDENCE, &key, &row);
}

bool ledger_evidence(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes *first,
		     struct bytes *second)
{
	struct row_key key = key_author_incarnation(author, incarnation);
	struct bytes row;

	if (!txn_get(txn, TABLE_EVIDENCE, row_key_bytes(&key), &row) || row.len < 4)
		return false;
	*first = bytes_slice(row, 4, be32_get(row.ptr));
	*second = bytes_slice(row, 4 + first->len, row.len);
	return true;
}

void ledger_state_take_head(struct author_state *state, const struct head *head)
{
	state->counter = head->counter;
	state->head_time_ms = head->time_ms;
	state->head_valid_until_ms = head->valid_until_ms;
	state->head_last_sequence = head->last_sequence;
	state->head_live_count = head->live_count;
	state->head_live_bytes = head->live_bytes;
	state->head_set = head->set;
}

enum rank { RANK_NEWER, RANK_OLDER, RANK_CONTRADICTS };

/* How a head stands to the latest one known. */
static enum rank head_rank(struct txn *txn, const struct author_state *state,
			   const struct head *head, struct bytes *known)
{
	struct digest id;
	struct head before;

	if (head->incarnation > state->incarnation ||
	    (head->incarnation == state->incarnation && state->counter == 0))
		return RANK_NEWER;
	if (head->incarnation < state->incarnation || head->counter < state->counter ||
	    !ledger_head(txn, head->author, head->incarnation, known))
		return RANK_OLDER;
	/*
	 * PROTOCOL: "Two heads with one author, incarnation and counter and different bytes are
	 * evidence: they are kept, shown, and the author's state is disputed."
	 */
	if (head->counter == state->counter)
		return bytes_eq(*known, head->whole) ? RANK_OLDER : RANK_CONTRADICTS;
	/*
	 * PROTOCOL: "So are two heads with successive counters of which the second does not name
	 * the first."
	 */
	if (head->counter == state->counter + 1 && !head_decode(&before, *known)) {
		head_id(&id, &before);
		if (!head->has_previous || !id_eq(&head->previous, &id))
			return RANK_CONTRADICTS;
	}
	return RANK_NEWER;
}

/* What a head must keep to by itself and against the one before. */
static enum err head_check(const struct ledger *ledger, const struct author_state *state,
			   const struct head *head)
{
	/* PROTOCOL: "A head is valid for 26 hours and renewed after 12." */
	if ((uint64_t)(head->valid_until_ms - head->time_ms) > ledger->limits->head_valid_ms)
		return ERR_PROTOCOL;
	/* PROTOCOL: "Counters rise by one within an incarnation; times never decrease." */
	if (head->incarnation == state->incarnation && head->time_ms < state->head_time_ms)
		return ERR_PROTOCOL;
	return ERR_OK;
}

void ledger_head_take(struct ledger *ledger, struct txn *txn, struct ledger_touched *touched,
		      const struct head *head)
{
	if (head->incarnation > touched->state.incarnation)
		ledger_incarnation_begin(ledger, txn, touched, head->incarnation);
	head_put(txn, head);
	ledger_state_take_head(&touched->state, head);
	touched->state.over = false;
	touched->dirty = true;
}

enum err ledger_accept_head(struct ledger *ledger, struct txn *txn, struct bytes whole,
			    bool *evidence)
{
	struct head head;
	struct sign_pk pk;
	struct bytes known;

	if (evidence)
		*evidence = false;
	enum err err = head_decode(&head, whole);
	if (!err)
		err = ledger_author(ledger, txn, head.author, &pk, NULL);
	if (err)
		return err;
	if (head.time_ms > ledger->now_ms + (int64_t)ledger->limits->clock_ahead_ms_max)
		return ERR_AGAIN;
	struct ledger_touched *touched = ledger_touch(ledger, txn, head.author);
	if (!touched)
		return txn_err(txn);
	enum rank rank = head_rank(txn, &touched->state, &head, &known);
	if (rank == RANK_OLDER)
		return txn_err(txn) ? txn_err(txn) : ERR_EXISTS;
	if (head_check_sig(&head, &pk, &ledger->charter->fed)) {
		ledger->forged_count++;
		return ERR_DENIED;
	}
	if (rank == RANK_CONTRADICTS) {
		/* A record in the store and in the state, so that it is shown and told. */
		evidence_put(txn, &head, known);
		touched->state.disputed = touched->dirty = true;
		if (evidence)
			*evidence = true;
		return txn_err(txn) ? txn_err(txn) : ERR_PROTOCOL;
	}
	err = head_check(ledger, &touched->state, &head);
	if (!err)
		err = quota_head_check(ledger, touched, &head);
	if (!err)
		ledger_head_take(ledger, txn, touched, &head);
	return txn_err(txn) ? txn_err(txn) : err;
}
