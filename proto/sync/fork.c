#include "proto/sync/fork.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/charter_entry.h"
#include "proto/sync/flow.h"

/* Entries of one number that are kept aside, but for those that freeze. */
enum { FORK_ASIDE_MAX = CHARTER_BRANCH_COUNT_MAX };
static const int64_t fork_ms_max = 90 * 24 * 3600 * (int64_t)1000;

static struct walk walk_aside(struct txn *txn, uint32_t number)
{
	uint8_t prefix[4];

	be32_put(prefix, number);
	return walk_begin(txn, TABLE_FORK, bytes_obj(&prefix));
}

static bool aside_has(struct txn *txn, const struct charter_entry *entry)
{
	struct row_key key = key_charter_id(entry->number, &entry->id);

	return txn_has(txn, TABLE_FORK, row_key_bytes(&key));
}

/* The id of the own entry of a number. */
static bool own_id(struct txn *txn, uint32_t number, struct digest *id)
{
	struct bytes stored;

	return charter_entry(txn, number, &stored) && !charter_entry_id(id, stored);
}

static bool own_has(struct txn *txn, const struct charter_entry *entry)
{
	struct digest id;

	return own_id(txn, entry->number, &id) && id_eq(&id, &entry->id);
}

static void evidence_note(struct hub *hub, uint64_t link, uint32_t number)
{
	struct note *note = hub_note(hub, NOTE_EVIDENCE);

	note->link = link;
	note->number = number;
	snprintf(note->text, sizeof(note->text),
		 "charter entry %u exists twice: stewards have signed both", number);
}

/* ---- what counts ---- */

enum verdict { KEEP, REPLACE, FREEZE };

/*
 * PROTOCOL: "Of two settlements of one number the one that names more ids counts, and of two that
 * name as many the one with the smaller id."
 */
static bool settles_over(const struct charter_entry *other, const struct charter_entry *own)
{
	if (!own->settles)
		return true;
	if (other->settled_count != own->settled_count)
		return other->settled_count > own->settled_count;
	return memcmp(other->id.b, own->id.b, ID_LEN) < 0;
}

static bool is_old(const struct hub *hub, const struct charter_entry *entry)
{
	return entry->time_ms < hub->wall_ms - fork_ms_max;
}

static enum verdict verdict_of(const struct hub *hub, const struct charter_entry *own,
			       const struct charter_entry *other)
{
	/*
	 * PROTOCOL: "an entry whose time is more than 90 days ago by the own clock is not taken
	 * back by another of its number, unless that is a settlement with votes of more than half
	 * of the members, relays left out, of the own latest entry too."
	 */
	bool old = is_old(hub, own);

	if (!other->settles)
		return own->settles || old ? KEEP : FREEZE;
	if (!settles_over(other, own))
		return KEEP;
	return old && !charter_entry_voted_here(&hub->charter, other) ? KEEP : REPLACE;
}

static void aside_some(struct hub *hub, struct txn *txn, uint32_t number, struct bytes whole)
{
	struct walk walk = walk_aside(txn, number);
	unsigned count = 0;

	while (walk_next(&walk))
		count++;
	if (count < FORK_ASIDE_MAX)
		charter_aside(txn, &hub->charter, whole);
}

/* ---- member numbers that now mean somebody else ---- */

static bool was_another(struct txn *txn, const struct charter_member *member)
{
	struct walk walk = walk_begin(txn, TABLE_FORK, bytes_of(NULL, 0));
	struct charter_entry entry;
	struct charter_change change;

	while (walk_next(&walk)) {
		if (charter_entry_decode(&entry, walk.value)) {
			txn_fail(txn, ERR_CORRUPT);
			return false;
		}
		for (uint32_t i = 0; i < entry.change_count; i++) {
			if (!charter_change_get(&entry.changes, &change) &&
			    change.kind == CHARTER_ADMIT &&
			    change.member.number == member->number &&
			    !id_eq(&change.member.org, &member->org))
				return true;
		}
	}
	return false;
}

