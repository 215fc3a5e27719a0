/*
 * membership - founding, inviting, and the charter from this node's point of view; joining is
 * joining.h.
 *
 * The verbs run inside a turn (core.h, EVENT_CALL). Each writes one sentence for a person into why
 * (WHY_LEN bytes) when it fails.
 */
#ifndef ALLMENDE_MEMBERSHIP_H
#define ALLMENDE_MEMBERSHIP_H

#include "proto/charter/charter.h"
#include "proto/hub/hub.h"
#include "proto/charter/invitation.h"
#include "proto/wire/words.h"

/*
 * FORMER: the charter that is here does not (or not any more) show this organisation; why says
 * more.
 */
enum membership_state { MEMBERSHIP_NONE, MEMBERSHIP_JOINING, MEMBERSHIP_MEMBER, MEMBERSHIP_FORMER };

/* ERR_EXISTS: this directory belongs to a federation already. ERR_CONFIG: name or threshold. */
enum err membership_create(struct hub *hub, struct txn *txn, int64_t now_ms, const char *name,
			   char *why);
/*
 * Whom an invitation is for. With auto_approve whoever presents it is admitted at once; otherwise
 * the request waits for a steward who compares six words (request.h). A relay holds without
 * reading, and may share its ags with others.
 */
struct invitation_terms {
	const char *name, *slug, *ags;
	bool auto_approve, relay;
};
/*
 * Appends the invitation's text. ERR_DENIED: this organisation is no steward, or cannot admit alone
 * as auto_approve asks; ERR_EXISTS: slug or ags is a member already; ERR_CONFIG: a value is not
 * valid; ERR_ABSENT: no federation.
 */
enum err membership_invite(struct hub *hub, struct txn *txn, int64_t now_ms,
			   const struct invitation_terms *terms, struct buf *text,
			   int64_t *valid_until_ms, char *why);
/*
 * From now on those that are meant, by their short name or the slug of whom they invite, let nobody
 * in. ERR_ABSENT: there is none; ERR_EXISTS: all were used already.
 */
enum err membership_uninvite(struct txn *txn, const char *which, uint32_t *count, char *why);
struct membership_status {
	enum membership_state state;
	char why[WHY_LEN];             /* why joining has not succeeded yet; empty: nothing wrong */
	const struct charter *charter; /* borrowed until the end of the turn; NULL: none */
	uint32_t member_number;        /* own; 0: none */
	uint32_t author;               /* own; 0: none */
	uint64_t federation_key_number;
	bool has_federation_key;
	bool relay;                 /* belongs without reading: it gets no federation key */
	uint32_t frozen_number;     /* two charter entries have this number (fork.h); 0: none */
	bool waiting;               /* joining: the request is there, and waits for the stewards */
	char words[WORDS_TEXT_LEN]; /* joining: the six words to read to them; else empty */
};
void membership_status(struct hub *hub, struct membership_status *out);

/* The state of one member, for lists: of that of its active nodes which needs attention most. */
struct member_state {
	uint32_t author; /* of that node */
	bool linked;
	bool self;
	const char *state;    /* "complete", "partial", "stale", "disputed", "unknown" */
	uint64_t missing;     /* records, when partial */
	int64_t head_time_ms; /* 0: no head yet */
	uint64_t record_count;
};
void membership_member(struct hub *hub, struct txn *txn, int64_t now_ms, uint32_t member_number,
		       struct member_state *out);

/* ---- for the core ---- */

/* Loads the own place; before the keys. ERR_CORRUPT */
enum err membership_open(struct hub *hub, struct txn *txn);
/* The invitation in use, and what the charter says when there is none; after the keys. */
void membership_join_open(struct hub *hub, struct txn *txn);
void membership_close(struct hub *hub);
/* This node signs again: what it had to say of itself meanwhile. */
void membership_signing(struct hub *hub, struct txn *txn);
/* After entries were accepted: own place, keys, who hears of it, peers. */
void membership_charter_changed(struct hub *hub, struct txn *txn);
/* Looks whether the charter, as it now stands, shows this organisation as a member. */
void membership_own_place(struct hub *hub, struct txn *txn);
/* admission.c: JOIN and JOIN_OPEN */
void admission_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);
void admission_open_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m);

#endif
