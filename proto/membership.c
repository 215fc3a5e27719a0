#include "proto/membership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/wrap.h"
#include "proto/contact.h"
#include "proto/core_state.h"
#include "proto/keywrap.h"

enum { MEMBERSHIP_ANSWER_LEN_MAX = 512 * 1024 }; /* of one CHARTER or ORGLOG message */

static const int64_t invitation_ms = 7 * 24 * 3600 * (int64_t)1000;
static const char join_name[] = "join"; /* META row: text of the invitation in use */

/* ---- keys of the federation ---- */

const struct key *membership_fed_key(const struct core *core, uint64_t number)
{
	const struct membership *membership = &core->membership;
	if (number == 0 || number > membership->fed_key_count || !membership->fed_keys[number - 1])
		return NULL;
	return secret_key(membership->fed_keys[number - 1]);
}

static void fed_key_name(char name[32], uint64_t number)
{
	snprintf(name, 32, "fed-%llu", (unsigned long long)number);
}

/* Takes the secret. */
static void fed_key_keep(struct core *core, uint64_t number, struct secret *secret)
{
	struct membership *membership = &core->membership;
	if (number > membership->fed_key_count) {
		membership->fed_keys = mem_grow(membership->fed_keys, number, sizeof(secret));
		for (uint64_t i = membership->fed_key_count; i < number; i++)
			membership->fed_keys[i] = NULL;
		membership->fed_key_count = number;
	}
	secret_close(membership->fed_keys[number - 1]);
	membership->fed_keys[number - 1] = secret;
}

static void fed_key_store(struct core *core, struct txn *txn, uint64_t number,
			  const struct key *key)
{
	char name[32];
	struct buf sealed;
	fed_key_name(name, number);
	buf_init(&sealed, 256);
	keyring_seal(core->options.keyring, &sealed, name, bytes_of(key->b, KEY_LEN));
	struct row_key row = key_name(name);
	if (sealed.err == ERR_OK)
		txn_put(txn, TABLE_SEALED, row_key_bytes(&row), buf_bytes(&sealed));
	else
		txn_fail(txn, sealed.err);
	buf_fini(&sealed);
	fed_key_keep(core, number, secret_open(bytes_of(key->b, KEY_LEN)));
}

static enum err fed_keys_load(struct core *core, struct txn *txn)
{
	for (uint64_t n = 1; n <= core->charter.key_number; n++) {
		char name[32];
		struct bytes sealed;
		struct secret *secret;
		fed_key_name(name, n);
		struct row_key row = key_name(name);
		if (!txn_get(txn, TABLE_SEALED, row_key_bytes(&row), &sealed))
			continue;
		enum err err = keyring_unseal(core->options.keyring, &secret, name, sealed);
		if (err != ERR_OK)
			return err;
		if (secret_bytes(secret).len != KEY_LEN) {
			secret_close(secret);
			return ERR_CORRUPT;
		}
		fed_key_keep(core, n, secret);
	}
	return ERR_OK;
}

void membership_wrap_news(struct core *core, struct txn *txn, struct bytes whole)
{
	struct record record;
	struct keywrap wrap;
	struct digest commitment, expected;
	bool has_sealed;
	uint8_t sealed[FEDKEY_SEALED_LEN];
	if (record_decode(&record, whole) != ERR_OK || keywrap_get(&wrap, record.body) != ERR_OK ||
	    wrap.prefix.len || wrap.path.len || membership_fed_key(core, wrap.number) ||
	    !id_eq(&wrap.grantee, &core->options.identity->org) || wrap.number > UINT32_MAX)
		return;
	const struct charter_member *granter = core_author_member(core, record.author);
	if (!granter || fedkey_find(txn, wrap.number, &expected, &has_sealed, sealed) != ERR_OK)
		return;
	struct wrap_context context = {.granter = granter->org,
				       .grantee = wrap.grantee,
				       .prefix = wrap.prefix,
				       .number = wrap.number,
				       .path = wrap.path};
	struct key key;
	/* PROTOCOL: "it is believed when its commitment is the charter's." */
	if (wrap_open(&key, &wrap.wrap, secret_key(core->options.identity->wrap), &context) ==
	    ERR_OK) {
		fedkey_commitment(&commitment, &key, wrap.number);
		if (id_eq(&commitment, &expected)) {
			fed_key_store(core, txn, wrap.number, &key);
			core->transfer.scan_due = true;
		}
	}
	key_wipe(&key);
}

