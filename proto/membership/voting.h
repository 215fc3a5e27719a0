/*
 * voting - how the charter comes to its next entry: proposals, votes for them, and the entry that
 * comes of enough votes (docs/PROTOCOL.md, sections 4.3 and 5.4).
 *
 * A proposal is the payload of the next entry. Those who vote sign it with their root key, by a
 * record that all members get, or by a text that somebody carries. Every node that comes to know
 * enough votes puts the entry together. An organisation signs one proposal for each number and
 * predecessor, and its node remembers which: a second one is refused with a sentence that names the
 * first.
 *
 * The verbs run inside a turn (EVENT_CALL). Each writes one sentence for a person into why
 * (WHY_LEN bytes) when it fails. Those that make or sign something only look when `confirm`
 * is false: the outcome then says what would happen.
 */
#ifndef ALLMENDE_VOTING_H
#define ALLMENDE_VOTING_H

#include "proto/charter/charter.h"
#include "proto/charter/opening.h"
#include "proto/hub/hub.h"

enum {
	VOTING_WORDS_LEN_MAX = 64 * 1024,
	VOTING_PROPOSAL_COUNT_MAX = 128, /* of one number; more are not taken */
};

struct voting_outcome {
	struct digest id; /* of the proposal; zero: only looked, and there is none yet */
	uint32_t number;  /* of the entry */
	bool voted;       /* this organisation has signed it */
	bool accepted;    /* it had votes enough: the charter has changed */
	struct buf words; /* what it changes, a line each; release with voting_outcome_fini() */
};
void voting_outcome_init(struct voting_outcome *out);
void voting_outcome_fini(struct voting_outcome *out);

/*
 * Proposals, with the own vote when the root key is here. ERR_DENIED: no steward, or another
 * proposal was signed; ERR_ABSENT: no federation, or no such member; ERR_EXISTS: it is so already;
 * ERR_CONFIG: not possible that way; ERR_BUSY: the charter is frozen; ERR_AGAIN: the federation key
 * is not here.
 */
/* opening: what the newcomer's words, which were heard, come of; NULL: nobody heard any. */
enum err voting_admit(struct hub *hub, struct txn *txn, const struct charter_member *newcomer,
		      bool relay, const struct opening *opening, struct voting_outcome *out,
		      char *why);
enum err voting_remove(struct hub *hub, struct txn *txn, const char *slug, bool confirm,
		       struct voting_outcome *out, char *why);
enum err voting_relay(struct hub *hub, struct txn *txn, const char *slug, bool confirm,
		      struct voting_outcome *out, char *why);
/* threshold 0: more than half of them. slugs: count of them. */
enum err voting_stewards(struct hub *hub, struct txn *txn, const char *const *slugs, size_t count,
			 uint32_t threshold, bool confirm, struct voting_outcome *out, char *why);
/*
 * A settlement, which all members vote for (fork.h). branch: first digits of the id of the entry
 * that counts; NULL: none of them. slugs: the stewards from then on; count 0: as they are.
 */
enum err voting_settlement(struct hub *hub, struct txn *txn, const char *branch,
			   const char *const *slugs, size_t count, uint32_t threshold, bool confirm,
			   struct voting_outcome *out, char *why);

/*
 * What was heard from the newcomer that a proposal admits: its six words as somebody has typed them
 * (NULL: none), or that this organisation votes without.
 */
struct voting_heard {
	const char *words;
	bool unheard;
	const char *despite; /* a reason to vote for a bind that its organisation objects to */
};
/*
 * Signs a proposal that is known here; id: the first digits of its id, at least 4. vote_text (may
 * be NULL) gets the vote to carry. ERR_ABSENT; ERR_DENIED: this organisation has no vote here, or
 * has signed another one, or the words are wrong or missing.
 */
enum err voting_vote(struct hub *hub, struct txn *txn, const char *id,
		     const struct voting_heard *heard, bool confirm, struct voting_outcome *out,
		     struct buf *vote_text, char *why);
/*
 * The same for a proposal given as text; a vote given as text is taken, whoever confirms.
 * ERR_CONFIG: no such text, or of another federation; ERR_AGAIN: the charter here is older;
 * ERR_EXISTS: its number is decided.
 */
enum err voting_text(struct hub *hub, struct txn *txn, const char *text,
		     const struct voting_heard *heard, bool confirm, struct voting_outcome *out,
		     struct buf *vote_text, char *why);

/* One proposal for the next number. */
struct voting_proposal {
	struct digest id;
	uint32_t number;
	int64_t time_ms;
	bool settlement;
	bool may_vote; /* this organisation's vote counts */
	bool voted;    /* and is given */
	uint32_t
		voters[LIMIT_STEWARD_COUNT_MAX * 2]; /* member numbers, rising; the first of them */
	uint32_t voter_count;
	uint32_t votes, needed; /* of the stewards, or of all members in a settlement */
	uint32_t votes_new,
		needed_new; /* of the stewards from then on; needed_new 0: no change of them */
};
/*
 * Index from 0, in order of their ids; false at the end. words (may be NULL) gets a line for each
 * change.
 */
bool voting_proposal(struct hub *hub, struct txn *txn, size_t index, struct voting_proposal *out,
		     struct buf *words);
/* Appends the proposal's text. ERR_ABSENT. */
enum err voting_proposal_text(struct hub *hub, struct txn *txn, const char *id, struct buf *out,
			      char *why);
/* Whether a proposal for the next number admits this organisation. */
bool voting_admits(struct hub *hub, struct txn *txn, const struct org_id *org);
/*
 * The stewards' votes are spread so that no proposal of this number can have enough of them any
 * more.
 */
bool voting_is_split(struct hub *hub, struct txn *txn);

/*
 * Tells the stewards that this organisation wants to leave; reason NULL: that it stays after all.
 * ERR_ABSENT; ERR_CONFIG: the reason is too long, or it is the only steward.
 */
enum err voting_leave(struct hub *hub, struct txn *txn, const char *reason, char *why);
/* Members that want to leave, by rising number: the next after *member (begin with 0). */
bool voting_leaver(struct hub *hub, struct txn *txn, uint32_t *member, char reason[513]);

/* ---- for the core ---- */

struct voting {
	bool looked; /* at the charter with this latest entry: */
	struct digest at;
	bool frozen;
	bool due;                 /* there are new votes */
	int64_t requests_next_ms; /* request.c: when the next one ends; 0: not known */
};
/* RECORD_VOTE */
void voting_arrival(struct hub *hub, struct txn *txn, const struct record *record);
void voting_settle(struct hub *hub, struct txn *txn);
int64_t voting_wake(const struct hub *hub);

#endif
