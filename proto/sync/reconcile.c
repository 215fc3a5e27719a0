#include "proto/sync/reconcile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"

enum {
	RECONCILE_RECORDS_LEN_MAX = 256 * 1024, /* of one RECORDS message, and a record more */
	RECONCILE_ASK_COUNT_MAX = 4096,         /* sequences in one RECORDS_GET */
	RECONCILE_MS_MAX = 10 * 1000,
};

/* ---- asking ---- */

static void step_set(struct hub *hub, struct peer *peer, enum reconcile_step step)
{
	peer->sync->reconcile.step = step;
	peer->sync->reconcile.since_ms = hub->mono_ms;
}

/* Goes on with the next author whose set is not that of its head. */
static void reconcile_author_next(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct reconcile *reconcile = &peer->sync->reconcile;
	struct author_state state;
	struct buf out;
	ledger_settle(&hub->ledger, txn);
	while (ledger_state_next(&hub->ledger, txn, &reconcile->author, &state)) {
		/* Of the own author nobody knows more, unless this store is an old copy. */
		if ((reconcile->author == hub->author && !hub->behind_since_ms) ||
		    ledger_completeness(&state, hub->wall_ms) != LEDGER_PARTIAL)
			continue;
		reconcile->incarnation = state.incarnation;
		reconcile->counter = state.counter;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_buckets_get(&out, state.author, state.incarnation, state.counter);
		hub_send(hub, peer, &out);
		step_set(hub, peer, RECONCILE_BUCKETS);
		return;
	}
	step_set(hub, peer, RECONCILE_IDLE);
}

/* Goes on with the next bucket that differs, from `bucket` on. */
static void reconcile_bucket_next(struct hub *hub, struct txn *txn, struct peer *peer,
				  unsigned bucket)
{
	struct reconcile *reconcile = &peer->sync->reconcile;
	struct buf out;
	while (bucket < 256 && !reconcile->differs[bucket])
		bucket++;
	if (bucket == 256) {
		reconcile_author_next(hub, txn, peer);
		return;
	}
	reconcile->bucket = bucket;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves_get(&out, reconcile->author, reconcile->incarnation, reconcile->counter,
			   (uint8_t)bucket);
	hub_send(hub, peer, &out);
	step_set(hub, peer, RECONCILE_LEAVES);
}

static void records_ask(struct hub *hub, struct peer *peer)
{
	struct reconcile *reconcile = &peer->sync->reconcile;
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_records_get(&out, reconcile->author, reconcile->incarnation,
			    bytes_slice(buf_bytes(&reconcile->missing), 0,
					8 * (size_t)RECONCILE_ASK_COUNT_MAX));
	hub_send(hub, peer, &out);
	step_set(hub, peer, RECONCILE_RECORDS);
}

void reconcile_records(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct reconcile *reconcile = &peer->sync->reconcile;
	struct buf left;
	if (reconcile->step != RECONCILE_RECORDS)
		return;
	buf_init(&left, reconcile->missing.len);
	for (size_t at = 0; at < reconcile->missing.len; at += 8) {
		uint64_t sequence = be64_get(reconcile->missing.ptr + at);
		struct bytes whole;
		if (!ledger_record(txn, reconcile->author, reconcile->incarnation, sequence,
				   &whole))
			buf_add_be64(&left, sequence);
	}
	bool progress = left.len < reconcile->missing.len;
	buf_fini(&reconcile->missing);
	reconcile->missing = left;
	if (progress && left.len > 0)
		records_ask(hub, peer);
	else
		reconcile_bucket_next(hub, txn, peer, reconcile->bucket + 1);
}

void reconcile_settle(struct hub *hub, struct txn *txn)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		struct reconcile *reconcile = &peer->sync->reconcile;
		if (!peer->up || !peer->met)
			continue;
		if (reconcile->step != RECONCILE_IDLE) {
			if (hub->mono_ms - reconcile->since_ms > RECONCILE_MS_MAX)
				reconcile_author_next(hub, txn, peer);
		} else if (reconcile->due) {
			reconcile->due = false;
			reconcile->author = 0;
			reconcile_author_next(hub, txn, peer);
		}
	}
}

int64_t reconcile_wake(const struct hub *hub)
{
	int64_t wake = INT64_MAX;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		if (!peer->up || peer->sync->reconcile.step == RECONCILE_IDLE)
			continue;
		int64_t next = peer->sync->reconcile.since_ms + RECONCILE_MS_MAX + 1;
		wake = next < wake ? next : wake;
	}
	return wake;
}

