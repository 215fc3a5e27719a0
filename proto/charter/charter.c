#include "proto/charter/charter.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "crypto/path.h"
#include "crypto/utf8.h"
#include "proto/charter/charter_entry.h"
#include "proto/wire/wire_out.h"

void charter_init(struct charter *charter)
{
	*charter = (struct charter){0};
}

void charter_fini(struct charter *charter)
{
	free(charter->members);
	free(charter->binds);
	free(charter->renames);
	free(charter->index);
	charter_init(charter);
}

bool charter_is_steward(const struct charter *charter, uint32_t member_number)
{
	for (uint32_t i = 0; i < charter->steward_count; i++)
		if (charter->stewards[i] == member_number)
			return true;
	return false;
}

/*
 * PROTOCOL: "`ags` is the official municipality key, 5 or 8 digits; `group` is the first 5 digits
 * of it, the county."
 */
static bool ags_ok(struct bytes ags)
{
	for (size_t i = 0; i < ags.len; i++)
		if (ags.ptr[i] < '0' || ags.ptr[i] > '9')
			return false;
	return ags.len == 5 || ags.len == 8;
}

enum err charter_terms_check(struct bytes name, struct bytes slug, struct bytes ags)
{
	if (name.len < 1 || name.len > LIMIT_NAME_LEN_MAX || !utf8_check(name, false) ||
	    path_slug_check(slug) || !ags_ok(ags))
		return ERR_MALFORMED;
	return ERR_OK;
}

/* ---- changes ---- */

struct undo_state { /* of a member, before the entry */
	uint32_t number;
	uint8_t state;
};

/* What an entry may change, to take it back. Members are only added at the end. */
struct undo {
	uint32_t threshold;
	uint32_t stewards[LIMIT_STEWARD_COUNT_MAX];
	uint32_t steward_count;
	uint64_t key_number;
	struct digest key_commitment;
	uint32_t member_count, bind_count, rename_count;
	struct undo_state *states; /* owned */
	size_t state_count, state_cap;
	bool reader_lost; /* a member who could read is not one any more */
};

static void undo_init(struct undo *undo, const struct charter *charter)
{
	*undo = (struct undo){
		.threshold = charter->threshold,
		.steward_count = charter->steward_count,
		.key_number = charter->key_number,
		.key_commitment = charter->key_commitment,
		.member_count = charter->member_count,
		.bind_count = charter->bind_count,
		.rename_count = charter->rename_count,
	};
	memcpy(undo->stewards, charter->stewards, sizeof(undo->stewards));
}

static void undo_fini(struct undo *undo)
{
	free(undo->states);
}

static void undo_do(const struct undo *undo, struct charter *charter)
{
	bool indexed = charter->member_count > undo->member_count ||
		       charter->rename_count > undo->rename_count;

	charter->threshold = undo->threshold;
	charter->steward_count = undo->steward_count;
	charter->key_number = undo->key_number;
	charter->key_commitment = undo->key_commitment;
	memcpy(charter->stewards, undo->stewards, sizeof(undo->stewards));
	charter_binds_back(charter, undo->bind_count);
	charter_renames_back(charter, undo->rename_count);
	for (size_t i = undo->state_count; i-- > 0;)
		charter->members[undo->states[i].number - 1].state = undo->states[i].state;
	charter->member_count = undo->member_count;
	if (indexed)
		charter_index_build(charter);
}

