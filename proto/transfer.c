#include "proto/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "crypto/path.h"
#include "proto/core_state.h"
#include "proto/index.h"
#include "proto/version.h"
#include "store/chunks.h"

enum {
	TRANSFER_PEER_BYTES_MAX = 4 * 1024 * 1024, /* asked of one peer and not yet here */
	TRANSFER_TICK_MS = 1000,
	TRANSFER_INDEX_MS_MAX = 30 * 1000,
	TRANSFER_SWEEP_STEP = 256,
};

/* ---- what is held: rows of table HELD ---- */

enum held_state { HELD_INDEXED = 0, HELD_COMPLETE = 1, HELD_DAMAGED = 2 };

struct held {
	enum held_state state;
	int64_t time_ms;
	uint64_t bytes;
	uint64_t chunks;
};

static struct row_key held_key(const struct message_version *of)
{
	return key_version(&of->dataset, of->number, of->author);
}

static bool held_get(struct txn *txn, const struct message_version *of, struct held *held)
{
	struct row_key key = held_key(of);
	struct bytes value;
	if (!txn_get(txn, TABLE_HELD, row_key_bytes(&key), &value) || value.len != 25)
		return false;
	held->state = (enum held_state)value.ptr[0];
	held->time_ms = (int64_t)be64_get(value.ptr + 1);
	held->bytes = be64_get(value.ptr + 9);
	held->chunks = be64_get(value.ptr + 17);
	return true;
}

static void held_put(struct txn *txn, const struct message_version *of, const struct held *held)
{
	struct row_key key = held_key(of);
	uint8_t value[25] = {(uint8_t)held->state};
	be64_put(value + 1, (uint64_t)held->time_ms);
	be64_put(value + 9, held->bytes);
	be64_put(value + 17, held->chunks);
	txn_put(txn, TABLE_HELD, row_key_bytes(&key), bytes_of(value, sizeof(value)));
}

bool transfer_is_held(struct txn *txn, const struct message_version *of)
{
	struct held held;
	return held_get(txn, of, &held) && held.state == HELD_COMPLETE;
}

bool transfer_is_damaged(struct txn *txn, const struct message_version *of)
{
	struct held held;
	return held_get(txn, of, &held) && held.state == HELD_DAMAGED;
}

static void version_of_key(struct message_version *of, struct bytes key)
{
	memcpy(of->dataset.b, key.ptr, ID_LEN);
	of->number = be64_get(key.ptr + ID_LEN);
	of->author = be32_get(key.ptr + ID_LEN + 8);
}

static uint64_t version_hash(const struct message_version *of)
{
	return be64_get(of->dataset.b) ^ (of->number * 0x9e3779b97f4a7c15u) ^
	       ((uint64_t)of->author << 40);
}

static bool version_same(const struct message_version *a, const struct message_version *b)
{
	return a->number == b->number && a->author == b->author && id_eq(&a->dataset, &b->dataset);
}

/* The version's record, decoded; borrows from the store. */
static enum err version_load(struct txn *txn, const struct message_version *of,
			     struct version *version)
{
	struct bytes whole;
	struct record record;
	enum err err = ledger_version_find(txn, &of->dataset, of->number, of->author, &whole);
	if (err == ERR_OK)
		err = record_decode(&record, whole);
	if (err == ERR_OK)
		err = version_decode(version, record.body);
	return err;
}

/* ---- fetches ---- */

static struct fetch *fetch_find(struct core *core, const struct message_version *of)
{
	for (size_t i = 0; i < core->transfer.fetch_count; i++) {
		if (version_same(&core->transfer.fetches[i]->of, of))
			return core->transfer.fetches[i];
	}
	return NULL;
}

static void fetch_free(struct fetch *fetch)
{
	free(fetch->digest);
	free(fetch->requests);
	free(fetch->refused);
	free(fetch);
}

static void request_release(struct core *core, struct request *request)
{
	struct peer *peer = request->link ? peers_find(core, request->link) : NULL;
	if (peer) {
		peer->in_flight_bytes -= request->size;
		peer->in_flight_count--;
	}
	request->link = 0;
}

static void fetch_remove(struct core *core, struct fetch *fetch)
{
	struct transfer *transfer = &core->transfer;
	for (size_t i = 0; i < fetch->request_count; i++)
		request_release(core, &fetch->requests[i]);
	for (size_t i = 0; i < transfer->fetch_count; i++) {
		if (transfer->fetches[i] != fetch)
			continue;
		memmove(&transfer->fetches[i], &transfer->fetches[i + 1],
			(transfer->fetch_count - i - 1) * sizeof(fetch));
		transfer->fetch_count--;
		break;
	}
	fetch_free(fetch);
}