/*
 * PROTOCOL: "An author of a member number that the charter, after it went back, gives to another
 * organisation loses all its records."
 */
static void numbers_given(struct hub *hub, struct txn *txn, uint32_t count_before)
{
	if (txn_count(txn, TABLE_FORK) == 0)
		return;
	hub_forget(hub, 0);
	for (uint32_t n = count_before + 1; n <= hub->charter.member_count; n++) {
		if (!was_another(txn, charter_member(&hub->charter, n)))
			continue;
		if (author_member(hub->author) == n)
			hub_place_lost(hub);
		ledger_settle(&hub->ledger, txn);
		for (unsigned node = 0; node < 256; node++)
			ledger_author_drop(&hub->ledger, txn, author_of(n, (uint8_t)node));
	}
}

/* ---- accepting ---- */

static enum err append(struct hub *hub, struct txn *txn, struct bytes whole, bool *other)
{
	uint32_t count_before = hub->charter.member_count;
	enum err err = charter_accept(txn, &hub->charter, whole, other);

	if (!err)
		numbers_given(hub, txn, count_before);
	return err;
}

/* Two valid entries of one number. */
static enum err other_take(struct hub *hub, struct txn *txn, const struct charter_entry *entry,
			   struct bytes whole, uint64_t link)
{
	struct charter_entry own;
	struct bytes stored;

	if (!charter_entry(txn, entry->number, &stored) || charter_entry_decode(&own, stored))
		return ERR_CORRUPT;
	switch (verdict_of(hub, &own, entry)) {
	case KEEP:
		if (aside_has(txn, entry))
			return ERR_EXISTS;
		evidence_note(hub, link, entry->number);
		aside_some(hub, txn, entry->number, whole);
		return ERR_EXISTS;
	case REPLACE:
		charter_back(txn, &hub->charter, entry->number);
		return append(hub, txn, whole, NULL);
	case FREEZE:
		evidence_note(hub, link, entry->number);
		charter_aside(txn, &hub->charter, whole);
		charter_back(txn, &hub->charter, entry->number);
		return txn_err(txn);
	}
	return ERR_EXISTS;
}

/*
 * It was looked at before, and nothing has changed: a settlement may have got more votes, or the
 * entry that it stood behind may be gone.
 */
static bool aside_stays(struct txn *txn, const struct charter_entry *entry, struct bytes whole)
{
	struct row_key key = key_charter_id(entry->number, &entry->id);
	struct bytes aside, own;

	if (!txn_get(txn, TABLE_FORK, row_key_bytes(&key), &aside))
		return false;
	return !entry->settles ||
	       (bytes_eq(aside, whole) && charter_entry(txn, entry->number, &own));
}

enum err fork_accept(struct hub *hub, struct txn *txn, struct bytes whole, uint64_t link)
{
	struct charter_entry entry;
	struct digest before;
	bool other = false;
	enum err err = charter_entry_decode(&entry, whole);

	if (err)
		return err;
	if (own_has(txn, &entry) || aside_stays(txn, &entry, whole))
		return ERR_EXISTS;
	if (entry.number > 1 &&
	    (!own_id(txn, entry.number - 1, &before) || !id_eq(&before, &entry.previous)))
		return ERR_AGAIN;
	err = append(hub, txn, whole, &other);
	if (other)
		return other_take(hub, txn, &entry, whole, link);
	return err == ERR_EXISTS ? ERR_DENIED : err; /* of a known number, and not valid */
}

/* ---- who was away on a branch for long ---- */

static bool counted_before(const struct hub *hub, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		const struct peer *peer = hub->peers.items[i];
		if (peer->up &&
		    author_member(peer->author) == author_member(hub->peers.items[at]->author) &&
		    id_eq(&peer->sync->other_entry, &hub->peers.items[at]->sync->other_entry))
			return true;
	}
	return false;
}

