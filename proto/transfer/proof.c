#include "proto/transfer/proof.h"

#include <string.h>

#include "crypto/check.h"
#include "proto/ledger/held.h"
#include "proto/ledger/standing.h"
#include "proto/transfer/scan.h"

enum {
	PROOF_MS = 2000,
	PROOF_ORG_MS = 10 * 1000,
	PROOF_ORG_BURST = 4,
	PROOF_ORG_ROW_MAX = 8,
	PROOF_REST_MS = 10 * 60 * 1000, /* for a peer that does not answer */
	PROOF_WALK_MS = 60 * 1000,      /* between two looks at all rows */
	PROOF_STEP = 512,               /* rows looked at at once */
	PROOF_AGAIN_DAYS = 7,
	PROOF_VALID_DAYS = 30,
	DAY_MS = 24 * 3600 * 1000,
};

/* ---- rows ---- */

static uint32_t day_of(int64_t wall_ms)
{
	return wall_ms > 0 ? (uint32_t)(wall_ms / DAY_MS) : 0;
}

bool holder_get(struct holder *out, struct bytes value)
{
	if (value.len != 20)
		return false;
	*out = (struct holder){.number = be64_get(value.ptr),
			       .proved = be64_get(value.ptr + 8),
			       .proof_day = be32_get(value.ptr + 16)};
	return true;
}

static void holder_put(struct txn *txn, const struct row_key *key, const struct holder *holder)
{
	struct dataset_id dataset;
	uint8_t value[20];
	be64_put(value, holder->number);
	be64_put(value + 8, holder->proved);
	be32_put(value + 16, holder->proof_day);
	txn_put(txn, TABLE_HOLDER, row_key_bytes(key), bytes_obj(&value));
	memcpy(dataset.b, key->b, ID_LEN);
	standing_touch(txn, &dataset);
}

static bool holder_load(struct txn *txn, const struct row_key *key, struct holder *out)
{
	struct bytes value;
	return txn_get(txn, TABLE_HOLDER, row_key_bytes(key), &value) && holder_get(out, value);
}

/* A clock that was ahead has left days that have not come yet: they do not count. */
static bool within_days(const struct holder *holder, int64_t wall_ms, uint32_t days)
{
	uint32_t today = day_of(wall_ms);
	return holder->proof_day <= today && today - holder->proof_day < days;
}

bool holder_proved(const struct holder *holder, uint64_t number, int64_t wall_ms)
{
	return holder->proved == number && holder->number == number &&
	       within_days(holder, wall_ms, PROOF_VALID_DAYS);
}

/* Whether it is time for a sample: now when none came yet, but a day after one in vain. */
static bool holder_due(const struct holder *holder, int64_t wall_ms)
{
	if (holder->proved && holder->proved != holder->number)
		return true;
	return !within_days(holder, wall_ms, holder->proved ? PROOF_AGAIN_DAYS : 1);
}

/* ---- what is said ---- */

/* An organisation with many nodes does not need as many rows. */
static bool row_room(struct txn *txn, const struct dataset_id *dataset, uint32_t author)
{
	struct row_key prefix = key_dataset(dataset);
	struct row_key at = key_holder(dataset, author_of(author_member(author), 0));
	struct walk walk =
		walk_begin_at(txn, TABLE_HOLDER, row_key_bytes(&prefix), row_key_bytes(&at), true);
	unsigned count = 0;
	while (count < PROOF_ORG_ROW_MAX && walk_next(&walk) &&
	       author_member(be32_get(walk.key.ptr + ID_LEN)) == author_member(author))
		count++;
	return count < PROOF_ORG_ROW_MAX;
}

void proof_claimed(struct hub *hub, struct txn *txn, struct peer *peer, const struct version_id *of)
{
	if (of->author != hub->author || peer->author == hub->author)
		return;
	struct row_key key = key_holder(&of->dataset, peer->author);
	struct holder holder;
	bool known = holder_load(txn, &key, &holder);
	if (!known && !row_room(txn, &of->dataset, peer->author))
		return;
	if (!known || holder.number < of->number) {
		uint64_t proved = known ? holder.proved : 0;
		holder = (struct holder){.number = of->number, .proved = proved};
		holder_put(txn, &key, &holder);
	}
	if (!holder_due(&holder, hub->wall_ms))
		return;
	/* What was published last is what somebody may wait for; others are found in the rows. */
	struct proofs *proofs = &hub->transfer->proofs;
	if (peer->transfer->proof.due && !held_same(&peer->transfer->proof.next, of)) {
		proofs->more = true;
		proofs->walk_ms = hub->mono_ms;
	}
	peer->transfer->proof.next = *of;
	peer->transfer->proof.due = true;
}

