#include "proto/sync/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/sync/salvage.h"

enum {
	RECONCILE_RECORDS_LEN_MAX = 64 * 1024, /* of one RECORDS message, and a record more */
	REPAIR_MISSING_LEN_MAX = 8 * SETDIGEST_LEAVES_MAX,
	REPAIR_NAMED_LEN = 8 + ID_LEN, /* of one leaf */
	REPAIR_NODES = 4,              /* of one organisation in a round, and at a time */
	REPAIR_MS_MAX = 10 * 1000,
	REPAIR_WAIT_MS_MIN = 1000,
	REPAIR_WAIT_MS_MAX = 60 * 1000,
};

/* ---- waiting ---- */

/* Where the author's wait is, or would be. */
static size_t wait_place(const struct reconcile *reconcile, uint32_t author)
{
	size_t low = 0, high = reconcile->wait_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (reconcile->waits[middle].author < author)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct repair_wait *wait_of(const struct reconcile *reconcile, uint32_t author)
{
	size_t at = wait_place(reconcile, author);
	return at < reconcile->wait_count && reconcile->waits[at].author == author
		       ? &reconcile->waits[at]
		       : NULL;
}

/* The peer could not help with this author. When there are too many to remember, it is asked on. */
static void wait_longer(struct hub *hub, struct reconcile *reconcile, uint32_t author)
{
	struct repair_wait *wait = wait_of(reconcile, author);
	size_t at = wait_place(reconcile, author);
	if (!wait && reconcile->wait_count == REPAIR_WAIT_COUNT_MAX)
		return;
	if (!wait) {
		reconcile->waits = mem_room(reconcile->waits, reconcile->wait_count,
					    &reconcile->wait_cap, sizeof(*wait));
		wait = &reconcile->waits[at];
		memmove(wait + 1, wait, (reconcile->wait_count - at) * sizeof(*wait));
		reconcile->wait_count++;
		*wait = (struct repair_wait){.author = author};
	}
	wait->wait_ms = wait->wait_ms == 0 ? REPAIR_WAIT_MS_MIN : 2 * wait->wait_ms;
	if (wait->wait_ms > REPAIR_WAIT_MS_MAX)
		wait->wait_ms = REPAIR_WAIT_MS_MAX;
	wait->until_ms = hub->mono_ms + wait->wait_ms;
}

/* What has been over for long is forgotten. */
static void waits_prune(const struct hub *hub, struct reconcile *reconcile)
{
	size_t left = 0;
	for (size_t i = 0; i < reconcile->wait_count; i++) {
		if (reconcile->waits[i].until_ms + REPAIR_WAIT_MS_MAX > hub->mono_ms)
			reconcile->waits[left++] = reconcile->waits[i];
	}
	reconcile->wait_count = left;
}

/* ---- asking ---- */

static struct repair *repair_of(struct peer *peer, enum repair_step step, uint32_t author)
{
	for (size_t i = 0; i < REPAIR_COUNT_MAX; i++) {
		struct repair *repair = &peer->sync->reconcile.repairs[i];
		if (repair->step == step && repair->author == author)
			return repair;
	}
	return NULL;
}

static void repair_end(struct hub *hub, struct txn *txn, struct peer *peer, struct repair *repair)
{
	struct author_state state;
	/* When the head has moved on it is no fault of the peer's. */
	if (!ledger_state(&hub->ledger, txn, repair->author, &state) && ledger_partial(&state) &&
	    id_eq(&state.head_set, &repair->set))
		wait_longer(hub, &peer->sync->reconcile, repair->author);
	buf_fini(&repair->missing);
	buf_fini(&repair->named);
	*repair = (struct repair){.step = REPAIR_IDLE};
	peer->sync->reconcile.due = peer->sync->reconcile.due || peer->sync->reconcile.left;
	peer->sync->reconcile.left = false;
}

static void leaves_ask(struct hub *hub, struct peer *peer, struct repair *repair, uint64_t place)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_leaves_get(&out, repair->author, repair->incarnation, &repair->set, place);
	hub_send(hub, peer, &out);
	repair->place = place;
	repair->step = REPAIR_LEAVES;
	repair->since_ms = hub->mono_ms;
}

