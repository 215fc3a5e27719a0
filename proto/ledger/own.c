#include "proto/ledger/ledger_internal.h"

struct ledger_touched *ledger_own_touch(struct ledger *ledger, struct txn *txn)
{
	if (ledger->own_author == 0)
		return NULL;
	struct ledger_touched *own = ledger_touch(ledger, txn, ledger->own_author);
	if (own && own->state.incarnation == 0)
		ledger_incarnation_begin(ledger, txn, own, 1);
	return own;
}

/* What a later program has said under this key is said again as it is; nothing new is. */
static enum err own_check(struct ledger *ledger, const struct record *record,
			  struct ledger_news *news, struct version *version, bool is_new)
{
	enum err err = ledger_record_check(ledger, record, news, version);

	news->unread = err && err != ERR_PROTOCOL;
	return news->unread && (!is_new || !record_kind_known(record->kind)) ? ERR_OK : err;
}

/*
 * Signs and stores a record with the next sequence of the own author; what is new has to be within
 * its quota.
 */
static enum err own_append(struct ledger *ledger, struct txn *txn, struct record *fields,
			   struct record_id *id, enum ledger_tell tell, bool is_new)
{
	struct ledger_touched *own = ledger_own_touch(ledger, txn);
	struct ledger_news news;
	struct version version = {0};
	struct ledger_item item;
	const struct record *record = &item.record;
	struct buf whole;

	if (!own)
		return txn_err(txn) ? txn_err(txn) : ERR_DENIED;
	if (ledger->own_quiet)
		return ERR_AGAIN;
	fields->author = ledger->own_author;
	fields->incarnation = own->state.incarnation;
	fields->sequence = own->state.sequence + 1;
	buf_init(&whole, LIMIT_RECORD_LEN_MAX);
	record_make(&whole, fields, &ledger->charter->fed, ledger->own_seed);
	enum err err = whole.err;
	if (!err)
		err = ledger_item_read(&item, buf_bytes(&whole));
	if (!err)
		err = own_check(ledger, record, &news, &version, is_new);
	if (!err && is_new)
		err = quota_own_check(ledger, txn, own, record);
	if (!err) {
		if (id)
			record_id(id, record);
		news.stored = true;
		ledger_record_write(ledger, txn, &item, &news, &version);
		err = txn_err(txn);
	}
	if (!err && is_new)
		ledger_arrived(ledger, &news, record, &version, &whole, tell);
	buf_fini(&whole);
	return err;
}

enum err ledger_append(struct ledger *ledger, struct txn *txn, uint64_t kind, struct bytes slot,
		       struct bytes body, struct record_id *id, enum ledger_tell tell)
{
	struct record fields = {
		.time_ms = ledger->now_ms, .kind = kind, .slot = slot, .body = body};

	return own_append(ledger, txn, &fields, id, tell, true);
}

enum err ledger_delete(struct ledger *ledger, struct txn *txn, struct bytes slot)
{
	struct ledger_touched *own = ledger_own_touch(ledger, txn);
	struct digest hash;
	uint64_t sequence;

	if (own && ledger->own_quiet)
		return ERR_AGAIN;
	if (!own ||
	    !setdigest_get(txn, ledger->own_author, own->state.incarnation, slot, &sequence, &hash))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	ledger_gone(ledger, txn, ledger->own_author, own->state.incarnation, sequence);
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
	struct ledger_touched *own = ledger_own_touch(ledger, txn);
	const struct charter_member *member =
		charter_member(ledger->charter, author_member(ledger->own_author));
	struct head head;
	struct buf whole;

