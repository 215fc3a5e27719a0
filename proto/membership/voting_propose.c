/*
 * What people propose (voting.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/sync/fork.h"
#include "proto/ledger/notice.h"
#include "proto/membership/voting_internal.h"

#include "proto/rights/fedkeys.h"

enum { CHANGES_MAX = 4 };

/* ---- proposing ---- */

static enum err steward_check(struct hub *hub, char *why)
{
	const struct charter *charter = &hub->charter;
	enum err err = hub_member_check(hub, why);

	if (err)
		return err;
	if (!charter_is_steward(charter, author_member(hub->author))) {
		const struct charter_member *steward =
			charter_member(charter, charter->stewards[0]);
		why_set(why, "%s is not a steward; ask %s.", hub_own_name(hub),
			steward ? steward->name : "one");
		return ERR_DENIED;
	}
	return hub_frozen_check(hub, why);
}

/* A payload becomes a proposal, with the own vote if that is possible here. */
static enum err payload_propose(struct hub *hub, struct txn *txn, struct bytes payload,
				const struct opening *opening, struct voting_outcome *out,
				char *why)
{
	struct proposal proposal;
	enum err err = hub_sign_check(hub, why);

	if (err)
		return err; /* nothing is kept that has no vote */
	err = proposal_init(&proposal, payload);
	if (err) {
		why_set(why, "the proposal is too long: propose less at once.");
		return ERR_CONFIG;
	}
	out->id = proposal.entry.id;
	out->number = proposal.entry.number;
	err = voting_keep(hub, txn, &proposal, opening);
	if (err == ERR_FULL)
		why_set(why, "%d proposals for entry %u wait for votes already.",
			VOTING_PROPOSAL_COUNT_MAX, out->number);
	/* Where the root key is not, others vote, and this organisation by text. */
	if (!err && hub_has_root(hub))
		err = voting_sign(hub, txn, &proposal, out, NULL, why);
	proposal_fini(&proposal);
	if (!err)
		voting_finish(hub, txn, out);
	return err;
}

/* A second proposal of one number is refused before a new key is made for it. */
static enum err first_check(struct hub *hub, struct txn *txn, char *why)
{
	struct proposal next = {
		.entry = {.number = hub->charter.number + 1, .previous = hub->charter.entry_id}};

	return voting_signed_check(hub, txn, &next, why);
}

static enum err changes_refused(enum err err, char *why)
{
	why_set(why, "the charter does not allow that: %s.", err_text(err));
	return err == ERR_PROTOCOL ? ERR_CONFIG : err;
}

static enum err changes_propose(struct hub *hub, struct txn *txn, uint32_t threshold,
				const struct charter_change *changes, size_t count,
				const struct opening *opening, struct voting_outcome *out,
				char *why)
{
	struct buf payload;

	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	enum err err = charter_payload_make(&payload, &hub->charter, NULL, hub->wall_ms, threshold,
					    changes, count);
	err = err ? changes_refused(err, why)
		  : payload_propose(hub, txn, buf_bytes(&payload), opening, out, why);
	buf_fini(&payload);
	return err;
}

/* Changes that give a new federation key, which member number `leaving` does not get. */
static enum err leaving_propose(struct hub *hub, struct txn *txn, uint32_t threshold,
				struct charter_change *changes, size_t count, uint32_t leaving,
				struct voting_outcome *out, char *why)
{
	enum err err = first_check(hub, txn, why);

	if (err)
		return err;
	err = fedkeys_next(hub, txn, &changes[count], &leaving, 1);
	if (err) {
		why_set(why, "a new federation key could not be made: %s.",
			err == ERR_AGAIN ? "the present one is not here yet" : err_text(err));
		return err;
	}
	return changes_propose(hub, txn, threshold, changes, count + 1, NULL, out, why);
}

enum err voting_admit(struct hub *hub, struct txn *txn, const struct charter_member *newcomer,
		      bool relay, const struct opening *opening, struct voting_outcome *out,
		      char *why)
{
	enum err err = steward_check(hub, why);

	if (err)
		return err;
	struct charter_change *changes = mem_new(CHANGES_MAX, sizeof(*changes));
	size_t count = 1;
	changes[0].kind = CHARTER_ADMIT;
	changes[0].member = *newcomer;
	changes[0].member.number = hub->charter.member_count + 1;
	if (relay) {
		changes[1].kind = CHARTER_TO_RELAY;
		changes[1].member.number = changes[0].member.number;
		count = 2;
	}
	proposal_words(&out->words, &hub->charter, changes, count, hub->charter.threshold);
	err = changes_propose(hub, txn, hub->charter.threshold, changes, count, opening, out, why);
	free(changes);
	return err;
}

static enum err present_find(struct hub *hub, const char *slug, const struct charter_member **out,
			     char *why)
{
	*out = charter_named(&hub->charter, bytes_str(slug));
	if (*out && charter_is_present(*out))
		return ERR_OK;
	why_set(why, "there is no member \"%.60s\": see `allmende federation members`.", slug);
	return ERR_ABSENT;
}

