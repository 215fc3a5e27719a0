/*
 * epoch_asks - a node of the organisation asks the one that makes its keys for the first epoch at
 * hidden paths, by a notice of code 4 (docs/PROTOCOL.md, section 5.8).
 *
 * The notice is a record of who asks, so it waits as long as it has to, and the key author finds it
 * whenever it comes to make keys. It names hidden paths, which say nothing. What a stolen node can
 * cost: so many records of the key author as EPOCH_ASKS_UNUSED_MAX, until versions are there.
 */
#ifndef ALLMENDE_EPOCH_ASKS_H
#define ALLMENDE_EPOCH_ASKS_H

#include "proto/hub/hub.h"

enum {
	EPOCH_ASKS_MAX = 7,         /* paths in one notice */
	EPOCH_ASKS_UNUSED_MAX = 64, /* hidden paths with an epoch and without a version */
};

struct epoch_asks {      /* of the hub, in struct epochs */
	bool due;        /* notices are to be looked at */
	uint64_t answer; /* hub.keys_epoch + 1 as of the last look */
};

/* Asks for the first epoch at a hidden path of the own namespace. ERR_NOSPACE: the quota. */
enum err epoch_asks_add(struct hub *hub, struct txn *txn, struct bytes path);
/* What was asked for is there: takes back the own notice when nothing else is left of it. */
void epoch_asks_done(struct hub *hub, struct txn *txn);
/* RECORD_NOTICE */
void epoch_asks_arrival(struct hub *hub, const struct record *record);
/* The key author makes what the own nodes have asked for. */
void epoch_asks_settle(struct hub *hub, struct txn *txn);
int64_t epoch_asks_wake(const struct hub *hub);

#endif