/* Whether linked nodes of more than half of the members have this entry. */
static bool most_have(const struct hub *hub, const struct digest *id)
{
	uint32_t members = 0, have = 0;

	for (uint32_t n = 1; n <= hub->charter.member_count; n++)
		members += charter_member(&hub->charter, n)->state == CHARTER_MEMBER;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		const struct charter_member *member = hub_author_member(hub, peer->author);
		have += peer->up && member && member->state == CHARTER_MEMBER &&
			id_eq(&peer->sync->other_entry, id) && !counted_before(hub, i);
	}
	return have > members / 2;
}

/* PROTOCOL: "So does who is frozen, when that entry is as old." */
static bool thaw(struct hub *hub, struct txn *txn, struct peer *peer,
		 const struct charter_entry *entry, struct bytes whole)
{
	struct row_key key = key_charter_id(entry->number, &entry->id);

	if (!hub->charter.frozen || entry->number != hub->charter.number + 1 || entry->settles ||
	    !id_eq(&entry->previous, &hub->charter.entry_id) || !is_old(hub, entry))
		return false;
	peer->sync->other_entry = entry->id;
	if (!most_have(hub, &entry->id))
		return false;
	hub->charter.frozen = false;
	if (append(hub, txn, whole, NULL)) {
		hub->charter.frozen = true;
		return false;
	}
	txn_del(txn, TABLE_FORK, row_key_bytes(&key));
	return true;
}

bool fork_follow(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes whole)
{
	struct charter_entry own, entry;
	struct bytes stored;

	if (charter_entry_decode(&entry, whole) ||
	    peer->sync->charter_here < entry.number) /* it is frozen */
		return false;
	if (!charter_entry(txn, entry.number, &stored))
		return thaw(hub, txn, peer, &entry, whole);
	if (charter_entry_decode(&own, stored) || id_eq(&own.id, &entry.id))
		return false;
	peer->sync->other_entry = entry.id;
	/* Only what would count but for its age. */
	bool may = entry.settles ? settles_over(&entry, &own) : !own.settles;
	if (!may || !most_have(hub, &entry.id))
		return false;
	struct row_key key = key_charter_id(entry.number, &entry.id);
	txn_del(txn, TABLE_FORK, row_key_bytes(&key));
	charter_back(txn, &hub->charter, entry.number);
	return !append(hub, txn, whole, NULL);
}

/* ---- who joins ---- */

/*
 * PROTOCOL: "Nobody goes below a charter number it has seen, but by section 4.4, or below its
 * checkpoint."
 */
bool fork_checkpoint_ok(const struct hub *hub, struct bytes whole)
{
	const struct invitation *invitation = hub->invitation;
	struct charter_entry entry;
	if (!invitation)
		return true;
	if (charter_entry_decode(&entry, whole))
		return false;
	if (entry.number == 1 && !bytes_eq(id_bytes(&entry.id), id_bytes(&invitation->fed)))
		return false;
	return entry.number != invitation->charter_number ||
	       id_eq(&entry.id, &invitation->charter_entry_id);
}

/* ---- FORK ---- */

static void tell(struct hub *hub, struct peer *peer, uint32_t number, struct bytes one,
		 struct bytes other)
{
	struct buf out;

	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_fork(&out, one, other);
	peer->sync->fork_told = number;
	hub_send(hub, peer, &out);
}

void fork_tell(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct charter_entry entry;
	struct bytes found[2];
	unsigned count = 0;
	uint32_t number = fork_number(hub);

	if (!number || !peer->up || peer->sync->fork_told == number ||
	    peer->sync->charter_here + 1 < number)
		return;
	struct walk walk = walk_aside(txn, number);
	while (count < 2 && walk_next(&walk)) {
		if (!charter_entry_decode(&entry, walk.value) && !entry.settles &&
		    id_eq(&entry.previous, &hub->charter.entry_id))
			found[count++] = walk.value;
	}
	if (count == 2)
		tell(hub, peer, number, found[0], found[1]);
}

void fork_tell_all(struct hub *hub, struct txn *txn)
{
	for (size_t i = 0; i < hub->peers.count; i++)
		fork_tell(hub, txn, hub->peers.items[i]);
}

/*
 * PROTOCOL: "Who gets an entry that is another than its own, and keeps its own, sends FORK with
 * both."
 */
