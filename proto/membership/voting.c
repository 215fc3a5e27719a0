#include "proto/membership/voting_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/charter_entry.h"
#include "proto/sync/fork.h"
#include "proto/membership/membership.h"
#include "proto/membership/request.h"

/* Who keeps the log can read later who belonged when, and what was wanted. */
static void changes_note(struct hub *hub, enum note_type type, const struct proposal *proposal)
{
	struct note *note = hub_note(hub, type);
	struct buf words;

	buf_init(&words, VOTING_WORDS_LEN_MAX);
	proposal_words(&words, &hub->charter, proposal->changes, proposal->entry.change_count,
		       proposal->entry.threshold);
	int len = snprintf(note->text, sizeof(note->text), "entry %u", proposal->entry.number);
	for (size_t i = 0, line = 0; i < words.len; i++) {
		if (words.ptr[i] != '\n')
			continue;
		if (len < (int)sizeof(note->text))
			len += snprintf(note->text + len, sizeof(note->text) - (size_t)len,
					"%s%.*s", line ? "; " : ": ", (int)(i - line),
					words.ptr + line);
		line = i + 1;
	}
	buf_fini(&words);
}

/* ---- rows ---- */

bool voting_payload(struct txn *txn, uint32_t number, const struct digest *id, struct bytes *out)
{
	struct row_key key = key_charter_id(number, id);

	return txn_get(txn, TABLE_PROPOSAL, row_key_bytes(&key), out);
}

static size_t proposal_count(struct txn *txn, uint32_t number)
{
	struct row_key prefix = key_charter(number);
	struct walk walk = walk_begin(txn, TABLE_PROPOSAL, row_key_bytes(&prefix));
	size_t count = 0;

	while (walk_next(&walk))
		count++;
	return count;
}

bool voting_opening(struct txn *txn, const struct proposal *proposal, struct opening *out)
{
	struct row_key key = key_charter_id(proposal->entry.number, &proposal->entry.id);
	struct bytes value;

	if (!txn_get(txn, TABLE_OPENING, row_key_bytes(&key), &value))
		return false;
	struct wire_in w = wire_in(value);
	opening_get(&w, out);
	if (wire_end(&w))
		txn_fail(txn, ERR_CORRUPT);
	return !txn_err(txn);
}

static void opening_keep(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			 const struct opening *opening)
{
	const struct charter_member *newcomer = proposal_newcomer(proposal);
	struct row_key key = key_charter_id(proposal->entry.number, &proposal->entry.id);
	struct buf value;

	if (!opening || !newcomer || txn_has(txn, TABLE_OPENING, row_key_bytes(&key)) ||
	    !opening_fits(opening, newcomer, &hub->charter))
		return;
	buf_init(&value, OPENING_LEN_MAX);
	opening_put(&value, opening);
	txn_put_row(txn, TABLE_OPENING, &key, &value);
}

/* The votes for it stay: they are counted, or go with the next change of the charter. */
static void proposal_drop(struct txn *txn, struct bytes key)
{
	txn_del(txn, TABLE_PROPOSAL, key);
	txn_del(txn, TABLE_OPENING, key);
}

enum err voting_keep(struct hub *hub, struct txn *txn, const struct proposal *proposal,
		     const struct opening *opening)
{
	const struct charter_entry *entry = &proposal->entry;
	struct row_key key = key_charter_id(entry->number, &entry->id);

	if (txn_has(txn, TABLE_PROPOSAL, row_key_bytes(&key))) {
		opening_keep(hub, txn, proposal, opening);
		return txn_err(txn);
	}
	if (proposal_count(txn, entry->number) >= VOTING_PROPOSAL_COUNT_MAX)
		return ERR_FULL;
	txn_put(txn, TABLE_PROPOSAL, row_key_bytes(&key), entry->payload);
	opening_keep(hub, txn, proposal, opening);
	if (hub->charter.threshold > 1 || entry->settles)
		changes_note(hub, NOTE_PROPOSAL, proposal);
	return txn_err(txn);
}

static struct row_key vote_key(const struct proposal *proposal, uint32_t member)
{
	return key_vote(proposal->entry.number, &proposal->entry.id, member);
}

bool voting_has(struct txn *txn, const struct proposal *proposal, uint32_t member)
{
	struct row_key key = vote_key(proposal, member);

	return txn_has(txn, TABLE_VOTE, row_key_bytes(&key));
}

bool voting_may(const struct hub *hub, const struct proposal *proposal, uint32_t member)
{
	const struct charter_member *row = charter_member(&hub->charter, member);

	if (!row || row->state != CHARTER_MEMBER)
		return false;
	return proposal->entry.settles || charter_is_steward(&hub->charter, member) ||
	       proposal_is_steward(proposal, &hub->charter, member);
}

