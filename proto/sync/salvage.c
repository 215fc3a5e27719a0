#include "proto/sync/salvage.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/ledger/aside.h"
#include "proto/sync/start.h"

enum {
	SALVAGE_MS_MAX = 10 * 1000,
	SALVAGE_ALL_MS = 5 * 60 * 1000,
	SALVAGE_HEADS = 64,
	HEAD_LEN = 8 + 16, /* be64 time, the beginning of the id */
};

/* META: be64 time from which on all own heads are remembered; then these, the oldest first. */
static const char heads_name[] = "own-signed";

/* ---- what this node has signed ---- */

struct heads {
	int64_t since_ms;
	uint8_t items[SALVAGE_HEADS][HEAD_LEN];
	size_t count;
};

/* False: there is no row yet. */
static bool heads_get(struct txn *txn, struct heads *heads)
{
	struct row_key key = key_name(heads_name);
	struct bytes row;

	*heads = (struct heads){0};
	if (!txn_get(txn, TABLE_META, row_key_bytes(&key), &row) || row.len < 8 ||
	    row.len > 8 + sizeof(heads->items) || (row.len - 8) % HEAD_LEN != 0)
		return false;
	heads->since_ms = (int64_t)be64_get(row.ptr);
	heads->count = (row.len - 8) / HEAD_LEN;
	if (heads->count > 0)
		memcpy(heads->items, row.ptr + 8, row.len - 8);
	return true;
}

static void heads_put(struct txn *txn, const struct heads *heads)
{
	struct row_key key = key_name(heads_name);
	uint8_t row[8 + sizeof(heads->items)];

	be64_put(row, (uint64_t)heads->since_ms);
	memcpy(row + 8, heads->items, heads->count * HEAD_LEN);
	txn_put(txn, TABLE_META, row_key_bytes(&key), bytes_of(row, 8 + heads->count * HEAD_LEN));
}

static bool heads_have(const struct heads *heads, const struct digest *id)
{
	for (size_t i = 0; i < heads->count; i++)
		if (memcmp(heads->items[i] + 8, id->b, HEAD_LEN - 8) == 0)
			return true;
	return false;
}

static void heads_add(struct heads *heads, int64_t time_ms, const struct digest *id)
{
	if (heads->count == SALVAGE_HEADS) {
		heads->since_ms = (int64_t)be64_get(heads->items[0]);
		heads->count--;
		memmove(heads->items[0], heads->items[1], heads->count * HEAD_LEN);
	}
	be64_put(heads->items[heads->count], (uint64_t)time_ms);
	memcpy(heads->items[heads->count] + 8, id->b, HEAD_LEN - 8);
	heads->count++;
}

static bool own_head_last(struct hub *hub, struct txn *txn, struct head *head)
{
	struct bytes whole;

	return hub->author && ledger_head_last(txn, hub->author, &whole) &&
	       !head_decode(head, whole);
}

static void head_remember(struct txn *txn, int64_t time_ms, const struct digest *id)
{
	struct heads heads;

	heads_get(txn, &heads);
	if (heads_have(&heads, id))
		return;
	heads_add(&heads, time_ms, id);
	heads_put(txn, &heads);
}

void salvage_open(struct hub *hub, struct txn *txn)
{
	struct heads heads;
	struct head head;

	buf_init(&hub->salvage->missing, 8 * SETDIGEST_LEAVES_MAX);
	if (heads_get(txn, &heads))
		return;
	/* A store of before: what was signed up to now is not known. */
	if (own_head_last(hub, txn, &head))
		heads.since_ms = head.time_ms;
	heads_put(txn, &heads);
}

void salvage_close(struct hub *hub)
{
	buf_fini(&hub->salvage->missing);
}

void salvage_signed(struct hub *hub, struct txn *txn)
{
	struct digest id;
	struct head head;

	hub->salvage->found = false;
	if (!own_head_last(hub, txn, &head))
		return;
	head_id(&id, &head);
	head_remember(txn, head.time_ms, &id);
}

/* ---- asking ---- */

bool salvage_under_way(const struct hub *hub)
{
	return hub->salvage->link != 0;
}

bool salvage_holds(const struct hub *hub)
{
	return hub->salvage->link != 0 || hub->salvage->found;
}

static void salvage_page_ask(struct hub *hub, struct peer *peer, uint64_t place)
{
	struct salvage *salvage = hub->salvage;
	struct buf out;

	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves_get(&out, hub->author, salvage->incarnation, &salvage->set, place);
	hub_send(hub, peer, &out);
	salvage->place = place;
	salvage->missing.len = salvage->asked = 0;
	salvage->since_ms = hub->mono_ms;
}

static void salvage_records_ask(struct hub *hub, struct peer *peer)
{
	struct salvage *salvage = hub->salvage;
	struct buf out;

	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_records_get(&out, hub->author, salvage->incarnation, buf_bytes(&salvage->missing));
	hub_send(hub, peer, &out);
	salvage->asked = salvage->missing.len;
	salvage->since_ms = hub->mono_ms;
}

/* Others get what was held back, and what was found is said. */
static void salvage_end(struct hub *hub, struct txn *txn, bool done)
{
	struct salvage *salvage = hub->salvage;
	struct peer *peer = peers_find(hub, salvage->link);

	if (done)
		head_remember(txn, salvage->time_ms, &salvage->head);
	if (peer)
		peer->sync->salvage_failed = !done;
	const bool found = salvage->found;
	if (found)
		start_salvaged(hub, txn);
	hub->aside_news = hub->aside_news || found;
	hub->hello_due = true;
	buf_fini(&salvage->missing);
	*salvage = (struct salvage){.found = found};
	buf_init(&salvage->missing, 8 * SETDIGEST_LEAVES_MAX);
}

