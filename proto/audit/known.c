#include "proto/audit/audit_internal.h"

#include <string.h>

#include "proto/ledger/record.h"
#include "proto/wire/wire_in.h"
#include "store/db.h"

/* AUDIT_RECORD: [record]. */
static enum err record_get(struct record *out, struct bytes detail)
{
	struct wire_in w = wire_in(detail);

	wire_array(&w, 1, 1);
	struct bytes whole = wire_bin(&w, 0, LIMIT_RECORD_LEN_MAX);
	enum err err = wire_end(&w);
	return err ? err : record_decode(out, whole);
}

/* AUDIT_GONE: [author, slot]. */
static enum err gone_get(uint32_t *author, struct bytes *slot, struct bytes detail)
{
	struct wire_in w = wire_in(detail);

	wire_array(&w, 2, 2);
	*author = (uint32_t)wire_uint(&w, UINT32_MAX);
	*slot = wire_bin(&w, 1, LIMIT_SLOT_LEN_MAX);
	return wire_end(&w);
}

void audit_base_fold(struct txn *txn, const struct audit_entry *entry)
{
	struct record record;
	struct bytes slot;
	uint32_t author;
	struct buf row;

	if (entry->kind == AUDIT_RECORD && !record_get(&record, entry->detail)) {
		struct row_key key = key_slot(record.slot, record.author);
		buf_init(&row, 16 + LIMIT_RECORD_LEN_MAX);
		buf_add_be64(&row, entry->number);
		buf_add_be64(&row, (uint64_t)entry->time_ms);
		buf_add(&row, record.whole);
		txn_put_row(txn, TABLE_LOG_BASE, &key, &row);
	} else if (entry->kind == AUDIT_GONE && !gone_get(&author, &slot, entry->detail)) {
		struct row_key key = key_slot(slot, author);
		txn_del(txn, TABLE_LOG_BASE, row_key_bytes(&key));
	}
}
