#include "proto/membership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter_entry.h"
#include "proto/contact.h"
#include "proto/core_state.h"
#include "proto/fork.h"
#include "proto/words.h"

enum { MEMBERSHIP_ANSWER_LEN_MAX = 512 * 1024 }; /* of one CHARTER or ORGLOG message */

static const char join_name[] = "join"; /* META row: text of the invitation in use */

/* ---- own place in the federation ---- */

/* Tells others where this node may be dialled, if that has changed. */
static void contact_update(struct core *core, struct txn *txn)
{
	struct contact contact = {.software = bytes_str(core->options.software),
				  .operator_name =
					  contact_operator(core->options.identity->operator)};
	const char *const *addresses = core->options.dial_only ? NULL : core->options.addresses;
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
	bool same = ledger_state(&core->ledger, txn, core->author, &state) == ERR_OK &&
		    setdigest_get(txn, core->author, state.incarnation, record_slot_bytes(&slot),
				  &sequence, &hash) &&
		    ledger_record(txn, core->author, state.incarnation, sequence, &whole) &&
		    record_decode(&record, whole) == ERR_OK &&
		    bytes_eq(record.body, buf_bytes(&body));
	if (!same) {
		enum err err =
			ledger_append(&core->ledger, txn, RECORD_CONTACT, record_slot_bytes(&slot),
				      buf_bytes(&body), NULL, LEDGER_QUIET);
		if (err != ERR_OK)
			txn_fail(txn, err);
	}
	buf_fini(&body);
}

static void invitation_drop(struct core *core, struct txn *txn)
{
	struct membership *membership = &core->membership;
	struct row_key row = key_name(join_name);
	txn_del(txn, TABLE_META, row_key_bytes(&row));
	if (membership->invitation)
		invitation_wipe(membership->invitation);
	free(membership->invitation);
	membership->invitation = NULL;
	membership->joining = false;
	membership->admitted = false;
	membership->waiting = false;
	peers_invitation_done(core);
}

void membership_place_lost(struct core *core)
{
	core->author = 0;
	ledger_own(&core->ledger, 0, NULL);
	if (core->effects)
		core_effect(core, EFFECT_CERTIFICATE, 0);
}

enum err membership_check(const struct core *core, char *why)
{
	if (core->author)
		return ERR_OK;
	if (core->membership.former) {
		why_set(why, "%s", core->membership.why);
		return ERR_DENIED;
	}
	why_set(why, "this node is not in a federation yet: found one with `allmende federation "
		     "create --name NAME`, or join one with `allmende federation join TEXT`.");
	return ERR_ABSENT;
}

/* The charter does not show this organisation, which was a member. */
static void place_none(struct core *core)
{
	const struct org_id *org = &core->options.identity->org;
	bool removed = false;
	for (uint32_t n = 1; n <= core->charter.member_count; n++)
		removed = removed || id_eq(&charter_member(&core->charter, n)->org, org);
	if (removed) {
		why_set(core->membership.why, "%s is no member of %s any more.",
			core->options.identity->name, core->charter.name);
	} else {
		why_set(core->membership.why,
			"the charter entry that admitted %s does not count: there are two of one "
			"number, and the members have to settle it.",
			core->options.identity->name);
	}
	core->membership.former = true;
	core->membership.admitted = !removed; /* fetches the charter as a guest */
	membership_place_lost(core);
}

/* Looks whether the charter, as it now stands, shows this organisation as a member. */
void membership_own_place(struct core *core, struct txn *txn)
{
	const struct identity *identity = core->options.identity;
	const struct charter_member *member = charter_by_org(&core->charter, &identity->org);
	if (core->author && (!member || member->number != author_member(core->author)))
		place_none(core);
	if (!member || core->author)
		return;
	core->author = author_of(member->number, identity->node_index);
	ledger_own(&core->ledger, core->author, secret_key(identity->sign));
	contact_update(core, txn);
	if (core->effects) {
		core_effect(core, EFFECT_CERTIFICATE, 0);
		struct note *note = core_note(core, NOTE_JOINED);
		note->author = core->author;
		snprintf(note->text, sizeof(note->text), "%s", core->charter.name);
	}
	core->membership.why[0] = 0;
	core->membership.joining = false;
	core->membership.admitted = false;
	core->membership.former = false;
}