/* ---- samples ---- */

/* A chunk of the version by lot. Addresses are hashes: the next one after any is as good. */
static bool chunk_by_lot(struct hub *hub, struct txn *txn, struct proof *proof)
{
	struct row_key prefix = held_key(&proof->of);
	struct chunk_addr lot;
	random_fill(hub->options.random, lot.b, ID_LEN);
	struct row_key at = key_index(&proof->of.dataset, proof->of.number, proof->of.author, &lot);
	struct walk walk =
		walk_begin_at(txn, TABLE_INDEX, row_key_bytes(&prefix), row_key_bytes(&at), true);
	if (!walk_next(&walk)) {
		walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
		if (!walk_next(&walk))
			return false;
	}
	memcpy(proof->addr.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
	proof->size = be32_get(walk.value.ptr);
	return true;
}

/* The samples of an organisation: each moves this on, whichever of its links it goes over. */
static int64_t org_clear(const struct hub *hub, const struct peer *peer)
{
	int64_t clear_ms = hub->mono_ms;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *other = hub->peers.items[i];
		if (author_member(other->author) == author_member(peer->author) &&
		    other->transfer->proof.clear_ms > clear_ms)
			clear_ms = other->transfer->proof.clear_ms;
	}
	return clear_ms;
}

static void sample(struct hub *hub, struct txn *txn, struct peer *peer, const struct version_id *of)
{
	struct proof *proof = &peer->transfer->proof;
	proof->of = *of;
	if (!chunk_by_lot(hub, txn, proof))
		return; /* not here any more */
	struct message_list list = message_list_begin(MESSAGE_CHUNK_GET);
	list.dataset = proof->of.dataset;
	message_list_addr(&list, &proof->addr);
	hub_send_list(hub, peer, &list);
	proof->runs = true;
	proof->spoiled = false;
	proof->sent_ms = hub->mono_ms;
	proof->clear_ms = org_clear(hub, peer) + PROOF_ORG_MS;
	hub->transfer->proofs.running++;
	hub->transfer->proofs.next_ms = hub->mono_ms + PROOF_MS;
}

static void sample_end(struct hub *hub, struct proof *proof)
{
	hub->transfer->proofs.running -= proof->runs;
	proof->runs = false;
}

void proof_chunk(struct hub *hub, struct txn *txn, struct peer *peer, const struct event *event)
{
	struct proof *proof = &peer->transfer->proof;
	if (!proof->runs || !id_eq(&proof->of.dataset, &event->dataset) ||
	    !id_eq(&proof->addr, &event->addr))
		return;
	struct row_key key = key_holder(&proof->of.dataset, peer->author);
	struct holder holder;
	bool came = !event->err && event->bytes.len == proof->size && !proof->spoiled;
	sample_end(hub, proof);
	if (!holder_load(txn, &key, &holder) || holder.number < proof->of.number)
		return; /* withdrawn meanwhile */
	holder.proved = came ? proof->of.number : 0;
	holder.proof_day = day_of(hub->wall_ms);
	holder_put(txn, &key, &holder);
}

void proof_served(struct hub *hub, const struct peer *peer, const struct chunk_addr *addr)
{
	for (size_t i = 0; hub->transfer->proofs.running > 0 && i < hub->peers.count; i++) {
		const struct peer *other = hub->peers.items[i];
		struct proof *proof = &other->transfer->proof;
		if (proof->runs && author_member(other->author) == author_member(peer->author) &&
		    id_eq(&proof->addr, addr))
			proof->spoiled = true;
	}
}

void proof_served_all(struct hub *hub, struct txn *txn, const struct peer *peer,
		      const struct version_id *of)
{
	struct row_key prefix = held_key(of);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));

	while (hub->transfer->proofs.running > 0 && walk_next(&walk)) {
		struct chunk_addr addr;
		memcpy(addr.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		proof_served(hub, peer, &addr);
	}
}

