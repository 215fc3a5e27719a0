/*
 * allot - which fetches have room in the store, so that none is begun that cannot end.
 *
 * How large a version is says its record. In each turn what is left for data of others
 * (proto/ledger/room.h) is given out: first to what is on its way already, each as much as it still
 * needs, then to what has not begun, in order. What does not fit waits, keeps what it has, and
 * nothing is asked for it; smaller ones behind it pass. Who has no peer to fetch from is not
 * counted.
 *
 * What is here of a version, also as a part of others, is counted before it is held against the
 * room: of a new version of something large little may be new. Until then its index alone is
 * fetched.
 */
#ifndef ALLMENDE_ALLOT_H
#define ALLMENDE_ALLOT_H

#include "proto/transfer/fetch.h"

/* At the end of a turn, before the fetches are looked at: sets fetch.waits of each. */
void allot_all(struct hub *hub, struct txn *txn);
/* From above: by how much the store may grow by chunks of so many bytes in all. */
uint64_t allot_growth(uint64_t chunks, uint64_t bytes);

#endif
