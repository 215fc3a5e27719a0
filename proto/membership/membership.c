#include "proto/membership/membership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/charter_entry.h"
#include "proto/charter/contact.h"
#include "proto/membership/nodes.h"
#include "proto/membership/voting.h"
#include "proto/rights/fedkeys.h"
#include "proto/sync/fork.h"
#include "proto/sync/log_bind.h"
#include "proto/sync/log_fork.h"
#include "proto/sync/logs.h"
#include "proto/sync/start.h"
#include "proto/sync/sync.h"
#include "proto/membership/joining.h"

/* ---- own place in the federation ---- */

/* Tells others where this node may be dialled, if that has changed. */
static void contact_update(struct hub *hub, struct txn *txn)
{
	struct contact contact = {.software = bytes_str(hub->options.software),
				  .operator_name =
					  contact_operator(hub->options.identity->operator)};
	const char *const *addresses = hub->options.dial_only ? NULL : hub->options.addresses;
	while (addresses && contact.address_count < LIMIT_ADDRESS_COUNT_MAX &&
	       addresses[contact.address_count]) {
		contact.addresses[contact.address_count] =
			bytes_str(addresses[contact.address_count]);
		contact.address_count++;
	}
	struct buf body;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	contact_put(&body, &contact);
	struct record_slot slot = record_slot_contact();
	struct author_state state;
	uint64_t sequence;
	struct digest hash;
	struct bytes whole;
	struct record record;
	bool same = !ledger_state(&hub->ledger, txn, hub->author, &state) &&
		    setdigest_get(txn, hub->author, state.incarnation, record_slot_bytes(&slot),
				  &sequence, &hash) &&
		    ledger_record(txn, hub->author, state.incarnation, sequence, &whole) &&
		    !record_decode(&record, whole) && bytes_eq(record.body, buf_bytes(&body));
	if (!same && hub->signing == SIGNING_YES) {
		enum err err =
			ledger_append(&hub->ledger, txn, RECORD_CONTACT, record_slot_bytes(&slot),
				      buf_bytes(&body), NULL, LEDGER_QUIET);
		if (err)
			txn_fail(txn, err);
	}
	buf_fini(&body);
}

/* The charter does not show this organisation, which was a member. */
static void place_none(struct hub *hub)
{
	const struct org_id *org = &hub->options.identity->org;
	bool removed = false;
	for (uint32_t n = 1; n <= hub->charter.member_count; n++)
		removed = removed || id_eq(&charter_member(&hub->charter, n)->org, org);
	if (removed) {
		why_set(hub->place_why, "%s is no member of %s any more.", hub_own_name(hub),
			hub->charter.name);
	} else {
		why_set(hub->place_why,
			"the charter entry that admitted %s does not count: there are two of one "
			"number, and the members have to settle it.",
			hub_own_name(hub));
	}
	hub->place = removed ? PLACE_FORMER : PLACE_UNSETTLED;
	hub_place_lost(hub);
}

/* What the own log says of this node; false: it is not active in it, and why says so. */
static bool own_node_active(struct hub *hub, struct txn *txn, char why[WHY_LEN])
{
	const struct identity *identity = hub->options.identity;
	struct orglog log;
	if (orglog_load(txn, &identity->org, &log))
		return true; /* said by who opens the store */
	const struct orglog_node *node = orglog_node(&log, identity->node_index);
	const bool listed = node && id_eq(&node->sign, &identity->sign_pk);
	const bool active = listed && node->state == ORGLOG_NODE_ACTIVE;
	if (!listed)
		why_set(why,
			"this machine is not in the log of %s that counts: another entry counts "
			"in the place of the one that added it. Make it anew with `allmende init "
			"--node`, and add it again. It asks once an hour whether it is back.",
			hub_own_name(hub));
	else if (!active)
		why_set(why,
			"node %u of %s, which is this machine, was %s by the log of the "
			"organisation: it publishes nothing, and asks once an hour whether it is "
			"back. If nobody of %s has done so, the root key is stolen: see `allmende "
			"help root bind`.",
			identity->node_index, hub_own_name(hub),
			node->state == ORGLOG_NODE_LOST ? "given up as lost" : "retired",
			hub_own_name(hub));
	orglog_fini(&log);
	return active;
}

static void place_out(struct hub *hub, const char *why)
{
	const bool news = hub->place != PLACE_OUT;
	why_set(hub->place_why, "%s", why);
	hub->place = PLACE_OUT;
	hub_place_lost(hub);
	if (news && hub->effects) {
		struct note *note = hub_note(hub, NOTE_OUT);
		snprintf(note->text, sizeof(note->text), "%.300s", why);
	}
}

void membership_own_place(struct hub *hub, struct txn *txn)
{
	const struct identity *identity = hub->options.identity;
	const struct charter_member *member = charter_by_org(&hub->charter, &identity->org);
	char why[WHY_LEN];
	if ((hub->place == PLACE_MEMBER || hub->place == PLACE_OUT) &&
	    (!member || (hub->author && member->number != author_member(hub->author))))
		place_none(hub);
	if (!member)
		return;
	if (!own_node_active(hub, txn, why)) {
		if (hub->author || hub->place != PLACE_OUT)
			place_out(hub, why);
		return;
	}
	if (hub->author)
		return;
	if (hub->place == PLACE_OUT)
		start_again(hub);
	hub->author = author_of(member->number, identity->node_index);
	ledger_own(&hub->ledger, hub->author, secret_key(identity->sign));
	contact_update(hub, txn);
	if (hub->effects) {
		hub_effect(hub, EFFECT_CERTIFICATE, 0);
		struct note *note = hub_note(hub, NOTE_JOINED);
		note->author = hub->author;
		snprintf(note->text, sizeof(note->text), "%s", hub->charter.name);
	}
	hub->place_why[0] = 0;
	hub->place = PLACE_MEMBER;
	hub->place_before = PLACE_NONE;
}

