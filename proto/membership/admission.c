/*
 * admission - founding a federation, inviting, and what happens to who comes with an invitation
 * (docs/PROTOCOL.md, section 4).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/charter_entry.h"
#include "proto/hub/places.h"
#include "proto/rights/fedkeys.h"
#include "proto/membership/membership.h"
#include "proto/membership/request.h"
#include "proto/sync/sync.h"

static const int64_t invitation_ms = 7 * 24 * 3600 * (int64_t)1000;

/* Entry 1, which this organisation votes alone. */
static enum err founding_entry(struct hub *hub, struct txn *txn, const char *name,
			       const struct charter_change *changes, size_t count)
{
	struct buf payload, entry;
	struct key seed;
	struct charter_vote vote;
	enum err err = identity_root_sign_seed(&seed, hub->options.identity);
	if (err)
		return err;
	buf_init(&payload, LIMIT_CHARTER_ENTRY_LEN_MAX);
	buf_init(&entry, LIMIT_CHARTER_ENTRY_LEN_MAX);
	err = charter_payload_make(&payload, &hub->charter, name, hub->wall_ms, 1, changes, count);
	if (!err) {
		charter_vote(&vote, &hub->charter, 1, &seed, buf_bytes(&payload));
		charter_entry_make(&entry, buf_bytes(&payload), &vote, 1);
		err = entry.err;
	}
	if (!err)
		err = charter_accept(txn, &hub->charter, buf_bytes(&entry), NULL);
	key_wipe(&seed);
	buf_fini(&payload);
	buf_fini(&entry);
	return err;
}

static void change_admit_self(struct charter_change *out, const struct identity *identity,
			      const struct sign_pk *root)
{
	*out = (struct charter_change){.kind = CHARTER_ADMIT};
	out->member.number = 1;
	out->member.org = identity->org;
	out->member.root = *root;
	out->member.next_root = identity->next_root;
	memcpy(out->member.name, identity->name, sizeof(out->member.name));
	memcpy(out->member.slug, identity->slug, sizeof(out->member.slug));
	memcpy(out->member.ags, identity->ags, sizeof(out->member.ags));
}

enum err membership_create(struct hub *hub, struct txn *txn, int64_t now_ms, const char *name,
			   char *why)
{
	const struct identity *identity = hub->options.identity;
	struct orglog log;
	struct key key;
	if (hub->has_fed) {
		why_set(why,
			"this node belongs to the federation \"%s\" already; a directory belongs "
			"to one "
			"federation: make another with `allmende init -d DIR`.",
			hub->charter.number ? hub->charter.name : hub->invitation->fed_name);
		return ERR_EXISTS;
	}
	if (charter_terms_check(bytes_str(name), bytes_str(identity->slug),
				bytes_str(identity->ags))) {
		why_set(why, "\"%.100s\" is no name for a federation: use 1 to %d bytes of text.",
			name, LIMIT_NAME_LEN_MAX);
		return ERR_CONFIG;
	}
	enum err err = orglog_load(txn, &identity->org, &log);
	if (err)
		return err;
	struct charter_change *changes = mem_new(3, sizeof(*changes));
	random_fill(hub->options.random, key.b, sizeof(key.b));
	change_admit_self(&changes[0], identity, &log.root);
	changes[1].kind = CHARTER_STEWARDS;
	changes[1].stewards[0] = 1;
	changes[1].steward_count = 1;
	changes[2].kind = CHARTER_KEY;
	changes[2].key_number = 1;
	fedkey_commitment(&changes[2].key_commitment, &key, 1);
	orglog_fini(&log);
	err = founding_entry(hub, txn, name, changes, 3);
	free(changes);
	if (!err) {
		hub->has_fed = true;
		fedkeys_store(hub, txn, 1, &key);
		membership_own_place(hub, txn);
	} else {
		why_set(why, "the federation could not be founded: %s.",
			err == ERR_ABSENT ? "the organisation's root key is not on this machine"
					  : err_text(err));
	}
	key_wipe(&key);
	return err;
}

/* ---- inviting ---- */

static enum err inviter_check(struct hub *hub, bool alone, char *why)
{
	enum err err = hub_member_check(hub, why);
	if (err)
		return err;
	if (!charter_is_steward(&hub->charter, author_member(hub->author))) {
		const struct charter_member *steward =
			charter_member(&hub->charter, hub->charter.stewards[0]);
		why_set(why, "%s is not a steward; ask %s to invite.", hub_own_name(hub),
			steward ? steward->name : "a steward");
		return ERR_DENIED;
	}
	if (alone && hub->charter.threshold != 1) {
		why_set(why,
			"%u stewards must agree on each member, so nobody is admitted at once: "
			"invite without --auto-approve.",
			hub->charter.threshold);
		return ERR_DENIED;
	}
	if (alone && !hub_has_root(hub)) {
		why_set(why,
			"the root key of %s is not on this machine, so nobody is admitted at once: "
			"invite without --auto-approve, or where the key is.",
			hub_own_name(hub));
		return ERR_DENIED;
	}
	return ERR_OK;
}

