#include "proto/audit/export.h"

#include "proto/audit/check.h"
#include "proto/hub/hub.h"
#include "proto/wire/wire_out.h"

static void others_put(const struct hub *hub, struct txn *txn, struct buf *out)
{
	struct bytes entry;
	struct buf body;

	buf_init(&body, LIMIT_ORGLOG_ENTRY_LEN_MAX + 64);
	for (uint32_t n = 1; n <= hub->charter.member_count; n++) {
		const struct charter_member *member = charter_member(&hub->charter, n);
		for (uint32_t i = 1; member && orglog_entry(txn, &member->org, i, &entry); i++) {
			buf_reset(&body);
			out_array(&body, 2);
			out_fixed(&body, member->org.b, ID_LEN);
			out_bin(&body, entry);
			audit_frame_put(out, AUDIT_FRAME_OTHER, buf_bytes(&body));
		}
	}
	buf_fini(&body);
}

enum err audit_export_begin(struct hub *hub, struct txn *txn, struct buf *out)
{
	const struct org_id *org = &hub->options.identity->org;
	struct bytes row;

	if (!hub->author)
		return ERR_ABSENT;
	audit_frame_log_put(out, &hub->charter.fed, hub->author, org);
	for (uint32_t n = 1; charter_entry(txn, n, &row); n++)
		audit_frame_put(out, AUDIT_FRAME_CHARTER, row);
	for (uint32_t n = 1; orglog_entry(txn, org, n, &row); n++)
		audit_frame_put(out, AUDIT_FRAME_ORG, row);
	if (ledger_head_last(txn, hub->author, &row))
		audit_frame_put(out, AUDIT_FRAME_HEAD, row);
	struct walk walk = walk_begin(txn, TABLE_LOG_CLOSING, bytes_of(NULL, 0));
	while (walk_next(&walk))
		audit_frame_put(out, AUDIT_FRAME_CLOSING, walk.value);
	others_put(hub, txn, out);
	walk = walk_begin(txn, TABLE_LOG_BASE, bytes_of(NULL, 0));
	while (walk_next(&walk)) /* behind number and time of the entry */
		audit_frame_put(out, AUDIT_FRAME_BASE, bytes_slice(walk.value, 16, walk.value.len));
	return out->err ? out->err : txn_err(txn);
}

uint64_t audit_export_page(struct txn *txn, uint64_t after, struct buf *out)
{
	struct row_key at = key_log(after);
	struct walk walk =
		walk_begin_at(txn, TABLE_LOG, bytes_of(NULL, 0), row_key_bytes(&at), false);
	const size_t from = out->len;

	while (out->len - from < AUDIT_PAGE_LEN && walk_next(&walk)) {
		audit_frame_put(out, AUDIT_FRAME_ENTRY, walk.value);
		after = be64_get(walk.key.ptr);
	}
	return after;
}
