#include "proto/sync/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/check.h"
#include "proto/sync/evidence.h"
#include "proto/sync/logs.h"
#include "proto/sync/salvage.h"
#include "proto/sync/sketch.h"
#include "proto/sync/start.h"
#include "proto/sync/stream.h"
#include "proto/wire/protocol.h"

enum {
	SYNC_UNTAKEN_MAX = 256 * 1024,
	SYNC_CELL_SUMS = 10,            /* what a cell costs */
	SYNC_PHASE_MS_MAX = 120 * 1000, /* without progress */
	SYNC_AGAIN_MS = 1000,           /* when contents moved during a comparison */
	SYNC_HELLO_MS = 250,            /* one HELLO in this time, */
	SYNC_HELLO_PACE = 16,           /* this many sooner, */
	SYNC_HELLO_BURST = 64,          /* and this many of a peer, which may come in a bunch */
};

static void phase_set(struct hub *hub, struct peer_sync *sync, enum sync_phase phase)
{
	sync->phase = phase;
	sync->phase_since_ms = hub->mono_ms;
}

/* Counts a HELLO against the pace; false when it is too early for one more. */
static bool hello_pace(int64_t *paced_ms, int64_t now_ms, unsigned burst)
{
	int64_t begin = *paced_ms > now_ms ? *paced_ms : now_ms;
	if (begin - now_ms > (int64_t)burst * SYNC_HELLO_MS)
		return false;
	*paced_ms = begin + SYNC_HELLO_MS;
	return true;
}

/*
 * Without all logs the signatures of some members could not be checked: as good as not there yet.
 */
static uint32_t charter_shown(struct hub *hub, struct txn *txn)
{
	uint32_t number = hub->charter.number;
	return number > 0 && !logs_orglogs_here(hub, txn) ? number - 1 : number;
}

/* One that begins an exchange, or answers. */
static void hello_send(struct hub *hub, struct txn *txn, struct peer *peer, bool begins)
{
	struct peer_sync *sync = peer->sync;
	struct roll *roll = ledger_roll(&hub->ledger, txn);
	struct buf out;
	roll_content(roll, &sync->content_sent);
	sync->charter_sent = charter_shown(hub, txn);
	peer->own_said = hub_own_place(hub, txn);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_hello(&out, hub->options.software, sync->charter_sent, &sync->content_sent,
		      begins ? roll->marks : NULL);
	hub_send(hub, peer, &out);
}

/* Begins an exchange with this peer about so much later, if none is due sooner. */
static void hello_again(struct hub *hub, struct peer_sync *sync, int64_t ms)
{
	int64_t next_ms = hub->mono_ms + hub_jitter(hub, ms);
	if (next_ms < sync->next_hello_ms)
		sync->next_hello_ms = next_ms;
}

void sync_hello(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	sync->next_hello_ms = INT64_MAX;
	if (!peer->met)
		hello_again(hub, sync, hub->options.limits->anti_entropy_ms);
	if (sync->hello_waits || sync->phase != SYNC_IDLE)
		return;
	sync->hello_waits = true;
	sync->phase_since_ms = hub->mono_ms;
	hello_send(hub, txn, peer, true);
}

void sync_hello_all(struct hub *hub, struct txn *txn)
{
	hub->hello_due = false;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		struct peer_sync *sync = peer->sync;
		if (!peer->up)
			continue;
		if (hello_pace(&sync->hello_paced_ms, hub->mono_ms, SYNC_HELLO_PACE))
			sync_hello(hub, txn, peer);
		else if (sync->next_hello_ms > hub->mono_ms + SYNC_HELLO_MS)
			sync->next_hello_ms = hub->mono_ms + SYNC_HELLO_MS;
	}
}

void sync_up(struct hub *hub, struct txn *txn, struct peer *peer)
{
	/* PROTOCOL: "The dialler sends HELLO." */
	peer->sync->next_hello_ms = INT64_MAX;
	if (peer->dial)
		sync_hello(hub, txn, peer);
	else
		hello_again(hub, peer->sync, hub->options.limits->anti_entropy_ms);
}

/* ---- states ---- */

/* Adds a state to STATES; a message that is full goes. */
static void states_add(struct hub *hub, struct peer *peer, struct message_list *list,
		       const struct author_state *state)
{
	struct message_state entry;
	flow_state(peer, &entry, state);
	message_list_state(list, &entry);
	if (list->count < MESSAGE_LIST_COUNT_MAX)
		return;
	hub_send_list(hub, peer, list);
	*list = message_list_begin(MESSAGE_STATES);
}

