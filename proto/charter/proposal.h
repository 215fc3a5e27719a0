/*
 * proposal - a charter entry that waits for votes: its body in a vote record, its texts for whoever
 * has no connection, and what it says in plain words (docs/PROTOCOL.md, sections 4.3 and 5.4).
 *
 * A proposal is the payload of a charter entry. Nothing here looks at signatures or at the store.
 */
#ifndef ALLMENDE_PROPOSAL_H
#define ALLMENDE_PROPOSAL_H

#include "proto/charter/charter_entry.h"
#include "proto/charter/opening.h"

#define PROPOSAL_LEN_MAX          49152
#define PROPOSAL_CHANGE_COUNT_MAX 256

/* A payload, decoded: form only. Release with proposal_fini(). */
struct proposal {
	struct charter_entry entry; /* without votes; borrows from bytes */
	struct charter_change *changes;
	struct buf bytes;
};
/* Copies the payload. ERR_MALFORMED, ERR_VERSION, ERR_FULL; then there is nothing to release. */
enum err proposal_init(struct proposal *out, struct bytes payload);
void proposal_fini(struct proposal *proposal);
/* Whether it changes stewards or threshold: then the new stewards must agree too. */
bool proposal_changes_stewards(const struct proposal *proposal, const struct charter *charter);
bool proposal_admits(const struct proposal *proposal);
/* Whom it admits, when that is one organisation; else NULL. */
const struct charter_member *proposal_newcomer(const struct proposal *proposal);
/* The stewards after it. */
bool proposal_is_steward(const struct proposal *proposal, const struct charter *charter,
			 uint32_t member);

/*
 * What the changes say, each one line of text; names are the charter's. Lines end with a line feed.
 */
void proposal_words(struct buf *out, const struct charter *charter,
		    const struct charter_change *changes, size_t count, uint32_t threshold);

/* Body of a vote record. */
struct vote_body {
	struct bytes payload; /* borrowed */
	struct sig sig;
	bool has_opening; /* of the newcomer that it admits */
	struct opening opening;
};
void vote_body_put(struct buf *out, const struct vote_body *body);
/* ERR_MALFORMED, ERR_VERSION */
enum err vote_body_get(struct vote_body *out, struct bytes body);

/* Texts; faults of the writers stay in out. */
struct proposal_text {
	struct fed_id fed;
	struct bytes payload; /* borrowed, as the opening is */
	bool has_opening;
	struct opening opening;
};
void proposal_text_put(struct buf *out, const struct proposal_text *text);
/*
 * What is read borrows from body, which the text is decoded into. ERR_MALFORMED: no such text;
 * ERR_DENIED: truncated or mistyped; ERR_VERSION; ERR_FULL.
 */
enum err proposal_text_get(struct buf *body, struct proposal_text *out, struct bytes text);
struct vote_text {
	struct fed_id fed;
	uint32_t number;
	struct digest entry_id;
	uint32_t member;
	struct sig sig;
};
void vote_text_put(struct buf *out, const struct vote_text *vote);
/* Errors as above. */
enum err vote_text_get(struct vote_text *out, struct bytes text);

#endif
