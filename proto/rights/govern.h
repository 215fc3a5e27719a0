/*
 * govern - whether a node may go by what it knows of the epochs of another member's namespace
 * (docs/PROTOCOL.md, section 5.1).
 */
#ifndef ALLMENDE_GOVERN_H
#define ALLMENDE_GOVERN_H

#include "proto/hub/hub.h"

/*
 * Whether all is here that the key author of a member has said: else an epoch that was made because
 * a right has ended might be missing, and a version be sealed for who lost it.
 */
bool govern_is_whole(struct hub *hub, struct txn *txn, uint32_t owner);

#endif
