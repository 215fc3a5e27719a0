/*
 * orglog_internal - what the files of orglog share.
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
/* Its signature by the root key that it names. */
enum err orglog_signature_check(const struct orglog_entry *entry);
/* The root that may sign what follows the latest entry. */
const struct sign_pk *orglog_root_next(const struct orglog *log);
/* Whether a decoded entry follows the log; fills in what an entry does not repeat. */
enum err orglog_follows(const struct orglog *log, struct orglog_entry *entry);
/* The entry follows: it becomes the latest. */
void orglog_advance(struct orglog *log, struct orglog_entry *entry);

/* ---- orglog_past.c ---- */

/* What an entry alone does not say, from the log before it. */
void orglog_past_follow(struct orglog *next, const struct orglog *before);
void orglog_past_put(struct txn *txn, const struct orglog *log);
/* Of the stored log; for an entry before the latest, what it had named by then. */
enum err orglog_past_get(struct txn *txn, struct orglog *log);

/* ---- orglog_store.c ---- */

/*
 * The state after a stored entry as it says itself, without what lost ones have put out. Before the
 * latest entry left_ms and loss_number are those of the latest.
 */
enum err orglog_load_chain(struct txn *txn, const struct org_id *org, uint32_t number,
			   struct orglog *log);

/* ---- orglog_fork.c ---- */

/* PROTOCOL: "A node that either branch puts out is out all the same." */
void orglog_lost_apply(struct txn *txn, struct orglog *log);
/*
 * The chain has changed, or an entry was added to those that have lost: of these the ones stay that
 * say something still.
 */
void orglog_lost_settle(struct txn *txn, struct orglog *log);
/*
 * An entry of the number that would be next, which follows another one than the latest: ERR_AGAIN,
 * and what it puts out is out.
 */
enum err orglog_stray_take(struct txn *txn, struct orglog *log, struct bytes whole, bool *told);
/*
 * An entry of a number that is known, as orglog_accept(): ERR_OK when it replaces what is stored
 * from its number on. *told: it proves something that was not known.
 */
enum err orglog_other_take(struct txn *txn, struct orglog *log, struct bytes whole, bool *told);

/* ---- orglog_bind.c ---- */

/*
 * The log as far as number, by a walk over what is stored, whatever is known of its past; *log is
 * set up by the call. It ends early where another root than may has signed.
 */
void orglog_walk(struct txn *txn, const struct org_id *org, uint32_t number, struct orglog *log);
/*
 * An entry was appended: whether the log has come to where its root is bound; then the lost ones
 * are settled too.
 */
bool orglog_bind_reached(struct txn *txn, const struct orglog *log);
/*
 * An entry was kept beside the log: whether the way to the entry bound last is whole by it, and the
 * log goes on from there now; then the lost ones are settled too.
 */
bool orglog_bind_met(struct txn *txn, const struct org_id *org);

#endif
