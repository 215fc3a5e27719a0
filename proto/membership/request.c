#include "proto/membership/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/audit/seen.h"
#include "proto/rights/fedkeys.h"
#include "proto/hub/hub.h"
#include "proto/membership/membership.h"
#include "proto/sync/sync.h"
#include "proto/wire/wire_out.h"
#include "proto/wire/words.h"

enum { ROW_LEN_MAX = 2 * LIMIT_JOIN_REQUEST_LEN_MAX + 1024, AGS_LEN_MAX = 8 };

/* An approved one waits this long for the other stewards. */
static const int64_t approved_ms = 30 * 24 * 3600 * (int64_t)1000;

/* ---- rows ---- */

static struct bytes request_key(const struct org_id *org)
{
	return id_bytes(org);
}

static void request_put(struct txn *txn, const struct request_row *row)
{
	struct buf value;

	buf_init(&value, ROW_LEN_MAX);
	out_array(&value, 15);
	out_fixed(&value, row->root.b, ID_LEN);
	out_fixed(&value, row->next_root.b, ID_LEN);
	out_text(&value, bytes_str(row->name));
	out_text(&value, bytes_str(row->slug));
	out_text(&value, bytes_str(row->ags));
	out_bool(&value, row->relay);
	out_text(&value, bytes_str(row->address));
	out_uint(&value, (uint64_t)row->since_ms);
	out_uint(&value, (uint64_t)row->until_ms);
	out_uint(&value, row->wrong);
	out_bool(&value, row->approved);
	out_bin(&value, row->entry);
	opening_put(&value, &row->opening);
	out_bool(&value, row->opened);
	out_text(&value, bytes_str(row->words));
	txn_fail(txn, value.err);
	txn_put(txn, TABLE_REQUEST, request_key(&row->org), buf_bytes(&value));
	buf_fini(&value);
}

/* The same for a row that was read: its bytes are the store's, which a write may move. */
static void row_put_again(struct txn *txn, const struct request_row *row)
{
	struct request_row kept = *row;
	struct buf bytes;

	buf_init(&bytes, ROW_LEN_MAX);
	buf_add(&bytes, row->entry);
	buf_add(&bytes, row->opening.request);
	kept.entry = bytes_slice(buf_bytes(&bytes), 0, row->entry.len);
	kept.opening.request = bytes_slice(buf_bytes(&bytes), row->entry.len, bytes.len);
	request_put(txn, &kept);
	buf_fini_wipe(&bytes);
}

static enum err request_get(struct request_row *out, struct bytes value)
{
	struct wire_in w = wire_in(value);

	wire_array(&w, 15, 15);
	wire_fixed(&w, out->root.b, ID_LEN);
	wire_fixed(&w, out->next_root.b, ID_LEN);
	wire_text_copy(&w, out->name, 1, LIMIT_NAME_LEN_MAX);
	wire_text_copy(&w, out->slug, 1, CHARTER_SLUG_LEN_MAX);
	wire_text_copy(&w, out->ags, 1, AGS_LEN_MAX);
	out->relay = wire_bool(&w);
	wire_text_copy(&w, out->address, 0, LIMIT_ADDRESS_LEN_MAX);
	out->since_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->until_ms = (int64_t)wire_uint(&w, INT64_MAX);
	out->wrong = (uint32_t)wire_uint(&w, UINT32_MAX);
	out->approved = wire_bool(&w);
	out->entry = wire_bin(&w, 1, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	opening_get(&w, &out->opening);
	out->opened = wire_bool(&w);
	wire_text_copy(&w, out->words, 0, WORDS_TEXT_LEN - 1);
	return wire_end(&w);
}

bool request_next(struct txn *txn, struct org_id *org, struct request_row *out)
{
	struct walk walk =
		walk_begin_at(txn, TABLE_REQUEST, bytes_of(NULL, 0), id_bytes(org), false);

	if (!walk_next(&walk))
		return false;
	*out = (struct request_row){0};
	if (walk.key.len != ID_LEN || request_get(out, walk.value)) {
		txn_fail(txn, ERR_CORRUPT);
		return false;
	}
	memcpy(org->b, walk.key.ptr, ID_LEN);
	out->org = *org;
	return true;
}

static bool request_row_of(struct txn *txn, const struct org_id *org, struct request_row *out)
{
	struct bytes value;

	*out = (struct request_row){.org = *org};
	return txn_get(txn, TABLE_REQUEST, request_key(org), &value) && !request_get(out, value);
}

/* Who has handed it in has bound itself to what it said: the same payload, byte for byte. */
bool request_waits(const struct hub *hub, struct txn *txn, const struct join_request *request,
		   struct digest *b)
{
	struct request_row row;

