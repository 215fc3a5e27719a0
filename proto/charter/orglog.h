/*
 * orglog - one organisation's log: its root key, its wrap keys, its nodes (docs/PROTOCOL.md,
 * section 3).
 *
 * Every entry is the whole state of the keys and nodes; what cannot be seen in the latest one
 * alone (which wrap keys there were, since when a node has been out of a role) is kept beside it.
 * So struct orglog is all that is to be known of a log, and all that is needed to check the next
 * entry. The log is a chain: entry 1 gives the organisation its id, and an entry is admitted when
 * it follows the one before under all rules. Which root may sign it is said by the entry before,
 * or by the charter, when that has bound the organisation's root anew. What is stored passed them;
 * loading does not check signatures again.
 *
 * Whoever holds the root writes it; the worst that a thief of it can do is what the owner could:
 * add nodes, put them out, name wrap keys, until the stewards bind another root to an entry before.
 */
#ifndef ALLMENDE_ORGLOG_H
#define ALLMENDE_ORGLOG_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/sign.h"
#include "store/db.h"

enum orglog_node_state { ORGLOG_NODE_ACTIVE = 1, ORGLOG_NODE_RETIRED = 2, ORGLOG_NODE_LOST = 3 };
enum { ORGLOG_ROLE_PUBLISH = 1, ORGLOG_ROLE_ADMIN = 2, ORGLOG_ROLE_KEY_AUTHOR = 4 };
enum { ORGLOG_ROLE_COUNT = 3, ORGLOG_WRAP_ID_LEN = 8 };

struct orglog_node {
	uint8_t index;
	uint8_t state; /* enum orglog_node_state */
	uint8_t roles;
	struct sign_pk sign;
	struct dh_pk transport;
	struct sig possession;
	int64_t left_ms[ORGLOG_ROLE_COUNT]; /* orglog_left_ms() */
};

/* A public wrap key, and the entry that first named it. */
struct orglog_wrap {
	struct dh_pk pk;
	uint32_t number;
};

struct orglog {
	struct org_id id;       /* zero when only a later entry alone was looked at */
	uint32_t number;        /* of the latest entry; 0: no entry yet */
	struct digest entry_id; /* of the latest entry */
	int64_t time_ms;
	struct sign_pk root;       /* of the latest entry */
	struct sign_pk first_root; /* of entry 1, which proofs of possession name */
	struct dh_pk recovery;
	struct dh_pk wrap;         /* the latest; what is sealed now is sealed to it */
	struct orglog_node *nodes; /* owned, by rising index */
	size_t node_count;

	struct orglog_wrap *wraps; /* owned: all that the log has named, by rising number */
	size_t wrap_count;
	uint32_t loss_number;        /* the latest entry that makes a node lost; 0: none */
	uint32_t branch_loss_number; /* the same of entries that have lost in a fork */
	uint32_t bound_number;       /* the charter has bound the root to this entry; 0: never */
	struct sign_pk bound_root;   /* signs what follows it */
};

void orglog_init(struct orglog *log); /* no entry yet */
void orglog_fini(struct orglog *log);
const struct orglog_node *orglog_node(const struct orglog *log, uint8_t index); /* or NULL */

/*
 * A node that an entry has put out of a role (retired, lost, or the role taken) is *leaving* for 26
 * hours after the time which that entry names: what it has ended stays ended meanwhile.
 * orglog_has_role: it is active and has the role now. orglog_left_ms: the time of the entry that
 * put it out of the role, or 0: it never had it, or has it. For a lost node (state) less counts.
 */
bool orglog_has_role(const struct orglog_node *node, uint8_t role);
int64_t orglog_left_ms(const struct orglog_node *node, uint8_t role);
bool orglog_is_leaving(const struct orglog_node *node, uint8_t role, int64_t now_ms);
/*
 * Until when what a node says is kept and passed on: INT64_MAX, while it is active; else the end of
 * its leaving. 0: it never had a role.
 */
int64_t orglog_kept_until_ms(const struct orglog_node *node);

/* By which a wrap names the key it is made to. */
void orglog_wrap_id(uint8_t out[ORGLOG_WRAP_ID_LEN], const struct dh_pk *wrap);
/*
 * A wrap key is dead when whoever has a lost node may have its secret, or when nobody knows whose
 * it is: nothing is wrapped to it any more, and what was calls for a new epoch.
 */
bool orglog_wrap_is_dead(const struct orglog *log, const uint8_t wrap_id[ORGLOG_WRAP_ID_LEN]);

/* The proof of possession of a node's keys. */
void orglog_possession(struct sig *out, const struct key *node_seed,
		       const struct sign_pk *first_root, const struct sign_pk *sign,
		       const struct dh_pk *transport);
/*
 * Appends entry number + 1, signed. `next` is the whole new state: time_ms, recovery, wrap and
 * nodes count; the rest is taken from `now` (before entry 1: an empty log) and from the seed. The
 * result is not checked: apply it.
 */