static enum err change_admit(struct charter *charter, const struct charter_member *member,
			     bool trusted)
{
	if (charter->member_count >= LIMIT_MEMBER_COUNT_MAX)
		return ERR_FULL;
	const struct charter_member *before = charter_named(charter, bytes_str(member->slug));
	/* PROTOCOL: "Member numbers count from 1, are given in order and never again." */
	if (member->number != charter->member_count + 1)
		return ERR_PROTOCOL;
	/*
	 * PROTOCOL: "A slug is given to one organisation at a time: that of a former member may be
	 * given again"
	 */
	if (before && charter_is_present(before))
		return ERR_PROTOCOL;
	/* PROTOCOL: "An organisation is a member once at a time." */
	if (charter_by_org(charter, &member->org))
		return ERR_PROTOCOL;
	/*
	 * PROTOCOL: "One that was a member before comes back with the root key and the next root
	 * hash that it had."
	 */
	const struct charter_member *former = charter_last_of(charter, &member->org);
	if (former && (!id_eq(&former->root, &member->root) ||
		       !id_eq(&former->next_root, &member->next_root)))
		return ERR_PROTOCOL;
	if (!trusted && sign_pk_admit(&member->root))
		return ERR_DENIED;
	struct charter_member added = *member;
	added.bind = former ? former->bind : 0;
	memcpy(added.home, added.slug, sizeof(added.home));
	charter_member_add(charter, &added);
	return ERR_OK;
}

/* To former or relay. */
static enum err change_state(struct charter *charter, struct undo *undo, uint32_t number,
			     enum charter_member_state state)
{
	const struct charter_member *member = charter_member(charter, number);

	if (!member || !charter_is_present(member) || member->state == state)
		return ERR_PROTOCOL;
	if (member->state == CHARTER_MEMBER && number <= undo->member_count)
		undo->reader_lost = true;
	undo->states =
		mem_room(undo->states, undo->state_count, &undo->state_cap, sizeof(*undo->states));
	undo->states[undo->state_count++] = (struct undo_state){number, member->state};
	charter->members[number - 1].state = (uint8_t)state;
	return ERR_OK;
}

static enum err change_apply(struct charter *charter, struct undo *undo,
			     const struct charter_entry *entry, const struct charter_change *change,
			     bool first, bool trusted)
{
	switch (change->kind) {
	case CHARTER_UNREAD:
		return ERR_OK;
	case CHARTER_ADMIT:
		return change_admit(charter, &change->member, trusted);
	case CHARTER_REMOVE:
		return change_state(charter, undo, change->member.number, CHARTER_FORMER);
	case CHARTER_TO_RELAY:
		return change_state(charter, undo, change->member.number, CHARTER_RELAY);
	case CHARTER_STEWARDS:
		memcpy(charter->stewards, change->stewards, sizeof(charter->stewards));
		charter->steward_count = change->steward_count;
		return ERR_OK;
	case CHARTER_KEY:
		/*
		 * PROTOCOL: "Key numbers count from 1, in order; the previous key is nil for F_1
		 * only."
		 */
		if (change->key_number != charter->key_number + 1 ||
		    change->has_sealed != (change->key_number > 1))
			return ERR_PROTOCOL;
		charter->key_number = change->key_number;
		charter->key_commitment = change->key_commitment;
		return ERR_OK;
	case CHARTER_SETTLE: /* stands first */
		return charter->number > 0 && first ? ERR_OK : ERR_PROTOCOL;
	case CHARTER_BIND:
	case CHARTER_ANNOUNCE:
		return charter_bind_apply(charter, change, entry, undo->member_count, trusted);
	case CHARTER_RENAME:
		return charter_rename_apply(charter, change, entry, undo->member_count);
	}
	return ERR_MALFORMED;
}

/* What must hold after the changes of an entry. */
static enum err changes_check(const struct charter *charter, const struct undo *undo)
{
	/* PROTOCOL: "The threshold is more than half of the stewards and at most their number." */
	if (charter->threshold <= charter->steward_count / 2 ||
	    charter->threshold > charter->steward_count)
		return ERR_PROTOCOL;
	/* PROTOCOL: "Stewards are members." */
	for (uint32_t i = 0; i < charter->steward_count; i++) {
		const struct charter_member *member = charter_member(charter, charter->stewards[i]);
		if (!member || member->state != CHARTER_MEMBER)
			return ERR_PROTOCOL;
	}
	/*
	 * PROTOCOL: "An entry that removes a member, but not a relay, gives a new federation key."
	 */
	if (undo->reader_lost && charter->key_number == undo->key_number)
		return ERR_PROTOCOL;
	/* PROTOCOL: "Entry 1 commits to F_1." */
	return charter->key_number > 0 ? ERR_OK : ERR_PROTOCOL;
}

