/*
 * hidden - keeps the names of hidden datasets up to date (names.h): looks at versions as they come,
 * and at all of them, a few each turn, when keys or rights have come by which more may be opened.
 */
#ifndef ALLMENDE_HIDDEN_H
#define ALLMENDE_HIDDEN_H

#include "proto/hub/hub.h"
#include "proto/ledger/ledger.h"

struct hidden {         /* of the hub */
	uint64_t epoch; /* hub.wanted_epoch that was looked for */
	enum { HIDDEN_RESTS, HIDDEN_PATHS, HIDDEN_NAMES } step;
	struct row_key at;
};

/* RECORD_VERSION */
void hidden_arrival(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival);
void hidden_settle(struct hub *hub, struct txn *txn);
int64_t hidden_wake(const struct hub *hub);

#endif
