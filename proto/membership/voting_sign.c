/*
 * Signing proposals: what was signed before, votes as records and as texts (voting.h).
 */
#include <stdio.h>
#include <string.h>

#include "proto/wire/envelope.h"
#include "proto/wire/protocol.h"
#include "proto/membership/announced.h"
#include "proto/membership/voting_internal.h"

enum { ID_DIGITS_MIN = 4 };

void voting_outcome_init(struct voting_outcome *out)
{
	*out = (struct voting_outcome){0};
	buf_init(&out->words, VOTING_WORDS_LEN_MAX);
}

void voting_outcome_fini(struct voting_outcome *out)
{
	buf_fini(&out->words);
}

/* ---- what was signed ---- */

/* Signing twice for one number is two entries of it only when both follow the same entry. */
static struct row_key signed_key(const struct charter_entry *entry)
{
	char name[64], previous[2 * 8 + 1];

	hex_put(previous, bytes_slice(id_bytes(&entry->previous), 0, 8));
	snprintf(name, sizeof(name), "signed-%u-%s", entry->number, previous);
	return key_name(name);
}

/* An own vote that has come back from others, as after a restored backup. */
static bool vote_returned(struct hub *hub, struct txn *txn, const struct charter_entry *entry,
			  struct digest *first)
{
	struct row_key prefix = key_charter(entry->number);
	struct walk walk = walk_begin(txn, TABLE_PROPOSAL, row_key_bytes(&prefix));
	uint32_t own = author_member(hub->author);
	struct charter_entry other;

	while (walk_next(&walk)) {
		if (charter_payload_decode(&other, walk.value) || other.settles ||
		    id_eq(&other.id, &entry->id))
			continue;
		struct row_key key = key_vote(other.number, &other.id, own);
		if (!txn_has(txn, TABLE_VOTE, row_key_bytes(&key)))
			continue;
		*first = other.id;
		return true;
	}
	return false;
}

/* PROTOCOL: "A steward signs one proposal per number; its node refuses a second." */
bool voting_signed_other(struct hub *hub, struct txn *txn, const struct charter_entry *entry,
			 struct digest *first)
{
	struct row_key key = signed_key(entry);
	struct bytes id;

	if (entry->settles)
		return false;
	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &id) || id.len != ID_LEN)
		return vote_returned(hub, txn, entry, first);
	memcpy(first->b, id.ptr, ID_LEN);
	return !id_eq(first, &entry->id);
}

enum err voting_signed_check(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			     char *why)
{
	struct digest first;
	char hex[2 * 4 + 1];
	enum err err = hub_sign_check(hub, why);

	if (err)
		return err;
	if (!voting_signed_other(hub, txn, &proposal->entry, &first))
		return txn_err(txn);
	hex_put(hex, bytes_slice(id_bytes(&first), 0, 4));
	why_set(why,
		"this organisation has signed proposal %s as entry %u already, and signs one for "
		"each number: a second would prove double signing; see `allmende federation "
		"proposals`.",
		hex, proposal->entry.number);
	return ERR_DENIED;
}

/* ---- signing ---- */

static enum err may_check(const struct hub *hub, const struct proposal *proposal, char *why)
{
	if (voting_may(hub, proposal, author_member(hub->author)))
		return ERR_OK;
	why_set(why, "%s has no vote on this: %s.", hub_own_name(hub),
		proposal->entry.settles ? "members vote on a settlement, relays do not"
					: "stewards vote; see `allmende federation members`");
	return ERR_DENIED;
}

static enum err vote_make(struct hub *hub, const struct proposal *proposal,
			  struct charter_vote *vote, char *why)
{
	const struct identity *identity = hub->options.identity;
	struct key seed;
	enum err err = hub_root_sign(hub, &seed);

	if (err) {
		if (identity->root)
			why_set(why,
				"the root key on this machine is not the one in the charter, so "
				"its vote does not count.");
		else
			why_set(why, "the root key of %s is not on this machine; vote where it is.",
				hub_own_name(hub));
		return ERR_DENIED;
	}
	charter_vote(vote, &hub->charter, author_member(hub->author), &seed,
		     proposal->entry.payload);
	key_wipe(&seed);
	err = charter_vote_check(&hub->charter, proposal->entry.payload, vote);
	if (err)
		why_set(why, "the root key on this machine is not the one in the charter, so its "
			     "vote does not count.");
	return err;
}

