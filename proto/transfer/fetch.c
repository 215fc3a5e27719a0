#include "proto/transfer/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/ledger/held.h"
#include "proto/content/index.h"
#include "proto/rights/rights.h"
#include "proto/transfer/fetches.h"
#include "proto/transfer/scan.h"
#include "proto/transfer/source.h"
#include "proto/transfer/whole.h"
#include "store/chunks.h"

enum {
	FETCH_MOVE_MS = 2000, /* then somebody else may be asked */
	FETCH_CHUNK_GET_MAX = 128,
	FETCH_INDEX_MS_MAX = 30 * 1000, /* when nobody else has it */
	FETCH_RIGHT_MS_MIN = 1000,      /* a line may reach a holder later than this node */
	FETCH_RIGHT_MS_MAX = 60 * 1000,
	FETCH_WALK_STEP = 4096, /* rows of an index looked at in one step */
};

static void request_release(struct hub *hub, struct chunk_request *request)
{
	struct peer *peer = request->link ? peers_find(hub, request->link) : NULL;
	if (peer) {
		peer->transfer->in_flight_bytes -= request->size;
		peer->transfer->in_flight_count--;
	}
	request->link = 0;
}

/* Nobody is asked for the index any more. */
static void index_release(struct hub *hub, struct fetch *fetch)
{
	struct peer *peer = fetch->index_link ? peers_find(hub, fetch->index_link) : NULL;

	if (!fetch->whole && peer)
		peer->transfer->index_count--;
	whole_release(hub, fetch);
}

void fetch_end(struct hub *hub, struct fetch *fetch)
{
	index_release(hub, fetch);
	for (size_t i = 0; i < fetch->request_count; i++)
		request_release(hub, &fetch->requests[i]);
	fetches_remove(hub, fetch);
}

/* ---- the index of a version ---- */

static void index_ask(struct hub *hub, struct fetch *fetch, struct peer *peer,
		      const struct chunk_addr *after)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_index_get(&out, &fetch->of, after);
	hub_send(hub, peer, &out);
	fetch->index_link = peer->link;
	fetch->index_ms = hub->mono_ms;
	peer->transfer->index_count++;
}

static void index_begin(struct hub *hub, struct txn *txn, struct fetch *fetch)
{
	int64_t waited_ms = fetch->index_link ? hub->mono_ms - fetch->index_ms : 0;
	if (fetch->index_link && waited_ms < FETCH_INDEX_MS)
		return;
	struct peer *late = fetch->index_link ? peers_find(hub, fetch->index_link) : NULL;
	struct peer *peer = source_pick(hub, fetch, fetch->index_link);
	bool other = peer && !peer->transfer->late;
	if (late && !other && waited_ms < FETCH_INDEX_MS_MAX)
		return;
	if (late)
		late->transfer->late = true;
	if (late && !other)
		source_refuse(hub, fetch, late->link);
	index_release(hub, fetch);
	if (!peer)
		return;
	held_index_drop(txn, &fetch->of);
	if (whole_may(hub, fetch)) {
		whole_ask(hub, fetch, peer);
		return;
	}
	if (!fetch->digest)
		fetch->digest = mem_new(1, sizeof(*fetch->digest));
	index_digest_init(fetch->digest);
	index_ask(hub, fetch, peer, NULL);
}

enum room_use fetch_use(const struct hub *hub, const struct version_id *of)
{
	return author_member(of->author) == author_member(hub->author) ? ROOM_OWN : ROOM_FOREIGN;
}

uint64_t fetch_left(const struct hub *hub, struct txn *txn, const struct version_id *of)
{
	uint64_t left = hub->ledger.room.left[fetch_use(hub, of)];
	uint64_t put = txn_put_bytes(txn) + ROOM_FRAME_LEN;
	return left > put ? left - put : 0;
}

/* Also when the fetch was given its room: others may have filled the disk since. */
static bool fetch_fits(const struct hub *hub, struct txn *txn, const struct version_id *of,
		       uint64_t bytes)
{
	return bytes <= fetch_left(hub, txn, of);
}

