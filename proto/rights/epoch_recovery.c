#include "proto/rights/epoch_recovery.h"

#include <string.h>

#include "proto/charter/orglog.h"
#include "proto/ledger/keyrecord.h"
#include "proto/rights/epochs.h"

enum { RECORDS_A_TURN = 128 }; /* each costs an exchange of keys and a signature */

/* META row: the recovery key, and the slot that was looked at last; none: all are done. */
static const char row_name[] = "epochs-recovery";

struct progress {
	struct dh_pk recovery;
	struct record_slot at; /* len 0: from the first */
	bool done;
};

static bool progress_get(struct txn *txn, struct progress *out)
{
	struct row_key row = key_name(row_name);
	struct bytes value;

	if (!txn_get(txn, TABLE_META, row_key_bytes(&row), &value) || value.len < ID_LEN ||
	    value.len > ID_LEN + sizeof(out->at.b))
		return false;
	*out = (struct progress){.done = value.len == ID_LEN};
	memcpy(out->recovery.b, value.ptr, ID_LEN);
	if (!out->done)
		out->at = record_slot_copy(bytes_slice(value, ID_LEN, value.len));
	return true;
}

static void progress_put(struct txn *txn, const struct progress *progress)
{
	struct row_key row = key_name(row_name);
	struct buf value;

	buf_init(&value, ID_LEN + sizeof(progress->at.b));
	buf_add(&value, id_bytes(&progress->recovery));
	if (!progress->done)
		buf_add(&value, record_slot_bytes(&progress->at));
	txn_put_row(txn, TABLE_META, &row, &value);
}

/* Of an organisation whose root was never bound anew all records are for the key that it has. */
static bool again_begin(struct txn *txn, const struct orglog *log, struct progress *out)
{
	const bool known = progress_get(txn, out);

	if (known && id_eq(&out->recovery, &log->recovery))
		return !out->done;
	const bool again = known || log->bound_number > 0;

	*out = (struct progress){.recovery = log->recovery, .done = !again};
	if (out->done)
		progress_put(txn, out);
	return again;
}

/* ERR_ABSENT: the key is not here; the record stays as it is. */
static enum err record_again(struct hub *hub, struct txn *txn, const struct dh_pk *recovery,
			     const struct record *record)
{
	const struct org_id *own = &hub->options.identity->org;
	struct record_slot slot = record_slot_copy(record->slot);
	struct key key = {{0}};
	struct keyrecord r;
	struct buf body;
	enum err err = keyrecord_get(&r, record->body);

	if (err)
		return ERR_ABSENT;
	struct wrap_context context = {
		.granter = *own, .grantee = *own, .prefix = r.prefix, .number = r.number};
	err = epochs_key(hub, txn, r.prefix, r.number, r.prefix, &key);
	if (!err)
		err = wrap_seal(&r.recovery, &key, recovery, &context, hub->options.random);
	key_wipe(&key);
	if (err)
		return err;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keyrecord_put(&body, &r);
	err = ledger_append(&hub->ledger, txn, RECORD_KEY, record_slot_bytes(&slot),
			    buf_bytes(&body), NULL, LEDGER_QUIET);
	buf_fini(&body);
	return err;
}

/* The next part; ends with progress->done, or where the ledger takes no more. */
static void records_again(struct hub *hub, struct txn *txn, struct progress *progress)
{
	static const uint8_t kind[1] = {RECORD_KEY};
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_obj(&kind));
	struct row_key at = key_slot(record_slot_bytes(&progress->at), hub->author);
	enum err err = ERR_OK;
	struct record record;

	if (progress->at.len > 0)
		slots.walk =
			walk_begin_at(txn, TABLE_SLOT, bytes_obj(&kind), row_key_bytes(&at), false);
	slots.author = hub->author;
	for (unsigned i = 0; i < RECORDS_A_TURN && !err; i++) {
		progress->done = !ledger_slots_next(&slots, &record);
		if (progress->done)
			break;
		struct record_slot slot = record_slot_copy(record.slot);
		err = record_again(hub, txn, &progress->recovery, &record);
		if (!err || err == ERR_ABSENT) {
			progress->at = slot;
			err = ERR_OK;
		}
	}
	/* Without room, or out of the federation: at the next change or start. */
	if (err)
		hub->epochs->recovery.due = false;
	if (err && err != ERR_NOSPACE && err != ERR_DENIED && err != ERR_AGAIN)
		txn_fail(txn, err);
}

void epoch_recovery_step(struct hub *hub, struct txn *txn)
{
	struct epoch_recovery *recovery = &hub->epochs->recovery;
	struct progress progress;
	struct orglog log;

	if (recovery->looked != hub->keys_epoch + 1)
		recovery->due = true;
	recovery->looked = hub->keys_epoch + 1;
	if (!recovery->due || orglog_load(txn, &hub->options.identity->org, &log))
		return;
	recovery->due = again_begin(txn, &log, &progress);
	orglog_fini(&log);
	if (!recovery->due)
		return;
	records_again(hub, txn, &progress);
	recovery->due = recovery->due && !progress.done;
	if (progress.done || progress.at.len > 0)
		progress_put(txn, &progress);
}
