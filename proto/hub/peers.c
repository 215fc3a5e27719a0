#include "proto/hub/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/hub/hub.h"
#include "proto/hub/places.h"

/* A guest has this long to become a member. */
static const int64_t guest_ms_max = 120 * 1000;
/* Who is out has this long to ask for what it may know; so has a node that is out itself. */
static const int64_t out_ms_max = 50 * 1000;

struct peer *peers_find(struct hub *hub, uint64_t link)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		if (hub->peers.items[i]->link == link)
			return hub->peers.items[i];
	}
	return NULL;
}

struct peer *peers_by_author(struct hub *hub, uint32_t author)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		if (hub->peers.items[i]->up && hub->peers.items[i]->author == author)
			return hub->peers.items[i];
	}
	return NULL;
}

static const struct orglog_node *node_of(struct orglog *log, struct txn *txn,
					 const struct charter_member *member, uint8_t index)
{
	if (orglog_load(txn, &member->org, log))
		return NULL;
	const struct orglog_node *node = orglog_node(log, index);
	return node && node->state == ORGLOG_NODE_ACTIVE ? node : NULL;
}

static uint32_t peers_author_of(struct hub *hub, struct txn *txn, const struct org_id *org,
				uint8_t node_index, const struct dh_pk *key)
{
	const struct charter_member *member = charter_by_org(&hub->charter, org);
	uint32_t author = 0;
	if (!member)
		return 0;
	struct orglog log;
	const struct orglog_node *node = node_of(&log, txn, member, node_index);
	if (node && id_eq(&node->transport, key))
		author = author_of(member->number, node_index);
	orglog_fini(&log);
	return author;
}

/*
 * PROTOCOL: "A peer whose certificate names a node that the log known here has as retired or lost,
 * or a former member, is a guest that is *out*"
 */
static bool peer_is_out(struct hub *hub, struct txn *txn, const struct org_id *org,
			uint8_t node_index, const struct dh_pk *key)
{
	const struct charter_member *member = charter_last_of(&hub->charter, org);
	struct orglog log;
	bool out = false;

	if (!member || !hub->author)
		return false;
	if (!charter_is_present(member))
		return true;
	if (orglog_load(txn, org, &log))
		return false;
	const struct orglog_node *node = orglog_node(&log, node_index);
	out = node && node->state != ORGLOG_NODE_ACTIVE && id_eq(&node->transport, key);
	orglog_fini(&log);
	return out;
}

static enum link_reason guest_reason(const struct peer *peer)
{
	return peer->out ? LINK_REASON_OUT : LINK_REASON_NOT_MEMBER;
}

bool peers_key(struct hub *hub, struct txn *txn, uint32_t author, struct dh_pk *key)
{
	const struct charter_member *member = hub_author_member(hub, author);
	struct orglog log;
	if (!member)
		return false;
	const struct orglog_node *node = node_of(&log, txn, member, author_node(author));
	if (node)
		*key = node->transport;
	orglog_fini(&log);
	return node != NULL;
}

void peers_close(struct hub *hub)
{
	for (size_t i = 0; i < hub->peers.count; i++)
		peer_free(hub->peers.items[i]);
	free(hub->peers.items);
	hub->peers = (struct peers){0};
}

void peer_free(struct peer *peer)
{
	check(!peer->sync && !peer->transfer);
	free(peer);
}

void peers_turn(struct hub *hub)
{
	for (size_t i = 0; i < hub->peers.count; i++)
		hub->peers.items[i]->turn_bytes = 0;
}

static void admit(struct hub *hub, uint64_t link, bool ok, enum link_reason reason)
{
	struct effect *effect = hub_effect(hub, EFFECT_ADMIT, link);
	effect->ok = ok;
	effect->reason = reason;
}

/* Links that were told to end and are still here: of the same organisation, or of guests. */
static size_t leaving_of(const struct hub *hub, const struct event *event, uint32_t author)
{
	size_t count = 0;
	for (size_t i = 0; !event->dial && i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		count += peer->leaving && !peer->dial &&
			 author_member(peer->author) == author_member(author);
	}
	return count;
}

