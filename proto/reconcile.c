/*
 * reconcile - when what is here is not the set of an author's head: bucket by bucket, leaf by leaf
 * (docs/PROTOCOL.md, section 9: Reconciliation).
 *
 * With each peer one author, one bucket and one question at a time: BUCKETS_GET, then for each bucket that differs
 * LEAVES_GET and RECORDS_GET until nothing more comes, then the next author. So however much is missing, an answer
 * of RECONCILE_RECORDS_LEN_MAX is the most that is on the way, and what was not asked for is not looked at. A
 * peer that is not complete itself does not answer; then the next author follows after RECONCILE_MS_MAX.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/core_state.h"

enum {
	RECONCILE_RECORDS_LEN_MAX = 256 * 1024, /* of one RECORDS message, and a record more */
	RECONCILE_ASK_COUNT_MAX = 4096,         /* sequences in one RECORDS_GET */
	RECONCILE_MS_MAX = 10 * 1000,
};

void reconcile_fini(struct reconcile *reconcile)
{
	free(reconcile->buckets);
	buf_fini(&reconcile->missing);
	*reconcile = (struct reconcile){0};
}

/* ---- asking ---- */

static void step_set(struct core *core, struct peer *peer, enum reconcile_step step)
{
	peer->reconcile.step = step;
	peer->reconcile.since_ms = core->now_ms;
}

/* Goes on with the next author whose set is not that of its head. */
static void author_next(struct core *core, struct txn *txn, struct peer *peer)
{
	struct reconcile *reconcile = &peer->reconcile;
	struct author_state state;
	struct buf out;
	core_settle(core, txn);
	while (ledger_state_next(&core->ledger, txn, &reconcile->author, &state)) {
		/* Of the own author nobody knows more, unless this store is an old copy. */
		if ((reconcile->author == core->author && !core->behind_since_ms) ||
		    ledger_completeness(&state, core->now_ms) != LEDGER_PARTIAL)
			continue;
		reconcile->incarnation = state.incarnation;
		reconcile->counter = state.counter;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_buckets_get(&out, state.author, state.incarnation, state.counter);
		core_send(core, peer, &out);
		step_set(core, peer, RECONCILE_BUCKETS);
		return;
	}
	step_set(core, peer, RECONCILE_IDLE);
}

/* Goes on with the next bucket that differs, from `bucket` on. */
static void bucket_next(struct core *core, struct txn *txn, struct peer *peer, unsigned bucket)
{
	struct reconcile *reconcile = &peer->reconcile;
	struct buf out;
	while (bucket < 256 && !reconcile->differs[bucket])
		bucket++;
	if (bucket == 256) {
		author_next(core, txn, peer);
		return;
	}
	reconcile->bucket = bucket;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves_get(&out, reconcile->author, reconcile->incarnation, reconcile->counter,
			   (uint8_t)bucket);
	core_send(core, peer, &out);
	step_set(core, peer, RECONCILE_LEAVES);
}

static void records_ask(struct core *core, struct peer *peer)
{
	struct reconcile *reconcile = &peer->reconcile;
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_records_get(&out, reconcile->author, reconcile->incarnation,
			    bytes_slice(buf_bytes(&reconcile->missing), 0,
					8 * (size_t)RECONCILE_ASK_COUNT_MAX));
	core_send(core, peer, &out);
	step_set(core, peer, RECONCILE_RECORDS);
}

void reconcile_records(struct core *core, struct txn *txn, struct peer *peer)
{
	struct reconcile *reconcile = &peer->reconcile;
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
		records_ask(core, peer);
	else
		bucket_next(core, txn, peer, reconcile->bucket + 1);
}

void reconcile_settle(struct core *core, struct txn *txn)
{
	for (size_t i = 0; i < core->peer_count; i++) {
		struct peer *peer = core->peers[i];
		struct reconcile *reconcile = &peer->reconcile;
		if (!peer->up || !peer->sync.met)
			continue;
		if (reconcile->step != RECONCILE_IDLE) {
			if (core->now_ms - reconcile->since_ms > RECONCILE_MS_MAX)
				author_next(core, txn, peer);
		} else if (reconcile->due) {
			reconcile->due = false;
			reconcile->author = 0;
			author_next(core, txn, peer);
		}
	}
}

int64_t reconcile_wake(const struct peer *peer)
{
	const struct reconcile *reconcile = &peer->reconcile;
	return reconcile->step == RECONCILE_IDLE ? INT64_MAX
						 : reconcile->since_ms + RECONCILE_MS_MAX + 1;
}