void fork_answer(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes whole)
{
	struct charter_entry entry;
	struct digest id;
	struct bytes stored;

	if (!charter_entry_decode(&entry, whole) && own_id(txn, entry.number, &id) &&
	    !id_eq(&id, &entry.id) && peer->sync->fork_told != entry.number &&
	    charter_entry(txn, entry.number, &stored))
		tell(hub, peer, entry.number, stored, whole);
}

void fork_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	bool changed = false;

	if (!hub_follows(hub))
		return;
	for (unsigned i = 0; i < 2; i++) {
		if (!fork_checkpoint_ok(hub, m->entries[i]))
			continue;
		enum err err = fork_accept(hub, txn, m->entries[i], peer->link);
		changed = changed || !err;
		if (err == ERR_EXISTS && i == 0) /* the first is the one that counts there */
			changed = fork_follow(hub, txn, peer, m->entries[i]) || changed;
		/* What can not be checked here, as entries before it are not here, is no fault. */
		if (err && err != ERR_EXISTS && err != ERR_AGAIN && err != ERR_BUSY) {
			hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL,
				     "a charter entry that is not valid");
			break;
		}
	}
	if (changed)
		hub->charter_news = true;
}

/* ---- queries ---- */

uint32_t fork_number(const struct hub *hub)
{
	return hub->charter.frozen ? hub->charter.number + 1 : 0;
}

static void words_add(struct fork_branch *out, size_t *len, const char *text)
{
	size_t left = sizeof(out->words) - 1 - *len, add = strlen(text);

	add = add < left ? add : left;
	memcpy(out->words + *len, text, add);
	*len += add;
	out->words[*len] = 0;
}

static void words(struct fork_branch *out, size_t *len, const char *text)
{
	if (*len > 0)
		words_add(out, len, ", ");
	words_add(out, len, text);
}

static const char *name_of(const struct charter *charter, uint32_t number)
{
	const struct charter_member *member = charter_member(charter, number);

	return member ? member->name : "a new member";
}

static void change_words(struct fork_branch *out, size_t *len, const struct charter *charter,
			 const struct charter_change *change)
{
	char text[256] = "";

	switch (change->kind) {
	case CHARTER_ADMIT:
		snprintf(text, sizeof(text), "admits %s (%s)", change->member.name,
			 change->member.slug);
		break;
	case CHARTER_REMOVE:
		snprintf(text, sizeof(text), "removes %s", name_of(charter, change->member.number));
		break;
	case CHARTER_TO_RELAY:
		snprintf(text, sizeof(text), "makes %s a relay",
			 name_of(charter, change->member.number));
		break;
	case CHARTER_STEWARDS:
		snprintf(text, sizeof(text), "names %u stewards", change->steward_count);
		break;
	case CHARTER_KEY:
		snprintf(text, sizeof(text), "gives federation key %llu",
			 (unsigned long long)change->key_number);
		break;
	case CHARTER_SETTLE:
		snprintf(text, sizeof(text), "settles");
		break;
	}
	words(out, len, text);
}

static void branch_words(struct fork_branch *out, const struct charter *charter,
			 struct charter_entry *entry)
{
	struct charter_change change;
	struct charter_vote vote;
	size_t len = 0;

	for (uint32_t i = 0; i < entry->change_count; i++)
		if (!charter_change_get(&entry->changes, &change))
			change_words(out, &len, charter, &change);
	if (entry->change_count == 0)
		words(out, &len, "changes nothing");
	words(out, &len, "with the votes of");
	for (uint32_t i = 0; i < entry->vote_count; i++)
		if (charter_vote_get(&entry->votes, &vote) && charter_member(charter, vote.member))
			words(out, &len, name_of(charter, vote.member));
}

/* The entry that follows this one in its branch. */
static bool branch_next(struct txn *txn, struct charter_entry *entry)
{
	struct digest id = entry->id;
	struct walk walk = walk_aside(txn, entry->number + 1);

	while (walk_next(&walk))
		if (!charter_entry_decode(entry, walk.value) && id_eq(&entry->previous, &id))
			return true;
	return false;
}