/* STATES of all authors, in as many messages as it takes; returns what is left for one more. */
static struct message_list states_list(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct author_state state;
	uint32_t author = 0;
	struct message_list list = message_list_begin(MESSAGE_STATES);
	while (ledger_state_next(&hub->ledger, txn, &author, &state))
		states_add(hub, peer, &list, &state);
	return list;
}

/* PROTOCOL: "The end of STATES is marked by a STATES message without entries." */
static void states_end(struct hub *hub, struct peer *peer, struct message_list *list)
{
	if (list->count > 0) {
		hub_send_list(hub, peer, list);
		*list = message_list_begin(MESSAGE_STATES);
	}
	hub_send_list(hub, peer, list);
}

void sync_states_tell(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct message_list list = states_list(hub, txn, peer);
	hub_send_list(hub, peer, &list);
}

/* ---- sketches ---- */

static void sketch_send(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	const struct roll *roll = ledger_roll(&hub->ledger, txn);
	struct buf cells, out;
	buf_init(&cells, MESSAGE_SKETCH_LEN_MAX);
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	if (sync->has_marks) {
		uint64_t distance = roll_distance(roll->marks, sync->marks_here);
		size_t width = sketch_width(distance, roll->count);
		if (width > 0)
			sketch_make(&cells, roll, peer->session_key, width);
		hub->meter.sums += width > 0 ? roll->count : 0;
	}
	message_sketch(&out, buf_bytes(&cells));
	buf_fini(&cells);
	hub_send(hub, peer, &out);
	sync->own_sketched = hub_own_place(hub, txn);
}

/* What the peer has of the own author is exactly that. */
static void own_is_same(struct peer *peer, struct own_place place)
{
	peer->own_heard = peer->own_same = place;
}

/* The states of these authors; of whom nothing is here it is zero. */
static void states_of(struct hub *hub, struct txn *txn, struct peer *peer, const uint32_t *authors,
		      size_t count)
{
	struct message_list list = message_list_begin(MESSAGE_STATES);
	struct buf out;
	bool own_differs = false;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_sketch_none(&out);
	hub_send(hub, peer, &out);
	for (size_t i = 0; i < count; i++) {
		struct author_state state;
		ledger_state(&hub->ledger, txn, authors[i], &state);
		states_add(hub, peer, &list, &state);
		own_differs = own_differs || authors[i] == hub->author;
	}
	if (!own_differs)
		own_is_same(peer, hub_own_place(hub, txn));
	states_end(hub, peer, &list);
}

static void states_all(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_sketch(&out, bytes_of(NULL, 0));
	hub_send(hub, peer, &out);
	struct message_list list = states_list(hub, txn, peer);
	states_end(hub, peer, &list);
}

/* ---- wants ---- */

/* Makes room for one more, where the list is consumed already if there is enough. */
static void wants_grow(struct peer_sync *sync)
{
	if (sync->want_at > sync->want_count / 2) {
		sync->want_count -= sync->want_at;
		memmove(sync->wants, sync->wants + sync->want_at,
			sync->want_count * sizeof(*sync->wants));
		sync->want_at = 0;
	}
	sync->wants =
		mem_room(sync->wants, sync->want_count, &sync->want_cap, sizeof(*sync->wants));
}

/* They stand by rising author; an author that waits already is only sent from further back. */
static void want_add(struct peer_sync *sync, uint32_t author, uint32_t incarnation,
		     uint64_t sequence)
{
	struct sync_want want = {
		.author = author, .incarnation = incarnation, .sequence = sequence};
	wants_grow(sync);
	size_t at = sync->want_count;
	while (at > sync->want_at && sync->wants[at - 1].author > author)
		at--;
	struct sync_want *before = at > sync->want_at ? &sync->wants[at - 1] : NULL;
	if (before && before->author == author) {
		if (before->incarnation == incarnation && before->sequence < sequence)
			want.sequence = before->sequence;
		*before = want;
		return;
	}
	memmove(sync->wants + at + 1, sync->wants + at,
		(sync->want_count - at) * sizeof(*sync->wants));
	sync->wants[at] = want;
	sync->want_count++;
}

/* Whether the second lacks, or may lack, something that the first has. */
static bool state_is_ahead(const struct message_state *one, const struct message_state *other)
{
	if (one->incarnation != other->incarnation)
		return one->incarnation > other->incarnation;
	/* Two heads of one number would else be noticed only with the next one. */
	return one->sequence > other->sequence || one->counter > other->counter ||
	       (one->counter == other->counter && one->set != other->set);
}