/* Whether the owner of this certificate may go on, and as whom. */
static enum link_reason cert_reason(struct hub *hub, struct txn *txn, const struct event *event,
				    uint32_t author, bool out)
{
	const struct certificate *certificate = &event->certificate;
	const struct charter_member *member = charter_by_org(&hub->charter, &certificate->org);
	if (id_eq(&event->key, &hub->options.identity->transport_pk))
		return LINK_REASON_OWN;
	if (hub_paused(hub, author))
		return LINK_REASON_BUSY;
	/* Those that are told to end are here for a moment more; too many at once are too fast. */
	if (leaving_of(hub, event, author) >= places_count_max(hub->options.limits))
		return LINK_REASON_BUSY;
	/*
	 * A member whose key is not in the log known here may have a newer log, but only if it
	 * shows one; or one of another branch, and has to hear that it does not count.
	 */
	if (author == 0 && member && !out) {
		struct orglog shown;
		/* Its keys are looked at when the log is asked for; here its number is enough. */
		if (orglog_entry_signed(&shown, certificate->entry))
			return LINK_REASON_CERTIFICATE;
		struct bytes known;
		bool news = !orglog_entry(txn, &member->org, shown.number, &known) ||
			    !bytes_eq(known, certificate->entry);
		orglog_fini(&shown);
		if (!news)
			return LINK_REASON_CERTIFICATE;
	}
	return LINK_REASON_DONE;
}

/* A node that is linked already needs no other place: of its two links one goes. */
static bool place_take(struct hub *hub, const struct event *event, uint32_t author)
{
	if (!author && !event->dial)
		places_guest(hub);
	return !author || peers_by_author(hub, author) || places_take(hub, author_member(author));
}

struct peer *peers_cert(struct hub *hub, struct txn *txn, const struct event *event)
{
	const struct certificate *certificate = &event->certificate;
	uint32_t known =
		peers_author_of(hub, txn, &certificate->org, certificate->node_index, &event->key);
	/* Who is no member itself treats everybody as a guest. */
	uint32_t author = hub->author ? known : 0;
	const bool out = !known && peer_is_out(hub, txn, &certificate->org, certificate->node_index,
					       &event->key);
	enum link_reason reason = peers_find(hub, event->link)
					  ? LINK_REASON_PROTOCOL
					  : cert_reason(hub, txn, event, known, out);
	if (reason == LINK_REASON_DONE && !place_take(hub, event, author))
		reason = LINK_REASON_BUSY;
	admit(hub, event->link, reason == LINK_REASON_DONE, reason);
	if (reason != LINK_REASON_DONE)
		return NULL;
	hub->peers.items = mem_room(hub->peers.items, hub->peers.count, &hub->peers.cap,
				    sizeof(*hub->peers.items));
	struct peer *peer = mem_new(1, sizeof(*peer));
	peer->link = event->link;
	peer->dial = event->dial;
	peer->author = author;
	peer->class = author ? PEER_MEMBER : PEER_GUEST;
	peer->out = out;
	peer->key = event->key;
	peer->org = certificate->org;
	peer->node_index = certificate->node_index;
	hub->peers.items[hub->peers.count++] = peer;
	return peer;
}

static uint32_t dialler_of(const struct hub *hub, const struct peer *peer)
{
	return peer->dial ? hub->author : peer->author;
}

/* Closes one of two links to one author. True when it is `peer` that goes. */
static bool double_closed(struct hub *hub, struct peer *peer)
{
	for (size_t i = 0; peer->author && i < hub->peers.count; i++) {
		struct peer *other = hub->peers.items[i];
		if (other == peer || !other->up || other->author != peer->author)
			continue;
		/* Of two by one dialler the newer, as the older may be dead. */
		bool stays = dialler_of(hub, other) < dialler_of(hub, peer);
		if (!other->dial && !peer->dial)
			twins_mark(&hub->peers.twins, peer->author, hub->mono_ms);
		hub_close_link(hub, stays ? peer : other, LINK_REASON_REPLACED);
		if (stays)
			return true;
	}
	return false;
}

struct peer *peers_up(struct hub *hub, const struct event *event)
{
	struct peer *peer = peers_find(hub, event->link);
	if (!peer || peer->leaving)
		return NULL;
	if (hub_paused(hub, peer->author)) { /* since it was let in */
		hub_close_link(hub, peer, LINK_REASON_BUSY);
		return NULL;
	}
	dials_up(hub, peer, event->dial);
	memcpy(peer->session_key, event->handshake_hash, sizeof(peer->session_key));
	peer->up_ms = hub->mono_ms;
	if (double_closed(hub, peer))
		return NULL;
	peer->up = true;
	struct note *note = hub_note(hub, NOTE_PEER_UP);
	note->link = peer->link;
	note->author = peer->author;
	snprintf(note->text, sizeof(note->text), "%s", peer->address);
	return peer;
}

