/*
 * charter - who belongs to the federation (docs/PROTOCOL.md, section 4).
 *
 * The charter is a chain of entries, each a list of changes and the hash of the member table after
 * them, voted by a threshold of stewards. struct charter is the state after the latest entry. An
 * entry is applied wholly or not at all. What is stored passed all rules; loading applies it again
 * without checking signatures.
 */
#ifndef ALLMENDE_CHARTER_H
#define ALLMENDE_CHARTER_H

#include "crypto/fedkey.h"
#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/sign.h"
#include "store/db.h"

#define CHARTER_SLUG_LEN_MAX     40
#define CHARTER_BRANCH_COUNT_MAX 16 /* entries named by one settlement */
#define CHARTER_RENAME_COUNT_MAX 32 /* of one member, ever */

/*
 * A relay belongs to the federation: its nodes count as authors, may link and may be granted
 * something. It gets no federation key, is no steward, and is left out where members vote.
 */
enum charter_member_state { CHARTER_MEMBER = 1, CHARTER_FORMER = 2, CHARTER_RELAY = 3 };

struct charter_member {
	uint32_t number;
	uint8_t state; /* enum charter_member_state */
	struct org_id org;
	struct sign_pk root;
	struct digest next_root; /* hash of the root key that may follow */
	uint32_t bind;           /* the latest of its organisation in charter.binds, + 1; 0: none */
	uint32_t rename;         /* the latest in charter.renames, + 1; 0: none */
	char name[LIMIT_NAME_LEN_MAX + 1];
	/*
	 * What it is called, and what it was admitted as. Paths that are signed begin with home for
	 * ever, as keys, dataset ids and grants follow from them; people see and type slug, or any
	 * that it has had: charter_path_kept(), charter_path_shown().
	 */
	char slug[CHARTER_SLUG_LEN_MAX + 1];
	char home[CHARTER_SLUG_LEN_MAX + 1];
	char ags[9];
	char group[6]; /* the county */
};

/* Member or relay: whoever belongs to the federation now. */
static inline bool charter_is_present(const struct charter_member *member)
{
	return member->state != CHARTER_FORMER;
}

/* A root key that was bound to a member, or that this was announced of. */
struct charter_bind {
	uint32_t member;
	bool announced;  /* only so far */
	uint32_t before; /* the one before of the same organisation, + 1; 0: none */
	uint32_t number; /* of the charter entry */
	int64_t time_ms;
	struct sign_pk root, root_before;
	struct digest next_root, next_root_before;
	struct digest log_entry; /* from which the organisation's log goes on */
};

/* What a member was called before an entry. */
struct charter_rename {
	uint32_t member;
	uint32_t before; /* the one before of the same member, + 1; 0: none */
	uint32_t number; /* of the charter entry */
	int64_t time_ms;
	bool gives; /* the slug it gives is a new one, which nobody has had: */
	char slug[CHARTER_SLUG_LEN_MAX + 1];
	char name_before[LIMIT_NAME_LEN_MAX + 1];
	char slug_before[CHARTER_SLUG_LEN_MAX + 1];
	char ags_before[9];
};

struct charter {
	struct fed_id fed;
	char name[LIMIT_NAME_LEN_MAX + 1]; /* of the federation */
	uint32_t number;                   /* of the latest entry; 0: no entry yet */
	struct digest entry_id;            /* of the latest entry */
	int64_t time_ms;
	uint32_t threshold;
	uint32_t stewards[LIMIT_STEWARD_COUNT_MAX]; /* member numbers, rising */
	uint32_t steward_count;
	uint64_t key_number; /* of the federation key */
	struct digest key_commitment;
	bool frozen; /* two entries of number + 1 are known: only a settlement follows */
	struct charter_member *members; /* member number n stands at n - 1; owned */
	uint32_t member_count;          /* numbers given, former members included */
	size_t member_cap;
	struct charter_bind *binds; /* in their order; owned */
	uint32_t bind_count;
	size_t bind_cap;
	struct charter_rename *renames; /* in their order; owned */
	uint32_t rename_count;
	size_t rename_cap;
	uint32_t *index; /* open addressing: by organisation and by slug; see charter_index.c */
	uint32_t index_cap;
};

void charter_init(struct charter *charter); /* no entry yet */
void charter_fini(struct charter *charter);

/*
 * Lookups in constant time. NULL: no such member. charter_by_org() finds present members and relays
 * only; the others also former ones: charter_by_slug() whoever was the last to get the slug.
 */
