/*
 * scan - what is wanted and not here becomes a fetch: subscriptions are compared with the
 * catalogue, a few rows each turn, and with every version that comes.
 */
#ifndef ALLMENDE_SCAN_H
#define ALLMENDE_SCAN_H

#include "proto/transfer/fetches.h"
#include "proto/transfer/proof.h"
#include "proto/transfer/voids.h"

enum scan_step { SCAN_IDLE, SCAN_HELD, SCAN_PATHS };

struct sweep { /* the dataset under the broom */
	struct dataset_id dataset;
	uint64_t mark; /* of its row when the sweep began */
	bool chunks_done;
	struct chunk_addr from; /* where to go on */
	struct digest seen;     /* the same, among what was seen */
	uint64_t count, bytes;  /* of the chunks that are gone */
};

/* The state of this room: fetches, subscriptions, the scan and the sweep. */
struct transfer {
	struct fetch **fetches; /* in order; the first limits.fetch_count_max run */
	size_t fetch_count, fetch_cap;
	struct fetch **buckets; /* the same by dataset: fetches.h; NULL: there was none yet */
	uint64_t bucket_salt;
	struct buf subscriptions;     /* rows, one after the other; subscription.c */
	struct version_id *held_news; /* became held in this turn: HOLDS to tell */
	size_t held_news_count, held_news_cap;
	struct sweep sweep;
	bool sweep_waits;              /* there is more to sweep */
	int64_t settled_ms;            /* the last turn, from which deadlines count */
	struct dataset_id *publishing; /* datasets with an open publication: not swept */
	size_t publishing_count, publishing_cap;
	uint64_t job_next,
		job_end;     /* numbers for publications; none are left where they are equal */
	bool unsubscribed;   /* what is on its way may not be asked for any more */
	bool room_short;     /* a fetch waits for room (allot.h) */
	bool scan_missed;    /* the list of fetches was full: to be compared again when it is not */
	bool scan_full;      /* the same, in the middle of a scan, which waits */
	uint64_t scan_epoch; /* hub.wanted_epoch that was scanned for */
	enum scan_step scan_step;
	struct row_key scan_at;
	struct proofs proofs;
	struct voids voids;
	uint64_t promise_epoch; /* hub.rights_epoch as of which promises were looked at */
	int64_t doubt_until_ms; /* chunks are looked at before they are served */
	int64_t guess_ms;       /* when a member may be asked for what nobody says it holds */
	size_t guess_at;        /* the fetch to begin with */
};

void scan_open(struct hub *hub, struct txn *txn);
void scan_close(struct hub *hub);
/* Whether this node is to have the version, if it is the current one: nobody need ask for it. */
bool scan_wanted(struct hub *hub, struct txn *txn, const struct version_id *of,
		 const struct version *version);
/* RECORD_VERSION has come. */
void scan_version(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival);
void scan_tick(struct hub *hub, struct txn *txn);
/* End of a turn: fetches, what became held is told, one step of the sweep. */
void scan_settle(struct hub *hub, struct txn *txn);
int64_t scan_wake(const struct hub *hub);

#endif
