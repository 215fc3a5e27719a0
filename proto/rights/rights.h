/*
 * rights - who may do what at which path: the verdict over tokens
 * (docs/PROTOCOL.md, sections 5.5 and 9: Transfer).
 *
 * The verdict follows from the charter, the organisation logs and one token, at one time; the order
 * in which records came does not matter. A server looks at the token that a request names and at no
 * other; only who asks searches among its own.
 */
#ifndef ALLMENDE_RIGHTS_H
#define ALLMENDE_RIGHTS_H

#include "proto/hub/hub.h"
#include "proto/ledger/ledger.h"
#include "proto/ledger/token.h"
#include "proto/content/version.h"

/*
 * What a token gives now at and below the prefix of its last link, to the audience of it. A
 * function of the charter, the organisation logs and the time alone. VERB_NONE: *why says why, in
 * words that begin in lower case ("expired", ...); else it is NULL. why may be NULL.
 */
enum verb rights_verdict(struct ledger *ledger, struct txn *txn, const struct token *token,
			 int64_t now_ms, const char **why);

/* Whether the path lies in this organisation's own namespace. */
bool rights_own_namespace(const struct hub *hub, const struct org_id *org, struct bytes path);
/*
 * Whether nodes of an organisation may get chunks of this tier at a path when they name this token
 * (NULL: none).
 */
bool rights_serve(struct hub *hub, struct txn *txn, const struct org_id *org,
		  const struct digest *token, enum tier tier, struct bytes path);
/*
 * A token of the own organisation that is good now and gives `need` or more at the path: the one
 * that ends last. False: there is none. The owner needs none. token may be NULL.
 */
bool rights_own_token(struct hub *hub, struct txn *txn, struct bytes path, enum verb need,
		      struct digest *token);
/* Whether this node may hold the chunks of a version: by its tier, as its owner, or by a token. */
bool rights_may_hold(struct hub *hub, struct txn *txn, const struct version *version);
/* Whether it may read what this version says; its key may still be on the way. */
bool rights_may_read(struct hub *hub, struct txn *txn, const struct version *version);
/* Whether this node may ask for chunks of this tier at a path; *named: its requests name *token. */
bool rights_request(struct hub *hub, struct txn *txn, enum tier tier, struct bytes path,
		    bool *named, struct digest *token);

/* ---- for the core ---- */

struct right;   /* what one token of the own organisation gives, at its time */
struct rights { /* of all of them, by prefix */
	bool known;
	uint64_t keys_epoch; /* hub.keys_epoch, as of which */
	struct right *items;
	size_t count, cap;
	int64_t next_ms; /* when the next one begins */
};
/* RECORD_LINE. True: it is for this organisation, so what was refused may be had now. */
bool rights_arrival(struct hub *hub, const struct record *record);
void rights_close(struct hub *hub);
void rights_tick(struct hub *hub);
int64_t rights_wake(const struct hub *hub);

#endif