const struct charter_member *charter_member(const struct charter *charter, uint32_t number);
const struct charter_member *charter_by_org(const struct charter *charter,
					    const struct org_id *org);
/*
 * charter_by_slug: to whom a path belongs that is signed, which begins with the slug of its owner's
 * admission. charter_named: whom people mean, who may say any slug that it has had.
 */
const struct charter_member *charter_by_slug(const struct charter *charter, struct bytes slug);
const struct charter_member *charter_named(const struct charter *charter, struct bytes slug);
/* As what an organisation is, or was last, a member; NULL: never. */
const struct charter_member *charter_last_of(const struct charter *charter,
					     const struct org_id *org);
bool charter_is_steward(const struct charter *charter, uint32_t member_number);
/* ERR_MALFORMED unless name, slug and ags are what a charter admits. */
enum err charter_terms_check(struct bytes name, struct bytes slug, struct bytes ags);

/* Author number = member number * 256 + node index. */
static inline uint32_t author_of(uint32_t member_number, uint8_t node_index)
{
	return member_number * 256 + node_index;
}
static inline uint32_t author_member(uint32_t author)
{
	return author / 256;
}
static inline uint8_t author_node(uint32_t author)
{
	return (uint8_t)(author % 256);
}

enum charter_change_kind {
	CHARTER_UNREAD = 0, /* of a later program: it changes nothing in the member table here */
	CHARTER_ADMIT = 1,
	CHARTER_REMOVE = 2,
	CHARTER_STEWARDS = 3,
	CHARTER_KEY = 4,
	CHARTER_SETTLE = 5,
	CHARTER_TO_RELAY = 6,
	CHARTER_BIND = 7,
	CHARTER_ANNOUNCE = 8,
	CHARTER_RENAME = 9
};
struct charter_change {
	enum charter_change_kind kind;
	/*
	 * ADMIT: number, org, root, next_root, name, slug, ags; BIND, ANNOUNCE: number, root,
	 * next_root; REMOVE, TO_RELAY: number; RENAME: number, name, slug, ags
	 */
	struct charter_member member;
	struct digest log_entry; /* BIND, ANNOUNCE */
	bool has_sig;            /* BIND: by the root key that was to follow */
	struct sig sig;
	uint32_t stewards[LIMIT_STEWARD_COUNT_MAX]; /* STEWARDS: rising */
	uint32_t steward_count;
	uint64_t key_number; /* KEY */
	struct digest key_commitment;
	bool has_sealed; /* the previous key */
	uint8_t sealed[FEDKEY_SEALED_LEN];
	struct digest branches[CHARTER_BRANCH_COUNT_MAX]; /* SETTLE: entries that shall not count */
	uint32_t branch_count;
};
struct charter_vote {
	uint32_t member;
	struct sig sig;
};

/* The hash that names a root key before it is known. */
void charter_next_root(struct digest *out, const struct sign_pk *root);
/* Signs a bind by the new root key, which is the one that was to follow. */
void charter_bind_sign(struct charter_change *bind, const struct charter *charter,
		       const struct key *root_sign_seed);
/*
 * The announcement that a bind without signature rests on, or would as soon as it is 14 days old;
 * NULL: there is none. Numbers and keys are those of the bind.
 */
const struct charter_bind *charter_announcement(const struct charter *charter,
						const struct charter_change *bind);
/* How long an announcement stands before a bind may follow. */
#define CHARTER_ANNOUNCED_MS (14 * 24 * 3600 * INT64_C(1000))

/* ---- what a member is called: charter_rename.c ---- */

/*
 * Paths, prefixes and patterns between people and what is signed: the first component, when it is
 * a slug that some member has had, becomes the one of its admission (kept), or, when it is that,
 * the one that it has now (shown). All else stays. out: LIMIT_PATH_LEN_MAX + 1 bytes; false, and a
 * copy as it is: nothing was changed, or it would be too long.
 */
bool charter_path_kept(const struct charter *charter, struct bytes path, char *out);
bool charter_path_shown(const struct charter *charter, struct bytes path, char *out);
/*
 * What it was called before, the latest first: true, and *at goes on from 0; false at the end.
 * Renames that changed the key alone are among them.
 */
bool charter_renamed(const struct charter *charter, const struct charter_member *member,
		     uint32_t *at, const struct charter_rename **out);
/*
 * Whether a member may be called so: ERR_EXISTS: the slug is, or was, another's; ERR_FULL: it was
 * renamed CHARTER_RENAME_COUNT_MAX times.
 */
enum err charter_rename_check(const struct charter *charter, const struct charter_member *member,
			      struct bytes slug);