static enum err vote_publish(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			     const struct charter_vote *vote)
{
	struct vote_body body = {.payload = proposal->entry.payload, .sig = vote->sig};
	struct record_slot slot = record_slot_vote(proposal->entry.number);
	struct buf out;

	body.has_opening = voting_opening(txn, proposal, &body.opening);
	buf_init(&out, LIMIT_RECORD_LEN_MAX);
	vote_body_put(&out, &body);
	enum err err = out.err;
	if (!err)
		err = ledger_append(&hub->ledger, txn, RECORD_VOTE, record_slot_bytes(&slot),
				    buf_bytes(&out), NULL, LEDGER_QUIET);
	buf_fini(&out);
	return err;
}

static void vote_tell(struct hub *hub, const struct proposal *proposal,
		      const struct charter_vote *vote, struct buf *out)
{
	const struct vote_text text = {.fed = hub->charter.fed,
				       .number = proposal->entry.number,
				       .entry_id = proposal->entry.id,
				       .member = vote->member,
				       .sig = vote->sig};

	vote_text_put(out, &text);
}

/* Remembers, keeps and publishes the own vote. */
enum err voting_sign(struct hub *hub, struct txn *txn, const struct proposal *proposal,
		     struct voting_outcome *out, struct buf *vote_text, char *why)
{
	struct row_key key = signed_key(&proposal->entry);
	struct charter_vote vote;
	enum err err = may_check(hub, proposal, why);

	if (!err)
		err = voting_signed_check(hub, txn, proposal, why);
	if (!err)
		err = vote_make(hub, proposal, &vote, why);
	if (!err) {
		bool known = voting_has(txn, proposal, vote.member);
		txn_put(txn, TABLE_META, row_key_bytes(&key), id_bytes(&proposal->entry.id));
		err = voting_take(hub, txn, proposal, &vote);
		if (!err && !known)
			err = vote_publish(hub, txn, proposal, &vote);
	}
	if (!err && vote_text)
		vote_tell(hub, proposal, &vote, vote_text);
	out->voted = !err;
	return err;
}

void voting_finish(struct hub *hub, struct txn *txn, struct voting_outcome *out)
{
	uint32_t before = hub->charter.number;
	struct bytes entry;
	struct digest id;

	voting_count(hub, txn);
	out->accepted = hub->charter.number > before && charter_entry(txn, out->number, &entry) &&
			!charter_entry_id(&id, entry) && id_eq(&id, &out->id);
}

enum err voting_offer(struct hub *hub, struct txn *txn, struct bytes payload, bool keep,
		      struct voting_outcome *out, struct buf *text, char *why)
{
	const struct proposal_text said = {.fed = hub->charter.fed, .payload = payload};
	struct proposal proposal;
	enum err err = proposal_init(&proposal, payload);

	if (err)
		return err;
	out->id = proposal.entry.id;
	out->number = proposal.entry.number;
	proposal_text_put(text, &said);
	if (keep) {
		err = announced_vote_check(hub, txn, &proposal, NULL, why);
		if (!err)
			err = voting_keep(hub, txn, &proposal, NULL);
		if (!err)
			err = voting_sign(hub, txn, &proposal, out, NULL, why);
	}
	proposal_fini(&proposal);
	if (!err && keep)
		voting_finish(hub, txn, out);
	return err ? err : text->err;
}

/* ---- voting ---- */

/* The payload of the proposal whose id begins with these digits; borrows from the store. */
static enum err proposal_find(struct hub *hub, struct txn *txn, const char *digits,
			      struct bytes *payload, char *why)
{
	struct row_key prefix = key_charter(hub->charter.number + 1);
	struct walk walk = walk_begin(txn, TABLE_PROPOSAL, row_key_bytes(&prefix));
	size_t len = strlen(digits), found = 0;

	while (len >= ID_DIGITS_MIN && walk_next(&walk)) {
		char hex[ID_HEX_LEN + 1];
		hex_put(hex, bytes_slice(walk.key, walk.key.len - ID_LEN, ID_LEN));
		if (strncmp(hex, digits, len) == 0) {
			*payload = walk.value;
			found++;
		}
	}
	if (found == 1)
		return ERR_OK;
	why_set(why, "%s proposal begins with \"%.70s\": see `allmende federation proposals`.",
		found ? "more than one" : "no", digits);
	return ERR_ABSENT;
}

