/*
 * /federation: founding, inviting, joining, admitting, and what members decide (docs/API.md).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "node/api/args.h"
#include "node/api/json.h"
#include "node/api/routes.h"
#include "proto/catalog/catalog.h"
#include "proto/charter/invitation.h"
#include "proto/wire/envelope.h"
#include "proto/sync/fork.h"
#include "proto/membership/joining.h"
#include "proto/membership/membership.h"
#include "proto/membership/renaming.h"
#include "proto/membership/request.h"
#include "proto/membership/voting.h"
#include "proto/wire/words.h"

enum { BRANCH_COUNT_MAX = 16 };

static const struct charter *charter_of(struct hub *hub)
{
	struct membership_status status;

	membership_status(hub, &status);
	return status.charter;
}

/* ---- founding and joining ---- */

static void found_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	call->err = membership_create(hub, txn, now_ms, api_in_text(call, "name"), call->why);
	if (call->err)
		return;
	const struct charter *charter = charter_of(hub);
	call->status = 201;
	call->out = json_pack("{s:o, s:o}", "id", api_hex(id_bytes(&charter->fed)), "name",
			      api_str(charter->name));
}

static void invite_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const struct invitation_terms terms = {
		.name = api_in_text(call, "name"),
		.slug = api_in_text(call, "slug"),
		.ags = api_in_text(call, "ags"),
		.auto_approve = api_in_true(call, "auto_approve"),
		.relay = api_in_true(call, "relay"),
	};
	int64_t valid_until_ms = 0;
	struct buf text;

	buf_init(&text, LIMIT_INVITATION_LEN_MAX);
	call->err = membership_invite(hub, txn, now_ms, &terms, &text, &valid_until_ms, call->why);
	if (!call->err) {
		call->status = 201;
		call->out = json_pack("{s:o, s:I}", "invitation", api_text(buf_bytes(&text)),
				      "valid_until_ms", (json_int_t)valid_until_ms);
	}
	buf_fini_wipe(&text);
}

static void invitations_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct walk walk = walk_begin(txn, TABLE_INVITATION, bytes_of(NULL, 0));
	char id[INVITATION_ID_LEN + 1];
	json_t *list = json_array();
	struct invitation_row row;

	while (invitation_next(&walk, id, &row))
		json_array_append_new(list,
				      json_pack("{s:s, s:o, s:s, s:s, s:b, s:b, s:s, s:I}", "id",
						id, "name", api_str(row.name), "slug", row.slug,
						"ags", row.ags, "relay", (int)row.relay,
						"auto_approve", (int)row.auto_approve, "state",
						row.used                             ? "used"
						: hub->judge_ms > row.valid_until_ms ? "expired"
										     : "open",
						"valid_until_ms", (json_int_t)row.valid_until_ms));
	call->err = txn_err(txn);
	call->out = json_pack("{s:o}", "invitations", list);
}

static void uninvite_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	uint32_t count;

	call->err = membership_uninvite(txn, api_in_text(call, "which"), &count, call->why);
	call->out = json_pack("{s:o}", "cancelled", api_uint(count));
}

static void join_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct invitation invitation;
	const char *text = api_in_text(call, "invitation");

	call->err = joining_begin(hub, txn, now_ms, text, call->why);
	if (call->err || invitation_get(&invitation, bytes_str(text)))
		return;
	call->status = 202;
	call->out = json_pack("{s:s, s:o}", "state", "joining", "federation",
			      api_str(invitation.fed_name));
	invitation_wipe(&invitation);
}

static const char *federation_state_name(const struct membership_status *status)
{
	switch (status->state) {
	case MEMBERSHIP_NONE:
		return "none";
	case MEMBERSHIP_JOINING:
		return status->waiting ? "waiting" : "joining";
	case MEMBERSHIP_MEMBER:
		return "member";
	case MEMBERSHIP_FORMER:
		return "former";
	}
	return "none";
}