static void index_refused(struct hub *hub, struct txn *txn, struct fetch *fetch)
{
	source_refuse(hub, fetch, fetch->index_link);
	index_release(hub, fetch);
	held_index_drop(txn, &fetch->of);
}

static void index_page_put(struct txn *txn, struct fetch *fetch, bool closed, struct bytes entries)
{
	for (size_t i = 0; i < entries.len / INDEX_ENTRY_LEN; i++) {
		struct index_entry entry = index_entry_get(entries, i);
		if (index_digest_add(fetch->digest, &entry))
			return; /* the sum will differ */
		held_index_put(txn, &fetch->of, &entry, closed);
	}
}

void fetch_index_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct fetch *fetch = fetch_find(hub, &m->of);
	struct version version;
	struct index_sum sum;
	if (!fetch || fetch->indexed || fetch->whole || fetch->index_link != peer->link)
		return; /* late or not asked for */
	const struct chunk_addr *after = fetch->digest->count ? &fetch->digest->last : NULL;
	if (index_entries_check(m->body, after)) {
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "an index in disorder");
		index_refused(hub, txn, fetch);
		return;
	}
	if (held_version(txn, &fetch->of, &version)) {
		held_index_drop(txn, &fetch->of); /* withdrawn meanwhile */
		fetch_end(hub, fetch);
		return;
	}
	uint64_t expected = version.index.count;
	struct index_sum wanted = version.index;
	if (m->body.len == 0 || fetch->digest->count + m->body.len / INDEX_ENTRY_LEN > expected) {
		index_refused(hub, txn, fetch);
		return;
	}
	if (!fetch_fits(hub, txn, &fetch->of, 6 * m->body.len)) { /* an entry is a row */
		index_refused(hub, txn, fetch);
		return;
	}
	index_page_put(txn, fetch, held_closed(&version), m->body);
	if (m->more) {
		struct chunk_addr last = fetch->digest->last;
		index_release(hub, fetch);
		index_ask(hub, fetch, peer, &last);
		return;
	}
	index_digest_done(fetch->digest, &sum);
	if (!index_sum_eq(&sum, &wanted)) {
		index_refused(hub, txn, fetch);
		return;
	}
	index_release(hub, fetch);
	fetch->indexed = true;
	held_put(txn, &fetch->of, &(struct held){HELD_INDEXED, hub->ran_ms, sum.bytes, sum.count});
}

/* ---- chunks ---- */

static struct chunk_request *chunk_request_find(struct fetch *fetch, const struct chunk_addr *addr)
{
	for (size_t i = 0; i < fetch->request_count; i++) {
		if (id_eq(&fetch->requests[i].addr, addr))
			return &fetch->requests[i];
	}
	return NULL;
}

static void request_remove(struct hub *hub, struct fetch *fetch, struct chunk_request *request)
{
	request_release(hub, request);
	fetch->request_count--;
	/* the order stays, as somebody may read the version while it comes */
	memmove(request, request + 1,
		(size_t)(fetch->requests + fetch->request_count - request) * sizeof(*request));
}

static struct chunk_request *request_add(struct fetch *fetch, const struct chunk_addr *addr,
					 uint32_t size)
{
	fetch->requests = mem_room(fetch->requests, fetch->request_count, &fetch->request_cap,
				   sizeof(*fetch->requests));
	struct chunk_request *request = &fetch->requests[fetch->request_count++];
	*request = (struct chunk_request){.addr = *addr, .size = size};
	return request;
}

void fetch_hurry(struct hub *hub, struct txn *txn, const struct version_id *of,
		 const struct chunk_addr *addrs, size_t count)
{
	struct fetch *fetch = fetch_find(hub, of);
	if (!fetch || !fetch->indexed)
		return;
	for (size_t i = 0; i < count && fetch->request_count < FETCH_HURRY_MAX; i++) {
		struct row_key key = key_index(&of->dataset, of->number, of->author, &addrs[i]);
		struct bytes row;
		if (!chunk_request_find(fetch, &addrs[i]) &&
		    txn_get(txn, TABLE_INDEX, row_key_bytes(&key), &row)) {
			uint32_t size = be32_get(row.ptr);
			if (!chunks_has(txn, &of->dataset, &addrs[i]))
				request_add(fetch, &addrs[i], size);
		}
	}
}

