/*
 * voting_internal - what voting.c (rows, counting, the entry), voting_propose.c (what people
 * propose) and voting_sign.c (signatures and texts) share.
 */
#ifndef ALLMENDE_VOTING_INTERNAL_H
#define ALLMENDE_VOTING_INTERNAL_H

#include "proto/charter/proposal.h"
#include "proto/membership/voting.h"

/* Rows of the next number. */
bool voting_payload(struct txn *txn, uint32_t number, const struct digest *id, struct bytes *out);
/* What the words of its newcomer come of; false: none came with it. Borrows from the store. */
bool voting_opening(struct txn *txn, const struct proposal *proposal, struct opening *out);
/*
 * Keeps a proposal that charter_payload_check() has found good, and the first opening (may be NULL)
 * that fits it. ERR_FULL: VOTING_PROPOSAL_COUNT_MAX.
 */
enum err voting_keep(struct hub *hub, struct txn *txn, const struct proposal *proposal,
		     const struct opening *opening);
/* Keeps a vote for a proposal that is kept. ERR_DENIED: it does not count. */
enum err voting_take(struct hub *hub, struct txn *txn, const struct proposal *proposal,
		     const struct charter_vote *vote);
bool voting_has(struct txn *txn, const struct proposal *proposal, uint32_t member);
/* Whether the own organisation has signed another proposal in its place; *first is then its id. */
bool voting_signed_other(struct hub *hub, struct txn *txn, const struct charter_entry *entry,
			 struct digest *first);
/* Whether this member's vote counts for the proposal. */
bool voting_may(const struct hub *hub, const struct proposal *proposal, uint32_t member);
/* Puts the entry together if there are votes enough, and follows the charter. */
void voting_count(struct hub *hub, struct txn *txn);

/* ERR_DENIED with a sentence that names the first: another proposal was signed in its place. */
enum err voting_signed_check(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			     char *why);
/*
 * Signs a proposal that is kept: remembers, counts and publishes the own vote. vote_text may be
 * NULL.
 */
enum err voting_sign(struct hub *hub, struct txn *txn, const struct proposal *proposal,
		     struct voting_outcome *out, struct buf *vote_text, char *why);
/*
 * What a member proposes about itself: text gets it for the stewards to carry. keep: this
 * organisation is a steward, and votes at once.
 */
enum err voting_offer(struct hub *hub, struct txn *txn, struct bytes payload, bool keep,
		      struct voting_outcome *out, struct buf *text, char *why);
/* Counts, and says in the outcome whether its proposal is an entry now. */
void voting_finish(struct hub *hub, struct txn *txn, struct voting_outcome *out);

#endif
