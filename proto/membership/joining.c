#include "proto/membership/joining.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/hub/dials.h"
#include "proto/sync/logs.h"
#include "proto/sync/sync.h"
#include "proto/wire/protocol.h"
#include "proto/wire/wire_out.h"

static const char join_name[] = "join";       /* META row: the text; `init --join` writes it too */
static const char joining_name[] = "joining"; /* META row: what came of it */

enum { ROW_LEN_MAX = LIMIT_JOIN_REQUEST_LEN_MAX + 128 };

/* ---- the row ---- */

static void row_store(struct hub *hub, struct txn *txn)
{
	const struct joining *joining = hub->joining;
	struct row_key key = key_name(joining_name);
	struct buf value;

	buf_init(&value, ROW_LEN_MAX);
	out_array(&value, 3);
	out_bin(&value, buf_bytes(&joining->request));
	out_fixed(&value, joining->a.b, ID_LEN);
	out_fixed_or_nil(&value, joining->has_b ? joining->b.b : NULL, ID_LEN);
	txn_put_row(txn, TABLE_META, &key, &value);
}

/* False: nothing has come of it yet. */
static bool row_load(struct hub *hub, struct txn *txn)
{
	struct joining *joining = hub->joining;
	struct row_key key = key_name(joining_name);
	struct bytes value;

	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &value))
		return false;
	struct wire_in w = wire_in(value);
	wire_array(&w, 3, 3);
	buf_add(&joining->request, wire_bin(&w, 0, LIMIT_JOIN_REQUEST_LEN_MAX));
	wire_fixed(&w, joining->a.b, ID_LEN);
	joining->has_b = !wire_nil(&w);
	if (joining->has_b)
		wire_fixed(&w, joining->b.b, ID_LEN);
	txn_fail(txn, wire_end(&w) ? ERR_CORRUPT : ERR_OK);
	return true;
}

static void joining_end(struct hub *hub, struct txn *txn)
{
	struct row_key text = key_name(join_name), row = key_name(joining_name);
	txn_del(txn, TABLE_META, row_key_bytes(&text));
	txn_del(txn, TABLE_META, row_key_bytes(&row));
	if (hub->invitation)
		invitation_wipe(hub->invitation);
	free(hub->invitation);
	hub->invitation = NULL;
	buf_reset(&hub->joining->request);
	hub->joining->words[0] = 0;
	if (hub_joining(hub))
		hub->place = hub->place_before;
	dials_invitation_done(hub);
}

static void words_make(struct hub *hub)
{
	struct joining *joining = hub->joining;
	const struct opening opening = {.a = joining->a,
					.b = joining->b,
					.transport = hub->invitation->transport,
					.request =
						join_request_payload(buf_bytes(&joining->request))};

	joining->words[0] = 0;
	if (joining->has_b && opening_words(joining->words, &opening, &hub->invitation->fed,
					    &hub->options.identity->org))
		why_set(hub->place_why, "there was no memory for the six words: 64 MB are needed; "
					"restart the node.");
}

/*
 * The request, which stays as it is from now on.
 * PROTOCOL: "The new node does not send JOIN: its organisation is a member."
 */
static void request_make(struct hub *hub, struct txn *txn)
{
	struct joining *joining = hub->joining;
	const struct identity *identity = hub->options.identity;
	struct digest commitment;
	struct bytes first;
	struct key seed;

	random_fill(hub->options.random, joining->a.b, ID_LEN);
	joining->has_b = false;
	if (identity->node_index > 0 || !orglog_entry(txn, &identity->org, 1, &first) ||
	    hub_root_sign(hub, &seed))
		return;
	opening_commit(&commitment, &joining->a);
	join_request_make(&joining->request, hub->invitation, first,
			  hub->options.dial_only ? NULL : hub->options.addresses, &commitment,
			  &identity->next_root, &seed);
	key_wipe(&seed);
	row_store(hub, txn);
}