void membership_charter_changed(struct core *core, struct txn *txn)
{
	core->membership.orglogs_here = 0;
	core_forget(core, 0);
	membership_own_place(core, txn);
	fedkeys_charter_changed(core, txn);
	fork_tell_all(core, txn);
	peers_classify(core, txn);
	if (membership_orglogs_here(core, txn))
		sync_hello_all(core, txn);
}

/* The invitation's address is the only one known until others have told theirs. */
void membership_compared(struct core *core, struct txn *txn)
{
	if (core->author && core->membership.invitation)
		invitation_drop(core, txn);
}

static enum err join_load(struct core *core, struct txn *txn)
{
	struct membership *membership = &core->membership;
	struct row_key row = key_name(join_name);
	struct bytes text;
	if (!txn_get(txn, TABLE_META, row_key_bytes(&row), &text))
		return ERR_OK;
	membership->invitation = mem_new(1, sizeof(*membership->invitation));
	if (invitation_get(membership->invitation, text) != ERR_OK) {
		why_set(membership->why,
			"the invitation in this directory can not be read; ask for a new one");
		invitation_drop(core, txn);
		return ERR_OK;
	}
	membership->joining = !core->author;
	core->has_fed = true;
	peers_invitation(core, membership->invitation->address, &membership->invitation->transport);
	return ERR_OK;
}

