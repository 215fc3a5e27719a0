#include "proto/charter/charter_entry.h"

#include <string.h>

#include "crypto/check.h"
#include "crypto/hash.h"
#include "proto/wire/payload.h"
#include "proto/wire/wire_out.h"

#define CHANGE_COUNT_MAX LIMIT_CHARTER_ENTRY_LEN_MAX /* each has at least one byte */
#define VOTE_COUNT_MAX   LIMIT_CHARTER_ENTRY_LEN_MAX
#define AGS_LEN_MAX      8
#define GROUP_LEN        5
#define CHANGE_DEPTH     3 /* payload, changes, change */

/* Copies a text of at most max bytes, with terminating zero. */
static struct bytes text_get(struct wire_in *w, char *out, uint32_t max)
{
	struct bytes text = wire_text(w, 1, max);

	if (text.len > 0)
		memcpy(out, text.ptr, text.len);
	out[text.len] = 0;
	return text;
}

/* Name, slug, ags, group. */
static void terms_get(struct wire_in *w, struct charter_member *member)
{
	struct bytes name = text_get(w, member->name, LIMIT_NAME_LEN_MAX);
	struct bytes slug = text_get(w, member->slug, CHARTER_SLUG_LEN_MAX);
	struct bytes ags = text_get(w, member->ags, AGS_LEN_MAX);
	struct bytes group = text_get(w, member->group, GROUP_LEN);
	if (!w->err && (charter_terms_check(name, slug, ags) ||
			!bytes_eq(group, bytes_slice(ags, 0, GROUP_LEN))))
		wire_fail(w);
}

static void admit_get(struct wire_in *w, struct charter_member *member)
{
	member->number = (uint32_t)wire_uint(w, UINT32_MAX);
	member->state = CHARTER_MEMBER;
	wire_fixed(w, member->org.b, ID_LEN);
	wire_fixed(w, member->root.b, ID_LEN);
	wire_fixed(w, member->next_root.b, ID_LEN);
	terms_get(w, member);
	memcpy(member->home, member->slug, sizeof(member->home));
}

static void bind_get(struct wire_in *w, struct charter_change *change)
{
	change->member.number = (uint32_t)wire_uint(w, UINT32_MAX);
	wire_fixed(w, change->member.root.b, ID_LEN);
	wire_fixed(w, change->member.next_root.b, ID_LEN);
	wire_fixed(w, change->log_entry.b, ID_LEN);
	if (change->kind != CHARTER_BIND)
		return;
	change->has_sig = !wire_nil(w);
	if (change->has_sig)
		wire_fixed(w, change->sig.b, SIG_LEN);
}

static void stewards_get(struct wire_in *w, struct charter_change *change)
{
	change->steward_count = wire_array(w, 1, LIMIT_STEWARD_COUNT_MAX);
	for (uint32_t i = 0; i < change->steward_count && !w->err; i++) {
		change->stewards[i] = (uint32_t)wire_uint(w, UINT32_MAX);
		if (i > 0 && change->stewards[i] <= change->stewards[i - 1])
			wire_fail(w);
	}
}

static void key_get(struct wire_in *w, struct charter_change *change)
{
	change->key_number = wire_uint(w, UINT64_MAX);
	wire_fixed(w, change->key_commitment.b, ID_LEN);
	change->has_sealed = !wire_nil(w);
	if (change->has_sealed)
		wire_fixed(w, change->sealed, FEDKEY_SEALED_LEN);
}

static void branches_get(struct wire_in *w, struct charter_change *change)
{
	change->branch_count = wire_array(w, 0, CHARTER_BRANCH_COUNT_MAX);
	for (uint32_t i = 0; i < change->branch_count && !w->err; i++) {
		wire_fixed(w, change->branches[i].b, ID_LEN);
		if (i > 0 && memcmp(change->branches[i].b, change->branches[i - 1].b, ID_LEN) <= 0)
			wire_fail(w);
	}
}

enum err charter_change_get(struct wire_in *w, struct charter_change *out)
{
	uint32_t count = wire_array(w, 1, 64);
	uint64_t kind = wire_uint(w, UINT64_MAX);

