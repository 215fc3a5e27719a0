/*
 * line - a grant: one statement in its giver's own set, which ends by being overwritten; its bytes
 * and what follows from the bytes alone (docs/PROTOCOL.md, section 5.5). What lines give is the
 * verdict's business (proto/rights/verdict.h).
 */
#ifndef ALLMENDE_LINE_H
#define ALLMENDE_LINE_H

#include "crypto/id.h"
#include "crypto/limits.h"
#include "proto/ledger/record.h"

enum {
	LINE_NONCE_LEN = 16,
	LINE_CHAIN_MAX = 8, /* lines that may rest on each other */
	LINE_DEPTH_MAX = LINE_CHAIN_MAX - 1,
	LINE_TIER_MAX = 4,   /* `widest` */
	LINE_TIER_USUAL = 3, /* granted */
};
#define LINE_ROUND_END ((uint64_t)1 << 48) /* rounds are below this */

/* Each contains those before. VERB_NONE: the line has ended, for good. */
enum verb { VERB_NONE = 0, VERB_RELAY = 1, VERB_READ = 2, VERB_WRITE = 3, VERB_ADMIN = 4 };
const char *verb_name(enum verb verb); /* "nothing", "relay", "read", "write", "admin" */
enum err verb_parse(enum verb *verb, struct bytes text); /* ERR_MALFORMED */

/* What the owner takes over by itself when a line has ended. */
enum keeping { KEEPING_NONE = 0, KEEPING_CURRENT = 1, KEEPING_ALL = 2 };
const char *keeping_name(enum keeping keep);                   /* "none", "current", "all" */
enum err keeping_parse(enum keeping *keep, struct bytes text); /* ERR_MALFORMED */

struct line { /* borrows from the bytes it was decoded from */
	/* what the id covers, and so never changes */
	uint32_t issuer;     /* member number, not 0 */
	uint32_t audience;   /* member number, not 0 and not the issuer's */
	struct org_id org;   /* organisation of the audience */
	struct bytes prefix; /* a path */
	uint8_t nonce[LINE_NONCE_LEN];
	bool has_parent;
	struct digest parent; /* id of the line that this one rests on; zero: none */
	/* what changes with the round */
	uint64_t round; /* 1 to LINE_ROUND_END - 1 */
	enum verb verb;
	int64_t not_before_ms, expiry_ms; /* since 1970; the first before the second */
	uint32_t depth;                   /* 0 to LINE_DEPTH_MAX: lines that may rest on it */
	uint32_t widest; /* 1 to LINE_TIER_MAX: the widest tier that may be written by it,
				    as enum tier counts */
	enum keeping keep;
};

/* The id follows from the fields that never change. */
void line_id(struct digest *out, const struct line *line);
/* Appends the body; the result is not checked: line_get(). Faults stay in out. */
void line_put(struct buf *out, const struct line *line);
/* Form and ranges. ERR_MALFORMED, ERR_VERSION. */
enum err line_get(struct line *out, struct bytes body);
struct record_slot line_slot(const struct digest *id);
/*
 * What makes a record of a line fit its slot, whoever may grant what. ERR_PROTOCOL: it does not.
 */
enum err line_fits(const struct line *line, struct bytes slot, uint32_t author);
/*
 * Of two bodies that nodes of the giver have in one slot the one that counts: an end before
 * everything, then the higher round, then the smaller bytes. Both are well-formed.
 */
bool line_goes_before(const struct line *a, struct bytes a_body, const struct line *b,
		      struct bytes b_body);

#endif
