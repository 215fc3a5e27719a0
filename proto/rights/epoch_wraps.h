/*
 * epoch_wraps - which keys are wanted by whom, and what of it this node makes
 * (docs/PROTOCOL.md, section 5.6).
 *
 * Every prefix that somebody may read gets an epoch, made by the owner's key author; every line
 * that gives read or more gets a wrap of the latest epoch at its prefix, made by the key author of
 * whoever gave it. So what somebody hands on costs the owner no signature but that of the epoch,
 * and those are counted (handed.h). When a giver is off, the next one above it makes the wrap a day
 * later. The pass goes over the lines that the own organisation has given, and over those that rest
 * on them, some in each turn.
 */
#ifndef ALLMENDE_EPOCH_WRAPS_H
#define ALLMENDE_EPOCH_WRAPS_H

#include "proto/hub/hub.h"
#include "proto/rights/verdict.h"

struct epoch_pass {
	bool due;          /* something has changed: from the beginning, when this one is done */
	bool on;           /* one is under way */
	struct row_key at; /* the own line that was looked at last */
	uint64_t looked;   /* lines */
	int64_t next_ms;   /* wall time: what this pass has left for later; INT64_MAX: nothing */
	uint64_t made;     /* records, ever */
	/* places that were handed on and are not served (handed.h), and by whom one was */
	uint64_t waiting, waiting_now;
	struct org_id waiting_by;
};

/* The next part; begins a pass that is due. False: there is nothing more to be done now. */
bool epoch_pass_step(struct hub *hub, struct txn *txn, struct epoch_pass *pass);
/* The number of the latest epoch at a path, by the key author of the namespace; 0: none. */
uint64_t epoch_last_at(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix);
/*
 * Of a good line in the namespace of another: it was handed on, and there is no epoch for it though
 * the owner has been heard since, as there is no place (handed.h) left.
 */
bool epoch_handed_waits(struct hub *hub, struct txn *txn, const struct verdict *v);

#endif