	if (!request_row_of(txn, &request->org, &row) || row.until_ms < hub->judge_ms ||
	    !bytes_eq(row.opening.request, request->payload))
		return false;
	if (b)
		*b = row.opening.b;
	return true;
}

static void text_fit(char *out, size_t size, struct bytes text)
{
	snprintf(out, size, "%.*s", (int)text.len, (const char *)text.ptr);
}

enum err request_keep(struct hub *hub, struct txn *txn, const struct join_request *request,
		      const struct invitation_row *terms)
{
	struct request_row row = {.org = request->org,
				  .root = request->root,
				  .next_root = request->next_root,
				  .relay = terms->relay,
				  .since_ms = hub->wall_ms,
				  .until_ms = terms->valid_until_ms,
				  .entry = request->orglog_entry};
	struct request_row before;

	if (request_waits(hub, txn, request, NULL))
		return ERR_OK;
	bool known = request_row_of(txn, &request->org, &before);
	if (!known && txn_count(txn, TABLE_REQUEST) >= REQUEST_COUNT_MAX)
		return ERR_FULL;
	text_fit(row.name, sizeof(row.name), request->name);
	text_fit(row.slug, sizeof(row.slug), request->slug);
	text_fit(row.ags, sizeof(row.ags), request->ags);
	if (request->address_count > 0)
		text_fit(row.address, sizeof(row.address), request->addresses[0]);
	row.opening.request = request->payload;
	row.opening.transport = hub->options.identity->transport_pk;
	random_fill(hub->options.random, row.opening.b.b, ID_LEN);
	request_put(txn, &row);
	hub->voting->requests_next_ms = 0;
	return txn_err(txn);
}

static void request_note(struct hub *hub, const struct request_row *row)
{
	struct note *note = hub_note(hub, NOTE_REQUEST);
	snprintf(note->text, sizeof(note->text), "%s (%s)", row->name, row->slug);
}

/* ---- who waits is told ---- */

static void answer(struct hub *hub, const struct org_id *org, enum message_join code,
		   const char *text)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		struct buf out;
		if (!peer->up || !peer->waits || !id_eq(&peer->org, org))
			continue;
		peer->waits = false;
		peer->up_ms = hub->mono_ms; /* a guest's time begins anew */
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_join_answer(&out, code, text, NULL);
		hub_send(hub, peer, &out);
	}
}

static void request_drop(struct hub *hub, struct txn *txn, const struct request_row *row,
			 const char *text)
{
	struct org_id org = row->org;

	txn_del(txn, TABLE_REQUEST, request_key(&org));
	answer(hub, &org, MESSAGE_JOIN_REFUSED, text);
}

enum err request_open(struct hub *hub, struct txn *txn, const struct org_id *org,
		      const struct digest *a)
{
	struct request_row row;
	struct join_request request;
	struct digest commitment;

	if (!request_row_of(txn, org, &row))
		return ERR_ABSENT;
	if (row.opened)
		return ERR_OK;
	enum err err = join_request_peek(&request, row.opening.request, &hub->charter);
	opening_commit(&commitment, a);
	if (!err && !id_eq(&commitment, &request.commitment))
		err = ERR_DENIED;
	secret_wipe(&request, sizeof(request));
	if (err) {
		request_drop(hub, txn, &row,
			     "what the request was bound to does not fit: ask for "
			     "a new invitation");
		return ERR_DENIED;
	}
	row.opening.a = *a;
	err = opening_words(row.words, &row.opening, &hub->charter.fed, org);
	if (err)
		return err;
	row.opened = true;
	request_note(hub, &row);
	row_put_again(txn, &row);
	return txn_err(txn);
}

