/*
 * serve - indexes and chunks for others, and what they say they hold
 * (docs/PROTOCOL.md, section 9: Transfer).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/core_state.h"
#include "proto/held.h"
#include "proto/index.h"
#include "store/chunks.h"

/* Whether a peer may hold chunks of this dataset. */
static bool may_serve(struct core *core, struct txn *txn, const struct peer *peer,
		      const struct dataset_id *dataset)
{
	struct ledger_version current;
	struct version version;
	if (peer->class != PEER_MEMBER ||
	    ledger_version_current(&core->ledger, txn, dataset, 0, &current, NULL) != ERR_OK)
		return false;
	struct message_version of = {*dataset, current.number, current.author};
	if (held_version(txn, &of, &version) != ERR_OK)
		return false;
	return version.tier == TIER_OPEN || version.tier == TIER_MEMBERS;
}

static void index_get(struct core *core, struct txn *txn, struct peer *peer,
		      const struct message *m)
{
	struct buf entries, out;
	bool more = false;
	buf_init(&entries, MESSAGE_LIST_COUNT_MAX * (size_t)INDEX_ENTRY_LEN);
	if (may_serve(core, txn, peer, &m->of.dataset) && held_complete(txn, &m->of)) {
		struct row_key prefix = held_key(&m->of);
		struct row_key at = key_index(&m->of.dataset, m->of.number, m->of.author, &m->addr);
		struct walk walk = walk_begin_at(txn, TABLE_INDEX, row_key_bytes(&prefix),
						 row_key_bytes(&at), !m->has_addr);
		while (!more && walk_next(&walk)) {
			struct index_entry entry;
			if (entries.len == MESSAGE_LIST_COUNT_MAX * (size_t)INDEX_ENTRY_LEN) {
				more = true;
				break;
			}
			memcpy(entry.addr.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
			entry.size = be32_get(walk.value.ptr);
			index_entry_put(&entries, &entry);
		}
	}
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_index(&out, &m->of, buf_bytes(&entries), more);
	buf_fini(&entries);
	core_send(core, peer, &out);
}

static void chunk_get(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct chunk_addr addr;
	if (m->count > 4 * core->options.limits->chunks_in_flight_max) {
		core_close_link(core, peer, LINK_REASON_PROTOCOL);
		return;
	}
	/* PROTOCOL: "A server checks for each CHUNK_GET that the peer may hold chunks of the dataset named." */
	bool may = may_serve(core, txn, peer, &m->of.dataset);
	while (message_next_addr(m, &addr)) {
		struct effect *effect =
			core_effect(core, may ? EFFECT_SERVE : EFFECT_SEND, peer->link);
		effect->dataset = m->of.dataset;
		effect->addr = addr;
		if (may)
			continue;
		effect->channel = LINK_CHANNEL_BULK;
		buf_init(&effect->bytes, LIMIT_MESSAGE_LEN_MAX);
		message_chunk(&effect->bytes, &m->of.dataset, &addr, bytes_of(NULL, 0), false);
	}
}

static void holds_take(struct core *core, struct peer *peer, struct message *m)
{
	struct message_version of;
	while (message_next_version(m, &of)) {
		if (peer->hold_count == peer->hold_cap) {
			peer->hold_cap = peer->hold_cap ? 2 * peer->hold_cap : 64;
			peer->holds = mem_grow(peer->holds, peer->hold_cap, sizeof(*peer->holds));
		}
		uint64_t hash = held_hash(&of);
		bool known = false;
		for (size_t i = 0; i < peer->hold_count && !known; i++)
			known = peer->holds[i] == hash;
		if (!known && peer->hold_count < LIMIT_HOLD_COUNT_MAX)
			peer->holds[peer->hold_count++] = hash;
		struct fetch *fetch = fetch_find(core, &of);
		for (size_t i = 0; fetch && i < fetch->refused_count; i++) {
			if (fetch->refused[i] == peer->link)
				fetch->refused[i] = 0;
		}
	}
}

bool serve_peer_holds(const struct peer *peer, const struct message_version *of)
{
	uint64_t hash = held_hash(of);
	for (size_t i = 0; i < peer->hold_count; i++) {
		if (peer->holds[i] == hash)
			return true;
	}
	return false;
}

void serve_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	if (m->type == MESSAGE_INDEX_GET)
		index_get(core, txn, peer, m);
	else if (m->type == MESSAGE_INDEX)
		fetch_index_take(core, txn, peer, m);
	else if (m->type == MESSAGE_CHUNK_GET)
		chunk_get(core, txn, peer, m);
	else if (m->type == MESSAGE_HOLDS)
		holds_take(core, peer, m);
}

void serve_holds(struct core *core, const struct peer *peer, const struct message_version *of,
		 size_t count)
{
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	for (size_t i = 0; i < count; i++)
		message_list_version(&list, &of[i]);
	core_send_list(core, peer, &list);
}

void serve_up(struct core *core, struct txn *txn, struct peer *peer)
{
	enum { HOLDS_PER_MESSAGE = 4096 };
	struct message_version *all = mem_new(HOLDS_PER_MESSAGE, sizeof(*all));
	size_t count = 0;
	struct walk walk = walk_begin(txn, TABLE_HELD, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		if (walk.value.len != 25 || walk.value.ptr[0] != HELD_COMPLETE)
			continue;
		held_of_key(&all[count++], walk.key);
		if (count == HOLDS_PER_MESSAGE) {
			serve_holds(core, peer, all, count);
			count = 0;
		}
	}
	if (count > 0)
		serve_holds(core, peer, all, count);
	free(all);
}