/* Of the text in the row; what came of it is taken up again, or begins. */
void joining_open(struct hub *hub, struct txn *txn)
{
	struct row_key row = key_name(join_name);
	struct bytes text;
	if (!txn_get(txn, TABLE_META, row_key_bytes(&row), &text))
		return;
	hub->invitation = mem_new(1, sizeof(*hub->invitation));
	if (invitation_get(hub->invitation, text)) {
		why_set(hub->place_why,
			"the invitation in this directory can not be read; ask for a new one");
		joining_end(hub, txn);
		return;
	}
	if (!hub->author) {
		hub->place_before = hub->place;
		hub->place = PLACE_JOINING;
	}
	hub->has_fed = true;
	if (!hub->author && !row_load(hub, txn))
		request_make(hub, txn);
	words_make(hub);
	dials_invitation(hub, hub->invitation->address, &hub->invitation->transport);
}

void joining_close(struct hub *hub)
{
	if (hub->invitation)
		invitation_wipe(hub->invitation);
	free(hub->invitation);
	buf_fini_wipe(&hub->joining->request);
}

/* The invitation's address is the only one known until others have told theirs. */
void joining_compared(struct hub *hub, struct txn *txn)
{
	if (hub->author && hub->invitation)
		joining_end(hub, txn);
}

void joining_words(const struct hub *hub, char out[WORDS_TEXT_LEN])
{
	memcpy(out, hub_joining(hub) ? hub->joining->words : "",
	       hub_joining(hub) ? WORDS_TEXT_LEN : 1);
}

/* ---- beginning ---- */

static enum err joining_terms_check(struct hub *hub, const struct invitation *invitation, char *why)
{
	const struct identity *identity = hub->options.identity;

	if (hub->charter.number > 0 && !id_eq(&hub->charter.fed, &invitation->fed)) {
		why_set(why,
			"this node has been let in by the federation \"%s\" already; a directory "
			"belongs to one federation: make another with `allmende init -d DIR`.",
			hub->charter.name);
		return ERR_EXISTS;
	}
	if (invitation->valid_until_ms < hub->judge_ms) {
		why_set(why, "the invitation has expired: ask for a new one.");
		return ERR_CONFIG;
	}
	if (strcmp(invitation->slug, identity->slug) || strcmp(invitation->ags, identity->ags) ||
	    strcmp(invitation->name, identity->name)) {
		why_set(why,
			"the invitation is for %s (%s, %s), this node is %s (%s, %s): ask for one "
			"in this name.",
			invitation->name, invitation->slug, invitation->ags, identity->name,
			identity->slug, identity->ags);
		return ERR_DENIED;
	}
	return ERR_OK;
}

static enum err joining_text_check(struct hub *hub, const char *text, struct invitation *invitation,
				   char *why)
{
	enum err err;

	if (hub->author) {
		why_set(why,
			"this node belongs to the federation \"%s\" already; a directory belongs "
			"to one federation.",
			hub->charter.name);
		return ERR_EXISTS;
	}
	err = invitation_get(invitation, bytes_str(text));
	if (err) {
		why_set(why, "%s",
			err == ERR_DENIED ? "the invitation is incomplete or mistyped: copy its "
					    "whole line again."
			: err == ERR_VERSION
				? "the invitation is of another version of Allmende: bring both "
				  "nodes to the same one, and ask for a new one."
				: "this is not an invitation: it begins with \"" PROTOCOL_TEXT
				  "-\".");
		return ERR_CONFIG;
	}
	return joining_terms_check(hub, invitation, why);
}

/* Using the same text again changes nothing: its secret is bound to the request that was made. */
static bool in_use(struct hub *hub, struct txn *txn, const char *text)
{
	struct row_key row = key_name(join_name);
	struct bytes kept;

	return hub_joining(hub) && txn_get(txn, TABLE_META, row_key_bytes(&row), &kept) &&
	       bytes_eq(kept, bytes_str(text));
}

enum err joining_begin(struct hub *hub, struct txn *txn, int64_t now_ms, const char *text,
		       char *why)
{
	struct invitation *invitation = mem_new(1, sizeof(*invitation));
	struct row_key row = key_name(join_name);
	enum err err = joining_text_check(hub, text, invitation, why);

	invitation_wipe(invitation);
	free(invitation);
	if (err || in_use(hub, txn, text))
		return err;
	if (hub->invitation)
		joining_end(hub, txn);
	txn_put(txn, TABLE_META, row_key_bytes(&row), bytes_str(text));
	hub->place_why[0] = 0;
	joining_open(hub, txn);
	hub_effect(hub, EFFECT_CERTIFICATE, 0);
	/* Perhaps the steward is linked already. */
	for (size_t i = 0; i < hub->peers.count; i++) {
		if (hub->peers.items[i]->up)
			joining_up(hub, txn, hub->peers.items[i]);
	}
	return ERR_OK;
}