/*
 * What a newcomer needs from the node that has its request: its log for the others, and the
 * federation key.
 */
static void request_admitted(struct hub *hub, struct txn *txn, const struct request_row *row,
			     const struct charter_member *member)
{
	struct buf entry; /* the row's is the store's, which a write may move */

	buf_init(&entry, LIMIT_ORGLOG_ENTRY_LEN_MAX);
	buf_add(&entry, row->entry);
	enum err err = orglog_accept(txn, &row->org, buf_bytes(&entry), NULL);
	if (err && err != ERR_EXISTS)
		txn_fail(txn, err);
	if (!err)
		audit_orglog(hub, txn, &row->org, buf_bytes(&entry));
	buf_fini(&entry);
	txn_del(txn, TABLE_REQUEST, request_key(&row->org));
	hub_forget(hub, member->number);
	if (member->state == CHARTER_MEMBER)
		fedkeys_wrap(hub, txn, member);
	answer(hub, &row->org, MESSAGE_JOIN_ADMITTED, "");
	struct note *note = hub_note(hub, NOTE_MEMBER);
	note->author = author_of(member->number, 0);
	snprintf(note->text, sizeof(note->text), "%s", member->name);
}

bool request_place_taken(const struct charter *charter, const char *slug, const char *ags,
			 bool relay)
{
	const struct charter_member *member = charter_named(charter, bytes_str(slug));

	if (member && charter_is_present(member))
		return true;
	for (uint32_t i = 0; !relay && i < charter->member_count; i++)
		if (charter->members[i].state == CHARTER_MEMBER &&
		    strcmp(charter->members[i].ags, ags) == 0)
			return true;
	return false;
}

/* What was proposed has lost to something else: it is for the steward again. */
static void approved_check(struct hub *hub, struct txn *txn, struct request_row *row)
{
	if (!row->approved || voting_admits(hub, txn, &row->org))
		return;
	row->approved = false;
	row_put_again(txn, row);
}

void requests_follow(struct hub *hub, struct txn *txn)
{
	struct request_row row;
	struct org_id org = {{0}};

	while (request_next(txn, &org, &row)) {
		const struct charter_member *member = charter_by_org(&hub->charter, &row.org);
		if (member)
			request_admitted(hub, txn, &row, member);
		else if (request_place_taken(&hub->charter, row.slug, row.ags, row.relay))
			request_drop(hub, txn, &row,
				     "an organisation with this slug or ags has joined meanwhile");
		else
			approved_check(hub, txn, &row);
	}
}

void requests_tick(struct hub *hub, struct txn *txn)
{
	struct request_row row;
	struct org_id org = {{0}};
	int64_t next_ms = INT64_MAX;

	if (hub->act_ms < hub->voting->requests_next_ms)
		return;
	while (request_next(txn, &org, &row)) {
		if (row.until_ms < hub->act_ms)
			request_drop(hub, txn, &row, "this invitation has expired");
		else if (row.until_ms < next_ms)
			next_ms = row.until_ms + 1;
	}
	hub->voting->requests_next_ms = next_ms;
}

int64_t requests_wake(const struct hub *hub)
{
	int64_t next_ms = hub->voting->requests_next_ms;

	if (next_ms == 0)
		return hub->mono_ms;
	/* When it waits for the heads of others and not for the clock, these bring the turn. */
	return next_ms > hub->wall_ms ? hub_mono_of(hub, next_ms) : INT64_MAX;
}

/* ---- what a steward says ---- */

/* Wrong words: somebody else may be waiting under this name. */
static enum err words_wrong(struct hub *hub, struct txn *txn, struct request_row *row, char *why)
{
	if (++row->wrong >= REQUEST_WRONG_MAX) {
		why_set(why,
			"these are not the words of the request that waits as %s. That was the "
			"%uth "
			"time: the request is dropped, and so is the invitation. Invite anew.",
			row->slug, row->wrong);
		request_drop(hub, txn, row, "the words did not match: ask for a new invitation");
		return ERR_DENIED;
	}
	why_set(why,
		"these are not the words of the request that waits as %s: have them read again, "
		"one "
		"by one. If they differ, somebody else has used the invitation: `allmende "
		"federation "
		"refuse %s`.",
		row->slug, row->slug);
	row_put_again(txn, row);
	return ERR_DENIED;
}