	if (!own || !member)
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	if (ledger->own_quiet)
		return ERR_AGAIN;
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
		.live_bytes = state->live_bytes,
		.set = state->set,
		.charter_number = ledger->charter->number,
		.orglog_number = orglog_number(txn, &member->org),
		.has_log_tip = ledger->has_log_tip,
		.log_tip = ledger->log_tip,
	};
	head.valid_until_ms = head.time_ms + (int64_t)ledger->limits->head_valid_ms;
	previous_set(txn, &head);
	buf_init(&whole, LIMIT_HEAD_LEN_MAX);
	head_make(&whole, &head, &ledger->charter->fed, ledger->own_seed);
	enum err err = whole.err;
	if (!err)
		err = head_decode(&head, buf_bytes(&whole));
	if (!err) {
		ledger_head_take(ledger, txn, own, &head);
		ledger_settle_author(ledger, txn, own);
		if (out)
			buf_add(out, buf_bytes(&whole));
		err = out && out->err ? out->err : txn_err(txn);
	}
	buf_fini(&whole);
	return err;
}

/*
 * Of an incarnation that another machine has begun not all may ever come: then what was said before
 * it, in slots of which it has nothing here, still counts. Appends these records, each with its
 * length.
 */
static void older_take(struct txn *txn, const struct author_state *state, struct buf *out)
{
	struct row_key prefix = key_author(state->author);
	struct walk walk = walk_begin(txn, TABLE_RECORD, row_key_bytes(&prefix));
	struct record record;
	struct digest hash;
	uint64_t sequence;

	if (!state->has_older || id_eq(&state->set, &state->head_set))
		return;
	while (walk_next(&walk) && be32_get(walk.key.ptr + prefix.len) < state->incarnation) {
		if (record_decode(&record, walk.value)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		if (setdigest_get(txn, state->author, state->incarnation, record.slot, &sequence,
				  &hash))
			continue;
		buf_add_be32(out, (uint32_t)walk.value.len);
		buf_add(out, walk.value);
	}
}

static enum err older_again(struct ledger *ledger, struct txn *txn, struct bytes older)
{
	struct record record;
	enum err err = ERR_OK;

	for (size_t at = 0; !err && at < older.len;) {
		const size_t len = be32_get(older.ptr + at);
		err = record_decode(&record, bytes_slice(older, at + 4, len)) ? ERR_CORRUPT
									      : ERR_OK;
		if (!err)
			err = own_append(ledger, txn, &record, NULL, LEDGER_QUIET, false);
		at += 4 + len;
	}
	return err;
}

enum err ledger_incarnation_new(struct ledger *ledger, struct txn *txn)
{
	struct ledger_touched *own = ledger_own_touch(ledger, txn);
	enum err err = ERR_OK;
	struct buf older;

	if (!own)
		return txn_err(txn);
	buf_init(&older, SIZE_MAX);
	older_take(txn, &own->state, &older);
	struct row_key prefix = key_author_incarnation(ledger->own_author, own->state.incarnation);
	ledger_incarnation_begin(ledger, txn, own, own->state.incarnation + 1);
	struct walk walk = walk_begin(txn, TABLE_RECORD, row_key_bytes(&prefix));
	while (!err && walk_next(&walk)) {
		struct record record;
		err = record_decode(&record, walk.value) ? ERR_CORRUPT : ERR_OK;
		/* The clock may have been ahead when it was made. */
		if (record.time_ms > ledger->now_ms)
			record.time_ms = ledger->now_ms;
		if (!err)
			err = own_append(ledger, txn, &record, NULL, LEDGER_QUIET, false);
	}
	if (!err)
		err = older.err ? older.err : older_again(ledger, txn, buf_bytes(&older));
	buf_fini(&older);
	return err ? err : ledger_head_make(ledger, txn, NULL);
}

/* That there are as many records says nothing: an old copy has others, and anybody sends them. */
bool ledger_own_back(struct ledger *ledger, struct txn *txn)
{
	struct ledger_touched *own = ledger_own_touch(ledger, txn);
	struct digest set;

	if (!own || own->state.live_count <= own->state.head_live_count)
		return false;
	ledger_beyond_leaves(txn, &own->state, false);
	setdigest_root(txn, ledger->own_author, own->state.incarnation, &set);
	ledger_beyond_leaves(txn, &own->state, true);
	own->dirty = true;
	return !txn_err(txn) && id_eq(&set, &own->state.head_set);
}
