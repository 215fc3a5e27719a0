/*
 * room_again - when there is room again, what was refused for want of it is asked for, of a peer
 * taken by lot (proto/ledger/room.h).
 */
#ifndef ALLMENDE_ROOM_AGAIN_H
#define ALLMENDE_ROOM_AGAIN_H

#include "proto/hub/hub.h"

void room_again_tick(struct hub *hub, struct txn *txn);

#endif