void membership_signing(struct hub *hub, struct txn *txn)
{
	hub->voting->looked = false;
	nodes_follow(hub, txn);
	if (hub->author)
		contact_update(hub, txn);
}

void membership_charter_changed(struct hub *hub, struct txn *txn)
{
	hub->charter_news = false;
	logs_forget(hub);
	hub_forget(hub, 0);
	if (log_bind_charter(hub, txn))
		log_fork_own_changed(hub, txn);
	hub->charter_news = false;
	membership_own_place(hub, txn);
	fedkeys_charter_changed(hub, txn);
	fork_tell_all(hub, txn);
	peers_classify(hub, txn);
	nodes_follow(hub, txn);
	for (size_t i = 0; hub_is_out(hub) && i < hub->peers.count; i++)
		if (hub->peers.items[i]->up)
			logs_own_ask(hub, txn, hub->peers.items[i]);
	if (logs_orglogs_here(hub, txn))
		sync_hello_all(hub, txn);
}

enum err membership_open(struct hub *hub, struct txn *txn)
{
	if (logs_own_entry(hub, txn))
		return ERR_CORRUPT;
	log_bind_charter(hub, txn);
	membership_own_place(hub, txn);
	return hub->own_entry.err;
}

void membership_join_open(struct hub *hub, struct txn *txn)
{
	joining_open(hub, txn);
	if (hub->charter.number > 0 && !hub->author && !hub->invitation && !hub_is_out(hub))
		place_none(hub);
}

void membership_close(struct hub *hub)
{
	joining_close(hub);
	buf_fini(&hub->own_entry);
}

/* ---- queries ---- */

static enum membership_state state_of(const struct hub *hub)
{
	if (hub->author)
		return MEMBERSHIP_MEMBER;
	if (hub_joining(hub))
		return MEMBERSHIP_JOINING;
	return hub_is_out(hub) || hub->place == PLACE_UNSETTLED ? MEMBERSHIP_FORMER
								: MEMBERSHIP_NONE;
}

void membership_status(struct hub *hub, struct membership_status *out)
{
	*out = (struct membership_status){.author = hub->author,
					  .member_number = author_member(hub->author),
					  .federation_key_number = hub->charter.key_number};
	out->state = state_of(hub);
	out->charter = hub->charter.number ? &hub->charter : NULL;
	out->frozen_number = fork_number(hub);
	const struct charter_member *own = hub_author_member(hub, hub->author);
	out->relay = own && own->state == CHARTER_RELAY;
	out->has_federation_key = fedkeys_get(hub, hub->charter.key_number) != NULL;
	memcpy(out->why, hub->place_why, sizeof(out->why));
	out->waiting = hub->place == PLACE_WAITING;
	joining_words(hub, out->words);
}

/*
 * How much a state asks for attention. A node that was never heard of says nothing as long as
 * another one does.
 */
static int attention(enum ledger_completeness completeness)
{
	static const int of[] = {[LEDGER_NONE] = 0,    [LEDGER_COMPLETE] = 1, [LEDGER_STALE] = 2,
				 [LEDGER_PARTIAL] = 3, [LEDGER_HELD] = 4,     [LEDGER_OVER] = 5,
				 [LEDGER_DISPUTED] = 6};
	return of[completeness];
}

/* Adds one node of a member. */
static void member_node_add(struct hub *hub, struct txn *txn, uint32_t author,
			    enum ledger_completeness *worst, struct member_state *out)
{
	struct author_state state;
	out->linked = out->linked || peers_by_author(hub, author) != NULL;
	if (ledger_state(&hub->ledger, txn, author, &state))
		return;
	enum ledger_completeness completeness = ledger_completeness(&state, hub->judge_ms);
	if (attention(completeness) > attention(*worst)) {
		*worst = completeness;
		out->author = author;
	}
	out->missing += ledger_missing(&state);
	if (state.head_time_ms > out->head_time_ms)
		out->head_time_ms = state.head_time_ms;
	out->record_count += state.live_count;
}

void membership_member(struct hub *hub, struct txn *txn, int64_t now_ms, uint32_t member_number,
		       struct member_state *out)
{
	static const char *const names[] = {
		[LEDGER_NONE] = "unknown",     [LEDGER_COMPLETE] = "complete",
		[LEDGER_PARTIAL] = "partial",  [LEDGER_STALE] = "stale",
		[LEDGER_HELD] = "held back",   [LEDGER_OVER] = "over quota",
		[LEDGER_DISPUTED] = "disputed"};
	const struct charter_member *member = charter_member(&hub->charter, member_number);
	enum ledger_completeness worst = LEDGER_NONE;
	struct orglog log;
	*out = (struct member_state){.author = author_of(member_number, 0)};
	out->self = author_member(hub->author) == member_number;
	if (!orglog_load(txn, &member->org, &log)) {
		for (size_t i = 0; i < log.node_count; i++) {
			if (log.nodes[i].state == ORGLOG_NODE_ACTIVE)
				member_node_add(hub, txn,
						author_of(member_number, log.nodes[i].index),
						&worst, out);
		}
	}
	orglog_fini(&log);
	out->state = names[worst];
}
