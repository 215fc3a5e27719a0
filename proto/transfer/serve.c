#include "proto/transfer/serve.h"
#include "proto/transfer/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/audit/served.h"
#include "proto/transfer/fetch.h"
#include "proto/transfer/proof.h"
#include "proto/ledger/held.h"
#include "proto/content/index.h"
#include "proto/rights/rights.h"
#include "store/chunks.h"

enum {
	SERVE_CHUNK_COUNT_MAX = 128, /* in one message */
	SERVE_TURN_COUNT_MAX = 1024, /* in one turn: nobody needs more before the first have come */
	SERVE_INDEX_COST = 8,        /* and for a question for an index */
};

/* What a request gives at a path, found out once. */
enum right_known { RIGHT_UNKNOWN, RIGHT_NO, RIGHT_YES };

/* Whether a peer may hold the chunks of a version. */
static bool may_hold(struct hub *hub, struct txn *txn, const struct peer *peer,
		     const struct message *m)
{
	struct version version;
	return peer->class == PEER_MEMBER && !held_version(txn, &m->of, &version) &&
	       rights_serve(hub, txn, &peer->org, version.tier, version.path);
}

/* False: the peer asks for more in one turn than it takes. */
static bool may_ask(struct hub *hub, struct peer *peer, const struct message *m, uint32_t cost)
{
	peer->transfer->turn_serve += cost;
	if (peer->transfer->turn_serve <= SERVE_TURN_COUNT_MAX)
		return true;
	hub_peer_bad(hub, peer, LINK_REASON_BUSY, "asks for more chunks than it takes");
	return false;
}

void serve_index_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct buf entries, out;
	bool more = false;
	if (!may_ask(hub, peer, m, SERVE_INDEX_COST))
		return;
	buf_init(&entries, MESSAGE_LIST_COUNT_MAX * (size_t)INDEX_ENTRY_LEN);
	/* PROTOCOL: "So it does for INDEX_GET." */
	if (may_hold(hub, txn, peer, m) && held_complete(txn, &m->of)) {
		peer->transfer->asked = m->of;
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

/* The path of a dataset, which all its versions share: from whichever is at hand. */
static bool path_of(struct txn *txn, const struct dataset_id *dataset, struct version *version,
		    struct version_id *newest)
{
	struct row_key prefix = key_dataset(dataset);
	struct bytes key, place;
	if (!walk_last(txn, TABLE_VERSION, row_key_bytes(&prefix), &key, &place))
		return false;
	held_of_key(newest, key);
	return !held_version(txn, newest, version);
}

/*
 * PROTOCOL: "A chunk is served when it belongs to a version that the peer may hold; a dataset whose
 * tier was widened has older ones that it may not, and one whose tier was narrowed older ones that
 * it may." A right to what is closed is one to all versions of the dataset.
 */
static bool chunk_may(struct hub *hub, struct txn *txn, const struct peer *peer,
		      const struct message *m, const struct chunk_addr *addr, struct bytes path,
		      enum right_known *right)
{
	struct held_share share = held_share(txn, &m->of.dataset, addr);
	if (share.open || !share.closed)
		return share.open > 0;
	if (*right == RIGHT_UNKNOWN)
		*right = rights_serve(hub, txn, &peer->org, TIER_GRANTED, path) ? RIGHT_YES
										: RIGHT_NO;
	return *right == RIGHT_YES;
}

/* Chunks of one version that one message asks for. */
struct tally {
	struct version_id of; /* number 0: an older one */
	uint64_t chunks, bytes;
};

static void tally_end(struct hub *hub, struct txn *txn, const struct peer *peer,
		      struct tally *tally)
{
	if (tally->chunks > 0)
		audit_served(hub, txn, author_member(peer->author), &tally->of, tally->chunks,
			     tally->bytes);
	tally->chunks = tally->bytes = 0;
}

static bool tally_has(struct txn *txn, const struct version_id *of, const struct chunk_addr *addr,
		      uint32_t *size)
{
	struct row_key key = key_index(&of->dataset, of->number, of->author, addr);
	struct bytes row;

	if (of->number == 0 || !txn_get(txn, TABLE_INDEX, row_key_bytes(&key), &row))
		return false;
	*size = be32_get(row.ptr);
	return true;
}

/* A chunk is of the version whose index the peer was given last, or else of the newest. */
static void tally_add(struct hub *hub, struct txn *txn, const struct peer *peer,
		      struct tally *tally, const struct version_id *newest,
		      const struct chunk_addr *addr)
{
	const struct version_id *asked = &peer->transfer->asked;
	struct version_id of = {.dataset = newest->dataset};
	uint32_t size = 0;

	if (id_eq(&asked->dataset, &newest->dataset) && tally_has(txn, asked, addr, &size))
		of = *asked;
	else if (tally_has(txn, newest, addr, &size))
		of = *newest;
	if (!held_same(&of, &tally->of))
		tally_end(hub, txn, peer, tally);
	tally->of = of;
	tally->chunks++;
	tally->bytes += size;
}

static void chunk_refuse(struct hub *hub, const struct peer *peer, const struct message *m,
			 const struct chunk_addr *addr)
{
	struct effect *effect = hub_effect(hub, EFFECT_SEND, peer->link);
	effect->channel = LINK_CHANNEL_BULK;
	buf_init(&effect->bytes, LIMIT_MESSAGE_LEN_MAX);
	message_chunk(&effect->bytes, &m->of.dataset, addr, bytes_of(NULL, 0), false);
}

void serve_chunk_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct version version;
	struct chunk_addr addr;
	struct version_id newest = {.number = 0};
	uint8_t text[LIMIT_PATH_LEN_MAX];
	struct tally tally = {.chunks = 0};
	enum right_known right = RIGHT_UNKNOWN;
	bool refused = false;
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
	bool known = peer->class == PEER_MEMBER && path_of(txn, &m->of.dataset, &version, &newest);
	/* What is counted is written, and moves what the store has shown. */
	if (known) {
		memcpy(text, version.path.ptr, version.path.len);
		version.path.ptr = text;
	}
	while (message_next_addr(m, &addr)) {
		if (!known || !chunk_may(hub, txn, peer, m, &addr, version.path, &right)) {
			/* A line may not be here yet: it is a fault when it goes on. */
			refused = refused || (right == RIGHT_NO);
			chunk_refuse(hub, peer, m, &addr);
			continue;
		}
		struct effect *effect = hub_effect(hub, EFFECT_SERVE, peer->link);
		effect->dataset = m->of.dataset;
		effect->addr = addr;
		proof_served(hub, peer, &addr);
		tally_add(hub, txn, peer, &tally, &newest, &addr);
	}
	tally_end(hub, txn, peer, &tally);
	if (refused)
		hub_junk(hub, peer, JUNK_REFUSED);
}

/* ---- what peers hold ---- */

void serve_holds_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct version_id of;
	bool refused = source_refuses(hub, peer);
	size_t room = holds_room(hub, peer);
	while (message_next_version(m, &of)) {
		if (holds_add(hub, txn, peer, &of, &room))
			proof_claimed(hub, txn, peer, &of);
		if (refused)
			source_offered(hub, peer, &of);
	}
	hub->source_epoch++;
}
