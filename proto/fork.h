/*
 * fork - two valid entries of one number, and the settlement that ends it (docs/PROTOCOL.md, section
 * 4.4).
 *
 * Such entries prove that a steward has signed twice. Who knows both is frozen: the charter ends
 * before them, and only a settlement follows. The verbs run inside a turn (core.h, EVENT_CALL).
 */
#ifndef ALLMENDE_FORK_H
#define ALLMENDE_FORK_H

#include "proto/charter.h"
#include "proto/core.h"

#define FORK_WORDS_LEN 400
#define FORK_WHY_LEN   512

struct fork_branch { /* one of the entries of the number that is frozen */
	struct digest id;
	int64_t time_ms;            /* as its stewards say */
	uint32_t entry_count;       /* known of this branch, it included */
	bool settlement;            /* one that another settlement replaced */
	char words[FORK_WORDS_LEN]; /* what it changes, and who voted for it; one line */
};
/* The number that has two entries; 0: the charter is not frozen. */
uint32_t fork_number(const struct core *core);
/* Entries of the frozen number, in order of their ids; returns how many, at most max. */
size_t fork_branches(struct core *core, struct txn *txn, struct fork_branch *out, size_t max);

/*
 * Appends the payload of the settlement that would be the charter's next entry: it names all entries
 * of its number that are known here, and then makes the changes of one branch again (all entries of
 * it that are here; NULL: of none), then those of `more`. threshold 0: that of the branch, or of the
 * charter. A settlement may be made when nothing is frozen too: it then names none. It needs the
 * votes of more than half of the members, by charter_vote(). ERR_ABSENT: no federation, or the branch is not known here;
 * otherwise as charter_payload_make(); why (FORK_WHY_LEN) has a sentence.
 */
enum err fork_settle_payload(struct core *core, struct txn *txn, const struct digest *branch,
			     const struct charter_change *more, size_t more_count,
			     uint32_t threshold, struct buf *payload, char *why);

#endif