/* Publishes the federation key for one member. */
static void fed_key_wrap(struct core *core, struct txn *txn, const struct charter_member *member)
{
	struct orglog log;
	uint64_t number = core->charter.key_number;
	const struct key *key = membership_fed_key(core, number);
	if (!key || orglog_load(txn, &member->org, &log) != ERR_OK)
		return;
	struct keywrap wrap = {.grantee = member->org, .number = number};
	struct wrap_context context = {
		.granter = core->options.identity->org, .grantee = member->org, .number = number};
	enum err err = wrap_seal(&wrap.wrap, key, &log.wrap, &context, core->options.random);
	orglog_fini(&log);
	if (err != ERR_OK)
		return;
	struct buf body;
	buf_init(&body, LIMIT_RECORD_LEN_MAX);
	keywrap_put(&body, &wrap);
	struct record_slot slot = record_slot_wrap(&member->org, number, wrap.prefix, wrap.path);
	err = ledger_append(&core->ledger, txn, RECORD_WRAP, record_slot_bytes(&slot),
			    buf_bytes(&body), NULL, NULL);
	buf_fini(&body);
	if (err != ERR_OK)
		txn_fail(txn, err);
	core->head_due = true;
}

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
static void own_place(struct core *core, struct txn *txn)
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
	enum err err = fed_keys_load(core, txn);
	if (err != ERR_OK)
		return err;
	if (charter_by_org(&core->charter, &identity->org)) {
		own_place(core, txn);
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

/* ---- founding and admitting ---- */

/* Makes, votes and accepts one entry with this node's root key alone. */
static enum err entry_pass(struct core *core, struct txn *txn, const char *name, uint32_t voter,
			   const struct charter_change *changes, size_t count)
{
	struct buf payload, entry;
	struct key seed;
	struct charter_vote vote;
	enum err err = identity_root_sign_seed(&seed, core->options.identity);
	if (err != ERR_OK)
		return err;
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	uint32_t threshold = core->charter.number ? core->charter.threshold : 1;
	err = charter_payload_make(&payload, &core->charter, name, core->now_ms, threshold, changes,
				   count);
	if (err == ERR_OK) {
		charter_vote(&vote, &core->charter, voter, &seed, buf_bytes(&payload));
		charter_entry_make(&entry, buf_bytes(&payload), &vote, 1);
		err = entry.err;
	}
	if (err == ERR_OK)
		err = charter_accept(txn, &core->charter, buf_bytes(&entry), NULL);
	key_wipe(&seed);
	buf_fini(&payload);
	buf_fini(&entry);
	return err;
}

static void change_admit(struct charter_change *out, uint32_t number, const struct org_id *org,
			 const struct sign_pk *root, const char *name, const char *slug,
			 const char *ags)
{
	*out = (struct charter_change){.kind = CHARTER_ADMIT};
	out->member.number = number;
	out->member.org = *org;
	out->member.root = *root;
	snprintf(out->member.name, sizeof(out->member.name), "%s", name);
	snprintf(out->member.slug, sizeof(out->member.slug), "%s", slug);
	snprintf(out->member.ags, sizeof(out->member.ags), "%s", ags);
}

enum err membership_create(struct core *core, struct txn *txn, int64_t now_ms, const char *name,
			   char *why)
{
	const struct identity *identity = core->options.identity;
	struct orglog log;
	struct key key;
	if (core->has_fed) {
		why_set(why,
			"this node belongs to the federation \"%s\" already; a directory belongs "
			"to one "
			"federation: make another with `allmende init -d DIR`.",
			core->charter.number ? core->charter.name
					     : core->membership.invitation->fed_name);
		return ERR_EXISTS;
	}
	if (charter_terms_check(bytes_str(name), bytes_str(identity->slug),
				bytes_str(identity->ags)) != ERR_OK) {
		why_set(why, "\"%.100s\" is no name for a federation: use 1 to %d bytes of text.",
			name, LIMIT_NAME_LEN_MAX);
		return ERR_CONFIG;
	}
	enum err err = orglog_load(txn, &identity->org, &log);
	if (err != ERR_OK)
		return err;
	struct charter_change *changes = mem_new(3, sizeof(*changes));
	random_fill(core->options.random, key.b, sizeof(key.b));
	change_admit(&changes[0], 1, &identity->org, &log.root, identity->name, identity->slug,
		     identity->ags);
	changes[1].kind = CHARTER_STEWARDS;
	changes[1].stewards[0] = 1;
	changes[1].steward_count = 1;
	changes[2].kind = CHARTER_KEY;
	changes[2].key_number = 1;
	fedkey_commitment(&changes[2].key_commitment, &key, 1);
	orglog_fini(&log);
	err = entry_pass(core, txn, name, 1, changes, 3);
	free(changes);
	if (err == ERR_OK) {
		core->has_fed = true;
		fed_key_store(core, txn, 1, &key);
		own_place(core, txn);
	} else {
		why_set(why, "the federation could not be founded: %s.",
			err == ERR_ABSENT ? "the organisation's root key is not on this machine"
					  : err_text(err));
	}
	key_wipe(&key);
	return err;
}

static enum err steward_check(struct core *core, char *why)
{
	const struct identity *identity = core->options.identity;
	if (!core->author) {
		why_set(why, "this node is not in a federation yet: found one with `allmende "
			     "federation create "
			     "--name NAME`, or join one with `allmende federation join TEXT`.");
		return ERR_ABSENT;
	}
	if (!charter_is_steward(&core->charter, author_member(core->author)) ||
	    core->charter.threshold != 1) {
		const struct charter_member *steward =
			charter_member(&core->charter, core->charter.stewards[0]);
		why_set(why, "%s is not a steward who admits alone; ask %s to invite.",
			identity->name, steward ? steward->name : "a steward");
		return ERR_DENIED;
	}
	if (!identity->root) {
		why_set(why, "the root key of %s is not on this machine; invite where it is.",
			identity->name);
		return ERR_DENIED;
	}
	return ERR_OK;
}

enum err membership_invite(struct core *core, struct txn *txn, int64_t now_ms, const char *name,
			   const char *slug, const char *ags, struct buf *text,
			   int64_t *valid_until_ms, char *why)
{
	enum err err = steward_check(core, why);
	if (err != ERR_OK)
		return err;
	if (charter_terms_check(bytes_str(name), bytes_str(slug), bytes_str(ags)) != ERR_OK) {
		why_set(why,
			"name \"%.100s\", slug \"%.60s\" or ags \"%.20s\" is not valid: the name "
			"has 1 to 128 "
			"bytes, the slug 1 to 40 of a-z, 0-9 and -, the ags 5 or 8 digits.",
			name, slug, ags);
		return ERR_CONFIG;
	}
	if (charter_by_slug(&core->charter, bytes_str(slug)) ||
	    charter_by_ags(&core->charter, bytes_str(ags))) {
		why_set(why,
			"the slug \"%s\" or the ags \"%s\" is in the federation already: see "
			"`allmende "
			"federation members`.",
			slug, ags);
		return ERR_EXISTS;
	}
	if (core->options.dial_only || !core->options.addresses || !core->options.addresses[0]) {
		why_set(why, "this node tells nobody an address, so nobody could dial it: set "
			     "`listen` (and "
			     "`advertise`) in its configuration.");
		return ERR_CONFIG;
	}
	struct invitation invitation = {.fed = core->charter.fed,
					.charter_number = core->charter.number,
					.charter_entry_id = core->charter.entry_id,
					.transport = core->options.identity->transport_pk,
					.valid_until_ms = now_ms + invitation_ms};
	snprintf(invitation.fed_name, sizeof(invitation.fed_name), "%s", core->charter.name);
	snprintf(invitation.address, sizeof(invitation.address), "%s", core->options.addresses[0]);
	snprintf(invitation.name, sizeof(invitation.name), "%s", name);
	snprintf(invitation.slug, sizeof(invitation.slug), "%s", slug);
	snprintf(invitation.ags, sizeof(invitation.ags), "%s", ags);
	random_fill(core->options.random, invitation.secret.b, KEY_LEN);
	err = invitation_put(text, &invitation);
	if (err == ERR_OK) {
		invitation_store(txn, &invitation);
		*valid_until_ms = invitation.valid_until_ms;
	} else {
		why_set(why, "the invitation would be too long: use a shorter name.");
	}
	invitation_wipe(&invitation);
	return err;
}

static const char *join_refusal(enum err err)
{
	if (err == ERR_ABSENT)
		return "this invitation is not known here";
	if (err == ERR_EXISTS)
		return "this invitation has been used by another organisation";
	if (err == ERR_DENIED)
		return "name, slug or ags are not those of the invitation, or the signature is "
		       "wrong";
	if (err == ERR_AGAIN)
		return "this invitation has expired";
	if (err == ERR_BUSY)
		return "the steward's node can not admit at the moment";
	return "the request could not be read";
}

static enum err join_admit(struct core *core, struct txn *txn, const struct join_request *request)
{
	struct invitation_row terms;
	char why[MEMBERSHIP_WHY_LEN];
	if (charter_by_org(&core->charter, &request->org))
		return ERR_OK; /* its answer got lost */
	if (steward_check(core, why) != ERR_OK)
		return ERR_BUSY;
	enum err err = invitation_find(txn, &request->secret, &terms);
	if (err == ERR_OK)
		err = orglog_accept(txn, &request->org, request->orglog_entry, NULL);
	if (err == ERR_EXISTS)
		err = ERR_OK;
	if (err != ERR_OK)
		return err;
	struct charter_change *change = mem_new(1, sizeof(*change));
	change_admit(change, core->charter.member_count + 1, &request->org, &request->root,
		     terms.name, terms.slug, terms.ags);
	err = entry_pass(core, txn, NULL, author_member(core->author), change, 1);
	free(change);
	if (err != ERR_OK)
		return ERR_BUSY;
	invitation_use(txn, &request->secret, &request->org);
	const struct charter_member *member = charter_by_org(&core->charter, &request->org);
	ledger_forget(&core->ledger, member->number);
	fed_key_wrap(core, txn, member);
	struct note *note = core_note(core, NOTE_MEMBER);
	note->author = author_of(member->number, 0);
	snprintf(note->text, sizeof(note->text), "%s", member->name);
	return ERR_OK;
}

static void join_take(struct core *core, struct txn *txn, struct peer *peer,
		      const struct message *m)
{
	struct join_request request;
	struct buf out;
	enum err err =
		core->author ? join_request_get(&request, m->body, &core->charter.fed) : ERR_BUSY;
	if (err == ERR_OK)
		err = invitation_check(txn, &request, core->now_ms);
	/* The link's own key must be the organisation's: a request is not passed on. */
	if (err == ERR_OK && !id_eq(&request.org, &peer->org))
		err = ERR_DENIED;
	if (err == ERR_OK)
		err = join_admit(core, txn, &request);
	secret_wipe(&request, sizeof(request));
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join_answer(&out, err, err == ERR_OK ? "" : join_refusal(err));
	core_send(core, peer, &out);
	if (err != ERR_OK)
		return;
	peers_classify(core, txn);
	sync_hello_all(core, txn);
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
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_list_end(&list, &out);
		core_send(core, peer, &out);
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
	struct buf out;
	for (uint32_t n = first; list.items.len < MEMBERSHIP_ANSWER_LEN_MAX; n++) {
		if (!charter_entry(txn, n, &entry))
			break;
		message_list_bin(&list, entry);
	}
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	core_send(core, peer, &out);
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
	own_place(core, txn);
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
	struct buf out;
	while (message_next_org(m, &org, &number)) {
		while (number > 0 && list.items.len < MEMBERSHIP_ANSWER_LEN_MAX &&
		       orglog_entry(txn, &org, number, &entry)) {
			message_list_entry(&list, &org, entry);
			number++;
		}
	}
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	core_send(core, peer, &out);
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
		join_take(core, txn, peer, m);
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
	out->has_federation_key = membership_fed_key(core, core->charter.key_number) != NULL;
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
