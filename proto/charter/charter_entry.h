/*
 * charter_entry - the bytes of one charter entry: form only, no rules (docs/PROTOCOL.md, section
 * 4).
 *
 * Changes and votes are not copied out: `changes` is a cursor at the first of change_count changes,
 * `votes` one at the first of vote_count votes, whose form was checked by charter_entry_decode().
 */
#ifndef ALLMENDE_CHARTER_ENTRY_H
#define ALLMENDE_CHARTER_ENTRY_H

#include "proto/charter/charter.h"
#include "proto/wire/wire_in.h"

struct charter_entry {
	struct digest id;
	uint32_t number;
	struct digest previous; /* number > 1 */
	struct bytes name;      /* of the federation; number 1 */
	int64_t time_ms;
	uint32_t threshold;
	uint32_t change_count;
	struct wire_in changes;
	struct digest table;    /* hash of the member table after the changes */
	bool settles;           /* the first change is CHARTER_SETTLE */
	uint32_t settled_count; /* entries it names */
	bool unread;            /* a change is CHARTER_UNREAD */
	struct bytes payload;
	struct wire_in votes; /* in rising order of member number */
	uint32_t vote_count;
};

/* Borrows from whole. ERR_MALFORMED, ERR_VERSION, ERR_FULL (LIMIT_CHARTER_ENTRY_LEN_MAX). */
enum err charter_entry_decode(struct charter_entry *out, struct bytes whole);
/* The same of a payload that has no votes yet. ERR_MALFORMED, ERR_VERSION. */
enum err charter_payload_decode(struct charter_entry *out, struct bytes payload);
bool charter_vote_get(struct wire_in *votes, struct charter_vote *out);
/* Appends the payload; changes are the encoded changes of entry->change_count. */
void charter_entry_payload_put(struct buf *out, const struct charter_entry *entry,
			       struct bytes changes);

/* One change; of a kind that is not known: CHARTER_UNREAD, whatever else it says. ERR_MALFORMED. */
enum err charter_change_get(struct wire_in *w, struct charter_change *out);
void charter_change_put(struct buf *out, const struct charter_change *change);
/* Organisation id, root key, next root hash, name, slug, ags, group: seven elements. */
void charter_member_put(struct buf *out, const struct charter_member *member);

/*
 * charter.c, for charter_store.c: charter_apply() of a decoded entry. Trusted: it comes from the
 * own store, and was checked when it was put there. charter_entry_voted_here: it has the votes of
 * those who vote at this charter. charter_table_check: ERR_CORRUPT unless the table is the one of
 * this entry.
 */
enum err charter_entry_apply(struct charter *charter, const struct charter_entry *entry,
			     bool trusted);
bool charter_entry_voted_here(const struct charter *charter, const struct charter_entry *entry);
enum err charter_table_check(const struct charter *charter, const struct charter_entry *entry);
/*
 * charter_bind.c: a bind or an announcement, by an entry that follows. member_count: of the members
 * before the entry. charter_binds_back: all but the first count are taken back.
 */
enum err charter_bind_apply(struct charter *charter, const struct charter_change *change,
			    const struct charter_entry *entry, uint32_t member_count, bool trusted);
void charter_binds_back(struct charter *charter, uint32_t count);
/*
 * charter_rename.c: a member is called otherwise, by an entry that follows. member_count as above.
 * charter_renames_back: all but the first count are taken back; the caller builds the index.
 */
enum err charter_rename_apply(struct charter *charter, const struct charter_change *change,
			      const struct charter_entry *entry, uint32_t member_count);
void charter_renames_back(struct charter *charter, uint32_t count);
/* The slugs that a renamed member has had, the first of its admission, as an array. */
void charter_slugs_put(struct buf *out, const struct charter *charter,
		       const struct charter_member *member);
/*
 * charter_index.c: a member is added; a rename has given a slug that nobody has had; the index is
 * built anew, as some of either were taken back.
 */
void charter_member_add(struct charter *charter, const struct charter_member *member);
void charter_index_rename(struct charter *charter);
void charter_index_build(struct charter *charter);
/* charter_store.c: the charter as it was before a number that is here. */
enum err charter_load_before(struct txn *txn, struct charter *charter, uint32_t number);

#endif
