#include "proto/hub/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/charter/contact.h"
#include "proto/hub/hub.h"

/* A guest has this long to become a member. */
static const int64_t guest_ms_max = 120 * 1000;
/* The larger author waits a little, so that mostly one side dials. */
static const int64_t politeness_ms = 1500;
static const int64_t first_dial_ms = 100;
/* A link that lived this long was a good one: it is dialled again at once. */
static const int64_t good_link_ms = 20 * 1000;
/* Guests have at most this part of the places for peers: one in so many. */
static const uint32_t guest_share = 8;

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

static struct dial *dial_by_number(struct hub *hub, uint64_t number)
{
	for (size_t i = 0; number != 0 && i < hub->peers.dial_count; i++) {
		if (hub->peers.dials[i].number == number)
			return &hub->peers.dials[i];
	}
	return NULL;
}

/* Several authors may name one address, so that nobody can take another's away; author 0: any. */
static struct dial *dial_find(struct hub *hub, struct bytes address, uint32_t author)
{
	for (size_t i = 0; i < hub->peers.dial_count; i++) {
		struct dial *dial = &hub->peers.dials[i];
		if ((dial->author == 0 || author == 0 || dial->author == author) &&
		    bytes_eq(bytes_str(dial->address), address))
			return dial;
	}
	return NULL;
}

static struct dial *dial_add(struct hub *hub, struct bytes address, uint32_t author)
{
	struct dial *dial = dial_find(hub, address, author);
	if (dial)
		return dial;
	if (address.len > LIMIT_ADDRESS_LEN_MAX)
		return NULL;
	hub->peers.dials = mem_room(hub->peers.dials, hub->peers.dial_count, &hub->peers.dial_cap,
				    sizeof(*hub->peers.dials));
	dial = &hub->peers.dials[hub->peers.dial_count++];
	*dial = (struct dial){.next_ms = hub->mono_ms,
			      .backoff_ms = hub->options.limits->dial_backoff_ms_min};
	memcpy(dial->address, address.ptr, address.len);
	return dial;
}

static void dial_remove(struct hub *hub, size_t i)
{
	hub->peers.dials[i] = hub->peers.dials[--hub->peers.dial_count];
}

static bool own_address(const struct hub *hub, struct bytes address)
{
	const char *const *own = hub->options.addresses;
	for (size_t i = 0; own && own[i]; i++) {
		if (bytes_eq(bytes_str(own[i]), address))
			return true;
	}
	return false;
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

static bool contact_has(const struct contact *contact, const char *address)
{
	for (size_t i = 0; i < contact->address_count; i++) {
		if (bytes_eq(contact->addresses[i], bytes_str(address)))
			return true;
	}
	return false;
}

/* The key that must answer where this author is dialled. */
static bool author_key(struct hub *hub, struct txn *txn, uint32_t author, struct dh_pk *key)
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

void peers_contact(struct hub *hub, struct txn *txn, const struct record *record)
{
	const uint32_t author = record->author;
	struct contact contact;
	struct dh_pk key;
	if (author == hub->author || contact_get(&contact, record->body) ||
	    !author_key(hub, txn, author, &key))
		return;
	for (size_t i = hub->peers.dial_count; i-- > 0;) {
		const struct dial *dial = &hub->peers.dials[i];
		if (dial->author == author && !dial->manual && !dial->number && !dial->link &&
		    !contact_has(&contact, dial->address))
			dial_remove(hub, i);
	}
	for (size_t i = 0; i < contact.address_count; i++) {
		if (own_address(hub, contact.addresses[i]))
			continue;
		struct dial *dial = dial_add(hub, contact.addresses[i], author);
		if (!dial || dial->author != 0)
			continue;
		dial->author = author;
		if (!dial->manual) {
			dial->has_expected = true;
			dial->expected = key;
		}
		dial->next_ms = hub->mono_ms + hub_jitter(hub, first_dial_ms) +
				(hub->author > author ? politeness_ms : 0);
	}
}

static void contacts_load(struct hub *hub, struct txn *txn)
{
	struct record_slot slot = record_slot_contact();
	struct author_state state;
	uint32_t author = 0;
	while (ledger_state_next(&hub->ledger, txn, &author, &state)) {
		struct record record;
		if (!ledger_slot(&hub->ledger, txn, record_slot_bytes(&slot), author, &record))
			peers_contact(hub, txn, &record);
	}
}

void peers_open(struct hub *hub, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_PEER, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct dial *dial = dial_add(hub, walk.key, 0);
		if (dial)
			dial->manual = true;
	}
	contacts_load(hub, txn);
}