enum err voting_take(struct hub *hub, struct txn *txn, const struct proposal *proposal,
		     const struct charter_vote *vote)
{
	struct row_key key = vote_key(proposal, vote->member);

	if (!voting_may(hub, proposal, vote->member))
		return ERR_DENIED;
	if (txn_has(txn, TABLE_VOTE, row_key_bytes(&key)))
		return ERR_OK;
	enum err err = charter_vote_check(&hub->charter, proposal->entry.payload, vote);
	if (err)
		return err;
	txn_put(txn, TABLE_VOTE, row_key_bytes(&key), bytes_obj(&vote->sig));
	hub->voting->due = true;
	return txn_err(txn);
}

static bool has_votes(struct txn *txn, uint32_t number, const struct digest *id)
{
	struct row_key prefix = key_charter_id(number, id);
	struct walk walk = walk_begin(txn, TABLE_VOTE, row_key_bytes(&prefix));

	return walk_next(&walk);
}

/*
 * A member's latest vote takes the place of its other one, of stewards and of members apart, and
 * with it goes a proposal that nobody else wants: so nobody fills the table.
 */
static void other_vote_drop(struct txn *txn, const struct proposal *proposal, uint32_t member)
{
	const struct charter_entry *entry = &proposal->entry;
	struct row_key prefix = key_charter(entry->number);
	struct walk walk = walk_begin(txn, TABLE_PROPOSAL, row_key_bytes(&prefix));
	struct charter_entry other;

	while (walk_next(&walk)) {
		if (charter_payload_decode(&other, walk.value) || id_eq(&other.id, &entry->id) ||
		    other.settles != entry->settles)
			continue;
		struct row_key key = key_vote(other.number, &other.id, member);
		struct row_key row = key_charter_id(other.number, &other.id);
		if (txn_del(txn, TABLE_VOTE, row_key_bytes(&key)) &&
		    !has_votes(txn, other.number, &other.id))
			proposal_drop(txn, row_key_bytes(&row));
	}
}

/*
 * A vote record, if it is about the next number and right. Looks at who voted before it looks at
 * anything costly.
 */
static void record_take(struct hub *hub, struct txn *txn, const struct record *record)
{
	struct vote_body body;
	struct proposal proposal;
	struct charter_vote vote = {.member = author_member(record->author)};
	struct buf request; /* the record may be the store's, which a write may move */

	if (vote_body_get(&body, record->body) || proposal_init(&proposal, body.payload))
		return;
	buf_init(&request, LIMIT_JOIN_REQUEST_LEN_MAX);
	if (body.has_opening)
		buf_add(&request, body.opening.request);
	body.opening.request = buf_bytes(&request);
	vote.sig = body.sig;
	bool counts = proposal.entry.number == hub->charter.number + 1 &&
		      voting_may(hub, &proposal, vote.member) &&
		      !voting_has(txn, &proposal, vote.member) &&
		      !charter_payload_check(&hub->charter, proposal.entry.payload) &&
		      !charter_vote_check(&hub->charter, proposal.entry.payload, &vote);
	if (counts)
		other_vote_drop(txn, &proposal, vote.member);
	if (counts && !voting_keep(hub, txn, &proposal, body.has_opening ? &body.opening : NULL))
		voting_take(hub, txn, &proposal, &vote);
	buf_fini(&request);
	proposal_fini(&proposal);
}

void voting_arrival(struct hub *hub, struct txn *txn, const struct record *record)
{
	record_take(hub, txn, record);
}

/* ---- the charter has moved ---- */

/* Proposals that can be the next entry no more, and votes without a proposal. */
static void rows_tidy(struct hub *hub, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_PROPOSAL, bytes_of(NULL, 0));

	while (walk_next(&walk)) {
		enum err err = charter_payload_check(&hub->charter, walk.value);
		if (err && err != ERR_BUSY)
			proposal_drop(txn, bytes_of(walk.last, walk.last_len));
	}
	walk = walk_begin(txn, TABLE_VOTE, bytes_of(NULL, 0));
	while (walk_next(&walk))
		if (!txn_has(txn, TABLE_PROPOSAL, bytes_of(walk.last, walk.last_len - 4)))
			txn_del(txn, TABLE_VOTE, bytes_of(walk.last, walk.last_len));
}

static uint32_t slot_number(const struct record *record)
{
	return record->slot.len == 5 ? be32_get(record->slot.ptr + 1) : 0;
}

/*
 * PROTOCOL: "An author keeps its vote for the number that the charter has reached, so that others
 * can count it too, and drops it with the next."
 */
