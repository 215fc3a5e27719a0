#include "proto/audit/audit.h"

#include "proto/audit/audit_internal.h"
#include "proto/hub/hub.h"
#include "proto/wire/wire_out.h"

/* While no segment can be closed, the open one grows up to so many times its size. */
#define OPEN_SEGMENT_MAX 4

/* An account: how much has been spent as of a day, and of each kind what was left out since. */
#define ACCOUNT_LEN (4 + 8 + 8 * AUDIT_KIND_LAST)
struct account {
	uint32_t day;
	uint64_t spent;
	uint64_t left_out[AUDIT_KIND_LAST];
};
#define ACCOUNT_NODE 0 /* what was left out whoever has caused it */

/* ---- opening ---- */

static void segment_load(struct audit *audit, struct txn *txn)
{
	struct row_key at = key_log(audit->segment_first);
	struct walk walk =
		walk_begin_at(txn, TABLE_LOG, bytes_of(NULL, 0), row_key_bytes(&at), true);
	struct audit_entry entry;

	while (walk_next(&walk)) {
		if (audit_entry_decode(&entry, walk.value)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		if (audit->segment_bytes == 0)
			audit->segment_ms = entry.time_ms;
		audit->segment_bytes += entry.whole.len;
	}
}

static void closings_load(struct audit *audit, struct txn *txn)
{
	struct row_key at = key_log(audit->first);
	struct walk walk =
		walk_begin_at(txn, TABLE_LOG_CLOSING, bytes_of(NULL, 0), row_key_bytes(&at), true);
	struct audit_closing closing;

	while (walk_next(&walk)) {
		if (audit_closing_decode(&closing, walk.value)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		audit->segment_first = closing.last + 1;
		audit->closed_count++;
	}
}

static void tip_set(struct hub *hub, const struct audit *audit)
{
	hub->ledger.has_log_tip = audit->last > 0;
	hub->ledger.log_tip = audit->tip;
}

void audit_open(struct hub *hub, struct txn *txn)
{
	struct audit *audit = hub->audit;
	struct walk walk = walk_begin(txn, TABLE_LOG, bytes_of(NULL, 0));
	struct audit_entry entry;
	struct bytes key, value;

	if (audit->open)
		return;
	*audit = (struct audit){.open = true, .first = 1, .segment_first = 1};
	if (walk_next(&walk) && walk_last(txn, TABLE_LOG, bytes_of(NULL, 0), &key, &value)) {
		if (audit_entry_decode(&entry, walk.value)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		audit->first = audit->segment_first = entry.number;
		if (audit_entry_decode(&entry, value)) {
			txn_fail(txn, ERR_CORRUPT);
			return;
		}
		audit->last = entry.number;
		audit->last_ms = entry.time_ms;
		audit_entry_id(&audit->tip, value);
		closings_load(audit, txn);
		segment_load(audit, txn);
	}
	tip_set(hub, audit);
}

/* ---- accounts ---- */

static uint32_t today(const struct hub *hub)
{
	return (uint32_t)(hub->judge_ms / AUDIT_DAY_MS);
}

static void account_get(struct txn *txn, uint32_t member, struct account *out)
{
	struct row_key key = key_author(member);
	struct bytes row;

	*out = (struct account){0};
	if (!txn_get(txn, TABLE_LOG_ACCOUNT, row_key_bytes(&key), &row) || row.len != ACCOUNT_LEN)
		return;
	out->day = be32_get(row.ptr);
	out->spent = be64_get(row.ptr + 4);
	for (size_t i = 0; i < AUDIT_KIND_LAST; i++)
		out->left_out[i] = be64_get(row.ptr + 12 + 8 * i);
}

static void account_put(struct txn *txn, uint32_t member, const struct account *account)
{
	struct row_key key = key_author(member);
	uint8_t row[ACCOUNT_LEN];

	be32_put(row, account->day);
	be64_put(row + 4, account->spent);
	for (size_t i = 0; i < AUDIT_KIND_LAST; i++)
		be64_put(row + 12 + 8 * i, account->left_out[i]);
	txn_put(txn, TABLE_LOG_ACCOUNT, row_key_bytes(&key), bytes_obj(&row));
}

/* A day that has passed pays back. */
static void account_refill(const struct hub *hub, struct account *account)
{
	const uint64_t a_day = hub->options.limits->log_org_day_bytes;
	uint32_t day = today(hub), days = day > account->day ? day - account->day : 0;

	account->spent -= account->spent / a_day < days ? account->spent : days * a_day;
	account->day = day > account->day ? day : account->day;
}

static bool account_pays(struct hub *hub, struct txn *txn, uint32_t member, enum audit_kind kind,
			 size_t len)
{
	struct account account;

	account_get(txn, member, &account);
	account_refill(hub, &account);
	bool pays = account.spent + len <= hub->options.limits->log_org_bytes;
	if (pays)
		account.spent += len;
	else
		account.left_out[kind - 1]++;
	account_put(txn, member, &account);
	return pays;
}

static void left_out_count(struct txn *txn, uint32_t member, enum audit_kind kind)
{
	struct account account;

	account_get(txn, member, &account);
	account.left_out[kind - 1]++;
	account_put(txn, member, &account);
}

/* ---- segments ---- */

/*
 * PROTOCOL: "The oldest segment goes when there are more than 64, and only behind its closing; an
 * entry says up to which number."
 */
static void segment_roll(struct hub *hub, struct txn *txn)
{
	struct audit *audit = hub->audit;
	struct row_key at = key_log(audit->first);
	struct audit_closing closing;
	struct bytes row;
	struct buf detail;

	if (!txn_get(txn, TABLE_LOG_CLOSING, row_key_bytes(&at), &row) ||
	    audit_closing_decode(&closing, row)) {
		txn_fail(txn, ERR_CORRUPT);
		return;
	}
	const uint64_t last = closing.last;
	for (uint64_t number = audit->first; number <= last && !txn_err(txn); number++) {
		struct row_key key = key_log(number);
		struct audit_entry entry;
		if (txn_get(txn, TABLE_LOG, row_key_bytes(&key), &row) &&
		    !audit_entry_decode(&entry, row))
			audit_base_fold(txn, &entry);
		txn_del(txn, TABLE_LOG, row_key_bytes(&key));
	}
	audit->first = last + 1;
	audit->closed_count--;
	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 1);
	out_uint(&detail, last);
	audit_add(hub, txn, AUDIT_OWN, AUDIT_ROLLED, &detail);
}

/* PROTOCOL: "A segment of 1 MiB is closed by a signed statement that stays." */
static void segment_close(struct hub *hub, struct txn *txn)
{
	struct audit *audit = hub->audit;
	const struct audit_closing fields = {.first = audit->segment_first,
					     .last = audit->last,
					     .first_ms = audit->segment_ms,
					     .last_ms = audit->last_ms,
					     .last_id = audit->tip};
	struct row_key key = key_log(fields.first);
	struct buf row;

	buf_init(&row, LIMIT_LOG_CLOSING_LEN_MAX);
	audit_closing_make(&row, &fields, &hub->charter.fed, hub->ledger.own_seed);
	txn_put_row(txn, TABLE_LOG_CLOSING, &key, &row);
	audit->segment_first = audit->last + 1;
	audit->segment_bytes = 0;
	audit->closed_count++;
	if (audit->closed_count >= hub->options.limits->log_segment_count)
		segment_roll(hub, txn);
}

static bool may_close(const struct hub *hub)
{
	return hub->author && hub->signing == SIGNING_YES && hub->ledger.own_seed;
}

/* ---- appending ---- */

static bool place_has(struct hub *hub, struct txn *txn, size_t len)
{
	const struct audit *audit = hub->audit;

	return audit->segment_bytes + len <=
		       OPEN_SEGMENT_MAX * (uint64_t)hub->options.limits->log_segment_bytes &&
	       ledger_room(&hub->ledger, txn, ROOM_RIGHTS, len);
}

static void entry_put(struct hub *hub, struct txn *txn, struct bytes whole)
{
	struct audit *audit = hub->audit;
	struct row_key key = key_log(++audit->last);

	audit_entry_id(&audit->tip, whole);
	audit->last_ms = hub->wall_ms;
	if (audit->segment_bytes == 0)
		audit->segment_ms = hub->wall_ms;
	audit->segment_bytes += whole.len;
	txn_put(txn, TABLE_LOG, row_key_bytes(&key), whole);
	tip_set(hub, audit);
}

void audit_add(struct hub *hub, struct txn *txn, uint32_t payer, enum audit_kind kind,
	       struct buf *detail)
{
	struct audit *audit = hub->audit;
	struct buf whole;

	audit_open(hub, txn);
	if (audit->segment_bytes >= hub->options.limits->log_segment_bytes && may_close(hub))
		segment_close(hub, txn);
	const struct audit_entry fields = {.number = audit->last + 1,
					   .previous = audit->tip,
					   .time_ms = hub->wall_ms,
					   .kind = kind,
					   .detail = buf_bytes(detail)};
	buf_init(&whole, LIMIT_LOG_ENTRY_LEN_MAX);
	audit_entry_make(&whole, &fields);
	if (detail->err || whole.err)
		txn_fail(txn, ERR_FULL);
	else if (!place_has(hub, txn, whole.len))
		left_out_count(txn, ACCOUNT_NODE, kind);
	else if (payer == AUDIT_OWN || account_pays(hub, txn, payer, kind, whole.len))
		entry_put(hub, txn, buf_bytes(&whole));
	buf_fini(&whole);
	buf_fini(detail);
}

void audit_command(struct hub *hub, struct txn *txn, const char *who, const char *what)
{
	struct buf detail;

	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 2);
	out_text(&detail, bytes_str(who));
	out_text(&detail, bytes_str(what));
	audit_add(hub, txn, AUDIT_OWN, AUDIT_COMMAND, &detail);
}

void audit_swept(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		 uint64_t chunks, uint64_t bytes)
{
	struct buf detail;

	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 3);
	out_fixed(&detail, dataset->b, ID_LEN);
	out_uint(&detail, chunks);
	out_uint(&detail, bytes);
	audit_add(hub, txn, AUDIT_OWN, AUDIT_SWEPT, &detail);
}

