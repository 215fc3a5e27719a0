/*
 * FORK: who is told of two entries of one number, and what the many make of them.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/sync/fork_internal.h"
#include "proto/sync/logs.h"

enum { FORK_KEPT_LEN_MAX = 512 * 1024 };
static const int64_t frozen_look_ms = 60 * 1000; /* one in this time */

/* ---- who was away on a branch for long ---- */

/* The member that a peer is a node of by this charter, which need not be the own latest one. */
static const struct charter_member *peer_member(const struct charter *charter,
						const struct peer *peer)
{
	return charter_by_org(charter, &peer->org);
}

/* What a peer is known to have of one number. */
typedef bool voice(const struct peer *peer, uint32_t number, const struct digest *id);

static bool has_entry(const struct peer *peer, uint32_t number, const struct digest *id)
{
	return peer->sync->charter_here >= number && id_eq(&peer->sync->other_entry, id);
}

static bool has_frozen(const struct peer *peer, uint32_t number, const struct digest *unused)
{
	return peer->sync->charter_here < number && peer->sync->fork_heard == number;
}

/*
 * Whether linked nodes of so many of the members of a charter are of one voice: of more than half,
 * or of half too. However many nodes a member has, it counts once.
 */
static bool are_many(const struct hub *hub, const struct charter *charter, bool half, voice *is,
		     uint32_t number, const struct digest *id)
{
	uint8_t *counted = mem_new(charter->member_count + 1, 1);
	uint32_t members = 0, have = 0;

	for (uint32_t n = 1; n <= charter->member_count; n++)
		members += charter_member(charter, n)->state == CHARTER_MEMBER;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		const struct charter_member *member = peer_member(charter, peer);
		if (!peer->up || !member || member->state != CHARTER_MEMBER ||
		    counted[member->number] || !is(peer, number, id))
			continue;
		counted[member->number] = 1;
		have++;
	}
	free(counted);
	return half ? 2 * have >= members : 2 * have > members;
}

/* Whether linked nodes of more than half of the members have this entry. */
static bool most_have(const struct hub *hub, uint32_t number, const struct digest *id)
{
	return are_many(hub, &hub->charter, false, has_entry, number, id);
}

/*
 * PROTOCOL: "So does who is frozen, when they go on showing that entry after this node has sent
 * them FORK." What was asked for after FORK was sent is answered by who knows both.
 */
static bool thaw(struct hub *hub, struct txn *txn, struct peer *peer,
		 const struct charter_entry *entry, struct bytes whole)
{
	struct row_key key = key_charter_id(entry->number, &entry->id);

	if (!hub->charter.frozen || entry->number != hub->charter.number + 1 || entry->settles ||
	    !id_eq(&entry->previous, &hub->charter.entry_id) ||
	    peer->sync->fork_asked != entry->number)
		return false;
	peer->sync->other_entry = entry->id;
	if (!most_have(hub, entry->number, &entry->id))
		return false;
	hub->charter.frozen = false;
	if (fork_append(hub, txn, whole)) {
		hub->charter.frozen = true;
		return false;
	}
	txn_del(txn, TABLE_FORK, row_key_bytes(&key));
	return true;
}

bool fork_follow(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes whole)
{
	struct charter_entry own, entry;
	struct bytes stored;

	if (charter_entry_decode(&entry, whole) ||
	    peer->sync->charter_here < entry.number) /* it is frozen */
		return false;
	if (!charter_entry(txn, entry.number, &stored))
		return thaw(hub, txn, peer, &entry, whole);
	if (charter_entry_decode(&own, stored) || id_eq(&own.id, &entry.id))
		return false;
	peer->sync->other_entry = entry.id;
	/* Only what would count but for its age. */
	bool may = entry.settles ? fork_settles_over(&entry, &own) : !own.settles;
	if (!may || !most_have(hub, entry.number, &entry.id))
		return false;
	struct row_key key = key_charter_id(entry.number, &entry.id);
	txn_del(txn, TABLE_FORK, row_key_bytes(&key));
	charter_back(txn, &hub->charter, entry.number);
	return !fork_append(hub, txn, whole);
}

/* Another entry of this number is kept aside that would freeze the own one, but for its age. */
static bool is_kept(struct txn *txn, uint32_t number)
{
	struct fork_kept kept = {.number = number};

	return fork_kept_next(txn, &kept) && kept.number == number;
}

/*
 * PROTOCOL: "And who keeps an old entry, while nodes of half of the members of the entry before
 * have sent it FORK and are frozen, freezes too."
 */
bool fork_join_frozen(struct hub *hub, struct txn *txn, struct peer *peer)
{
	const uint32_t number = peer->sync->fork_heard;
	struct charter before;

	if (!number || number > hub->charter.number || !has_frozen(peer, number, NULL) ||
	    hub->mono_ms < hub->logs->frozen_look_ms || !is_kept(txn, number))
		return false;
	hub->logs->frozen_look_ms = hub->mono_ms + frozen_look_ms; /* it reads the whole charter */
	if (charter_load_before(txn, &before, number))
		return false;
	bool many = are_many(hub, &before, true, has_frozen, number, NULL);
	charter_fini(&before);
	if (many)
		charter_back(txn, &hub->charter, number);
	return many;
}