/* What the peer lacks of an author, given its state (zero: it has nothing). */
static void want_of(struct peer_sync *sync, const struct message_state *mine,
		    const struct message_state *theirs)
{
	bool same = mine->incarnation == theirs->incarnation;
	if (state_is_ahead(mine, theirs))
		want_add(sync, mine->author, mine->incarnation, same ? theirs->sequence : 0);
}

/* Authors between two that the peer named: it has nothing of them. */
static void wants_unnamed(struct hub *hub, struct txn *txn, struct peer *peer, uint32_t after,
			  uint32_t before)
{
	struct author_state state;
	uint32_t author = after;
	while (ledger_state_next(&hub->ledger, txn, &author, &state) && author < before)
		want_add(peer->sync, author, state.incarnation, 0);
}

/* ---- streaming ---- */

static void totals_send(struct hub *hub, struct txn *txn, struct peer *peer)
{
	const struct peer_sync *sync = peer->sync;
	uint64_t records = 0;
	for (size_t i = sync->want_at; i < sync->want_count; i++) {
		struct author_state state;
		if (!ledger_state(&hub->ledger, txn, sync->wants[i].author, &state))
			records += state.live_count;
	}
	struct buf out;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_totals(&out, sync->want_count - sync->want_at, records, 0);
	hub_send(hub, peer, &out);
}

/* Both sides have the same, or have told each other all that differed. */
static void compared(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	peer->synced = peer->compared_news = hub->peer_news = true;
	hub_note(hub, NOTE_SYNCED)->link = peer->link;
	/* Something may have come meanwhile that both sides believe the other has. */
	struct digest now;
	roll_content(ledger_roll(&hub->ledger, txn), &now);
	if (!id_eq(&now, &sync->content_sent) || sync->charter_sent != charter_shown(hub, txn))
		hello_again(hub, sync, SYNC_AGAIN_MS);
}

static void phase_end(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	if (sync->phase != SYNC_STREAM || !sync->end_sent || !sync->end_here)
		return;
	phase_set(hub, sync, SYNC_IDLE);
	compared(hub, txn, peer);
}

static void stream(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	/* PROTOCOL: "at most 256 KiB of HEAD and RECORDS messages on the way" */
	while (peer->up && sync->want_at < sync->want_count &&
	       sync->untaken_bytes < SYNC_UNTAKEN_MAX) {
		if (stream_step(hub, txn, peer, &sync->wants[sync->want_at]))
			sync->want_at++;
	}
	if (sync->want_at < sync->want_count || !sync->stream_end_due)
		return;
	struct buf out;
	sync->stream_end_due = false;
	buf_init(&out, LIMIT_MESSAGE_LEN_MAX);
	message_sync_end(&out);
	hub_send(hub, peer, &out);
	if (sync->phase == SYNC_STREAM) {
		sync->end_sent = true;
		phase_end(hub, txn, peer);
	}
}

static void stream_begin(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	phase_set(hub, sync, SYNC_STREAM);
	totals_send(hub, txn, peer);
	sync->stream_end_due = true;
	stream(hub, txn, peer);
}

/* ---- messages of a comparison ---- */

/*
 * PROTOCOL: "a peer that shows the same charter number is asked for that entry, once for each
 * number."
 */
static void charter_compare(struct hub *hub, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	if (sync->charter_here != hub->charter.number ||
	    sync->charter_compared == sync->charter_here)
		return;
	sync->charter_compared = sync->charter_here;
	logs_charter_ask(hub, peer, sync->charter_here);
}

static void compare_begin(struct hub *hub, struct txn *txn, struct peer *peer)
{
	const struct limits *limits = hub->options.limits;
	struct peer_sync *sync = peer->sync;
	if (hub_joining(hub) && !hub_follows(hub))
		return; /* nothing of a federation is kept before it has said yes */
	if (logs_forks(hub, txn, peer))
		return; /* a new exchange follows */
	if (sync->charter_here > hub->charter.number) {
		logs_charter_ask(hub, peer, hub->charter.number + 1);
		return;
	}
	charter_compare(hub, peer);
	if (logs_stranger(hub, peer) && !sync->charter_asked) {
		hub_close_link(hub, peer, LINK_REASON_NOT_MEMBER);
		return;
	}
	if (!logs_orglogs_ask(hub, txn, peer))
		return; /* a new exchange follows when they are here */
	/*
	 * PROTOCOL: "A comparison begins with an exchange in which both charter numbers are equal
	 * and both sides are members; after the first such exchange, and not before, either side
	 * may send any message." What has come since this side's HELLO does not count, as the peer
	 * can not know of it. Otherwise one of the sides fetches the charter and begins again.
	 */
	if (sync->charter_here != sync->charter_sent || peer->class != PEER_MEMBER) {
		/* Something may have come meanwhile from elsewhere; else it is the peer's turn. */
		bool moved = sync->charter_sent != charter_shown(hub, txn);
		hello_again(hub, sync, moved ? SYNC_AGAIN_MS : limits->anti_entropy_ms);
		return;
	}
	if (!peer->met)
		evidence_tell(hub, txn, peer);
	hub->source_epoch += !peer->met; /* it may be asked for chunks now */
	start_met(hub, txn, peer);
	if (id_eq(&sync->content_sent, &sync->content_here)) {
		own_is_same(peer, peer->own_said);
		compared(hub, txn, peer);
		return;
	}
	sync->states_author = 0;
	sync->end_sent = sync->end_here = sync->names_all = sync->own_differs = false;
	if (sync->sketches)
		sketch_send(hub, txn, peer);
	phase_set(hub, sync, SYNC_SKETCH);
}

