/*
 * grants - rights as people give and take them: tokens made, listed, accepted (docs/PROTOCOL.md,
 * section 5.5).
 *
 * The verbs run inside a turn (EVENT_CALL) and write one sentence into why (WHY_LEN bytes)
 * when they fail.
 */
#ifndef ALLMENDE_GRANTS_H
#define ALLMENDE_GRANTS_H

#include "proto/rights/rights.h"

#define GRANT_NAME_LEN 10

/* What a grant is called: "g-" and the first 8 characters of base32 (RFC 4648) of the token id. */
void grant_name(char out[GRANT_NAME_LEN + 1], const struct digest *token);

/*
 * One known token whose last link is looked at, as people see it. Texts borrow from the store until
 * the next write.
 */
struct grant {
	struct digest token;
	struct token_link
		link[TOKEN_LINK_COUNT_MAX]; /* decoded chain; the last says what is granted */
	size_t link_count;
	enum verb verb; /* what it gives now */
	bool good; /* otherwise why says why not: "expired", "not yet", "issuer has left", ... */
	const char *why;
};
/*
 * All known tokens whose namespace is that of the first link, each once, in no certain order, until
 * each returns false. org NULL: of all; else those whose issuer or audience (of any link) it is.
 */
void grants_each(struct hub *hub, struct txn *txn, const struct org_id *org,
		 bool (*each)(void *arg, const struct grant *grant), void *arg);
/* The same for those whose prefix is at or above a path. */
void grants_each_at(struct hub *hub, struct txn *txn, struct bytes path,
		    bool (*each)(void *arg, const struct grant *grant), void *arg);
/*
 * One by its id, or by the first characters of its text form ("g-" and base32 of the id, at least 6
 * characters). ERR_ABSENT, ERR_CONFIG (ambiguous).
 */
enum err grants_find(struct hub *hub, struct txn *txn, const char *name, struct grant *out,
		     char *why);

struct grant_terms {
	const char *prefix;
	const char *to;        /* slug of the audience */
	enum verb verb;        /* relay or read */
	int64_t not_before_ms; /* 0: now */
	int64_t expiry_ms;     /* 0: in a year */
	uint32_t depth;        /* links that may follow */
};
/*
 * Makes a token, own namespace or a link on a token of the own organisation with depth left, and
 * publishes it. text not NULL: it is not published but appended as text, with the key when the verb
 * is read. ERR_DENIED: not the own namespace and no token to build on, or this node is no admin;
 * ERR_ABSENT: no such member; ERR_CONFIG: a value; ERR_AGAIN: a key is not here.
 */
enum err grants_give(struct hub *hub, struct txn *txn, int64_t now_ms,
		     const struct grant_terms *terms, struct buf *text, struct digest *token,
		     char *why);
/*
 * A grant as text, decoded (without the envelope); borrows. ERR_MALFORMED, ERR_VERSION, ERR_FULL;
 * ERR_PROTOCOL: no chain.
 */
struct grant_text {
	struct fed_id fed;
	struct token token;
};
enum err grant_text_get(struct grant_text *out, struct bytes body);
void grant_text_put(struct buf *out, const struct fed_id *fed, const struct bytes *links,
		    size_t count);
/*
 * Takes a grant text: publishes the token and keeps the key. ERR_DENIED: not for this organisation,
 * or not good; ERR_CONFIG: no such text.
 */
enum err grants_accept(struct hub *hub, struct txn *txn, int64_t now_ms, const char *text,
		       struct digest *token, char *why);

#endif
