#include "proto/ledger/aside.h"

#include <string.h>

#include "proto/ledger/held.h"
#include "proto/ledger/ledger_internal.h"
#include "store/chunks.h"

bool aside_counts(uint64_t kind)
{
	return kind != RECORD_WRAP && kind != RECORD_VOTE && kind != RECORD_CONTACT &&
	       kind != RECORD_ERASURE && kind != RECORD_NOTICE && kind != RECORD_WRAP_KEY;
}

static uint64_t aside_row_put(struct txn *txn, const struct record *record)
{
	const uint64_t job = chunks_job_new(txn, 1);
	struct row_key key = key_stage_prefix(job);

	txn_put(txn, TABLE_ASIDE, row_key_bytes(&key), record->whole);
	return job;
}

void aside_add(struct txn *txn, const struct record *record)
{
	aside_row_put(txn, record);
}

void aside_move(struct txn *txn, const struct record *record)
{
	struct version_id of = {.author = record->author};
	const uint64_t job = aside_row_put(txn, record);

	if (record->kind == RECORD_VERSION &&
	    !version_slot_get(record->slot, &of.dataset, &of.number))
		held_stage(txn, &of, job);
}

/* Nobody gets back for a moment what has ended. */
static bool ends_rights(const struct record *record)
{
	return record->kind == RECORD_LINE || record->kind == RECORD_BAR ||
	       record->kind == RECORD_WITHDRAWAL;
}

/* Of an older incarnation the rows go when the later one is whole. */
static void take_out(struct ledger *ledger, struct txn *txn, const struct author_state *state,
		     const struct record *record)
{
	if (record->incarnation == state->incarnation && !ends_rights(record))
		ledger_record_drop(ledger, txn, record->author, record->incarnation,
				   record->sequence);
}

enum err aside_put_own(struct ledger *ledger, struct txn *txn, uint32_t incarnation, uint64_t after)
{
	struct ledger_touched *own = ledger_own_touch(ledger, txn);
	struct row_key prefix = key_author_incarnation(ledger->own_author, incarnation);
	struct row_key at = key_record(ledger->own_author, incarnation, after);
	struct buf whole; /* what is written moves what was read */

	if (!own)
		return txn_err(txn);
	const struct author_state state = own->state;
	struct walk walk =
		walk_begin_at(txn, TABLE_RECORD, row_key_bytes(&prefix), row_key_bytes(&at), false);
	while (walk_next(&walk)) {
		struct record record;
		buf_init(&whole, LIMIT_RECORD_LEN_MAX);
		buf_add(&whole, walk.value);
		if (whole.err || record_decode(&record, buf_bytes(&whole))) {
			txn_fail(txn, ERR_CORRUPT);
		} else {
			if (aside_counts(record.kind))
				aside_move(txn, &record);
			take_out(ledger, txn, &state, &record);
		}
		buf_fini(&whole);
	}
	own = ledger_own_touch(ledger, txn);
	/* Of what was signed elsewhere since, nothing was here. */
	if (own && incarnation == own->state.incarnation && own->state.proven_sequence > after) {
		own->state.proven_sequence = after;
		own->dirty = true;
	}
	return txn_err(txn);
}

bool aside_next(struct txn *txn, uint64_t *job, struct record *record)
{
	struct row_key at = key_stage_prefix(*job);
	struct walk walk =
		walk_begin_at(txn, TABLE_ASIDE, bytes_of(NULL, 0), row_key_bytes(&at), false);

	if (!walk_next(&walk))
		return false;
	*job = be64_get(walk.key.ptr);
	if (record_decode(record, walk.value)) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	return true;
}

void aside_drop(struct txn *txn, uint64_t job)
{
	struct row_key key = key_stage_prefix(job);
	struct walk walk = walk_begin(txn, TABLE_STAGE, row_key_bytes(&key));
	struct dataset_id dataset;

	if (walk_next(&walk)) {
		memcpy(dataset.b, walk.key.ptr + 8, ID_LEN);
		chunks_sweep_later(txn, &dataset);
	}
	while (chunks_unstage(txn, job, 4096))
		;
	txn_del(txn, TABLE_ASIDE, row_key_bytes(&key));
}

bool aside_own_record(struct ledger *ledger, struct txn *txn, struct bytes slot, struct record *out)
{
	struct author_state own;
	struct digest hash;
	struct bytes whole;
	uint64_t sequence;

	return !ledger_state(ledger, txn, ledger->own_author, &own) &&
	       setdigest_get(txn, own.author, own.incarnation, slot, &sequence, &hash) &&
	       ledger_record(txn, own.author, own.incarnation, sequence, &whole) &&
	       !record_decode(out, whole);
}

bool aside_differs(struct ledger *ledger, struct txn *txn)
{
	struct record record, own;
	uint64_t job = 0;

	while (aside_next(txn, &job, &record))
		if (!aside_own_record(ledger, txn, record.slot, &own) || own.kind != record.kind ||
		    !bytes_eq(own.body, record.body))
			return true;
	return false;
}
