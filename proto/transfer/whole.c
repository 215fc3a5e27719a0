#include "proto/transfer/whole.h"

#include <string.h>

#include "crypto/box.h"
#include "crypto/check.h"
#include "proto/ledger/held.h"
#include "proto/transfer/allot.h"
#include "proto/transfer/scan.h"
#include "proto/transfer/source.h"
#include "store/chunks.h"

bool whole_small(uint64_t chunks, uint64_t bytes)
{
	return chunks <= LIMIT_WHOLE_CHUNK_COUNT_MAX && bytes <= LIMIT_WHOLE_LEN_MAX;
}

/* Of a dataset of which something is here a new version may share chunks with that. */
bool whole_may(const struct hub *hub, const struct fetch *fetch)
{
	return !fetch->indexed && fetch->bytes_all <= hub->options.limits->whole_bytes_max &&
	       whole_small(fetch->chunk_count_all, fetch->bytes_all) &&
	       (!fetch->kin || fetch->chunk_count_all <= 2);
}

static void asks_send(struct hub *hub, struct peer *peer)
{
	struct message_list *asks = &peer->transfer->whole_asks;

	if (asks->count > 0)
		hub_send_list(hub, peer, asks);
	asks->count = 0;
}

void whole_ask(struct hub *hub, struct fetch *fetch, struct peer *peer)
{
	struct peer_transfer *transfer = peer->transfer;

	if (transfer->whole_asks.count == 0)
		transfer->whole_asks = message_list_begin(MESSAGE_WHOLE_GET);
	message_list_version(&transfer->whole_asks, &fetch->of);
	fetch->whole = true;
	fetch->index_link = peer->link;
	fetch->index_ms = hub->mono_ms;
	transfer->whole_count++;
	transfer->whole_bytes += fetch->bytes_all;
	if (transfer->whole_asks.count == MESSAGE_WHOLE_COUNT_MAX)
		asks_send(hub, peer);
}

void whole_settle(struct hub *hub)
{
	for (size_t i = 0; i < hub->peers.count; i++)
		asks_send(hub, hub->peers.items[i]);
}

void whole_release(struct hub *hub, struct fetch *fetch)
{
	struct peer *peer = fetch->whole ? peers_find(hub, fetch->index_link) : NULL;

	if (peer) {
		peer->transfer->whole_count--;
		peer->transfer->whole_bytes -= fetch->bytes_all;
	}
	fetch->whole = false;
	fetch->index_link = 0;
}

/* ---- what comes ---- */

/* False: it is not what the record says. */
static bool entries_of(const struct message_whole *whole, const struct index_sum *wanted,
		       struct index_entry *entries)
{
	struct index_digest digest;
	struct index_sum sum;

	index_digest_init(&digest);
	for (uint32_t i = 0; i < whole->count; i++) {
		box_addr(&entries[i].addr, whole->chunks[i]);
		entries[i].size = (uint32_t)whole->chunks[i].len;
		if (index_digest_add(&digest, &entries[i]))
			return false;
	}
	index_digest_done(&digest, &sum);
	return index_sum_eq(&sum, wanted);
}

static void small_put(struct hub *hub, struct txn *txn, struct fetch *fetch,
		      const struct message_whole *whole, const struct index_entry *entries)
{
	const struct dataset_id *dataset = &fetch->of.dataset;
	bool closed = fetch->tier != TIER_OPEN && fetch->tier != TIER_MEMBERS;

	for (uint32_t i = 0; i < whole->count; i++) {
		held_index_put(txn, &fetch->of, &entries[i], closed);
		if (!fetch->kin || !chunks_has(txn, dataset, &entries[i].addr))
			chunks_put(txn, dataset, &entries[i].addr, whole->chunks[i]);
	}
	fetch_held(hub, txn, &fetch->of, fetch->path, fetch->bytes_all, fetch->chunk_count_all);
}

static void small_take(struct hub *hub, struct txn *txn, struct peer *peer, struct fetch *fetch,
		       const struct message_whole *whole)
{
	struct index_entry entries[LIMIT_WHOLE_CHUNK_COUNT_MAX];
	struct version version;

	if (whole->count == 0) {
		source_refuse(hub, fetch, peer->link);
	} else if (held_version(txn, &fetch->of, &version)) {
		fetch_end(hub, fetch); /* withdrawn meanwhile */
	} else if (!entries_of(whole, &version.index, entries)) {
		/* As an index, it may be what the author has signed under this number before. */
		source_refuse(hub, fetch, peer->link);
	} else if (allot_growth(whole->count, fetch->bytes_all) <=
		   fetch_left(hub, txn, &fetch->of)) {
		small_put(hub, txn, fetch, whole, entries);
		fetch_end(hub, fetch);
	} /* else it waits for room */
}

void wholes_take(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes message)
{
	struct message_whole whole;
	struct message m;

	check(!message_decode(&m, message));
	while (peer->up && message_next_whole(&m, &whole)) {
		struct fetch *fetch = fetch_find(hub, &whole.of);
		if (!fetch || !fetch->whole || fetch->index_link != peer->link)
			continue; /* late, or not asked for */
		peer->transfer->late = false;
		source_took(peer, (uint32_t)fetch->bytes_all, hub->mono_ms - fetch->index_ms);
		whole_release(hub, fetch);
		small_take(hub, txn, peer, fetch, &whole);
	}
}

/* ---- what is served ---- */

enum err whole_add(struct message_list *list, struct txn *txn, const struct version_id *of,
		   bool here, struct chunk_addr *bad)
{
	struct message_whole whole = {.of = *of};
	struct row_key prefix = held_key(of);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
	enum err err = ERR_OK;

	while (here && !err && walk_next(&walk)) {
		struct chunk_addr addr, found;
		struct bytes *chunk = &whole.chunks[whole.count];
		memcpy(addr.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		if (whole.count == LIMIT_WHOLE_CHUNK_COUNT_MAX ||
		    !chunks_get(txn, &of->dataset, &addr, chunk)) {
			err = ERR_ABSENT;
			break;
		}
		box_addr(&found, *chunk);
		if (!id_eq(&found, &addr)) {
			*bad = addr;
			err = ERR_CORRUPT;
		}
		whole.count++;
	}
	if (err)
		whole.count = 0;
	message_list_whole(list, &whole);
	return err;
}
