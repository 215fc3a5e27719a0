#include "proto/transfer/serve.h"
#include "proto/transfer/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/transfer/fetch.h"
#include "proto/ledger/held.h"
#include "proto/content/index.h"
#include "proto/rights/rights.h"
#include "store/chunks.h"

enum {
	SERVE_CHUNK_COUNT_MAX = 128, /* in one message */
	SERVE_OLDER_COUNT_MAX = 256, /* versions in which a chunk is looked for */
	SERVE_TURN_COUNT_MAX = 1024, /* in one turn: nobody needs more before the first have come */
	SERVE_TOKEN_COST = 2,        /* as many chunks more for a token to be checked, */
	SERVE_INDEX_COST = 8,        /* and for a question for an index */
};

/*
 * What a request gives at a path, found out once: a dataset has one path, and may have hundreds of
 * versions.
 */
enum right_known { RIGHT_UNKNOWN, RIGHT_NO, RIGHT_YES };

/* Whether a peer may hold the chunks of a version; closed: not everybody may. */
static bool may_hold(struct hub *hub, struct txn *txn, const struct peer *peer,
		     const struct message *m, const struct version_id *of, bool *closed,
		     enum right_known *right)
{
	struct version version;
	if (peer->class != PEER_MEMBER || held_version(txn, of, &version))
		return false;
	*closed = version.tier != TIER_OPEN && version.tier != TIER_MEMBERS;
	if (*closed && *right == RIGHT_UNKNOWN)
		*right = rights_serve(hub, txn, &peer->org, m->has_token ? &m->token : NULL,
				      version.tier, version.path)
				 ? RIGHT_YES
				 : RIGHT_NO;
	return !*closed || *right == RIGHT_YES;
}

/* False: the peer asks for more in one turn than it takes. */
static bool may_ask(struct hub *hub, struct peer *peer, const struct message *m, uint32_t cost)
{
	peer->transfer->turn_serve += cost + (m->has_token ? SERVE_TOKEN_COST : 0);
	if (peer->transfer->turn_serve <= SERVE_TURN_COUNT_MAX)
		return true;
	hub_peer_bad(hub, peer, LINK_REASON_BUSY, "asks for more chunks than it takes");
	return false;
}

/* Whether a chunk is one of a version; of those only that are here or on their way. */
static bool is_of(struct txn *txn, const struct version_id *of, const struct chunk_addr *addr)
{
	struct row_key key = key_index(&of->dataset, of->number, of->author, addr);
	return txn_has(txn, TABLE_INDEX, row_key_bytes(&key));
}

/* Looks for the chunk among the versions before the current one. */
static bool may_serve_older(struct hub *hub, struct txn *txn, const struct peer *peer,
			    const struct message *m, const struct version_id *current,
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
		struct version_id of;
		bool closed;
		held_of_key(&of, walk.key);
		if (is_of(txn, &of, addr) && may_hold(hub, txn, peer, m, &of, &closed, right))
			return true;
	}
	return false;
}

void serve_index_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct buf entries, out;
	bool more = false, closed;
	enum right_known right = RIGHT_UNKNOWN;
	if (!may_ask(hub, peer, m, SERVE_INDEX_COST))
		return;
	buf_init(&entries, MESSAGE_LIST_COUNT_MAX * (size_t)INDEX_ENTRY_LEN);
	/* PROTOCOL: "So it does for INDEX_GET." */
	if (may_hold(hub, txn, peer, m, &m->of, &closed, &right) && held_complete(txn, &m->of)) {
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
	hub_send(hub, peer, &out);
}

static bool current_of(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
		       struct version_id *out)
{
	struct ledger_version current;
	if (ledger_version_current(&hub->ledger, txn, dataset, 0, &current, NULL))
		return false;
	*out = (struct version_id){*dataset, current.number, current.author};
	return true;
}

void serve_chunk_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct chunk_addr addr;
	/*
	 * PROTOCOL: "A CHUNK_GET names at most 128 addresses; each is answered by one CHUNK, in any
	 * order."
	 */
	if (!may_ask(hub, peer, m,
		     m->count > SERVE_CHUNK_COUNT_MAX ? SERVE_TURN_COUNT_MAX + 1 : m->count))
		return;
	/*
	 * PROTOCOL: "A server checks for each CHUNK_GET that the peer may hold chunks of the
	 * dataset named."
	 */
	struct version_id current;
	enum right_known right = RIGHT_UNKNOWN;
	bool closed = false;
	bool known = current_of(hub, txn, &m->of.dataset, &current);
	bool may_current = known && may_hold(hub, txn, peer, m, &current, &closed, &right);
	while (message_next_addr(m, &addr)) {
		/*
		 * PROTOCOL: "A chunk is served when it belongs to a version that the peer may hold"
		 * A right to what is closed is one to all versions.
		 */
		bool may = known && ((may_current && (closed || is_of(txn, &current, &addr))) ||
				     may_serve_older(hub, txn, peer, m, &current, &addr, &right));
		struct effect *effect =
			hub_effect(hub, may ? EFFECT_SERVE : EFFECT_SEND, peer->link);
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

/* Who holds what was published here is known also when it is not linked. */
static void holder_remember(struct hub *hub, struct txn *txn, const struct peer *peer,
			    const struct version_id *of)
{
	struct row_key key = key_holder(&of->dataset, peer->author);
	struct bytes value, whole;
	uint8_t number[8];

	if (of->author != hub->author || peer->author == hub->author ||
	    (txn_get(txn, TABLE_HOLDER, row_key_bytes(&key), &value) && value.len == 8 &&
	     be64_get(value.ptr) >= of->number) ||
	    ledger_version_find(txn, &of->dataset, of->number, of->author, &whole))
		return;
	be64_put(number, of->number);
	txn_put(txn, TABLE_HOLDER, row_key_bytes(&key), bytes_obj(&number));
}

void serve_holds_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct version_id of;
	bool refused = source_refuses(hub, peer);
	while (message_next_version(m, &of)) {
		holds_add(hub, peer, &of);
		holder_remember(hub, txn, peer, &of);
		if (refused)
			source_offered(hub, peer, &of);
	}
	hub->source_epoch++;
}