void proof_down(struct hub *hub, struct peer *peer)
{
	sample_end(hub, &peer->transfer->proof);
}

/* ---- when ---- */

/* When this peer may be asked again, its organisation, and anybody. */
static int64_t ready_at(const struct hub *hub, const struct peer *peer)
{
	int64_t at = org_clear(hub, peer) - (PROOF_ORG_BURST - 1) * (int64_t)PROOF_ORG_MS;
	at = peer->transfer->proof.rest_ms > at ? peer->transfer->proof.rest_ms : at;
	return hub->transfer->proofs.next_ms > at ? hub->transfer->proofs.next_ms : at;
}

static bool is_free(const struct hub *hub, const struct peer *peer)
{
	return peer->up && peer->met && !peer->transfer->proof.runs &&
	       ready_at(hub, peer) <= hub->mono_ms;
}

/* Who holds a row that is due, and is linked, is asked; the rows are gone through in turn. */
static void rows_look(struct hub *hub, struct txn *txn)
{
	struct proofs *proofs = &hub->transfer->proofs;
	struct walk walk = walk_begin_at(txn, TABLE_HOLDER, bytes_of(NULL, 0),
					 row_key_bytes(&proofs->at), proofs->at.len == 0);
	for (unsigned i = 0; i < PROOF_STEP; i++) {
		struct holder holder;
		if (!walk_next(&walk)) {
			proofs->at.len = 0;
			proofs->walk_ms = hub->mono_ms + (proofs->more ? PROOF_MS : PROOF_WALK_MS);
			proofs->more = false;
			return;
		}
		memcpy(proofs->at.b, walk.key.ptr, walk.key.len);
		proofs->at.len = walk.key.len;
		struct peer *peer = peers_by_author(hub, be32_get(walk.key.ptr + ID_LEN));
		if (!peer || peer->transfer->proof.rest_ms > hub->mono_ms ||
		    !holder_get(&holder, walk.value) || !holder_due(&holder, hub->wall_ms))
			continue;
		if (!is_free(hub, peer)) {
			proofs->more = true;
			continue;
		}
		struct version_id of = {.number = holder.number, .author = hub->author};
		memcpy(of.dataset.b, walk.key.ptr, ID_LEN);
		sample(hub, txn, peer, &of);
		break;
	}
	proofs->walk_ms = hub->mono_ms + PROOF_MS;
}

static bool is_silent(const struct hub *hub, const struct proof *proof)
{
	return proof->runs &&
	       hub->mono_ms - proof->sent_ms > (int64_t)hub->options.limits->chunk_timeout_ms;
}

void proof_tick(struct hub *hub, struct txn *txn)
{
	struct proofs *proofs = &hub->transfer->proofs;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		struct proof *proof = &peer->transfer->proof;
		if (is_silent(hub, proof)) {
			sample_end(hub, proof);
			proof->rest_ms = hub->mono_ms + PROOF_REST_MS;
		}
		if (!proof->due || !is_free(hub, peer))
			continue;
		proof->due = false;
		struct row_key key = key_holder(&proof->next.dataset, peer->author);
		struct holder holder;
		if (holder_load(txn, &key, &holder) && holder_due(&holder, hub->wall_ms))
			sample(hub, txn, peer, &proof->next);
	}
	if (hub->author && hub->mono_ms >= proofs->walk_ms && hub->mono_ms >= proofs->next_ms)
		rows_look(hub, txn);
}

int64_t proof_wake(const struct hub *hub)
{
	const struct proofs *proofs = &hub->transfer->proofs;
	int64_t wake = proofs->walk_ms > proofs->next_ms ? proofs->walk_ms : proofs->next_ms;
	if (!hub->author || hub->peers.count == 0)
		wake = INT64_MAX;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		const struct proof *proof = &peer->transfer->proof;
		int64_t at = INT64_MAX;
		if (proof->runs)
			at = proof->sent_ms + hub->options.limits->chunk_timeout_ms + 1;
		else if (proof->due && peer->up && peer->met)
			at = ready_at(hub, peer);
		wake = at < wake ? at : wake;
	}
	return wake;
}
