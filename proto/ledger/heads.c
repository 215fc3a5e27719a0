#include "proto/ledger/ledger_internal.h"

enum { EVIDENCE_COUNT_MAX = 16 }; /* of one organisation: one for each of so many nodes */
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

bool ledger_head_last(struct txn *txn, uint32_t author, struct bytes *whole)
{
	struct row_key prefix = key_author(author);
	struct walk walk = walk_begin(txn, TABLE_HEAD, row_key_bytes(&prefix));
	bool found = false;

	while (walk_next(&walk)) { /* of two incarnations at most */
		*whole = walk.value;
		found = true;
	}
	return found;
}

/* ---- evidence ---- */

static bool has_evidence(struct txn *txn, uint32_t author)
{
	struct row_key key = key_author(author);

	return txn_has(txn, TABLE_EVIDENCE, row_key_bytes(&key));
}

/* Of an organisation whose nodes contradict themselves so often there is enough. */
static bool evidence_full(struct txn *txn, uint32_t author)
{
	struct row_key prefix = key_author(author); /* the last byte is the node's index */
	struct walk walk = walk_begin(txn, TABLE_EVIDENCE, bytes_of(prefix.b, prefix.len - 1));
	unsigned count = 0;

	while (count < EVIDENCE_COUNT_MAX && walk_next(&walk))
		count++;
	return count == EVIDENCE_COUNT_MAX;
}

/* Whether nothing more is kept of this author. */
static bool evidence_known(struct txn *txn, uint32_t author)
{
	return has_evidence(txn, author) || evidence_full(txn, author);
}

/* The row: be32 length of the first head, both heads. It counts from now on. */
static void evidence_put(struct ledger *ledger, struct txn *txn, const struct head *one,
			 const struct head *other)
{
	struct ledger_touched *touched = ledger_touch(ledger, txn, one->author);
	struct row_key key = key_author(one->author);
	struct buf row;

	buf_init(&row, EVIDENCE_LEN_MAX);
	buf_add_be32(&row, (uint32_t)one->whole.len);
	buf_add(&row, one->whole);
	buf_add(&row, other->whole);
	txn_put_row(txn, TABLE_EVIDENCE, &key, &row);
	if (touched && touched->state.incarnation > 0)
		touched->state.disputed = touched->dirty = true;
}

static bool evidence_get(struct bytes row, struct bytes *first, struct bytes *second)
{
	if (row.len < 4)
		return false;
	*first = bytes_slice(row, 4, be32_get(row.ptr));
	*second = bytes_slice(row, 4 + first->len, row.len);
	return true;
}

bool ledger_evidence(struct txn *txn, uint32_t author, struct bytes *first, struct bytes *second)
{
	struct row_key key = key_author(author);
	struct bytes row;

	return txn_get(txn, TABLE_EVIDENCE, row_key_bytes(&key), &row) &&
	       evidence_get(row, first, second);
}

bool ledger_evidence_next(struct ledger *ledger, struct txn *txn, uint32_t *author,
			  struct bytes *first, struct bytes *second)
{
	struct row_key at = key_author(*author);
	struct walk walk =
		walk_begin_at(txn, TABLE_EVIDENCE, bytes_of(NULL, 0), row_key_bytes(&at), false);
	struct sign_pk pk;

	while (walk_next(&walk)) {
		*author = be32_get(walk.key.ptr);
		if (!ledger_author(ledger, txn, *author, &pk, NULL) &&
		    evidence_get(walk.value, first, second))
			return true;
	}
	return false;
}

/* Two heads of one incarnation, the first of which does not have the higher counter. */
static bool contradict(const struct head *one, const struct head *other)
{
	struct digest id;

	/*
	 * PROTOCOL: "Two heads with one author, incarnation and counter and different bytes are
	 * evidence: they are kept, shown, and the author's state is disputed."
	 */
	if (one->counter == other->counter)
		return !bytes_eq(one->whole, other->whole);
	/*
	 * PROTOCOL: "So are two heads with successive counters of which the second does not name
	 * the first."
	 */
	if (one->counter + 1 != other->counter)
		return false;
	head_id(&id, one);
	return !other->has_previous || !id_eq(&other->previous, &id);
}

static enum err evidence_decode(struct head *one, struct head *other, struct bytes first,
				struct bytes second)
{
	enum err err = head_decode(one, first);