static void records_ask(struct hub *hub, struct peer *peer, struct repair *repair)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_records_get(&out, repair->author, repair->incarnation, buf_bytes(&repair->missing));
	hub_send(hub, peer, &out);
	repair->step = REPAIR_RECORDS;
	repair->since_ms = hub->mono_ms;
}

static void page_next(struct hub *hub, struct txn *txn, struct peer *peer, struct repair *repair)
{
	if (repair->more)
		leaves_ask(hub, peer, repair, repair->next);
	else
		repair_end(hub, txn, peer, repair);
}

/* Whether this peer is to be asked about an author. */
static bool author_wanted(const struct hub *hub, struct peer *peer,
			  const struct author_state *state)
{
	const struct repair_wait *wait = wait_of(&peer->sync->reconcile, state->author);
	/* Of the own author nobody knows more, unless this store is an old copy. */
	if (state->author == hub->author && !hub->ledger.own_behind)
		return false;
	/* What was refused for want of room is not asked for; but what has gone makes room. */
	if (state->held > 0 && state->live_count + state->held <= state->head_live_count)
		return false;
	return ledger_partial(state) && (!wait || wait->until_ms <= hub->mono_ms);
}

/*
 * Whether it may begin now: one that is under way goes on, and an author who has signed much does
 * not keep others waiting by that.
 */
static bool author_may_begin(struct peer *peer, uint32_t author)
{
	struct reconcile *reconcile = &peer->sync->reconcile;
	unsigned count = 0;
	for (size_t i = 0; i < REPAIR_COUNT_MAX; i++) {
		const struct repair *repair = &reconcile->repairs[i];
		if (repair->step == REPAIR_IDLE)
			continue;
		if (repair->author == author)
			return false;
		count += author_member(repair->author) == author_member(author);
	}
	reconcile->left = reconcile->left || count >= REPAIR_NODES;
	return count < REPAIR_NODES;
}

/* The next author of a round: of each organisation some nodes, in the order of their indices. */
static bool author_next(struct hub *hub, struct txn *txn, struct peer *peer,
			struct author_state *state)
{
	struct reconcile *reconcile = &peer->sync->reconcile;
	const unsigned first = reconcile->round * REPAIR_NODES;
	while (ledger_state_next(&hub->ledger, txn, &reconcile->author, state)) {
		const uint32_t member = author_member(reconcile->author);
		const unsigned node = author_node(reconcile->author);
		if (node < first) {
			reconcile->author = author_of(member, (uint8_t)(first - 1));
		} else if (node >= first + REPAIR_NODES) {
			/* Only for one that is wanted there is a further round. */
			reconcile->beyond = reconcile->beyond || author_wanted(hub, peer, state);
		} else if (author_wanted(hub, peer, state) &&
			   author_may_begin(peer, reconcile->author)) {
			return true;
		}
	}
	reconcile->author = 0;
	reconcile->running = reconcile->beyond;
	reconcile->beyond = false;
	reconcile->round++;
	return false;
}

static void repair_begin(struct hub *hub, struct peer *peer, struct repair *repair,
			 const struct author_state *state)
{
	*repair = (struct repair){
		.author = state->author, .incarnation = state->incarnation, .set = state->head_set};
	leaves_ask(hub, peer, repair, 0);
}

/* Gives places that are free to the next authors. */
static void places_fill(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct reconcile *reconcile = &peer->sync->reconcile;
	struct author_state state;
	for (size_t i = 0; i < REPAIR_COUNT_MAX && reconcile->running; i++) {
		struct repair *repair = &reconcile->repairs[i];
		while (reconcile->running && repair->step == REPAIR_IDLE)
			if (author_next(hub, txn, peer, &state))
				repair_begin(hub, peer, repair, &state);
	}
}

/* Whether linked peers are being asked for what is missing of this author. */
static bool is_repaired(const struct hub *hub, uint32_t author)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		for (size_t k = 0; peer->up && k < REPAIR_COUNT_MAX; k++) {
			const struct repair *repair = &peer->sync->reconcile.repairs[k];
			if (repair->step != REPAIR_IDLE && repair->author == author)
				return true;
		}
	}
	return false;
}