static void federation_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct membership_status status;
	const struct charter *charter;

	membership_status(hub, &status);
	charter = status.charter;
	call->out = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "state",
			      federation_state_name(&status), "id",
			      charter ? api_hex(id_bytes(&charter->fed)) : json_null(), "name",
			      charter ? api_str(charter->name) : json_null(), "charter",
			      api_uint(charter ? charter->number : 0), "threshold",
			      api_uint(charter ? charter->threshold : 0), "stewards",
			      api_uint(charter ? charter->steward_count : 0), "why",
			      status.why[0] ? api_str(status.why) : json_null(), "words",
			      status.waiting ? api_str(status.words) : json_null(), "frozen",
			      charter && charter->frozen);
}

/* ---- members ---- */

static const char *member_state_name(const struct charter_member *member)
{
	return member->state == CHARTER_MEMBER  ? "member"
	       : member->state == CHARTER_RELAY ? "relay"
						: "former";
}

static json_t *member_json(const struct charter *charter, const struct charter_member *member,
			   const struct member_state *state)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:b, s:b, s:o, s:s, s:o, s:I, s:o}",
			 "number", api_uint(member->number), "name", api_str(member->name), "slug",
			 api_str(member->slug), "ags", api_str(member->ags), "group",
			 api_str(member->group), "state", member_state_name(member), "steward",
			 charter_is_steward(charter, member->number), "self", state->self, "linked",
			 state->linked, "author", api_uint(state->author), "completeness",
			 state->state ? state->state : "unknown", "missing",
			 api_uint(state->missing), "head_ms", (json_int_t)state->head_time_ms,
			 "records", api_uint(state->record_count));
}

/* Who runs its node, as the node itself says; null: nothing has been heard of it. */
static json_t *member_operator_json(struct hub *hub, struct txn *txn, uint32_t author)
{
	struct catalog_holder holder;

	if (!catalog_holder(hub, txn, author, &holder) || !holder.operator_known)
		return json_null();
	return api_operator(holder.operator_name);
}

/* Names and short names that it had before, the latest first. */
static json_t *formerly_json(const struct charter *charter, const struct charter_member *member)
{
	const struct charter_rename *rename;
	json_t *list = json_array();

	for (uint32_t at = 0; charter_renamed(charter, member, &at, &rename);)
		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:I}", "name",
						      api_str(rename->name_before), "slug",
						      api_str(rename->slug_before), "ags",
						      api_str(rename->ags_before), "until_ms",
						      (json_int_t)rename->time_ms));
	return list;
}

static void members_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const struct charter *charter = charter_of(hub);
	json_t *list = json_array();

	for (uint32_t i = 0; charter && i < charter->member_count; i++) {
		const struct charter_member *member = &charter->members[i];
		struct member_state state = {0};

		membership_member(hub, txn, now_ms, member->number, &state);
		json_t *object = member_json(charter, member, &state);
		json_object_set_new(object, "operator",
				    member_operator_json(hub, txn, state.author));
		json_object_set_new(object, "formerly", formerly_json(charter, member));
		json_array_append_new(list, object);
	}
	call->out = json_pack("{s:o}", "members", list);
}

/* ---- who waits ---- */

static void requests_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct request_row row;
	struct org_id org = {{0}};
	json_t *list = json_array();

	while (request_next(txn, &org, &row))
		json_array_append_new(
			list,
			json_pack("{s:o, s:o, s:o, s:b, s:s, s:o, s:I, s:I, s:o}", "name",
				  api_str(row.name), "slug", api_str(row.slug), "ags",
				  api_str(row.ags), "relay", row.relay, "state",
				  row.approved ? "voting"
				  : row.opened ? "waiting"
					       : "incomplete",
				  "address", row.address[0] ? api_str(row.address) : json_null(),
				  "since_ms", (json_int_t)row.since_ms, "until_ms",
				  (json_int_t)row.until_ms, "wrong", api_uint(row.wrong)));
	call->out = json_pack("{s:o}", "requests", list);
}