void peers_close(struct hub *hub)
{
	for (size_t i = 0; i < hub->peers.count; i++)
		peer_free(hub->peers.items[i]);
	free(hub->peers.items);
	free(hub->peers.dials);
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

static uint32_t guest_count(const struct hub *hub)
{
	uint32_t count = 0;
	for (size_t i = 0; i < hub->peers.count; i++)
		count += hub->peers.items[i]->class == PEER_GUEST && !hub->peers.items[i]->waits;
	return count;
}

/* Whether the owner of this certificate may go on, and as whom. */
static enum link_reason cert_reason(struct hub *hub, struct txn *txn, const struct event *event,
				    uint32_t author)
{
	const struct certificate *certificate = &event->certificate;
	const struct charter_member *member = charter_by_org(&hub->charter, &certificate->org);
	if (id_eq(&event->key, &hub->options.identity->transport_pk))
		return LINK_REASON_OWN;
	if (hub->peers.count >= hub->options.limits->peer_count_max)
		return LINK_REASON_BUSY;
	/* Whoever knows the federation may be a guest, and must not take the places of members. */
	if (author == 0 && guest_count(hub) >= hub->options.limits->peer_count_max / guest_share)
		return LINK_REASON_BUSY;
	/*
	 * A member whose key is not in the log known here may have a newer log, but only if it
	 * shows one.
	 */
	if (author == 0 && member) {
		struct orglog shown;
		if (orglog_entry_peek(&shown, certificate->entry))
			return LINK_REASON_CERTIFICATE;
		bool newer = shown.number > orglog_number(txn, &member->org);
		orglog_fini(&shown);
		if (!newer)
			return LINK_REASON_CERTIFICATE;
	}
	return LINK_REASON_DONE;
}

struct peer *peers_cert(struct hub *hub, struct txn *txn, const struct event *event)
{
	const struct certificate *certificate = &event->certificate;
	uint32_t known =
		peers_author_of(hub, txn, &certificate->org, certificate->node_index, &event->key);
	/* Who is no member itself treats everybody as a guest. */
	uint32_t author = hub->author ? known : 0;
	enum link_reason reason = cert_reason(hub, txn, event, known);
	if (reason != LINK_REASON_DONE || peers_find(hub, event->link)) {
		admit(hub, event->link, false, reason);
		return NULL;
	}
	hub->peers.items = mem_room(hub->peers.items, hub->peers.count, &hub->peers.cap,
				    sizeof(*hub->peers.items));
	struct peer *peer = mem_new(1, sizeof(*peer));
	peer->link = event->link;
	peer->dial = event->dial;
	peer->author = author;
	peer->class = author ? PEER_MEMBER : PEER_GUEST;
	peer->key = event->key;
	peer->org = certificate->org;
	peer->node_index = certificate->node_index;
	hub->peers.items[hub->peers.count++] = peer;
	admit(hub, event->link, true, LINK_REASON_DONE);
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
		hub_close_link(hub, stays ? peer : other, LINK_REASON_REPLACED);
		if (stays)
			return true;
	}
	return false;
}

