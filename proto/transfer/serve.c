#include "proto/transfer/serve.h"
#include "proto/transfer/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/audit/served.h"
#include "proto/transfer/fetch.h"
#include "proto/transfer/proof.h"
#include "proto/transfer/scan.h"
#include "proto/transfer/whole.h"
#include "proto/ledger/held.h"
#include "proto/content/index.h"
#include "crypto/path.h"
#include "proto/rights/current.h"
#include "proto/rights/rights.h"
#include "store/chunks.h"

enum {
	SERVE_CHUNK_COUNT_MAX = 128, /* in one message */
	/* in one turn, chunks and small versions: nobody needs more before the first have come */
	SERVE_TURN_COUNT_MAX = 2048,
	SERVE_INDEX_COST = 8,     /* and for a question for an index */
	SERVE_VOIDS_MAX = 64,     /* held versions of others looked at for one request */
	SERVE_PROMISED_MAX = 768, /* datasets that may be under way to one peer */
	SERVE_DOUBT_MS = 3600 * 1000,
};

static uint32_t asker_member(const struct hub *hub, const struct peer *peer)
{
	const struct charter_member *member = charter_by_org(&hub->charter, &peer->org);

	return member ? member->number : 0;
}

/*
 * Whether a peer may hold the chunks of a version.
 * PROTOCOL: "Chunks of tier granted that only void versions name are served to nobody but the nodes
 * of owner and author."
 */