static void own_votes_drop(struct hub *hub, struct txn *txn)
{
	const uint8_t kind = RECORD_VOTE;
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, bytes_of(&kind, 1));
	struct record record;

	slots.author = hub->author;
	while (ledger_slots_next(&slots, &record)) {
		struct record_slot slot = record_slot_copy(record.slot);
		if (record.author == hub->author && slot_number(&record) < hub->charter.number)
			ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot));
	}
}

static void vote_records_take(struct hub *hub, struct txn *txn)
{
	struct record_slot slot = record_slot_vote(hub->charter.number + 1);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	struct record record;

	while (ledger_slots_next(&slots, &record))
		record_take(hub, txn, &record);
}

/* The entry that is the latest now. */
static void charter_note(struct hub *hub, struct txn *txn)
{
	struct charter_entry entry;
	struct proposal proposal;
	struct bytes whole;

	if (!charter_entry(txn, hub->charter.number, &whole) ||
	    charter_entry_decode(&entry, whole) || proposal_init(&proposal, entry.payload))
		return;
	changes_note(hub, NOTE_CHARTER, &proposal);
	proposal_fini(&proposal);
}

/* Once after each change of the charter, and after a start. */
static void charter_follow(struct hub *hub, struct txn *txn)
{
	struct voting *voting = hub->voting;

	if (voting->looked && id_eq(&voting->at, &hub->charter.entry_id) &&
	    voting->frozen == hub->charter.frozen)
		return;
	if (voting->looked)
		charter_note(hub, txn);
	voting->looked = true;
	voting->at = hub->charter.entry_id;
	voting->frozen = hub->charter.frozen;
	voting->due = true;
	rows_tidy(hub, txn);
	own_votes_drop(hub, txn);
	vote_records_take(hub, txn);
	requests_follow(hub, txn);
}

/* ---- counting ---- */

/*
 * The entry of a proposal with all votes for it that are here; they stand in order of member
 * numbers.
 */
static void entry_make(struct buf *out, struct txn *txn, const struct proposal *proposal)
{
	const struct charter_entry *entry = &proposal->entry;
	struct row_key prefix = key_charter_id(entry->number, &entry->id);
	struct walk walk = walk_begin(txn, TABLE_VOTE, row_key_bytes(&prefix));
	struct charter_vote *votes = NULL;
	size_t count = 0, cap = 0;

	while (walk_next(&walk)) {
		if (walk.value.len != SIG_LEN)
			continue;
		votes = mem_room(votes, count, &cap, sizeof(*votes));
		votes[count].member = be32_get(walk.key.ptr + walk.key.len - 4);
		memcpy(votes[count++].sig.b, walk.value.ptr, SIG_LEN);
	}
	charter_entry_make(out, entry->payload, votes, count);
	free(votes);
}

static uint32_t member_majority(const struct charter *charter)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < charter->member_count; i++)
		count += charter->members[i].state == CHARTER_MEMBER;
	return count / 2 + 1;
}

/*
 * Less votes than it takes in any case: with thousands of members it costs too much to check them
 * with each that comes.
 */
static bool is_short(struct hub *hub, struct txn *txn, const struct charter_entry *entry)
{
	uint32_t needed = entry->settles ? member_majority(&hub->charter) : hub->charter.threshold;
	struct row_key prefix = key_charter_id(entry->number, &entry->id);
	struct walk walk = walk_begin(txn, TABLE_VOTE, row_key_bytes(&prefix));
	uint32_t count = 0;

	while (count < needed && walk_next(&walk))
		count++;
	return count < needed;
}

/*
 * Whether this proposal has become the next entry: the charter's own rules say whether the votes
 * are enough.
 */
static bool proposal_pass(struct hub *hub, struct txn *txn, const struct proposal *proposal)
{
	struct buf entry;

	if (is_short(hub, txn, &proposal->entry))
		return false;
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	entry_make(&entry, txn, proposal);
	bool passed = !entry.err && !fork_accept(hub, txn, buf_bytes(&entry), 0);
	buf_fini(&entry);
	if (!passed)
		return false;
	requests_follow(hub, txn); /* who waits hears of it before it hears the new number */
	membership_charter_changed(hub, txn);
	return true;
}

static bool any_pass(struct hub *hub, struct txn *txn)
{
	struct row_key prefix = key_charter(hub->charter.number + 1);
	struct walk walk = walk_begin(txn, TABLE_PROPOSAL, row_key_bytes(&prefix));
	bool passed = false;

	while (!passed && walk_next(&walk)) {
		struct proposal proposal;
		if (proposal_init(&proposal, walk.value))
			continue;
		passed = proposal_pass(hub, txn, &proposal);
		proposal_fini(&proposal);
	}
	return passed;
}

