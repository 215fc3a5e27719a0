#include "node/care/overview.h"

#include <stdio.h>
#include <string.h>

#include "proto/ledger/held.h"
#include "proto/ledger/standing.h"
#include "proto/rights/current.h"

#define AHEAD_MS 60000 /* clocks differ a little; more than this is a wrong one */

/* One of which it is true, as people call it; empty: none. */
static void first_name(struct hub *hub, struct txn *txn, enum standing standing,
		       char name[LIMIT_PATH_LEN_MAX + 1])
{
	struct dataset_id dataset = {{0}};
	struct ledger_version current;
	struct version version;

	name[0] = '\0';
	if (!standing_next(txn, standing, &dataset) ||
	    current_find(hub, txn, &dataset, 0, &current, NULL) ||
	    held_version(txn, &(struct version_id){dataset, current.number, current.author},
			 &version))
		return;
	catalog_name(hub, txn, version.path, name);
}

static void count_datasets(struct overview_datasets *datasets, struct hub *hub, struct txn *txn)
{
	struct standing_counts counts;

	standing_counts(txn, &counts);
	datasets->known = counts.known;
	datasets->own = counts.of[STANDING_OWN];
	datasets->held = counts.of[STANDING_HELD];
	datasets->damaged = counts.of[STANDING_DAMAGED];
	datasets->own_damaged = counts.of[STANDING_OWN_DAMAGED];
	datasets->hidden = counts.of[STANDING_HIDDEN];
	datasets->own_single = counts.of[STANDING_SINGLE];
	datasets->own_gone = counts.of[STANDING_GONE];
	first_name(hub, txn, STANDING_GONE, datasets->first_gone);
	first_name(hub, txn, STANDING_DAMAGED, datasets->first_damaged);
	first_name(hub, txn, STANDING_SINGLE, datasets->first_single);
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
	count_datasets(&overview->datasets, hub, txn);
	count_members(overview, hub, txn, now_ms);
	count_peers(overview, hub);
	space_take(&overview->space, node->db, node->dir, node->config->limits.store_bytes_max);
}