static bool may_hold(struct hub *hub, struct txn *txn, const struct peer *peer,
		     const struct version_id *of)
{
	struct ledger_version row;
	struct version version;

	if (peer->class != PEER_MEMBER || !ledger_version_get(txn, of, &row) ||
	    held_version(txn, of, &version))
		return false;
	if (!held_closed(&version))
		return rights_serve(hub, txn, &peer->org, version.tier, version.path);
	uint32_t owner = ledger_version_owner(&hub->ledger, txn, &row);
	uint32_t member = asker_member(hub, peer);
	if (owner && (member == owner || member == author_member(of->author)))
		return true;
	return owner && (author_member(of->author) == owner || current_valid(hub, txn, of)) &&
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
	if (may_hold(hub, txn, peer, &m->of) && held_complete(txn, &m->of)) {
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

/* What a peer may have of one dataset, found out once for a request. */
struct may {
	struct hub *hub;
	struct txn *txn;
	const struct dataset_id *dataset;
	uint32_t member; /* whom the peer is of */
	bool owns;       /* it is the owner of the path */
	bool right;      /* it may have what is closed */
	bool denied;     /* something was asked for without the right */
	bool closed;     /* it gets something that not everybody may have */
	/* held by authors who may not write there any more; those behind them count as valid */
	struct version_id voids[SERVE_VOIDS_MAX];
	size_t void_count;
	bool newest_known;
	struct version_id newest; /* the current version, once it was looked for */
};

/* The held versions of others than the owner that are void. */
static void voids_find(struct may *may, uint32_t owner)
{
	struct row_key prefix = key_dataset(may->dataset), at = prefix;
	struct version_id of;
	bool more = true;

	for (unsigned looks = 0; more && looks < SERVE_VOIDS_MAX; looks++) {
		struct walk walk = walk_begin_at(may->txn, TABLE_HELD, row_key_bytes(&prefix),
						 row_key_bytes(&at), false);
		more = walk_next(&walk);
		if (!more)
			return;
		held_of_key(&of, walk.key);
		/* Of the owner's nodes one row each: none of theirs is void and still held. */
		bool owners = author_member(of.author) == owner;
		at = key_version(&of.dataset, owners ? 0 : of.number, of.author);
		if (!owners && !current_valid(may->hub, may->txn, &of))
			may->voids[may->void_count++] = of;
	}
}

/* False: nothing is known of the dataset. */
static bool may_find(struct may *may, struct hub *hub, struct txn *txn, const struct peer *peer,
		     const struct dataset_id *dataset)
{
	struct version version;

	*may = (struct may){.hub = hub, .txn = txn, .dataset = dataset};
	if (peer->class != PEER_MEMBER || !current_any(hub, txn, dataset, &version))
		return false;
	const struct charter_member *owner =
		charter_by_slug(&hub->charter, path_slug(version.path));
	may->member = asker_member(hub, peer);
	may->owns = owner && owner->number == may->member;
	may->right = rights_serve(hub, txn, &peer->org, TIER_GRANTED, version.path);
	if (owner && !may->owns)
		voids_find(may, owner->number);
	return true;
}

/*
 * PROTOCOL: "A chunk is served when it belongs to a version that the peer may hold; a dataset whose
 * tier was widened has older ones that it may not, and one whose tier was narrowed older ones that
 * it may." A right to what is closed is one to all versions of the dataset but void ones.
 */
static bool chunk_may(struct may *may, const struct chunk_addr *addr)
{
	struct held_share share = held_share(may->txn, may->dataset, addr);
	uint32_t void_count = 0;

	if (share.open || !share.closed)
		return share.open > 0;
	for (size_t i = 0; i < may->void_count; i++) {
		const struct version_id *of = &may->voids[i];
		struct row_key key = key_index(&of->dataset, of->number, of->author, addr);
		if (!txn_has(may->txn, TABLE_INDEX, row_key_bytes(&key)))
			continue;
		void_count++;
		if (author_member(of->author) == may->member)
			return true;
	}
	may->denied = may->denied || !may->right;
	bool may_have = may->right && share.closed > void_count;
	may->closed = may->closed || may_have;
	return may_have;
}

static bool owns(const struct hub *hub, uint32_t member, struct bytes path)
{
	const struct charter_member *owner = charter_by_slug(&hub->charter, path_slug(path));

	return owner && owner->number == member;
}

/* ---- what is under way ---- */

/* A dataset of which closed chunks were promised to a peer. */
static void promised(struct hub *hub, struct peer *peer, const struct dataset_id *dataset)
{
	struct peer_transfer *transfer = peer->transfer;

	for (size_t i = 0; i < transfer->promised_count; i++)
		if (id_eq(&transfer->promised[i], dataset))
			return;
	if (transfer->promised_count == SERVE_PROMISED_MAX) {
		hub_effect(hub, EFFECT_RECALL, peer->link)->dataset = transfer->promised[0];
		memmove(&transfer->promised[0], &transfer->promised[1],
			(SERVE_PROMISED_MAX - 1) * sizeof(*dataset));
		transfer->promised_count--;
	}
	transfer->promised = mem_room(transfer->promised, transfer->promised_count,
				      &transfer->promised_cap, sizeof(*dataset));
	transfer->promised[transfer->promised_count++] = *dataset;
}

static void promises_look(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_transfer *transfer = peer->transfer;
	size_t kept = 0;

	for (size_t i = 0; i < transfer->promised_count; i++) {
		const struct dataset_id dataset = transfer->promised[i];
		struct version version;
		if (current_any(hub, txn, &dataset, &version) &&
		    rights_serve(hub, txn, &peer->org, TIER_GRANTED, version.path))
			transfer->promised[kept++] = dataset;
		else
			hub_effect(hub, EFFECT_RECALL, peer->link)->dataset = dataset;
	}
	transfer->promised_count = kept;
}

/*
 * PROTOCOL: "What a peer was promised is looked at again when rights change: chunks that it may not
 * have any more are answered as if they were not here."
 */
void serve_settle(struct hub *hub, struct txn *txn)
{
	if (hub->transfer->promise_epoch == hub->rights_epoch)
		return;
	hub->transfer->promise_epoch = hub->rights_epoch;
	for (size_t i = 0; i < hub->peers.count; i++)
		if (hub->peers.items[i]->up)
			promises_look(hub, txn, hub->peers.items[i]);
}

/* The current version; number 0: there is none. */
static const struct version_id *newest_of(struct may *may)
{
	struct ledger_version current;

	if (!may->newest_known &&
	    !current_find(may->hub, may->txn, may->dataset, 0, &current, NULL))
		may->newest = (struct version_id){*may->dataset, current.number, current.author};
	may->newest_known = true;
	return &may->newest;
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
static void tally_add(struct may *may, const struct peer *peer, struct tally *tally,
		      const struct chunk_addr *addr)
{
	const struct version_id *asked = &peer->transfer->asked;
	struct version_id of = {.dataset = *may->dataset};
	struct hub *hub = may->hub;
	struct txn *txn = may->txn;
	uint32_t size = 0;

	if (id_eq(&asked->dataset, may->dataset) && tally_has(txn, asked, addr, &size))
		of = *asked;
	else if (tally_has(txn, newest_of(may), addr, &size))
		of = may->newest;
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

void serve_doubted(struct hub *hub)
{
	hub->transfer->doubt_until_ms = hub->mono_ms + SERVE_DOUBT_MS;
}

/*
 * PROTOCOL: "A WHOLE_GET names at most 256 versions; each is answered by one element of a WHOLE"
 */
void serve_whole_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	const uint32_t member = asker_member(hub, peer);
	struct version_id of;
	struct version version;
	struct held held;

	if (!may_ask(hub, peer, m, m->count))
		return;
	while (message_next_version(m, &of)) {
		struct effect *effect;
		bool may = may_hold(hub, txn, peer, &of) && held_get(txn, &of, &held) &&
			   held.state == HELD_COMPLETE && whole_small(held.chunks, held.bytes) &&
			   !held_version(txn, &of, &version);
		if (may) {
			proof_served_all(hub, txn, peer, &of);
			audit_served(hub, txn, author_member(peer->author), &of, held.chunks,
				     held.bytes);
		}
		if (may && held_closed(&version) && !owns(hub, member, version.path))
			promised(hub, peer, &of.dataset);
		effect = hub_effect(hub, EFFECT_SERVE, peer->link);
		effect->whole = true;
		effect->ok = may;
		effect->dataset = of.dataset;
		effect->number = of.number;
		effect->author = of.author;
	}
}

void serve_chunk_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct chunk_addr addr;
	struct may may;
	struct tally tally = {.chunks = 0};
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
	bool known = may_find(&may, hub, txn, peer, &m->of.dataset);
	while (message_next_addr(m, &addr)) {
		if (!known || !chunk_may(&may, &addr)) {
			chunk_refuse(hub, peer, m, &addr);
			continue;
		}
		struct effect *effect = hub_effect(hub, EFFECT_SERVE, peer->link);
		effect->dataset = m->of.dataset;
		effect->addr = addr;
		effect->verify = hub->mono_ms < hub->transfer->doubt_until_ms;
		proof_served(hub, peer, &addr);
		tally_add(&may, peer, &tally, &addr);
	}
	tally_end(hub, txn, peer, &tally);
	if (may.closed && !may.owns)
		promised(hub, peer, &m->of.dataset);
	/* A line may not be here yet: it is a fault when it goes on. */
	if (may.denied)
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
