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
	free(peer->transfer);
	peer->transfer = NULL;
}

/*
 * A set of hashes, open addressing. Peers choose the hashes, so where one stands depends on a
 * secret. At most LIMIT_HOLD_COUNT_MAX versions and twice as many slots of eight bytes for one
 * peer.
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

void holds_add(struct hub *hub, struct peer *peer, const struct version_id *of)
{
	uint64_t hash = slot_hash(of);
	if (!peer->transfer->holds)
		peer->transfer->holds = holds_new(random_below(hub->options.random, UINT64_MAX) | 1,
						  HOLDS_BITS_MIN);
	uint64_t *slot = holds_slot(peer->transfer->holds, hash);
	if (*slot == hash || peer->transfer->holds->count >= LIMIT_HOLD_COUNT_MAX)
		return;
	*slot = hash;
	peer->transfer->holds->count++;
	if (2 * peer->transfer->holds->count > (size_t)1 << peer->transfer->holds->bits)
		peer->transfer->holds = holds_grown(peer->transfer->holds);
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
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	for (size_t i = 0; i < count; i++)
		message_list_version(&list, &of[i]);
	hub_send_list(hub, peer, &list);
}

void holds_met(struct hub *hub, struct peer *peer)
{
	peer->transfer->told = (struct row_key){.len = 0};
	peer->transfer->more = true;
	peer->transfer->next_ms = hub->mono_ms;
	hub->source_epoch++;
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
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->up && peer->transfer->more && hub->mono_ms >= peer->transfer->next_ms)
			next_tell(hub, txn, peer);
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
