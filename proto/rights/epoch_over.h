/*
 * epoch_over - a right has ended, and the new key has not come for longer than one waits: what is
 * sealed now goes under the old key, and who has that is told (docs/PROTOCOL.md, section 5.6).
 */
#ifndef ALLMENDE_EPOCH_OVER_H
#define ALLMENDE_EPOCH_OVER_H

#include "proto/hub/hub.h"

#define EPOCH_OVER_LEN 200

/*
 * Whether what is sealed at a path goes under a key that somebody has who shall not read it any
 * more, as waiting is over. who: their names, with commas between, as many as fit, and how many
 * more there are.
 */
bool epoch_over(struct hub *hub, struct txn *txn, struct bytes path, char *who, size_t size);

/* Where it is so, as of the last look; of the hub, in struct epochs. */
struct epoch_over {
	unsigned count; /* epochs */
	uint32_t owner; /* of one of them: whose node makes the new key; path "": none */
	char path[LIMIT_PATH_LEN_MAX + 1];
};
/* An epoch was looked at that has causes. */
void epoch_over_look(struct hub *hub, struct txn *txn, uint32_t owner, struct bytes prefix,
		     struct epoch_over *over);

#endif