/* ---- each day ---- */

static void left_out_tell(struct hub *hub, struct txn *txn, uint32_t member,
			  const struct account *account)
{
	struct buf detail;
	uint32_t kinds = 0;

	for (size_t i = 0; i < AUDIT_KIND_LAST; i++)
		kinds += account->left_out[i] > 0;
	buf_init(&detail, LIMIT_LOG_ENTRY_LEN_MAX);
	out_array(&detail, 2);
	out_uint(&detail, member);
	out_array(&detail, kinds);
	for (size_t i = 0; i < AUDIT_KIND_LAST; i++) {
		if (account->left_out[i] == 0)
			continue;
		out_array(&detail, 2);
		out_uint(&detail, i + 1);
		out_uint(&detail, account->left_out[i]);
	}
	audit_add(hub, txn, AUDIT_OWN, AUDIT_LEFT_OUT, &detail);
}

static bool has_left_out(const struct account *account)
{
	for (size_t i = 0; i < AUDIT_KIND_LAST; i++)
		if (account->left_out[i] > 0)
			return true;
	return false;
}

/*
 * PROTOCOL: "Once a day an entry for each organisation says of each kind how many were left out."
 */
void audit_accounts_tell(struct hub *hub, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_LOG_ACCOUNT, bytes_of(NULL, 0));

	while (walk_next(&walk)) {
		const uint32_t member = be32_get(walk.key.ptr);
		struct account account;
		account_get(txn, member, &account);
		if (!has_left_out(&account))
			continue;
		left_out_tell(hub, txn, member, &account);
		for (size_t i = 0; i < AUDIT_KIND_LAST; i++)
			account.left_out[i] = 0;
		account_put(txn, member, &account);
	}
}