	if (!err)
		err = head_decode(other, second);
	if (err)
		return err;
	if (one->author != other->author || one->incarnation != other->incarnation ||
	    one->counter > other->counter || !contradict(one, other))
		return ERR_PROTOCOL;
	return ERR_OK;
}

enum err ledger_accept_evidence(struct ledger *ledger, struct txn *txn, struct bytes first,
				struct bytes second, uint32_t *author)
{
	const struct fed_id *fed = &ledger->charter->fed;
	struct head one, other;
	struct sign_pk pk;
	enum err err = evidence_decode(&one, &other, first, second);

	if (err)
		return err;
	*author = one.author;
	if (evidence_known(txn, one.author))
		return ERR_EXISTS;
	err = ledger_author(ledger, txn, one.author, &pk, NULL);
	if (err)
		return err;
	if (head_check_sig(&one, &pk, fed) || head_check_sig(&other, &pk, fed)) {
		ledger->forged_count++;
		return ERR_DENIED;
	}
	evidence_put(ledger, txn, &one, &other);
	return txn_err(txn);
}

/* ---- heads ---- */

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

/* How a head stands to the latest one known. */
struct rank {
	bool wins;        /* it is the latest from now on */
	bool contradicts; /* both together are evidence */
	struct head known;
};

/*
 * PROTOCOL: "Of two heads of one incarnation the higher counter counts, then the smaller id" - and
 * the smaller bytes, as one payload may have two signatures.
 */
static bool goes_first(const struct head *head, const struct head *known)
{
	struct digest id, known_id;

	if (head->counter != known->counter)
		return head->counter > known->counter;
	head_id(&id, head);
	head_id(&known_id, known);
	int order = bytes_cmp(id_bytes(&id), id_bytes(&known_id));
	return order ? order < 0 : bytes_cmp(head->whole, known->whole) < 0;
}

static struct rank head_rank(struct txn *txn, const struct author_state *state,
			     const struct head *head)
{
	struct rank rank = {.wins = head->incarnation > state->incarnation ||
				    (head->incarnation == state->incarnation &&
				     head->counter > state->counter)};
	struct bytes whole;

	if (head->incarnation != state->incarnation || state->counter == 0 ||
	    !ledger_head(txn, head->author, head->incarnation, &whole) ||
	    head_decode(&rank.known, whole))
		return rank;
	rank.wins = goes_first(head, &rank.known);
	rank.contradicts = head->counter < rank.known.counter ? contradict(head, &rank.known)
							      : contradict(&rank.known, head);
	return rank;
}

/* What a head must keep to by itself: what went before it may come later, and decides nothing. */
static enum err head_check(const struct ledger *ledger, const struct head *head)
{
	/* PROTOCOL: "A head is valid for 26 hours and renewed after 12." */
	if ((uint64_t)(head->valid_until_ms - head->time_ms) > ledger->limits->head_valid_ms)
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

	if (evidence)
		*evidence = false;
	enum err err = head_decode(&head, whole);
	if (!err)
		err = ledger_author_kept(ledger, txn, head.author, &pk);
	if (err)
		return err;
	if (head.time_ms > ledger->now_ms + (int64_t)ledger->limits->clock_ahead_ms_max)
		return ERR_AGAIN;
	struct ledger_touched *touched = ledger_touch(ledger, txn, head.author);
	if (!touched)
		return txn_err(txn);
	struct rank rank = head_rank(txn, &touched->state, &head);
	if (!rank.wins && !rank.contradicts)
		return txn_err(txn) ? txn_err(txn) : ERR_EXISTS;
	if (head_check_sig(&head, &pk, &ledger->charter->fed)) {
		ledger->forged_count++;
		return ERR_DENIED;
	}
	if (rank.contradicts && !evidence_known(txn, head.author)) {
		const bool later = head.counter > rank.known.counter;
		/* A record in the store and in the state, so that it is shown and told. */
		evidence_put(ledger, txn, later ? &rank.known : &head, later ? &head : &rank.known);
		if (evidence)
			*evidence = true;
	}
	if (!rank.wins)
		return txn_err(txn) ? txn_err(txn) : ERR_PROTOCOL;
	err = head_check(ledger, &head);
	if (!err)
		err = quota_head_check(ledger, touched, &head);
	if (!err)
		ledger_head_take(ledger, txn, touched, &head);
	return txn_err(txn) ? txn_err(txn) : err;
}