/* The manifest comes first: with it the version can be opened while the rest comes. */
static void manifest_hurry(struct hub *hub, struct txn *txn, struct fetch *fetch)
{
	struct index_entry entry;
	struct version version;
	if (fetch->opens || held_version(txn, &fetch->of, &version))
		return;
	struct version_parts parts = version_parts(&version);
	while (version_parts_next(&parts, &entry))
		fetch_hurry(hub, txn, &fetch->of, &entry.addr, 1);
	fetch->opens = true;
}

/*
 * Goes on until a chunk is here, or is not; where the rows or the step end there is none.
 * False when the step ended. *left: rows of this step.
 */
static bool index_next(struct txn *txn, const struct fetch *fetch, struct index_walk *at, bool here,
		       unsigned *left, uint32_t *size)
{
	struct row_key prefix = held_key(&fetch->of);
	struct row_key from =
		key_index(&fetch->of.dataset, fetch->of.number, fetch->of.author, &at->at);
	struct walk walk = walk_begin_at(txn, TABLE_INDEX, row_key_bytes(&prefix),
					 row_key_bytes(&from), !at->begun);

	while ((*left)-- > 0) {
		if (!walk_next(&walk)) {
			at->done = true;
			return true;
		}
		at->begun = true;
		memcpy(at->at.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		*size = be32_get(walk.value.ptr);
		if (chunks_has(txn, &fetch->of.dataset, &at->at) == here)
			return true;
	}
	*left = 0;
	return false;
}

/* A step of counting what is here. */
static void here_count(struct txn *txn, struct fetch *fetch)
{
	unsigned left = FETCH_WALK_STEP;
	uint32_t size;

	while (index_next(txn, fetch, &fetch->counting, true, &left, &size) &&
	       !fetch->counting.done) {
		fetch->chunk_count++;
		fetch->bytes += size;
	}
	fetch->walk_waits = !fetch->counting.done || fetch->waits; /* it may have room now */
}

/* The next chunk that is neither here nor asked for, as a request without a peer; NULL: none. */
static struct chunk_request *chunk_request_next(struct txn *txn, struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->request_count; i++) {
		if (fetch->requests[i].link == 0)
			return &fetch->requests[i];
	}
	unsigned left = FETCH_WALK_STEP;
	uint32_t size;
	if (fetch->asking.done)
		return NULL;
	do {
		fetch->walk_waits = !index_next(txn, fetch, &fetch->asking, false, &left, &size);
		if (fetch->walk_waits || fetch->asking.done)
			return NULL;
	} while (chunk_request_find(fetch, &fetch->asking.at));
	return request_add(fetch, &fetch->asking.at, size);
}

static void request_assign(struct hub *hub, struct chunk_request *request, struct peer *peer)
{
	request->link = peer->link;
	request->sent_ms = hub->mono_ms;
	request->due = true;
	peer->transfer->in_flight_bytes += request->size;
	peer->transfer->in_flight_count++;
}

/* Sends the requests that a peer was given in this step. */
static void requests_send(struct hub *hub, struct fetch *fetch, struct peer *peer)
{
	size_t i = 0;
	for (;;) {
		struct message_list list = message_list_begin(MESSAGE_CHUNK_GET);
		list.dataset = fetch->of.dataset;
		for (; i < fetch->request_count && list.count < FETCH_CHUNK_GET_MAX; i++) {
			struct chunk_request *request = &fetch->requests[i];
			if (!request->due || request->link != peer->link)
				continue;
			request->due = false;
			message_list_addr(&list, &request->addr);
		}
		if (list.count == 0) {
			buf_fini(&list.items);
			return;
		}
		hub_send_list(hub, peer, &list);
	}
}

/*
 * All are asked for: what one peer has not sent for a while goes to another that has less to do.
 * The first one's answer is still welcome.
 */
