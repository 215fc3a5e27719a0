/*
 * membership - founding, inviting, joining: the charter from this node's point of view.
 *
 * The verbs run inside a turn (core.h, EVENT_CALL). Each writes one sentence for a person into why
 * (MEMBERSHIP_WHY_LEN bytes) when it fails.
 */
#ifndef ALLMENDE_MEMBERSHIP_H
#define ALLMENDE_MEMBERSHIP_H

#include "proto/charter.h"
#include "proto/core.h"
#include "proto/invitation.h"
#include "proto/words.h"

#define MEMBERSHIP_WHY_LEN 512

/* FORMER: the charter that is here does not (or not any more) show this organisation; why says more. */
enum membership_state { MEMBERSHIP_NONE, MEMBERSHIP_JOINING, MEMBERSHIP_MEMBER, MEMBERSHIP_FORMER };

/* ERR_EXISTS: this directory belongs to a federation already. ERR_CONFIG: name or threshold. */
enum err membership_create(struct core *core, struct txn *txn, int64_t now_ms, const char *name,
			   char *why);
/*
 * Whom an invitation is for. With auto_approve whoever presents it is admitted at once; otherwise the request waits for
 * a steward who compares six words (request.h). A relay holds without reading, and may share its ags with others.
 */
struct invitation_terms {
	const char *name, *slug, *ags;
	bool auto_approve, relay;
};
/* Appends the invitation's text. ERR_DENIED: this organisation is no steward, or cannot admit alone as auto_approve asks;
   ERR_EXISTS: slug or ags is a member already; ERR_CONFIG: a value is not valid; ERR_ABSENT: no federation. */
enum err membership_invite(struct core *core, struct txn *txn, int64_t now_ms,
			   const struct invitation_terms *terms, struct buf *text,
			   int64_t *valid_until_ms, char *why);
/* Remembers the invitation and begins to join; the outcome is NOTE_JOINED or NOTE_JOIN_FAILED, and in
   membership_status(). The name, slug and ags must be this organisation's. */
enum err membership_join(struct core *core, struct txn *txn, int64_t now_ms, const char *text,
			 char *why);

struct membership_status {
	enum membership_state state;
	char why[MEMBERSHIP_WHY_LEN];  /* why joining has not succeeded yet; empty: nothing wrong */
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
void membership_status(struct core *core, struct membership_status *out);

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
void membership_member(struct core *core, struct txn *txn, int64_t now_ms, uint32_t member_number,
		       struct member_state *out);

/* Links, for `allmende peers`. Index from 0; false at the end. */
struct peer_state {
	uint64_t link;   /* 0: not linked */
	uint32_t author; /* 0: a guest or not known yet */
	char address[LIMIT_ADDRESS_LEN_MAX + 1];
	bool dialled; /* by us */
	bool synced;
	int64_t ahead_ms; /* by how much its clock is ahead of ours, at least; 0: not known to be */
	int64_t since_ms; /* linked since; or next attempt when not linked */
	char software[65];
	char why[128]; /* why not linked */
	bool manual;   /* by `peer add` */
};
bool membership_peer(struct core *core, size_t index, struct peer_state *out);
/* `peer add`: dials now and after every start. ERR_CONFIG: not HOST:PORT. ERR_EXISTS. */
enum err membership_peer_add(struct core *core, struct txn *txn, int64_t now_ms,
			     const char *address, char *why);

#endif