void sync_hello_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct peer_sync *sync = peer->sync;
	if (m->version != PROTOCOL_VERSION) {
		hub_close_link(hub, peer, LINK_REASON_VERSION);
		return;
	}
	sync->charter_here = m->number;
	sync->content_here = m->digest;
	snprintf(peer->software, sizeof(peer->software), "%.*s", (int)m->text.len,
		 (const char *)m->text.ptr);
	sync->has_marks = m->has_body;
	if (m->has_body)
		memcpy(sync->marks_here, m->body.ptr, sizeof(sync->marks_here));
	/* PROTOCOL: "of two that cross the one that has dialled has begun" */
	sync->sketches = !sync->hello_waits || (m->has_body && !peer->dial);
	phase_set(hub, sync, SYNC_IDLE);
	/*
	 * PROTOCOL: "A HELLO is answered by a HELLO, unless the receiver waits for the answer to
	 * its own; so each exchange gives each side one sent and one received, and either side may
	 * begin another later."
	 */
	if (sync->hello_waits) {
		sync->hello_waits = false;
	} else if (hello_pace(&sync->hello_allowed_ms, hub->mono_ms, SYNC_HELLO_BURST)) {
		hello_send(hub, txn, peer, false);
	} else {
		hub_peer_bad(hub, peer, LINK_REASON_BUSY, "HELLO again and again");
		return;
	}
	compare_begin(hub, txn, peer);
}

/*
 * PROTOCOL: "One without cells says that all states follow"
 */
void sync_sketch_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct peer_sync *sync = peer->sync;
	if (sync->phase == SYNC_IDLE)
		return; /* of a comparison that a new HELLO has ended */
	if (sync->phase != SYNC_SKETCH || (sync->sketches && m->body.len > 0)) {
		hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "SKETCH again");
		return;
	}
	phase_set(hub, sync, SYNC_STATES);
	if (sync->sketches) {
		sync->names_all = m->has_body;
		return;
	}
	size_t count = 0;
	const struct roll *roll = ledger_roll(&hub->ledger, txn);
	/* At worst each cell is looked at four times, and divided. */
	hub->meter.sums += m->body.len > 0 ? roll->count : 0;
	hub->meter.sums += m->body.len / SKETCH_CELL_LEN * SYNC_CELL_SUMS;
	uint32_t *authors = sketch_differ(roll, peer->session_key, &hub->charter, m->body, &count);
	if (authors)
		states_of(hub, txn, peer, authors, count);
	else
		states_all(hub, txn, peer);
	free(authors);
}

/* The peer has named all that it wanted to. */
static void states_done(struct hub *hub, struct txn *txn, struct peer *peer)
{
	struct peer_sync *sync = peer->sync;
	struct message_list none = message_list_begin(MESSAGE_STATES);
	if (sync->names_all)
		wants_unnamed(hub, txn, peer, sync->states_author, UINT32_MAX);
	else if (sync->sketches && !sync->own_differs)
		own_is_same(peer, sync->own_sketched);
	if (sync->sketches)
		states_end(hub, peer, &none);
	else
		buf_fini(&none.items);
	stream_begin(hub, txn, peer);
}

/*
 * One state in STATES. PROTOCOL: "and the other side answers with its own of those in which it may
 * lack something"
 */
static void state_take(struct hub *hub, struct txn *txn, struct peer *peer,
		       const struct message_state *theirs, struct message_list *answer)
{
	struct peer_sync *sync = peer->sync;
	struct author_state state;
	struct message_state mine;
	bool known = !ledger_state(&hub->ledger, txn, theirs->author, &state);
	flow_state(peer, &mine, &state);
	if (known)
		want_of(sync, &mine, theirs);
	if (answer && (state_is_ahead(theirs, &mine) || theirs->author == peer->author))
		states_add(hub, peer, answer, &state);
	if (theirs->author != hub->author)
		return;
	sync->own_differs = true;
	if (known)
		flow_own_shown(peer, &state, theirs);
}

