/*
 * rights - who may do what at which path: the verdict over tokens, and what people call grants
 * (docs/PROTOCOL.md, sections 5.5 and 9: Transfer).
 *
 * The verdict follows from the charter, the organisation logs and one token, at one time; the order in which records came
 * does not matter. A server looks at the token that a request names and at no other; only who asks searches among
 * its own. The verbs below run inside a turn (core.h, EVENT_CALL) and write one sentence into why
 * (RIGHTS_WHY_LEN bytes) when they fail.
 */
#ifndef ALLMENDE_RIGHTS_H
#define ALLMENDE_RIGHTS_H

#include "proto/core.h"
#include "proto/keywrap.h"
#include "proto/ledger.h"
#include "proto/token.h"
#include "proto/version.h"

#define RIGHTS_WHY_LEN  512
#define RIGHTS_NAME_LEN 10

/* What a grant is called: "g-" and the first 8 characters of base32 (RFC 4648) of the token id. */
void rights_name(char out[RIGHTS_NAME_LEN + 1], const struct digest *token);

/*
 * What a token gives now at and below the prefix of its last link, to the audience of it. A function of the charter, the
 * organisation logs and the time alone. VERB_NONE: *why says why, in words that begin in lower case ("expired", ...); else it is NULL.
 * why may be NULL.
 */
enum verb rights_verdict(struct ledger *ledger, struct txn *txn, const struct token *token,
			 int64_t now_ms, const char **why);
/* Whether the author's organisation is issuer or audience of a link, so that it may publish the token. */
bool rights_token_author(const struct charter *charter, const struct token *token, uint32_t author);

/* Whether the path lies in this organisation's own namespace. */
bool rights_own_namespace(const struct core *core, const struct org_id *org, struct bytes path);
/* What one known token gives this organisation at a path now; VERB_NONE: nothing, or the token is not known here. */
enum verb rights_token(struct core *core, struct txn *txn, const struct digest *token,
		       const struct org_id *org, struct bytes path);
/* Whether nodes of an organisation may get chunks of this tier at a path when they name this token (NULL: none). */
bool rights_serve(struct core *core, struct txn *txn, const struct org_id *org,
		  const struct digest *token, enum tier tier, struct bytes path);
/*
 * A token of the own organisation that is good now and gives `need` or more at the path: the one that ends last. False:
 * there is none. The owner needs none. token may be NULL.
 */
bool rights_own_token(struct core *core, struct txn *txn, struct bytes path, enum verb need,
		      struct digest *token);
/* Whether this node may hold the chunks of a version: by its tier, as its owner, or by a token. */
bool rights_may_hold(struct core *core, struct txn *txn, const struct version *version);
/* Whether it may read what this version says; its key may still be on the way. */
bool rights_may_read(struct core *core, struct txn *txn, const struct version *version);
/* Whether this node may ask for chunks of this tier at a path; *named: its requests name *token. */
bool rights_request(struct core *core, struct txn *txn, enum tier tier, struct bytes path,
		    bool *named, struct digest *token);

/* The sentence for somebody who may not read what lies at a path, and whom to ask: "Stadt Meißen has not granted you ...". */
void rights_denied(struct core *core, struct txn *txn, struct bytes path, char *why);

/* One known token whose last link is looked at, as people see it. Texts borrow from the store until the next write. */
struct rights_grant {
	struct digest token;
	struct token_link
		link[TOKEN_LINK_COUNT_MAX]; /* decoded chain; the last says what is granted */
	size_t link_count;
	enum verb verb; /* what it gives now */
	bool good; /* otherwise why says why not: "expired", "not yet", "issuer has left", ... */
	const char *why;
};
/* All known tokens whose namespace is that of the first link, each once, in no certain order, until each returns false. org NULL: of
   all; else those whose issuer or audience (of any link) it is. */
void rights_each(struct core *core, struct txn *txn, const struct org_id *org,
		 bool (*each)(void *arg, const struct rights_grant *grant), void *arg);
/* The same for those whose prefix is at or above a path. */
void rights_each_at(struct core *core, struct txn *txn, struct bytes path,
		    bool (*each)(void *arg, const struct rights_grant *grant), void *arg);
/* One by its id, or by the first characters of its text form ("g-" and base32 of the id, at least 6 characters). ERR_ABSENT, ERR_CONFIG (ambiguous). */
enum err rights_find(struct core *core, struct txn *txn, const char *name, struct rights_grant *out,
		     char *why);

struct rights_terms {
	const char *prefix;
	const char *to;        /* slug of the audience */
	enum verb verb;        /* relay or read */
	int64_t not_before_ms; /* 0: now */
	int64_t expiry_ms;     /* 0: in a year */
	uint32_t depth;        /* links that may follow */
};
/*
 * Makes a token, own namespace or a link on a token of the own organisation with depth left, and publishes it. text not NULL: it is not
 * published but appended as text, with the key when the verb is read. ERR_DENIED: not the own namespace and no token to build on, or this node is no admin;
 * ERR_ABSENT: no such member; ERR_CONFIG: a value; ERR_AGAIN: a key is not here.
 */
enum err rights_give(struct core *core, struct txn *txn, int64_t now_ms,
		     const struct rights_terms *terms, struct buf *text, struct digest *token,
		     char *why);
/* A grant as text, decoded (without the envelope); borrows. ERR_MALFORMED, ERR_VERSION, ERR_FULL; ERR_PROTOCOL: no chain. */
struct rights_text {
	struct fed_id fed;
	struct token token;
	bool has_key;
	struct keywrap wrap;
};
enum err rights_text_get(struct rights_text *out, struct bytes body);
void rights_text_put(struct buf *out, const struct fed_id *fed, const struct bytes *links,
		     size_t count, const struct keywrap *wrap /* or NULL */);
/* Takes a grant text: publishes the token and keeps the key. ERR_DENIED: not for this organisation, or not good; ERR_CONFIG: no such text. */
enum err rights_accept(struct core *core, struct txn *txn, int64_t now_ms, const char *text,
		       struct digest *token, char *why);

#endif
