/*
 * What people see of entries that do not count, and the settlement that ends it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/sync/fork_internal.h"

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
	char text[512] = "";

	switch (change->kind) {
	case CHARTER_UNREAD:
		snprintf(text, sizeof(text), "does what this program does not know");
		break;
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
	case CHARTER_BIND:
		snprintf(text, sizeof(text), "binds a root key to %s",
			 name_of(charter, change->member.number));
		break;
	case CHARTER_ANNOUNCE:
		snprintf(text, sizeof(text), "announces a root key of %s",
			 name_of(charter, change->member.number));
		break;
	case CHARTER_RENAME:
		snprintf(text, sizeof(text), "renames %s to %s (%s)",
			 name_of(charter, change->member.number), change->member.name,
			 change->member.slug);
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
	struct walk walk = fork_walk_aside(txn, entry->number + 1);

	while (walk_next(&walk))
		if (!charter_entry_decode(entry, walk.value) && id_eq(&entry->previous, &id))
			return true;
	return false;
}

size_t fork_branches(struct hub *hub, struct txn *txn, struct fork_branch *out, size_t max)
{
	struct charter_entry entry;
	uint32_t number = fork_number(hub);
	struct walk walk = fork_walk_aside(txn, number);
	size_t count = 0;

	while (number && count < max && walk_next(&walk)) {
		if (charter_entry_decode(&entry, walk.value) ||
		    !id_eq(&entry.previous, &hub->charter.entry_id))
			continue;
		struct fork_branch *branch = &out[count++];
		*branch = (struct fork_branch){.id = entry.id,
					       .time_ms = entry.time_ms,
					       .seen_ms = charter_seen(txn, number, &entry.id),
					       .entry_count = 1,
					       .settlement = entry.settles};
		branch_words(branch, &hub->charter, &entry);
		while (branch_next(txn, &entry))
			branch->entry_count++;
	}
	return count;
}

/* ---- entries that are kept out ---- */

/* An entry after this number that counts names it among those that shall not. */
static bool is_settled(struct txn *txn, uint32_t number, const struct digest *id)
{
	struct row_key at = key_charter(number);
	struct walk walk =
		walk_begin_at(txn, TABLE_CHARTER, bytes_of(NULL, 0), row_key_bytes(&at), true);
	struct charter_entry entry;
	struct charter_change change;

	while (walk_next(&walk)) {
		if (charter_entry_decode(&entry, walk.value) || !entry.settles ||
		    charter_change_get(&entry.changes, &change))
			continue;
		if (entry.number == number)
			return true; /* made with all that were known */
		for (uint32_t i = 0; i < change.branch_count; i++)
			if (id_eq(&change.branches[i], id))
				return true;
	}
	return false;
}

/* Follows the own entry before, and stands beside the own one of its number. */
static bool is_rival(struct txn *txn, const struct charter_entry *entry, struct digest *own)
{
	struct digest before;

	return !entry->settles && entry->number > 1 && fork_own_id(txn, entry->number, own) &&
	       fork_own_id(txn, entry->number - 1, &before) && id_eq(&before, &entry->previous) &&
	       !is_settled(txn, entry->number, &entry->id);
}

bool fork_kept_next(struct txn *txn, struct fork_kept *at)
{
	struct row_key from = key_charter_id(at->number, &at->other);
	struct walk walk =
		walk_begin_at(txn, TABLE_FORK, bytes_of(NULL, 0), row_key_bytes(&from), false);
	struct charter_entry entry;

	while (walk_next(&walk)) {
		if (charter_entry_decode(&entry, walk.value) || !is_rival(txn, &entry, &at->own))
			continue;
		at->number = entry.number;
		at->other = entry.id;
		at->own_seen_ms = charter_seen(txn, at->number, &at->own);
		at->other_seen_ms = charter_seen(txn, at->number, &at->other);
		return true;
	}
	return false;
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

static int id_cmp(const void *a, const void *b)
{
	return memcmp(a, b, ID_LEN);
}

/* Names all entries that are known of the number, and those of older ones that are kept out. */
static void changes_settle(struct changes *changes, struct hub *hub, struct txn *txn)
{
	struct charter_change *settle = changes_add(changes);
	struct walk walk = fork_walk_aside(txn, hub->charter.number + 1);
	struct charter_entry entry;

	*settle = (struct charter_change){.kind = CHARTER_SETTLE};
	while (settle->branch_count < CHARTER_BRANCH_COUNT_MAX && walk_next(&walk)) {
		if (!charter_entry_decode(&entry, walk.value) &&
		    id_eq(&entry.previous, &hub->charter.entry_id))
			settle->branches[settle->branch_count++] = entry.id;
	}
	struct fork_kept kept = {.number = 0};
	while (settle->branch_count < CHARTER_BRANCH_COUNT_MAX && fork_kept_next(txn, &kept))
		settle->branches[settle->branch_count++] = kept.other;
	/* PROTOCOL: "names, in rising order, the ids of entries" */
	qsort(settle->branches, settle->branch_count, ID_LEN, id_cmp);
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