enum err membership_open(struct core *core, struct txn *txn)
{
	struct membership *membership = &core->membership;
	const struct identity *identity = core->options.identity;
	struct bytes entry;
	buf_init(&membership->own_entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	if (!orglog_entry(txn, &identity->org, orglog_number(txn, &identity->org), &entry))
		return ERR_CORRUPT;
	buf_add(&membership->own_entry, entry);
	enum err err = fedkeys_load(core, txn);
	if (err != ERR_OK)
		return err;
	membership_own_place(core, txn);
	fedkeys_charter_changed(core, txn);
	err = nodes_open(core, txn);
	if (err == ERR_OK)
		err = join_load(core, txn);
	if (err == ERR_OK && core->charter.number > 0 && !core->author && !membership->invitation)
		place_none(core);
	return err;
}

void membership_close(struct core *core)
{
	struct membership *membership = &core->membership;
	if (membership->invitation)
		invitation_wipe(membership->invitation);
	free(membership->invitation);
	nodes_close(core);
	for (size_t i = 0; i < membership->fed_key_count; i++)
		secret_close(membership->fed_keys[i]);
	free(membership->fed_keys);
	buf_fini(&membership->own_entry);
}

/* ---- joining ---- */

enum err membership_join(struct core *core, struct txn *txn, int64_t now_ms, const char *text,
			 char *why)
{
	struct membership *membership = &core->membership;
	const struct identity *identity = core->options.identity;
	struct invitation *invitation = mem_new(1, sizeof(*invitation));
	enum err err = ERR_OK;
	if (core->author) {
		why_set(why,
			"this node belongs to the federation \"%s\" already; a directory belongs "
			"to one "
			"federation.",
			core->charter.name);
		err = ERR_EXISTS;
	} else if ((err = invitation_get(invitation, bytes_str(text))) != ERR_OK) {
		why_set(why, "%s",
			err == ERR_DENIED ? "the invitation is incomplete or mistyped: copy its "
					    "whole line again."
			: err == ERR_VERSION
				? "the invitation is of a newer version: update this program."
				: "this is not an invitation: it begins with \"allmende1-\".");
		err = ERR_CONFIG;
	} else if (core->charter.number > 0 && !id_eq(&core->charter.fed, &invitation->fed)) {
		why_set(why,
			"this node has been let in by the federation \"%s\" already; a directory "
			"belongs to one federation: make another with `allmende init -d DIR`.",
			core->charter.name);
		err = ERR_EXISTS;
	} else if (invitation->valid_until_ms < now_ms) {
		why_set(why, "the invitation has expired: ask for a new one.");
		err = ERR_CONFIG;
	} else if (strcmp(invitation->slug, identity->slug) ||
		   strcmp(invitation->ags, identity->ags) ||
		   strcmp(invitation->name, identity->name)) {
		why_set(why,
			"the invitation is for %s (%s, %s), this node is %s (%s, %s): ask for one "
			"in this name.",
			invitation->name, invitation->slug, invitation->ags, identity->name,
			identity->slug, identity->ags);
		err = ERR_DENIED;
	}
	if (err == ERR_OK) {
		struct row_key row = key_name(join_name);
		if (membership->joining)
			invitation_drop(core, txn);
		txn_put(txn, TABLE_META, row_key_bytes(&row), bytes_str(text));
		membership->why[0] = 0;
		err = join_load(core, txn);
		core_effect(core, EFFECT_CERTIFICATE, 0);
		/* Perhaps the steward is linked already. */
		for (size_t i = 0; i < core->peer_count; i++) {
			if (core->peers[i]->up)
				membership_up(core, txn, core->peers[i]);
		}
	}
	invitation_wipe(invitation);
	free(invitation);
	return err;
}

void membership_up(struct core *core, struct txn *txn, struct peer *peer)
{
	struct membership *membership = &core->membership;
	const struct charter_member *member = charter_by_org(&core->charter, &peer->org);
	struct buf request, out;
	if (peer->class == PEER_GUEST && member) /* with keys not known here yet */
		membership_orglog_ask(core, peer, &member->org,
				      orglog_number(txn, &member->org) + 1);
	if (!membership->joining || !id_eq(&peer->key, &membership->invitation->transport))
		return;
	/* PROTOCOL: "The new node does not send JOIN: its organisation is a member." */
	if (core->options.identity->handover) {
		membership->admitted = true;
		sync_hello(core, txn, peer);
		return;
	}
	struct key seed;
	if (identity_root_sign_seed(&seed, core->options.identity) != ERR_OK) {
		why_set(membership->why,
			"the root key is not on this machine, so the request to join can "
			"not be signed");
		return;
	}
	buf_init(&request, LIMIT_JOIN_REQUEST_LEN_MAX);
	join_request_make(&request, membership->invitation, buf_bytes(&membership->own_entry),
			  core->options.dial_only ? NULL : core->options.addresses, &seed);
	key_wipe(&seed);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join(&out, buf_bytes(&request));
	if (request.err != ERR_OK && out.err == ERR_OK)
		out.err = request.err;
	buf_fini_wipe(&request);
	core_send(core, peer, &out);
}

static void join_failed_note(struct core *core)
{
	struct note *note = core_note(core, NOTE_JOIN_FAILED);
	snprintf(note->text, sizeof(note->text), "%.300s", core->membership.why);
}

/* With this invitation it will not work; membership.why says why. A new one may be used at once. */
static void join_end(struct core *core, struct txn *txn, struct peer *peer)
{
	join_failed_note(core);
	invitation_drop(core, txn);
	core->has_fed = false;
	core_effect(core, EFFECT_CERTIFICATE, 0);
	core_close_link(core, peer, LINK_REASON_DONE);
}

static void join_answer_take(struct core *core, struct txn *txn, struct peer *peer,
			     const struct message *m)
{
	struct membership *membership = &core->membership;
	if (!membership->joining || !id_eq(&peer->key, &membership->invitation->transport))
		return;
	if (m->code == MESSAGE_JOIN_ADMITTED) {
		membership->admitted = true;
		membership->waiting = false;
		membership->why[0] = 0;
		sync_hello(core, txn, peer);
		return;
	}
	membership->waiting = m->code == MESSAGE_JOIN_WAITING;
	peer->waits = membership->waiting;
	if (membership->waiting) {
		membership->why[0] = 0; /* nothing is wrong */
		return;
	}
	why_set(membership->why, "%s did not let us in: %.*s", membership->invitation->fed_name,
		(int)m->text.len, (const char *)m->text.ptr);
	if (m->code == MESSAGE_JOIN_BUSY)
		join_failed_note(core); /* asked again when the link comes back */
	else
		join_end(core, txn, peer);
}

/* ---- charter and organisation logs ---- */

static void charter_get(struct core *core, struct txn *txn, struct peer *peer, uint32_t first)
{
	struct message_list list = message_list_begin(MESSAGE_CHARTER);
	struct bytes entry;
	for (uint32_t n = first; list.items.len < MEMBERSHIP_ANSWER_LEN_MAX; n++) {
		if (!charter_entry(txn, n, &entry))
			break;
		message_list_bin(&list, entry);
	}
	core_send_list(core, peer, &list);
}

/*
 * PROTOCOL: "Nobody goes below a charter number it has seen, but by section 4.4, or below its
 * checkpoint."
 */
bool membership_checkpoint_ok(const struct core *core, struct bytes whole)
{
	const struct invitation *invitation = core->membership.invitation;
	struct charter_entry entry;
	if (!invitation)
		return true;
	if (charter_entry_decode(&entry, whole) != ERR_OK)
		return false;
	if (entry.number == 1 && !bytes_eq(id_bytes(&entry.id), id_bytes(&invitation->fed)))
		return false;
	return entry.number != invitation->charter_number ||
	       id_eq(&entry.id, &invitation->charter_entry_id);
}

void membership_charter_ask(struct core *core, struct peer *peer, uint32_t first)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_charter_get(&out, first);
	peer->sync.charter_asked = true;
	peer->sync.charter_first = first;
	core_send(core, peer, &out);
}