static bool requests_move(struct hub *hub, struct fetch *fetch)
{
	bool any = false;
	for (size_t i = 0; i < fetch->request_count; i++) {
		struct chunk_request *request = &fetch->requests[i];
		struct peer *from = request->link ? peers_find(hub, request->link) : NULL;
		if (!from || hub->mono_ms - request->sent_ms < FETCH_MOVE_MS)
			continue;
		struct peer *to = source_pick(hub, fetch, request->link);
		if (!to || to->transfer->late ||
		    2 * to->transfer->in_flight_bytes >= from->transfer->in_flight_bytes)
			continue;
		request_release(hub, request);
		source_took(from, request->size, hub->mono_ms - request->sent_ms);
		request_assign(hub, request, to);
		any = true;
	}
	return any;
}

/*
 * Asks for as many chunks as peers have room for. When nothing is missing no peer is needed to find
 * out.
 */
static void chunks_ask(struct hub *hub, struct txn *txn, struct fetch *fetch)
{
	struct chunk_request *request;
	struct peer *peer;
	bool any = false;
	fetch->walk_waits = false;
	manifest_hurry(hub, txn, fetch);
	while ((request = chunk_request_next(txn, fetch)) && (peer = source_pick(hub, fetch, 0))) {
		request_assign(hub, request, peer);
		any = true;
	}
	if (!request && fetch->asking.done)
		any = requests_move(hub, fetch) || any;
	for (size_t i = 0; any && i < hub->peers.count; i++) {
		if (hub->peers.items[i]->up)
			requests_send(hub, fetch, hub->peers.items[i]);
	}
}

static void news_held(struct hub *hub, const struct version_id *of, const char *path)
{
	struct transfer *transfer = hub->transfer;
	transfer->held_news = mem_room(transfer->held_news, transfer->held_news_count,
				       &transfer->held_news_cap, sizeof(*of));
	transfer->held_news[transfer->held_news_count++] = *of;
	struct note *note = hub_note(hub, NOTE_HELD);
	note->author = of->author;
	note->dataset = of->dataset;
	note->number = of->number;
	snprintf(note->path, sizeof(note->path), "%s", path);
}

void fetch_held(struct hub *hub, struct txn *txn, const struct version_id *of, const char *path,
		uint64_t bytes, uint64_t chunks)
{
	held_put(txn, of, &(struct held){HELD_COMPLETE, hub->ran_ms, bytes, chunks});
	news_held(hub, of, path);
}

static void requests_expire(struct hub *hub, struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->request_count; i++) {
		struct chunk_request *request = &fetch->requests[i];
		if (!request->link || hub->mono_ms - request->sent_ms <=
					      (int64_t)hub->options.limits->chunk_timeout_ms)
			continue;
		struct peer *peer = peers_find(hub, request->link);
		if (peer)
			peer->transfer->late = true;
		request_release(hub, request);
	}
}

bool fetch_rests(const struct hub *hub, const struct fetch *fetch)
{
	if (fetch->source || fetch->source_epoch != hub->source_epoch || fetch->index_link ||
	    fetch->walk_waits || hub->mono_ms >= source_pardon_ms(fetch))
		return false;
	/* One that waits stands for all that are missing, unless somebody reads it meanwhile. */
	for (size_t i = 0; i < fetch->request_count; i++)
		if (fetch->requests[i].link)
			return false;
	return !fetch->indexed || fetch->request_count > 0;
}

/* False: this organisation may not have it, or not any more. */
static bool right_look(struct hub *hub, struct txn *txn, struct fetch *fetch)
{
	if (!rights_serve(hub, txn, &hub->options.identity->org, fetch->tier,
			  bytes_str(fetch->path)))
		return false;
	fetch->by_line =
		fetch->tier != TIER_OPEN && fetch->tier != TIER_MEMBERS &&
		!rights_own_namespace(hub, &hub->options.identity->org, bytes_str(fetch->path));
	if (fetch->refused_wait_ms == 0)
		fetch->refused_wait_ms = FETCH_RIGHT_MS_MIN;
	if (hub->mono_ms >= source_pardon_ms(fetch)) {
		fetch->refused_count = 0;
		fetch->source_epoch = 0;
		fetch->refused_wait_ms = 2 * fetch->refused_wait_ms < FETCH_RIGHT_MS_MAX
						 ? 2 * fetch->refused_wait_ms
						 : FETCH_RIGHT_MS_MAX;
	}
	return true;
}