size_t fork_branches(struct hub *hub, struct txn *txn, struct fork_branch *out, size_t max)
{
	struct charter_entry entry;
	uint32_t number = fork_number(hub);
	struct walk walk = walk_aside(txn, number);
	size_t count = 0;

	while (number && count < max && walk_next(&walk)) {
		if (charter_entry_decode(&entry, walk.value) ||
		    !id_eq(&entry.previous, &hub->charter.entry_id))
			continue;
		struct fork_branch *branch = &out[count++];
		*branch = (struct fork_branch){.id = entry.id,
					       .time_ms = entry.time_ms,
					       .entry_count = 1,
					       .settlement = entry.settles};
		branch_words(branch, &hub->charter, &entry);
		while (branch_next(txn, &entry))
			branch->entry_count++;
	}
	return count;
}

/* ---- settling ---- */

struct changes {
	struct charter_change *items;
	size_t count, cap;
	uint32_t threshold;
};

static struct charter_change *changes_add(struct changes *changes)
{
	changes->items =
		mem_room(changes->items, changes->count, &changes->cap, sizeof(*changes->items));
	return &changes->items[changes->count++];
}

/* Names all entries that are known of the number, those aside and the own one. */
static void changes_settle(struct changes *changes, struct hub *hub, struct txn *txn)
{
	struct charter_change *settle = changes_add(changes);
	struct walk walk = walk_aside(txn, hub->charter.number + 1);
	struct charter_entry entry;

	*settle = (struct charter_change){.kind = CHARTER_SETTLE};
	while (settle->branch_count < CHARTER_BRANCH_COUNT_MAX && walk_next(&walk)) {
		if (!charter_entry_decode(&entry, walk.value) &&
		    id_eq(&entry.previous, &hub->charter.entry_id))
			settle->branches[settle->branch_count++] = entry.id;
	}
}

/* The changes of all entries of a branch, as far as they are here. */
static enum err changes_again(struct changes *changes, struct hub *hub, struct txn *txn,
			      const struct digest *branch)
{
	struct row_key key = key_charter_id(hub->charter.number + 1, branch);
	struct charter_entry entry;
	struct charter_change change;
	struct bytes whole;

	if (!txn_get(txn, TABLE_FORK, row_key_bytes(&key), &whole) ||
	    charter_entry_decode(&entry, whole) || !id_eq(&entry.previous, &hub->charter.entry_id))
		return ERR_ABSENT;
	do {
		changes->threshold = entry.threshold;
		for (uint32_t i = 0; i < entry.change_count; i++) {
			if (charter_change_get(&entry.changes, &change))
				return ERR_CORRUPT;
			if (change.kind != CHARTER_SETTLE)
				*changes_add(changes) = change;
		}
	} while (branch_next(txn, &entry));
	return ERR_OK;
}

static void why_not(char *why, enum err err)
{
	if (err == ERR_ABSENT)
		why_set(why, "no entry with this id is known here: see `allmende federation`.");
	else
		why_set(why, "the settlement breaks a rule of the charter: %s.", err_text(err));
}

enum err fork_settle_payload(struct hub *hub, struct txn *txn, const struct digest *branch,
			     const struct charter_change *more, size_t more_count,
			     uint32_t threshold, struct buf *payload, char *why)
{
	struct changes changes = {.threshold = hub->charter.threshold};
	enum err err = ERR_OK;

	if (!hub->author) {
		why_set(why, "this node is no member of a federation.");
		return ERR_ABSENT;
	}
	changes_settle(&changes, hub, txn);
	if (branch)
		err = changes_again(&changes, hub, txn, branch);
	for (size_t i = 0; i < more_count; i++)
		*changes_add(&changes) = more[i];
	if (!err)
		err = charter_payload_make(payload, &hub->charter, NULL, hub->wall_ms,
					   threshold ? threshold : changes.threshold, changes.items,
					   changes.count);
	if (err)
		why_not(why, err);
	free(changes.items);
	return err;
}
