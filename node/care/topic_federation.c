/*
 * What the federation needs of a steward or a member: requests, votes, farewells, a frozen charter.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/check.h"
#include "node/care/topics.h"
#include "proto/sync/fork.h"
#include "proto/sync/logs.h"
#include "proto/membership/announced.h"
#include "proto/membership/request.h"
#include "proto/membership/voting.h"

enum { ID_SHOWN = 4 }; /* bytes of an id that people type */
enum { ENTRY_TEXT_LEN = 64 };
static const int64_t day_ms = 24 * 3600 * (int64_t)1000;

/* An entry, and how long ago it was seen here first. */
static void entry_text(char out[ENTRY_TEXT_LEN], const struct digest *id, int64_t seen_ms,
		       int64_t now_ms)
{
	char hex[2 * ID_SHOWN + 1];
	long days = seen_ms > now_ms ? 0 : (long)((now_ms - seen_ms) / day_ms);

	hex_put(hex, bytes_slice(id_bytes(id), 0, ID_SHOWN));
	snprintf(out, ENTRY_TEXT_LEN, "%s (here for %ld day%s)", hex, days, days == 1 ? "" : "s");
}

static void add_frozen(struct actions *list, uint32_t number)
{
	struct fork_branch *branches = mem_new(CHARTER_BRANCH_COUNT_MAX, sizeof(*branches));
	size_t count = fork_branches(list->hub, list->txn, branches, CHARTER_BRANCH_COUNT_MAX);
	char one[ENTRY_TEXT_LEN] = "", other[ENTRY_TEXT_LEN] = "";

	if (count > 1) {
		entry_text(one, &branches[0].id, branches[0].seen_ms, list->now_ms);
		entry_text(other, &branches[1].id, branches[1].seen_ms, list->now_ms);
	}
	actions_add(list, ACTION_CRITICAL, "allmende federation settle",
		    "the charter is frozen: there are %zu entries %" PRIu32
		    ", %s and %s, so a steward has signed twice; nobody is admitted or removed "
		    "until the members settle it",
		    count, number, one, other);
	free(branches);
}

/* Evidence stands here until it is settled, however old it is. */
static void add_kept(struct actions *list)
{
	struct fork_kept kept = {.number = 0};
	char own[ENTRY_TEXT_LEN], other[ENTRY_TEXT_LEN];

	while (list->topic_count < ACTION_PER_TOPIC_MAX && fork_kept_next(list->txn, &kept)) {
		entry_text(own, &kept.own, kept.own_seen_ms, list->now_ms);
		entry_text(other, &kept.other, kept.other_seen_ms, list->now_ms);
		actions_add(list, ACTION_WARN, "allmende federation settle",
			    "charter entry %" PRIu32
			    " exists twice: %s counts, and %s does not, as it came so much later; "
			    "stewards of that time have signed both: ask them how, and have the "
			    "members settle it",
			    kept.number, own, other);
	}
}

void topic_charter(struct actions *list)
{
	const struct membership_status *membership = &list->overview->membership;
	uint32_t number = fork_number(list->hub), waits;
	int64_t ahead_ms = fork_ahead(list->hub, &waits);

	if (membership->author && number)
		add_frozen(list, number);
	if (ahead_ms > 0)
		actions_add(list, ACTION_WARN, "timedatectl",
			    "charter entry %" PRIu32 " is dated %" PRId64
			    " minutes after the time of this node, and waits until then: is the "
			    "clock right?",
			    waits, ahead_ms / 60000);
	if (fork_unread(list->hub))
		actions_add(list, ACTION_WARN, "update Allmende on this node",
			    "charter entry %" PRIu32
			    " says what this program does not know, so this node follows the "
			    "federation no further: it needs a later version of Allmende",
			    fork_unread(list->hub));
	if (membership->author)
		add_kept(list);
}

