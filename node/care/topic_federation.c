/*
 * What the federation needs of a steward or a member: requests, votes, farewells, a frozen charter.
 */
#include <inttypes.h>
#include <stdio.h>

#include "node/care/topics.h"
#include "proto/sync/fork.h"
#include "proto/membership/request.h"
#include "proto/membership/voting.h"

enum { ID_SHOWN = 4 }; /* bytes of an id that people type */

void topic_charter(struct actions *list)
{
	const struct membership_status *membership = &list->overview->membership;
	uint32_t number = fork_number(list->hub);

	if (membership->author && number)
		actions_add(list, ACTION_CRITICAL, "allmende federation settle",
			    "the charter is frozen: there are two entries %" PRIu32
			    ", so a steward has signed twice; nobody is admitted or removed until "
			    "the members settle it",
			    number);
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