/*
 * Building entry number + 1: payload, votes, entry. `name` is the federation's in entry 1, else
 * NULL. The changes are tried on the charter, which is unchanged afterwards; a member's group
 * follows from its ags, and the entry's time is at least that of the latest. The votes stand in
 * rising order of member number. Errors of charter_payload_make() as charter_apply(); of
 * charter_entry_make(): out->err.
 */
enum err charter_payload_make(struct buf *out, struct charter *charter, const char *name,
			      int64_t time_ms, uint32_t threshold,
			      const struct charter_change *changes, size_t count);
void charter_vote(struct charter_vote *out, const struct charter *charter, uint32_t member,
		  const struct key *root_sign_seed, struct bytes payload);
void charter_entry_make(struct buf *out, struct bytes payload, const struct charter_vote *votes,
			size_t count);

/*
 * What a payload needs votes for. charter_payload_check: whether the payload, once it has its
 * votes, would be the next entry; errors as charter_apply(), and ERR_VERSION for any change that
 * this program does not know, as nobody votes for what cannot be read. charter_vote_check: ERR_OK
 * when this vote counts, ERR_DENIED when it is wrong or of nobody whose vote counts.
 */
enum err charter_payload_check(struct charter *charter, struct bytes payload);
enum err charter_vote_check(struct charter *charter, struct bytes payload,
			    const struct charter_vote *vote);

/*
 * Checks an entry under all rules and makes it the latest; on any error the charter is unchanged.
 * ERR_MALFORMED, ERR_VERSION; ERR_DENIED: votes are missing or wrong; ERR_PROTOCOL: another rule of
 * section 4; ERR_EXISTS: the number is not above the latest; ERR_AGAIN: entries between are
 * missing; ERR_BUSY: the charter is frozen; ERR_FULL: LIMIT_MEMBER_COUNT_MAX.
 * ERR_VERSION: the entry says what this program does not know, and does not leave the member table
 * as it is known here.
 */
enum err charter_apply(struct charter *charter, struct bytes entry);

/* ---- the store: charter_store.c ---- */

/* *charter is set up by the call, empty when nothing is stored (ERR_ABSENT). ERR_CORRUPT. */
enum err charter_load(struct txn *txn, struct charter *charter);
/*
 * charter_apply() and the entry's row. With ERR_EXISTS *other tells that this is another valid
 * entry of a number that is known; nothing has changed then (fork.h says what follows). other may
 * be NULL.
 */
enum err charter_accept(struct txn *txn, struct charter *charter, struct bytes entry, bool *other);
/* The stored entry of a number, as received. */
bool charter_entry(struct txn *txn, uint32_t number, struct bytes *entry);
/*
 * When this node first saw an entry, whatever its stewards say: kept once, when it is stored or
 * set aside. INT64_MAX: not yet.
 */
void charter_seen_put(struct txn *txn, uint32_t number, const struct digest *id, int64_t now_ms);
int64_t charter_seen(struct txn *txn, uint32_t number, const struct digest *id);
/* The entry that the invitation named, and all before it, were there before this node; 0: none. */
void charter_checkpoint_put(struct txn *txn, uint32_t number);
uint32_t charter_checkpoint(struct txn *txn);
/* Id of an entry, for checkpoints. ERR_MALFORMED. */
enum err charter_entry_id(struct digest *out, struct bytes entry);
/*
 * Takes back all entries from number on (at least 2): they are kept aside, and the charter is
 * loaded anew. Faults stick to the transaction.
 */
void charter_back(struct txn *txn, struct charter *charter, uint32_t number);
/*
 * Keeps an entry aside that does not count; with two of the number that would be next, the charter
 * is frozen.
 */
void charter_aside(struct txn *txn, struct charter *charter, struct bytes entry);

struct orglog;
struct orglog_bind;
/* For who applies entries of a log one by one: by which root the next one may be signed. */
void charter_bound(const struct charter *charter, struct orglog *log);
/*
 * All binds of an organisation, in their order, for orglog_bind() and orglog_bound(); *out is the
 * caller's to free.
 */
size_t charter_binds_of(const struct charter *charter, const struct charter_member *member,
			struct orglog_bind **out);

/*
 * What the charter said about F_n: the commitment, and F_(n-1) sealed under it if has_sealed. Looks
 * through the stored entries. ERR_ABSENT.
 */
enum err fedkey_find(struct txn *txn, uint64_t number, struct digest *commitment, bool *has_sealed,
		     uint8_t sealed[FEDKEY_SEALED_LEN]);

#endif
