/*
 * ledger - accepts records and heads into the store, and knows how complete each author is.
 *
 * The core owns one ledger and drives it inside its turns. Rows written: RECORD, LEAF, NODE,
 * HEAD, AUTHOR, EVIDENCE, VERSION, PATH. Accepting marks an author as touched; ledger_settle(),
 * called before the turn's transaction is committed, brings the states of all touched authors up to
 * date. ledger_state() settles the author it is asked for.
 *
 * What was accepted waits in a queue, decoded, for whoever acts on it: ledger_arrival_next(). It
 * borrows from the bytes that were handed in, so the queue is emptied before these go.
 *
 * Whose fault: ERR_MALFORMED, ERR_VERSION and ERR_FULL are faults of whoever sent the bytes.
 * ERR_DENIED and ERR_PROTOCOL may be the author's alone; the caller drops what came and goes on
 * with the session.
 */
#ifndef ALLMENDE_LEDGER_H
#define ALLMENDE_LEDGER_H

#include "proto/charter/charter.h"
#include "proto/ledger/head.h"
#include "proto/charter/orglog.h"
#include "proto/ledger/record.h"
#include "proto/ledger/roll.h"
#include "proto/ledger/room.h"
#include "proto/ledger/setdigest.h"
#include "proto/content/version.h"

struct ledger_member; /* cached keys of one member's nodes */
struct ledger_touched;
struct ledger_arrival;
struct ledger_gone;

struct ledger {
	const struct charter *charter; /* borrowed; may grow between calls */
	const struct limits *limits;   /* borrowed */
	int64_t now_ms, judge_ms;
	struct room room; /* of this turn; all at first */
	bool held_any;    /* there may be authors with records that were refused for want of it */
	uint32_t own_author; /* 0: none yet */
	/* others know more of the own author: what they know goes before what is here; only then
	   are its records taken from them */
	bool own_behind;
	bool own_quiet;                 /* the own author says nothing: ERR_AGAIN */
	const struct key *own_seed;     /* borrowed */
	bool has_log_tip;               /* for the own head: */
	struct digest log_tip;          /* id of the latest entry of the own log; audit/ */
	struct ledger_member **members; /* by member number; NULL: not loaded yet */
	size_t member_cap;
	struct ledger_touched *touched; /* authors to settle, rising */
	size_t touched_count, touched_cap;
	struct ledger_arrival *arrivals; /* for ledger_arrival_next() */
	size_t arrival_count, arrival_cap, arrival_at;
	struct ledger_gone *gone; /* for ledger_gone_next() */
	size_t gone_count, gone_cap;
	uint64_t
		/* changes of authors' states, for who remembers what follows from them */
		settled_count;
	struct roll roll; /* of whose records are kept, unless it is to be made anew */
	bool roll_is_due;
	int64_t roll_until_ms; /* judge time: then somebody who is leaving has left */
	uint64_t forged_count; /* wrong signatures of records and heads that have come */
};

void ledger_init(struct ledger *ledger, const struct charter *charter, const struct limits *limits);
void ledger_fini(struct ledger *ledger);
/* Time of this turn; it is judged by the same until another is set. */
void ledger_now(struct ledger *ledger, int64_t now_ms);
void ledger_judge(struct ledger *ledger, int64_t judge_ms);
/* Who appends; sign_seed is borrowed for the life of the ledger. */
void ledger_own(struct ledger *ledger, uint32_t author, const struct key *sign_seed);
/*
 * Forgets the cached keys of a member, after a new organisation log entry or a charter entry about
 * it. 0: of all.
 */
void ledger_forget(struct ledger *ledger, uint32_t member_number);
/*
 * The signing key of an author who is a member's active node. ERR_ABSENT: there is no such author,
 * or its organisation log is not here; ERR_DENIED: a former member or retired node. roles may be
 * NULL.
 */