/* On an error the caller takes back what was done. */
static enum err changes_apply(struct charter *charter, struct undo *undo,
			      const struct charter_entry *entry, bool trusted)
{
	enum err err = ERR_OK;
	struct wire_in changes = entry->changes;
	struct charter_change change;

	charter->threshold = entry->threshold;
	for (uint32_t i = 0; i < entry->change_count && !err; i++) {
		err = charter_change_get(&changes, &change);
		if (!err)
			err = change_apply(charter, undo, entry, &change, i == 0, trusted);
	}
	return err ? err : changes_check(charter, undo);
}

static bool stewards_changed(const struct charter *charter, const struct undo *undo)
{
	return charter->threshold != undo->threshold ||
	       charter->steward_count != undo->steward_count ||
	       memcmp(charter->stewards, undo->stewards,
		      charter->steward_count * sizeof(charter->stewards[0])) != 0;
}

/*
 * PROTOCOL: "`table hash` is `H("am1.members", table)` of the member table after the changes, with
 * `table = [threshold, [steward member numbers, rising], key number, commitment, [[member number,
 * state, organisation id, root public key, next root hash, name, slug, ags, group], ...]]`, state 1
 * member, 2 former, 3 relay, in the order of member numbers."
 */
static void table_hash(const struct charter *charter, struct digest *out)
{
	struct hash hash;
	struct buf part;

	buf_init(&part, 4096);
	hash_init(&hash, "am1.members", NULL, ID_LEN);
	out_array(&part, 5);
	out_uint(&part, charter->threshold);
	out_array(&part, charter->steward_count);
	for (uint32_t i = 0; i < charter->steward_count; i++)
		out_uint(&part, charter->stewards[i]);
	out_uint(&part, charter->key_number);
	out_fixed(&part, charter->key_commitment.b, ID_LEN);
	out_array(&part, charter->member_count);
	hash_add(&hash, buf_bytes(&part));
	for (uint32_t i = 0; i < charter->member_count; i++) {
		const struct charter_member *member = &charter->members[i];
		buf_reset(&part);
		/* PROTOCOL: "A member that was renamed has a tenth element (section 4.6)." */
		out_array(&part, member->rename ? 10 : 9);
		out_uint(&part, member->number);
		out_uint(&part, member->state);
		charter_member_put(&part, member);
		if (member->rename)
			charter_slugs_put(&part, charter, member);
		hash_add(&hash, buf_bytes(&part));
	}
	check(!part.err);
	buf_fini(&part);
	hash_done(&hash, out->b, ID_LEN);
}

/* ---- votes ---- */

/*
 * PROTOCOL: "Its votes are not those of stewards: it is valid with the distinct root keys of more
 * than half of the members, relays left out, of the entry before, whoever are stewards."
 */
static bool may_vote(const struct charter *charter, bool settles, uint32_t number)
{
	const struct charter_member *member = charter_member(charter, number);

	if (settles)
		return member && member->state == CHARTER_MEMBER;
	return charter_is_steward(charter, number);
}

static uint32_t votes_needed(const struct charter *charter, bool settles)
{
	uint32_t count = 0;

	if (!settles)
		return charter->threshold;
	for (uint32_t i = 0; i < charter->member_count; i++)
		count += charter->members[i].state == CHARTER_MEMBER;
	return count / 2 + 1;
}

static int root_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sign_pk));
}

/*
 * Distinct root keys with a good vote, of members or of stewards.
 * PROTOCOL: "Votes that are wrong or not a steward's do not count."
 */