/* False when no more of this answer is to be taken. */
static bool charter_entry_take(struct core *core, struct txn *txn, struct peer *peer,
			       struct bytes entry, bool *progress)
{
	if (!membership_checkpoint_ok(core, entry)) {
		why_set(core->membership.why,
			"the charter at %s is not the one that the invitation names: ask for a new "
			"one.",
			core->membership.invitation->address);
		join_end(core, txn, peer);
		return false;
	}
	enum err err = fork_accept(core, txn, entry, peer->link);
	*progress = *progress || err == ERR_OK;
	if (err == ERR_OK)
		return !core->charter.frozen;
	if (err == ERR_BUSY)
		return false;
	if (err == ERR_EXISTS) {
		if (fork_follow(core, txn, peer, entry)) {
			*progress = true;
			return true;
		}
		fork_answer(core, txn, peer, entry);
		return peer->sync.fork_told == 0;
	}
	/*
	 * PROTOCOL: "An entry that does not follow the own one of the number before, or is another than
	 * the own one of its number, is a reason to ask for the charter from entry 2 on, once for each
	 * charter number the peer shows"
	 */
	if (err == ERR_AGAIN && peer->sync.charter_again != peer->sync.charter_here) {
		peer->sync.charter_again = peer->sync.charter_here;
		membership_charter_ask(core, peer, 2);
		return false;
	}
	/* No more of this peer's: to find that an entry does not count costs a reading of the whole charter. */
	if (err != ERR_AGAIN)
		core_peer_bad(core, peer, LINK_REASON_PROTOCOL,
			      "a charter entry that is not valid");
	return false;
}

/* All of an answer was known: the next ones may differ. */
static void charter_go_on(struct core *core, struct peer *peer, uint32_t count)
{
	uint32_t next = peer->sync.charter_first + count;
	if (count > 0 && next <= core->charter.number && peer->sync.charter_again)
		membership_charter_ask(core, peer, next);
}

