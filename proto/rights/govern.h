/*
 * govern - under which epoch a version in the namespace of another is sealed
 * (docs/PROTOCOL.md, section 5.6).
 */
#ifndef ALLMENDE_GOVERN_H
#define ALLMENDE_GOVERN_H

#include "proto/hub/hub.h"

/*
 * The epoch that governs a path of another member's namespace, as known here, and K(path) in it.
 * *prefix_len: how many bytes of the path are its Q. ERR_AGAIN: what the owner's key author has
 * said is not here whole, or the key is not here yet; ERR_ABSENT: the owner has made no epoch
 * there yet. The caller wipes the key.
 */
enum err govern_foreign(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes path,
			size_t *prefix_len, uint64_t *number, struct key *path_key);

#endif