/* Other stewards have heard other words, or the issuer has told this one something else. */
static enum err words_check(struct hub *hub, const struct charter_member *newcomer,
			    const struct opening *opening, const char *typed, char *why)
{
	char six[WORDS_TEXT_LEN];

	if (opening_words(six, opening, &hub->charter.fed, &newcomer->org)) {
		why_set(why, "there was no memory for the six words: 64 MB are needed.");
		return ERR_NOMEM;
	}
	if (words_match(typed, six))
		return ERR_OK;
	why_set(why,
		"these are not the words of %s: have them read again, one by one. If they differ, "
		"whoever has proposed it has shown you another request than that of %s: do not "
		"vote for it.",
		newcomer->slug, newcomer->slug);
	return ERR_DENIED;
}

/* A steward that votes for a newcomer has heard its words itself, or says that it has not. */
static enum err heard_check(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			    const struct voting_heard *heard, bool confirm, char *why)
{
	const struct charter_member *newcomer = proposal_newcomer(proposal);
	struct opening opening;

	if (heard->unheard || proposal->entry.settles || !proposal_admits(proposal) ||
	    (!heard->words && !confirm))
		return ERR_OK;
	if (!newcomer || !voting_opening(txn, proposal, &opening)) {
		why_set(why, "nothing came with this proposal that its newcomer's words could be "
			     "made from: say --unheard if you know by another way that it is "
			     "right.");
		return ERR_DENIED;
	}
	if (heard->words)
		return words_check(hub, newcomer, &opening, heard->words, why);
	why_set(why,
		"call %s on a number that you know, have its six words read to you, and say "
		"--words \"...\"; --unheard votes without.",
		newcomer->name);
	return ERR_DENIED;
}

static enum err proposal_vote(struct hub *hub, struct txn *txn, const struct proposal *proposal,
			      const struct voting_heard *heard, bool confirm,
			      struct voting_outcome *out, struct buf *vote_text, char *why)
{
	enum err err;

	out->id = proposal->entry.id;
	out->number = proposal->entry.number;
	proposal_words(&out->words, &hub->charter, proposal->changes, proposal->entry.change_count,
		       proposal->entry.threshold);
	out->voted = voting_has(txn, proposal, author_member(hub->author));
	err = may_check(hub, proposal, why);
	if (!err)
		err = voting_signed_check(hub, txn, proposal, why);
	if (!err && !out->voted)
		err = heard_check(hub, txn, proposal, heard, confirm, why);
	if (!err && !out->voted)
		err = announced_vote_check(hub, txn, proposal, heard->despite, why);
	if (err || !confirm)
		return err;
	err = voting_keep(hub, txn, proposal, NULL);
	if (err == ERR_FULL)
		why_set(why, "too many proposals for entry %u are kept here.", out->number);
	if (!err)
		err = voting_sign(hub, txn, proposal, out, vote_text, why);
	if (!err)
		voting_finish(hub, txn, out);
	return err;
}

enum err voting_vote(struct hub *hub, struct txn *txn, const char *id,
		     const struct voting_heard *heard, bool confirm, struct voting_outcome *out,
		     struct buf *vote_text, char *why)
{
	struct proposal proposal;
	struct bytes payload;
	enum err err = hub_member_check(hub, why);

	if (!err)
		err = proposal_find(hub, txn, id, &payload, why);
	if (!err)
		err = proposal_init(&proposal, payload);
	if (err)
		return err;
	err = proposal_vote(hub, txn, &proposal, heard, confirm, out, vote_text, why);
	proposal_fini(&proposal);
	return err;
}

/* ---- texts ---- */

static enum err text_refused(enum err err, char *why)
{
	why_set(why, "%s",
		err == ERR_DENIED ? "the text is truncated or mistyped: copy it whole."
		: err == ERR_VERSION
			? "the text is of another version of Allmende: bring both nodes "
			  "to the same one, and have it made again."
		: err == ERR_FULL ? "the text is too long."
				  : "this is neither a proposal nor a vote: these begin with "
				    "\"" PROTOCOL_TEXT "p-\" and \"" PROTOCOL_TEXT "v-\".");
	return ERR_CONFIG;
}

/* Whether a text is of this federation and about the next number. */
static enum err text_place(struct hub *hub, const struct fed_id *fed, uint32_t number, char *why)
{
	uint32_t next = hub->charter.number + 1;