enum err ledger_author(struct ledger *ledger, struct txn *txn, uint32_t author, struct sign_pk *pk,
		       uint8_t *roles);
/*
 * The same of an author whose records are kept and passed on: also of a node that is leaving
 * (orglog.h), of whom some have an effect still. Which ones says who asks about their kind.
 */
enum err ledger_author_kept(struct ledger *ledger, struct txn *txn, uint32_t author,
			    struct sign_pk *pk);

/*
 * The active nodes of a present member that have all these roles, as author numbers in rising
 * order: the first `max`.
 */
size_t ledger_nodes(struct ledger *ledger, struct txn *txn, uint32_t member_number, uint8_t roles,
		    uint32_t *authors, size_t max);

/* The same of nodes that are leaving this role (orglog.h). */
size_t ledger_leaving(struct ledger *ledger, struct txn *txn, uint32_t member_number, uint8_t role,
		      int64_t now_ms, uint32_t *authors, size_t max);

/* How complete an author is here. */
enum ledger_completeness {
	LEDGER_NONE,     /* no head yet */
	LEDGER_COMPLETE, /* exactly the set of the latest head, which is valid */
	LEDGER_PARTIAL,  /* not (yet) the set of the latest head */
	LEDGER_HELD,     /* the same, as there is no room for the rest */
	LEDGER_OVER,     /* complete, but what it says now is over its quota and not taken */
	LEDGER_STALE,    /* complete, but the head has expired */
	LEDGER_DISPUTED  /* the author signed two heads of one number */
};
struct author_state {
	uint32_t author;
	uint32_t incarnation; /* the highest seen */
	uint64_t sequence;    /* the highest seen in it */
	uint64_t live_count;  /* records here */
	uint64_t live_bytes;  /* their bytes, with signatures */
	struct digest set;    /* of what is here */
	uint64_t counter; /* of the latest head of this incarnation; 0: none, and head_* are zero */
	int64_t head_time_ms;
	int64_t head_valid_until_ms;
	uint64_t head_last_sequence;
	uint64_t head_live_count;
	uint64_t head_live_bytes;
	struct digest head_set;
	/* up to this sequence all was here that a head named, so what is not here was deleted */
	uint64_t proven_sequence;
	bool disputed;
	bool has_older; /* records of one older incarnation are kept until this one is complete */
	uint64_t held;  /* records refused for want of room, until it is complete */
	bool over;      /* a later head was not taken, as it is over the quota (quota.h) */
	int64_t kept_until_ms; /* ledger_state_next() alone: orglog_kept_until_ms() */
};
enum ledger_completeness ledger_completeness(const struct author_state *state, int64_t now_ms);
/* Whether there is more to be had than is here, whatever else is to be said of the author. */
bool ledger_partial(const struct author_state *state);
/* Records that are missing when partial: at least 1; an estimate from the counts. */
uint64_t ledger_missing(const struct author_state *state);
/* ERR_ABSENT: nothing of this author is here; *out is then zero but for the author. */
enum err ledger_state(struct ledger *ledger, struct txn *txn, uint32_t author,
		      struct author_state *out);
/*
 * The next author after *author (begin with 0) whose records are kept and of whom something is
 * here. Settle first.
 */
bool ledger_state_next(struct ledger *ledger, struct txn *txn, uint32_t *author,
		       struct author_state *out);
/* The same of active nodes alone. */
bool ledger_active_next(struct ledger *ledger, struct txn *txn, uint32_t *author,
			struct author_state *out);
/* All that ledger_state_next() finds, settled. Valid until the next change. */
struct roll *ledger_roll(struct ledger *ledger, struct txn *txn);
/* Whether so many bytes more may be put in this turn. */
bool ledger_room(const struct ledger *ledger, struct txn *txn, enum room_use use, uint64_t bytes);
/*
 * There is room again: what was held back is missing from now on as if it had never come. False:
 * nothing was.
 */
