/*
 * ledger_internal - what the sources of the ledger share, the lower ones first: rows.c (records and
 * the rows that find them), author.c (keys and states), quota.c, room.c, slots.c,
 * accept.c, vouch.c, heads.c, own.c, aside.c; pages.c and recount.c beside them.
 */
#ifndef ALLMENDE_LEDGER_INTERNAL_H
#define ALLMENDE_LEDGER_INTERNAL_H

#include "proto/ledger/ledger.h"

/* An author in this turn. */
struct ledger_touched {
	struct author_state state;
	bool dirty; /* the set has changed since state.set was made */
};

/* The author's state in this turn; valid until the next call. NULL when txn has failed. */
struct ledger_touched *ledger_touch(struct ledger *ledger, struct txn *txn, uint32_t author);
/* The own author's. NULL: txn has failed, or this node has no author number (any more). */
struct ledger_touched *ledger_own_touch(struct ledger *ledger, struct txn *txn);
void ledger_settle_author(struct ledger *ledger, struct txn *txn, struct ledger_touched *touched);
/* Goes on to a higher incarnation, of which nothing is here yet. */
void ledger_incarnation_begin(struct ledger *ledger, struct txn *txn,
			      struct ledger_touched *touched, uint32_t incarnation);
/* What a head says enters the state. */
void ledger_state_take_head(struct author_state *state, const struct head *head);
/* A head becomes the latest one; one of a higher incarnation begins it. */
void ledger_head_take(struct ledger *ledger, struct txn *txn, struct ledger_touched *touched,
		      const struct head *head);

/*
 * Whether slot and body of a record fit together and belong to the author; fills in news and, of
 * RECORD_VERSION, version. ERR_PROTOCOL: they do not fit. Any other error: the body can not be
 * read, as when a later program has made it.
 */
enum err ledger_record_check(struct ledger *ledger, const struct record *record,
			     struct ledger_news *news, struct version *version);
/* Stores a record that wins its slot, and drops the one that loses it. */
void ledger_record_write(struct ledger *ledger, struct txn *txn, const struct ledger_item *item,
			 const struct ledger_news *news, const struct version *version);
/*
 * Before a record is dropped that its author lists no more: of lines and bars that is news, since
 * what they gave ends with it.
 */
void ledger_gone(struct ledger *ledger, struct txn *txn, uint32_t author, uint32_t incarnation,
		 uint64_t sequence);
/* It waits for ledger_arrival_next() from now on; takes what is in made (NULL: nothing). */
void ledger_arrived(struct ledger *ledger, const struct ledger_news *news,
		    const struct record *record, const struct version *version, struct buf *made,
		    enum ledger_tell tell);
/* Takes a stored record out again. ERR_ABSENT */
enum err ledger_record_drop(struct ledger *ledger, struct txn *txn, uint32_t author,
			    uint32_t incarnation, uint64_t sequence);

/*
 * Takes the leaves of what comes after the latest head's last sequence out of the set, or puts them
 * in again; the records stay where they are.
 */
void ledger_beyond_leaves(struct txn *txn, const struct author_state *state, bool in);

/* ---- quota.c ---- */

/* ERR_NOSPACE: over the quota; the author's state says so from now on. */
enum err quota_head_check(const struct ledger *ledger, struct ledger_touched *touched,
			  const struct head *head);
/* The length of the author's record in a slot; 0: there is none. */
uint64_t quota_slot_len(struct txn *txn, const struct author_state *state, struct bytes slot);
/* A record was not stored, and need not be sent again. */
void quota_seen(struct ledger_touched *touched, const struct record *record);
/*
 * Whether there is a place for a record that wins its slot. False: it is not stored, and counts as
 * seen, so that nobody sends it again and again.
 */
bool quota_takes(const struct ledger *ledger, struct txn *txn, struct ledger_touched *touched,
		 const struct record *record);
/* Whether the own author may say this, too. ERR_NOSPACE */
enum err quota_own_check(const struct ledger *ledger, struct txn *txn,
			 const struct ledger_touched *own, const struct record *record);

/* ---- room.c ---- */

/*
 * Whether there is room for a record that wins its slot. False: it is not stored, counts as seen,
 * and is held back.
 */
bool room_takes(struct ledger *ledger, struct txn *txn, struct ledger_touched *touched,
		const struct record *record);

/* ---- rows.c ---- */

/* SLOT rows of known kinds. */
void ledger_slot_link(struct txn *txn, const struct record *record);
/* A record goes from the store: who looks at what rests on it will hear (ledger_gone_next()). */
void ledger_gone_note(struct ledger *ledger, const struct record *record);
void ledger_slot_unlink(struct txn *txn, const struct record *record);

/* VERSION and PATH rows; INDEX and HELD rows go with the version they belong to. The member whose
   the dataset is; 0: nobody's. */
uint32_t ledger_version_link(const struct ledger *ledger, struct txn *txn,
			     const struct record *record, const struct ledger_news *news,
			     const struct version *version);
void ledger_version_unlink(struct txn *txn, const struct record *record);

#endif
