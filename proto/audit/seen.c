#include "proto/audit/seen.h"

#include <string.h>

#include "proto/audit/audit.h"
#include "proto/hub/hub.h"
#include "proto/ledger/keyrecord.h"
#include "proto/ledger/keywrap.h"
#include "proto/ledger/withdrawal_body.h"
#include "proto/wire/wire_out.h"

/* META row: number(4) and id(32) of the charter entry that the log has last. */
static const char charter_name[] = "log-charter";

static uint32_t payer_of(const struct hub *hub, uint32_t author)
{
	return author == hub->author ? AUDIT_OWN : author_member(author);
}

/* ---- records ---- */

/* What the detail of every record but lines and bars begins with. */
static void record_begin(struct buf *detail, const struct record *record, uint32_t count)
{
	struct record_id id;

	record_id(&id, record);
	out_array(detail, 2 + count);
	out_uint(detail, record->author);
	out_fixed(detail, id.b, ID_LEN);
}

static enum audit_kind version_put(struct buf *detail, const struct ledger_arrival *arrival)
{
	record_begin(detail, &arrival->record, 4);
	out_fixed(detail, arrival->news.dataset.b, ID_LEN);
	out_uint(detail, arrival->news.number);
	out_uint(detail, arrival->version.tier);
	out_text(detail, arrival->version.path);
	return arrival->version.has_origin ? AUDIT_TAKEN_OVER : AUDIT_VERSION;
}

/* PROTOCOL: "An entry about a record that cannot be read is not made." */
static enum audit_kind withdrawal_seen_put(struct buf *detail, const struct record *record)
{
	struct withdrawal withdrawal;

	if (withdrawal_get(&withdrawal, record->body))
		return 0;
	record_begin(detail, record, 3);
	out_uint(detail, withdrawal.number);
	out_bool(detail, withdrawal.erase);
	out_text(detail, withdrawal.path);
	return AUDIT_WITHDRAWAL;
}

static enum audit_kind epoch_put(struct buf *detail, const struct record *record)
{
	struct keyrecord key;

	if (keyrecord_get(&key, record->body))
		return 0;
	record_begin(detail, record, 2);
	out_uint(detail, key.number);
	out_text(detail, key.prefix);
	return AUDIT_EPOCH;
}

static enum audit_kind wrap_seen_put(struct buf *detail, const struct record *record)
{
	struct keywrap wrap;

	if (keywrap_get(&wrap, record->body))
		return 0;
	record_begin(detail, record, 3);
	out_fixed(detail, wrap.grantee.b, ID_LEN);
	out_uint(detail, wrap.number);
	out_text(detail, wrap.prefix);
	return AUDIT_WRAP;
}

static enum audit_kind record_whole_put(struct buf *detail, const struct record *record)
{
	out_array(detail, 1);
	out_bin(detail, record->whole);
	return AUDIT_RECORD;
}

/* 0: the log is not about it. */
static enum audit_kind arrival_put(struct buf *detail, const struct ledger_arrival *arrival)
{
	const struct record *record = &arrival->record;

	if (!record_kind_known(record->kind))
		return 0;
	switch ((enum record_kind)record->kind) {
	case RECORD_LINE:
	case RECORD_BAR:
		return record_whole_put(detail, record);
	case RECORD_VERSION:
		return version_put(detail, arrival);
	case RECORD_WITHDRAWAL:
		return withdrawal_seen_put(detail, record);
	case RECORD_KEY:
		return epoch_put(detail, record);
	case RECORD_WRAP:
		return wrap_seen_put(detail, record);
	case RECORD_VOTE: /* not about rights */
	case RECORD_CONTACT:
	case RECORD_ERASURE:
	case RECORD_NOTICE:
	case RECORD_WRAP_KEY:
		return 0;
	}
	return 0;
}

static enum audit_kind gone_put(struct buf *detail, const struct record *record)
{
	out_array(detail, 2);
	out_uint(detail, record->author);
	out_bin(detail, record->slot);
	return AUDIT_GONE;
}

void audit_arrival(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival)
{
	struct buf detail;

	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	enum audit_kind kind =
		arrival->gone ? gone_put(&detail, &arrival->record) : arrival_put(&detail, arrival);
	if (kind)
		audit_add(hub, txn, payer_of(hub, arrival->record.author), kind, &detail);
	buf_fini(&detail);
}

/* ---- logs and charter ---- */

void audit_orglog(struct hub *hub, struct txn *txn, const struct org_id *org, struct bytes entry)
{
	const struct charter_member *member = charter_by_org(&hub->charter, org);
	const bool own = id_eq(org, &hub->options.identity->org);
	struct buf detail;

	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 2);
	out_fixed(&detail, org->b, ID_LEN);
	out_bin(&detail, entry);
	audit_add(hub, txn, own || !member ? AUDIT_OWN : member->number, AUDIT_ORGLOG, &detail);
}

static void charter_entry_add(struct hub *hub, struct txn *txn, uint32_t number)
{
	struct bytes entry;
	struct buf detail;

	if (!charter_entry(txn, number, &entry))
		return;
	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 1);
	out_bin(&detail, entry);
	audit_add(hub, txn, AUDIT_OWN, AUDIT_CHARTER, &detail);
}

/*
 * The number from which on the log does not have what counts. When the charter went back, the first
 * entry that was taken back lies aside, and so do all behind it.
 */
static uint32_t charter_from(struct txn *txn, uint32_t last, const struct digest *last_id)
{
	struct digest id;
	struct bytes entry;

	if (last == 0 || (charter_entry(txn, last, &entry) && !charter_entry_id(&id, entry) &&
			  id_eq(&id, last_id)))
		return last + 1;
	while (last > 1) {
		struct row_key prefix = key_charter(last - 1);
		struct bytes key;
		if (!walk_last(txn, TABLE_FORK, row_key_bytes(&prefix), &key, &entry))
			break;
		last--;
	}
	return last;
}

void audit_charter(struct hub *hub, struct txn *txn)
{
	const struct charter *charter = &hub->charter;
	struct row_key key = key_name(charter_name);
	struct digest last_id = {{0}};
	uint8_t row[4 + ID_LEN];
	uint32_t last = 0;
	struct bytes known;

	if (charter->number == 0 || id_eq(&charter->entry_id, &hub->audit->charter_id))
		return;
	if (txn_get(txn, TABLE_META, row_key_bytes(&key), &known) && known.len == sizeof(row)) {
		last = be32_get(known.ptr);
		memcpy(last_id.b, known.ptr + 4, ID_LEN);
	}
	hub->audit->charter_id = charter->entry_id;
	if (last == charter->number && id_eq(&last_id, &charter->entry_id))
		return;
	for (uint32_t n = charter_from(txn, last, &last_id); n <= charter->number; n++)
		charter_entry_add(hub, txn, n);
	be32_put(row, charter->number);
	memcpy(row + 4, charter->entry_id.b, ID_LEN);
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_obj(&row));
}

/* ---- the node itself ---- */

void audit_restored(struct hub *hub, struct txn *txn)
{
	struct bytes head;
	struct buf detail;

	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 1);
	if (ledger_head_last(txn, hub->author, &head))
		out_bin(&detail, head);
	else
		out_nil(&detail);
	audit_add(hub, txn, AUDIT_OWN, AUDIT_RESTORED, &detail);
}