static void fetch_add(struct core *core, struct txn *txn, const struct message_version *of,
		      struct bytes path, bool first)
{
	struct transfer *transfer = &core->transfer;
	struct held held;
	struct fetch *fetch = fetch_find(core, of);
	if (!fetch) {
		if (transfer->fetch_count == transfer->fetch_cap) {
			transfer->fetch_cap = transfer->fetch_cap ? 2 * transfer->fetch_cap : 16;
			transfer->fetches = mem_grow(transfer->fetches, transfer->fetch_cap,
						     sizeof(*transfer->fetches));
		}
		fetch = mem_new(1, sizeof(*fetch));
		fetch->of = *of;
		snprintf(fetch->path, sizeof(fetch->path), "%.*s", (int)path.len,
			 (const char *)path.ptr);
		if (held_get(txn, of, &held)) {
			fetch->indexed = true;
			fetch->bytes_all = held.bytes;
			fetch->chunk_count_all = held.chunks;
		}
		transfer->fetches[transfer->fetch_count++] = fetch;
	}
	if (!first)
		return;
	/* Somebody waits for it. */
	for (size_t i = 1; i < transfer->fetch_count; i++) {
		if (transfer->fetches[i] == fetch) {
			memmove(&transfer->fetches[1], &transfer->fetches[0], i * sizeof(fetch));
			transfer->fetches[0] = fetch;
		}
	}
}

static void fetch_refuse(struct fetch *fetch, uint64_t link)
{
	fetch->refused = mem_grow(fetch->refused, fetch->refused_count + 1, sizeof(link));
	fetch->refused[fetch->refused_count++] = link;
}

static bool fetch_refused(const struct fetch *fetch, uint64_t link)
{
	for (size_t i = 0; i < fetch->refused_count; i++) {
		if (fetch->refused[i] == link)
			return true;
	}
	return false;
}

/* Whether a peer may have the version: it said so, or it made it. */
static bool peer_has(const struct peer *peer, const struct fetch *fetch)
{
	uint64_t hash = version_hash(&fetch->of);
	if (!peer->up || peer->class != PEER_MEMBER || fetch_refused(fetch, peer->link))
		return false;
	if (peer->author == fetch->of.author)
		return true;
	for (size_t i = 0; i < peer->hold_count; i++) {
		if (peer->holds[i] == hash)
			return true;
	}
	return false;
}

/* The peer with the least on its way, with room for more; NULL: none. */
static struct peer *source_pick(struct core *core, const struct fetch *fetch)
{
	struct peer *best = NULL;
	for (size_t i = 0; i < core->peer_count; i++) {
		struct peer *peer = core->peers[i];
		if (!peer_has(peer, fetch) ||
		    peer->in_flight_count >= core->options.limits->chunks_in_flight_max ||
		    peer->in_flight_bytes >= TRANSFER_PEER_BYTES_MAX)
			continue;
		if (!best || peer->in_flight_bytes < best->in_flight_bytes)
			best = peer;
	}
	return best;
}

static bool source_any(struct core *core, const struct fetch *fetch)
{
	for (size_t i = 0; i < core->peer_count; i++) {
		if (peer_has(core->peers[i], fetch))
			return true;
	}
	return false;
}

/* ---- the index of a version ---- */

static void index_rows_drop(struct txn *txn, const struct message_version *of)
{
	struct row_key prefix = held_key(of);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
	while (walk_next(&walk)) {
		uint8_t key[KEY_LEN_MAX];
		size_t len = walk.key.len;
		memcpy(key, walk.key.ptr, len);
		txn_del(txn, TABLE_INDEX, bytes_of(key, len));
	}
}

static void index_ask(struct core *core, struct fetch *fetch, struct peer *peer,
		      const struct chunk_addr *after)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_index_get(&out, &fetch->of, after);
	core_send(core, peer, &out);
	fetch->index_link = peer->link;
	fetch->index_ms = core->now_ms;
}

static void index_begin(struct core *core, struct txn *txn, struct fetch *fetch)
{
	if (fetch->index_link && core->now_ms - fetch->index_ms < TRANSFER_INDEX_MS_MAX)
		return;
	if (fetch->index_link)
		fetch_refuse(fetch, fetch->index_link);
	fetch->index_link = 0;
	struct peer *peer = source_pick(core, fetch);
	if (!peer)
		return;
	index_rows_drop(txn, &fetch->of);
	if (!fetch->digest)
		fetch->digest = mem_new(1, sizeof(*fetch->digest));
	index_digest_init(fetch->digest);
	index_ask(core, fetch, peer, NULL);
}

static void index_refused(struct txn *txn, struct fetch *fetch)
{
	fetch_refuse(fetch, fetch->index_link);
	fetch->index_link = 0;
	index_rows_drop(txn, &fetch->of);
}

static void index_page_put(struct txn *txn, struct fetch *fetch, struct bytes entries)
{
	for (size_t i = 0; i < entries.len / INDEX_ENTRY_LEN; i++) {
		struct index_entry entry = index_entry_get(entries, i);
		uint8_t size[4];
		struct row_key key = key_index(&fetch->of.dataset, fetch->of.number,
					       fetch->of.author, &entry.addr);
		be32_put(size, entry.size);
		if (index_digest_add(fetch->digest, &entry) != ERR_OK)
			return; /* the sum will differ */
		txn_put(txn, TABLE_INDEX, row_key_bytes(&key), bytes_of(size, sizeof(size)));
	}
}

