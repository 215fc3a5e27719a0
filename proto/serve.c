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
#include "proto/rights.h"
#include "store/chunks.h"

enum {
	SERVE_CHUNK_COUNT_MAX = 128, /* in one message */
	SERVE_OLDER_COUNT_MAX = 256, /* versions in which a chunk is looked for */
	SERVE_TURN_COUNT_MAX = 1024, /* in one turn: nobody needs more before the first have come */
	SERVE_TOKEN_COST = 2,        /* as many chunks more for a token to be checked, */
	SERVE_INDEX_COST = 8,        /* and for a question for an index */
};

/* What a request gives at a path, found out once: a dataset has one path, and may have hundreds of versions. */
enum right_known { RIGHT_UNKNOWN, RIGHT_NO, RIGHT_YES };

/* Whether a peer may hold the chunks of a version; closed: not everybody may. */
static bool may_hold(struct core *core, struct txn *txn, const struct peer *peer,
		     const struct message *m, const struct message_version *of, bool *closed,
		     enum right_known *right)
{
	struct version version;
	if (peer->class != PEER_MEMBER || held_version(txn, of, &version) != ERR_OK)
		return false;
	*closed = version.tier != TIER_OPEN && version.tier != TIER_MEMBERS;
	if (*closed && *right == RIGHT_UNKNOWN)
		*right = rights_serve(core, txn, &peer->org, m->has_token ? &m->token : NULL,
				      version.tier, version.path)
				 ? RIGHT_YES
				 : RIGHT_NO;
	return !*closed || *right == RIGHT_YES;
}

/* False: the peer asks for more in one turn than it takes. */
static bool may_ask(struct core *core, struct peer *peer, const struct message *m, uint32_t cost)
{
	peer->turn_serve += cost + (m->has_token ? SERVE_TOKEN_COST : 0);
	if (peer->turn_serve <= SERVE_TURN_COUNT_MAX)
		return true;
	core_peer_bad(core, peer, LINK_REASON_BUSY, "asks for more chunks than it takes");
	return false;
}

/* Whether a chunk is one of a version; of those only that are here or on their way. */
static bool is_of(struct txn *txn, const struct message_version *of, const struct chunk_addr *addr)
{
	struct row_key key = key_index(&of->dataset, of->number, of->author, addr);
	return txn_has(txn, TABLE_INDEX, row_key_bytes(&key));
}

/* Looks for the chunk among the versions before the current one. */
static bool may_serve_older(struct core *core, struct txn *txn, const struct peer *peer,
			    const struct message *m, const struct message_version *current,
			    const struct chunk_addr *addr, enum right_known *right)
{
	uint64_t from = current->number > SERVE_OLDER_COUNT_MAX
				? current->number - SERVE_OLDER_COUNT_MAX
				: 0;
	struct row_key prefix = key_dataset(&current->dataset);
	struct row_key at = key_version(&current->dataset, from, 0);
	struct walk walk =
		walk_begin_at(txn, TABLE_VERSION, row_key_bytes(&prefix), row_key_bytes(&at), true);
	while (walk_next(&walk)) {
		struct message_version of;
		bool closed;
		held_of_key(&of, walk.key);
		if (is_of(txn, &of, addr) && may_hold(core, txn, peer, m, &of, &closed, right))
			return true;
	}
	return false;
}

