/*
 * fork - two valid entries of one number, and the settlement that ends it (docs/PROTOCOL.md,
 * section 4.4).
 *
 * Such entries prove that a steward has signed twice. Who knows both is frozen: the charter ends
 * before them, and only a settlement follows. The verbs run inside a turn (core.h, EVENT_CALL).
 */
#ifndef ALLMENDE_FORK_H
#define ALLMENDE_FORK_H

#include "proto/charter/charter.h"
#include "proto/hub/hub.h"

#define FORK_WORDS_LEN 400

struct fork_branch { /* one of the entries of the number that is frozen */
	struct digest id;
	int64_t time_ms;            /* as its stewards say */
	int64_t seen_ms;            /* here first */
	uint32_t entry_count;       /* known of this branch, it included */
	bool settlement;            /* one that another settlement replaced */
	char words[FORK_WORDS_LEN]; /* what it changes, and who voted for it; one line */
};
/* The number that has two entries; 0: the charter is not frozen. */
uint32_t fork_number(const struct hub *hub);
/* Entries of the frozen number, in order of their ids; returns how many, at most max. */
size_t fork_branches(struct hub *hub, struct txn *txn, struct fork_branch *out, size_t max);

/*
 * Evidence that stands although nothing is frozen: a valid entry that is kept out as the own one of
 * its number is old, and that no settlement has named. The next one after at->number and at->other,
 * which are zero at first; false: there is none.
 */
struct fork_kept {
	uint32_t number;
	struct digest own, other;
	int64_t own_seen_ms, other_seen_ms; /* INT64_MAX: not known */
};
bool fork_kept_next(struct txn *txn, struct fork_kept *at);
/* An entry waits as it is dated so many ms after the time of this node; 0: none does. */
int64_t fork_ahead(const struct hub *hub, uint32_t *number);
/* The number of an entry that the charter cannot go on with until this program is a later one. */
uint32_t fork_unread(const struct hub *hub);

/*
 * Appends the payload of the settlement that would be the charter's next entry: it names all
 * entries of its number that are known here, and those of older numbers that are kept out, as far
 * as CHARTER_BRANCH_COUNT_MAX goes, and then makes the changes of one branch again (all
 * entries of it that are here; NULL: of none), then those of `more`. threshold 0: that of the
 * branch, or of the charter. A settlement may be made when nothing is frozen too: it then names
 * none. It needs the votes of more than half of the members, by charter_vote(). ERR_ABSENT: no
 * federation, or the branch is not known here; otherwise as charter_payload_make(); why
 * (WHY_LEN) has a sentence.
 */
enum err fork_settle_payload(struct hub *hub, struct txn *txn, const struct digest *branch,
			     const struct charter_change *more, size_t more_count,
			     uint32_t threshold, struct buf *payload, char *why);

/*
 * For the machines. An entry from a peer (link) or put together here (0): charter_accept(), and
 * what follows when it is another one of a known number: the charter is frozen, or a settlement
 * takes its place. Errors as charter_accept(); ERR_OK: the charter has changed, and the caller says
 * so after the last entry (hub.charter_news). ERR_EXISTS: it is known, or does not count.
 * ERR_BUSY: not now, as the charter is frozen, the entry is dated ahead, or says what this program
 * does not know.
 */
enum err fork_accept(struct hub *hub, struct txn *txn, struct bytes entry, uint64_t link);
/* FORK to a peer that can check it and has not got it in this session: frozen, or kept out. */
void fork_tell(struct hub *hub, struct txn *txn, struct peer *peer);
void fork_tell_all(struct hub *hub, struct txn *txn);
/* A peer sent an entry that does not count here: tells it what does. */
void fork_answer(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes entry);
/*
 * A peer has an entry instead of the own one, which is too old to be taken back for that alone: but
 * when most members have it, this node was away, and takes theirs. True: it did.
 */
bool fork_follow(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes entry);
/* A HELLO may show that half of the members are frozen: so is this node then. True: it is. */
bool fork_join_frozen(struct hub *hub, struct txn *txn, struct peer *peer);
void fork_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
/* False: the entry contradicts the invitation in use. */
bool fork_checkpoint_ok(const struct hub *hub, struct bytes entry);

#endif
