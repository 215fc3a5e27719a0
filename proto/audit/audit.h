/*
 * audit - the log of who could read what: a chain of entries in the store of this node.
 *
 * Every machine that does, or sees, what the log is about says so with audit_add(), inside a turn
 * and its transaction; the own head names the id of the latest entry (ledger.log_tip). A segment is
 * closed when it is full and this node signs; the oldest goes when there are too many, and its
 * closing stays. Rows: LOG, LOG_CLOSING, LOG_ACCOUNT, and of the files beside this one LOG_BASE and
 * LOG_SERVED.
 *
 * What somebody else can have written here is bounded: each organisation has an account, from which
 * its entries are paid in bytes (limits.log_org_bytes at most, limits.log_org_day_bytes more each
 * day). What is over it is counted, and once a day an entry says how much was left out. What this
 * node and its people do themselves costs nothing. Without room on the disk, or with segments that
 * cannot be closed as nothing is signed, entries are left out as well and counted.
 */
#ifndef ALLMENDE_AUDIT_H
#define ALLMENDE_AUDIT_H

#include "proto/audit/entry.h"

struct hub;
struct txn;

#define AUDIT_DAY_MS (INT64_C(24) * 3600 * 1000)
#define AUDIT_OWN    UINT32_MAX /* nobody pays: what this node does itself */

struct audit {
	bool open;
	uint64_t first, last;        /* numbers of the entries that are here; last 0: none ever */
	struct digest tip;           /* id of the latest; without one zeros */
	uint64_t segment_first;      /* number of the first entry that no closing covers */
	int64_t segment_ms, last_ms; /* times of that and of the latest */
	uint64_t segment_bytes;
	uint32_t closed_count;    /* segments that are here and closed */
	struct digest charter_id; /* of the entry that audit_charter() looked at last */
	uint32_t day;             /* of the last tick; 0: none yet */
	uint32_t tips_day;        /* of which heads were noted; 0: not known yet */
	int64_t tips_ms;          /* not looked for again before, by mono_ms */
	bool served_waits;        /* of days before it something is not written yet */
	/* of the last tick */
	bool running, behind; /* the clock stands before the floor */
	int64_t offset_ms;    /* of the clock against the other one */
};

/* Loads what is remembered; later calls do nothing. Faults stick in txn. */
void audit_open(struct hub *hub, struct txn *txn);
/* Appends an entry; takes the detail. payer: a member's number, or AUDIT_OWN. */
void audit_add(struct hub *hub, struct txn *txn, uint32_t payer, enum audit_kind kind,
	       struct buf *detail);
/* What a person at this node has had done: who as the system knows him, what in words. */
void audit_command(struct hub *hub, struct txn *txn, const char *who, const char *what);
/* Chunks of a dataset that nothing needed any more are gone. */
void audit_swept(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		 uint64_t chunks, uint64_t bytes);
/* Once in each turn: whether the clock was set, and what is due when a day has passed; daily.c. */
void audit_tick(struct hub *hub, struct txn *txn);
int64_t audit_wake(const struct hub *hub);

#endif
