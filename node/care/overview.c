#include "node/care/overview.h"

#include <stdio.h>
#include <string.h>

#define AHEAD_MS 60000 /* clocks differ a little; more than this is a wrong one */

void overview_dataset(struct overview *overview, struct hub *hub, struct txn *txn,
		      const struct catalog_entry *entry)
{
	struct overview_datasets *datasets = &overview->datasets;
	struct catalog_holder holders[16];
	size_t holder_count = entry->own ? catalog_holders(hub, txn, entry, holders, 16) : 0;
	bool single = entry->own && catalog_copies(holders, holder_count) < 2;

	bool gone = entry->own && !entry->held && holder_count == 0;

	datasets->known++;
	datasets->hidden += entry->tier == TIER_HIDDEN && !entry->readable;
	datasets->own += entry->own;
	datasets->held += entry->held;
	datasets->damaged += entry->damaged;
	datasets->own_damaged += entry->own && entry->damaged;
	datasets->own_single += single;
	datasets->own_gone += gone;
	if (gone && !datasets->first_gone[0])
		snprintf(datasets->first_gone, sizeof(datasets->first_gone), "%s", entry->path);
	if (entry->damaged && !datasets->first_damaged[0])
		snprintf(datasets->first_damaged, sizeof(datasets->first_damaged), "%s",
			 entry->path);
	if (single && !datasets->first_single[0])
		snprintf(datasets->first_single, sizeof(datasets->first_single), "%s", entry->path);
}

static void add_troubled(struct overview *overview, const struct charter_member *member,
			 const struct member_state *state)
{
	struct overview_member *troubled;

	if (overview->troubled_count == OVERVIEW_TROUBLED_MAX)
		return;
	troubled = &overview->troubled[overview->troubled_count++];
	snprintf(troubled->name, sizeof(troubled->name), "%s", member->name);
	snprintf(troubled->slug, sizeof(troubled->slug), "%s", member->slug);
	troubled->state = state->state;
	troubled->missing = state->missing;
	troubled->head_time_ms = state->head_time_ms;
}

static void add_heads(struct overview *overview, const struct member_state *state)
{
	if (state->self)
		overview->own_head_ms = state->head_time_ms;
	if (state->head_time_ms == 0 || state->self)
		return;
	if (!overview->oldest_head_ms || state->head_time_ms < overview->oldest_head_ms)
		overview->oldest_head_ms = state->head_time_ms;
}

static void count_members(struct overview *overview, struct hub *hub, struct txn *txn,
			  int64_t now_ms)
{
	const struct charter *charter = overview->membership.charter;

	for (uint32_t i = 0; charter && i < charter->member_count; i++) {
		const struct charter_member *member = &charter->members[i];
		struct member_state state = {0};

		if (!charter_is_present(member))
			continue;
		membership_member(hub, txn, now_ms, member->number, &state);
		overview->members++;
		overview->complete += !strcmp(state.state, "complete");
		overview->partial += !strcmp(state.state, "partial");
		overview->held += !strcmp(state.state, "held back");
		overview->over += !strcmp(state.state, "over quota");
		overview->stale += !strcmp(state.state, "stale");
		overview->disputed += !strcmp(state.state, "disputed");
		overview->unknown += !strcmp(state.state, "unknown");
		if (strcmp(state.state, "complete"))
			add_troubled(overview, member, &state);
		add_heads(overview, &state);
	}
}

/* An organisation may have many nodes, and one clock for all of them. */
static void clock_add(struct overview_clock *clock, const struct peer_state *peer, int64_t by_ms)
{
	if (clock->members && author_member(clock->author) == author_member(peer->author))
		return;
	if (!clock->members || by_ms < clock->min_ms)
		clock->min_ms = by_ms;
	clock->author = peer->author;
	clock->members++;
}

static void count_peers(struct overview *overview, struct hub *hub)
{
	struct peer_state peer;

	for (size_t i = 0; peers_show(hub, i, &peer); i++) {
		overview->peers++;
		overview->linked += peer.link != 0;
		overview->dialled += peer.link != 0 && peer.dialled;
		overview->timed += peer.link && peer.late_known;
		if (peer.link && peer.ahead_ms >= AHEAD_MS)
			clock_add(&overview->ahead, &peer, peer.ahead_ms);
		if (peer.link && peer.late_known && peer.late_ms >= AHEAD_MS)
			clock_add(&overview->late, &peer, peer.late_ms);
	}
}

void overview_take(struct overview *overview, const struct node_view *node, struct hub *hub,
		   struct txn *txn, int64_t now_ms)
{
	membership_status(hub, &overview->membership);
	count_members(overview, hub, txn, now_ms);
	count_peers(overview, hub);
	space_take(&overview->space, node->db, node->dir, node->config->limits.store_bytes_max);
}