/* ---- questions and answers ---- */

static bool asked(const struct reconcile *reconcile, enum reconcile_step step,
		  const struct message *m)
{
	return reconcile->step == step && reconcile->author == m->author &&
	       reconcile->incarnation == m->incarnation && reconcile->counter == m->counter;
}

/* What is here is exactly what the head of this counter says, so it can be shown to others. */
static bool complete_at(struct core *core, struct txn *txn, const struct message *m)
{
	struct author_state state;
	return ledger_state(&core->ledger, txn, m->author, &state) == ERR_OK &&
	       state.incarnation == m->incarnation && state.counter == m->counter &&
	       id_eq(&state.set, &state.head_set);
}

static void buckets_get(struct core *core, struct txn *txn, struct peer *peer,
			const struct message *m)
{
	if (!complete_at(core, txn, m))
		return;
	uint8_t *buckets = mem_new(1, SETDIGEST_BUCKETS_LEN);
	struct buf out;
	setdigest_buckets(txn, m->author, m->incarnation, buckets);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_buckets(&out, m->author, m->incarnation, m->counter, buckets);
	core_send(core, peer, &out);
	free(buckets);
}

static void buckets_take(struct core *core, struct txn *txn, struct peer *peer,
			 const struct message *m)
{
	struct reconcile *reconcile = &peer->reconcile;
	if (!asked(reconcile, RECONCILE_BUCKETS, m))
		return;
	enum err err = ledger_buckets_check(&core->ledger, txn, m->author, m->incarnation,
					    m->counter, m->body.ptr);
	if (err == ERR_DENIED)
		core_peer_bad(core, peer, LINK_REASON_PROTOCOL, "BUCKETS not those of the head");
	if (err != ERR_OK) {
		author_next(core, txn, peer);
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
	bucket_next(core, txn, peer, 0);
}

static void leaves_get(struct core *core, struct txn *txn, struct peer *peer,
		       const struct message *m)
{
	struct setdigest_leaves leaves;
	struct buf out;
	if (!complete_at(core, txn, m))
		return;
	setdigest_leaves(txn, m->author, m->incarnation, m->bucket, &leaves);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves(&out, m->author, m->incarnation, m->counter, m->bucket, &leaves);
	core_send(core, peer, &out);
	setdigest_leaves_fini(&leaves);
}

static void leaves_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct reconcile *reconcile = &peer->reconcile;
	struct setdigest_leaves leaves = {0};
	if (!asked(reconcile, RECONCILE_LEAVES, m) || reconcile->bucket != m->bucket)
		return;
	leaves.items = mem_new(m->count ? m->count : 1, sizeof(*leaves.items));
	while (message_next_leaf(m, &leaves.items[leaves.count]))
		leaves.count++;
	buf_fini(&reconcile->missing);
	buf_init(&reconcile->missing, 8 * (size_t)UINT16_MAX);
	enum err err = ledger_reconcile_bucket(
		&core->ledger, txn, m->author, m->incarnation, m->counter, m->bucket,
		&reconcile->buckets[m->bucket], &leaves, &reconcile->missing);
	setdigest_leaves_fini(&leaves);
	if (err == ERR_DENIED)
		core_peer_bad(core, peer, LINK_REASON_PROTOCOL, "LEAVES not those of the bucket");
	if (err != ERR_OK) {
		author_next(core, txn, peer);
		return;
	}
	core->transfer.scan_due = true; /* versions may be gone */
	if (reconcile->missing.len > 0)
		records_ask(core, peer);
	else
		bucket_next(core, txn, peer, reconcile->bucket + 1);
}

/* PROTOCOL: "RECORDS_GET is answered by one RECORDS message, which may hold a part of what was asked for, and nothing when
   nothing of it is here; who asked then asks for the rest." */
static void records_get(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
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
	sync_send(core, peer, &out);
}

void reconcile_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	if (m->type == MESSAGE_BUCKETS_GET)
		buckets_get(core, txn, peer, m);
	else if (m->type == MESSAGE_BUCKETS)
		buckets_take(core, txn, peer, m);
	else if (m->type == MESSAGE_LEAVES_GET)
		leaves_get(core, txn, peer, m);
	else if (m->type == MESSAGE_LEAVES)
		leaves_take(core, txn, peer, m);
	else if (m->type == MESSAGE_RECORDS_GET)
		records_get(core, txn, peer, m);
}
