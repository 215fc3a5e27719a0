/*
 * recount - once an hour all states are made anew from what is stored, and compared with those of
 * one peer, whatever both believe (docs/PROTOCOL.md, section 9: Session).
 *
 * A state is what a node remembers of an author; two nodes with equal memories do not look any
 * further. So rot, or a mistake of the program, in what was remembered long ago would not be found
 * by comparing. In steps of RECOUNT_ROWS rows, one a turn.
 */
#ifndef ALLMENDE_RECOUNT_H
#define ALLMENDE_RECOUNT_H

#include "proto/hub/hub.h"

struct recount {
	int64_t next_ms; /* 0: not known yet */
	uint32_t author; /* the last one begun; 0: none */
	struct ledger_recount at;
};

void recount_tick(struct hub *hub, struct txn *txn);
int64_t recount_wake(const struct hub *hub);

#endif
