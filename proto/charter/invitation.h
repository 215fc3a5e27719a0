/*
 * invitation - one line of text that lets one organisation in, and the request it hands in
 * (docs/PROTOCOL.md, section 4.1).
 */
#ifndef ALLMENDE_INVITATION_H
#define ALLMENDE_INVITATION_H

#include "proto/charter/charter.h"
#include "proto/charter/orglog.h"

struct invitation {
	struct fed_id fed;
	char fed_name[LIMIT_NAME_LEN_MAX + 1];
	uint32_t charter_number; /* the checkpoint: nobody goes below it */
	struct digest charter_entry_id;
	char address[LIMIT_ADDRESS_LEN_MAX + 1]; /* to dial */
	struct dh_pk transport;                  /* who must answer there */
	struct key secret;                       /* wiped by invitation_wipe() */
	char name[LIMIT_NAME_LEN_MAX + 1];
	char slug[CHARTER_SLUG_LEN_MAX + 1];
	char ags[9];
	int64_t valid_until_ms;
};

void invitation_wipe(struct invitation *invitation);
/*
 * Appends the text, without line end. ERR_FULL: longer than LIMIT_INVITATION_LEN_MAX.
 * ERR_MALFORMED: a field is not valid.
 */
enum err invitation_put(struct buf *out, const struct invitation *invitation);
/*
 * Blanks and line ends around the text are ignored. ERR_MALFORMED: not an invitation at all, or its
 * contents are not valid; ERR_DENIED: an invitation, but truncated or mistyped (check sum);
 * ERR_VERSION: of another version of the protocol. Expiry is for the caller.
 */
enum err invitation_get(struct invitation *out, struct bytes text);

/* A join request, decoded and verified. Borrows from the bytes given. */
struct join_request {
	struct key secret;
	struct bytes name, slug, ags;
	struct bytes orglog_entry; /* entry 1, signed */
	struct org_id org;
	struct sign_pk root;
	struct digest commitment; /* opening.h */
	struct digest next_root;  /* hash of the root key that may follow */
	struct bytes addresses[LIMIT_ADDRESS_COUNT_MAX];
	size_t address_count;
	struct bytes payload; /* all of it but the signature */
};

/*
 * addresses: NULL-terminated, or NULL for none; at most LIMIT_ADDRESS_COUNT_MAX count. Errors stand
 * in out->err.
 */
void join_request_make(struct buf *out, const struct invitation *invitation,
		       struct bytes orglog_entry, const char *const *addresses,
		       const struct digest *commitment, const struct digest *next_root,
		       const struct key *root_sign_seed);
/* Its secret alone, before anything dear is looked at. ERR_MALFORMED, ERR_VERSION, ERR_FULL */
enum err join_request_secret(struct key *out, struct bytes request);
/*
 * Of one that was a member of this charter before, the root is the one it had last. ERR_MALFORMED,
 * ERR_VERSION, ERR_DENIED (signature, or the entry), ERR_FULL (LIMIT_JOIN_REQUEST_LEN_MAX).
 */
enum err join_request_get(struct join_request *out, struct bytes request,
			  const struct charter *charter);
/* The payload alone, as others show it, without the joiner's signature. Errors as above. */
enum err join_request_peek(struct join_request *out, struct bytes payload,
			   const struct charter *charter);
/* The payload of a request that was made here. */
struct bytes join_request_payload(struct bytes request);

/* What the issuer remembers, under the hash of the secret. */
struct invitation_row {
	char name[LIMIT_NAME_LEN_MAX + 1];
	char slug[CHARTER_SLUG_LEN_MAX + 1];
	char ags[9];
	int64_t valid_until_ms;
	bool used; /* bound to the organisation that has presented it, and to its commitment */
	struct org_id used_by;
	struct digest commitment;
	bool auto_approve, relay; /* membership.h */
};
void invitation_store(struct txn *txn, const struct invitation *invitation, bool auto_approve,
		      bool relay);
/* ERR_ABSENT; ERR_CORRUPT sticks to the transaction. */
enum err invitation_find(struct txn *txn, const struct key *secret, struct invitation_row *out);
/*
 * Whether this request may be admitted now. ERR_ABSENT: unknown secret; ERR_EXISTS: used by another
 * organisation, or with another commitment; ERR_DENIED: name, slug or ags differ; ERR_AGAIN:
 * expired. A secret used by the same organisation is ERR_OK until then: its answer got lost, or it
 * waits.
 */
enum err invitation_check(struct txn *txn, const struct join_request *request, int64_t now_ms);
/*
 * The next of all that were made here, with a short name by which people mean it. False: the last
 * one was before, or a fault sticks to the transaction.
 */
#define INVITATION_ID_LEN 8
bool invitation_next(struct walk *walk, char id[INVITATION_ID_LEN + 1], struct invitation_row *out);
/* The one that a walk stands at is not known any more. */
void invitation_drop(struct walk *walk);
/* Marks the secret as used by this request. */
void invitation_use(struct txn *txn, const struct join_request *request);

#endif