/*
 * While an author is repaired, of what its head names only that is taken which was asked for: else
 * somebody who keeps what it has deleted could send it again behind each page.
 */
bool reconcile_may(struct hub *hub, struct txn *txn, struct peer *peer,
		   const struct ledger_item *item)
{
	const struct record *record = &item->record;
	const struct repair *repair = repair_of(peer, REPAIR_RECORDS, record->author);
	struct author_state state;

	if (item->vouched || !is_repaired(hub, record->author) ||
	    ledger_state(&hub->ledger, txn, record->author, &state) ||
	    record->incarnation != state.incarnation || record->sequence > state.head_last_sequence)
		return true;
	for (size_t at = 0; repair && at < repair->missing.len; at += 8)
		if (be64_get(repair->missing.ptr + at) == record->sequence)
			return true;
	return false;
}

static bool leaf_named(const struct repair *repair, const struct setdigest_leaf *leaf)
{
	for (size_t at = 0; at < repair->named.len; at += REPAIR_NAMED_LEN) {
		const uint8_t *named = repair->named.ptr + at;
		if (be64_get(named) == leaf->sequence && !memcmp(named + 8, leaf->hash.b, ID_LEN))
			return true;
	}
	return false;
}

/*
 * PROTOCOL: "So is a version vouched for whose leaf a page of LEAVES of the head's set names." -
 * what one node has by the word of the head alone, every other one can get.
 */
void reconcile_vouch(struct hub *hub, struct txn *txn, struct peer *peer, struct ledger_item *item)
{
	const struct record *record = &item->record;
	const struct repair *repair = repair_of(peer, REPAIR_RECORDS, record->author);
	struct author_state state;

	if (repair && record->kind == RECORD_VERSION &&
	    record->incarnation == repair->incarnation && leaf_named(repair, &item->leaf) &&
	    !ledger_state(&hub->ledger, txn, record->author, &state) &&
	    id_eq(&state.head_set, &repair->set))
		item->vouched = true;
}

static void repairs_settle(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct reconcile *reconcile = &peer->sync->reconcile;
	for (size_t i = 0; i < REPAIR_COUNT_MAX; i++) {
		struct repair *repair = &reconcile->repairs[i];
		if (repair->step != REPAIR_IDLE && hub->mono_ms - repair->since_ms > REPAIR_MS_MAX)
			repair_end(hub, txn, peer, repair);
	}
	if (reconcile->due && !reconcile->running) {
		reconcile->due = false;
		reconcile->running = true;
		reconcile->round = 0;
		waits_prune(hub, reconcile);
	}
	if (!reconcile->running)
		return;
	ledger_settle(&hub->ledger, txn);
	places_fill(hub, txn, peer);
}

void reconcile_settle(struct hub *hub, struct txn *txn)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (!peer->up || !peer->met)
			continue;
		hub_charge(hub, txn, METER_OWN);
		repairs_settle(hub, txn, peer);
		hub_charge(hub, txn, hub_payer(peer)); /* who says SYNC_END again and again */
	}
}

int64_t reconcile_wake(const struct hub *hub)
{
	int64_t wake = INT64_MAX;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer *peer = hub->peers.items[i];
		for (size_t k = 0; peer->up && k < REPAIR_COUNT_MAX; k++) {
			const struct repair *repair = &peer->sync->reconcile.repairs[k];
			int64_t next = repair->since_ms + REPAIR_MS_MAX + 1;
			if (repair->step != REPAIR_IDLE && next < wake)
				wake = next;
		}
	}
	return wake;
}

/* ---- questions and answers ---- */

static void not_here_say(struct hub *hub, struct peer *peer, const struct message *m)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_not_here(&out, m->author, m->incarnation);
	hub_send(hub, peer, &out);
}

/*
 * PROTOCOL: "Who does not have exactly the set named, or nothing of the records asked for, answers
 * NOT_HERE"
 */