void orglog_make(struct buf *out, const struct orglog *now, const struct orglog *next,
		 const struct key *root_sign_seed);
/*
 * Checks a signed entry against the log and makes it the latest; on any error the log is unchanged.
 * ERR_MALFORMED, ERR_VERSION (an unknown form or suite); ERR_DENIED: signature, root key or
 * possession; ERR_PROTOCOL: another rule of section 3; ERR_EXISTS: the number is not above the
 * latest; ERR_AGAIN: entries between are missing, or it follows another one than the latest.
 */
enum err orglog_apply(struct orglog *log, struct bytes entry);
/* Form alone. */
enum err orglog_entry_id(struct digest *out, struct bytes entry);
/* What an entry says of its place: its id, its number, and the entry before it. Form alone. */
struct orglog_place {
	struct digest id, previous; /* previous: of entry 1 zero */
	uint32_t number;
};
enum err orglog_entry_place(struct orglog_place *out, struct bytes entry);
/* Looks at form and root signature alone, as of a certificate; ends as orglog_entry_peek() does. */
enum err orglog_entry_signed(struct orglog *out, struct bytes entry);
/*
 * Looks at one entry alone, as a join request shows it: form, keys and the signature of the root
 * key it names; in entry 1 also the proofs of possession. *out is set up by the call; release it
 * with orglog_fini() when ERR_OK was returned.
 */
enum err orglog_entry_peek(struct orglog *out, struct bytes entry);

/*
 * The latest stored state; *log is set up by the call, empty when nothing is stored (ERR_ABSENT).
 * What an entry that was lost in a fork puts out is out in it. ERR_CORRUPT.
 */
enum err orglog_load(struct txn *txn, const struct org_id *org, struct orglog *log);
/*
 * Checks an entry from outside against what is stored and stores it. `expected` is the organisation
 * it must belong to. Errors as orglog_apply(), but of a number that is known: ERR_OK when it
 * replaces what was stored from this number on, or is what lacked on the way to where the charter
 * binds the root, ERR_EXISTS when it does not, ERR_AGAIN when it belongs to a branch that begins
 * before it. ERR_EXISTS also when it is by another root than may
 * sign there: whoever sends it may know another charter. *forked tells that it proves a fork that
 * was not known, or changes what follows from one. forked may be NULL.
 */
enum err orglog_accept(struct txn *txn, const struct org_id *expected, struct bytes entry,
		       bool *forked);
/* The stored entry of a number, as received. */
bool orglog_entry(struct txn *txn, const struct org_id *org, uint32_t number, struct bytes *entry);
/* Number of the latest stored entry; 0: none. Cheap. */
uint32_t orglog_number(struct txn *txn, const struct org_id *org);

/* ---- forks: orglog_fork.c ---- */

/*
 * Two entries of one number are known, and no later one has settled it.
 * PROTOCOL: "Until then nobody wraps a new key for the organisation."
 */
bool orglog_is_forked(struct txn *txn, const struct org_id *org);
/*
 * Entries that have lost against others and are not settled: the next one after at->org, at->number
 * and at->id, zero at first; false at the end.
 */
struct orglog_lost {
	struct org_id org;
	struct digest id;
	uint32_t number;
	struct bytes entry;  /* borrowed from the store */
	unsigned node_count; /* that it has and the log lacks */
};
bool orglog_lost_next(struct txn *txn, struct orglog_lost *at);

/* ---- binds: orglog_bind.c ---- */

/* By the charter the log goes on from this entry, signed by this root. */
struct orglog_bind {
	struct sign_pk root;
	struct digest entry_id;
};
/*
 * For who checks a log without a store, after each entry: a bind of the charter that names it says
 * by which root the next one is signed, the last of them.
 */
void orglog_bound(struct orglog *log, const struct orglog_bind *binds, size_t count);
/*
 * All that the charter, as it stands now, has bound of an organisation, in its order. The log is
 * walked anew when that is something else than before; *changed (may be NULL) tells that another
 * entry is the latest now. Faults stick to the transaction.
 */
void orglog_bind(struct txn *txn, const struct org_id *org, const struct orglog_bind *binds,
		 size_t count, bool *changed);
/* Organisations that the store knows as bound: the next after *org, zero at first. */
bool orglog_bound_next(struct txn *txn, struct org_id *org);
/*
 * The latest bind names an entry to which no way is known here: *id, which is wanted next, is that
 * entry or one before it, and *number its number, 0 when that is not known. False: nothing is
 * wanted.
 */
bool orglog_bind_wants(struct txn *txn, const struct org_id *org, struct digest *id,
		       uint32_t *number);
/*
 * Takes the entry if it is the one that is wanted; it proves itself by its id. *changed: the way
 * is complete, and the log goes on from the entry bound.
 */
bool orglog_bind_take(struct txn *txn, const struct org_id *org, struct bytes entry, bool *changed);

#endif