static void index_take(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	struct fetch *fetch = fetch_find(core, &m->of);
	struct version version;
	struct index_sum sum;
	if (!fetch || fetch->indexed || fetch->index_link != peer->link)
		return; /* late or not asked for */
	const struct chunk_addr *after = fetch->digest->count ? &fetch->digest->last : NULL;
	if (index_entries_check(m->body, after) != ERR_OK) {
		core_close_link(core, peer, LINK_REASON_PROTOCOL);
		index_refused(txn, fetch);
		return;
	}
	if (version_load(txn, &fetch->of, &version) != ERR_OK) {
		index_rows_drop(txn, &fetch->of); /* withdrawn meanwhile */
		fetch_remove(core, fetch);
		return;
	}
	uint64_t expected = version.index.count;
	struct index_sum wanted = version.index;
	if (m->body.len == 0 || fetch->digest->count + m->body.len / INDEX_ENTRY_LEN > expected) {
		index_refused(txn, fetch);
		return;
	}
	index_page_put(txn, fetch, m->body);
	if (m->more) {
		struct chunk_addr last = fetch->digest->last;
		index_ask(core, fetch, peer, &last);
		return;
	}
	index_digest_done(fetch->digest, &sum);
	if (!index_sum_eq(&sum, &wanted)) {
		index_refused(txn, fetch);
		return;
	}
	fetch->index_link = 0;
	fetch->indexed = true;
	fetch->bytes_all = sum.bytes;
	fetch->chunk_count_all = sum.count;
	held_put(txn, &fetch->of, &(struct held){HELD_INDEXED, core->now_ms, sum.bytes, sum.count});
}

/* ---- chunks ---- */

static struct request *request_find(struct fetch *fetch, const struct chunk_addr *addr)
{
	for (size_t i = 0; i < fetch->request_count; i++) {
		if (id_eq(&fetch->requests[i].addr, addr))
			return &fetch->requests[i];
	}
	return NULL;
}

static void request_remove(struct core *core, struct fetch *fetch, struct request *request)
{
	request_release(core, request);
	*request = fetch->requests[--fetch->request_count];
}

static struct request *request_add(struct fetch *fetch, const struct chunk_addr *addr,
				   uint32_t size)
{
	if (fetch->request_count == fetch->request_cap) {
		fetch->request_cap = fetch->request_cap ? 2 * fetch->request_cap : 64;
		fetch->requests =
			mem_grow(fetch->requests, fetch->request_cap, sizeof(*fetch->requests));
	}
	struct request *request = &fetch->requests[fetch->request_count++];
	*request = (struct request){.addr = *addr, .size = size};
	return request;
}

/* The next chunk that is neither here nor asked for, as a request without a peer; NULL: none. */
static struct request *request_next(struct txn *txn, struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->request_count; i++) {
		if (fetch->requests[i].link == 0)
			return &fetch->requests[i];
	}
	if (fetch->walk_done)
		return NULL;
	struct row_key prefix = held_key(&fetch->of);
	struct row_key at =
		key_index(&fetch->of.dataset, fetch->of.number, fetch->of.author, &fetch->cursor);
	struct walk walk = walk_begin_at(txn, TABLE_INDEX, row_key_bytes(&prefix),
					 row_key_bytes(&at), !fetch->walk_begun);
	while (walk_next(&walk)) {
		fetch->walk_begun = true;
		memcpy(fetch->cursor.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		uint32_t size = be32_get(walk.value.ptr);
		if (!chunks_has(txn, &fetch->of.dataset, &fetch->cursor))
			return request_add(fetch, &fetch->cursor, size);
		fetch->chunk_count++;
		fetch->bytes += size;
	}
	fetch->walk_done = true;
	return NULL;
}

static void chunk_list_send(struct core *core, uint64_t link, struct message_list *list)
{
	struct peer *peer = peers_find(core, link);
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(list, &out);
	if (peer)
		core_send(core, peer, &out);
	else
		buf_fini(&out);
}

/* Asks for as many chunks as peers have room for. */
static void chunks_ask(struct core *core, struct txn *txn, struct fetch *fetch)
{
	struct message_list list = {0};
	uint64_t link = 0;
	for (;;) {
		struct peer *peer = source_pick(core, fetch);
		struct request *request = peer ? request_next(txn, fetch) : NULL;
		if (!request)
			break;
		if (link != peer->link) {
			if (link)
				chunk_list_send(core, link, &list);
			link = peer->link;
			list = message_list_begin(MESSAGE_CHUNK_GET);
			list.dataset = fetch->of.dataset;
		}
		request->link = link;
		request->sent_ms = core->now_ms;
		peer->in_flight_bytes += request->size;
		peer->in_flight_count++;
		message_list_addr(&list, &request->addr);
	}
	if (link)
		chunk_list_send(core, link, &list);
}