static uint32_t votes_count(const struct charter *charter, const struct charter_entry *entry,
			    bool settles)
{
	const struct fed_id *fed = charter->number > 0 ? &charter->fed : NULL;
	struct sign_pk *roots = mem_new(entry->vote_count + 1, sizeof(*roots));
	struct wire_in votes = entry->votes;
	uint32_t good = 0, count = 0;

	for (uint32_t i = 0; i < entry->vote_count; i++) {
		struct charter_vote vote;
		if (!charter_vote_get(&votes, &vote) || !may_vote(charter, settles, vote.member))
			continue;
		const struct sign_pk *root = &charter_member(charter, vote.member)->root;
		if (!sign_check(&vote.sig, root, SIGN_TAG_CHARTER, fed, entry->payload))
			roots[good++] = *root;
	}
	qsort(roots, good, sizeof(*roots), root_cmp);
	for (uint32_t i = 0; i < good; i++)
		count += i == 0 || !id_eq(&roots[i], &roots[i - 1]);
	free(roots);
	return count;
}

bool charter_entry_voted_here(const struct charter *charter, const struct charter_entry *entry)
{
	return votes_count(charter, entry, entry->settles) >= votes_needed(charter, entry->settles);
}

enum err charter_vote_check(struct charter *charter, struct bytes payload,
			    const struct charter_vote *vote)
{
	const struct charter_member *member = charter_member(charter, vote->member);
	/* A bind in the payload does not change who votes on it. */
	struct sign_pk root = member ? member->root : (struct sign_pk){{0}};
	struct charter_entry entry;
	struct undo undo;
	enum err err = charter_payload_decode(&entry, payload);

	if (err)
		return err;
	undo_init(&undo, charter);
	bool may = charter->number > 0 && may_vote(charter, entry.settles, vote->member);
	err = changes_apply(charter, &undo, &entry, false);
	/* New stewards vote too. */
	if (!err && !may && !charter_is_steward(charter, vote->member))
		err = ERR_DENIED;
	member = charter_member(charter, vote->member);
	if (!may && member)
		root = member->root;
	if (!err && (!member || sign_check(&vote->sig, &root, SIGN_TAG_CHARTER,
					   charter->number > 0 ? &charter->fed : NULL, payload)))
		err = ERR_DENIED;
	undo_do(&undo, charter);
	undo_fini(&undo);
	return err;
}

/* ---- entries ---- */

/* Number, predecessor and the votes of the stewards there are. */
static enum err entry_follows(const struct charter *charter, const struct charter_entry *entry,
			      bool trusted)
{
	/*
	 * PROTOCOL: "Nobody goes below a charter number it has seen, but by section 4.4, or below
	 * its checkpoint."
	 */
	if (entry->number <= charter->number)
		return ERR_EXISTS;
	if (entry->number > charter->number + 1)
		return ERR_AGAIN;
	/*
	 * PROTOCOL: "`number` counts from 1; `previous` is nil in entry 1, otherwise the id
	 * `H("am1.charter", payload)` of the entry before."
	 */
	if (charter->number > 0 && !id_eq(&entry->previous, &charter->entry_id))
		return ERR_PROTOCOL;
	/* PROTOCOL: "Times of entries never decrease." */
	if (entry->time_ms < charter->time_ms)
		return ERR_PROTOCOL;
	/*
	 * PROTOCOL: "An entry is valid with the threshold of distinct root keys of stewards of the
	 * entry before."
	 */
	if (charter->number > 0 && !trusted && !charter_entry_voted_here(charter, entry))
		return ERR_DENIED;
	/* PROTOCOL: "it admits none of that number but a settlement" */
	if (charter->frozen && !entry->settles)
		return ERR_BUSY;
	return ERR_OK;
}

/* With the changes done: the new stewards' votes and the table. */
static enum err entry_result_check(const struct charter *charter, const struct charter_entry *entry,
				   const struct undo *undo)
{
	struct digest table;

	/*
	 * PROTOCOL: "Entry 1 names its own stewards. When stewards or threshold change, the votes
	 * must also reach the new threshold among the new stewards."
	 */
	if (stewards_changed(charter, undo) &&
	    votes_count(charter, entry, false) < charter->threshold)
		return ERR_DENIED;
	table_hash(charter, &table);
	return id_eq(&table, &entry->table) ? ERR_OK : ERR_PROTOCOL;
}

