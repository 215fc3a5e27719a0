/*
 * announced - root keys of members that are announced and not bound yet, who objects to them, and
 * when a steward's node votes (docs/PROTOCOL.md, section 4.5).
 *
 * The stewards announce; every member sees it for 14 days, and the organisation can object by any
 * of its nodes. The worst that a majority of stewards can do is what it could by an expulsion.
 */
#ifndef ALLMENDE_ANNOUNCED_H
#define ALLMENDE_ANNOUNCED_H

#include "proto/charter/proposal.h"
#include "proto/hub/hub.h"

/* Announcements that no bind has followed: the index-th of the charter, with whoever objects. */
struct announced {
	const struct charter_bind *bind; /* borrowed until the charter changes */
	struct digest entry_id;          /* of the entry that announces */
	int64_t seen_ms;                 /* here; INT64_MAX: not known */
	uint32_t objector;               /* author of a notice; 0: nobody */
};
bool announced_next(struct hub *hub, struct txn *txn, size_t index, struct announced *out);
/* Objects to the latest announcement for the own organisation, or takes that back. ERR_ABSENT */
enum err announced_object(struct hub *hub, struct txn *txn, bool cancel, char *why);

/*
 * For the stewards' votes: ERR_DENIED when the proposal has a bind without signature that this node
 * has not seen announced for 14 days, or to which the organisation objects. despite: a reason to
 * vote all the same, or NULL.
 */
enum err announced_vote_check(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			      const char *despite, char *why);

#endif
