/*
 * granting - lines that this organisation writes: given, renewed, and as text for who is not linked
 * (docs/PROTOCOL.md, section 5.5). Ending them: revoking.h.
 *
 * The verbs run inside a turn (EVENT_CALL) and write one sentence into why (WHY_LEN bytes) when
 * they fail.
 */
#ifndef ALLMENDE_GRANTING_H
#define ALLMENDE_GRANTING_H

#include "proto/catalog/grants.h"

enum { GRANT_TEXT_LEN_MAX = 16384 };

struct grant_terms {
	const char *prefix;
	const char *to; /* slug of the audience */
	enum verb verb;
	int64_t not_before_ms; /* 0: now */
	int64_t expiry_ms;     /* 0: in a year, or when what it rests on ends */
	uint32_t depth;        /* lines that may rest on it */
	uint32_t widest;       /* 0: as usual */
	enum keeping keep;
	bool again; /* also beside another line of the same audience and prefix */
};
/*
 * Writes a new line; in a foreign namespace it rests on the own line that allows it and ends last.
 * ERR_DENIED: not the own namespace and no line to rest on, or this node has not the role;
 * ERR_ABSENT: no such member; ERR_CONFIG: a value; ERR_EXISTS: there is one.
 */
enum err grants_give(struct hub *hub, struct txn *txn, const struct grant_terms *terms,
		     struct digest *id, char *why);

struct renew_terms { /* what is not has_... stays; an end within a year is put a year from now */
	bool has_expiry, has_verb, has_depth, has_widest, has_keep;
	int64_t expiry_ms;
	enum verb verb;
	uint32_t depth, widest;
	enum keeping keep;
	bool yes; /* also when the body of another own node counts, or void versions wake */
};
/*
 * Writes the next round of an own line, from the body that counts. ERR_DENIED: it is not this
 * organisation's, or has ended; ERR_BUSY: another own node's body counts, and why says how it
 * differs, or versions that are void would become valid, and why says how many; ERR_CONFIG.
 */
enum err grants_renew(struct hub *hub, struct txn *txn, const struct grant *grant,
		      const struct renew_terms *terms, char *why);
/* Whether this node may write lines and bars: ERR_OK, or why not. */
enum err grants_admin_check(struct hub *hub, struct txn *txn, char *why);

/* The text of a grant: the records of its chain, for who is not linked. ERR_FULL. */
enum err grant_text_make(struct hub *hub, struct txn *txn, const struct grant *grant,
			 struct buf *text, char *why);
/* A grant text without its envelope: the records; borrows. ERR_MALFORMED, ERR_VERSION. */
struct grant_text {
	struct fed_id fed;
	struct bytes records[LINE_CHAIN_MAX];
	size_t count;
};
enum err grant_text_get(struct grant_text *out, struct bytes body);
void grant_text_put(struct buf *out, const struct fed_id *fed, const struct bytes *records,
		    size_t count);
/*
 * Takes the records of a grant text as if they had come over a link. *id: the last line's.
 * ERR_DENIED: of another federation, not for this organisation, or not good; ERR_CONFIG: no such
 * text.
 */
enum err grants_accept(struct hub *hub, struct txn *txn, const char *text, struct digest *id,
		       char *why);

#endif