static void news_held(struct core *core, const struct message_version *of, const char *path)
{
	struct transfer *transfer = &core->transfer;
	transfer->held_news =
		mem_grow(transfer->held_news, transfer->held_news_count + 1, sizeof(*of));
	transfer->held_news[transfer->held_news_count++] = *of;
	struct note *note = core_note(core, NOTE_HELD);
	note->author = of->author;
	note->dataset = of->dataset;
	note->number = of->number;
	snprintf(note->path, sizeof(note->path), "%s", path);
}

void transfer_held(struct core *core, struct txn *txn, const struct message_version *of,
		   const char *path, uint64_t bytes, uint64_t chunks)
{
	held_put(txn, of, &(struct held){HELD_COMPLETE, core->now_ms, bytes, chunks});
	news_held(core, of, path);
}

static void requests_expire(struct core *core, struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->request_count; i++) {
		struct request *request = &fetch->requests[i];
		if (request->link && core->now_ms - request->sent_ms >
					     (int64_t)core->options.limits->chunk_timeout_ms)
			request_release(core, request);
	}
}

/* One look at a fetch. False when it is finished and gone. */
static bool fetch_step(struct core *core, struct txn *txn, struct fetch *fetch)
{
	if (!fetch->indexed) {
		index_begin(core, txn, fetch);
		return true;
	}
	requests_expire(core, fetch);
	chunks_ask(core, txn, fetch);
	if (!fetch->walk_done && !source_any(core, fetch))
		return true;
	if (!fetch->walk_done || fetch->request_count > 0)
		return true;
	transfer_held(core, txn, &fetch->of, fetch->path, fetch->bytes_all, fetch->chunk_count_all);
	fetch_remove(core, fetch);
	return false;
}

static struct fetch *fetch_of_chunk(struct core *core, const struct event *event,
				    struct request **request)
{
	for (size_t i = 0; i < core->transfer.fetch_count; i++) {
		struct fetch *fetch = core->transfer.fetches[i];
		if (!id_eq(&fetch->of.dataset, &event->dataset))
			continue;
		*request = request_find(fetch, &event->addr);
		if (*request && (*request)->link == event->link)
			return fetch;
	}
	return NULL;
}

void transfer_chunk(struct core *core, struct txn *txn, struct peer *peer,
		    const struct event *event)
{
	struct request *request;
	struct fetch *fetch = fetch_of_chunk(core, event, &request);
	if (!fetch)
		return; /* late, or never asked for: nothing is kept that was not wanted */
	if (event->err == ERR_OK && event->bytes.len == request->size) {
		chunks_put(txn, &event->dataset, &event->addr, event->bytes);
		fetch->chunk_count++;
		fetch->bytes += request->size;
		request_remove(core, fetch, request);
		return;
	}
	request_release(core, request);
	fetch_refuse(fetch, peer->link);
	if (event->err == ERR_ABSENT)
		return;
	struct note *note = core_note(core, NOTE_CHUNK_ALTERED);
	note->link = peer->link;
	note->author = peer->author;
	note->dataset = fetch->of.dataset;
	note->number = fetch->of.number;
	snprintf(note->path, sizeof(note->path), "%s", fetch->path);
	core_close_link(core, peer, LINK_REASON_MALFORMED);
}

/* ---- serving ---- */

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
	if (version_load(txn, &of, &version) != ERR_OK)
		return false;
	return version.tier == TIER_OPEN || version.tier == TIER_MEMBERS;
}

