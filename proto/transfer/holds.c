#include "proto/transfer/holds.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/ledger/held.h"

void holds_open(struct peer *peer)
{
	peer->transfer = mem_new(1, sizeof(*peer->transfer));
}

void holds_close(struct peer *peer)
{
	free(peer->transfer->holds);
	free(peer->transfer->promised);
	buf_fini(&peer->transfer->whole_asks.items);
	free(peer->transfer);
	peer->transfer = NULL;
}

/*
 * A set of hashes, open addressing. Peers choose the hashes, so where one stands depends on a
 * secret. At most four slots of eight bytes for each version.
 */
struct holds {
	uint64_t salt;
	unsigned bits; /* of the number of slots */
	size_t count;
	uint64_t slots[]; /* 0: free */
};

enum { HOLDS_BITS_MIN = 6 };

static struct holds *holds_new(uint64_t salt, unsigned bits)
{
	struct holds *holds =
		mem_new(1, sizeof(*holds) + ((size_t)1 << bits) * sizeof(holds->slots[0]));
	holds->salt = salt;
	holds->bits = bits;
	return holds;
}

/* The slot where the hash stands, or would. */
static uint64_t *holds_slot(struct holds *holds, uint64_t hash)
{
	size_t at = (size_t)((hash * holds->salt) >> (64 - holds->bits));
	while (holds->slots[at] != 0 && holds->slots[at] != hash)
		at = (at + 1) & (((size_t)1 << holds->bits) - 1);
	return &holds->slots[at];
}

/* 0 says that a slot is free. */
static uint64_t slot_hash(const struct version_id *of)
{
	uint64_t hash = held_hash(of);
	return hash ? hash : 1;
}

static struct holds *holds_grown(struct holds *holds)
{
	struct holds *grown = holds_new(holds->salt, holds->bits + 1);
	for (size_t i = 0; i < (size_t)1 << holds->bits; i++) {
		if (holds->slots[i])
			*holds_slot(grown, holds->slots[i]) = holds->slots[i];
	}
	grown->count = holds->count;
	free(holds);
	return grown;
}

static size_t count_of(const struct peer *peer)
{
	return peer->transfer->holds ? peer->transfer->holds->count : 0;
}

size_t holds_room(const struct hub *hub, const struct peer *peer)
{
	size_t all = 0, org = 0;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *other = hub->peers.items[i];
		all += count_of(other);
		if (author_member(other->author) == author_member(peer->author))
			org += count_of(other);
	}
	if (all >= LIMIT_HOLD_COUNT_MAX || org >= LIMIT_HOLD_ORG_COUNT_MAX)
		return 0;
	all = LIMIT_HOLD_COUNT_MAX - all;
	org = LIMIT_HOLD_ORG_COUNT_MAX - org;
	return all < org ? all : org;
}

/* False: it was there. */
static bool set_add(struct hub *hub, struct peer *peer, uint64_t hash)
{
	if (!peer->transfer->holds)
		peer->transfer->holds = holds_new(random_below(hub->options.random, UINT64_MAX) | 1,
						  HOLDS_BITS_MIN);
	uint64_t *slot = holds_slot(peer->transfer->holds, hash);
	if (*slot == hash)
		return false;
	*slot = hash;
	peer->transfer->holds->count++;
	if (2 * peer->transfer->holds->count > (size_t)1 << peer->transfer->holds->bits)
		peer->transfer->holds = holds_grown(peer->transfer->holds);
	return true;
}

bool holds_add(struct hub *hub, struct txn *txn, struct peer *peer, const struct version_id *of,
	       size_t *room)
{
	struct peer_transfer *transfer = peer->transfer;
	struct row_key key = held_key(of);
	uint64_t hash = slot_hash(of);
	/*
	 * PROTOCOL: "What is said of a version whose record is not here need not be remembered."
	 * It may be on its way.
	 */
	bool known = txn_has(txn, TABLE_VERSION, row_key_bytes(&key));
	if (!known)
		transfer->unknown[transfer->unknown_next++ % HOLDS_UNKNOWN_MAX] = hash;
	else if (of->author == hub->author) /* as many as this node has published */
		set_add(hub, peer, hash);
	else if (*room > 0)
		*room -= set_add(hub, peer, hash);
	return known;
}

void holds_known(struct hub *hub, const struct version_id *of)
{
	uint64_t hash = slot_hash(of);
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		for (size_t k = 0; k < HOLDS_UNKNOWN_MAX; k++) {
			if (peer->transfer->unknown[k] != hash)
				continue;
			peer->transfer->unknown[k] = 0;
			if (holds_room(hub, peer) > 0)
				set_add(hub, peer, hash);
		}
	}
}

bool holds_has(const struct peer *peer, const struct version_id *of)
{
	uint64_t hash = slot_hash(of);
	return peer->transfer->holds && *holds_slot(peer->transfer->holds, hash) == hash;
}

/* ---- telling what is held ---- */

enum {
	HOLDS_COUNT_MAX = 4096, /* in one message */
	HOLDS_MS = 500,         /* between two messages */
};

void holds_tell(struct hub *hub, struct peer *peer, const struct version_id *of, size_t count)
{
	for (size_t told = 0; told < count;) {
		struct message_list list = message_list_begin(MESSAGE_HOLDS);
		while (told < count && list.count < HOLDS_COUNT_MAX)
			message_list_version(&list, &of[told++]);
		hub_send_list(hub, peer, &list);
	}
}

void holds_compared(struct hub *hub, struct peer *peer)
{
	if (peer->transfer->begun)
		return;
	peer->transfer->begun = true;
	peer->transfer->more = true;
	peer->transfer->next_ms = hub->mono_ms;
}

/* The next part of what is held. */
static void next_tell(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	struct walk walk =
		walk_begin_at(txn, TABLE_HELD, bytes_of(NULL, 0),
			      row_key_bytes(&peer->transfer->told), peer->transfer->told.len == 0);
	peer->transfer->more = false;
	while (walk_next(&walk)) {
		struct version_id of;
		if (list.count == HOLDS_COUNT_MAX) {
			peer->transfer->more = true;
			break;
		}
		memcpy(peer->transfer->told.b, walk.key.ptr, walk.key.len);
		peer->transfer->told.len = walk.key.len;
		held_of_key(&of, walk.key);
		if (held_complete(txn, &of))
			message_list_version(&list, &of);
	}
	peer->transfer->next_ms = hub->mono_ms + HOLDS_MS;
	if (list.count > 0)
		hub_send_list(hub, peer, &list);
	else
		buf_fini(&list.items);
}

void holds_tick(struct hub *hub, struct txn *txn)
{
	const int64_t units_max = hub->meter.turn_units + hub->options.limits->cost_turn_max;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (!peer->up || !peer->transfer->more || hub->mono_ms < peer->transfer->next_ms)
			continue;
		if (hub->meter.turn_units >= units_max) /* the others in the next turn */
			return;
		if (!meter_may(&hub->meter, hub_payer(peer), hub->mono_ms,
			       &peer->transfer->next_ms))
			continue;
		hub_charge(hub, txn, METER_OWN);
		next_tell(hub, txn, peer);
		hub_charge(hub, txn, hub_payer(peer));
	}
}

int64_t holds_wake(const struct hub *hub)
{
	int64_t wake = INT64_MAX;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		if (peer->up && peer->transfer->more && peer->transfer->next_ms < wake)
			wake = peer->transfer->next_ms;
	}
	return wake;
}
