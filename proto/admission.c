/*
 * admission - founding a federation, inviting, and admitting who comes with an invitation
 * (docs/PROTOCOL.md, section 4).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/core_state.h"
#include "proto/membership.h"

static const int64_t invitation_ms = 7 * 24 * 3600 * (int64_t)1000;

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
		fedkeys_store(core, txn, 1, &key);
		membership_own_place(core, txn);
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
	if (err == ERR_CONFIG)
		return "an organisation with this slug or ags has joined meanwhile";
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
	/* Another invitation in the same name came first. */
	if (err == ERR_OK && (charter_by_slug(&core->charter, bytes_str(terms.slug)) ||
			      charter_by_ags(&core->charter, bytes_str(terms.ags))))
		return ERR_CONFIG;
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
	core_forget(core, member->number);
	fedkeys_wrap(core, txn, member);
	struct note *note = core_note(core, NOTE_MEMBER);
	note->author = author_of(member->number, 0);
	snprintf(note->text, sizeof(note->text), "%s", member->name);
	return ERR_OK;
}

void admission_take(struct core *core, struct txn *txn, struct peer *peer, const struct message *m)
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
	message_join_answer(&out,
			    err == ERR_OK     ? MESSAGE_JOIN_ADMITTED
			    : err == ERR_BUSY ? MESSAGE_JOIN_BUSY
					      : MESSAGE_JOIN_REFUSED,
			    err == ERR_OK ? "" : join_refusal(err));
	core_send(core, peer, &out);
	if (err != ERR_OK)
		return;
	peers_classify(core, txn);
	sync_hello_all(core, txn);
}