/* One look at a fetch. False when it is finished and gone. */
bool fetch_step(struct hub *hub, struct txn *txn, struct fetch *fetch)
{
	struct held held;
	if (!right_look(hub, txn, fetch)) {
		fetch_end(hub, fetch);
		return false;
	}
	fetch->walk_waits = false;
	if (!fetch->indexed) {
		if (!fetch->waits)
			index_begin(hub, txn, fetch);
		return true;
	}
	if (!held_get(txn, &fetch->of, &held)) { /* its author has dropped it */
		fetch_end(hub, fetch);
		return false;
	}
	requests_expire(hub, fetch);
	if (!fetch->counting.done)
		here_count(txn, fetch);
	if (fetch->counting.done && !fetch->waits)
		chunks_ask(hub, txn, fetch);
	if (!fetch->asking.done || fetch->request_count > 0)
		return true;
	fetch_held(hub, txn, &fetch->of, fetch->path, held.bytes, held.chunks);
	fetch_end(hub, fetch);
	return false;
}

bool fetch_healed(struct hub *hub, struct txn *txn, const struct version_id *of, const char *path)
{
	struct held held;
	struct row_key prefix = held_key(of);
	struct walk walk = walk_begin(txn, TABLE_INDEX, row_key_bytes(&prefix));
	if (!held_get(txn, of, &held) || held.state == HELD_COMPLETE)
		return true;
	while (walk_next(&walk)) {
		struct chunk_addr addr;
		memcpy(addr.b, walk.key.ptr + walk.key.len - ID_LEN, ID_LEN);
		if (!chunks_has(txn, &of->dataset, &addr))
			return false;
	}
	fetch_held(hub, txn, of, path, held.bytes, held.chunks);
	struct fetch *fetch = fetch_find(hub, of);
	if (fetch)
		fetch_end(hub, fetch);
	return true;
}

static void fetch_altered(struct hub *hub, const struct fetch *fetch, struct peer *peer)
{
	struct note *note = hub_note(hub, NOTE_CHUNK_ALTERED);
	note->link = peer->link;
	note->author = peer->author;
	note->dataset = fetch->of.dataset;
	note->number = fetch->of.number;
	snprintf(note->path, sizeof(note->path), "%s", fetch->path);
	hub_close_link(hub, peer, LINK_REASON_MALFORMED);
}

static struct fetch *fetch_of_chunk(struct hub *hub, const struct event *event,
				    struct chunk_request **request)
{
	for (struct fetch *fetch = fetches_of(hub, &event->dataset); fetch;
	     fetch = fetches_next(fetch)) {
		*request = chunk_request_find(fetch, &event->addr);
		if (!*request)
			continue;
		/* Asked of another meanwhile, it is as good from this one. */
		bool sound = !event->err && event->bytes.len == (*request)->size;
		if (sound || (*request)->link == event->link)
			return fetch;
	}
	return NULL;
}

void fetch_chunk(struct hub *hub, struct txn *txn, struct peer *peer, const struct event *event)
{
	struct chunk_request *request;
	struct fetch *fetch = fetch_of_chunk(hub, event, &request);
	if (!fetch)
		return; /* late, or never asked for: nothing is kept that was not wanted */
	peer->transfer->late = false;
	if (request->link == peer->link)
		source_took(peer, request->size, hub->mono_ms - request->sent_ms);
	if (!event->err && event->bytes.len == request->size) {
		if (!fetch_fits(hub, txn, &fetch->of, event->bytes.len)) {
			request_release(hub, request);
			return;
		}
		chunks_put(txn, &event->dataset, &event->addr, event->bytes);
		fetch->chunk_count++;
		fetch->bytes += request->size;
		request_remove(hub, fetch, request);
		return;
	}
	request_release(hub, request);
	source_refuse(hub, fetch, peer->link);
	/* A chunk of another size than the index says is the author's fault, who signed both. */
	if (event->err == ERR_ABSENT || !event->err)
		return;
	fetch_altered(hub, fetch, peer);
}