struct peer *peers_up(struct hub *hub, const struct event *event)
{
	struct peer *peer = peers_find(hub, event->link);
	if (!peer)
		return NULL;
	struct dial *dial = dial_by_number(hub, event->dial);
	if (dial) {
		snprintf(peer->address, sizeof(peer->address), "%s", dial->address);
		dial->link = peer->link;
		dial->number = 0;
		dial->up_ms = hub->mono_ms;
		dial->why[0] = 0;
		if (peer->author)
			dial->author = peer->author;
	}
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

static void dial_failed(struct hub *hub, struct dial *dial, enum link_reason reason)
{
	const struct limits *limits = hub->options.limits;
	bool was_good = dial->link != 0 && hub->mono_ms - dial->up_ms >= good_link_ms;
	dial->number = 0;
	dial->link = 0;
	snprintf(dial->why, sizeof(dial->why), "%s", link_reason_text(reason));
	if (was_good)
		dial->backoff_ms = limits->dial_backoff_ms_min;
	dial->next_ms = hub->mono_ms + hub_jitter(hub, dial->backoff_ms);
	dial->backoff_ms *= 2;
	if (dial->backoff_ms > limits->dial_backoff_ms_max)
		dial->backoff_ms = limits->dial_backoff_ms_max;
	if (dial->invitation && hub_joining(hub))
		why_set(hub->place_why, "%s does not let us in: %s", dial->address,
			link_reason_text(reason));
}

struct peer *peers_down(struct hub *hub, const struct event *event)
{
	struct dial *dial = dial_by_number(hub, event->dial);
	for (size_t i = 0; !dial && event->link && i < hub->peers.dial_count; i++) {
		if (hub->peers.dials[i].link == event->link)
			dial = &hub->peers.dials[i];
	}
	if (dial)
		dial_failed(hub, dial, event->reason);
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->link != event->link)
			continue;
		hub->peers.items[i] = hub->peers.items[--hub->peers.count];
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

void peers_classify(struct hub *hub, struct txn *txn)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		uint32_t author = hub->author ? peers_author_of(hub, txn, &peer->org,
								peer->node_index, &peer->key)
					      : 0;
		if (author == peer->author)
			continue;
		if (author == 0) {
			hub_close_link(hub, peer, LINK_REASON_NOT_MEMBER);
			continue;
		}
		peer->author = author;
		peer->class = PEER_MEMBER;
		for (size_t d = 0; d < hub->peers.dial_count; d++) {
			if (hub->peers.dials[d].link == peer->link)
				hub->peers.dials[d].author = author;
		}
		if (peer->up)
			double_closed(hub, peer);
	}
}

void peers_invitation(struct hub *hub, const char *address, const struct dh_pk *expected)
{
	struct dial *dial = dial_add(hub, bytes_str(address), 0);
	if (!dial)
		return;
	dial->invitation = true;
	dial->has_expected = true;
	dial->expected = *expected;
	dial->next_ms = hub->mono_ms;
}

void peers_invitation_done(struct hub *hub)
{
	for (size_t i = hub->peers.dial_count; i-- > 0;) {
		struct dial *dial = &hub->peers.dials[i];
		if (!dial->invitation)
			continue;
		dial->invitation = false;
		dial->has_expected = false;
		if (!dial->manual && !dial->author && !dial->number && !dial->link)
			dial_remove(hub, i);
	}
}

/*
 * The address of one who is no member any more: kept, as a fork may bring it back, and not tried.
 */
static bool dial_idle(const struct hub *hub, const struct dial *dial)
{
	const struct charter_member *member = hub_author_member(hub, dial->author);

	return dial->author && hub->charter.number > 0 && (!member || !charter_is_present(member));
}