struct peer *peers_down(struct hub *hub, const struct event *event)
{
	dials_down(hub, event);
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->link != event->link)
			continue;
		hub->peers.items[i] = hub->peers.items[--hub->peers.count];
		/* It was not this machine that has begun the newer one. */
		if (event->reason == LINK_REASON_REPLACED && !peer->leaving && peer->author &&
		    peer->dial && !peers_by_author(hub, peer->author))
			twins_mark(&hub->peers.twins, hub->author, hub->mono_ms);
		if (peer->up_ms) {
			struct note *note = hub_note(hub, NOTE_PEER_DOWN);
			note->link = peer->link;
			note->author = peer->author;
			snprintf(note->text, sizeof(note->text), "%s",
				 link_reason_text(event->reason));
		}
		return peer;
	}
	return NULL;
}

/* A guest turns out to be this member: now it needs a place of its organisation. */
static void peer_named(struct hub *hub, struct peer *peer, uint32_t author)
{
	bool linked = peers_by_author(hub, author) != NULL;
	bool stays = linked || places_take(hub, author_member(author));
	peer->author = author;
	peer->class = PEER_MEMBER;
	peer->out = false;
	dials_named(hub, peer);
	if (!stays)
		hub_close_link(hub, peer, LINK_REASON_BUSY);
	else if (peer->up)
		double_closed(hub, peer);
}

void peers_classify(struct hub *hub, struct txn *txn)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		uint32_t author = hub->author ? peers_author_of(hub, txn, &peer->org,
								peer->node_index, &peer->key)
					      : 0;
		if (author == peer->author || peer->leaving)
			continue;
		if (author == 0) {
			peer->out = peer_is_out(hub, txn, &peer->org, peer->node_index, &peer->key);
			hub_close_link(hub, peer, guest_reason(peer));
			continue;
		}
		peer_named(hub, peer, author);
	}
	dials_authors(hub, txn);
}

/* A guest has its time; one that waits for the stewards has theirs. */
static bool guest_ends(const struct peer *peer)
{
	return peer->up && peer->class == PEER_GUEST && !peer->waits;
}

static int64_t guest_end_ms(const struct hub *hub, const struct peer *peer)
{
	return peer->up_ms + (peer->out || hub_is_out(hub) ? out_ms_max : guest_ms_max);
}

void peers_tick(struct hub *hub)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (guest_ends(peer) && hub->mono_ms > guest_end_ms(hub, peer))
			hub_close_link(hub, peer,
				       hub_is_out(hub) ? LINK_REASON_DONE : guest_reason(peer));
	}
}

int64_t peers_wake(const struct hub *hub)
{
	int64_t wake = INT64_MAX;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		if (guest_ends(peer) && guest_end_ms(hub, peer) + 1 < wake)
			wake = guest_end_ms(hub, peer) + 1;
	}
	return wake;
}

static void peer_state_of(struct hub *hub, const struct peer *peer, struct peer_state *out)
{
	out->link = peer->link;
	out->author = peer->author;
	out->dialled = peer->dial != 0;
	out->synced = peer->synced;
	out->since_ms = hub_wall_of(hub, peer->up_ms);
	out->ahead_ms = peer->ahead_ms;
	out->late_known = peer->late_known;
	out->late_ms = peer->late_ms;
	memcpy(out->address, peer->address, sizeof(out->address));
	memcpy(out->software, peer->software, sizeof(out->software));
	out->manual = dials_manual(hub, peer->link);
}

/* Whose organisation sent junk gets no link for a while; one row for each. */
static bool paused_show(const struct hub *hub, size_t *index, struct peer_state *out)
{
	for (uint32_t member = 1; member <= hub->charter.member_count; member++) {
		const char *why;
		int64_t until_ms = meter_paused(&hub->meter, member, hub->mono_ms, &why);
		if (!until_ms || (*index)-- > 0)
			continue;
		out->author = author_of(member, 0);
		out->since_ms = hub_wall_of(hub, until_ms);
		snprintf(out->why, sizeof(out->why), "paused: it %s", why);
		return true;
	}
	return false;
}

bool peers_show(struct hub *hub, size_t index, struct peer_state *out)
{
	*out = (struct peer_state){0};
	for (size_t i = 0; i < hub->peers.count; i++) {
		if (hub->peers.items[i]->up && index-- == 0) {
			peer_state_of(hub, hub->peers.items[i], out);
			return true;
		}
	}
	return paused_show(hub, &index, out) || dials_show(hub, index, out);
}