static void index_get(struct core *core, struct txn *txn, struct peer *peer,
		      const struct message *m)
{
	struct buf entries, out;
	bool more = false;
	buf_init(&entries, MESSAGE_LIST_COUNT_MAX * (size_t)INDEX_ENTRY_LEN);
	if (may_serve(core, txn, peer, &m->of.dataset) && transfer_is_held(txn, &m->of)) {
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
		uint64_t hash = version_hash(&of);
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

bool transfer_peer_holds(const struct peer *peer, const struct message_version *of)
{
	uint64_t hash = version_hash(of);
	for (size_t i = 0; i < peer->hold_count; i++) {
		if (peer->holds[i] == hash)
			return true;
	}
	return false;
}

void transfer_message(struct core *core, struct txn *txn, struct peer *peer, struct message *m)
{
	if (m->type == MESSAGE_INDEX_GET)
		index_get(core, txn, peer, m);
	else if (m->type == MESSAGE_INDEX)
		index_take(core, txn, peer, m);
	else if (m->type == MESSAGE_CHUNK_GET)
		chunk_get(core, txn, peer, m);
	else if (m->type == MESSAGE_HOLDS)
		holds_take(core, peer, m);
}

static void holds_send(struct core *core, const struct peer *peer, const struct message_version *of,
		       size_t count)
{
	struct message_list list = message_list_begin(MESSAGE_HOLDS);
	struct buf out;
	for (size_t i = 0; i < count; i++)
		message_list_version(&list, &of[i]);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_list_end(&list, &out);
	core_send(core, peer, &out);
}

void transfer_up(struct core *core, struct txn *txn, struct peer *peer)
{
	enum { HOLDS_PER_MESSAGE = 4096 };
	struct message_version *all = mem_new(HOLDS_PER_MESSAGE, sizeof(*all));
	size_t count = 0;
	struct walk walk = walk_begin(txn, TABLE_HELD, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		if (walk.value.len != 25 || walk.value.ptr[0] != HELD_COMPLETE)
			continue;
		version_of_key(&all[count++], walk.key);
		if (count == HOLDS_PER_MESSAGE) {
			holds_send(core, peer, all, count);
			count = 0;
		}
	}
	if (count > 0)
		holds_send(core, peer, all, count);
	free(all);
}

void transfer_down(struct core *core, struct peer *peer)
{
	for (size_t i = 0; i < core->transfer.fetch_count; i++) {
		struct fetch *fetch = core->transfer.fetches[i];
		for (size_t r = 0; r < fetch->request_count; r++) {
			if (fetch->requests[r].link == peer->link)
				fetch->requests[r].link = 0;
		}
		if (fetch->index_link == peer->link)
			fetch->index_link = 0;
	}
}

/* ---- damage ---- */

void transfer_chunk_bad(struct core *core, struct txn *txn, const struct event *event)
{
	struct buf chunk;
	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
	enum err err = chunks_read(txn, &event->dataset, &event->addr, &chunk);
	buf_fini(&chunk);
	if (err == ERR_OK)
		return; /* repaired meanwhile */
	if (err == ERR_CORRUPT)
		chunks_del(txn, &event->dataset, &event->addr);
	struct row_key prefix = key_dataset(&event->dataset);
	struct walk walk = walk_begin(txn, TABLE_HELD, row_key_bytes(&prefix));
	while (walk_next(&walk)) {
		struct message_version of;
		struct held held;
		struct version version;
		version_of_key(&of, walk.key);
		struct row_key row = key_index(&of.dataset, of.number, of.author, &event->addr);
		if (!txn_has(txn, TABLE_INDEX, row_key_bytes(&row)) || !held_get(txn, &of, &held) ||
		    held.state != HELD_COMPLETE)
			continue;
		held.state = HELD_DAMAGED;
		held_put(txn, &of, &held);
		struct note *note = core_note(core, NOTE_DAMAGED);
		note->author = of.author;
		note->dataset = of.dataset;
		note->number = of.number;
		if (version_load(txn, &of, &version) != ERR_OK)
			continue;
		snprintf(note->path, sizeof(note->path), "%.*s", (int)version.path.len,
			 (const char *)version.path.ptr);
		fetch_add(core, txn, &of, version.path, true);
	}
}

void transfer_drop(struct core *core, struct txn *txn, const struct message_version *of)
{
	struct fetch *fetch = fetch_find(core, of);
	struct row_key key = held_key(of);
	if (fetch)
		fetch_remove(core, fetch);
	index_rows_drop(txn, of);
	txn_del(txn, TABLE_HELD, row_key_bytes(&key));
	transfer_sweep_later(core, txn, &of->dataset);
}

/* ---- sweeping ---- */

static const char sweep_prefix[] =
	"sweep:"; /* META rows: datasets to be swept, so a crash loses none */

static struct row_key sweep_key(const struct dataset_id *dataset)
{
	char name[sizeof(sweep_prefix) + ID_HEX_LEN];
	memcpy(name, sweep_prefix, sizeof(sweep_prefix) - 1);
	hex_put(name + sizeof(sweep_prefix) - 1, id_bytes(dataset));
	return key_name(name);
}

static void sweep_add(struct core *core, const struct dataset_id *dataset)
{
	struct transfer *transfer = &core->transfer;
	for (size_t i = 0; i < transfer->sweep_count; i++) {
		if (id_eq(&transfer->sweeps[i].dataset, dataset)) {
			transfer->sweeps[i].from = (struct chunk_addr){{0}};
			return;
		}
	}
	transfer->sweeps =
		mem_grow(transfer->sweeps, transfer->sweep_count + 1, sizeof(*transfer->sweeps));
	transfer->sweeps[transfer->sweep_count++] = (struct sweep){.dataset = *dataset};
}

void transfer_sweep_later(struct core *core, struct txn *txn, const struct dataset_id *dataset)
{
	struct row_key key = sweep_key(dataset);
	uint8_t one = 1;
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_of(&one, 1));
	sweep_add(core, dataset);
}

void transfer_publishing(struct core *core, const struct dataset_id *dataset, bool yes)
{
	struct transfer *transfer = &core->transfer;
	if (yes) {
		transfer->publishing = mem_grow(transfer->publishing,
						transfer->publishing_count + 1, sizeof(*dataset));
		transfer->publishing[transfer->publishing_count++] = *dataset;
		return;
	}
	for (size_t i = 0; i < transfer->publishing_count; i++) {
		if (id_eq(&transfer->publishing[i], dataset)) {
			transfer->publishing[i] =
				transfer->publishing[--transfer->publishing_count];
			return;
		}
	}
}

static bool sweep_waits(const struct transfer *transfer, const struct sweep *sweep)
{
	for (size_t i = 0; i < transfer->publishing_count; i++) {
		if (id_eq(&transfer->publishing[i], &sweep->dataset))
			return true;
	}
	return false;
}

static void sweep_step(struct core *core, struct txn *txn)
{
	struct transfer *transfer = &core->transfer;
	for (size_t i = 0; i < transfer->sweep_count; i++) {
		struct sweep *sweep = &transfer->sweeps[i];
		uint64_t count = 0, bytes = 0;
		if (sweep_waits(transfer, sweep))
			continue;
		if (!chunks_sweep(txn, &sweep->dataset, &sweep->from, TRANSFER_SWEEP_STEP, &count,
				  &bytes)) {
			struct row_key key = sweep_key(&sweep->dataset);
			txn_del(txn, TABLE_META, row_key_bytes(&key));
			*sweep = transfer->sweeps[--transfer->sweep_count];
		}
		return;
	}
}

/* ---- subscriptions ---- */

static bool pattern_next(const struct transfer *transfer, size_t *at, struct bytes *pattern)
{
	if (*at >= transfer->patterns.len)
		return false;
	size_t len = be16_get(transfer->patterns.ptr + *at);
	*pattern = bytes_of(transfer->patterns.ptr + *at + 2, len);
	*at += 2 + len;
	return true;
}

static bool subscribed(const struct transfer *transfer, struct bytes path)
{
	struct bytes pattern;
	size_t at = 0;
	while (pattern_next(transfer, &at, &pattern)) {
		if (path_match(pattern, path))
			return true;
	}
	return false;
}

static void patterns_load(struct core *core, struct txn *txn)
{
	struct transfer *transfer = &core->transfer;
	buf_reset(&transfer->patterns);
	struct walk walk = walk_begin(txn, TABLE_SUBSCRIPTION, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		buf_add_be16(&transfer->patterns, (uint16_t)walk.value.len);
		buf_add(&transfer->patterns, walk.value);
	}
}

/* The current version of a dataset, when this node can hold it. */
static bool current_of(struct core *core, struct txn *txn, const struct dataset_id *dataset,
		       struct message_version *of, char path[LIMIT_PATH_LEN_MAX + 1])
{
	struct ledger_version current;
	struct version version;
	if (ledger_version_current(&core->ledger, txn, dataset, 0, &current, NULL) != ERR_OK)
		return false;
	*of = (struct message_version){*dataset, current.number, current.author};
	if (version_load(txn, of, &version) != ERR_OK)
		return false;
	snprintf(path, LIMIT_PATH_LEN_MAX + 1, "%.*s", (int)version.path.len,
		 (const char *)version.path.ptr);
	return version.tier == TIER_OPEN || version.tier == TIER_MEMBERS;
}

static void scan_subscriptions(struct core *core, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_PATH, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct message_version of;
		struct dataset_id dataset;
		char path[LIMIT_PATH_LEN_MAX + 1];
		if (walk.value.len != ID_LEN)
			continue;
		memcpy(dataset.b, walk.value.ptr, ID_LEN);
		if (current_of(core, txn, &dataset, &of, path) &&
		    subscribed(&core->transfer, bytes_str(path)) && !transfer_is_held(txn, &of))
			fetch_add(core, txn, &of, bytes_str(path), false);
	}
}