void joining_up(struct hub *hub, struct txn *txn, struct peer *peer)
{
	const struct charter_member *member = charter_by_org(&hub->charter, &peer->org);
	struct buf out;
	logs_own_ask(hub, txn, peer);
	if (hub_is_out(hub))
		return;
	if (peer->class == PEER_GUEST && member) /* with keys not known here yet */
		logs_orglog_ask(hub, peer, &member->org, orglog_number(txn, &member->org) + 1);
	if (!hub_joining(hub) || !id_eq(&peer->key, &hub->invitation->transport))
		return;
	if (hub->options.identity->node_index > 0) {
		hub->place = PLACE_ADMITTED;
		sync_hello(hub, txn, peer);
		return;
	}
	if (hub->joining->request.len == 0) {
		why_set(hub->place_why,
			"the root key is not on this machine, so the request to join can "
			"not be signed");
		return;
	}
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join(&out, buf_bytes(&hub->joining->request));
	hub_send(hub, peer, &out);
}

/* ---- answers ---- */

static void failed_note(struct hub *hub)
{
	struct note *note = hub_note(hub, NOTE_JOIN_FAILED);
	snprintf(note->text, sizeof(note->text), "%.300s", hub->place_why);
}

void joining_failed(struct hub *hub, struct txn *txn)
{
	hub->join_failed = 0;
	failed_note(hub);
	joining_end(hub, txn);
	hub->has_fed = hub->charter.number > 0; /* as after a start */
	hub_effect(hub, EFFECT_CERTIFICATE, 0);
}

/*
 * The request waits.
 * PROTOCOL: "The joiner keeps the first b, and only then sends a in JOIN_OPEN; another b ends its
 * use of the invitation."
 * False: it is another one.
 */
static bool waits_take(struct hub *hub, struct txn *txn, struct peer *peer, const struct digest *b)
{
	struct joining *joining = hub->joining;
	struct buf out;

	if (joining->has_b && !id_eq(&joining->b, b))
		return false;
	if (!joining->has_b) {
		joining->b = *b;
		joining->has_b = true;
		row_store(hub, txn);
		words_make(hub);
	}
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_join_open(&out, &joining->a);
	hub_send(hub, peer, &out);
	return true;
}

static void refused_take(struct hub *hub, struct txn *txn, struct peer *peer)
{
	joining_failed(hub, txn);
	hub_close_link(hub, peer, LINK_REASON_DONE);
}

void joining_answer_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	if (!hub_joining(hub) || !id_eq(&peer->key, &hub->invitation->transport))
		return;
	if (m->code == MESSAGE_JOIN_ADMITTED) {
		hub->place = PLACE_ADMITTED;
		hub->place_why[0] = 0;
		sync_hello(hub, txn, peer);
		return;
	}
	peer->waits = m->code == MESSAGE_JOIN_WAITING;
	if (hub->place != PLACE_ADMITTED)
		hub->place = peer->waits ? PLACE_WAITING : PLACE_JOINING;
	if (peer->waits) {
		hub->place_why[0] = 0; /* nothing is wrong */
		if (m->has_digest && !waits_take(hub, txn, peer, &m->digest)) {
			why_set(hub->place_why,
				"%s has answered this request in two ways, so somebody may stand "
				"between: ask for a new invitation by another way.",
				hub->invitation->fed_name);
			refused_take(hub, txn, peer);
		}
		return;
	}
	why_set(hub->place_why, "%s did not let us in: %.*s", hub->invitation->fed_name,
		(int)m->text.len, (const char *)m->text.ptr);
	if (m->code == MESSAGE_JOIN_BUSY) {
		failed_note(hub); /* asked again with the next link */
		hub_close_link(hub, peer, LINK_REASON_DONE);
	} else {
		refused_take(hub, txn, peer);
	}
}