bool ledger_held_ask(struct ledger *ledger, struct txn *txn);
/* Brings all touched authors up to date. Faults stick to the transaction. */
void ledger_settle(struct ledger *ledger, struct txn *txn);

/* What an accepted record was. */
struct ledger_news {
	uint32_t author;
	uint32_t incarnation;
	uint64_t sequence;
	uint64_t kind;
	bool stored;               /* false: superseded already, or deleted by its author since */
	bool unread;               /* stored, but its body is not known here: without effect */
	struct dataset_id dataset; /* RECORD_VERSION */
	uint64_t number;
};
/*
 * ERR_OK: see *news. ERR_EXISTS: known. ERR_AGAIN: its time is in the future; dropped, ask again
 * later. ERR_ABSENT: the author or its organisation log is not known here (yet). ERR_DENIED:
 * signature, or an author that is not kept. ERR_PROTOCOL: slot and body contradict each other, or
 * the path is not the author's. ERR_NOSPACE: there is no place for it. ERR_MALFORMED, ERR_VERSION,
 * ERR_FULL.
 */
enum err ledger_accept_record(struct ledger *ledger, struct txn *txn, struct bytes whole,
			      struct ledger_news *news);
/* A record that has come, decoded, and its leaf. */
struct ledger_item {
	struct record record;
	struct setdigest_leaf leaf;
	/* the latest head of its author names it: its own signature need not be looked at */
	bool vouched;
};
/* The errors of record_decode(). */
enum err ledger_item_read(struct ledger_item *out, struct bytes whole);
/*
 * Looks which of these records, all of one author and in order of their leaves, make up whole lists
 * of the set that its latest head names; all of these lists are below one path (setdigest.h).
 * Those are vouched for, when they are versions; what acts by itself is not. Costs hashes alone.
 */
void ledger_vouch(struct ledger *ledger, struct txn *txn, struct bytes path,
		  struct ledger_item *items, size_t count);
/* As ledger_accept_record(). */
enum err ledger_accept_item(struct ledger *ledger, struct txn *txn, const struct ledger_item *item,
			    struct ledger_news *news);
/* Whether the machines hear of an own record as of one that came from others. */
enum ledger_tell { LEDGER_QUIET, LEDGER_TELL };
/* A record that came into the store, decoded. */
struct ledger_arrival {
	enum ledger_tell tell; /* LEDGER_QUIET: who has appended it does what follows */
	bool gone;             /* a line or bar that its author lists no more; quiet */
	struct ledger_news news;
	struct record record;   /* borrows from what was handed in, or from made */
	struct version version; /* of RECORD_VERSION; the same */
	struct buf made;        /* an own record; else empty */
};
/*
 * The oldest one that was not taken yet; false: there is none. The caller ends it with
 * ledger_arrival_fini().
 */
bool ledger_arrival_next(struct ledger *ledger, struct ledger_arrival *out);
void ledger_arrival_fini(struct ledger_arrival *arrival);

/*
 * ERR_OK: it is now the latest head of its author. ERR_EXISTS: known, or older than the one known.
 * ERR_AGAIN: its time is in the future. ERR_NOSPACE: over the author's quota. ERR_ABSENT,
 * ERR_DENIED, ERR_MALFORMED, ERR_VERSION, ERR_FULL as above. ERR_PROTOCOL: it is valid for too
 * long, or contradicts the one that counts. Two that contradict each other are kept as evidence,
 * whichever counts; *evidence (may be NULL) is true when they were not known.
 */
enum err ledger_accept_head(struct ledger *ledger, struct txn *txn, struct bytes whole,
			    bool *evidence);