/* Whether an address is to be dialled, once its time has come. */
static bool dial_wanted(const struct hub *hub, const struct dial *dial)
{
	if (dial->number || dial->link || !hub->has_fed)
		return false;
	if (!dial->invitation && !hub_follows(hub))
		return false;
	if (dial_idle(hub, dial))
		return false;
	for (size_t i = 0; dial->author && i < hub->peers.count; i++) {
		if (hub->peers.items[i]->up && hub->peers.items[i]->author == dial->author)
			return false;
	}
	for (size_t i = 0; dial->author && i < hub->peers.dial_count; i++) {
		if (hub->peers.dials[i].number && hub->peers.dials[i].author == dial->author)
			return false; /* one address of an author at a time */
	}
	return true;
}

static void dial_start(struct hub *hub, struct dial *dial)
{
	dial->number = ++hub->peers.dial_last;
	struct effect *effect = hub_effect(hub, EFFECT_DIAL, 0);
	effect->dial = dial->number;
	memcpy(effect->address, dial->address, sizeof(effect->address));
	effect->has_expected = dial->has_expected;
	effect->expected = dial->expected;
}

/* A guest has its time; one that waits for the stewards has theirs. */
static bool guest_ends(const struct peer *peer)
{
	return peer->up && peer->class == PEER_GUEST && !peer->waits;
}

void peers_tick(struct hub *hub)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (guest_ends(peer) && hub->mono_ms - peer->up_ms > guest_ms_max)
			hub_close_link(hub, peer, LINK_REASON_NOT_MEMBER);
	}
	for (size_t i = 0; i < hub->peers.dial_count; i++) {
		struct dial *dial = &hub->peers.dials[i];
		if (dial->next_ms <= hub->mono_ms && dial_wanted(hub, dial))
			dial_start(hub, dial);
	}
}

int64_t peers_wake(const struct hub *hub)
{
	int64_t wake = INT64_MAX;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		if (guest_ends(peer) && peer->up_ms + guest_ms_max + 1 < wake)
			wake = peer->up_ms + guest_ms_max + 1;
	}
	for (size_t i = 0; i < hub->peers.dial_count; i++) {
		const struct dial *dial = &hub->peers.dials[i];
		if (dial->next_ms < wake && dial_wanted(hub, dial))
			wake = dial->next_ms;
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
	memcpy(out->address, peer->address, sizeof(out->address));
	memcpy(out->software, peer->software, sizeof(out->software));
	for (size_t i = 0; i < hub->peers.dial_count; i++) {
		if (hub->peers.dials[i].link == peer->link)
			out->manual = hub->peers.dials[i].manual;
	}
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
	for (size_t i = 0; i < hub->peers.dial_count; i++) {
		const struct dial *dial = &hub->peers.dials[i];
		if (dial->link || dial_idle(hub, dial) ||
		    (dial->author && peers_by_author(hub, dial->author)))
			continue;
		if (index-- > 0)
			continue;
		memcpy(out->address, dial->address, sizeof(out->address));
		memcpy(out->why, dial->why, sizeof(out->why));
		out->author = dial->author;
		out->dialled = true;
		out->manual = dial->manual;
		out->since_ms = hub_wall_of(hub, dial->next_ms);
		return true;
	}
	return false;
}

enum err peers_add(struct hub *hub, struct txn *txn, const char *address, char *why)
{
	if (contact_address_check(bytes_str(address))) {
		why_set(why,
			"\"%.200s\" is not an address: write HOST:PORT, for example "
			"rathaus.example:7400 or [2001:db8::1]:7400.",
			address);
		return ERR_CONFIG;
	}
	struct row_key key = key_text(bytes_str(address));
	if (txn_has(txn, TABLE_PEER, row_key_bytes(&key))) {
		why_set(why, "%s is in the list already: see `allmende peers`.", address);
		return ERR_EXISTS;
	}
	uint8_t form = 1;
	txn_put(txn, TABLE_PEER, row_key_bytes(&key), bytes_of(&form, 1));
	struct dial *dial = dial_add(hub, bytes_str(address), 0);
	if (dial) {
		dial->manual = true;
		dial->next_ms = hub->mono_ms;
	}
	return ERR_OK;
}