void reconcile_leaves_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	struct buf out;
	if (ledger_page(&hub->ledger, txn, m->author, m->incarnation, &m->digest, m->place, page)) {
		not_here_say(hub, peer, m);
	} else {
		buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
		message_leaves(&out, m->author, m->incarnation, &m->digest, page);
		hub_send(hub, peer, &out);
	}
	free(page);
}

static enum err page_take(struct hub *hub, struct txn *txn, struct repair *repair,
			  struct message *m)
{
	struct setdigest_page *page = mem_new(1, sizeof(*page));
	flow_page(page, m);
	buf_fini(&repair->missing);
	buf_init(&repair->missing, REPAIR_MISSING_LEN_MAX);
	buf_fini(&repair->named);
	buf_init(&repair->named, SETDIGEST_LEAVES_MAX * (size_t)REPAIR_NAMED_LEN);
	enum err err =
		ledger_repair(&hub->ledger, txn, repair->author, repair->incarnation, &repair->set,
			      page, &repair->missing, &repair->next, &repair->more);
	for (size_t i = 0; !err && i < page->count; i++) {
		buf_add_be64(&repair->named, page->leaves[i].sequence);
		buf_add(&repair->named, id_bytes(&page->leaves[i].hash));
	}
	free(page);
	return err;
}

static bool is_held(struct hub *hub, struct txn *txn, uint32_t author)
{
	struct author_state state;
	return !ledger_state(&hub->ledger, txn, author, &state) && state.held > 0;
}

void reconcile_leaves_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct repair *repair = repair_of(peer, REPAIR_LEAVES, m->author);
	if (salvage_leaves(hub, txn, peer, m))
		return;
	if (!repair || repair->incarnation != m->incarnation || repair->place != m->place ||
	    !id_eq(&repair->set, &m->digest))
		return;
	enum err err = page_take(hub, txn, repair, m);
	if (err == ERR_DENIED)
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "LEAVES not those of the set");
	if (err) {
		repair_end(hub, txn, peer, repair);
		return;
	}
	hub->wanted_epoch++; /* versions may be gone */
	if (repair->missing.len > 0 && !is_held(hub, txn, repair->author))
		records_ask(hub, peer, repair);
	else
		page_next(hub, txn, peer, repair);
}

/*
 * PROTOCOL: "RECORDS_GET is answered by one RECORDS message, which may hold a part of what was
 * asked for; who asked then asks for the rest."
 */
void reconcile_records_get(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	uint64_t sequence;
	struct message_list list = message_list_begin(MESSAGE_RECORDS);
	while (list.items.len < RECONCILE_RECORDS_LEN_MAX &&
	       list.count < MESSAGE_RECORD_COUNT_MAX && message_next_sequence(m, &sequence)) {
		struct bytes whole;
		if (ledger_record(txn, m->author, m->incarnation, sequence, &whole))
			message_list_bin(&list, whole);
	}
	if (list.count == 0) {
		buf_fini(&list.items);
		not_here_say(hub, peer, m);
		return;
	}
	flow_send_list(hub, peer, &list);
}

void reconcile_records(struct hub *hub, struct txn *txn, struct peer *peer, uint32_t author)
{
	struct repair *repair = repair_of(peer, REPAIR_RECORDS, author);
	struct buf left;
	if (!repair)
		return;
	buf_init(&left, repair->missing.len);
	for (size_t at = 0; at < repair->missing.len; at += 8) {
		uint64_t sequence = be64_get(repair->missing.ptr + at);
		struct bytes whole;
		if (!ledger_record(txn, author, repair->incarnation, sequence, &whole))
			buf_add_be64(&left, sequence);
	}
	bool progress = left.len < repair->missing.len;
	buf_fini(&repair->missing);
	repair->missing = left;
	if (progress && left.len > 0)
		records_ask(hub, peer, repair);
	else
		page_next(hub, txn, peer, repair);
}

void reconcile_not_here(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	if (salvage_not_here(hub, txn, peer, m))
		return;
	struct repair *repair = repair_of(peer, REPAIR_LEAVES, m->author);
	if (!repair)
		repair = repair_of(peer, REPAIR_RECORDS, m->author);
	if (repair && repair->incarnation == m->incarnation)
		repair_end(hub, txn, peer, repair);
}