/* The latest head, as received. */
bool ledger_head(struct txn *txn, uint32_t author, uint32_t incarnation, struct bytes *whole);
/* The same of the highest incarnation that a head is here of; its records may be of a later one. */
bool ledger_head_last(struct txn *txn, uint32_t author, struct bytes *whole);
/*
 * Evidence: two heads of one author and incarnation that contradict each other, in order of
 * counter. One is kept of each author, and makes it disputed until its organisation's log retires
 * the node. Accepting: ERR_EXISTS: there is one, or enough of this organisation. ERR_PROTOCOL: they
 * do not contradict each other. ERR_ABSENT, ERR_DENIED, ERR_MALFORMED, ERR_VERSION, ERR_FULL as
 * above.
 */
enum err ledger_accept_evidence(struct ledger *ledger, struct txn *txn, struct bytes first,
				struct bytes second, uint32_t *author);
bool ledger_evidence(struct txn *txn, uint32_t author, struct bytes *first, struct bytes *second);
/* The next active author after *author (begin with 0) of whom there is some. */
bool ledger_evidence_next(struct ledger *ledger, struct txn *txn, uint32_t *author,
			  struct bytes *first, struct bytes *second);

/*
 * Own author. Appends a record with the next sequence; body as for record_make(). tell goes along
 * with its arrival. ERR_FULL: too long;
 * ERR_NOSPACE: over the own quota (quota.h); ERR_DENIED: this node is no member (any more);
 * ERR_AGAIN: own_quiet, as with all below. id may be NULL.
 */
enum err ledger_append(struct ledger *ledger, struct txn *txn, uint64_t kind, struct bytes slot,
		       struct bytes body, struct record_id *id, enum ledger_tell tell);
/* Own author: drops a slot from the set; it is gone for others with the next head. ERR_ABSENT. */
enum err ledger_delete(struct ledger *ledger, struct txn *txn, struct bytes slot);
/* Own author: makes, stores and appends to out (may be NULL) the next head. */
enum err ledger_head_make(struct ledger *ledger, struct txn *txn, struct buf *out);
/*
 * Own author: begins a new incarnation with all live records signed anew, and makes its first head.
 * After a restored backup.
 */
enum err ledger_incarnation_new(struct ledger *ledger, struct txn *txn);

/*
 * All that is here of an author goes: its number belongs to somebody else now. Settle first.
 */
void ledger_author_drop(struct ledger *ledger, struct txn *txn, uint32_t author);
/*
 * Whether what is here of an author is of another node than the one its log names under this index
 * now, if any: after the log went back. Costs a signature.
 */
bool ledger_author_other(struct ledger *ledger, struct txn *txn, uint32_t author);

/*
 * Own author: beside what comes after the latest head's last sequence, which this machine alone has
 * signed, there are as many records as that head names.
 */
bool ledger_own_back(struct ledger *ledger, struct txn *txn);

/* The record of a sequence, as received. */
bool ledger_record(struct txn *txn, uint32_t author, uint32_t incarnation, uint64_t sequence,
		   struct bytes *whole);

/*
 * Records of known kinds but versions, found by slot: all whose slot begins with prefix (a kind
 * byte, and more), of authors that count, in order of slot and author. What is found borrows from
 * the store until the next write; the walk itself goes on after writes.
 *
 *	struct ledger_slots slots = ledger_slots(ledger, txn, prefix);
 *	while (ledger_slots_next(&slots, &record))
 */
struct ledger_slots {
	struct ledger *ledger;
	struct txn *txn;
	struct walk walk;
	uint32_t author; /* of this one alone; 0: of all. Others cost hardly anything. */
	bool leaving;    /* of nodes that are leaving too: the caller judges what counts of them */
};
struct ledger_slots ledger_slots(struct ledger *ledger, struct txn *txn, struct bytes prefix);
bool ledger_slots_next(struct ledger_slots *slots, struct record *out);
/* The record of one author in one slot. ERR_ABSENT. */
enum err ledger_slot(struct ledger *ledger, struct txn *txn, struct bytes slot, uint32_t author,
		     struct record *out);
/* The first author who has a record in a slot; 0: nobody. */
uint32_t ledger_slot_author(struct txn *txn, struct bytes slot);
/*
 * Records of lines and bars that went from the store, as their authors have deleted them: what
 * rests on them is to be looked at again. The oldest; false: there is none.
 */
