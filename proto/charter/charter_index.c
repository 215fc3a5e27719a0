/*
 * The charter's index: members by organisation and by slug, open addressing.
 */
#include <stdlib.h>

#include "crypto/check.h"
#include "proto/charter/charter_entry.h"

/*
 * The index has one slot for each member and kind, and for each rename that has given a slug:
 * number * 4 + kind, 0 when empty.
 */
enum index_kind { INDEX_ORG = 1, INDEX_SLUG = 2, INDEX_RENAME = 3 };

const struct charter_member *charter_member(const struct charter *charter, uint32_t number)
{
	return number > 0 && number <= charter->member_count ? &charter->members[number - 1] : NULL;
}

/* Of a slot that is not empty. */
static const struct charter_member *index_member(const struct charter *charter, uint32_t slot)
{
	if (slot % 4 == INDEX_RENAME)
		return charter_member(charter, charter->renames[slot / 4 - 1].member);
	return charter_member(charter, slot / 4);
}

static struct bytes index_key(const struct charter *charter, uint32_t slot)
{
	switch ((enum index_kind)(slot % 4)) {
	case INDEX_ORG:
		return id_bytes(&index_member(charter, slot)->org);
	case INDEX_SLUG:
		return bytes_str(index_member(charter, slot)->home);
	case INDEX_RENAME:
		return bytes_str(charter->renames[slot / 4 - 1].slug);
	}
	return bytes_of(NULL, 0);
}

/* FNV-1a: whoever chooses the keys was admitted by the stewards. */
static uint32_t index_hash(struct bytes key, enum index_kind kind)
{
	uint32_t hash = 2166136261u ^ (uint32_t)kind;

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ key.ptr[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static void index_slot_add(struct charter *charter, uint32_t number, enum index_kind kind)
{
	const uint32_t slot = number * 4 + (uint32_t)kind, mask = charter->index_cap - 1;
	uint32_t i = index_hash(index_key(charter, slot), kind) & mask;

	while (charter->index[i])
		i = (i + 1) & mask;
	charter->index[i] = slot;
}

static void members_add(struct charter *charter, uint32_t number)
{
	index_slot_add(charter, number, INDEX_ORG);
	index_slot_add(charter, number, INDEX_SLUG);
}

static uint32_t index_slot_count(const struct charter *charter)
{
	return 2 * charter->member_count + charter->rename_count;
}

/* Builds the index anew, at most a quarter full. */
void charter_index_build(struct charter *charter)
{
	uint32_t cap = 16;

	while (cap < 4 * index_slot_count(charter))
		cap *= 2;
	free(charter->index);
	charter->index = mem_new(cap, sizeof(*charter->index));
	charter->index_cap = cap;
	for (uint32_t n = 1; n <= charter->member_count; n++)
		members_add(charter, n);
	for (uint32_t n = 1; n <= charter->rename_count; n++)
		if (charter->renames[n - 1].gives)
			index_slot_add(charter, n, INDEX_RENAME);
}

void charter_index_rename(struct charter *charter)
{
	if (charter->index_cap < 2 * index_slot_count(charter))
		charter_index_build(charter);
	else
		index_slot_add(charter, charter->rename_count, INDEX_RENAME);
}

/*
 * The last one with that key; all of one key begin at one place. One that is present is the last,
 * as nobody is admitted beside it.
 */
static const struct charter_member *index_find(const struct charter *charter, struct bytes key,
					       enum index_kind kind)
{
	const struct charter_member *last = NULL;
	uint32_t mask = charter->index_cap - 1;

	if (charter->index_cap == 0)
		return NULL;
	for (uint32_t i = index_hash(key, kind) & mask; charter->index[i]; i = (i + 1) & mask) {
		const uint32_t slot = charter->index[i];
		const struct charter_member *member = index_member(charter, slot);
		if (slot % 4 == (uint32_t)kind && bytes_eq(index_key(charter, slot), key) &&
		    (!last || member->number > last->number))
			last = member;
	}
	return last;
}

const struct charter_member *charter_by_slug(const struct charter *charter, struct bytes slug)
{
	return index_find(charter, slug, INDEX_SLUG);
}

const struct charter_member *charter_named(const struct charter *charter, struct bytes slug)
{
	const struct charter_member *member = charter_by_slug(charter, slug);
	const struct charter_member *other = index_find(charter, slug, INDEX_RENAME);

	/* Of those that belong to the federation at most one has it; former ones may share it. */
	if (!other || (member && (charter_is_present(member) || !charter_is_present(other))))
		return member;
	return other;
}

const struct charter_member *charter_last_of(const struct charter *charter,
					     const struct org_id *org)
{
	return index_find(charter, id_bytes(org), INDEX_ORG);
}

const struct charter_member *charter_by_org(const struct charter *charter, const struct org_id *org)
{
	const struct charter_member *last = charter_last_of(charter, org);

	return last && charter_is_present(last) ? last : NULL;
}

void charter_member_add(struct charter *charter, const struct charter_member *member)
{
	charter->members = mem_room(charter->members, charter->member_count, &charter->member_cap,
				    sizeof(*charter->members));
	charter->members[charter->member_count++] = *member;
	if (charter->index_cap < 2 * index_slot_count(charter))
		charter_index_build(charter);
	else
		members_add(charter, charter->member_count);
}