/*
 * The request of this short name with these words; of several the one that has them, else the
 * first.
 */
static bool waiting_find(struct hub *hub, struct txn *txn, const char *slug, const char *words,
			 struct request_row *out, bool *match)
{
	struct request_row row;
	struct org_id org = {{0}};
	bool found = false;

	*match = false;
	while (!*match && request_next(txn, &org, &row)) {
		if (strcmp(row.slug, slug) != 0 || row.until_ms < hub->judge_ms)
			continue;
		*match = row.opened && words_match(words, row.words);
		if (!found || *match)
			*out = row;
		found = true;
	}
	return found;
}

static enum err nobody(const char *slug, char *why)
{
	why_set(why,
		"nobody waits to be admitted as \"%.60s\": see `allmende federation requests`.",
		slug);
	return ERR_ABSENT;
}

/* It waits for the other stewards now. */
static void approved_keep(struct hub *hub, struct txn *txn, const struct org_id *org)
{
	struct request_row row;

	if (!request_row_of(txn, org, &row))
		return;
	row.approved = true;
	row.until_ms = hub->judge_ms + approved_ms;
	row_put_again(txn, &row);
	hub->voting->requests_next_ms = 0;
}

static enum err row_admit(struct hub *hub, struct txn *txn, const struct request_row *row,
			  struct voting_outcome *out, char *why)
{
	const struct org_id org = row->org;
	struct charter_member newcomer = {.state = CHARTER_MEMBER,
					  .org = row->org,
					  .root = row->root,
					  .next_root = row->next_root};
	struct opening opening = row->opening;
	struct buf request; /* the row's is the store's, which a write may move */

	memcpy(newcomer.name, row->name, sizeof(newcomer.name));
	memcpy(newcomer.slug, row->slug, sizeof(newcomer.slug));
	memcpy(newcomer.ags, row->ags, sizeof(newcomer.ags));
	buf_init(&request, LIMIT_JOIN_REQUEST_LEN_MAX);
	buf_add(&request, row->opening.request);
	opening.request = buf_bytes(&request);
	enum err err = voting_admit(hub, txn, &newcomer, row->relay, row->opened ? &opening : NULL,
				    out, why);
	buf_fini_wipe(&request);
	if (!err && !out->accepted)
		approved_keep(hub, txn, &org);
	return err;
}

enum err request_approve(struct hub *hub, struct txn *txn, const char *slug, const char *words,
			 struct voting_outcome *out, char *why)
{
	struct request_row row;
	bool match;

	if (!waiting_find(hub, txn, slug, words, &row, &match))
		return nobody(slug, why);
	if (!row.opened) {
		why_set(why,
			"%s has no words yet, as its node has not answered since it handed in the "
			"request: they come when it is linked again.",
			slug);
		return ERR_AGAIN;
	}
	return match ? row_admit(hub, txn, &row, out, why) : words_wrong(hub, txn, &row, why);
}

enum err request_admit(struct hub *hub, struct txn *txn, const struct org_id *org)
{
	struct request_row row;
	struct voting_outcome outcome;
	char why[WHY_LEN];
	enum err err;

	if (!request_row_of(txn, org, &row) || row.until_ms < hub->judge_ms)
		return ERR_ABSENT;
	voting_outcome_init(&outcome);
	err = row_admit(hub, txn, &row, &outcome, why);
	if (!err && !outcome.accepted)
		err = ERR_AGAIN;
	voting_outcome_fini(&outcome);
	return err;
}

enum err request_refuse(struct hub *hub, struct txn *txn, const char *slug, char *why)
{
	struct request_row row;
	struct org_id org = {{0}};
	bool found = false;

	while (request_next(txn, &org, &row)) {
		if (strcmp(row.slug, slug) != 0)
			continue;
		request_drop(hub, txn, &row, "the stewards have refused the request");
		found = true;
	}
	return found ? ERR_OK : nobody(slug, why);
}