static json_t *outcome_json(const struct voting_outcome *outcome)
{
	return json_pack("{s:o, s:o, s:o, s:b, s:b}", "id",
			 id_zero(&outcome->id) ? json_null() : api_hex(id_bytes(&outcome->id)),
			 "number", api_uint(outcome->number), "changes",
			 api_lines(buf_bytes(&outcome->words)), "voted", outcome->voted, "accepted",
			 outcome->accepted);
}

static void approve_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct voting_outcome outcome;

	voting_outcome_init(&outcome);
	call->err = request_approve(hub, txn, api_in_text(call, "slug"), api_in_text(call, "words"),
				    &outcome, call->why);
	if (!call->err)
		call->out = outcome_json(&outcome);
	voting_outcome_fini(&outcome);
}

static void refuse_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	call->err = request_refuse(hub, txn, api_in_text(call, "slug"), call->why);
	call->out = json_pack("{s:s}", "slug", api_in_text(call, "slug"));
}

/* ---- proposals ---- */

static json_t *voters_json(const struct charter *charter, const struct voting_proposal *proposal)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < proposal->voter_count; i++) {
		const struct charter_member *member = charter_member(charter, proposal->voters[i]);
		if (member)
			json_array_append_new(list, api_str(member->slug));
	}
	return list;
}

static json_t *proposal_json(const struct charter *charter, const struct voting_proposal *proposal,
			     struct bytes words)
{
	return json_pack(
		"{s:o, s:o, s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "id",
		api_hex(id_bytes(&proposal->id)), "number", api_uint(proposal->number), "time_ms",
		(json_int_t)proposal->time_ms, "settlement", proposal->settlement, "changes",
		api_lines(words), "voters", voters_json(charter, proposal), "votes",
		api_uint(proposal->votes), "needed", api_uint(proposal->needed), "votes_new",
		api_uint(proposal->votes_new), "needed_new", api_uint(proposal->needed_new),
		"may_vote", proposal->may_vote, "voted", proposal->voted);
}

static void proposals_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const struct charter *charter = charter_of(hub);
	struct voting_proposal proposal;
	json_t *list = json_array();
	struct buf words;

	buf_init(&words, VOTING_WORDS_LEN_MAX);
	for (size_t i = 0; charter && voting_proposal(hub, txn, i, &proposal, &words); i++) {
		json_array_append_new(list, proposal_json(charter, &proposal, buf_bytes(&words)));
		buf_reset(&words);
	}
	buf_fini(&words);
	call->out = json_pack("{s:o, s:b, s:b, s:o}", "number",
			      api_uint(charter ? charter->number + 1 : 0), "split",
			      charter && voting_is_split(hub, txn), "frozen",
			      charter && charter->frozen, "proposals", list);
}

static void proposal_text_begin(struct call *call)
{
	if (api_text_arg(call, "id", &call->path, true))
		api_push(call);
}

static void proposal_text_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct buf text;

	buf_init(&text, ENVELOPE_LEN_MAX);
	call->err = voting_proposal_text(hub, txn, (const char *)call->path.ptr, &text, call->why);
	if (!call->err)
		call->out = json_pack("{s:o}", "text", api_text(buf_bytes(&text)));
	buf_fini(&text);
}

static size_t slugs_read(struct call *call, const char *out[LIMIT_STEWARD_COUNT_MAX + 1])
{
	const json_t *list = json_object_get(call->in, "slugs");
	size_t count = json_array_size(list);

	if (count > LIMIT_STEWARD_COUNT_MAX + 1)
		count = LIMIT_STEWARD_COUNT_MAX + 1; /* too many, and refused as that */
	for (size_t i = 0; i < count; i++)
		out[i] = json_string_value(json_array_get(list, i));
	return count;
}

