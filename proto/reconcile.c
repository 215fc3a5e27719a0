/*
 * reconcile - when what is here is not the set of an author's head: bucket by bucket, leaf by leaf
 * (docs/PROTOCOL.md, section 9: Reconciliation).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/core_state.h"

enum { RECONCILE_RECORDS_LEN_MAX = 256 * 1024 }; /* of one RECORDS message */

void reconcile_begin(struct core *core, struct txn *txn, struct peer *peer)
{
	struct author_state state;
	uint32_t author = 0;
	struct buf out;
	while (ledger_state_next(&core->ledger, txn, &author, &state)) {
		if (author == core->author ||
		    ledger_completeness(&state, core->now_ms) != LEDGER_PARTIAL)
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_buckets_get(&out, author, state.incarnation, state.counter);
		core_send(core, peer, &out);
	}
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
	struct sync *sync = &peer->sync;
	enum err err = ledger_buckets_check(&core->ledger, txn, m->author, m->incarnation,
					    m->counter, m->body.ptr);
	if (err != ERR_OK) {
		if (err == ERR_DENIED)
			core_close_link(core, peer, LINK_REASON_PROTOCOL);
		return;
	}
	uint8_t *mine = mem_new(1, SETDIGEST_BUCKETS_LEN);
	setdigest_buckets(txn, m->author, m->incarnation, mine);
	if (!sync->buckets)
		sync->buckets = mem_new(256, sizeof(*sync->buckets));
	memcpy(sync->buckets, m->body.ptr, SETDIGEST_BUCKETS_LEN);
	sync->reconcile_author = m->author;
	for (unsigned i = 0; i < 256; i++) {
		struct buf out;
		if (memcmp(mine + (size_t)i * ID_LEN, sync->buckets[i].b, ID_LEN) == 0)
			continue;
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_leaves_get(&out, m->author, m->incarnation, m->counter, (uint8_t)i);
		core_send(core, peer, &out);
	}
	free(mine);
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
	struct sync *sync = &peer->sync;
	struct setdigest_leaves leaves = {0};
	struct buf missing, out;
	if (sync->reconcile_author != m->author || !sync->buckets)
		return; /* an answer to a question since forgotten */
	leaves.items = mem_new(m->count ? m->count : 1, sizeof(*leaves.items));
	while (message_next_leaf(m, &leaves.items[leaves.count]))
		leaves.count++;
	buf_init(&missing, 8 * (size_t)UINT16_MAX);
	enum err err =
		ledger_reconcile_bucket(&core->ledger, txn, m->author, m->incarnation, m->counter,
					m->bucket, &sync->buckets[m->bucket], &leaves, &missing);
	if (err == ERR_DENIED)
		core_close_link(core, peer, LINK_REASON_PROTOCOL);
	if (err == ERR_OK) {
		core->transfer.scan_due = true;
		if (missing.len > 0) {
			buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
			message_records_get(&out, m->author, m->incarnation, buf_bytes(&missing));
			core_send(core, peer, &out);
		}
	}
	buf_fini(&missing);
	setdigest_leaves_fini(&leaves);
}

static void records_get(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	uint64_t sequence;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	while (message_next_sequence(m, &sequence)) {
		struct bytes whole;
		if (!ledger_record(txn, m->author, m->incarnation, sequence, &whole))
			continue;
		message_list_bin(&list, whole);
		if (list.items.len < RECONCILE_RECORDS_LEN_MAX)
			continue;
		core_send_list(core, peer, &list);
		list = message_list_begin(MESSAGE_RECORDS);
	}
	core_send_list(core, peer, &list);
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