void voting_count(struct hub *hub, struct txn *txn)
{
	if (!hub->author)
		return;
	charter_follow(hub, txn);
	while (hub->voting->due && !txn_err(txn)) {
		hub->voting->due = false;
		if (any_pass(hub, txn))
			charter_follow(hub, txn);
	}
}

void voting_settle(struct hub *hub, struct txn *txn)
{
	voting_count(hub, txn);
	requests_tick(hub, txn);
}

int64_t voting_wake(const struct hub *hub)
{
	if (!hub->author)
		return INT64_MAX;
	return hub->voting->looked ? requests_wake(hub) : hub->mono_ms;
}

/* ---- what is proposed ---- */

static void voters_count(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			 struct voting_proposal *out)
{
	const size_t max = sizeof(out->voters) / sizeof(out->voters[0]);
	struct row_key prefix = key_charter_id(proposal->entry.number, &proposal->entry.id);
	struct walk walk = walk_begin(txn, TABLE_VOTE, row_key_bytes(&prefix));

	while (walk_next(&walk)) {
		uint32_t member = be32_get(walk.key.ptr + walk.key.len - 4);
		if (out->voter_count < max)
			out->voters[out->voter_count++] = member;
		if (out->settlement || charter_is_steward(&hub->charter, member))
			out->votes++;
		if (out->needed_new && proposal_is_steward(proposal, &hub->charter, member))
			out->votes_new++;
	}
}

static void proposal_describe(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			      struct voting_proposal *out)
{
	const struct charter_entry *entry = &proposal->entry;
	uint32_t own = author_member(hub->author);
	struct digest first;

	*out = (struct voting_proposal){
		.id = entry->id,
		.number = entry->number,
		.time_ms = entry->time_ms,
		.settlement = entry->settles,
		.may_vote = voting_may(hub, proposal, own) &&
			    !voting_signed_other(hub, txn, entry, &first),
		.voted = voting_has(txn, proposal, own),
		.needed = entry->settles ? member_majority(&hub->charter) : hub->charter.threshold,
	};
	if (!out->settlement && proposal_changes_stewards(proposal, &hub->charter))
		out->needed_new = entry->threshold;
	voters_count(hub, txn, proposal, out);
}

bool voting_proposal(struct hub *hub, struct txn *txn, size_t index, struct voting_proposal *out,
		     struct buf *words)
{
	struct row_key prefix = key_charter(hub->charter.number + 1);
	struct walk walk = walk_begin(txn, TABLE_PROPOSAL, row_key_bytes(&prefix));
	struct proposal proposal;

	while (walk_next(&walk)) {
		if (index-- > 0)
			continue;
		if (proposal_init(&proposal, walk.value))
			return false;
		proposal_describe(hub, txn, &proposal, out);
		if (words)
			proposal_words(words, &hub->charter, proposal.changes,
				       proposal.entry.change_count, proposal.entry.threshold);
		proposal_fini(&proposal);
		return true;
	}
	return false;
}

bool voting_admits(struct hub *hub, struct txn *txn, const struct org_id *org)
{
	struct row_key prefix = key_charter(hub->charter.number + 1);
	struct walk walk = walk_begin(txn, TABLE_PROPOSAL, row_key_bytes(&prefix));
	struct proposal proposal;
	bool found = false;

	while (!found && walk_next(&walk)) {
		if (proposal_init(&proposal, walk.value))
			continue;
		for (uint32_t i = 0; i < proposal.entry.change_count; i++)
			found = found || (proposal.changes[i].kind == CHARTER_ADMIT &&
					  id_eq(&proposal.changes[i].member.org, org));
		proposal_fini(&proposal);
	}
	return found;
}

bool voting_is_split(struct hub *hub, struct txn *txn)
{
	const struct charter *charter = &hub->charter;
	struct voting_proposal proposal;
	bool used[LIMIT_STEWARD_COUNT_MAX] = {false};
	uint32_t free_count = charter->steward_count, best = 0;

	for (size_t i = 0; voting_proposal(hub, txn, i, &proposal, NULL); i++) {
		if (proposal.settlement)
			continue;
		best = proposal.votes > best ? proposal.votes : best;
		for (uint32_t v = 0; v < proposal.voter_count; v++)
			for (uint32_t s = 0; s < charter->steward_count; s++)
				if (charter->stewards[s] == proposal.voters[v] && !used[s]) {
					used[s] = true;
					free_count--;
				}
	}
	return best > 0 && best + free_count < charter->threshold;
}
