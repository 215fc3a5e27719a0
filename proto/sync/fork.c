#include "proto/sync/fork.h"

#include <stdio.h>
#include <string.h>

#include "proto/sync/fork_internal.h"
#include "proto/sync/logs.h"

/* Entries of one number that are kept aside, but for those that freeze. */
enum { FORK_ASIDE_MAX = CHARTER_BRANCH_COUNT_MAX };
static const int64_t fork_ms_max = 90 * 24 * 3600 * (int64_t)1000;
static const int64_t ahead_ms_max = 10 * 60 * 1000;

struct walk fork_walk_aside(struct txn *txn, uint32_t number)
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

bool fork_own_id(struct txn *txn, uint32_t number, struct digest *id)
{
	struct bytes stored;

	return charter_entry(txn, number, &stored) && !charter_entry_id(id, stored);
}

static bool own_has(struct txn *txn, const struct charter_entry *entry)
{
	struct digest id;

	return fork_own_id(txn, entry->number, &id) && id_eq(&id, &entry->id);
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
bool fork_settles_over(const struct charter_entry *other, const struct charter_entry *own)
{
	if (!own->settles)
		return true;
	if (other->settled_count != own->settled_count)
		return other->settled_count > own->settled_count;
	return memcmp(other->id.b, own->id.b, ID_LEN) < 0;
}

/*
 * PROTOCOL: "An entry is *old* when this node first saw it more than 90 days ago, both by t
 * (section 1.3), or when the entry that its invitation names is this one or comes after it."
 */
static bool is_old(const struct hub *hub, struct txn *txn, const struct charter_entry *entry)
{
	return entry->number <= charter_checkpoint(txn) ||
	       charter_seen(txn, entry->number, &entry->id) < hub->judge_ms - fork_ms_max;
}

static enum verdict fork_verdict(const struct hub *hub, struct txn *txn,
				 const struct charter_entry *own, const struct charter_entry *other)
{
	/*
	 * PROTOCOL: "an old entry is not taken back by another of its number, unless that is a
	 * settlement with votes of more than half of the members, relays left out, of the own
	 * latest entry too."
	 */
	bool old = is_old(hub, txn, own);

	if (!other->settles)
		return own->settles || old ? KEEP : FREEZE;
	if (!fork_settles_over(other, own))
		return KEEP;
	return old && !charter_entry_voted_here(&hub->charter, other) ? KEEP : REPLACE;
}

static void seen(struct hub *hub, struct txn *txn, const struct charter_entry *entry)
{
	charter_seen_put(txn, entry->number, &entry->id, hub->judge_ms);
}

/* True: there was room for it. */
static bool aside_some(struct hub *hub, struct txn *txn, const struct charter_entry *entry,
		       struct bytes whole)
{
	struct walk walk = fork_walk_aside(txn, entry->number);
	unsigned count = 0;

	while (walk_next(&walk))
		count++;
	if (count >= FORK_ASIDE_MAX)
		return false;
	seen(hub, txn, entry);
	charter_aside(txn, &hub->charter, whole);
	return true;
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

enum err fork_append(struct hub *hub, struct txn *txn, struct bytes whole)
{
	return append(hub, txn, whole, NULL);
}

/* Two valid entries of one number. */
static enum err other_take(struct hub *hub, struct txn *txn, const struct charter_entry *entry,
			   struct bytes whole, uint64_t link)
{
	struct charter_entry own;
	struct bytes stored;

	if (!charter_entry(txn, entry->number, &stored) || charter_entry_decode(&own, stored))
		return ERR_CORRUPT;
	switch (fork_verdict(hub, txn, &own, entry)) {
	case KEEP:
		if (!aside_has(txn, entry) && aside_some(hub, txn, entry, whole)) {
			evidence_note(hub, link, entry->number);
			fork_tell_kept(hub, entry->number);
		}
		return ERR_EXISTS;
	case REPLACE:
		charter_back(txn, &hub->charter, entry->number);
		seen(hub, txn, entry);
		return append(hub, txn, whole, NULL);
	case FREEZE:
		evidence_note(hub, link, entry->number);
		seen(hub, txn, entry);
		charter_aside(txn, &hub->charter, whole);
		charter_back(txn, &hub->charter, entry->number);
		return txn_err(txn);
	}
	return ERR_EXISTS;
}

/*
 * PROTOCOL: "An entry whose time lies ahead of t (section 1.3) by more than 10 minutes waits: it is
 * neither taken nor kept, and asked for again."
 */
static bool dated_ahead(struct hub *hub, const struct charter_entry *entry, uint64_t link)
{
	if (entry->time_ms - ahead_ms_max <= hub->judge_ms)
		return false;
	if (hub->logs->ahead_ms != entry->time_ms) { /* once is enough */
		struct note *note = hub_note(hub, NOTE_DEFERRED);
		note->link = link;
		note->number = entry->number;
		snprintf(note->text, sizeof(note->text),
			 "charter entry %u is dated after the time of this node", entry->number);
	}
	hub->logs->ahead_number = entry->number;
	hub->logs->ahead_ms = entry->time_ms;
	return true;
}

int64_t fork_ahead(const struct hub *hub, uint32_t *number)
{
	const int64_t ms = hub->logs->ahead_ms - hub->judge_ms;

	*number = hub->logs->ahead_number;
	return *number > 0 && ms > ahead_ms_max ? ms : 0;
}

/*
 * PROTOCOL: "An entry of an unknown form, or one with an unknown change whose table hash is not
 * that of the table without it, waits: it is neither taken nor kept, and the session goes on."
 */
static enum err unread(struct hub *hub, uint32_t number, uint64_t link)
{
	if (fork_unread(hub) != number) { /* once is enough */
		struct note *note = hub_note(hub, NOTE_DEFERRED);
		note->link = link;
		note->number = number;
		snprintf(note->text, sizeof(note->text),
			 "charter entry %u says what this program does not know", number);
	}
	hub->logs->unread_number = number;
	return ERR_BUSY;
}

uint32_t fork_unread(const struct hub *hub)
{
	const uint32_t number = hub->logs->unread_number;

	return number > hub->charter.number ? number : 0;
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

/*
 * The entries up to the one that the invitation names are as whoever has sent it says: others of
 * their numbers, signed with keys of long ago, do not confuse a newcomer.
 */
static void checkpoint_pass(struct hub *hub, struct txn *txn, const struct charter_entry *entry)
{
	const struct invitation *invitation = hub->invitation;

	if (invitation && entry->number == invitation->charter_number &&
	    id_eq(&entry->id, &invitation->charter_entry_id))
		charter_checkpoint_put(txn, entry->number);
}

enum err fork_accept(struct hub *hub, struct txn *txn, struct bytes whole, uint64_t link)
{
	struct charter_entry entry;
	struct digest before;
	bool other = false;
	enum err err = charter_entry_decode(&entry, whole);

	if (err)
		return err == ERR_VERSION ? unread(hub, hub->charter.number + 1, link) : err;
	if (own_has(txn, &entry) || aside_stays(txn, &entry, whole))
		return ERR_EXISTS;
	if (entry.number > 1 &&
	    (!fork_own_id(txn, entry.number - 1, &before) || !id_eq(&before, &entry.previous)))
		return ERR_AGAIN;
	if (dated_ahead(hub, &entry, link))
		return ERR_BUSY;
	err = append(hub, txn, whole, &other);
	if (other)
		return other_take(hub, txn, &entry, whole, link);
	if (!err) {
		seen(hub, txn, &entry);
		checkpoint_pass(hub, txn, &entry);
	}
	if (err == ERR_VERSION)
		return unread(hub, entry.number, link);
	return err == ERR_EXISTS ? ERR_DENIED : err; /* of a known number, and not valid */
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
	enum err err = charter_entry_decode(&entry, whole);
	if (err)
		return err == ERR_VERSION; /* which it is cannot be seen */
	if (entry.number == 1 && !bytes_eq(id_bytes(&entry.id), id_bytes(&invitation->fed)))
		return false;
	return entry.number != invitation->charter_number ||
	       id_eq(&entry.id, &invitation->charter_entry_id);
}