static void entry_commit(struct charter *charter, const struct charter_entry *entry)
{
	if (entry->number == 1) {
		/* PROTOCOL: "The **federation id** is the id of entry 1." */
		memcpy(charter->fed.b, entry->id.b, ID_LEN);
		memcpy(charter->name, entry->name.ptr, entry->name.len);
	}
	charter->number = entry->number;
	charter->entry_id = entry->id;
	charter->time_ms = entry->time_ms;
	charter->frozen = false;
}

enum err charter_entry_apply(struct charter *charter, const struct charter_entry *entry,
			     bool trusted)
{
	enum err err = entry_follows(charter, entry, trusted);
	struct undo undo;

	if (err)
		return err;
	undo_init(&undo, charter);
	err = changes_apply(charter, &undo, entry, trusted);
	if (!err && !trusted)
		err = entry_result_check(charter, entry, &undo);
	/* Its votes are good: that it means more than is known is no fault of who sends it. */
	if (err && entry->unread)
		err = ERR_VERSION;
	if (err)
		undo_do(&undo, charter);
	else
		entry_commit(charter, entry);
	undo_fini(&undo);
	return err;
}

enum err charter_apply(struct charter *charter, struct bytes whole)
{
	struct charter_entry entry;
	enum err err = charter_entry_decode(&entry, whole);

	return err ? err : charter_entry_apply(charter, &entry, false);
}

enum err charter_table_check(const struct charter *charter, const struct charter_entry *entry)
{
	struct digest table;

	table_hash(charter, &table);
	return id_eq(&table, &entry->table) ? ERR_OK : ERR_CORRUPT;
}

enum err charter_payload_check(struct charter *charter, struct bytes payload)
{
	struct charter_entry entry;
	struct undo undo;
	enum err err = charter_payload_decode(&entry, payload);

	/* PROTOCOL: "A steward's node MUST NOT vote for a change that it does not know." */
	if (!err && entry.unread)
		err = ERR_VERSION;
	if (!err)
		err = entry_follows(charter, &entry, true);
	if (err)
		return err;
	undo_init(&undo, charter);
	err = changes_apply(charter, &undo, &entry, false);
	if (!err && charter_table_check(charter, &entry))
		err = ERR_PROTOCOL;
	undo_do(&undo, charter);
	undo_fini(&undo);
	return err;
}

enum err charter_payload_make(struct buf *out, struct charter *charter, const char *name,
			      int64_t time_ms, uint32_t threshold,
			      const struct charter_change *changes, size_t count)
{
	struct charter_entry entry = {
		.number = charter->number + 1,
		.previous = charter->entry_id,
		.name = name ? bytes_str(name) : bytes_of(NULL, 0),
		.time_ms = time_ms > charter->time_ms ? time_ms : charter->time_ms,
		.threshold = threshold,
		.change_count = (uint32_t)count,
		.settles = count > 0 && changes[0].kind == CHARTER_SETTLE,
	};
	struct undo undo;
	struct buf encoded;

	buf_init(&encoded, LIMIT_CHARTER_ENTRY_LEN_MAX);
	for (size_t i = 0; i < count; i++)
		charter_change_put(&encoded, &changes[i]);
	entry.changes = wire_in(buf_bytes(&encoded));
	undo_init(&undo, charter);
	enum err err = encoded.err;
	if (!err)
		err = changes_apply(charter, &undo, &entry, false);
	if (!err)
		table_hash(charter, &entry.table);
	undo_do(&undo, charter);
	undo_fini(&undo);
	if (!err) {
		charter_entry_payload_put(out, &entry, buf_bytes(&encoded));
		err = out->err;
	}
	buf_fini(&encoded);
	return err;
}

/*
 * PROTOCOL: "A vote signs (tag `am1.charter`) the payload. In entry 1 the federation id in the
 * signed bytes is 32 zero bytes."
 */
void charter_vote(struct charter_vote *out, const struct charter *charter, uint32_t member,
		  const struct key *root_sign_seed, struct bytes payload)
{
	out->member = member;
	sign_make(&out->sig, root_sign_seed, SIGN_TAG_CHARTER,
		  charter->number > 0 ? &charter->fed : NULL, payload);
}