	*out = (struct charter_change){0};
	if (w->err)
		return w->err;
	/*
	 * PROTOCOL: "The receiving node MUST accept a change of an unknown kind as one that leaves
	 * the member table as it is."
	 */
	if (kind > CHARTER_RENAME) {
		wire_skip(w, count - 1, CHANGE_DEPTH);
		return w->err;
	}
	if (kind < CHARTER_ADMIT)
		wire_fail(w);
	if (w->err)
		return w->err;
	out->kind = (enum charter_change_kind)kind;
	static const uint32_t counts[] = {
		[CHARTER_ADMIT] = 9, [CHARTER_REMOVE] = 2,   [CHARTER_STEWARDS] = 2,
		[CHARTER_KEY] = 4,   [CHARTER_SETTLE] = 2,   [CHARTER_TO_RELAY] = 2,
		[CHARTER_BIND] = 6,  [CHARTER_ANNOUNCE] = 5, [CHARTER_RENAME] = 6,
	};
	if (count != counts[kind])
		wire_fail(w);
	switch (out->kind) {
	case CHARTER_UNREAD:
		break;
	case CHARTER_ADMIT:
		admit_get(w, &out->member);
		break;
	case CHARTER_REMOVE:
	case CHARTER_TO_RELAY:
		out->member.number = (uint32_t)wire_uint(w, UINT32_MAX);
		break;
	case CHARTER_STEWARDS:
		stewards_get(w, out);
		break;
	case CHARTER_KEY:
		key_get(w, out);
		break;
	case CHARTER_SETTLE:
		branches_get(w, out);
		break;
	case CHARTER_BIND:
	case CHARTER_ANNOUNCE:
		bind_get(w, out);
		break;
	case CHARTER_RENAME:
		out->member.number = (uint32_t)wire_uint(w, UINT32_MAX);
		terms_get(w, &out->member);
		break;
	}
	return w->err;
}

static void terms_put(struct buf *out, const struct charter_member *member)
{
	struct bytes ags = bytes_str(member->ags);

	out_text(out, bytes_str(member->name));
	out_text(out, bytes_str(member->slug));
	out_text(out, ags);
	out_text(out, bytes_slice(ags, 0, GROUP_LEN));
}

void charter_member_put(struct buf *out, const struct charter_member *member)
{
	out_fixed(out, member->org.b, ID_LEN);
	out_fixed(out, member->root.b, ID_LEN);
	out_fixed(out, member->next_root.b, ID_LEN);
	terms_put(out, member);
}

static void bind_put(struct buf *out, const struct charter_change *change)
{
	out_array(out, change->kind == CHARTER_BIND ? 6 : 5);
	out_uint(out, change->kind);
	out_uint(out, change->member.number);
	out_fixed(out, change->member.root.b, ID_LEN);
	out_fixed(out, change->member.next_root.b, ID_LEN);
	out_fixed(out, change->log_entry.b, ID_LEN);
	if (change->kind == CHARTER_BIND)
		out_fixed_or_nil(out, change->has_sig ? change->sig.b : NULL, SIG_LEN);
}

void charter_change_put(struct buf *out, const struct charter_change *change)
{
	switch (change->kind) {
	case CHARTER_UNREAD:
		check(!"a change that nobody can read is not written");
		break;
	case CHARTER_ADMIT:
		out_array(out, 9);
		out_uint(out, CHARTER_ADMIT);
		out_uint(out, change->member.number);
		charter_member_put(out, &change->member);
		break;
	case CHARTER_REMOVE:
	case CHARTER_TO_RELAY:
		out_array(out, 2);
		out_uint(out, change->kind);
		out_uint(out, change->member.number);
		break;
	case CHARTER_STEWARDS:
		out_array(out, 2);
		out_uint(out, CHARTER_STEWARDS);
		out_array(out, change->steward_count);
		for (uint32_t i = 0; i < change->steward_count; i++)
			out_uint(out, change->stewards[i]);
		break;
	case CHARTER_KEY:
		out_array(out, 4);
		out_uint(out, CHARTER_KEY);
		out_uint(out, change->key_number);
		out_fixed(out, change->key_commitment.b, ID_LEN);
		out_fixed_or_nil(out, change->has_sealed ? change->sealed : NULL,
				 FEDKEY_SEALED_LEN);
		break;
	case CHARTER_SETTLE:
		out_array(out, 2);
		out_uint(out, CHARTER_SETTLE);
		out_array(out, change->branch_count);
		for (uint32_t i = 0; i < change->branch_count; i++)
			out_fixed(out, change->branches[i].b, ID_LEN);
		break;
	case CHARTER_BIND:
	case CHARTER_ANNOUNCE:
		bind_put(out, change);
		break;
	case CHARTER_RENAME:
		out_array(out, 6);
		out_uint(out, CHARTER_RENAME);
		out_uint(out, change->member.number);
		terms_put(out, &change->member);
		break;
	}
}

