#include "proto/ledger_internal.h"

#include "crypto/check.h"

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
	txn_fail(txn, row.err);
	txn_put(txn, TABLE_EVIDENCE, row_key_bytes(&key), buf_bytes(&row));
	buf_fini(&row);
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
	if (head->counter == state->counter + 1 && head_decode(&before, *known) == ERR_OK) {
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

static void head_take(struct ledger *ledger, struct txn *txn, struct ledger_touched *touched,
		      const struct head *head)
{
	if (head->incarnation > touched->state.incarnation)
		ledger_incarnation_begin(ledger, txn, touched, head->incarnation);
	head_put(txn, head);
	ledger_state_take_head(&touched->state, head);
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
	if (head_check_sig(&head, &pk, &ledger->charter->fed))
		return ERR_DENIED;
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
		head_take(ledger, txn, touched, &head);
	return txn_err(txn) ? txn_err(txn) : err;
}

/* ---- the own author ---- */

/* NULL: txn has failed, or this node has no author number (any more). */
static struct ledger_touched *own_touch(struct ledger *ledger, struct txn *txn)
{
	if (ledger->own_author == 0)
		return NULL;
	struct ledger_touched *own = ledger_touch(ledger, txn, ledger->own_author);
	if (own && own->state.incarnation == 0)
		ledger_incarnation_begin(ledger, txn, own, 1);
	return own;
}

/* Signs and stores a record with the next sequence of the own author. */
static enum err own_append(struct ledger *ledger, struct txn *txn, struct record *fields,
			   struct record_id *id, struct ledger_news *news)
{
	struct ledger_touched *own = own_touch(ledger, txn);
	struct record record;
	struct buf whole;

	if (!own)
		return txn_err(txn) ? txn_err(txn) : ERR_DENIED;
	fields->author = ledger->own_author;
	fields->incarnation = own->state.incarnation;
	fields->sequence = own->state.sequence + 1;
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, fields, &ledger->charter->fed, ledger->own_seed);
	enum err err = whole.err;
	if (!err)
		err = record_decode(&record, buf_bytes(&whole));
	if (!err)
		err = ledger_record_check(ledger, &record, news);
	if (!err) {
		record_id(id, &record);
		news->stored = true;
		ledger_record_write(ledger, txn, &record, news);
		own = ledger_touch(ledger, txn, ledger->own_author);
		if (own)
			own->checked_sequence = own->state.sequence;
		err = txn_err(txn);
	}
	buf_fini(&whole);
	return err;
}

enum err ledger_append(struct ledger *ledger, struct txn *txn, uint64_t kind, struct bytes slot,
		       struct bytes body, struct record_id *id, struct ledger_news *news)
{
	struct record fields = {
		.time_ms = ledger->now_ms, .kind = kind, .slot = slot, .body = body};
	struct ledger_news made_news;
	struct record_id made_id;

	return own_append(ledger, txn, &fields, id ? id : &made_id, news ? news : &made_news);
}

enum err ledger_delete(struct ledger *ledger, struct txn *txn, struct bytes slot)
{
	struct ledger_touched *own = own_touch(ledger, txn);
	struct digest hash;
	uint64_t sequence;

	if (!own ||
	    !setdigest_get(txn, ledger->own_author, own->state.incarnation, slot, &sequence, &hash))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	return ledger_record_drop(ledger, txn, ledger->own_author, own->state.incarnation,
				  sequence);
}

/* PROTOCOL: "`previous` is the id `H("am1.head", payload)` of the head before, or nil." */
static void previous_set(struct txn *txn, struct head *head)
{
	struct head before;
	struct bytes whole;

	if (!ledger_head(txn, head->author, head->incarnation, &whole) ||
	    head_decode(&before, whole))
		return;
	head_id(&head->previous, &before);
	head->has_previous = true;
}

enum err ledger_head_make(struct ledger *ledger, struct txn *txn, struct buf *out)
{
	struct ledger_touched *own = own_touch(ledger, txn);
	const struct charter_member *member =
		charter_member(ledger->charter, author_member(ledger->own_author));
	struct head head;
	struct buf whole;

	if (!own || !member)
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	/* What is signed is not remembered but made anew. */
	own->dirty = true;
	ledger_settle_author(ledger, txn, own);
	const struct author_state *state = &own->state;
	head = (struct head){
		.author = state->author,
		.incarnation = state->incarnation,
		.counter = state->counter + 1,
		.time_ms =
			ledger->now_ms > state->head_time_ms ? ledger->now_ms : state->head_time_ms,
		.last_sequence = state->sequence,
		.live_count = state->live_count,
		.set = state->set,
		.charter_number = ledger->charter->number,
		.orglog_number = orglog_number(txn, &member->org),
	};
	head.valid_until_ms = head.time_ms + (int64_t)ledger->limits->head_valid_ms;
	previous_set(txn, &head);
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, &head, &ledger->charter->fed, ledger->own_seed);
	enum err err = whole.err;
	if (!err)
		err = head_decode(&head, buf_bytes(&whole));
	if (!err) {
		head_take(ledger, txn, own, &head);
		ledger_settle_author(ledger, txn, own);
		if (out)
			buf_add(out, buf_bytes(&whole));
		err = out && out->err ? out->err : txn_err(txn);
	}
	buf_fini(&whole);
	return err;
}

enum err ledger_incarnation_new(struct ledger *ledger, struct txn *txn)
{
	struct ledger_touched *own = own_touch(ledger, txn);
	enum err err = ERR_OK;

	if (!own)
		return txn_err(txn);
	struct row_key prefix = key_author_incarnation(ledger->own_author, own->state.incarnation);
	ledger_incarnation_begin(ledger, txn, own, own->state.incarnation + 1);
	struct walk walk = walk_begin(txn, TABLE_RECORD, row_key_bytes(&prefix));
	while (!err && walk_next(&walk)) {
		struct ledger_news news;
		struct record_id id;
		struct record record;
		err = record_decode(&record, walk.value) ? ERR_CORRUPT : ERR_OK;
		/* The clock may have been ahead when it was made. */
		if (record.time_ms > ledger->now_ms)
			record.time_ms = ledger->now_ms;
		if (!err)
			err = own_append(ledger, txn, &record, &id, &news);
	}
	return err ? err : ledger_head_make(ledger, txn, NULL);
}

enum err ledger_own_renumber(struct ledger *ledger, struct txn *txn, uint32_t incarnation,
			     uint64_t after)
{
	struct ledger_touched *own = own_touch(ledger, txn);
	struct row_key last_key, prefix = key_author_incarnation(ledger->own_author, incarnation);
	struct row_key at = key_record(ledger->own_author, incarnation, after);
	struct bytes key, value;
	enum err err = ERR_OK;

	if (!own || !walk_last(txn, TABLE_RECORD, row_key_bytes(&prefix), &key, &value))
		return txn_err(txn);
	last_key = key_record(ledger->own_author, incarnation, be64_get(key.ptr + prefix.len));
	if (own->state.sequence < own->state.head_last_sequence)
		own->state.sequence = own->state.head_last_sequence;
	struct walk walk =
		walk_begin_at(txn, TABLE_RECORD, row_key_bytes(&prefix), row_key_bytes(&at), false);
	while (!err && walk_next(&walk) && bytes_cmp(walk.key, row_key_bytes(&last_key)) <= 0) {
		struct ledger_news news;
		struct record_id id;
		struct record record;
		err = record_decode(&record, walk.value) ? ERR_CORRUPT : ERR_OK;
		if (!err)
			err = own_append(ledger, txn, &record, &id, &news);
	}
	return err;
}
