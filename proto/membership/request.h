/*
 * request - organisations that wait to be admitted, at the node that has invited them
 * (docs/PROTOCOL.md, section 4.2).
 *
 * A request that an invitation does not admit at once is kept until a steward approves it (after
 * hearing its six words), refuses it, or its time is over. The invitation's secret is bound to the
 * organisation and its commitment from the first moment. There are words when the joiner has opened
 * its commitment (opening.h); they are made then, once, as that takes a tenth of a second.
 */
#ifndef ALLMENDE_REQUEST_H
#define ALLMENDE_REQUEST_H

#include "proto/charter/invitation.h"
#include "proto/charter/opening.h"
#include "proto/membership/voting.h"

enum {
	REQUEST_COUNT_MAX = 64, /* waiting at one node; more are told to come again later */
	REQUEST_WRONG_MAX = 5,  /* times that the words may be wrong; then the request is dropped */
};

struct request_row {
	struct org_id org;
	struct sign_pk root;
	struct digest next_root;
	char name[LIMIT_NAME_LEN_MAX + 1];
	char slug[CHARTER_SLUG_LEN_MAX + 1];
	char ags[9];
	bool relay;
	char address[LIMIT_ADDRESS_LEN_MAX + 1]; /* where it may be dialled; may be empty */
	int64_t since_ms, until_ms;
	uint32_t wrong;             /* times that the words were wrong */
	bool approved;              /* proposed to the other stewards */
	struct bytes entry;         /* of its organisation log; borrows from the store */
	struct opening opening;     /* its request borrows from the store; a counts when it is */
	bool opened;                /* opened, and then there are */
	char words[WORDS_TEXT_LEN]; /* the six words */
};

/*
 * Whether somebody else has the place: a short name has one member at a time, and a municipality is
 * a member once. Relays may stand under any key, beside each other and beside the member.
 */
bool request_place_taken(const struct charter *charter, const char *slug, const char *ags,
			 bool relay);
/*
 * ERR_FULL: too many wait. One that waits already stays as it is; with another invitation it waits
 * under the terms of that one.
 */
enum err request_keep(struct hub *hub, struct txn *txn, const struct join_request *request,
		      const struct invitation_row *terms);
/* Whether this very request is here and has not ended. *b (may be NULL): its issuer's value. */
bool request_waits(const struct hub *hub, struct txn *txn, const struct join_request *request,
		   struct digest *b);
/*
 * JOIN_OPEN: a of the request that this organisation has handed in. ERR_DENIED: it is not what the
 * request is bound to, which is dropped; ERR_ABSENT: nobody of this organisation waits.
 */
enum err request_open(struct hub *hub, struct txn *txn, const struct org_id *org,
		      const struct digest *a);
/* The next one after *org (begin with zero), in order of organisation ids. */
bool request_next(struct txn *txn, struct org_id *org, struct request_row *out);

/*
 * Verbs (EVENT_CALL); why as in voting.h. Approving with the right words admits at once where one
 * steward decides, and is a proposal with the own vote elsewhere. ERR_ABSENT: nobody of this short
 * name waits; ERR_AGAIN: it has no words yet; ERR_DENIED: the words are wrong, or as
 * voting_admit().
 */
enum err request_approve(struct hub *hub, struct txn *txn, const char *slug, const char *words,
			 struct voting_outcome *out, char *why);
/* Without asking for words, as the invitation says. Errors of voting_admit(). */
enum err request_admit(struct hub *hub, struct txn *txn, const struct org_id *org);
enum err request_refuse(struct hub *hub, struct txn *txn, const char *slug, char *why);

/*
 * For the core. The charter has changed: whoever has become a member hears so, and what it needs
 * goes out. The end of a turn: those whose time is over go.
 */
void requests_follow(struct hub *hub, struct txn *txn);
void requests_tick(struct hub *hub, struct txn *txn);
int64_t requests_wake(const struct hub *hub);

#endif
