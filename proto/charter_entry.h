/*
 * charter_entry - the bytes of one charter entry: form only, no rules (docs/PROTOCOL.md, section
 * 4).
 *
 * The changes are not copied out: `changes` is a cursor at the first of change_count changes, whose
 * form was checked by charter_entry_decode().
 */
#ifndef ALLMENDE_CHARTER_ENTRY_H
#define ALLMENDE_CHARTER_ENTRY_H

#include "proto/charter.h"
#include "proto/wire_in.h"

#define CHARTER_VOTE_COUNT_MAX (2 * LIMIT_STEWARD_COUNT_MAX) /* stewards before and after */

struct charter_entry {
	struct digest id;
	uint32_t number;
	struct digest previous; /* number > 1 */
	struct bytes name;      /* of the federation; number 1 */
	int64_t time_ms;
	uint32_t threshold;
	uint32_t change_count;
	struct wire_in changes;
	struct digest table; /* hash of the member table after the changes */
	struct bytes payload;
	struct charter_vote votes[CHARTER_VOTE_COUNT_MAX]; /* in rising order of member number */
	uint32_t vote_count;
};

/* Borrows from whole. ERR_MALFORMED, ERR_VERSION, ERR_FULL (LIMIT_CHARTER_ENTRY_LEN_MAX). */
enum err charter_entry_decode(struct charter_entry *out, struct bytes whole);
/* Appends the payload; changes are the encoded changes of entry->change_count. */
void charter_entry_payload_put(struct buf *out, const struct charter_entry *entry,
			       struct bytes changes);

/* One change. ERR_MALFORMED; ERR_VERSION for a kind that is not known. */
enum err charter_change_get(struct wire_in *w, struct charter_change *out);
void charter_change_put(struct buf *out, const struct charter_change *change);
/* Organisation id, root key, name, slug, ags, group: six elements. */
void charter_member_put(struct buf *out, const struct charter_member *member);

#endif