/* Versions that their authors deleted, and own ones that are damaged. */
static void scan_held(struct core *core, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_HELD, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct message_version of;
		struct version version;
		struct held held;
		version_of_key(&of, walk.key);
		if (version_load(txn, &of, &version) == ERR_ABSENT)
			transfer_drop(core, txn, &of);
		else if (held_get(txn, &of, &held) && held.state == HELD_DAMAGED)
			fetch_add(core, txn, &of, version.path, false);
	}
}

void transfer_version_news(struct core *core, struct txn *txn, const struct ledger_news *news)
{
	struct message_version of = {news->dataset, news->number, news->author};
	struct message_version current;
	struct version version;
	if (version_load(txn, &of, &version) != ERR_OK)
		return;
	struct note *note = core_note(core, NOTE_VERSION);
	note->author = of.author;
	note->dataset = of.dataset;
	note->number = of.number;
	snprintf(note->path, sizeof(note->path), "%.*s", (int)version.path.len,
		 (const char *)version.path.ptr);
	char path[LIMIT_PATH_LEN_MAX + 1];
	if (current_of(core, txn, &of.dataset, &current, path) &&
	    subscribed(&core->transfer, bytes_str(path)) && !transfer_is_held(txn, &current))
		fetch_add(core, txn, &current, bytes_str(path), false);
}

