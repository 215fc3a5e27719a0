/*
 * rooting - the root key of the own organisation becomes another one, from this node's point of
 * view (docs/PROTOCOL.md, section 4.5): what is proposed, who objects, and what follows when the
 * charter has bound it.
 *
 * The verbs run inside a turn (EVENT_CALL) and write one sentence into why (WHY_LEN bytes) when
 * they fail. A node that a thief has put out may propose as well: it makes a text for the stewards.
 */
#ifndef ALLMENDE_ROOTING_H
#define ALLMENDE_ROOTING_H

#include "proto/charter/orglog.h"
#include "proto/charter/proposal.h"
#include "proto/membership/voting.h"

/* The entries of the own log that are here, those that count first; false at the end. */
struct rooting_entry {
	uint32_t number;
	struct digest id;
	int64_t time_ms;
	bool counts;
	size_t active_count; /* nodes */
	bool lists_own;      /* this one, as active */
};
bool rooting_entry(struct hub *hub, struct txn *txn, size_t index, struct rooting_entry *out);

/* What the CLI needs to make a bind: the change without root, next root hash and signature. */
enum err rooting_begin(struct hub *hub, struct txn *txn, const char *entry,
		       struct charter_change *out, char *why);
/*
 * Proposes a bind or an announcement for the own organisation. A steward's node votes at once; text
 * gets the proposal for the others. ERR_DENIED: the charter does not admit it (yet); ERR_CONFIG.
 */
enum err rooting_propose(struct hub *hub, struct txn *txn, const struct charter_change *change,
			 bool confirm, struct voting_outcome *out, struct buf *text, char *why);

/* Announcements that no bind has followed: the index-th of the charter, with whoever objects. */
struct rooting_announced {
	const struct charter_bind *bind; /* borrowed until the charter changes */
	struct digest entry_id;          /* of the entry that announces */
	int64_t seen_ms;                 /* here; INT64_MAX: not known */
	uint32_t objector;               /* author of a notice; 0: nobody */
};
bool rooting_announced(struct hub *hub, struct txn *txn, size_t index,
		       struct rooting_announced *out);
/* Objects to the latest announcement for the own organisation, or takes that back. ERR_ABSENT */
enum err rooting_object(struct hub *hub, struct txn *txn, bool cancel, char *why);

/*
 * For the stewards' votes: ERR_DENIED when the proposal has a bind without signature that this node
 * has not seen announced for 14 days, or to which the organisation objects. despite: a reason to
 * vote all the same, or NULL.
 */
enum err rooting_vote_check(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			    const char *despite, char *why);
/*
 * For the core: the charter has bound another root, whose seed is here: the log goes on with an
 * entry that names it and a new wrap key.
 */
void rooting_follow(struct hub *hub, struct txn *txn);

#endif
