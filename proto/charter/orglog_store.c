/*
 * orglog_store - the rows of an organisation's log: the entries that count, in order of their
 * number, and beside them what orglog_past.c keeps.
 */
#include <string.h>

#include "proto/charter/orglog_internal.h"

bool orglog_entry(struct txn *txn, const struct org_id *org, uint32_t number, struct bytes *entry)
{
	struct row_key key = key_orglog(org, number);

	return txn_get(txn, TABLE_ORGLOG, row_key_bytes(&key), entry);
}

uint32_t orglog_number(struct txn *txn, const struct org_id *org)
{
	struct row_key prefix = key_orglog_prefix(org);
	struct bytes key, value;

	if (!walk_last(txn, TABLE_ORGLOG, row_key_bytes(&prefix), &key, &value))
		return 0;
	return be32_get(key.ptr + prefix.len);
}

/* A stored entry passed all rules when it was stored. */
static enum err stored_decode(struct txn *txn, const struct org_id *org, uint32_t number,
			      struct orglog_entry *entry)
{
	struct bytes whole;

	if (!orglog_entry(txn, org, number, &whole))
		return txn_err(txn) ? txn_err(txn) : ERR_ABSENT;
	if (orglog_entry_decode(entry, whole)) {
		txn_fail(txn, ERR_CORRUPT);
		return txn_err(txn);
	}
	return ERR_OK;
}

enum err orglog_load_chain(struct txn *txn, const struct org_id *org, uint32_t number,
			   struct orglog *log)
{
	struct orglog_entry first, entry;

	orglog_init(log);
	enum err err = number == 0 ? ERR_ABSENT : stored_decode(txn, org, 1, &first);
	if (err)
		return err;
	err = stored_decode(txn, org, number, &entry);
	if (!err) {
		*log = entry.log;
		log->id = first.log.id;
		log->first_root = first.log.root;
		err = orglog_past_get(txn, log);
	}
	orglog_entry_fini(&first);
	if (err)
		txn_fail(txn, ERR_CORRUPT);
	if (txn_err(txn))
		orglog_fini(log);
	return txn_err(txn);
}

enum err orglog_load(struct txn *txn, const struct org_id *org, struct orglog *log)
{
	enum err err = orglog_load_chain(txn, org, orglog_number(txn, org), log);

	if (!err)
		orglog_lost_apply(txn, log);
	return err;
}

static void chain_append(struct txn *txn, struct orglog *log, struct bytes whole)
{
	struct row_key key = key_orglog(&log->id, log->number);
	struct row_key stray = key_orglog_lost(&log->id, log->number, &log->entry_id);

	txn_put(txn, TABLE_ORGLOG, row_key_bytes(&key), whole);
	if (txn_has(txn, TABLE_ORGLOG_LOST, row_key_bytes(&stray)))
		txn_del(txn, TABLE_ORGLOG_LOST, row_key_bytes(&stray));
	orglog_past_put(txn, log);
	if (!orglog_bind_reached(txn, log))
		orglog_lost_settle(txn, log);
}

/*
 * Signed by another root than may sign what follows. Whoever passes it on may know more of the
 * charter than is known here, or less.
 */
static bool other_root(const struct orglog *log, struct bytes whole)
{
	struct orglog_entry entry;

	if (log->number == 0 || orglog_entry_decode(&entry, whole))
		return false;
	bool other = !id_eq(&entry.log.root, orglog_root_next(log));
	orglog_entry_fini(&entry);
	return other;
}

enum err orglog_accept(struct txn *txn, const struct org_id *expected, struct bytes whole,
		       bool *forked)
{
	struct orglog log;
	enum err err = orglog_load_chain(txn, expected, orglog_number(txn, expected), &log);
	bool told = false;

	const bool other = !err && other_root(&log, whole);
	if (!err || err == ERR_ABSENT)
		err = other ? ERR_EXISTS : orglog_apply(&log, whole);
	if (!err && !id_eq(&log.id, expected))
		err = ERR_PROTOCOL;
	if (err == ERR_EXISTS && !other) {
		err = orglog_other_take(txn, &log, whole, &told);
	} else if (err == ERR_AGAIN && log.number > 0) {
		err = orglog_stray_take(txn, &log, whole, &told);
	} else if (!err) {
		chain_append(txn, &log, whole);
		err = txn_err(txn);
	}
	if (forked)
		*forked = told;
	orglog_fini(&log);
	return err;
}