enum err transfer_subscribe(struct core *core, struct txn *txn, int64_t now_ms, const char *pattern,
			    char *why)
{
	if (path_pattern_check(bytes_str(pattern)) != ERR_OK) {
		why_set(why,
			"\"%.200s\" is no pattern: write a path, with * for one component and ** "
			"at the "
			"end for everything below, for example */kita/**.",
			pattern);
		return ERR_CONFIG;
	}
	struct row_key key = key_text(bytes_str(pattern));
	if (txn_has(txn, TABLE_SUBSCRIPTION, row_key_bytes(&key))) {
		why_set(why, "%.200s is subscribed already: see `allmende subscriptions`.",
			pattern);
		return ERR_EXISTS;
	}
	txn_put(txn, TABLE_SUBSCRIPTION, row_key_bytes(&key), bytes_str(pattern));
	patterns_load(core, txn);
	core->transfer.scan_due = true;
	return ERR_OK;
}

enum err transfer_unsubscribe(struct core *core, struct txn *txn, const char *pattern, char *why)
{
	struct row_key key = key_text(bytes_str(pattern));
	if (!txn_del(txn, TABLE_SUBSCRIPTION, row_key_bytes(&key))) {
		why_set(why, "%.200s is not subscribed: see `allmende subscriptions`.", pattern);
		return ERR_ABSENT;
	}
	patterns_load(core, txn);
	return ERR_OK;
}

void transfer_subscriptions(struct core *core, struct txn *txn,
			    bool (*each)(void *arg, const char *pattern, uint64_t held,
					 uint64_t known),
			    void *arg)
{
	struct bytes pattern;
	size_t at = 0;
	while (pattern_next(&core->transfer, &at, &pattern)) {
		uint64_t held = 0, known = 0;
		struct walk walk = walk_begin(txn, TABLE_PATH, bytes_of(NULL, 0));
		while (walk_next(&walk)) {
			struct message_version of;
			struct dataset_id dataset;
			char path[LIMIT_PATH_LEN_MAX + 1];
			if (walk.value.len != ID_LEN)
				continue;
			memcpy(dataset.b, walk.value.ptr, ID_LEN);
			if (!current_of(core, txn, &dataset, &of, path) ||
			    !path_match(pattern, bytes_str(path)))
				continue;
			known++;
			held += transfer_is_held(txn, &of);
		}
		char text[LIMIT_PATH_LEN_MAX + 1];
		snprintf(text, sizeof(text), "%.*s", (int)pattern.len, (const char *)pattern.ptr);
		if (!each(arg, text, held, known))
			return;
	}
}

/* ---- wanting ---- */

static void status_fill(struct core *core, struct txn *txn, const struct message_version *of,
			const char *path, struct fetch_status *out)
{
	struct held held;
	const struct fetch *fetch = fetch_find(core, of);
	*out = (struct fetch_status){.state = FETCH_UNKNOWN, .number = of->number};
	snprintf(out->path, sizeof(out->path), "%s", path);
	if (held_get(txn, of, &held) && held.state == HELD_COMPLETE) {
		out->state = FETCH_HELD;
		out->chunk_count = out->chunk_count_all = held.chunks;
		out->bytes = out->bytes_all = held.bytes;
		return;
	}
	if (!fetch)
		return;
	out->chunk_count = fetch->chunk_count;
	out->chunk_count_all = fetch->chunk_count_all;
	out->bytes = fetch->bytes;
	out->bytes_all = fetch->bytes_all;
	for (size_t i = 0; i < core->peer_count; i++)
		out->source_count += peer_has(core->peers[i], fetch);
	out->state = out->source_count ? FETCH_RUNNING : FETCH_WAITING;
}

/* Finds a version by path; number 0: the current one. */
static enum err of_path(struct core *core, struct txn *txn, const char *path, uint64_t number,
			struct message_version *of, char *why)
{
	struct row_key key = key_text(bytes_str(path));
	struct bytes value;
	struct ledger_version found;
	struct dataset_id dataset;
	if (path_check(bytes_str(path)) != ERR_OK ||
	    !txn_get(txn, TABLE_PATH, row_key_bytes(&key), &value) || value.len != ID_LEN) {
		why_set(why, "no dataset %.200s is known here: see `allmende ls`.", path);
		return ERR_ABSENT;
	}
	memcpy(dataset.b, value.ptr, ID_LEN);
	if (ledger_version_current(&core->ledger, txn, &dataset, number, &found, NULL) != ERR_OK) {
		why_set(why, "%.200s has no version %llu here: see `allmende log %.200s`.", path,
			(unsigned long long)number, path);
		return ERR_ABSENT;
	}
	*of = (struct message_version){dataset, found.number, found.author};
	return ERR_OK;
}

