#include "proto/hub/places.h"

#include "proto/hub/hub.h"

enum {
	GUEST_SHARE = 8, /* of the places for members, one in so many more for guests */
	FEW = 4,         /* links that every organisation may have when places get scarce */
};

static uint32_t guest_max(const struct limits *limits)
{
	return (limits->peer_count_max + GUEST_SHARE - 1) / GUEST_SHARE;
}

uint32_t places_count_max(const struct limits *limits)
{
	return limits->peer_count_max + 2 * guest_max(limits);
}

/* ---- members ---- */

static bool is_link_of(const struct peer *peer, uint32_t member)
{
	return !peer->leaving && peer->author && author_member(peer->author) == member;
}

static uint32_t links_of(const struct hub *hub, uint32_t member)
{
	uint32_t count = 0;
	for (size_t i = 0; i < hub->peers.count; i++)
		count += is_link_of(hub->peers.items[i], member);
	return count;
}

static uint32_t member_links(const struct hub *hub)
{
	uint32_t count = 0;
	for (size_t i = 0; i < hub->peers.count; i++)
		count += !hub->peers.items[i]->leaving && hub->peers.items[i]->author;
	return count;
}

/* What an organisation keeps when places get scarce. */
static uint32_t share(const struct hub *hub)
{
	uint32_t members = 0;
	for (uint32_t i = 0; i < hub->charter.member_count; i++)
		members += charter_is_present(&hub->charter.members[i]);
	uint32_t part = members ? hub->options.limits->peer_count_max / members : 0;
	return part > FEW ? part : FEW;
}

/* The newest link of the organisation that has the most, and how many those are. */
static struct peer *greediest(const struct hub *hub, uint32_t *most)
{
	struct peer *newest = NULL;
	*most = 0;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->leaving || !peer->author)
			continue;
		uint32_t count = links_of(hub, author_member(peer->author));
		if (count > *most || (count == *most && peer->link > newest->link)) {
			*most = count;
			newest = peer;
		}
	}
	return newest;
}

/* False: no place. *out: the link that has to go for it, or NULL. */
static bool place_find(const struct hub *hub, uint32_t member, struct peer **out)
{
	uint32_t max = hub->options.limits->peer_count_max, taken = member_links(hub);
	uint32_t own, most;
	*out = NULL;
	if (taken < max / 2)
		return true;
	own = links_of(hub, member);
	if (taken < max && own >= share(hub))
		return false;
	struct peer *newest = greediest(hub, &most);
	/* Whoever has two more than the newcomer gives one, so nobody is pushed to and fro. */
	bool gives = newest && most > own + 1;
	if (gives && (taken >= max || most > share(hub)))
		*out = newest;
	return taken < max || gives;
}

bool places_may(const struct hub *hub, uint32_t member)
{
	struct peer *goes;
	return place_find(hub, member, &goes);
}

bool places_take(struct hub *hub, uint32_t member)
{
	struct peer *goes;
	if (!place_find(hub, member, &goes))
		return false;
	if (goes)
		hub_close_link(hub, goes, LINK_REASON_BUSY);
	return true;
}

/* ---- guests ---- */

/* One that came by itself. */
static bool is_guest(const struct peer *peer, bool waits)
{
	return !peer->leaving && !peer->author && !peer->dial && peer->waits == waits;
}

/* Those that have said nothing yet go before all others, then whoever has been here longest. */
static bool guest_before(const struct peer *a, const struct peer *b)
{
	return a->spoke != b->spoke ? b->spoke : a->link < b->link;
}

static void guest_room(struct hub *hub, bool waits)
{
	uint32_t count = 0;
	struct peer *first = NULL;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (!is_guest(peer, waits))
			continue;
		count++;
		if (!first || guest_before(peer, first))
			first = peer;
	}
	if (count >= guest_max(hub->options.limits))
		hub_close_link(hub, first, LINK_REASON_BUSY);
}

void places_guest(struct hub *hub)
{
	guest_room(hub, false);
}

void places_wait(struct hub *hub, struct peer *peer)
{
	if (peer->waits)
		return;
	/* An organisation needs one: its older links go before another's. */
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *other = hub->peers.items[i];
		if (is_guest(other, true) && id_eq(&other->org, &peer->org))
			hub_close_link(hub, other, LINK_REASON_REPLACED);
	}
	guest_room(hub, true);
	peer->waits = true;
}