static void stewards_without(const struct charter *charter, uint32_t member,
			     struct charter_change *out)
{
	*out = (struct charter_change){.kind = CHARTER_STEWARDS};
	for (uint32_t i = 0; i < charter->steward_count; i++)
		if (charter->stewards[i] != member)
			out->stewards[out->steward_count++] = charter->stewards[i];
}

/*
 * Removes a member or makes it a relay: what it was told it keeps, so the others get a new key; and
 * it is no steward any more.
 */
static enum err member_reduce(struct hub *hub, struct txn *txn, const char *slug,
			      enum charter_change_kind kind, bool confirm,
			      struct voting_outcome *out, char *why)
{
	const struct charter *charter = &hub->charter;
	const struct charter_member *member;
	uint32_t threshold = charter->threshold;
	size_t count = 1;
	enum err err = steward_check(hub, why);

	if (!err)
		err = present_find(hub, slug, &member, why);
	if (err)
		return err;
	if (kind == CHARTER_TO_RELAY && member->state == CHARTER_RELAY) {
		why_set(why, "%s is a relay already.", member->name);
		return ERR_EXISTS;
	}
	struct charter_change *changes = mem_new(CHANGES_MAX, sizeof(*changes));
	changes[0].kind = kind;
	changes[0].member.number = member->number;
	if (charter_is_steward(charter, member->number)) {
		stewards_without(charter, member->number, &changes[1]);
		count = 2;
		if (threshold > changes[1].steward_count)
			threshold = changes[1].steward_count;
	}
	out->number = charter->number + 1;
	if (count == 2 && changes[1].steward_count == 0) {
		why_set(why,
			"%s is the only steward: make another one first, `allmende federation "
			"stewards SLUG`.",
			member->name);
		err = ERR_CONFIG;
	} else {
		proposal_words(&out->words, charter, changes, count, threshold);
		buf_add(&out->words, bytes_str("gives the federation a new key\n"));
		if (confirm)
			err = leaving_propose(hub, txn, threshold, changes, count, member->number,
					      out, why);
	}
	free(changes);
	return err;
}

enum err voting_remove(struct hub *hub, struct txn *txn, const char *slug, bool confirm,
		       struct voting_outcome *out, char *why)
{
	return member_reduce(hub, txn, slug, CHARTER_REMOVE, confirm, out, why);
}

enum err voting_relay(struct hub *hub, struct txn *txn, const char *slug, bool confirm,
		      struct voting_outcome *out, char *why)
{
	return member_reduce(hub, txn, slug, CHARTER_TO_RELAY, confirm, out, why);
}

static int number_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The stewards named, and a threshold that a charter may have. */
static enum err stewards_read(struct hub *hub, const char *const *slugs, size_t count,
			      uint32_t *threshold, struct charter_change *out, char *why)
{
	if (count == 0 || count > LIMIT_STEWARD_COUNT_MAX) {
		why_set(why, "name 1 to %d stewards.", LIMIT_STEWARD_COUNT_MAX);
		return ERR_CONFIG;
	}
	*out = (struct charter_change){.kind = CHARTER_STEWARDS};
	for (size_t i = 0; i < count; i++) {
		const struct charter_member *member;
		enum err err = present_find(hub, slugs[i], &member, why);
		if (err)
			return err;
		if (member->state == CHARTER_RELAY) {
			why_set(why, "%s is a relay, and relays are no stewards.", member->name);
			return ERR_CONFIG;
		}
		out->stewards[out->steward_count++] = member->number;
	}
	qsort(out->stewards, out->steward_count, sizeof(out->stewards[0]), number_cmp);
	for (uint32_t i = 1; i < out->steward_count; i++) {
		if (out->stewards[i] != out->stewards[i - 1])
			continue;
		why_set(why, "a steward is named twice.");
		return ERR_CONFIG;
	}
	if (*threshold == 0)
		*threshold = out->steward_count / 2 + 1;
	if (*threshold > out->steward_count || *threshold <= out->steward_count / 2) {
		why_set(why, "of %u stewards at least %u must agree and at most all: not %u.",
			out->steward_count, out->steward_count / 2 + 1, *threshold);
		return ERR_CONFIG;
	}
	return ERR_OK;
}