static void index_get(struct core *core, struct txn *txn, struct peer *peer,
		      const struct message *m)
{
	struct buf entries, out;
	bool more = false, closed;
	enum right_known right = RIGHT_UNKNOWN;
	if (!may_ask(core, peer, m, SERVE_INDEX_COST))
		return;
	buf_init(&entries, MESSAGE_LIST_COUNT_MAX * (size_t)INDEX_ENTRY_LEN);
	/* PROTOCOL: "So it does for INDEX_GET." */
	if (may_hold(core, txn, peer, m, &m->of, &closed, &right) && held_complete(txn, &m->of)) {
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

static bool current_of(struct core *core, struct txn *txn, const struct dataset_id *dataset,
		       struct message_version *out)
{
	struct ledger_version current;
	if (ledger_version_current(&core->ledger, txn, dataset, 0, &current, NULL) != ERR_OK)
		return false;
	*out = (struct message_version){*dataset, current.number, current.author};
	return true;
}

static void chunk_get(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct chunk_addr addr;
	/* PROTOCOL: "A CHUNK_GET names at most 128 addresses; each is answered by one CHUNK, in any order." */
	if (!may_ask(core, peer, m,
		     m->count > SERVE_CHUNK_COUNT_MAX ? SERVE_TURN_COUNT_MAX + 1 : m->count))
		return;
	/* PROTOCOL: "A server checks for each CHUNK_GET that the peer may hold chunks of the dataset named." */
	struct message_version current;
	enum right_known right = RIGHT_UNKNOWN;
	bool closed = false;
	bool known = current_of(core, txn, &m->of.dataset, &current);
	bool may_current = known && may_hold(core, txn, peer, m, &current, &closed, &right);
	while (message_next_addr(m, &addr)) {
		/* PROTOCOL: "A chunk is served when it belongs to a version that the peer may hold" A
		   right to what is closed is one to all versions. */
		bool may = known && ((may_current && (closed || is_of(txn, &current, &addr))) ||
				     may_serve_older(core, txn, peer, m, &current, &addr, &right));
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

/* ---- what peers hold ---- */

/*
 * A set of hashes, open addressing. Peers choose the hashes, so where one stands depends on a
 * secret. At most LIMIT_HOLD_COUNT_MAX versions and twice as many slots of eight bytes for one peer.
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

void holds_free(struct holds *holds)
{
	free(holds);
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
static uint64_t slot_hash(const struct message_version *of)
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
	holds_free(holds);
	return grown;
}

static void holds_add(struct core *core, struct peer *peer, const struct message_version *of)
{
	uint64_t hash = slot_hash(of);
	if (!peer->holds)
		peer->holds = holds_new(random_below(core->options.random, UINT64_MAX) | 1,
					HOLDS_BITS_MIN);
	uint64_t *slot = holds_slot(peer->holds, hash);
	if (*slot == hash || peer->holds->count >= LIMIT_HOLD_COUNT_MAX)
		return;
	*slot = hash;
	peer->holds->count++;
	if (2 * peer->holds->count > (size_t)1 << peer->holds->bits)
		peer->holds = holds_grown(peer->holds);
}

bool serve_peer_holds(const struct peer *peer, const struct message_version *of)
{
	uint64_t hash = slot_hash(of);
	return peer->holds && *holds_slot(peer->holds, hash) == hash;
}

/* Who holds what was published here is known also when it is not linked. */
static void holder_remember(struct core *core, struct txn *txn, const struct peer *peer,
			    const struct message_version *of)
{
	struct row_key key = key_holder(&of->dataset, peer->author);
	struct bytes value, whole;
	uint8_t number[8];

	if (of->author != core->author || peer->author == core->author ||
	    (txn_get(txn, TABLE_HOLDER, row_key_bytes(&key), &value) && value.len == 8 &&
	     be64_get(value.ptr) >= of->number) ||
	    ledger_version_find(txn, &of->dataset, of->number, of->author, &whole) != ERR_OK)
		return;
	be64_put(number, of->number);
	txn_put(txn, TABLE_HOLDER, row_key_bytes(&key), bytes_obj(&number));
}

static void holds_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct message_version of;
	bool refused = fetch_refuses(core, peer);
	while (message_next_version(m, &of)) {
		holds_add(core, peer, &of);
		holder_remember(core, txn, peer, &of);
		if (refused)
			fetch_offered(core, peer, &of);
	}
	fetch_sources_changed(core);
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
		holds_take(core, txn, peer, m);
}

/* ---- telling what is held ---- */

enum {
	SERVE_HOLDS_COUNT_MAX = 4096, /* in one message */
	SERVE_HOLDS_MS = 500,         /* between two messages */
};

void serve_holds(struct core *core, struct peer *peer, const struct message_version *of,
		 size_t count)
{
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	for (size_t i = 0; i < count; i++)
		message_list_version(&list, &of[i]);
	core_send_list(core, peer, &list);
}

void serve_up(struct core *core, struct peer *peer)
{
	peer->holds_at = (struct row_key){.len = 0};
	peer->holds_more = true;
	peer->holds_next_ms = core->now_ms;
	fetch_sources_changed(core);
}

/* The next part of what is held. */
static void holds_tell(struct core *core, struct txn *txn, struct peer *peer)
{
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	struct walk walk = walk_begin_at(txn, TABLE_HELD, bytes_of(NULL, 0),
					 row_key_bytes(&peer->holds_at), peer->holds_at.len == 0);
	peer->holds_more = false;
	while (walk_next(&walk)) {
		struct message_version of;
		if (list.count == SERVE_HOLDS_COUNT_MAX) {
			peer->holds_more = true;
			break;
		}
		memcpy(peer->holds_at.b, walk.key.ptr, walk.key.len);
		peer->holds_at.len = walk.key.len;
		held_of_key(&of, walk.key);
		if (held_complete(txn, &of))
			message_list_version(&list, &of);
	}
	peer->holds_next_ms = core->now_ms + SERVE_HOLDS_MS;
	if (list.count > 0)
		core_send_list(core, peer, &list);
	else
		buf_fini(&list.items);
}

void serve_tick(struct core *core, struct txn *txn)
{
	for (size_t i = 0; i < core->peer_count; i++) {
		struct peer *peer = core->peers[i];
		if (peer->up && peer->holds_more && core->now_ms >= peer->holds_next_ms)
			holds_tell(core, txn, peer);
	}
}

int64_t serve_wake(const struct core *core)
{
	int64_t wake = INT64_MAX;
	for (size_t i = 0; i < core->peer_count; i++) {
		const struct peer *peer = core->peers[i];
		if (peer->up && peer->holds_more && peer->holds_next_ms < wake)
			wake = peer->holds_next_ms;
	}
	return wake;
}