static enum err federation_rename(struct call *call, struct hub *hub, struct txn *txn,
				  struct voting_outcome *out, struct buf *text)
{
	const char *slugs[LIMIT_STEWARD_COUNT_MAX + 1];
	const struct renaming terms = {.member = slugs_read(call, slugs) ? slugs[0] : NULL,
				       .name = api_in_text(call, "name"),
				       .slug = api_in_text(call, "slug"),
				       .ags = api_in_text(call, "ags")};

	return renaming_propose(hub, txn, &terms, api_in_true(call, "confirm"), out, text,
				call->why);
}

static enum err federation_propose(struct call *call, struct hub *hub, struct txn *txn,
				   struct voting_outcome *out, struct buf *text)
{
	const char *change = api_in_text(call, "change"), *entry = api_in_text(call, "entry");
	const char *slugs[LIMIT_STEWARD_COUNT_MAX + 1];
	size_t count = slugs_read(call, slugs);
	json_int_t wanted = json_integer_value(json_object_get(call->in, "threshold"));
	uint32_t threshold = wanted > UINT32_MAX ? UINT32_MAX : (uint32_t)wanted;
	bool confirm = api_in_true(call, "confirm");

	if (!strcmp(change, "stewards"))
		return voting_stewards(hub, txn, slugs, count, threshold, confirm, out, call->why);
	if (!strcmp(change, "settle"))
		return voting_settlement(hub, txn, entry, slugs, count, threshold, confirm, out,
					 call->why);
	if (count == 1 && !strcmp(change, "remove"))
		return voting_remove(hub, txn, slugs[0], confirm, out, call->why);
	if (count == 1 && !strcmp(change, "relay"))
		return voting_relay(hub, txn, slugs[0], confirm, out, call->why);
	if (count <= 1 && !strcmp(change, "rename"))
		return federation_rename(call, hub, txn, out, text);
	snprintf(call->why, sizeof(call->why),
		 "a change is \"stewards\", \"settle\", \"rename\", or \"remove\" or \"relay\" "
		 "with one slug");
	return ERR_CONFIG;
}

static void propose_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct voting_outcome outcome;
	struct buf text;

	voting_outcome_init(&outcome);
	buf_init(&text, ENVELOPE_LEN_MAX);
	call->err = federation_propose(call, hub, txn, &outcome, &text);
	if (!call->err) {
		call->status = api_in_true(call, "confirm") ? 201 : 200;
		call->out = outcome_json(&outcome);
		json_object_set_new(call->out, "text",
				    text.len ? api_text(buf_bytes(&text)) : json_null());
	}
	buf_fini(&text);
	voting_outcome_fini(&outcome);
}

static void vote_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const char *given = api_in_text(call, "proposal");
	bool is_text = envelope_is(ENVELOPE_PROPOSAL, bytes_str(given)) ||
		       envelope_is(ENVELOPE_VOTE, bytes_str(given));
	bool confirm = api_in_true(call, "confirm");
	const struct voting_heard heard = {.words = api_in_text(call, "words"),
					   .unheard = api_in_true(call, "unheard"),
					   .despite = api_in_text(call, "despite")};
	struct voting_outcome outcome;
	struct buf text;

	voting_outcome_init(&outcome);
	buf_init(&text, ENVELOPE_LEN_MAX);
	call->err =
		is_text ? voting_text(hub, txn, given, &heard, confirm, &outcome, &text, call->why)
			: voting_vote(hub, txn, given, &heard, confirm, &outcome, &text, call->why);
	if (!call->err) {
		call->out = outcome_json(&outcome);
		json_object_set_new(call->out, "vote",
				    text.len ? api_text(buf_bytes(&text)) : json_null());
	}
	buf_fini(&text);
	voting_outcome_fini(&outcome);
}

/* ---- leaving, and what is frozen ---- */

static void leave_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	const char *reason = api_in_text(call, "reason");

	if (!reason)
		reason = "";
	call->err = voting_leave(hub, txn, api_in_true(call, "cancel") ? NULL : reason, call->why);
	call->status = 202;
	call->out = json_object();
}