enum err voting_stewards(struct hub *hub, struct txn *txn, const char *const *slugs, size_t count,
			 uint32_t threshold, bool confirm, struct voting_outcome *out, char *why)
{
	const struct charter *charter = &hub->charter;
	struct charter_change *change = mem_new(1, sizeof(*change));
	enum err err = steward_check(hub, why);

	if (!err)
		err = stewards_read(hub, slugs, count, &threshold, change, why);
	if (!err && threshold == charter->threshold &&
	    change->steward_count == charter->steward_count &&
	    !memcmp(change->stewards, charter->stewards,
		    change->steward_count * sizeof(change->stewards[0]))) {
		why_set(why, "these are the stewards already, and %u must agree.", threshold);
		err = ERR_EXISTS;
	}
	if (!err) {
		out->number = charter->number + 1;
		proposal_words(&out->words, charter, change, 1, threshold);
		if (confirm)
			err = changes_propose(hub, txn, threshold, change, 1, NULL, out, why);
	}
	free(change);
	return err;
}

/* ---- a settlement ---- */

static enum err branch_find(struct hub *hub, struct txn *txn, const char *digits,
			    struct digest *out, char *why)
{
	struct fork_branch branches[CHARTER_BRANCH_COUNT_MAX];
	size_t count = fork_branches(hub, txn, branches, CHARTER_BRANCH_COUNT_MAX), found = 0;

	for (size_t i = 0; i < count; i++) {
		char hex[ID_HEX_LEN + 1];
		hex_put(hex, id_bytes(&branches[i].id));
		if (strncmp(hex, digits, strlen(digits)) == 0) {
			*out = branches[i].id;
			found++;
		}
	}
	if (found == 1)
		return ERR_OK;
	why_set(why,
		"\"%.70s\" names %s of the %zu entries there are: see `allmende federation "
		"settle`.",
		digits, found ? "several" : "none", count);
	return ERR_ABSENT;
}

enum err voting_settlement(struct hub *hub, struct txn *txn, const char *branch,
			   const char *const *slugs, size_t count, uint32_t threshold, bool confirm,
			   struct voting_outcome *out, char *why)
{
	struct charter_change *change = mem_new(1, sizeof(*change));
	struct digest branch_id;
	struct proposal proposal;
	struct buf payload;
	enum err err = hub_member_check(hub, why);

	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	if (!err && branch)
		err = branch_find(hub, txn, branch, &branch_id, why);
	if (!err && count > 0)
		err = stewards_read(hub, slugs, count, &threshold, change, why);
	if (!err)
		err = fork_settle_payload(hub, txn, branch ? &branch_id : NULL, change,
					  count > 0 ? 1 : 0, threshold, &payload, why);
	if (!err && proposal_init(&proposal, buf_bytes(&payload))) {
		why_set(why, "the settlement would be too long.");
		err = ERR_CONFIG;
	} else if (!err) {
		out->number = proposal.entry.number;
		proposal_words(&out->words, &hub->charter, proposal.changes,
			       proposal.entry.change_count, proposal.entry.threshold);
		proposal_fini(&proposal);
		if (confirm)
			err = payload_propose(hub, txn, buf_bytes(&payload), NULL, out, why);
	}
	buf_fini(&payload);
	free(change);
	return err;
}

/* ---- leaving ---- */

enum err voting_leave(struct hub *hub, struct txn *txn, const char *reason, char *why)
{
	struct record_slot slot = record_slot_notice(NOTICE_LEAVE);
	struct buf body;
	enum err err = hub_member_check(hub, why);

	if (!err)
		err = hub_sign_check(hub, why);
	if (err)
		return err;
	if (!reason) {
		err = ledger_delete(&hub->ledger, txn, record_slot_bytes(&slot));
		if (err == ERR_ABSENT)
			why_set(why, "%s has not said that it wants to leave.", hub_own_name(hub));
		return err;
	}
	/* Nobody can let it go. */
	if (hub->charter.steward_count == 1 &&
	    charter_is_steward(&hub->charter, author_member(hub->author))) {
		why_set(why,
			"%s is the only steward: make another one first, `allmende federation "
			"stewards`.",
			hub_own_name(hub));
		return ERR_CONFIG;
	}
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	err = notice_put(&body, bytes_str(reason));
	if (err) {
		why_set(why, "the reason is too long or no text: at most %d bytes.",
			NOTICE_TEXT_LEN_MAX);
		err = ERR_CONFIG;
	} else {
		err = ledger_append(&hub->ledger, txn, RECORD_NOTICE, record_slot_bytes(&slot),
				    buf_bytes(&body), NULL, LEDGER_QUIET);
	}
	buf_fini(&body);
	return err;
}

bool voting_leaver(struct hub *hub, struct txn *txn, uint32_t *member, char reason[513])
{
	struct record_slot slot = record_slot_notice(NOTICE_LEAVE);
	struct ledger_slots slots = ledger_slots(&hub->ledger, txn, record_slot_bytes(&slot));
	struct record record;
	struct bytes text;

	/* By author, so by member; of several nodes of one the first speaks. */
	while (ledger_slots_next(&slots, &record)) {
		if (author_member(record.author) <= *member || notice_get(&text, record.body))
			continue;
		*member = author_member(record.author);
		snprintf(reason, 513, "%.*s", (int)text.len, (const char *)text.ptr);
		return true;
	}
	return false;
}