/* ---- questions and answers ---- */

static bool asked(const struct reconcile *reconcile, enum reconcile_step step,
		  const struct message *m)
{
	return reconcile->step == step && reconcile->author == m->author &&
	       reconcile->incarnation == m->incarnation && reconcile->counter == m->counter;
}

/* What is here is exactly what the head of this counter says, so it can be shown to others. */
static bool complete_at(struct hub *hub, struct txn *txn, const struct message *m)
{
	struct author_state state;
	return !ledger_state(&hub->ledger, txn, m->author, &state) &&
	       state.incarnation == m->incarnation && state.counter == m->counter &&
	       id_eq(&state.set, &state.head_set);
}

void reconcile_buckets_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	if (!complete_at(hub, txn, m))
		return;
	uint8_t *buckets = mem_new(1, SETDIGEST_BUCKETS_LEN);
	struct buf out;
	setdigest_buckets(txn, m->author, m->incarnation, buckets);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_buckets(&out, m->author, m->incarnation, m->counter, buckets);
	hub_send(hub, peer, &out);
	free(buckets);
}

void reconcile_buckets_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct reconcile *reconcile = &peer->sync->reconcile;
	if (!asked(reconcile, RECONCILE_BUCKETS, m))
		return;
	enum err err = ledger_buckets_check(&hub->ledger, txn, m->author, m->incarnation,
					    m->counter, m->body.ptr);
	if (err == ERR_DENIED)
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "BUCKETS not those of the head");
	if (err) {
		reconcile_author_next(hub, txn, peer);
		return;
	}
	uint8_t *mine = mem_new(1, SETDIGEST_BUCKETS_LEN);
	setdigest_buckets(txn, m->author, m->incarnation, mine);
	if (!reconcile->buckets)
		reconcile->buckets = mem_new(256, sizeof(*reconcile->buckets));
	memcpy(reconcile->buckets, m->body.ptr, SETDIGEST_BUCKETS_LEN);
	for (unsigned i = 0; i < 256; i++)
		reconcile->differs[i] =
			memcmp(mine + (size_t)i * ID_LEN, reconcile->buckets[i].b, ID_LEN) != 0;
	free(mine);
	reconcile_bucket_next(hub, txn, peer, 0);
}

void reconcile_leaves_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct setdigest_leaves leaves;
	struct buf out;
	if (!complete_at(hub, txn, m))
		return;
	setdigest_leaves(txn, m->author, m->incarnation, m->bucket, &leaves);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves(&out, m->author, m->incarnation, m->counter, m->bucket, &leaves);
	hub_send(hub, peer, &out);
	setdigest_leaves_fini(&leaves);
}

void reconcile_leaves_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct reconcile *reconcile = &peer->sync->reconcile;
	struct setdigest_leaves leaves = {0};
	if (!asked(reconcile, RECONCILE_LEAVES, m) || reconcile->bucket != m->bucket)
		return;
	leaves.items = mem_new(m->count ? m->count : 1, sizeof(*leaves.items));
	while (message_next_leaf(m, &leaves.items[leaves.count]))
		leaves.count++;
	buf_fini(&reconcile->missing);
	buf_init(&reconcile->missing, 8 * (size_t)UINT16_MAX);
	enum err err = ledger_reconcile_bucket(
		&hub->ledger, txn, m->author, m->incarnation, m->counter, m->bucket,
		&reconcile->buckets[m->bucket], &leaves, &reconcile->missing);
	setdigest_leaves_fini(&leaves);
	if (err == ERR_DENIED)
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "LEAVES not those of the bucket");
	if (err) {
		reconcile_author_next(hub, txn, peer);
		return;
	}
	hub->wanted_epoch++; /* versions may be gone */
	if (reconcile->missing.len > 0)
		records_ask(hub, peer);
	else
		reconcile_bucket_next(hub, txn, peer, reconcile->bucket + 1);
}

/*
 * PROTOCOL: "RECORDS_GET is answered by one RECORDS message, which may hold a part of what was
 * asked for, and nothing when nothing of it is here; who asked then asks for the rest."
 */
void reconcile_records_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	uint64_t sequence;
	struct buf out;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	while (list.items.len < RECONCILE_RECORDS_LEN_MAX && message_next_sequence(m, &sequence)) {
		struct bytes whole;
		if (ledger_record(txn, m->author, m->incarnation, sequence, &whole))
			message_list_bin(&list, whole);
	}
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	flow_send(hub, peer, &out);
}