static json_t *kept_json(struct txn *txn)
{
	json_t *list = json_array();
	struct fork_kept kept = {.number = 0};

	while (json_array_size(list) < BRANCH_COUNT_MAX && fork_kept_next(txn, &kept))
		json_array_append_new(
			list, json_pack("{s:o, s:o, s:I, s:o, s:I}", "number",
					api_uint(kept.number), "own", api_hex(id_bytes(&kept.own)),
					"own_seen_ms", (json_int_t)kept.own_seen_ms, "other",
					api_hex(id_bytes(&kept.other)), "other_seen_ms",
					(json_int_t)kept.other_seen_ms));
	return list;
}

static void fork_run(struct call *call, struct hub *hub, struct txn *txn, int64_t now_ms)
{
	struct fork_branch *branches = mem_new(BRANCH_COUNT_MAX, sizeof(*branches));
	size_t count = fork_branches(hub, txn, branches, BRANCH_COUNT_MAX);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:o, s:b, s:o}", "id",
						      api_hex(id_bytes(&branches[i].id)), "time_ms",
						      (json_int_t)branches[i].time_ms, "seen_ms",
						      (json_int_t)branches[i].seen_ms, "entries",
						      api_uint(branches[i].entry_count),
						      "settlement", branches[i].settlement, "words",
						      api_str(branches[i].words)));
	free(branches);
	call->out = json_pack("{s:o, s:o, s:o}", "number", api_uint(fork_number(hub)), "entries",
			      list, "kept", kept_json(txn));
}

const struct route federation_routes[] = {
	{HTTP_POST, "/federation", ROUTE_COMMAND, FIELDS("S:name"), .run = found_run},
	{HTTP_GET, "/federation", ROUTE_QUERY, .run = federation_run},
	{HTTP_POST, "/federation/invitations", ROUTE_COMMAND,
	 FIELDS("S:name", "S:slug", "S:ags", "b:auto_approve", "b:relay"), .run = invite_run},
	{HTTP_GET, "/federation/invitations", ROUTE_QUERY, .run = invitations_run},
	{HTTP_POST, "/federation/invitations/cancel", ROUTE_COMMAND, FIELDS("S:which"),
	 .run = uninvite_run},
	{HTTP_POST, "/federation/join", ROUTE_COMMAND, FIELDS("S:invitation"), .run = join_run},
	{HTTP_GET, "/federation/members", ROUTE_QUERY, .run = members_run},
	{HTTP_GET, "/federation/requests", ROUTE_QUERY, .run = requests_run},
	{HTTP_POST, "/federation/requests/approve", ROUTE_COMMAND, FIELDS("S:slug", "S:words"),
	 .run = approve_run},
	{HTTP_POST, "/federation/requests/refuse", ROUTE_COMMAND, FIELDS("S:slug"),
	 .run = refuse_run},
	{HTTP_GET, "/federation/proposals", ROUTE_QUERY, .run = proposals_run},
	{HTTP_GET, "/federation/proposal", ROUTE_QUERY, .begin = proposal_text_begin,
	 .run = proposal_text_run},
	{HTTP_POST, "/federation/proposals", ROUTE_COMMAND,
	 FIELDS("S:change", "l:slugs", "s:entry", "i:threshold", "s:name", "s:slug", "s:ags",
		"b:confirm"),
	 .run = propose_run},
	{HTTP_POST, "/federation/votes", ROUTE_COMMAND,
	 FIELDS("S:proposal", "b:confirm", "s:words", "b:unheard", "s:despite"), .run = vote_run},
	{HTTP_POST, "/federation/leave", ROUTE_COMMAND, FIELDS("s:reason", "b:cancel"),
	 .run = leave_run},
	{HTTP_GET, "/federation/fork", ROUTE_QUERY, .run = fork_run},
	{.path = NULL},
};