static enum err invitation_terms_check(struct hub *hub, const struct invitation_terms *terms,
				       char *why)
{
	if (charter_terms_check(bytes_str(terms->name), bytes_str(terms->slug),
				bytes_str(terms->ags))) {
		why_set(why,
			"name \"%.100s\", slug \"%.60s\" or ags \"%.20s\" is not valid: the name "
			"has 1 to 128 bytes, the slug 1 to 40 of a-z, 0-9 and -, the ags 5 or 8 "
			"digits.",
			terms->name, terms->slug, terms->ags);
		return ERR_CONFIG;
	}
	if (request_place_taken(&hub->charter, terms->slug, terms->ags, terms->relay)) {
		why_set(why,
			"the slug \"%s\" or the ags \"%s\" is in the federation already: see "
			"`allmende federation members`.",
			terms->slug, terms->ags);
		return ERR_EXISTS;
	}
	if (hub->options.dial_only || !hub->options.addresses || !hub->options.addresses[0]) {
		why_set(why, "this node tells nobody an address, so nobody could dial it: set "
			     "`listen` (and `advertise`) in its configuration.");
		return ERR_CONFIG;
	}
	return ERR_OK;
}

enum err membership_invite(struct hub *hub, struct txn *txn, int64_t now_ms,
			   const struct invitation_terms *terms, struct buf *text,
			   int64_t *valid_until_ms, char *why)
{
	enum err err = inviter_check(hub, terms->auto_approve, why);
	if (!err)
		err = invitation_terms_check(hub, terms, why);
	if (err)
		return err;
	struct invitation invitation = {.fed = hub->charter.fed,
					.charter_number = hub->charter.number,
					.charter_entry_id = hub->charter.entry_id,
					.transport = hub->options.identity->transport_pk,
					.valid_until_ms = hub->judge_ms + invitation_ms};
	snprintf(invitation.fed_name, sizeof(invitation.fed_name), "%s", hub->charter.name);
	snprintf(invitation.address, sizeof(invitation.address), "%s", hub->options.addresses[0]);
	snprintf(invitation.name, sizeof(invitation.name), "%s", terms->name);
	snprintf(invitation.slug, sizeof(invitation.slug), "%s", terms->slug);
	snprintf(invitation.ags, sizeof(invitation.ags), "%s", terms->ags);
	random_fill(hub->options.random, invitation.secret.b, KEY_LEN);
	err = invitation_put(text, &invitation);
	if (!err) {
		invitation_store(txn, &invitation, terms->auto_approve, terms->relay);
		*valid_until_ms = invitation.valid_until_ms;
	} else {
		why_set(why, "the invitation would be too long: use a shorter name.");
	}
	invitation_wipe(&invitation);
	return err;
}

enum err membership_uninvite(struct txn *txn, const char *which, uint32_t *count, char *why)
{
	struct walk walk = walk_begin(txn, TABLE_INVITATION, bytes_of(NULL, 0));
	char id[INVITATION_ID_LEN + 1], slug[CHARTER_SLUG_LEN_MAX + 1] = "";
	struct invitation_row row;

	*count = 0;
	while (invitation_next(&walk, id, &row)) {
		if (strcmp(id, which) != 0 && strcmp(row.slug, which) != 0)
			continue;
		snprintf(slug, sizeof(slug), "%s", row.slug);
		if (row.used)
			continue;
		invitation_drop(&walk);
		(*count)++;
	}
	if (txn_err(txn) || *count > 0)
		return txn_err(txn);
	if (!slug[0]) {
		why_set(why,
			"there is no invitation \"%.64s\": `allmende federation invitations` "
			"lists them",
			which);
		return ERR_ABSENT;
	}
	why_set(why,
		"this invitation was used already: `allmende federation requests` shows who waits, "
		"and `allmende federation refuse %s` sends them away",
		slug);
	return ERR_EXISTS;
}

/* ---- who comes ---- */

static const char *join_refusal(enum err err)
{
	if (err == ERR_ABSENT)
		return "this invitation is not known here";
	if (err == ERR_EXISTS)
		return "this invitation was used by another organisation, or for a request that "
		       "was dropped: ask for a new one";
	if (err == ERR_DENIED)
		return "name, slug or ags are not those of the invitation, or the signature is "
		       "wrong";
	if (err == ERR_AGAIN)
		return "this invitation has expired";
	if (err == ERR_CONFIG)
		return "an organisation with this slug or ags has joined meanwhile";
	if (err == ERR_FULL)
		return "too many wait for the stewards at the moment";
	if (err == ERR_BUSY)
		return "the steward's node can not admit at the moment";
	if (err == ERR_PROTOCOL)
		return "the stewards have not admitted this organisation: ask for a new invitation";
	return "the request could not be read";
}

