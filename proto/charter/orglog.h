/*
 * orglog - one organisation's log: its root key, its wrap key, its nodes (docs/PROTOCOL.md, section
 * 3).
 *
 * Every entry is the whole state, so struct orglog is the decoded latest entry and what is needed
 * to check the next. The log is a chain: entry 1 gives the organisation its id, and an entry is
 * admitted when it follows the one before under all rules. What is stored passed them; loading does
 * not check signatures again.
 */
#ifndef ALLMENDE_ORGLOG_H
#define ALLMENDE_ORGLOG_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "crypto/sign.h"
#include "store/db.h"

enum orglog_node_state { ORGLOG_NODE_ACTIVE = 1, ORGLOG_NODE_RETIRED = 2 };
enum { ORGLOG_ROLE_PUBLISH = 1, ORGLOG_ROLE_ADMIN = 2, ORGLOG_ROLE_KEY_AUTHOR = 4 };

struct orglog_node {
	uint8_t index;
	uint8_t state; /* enum orglog_node_state */
	uint8_t roles;
	struct sign_pk sign;
	struct dh_pk transport;
	struct sig possession;
};

struct orglog {
	struct org_id id;       /* zero when only a later entry alone was looked at */
	uint32_t number;        /* of the latest entry; 0: no entry yet */
	struct digest entry_id; /* of the latest entry */
	int64_t time_ms;
	struct sign_pk root;
	struct sign_pk first_root; /* root key of entry 1, which proofs of possession name */
	struct digest next_root;
	struct dh_pk recovery;
	struct dh_pk wrap;
	struct orglog_node *nodes; /* owned, by rising index */
	size_t node_count;
};

void orglog_init(struct orglog *log); /* no entry yet */
void orglog_fini(struct orglog *log);
const struct orglog_node *orglog_node(const struct orglog *log, uint8_t index); /* or NULL */
/* The hash that names the next root key. */
void orglog_next_root(struct digest *out, const struct sign_pk *next);

/* The proof of possession of a node's keys. */
void orglog_possession(struct sig *out, const struct key *node_seed,
		       const struct sign_pk *first_root, const struct sign_pk *sign,
		       const struct dh_pk *transport);
/*
 * Appends entry number + 1, signed. `next` is the whole new state: time_ms, next_root, recovery,
 * wrap and nodes count; the rest is taken from `now` (before entry 1: an empty log) and from the
 * seed. The result is not checked: apply it.
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
 * What an entry that was lost in a fork retires is retired in it. ERR_CORRUPT.
 */
enum err orglog_load(struct txn *txn, const struct org_id *org, struct orglog *log);
/*
 * Checks an entry from outside against what is stored and stores it. `expected` is the organisation
 * it must belong to. Errors as orglog_apply(), but of a number that is known: ERR_OK when it
 * replaces what was stored from this number on, ERR_EXISTS when it does not, ERR_AGAIN when it
 * belongs to a branch that begins before it. *forked tells that it proves a fork that was not
 * known, or changes what follows from one. forked may be NULL.
 */
enum err orglog_accept(struct txn *txn, const struct org_id *expected, struct bytes entry,
		       bool *forked);
/* Whether orglog_accept() would put this entry in the place of a stored one, if it is valid. */
bool orglog_would_switch(struct txn *txn, const struct org_id *org, struct bytes entry);
/*
 * Two entries of one number are known, and no later one has settled it.
 * PROTOCOL: "Until then nobody wraps a new key for the organisation."
 */
bool orglog_is_forked(struct txn *txn, const struct org_id *org);
/*
 * Entries that have lost against others and are kept until then: the next one after at->org and
 * at->id, zero at first; false at the end.
 */
struct orglog_lost {
	struct org_id org;
	struct digest id;
	uint32_t number;
	struct bytes entry;  /* borrowed from the store */
	unsigned node_count; /* that it has and the log lacks */
};
bool orglog_lost_next(struct txn *txn, struct orglog_lost *at);
/* The stored entry of a number, as received. */
bool orglog_entry(struct txn *txn, const struct org_id *org, uint32_t number, struct bytes *entry);
/* Number of the latest stored entry; 0: none. Cheap. */
uint32_t orglog_number(struct txn *txn, const struct org_id *org);

#endif
