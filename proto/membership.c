#include "proto/membership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/contact.h"
#include "proto/core_state.h"

enum { MEMBERSHIP_ANSWER_LEN_MAX = 512 * 1024 }; /* of one CHARTER or ORGLOG message */

static const char join_name[] = "join"; /* META row: text of the invitation in use */

/* ---- own place in the federation ---- */

/* Tells others where this node may be dialled, if that has changed. */
static void contact_update(struct core *core, struct txn *txn)
{
	struct contact contact = {.software = bytes_str(core->options.software)};
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
				      buf_bytes(&body), NULL, NULL);
		if (err != ERR_OK)
			txn_fail(txn, err);
		core->head_due = true;
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
	peers_invitation_done(core);
}

/* Looks whether the charter, as it now stands, shows this organisation as a member. */
void membership_own_place(struct core *core, struct txn *txn)
{
	const struct identity *identity = core->options.identity;
	const struct charter_member *member = charter_by_org(&core->charter, &identity->org);
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
	membership->joining = true;
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
	if (charter_by_org(&core->charter, &identity->org)) {
		membership_own_place(core, txn);
		return ERR_OK;
	}
	return join_load(core, txn);
}

void membership_close(struct core *core)
{
	struct membership *membership = &core->membership;
	if (membership->invitation)
		invitation_wipe(membership->invitation);
	free(membership->invitation);
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
	if (peer->class == PEER_GUEST && member) { /* a member with keys not known here yet */
		struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
		message_list_org(&list, &member->org, orglog_number(txn, &member->org) + 1);
		core_send_list(core, peer, &list);
	}
	if (!membership->joining || !id_eq(&peer->key, &membership->invitation->transport))
		return;
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

static void join_answer_take(struct core *core, struct txn *txn, struct peer *peer,
			     const struct message *m)
{
	struct membership *membership = &core->membership;
	if (!membership->joining || !id_eq(&peer->key, &membership->invitation->transport))
		return;
	if (m->code == ERR_OK) {
		membership->admitted = true;
		sync_hello(core, txn, peer);
		return;
	}
	why_set(membership->why, "%s did not let us in: %.*s", membership->invitation->fed_name,
		(int)m->text.len, (const char *)m->text.ptr);
	struct note *note = core_note(core, NOTE_JOIN_FAILED);
	snprintf(note->text, sizeof(note->text), "%.300s", membership->why);
	if (m->code == ERR_BUSY)
		return; /* asked again when the link comes back */
	invitation_drop(core, txn);
	core->has_fed = false;
	core_effect(core, EFFECT_CERTIFICATE, 0);
	core_close_link(core, peer, LINK_REASON_DONE);
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

/* PROTOCOL: "Nobody goes below a charter number it has seen, or below its checkpoint." */
static bool checkpoint_ok(const struct core *core, struct bytes entry)
{
	const struct invitation *invitation = core->membership.invitation;
	struct digest id;
	if (!invitation)
		return true;
	if (charter_entry_id(&id, entry) != ERR_OK)
		return false;
	if (core->charter.number == 0 && !bytes_eq(id_bytes(&id), id_bytes(&invitation->fed)))
		return false;
	return core->charter.number + 1 != invitation->charter_number ||
	       id_eq(&id, &invitation->charter_entry_id);
}

static void charter_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct bytes entry;
	bool progress = false;
	if (!core->author && !core->membership.admitted)
		return;
	while (message_next_bin(m, &entry)) {
		bool forked = false;
		enum err err = checkpoint_ok(core, entry)
				       ? charter_accept(txn, &core->charter, entry, &forked)
				       : ERR_PROTOCOL;
		if (forked)
			core_note(core, NOTE_EVIDENCE)->link = peer->link;
		if (err == ERR_EXISTS)
			continue;
		if (err != ERR_OK) {
			core_close_link(core, peer, LINK_REASON_PROTOCOL);
			return;
		}
		progress = true;
	}
	if (!progress)
		return;
	core->has_fed = true;
	ledger_forget(&core->ledger, 0);
	membership_own_place(core, txn);
	peers_classify(core, txn);
	if (core->charter.number < peer->sync.charter_here) {
		struct buf out;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_charter_get(&out, core->charter.number + 1);
		core_send(core, peer, &out);
	} else if (membership_orglogs_ask(core, txn, peer)) {
		sync_hello_all(core, txn);
	}
}

bool membership_orglogs_here(struct core *core, struct txn *txn)
{
	for (uint32_t n = 1; n <= core->charter.member_count; n++) {
		const struct charter_member *member = charter_member(&core->charter, n);
		if (member->state == CHARTER_MEMBER && orglog_number(txn, &member->org) == 0)
			return false;
	}
	return true;
}

bool membership_orglogs_ask(struct core *core, struct txn *txn, struct peer *peer)
{
	struct message_list list = message_list_begin(MESSAGE_ORGLOG_GET);
	struct buf out;
	for (uint32_t n = 1; n <= core->charter.member_count; n++) {
		const struct charter_member *member = charter_member(&core->charter, n);
		if (member->state == CHARTER_MEMBER && orglog_number(txn, &member->org) == 0)
			message_list_org(&list, &member->org, 1);
	}
	bool none = list.count == 0;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	if (none)
		buf_fini(&out);
	else
		core_send(core, peer, &out);
	return none;
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
			core_close_link(core, peer, LINK_REASON_PROTOCOL);
			return;
		}
		ledger_forget(&core->ledger, member->number);
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
						: MEMBERSHIP_NONE;
	out->charter = core->charter.number ? &core->charter : NULL;
	out->has_federation_key = fedkeys_get(core, core->charter.key_number) != NULL;
	memcpy(out->why, core->membership.why, sizeof(out->why));
}

void membership_member(struct core *core, struct txn *txn, int64_t now_ms, uint32_t member_number,
		       struct member_state *out)
{
	static const char *const names[] = {[LEDGER_NONE] = "unknown",
					    [LEDGER_COMPLETE] = "complete",
					    [LEDGER_PARTIAL] = "partial",
					    [LEDGER_STALE] = "stale",
					    [LEDGER_DISPUTED] = "disputed"};
	struct author_state state;
	*out = (struct member_state){.author = author_of(member_number, 0), .state = "unknown"};
	out->self = author_member(core->author) == member_number;
	out->linked = peers_by_author(core, out->author) != NULL;
	if (ledger_state(&core->ledger, txn, out->author, &state) != ERR_OK)
		return;
	enum ledger_completeness completeness = ledger_completeness(&state, now_ms);
	out->state = names[completeness];
	out->missing = completeness == LEDGER_PARTIAL ? ledger_missing(&state) : 0;
	out->head_time_ms = state.head_time_ms;
	out->record_count = state.live_count;
}