static void add_lost(struct actions *list, const struct orglog_lost *lost)
{
	const struct charter *charter = &list->hub->charter;
	const struct charter_member *member = charter_by_org(charter, &lost->org);

	if (!member)
		return;
	if (id_eq(&lost->org, &list->hub->options.identity->org))
		actions_add(list, ACTION_CRITICAL, "allmende node settle",
			    "entry %" PRIu32
			    " of your organisation's log exists twice: two machines with the root "
			    "have made it, or somebody has stolen the root; the lost one has %u "
			    "node%s that do%s not count; you get no new keys until it is settled, "
			    "where the root is",
			    lost->number, lost->node_count, lost->node_count == 1 ? "" : "s",
			    lost->node_count == 1 ? "es" : "");
	else
		actions_add(list, ACTION_WARN, "",
			    "entry %" PRIu32
			    " of the organisation log of %s exists twice: it gets no new keys "
			    "until it runs `allmende node settle`",
			    lost->number, member->name);
}

void topic_logs(struct actions *list)
{
	struct orglog_lost lost = {.number = 0};

	if (list->hub->place == PLACE_OUT)
		actions_add(list, ACTION_CRITICAL, "allmende node list", "%s",
			    list->hub->place_why);
	while (list->topic_count < ACTION_PER_TOPIC_MAX && orglog_lost_next(list->txn, &lost))
		add_lost(list, &lost);
}

/* Another root key is announced: the organisation itself has to know best whether it may be. */
void topic_roots(struct actions *list)
{
	struct announced announced;

	for (size_t i = 0; list->topic_count < ACTION_PER_TOPIC_MAX &&
			   announced_next(list->hub, list->txn, i, &announced);
	     i++) {
		const struct charter_member *member =
			charter_member(&list->hub->charter, announced.bind->member);
		const bool own = id_eq(&member->org, &list->hub->options.identity->org);
		/* What nothing has come of for as long again is forgotten. */
		if (list->now_ms - announced.seen_ms > 2 * CHARTER_ANNOUNCED_MS)
			continue;
		actions_add(list, own ? ACTION_CRITICAL : ACTION_WARN,
			    own ? "allmende root object" : "allmende root",
			    "another root key of %s is announced by entry %" PRIu32
			    " of the charter%s: if %s has not asked for it, somebody wants to "
			    "speak in its name",
			    member->name, announced.bind->number,
			    announced.objector ? ", and it objects" : "",
			    own ? "your organisation" : "it");
	}
}

void topic_requests(struct actions *list)
{
	struct request_row row;
	struct org_id org = {{0}};

	while (request_next(list->txn, &org, &row))
		if (!row.approved)
			actions_add(
				list, ACTION_WARN, "allmende federation requests",
				"%s (%s) waits to be admitted: have it read its six words to you "
				"over the telephone",
				row.name, row.slug);
}

void topic_votes(struct actions *list)
{
	const struct membership_status *membership = &list->overview->membership;
	struct voting_proposal proposal;
	char command[ACTION_COMMAND_LEN], hex[2 * ID_SHOWN + 1];

	if (!membership->author)
		return;
	if (voting_is_split(list->hub, list->txn))
		actions_add(list, ACTION_WARN, "allmende federation proposals",
			    "the stewards have voted for different proposals, and none of them can "
			    "have enough votes: the members have to settle it");
	for (size_t i = 0; voting_proposal(list->hub, list->txn, i, &proposal, NULL); i++) {
		if (!proposal.may_vote || proposal.voted)
			continue;
		hex_put(hex, bytes_slice(id_bytes(&proposal.id), 0, ID_SHOWN));
		snprintf(command, sizeof(command), "allmende federation vote %s", hex);
		actions_add(list, ACTION_WARN, command,
			    "proposal %s waits for your vote: %" PRIu32 " of %" PRIu32
			    " votes are given",
			    hex, proposal.votes, proposal.needed);
	}
}

void topic_leaving(struct actions *list)
{
	const struct membership_status *membership = &list->overview->membership;
	const struct charter *charter = membership->charter;
	char command[ACTION_COMMAND_LEN], reason[513];
	uint32_t number = 0;

	if (!charter || !charter_is_steward(charter, membership->member_number))
		return;
	while (voting_leaver(list->hub, list->txn, &number, reason)) {
		const struct charter_member *member = charter_member(charter, number);
		if (!member || !charter_is_present(member))
			continue;
		snprintf(command, sizeof(command), "allmende federation remove %s", member->slug);
		actions_add(list, ACTION_WARN, command, "%s wants to leave the federation%s%.300s",
			    member->name, reason[0] ? ": " : "", reason);
	}
}