/*
 * PROTOCOL: "payload = [1, number, previous, federation name, time, threshold, changes, table
 * hash(32)] entry = [payload as bin, [[member number, signature(64)], ...]]"
 */
enum err charter_payload_decode(struct charter_entry *out, struct bytes payload)
{
	*out = (struct charter_entry){.payload = payload};

	struct wire_in w = wire_in(payload);
	struct charter_change change;
	enum err err = payload_begin(&w, 8);

	if (err)
		return err;
	out->number = (uint32_t)wire_uint(&w, LIMIT_CHARTER_NUMBER_MAX);
	bool has_previous = !wire_nil(&w);
	if (has_previous)
		wire_fixed(&w, out->previous.b, ID_LEN);
	/* PROTOCOL: "`federation name` is a text in entry 1 and nil in all others." */
	bool has_name = !wire_nil(&w);
	if (has_name)
		out->name = wire_text(&w, 1, LIMIT_NAME_LEN_MAX);
	out->time_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->threshold = (uint32_t)wire_uint(&w, LIMIT_STEWARD_COUNT_MAX);
	out->change_count = wire_array(&w, 0, CHANGE_COUNT_MAX);
	out->changes = w;
	for (uint32_t i = 0; i < out->change_count && !err; i++) {
		err = charter_change_get(&w, &change);
		out->unread = out->unread || (!err && change.kind == CHARTER_UNREAD);
		/* PROTOCOL: "A **settlement** is an entry whose first change is 5" */
		if (i == 0 && !err && change.kind == CHARTER_SETTLE) {
			out->settles = true;
			out->settled_count = change.branch_count;
		}
	}
	if (err)
		return err;
	wire_fixed(&w, out->table.b, ID_LEN);
	if (out->number == 0 || has_previous != (out->number > 1) || has_name != (out->number == 1))
		wire_fail(&w);
	hash_once(out->id.b, "am1.charter", out->payload);
	return wire_end(&w);
}

bool charter_vote_get(struct wire_in *votes, struct charter_vote *out)
{
	wire_array(votes, 2, 2);
	out->member = (uint32_t)wire_uint(votes, UINT32_MAX);
	wire_fixed(votes, out->sig.b, SIG_LEN);
	return !votes->err;
}

enum err charter_entry_decode(struct charter_entry *out, struct bytes whole)
{
	struct wire_in w = wire_in(whole), votes;
	struct charter_vote vote;
	uint32_t before = 0;

	*out = (struct charter_entry){0};
	if (whole.len > LIMIT_CHARTER_ENTRY_LEN_MAX)
		return ERR_FULL;
	wire_array(&w, 2, 2);
	struct bytes payload = wire_bin(&w, 1, LIMIT_CHARTER_ENTRY_LEN_MAX);
	uint32_t count = wire_array(&w, 0, VOTE_COUNT_MAX);
	votes = w;
	/* PROTOCOL: "The votes are in rising order of member number." */
	for (uint32_t i = 0; i < count && charter_vote_get(&w, &vote); i++) {
		if (i > 0 && vote.member <= before)
			wire_fail(&w);
		before = vote.member;
	}
	enum err err = wire_end(&w);
	if (!err)
		err = charter_payload_decode(out, payload);
	out->votes = votes;
	out->vote_count = count;
	return err;
}

enum err charter_entry_id(struct digest *out, struct bytes whole)
{
	struct charter_entry entry;
	enum err err = charter_entry_decode(&entry, whole);

	*out = entry.id;
	return err;
}

void charter_entry_payload_put(struct buf *out, const struct charter_entry *entry,
			       struct bytes changes)
{
	out_array(out, 8);
	out_uint(out, 1);
	out_uint(out, entry->number);
	out_fixed_or_nil(out, entry->number > 1 ? entry->previous.b : NULL, ID_LEN);
	if (entry->number == 1)
		out_text(out, entry->name);
	else
		out_nil(out);
	out_uint(out, (uint64_t)entry->time_ms);
	out_uint(out, entry->threshold);
	out_array(out, entry->change_count);
	buf_add(out, changes);
	out_fixed(out, entry->table.b, ID_LEN);
}

void charter_entry_make(struct buf *out, struct bytes payload, const struct charter_vote *votes,
			size_t count)
{
	size_t from = out->len;

	out_array(out, 2);
	out_bin(out, payload);
	out_array(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		out_array(out, 2);
		out_uint(out, votes[i].member);
		out_fixed(out, votes[i].sig.b, SIG_LEN);
	}
	if (!out->err && out->len - from > LIMIT_CHARTER_ENTRY_LEN_MAX)
		out->err = ERR_FULL;
}