enum err transfer_want(struct core *core, struct txn *txn, int64_t now_ms, const char *path,
		       uint64_t number, struct fetch_status *out, char *why)
{
	struct message_version of;
	struct version version;
	enum err err = of_path(core, txn, path, number, &of, why);
	if (err == ERR_OK)
		err = version_load(txn, &of, &version);
	if (err != ERR_OK)
		return err;
	if (version.tier != TIER_OPEN && version.tier != TIER_MEMBERS) {
		why_set(why, "%.200s is shared by grant only, and none is here.", path);
		return ERR_DENIED;
	}
	if (!transfer_is_held(txn, &of))
		fetch_add(core, txn, &of, bytes_str(path), true);
	status_fill(core, txn, &of, path, out);
	return ERR_OK;
}

enum err transfer_status(struct core *core, struct txn *txn, const char *path, uint64_t number,
			 struct fetch_status *out, char *why)
{
	struct message_version of;
	enum err err = of_path(core, txn, path, number, &of, why);
	if (err == ERR_OK)
		status_fill(core, txn, &of, path, out);
	return err;
}

bool transfer_fetch(struct core *core, struct txn *txn, size_t index, struct fetch_status *out)
{
	if (index >= core->transfer.fetch_count)
		return false;
	const struct fetch *fetch = core->transfer.fetches[index];
	status_fill(core, txn, &fetch->of, fetch->path, out);
	return true;
}

/* ---- life ---- */

/* Staged rows of publications that a crash or stop ended. */
static void stage_clear(struct core *core, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_STAGE, bytes_of(NULL, 0));
	while (walk_next(&walk)) {
		struct dataset_id dataset;
		memcpy(dataset.b, walk.key.ptr + 8, ID_LEN);
		uint64_t job = be64_get(walk.key.ptr);
		transfer_sweep_later(core, txn, &dataset);
		while (chunks_unstage(txn, job, 1024))
			;
	}
}

static void sweeps_load(struct core *core, struct txn *txn)
{
	struct walk walk = walk_begin(txn, TABLE_META, bytes_str(sweep_prefix));
	while (walk_next(&walk)) {
		struct dataset_id dataset;
		char hex[ID_HEX_LEN + 1] = {0};
		if (walk.key.len != sizeof(sweep_prefix) - 1 + ID_HEX_LEN)
			continue;
		memcpy(hex, walk.key.ptr + sizeof(sweep_prefix) - 1, ID_HEX_LEN);
		if (hex_get(dataset.b, ID_LEN, hex) == ERR_OK)
			sweep_add(core, &dataset);
	}
}

void transfer_open(struct core *core, struct txn *txn)
{
	buf_init(&core->transfer.patterns, 16 * 1024 * 1024);
	patterns_load(core, txn);
	stage_clear(core, txn);
	sweeps_load(core, txn);
	core->transfer.scan_due = true;
}

void transfer_close(struct core *core)
{
	struct transfer *transfer = &core->transfer;
	for (size_t i = 0; i < transfer->fetch_count; i++)
		fetch_free(transfer->fetches[i]);
	free(transfer->fetches);
	buf_fini(&transfer->patterns);
	free(transfer->held_news);
	free(transfer->sweeps);
	free(transfer->publishing);
}

void transfer_tick(struct core *core, struct txn *txn)
{
	struct transfer *transfer = &core->transfer;
	sweep_step(core, txn);
	if (!transfer->scan_due)
		return;
	transfer->scan_due = false;
	scan_held(core, txn);
	scan_subscriptions(core, txn);
}

void transfer_settle(struct core *core, struct txn *txn)
{
	struct transfer *transfer = &core->transfer;
	size_t running = core->options.limits->fetch_count_max;
	for (size_t i = 0, ran = 0; i < transfer->fetch_count && ran < running;) {
		struct fetch *fetch = transfer->fetches[i];
		ran += source_any(core, fetch);
		if (fetch_step(core, txn, fetch))
			i++;
	}
	for (size_t i = 0; transfer->held_news_count && i < core->peer_count; i++) {
		if (core->peers[i]->up && core->peers[i]->class == PEER_MEMBER)
			holds_send(core, core->peers[i], transfer->held_news,
				   transfer->held_news_count);
	}
	transfer->held_news_count = 0;
}

int64_t transfer_wake(const struct core *core)
{
	const struct transfer *transfer = &core->transfer;
	if (transfer->scan_due)
		return core->now_ms;
	for (size_t i = 0; i < transfer->sweep_count; i++) {
		if (!sweep_waits(transfer, &transfer->sweeps[i]))
			return core->now_ms;
	}
	for (size_t i = 0; i < transfer->fetch_count; i++) {
		const struct fetch *fetch = transfer->fetches[i];
		if (fetch->index_link || fetch->request_count)
			return core->now_ms + TRANSFER_TICK_MS;
	}
	return INT64_MAX;
}