	if (!id_eq(fed, &hub->charter.fed)) {
		why_set(why, "the text is of another federation than %s.", hub->charter.name);
		return ERR_CONFIG;
	}
	if (number < next) {
		why_set(why, "entry %u of the charter is decided already.", number);
		return ERR_EXISTS;
	}
	if (number > next) {
		why_set(why,
			"the text is about entry %u, and this node knows the charter up to %u: let "
			"it link with others first.",
			number, hub->charter.number);
		return ERR_AGAIN;
	}
	return ERR_OK;
}

static enum err proposal_text_check(struct hub *hub, const struct proposal_text *text,
				    const struct proposal *proposal, char *why)
{
	enum err err = text_place(hub, &text->fed, proposal->entry.number, why);

	if (err)
		return err;
	err = charter_payload_check(&hub->charter, proposal->entry.payload);
	if (err)
		why_set(why, "the charter does not allow this proposal: %s.", err_text(err));
	return err;
}

/* It is kept whether it is voted for or not: so its newcomer's words are there. */
static enum err proposal_text_vote(struct hub *hub, struct txn *txn, const char *text,
				   const struct voting_heard *heard, bool confirm,
				   struct voting_outcome *out, struct buf *vote_text, char *why)
{
	struct buf body;
	struct proposal_text read;
	struct proposal proposal;

	buf_init(&body, ENVELOPE_LEN_MAX);
	enum err err = proposal_text_get(&body, &read, bytes_str(text));
	if (!err)
		err = proposal_init(&proposal, read.payload);
	if (err) {
		buf_fini(&body);
		return text_refused(err, why);
	}
	err = proposal_text_check(hub, &read, &proposal, why);
	if (!err && voting_keep(hub, txn, &proposal, read.has_opening ? &read.opening : NULL)) {
		why_set(why, "too many proposals for entry %u are kept here.",
			proposal.entry.number);
		err = ERR_FULL;
	}
	if (!err)
		err = proposal_vote(hub, txn, &proposal, heard, confirm, out, vote_text, why);
	proposal_fini(&proposal);
	buf_fini(&body);
	return err;
}

static enum err vote_text_take(struct hub *hub, struct txn *txn, const char *text,
			       struct voting_outcome *out, char *why)
{
	struct vote_text read;
	struct charter_vote vote;
	struct proposal proposal;
	struct bytes payload;
	enum err err = vote_text_get(&read, bytes_str(text));

	if (err)
		return text_refused(err, why);
	err = text_place(hub, &read.fed, read.number, why);
	if (err)
		return err;
	if (!voting_payload(txn, read.number, &read.entry_id, &payload)) {
		why_set(why, "the proposal that this vote is for is not known here: give its text "
			     "first.");
		return ERR_ABSENT;
	}
	err = proposal_init(&proposal, payload);
	if (err)
		return err;
	vote = (struct charter_vote){.member = read.member, .sig = read.sig};
	out->id = read.entry_id;
	out->number = read.number;
	proposal_words(&out->words, &hub->charter, proposal.changes, proposal.entry.change_count,
		       proposal.entry.threshold);
	err = voting_take(hub, txn, &proposal, &vote);
	if (err == ERR_DENIED)
		why_set(why, "this vote does not count: it is not signed by somebody who votes on "
			     "this proposal.");
	proposal_fini(&proposal);
	if (!err)
		voting_finish(hub, txn, out);
	return err;
}

enum err voting_text(struct hub *hub, struct txn *txn, const char *text,
		     const struct voting_heard *heard, bool confirm, struct voting_outcome *out,
		     struct buf *vote_text, char *why)
{
	enum err err = hub_member_check(hub, why);

	if (err)
		return err;
	if (envelope_is(ENVELOPE_VOTE, bytes_str(text)))
		return vote_text_take(hub, txn, text, out, why);
	return proposal_text_vote(hub, txn, text, heard, confirm, out, vote_text, why);
}

enum err voting_proposal_text(struct hub *hub, struct txn *txn, const char *id, struct buf *out,
			      char *why)
{
	struct proposal_text text = {.fed = hub->charter.fed};
	struct proposal proposal;
	enum err err = hub_member_check(hub, why);

	if (!err)
		err = proposal_find(hub, txn, id, &text.payload, why);
	if (!err)
		err = proposal_init(&proposal, text.payload);
	if (err)
		return err;
	text.has_opening = voting_opening(txn, &proposal, &text.opening);
	proposal_text_put(out, &text);
	proposal_fini(&proposal);
	return out->err;
}
