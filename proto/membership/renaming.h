/*
 * renaming - a member is called otherwise (docs/PROTOCOL.md, section 4.6): what is proposed.
 *
 * The member asks, and the stewards vote, who answer for names and keys as they do when they admit
 * somebody. Nothing that is signed changes by it: charter_rename.c. The verb runs inside a turn
 * (EVENT_CALL) and writes one sentence into why (WHY_LEN bytes) when it fails.
 */
#ifndef ALLMENDE_RENAMING_H
#define ALLMENDE_RENAMING_H

#include "proto/membership/voting.h"

struct renaming {
	const char *member;            /* one of its slugs; NULL: this organisation */
	const char *name, *slug, *ags; /* what changes; NULL: as it is */
};
/*
 * A steward's node votes at once; text gets the proposal for the others. ERR_DENIED: of another
 * member, and no steward; ERR_EXISTS: it is called so, or slug or ags are another's; ERR_ABSENT: no
 * such member; ERR_CONFIG: a value is not valid; ERR_FULL: it was renamed too often; ERR_BUSY: the
 * charter is frozen.
 */
enum err renaming_propose(struct hub *hub, struct txn *txn, const struct renaming *terms,
			  bool confirm, struct voting_outcome *out, struct buf *text, char *why);

#endif
