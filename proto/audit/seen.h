/*
 * seen - what comes into this node's store and is about who may read: each thing one entry, paid by
 * the organisation whose author has signed it.
 *
 * A line or bar stands in the log as it came, so that what was known at a date can be judged anew;
 * bodies are not read for that. Of a version, withdrawal, key or wrap the log has what they are
 * about.
 */
#ifndef ALLMENDE_AUDIT_SEEN_H
#define ALLMENDE_AUDIT_SEEN_H

#include "crypto/id.h"

struct hub;
struct txn;
struct ledger_arrival;

/* A record has come into the store, own or foreign. */
void audit_arrival(struct hub *hub, struct txn *txn, const struct ledger_arrival *arrival);
/* An entry of an organisation's log counts now, or is kept beside the one that does. */
void audit_orglog(struct hub *hub, struct txn *txn, const struct org_id *org, struct bytes entry);
/* Once in each turn: entries of the charter that have come since. */
void audit_charter(struct hub *hub, struct txn *txn);
/* This store was an old copy, and a new incarnation begins: the own head that is the last here. */
void audit_restored(struct hub *hub, struct txn *txn);

#endif
