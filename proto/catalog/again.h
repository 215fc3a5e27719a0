/*
 * again - own versions that are sealed once more, whole, under the epoch that governs now: when
 * somebody asks for it after a right has ended, and by the node itself what was sealed under a key
 * record that has no effect (docs/PROTOCOL.md, section 5.6).
 */
#ifndef ALLMENDE_AGAIN_H
#define ALLMENDE_AGAIN_H

#include "proto/catalog/catalog.h"

struct again {
	char path[LIMIT_PATH_LEN_MAX + 1]; /* under which it is kept; "": from the first */
	char name[LIMIT_PATH_LEN_MAX + 1]; /* what people call it */
	uint64_t number;
	uint64_t bytes; /* of its chunks */
	bool more;      /* false was said after so many rows: go on from here */
};
/*
 * The next dataset after again->path at or below a prefix (empty: anywhere) whose current version
 * is own and of tier granted or hidden. stranded: of those, sealed under a key record without
 * effect.
 */
bool again_next(struct hub *hub, struct txn *txn, struct bytes prefix, bool stranded,
		struct again *again);

#endif