static void charter_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct bytes entry;
	bool progress = false, all = true;
	if (!peer->sync.charter_asked || (!core->author && !core->membership.admitted))
		return;
	peer->sync.charter_asked = false;
	while (all && message_next_bin(m, &entry))
		all = charter_entry_take(core, txn, peer, entry, &progress);
	if (!progress) {
		if (all)
			charter_go_on(core, peer, m->count);
		if (peer->up && sync_stranger(core, peer) && !peer->sync.charter_asked)
			core_close_link(core, peer, LINK_REASON_NOT_MEMBER);
		return;
	}
	core->has_fed = true;
	sync_progress(core, peer);
	membership_charter_changed(core, txn);
	if (core->charter.number < peer->sync.charter_here && !core->charter.frozen)
		membership_charter_ask(core, peer, core->charter.number + 1);
	else
		membership_orglogs_ask(core, txn, peer);
}

void membership_orglog_ask(struct core *core, struct peer *peer, const struct org_id *org,
			   uint32_t first)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	message_list_org(&list, org, first);
	peer->sync.orglog_asked++;
	core_send_list(core, peer, &list);
}

/* Members whose organisation log is not here, appended to list. */
static void orglogs_missing(struct core *core, struct txn *txn, struct message_list *list)
{
	struct membership *membership = &core->membership;
	/* What is here stays here, so one look for each charter number is enough. */
	if (membership->orglogs_here == core->charter.number)
		return;
	for (uint32_t n = 1; n <= core->charter.member_count; n++) {
		const struct charter_member *member = charter_member(&core->charter, n);
		if (charter_is_present(member) && list->count < MESSAGE_LIST_COUNT_MAX &&
		    orglog_number(txn, &member->org) == 0)
			message_list_org(list, &member->org, 1);
	}
	if (list->count == 0 && txn_err(txn) == ERR_OK)
		membership->orglogs_here = core->charter.number;
}

bool membership_orglogs_here(struct core *core, struct txn *txn)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	orglogs_missing(core, txn, &list);
	buf_fini(&list.items);
	return list.count == 0;
}

bool membership_orglogs_ask(struct core *core, struct txn *txn, struct peer *peer)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	orglogs_missing(core, txn, &list);
	if (list.count == 0) {
		buf_fini(&list.items);
		return true;
	}
	peer->sync.orglog_asked++;
	core_send_list(core, peer, &list);
	return false;
}

static void orglog_get(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG);
	struct org_id org;
	uint32_t number;
	struct bytes entry;
	while (message_next_org(m, &org, &number)) {
		while (number > 0 && list.items.len < MEMBERSHIP_ANSWER_LEN_MAX &&
		       orglog_entry(txn, &org, number, &entry)) {
			message_list_entry(&list, &org, entry);
			number++;
		}
	}
	core_send_list(core, peer, &list);
}

static void orglog_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct org_id org;
	struct bytes entry;
	bool progress = false;
	if (peer->sync.orglog_asked == 0)
		return;
	peer->sync.orglog_asked--;
	while (message_next_entry(m, &org, &entry)) {
		bool forked = false;
		const struct charter_member *member = charter_by_org(&core->charter, &org);
		if (!member)
			continue;
		enum err err = orglog_accept(txn, &org, entry, &forked);
		if (forked)
			core_note(core, NOTE_EVIDENCE)->author = author_of(member->number, 0);
		if (err == ERR_EXISTS)
			continue;
		if (err != ERR_OK) {
			core_peer_bad(core, peer, LINK_REASON_PROTOCOL,
				      "an organisation log entry that is not valid");
			break;
		}
		core_forget(core, member->number);
		progress = true;
	}
	if (!progress)
		return;
	peers_classify(core, txn);
	if (membership_orglogs_ask(core, txn, peer))
		sync_hello_all(core, txn);
}