struct ledger_gone {
	uint32_t author;
	struct record_slot slot;
};
bool ledger_gone_next(struct ledger *ledger, struct ledger_gone *out);
/*
 * Finds the rows of all records anew, in a store made before slots were indexed, or by a program
 * that could read less: what was unread has its effect from now on.
 */
void ledger_slots_rebuild(struct ledger *ledger, struct txn *txn);

/* One version of a dataset, by one author, as its row says. */
struct ledger_version {
	struct dataset_id dataset;
	uint64_t number;
	uint32_t author;
	uint32_t incarnation;
	uint64_t sequence;
	enum tier tier;
	bool has_grant;
	struct digest grant;
};
bool ledger_version_get(struct txn *txn, const struct version_id *of, struct ledger_version *out);
/* The highest number below `below` of one author; below: 0 is above all. False: there is none. */
bool ledger_version_below(struct txn *txn, const struct dataset_id *dataset, uint32_t author,
			  uint64_t below, struct ledger_version *out);
/* The next author after *author (begin with 0) who has said something of a dataset. */
bool ledger_version_author(struct txn *txn, const struct dataset_id *dataset, uint32_t *author);
/*
 * The member to whom the path of a version belongs, also a former one; 0: its dataset id is not
 * that of the path.
 */
uint32_t ledger_version_owner(const struct ledger *ledger, struct txn *txn,
			      const struct ledger_version *of);
/* Whether versions of the author count: its node is active with the role publish. */
bool ledger_may_publish(struct ledger *ledger, struct txn *txn, uint32_t author);
/* Whether its withdrawals do: also while it is leaving that role, unless it is lost. */
bool ledger_may_withdraw(struct ledger *ledger, struct txn *txn, uint32_t author);
/* The record of a version. ERR_ABSENT. */
enum err ledger_version_find(struct txn *txn, const struct dataset_id *dataset, uint64_t number,
			     uint32_t author, struct bytes *whole);

/*
 * Recounting: looks whether the stored leaves, nodes and state of an author are what its stored
 * records and head say, and sets right what is not. Begin; then call it until it returns false;
 * *rows is how many rows it may look at, and is counted down. ledger_settle() before and after each
 * step. faults: so many were found.
 */
struct ledger_recount {
	uint32_t author, incarnation; /* incarnation 0: nothing to do */
	int step;
	uint64_t sequence;               /* of the record looked at last */
	uint64_t place;                  /* of the page to look at next */
	uint64_t leaf_count, leaf_bytes; /* of the records of the leaves */
	struct author_state before;
	uint64_t faults;
};
void ledger_recount_begin(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
			  uint32_t author);
bool ledger_recount(struct ledger *ledger, struct txn *txn, struct ledger_recount *at,
		    uint64_t *rows);

/*
 * Reconciliation, page by page. Nothing is deleted but on the word of the head that is the latest
 * here: `set` is the one that it names.
 *
 * ledger_page: a page of what is here. ERR_ABSENT: that is not exactly this set, or can not be
 * told. ledger_repair: takes a page of that set, deletes what is here and not in it, and appends
 * the sequences of what is in it and not here to `missing` (be64 each); leaves with a sequence
 * beyond the head's last are left alone. *more: *place is where to go on. ERR_DENIED: the page
 * is none of the set. ERR_AGAIN: the latest head names another set.
 */
enum err ledger_page(struct ledger *ledger, struct txn *txn, uint32_t author, uint32_t incarnation,
		     const struct digest *set, uint64_t place, struct setdigest_page *out);
enum err ledger_repair(struct ledger *ledger, struct txn *txn, uint32_t author,
		       uint32_t incarnation, const struct digest *set, struct setdigest_page *page,
		       struct buf *missing, uint64_t *place, bool *more);

#endif