/* ---- FORK ---- */

static void tell(struct hub *hub, struct peer *peer, uint32_t number, struct bytes one,
		 struct bytes other)
{
	struct buf out;

	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_fork(&out, NULL, one, other);
	peer->sync->fork_told = number;
	hub_send(hub, peer, &out);
}

/*
 * Entries that are kept out for the age of the own ones, once in each session: as many at once as
 * fit into about one message.
 */
static void tell_kept(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct fork_kept *at = &peer->sync->kept_told;
	size_t bytes = 0;

	while (peer->up && bytes < FORK_KEPT_LEN_MAX && at->number <= peer->sync->charter_here &&
	       fork_kept_next(txn, at)) {
		struct row_key key = key_charter_id(at->number, &at->other);
		struct bytes own, other;
		struct buf out;
		if (!charter_entry(txn, at->number, &own) ||
		    !txn_get(txn, TABLE_FORK, row_key_bytes(&key), &other))
			break;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_fork(&out, NULL, own, other);
		bytes += out.len;
		hub_send(hub, peer, &out);
	}
}

/*
 * An entry has come that is kept out: all hear of it with the next exchange, so that a turn does
 * not make it for all peers at once.
 */
void fork_tell_kept(struct hub *hub, uint32_t number)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct fork_kept *told = &hub->peers.items[i]->sync->kept_told;
		if (told->number >= number)
			*told = (struct fork_kept){.number = number};
	}
	hub->hello_due = true;
}

void fork_tell(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct charter_entry entry;
	struct bytes found[2];
	unsigned count = 0;
	uint32_t number = fork_number(hub);

	tell_kept(hub, txn, peer);
	if (!number || !peer->up || peer->sync->fork_told == number ||
	    peer->sync->charter_here + 1 < number)
		return;
	struct walk walk = fork_walk_aside(txn, number);
	while (count < 2 && walk_next(&walk)) {
		if (!charter_entry_decode(&entry, walk.value) && !entry.settles &&
		    id_eq(&entry.previous, &hub->charter.entry_id))
			found[count++] = walk.value;
	}
	if (count == 2)
		tell(hub, peer, number, found[0], found[1]);
}

void fork_tell_all(struct hub *hub, struct txn *txn)
{
	for (size_t i = 0; i < hub->peers.count; i++)
		fork_tell(hub, txn, hub->peers.items[i]);
}

/*
 * PROTOCOL: "Who gets an entry that is another than its own, and keeps its own, sends FORK with
 * both."
 */
void fork_answer(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes whole)
{
	struct charter_entry entry;
	struct digest id;
	struct bytes stored;

	if (!charter_entry_decode(&entry, whole) && fork_own_id(txn, entry.number, &id) &&
	    !id_eq(&id, &entry.id) && peer->sync->fork_told != entry.number &&
	    charter_entry(txn, entry.number, &stored))
		tell(hub, peer, entry.number, stored, whole);
}

static bool is_known(struct txn *txn, const struct charter_entry *entry)
{
	struct row_key key = key_charter_id(entry->number, &entry->id);
	struct digest own;

	return txn_has(txn, TABLE_FORK, row_key_bytes(&key)) ||
	       (fork_own_id(txn, entry->number, &own) && id_eq(&own, &entry->id));
}

/* Both have been found valid, so the peer may rightly be frozen. */
static void fork_hear(struct txn *txn, struct peer *peer, const struct message *m)
{
	struct charter_entry one, other;

	if (!charter_entry_decode(&one, m->entries[0]) &&
	    !charter_entry_decode(&other, m->entries[1]) && one.number == other.number &&
	    !id_eq(&one.id, &other.id) && is_known(txn, &one) && is_known(txn, &other))
		peer->sync->fork_heard = one.number;
}

void fork_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	bool changed = false;

	if (!hub_follows(hub))
		return;
	for (unsigned i = 0; i < 2; i++) {
		if (!fork_checkpoint_ok(hub, m->entries[i]))
			continue;
		enum err err = fork_accept(hub, txn, m->entries[i], peer->link);
		changed = changed || !err;
		/* The first is the one that counts there, unless it is frozen as well. */
		if (err == ERR_EXISTS && i == 0 && !hub->charter.frozen)
			changed = fork_follow(hub, txn, peer, m->entries[i]) || changed;
		/* What can not be checked here, as entries before it are not here, is no fault. */
		if (err && err != ERR_EXISTS && err != ERR_AGAIN && err != ERR_BUSY) {
			hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL,
				     "a charter entry that is not valid");
			break;
		}
	}
	fork_hear(txn, peer, m);
	if (changed)
		hub->charter_news = true;
}