void sync_states_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct peer_sync *sync = peer->sync;
	struct message_state theirs;
	struct message_list answer = message_list_begin(MESSAGE_STATES);
	bool comparing = sync->phase == SYNC_STATES;
	uint32_t last = comparing ? sync->states_author : 0;
	if (comparing && m->count == 0) {
		states_done(hub, txn, peer);
		return;
	}
	while (message_next_state(m, &theirs)) {
		/* PROTOCOL: "Authors in STATES stand in rising order, over all messages of one
		   exchange." */
		if (theirs.author <= last) {
			hub_peer_bad(hub, peer, LINK_REASON_PROTOCOL, "STATES in disorder");
			buf_fini(&answer.items);
			return;
		}
		if (comparing && sync->names_all)
			wants_unnamed(hub, txn, peer, last, theirs.author);
		state_take(hub, txn, peer, &theirs, comparing && sync->sketches ? &answer : NULL);
		last = theirs.author;
	}
	if (answer.count > 0)
		hub_send_list(hub, peer, &answer);
	else
		buf_fini(&answer.items);
	if (comparing) {
		sync->states_author = last;
	} else {
		sync->stream_end_due = true;
		stream(hub, txn, peer);
	}
}

void sync_end_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct peer_sync *sync = peer->sync;
	flow_taken(hub, peer, 0, true);
	sync->reconcile.due = true;
	if (sync->phase == SYNC_STREAM) {
		sync->end_here = true;
		phase_end(hub, txn, peer);
	}
}

void sync_taken_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	struct peer_sync *sync = peer->sync;
	sync->untaken_bytes -= m->bytes < sync->untaken_bytes ? m->bytes : sync->untaken_bytes;
	flow_progress(hub, peer); /* slow, but moving */
	stream(hub, txn, peer);
}

void sync_totals_take(struct hub *hub, struct txn *txn, struct peer *peer, struct message *m)
{
	/* For people who watch a first comparison; nothing depends on it. */
}

static bool is_busy(const struct peer_sync *sync)
{
	return sync->phase != SYNC_IDLE || sync->hello_waits;
}

struct peer *sync_peer_by_lot(struct hub *hub, bool members)
{
	struct peer *chosen = NULL;
	uint64_t count = 0;
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		if (peer->up && !is_busy(peer->sync) && (peer->met || !members) &&
		    random_below(hub->options.random, ++count) == 0)
			chosen = peer;
	}
	return chosen;
}

/*
 * PROTOCOL: "A node begins one about every minute with a peer taken by lot, whatever both believe
 * to know of each other"
 */
static void entropy_tick(struct hub *hub, struct txn *txn)
{
	int64_t period_ms = hub->options.limits->anti_entropy_ms;
	if (hub->mono_ms < hub->sync->entropy_next_ms)
		return;
	hub->sync->entropy_next_ms = hub->mono_ms + hub_jitter(hub, period_ms);
	struct peer *chosen = sync_peer_by_lot(hub, false);
	if (chosen)
		sync_hello(hub, txn, chosen);
}

void sync_tick(struct hub *hub, struct txn *txn)
{
	for (size_t i = 0; i < hub->peers.count; i++) {
		struct peer *peer = hub->peers.items[i];
		struct peer_sync *sync = peer->sync;
		if (!peer->up)
			continue;
		if (is_busy(sync) && hub->mono_ms - sync->phase_since_ms > SYNC_PHASE_MS_MAX)
			hub_close_link(hub, peer, LINK_REASON_SILENCE);
		else if (!is_busy(sync) && hub->mono_ms >= sync->next_hello_ms)
			sync_hello(hub, txn, peer);
	}
	entropy_tick(hub, txn);
}

int64_t sync_wake(const struct hub *hub)
{
	int64_t wake = hub->peers.count > 0 ? hub->sync->entropy_next_ms : INT64_MAX;
	for (size_t i = 0; i < hub->peers.count; i++) {
		const struct peer_sync *sync = hub->peers.items[i]->sync;
		if (!hub->peers.items[i]->up)
			continue;
		int64_t next = is_busy(sync) ? sync->phase_since_ms + SYNC_PHASE_MS_MAX + 1
					     : sync->next_hello_ms;
		if (next < wake)
			wake = next;
	}
	return wake;
}