void fetch_down(struct hub *hub, struct peer *peer)
{
	proof_down(hub, peer);
	for (size_t i = 0; i < hub->transfer->fetch_count; i++) {
		struct fetch *fetch = hub->transfer->fetches[i];
		for (size_t r = 0; r < fetch->request_count; r++) {
			if (fetch->requests[r].link == peer->link)
				fetch->requests[r].link = 0;
		}
		if (fetch->index_link == peer->link)
			index_release(hub, fetch);
		source_pardon(fetch, peer->link);
	}
	hub->source_epoch++;
}

/* ---- damage ---- */

void fetch_chunk_bad(struct hub *hub, struct txn *txn, const struct event *event)
{
	struct buf chunk;
	buf_init(&chunk, LIMIT_CHUNK_LEN_MAX);
	enum err err = chunks_read(txn, &event->dataset, &event->addr, &chunk);
	buf_fini(&chunk);
	if (!err)
		return; /* repaired meanwhile */
	if (err == ERR_CORRUPT)
		chunks_del(txn, &event->dataset, &event->addr);
	struct row_key prefix = key_dataset(&event->dataset);
	struct walk walk = walk_begin(txn, TABLE_HELD, row_key_bytes(&prefix));
	while (walk_next(&walk)) {
		struct version_id of;
		struct held held;
		struct version version;
		held_of_key(&of, walk.key);
		struct row_key row = key_index(&of.dataset, of.number, of.author, &event->addr);
		if (!txn_has(txn, TABLE_INDEX, row_key_bytes(&row)) || !held_get(txn, &of, &held) ||
		    held.state != HELD_COMPLETE)
			continue;
		held.state = HELD_DAMAGED;
		held_put(txn, &of, &held);
		struct note *note = hub_note(hub, NOTE_DAMAGED);
		note->author = of.author;
		note->dataset = of.dataset;
		note->number = of.number;
		if (held_version(txn, &of, &version))
			continue;
		snprintf(note->path, sizeof(note->path), "%.*s", (int)version.path.len,
			 (const char *)version.path.ptr);
		fetch_add(hub, txn, &of, &version, true);
	}
}

void fetch_stop(struct hub *hub, struct txn *txn, struct fetch *fetch)
{
	struct held held;
	if (held_get(txn, &fetch->of, &held)) {
		if (held.state == HELD_DAMAGED)
			return;
		held.void_hours++;
		held_put(txn, &fetch->of, &held);
	}
	fetch_end(hub, fetch);
}

void fetch_drop(struct hub *hub, struct txn *txn, const struct version_id *of)
{
	struct fetch *fetch = fetch_find(hub, of);
	if (fetch)
		fetch_end(hub, fetch);
	held_index_drop(txn, of);
	held_drop(txn, of);
	chunks_sweep_later(txn, &of->dataset);
}

static bool is_meant(const struct version_id *of, uint32_t member, uint32_t but, uint64_t number)
{
	return of->number <= number && (!member || author_member(of->author) == member) &&
	       (!but || author_member(of->author) != but);
}

bool fetch_drop_versions(struct hub *hub, struct txn *txn, const struct dataset_id *dataset,
			 uint32_t member, uint32_t but, uint64_t number)
{
	struct row_key prefix = key_dataset(dataset);
	struct walk walk = walk_begin(txn, TABLE_HELD, row_key_bytes(&prefix));
	struct version_id of;
	bool any = false;

	while (walk_next(&walk)) {
		held_of_key(&of, walk.key);
		if (!is_meant(&of, member, but, number))
			continue;
		fetch_drop(hub, txn, &of);
		any = true;
	}
	for (size_t i = hub->transfer->fetch_count; i-- > 0;) {
		of = hub->transfer->fetches[i]->of;
		if (id_eq(&of.dataset, dataset) && is_meant(&of, member, but, number))
			fetch_drop(hub, txn, &of);
	}
	return any;
}