static void salvage_next(struct hub *hub, struct txn *txn, struct peer *peer)
{
	if (hub->salvage->more)
		salvage_page_ask(hub, peer, hub->salvage->next);
	else
		salvage_end(hub, txn, true);
}

void salvage_look(struct hub *hub, struct txn *txn, struct peer *peer, const struct head *head)
{
	struct salvage *salvage = hub->salvage;
	struct sign_pk pk;
	struct heads heads;
	struct digest id;

	/* What is behind takes all back by itself. */
	if (salvage->link || hub->ledger.own_behind || peer->sync->salvage_failed ||
	    !heads_get(txn, &heads))
		return;
	head_id(&id, head);
	if (head->time_ms <= heads.since_ms || heads_have(&heads, &id) ||
	    ledger_author_kept(&hub->ledger, txn, head->author, &pk))
		return;
	if (head_check_sig(head, &pk, &hub->charter.fed))
		return;
	salvage->link = peer->link;
	salvage->incarnation = head->incarnation;
	salvage->set = head->set;
	salvage->head = id;
	salvage->time_ms = head->time_ms;
	salvage->begin_ms = hub->mono_ms;
	salvage_page_ask(hub, peer, 0);
}

/* ---- answers ---- */

static bool is_asked(const struct hub *hub, const struct peer *peer)
{
	return hub->salvage->link && hub->salvage->link == peer->link;
}

/* It is here, word for word, with the same number. */
static bool leaf_here(struct hub *hub, struct txn *txn, const struct setdigest_leaf *leaf)
{
	struct digest hash;
	uint64_t sequence;

	return setdigest_get(txn, hub->author, hub->salvage->incarnation,
			     bytes_of(leaf->slot, leaf->slot_len), &sequence, &hash) &&
	       id_eq(&hash, &leaf->hash);
}

static void page_look(struct hub *hub, struct txn *txn, const struct setdigest_page *page)
{
	struct salvage *salvage = hub->salvage;

	for (size_t i = 0; i < page->count; i++) {
		const struct setdigest_leaf *leaf = &page->leaves[i];
		if (leaf->place >= salvage->place && aside_counts(leaf->slot[0]) &&
		    !leaf_here(hub, txn, leaf))
			buf_add_be64(&salvage->missing, leaf->sequence);
	}
}

bool salvage_leaves(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct salvage *salvage = hub->salvage;
	struct setdigest_page *page;

	if (!is_asked(hub, peer) || m->author != hub->author ||
	    m->incarnation != salvage->incarnation || m->place != salvage->place ||
	    !id_eq(&m->digest, &salvage->set))
		return false;
	page = mem_new(1, sizeof(*page));
	flow_page(page, m);
	if (!setdigest_page_check(page, &salvage->set)) {
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "LEAVES not those of the set");
		salvage_end(hub, txn, false);
	} else {
		salvage->more = setdigest_differs(txn, hub->author, salvage->incarnation, page,
						  &salvage->next);
		page_look(hub, txn, page);
		if (salvage->missing.len > 0)
			salvage_records_ask(hub, peer);
		else
			salvage_next(hub, txn, peer);
	}
	free(page);
	return true;
}

/* It was asked for, and is not any more. */
static bool missing_take(struct buf *missing, uint64_t sequence)
{
	for (size_t at = 0; at < missing->len; at += 8) {
		if (be64_get(missing->ptr + at) != sequence)
			continue;
		memmove(missing->ptr + at, missing->ptr + at + 8, missing->len - at - 8);
		missing->len -= 8;
		return true;
	}
	return false;
}

bool salvage_record(struct hub *hub, struct txn *txn, struct peer *peer, struct bytes whole)
{
	struct salvage *salvage = hub->salvage;
	struct record record, own;
	struct sign_pk pk;

	if (!is_asked(hub, peer) || record_decode(&record, whole) || record.author != hub->author ||
	    record.incarnation != salvage->incarnation ||
	    ledger_author_kept(&hub->ledger, txn, record.author, &pk) ||
	    record_check_sig(&record, &pk, &hub->charter.fed) ||
	    !missing_take(&salvage->missing, record.sequence))
		return false;
	if (!aside_counts(record.kind) ||
	    (aside_own_record(&hub->ledger, txn, record.slot, &own) && own.kind == record.kind &&
	     bytes_eq(own.body, record.body)))
		return true;
	aside_add(txn, &record);
	salvage->found = true;
	return true;
}

void salvage_records(struct hub *hub, struct txn *txn, struct peer *peer)
{
	const struct salvage *salvage = hub->salvage;

	if (!is_asked(hub, peer) || salvage->asked == 0)
		return;
	if (salvage->missing.len == 0)
		salvage_next(hub, txn, peer);
	else if (salvage->missing.len < salvage->asked)
		salvage_records_ask(hub, peer);
	else
		salvage_end(hub, txn, false);
}

bool salvage_not_here(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	if (!is_asked(hub, peer) || m->author != hub->author ||
	    m->incarnation != hub->salvage->incarnation)
		return false;
	salvage_end(hub, txn, false);
	return true;
}

void salvage_tick(struct hub *hub, struct txn *txn)
{
	const struct salvage *salvage = hub->salvage;
	const struct peer *peer = salvage->link ? peers_find(hub, salvage->link) : NULL;

	if (salvage->link &&
	    (!peer || !peer->up || hub->mono_ms > salvage->since_ms + SALVAGE_MS_MAX ||
	     hub->mono_ms > salvage->begin_ms + SALVAGE_ALL_MS))
		salvage_end(hub, txn, false);
}

int64_t salvage_wake(const struct hub *hub)
{
	return hub->salvage->link ? hub->salvage->since_ms + SALVAGE_MS_MAX + 1 : INT64_MAX;
}