void membership_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	if (m->type == MESSAGE_CHARTER_GET)
		charter_get(core, txn, peer, m->number);
	else if (m->type == MESSAGE_CHARTER)
		charter_take(core, txn, peer, m);
	else if (m->type == MESSAGE_ORGLOG_GET)
		orglog_get(core, txn, peer, m);
	else if (m->type == MESSAGE_ORGLOG)
		orglog_take(core, txn, peer, m);
	else if (m->type == MESSAGE_JOIN)
		admission_take(core, txn, peer, m);
	else if (m->type == MESSAGE_JOIN_ANSWER)
		join_answer_take(core, txn, peer, m);
}

/* ---- queries ---- */

void membership_status(struct core *core, struct membership_status *out)
{
	*out = (struct membership_status){.author = core->author,
					  .member_number = author_member(core->author),
					  .federation_key_number = core->charter.key_number};
	out->state = core->author               ? MEMBERSHIP_MEMBER
		     : core->membership.joining ? MEMBERSHIP_JOINING
		     : core->membership.former  ? MEMBERSHIP_FORMER
						: MEMBERSHIP_NONE;
	out->charter = core->charter.number ? &core->charter : NULL;
	out->frozen_number = fork_number(core);
	const struct charter_member *own = core_author_member(core, core->author);
	out->relay = own && own->state == CHARTER_RELAY;
	out->has_federation_key = fedkeys_get(core, core->charter.key_number) != NULL;
	memcpy(out->why, core->membership.why, sizeof(out->why));
	out->waiting = core->membership.waiting;
	if (core->membership.joining)
		words_of(out->words, &core->membership.invitation->fed,
			 &core->options.identity->org);
}

/* How much a state asks for attention. A node that was never heard of says nothing as long as another one does. */
static int attention(enum ledger_completeness completeness)
{
	static const int of[] = {[LEDGER_NONE] = 0,
				 [LEDGER_COMPLETE] = 1,
				 [LEDGER_STALE] = 2,
				 [LEDGER_PARTIAL] = 3,
				 [LEDGER_DISPUTED] = 4};
	return of[completeness];
}

/* Adds one node of a member. */
static void member_add(struct core *core, struct txn *txn, uint32_t author,
		       enum ledger_completeness *worst, struct member_state *out)
{
	struct author_state state;
	out->linked = out->linked || peers_by_author(core, author) != NULL;
	if (ledger_state(&core->ledger, txn, author, &state) != ERR_OK)
		return;
	enum ledger_completeness completeness = ledger_completeness(&state, core->now_ms);
	if (attention(completeness) > attention(*worst)) {
		*worst = completeness;
		out->author = author;
	}
	out->missing += completeness == LEDGER_PARTIAL ? ledger_missing(&state) : 0;
	if (state.head_time_ms > out->head_time_ms)
		out->head_time_ms = state.head_time_ms;
	out->record_count += state.live_count;
}

void membership_member(struct core *core, struct txn *txn, int64_t now_ms, uint32_t member_number,
		       struct member_state *out)
{
	static const char *const names[] = {[LEDGER_NONE] = "unknown",
					    [LEDGER_COMPLETE] = "complete",
					    [LEDGER_PARTIAL] = "partial",
					    [LEDGER_STALE] = "stale",
					    [LEDGER_DISPUTED] = "disputed"};
	const struct charter_member *member = charter_member(&core->charter, member_number);
	enum ledger_completeness worst = LEDGER_NONE;
	struct orglog log;
	*out = (struct member_state){.author = author_of(member_number, 0)};
	out->self = author_member(core->author) == member_number;
	if (orglog_load(txn, &member->org, &log) == ERR_OK) {
		for (size_t i = 0; i < log.node_count; i++) {
			if (log.nodes[i].state == ORGLOG_NODE_ACTIVE)
				member_add(core, txn, author_of(member_number, log.nodes[i].index),
					   &worst, out);
		}
	}
	orglog_fini(&log);
	out->state = names[worst];
}