/* A request that may be handed in: admits at once, as the invitation says, or lets it wait. */
static enum err join_take(struct hub *hub, struct txn *txn, struct peer *peer,
			  const struct join_request *request, const struct invitation_row *terms)
{
	char why[WHY_LEN];
	bool alone = terms->auto_approve && !inviter_check(hub, true, why);
	bool known = request_waits(hub, txn, request, NULL);
	/* Another invitation in the same name came first. */
	if (request_place_taken(&hub->charter, terms->slug, terms->ags, terms->relay))
		return ERR_CONFIG;
	/* It was here, and is here no more: a steward has said no. */
	if (terms->used && !known)
		return ERR_PROTOCOL;
	enum err err = request_keep(hub, txn, request, terms);
	if (err)
		return err;
	invitation_use(txn, request);
	/* It asks again; else a steward would have to be asked, as the invitation does not say. */
	if (alone && hub->signing != SIGNING_YES)
		return ERR_BUSY;
	places_wait(hub, peer); /* so it is told by whoever admits it */
	if (alone && !request_admit(hub, txn, &request->org))
		return ERR_OK;
	return txn_err(txn) ? ERR_BUSY : ERR_AGAIN;
}

/*
 * The secret is looked up before any signature is checked, which costs a hundred times as much. Who
 * may be a member is only asked for its request.
 */
static enum err secret_check(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes body)
{
	struct invitation_row terms;
	struct key secret;
	if (charter_by_org(&hub->charter, &peer->org))
		return ERR_OK;
	enum err err = join_request_secret(&secret, body);
	if (!err)
		err = invitation_find(txn, &secret, &terms);
	key_wipe(&secret);
	if (err == ERR_ABSENT)
		hub_junk(hub, peer, JUNK_SECRET);
	return err;
}

/*
 * ERR_OK: a member; *told: it has heard so already. ERR_AGAIN with *waits: it waits for the
 * stewards.
 */
static enum err join_answer(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes body,
			    struct digest *b, bool *waits, bool *told)
{
	struct join_request request = {0};
	struct invitation_row terms;
	enum err err = hub->author ? secret_check(hub, txn, peer, body) : ERR_BUSY;
	if (!err)
		err = join_request_get(&request, body, &hub->charter);
	if (err == ERR_DENIED)
		hub_junk(hub, peer, JUNK_FORGED);
	/* The link's own key must be the organisation's: a request is not passed on. */
	if (!err && !id_eq(&request.org, &peer->org))
		err = ERR_DENIED;
	/* PROTOCOL: "An organisation that is a member already gets the answer of one admitted." */
	if (!err && !charter_by_org(&hub->charter, &request.org)) {
		err = invitation_find(txn, &request.secret, &terms);
		/*
		 * Who waits does so until the request ends, which may be later than the invitation.
		 */
		if (!err && !request_waits(hub, txn, &request, NULL))
			err = invitation_check(txn, &request, hub->judge_ms);
		if (!err) {
			err = join_take(hub, txn, peer, &request, &terms);
			*waits = err == ERR_AGAIN;
			*told = !err;
		}
		if (*waits)
			request_waits(hub, txn, &request, b);
	}
	secret_wipe(&request, sizeof(request));
	return err;
}

void admission_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct buf out;
	struct digest b;
	bool waits = false, told = false;
	enum err err = join_answer(hub, txn, peer, m->body, &b, &waits, &told);
	if (told)
		return;
	enum message_join code = !err                                 ? MESSAGE_JOIN_ADMITTED
				 : waits                              ? MESSAGE_JOIN_WAITING
				 : err == ERR_BUSY || err == ERR_FULL ? MESSAGE_JOIN_BUSY
								      : MESSAGE_JOIN_REFUSED;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join_answer(&out, code,
			    !err    ? ""
			    : waits ? "the stewards have been told"
				    : join_refusal(err),
			    waits ? &b : NULL);
	hub_send(hub, peer, &out);
	if (!err) {
		peers_classify(hub, txn);
		sync_hello_all(hub, txn);
	}
}

/*
 * PROTOCOL: "Of the first JOIN_OPEN the issuer looks whether it fits the commitment, and both sides
 * have the words; when it does not fit, the request is dropped."
 */
void admission_open_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	if (peer->waits && request_open(hub, txn, &peer->org, &m->digest) == ERR_DENIED)
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "a value that was not bound");
}
