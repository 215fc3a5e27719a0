/*
 * orglog_internal - what orglog.c and orglog_fork.c share.
 */
#ifndef ALLMENDE_ORGLOG_INTERNAL_H
#define ALLMENDE_ORGLOG_INTERNAL_H

#include "proto/charter/orglog.h"

/* One entry as it stands, not yet believed. */
struct orglog_entry {
	struct orglog log; /* id and first_root only in entry 1 */
	bool has_previous;
	struct digest previous;
	struct bytes payload;
	struct sig sig;
};

/* Form only. *entry owns nothing when this fails. */
enum err orglog_entry_decode(struct orglog_entry *entry, struct bytes whole);
void orglog_entry_fini(struct orglog_entry *entry);
/* Whether whoever has the root of this log has signed the entry, wherever it may belong. */
enum err orglog_entry_own(const struct orglog *log, const struct orglog_entry *entry);
/* Whether a decoded entry follows the log; fills in what an entry does not repeat. */
enum err orglog_follows(const struct orglog *log, struct orglog_entry *entry);
/* The state after a stored entry as it says itself, without what lost ones have retired. */
enum err orglog_load_chain(struct txn *txn, const struct org_id *org, uint32_t number,
			   struct orglog *log);

/* ---- orglog_fork.c ---- */

/* PROTOCOL: "A node that an entry kept as lost retires is out all the same." */
void orglog_lost_apply(struct txn *txn, struct orglog *log);
/* The log has grown: what its latest entry settles goes. */
void orglog_lost_settle(struct txn *txn, const struct orglog *log);
/*
 * An entry of a number that is known, as orglog_accept(): ERR_OK when it replaces what is stored
 * from its number on. *told: it proves something that was not known.
 */
enum err orglog_other_take(struct txn *txn, const struct orglog *log, struct bytes whole,
			   bool *told);

#endif
